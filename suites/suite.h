#ifndef SUITES_SUITE_H
#define SUITES_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/json.h"
#include "base/keys.h"
#include "base/str.h"
#include "suites/check.h"
#include "suites/template.h"

/*
 * A smoke suite after loading: resolved, checked and immutable, so that any
 * number of threads may run it with no lock.  Everything hangs off the arena
 * given to the loader; there is nothing to free one by one.
 *
 * Every node keeps the span it came from: a step that fails at 03:00 can
 * point at the line that asked for it.
 */
struct pair { /* a header, a query parameter, a form field, a cookie */
	struct pair *next;
	struct str name;
	const struct template *value;
	struct span where;
};

struct capture {
	struct capture *next;
	struct str name;
	bool exported; /* whoever uses the group may want it */
	bool early;    /* a check of its own step looks at it */
	const struct query *from;
	const struct filter *filters;    /* in order; may be NULL */
	const struct template_ref *refs; /* of both */
	bool secret; /* said so, or named like a token, password, session */
	struct span where;
};

/*
 * The value, after its filters, and whether it is secret: said so, or made
 * from a secret.  And "$.id | toInt", for reports.
 */
struct value capture_eval(const struct capture *c, struct response *r,
	const struct vars *v, struct arena *a, bool *ret_secret);
struct str capture_text(const struct capture *c, struct arena *a);

struct suite_var {
	struct suite_var *next;
	struct str name;
	const struct template_tree *value;
	bool secret; /* said so; what is made of secrets is one anyway */
	struct span where;
};

struct suite_link { /* shown beside results and in reports */
	struct suite_link *next;
	struct str name, url;
};

struct suite_secret {
	struct suite_secret *next;
	struct str name, env, file; /* one of env and file */
	bool optional;
	struct span where;
};

enum auth_kind {
	AUTH_NONE,
	AUTH_BASIC,
	AUTH_DIGEST,
	AUTH_BEARER,
	AUTH_OAUTH2, /* client credentials, RFC 6749 section 4.4 */
	AUTH_SIGV4   /* AWS Signature Version 4 */
};

struct auth {
	enum auth_kind kind;
	/* BASIC, DIGEST; OAUTH2: of the client; SIGV4: the two keys */
	const struct template *user, *password;
	const struct template *token;     /* BEARER; SIGV4: of the session */
	const struct template *token_url; /* OAUTH2 */
	struct pair *params;              /* OAUTH2: more of its form */
	struct str scopes;                /* OAUTH2: with blanks; or NONE */
	bool in_body;                     /* OAUTH2: no Basic credentials */
	const struct template *region, *service; /* SIGV4 */
};

/* `auth` of a step or of a role of the line file; mistakes go into `ds`, and
 * *ret is left alone then. */
void auth_parse(struct arena *a, const struct yaml_node *map, struct auth *ret,
	struct diags *ds);

enum http_version_wanted {
	HTTP_AUTO,
	HTTP_1_0,
	HTTP_1_1,
	HTTP_2,
	HTTP_2_PRIOR
};
enum http_connection { CONNECTION_RUN, CONNECTION_FRESH, CONNECTION_POOL };
enum http_ip { IP_ANY, IP_4, IP_6 };

enum { HOST_ADDRESSES_MAX = 16 };

/* Of `resolve` and `connect_to`: where requests to a host go. */
struct host_rule {
	struct host_rule *next;            /* the first that fits is taken */
	struct str host;                   /* lower case, without brackets */
	uint16_t port;                     /* 0: every port */
	struct str to[HOST_ADDRESSES_MAX]; /* addresses, or one host */
	size_t nto;
	uint16_t to_port; /* connect_to; 0: the same port */
};

/* NULL: none fits. */
const struct host_rule *host_rule_find(const struct host_rule *rules,
	struct str host, uint16_t port);

/* `http:` of a suite, deep-merged into each step. */
struct http_options {
	/* not given: ${region.base_url}; NULL: the region has none either */
	const struct template *base_url;
	uint64_t timeout_ms, connect_timeout_ms;
	struct pair *headers;
	const struct template *user_agent; /* NULL: andon/VERSION */
	int version;                       /* enum http_version_wanted */
	int64_t redirects;                 /* how many may be followed */
	bool auth_on_redirect, compressed;
	bool each;         /* addresses: each; of the suite alone */
	int connection;    /* enum http_connection */
	uint64_t max_body; /* decoded bytes */
	int ip;            /* enum http_ip */
	const struct template *proxy, *unix_socket;
	const struct host_rule *resolve, *connect_to;
	struct str dns_servers; /* "ip:port,..."; STR_NONE: the system's */
	struct str interface;   /* "if!NAME" or "host!ADDRESS", for libcurl */
	struct {
		bool verify;
		struct str ca, cert, key, server_name;
		struct str pin; /* "sha256//BASE64;..."; STR_NONE: none */
		int min, max;   /* 0: default; 10, 11, 12, 13 */
	} tls;
	bool trace; /* send a W3C traceparent */
};

