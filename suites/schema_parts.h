#ifndef SUITES_SCHEMA_PARTS_H
#define SUITES_SCHEMA_PARTS_H

#include "base/map.h"
#include "base/regex.h"
#include "suites/schema.h"

/* What suites/schema*.c share; nobody else includes this. */

enum schema_argument {
	SCHEMA_ARG_SKIP,   /* annotations, and what another keyword reads */
	SCHEMA_ARG_ONE,    /* a schema */
	SCHEMA_ARG_LIST,   /* of schemas, not empty */
	SCHEMA_ARG_MAP,    /* name to schema */
	SCHEMA_ARG_VALUE,  /* any JSON */
	SCHEMA_ARG_VALUES, /* a list of any JSON */
	SCHEMA_ARG_NUMBER,
	SCHEMA_ARG_POSITIVE,
	SCHEMA_ARG_COUNT, /* an integer, not negative */
	SCHEMA_ARG_BOOL,
	SCHEMA_ARG_TEXT,
	SCHEMA_ARG_REGEX,
	SCHEMA_ARG_NAMES,   /* a list of text without a double */
	SCHEMA_ARG_NEEDS,   /* name to such a list */
	SCHEMA_ARG_TYPES,   /* a type or a list of them */
	SCHEMA_ARG_PATTERNS /* regex to schema */
};

/*
 * In the order of evaluation: what looks at what others have evaluated is last.
 * Name, argument, of the validation vocabulary?
 */
/* clang-format off */
#define SCHEMA_KEYWORD_MAP(X)                                       \
	X(id,          "$id",               TEXT,     false)        \
	X(schema,      "$schema",           TEXT,     false)        \
	X(anchor,      "$anchor",           TEXT,     false)        \
	X(dyn_anchor,  "$dynamicAnchor",    TEXT,     false)        \
	X(vocabulary,  "$vocabulary",       VALUE,    false)        \
	X(comment,     "$comment",          TEXT,     false)        \
	X(defs,        "$defs",             MAP,      false)        \
	X(definitions, "definitions",       MAP,      false)        \
	X(ref,         "$ref",              TEXT,     false)        \
	X(dyn_ref,     "$dynamicRef",       TEXT,     false)        \
	X(type,        "type",              TYPES,    true)         \
	X(enum,        "enum",              VALUES,   true)         \
	X(const,       "const",             VALUE,    true)         \
	X(multiple_of, "multipleOf",        POSITIVE, true)         \
	X(maximum,     "maximum",           NUMBER,   true)         \
	X(maximum_ex,  "exclusiveMaximum",  NUMBER,   true)         \
	X(minimum,     "minimum",           NUMBER,   true)         \
	X(minimum_ex,  "exclusiveMinimum",  NUMBER,   true)         \
	X(max_length,  "maxLength",         COUNT,    true)         \
	X(min_length,  "minLength",         COUNT,    true)         \
	X(pattern,     "pattern",           REGEX,    true)         \
	X(max_items,   "maxItems",          COUNT,    true)         \
	X(min_items,   "minItems",          COUNT,    true)         \
	X(unique,      "uniqueItems",       BOOL,     true)         \
	X(max_contains, "maxContains",      COUNT,    true)         \
	X(min_contains, "minContains",      COUNT,    true)         \
	X(max_members, "maxProperties",     COUNT,    true)         \
	X(min_members, "minProperties",     COUNT,    true)         \
	X(required,    "required",          NAMES,    true)         \
	X(needs,       "dependentRequired", NEEDS,    true)         \
	X(all_of,      "allOf",             LIST,     false)        \
	X(any_of,      "anyOf",             LIST,     false)        \
	X(one_of,      "oneOf",             LIST,     false)        \
	X(not,         "not",               ONE,      false)        \
	X(if,          "if",                ONE,      false)        \
	X(then,        "then",              ONE,      false)        \
	X(else,        "else",              ONE,      false)        \
	X(dependents,  "dependentSchemas",  MAP,      false)        \
	X(prefix,      "prefixItems",       LIST,     false)        \
	X(items,       "items",             ONE,      false)        \
	X(contains,    "contains",          ONE,      false)        \
	X(properties,  "properties",        MAP,      false)        \
	X(patterns,    "patternProperties", PATTERNS, false)        \
	X(additional,  "additionalProperties", ONE,   false)        \
	X(names,       "propertyNames",     ONE,      false)        \
	X(title,       "title",             TEXT,     false)        \
	X(description, "description",       TEXT,     false)        \
	X(default,     "default",           VALUE,    false)        \
	X(deprecated,  "deprecated",        BOOL,     false)        \
	X(read_only,   "readOnly",          BOOL,     false)        \
	X(write_only,  "writeOnly",         BOOL,     false)        \
	X(examples,    "examples",          VALUE,    false)        \
	X(format,      "format",            TEXT,     false)        \
	X(content_coding, "contentEncoding", TEXT,    false)        \
	X(content_type, "contentMediaType", TEXT,     false)        \
	X(content,     "contentSchema",     ONE,      false)        \
	X(un_items,    "unevaluatedItems",  ONE,      false)        \
	X(un_members,  "unevaluatedProperties", ONE,  false)
/* clang-format on */

enum schema_keyword {
#define X(id, name, argument, validates) SCHEMA_KEY_##id,
	SCHEMA_KEYWORD_MAP(X)
#undef X
		SCHEMA_KEYWORDS
};

struct schema_resource { /* what one $id names */
	struct schema_resource *next;
	struct str uri; /* without a fragment */
	const struct json *root;
	struct map *anchors;         /* name to node */
	struct map *dynamic_anchors; /* those that are dynamic */
	bool no_validation; /* its metaschema has not that vocabulary */
};

struct schema_rule { /* one keyword of a schema */
	struct schema_rule *next;
	enum schema_keyword keyword;
	const struct json *arg;
	struct schema_node **node;        /* of the schemas of the argument */
	const struct regex **regex;       /* PATTERNS: of each; REGEX: one */
	const struct schema_node *target; /* of a ref */
	struct str dynamic;               /* its anchor's name */
	uint64_t count;
};

struct schema_node {
	const struct json *json;
	struct schema_resource *resource;
	struct schema_rule *rules; /* in order of the table */
	const struct schema_rule *rule[SCHEMA_KEYWORDS];
	struct schema_node *next; /* of all */
};

struct schema {
	const struct schema_node *root;
	bool tracks; /* there is an unevaluated...: */
};

/* schema_uri.c: RFC 3986, 5.2, in the arena.  */
struct str schema_uri_join(struct arena *a, struct str base, struct str ref);
/* Cuts the fragment off, percent-decoded; STR_NONE: there is none. */
struct str schema_uri_cut(struct arena *a, struct str *uri);

/* schema_number.c */
bool schema_is_integer(struct str number);
/* Is x a multiple of m?  m has at most 18 digits. */
bool schema_is_multiple(struct str x, struct str m);
bool schema_divides(struct str m); /* can it be the argument? */

/* schema_pattern.c: a pattern as PCRE2 writes it. */
struct str schema_pattern(struct arena *a, struct str s);

/* schema_meta.c: a document of the draft's metaschema; NULL: none of it. */
const char *schema_meta(struct str uri);

#endif
