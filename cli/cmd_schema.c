/*
 * andon schema: what editors need to complete and explain a file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/allow.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/schema.h"
#include "regions/tables.h"
#include "suites/tables.h"

/* clang-format off */
#define FIELDS  SCHEMA_MAP("texts")
#define TEXT    SCHEMA_REF("text")
#define ANY_MAP "{\"type\":\"object\"}"

static const struct schema_part suite_parts[] = {
	{ "links",     SCHEMA_MAP("text") },
	{ "jitter",    "{\"type\":[\"string\",\"integer\"]}" },
	{ "rows",      "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"array\","
		       "\"minItems\":1,\"items\":{\"type\":\"object\"}}]}" },
	{ "vars",      SCHEMA_REF("vars") },
	{ "secrets",   "{\"type\":\"object\",\"propertyNames\":"
		       SCHEMA_REF("name") ",\"additionalProperties\":{"
		       "\"allOf\":[" SCHEMA_REF("secret") ",{\"anyOf\":[{"
		       "\"required\":[\"env\"]},{\"required\":[\"file\"]}]"
		       "}]}}" },
	{ "http",      SCHEMA_REF("http") },
	{ "overrides", SCHEMA_MAP("override") },
	{ "setup",     SCHEMA_LIST("step") },
	{ "steps",     "{\"minItems\":1,\"type\":\"array\",\"items\":"
		       SCHEMA_REF("step") "}" },
	{ "cleanup",   SCHEMA_LIST("step") },
	{ "record",    SCHEMA_REF("record") },
	{ "lint",      SCHEMA_REF("lint") },
	{ NULL, NULL },
};

static const struct schema_part group_file_parts[] = {
	{ "groups", SCHEMA_MAP("group") },
	{ NULL, NULL },
};

static const struct schema_part group_parts[] = {
	{ "params", "{\"type\":\"object\",\"propertyNames\":"
		    SCHEMA_REF("name") ",\"additionalProperties\":{\"anyOf\":["
		    "{\"type\":\"null\"}," SCHEMA_REF("param") "]}}" },
	{ "steps",  "{\"minItems\":1,\"type\":\"array\",\"items\":"
		    SCHEMA_REF("step") "}" },
	{ "lint",   SCHEMA_REF("lint") },
	{ NULL, NULL },
};

static const struct schema_part step_parts[] = {
	{ "get", TEXT }, { "post", TEXT }, { "put", TEXT }, { "patch", TEXT },
	{ "delete", TEXT }, { "head", TEXT }, { "options", TEXT },
	{ "request",   SCHEMA_REF("request") },
	{ "wait",      SCHEMA_REF("duration") },
	{ "tcp",       "{\"anyOf\":[" SCHEMA_REF("address") ","
		       SCHEMA_REF("tcp") "]}" },
	{ "tls",       "{\"anyOf\":[" SCHEMA_REF("address") ","
		       SCHEMA_REF("tlsStep") "]}" },
	{ "dns",       "{\"anyOf\":[{\"type\":\"string\"},"
		       SCHEMA_REF("dns") "]}" },
	{ "form",      FIELDS },
	{ "body",      TEXT },
	{ "multipart", "{\"type\":\"object\",\"minProperties\":1,"
		       "\"additionalProperties\":{\"anyOf\":[" TEXT ","
		       SCHEMA_REF("part") "]}}" },
	{ "graphql",   SCHEMA_REF("graphql") },
	{ "headers",   FIELDS },
	{ "query",     FIELDS },
	{ "cookies",   SCHEMA_MAP("text") },
	{ "auth",      SCHEMA_REF("auth") },
	{ "http",      SCHEMA_REF("http") },
	{ "when",      "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"object\","
		       "\"minProperties\":1,\"maxProperties\":1}]}" },
	{ "retry",     SCHEMA_REF("retry") },
	{ "poll",      SCHEMA_REF("poll") },
	{ "expect",    SCHEMA_REF("expect") },
	{ "warn",      SCHEMA_REF("expect") },
	{ "checks",    SCHEMA_LIST("check") },
	{ "capture",   "{\"type\":\"object\",\"propertyNames\":"
		       SCHEMA_REF("name") "}" },
	{ "with",      SCHEMA_REF("vars") },
	{ "vars",      SCHEMA_REF("vars") },
	{ "lint",      SCHEMA_REF("lint") },
	{ NULL, NULL },
};

static const struct schema_part http_parts[] = {
	{ "base_url", TEXT }, { "user_agent", TEXT }, { "unix_socket", TEXT },
	{ "proxy", TEXT },
	{ "headers", FIELDS },
	{ "tls", SCHEMA_REF("tls") },
	{ NULL, NULL },
};

static const struct schema_part probe_parts[] = {
	{ "address", SCHEMA_REF("address") },
	{ "talk",    "{\"type\":\"array\",\"items\":{\"allOf\":["
		     SCHEMA_REF("talk") "],\"minProperties\":1,"
		     "\"maxProperties\":1}}" },
	{ "send", TEXT }, { "expect", TEXT }, { "server", TEXT },
	{ "name", TEXT },
	{ "options", SCHEMA_REF("tls") },
	{ NULL, NULL },
};

