#ifndef SUITES_JSONPATH_TREE_H
#define SUITES_JSONPATH_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/regex.h"
#include "base/str.h"

/*
 * A parsed JSONPath: what jsonpath_parse.c makes and jsonpath_eval.c walks.
 * Names in brackets are those of the grammar in RFC 9535.
 */
enum {
	JSONPATH_TEXT_MAX = 8192, /* bytes of an expression */
	JSONPATH_DEPTH_MAX = 32,  /* parentheses, filters and calls, nested */
	JSONPATH_REGEX_NS = 250000000 /* all matches of one evaluation */
};

enum selector_kind {
	SELECT_NAME,
	SELECT_WILDCARD,
	SELECT_INDEX,
	SELECT_SLICE,
	SELECT_FILTER
};

struct selector {
	struct selector *next;
	enum selector_kind kind;
	struct str name;           /* NAME */
	int64_t index;             /* INDEX */
	int64_t start, end, step;  /* SLICE */
	bool has_start, has_end;   /* SLICE */
	const struct logic *logic; /* FILTER */
};

struct segment {
	struct segment *next;
	bool descend; /* ..[] and not [] */
	const struct selector *selectors;
};

struct jsonpath {
	bool relative; /* begins with @ */
	bool singular;
	const struct segment *segments;
};

/* clang-format off */
#define PATH_FUNCTION_MAP(X)                                  \
	/* name   word      result     parameters */          \
	X(LENGTH, "length", TYPE_VALUE, TYPE_VALUE, TYPE_NONE) \
	X(COUNT,  "count",  TYPE_VALUE, TYPE_NODES, TYPE_NONE) \
	X(VALUE,  "value",  TYPE_VALUE, TYPE_NODES, TYPE_NONE) \
	X(MATCH,  "match",  TYPE_LOGIC, TYPE_VALUE, TYPE_VALUE) \
	X(SEARCH, "search", TYPE_LOGIC, TYPE_VALUE, TYPE_VALUE)
/* clang-format on */

enum path_function {
#define X(name, word, result, first, second) PATH_##name,
	PATH_FUNCTION_MAP(X)
#undef X
		PATH_FUNCTIONS
};

/* 2.4.1: the type system of function expressions */
enum path_type { TYPE_NONE, TYPE_VALUE, TYPE_LOGIC, TYPE_NODES };

enum term_kind { TERM_LITERAL, TERM_QUERY, TERM_CALL };

struct term { /* [comparable] or [function-argument] */
	enum term_kind kind;
	const struct json *literal;
	const struct jsonpath *query;
	enum path_function fn;
	const struct term *arg[2];
	bool regex_constant;       /* match, search: the pattern is a literal */
	const struct regex *regex; /* NULL: not an I-Regexp, matches nothing */
};

enum logic_kind { LOGIC_OR, LOGIC_AND, LOGIC_NOT, LOGIC_COMPARE, LOGIC_TEST };
enum compare_op { OP_EQ, OP_NE, OP_LE, OP_GE, OP_LT, OP_GT };

struct logic { /* [logical-expr] */
	enum logic_kind kind;
	enum compare_op op;        /* COMPARE */
	const struct logic *left;  /* OR, AND, NOT: operand */
	const struct logic *right; /* OR, AND: the rest of the chain */
	const struct term *a, *b;  /* COMPARE; TEST: a */
};

#endif
