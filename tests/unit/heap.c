#include "base/heap.h"

#include <criterion/criterion.h>

struct thing {
	uint64_t key, order;
	uint32_t slot;
	bool in;
};

enum { THINGS = 200 };

static struct thing things[THINGS];

/* The plain way: look at all of them. */
static struct thing *model_first(void)
{
	struct thing *best = NULL;

	for (int i = 0; i < THINGS; i++) {
		struct thing *t = &things[i];

		if (t->in && (!best || t->key < best->key ||
				     (t->key == best->key &&
					     t->order < best->order)))
			best = t;
	}
	return best;
}

static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

Test(heap, gives_what_a_plain_search_gives)
{
	struct heap h;
	uint32_t seed = 4711;
	uint64_t order = 0, key;
	void *owner;

	heap_init(&h);
	for (int step = 0; step < 20000; step++) {
		struct thing *t = &things[next(&seed) % THINGS];

		if (!t->in) {
			t->key = next(&seed) % 50;
			t->order = order++;
			t->in = true;
			heap_add(&h, t->key, t, &t->slot);
		} else if (next(&seed) % 2) {
			heap_remove(&h, t->slot);
			t->in = false;
			cr_assert_eq(t->slot, 0);
		} else {
			struct thing *first = model_first();

			cr_assert(heap_peek(&h, &key, &owner));
			cr_assert_eq(key, first->key);
			cr_assert_eq(owner, first);
			cr_assert_eq(heap_pop(&h), first);
			first->in = false;
			cr_assert_eq(first->slot, 0);
		}
		for (int i = 0; i < THINGS; i++) {
			cr_assert_eq(things[i].in, things[i].slot != 0);
			if (things[i].in)
				cr_assert_eq(h.item[things[i].slot - 1].owner,
					&things[i]);
		}
	}
	heap_done(&h);
	for (int i = 0; i < THINGS; i++)
		cr_assert_eq(things[i].slot, 0, "done tells the owners");
}

Test(heap, equal_keys_come_out_as_they_went_in)
{
	struct heap h;
	char who[100];

	heap_init(&h);
	for (int i = 0; i < 100; i++)
		heap_add(&h, 7, &who[i], NULL);
	for (int i = 0; i < 100; i++)
		cr_assert_eq(heap_pop(&h), &who[i]);
	cr_assert_null(heap_pop(&h));
	heap_done(&h);
}
