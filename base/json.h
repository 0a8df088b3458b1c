#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/*
 * A strict reader of JSON (RFC 8259) into an arena, and the tree it gives.
 *
 * One pass, no recursion, no coercion: a byte order mark, a trailing comma, a
 * comment, NaN, a lone surrogate escape or invalid UTF-8 is an error with its
 * offset.  Numbers keep their text, so that integers and decimals compare
 * exactly.  Duplicate keys are kept in order and counted; json_get() gives
 * the last one, as most readers do.
 *
 * A tree lives as long as its arena.  Once it is built nothing changes it, and
 * any number of threads may read it.  No function here recurses, so that the
 * depth of a document is never the depth of our stack.
 */
enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

struct json {
	enum json_type type;
	uint32_t count;    /* elements or members */
	uint32_t at;       /* byte offset in the text; 0 for made nodes */
	struct json *next; /* next sibling */
	struct json *up;   /* the array or object it stands in; NULL: root */
	struct str key;    /* member name, unescaped; else STR_NONE */
	union {
		struct str text; /* STRING: unescaped; NUMBER: as written */
		struct {         /* ARRAY, OBJECT; NULL when empty */
			struct json *first, *last;
		};
	};
};

struct json_limits {
	uint32_t depth; /* arrays and objects inside one another */
	uint32_t nodes;
	size_t bytes; /* of the text; never more than 4 GiB */
};

/* depth 128, 200,000 nodes, 16 MiB */
extern const struct json_limits json_limits_default;

struct json_error {
	size_t at;        /* byte offset */
	const char *text; /* a constant sentence */
};

/*
 * NULL with *ret_error filled on failure.  Strings are copied and followed by
 * a NUL byte, which tells nothing about their length: \u0000 is text.
 * `limits` NULL takes the default; `ret_error` may be NULL.
 */
const struct json *json_parse(struct arena *a, struct str text,
	const struct json_limits *limits, struct json_error *ret_error);

/* NULL: no such member or element, or not an object or array, or NULL. */
const struct json *json_get(const struct json *object, struct str key);
const struct json *json_at(const struct json *array, size_t index);
const char *json_type_name(enum json_type t); /* "null", "boolean", ... */

/*
 * Typed getters for records: the fallback (STR_NONE) when absent or of another
 * type.  An i64 is written as an integer: 1.0 and 1e3 are not.
 */
struct str json_get_str(const struct json *o, const char *key);
int64_t json_get_i64(const struct json *o, const char *key, int64_t fallback);
double json_get_double(const struct json *o, const char *key, double fallback);
bool json_get_bool(const struct json *o, const char *key, bool fallback);

/*
 * Exact order of two JSON numbers given as text: -1, 0, 1.  1e2 equals
 * 100.0 and -0 equals 0; no rounding through double, no memory, time linear in
 * the text whatever the exponent says.
 */
int json_number_cmp(struct str a, struct str b);
/*
 * Deep equality: numbers exactly, objects without order.  Members of the same
 * name are equal in their order only: the last one is what a reader sees.
 */
bool json_equal(const struct json *a, const struct json *b);

/* Compact text; arrays and objects in their order.  Without key and sibling. */
void json_write(struct buf *out, const struct json *root);

/* Made nodes, for templates and tests; texts are copied. */
struct json *json_new(struct arena *a, enum json_type type);
struct json *json_new_str(struct arena *a, struct str text);
struct json *json_new_number(struct arena *a, struct str text);
struct json *json_new_bool(struct arena *a, bool value);
/*
 * Appends to an ARRAY (the key is ignored) or an OBJECT (the key is borrowed,
 * for the life of the tree).  O(1).  A node stands in one parent only.
 */
void json_append(struct json *parent, struct str key, struct json *child);

#endif
