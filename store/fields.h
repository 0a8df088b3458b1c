#ifndef STORE_FIELDS_H
#define STORE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"

/*
 * Field tables: what a JSON record holds, as data.  One row per member
 * drives writing and reading, so that the two can not drift.  Used inside
 * store/ only.
 *
 * Zero values are not written and are what an absent field reads as; a field
 * of the wrong type, or a word outside its set, refuses the whole record.
 */
enum field_type {
	FIELD_STR,
	FIELD_U64,
	FIELD_I64,
	FIELD_U32,
	FIELD_BOOL,
	FIELD_DOUBLE, /* NaN is null; the infinities become +-DBL_MAX */
	FIELD_WORD,   /* an enum, through `words` */
	FIELD_LIST,   /* array of structs: pointer and count */
	FIELD_STRS    /* array of struct str: pointer and count */
};

struct field_words {
	const char *(*token)(int value);
	bool (*from_token)(struct str token, int *ret);
};

struct field { /* name NULL ends the table */
	const char *name;
	enum field_type type;
	size_t offset;
	const struct field_words *words;
	const struct field *item; /* LIST: its elements' table */
	size_t item_bytes, count_offset, max;
};

/* {"v":1, ...} */
void fields_write(struct buf *out, const struct field *table,
	const void *record);
/* Fills *ret (of `bytes`), zeroed first; untouched on failure. */
bool fields_read(struct arena *a, struct str text, const struct field *table,
	void *ret, size_t bytes);
/* The same from a tree, without a version; *ret must be zeroed. */
bool fields_read_tree(struct arena *a, const struct json *object,
	const struct field *table, void *ret);

#endif
