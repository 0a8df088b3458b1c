#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A binary min-heap of (key, owner) with the key inline; equal keys come out
 * in the order in which they went in.  An owner may learn its slot through
 * `slot`, which the heap keeps up to date (from 1; 0: not in the heap).  Owners
 * are borrowed and never NULL.  One thread.
 */
struct heap_item {
	uint64_t key, order;
	void *owner;
	uint32_t *slot; /* may be NULL */
};

struct heap {
	struct heap_item *item;
	size_t count, cap;
	uint64_t order;
};

void heap_init(struct heap *h);
void heap_done(struct heap *h);
void heap_add(struct heap *h, uint64_t key, void *owner, uint32_t *slot);
bool heap_peek(const struct heap *h, uint64_t *ret_key, void **ret_owner);
void *heap_pop(struct heap *h); /* NULL: empty */
void heap_remove(struct heap *h, uint32_t slot);

#endif
