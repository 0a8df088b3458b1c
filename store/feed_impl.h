#ifndef STORE_FEED_IMPL_H
#define STORE_FEED_IMPL_H

#include "store/codec.h"
#include "store/feed.h"

/*
 * What store/feed.c, which orders, and store/feed_save.c, which writes it all
 * down and reads it again, share; used by these two only.
 */
enum {
	FEED_PENDING_MAX = 8192, /* behind one hole; then it is a gap */
	FEED_GAPS_MAX = 1024,    /* ranges remembered per runner */
};
/* Times are within this, so that no difference of two can overflow. */
#define FEED_US_MAX (INT64_MAX / 2 - 1)

enum feed_part { FEED_LINE, FEED_ENV, FEED_REGION, FEED_PACKED, FEED_PARTS };

struct feed_item {
	struct feed_item *next;
	int64_t at_us; /* when it counts; at first the end of the run */
	int64_t end_us;
	int64_t lost_us; /* since then its runner's results are missing */
	uint64_t epoch, seq;
	uint32_t len[FEED_PARTS];
	char bytes[]; /* the parts, one after the other */
};

struct feed_items { /* FIFO */
	struct feed_item *first, *last;
	size_t count;
};

struct feed_gap { /* seqs from..to did not come */
	uint64_t from, to;
	bool counted; /* not those before the first that was ever seen */
};

struct feed_runner {
	struct str name; /* owned */
	uint64_t epoch;
	uint64_t next;   /* seq that is due; 0: the first is not known yet */
	int64_t last_us; /* time of the last in-order one */
	bool talked;     /* last_us is valid */
	struct feed_item **pending;
	size_t npending, cap;
	struct feed_items ready;
	struct feed_gap *gap;
	size_t ngaps;
};

struct feed {
	int64_t late_us;
	struct feed_runner **runner; /* sorted by name */
	size_t nrunners;
	int64_t start_us, newest_us; /* ends of runs */
	bool started;
	int64_t out_us; /* time of the last one in `out` */
	struct feed_items out;
	struct feed_stats stats;
	bool idle;
	int64_t idle_us; /* since when nothing was added, by feed_next's now */
	int64_t arrived_us; /* the store's stamp of the newest; 0: none */
	int64_t lost_us;    /* of the one that was given last */
	struct arena *arena;
};

/* Copies the parts; the numbers are 0. */
struct feed_item *feed_item_new(const struct str part[FEED_PARTS]);
struct str feed_item_part(const struct feed_item *it, enum feed_part which);
void feed_items_add(struct feed_items *q, struct feed_item *it);

/* The slot where the runner is or belongs. */
size_t feed_runner_slot(const struct feed *f, struct str name, bool *ret_hit);
struct feed_runner *feed_runner_insert(struct feed *f, size_t at,
	struct str name);
/* Both take a slot that keeps the order; a full list of gaps loses its first.
 */
void feed_pending_insert(struct feed_runner *r, size_t at,
	struct feed_item *it);
void feed_gap_insert(struct feed_runner *r, size_t at, struct feed_gap g);

#endif
