#ifndef SUITES_IMPORT_H
#define SUITES_IMPORT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/json.h"
#include "base/str.h"

/*
 * Suites out of what other tools write: curl command lines, HAR archives,
 * Hurl files.  Pure: a source goes in, the text of a suite comes out.
 *
 * Nothing is dropped silently.  What Andon can not say is an error (E081) at
 * its place, because an assertion that is lost would be a pass not earned.
 * With `partial` it is a warning (W131) instead, and the suite is made
 * `gate: observe`: what was imported in part never opens a gate.
 */
struct import_how {
	bool partial;
	/* given values, an object; they become `vars`.  NULL: none */
	const struct json *vars;
	/* URLs that begin with it become relative.  STR_NONE: none do */
	struct str base_url;
	struct str name; /* of the suite; made into an id */
};

enum {
	IMPORT_BYTES_MAX = 16 << 20, /* of a source */
	IMPORT_TEXT_MAX = 64 << 20,  /* of the suite that comes out */
	IMPORT_STEPS_MAX = 500,      /* SUITE_STEPS_MAX */
	IMPORT_REPEAT_MAX = 100,     /* of one entry of a Hurl file */
	IMPORT_NAME_CODEPOINTS = 64  /* of a step's name */
};

/* False: there was an error in `ds`, and *ret_text is untouched. */
bool import_curl(struct arena *a, const struct source *src,
	const struct import_how *how, struct diags *ds, struct str *ret_text);
bool import_har(struct arena *a, const struct source *src,
	const struct import_how *how, struct diags *ds, struct str *ret_text);
bool import_hurl(struct arena *a, const struct source *src,
	const struct import_how *how, struct diags *ds, struct str *ret_text);

enum import_kind { IMPORT_CURL, IMPORT_HAR, IMPORT_HURL };

/*
 * What diagnostics may show of a source: the same text with `*` for each byte
 * of what is a secret, or looks like one, so that every place stays right.
 * What people write by hand and keep, a Hurl file, is shown as it is.
 */
struct str import_shown(struct arena *a, struct str text,
	enum import_kind kind);

/* The values of a Hurl --variable: null, true, a number, or text. */
struct json *import_value(struct arena *a, struct str text);

#endif
