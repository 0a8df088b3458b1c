#include "base/heap.h"

#include <assert.h>
#include <stdlib.h>

#include "base/oom.h"

enum { CAP_FIRST = 16 };

void heap_init(struct heap *h)
{
	*h = (struct heap){ 0 };
}

void heap_done(struct heap *h)
{
	for (size_t i = 0; i < h->count; i++) {
		if (h->item[i].slot)
			*h->item[i].slot = 0;
	}
	free(h->item);
	heap_init(h);
}

static bool before(const struct heap_item *a, const struct heap_item *b)
{
	return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void put(struct heap *h, size_t at, struct heap_item item)
{
	h->item[at] = item;
	if (item.slot)
		*item.slot = (uint32_t)at + 1;
}

static void rise(struct heap *h, size_t at, struct heap_item item)
{
	while (at && before(&item, &h->item[(at - 1) / 2])) {
		put(h, at, h->item[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(h, at, item);
}

static void sink(struct heap *h, size_t at, struct heap_item item)
{
	size_t child;

	while ((child = 2 * at + 1) < h->count) {
		if (child + 1 < h->count &&
			before(&h->item[child + 1], &h->item[child]))
			child++;
		if (!before(&h->item[child], &item))
			break;
		put(h, at, h->item[child]);
		at = child;
	}
	put(h, at, item);
}

void heap_add(struct heap *h, uint64_t key, void *owner, uint32_t *slot)
{
	struct heap_item item = { .key = key, .owner = owner };

	assert(owner && h->count < UINT32_MAX);
	item.order = h->order++;
	item.slot = slot;
	if (h->count == h->cap) {
		h->cap = h->cap ? h->cap * 2 : CAP_FIRST;
		h->item = xrealloc(h->item, h->cap * sizeof(*h->item));
	}
	rise(h, h->count++, item);
}

bool heap_peek(const struct heap *h, uint64_t *ret_key, void **ret_owner)
{
	if (!h->count)
		return false;
	*ret_key = h->item[0].key;
	*ret_owner = h->item[0].owner;
	return true;
}

void *heap_pop(struct heap *h)
{
	void *owner;

	if (!h->count)
		return NULL;
	owner = h->item[0].owner;
	heap_remove(h, 1);
	return owner;
}

void heap_remove(struct heap *h, uint32_t slot)
{
	size_t at = (size_t)slot - 1;
	struct heap_item last;

	assert(slot && at < h->count);
	if (h->item[at].slot)
		*h->item[at].slot = 0;
	last = h->item[--h->count];
	if (at == h->count)
		return;
	if (at && before(&last, &h->item[(at - 1) / 2]))
		rise(h, at, last);
	else
		sink(h, at, last);
}
