#ifndef BASE_KEYS_H
#define BASE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/yaml.h"

/*
 * Key tables: what may stand in a YAML mapping, as data.
 *
 * One row per key drives the loader, "did you mean", the manual's tables and
 * the JSON Schema, so they can not disagree.  keys_read() fills a struct by
 * offset; every unknown, missing, mistyped or out-of-range key of the
 * mapping is reported in one go.
 */
enum key_type {
	KEY_STR,      /* struct str: any scalar */
	KEY_ID,       /* struct str: [a-z0-9][a-z0-9-]*, at most 64 bytes */
	KEY_BOOL,     /* bool */
	KEY_INT,      /* int64_t, within low..high */
	KEY_DURATION, /* uint64_t milliseconds, within low..high */
	KEY_SIZE,     /* uint64_t bytes, within low..high */
	KEY_SHARE,    /* double 0..1 (written 10%), within low..high */
	KEY_WORD,     /* int: index into words */
	KEY_STRS,     /* struct strs: a scalar or a list of scalars */
	KEY_NODE,     /* const struct yaml_node *: read by its owner */
	KEY_MAP,      /* the same, but must be a mapping */
	KEY_LIST      /* the same, but must be a list */
};

struct strs {
	struct str *item;
	const struct yaml_node **node; /* where each one stands */
	size_t count;
};

enum { KEY_REQUIRED = 1, KEY_TEMPLATE = 2 /* text may hold ${...} */ };

enum { KEYS_MAX = 96 }; /* rows of a table, words of a KEY_WORD */

struct key { /* name NULL ends the table */
	const char *name;
	enum key_type type;
	unsigned flags;
	size_t offset;
	double low, high;         /* both 0: no limit; or one INFINITY */
	const char *const *words; /* KEY_WORD; NULL-terminated */
	const char *fallback;     /* default as the manual prints it */
	const char *help;
};

/* One row: KEY(struct suite_keys, every, KEY_DURATION, ...) */
#define KEY(type_, field_) offsetof(type_, field_)

/*
 * Reads `map` into `ret` (already holding the defaults).  Keys that are not
 * given are left alone, and so are those whose value is wrong.  False if
 * anything was reported.  One mistake is one message: a required key is not
 * missing where an unknown one was taken for it.  A `map` that is not a mapping
 * is reported as such, with `what` as its name.  A key without a value
 * (`every:`) is wrong, but for a KEY_NODE.  Texts and nodes are borrowed from
 * the tree.
 */
bool keys_read(const struct key *table, const struct yaml_node *map,
	const char *what, void *ret, struct arena *a, struct diags *ds);

/*
 * Was `name` mistyped in `map`: is it missing, and does a key stand there that
 * is unknown and nearest to it?  Then keys_read() has said "did you mean", and
 * that it is missing, or what follows from that, is no mistake of its own.
 */
bool key_mistyped(const struct key *table, const struct yaml_node *map,
	const char *name);

/* For the manual: "text", "duration", ... */
const char *key_type_name(enum key_type t);

/* Each of these reports what is wrong and returns false. */
bool key_scalar(const struct yaml_node *n, const char *what, struct str *ret,
	struct diags *ds);
bool key_duration(const struct yaml_node *n, const char *what, double low_ms,
	double high_ms, uint64_t *ret, struct diags *ds);
bool key_bool(const struct yaml_node *n, const char *what, bool *ret,
	struct diags *ds);
bool key_int(const struct yaml_node *n, const char *what, double low,
	double high, int64_t *ret, struct diags *ds);

/*
 * Reports an unknown word at `n` ("unknown WHAT `word`") with the nearest of
 * `candidates` as its hint, or all of them when none is near.
 */
void key_unknown(const struct yaml_node *n, int code, const char *what,
	const struct str *candidates, size_t ncandidates, struct diags *ds);

#endif
