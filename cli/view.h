#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * Small pieces of JSON and text that the views of status and why share.  A
 * member begins with its comma: an object is opened with a first one by hand.
 */
void view_member(struct buf *out, const char *name); /* ,"name": */
/* An empty text is null: what is not known is never left out. */
void view_str(struct buf *out, const char *name, struct str s);
void view_time(struct buf *out, const char *name,
	int64_t wall_us);                                      /* 0: null */
void view_number(struct buf *out, const char *name, double x); /* NaN: null */
void view_count(struct buf *out, const char *name, uint64_t n);
void view_bool(struct buf *out, const char *name, bool value);
/*
 * ,"name":[ and, in it, the start of object `i` with a first member that is
 * never null; both are closed by hand.
 */
void view_list(struct buf *out, const char *name);
void view_item(struct buf *out, size_t i, const char *name, struct str s);

/* "14:02:11Z", with the day before it when it is not that of `now`. */
const char *view_clock(int64_t wall_us, int64_t now_us, char out[32]);
/* "6:32", "48 s": how long between two moments; never negative. */
const char *view_age(int64_t from_us, int64_t to_us, char out[32]);

#endif