enum body_kind { BODY_NONE, BODY_JSON, BODY_FORM, BODY_TEXT, BODY_MULTIPART };

struct body_part { /* of a multipart/form-data body, RFC 7578 */
	struct body_part *next;
	struct str name, filename, type; /* the last two may be STR_NONE */
	const struct template *value;
};

enum retry_on {
	RETRY_NETWORK = 1, /* outcome error but a malformed answer */
	RETRY_5XX = 2,
	RETRY_4XX = 4,
	RETRY_ASSERT = 8
};

struct retry {
	bool said;     /* the step has `retry` */
	int64_t times; /* 0: none */
	uint64_t every_ms, max_ms;
	bool exponential;
	unsigned on; /* enum retry_on */
};

/*
 * Repeats what is not as expected, and what came to no answer; how often the
 * latter, is up to `retry` where the step has one.
 */
struct poll {
	bool on;
	uint64_t every_ms, for_ms;
	struct check *fail_when; /* any of these holding ends it: fail */
};

/*
 * `when: order_id` or `when: {region: west}`: skipped unless the variable is
 * set (and equals).
 */
struct when {
	struct str var;                     /* STR_NONE: always */
	const struct template_tree *equals; /* NULL: being set is enough */
	struct span where;                  /* of the name */
};

/* One line of a conversation: something to send, or something to wait for. */
struct talk {
	struct talk *next;
	const struct template *send; /* NULL: wait */
	const struct regex *expect;
	const struct regex *refused; /* of STARTTLS: it says no; or NULL */
	struct str text;             /* of `expect`, as it is shown */
};

/* What a step of `tcp`, `tls` or `dns` asks. */
struct probe_ask {
	const struct template *address; /* of TCP and TLS: host:port */
	struct talk *talk;              /* before TLS, if there is any */
	struct str starttls; /* the protocol; STR_NONE: TLS at once */
	struct strs alpn;
	const struct template *name, *server; /* of DNS; server: or NULL */
	uint16_t type;                        /* RFC 1035, 3.2.2 */
	struct str type_name;
	bool over_tcp, recursion;
};

/* The order is that of the bits in suites/probe.c. */
enum step_kind { STEP_REQUEST, STEP_WAIT, STEP_TCP, STEP_TLS, STEP_DNS };

/*
 * A step with `use`: it is no step of the suite any more, the steps of the
 * group stand in its place.  What limits it limits each of them.
 */
struct group_use {
	const struct group_use *outer; /* of a group in a group; or NULL */
	struct str name;               /* "login", "sign in / refresh" */
	/* evaluated once in a run, before the first step that is run */
	struct suite_var *params;
	struct when when;
	struct strs roles, where_globs, tags;
	struct span where; /* its `use` */
};

struct step {
	struct step *next;
	struct str name; /* unique in its suite: "login / get a token" */
	const struct group_use *use; /* NULL: of the suite itself */
	enum step_kind kind;
	uint64_t wait_ms; /* WAIT */
	struct str method;
	const struct template *url; /* relative to base_url, or absolute */
	struct pair *headers, *query, *cookies;
	struct auth auth;
	enum body_kind body_kind;
	const struct template_tree *json; /* BODY_JSON */
	struct pair *form;                /* BODY_FORM */
	const struct template *body;      /* BODY_TEXT, files too */
	struct body_part *parts;          /* BODY_MULTIPART */
	struct probe_ask probe;           /* TCP, TLS, DNS */
	struct http_options http;         /* merged: nothing left to look up */
	uint64_t timeout_ms;              /* all its retries and polls */
	struct when when;
	struct strs roles, where_globs, tags; /* limits; empty: no limit */
	struct retry retry;
	struct poll poll;
	struct check *expect, *warn; /* expect: at least one, see below */
	struct capture *captures;    /* in file order */
	struct suite_var *vars;
	const struct yaml_node *yaml; /* the mapping it was read from */
	struct span where;            /* its name */
};