static const struct schema_part request_parts[] = {
	{ "method", "{\"type\":\"string\",\"pattern\":\"^[A-Z]{1,32}$\"}" },
	{ "url", TEXT },
	{ NULL, NULL },
};

static const struct schema_part poll_parts[] = {
	{ "fail_when", SCHEMA_REF("expect") },
	{ NULL, NULL },
};

static const struct schema_part text_parts[] = {
	{ "value", TEXT }, { "user", TEXT }, { "password", TEXT },
	{ "bearer", TEXT }, { "operation", TEXT },
	{ "basic", SCHEMA_REF("basic") },
	{ "digest", SCHEMA_REF("basic") },
	{ "oauth2", SCHEMA_REF("oauth2") },
	{ "aws_sigv4", SCHEMA_REF("sigv4") },
	{ "token_url", TEXT }, { "client_id", TEXT }, { "client_secret", TEXT },
	{ "params", SCHEMA_MAP("text") },
	{ "region", TEXT }, { "service", TEXT }, { "access_key", TEXT },
	{ "secret_key", TEXT }, { "session_token", TEXT },
	{ NULL, NULL },
};

static const struct schema_part line_parts[] = {
	{ "environments",   "{\"type\":\"object\",\"minProperties\":1,"
			    "\"additionalProperties\":{\"type\":\"object\","
			    "\"additionalProperties\":{\"type\":[\"object\","
			    "\"null\"],\"additionalProperties\":{\"type\":["
			    "\"string\",\"number\",\"boolean\",\"null\"]}}}}" },
	{ "served_version", SCHEMA_REF("served") },
	{ "roles",          "{\"type\":\"object\",\"additionalProperties\":"
			    "{\"anyOf\":[{\"type\":\"null\"},"
			    SCHEMA_REF("role") "]}}" },
	{ "gate",           SCHEMA_REF("gate") },
	{ "workflow",       "{\"type\":\"array\",\"minItems\":1,\"items\":"
			    SCHEMA_REF("stage") "}" },
	{ "freeze",         SCHEMA_LIST("window") },
	{ "maintenance",    SCHEMA_LIST("window") },
	{ "lint",           SCHEMA_REF("lint") },
	{ NULL, NULL },
};

static const struct schema_part stage_parts[] = {
	{ "compare",  "{\"anyOf\":[" SCHEMA_REF("texts") "," ANY_MAP "]}" },
	{ "requires", SCHEMA_REF("requires") },
	{ "lint",     SCHEMA_REF("lint") },
	{ NULL, NULL },
};

static const struct schema_part lint_parts[] = {
	{ "allow", "{\"anyOf\":[" SCHEMA_REF("warning") ","
		   SCHEMA_LIST("warning") "]}" },
	{ NULL, NULL },
};
/* clang-format on */

static const char *const actions[] = { "get", "post", "put", "patch", "delete",
	"head", "options", "request", "wait", "use", "tcp", "tls", "dns" };
static const char *const bodies[] = { "json", "form", "multipart", "body",
	"body_file", "body_base64", "graphql" };
enum {
	ACTIONS = sizeof(actions) / sizeof(actions[0]),
	BODIES = sizeof(bodies) / sizeof(bodies[0])
};

/* One action, and at most one body. */
static void add_step_rules(struct buf *out)
{
	const char *comma = "";

	buf_add_z(out, ",\"oneOf\":[");
	for (size_t i = 0; i < ACTIONS; i++)
		buf_addf(out, "%s{\"required\":[\"%s\"]}", i ? "," : "",
			actions[i]);
	buf_add_z(out, "],\"not\":{\"anyOf\":[");
	for (size_t i = 0; i < BODIES; i++)
		for (size_t k = i + 1; k < BODIES; k++) {
			buf_addf(out, "%s{\"required\":[\"%s\",\"%s\"]}", comma,
				bodies[i], bodies[k]);
			comma = ",";
		}
	buf_add_z(out, "]}");
	/* beside `use` a capture names what the group exports */
	buf_add_z(out, ",\"if\":{\"required\":[\"use\"]},\"then\":{"
		       "\"properties\":{\"capture\":{\"additionalProperties\":"
		       "{\"type\":\"string\"}}}},\"else\":{\"properties\":{"
		       "\"capture\":{\"additionalProperties\":" SCHEMA_REF(
			       "capture") "}}}");
}

static void add_head(struct buf *out, const char *title)
{
	buf_addf(out,
		"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
		"\"title\":\"%s of andon %s\",\"type\":\"object\",",
		title, ANDON_VERSION);
}

static void def_lint(struct buf *out)
{
	buf_add_z(out, ",\"warning\":{\"type\":\"string\",\"pattern\":"
		       "\"^W[0-9]{3}$\"}");
	schema_def_keys(out, "lint", lint_key_table, lint_parts);
}

