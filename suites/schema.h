#ifndef SUITES_SCHEMA_H
#define SUITES_SCHEMA_H

#include "base/arena.h"
#include "base/json.h"
#include "base/redact.h"

/*
 * JSON Schema, draft 2020-12: the vocabularies core, applicator, validation
 * and unevaluated.  `format` and the content keywords are annotations, as the
 * draft has it by default: they fail nothing, and a `format` in the schema is
 * warned of once.
 *
 * A schema is compiled once; then it is immutable and any number of threads
 * may validate with it.  Compiling goes no way out: a $ref to another document
 * is a mistake, but to the metaschema of the draft, which is built in.
 *
 * Numbers are compared exactly.  `pattern` is PCRE2 in its bounds
 * (base/regex.h) and not ECMA-262: `$` also holds before a last line end.
 */
struct schema;

enum {
	SCHEMA_NODES_MAX = 20000,   /* schemas inside one another, and refs */
	SCHEMA_DEPTH_MAX = 1000,    /* of an evaluation */
	SCHEMA_STEPS_MAX = 5000000, /* of one as well */
	SCHEMA_FAULTS_MAX = 20,     /* that are kept */
	SCHEMA_MISSES_MAX = 5,      /* that are shown */
	SCHEMA_REGEX_NS = 250000000 /* all patterns of one evaluation */
};

struct schema_fault {
	struct schema_fault *next;
	const struct json *at; /* the value that is wrong */
	int code;              /* E47; W202, W203: a warning */
	struct str text;
};

/* Gives a document by its URI; NULL: there is none. */
struct schema_loader {
	const struct json *(
		*load)(void *owner, struct arena *a, struct str uri);
	void *owner;
};

/*
 * `loader` may be NULL.  NULL when there is a fault that is no warning; the
 * list holds at most SCHEMA_FAULTS_MAX.
 */
const struct schema *schema_compile(struct arena *a, const struct json *root,
	const struct schema_loader *loader, struct schema_fault **ret_faults);

enum schema_result { SCHEMA_HOLDS, SCHEMA_FAILS, SCHEMA_OVER };

/*
 * *ret_why, in words: where in the instance, by which keyword, what is there
 * and what is expected; several of them.  Redacted.
 */
enum schema_result schema_validate(const struct schema *s,
	const struct json *instance, struct arena *a,
	const struct redact *redact, struct str *ret_why);

#endif
