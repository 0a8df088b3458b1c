#ifndef STORE_FEED_PARTS_H
#define STORE_FEED_PARTS_H

#include "store/feed.h"

/*
 * What is inside a feed: for feed.c, which moves it, and feed_saved.c, which
 * writes and reads it; for nobody else.
 */
enum {
	FEED_PENDING_MAX = 8192, /* behind one hole; then it is a gap */
	FEED_GAPS_MAX = 1024,    /* ranges remembered per runner */
	FEED_RUNNERS_KEEP = 64,  /* beyond: those silent for an hour go */
	FEED_ITEMS_MAX = 1 << 20 /* in a saved state */
};
/* Times are within this, so that no difference of two can overflow. */
#define FEED_US_MAX    (INT64_MAX / 2 - 1)
#define FEED_FORGET_US (INT64_C(3600) * 1000000)

struct item {
	struct item *next;
	int64_t at_us; /* when it counts; at first the end of the run */
	int64_t end_us;
	uint64_t epoch, seq;
	uint32_t line_len, env_len, region_len, packed_len;
	char bytes[]; /* line, env, region, packed */
};

struct items { /* FIFO */
	struct item *first, *last;
	size_t count;
};

struct gap { /* seqs from..to did not come */
	uint64_t from, to;
	bool counted; /* not those before the first that was ever seen */
};

struct runner {
	struct str name; /* owned */
	uint64_t epoch;
	uint64_t next;   /* seq that is due; 0: the first is not known yet */
	int64_t last_us; /* time of the last in-order one */
	bool talked;     /* last_us is valid */
	struct item **pending;
	size_t npending, cap;
	struct items ready;
	struct gap *gap;
	size_t ngaps;
};

struct feed {
	int64_t late_us;
	struct runner **runner; /* sorted by name */
	size_t nrunners;
	int64_t start_us, newest_us; /* ends of runs */
	bool started;
	int64_t out_us; /* time of the last one in `out` */
	struct items out;
	struct feed_stats stats;
	bool idle;
	int64_t idle_us; /* since when nothing was added, by feed_next's now */
	struct arena *arena;
};

struct item *feed_item_alloc(size_t line, size_t env, size_t region,
	size_t packed);
struct str feed_item_part(const struct item *it, size_t from, size_t len);
struct str feed_item_packed(const struct item *it);
void feed_items_add(struct items *q, struct item *it);
/* The slot where the runner is or belongs. */
size_t feed_runner_slot(const struct feed *f, struct str name, bool *ret_hit);
struct runner *feed_runner_insert(struct feed *f, size_t at, struct str name);
void feed_gap_insert(struct runner *r, size_t at, struct gap g);
void feed_pending_insert(struct runner *r, size_t at, struct item *it);

#endif
