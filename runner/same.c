#include "runner/same.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/oom.h"

struct entry {
	struct entry *older, *newer;
	uint64_t at_ns;
	size_t bytes;
	bool has_value;
	char digest[65];
	size_t nkey, nshown;
	char text[]; /* the key, then what is shown */
};

struct same_table {
	pthread_mutex_t lock;
	struct map *by_key;
	struct entry *oldest, *newest;
	size_t bytes;
};

struct same_table *same_table_new(void)
{
	struct same_table *t = xcalloc(1, sizeof(*t));

	pthread_mutex_init(&t->lock, NULL);
	t->by_key = map_new();
	return t;
}

static struct str key_of(const struct entry *e)
{
	return (struct str){ e->text, e->nkey };
}

static void drop(struct same_table *t, struct entry *e)
{
	if (t->oldest == e)
		t->oldest = e->newer;
	else
		e->older->newer = e->newer;
	if (t->newest == e)
		t->newest = e->older;
	else
		e->newer->older = e->older;
	t->bytes -= e->bytes;
	map_remove(t->by_key, key_of(e));
	free(e);
}

void same_table_free(struct same_table *t)
{
	if (!t)
		return;
	while (t->oldest)
		drop(t, t->oldest);
	map_free(t->by_key);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct entry *entry_new(struct str key, const struct same_value *v,
	uint64_t now_ns)
{
	size_t nshown = v ? v->shown.len : 0;
	struct entry *e = xcalloc(1, sizeof(*e) + key.len + nshown);

	e->at_ns = now_ns;
	e->nkey = key.len;
	e->nshown = nshown;
	/* the map has a copy of the key */
	e->bytes = sizeof(*e) + 2 * key.len + nshown;
	memcpy(e->text, key.ptr, key.len);
	if (!v)
		return e;
	e->has_value = true;
	memcpy(e->digest, v->digest, sizeof(e->digest));
	if (nshown)
		memcpy(e->text + key.len, v->shown.ptr, nshown);
	return e;
}

void same_table_put(struct same_table *t, struct str key,
	const struct same_value *v, uint64_t now_ns)
{
	struct entry *e;

	if (key.len > SAME_KEY_MAX)
		return;
	e = entry_new(key, v, now_ns);
	pthread_mutex_lock(&t->lock);
	struct entry *before = map_get(t->by_key, key);
	if (before)
		drop(t, before);
	while (t->oldest && (map_count(t->by_key) >= SAME_ENTRIES_MAX ||
				    t->bytes + e->bytes > SAME_BYTES_MAX))
		drop(t, t->oldest);
	map_set(t->by_key, key, e);
	e->older = t->newest;
	if (t->newest)
		t->newest->newer = e;
	else
		t->oldest = e;
	t->newest = e;
	t->bytes += e->bytes;
	pthread_mutex_unlock(&t->lock);
}

enum same_state same_table_get(struct same_table *t, struct str key,
	struct arena *a, struct same_value *ret, uint64_t *ret_at_ns)
{
	enum same_state is = SAME_UNKNOWN;
	const struct entry *e;

	pthread_mutex_lock(&t->lock);
	e = map_get(t->by_key, key);
	if (e) {
		is = e->has_value ? SAME_KNOWN : SAME_NONE;
		*ret_at_ns = e->at_ns;
	}
	if (is == SAME_KNOWN) {
		memcpy(ret->digest, e->digest, sizeof(e->digest));
		ret->shown = arena_str(a,
			(struct str){ e->text + e->nkey, e->nshown });
	}
	pthread_mutex_unlock(&t->lock);
	return is;
}

size_t same_table_count(struct same_table *t)
{
	size_t n;

	pthread_mutex_lock(&t->lock);
	n = map_count(t->by_key);
	pthread_mutex_unlock(&t->lock);
	return n;
}
