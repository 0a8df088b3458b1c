#ifndef DOCS_TABLES_TABLES_H
#define DOCS_TABLES_TABLES_H

#include "base/buf.h"
#include "base/err.h"

/*
 * The generated parts of the manual, each by the name that stands behind
 * `.\" BEGIN GENERATED` in a page.
 */
enum { TABLE_BYTES_MAX = 1 << 20, TABLES_MAX = 64 };

struct manual_table {
	const char *name;
	/* False: a name that the glossary does not explain. */
	bool (*write)(struct buf *out, const struct manual_table *t,
		struct err *e);
	const void *rows; /* what `write` works with */
};

/* NULL behind the last one. */
const struct manual_table *manual_table_at(size_t index);

#endif
