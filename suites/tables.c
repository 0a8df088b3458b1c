#include "suites/tables.h"

#define SECONDS 1000.0
#define HOURS   3600000.0

static const char *const words_gate[] = { "block", "observe", NULL };
static const char *const words_overrun[] = { "skip", "queue", NULL };
static const char *const words_version[] = { "auto", "1.0", "1.1", "2",
	"2-prior-knowledge", NULL };
static const char *const words_connection[] = { "run", "fresh", "pool", NULL };
static const char *const words_cookies[] = { "run", NULL };
static const char *const words_addresses[] = { "first", "each", NULL };
static const char *const words_ip[] = { "any", "4", "6", NULL };
static const char *const words_trace[] = { "off", "w3c", NULL };
static const char *const words_tls[] = { "1.0", "1.1", "1.2", "1.3", NULL };
static const char *const words_starttls[] = { "none", "smtp", "imap", "pop3",
	"ftp", "postgres", NULL };
static const char *const words_dns_type[] = { "A", "AAAA", "CNAME", "MX", "TXT",
	"NS", "SRV", "SOA", "PTR", "CAA", NULL };
static const char *const words_transport[] = { "udp", "tcp", NULL };
static const char *const words_backoff[] = { "fixed", "exponential", NULL };
static const char *const words_credentials[] = { "basic", "body", NULL };
static const char *const words_record[] = { "never", "on_fail", "always",
	NULL };

/* clang-format off */
#define AT(field)          KEY(struct ROW_STRUCT, field)
#define ROW(name, type, flags, field, low, high, words, fallback, help) \
	{ name, type, flags, AT(field), low, high, words, fallback, help }
/* read by the code that owns it */
#define NODE(name, type, field, fallback, help) \
	ROW(name, type, 0, field, 0, 0, NULL, fallback, help)
#define REFUSED(name)      NODE(name, KEY_NODE, refused, NULL, NULL)
#define END                { .name = NULL }

