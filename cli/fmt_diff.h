#ifndef CLI_FMT_DIFF_H
#define CLI_FMT_DIFF_H

#include "base/arena.h"
#include "base/buf.h"

/*
 * What would change in a text, in the form of `diff -u`: hunks with three
 * lines around them, their places in both texts, and a note where a text does
 * not end its last line.  What could harm a terminal is made visible.
 *
 * At most DIFF_LINES_MAX lines are written; the number of those left out
 * stands behind them.  Texts that differ in more than DIFF_EDITS_MAX lines are
 * shown as one replaced by the other, from the first line that is different to
 * the last: the shortest script would cost the square of its length.
 */
enum { DIFF_LINES_MAX = 200, DIFF_EDITS_MAX = 512, DIFF_CONTEXT = 3 };

/* Nothing is written for texts that are the same. */
void diff_write(struct arena *a, struct str before, struct str after,
	struct buf *out);

#endif