enum overrun { OVERRUN_SKIP, OVERRUN_QUEUE };
enum record_body { RECORD_NEVER, RECORD_ON_FAIL, RECORD_ALWAYS };

struct suite {
	struct str name, title, description, owner, runbook;
	struct strs tags, where_globs, roles;
	struct suite_link *links;
	bool observe; /* gate: observe */
	uint64_t every_ms, every_failing_ms, timeout_ms, jitter_ms;
	int on_overrun;          /* enum overrun */
	const struct json *rows; /* array of objects, at least one (maybe {}) */
	struct suite_var *vars;
	struct suite_secret *secrets;
	struct http_options http;
	struct step *setup, *steps, *cleanup; /* steps: at least one */
	struct {
		int body; /* enum record_body */
		uint64_t max_body;
		struct strs redact_headers; /* the fixed ones included */
	} record;
	const struct yaml_node *yaml; /* the mapping, overrides merged in */
	struct span where;            /* its name */
};

/*
 * What a suite may refer to and only the line file knows.  suites/ does not
 * see regions/; cli/ carries the names over.
 */
struct suite_world {
	bool any; /* no line file: every role and region goes */
	const struct str *regions; /* "env/region" */
	size_t nregions;
	const struct str *roles;
	size_t nroles;
	/* names X of ${region.X} that every selected region has */
	const struct str *region_keys;
	size_t nregion_keys;
	const struct str *vars; /* given by --var or a role */
	size_t nvars;
};

/* One suite file, before its overrides are applied. */
struct suite_file;

/* Bounds on what one file may hold, beside those of the YAML reader. */
enum {
	SUITE_STEPS_MAX =
		500, /* of setup, steps and cleanup each, groups' too */
	SUITE_GROUP_DEPTH_MAX = 8,   /* groups that use groups */
	SUITE_GROUP_FILES_MAX = 100, /* of one suite_load_all() */
	SUITE_GROUP_NODES_MAX =
		50000, /* YAML nodes that groups add to a suite */
	SUITE_ROWS_MAX = 1000,
	SUITE_PAIRS_MAX = 200, /* headers, fields, vars, captures of a map */
	SUITE_OVERRIDES_MAX = 64,
	SUITE_FILES_MAX = 10000, /* of one suite_load_all() */
	SUITE_FOLDER_DEPTH_MAX = 32
};

/*
 * Reads one suite from a source.  Reports every mistake and every warning
 * (lint) into `ds`; returns NULL iff there was at least one error.  Groups
 * are imported from its own folder.
 *
 * A step that says nothing about the status gets `status: 2xx`: an unchecked
 * 500 must not pass a smoke test.
 */
const struct suite_file *suite_parse(struct arena *a, const struct source *src,
	const struct suite_world *world, struct diags *ds);

/*
 * May the step run as this role, in this region (env/region)?  Its own limits
 * and those of whatever uses its group.
 */
bool step_runs_as(const struct step *s, struct str role);
bool step_runs_in(const struct step *s, struct str region);

/* The suite with the overrides of one region applied (most specific wins);
 * the same pointer for regions without overrides.  Never fails: suite_parse()
 * has checked all of them. */
const struct suite *suite_for(const struct suite_file *f, struct str env,
	struct str region);
/* As written, overrides not applied. */
const struct suite *suite_base(const struct suite_file *f);
const struct source *suite_source(const struct suite_file *f);

/*
 * All suites of `paths` (files, or folders searched deep for *.yaml and
 * *.yml but not in a folder `examples`), in the order of their names.  Files
 * of groups are told apart and checked, whether anything uses them or not.
 * Duplicate suites are mistakes.  False when there was an error of any file;
 * an unreadable path is one too (E006), so that everything shows in one run;
 * then the set holds the suites that were right, which lint counts and nobody
 * may run.
 */
struct suite_set {
	const struct suite_file **file;
	size_t count;
	size_t nread; /* files that were found, right or wrong */
	/*
	 * SHA-256 over names and bytes of all files, what they import and what
	 * they name (bodies, rows, file()) included; names below the path that
	 * was given, others as they are written, so that two hosts with the
	 * same files agree.
	 */
	char hash[65];
};

bool suite_load_all(struct arena *a, const char *const *paths, size_t npaths,
	const struct suite_world *world, struct suite_set *ret,
	struct diags *ds);

#endif
