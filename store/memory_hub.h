#ifndef STORE_MEMORY_HUB_H
#define STORE_MEMORY_HUB_H

#include <pthread.h>

#include "base/map.h"
#include "store/impl.h"

/*
 * What the parts of the store in memory share; used inside store/ only.
 *
 * The hub stands for the server: the same texts under the same keys as in
 * Redis, with the hub's clock as the store's clock.  One lock per hub, so
 * that stores of several threads may share it: whatever touches a line stands
 * between memory_enter() and memory_leave().
 */
struct hub_text {
	size_t len;
	char bytes[];
};

struct hub_stream {
	struct stream_id last;
	struct stream_entry {
		struct stream_id id;
		struct hub_text *packed;
	} * entry;
	size_t count, cap;
};

struct hub_line {
	struct hub_line *next;
	struct str name;
	uint64_t rev, events;
	struct map *records; /* "kind key" -> text */
	struct map *fenced;  /* "what name" -> text */
	struct map *epochs;  /* "runner ID", "detector" -> text of a u64 */
	struct map *runners; /* id -> text of a runner_lease */
	struct map *streams; /* "env/region" -> struct hub_stream */
	struct str detector; /* who holds the lease, owned */
	int64_t detector_until_us;
	struct hub_stream audit;
};

struct store_hub {
	pthread_mutex_t lock;
	const struct clock *clock;
	struct hub_line *line;
	bool down;
};

struct memory_store {
	struct store store;
	struct store_hub *hub;
	struct hub_line *line;
};

struct memory_store *memory_of(struct store *s);
/* Takes the lock; false, without it, when the hub plays dead. */
bool memory_enter(struct store *s, struct err *e);
bool memory_leave(struct store *s); /* always true: `return memory_leave(s)` */
int64_t memory_now_us(struct store *s);

/* The line of this name, made when it is not there. */
struct hub_line *hub_line_get(struct store_hub *h, struct str name);

/* "kind key", the arena's. */
struct str hub_key(struct arena *a, const char *kind, struct str key);
struct str hub_text_str(const struct hub_text *t); /* borrowed */
/* A copy of `value` under `key`; STR_NONE: remove. */
void hub_text_set(struct map *m, struct str key, struct str value);

void hub_stream_add(struct hub_stream *s, uint64_t ms, struct str packed);
/* The first n entries. */
void hub_stream_drop(struct hub_stream *s, size_t n);
/* Index of the first entry after `id`. */
size_t hub_stream_after(const struct hub_stream *s, struct stream_id id);

/* The last epoch given under "runner ID" or "detector"; 0: none. */
uint64_t hub_epoch(const struct hub_line *l, struct str key);
/* Larger than any before, after a loss of memory too: at least the time. */
uint64_t hub_epoch_next(struct store *s, struct arena *a, struct str key);
/* Is this the epoch of the detector that holds, or held last, the lease? */
bool hub_epoch_current(const struct hub_line *l, uint64_t epoch);

/* store/memory_lease.c: members of the vtable */
bool memory_runner_join(struct store *s, struct str id, struct str vantage,
	bool take_over, uint64_t *ret_epoch, struct err *e);
bool memory_runner_beat(struct store *s, const struct runner_lease *r,
	uint32_t ttl_ms, struct err *e);
bool memory_runner_leave(struct store *s, struct str id, struct err *e);
bool memory_detector_join(struct store *s, struct str id, uint32_t ttl_ms,
	uint64_t *ret_epoch, struct err *e);
bool memory_detector_beat(struct store *s, struct str id, uint64_t epoch,
	uint32_t ttl_ms, bool *ret_kept, struct err *e);
bool memory_detector_leave(struct store *s, struct str id, uint64_t epoch,
	struct err *e);

#endif
