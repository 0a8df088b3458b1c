#ifndef SUITES_IMPORT_PARTS_H
#define SUITES_IMPORT_PARTS_H

#include "base/buf.h"
#include "suites/import.h"

/*
 * What suites/import*.c share; nobody else includes this.  A suite is built
 * as a JSON tree in the order in which it is to be written.
 */
struct importer {
	struct arena *a;
	const struct source *src;
	const struct import_how *how;
	struct diags *ds;
	struct json *suite, *steps, *secrets, *vars;
	unsigned left_out; /* with --partial */
};

void importer_init(struct importer *im, struct arena *a,
	const struct source *src, const struct import_how *how,
	struct diags *ds);
/* The suite as text; false: errors were reported. */
bool importer_end(struct importer *im, struct str *ret_text);

/* `what` can not be said in Andon: E081, or W131 with `partial`. */
void import_cannot(struct importer *im, struct span where, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The source is not what it should be: E082. */
void import_syntax(struct importer *im, struct span where, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Changed on the way, told so: W132. */
void import_note(struct importer *im, struct span where, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* An object or array below `parent` under `key`, made when it is missing. */
struct json *import_map(struct importer *im, struct json *parent,
	const char *key);
struct json *import_list(struct importer *im, struct json *parent,
	const char *key);
void import_put(struct importer *im, struct json *map, const char *key,
	struct str value);
void import_put_raw(struct importer *im, struct json *map, const char *key,
	struct json *value);
/* A second value of a name makes a list of it. */
void import_add_value(struct importer *im, struct json *map, struct str name,
	struct str value);
bool import_has(const struct json *map, const char *key);

/*
 * A new step, with a name that no step has: "GET /orders (2)".  NULL: there
 * are too many.
 */
struct json *import_step(struct importer *im, struct str method, struct str url,
	struct span where);
/* `${name}` of a secret from the environment: $NAME. */
struct str import_secret(struct importer *im, struct str name, struct str env);

/* A literal as it must stand in a template: ${ becomes $${. */
struct str import_literal(struct arena *a, struct str text);
void import_add_literal(struct buf *out, struct str text);
/* Lower case, digits and '-', at most 63 of them, never empty. */
struct str import_id(struct arena *a, struct str text);
/* Bytes of base64 or hex; false: not of that form. */
bool import_unbase64(struct arena *a, struct str text, struct str *ret);
bool import_unhex(struct arena *a, struct str text, struct str *ret);
/* Text, or base64 of what is no text, as the body of a step. */
void import_body(struct importer *im, struct json *step, struct str body);
/* By the end of a file's name: "text/html". */
struct str import_type(struct str path);

/* Block YAML of a tree; what loads again as the same tree. */
void import_write(struct buf *out, const struct json *root);

#endif
