#include "store/memory_hub.h"

#include <stdlib.h>
#include <string.h>

#include "base/oom.h"

/* ---- texts ---- */

static struct hub_text *text_new(struct str s)
{
	struct hub_text *t = xmalloc(sizeof(*t) + s.len + 1);

	t->len = s.len;
	if (s.len)
		memcpy(t->bytes, s.ptr, s.len);
	t->bytes[s.len] = '\0';
	return t;
}

struct str hub_text_str(const struct hub_text *t)
{
	return (struct str){ t->bytes, t->len };
}

void hub_text_set(struct map *m, struct str key, struct str value)
{
	if (value.ptr)
		free(map_set(m, key, text_new(value)));
	else
		free(map_remove(m, key));
}

static void texts_free(struct map *m)
{
	struct str key;
	void *value;

	for (size_t at = 0; map_each(m, &at, &key, &value);)
		free(value);
	map_free(m);
}

struct str hub_key(struct arena *a, const char *kind, struct str key)
{
	return arena_printf(a, "%s %.*s", kind, STR_ARG(key));
}

/* ---- streams ---- */

void hub_stream_add(struct hub_stream *s, uint64_t ms, struct str packed)
{
	if (s->count == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->entry = xrealloc(s->entry, s->cap * sizeof(*s->entry));
	}
	/* as XADD: ids never go back, whatever the clock does */
	if (ms > s->last.ms)
		s->last = (struct stream_id){ ms, 0 };
	else
		s->last.seq++;
	s->entry[s->count++] =
		(struct stream_entry){ s->last, text_new(packed) };
}

void hub_stream_drop(struct hub_stream *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(s->entry[i].packed);
	if (n)
		memmove(s->entry, s->entry + n,
			(s->count - n) * sizeof(*s->entry));
	s->count -= n;
}

size_t hub_stream_after(const struct hub_stream *s, struct stream_id id)
{
	size_t low = 0;
	size_t high = s->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (stream_id_cmp(s->entry[mid].id, id) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void stream_done(struct hub_stream *s)
{
	hub_stream_drop(s, s->count);
	free(s->entry);
	memset(s, 0, sizeof(*s));
}

/* ---- hub ---- */

static void line_init(struct hub_line *l)
{
	l->records = map_new();
	l->fenced = map_new();
	l->epochs = map_new();
	l->runners = map_new();
	l->streams = map_new();
}

static void line_done(struct hub_line *l)
{
	struct str key;
	void *value;

	texts_free(l->records);
	texts_free(l->fenced);
	texts_free(l->epochs);
	texts_free(l->runners);
	for (size_t at = 0; map_each(l->streams, &at, &key, &value);) {
		stream_done(value);
		free(value);
	}
	map_free(l->streams);
	stream_done(&l->audit);
	str_disown(&l->detector);
	l->detector_until_us = 0;
	l->rev = 0;
	l->events = 0;
}

struct store_hub *store_hub_new(const struct clock *c)
{
	struct store_hub *h = xcalloc(1, sizeof(*h));

	pthread_mutex_init(&h->lock, NULL);
	h->clock = c;
	return h;
}

void store_hub_free(struct store_hub *h)
{
	struct hub_line *next;

	if (!h)
		return;
	for (struct hub_line *l = h->line; l; l = next) {
		next = l->next;
		line_done(l);
		str_disown(&l->name);
		free(l);
	}
	pthread_mutex_destroy(&h->lock);
	free(h);
}

void store_hub_down(struct store_hub *h, bool down)
{
	pthread_mutex_lock(&h->lock);
	h->down = down;
	pthread_mutex_unlock(&h->lock);
}

void store_hub_flush(struct store_hub *h)
{
	pthread_mutex_lock(&h->lock);
	for (struct hub_line *l = h->line; l; l = l->next) {
		line_done(l);
		line_init(l);
	}
	pthread_mutex_unlock(&h->lock);
}

struct hub_line *hub_line_get(struct store_hub *h, struct str name)
{
	struct hub_line *l;

	for (l = h->line; l; l = l->next) {
		if (str_eq(l->name, name))
			return l;
	}
	l = xcalloc(1, sizeof(*l));
	l->name = str_own(name);
	line_init(l);
	l->next = h->line;
	h->line = l;
	return l;
}

struct memory_store *memory_of(struct store *s)
{
	return (struct memory_store *)s;
}

bool memory_enter(struct store *s, struct err *e)
{
	struct store_hub *h = memory_of(s)->hub;

	pthread_mutex_lock(&h->lock);
	if (!h->down)
		return true;
	pthread_mutex_unlock(&h->lock);
	return err_set(e, ERR_STORE, "the store in memory is down");
}

bool memory_leave(struct store *s)
{
	pthread_mutex_unlock(&memory_of(s)->hub->lock);
	return true;
}

int64_t memory_now_us(struct store *s)
{
	return clock_wall_us(memory_of(s)->hub->clock);
}

/* ---- epochs and fences ---- */

uint64_t hub_epoch(const struct hub_line *l, struct str key)
{
	const struct hub_text *t = map_get(l->epochs, key);
	uint64_t epoch = 0;

	if (t)
		str_to_u64(hub_text_str(t), &epoch);
	return epoch;
}

uint64_t hub_epoch_next(struct store *s, struct arena *a, struct str key)
{
	struct hub_line *l = memory_of(s)->line;
	uint64_t epoch = hub_epoch(l, key) + 1;
	int64_t now = memory_now_us(s);

	if (now > 0 && epoch < (uint64_t)now / 1000000)
		epoch = (uint64_t)now / 1000000;
	hub_text_set(l->epochs, key,
		arena_printf(a, "%llu", (unsigned long long)epoch));
	return epoch;
}

bool hub_epoch_current(const struct hub_line *l, uint64_t epoch)
{
	return epoch != 0 && hub_epoch(l, STR("detector")) == epoch;
}
