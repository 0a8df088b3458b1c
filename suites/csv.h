#ifndef SUITES_CSV_H
#define SUITES_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"

/*
 * CSV (RFC 4180) as a list of objects: the first line names the columns, every
 * value is text.  Strict: as many fields on each line as there are columns, no
 * quote inside a bare field, UTF-8; a byte order mark and an end of line of
 * either kind are fine, and so is an empty line.
 */
enum { CSV_COLUMNS_MAX = 200, CSV_ROWS_MAX = 100000 };

struct csv_error {
	size_t at;        /* byte offset */
	const char *text; /* a constant sentence */
};

/* NULL with *ret_error filled. */
struct json *csv_parse(struct arena *a, struct str text,
	struct csv_error *ret_error);

#endif