#define ROW_STRUCT suite_keys
const struct key suite_key_table[] = {
	ROW("version", KEY_INT, KEY_REQUIRED, version, 1, 1, NULL, NULL,
		"version of the suite language"),
	ROW("suite", KEY_ID, KEY_REQUIRED, suite, 0, 0, NULL, NULL,
		"its name, unique among all suites"),
	ROW("title", KEY_STR, 0, title, 0, 0, NULL, NULL, "one line for people"),
	ROW("description", KEY_STR, 0, description, 0, 0, NULL, NULL,
		"what it proves"),
	ROW("owner", KEY_STR, 0, owner, 0, 0, NULL, NULL, "team to ask"),
	ROW("runbook", KEY_STR, 0, runbook, 0, 0, NULL, NULL,
		"what to do when it fails"),
	NODE("links", KEY_MAP, links, NULL, "name to URL, shown in reports"),
	ROW("tags", KEY_STRS, 0, tags, 0, 0, NULL, NULL, "for --tag and stages"),
	ROW("gate", KEY_WORD, 0, gate, 0, 0, words_gate, "block",
		"observe: recorded and shown, never halts"),
	ROW("every", KEY_DURATION, 0, every_ms, 10, 24 * HOURS, NULL, "60s",
		"from start to start"),
	ROW("every_failing", KEY_DURATION, 0, every_failing_ms, 10, 24 * HOURS,
		NULL, "every", "while it fails or is suspected, in all "
		"regions alike"),
	NODE("jitter", KEY_NODE, jitter, "0", "share of every, or a duration"),
	ROW("timeout", KEY_DURATION, 0, timeout_ms, 1, 24 * HOURS, NULL,
		"min(every, 60s)", "the whole run without clean-up"),
	ROW("on_overrun", KEY_WORD, 0, on_overrun, 0, 0, words_overrun, "skip",
		"the last run still goes when the next is due"),
	ROW("where", KEY_STRS, 0, where_globs, 0, 0, NULL, "all",
		"globs of env/region"),
	ROW("roles", KEY_STRS, 0, roles, 0, 0, NULL, "default",
		"one run for each role of the line file"),
	NODE("rows", KEY_NODE, rows, "one empty row",
		"list of maps, or a CSV, JSON or YAML file of them: one run "
		"for each, as ${row.NAME}"),
	ROW("imports", KEY_STRS, 0, imports, 0, 0, NULL, NULL,
		"files of groups, for `use`"),
	NODE("vars", KEY_MAP, vars, NULL, "values by name"),
	NODE("secrets", KEY_MAP, secrets, NULL, "name to {env} or {file}"),
	NODE("http", KEY_MAP, http, NULL, "defaults of every step"),
	NODE("overrides", KEY_MAP, overrides, NULL,
		"env or env/region to a partial suite"),
	NODE("setup", KEY_LIST, setup, NULL, "steps whose failure is an error"),
	ROW("steps", KEY_LIST, KEY_REQUIRED, steps, 0, 0, NULL, NULL,
		"steps whose failure is a failure"),
	NODE("cleanup", KEY_LIST, cleanup, NULL, "steps that always run"),
	NODE("record", KEY_MAP, record, NULL, "what a result keeps"),
	NODE("lint", KEY_MAP, lint, NULL, "{allow: [W104]}"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT step_keys
const struct key step_key_table[] = {
	ROW("name", KEY_STR, KEY_REQUIRED, name, 0, 0, NULL, NULL,
		"unique in its suite"),
	NODE("get", KEY_NODE, get, NULL, "URL"),
	NODE("post", KEY_NODE, post, NULL, "URL"),
	NODE("put", KEY_NODE, put, NULL, "URL"),
	NODE("patch", KEY_NODE, patch, NULL, "URL"),
	NODE("delete", KEY_NODE, del, NULL, "URL"),
	NODE("head", KEY_NODE, head, NULL, "URL"),
	NODE("options", KEY_NODE, options, NULL, "URL"),
	NODE("request", KEY_MAP, request, NULL, "{method, url}"),
	NODE("wait", KEY_NODE, wait, NULL, "a duration; the step only waits"),
	ROW("use", KEY_STR, 0, use, 0, 0, NULL, NULL,
		"a group of steps from one of the imports"),
	NODE("with", KEY_MAP, with, NULL, "parameters of `use`"),
	NODE("tcp", KEY_NODE, tcp, NULL, "HOST:PORT, or {address, talk}"),
	NODE("tls", KEY_NODE, tls, NULL,
		"HOST:PORT, or {address, starttls, alpn, ...}"),
	NODE("dns", KEY_NODE, dns, NULL, "NAME, or {name, type, server, ...}"),
	NODE("json", KEY_NODE, json, NULL, "body, written in YAML"),
	NODE("form", KEY_MAP, form, NULL, "body, form fields"),
	NODE("body", KEY_NODE, body, NULL, "body, as it is"),
	ROW("body_file", KEY_STR, 0, body_file, 0, 0, NULL, NULL,
		"body, a file in the suite's folder"),
	ROW("body_base64", KEY_STR, 0, body_base64, 0, 0, NULL, NULL,
		"body, bytes in base64"),
	NODE("multipart", KEY_MAP, multipart, NULL,
		"body, name to value, or to {file, value, type, filename}"),
	NODE("graphql", KEY_MAP, graphql, NULL,
		"body, {query, variables, operation}; no `errors` expected"),
	NODE("headers", KEY_MAP, headers, NULL, "name to value or values"),
	NODE("query", KEY_MAP, query, NULL, "name to value or values"),
	NODE("cookies", KEY_MAP, cookies, NULL, "name to value"),
	NODE("auth", KEY_MAP, auth, NULL, "{basic} or {bearer}"),
	NODE("http", KEY_MAP, http, NULL, "over the suite's"),
	ROW("timeout", KEY_DURATION, 0, timeout_ms, 1, 24 * HOURS, NULL,
		"poll.for + http.timeout", "all its retries and polls"),
	NODE("when", KEY_NODE, when, NULL,
		"NAME (is set) or {NAME: VALUE} (equals), else skipped"),
	ROW("roles", KEY_STRS, 0, roles, 0, 0, NULL, "all", "only as these"),
	ROW("where", KEY_STRS, 0, where_globs, 0, 0, NULL, "all",
		"only in these regions"),
	ROW("tags", KEY_STRS, 0, tags, 0, 0, NULL, NULL, "for --tag"),
	NODE("retry", KEY_MAP, retry, NULL, "repeats a failed request"),
	NODE("poll", KEY_MAP, poll, NULL, "repeats until it is as expected"),
	NODE("expect", KEY_MAP, expect, "status: 2xx", "what must hold"),
	NODE("warn", KEY_MAP, warn, NULL, "a miss marks the run degraded"),
	NODE("checks", KEY_LIST, checks, NULL, "the long form of expect"),
	NODE("capture", KEY_MAP, capture, NULL,
		"name to extractor; beside `use`, name to an export"),
	NODE("vars", KEY_MAP, vars, NULL, "values from this step on"),
	NODE("lint", KEY_MAP, lint, NULL, "{allow: [W107]}"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT http_keys
const struct key http_key_table[] = {
	NODE("base_url", KEY_NODE, base_url, "${region.base_url}",
		"what relative URLs go to"),
	ROW("timeout", KEY_DURATION, 0, timeout_ms, 1, 1 * HOURS, NULL, "10s",
		"one request"),
	ROW("connect_timeout", KEY_DURATION, 0, connect_timeout_ms, 1,
		1 * HOURS, NULL, "5s", "name, TCP and TLS"),
	NODE("headers", KEY_MAP, headers, NULL, "of every request"),
	NODE("user_agent", KEY_NODE, user_agent, "andon/VERSION", "text"),
	ROW("version", KEY_WORD, 0, version, 0, 0, words_version, "auto",
		"of HTTP; 2 over TLS and 2-prior-knowledge without it are "
		"demands, auto takes what it gets"),
	ROW("redirects", KEY_INT, 0, redirects, 0, 50, NULL, "0",
		"how many are followed"),
	ROW("auth_on_redirect", KEY_BOOL, 0, auth_on_redirect, 0, 0, NULL,
		"false", "send auth to another port or scheme of the same host, where "
		"a redirect leads there"),
	ROW("connection", KEY_WORD, 0, connection, 0, 0, words_connection,
		"run", "run: fresh for a run, reused inside it; fresh: for "
		"each request; pool, of the suite: kept between runs"),
	ROW("cookies", KEY_WORD, 0, cookies, 0, 0, words_cookies, "run",
		"kept for the run, and forgotten after it"),
	ROW("compressed", KEY_BOOL, 0, compressed, 0, 0, NULL, "true",
		"accept and decode gzip and deflate"),
	ROW("max_body", KEY_SIZE, 0, max_body, 1, 1 << 30, NULL, "4MiB",
		"bytes after decoding"),
	ROW("ip", KEY_WORD, 0, ip, 0, 0, words_ip, "any", "address family"),
	NODE("unix_socket", KEY_NODE, unix_socket, NULL, "path"),
	NODE("proxy", KEY_NODE, proxy, NULL, "URL; the environment is not read"),
	NODE("tls", KEY_MAP, tls, NULL, "how the server must prove itself"),
	ROW("trace", KEY_WORD, 0, trace, 0, 0, words_trace, "w3c",
		"send a traceparent header"),
	ROW("addresses", KEY_WORD, 0, addresses, 0, 0, words_addresses,
		"first", "of the suite: each is one run for every address of "
		"base_url's host, and all of them must pass"),
	NODE("resolve", KEY_MAP, resolve, NULL,
		"HOST or HOST:PORT to an address, or a list of them, "
		"instead of asking DNS"),
	NODE("connect_to", KEY_MAP, connect_to, NULL,
		"HOST or HOST:PORT to the HOST or HOST:PORT that is connected "
		"to in its place; Host header and certificate stay"),
	ROW("dns_servers", KEY_STRS, 0, dns_servers, 0, 0, NULL,
		"the system's", "addresses, with or without a port"),
	ROW("interface", KEY_STR, 0, interface, 0, 0, NULL, NULL,
		"network interface or own address to connect from"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT tls_keys
const struct key tls_key_table[] = {
	ROW("verify", KEY_BOOL, 0, verify, 0, 0, NULL, "true",
		"certificate and name"),
	ROW("ca", KEY_STR, 0, ca, 0, 0, NULL, "the system's",
		"file of the authorities that are trusted"),
	ROW("cert", KEY_STR, 0, cert, 0, 0, NULL, NULL,
		"client's, file; shown to no other host"),
	ROW("key", KEY_STR, 0, key, 0, 0, NULL, NULL, "client's, file"),
	ROW("server_name", KEY_STR, 0, server_name, 0, 0, NULL,
		"the URL's host", "SNI and name to verify"),
	ROW("min", KEY_WORD, 0, min, 0, 0, words_tls, "1.2", "version"),
	ROW("max", KEY_WORD, 0, max, 0, 0, words_tls, NULL, "version"),
	ROW("pin", KEY_STRS, 0, pin, 0, 0, NULL, NULL,
		"sha256//BASE64 of public keys, of which the server must have "
		"one"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT tcp_keys
const struct key tcp_key_table[] = {
	ROW("address", KEY_NODE, KEY_REQUIRED, address, 0, 0, NULL, NULL,
		"HOST:PORT; an IPv6 address in [ ]"),
	NODE("talk", KEY_LIST, talk, NULL,
		"{send} and {expect} in turn; without it to connect is enough"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT talk_keys
const struct key talk_key_table[] = {
	NODE("send", KEY_NODE, send, NULL, "text; \"\\r\\n\" ends a line"),
	NODE("expect", KEY_NODE, expect, NULL,
		"pattern (PCRE2) in what came since the last one"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT tls_step_keys
const struct key tls_step_key_table[] = {
	ROW("address", KEY_NODE, KEY_REQUIRED, address, 0, 0, NULL, NULL,
		"HOST:PORT; an IPv6 address in [ ]"),
	ROW("starttls", KEY_WORD, 0, starttls, 0, 0, words_starttls, "none",
		"how TLS is asked for where a connection begins in clear"),
	ROW("alpn", KEY_STRS, 0, alpn, 0, 0, NULL, NULL,
		"protocols that are offered, such as h2"),
	NODE("options", KEY_MAP, http, NULL,
		"keys of http.tls, over the suite's"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT dns_keys
const struct key dns_key_table[] = {
	ROW("name", KEY_NODE, KEY_REQUIRED, name, 0, 0, NULL, NULL,
		"what is asked for; an address with PTR is turned round"),
	ROW("type", KEY_WORD, 0, type, 0, 0, words_dns_type, "A",
		"of the records"),
	NODE("server", KEY_NODE, server, "the system's",
		"ADDRESS or ADDRESS:PORT of the server that is asked"),
	ROW("transport", KEY_WORD, 0, transport, 0, 0, words_transport, "udp",
		"udp: tcp only where an answer does not fit"),
	ROW("recursion", KEY_BOOL, 0, recursion, 0, 0, NULL, "true",
		"ask the server to ask others"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT retry_keys
const struct key retry_key_table[] = {
	ROW("times", KEY_INT, 0, times, 0, 100, NULL, "0", "at most so many"),
	ROW("every", KEY_DURATION, 0, every_ms, 1, 1 * HOURS, NULL, "1s",
		"pause before the first"),
	ROW("backoff", KEY_WORD, 0, backoff, 0, 0, words_backoff, "fixed",
		"exponential: the pause doubles"),
	ROW("max", KEY_DURATION, 0, max_ms, 1, 1 * HOURS, NULL, "30s",
		"longest pause"),
	ROW("on", KEY_STRS, 0, on, 0, 0, NULL, "network",
		"network, 5xx, 4xx, assert"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT poll_keys
const struct key poll_key_table[] = {
	ROW("every", KEY_DURATION, 0, every_ms, 1, 1 * HOURS, NULL, "1s",
		"pause between two attempts"),
	ROW("for", KEY_DURATION, 0, for_ms, 1, 24 * HOURS, NULL, "30s",
		"at most so long"),
	NODE("fail_when", KEY_MAP, fail_when, NULL,
		"as in expect; any of it ends the poll: failed"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT request_keys
const struct key request_key_table[] = {
	ROW("method", KEY_NODE, KEY_REQUIRED, method, 0, 0, NULL, NULL,
		"in capitals"),
	ROW("url", KEY_NODE, KEY_REQUIRED, url, 0, 0, NULL, NULL, "URL"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT part_keys
const struct key part_key_table[] = {
	NODE("value", KEY_NODE, value, NULL, "text"),
	ROW("file", KEY_STR, 0, file, 0, 0, NULL, NULL,
		"a file in the suite's folder"),
	ROW("type", KEY_STR, 0, type, 0, 0, NULL,
		"application/octet-stream for a file", "Content-Type"),
	ROW("filename", KEY_STR, 0, filename, 0, 0, NULL, "that of the file",
		"as it is told to the server"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT graphql_keys
const struct key graphql_key_table[] = {
	ROW("query", KEY_NODE, KEY_REQUIRED, query, 0, 0, NULL, NULL, "text"),
	NODE("variables", KEY_MAP, variables, NULL, "name to value"),
	NODE("operation", KEY_NODE, operation, NULL, "operationName"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT auth_keys
const struct key auth_key_table[] = {
	NODE("basic", KEY_MAP, basic, NULL, "{user, password}"),
	NODE("digest", KEY_MAP, digest, NULL,
		"{user, password}; SHA-256 or MD5, as the server asks"),
	NODE("bearer", KEY_NODE, bearer, NULL, "token"),
	NODE("oauth2", KEY_MAP, oauth2, NULL,
		"a token by client credentials, fetched once in a run"),
	NODE("aws_sigv4", KEY_MAP, aws_sigv4, NULL,
		"a signature of AWS, version 4"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT oauth2_keys
const struct key oauth2_key_table[] = {
	ROW("token_url", KEY_NODE, KEY_REQUIRED, token_url, 0, 0, NULL, NULL,
		"absolute URL that gives tokens"),
	ROW("client_id", KEY_NODE, KEY_REQUIRED, client_id, 0, 0, NULL, NULL,
		"text"),
	ROW("client_secret", KEY_NODE, KEY_REQUIRED, client_secret, 0, 0, NULL,
		NULL, "text"),
	ROW("scopes", KEY_STRS, 0, scopes, 0, 0, NULL, NULL,
		"what the token is for"),
	ROW("credentials", KEY_WORD, 0, credentials, 0, 0, words_credentials,
		"basic", "how the client says who it is"),
	NODE("params", KEY_MAP, params, NULL,
		"more fields of the request, as audience"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT sigv4_keys
const struct key sigv4_key_table[] = {
	ROW("region", KEY_NODE, KEY_REQUIRED, region, 0, 0, NULL, NULL,
		"as eu-central-1"),
	ROW("service", KEY_NODE, KEY_REQUIRED, service, 0, 0, NULL, NULL,
		"as execute-api, s3"),
	ROW("access_key", KEY_NODE, KEY_REQUIRED, access_key, 0, 0, NULL, NULL,
		"its id"),
	ROW("secret_key", KEY_NODE, KEY_REQUIRED, secret_key, 0, 0, NULL, NULL,
		"text"),
	NODE("session_token", KEY_NODE, session_token, NULL,
		"of temporary keys"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT basic_keys
const struct key basic_key_table[] = {
	ROW("user", KEY_NODE, KEY_REQUIRED, user, 0, 0, NULL, NULL, "text"),
	ROW("password", KEY_NODE, KEY_REQUIRED, password, 0, 0, NULL, NULL,
		"text"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT secret_keys
const struct key secret_key_table[] = {
	ROW("env", KEY_STR, 0, env, 0, 0, NULL, NULL, "environment variable"),
	ROW("file", KEY_STR, 0, file, 0, 0, NULL, NULL, "path"),
	ROW("optional", KEY_BOOL, 0, optional, 0, 0, NULL, "false",
		"may be missing"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT group_file_keys
const struct key group_file_key_table[] = {
	ROW("version", KEY_INT, KEY_REQUIRED, version, 1, 1, NULL, NULL,
		"version of the suite language"),
	ROW("description", KEY_STR, 0, description, 0, 0, NULL, NULL,
		"for people"),
	ROW("imports", KEY_STRS, 0, imports, 0, 0, NULL, NULL,
		"files of groups that these groups use"),
	ROW("groups", KEY_MAP, KEY_REQUIRED, groups, 0, 0, NULL, NULL,
		"name to group"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT group_keys
const struct key group_key_table[] = {
	ROW("description", KEY_STR, 0, description, 0, 0, NULL, NULL,
		"for people"),
	NODE("params", KEY_MAP, params, NULL,
		"name to parameter; without a value: required"),
	ROW("steps", KEY_LIST, KEY_REQUIRED, steps, 0, 0, NULL, NULL,
		"as in a suite"),
	ROW("exports", KEY_STRS, 0, exports, 0, 0, NULL, NULL,
		"captures that whoever uses the group may take"),
	NODE("lint", KEY_MAP, lint, NULL, "{allow: [W107]}"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT param_keys
const struct key param_key_table[] = {
	NODE("default", KEY_NODE, value, NULL,
		"value where none is given; without it: required"),
	ROW("secret", KEY_BOOL, 0, secret, 0, 0, NULL, "false",
		"hidden wherever anything is written"),
	ROW("description", KEY_STR, 0, description, 0, 0, NULL, NULL,
		"for people"),
	END
};
#undef ROW_STRUCT

#define ROW_STRUCT record_keys
const struct key record_key_table[] = {
	ROW("body", KEY_WORD, 0, body, 0, 0, words_record, "on_fail",
		"when a result keeps the body"),
	ROW("max_body", KEY_SIZE, 0, max_body, 0, 1 << 20, NULL, "16KB",
		"kept of a body"),
	ROW("redact_headers", KEY_STRS, 0, redact_headers, 0, 0, NULL,
		"Authorization, Cookie, Set-Cookie, Proxy-Authorization, "
		"X-Api-Key",
		"hidden in results, beside the default ones"),
	END
};
#undef ROW_STRUCT
/* clang-format on */
