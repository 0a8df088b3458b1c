#include "store/memory_hub.h"

#include <stdlib.h>
#include <string.h>

#include "base/oom.h"

/* ---- texts ---- */

static struct text *text_new(struct str s)
{
	struct text *t = xmalloc(sizeof(*t) + s.len + 1);

	t->len = s.len;
	if (s.len)
		memcpy(t->bytes, s.ptr, s.len);
	t->bytes[s.len] = '\0';
	return t;
}

struct str hub_text_str(const struct text *t)
{
	return (struct str){ t->bytes, t->len };
}

/* `value` STR_NONE: remove. */
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

struct str hub_two_words(struct arena *a, const char *kind, struct str key)
{
	return arena_printf(a, "%s %.*s", kind, STR_ARG(key));
}

/* ---- streams ---- */

void hub_stream_add(struct stream *s, uint64_t ms, struct str packed)
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

void hub_stream_drop(struct stream *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(s->entry[i].packed);
	if (n)
		memmove(s->entry, s->entry + n,
			(s->count - n) * sizeof(*s->entry));
	s->count -= n;
}

/* Index of the first entry after `id`. */
size_t hub_stream_after(const struct stream *s, struct stream_id id)
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

static void stream_done(struct stream *s)
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
	free((char *)l->detector.ptr);
	l->detector = STR_NONE;
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
		free((char *)l->name.ptr);
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

struct str hub_str_own(struct str s)
{
	char *copy = xmalloc(s.len + 1);

	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return (struct str){ copy, s.len };
}

struct hub_line *hub_line(struct store_hub *h, struct str name)
{
	struct hub_line *l;

	for (l = h->line; l; l = l->next) {
		if (str_eq(l->name, name))
			return l;
	}
	l = xcalloc(1, sizeof(*l));
	l->name = hub_str_own(name);
	line_init(l);
	l->next = h->line;
	h->line = l;
	return l;
}
