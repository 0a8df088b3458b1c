#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/str.h"

/*
 * YAML files as a tree whose nodes know the bytes they came from.
 *
 * YAML 1.2 core schema, decided by the reader of a scalar and not here: the
 * tree only keeps text and whether it was quoted, so `on`, `no` and `10:30`
 * stay strings.  Limits (libyaml has none: nesting is quadratic there, an
 * alias may refer to itself): 1 MiB, depth 64, 100,000 events, 100 aliases
 * whose expansion counts as events, no cycles, no tags, one document;
 * a duplicate key is an error that shows both places.
 *
 * Mistakes are reported into `ds`.  A syntax error ends its own file only.
 * `${` or `[` unquoted in flow YAML, its usual cause, gets its own code.
 *
 * An alias gives a copy of its anchor, so that `next` works; a merge key (<<)
 * is a key like any other.  Nothing changes a tree once it is parsed: any
 * number of threads may read it for as long as its arena lives.
 */
enum {
	YAML_BYTES_MAX = 1 << 20,
	YAML_DEPTH_MAX = 64, /* lists and maps inside one another */
	YAML_EVENTS_MAX = 100000,
	YAML_ALIASES_MAX = 100
};

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	bool quoted;       /* SCALAR: "..", '..' or a block scalar */
	uint32_t count;    /* LIST, MAP: entries */
	struct span where; /* of the value; of a MAP: from its first key */
	struct str text;   /* SCALAR; NUL-terminated */
	struct yaml_node *first; /* LIST, MAP: first entry */
	struct yaml_node *next;  /* next entry of the parent */
	struct yaml_node *key;   /* entry of a MAP: its key, a scalar */
};

/*
 * NULL when the text is not one YAML document; then `ds` has an error.
 *
 * A duplicate key or a tag is an error too, but the tree is still given, so
 * that the loader goes on and reports the rest of what is wrong: as after any
 * reader of a file, ds->errors decides whether the tree may be used.
 */
const struct yaml_node *yaml_parse(struct arena *a, const struct source *src,
	struct diags *ds);

/*
 * Reads a file once into the arena (at most 1 MiB, a regular file).  NULL
 * with *e set (ERR_CONFIG) when it can not be read.
 */
const struct source *source_read(struct arena *a, const char *path,
	struct err *e);
/* Notes a file that a source names; the same twice is one.  `text` lives as
 * long as the source. */
void source_part_add(struct arena *a, const struct source *src, struct str path,
	struct str text);
/* A source from memory; `text` and `name` are copied. */
const struct source *source_from(struct arena *a, struct str name,
	struct str text);

/* The value under a key; NULL if there is none or `map` is not a MAP. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/*
 * Core schema of an unquoted scalar; false for anything else, so for a quoted
 * one.  Integers are decimal (012 is 12), 0o17 or 0x1f; hexadecimal and octal
 * ones above 64 bits are no numbers.
 */
bool yaml_is_null(const struct yaml_node *n); /* also where nothing stands */
bool yaml_to_bool(const struct yaml_node *n, bool *ret); /* true, false */
bool yaml_to_i64(const struct yaml_node *n, int64_t *ret);
bool yaml_is_number(const struct yaml_node *n); /* int or decimal, finite */

/*
 * A node and all that is below it, in the order of the file and without
 * recursion:
 *
 *	yaml_walk_start(&w, root);
 *	while ((n = yaml_walk_next(&w, true)))
 *
 * `into` false leaves out what is below the node that was given last.
 */
struct yaml_walk {
	const struct yaml_node *stack[YAML_DEPTH_MAX + 16];
	unsigned depth;
};
void yaml_walk_start(struct yaml_walk *w, const struct yaml_node *root);
const struct yaml_node *yaml_walk_next(struct yaml_walk *w, bool into);

/* From the first to the last byte of all that lies in a node. */
struct span yaml_extent(const struct yaml_node *n);

/*
 * The tree as JSON (base/json.h), scalars by the core schema: bodies, rows
 * and vars are written in YAML and mean JSON.  .inf and .nan are strings.
 */
struct json;
struct json *yaml_to_json(struct arena *a, const struct yaml_node *n);

#endif