/* A step and all that may stand in it: the same in a suite and a group. */
static void def_step(struct buf *out)
{
	schema_def_basics(out);
	schema_def_checks(out);
	def_lint(out);
	buf_add_z(out, ",\"vars\":{\"type\":\"object\","
		       "\"propertyNames\":" SCHEMA_REF("name") "}");
	buf_add_z(out, ",\"step\":{\"type\":\"object\",");
	schema_keys(out, step_key_table, step_parts, true);
	add_step_rules(out);
	buf_add_byte(out, '}');
	schema_def_keys(out, "http", http_key_table, http_parts);
	schema_def_keys(out, "tls", tls_key_table, NULL);
	buf_add_z(out, ",\"address\":{\"type\":\"string\",\"pattern\":"
		       "\"^[^ /]+:[0-9]+$|\\\\$\\\\{\"}");
	schema_def_keys(out, "tcp", tcp_key_table, probe_parts);
	schema_def_keys(out, "talk", talk_key_table, probe_parts);
	schema_def_keys(out, "tlsStep", tls_step_key_table, probe_parts);
	schema_def_keys(out, "dns", dns_key_table, probe_parts);
	schema_def_keys(out, "retry", retry_key_table, NULL);
	schema_def_keys(out, "poll", poll_key_table, poll_parts);
	schema_def_keys(out, "request", request_key_table, request_parts);
	schema_def_keys(out, "part", part_key_table, text_parts);
	schema_def_keys(out, "graphql", graphql_key_table, text_parts);
	schema_def_keys(out, "auth", auth_key_table, text_parts);
	schema_def_keys(out, "basic", basic_key_table, text_parts);
	schema_def_keys(out, "oauth2", oauth2_key_table, text_parts);
	schema_def_keys(out, "sigv4", sigv4_key_table, text_parts);
}

void schema_suite(struct buf *out)
{
	add_head(out, "suite");
	schema_keys(out, suite_key_table, suite_parts, true);
	buf_add_z(out, ",\"$defs\":{");
	def_step(out);
	buf_add_z(out, ",\"override\":{\"type\":\"object\",");
	schema_keys(out, suite_key_table, suite_parts, false);
	buf_add_z(out, ",\"not\":{\"anyOf\":[{\"required\":[\"suite\"]},"
		       "{\"required\":[\"version\"]},{\"required\":["
		       "\"overrides\"]},{\"required\":[\"lint\"]}]}}");
	schema_def_keys(out, "secret", secret_key_table, NULL);
	schema_def_keys(out, "record", record_key_table, NULL);
	buf_add_z(out, "}}\n");
}

void schema_group(struct buf *out)
{
	add_head(out, "file of groups");
	schema_keys(out, group_file_key_table, group_file_parts, true);
	buf_add_z(out, ",\"$defs\":{");
	def_step(out);
	schema_def_keys(out, "group", group_key_table, group_parts);
	schema_def_keys(out, "param", param_key_table, NULL);
	buf_add_z(out, "}}\n");
}

void schema_line(struct buf *out)
{
	add_head(out, "line file");
	schema_keys(out, line_key_table, line_parts, true);
	buf_add_z(out, ",\"$defs\":{");
	schema_def_basics(out);
	def_lint(out);
	schema_def_keys(out, "served", served_key_table, NULL);
	schema_def_keys(out, "role", role_key_table, NULL);
	schema_def_keys(out, "gate", gate_key_table, NULL);
	schema_def_keys(out, "stage", stage_key_table, stage_parts);
	schema_def_keys(out, "requires", requires_key_table, NULL);
	schema_def_keys(out, "window", window_key_table, NULL);
	buf_add_z(out, "}}\n");
}

static int schema_run(struct options *o)
{
	static const struct {
		const char *name;
		void (*write)(struct buf *out);
	} kinds[] = { { "suite", schema_suite }, { "group", schema_group },
		{ "line", schema_line } };
	enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };
	const char *which = o->args.count ? o->args.item[0] : "suite";
	int code = EXIT_PASS;
	struct buf out;
	size_t i = 0;

	while (i < KINDS && strcmp(which, kinds[i].name) != 0)
		i++;
	if (o->args.count > 1 || i == KINDS)
		return output_usage("schema", "give suite, group or line");
	buf_init(&out, SCHEMA_BYTES_MAX);
	kinds[i].write(&out);
	if (!output_buf(&out, stdout)) {
		fprintf(stderr, "andon schema: stdout: %s\n",
			strerrordesc_np(errno));
		code = EXIT_UNAVAILABLE;
	}
	buf_done(&out);
	return code;
}

const struct command command_schema = {
	.name = "schema",
	.args = "[suite | group | line]",
	.summary = "a JSON Schema for editors",
	.help = "Prints the JSON Schema (draft 2020-12) of a suite, of a file "
		"of groups or of the\nline file, with which an editor "
		"completes keys and explains them.\n\n"
		"  andon schema >.andon-suite.json\n"
		"  andon schema group >.andon-group.json\n\n"
		"The first line of a suite names it: # yaml-language-server: "
		"$schema=PATH.  What is\nright is decided by andon lint: "
		"names, "
		"expressions and times no schema can know.",
	.options = TAKES_COMMON,
	.run = schema_run,
};
