#ifndef DOCS_TABLES_CODES_H
#define DOCS_TABLES_CODES_H

#include "docs/tables/tables.h"

/* What docs/codes.txt says of every code; false when it is not whole. */
bool write_explained(struct buf *out, const struct manual_table *t,
	struct err *e);

#endif
