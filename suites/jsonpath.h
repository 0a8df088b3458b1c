#ifndef SUITES_JSONPATH_H
#define SUITES_JSONPATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"

/*
 * JSONPath, RFC 9535 whole: all selectors, filters, the five functions with
 * their types, normalized paths.  Anything outside the RFC is refused when it
 * is parsed, with the offset of the mistake.
 *
 * A path is immutable after parsing.  Evaluation is bounded: at most
 * `JSONPATH_NODES_MAX` nodes in a list and `JSONPATH_STEPS_MAX` visited
 * nodes; beyond that it stops and says so, which is the author's error and
 * not the target's.
 */
enum { JSONPATH_NODES_MAX = 100000, JSONPATH_STEPS_MAX = 2000000 };

struct jsonpath;

struct jsonpath_error {
	size_t at;
	const char *text;
};

const struct jsonpath *jsonpath_parse(struct arena *a, struct str text,
	struct jsonpath_error *ret_error); /* NULL: *ret_error is filled */
/* Can it give one node at most (RFC 9535, 2.3.5.1)? */
bool jsonpath_singular(const struct jsonpath *p);

struct jsonpath_nodes {
	const struct json **node;
	size_t count;
};

/* False: over a bound. */
bool jsonpath_eval(const struct jsonpath *p, const struct json *root,
	struct arena *a, struct jsonpath_nodes *ret);
/* $['a'][3]: where a node stands, RFC 9535 section 2.7. */
struct str jsonpath_normalized(struct arena *a, const struct json *node);

#endif
