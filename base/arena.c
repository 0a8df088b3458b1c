#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"

enum { BLOCK_FIRST = 4096, BLOCK_MOST = 256 * 1024 };

struct block {
	struct block *older;
	size_t used, cap;
	alignas(max_align_t) char bytes[];
};

struct deferred {
	struct deferred *older;
	void (*done)(void *thing);
	void *thing;
};

struct arena {
	struct block *newest; /* never NULL; the oldest is the first block */
	struct block *large;  /* one piece each */
	struct deferred *deferred;
	size_t handed_out;
};

static struct block *block_new(size_t cap, struct block *older)
{
	struct block *b;

	if (cap > SIZE_MAX - sizeof(*b))
		oom_die(cap);
	b = xcalloc(1, sizeof(*b) + cap);
	b->older = older;
	b->cap = cap;
	return b;
}

struct arena *arena_new(void)
{
	struct arena *a = xcalloc(1, sizeof(*a));

	a->newest = block_new(BLOCK_FIRST, NULL);
	return a;
}

static void block_drop(struct block **list)
{
	struct block *b = *list;

	*list = b->older;
	free(b);
}

static void run_deferred(struct arena *a)
{
	while (a->deferred) {
		struct deferred *d = a->deferred;

		a->deferred = d->older;
		d->done(d->thing);
	}
}

void arena_reset(struct arena *a)
{
	run_deferred(a);
	while (a->newest->older)
		block_drop(&a->newest);
	while (a->large)
		block_drop(&a->large);
	/* memory that is handed out is always zero */
	memset(a->newest->bytes, 0, a->newest->used);
	a->newest->used = 0;
	a->handed_out = 0;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	arena_reset(a);
	free(a->newest);
	free(a);
}

size_t arena_bytes(const struct arena *a)
{
	return a->handed_out;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	const size_t align = alignof(max_align_t);
	struct block *b = a->newest;
	size_t need;
	void *p;

	if (bytes > SIZE_MAX - align)
		oom_die(bytes);
	/* nothing takes one unit too, so that no two pointers are equal */
	need = bytes ? (bytes + align - 1) / align * align : align;
	if (need > b->cap - b->used) {
		size_t cap = b->cap < BLOCK_MOST ? b->cap * 2 : BLOCK_MOST;

		if (need > cap / 4) {
			/* the block in use goes on being filled */
			a->large = block_new(need, a->large);
			a->handed_out += need;
			return a->large->bytes;
		}
		a->newest = b = block_new(cap, b);
	}
	p = b->bytes + b->used;
	b->used += need;
	a->handed_out += need;
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t bytes)
{
	size_t all;

	if (__builtin_mul_overflow(n, bytes, &all))
		oom_die(SIZE_MAX);
	return arena_alloc(a, all);
}

struct str arena_str(struct arena *a, struct str s)
{
	char *p;

	if (!s.ptr)
		return STR_NONE;
	p = arena_alloc(a, s.len + 1);
	memcpy(p, s.ptr, s.len);
	return (struct str){ p, s.len };
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	struct str s;
	va_list ap;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	size_t len;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	len = n > 0 ? (size_t)n : 0;
	p = arena_alloc(a, len + 1);
	if (len)
		vsnprintf(p, len + 1, fmt, ap);
	return (struct str){ p, len };
}

void arena_defer(struct arena *a, void (*done)(void *thing), void *thing)
{
	struct deferred *d = ARENA_NEW(a, struct deferred);

	d->older = a->deferred;
	d->done = done;
	d->thing = thing;
	a->deferred = d;
}
