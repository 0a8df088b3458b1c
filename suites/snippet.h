#ifndef SUITES_SNIPPET_H
#define SUITES_SNIPPET_H

#include "suites/suite.h"

/*
 * A piece of a suite on its own, to be tried on one document: what an author
 * would write under `checks`, `expect` or `capture`.
 *
 * The document is a response.  FILTER and PREDICATE look at the whole of its
 * body: as a JSON value where it is JSON, else as text.
 */
enum snippet_kind {
	SNIPPET_CHECK,     /* {jsonpath: $.a, filter: [..], gt: 3}, or a list;
			      also whole `checks: [..]` or `expect: {..}` */
	SNIPPET_EXPECT,    /* {status: 200, json: {$.a: 1}} */
	SNIPPET_VALUE,     /* $.a, or {header: A, filter: [..]} */
	SNIPPET_FILTER,    /* first, or [first, {nth: 2}] */
	SNIPPET_PREDICATE, /* {gt: 3}, or a value */
	SNIPPETS
};

struct snippet {
	struct check *checks;  /* CHECK, EXPECT, PREDICATE */
	struct capture *value; /* VALUE, FILTER */
};

/*
 * Reports every mistake, of a name that `v` does not hold too; false iff there
 * was an error.  `json`: is the body JSON?
 */
bool snippet_parse(struct arena *a, enum snippet_kind kind,
	const struct yaml_node *n, bool json, const struct vars *v,
	struct snippet *ret, struct diags *ds);

#endif
