/*
 * Extractors, filters and predicates in the JSON Schema of a suite.
 */
#include "cli/schema.h"

#include "suites/facts.h"
#include "suites/filter_table.h"
#include "suites/predicate_table.h"
#include "suites/query.h"
#include "suites/tables.h"

enum { NAMES_MAX = 128 };

/* clang-format off */
#define TEXT     SCHEMA_REF("text")
#define TEMPLATE SCHEMA_REF("template")
#define LIST(more) "{\"anyOf\":[{\"type\":\"array\"," more "}," TEMPLATE "]}"

/* What a predicate takes; a value of its own is looked up by the unit. */
static const char *const arguments[] = {
	[ARG_BOOL] = "{\"type\":\"boolean\"}",
	[ARG_TEXT] = TEXT,
	[ARG_LIST] = LIST("\"minItems\":1"),
	[ARG_PAIR] = LIST("\"minItems\":2,\"maxItems\":2"),
	[ARG_NEAR] = "{\"type\":\"object\",\"required\":[\"value\","
		"\"within\"],\"properties\":{\"value\":true,\"within\":true},"
		"\"additionalProperties\":false}",
	[ARG_REGEX] = TEXT,
	[ARG_SAME] = "{\"anyOf\":[" SCHEMA_REF("same") ",{\"type\":\"object\","
		"\"required\":[\"region\"],\"properties\":{\"region\":"
		SCHEMA_REF("same") ",\"max_age\":" SCHEMA_REF("duration") "},"
		"\"additionalProperties\":false}]}",
	[ARG_PREDICATES] = SCHEMA_REF("predicates"),
	[ARG_SCHEMA] = "{\"type\":[\"object\",\"boolean\"]}",
	[ARG_BRANCHES] = "{\"type\":\"array\",\"minItems\":1,\"items\":"
		SCHEMA_REF("predicates") "}",
};

static const char *const filter_arguments[] = {
	[FILTER_OPTIONAL] = TEXT,
	[FILTER_INT] = "{\"type\":\"integer\"}",
	[FILTER_NUMBER] = "{\"anyOf\":[{\"type\":\"number\"}," TEMPLATE "]}",
	[FILTER_TEXT] = TEXT,
	[FILTER_PATH] = SCHEMA_REF("jsonpath"),
	[FILTER_XPATH] = TEXT,
	[FILTER_REGEX] = TEXT,
	[FILTER_PAIR] = "{\"type\":\"array\",\"minItems\":2,\"maxItems\":2,"
		"\"items\":" TEXT "}",
	[FILTER_REGEX_PAIR] = "{\"type\":\"array\",\"minItems\":2,"
		"\"maxItems\":2,\"items\":" TEXT "}",
};
/* clang-format on */

/* The unit that the expected value of a subject is written in. */
struct unit_schema {
	const char *name, *value;
};

/* clang-format off */
static const struct unit_schema units[] = {
	{ "predicates",         "true" },
	{ "durationPredicates", "{\"anyOf\":[" SCHEMA_REF("duration") ","
				TEMPLATE "]}" },
	{ "sizePredicates",     "{\"anyOf\":[" SCHEMA_REF("size") ","
				"{\"type\":\"number\"}," TEMPLATE "]}" },
};
/* clang-format on */

static const char *argument_of(const struct predicate_row *row)
{
	size_t max = sizeof(arguments) / sizeof(arguments[0]);
	size_t at = (size_t)row->argument;

	return at < max ? arguments[at] : NULL;
}

static void add_predicate(struct buf *out, struct str name,
	const struct unit_schema *unit)
{
	const struct predicate_row *row = predicate_find(name);
	const char *argument = argument_of(row);

	buf_add_json(out, name);
	buf_add_byte(out, ':');
	/* count and length look at a number, expires_in at a duration */
	if (row->argument == ARG_PREDICATES && (row->flags & ROW_TIME))
		buf_add_z(out, SCHEMA_REF("durationPredicates"));
	else if (row->argument == ARG_PREDICATES && !(row->flags & ROW_NUMBER))
		buf_addf(out, "{\"$ref\":\"#/$defs/%s\"}", unit->name);
	else if (argument)
		buf_add_z(out, argument);
	else
		buf_add_z(out, row->argument == ARG_VALUE ? unit->value : "{}");
}

