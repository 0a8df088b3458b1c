#ifndef STORE_MEMORY_HUB_H
#define STORE_MEMORY_HUB_H

#include <pthread.h>

#include "base/map.h"
#include "store/impl.h"

/*
 * What stores in memory share, for memory_store.c alone: texts and streams of
 * each line.  These functions are called with the hub's lock held.
 */
struct text {
	size_t len;
	char bytes[];
};

struct stream {
	struct stream_id last;
	struct stream_entry {
		struct stream_id id;
		struct text *packed;
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
	struct map *streams; /* "env/region" -> struct stream */
	struct str detector; /* who holds the lease, owned */
	int64_t detector_until_us;
	struct stream audit;
};

struct store_hub {
	pthread_mutex_t lock;
	const struct clock *clock;
	struct hub_line *line;
	bool down;
};

struct str hub_text_str(const struct text *t);
void hub_text_set(struct map *m, struct str key, struct str value);
struct str hub_two_words(struct arena *a, const char *kind, struct str key);
void hub_stream_add(struct stream *s, uint64_t ms, struct str packed);
void hub_stream_drop(struct stream *s, size_t n);
size_t hub_stream_after(const struct stream *s, struct stream_id id);
struct str hub_str_own(struct str s);
struct hub_line *hub_line(struct store_hub *h, struct str name);

#endif
