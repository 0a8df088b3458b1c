#ifndef CLI_LINE_ROUGH_H
#define CLI_LINE_ROUGH_H

#include "base/arena.h"
#include "base/diag.h"
#include "regions/line.h"

/*
 * The names of regions and roles in a line file that has mistakes elsewhere,
 * so that what suites say of them is still checked in the same run.  Good for
 * nothing else.  NULL when the file does not even name a region.
 */
const struct line *line_rough(struct arena *a, const struct source *src);

#endif