/* `NAME: argument, ...` of all predicates. */
static void add_predicates(struct buf *out, const struct unit_schema *unit)
{
	struct str names[PREDICATE_NAMES_MAX];
	size_t n = predicate_names(names, PREDICATE_NAMES_MAX);

	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add_byte(out, ',');
		add_predicate(out, names[i], unit);
	}
}

/* A value or list (equals), or a mapping of predicates. */
static void def_predicates(struct buf *out, const struct unit_schema *unit)
{
	buf_addf(out,
		",\"%s\":{\"if\":{\"type\":\"object\"},\"then\":{"
		"\"minProperties\":1,\"additionalProperties\":false,"
		"\"properties\":{",
		unit->name);
	add_predicates(out, unit);
	buf_addf(out, "}},\"else\":%s}", unit->value);
}

static void add_extractors(struct buf *out)
{
	struct str names[NAMES_MAX];
	size_t n = query_names(names, NAMES_MAX);

	for (size_t i = 0; i < n; i++) {
		buf_add_json(out, names[i]);
		buf_add_z(out, str_eq(names[i], STR("jsonpath"))
				       ? ":" SCHEMA_REF("jsonpath") ","
				       : ":{\"type\":[\"string\",\"number\","
					 "\"boolean\",\"null\"]},");
	}
}

/* One of the extractors, no more. */
static void add_one_extractor(struct buf *out)
{
	struct str names[NAMES_MAX];
	size_t n = query_names(names, NAMES_MAX);

	buf_add_z(out, "\"oneOf\":[");
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s{\"required\":[\"%.*s\"]}", i ? "," : "",
			STR_ARG(names[i]));
	buf_add_byte(out, ']');
}

static void add_one_predicate(struct buf *out)
{
	struct str names[PREDICATE_NAMES_MAX];
	size_t n = predicate_names(names, PREDICATE_NAMES_MAX);

	buf_add_z(out, "\"anyOf\":[");
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s{\"required\":[\"%.*s\"]}", i ? "," : "",
			STR_ARG(names[i]));
	buf_add_byte(out, ']');
}

static const struct {
	const char *name;
	enum filter_argument argument;
} filters[] = {
#define X(id, name, argument, on) { name, argument },
	FILTER_MAP(X)
#undef X
};

enum { FILTERS = sizeof(filters) / sizeof(filters[0]) };

static bool filter_stands_alone(size_t i)
{
	return filters[i].argument == FILTER_NONE ||
	       filters[i].argument == FILTER_OPTIONAL;
}

static void def_filters(struct buf *out)
{
	const char *comma = "";

	buf_add_z(out, ",\"filter\":{\"anyOf\":[{\"enum\":[");
	for (size_t i = 0; i < FILTERS; i++) {
		if (!filter_stands_alone(i))
			continue;
		buf_addf(out, "%s\"%s\"", comma, filters[i].name);
		comma = ",";
	}
	comma = "";
	buf_add_z(out, "]},{\"type\":\"object\",\"minProperties\":1,"
		       "\"maxProperties\":1,\"additionalProperties\":false,"
		       "\"properties\":{");
	for (size_t i = 0; i < FILTERS; i++) {
		size_t at = (size_t)filters[i].argument;
		const char *takes =
			at < sizeof(filter_arguments) /
						sizeof(*filter_arguments)
				? filter_arguments[at]
				: NULL;
		if (filters[i].argument == FILTER_NONE)
			continue;
		buf_addf(out, "%s\"%s\":%s", comma, filters[i].name,
			takes ? takes : "true");
		comma = ",";
	}
	buf_add_z(out, "}}]},\"filters\":{\"anyOf\":[" SCHEMA_REF(
			       "filter") "," SCHEMA_LIST("filter") "]}");
}

/* clang-format off */
/* Subjects whose value is no plain map of predicates. */
static const struct schema_part subject_parts[] = {
	{ "status",   SCHEMA_REF("status") },
	{ "headers",  SCHEMA_MAP("predicates") },
	{ "cookies",  SCHEMA_MAP("predicates") },
	{ "json",     "{\"type\":\"object\",\"propertyNames\":"
		      SCHEMA_REF("jsonpath") ",\"additionalProperties\":"
		      SCHEMA_REF("predicates") "}" },
	{ "xml",      SCHEMA_MAP("predicates") },
	{ "cert",     SCHEMA_REF("cert") },
	{ "tls",      SCHEMA_REF("tlsFacts") },
	{ "dns",      SCHEMA_REF("dnsFacts") },
	{ "size",     SCHEMA_REF("sizePredicates") },
	{ "duration", SCHEMA_REF("durationPredicates") },
	{ "timing",   SCHEMA_REF("timing") },
	{ NULL, NULL },
};
/* clang-format on */

