#ifndef SUITES_CHECK_H
#define SUITES_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/yaml.h"
#include "suites/response.h"
#include "suites/template.h"
#include "suites/vars.h"

/*
 * Extractors, filters and predicates: the three tables of the language.
 *
 * A query takes a value out of a response; a check is a query, filters and a
 * predicate.  Every short form of `expect` becomes checks, so there is one
 * engine.  Each extractor and predicate is a row of a table in query.c,
 * filter.c and predicate.c; adding one touches nothing else.
 */
struct query;
struct predicate;

enum value_state {
	VALUE_OK,      /* a value (JSON null too) */
	VALUE_MISSING, /* nothing there: fails every predicate but exists */
	VALUE_BROKEN,  /* can not be looked for: body is not JSON, ... */
	VALUE_BUDGET   /* regex or JSONPath over its bound: runner_error */
};

struct value {
	enum value_state state;
	const struct json *json; /* OK; bytes are a STRING */
	bool nodes; /* json is the node list of a JSONPath that is not singular
		     */
	struct str why; /* MISSING, BROKEN, BUDGET: in words */
};

/*
 * A query from YAML: `$.id` (a scalar that starts with $), or a mapping with
 * one extractor: {header: Location}, {regex: ..}, {cookie: ..}, {status: }.
 * Extra keys of the mapping named in `also` are left to the caller.
 */
const struct query *query_parse(struct arena *a, const struct yaml_node *n,
	const char *const *also, struct diags *ds);
struct value query_eval(const struct query *q, struct response *r,
	const struct vars *v, struct arena *a);
struct str query_text(const struct query *q); /* "$.id", "header Location" */
const struct template_ref *query_refs(const struct query *q);

struct check {
	struct check *next;
	struct str name; /* of the long form; else STR_NONE */
	const struct query *query;
	const struct filter *filters; /* in order; may be NULL */
	const struct predicate *predicate;
	const struct template_ref *refs; /* of all three */
	struct str text;                 /* "$.id isUuid", for reports */
	struct str expected; /* STR_NONE: another one in every run */
	struct span where;
};

/*
 * `expect:` or `warn:`: a mapping of subject to predicate(s).  Appends to the
 * list, reports all mistakes.  Subjects: status version headers cookies json
 * body size duration timing cert tls dns ip url redirects.
 */
struct check *check_parse_expect(struct arena *a, const struct yaml_node *n,
	struct diags *ds);
/* `checks:`: the long form, a list. */
struct check *check_parse_list(struct arena *a, const struct yaml_node *n,
	struct diags *ds);
/* The check `status: 2xx`, for a step that says nothing about it. */
struct check *check_status_2xx(struct arena *a, struct span where);
/*
 * A check that nobody wrote, in the words in which it could have been:
 * extractor, its parameter ("": none), predicate and what it wants.
 */
struct check_words {
	const char *extractor, *param, *predicate, *want;
};
struct check *check_made(struct arena *a, struct span where,
	const struct check_words *w);
/* Does it look at the status, at anything else? (lint W104) */
bool check_is_status(const struct check *c);
const struct template_ref *check_refs(const struct check *c);

/* How one check went, with all that a report needs; redacted by the caller. */
struct assertion {
	struct assertion *next;
	struct str text;     /* "$.id isUuid", "status == 201" */
	bool ok, budget;     /* budget: neither held nor failed, our trouble */
	bool alone;          /* and then: there is nothing to compare with */
	struct str expected; /* "201", "matches ^/v1/" */
	struct str actual;   /* "502", "missing", "\"3\" (string)" */
	struct str note;     /* what `actual` has in its last ( ); or "" */
	struct span where;
};

/* Never stops early: all checks are evaluated.  In the order of the file. */
struct assertion *check_eval_all(const struct check *first, struct response *r,
	const struct vars *v, struct arena *a);

#endif
