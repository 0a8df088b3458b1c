#ifndef SUITES_UNIT_H
#define SUITES_UNIT_H

#include "suites/query.h"

/*
 * An expected value in the unit of the query: "2s" becomes 2000 for UNIT_MS,
 * "16KiB" becomes 16384 for UNIT_BYTES, 5 becomes "5" for UNIT_TEXT; of a
 * list or a mapping, each entry.  NULL: something in it is not a quantity.
 */
const struct json *unit_convert(struct arena *a, const struct json *want,
	enum unit unit);

#endif
