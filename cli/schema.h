#ifndef CLI_SCHEMA_H
#define CLI_SCHEMA_H

#include "base/buf.h"
#include "base/keys.h"

/*
 * JSON Schema (draft 2020-12) of the three kinds of file, made of the same
 * tables as the loaders, so that an editor completes and explains what is
 * written.  The loader stays the judge: what a schema can not know (names,
 * JSONPath, regexes, times that do not fit) it leaves alone, and it refuses
 * nothing that the loader takes.
 *
 * A definition stands in `$defs` under its name; schema_ref() refers to it.
 */
enum { SCHEMA_BYTES_MAX = 4 << 20 };

void schema_suite(struct buf *out);
void schema_group(struct buf *out); /* what a suite imports */
void schema_line(struct buf *out);

/* --- for the writers ---------------------------------------------------- */

/* What a key of a table holds where its type alone does not say it. */
struct schema_part {
	const char *key;
	const char *schema; /* JSON */
};

/*
 * `"properties": {..}, "additionalProperties": false` and, for `whole`,
 * `"required"`, of a key table; between the braces of a schema.  `parts` ends
 * with a NULL key.
 */
void schema_keys(struct buf *out, const struct key *table,
	const struct schema_part *parts, bool whole);
/* `"NAME": {"type": "object", ..}` of a key table. */
void schema_def_keys(struct buf *out, const char *name, const struct key *table,
	const struct schema_part *parts);
/* Scalars, durations, sizes and the like: the first entries of `$defs`. */
void schema_def_basics(struct buf *out);
/* What is looked at, taken out and compared: schema_checks.c. */
void schema_def_checks(struct buf *out);

#define SCHEMA_REF(name)  "{\"$ref\":\"#/$defs/" name "\"}"
#define SCHEMA_LIST(name) "{\"type\":\"array\",\"items\":" SCHEMA_REF(name) "}"
#define SCHEMA_MAP(name)                                                       \
	"{\"type\":\"object\",\"additionalProperties\":" SCHEMA_REF(name) "}"

#endif