/* A mapping of these names to what is expected. */
static void def_names(struct buf *out, const char *name,
	const struct str *names, size_t n, const char *each)
{
	buf_addf(out,
		",\"%s\":{\"type\":\"object\",\"additionalProperties\":false,"
		"\"properties\":{",
		name);
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s\"%.*s\":%s", i ? "," : "", STR_ARG(names[i]),
			str_eq(names[i], STR("expires_in")) ||
					str_eq(names[i], STR("ttl"))
				? SCHEMA_REF("durationPredicates")
				: each);
	buf_add_z(out, "}}");
}

static void def_named(struct buf *out)
{
	struct str names[NAMES_MAX];
	size_t n = query_phase_names(names, NAMES_MAX);

	def_names(out, "timing", names, n, SCHEMA_REF("durationPredicates"));
	n = fact_names(FACTS_CERTIFICATE, names, NAMES_MAX);
	def_names(out, "cert", names, n, SCHEMA_REF("predicates"));
	n = fact_names(FACTS_TLS, names, NAMES_MAX);
	def_names(out, "tlsFacts", names, n, SCHEMA_REF("predicates"));
	n = fact_names(FACTS_DNS, names, NAMES_MAX);
	def_names(out, "dnsFacts", names, n, SCHEMA_REF("predicates"));
}

static void def_expect(struct buf *out)
{
	struct str names[NAMES_MAX];
	size_t n = suite_subject_names(names, NAMES_MAX);

	buf_add_z(out, ",\"expect\":{\"type\":\"object\",\"additional"
		       "Properties\":false,\"properties\":{");
	for (size_t i = 0; i < n; i++) {
		const struct schema_part *part = subject_parts;

		while (part->key && !str_eq(names[i], str_from(part->key)))
			part++;
		buf_add_z(out, i ? "," : "");
		buf_add_json(out, names[i]);
		buf_addf(out, ":%s",
			part->key ? part->schema : SCHEMA_REF("predicates"));
	}
	buf_add_z(out, "}}");
}

static const char statuses[] =
	",\"status\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":100,"
	"\"maximum\":599},{\"type\":\"string\",\"pattern\":"
	"\"^([1-5][xX][xX]|[1-5][0-9][0-9]|.*\\\\$\\\\{.*)$\"},"
	"{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":[\"integer\","
	"\"string\"]}},{\"type\":\"object\",\"allOf\":[" SCHEMA_REF(
		"predicates") "]}]}";

void schema_def_checks(struct buf *out)
{
	buf_add_z(out, ",\"jsonpath\":{\"type\":\"string\",\"pattern\":"
		       "\"^\\\\$\"}");
	buf_add_z(out, ",\"same\":{\"type\":\"string\",\"pattern\":"
		       "\"^(baseline|previous|[^/$]+/[^/$]+)$\"}");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		def_predicates(out, &units[i]);
	def_filters(out);
	buf_add_z(out, statuses);
	def_named(out);
	def_expect(out);
	buf_add_z(out, ",\"check\":{\"type\":\"object\",\"allOf\":[{");
	add_one_extractor(out);
	buf_add_z(out, "},{");
	add_one_predicate(out);
	buf_add_z(out,
		"}],\"additionalProperties\":false,\"properties\":{"
		"\"name\":" TEXT ",\"filter\":" SCHEMA_REF("filters") ",");
	add_extractors(out);
	add_predicates(out, &units[0]);
	buf_add_z(out, "}},\"capture\":{\"anyOf\":[" SCHEMA_REF(
			       "jsonpath") ",{\"type\":\"object\","
					   "\"additionalProperties\":false,");
	add_one_extractor(out);
	buf_add_z(out, ",\"properties\":{");
	add_extractors(out);
	buf_add_z(out, "\"secret\":{\"type\":\"boolean\"},"
		       "\"filter\":" SCHEMA_REF("filters") "}}]}");
}
