#ifndef SUITES_QUERY_H
#define SUITES_QUERY_H

#include "base/regex.h"
#include "suites/check.h"
#include "suites/jsonpath.h"

/*
 * Inside of suites/: what check.c and filter.c need to know of a query.
 *
 * The unit of a query says how an expected value is written: a duration is
 * compared in milliseconds, a size in bytes, and what is always text (a
 * header) reads an unquoted 5 as text.
 */
enum unit { UNIT_NONE, UNIT_TEXT, UNIT_MS, UNIT_BYTES };

enum unit query_unit(const struct query *q);
bool query_is_status(const struct query *q);
struct str query_extractor(const struct query *q);
struct fact;
const struct fact *query_fact(const struct query *q); /* NULL: not of one */
bool query_known(struct str extractor);
/* Names of all extractors, for "did you mean"; returns how many. */
size_t query_names(struct str *ret, size_t max);
/* Of the phases that `timing` knows. */
size_t query_phase_names(struct str *ret, size_t max);

/*
 * The query `extractor` with what stands at `param` (NULL: no parameter).
 * Reports mistakes and returns NULL.
 */
const struct query *query_make(struct arena *a, struct str extractor,
	const struct yaml_node *param, struct span where, struct diags *ds);

/* What a look needs, for extractors and filters alike. */
struct look {
	struct response *r;
	const struct vars *v;
	struct arena *a;
};

/* Is it a variable, and is that one secret?  Its filters would disguise it. */
bool query_is_secret(const struct query *q, const struct look *l);

struct value value_ok(const struct json *j);
struct value value_not(enum value_state state, struct str why);
/* The nodes of a JSONPath as a value. */
struct value value_of_path(const struct jsonpath *p, const struct json *root,
	struct arena *a);
/* First group or whole match of a regex. */
struct value value_of_regex(const struct regex *regex, struct str subject,
	struct arena *a);

/* Both report E041, E042, W201 at the scalar and return NULL. */
const struct jsonpath *jsonpath_of_scalar(struct arena *a,
	const struct yaml_node *n, struct str text, struct diags *ds);
const struct regex *regex_of_scalar(struct arena *a, const struct yaml_node *n,
	struct str text, bool ignore_case, struct diags *ds);

#endif
