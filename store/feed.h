#ifndef STORE_FEED_H
#define STORE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "store/record.h"

/*
 * Puts results into the one order in which they are judged.
 *
 * In: results as they were read, of any runner, with duplicates, in stream
 * order per region.  Out: each (runner, epoch, seq) once; per runner in the
 * order of seq; runners merged by the time of the run's end behind the
 * watermark of all runners that live, at most `late_us` (2 s) behind the
 * newest; time never goes back (a late one is fed at the watermark, never
 * dropped).  A seq that does not come within late_us is a gap: counted.
 *
 * A runner lives for an hour behind its newest result: between two results it
 * may be silent for as long as its checks are apart, and the next one may
 * still come late.  So whatever comes within late_us of the newest is in its
 * place; only the very first results of a runner can not be waited for.
 *
 * Pure: no clock, no I/O.  The same results in the same stream order give the
 * same output whatever the size of the reads, so that a restarted detector
 * finds the same numbers.
 */
struct feed;

struct feed *feed_new(uint64_t late_us);
void feed_free(struct feed *f);

/*
 * Takes a copy.  Results of an older epoch of the same runner are dropped.
 * Everything that content alone decides (holes, the watermark) is decided
 * here, one result after the other, and so does not depend on how many of
 * them one read brought.
 */
void feed_add(struct feed *f, const struct result *r);
/*
 * The next one that may be judged, with the time it counts at; false: none
 * now.  `now_us` is the store's clock: with nobody talking, what is older
 * than late_us comes out by it.  "Nobody talking" is no feed_add() for late_us
 * of this clock, counted from the first call that found nothing: so that
 * catching up with an old stream, where `now` is always far ahead, gives the
 * same order as living through it.  For the same reason a silence that shows
 * in the store's stamps (arrived_us) lets out what this clock would have let
 * out.  *ret lives until the next call.
 *
 * A feed that starts holds everything for late_us, until it knows who talks.
 */
bool feed_next(struct feed *f, int64_t now_us, struct result *ret,
	int64_t *ret_at_us);
/*
 * Whether results are missing right before the one that feed_next() gave last:
 * the time of its runner's one before them; 0: none are.
 */
int64_t feed_lost_us(const struct feed *f);

/*
 * gaps: seqs that did not come (one that comes after all is taken back);
 * late: fed at a later time than their own.
 */
struct feed_stats {
	uint64_t fed, duplicates, gaps, late;
};
struct feed_stats feed_stats(const struct feed *f);

/* State as bytes (what was fed and what still waits), for a checkpoint. */
void feed_save(const struct feed *f, struct buf *out);
struct feed *feed_load(struct str saved); /* NULL: not understood */

#endif
