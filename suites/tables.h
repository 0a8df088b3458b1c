#ifndef SUITES_TABLES_H
#define SUITES_TABLES_H

#include "base/keys.h"

/*
 * The key tables of the suite language, for the loader, the manual and the
 * JSON Schema, and the structs that keys_read() fills from them.
 *
 * A row without help is a key of the language that this version does not
 * execute yet.  It is known, so that it is refused by name and never
 * ignored: a suite that asks for something that is not done must not run.
 */
struct suite_keys {
	int64_t version;
	struct str suite, title, description, owner, runbook;
	int gate, on_overrun;
	uint64_t every_ms, every_failing_ms, timeout_ms; /* 0: not given */
	struct strs tags, where_globs, roles, imports;
	const struct yaml_node *links, *jitter, *rows, *vars, *secrets, *http,
		*overrides, *setup, *steps, *cleanup, *record, *lint;
	const struct yaml_node *refused;
};

struct step_keys {
	struct str name, use;
	const struct yaml_node *with;
	const struct yaml_node *get, *post, *put, *patch, *del, *head, *options,
		*request, *wait, *tcp, *tls, *dns;
	const struct yaml_node *json, *form, *body, *multipart, *graphql;
	struct str body_file, body_base64;
	const struct yaml_node *headers, *query, *cookies, *auth, *http, *when;
	uint64_t timeout_ms; /* 0: not given */
	struct strs roles, where_globs, tags;
	const struct yaml_node *retry, *poll, *expect, *warn, *checks, *capture,
		*vars, *lint;
	const struct yaml_node *refused;
};

struct http_keys {
	const struct yaml_node *base_url, *headers, *user_agent, *proxy,
		*unix_socket, *tls, *resolve, *connect_to;
	struct strs dns_servers;
	struct str interface;
	uint64_t timeout_ms, connect_timeout_ms, max_body;
	int64_t redirects;
	int version, connection, cookies, ip, trace, addresses;
	bool auth_on_redirect, compressed;
	const struct yaml_node *refused;
};

struct tls_keys {
	bool verify;
	struct str ca, cert, key, server_name;
	struct strs pin;
	int min, max; /* index into the words; -1: not given */
	const struct yaml_node *refused;
};

struct tcp_keys {
	const struct yaml_node *address, *talk;
};

struct talk_keys {
	const struct yaml_node *send, *expect;
};

struct tls_step_keys { /* and those of tls_keys, over the suite's */
	const struct yaml_node *address, *http;
	struct strs alpn;
	int starttls;
};

struct dns_keys {
	const struct yaml_node *name, *server;
	int type, transport;
	bool recursion;
};

struct retry_keys {
	int64_t times;
	uint64_t every_ms, max_ms;
	int backoff;
	struct strs on;
};

struct poll_keys {
	uint64_t every_ms, for_ms;
	const struct yaml_node *fail_when;
};

struct request_keys {
	const struct yaml_node *method, *url;
};

struct part_keys {
	const struct yaml_node *value;
	struct str file, type, filename;
};

struct graphql_keys {
	const struct yaml_node *query, *variables, *operation;
};

struct auth_keys {
	const struct yaml_node *basic, *digest, *bearer, *oauth2, *aws_sigv4;
};

struct oauth2_keys {
	const struct yaml_node *token_url, *client_id, *client_secret, *params;
	struct strs scopes;
	int credentials;
};

struct sigv4_keys {
	const struct yaml_node *region, *service, *access_key, *secret_key,
		*session_token;
};

struct basic_keys {
	const struct yaml_node *user, *password;
};

struct secret_keys {
	struct str env, file;
	bool optional;
};

struct group_file_keys {
	int64_t version;
	struct str description;
	struct strs imports;
	const struct yaml_node *groups;
};

struct group_keys {
	struct str description;
	const struct yaml_node *params, *steps, *lint;
	struct strs exports;
};

struct param_keys {
	const struct yaml_node *value;
	bool secret;
	struct str description;
};

struct record_keys {
	int body;
	uint64_t max_body;
	struct strs redact_headers;
};

extern const struct key suite_key_table[], step_key_table[], http_key_table[],
	tls_key_table[], tcp_key_table[], talk_key_table[],
	tls_step_key_table[], dns_key_table[], retry_key_table[],
	poll_key_table[], request_key_table[], part_key_table[],
	graphql_key_table[], auth_key_table[], basic_key_table[],
	oauth2_key_table[], sigv4_key_table[], secret_key_table[],
	record_key_table[], group_file_key_table[], group_key_table[],
	param_key_table[];

/*
 * Names of the language that are no keys of a table, for the manual: what
 * `expect` looks at, and what ${...} knows in every run.  Both return how many
 * there are, at most `max`.
 */
size_t suite_subject_names(struct str *ret, size_t max);
size_t suite_builtin_names(struct str *ret, size_t max);

#endif
