#ifndef SUITES_HTML_ENTITIES_H
#define SUITES_HTML_ENTITIES_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The 252 named characters of HTML 4.01 (section 24) and &apos;. */
struct html_entity {
	struct str name;
	uint32_t point;
};

extern const struct html_entity html_entities[]; /* sorted by str_cmp() */
extern const size_t html_entities_count;

/* What &#128; to &#159; mean: the HTML standard reads them as Windows-1252. */
extern const uint16_t html_windows_1252[32];

#endif
