#include "base/map.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/oom.h"

/*
 * Entries lie in the order of insertion; an open-addressed index of entry
 * numbers (from 1; 0: free) finds them.  A removed entry keeps its place with
 * value NULL until the next growth, so that probing goes on past it.
 */
struct entry {
	uint64_t hash;
	struct str key;
	void *value;
};

struct map {
	struct entry *entry;
	uint32_t *index;
	size_t used, cap; /* entries, removed ones included */
	size_t count;     /* living entries */
	size_t mask;      /* size of the index - 1 */
};

enum { CAP_FIRST = 8 };

struct map *map_new(void)
{
	return xcalloc(1, sizeof(struct map));
}

void map_free(struct map *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->used; i++)
		str_disown(&m->entry[i].key);
	free(m->entry);
	free(m->index);
	free(m);
}

static void index_add(struct map *m, size_t number)
{
	size_t at = m->entry[number].hash & m->mask;

	while (m->index[at])
		at = (at + 1) & m->mask;
	m->index[at] = (uint32_t)number + 1;
}

/* Drops what was removed and makes room for more. */
static void grow(struct map *m)
{
	size_t living = 0;

	for (size_t i = 0; i < m->used; i++) {
		if (m->entry[i].value)
			m->entry[living++] = m->entry[i];
		else
			str_disown(&m->entry[i].key);
	}
	m->used = living;
	if (living >= m->cap / 2) {
		m->cap = m->cap ? m->cap * 2 : CAP_FIRST;
		assert(m->cap < UINT32_MAX);
		m->entry = xrealloc(m->entry, m->cap * sizeof(*m->entry));
		free(m->index);
		m->mask = m->cap * 2 - 1;
		m->index = xcalloc(m->mask + 1, sizeof(*m->index));
	} else {
		memset(m->index, 0, (m->mask + 1) * sizeof(*m->index));
	}
	for (size_t i = 0; i < m->used; i++)
		index_add(m, i);
}

static struct entry *find(const struct map *m, struct str key, uint64_t hash)
{
	if (!m->cap)
		return NULL;
	for (size_t at = hash & m->mask; m->index[at];
		at = (at + 1) & m->mask) {
		struct entry *e = &m->entry[m->index[at] - 1];

		if (e->value && e->hash == hash && str_eq(e->key, key))
			return e;
	}
	return NULL;
}

void *map_set(struct map *m, struct str key, void *value)
{
	uint64_t hash = hash64(key);
	struct entry *e = find(m, key, hash);

	assert(value);
	if (e) {
		void *before = e->value;

		e->value = value;
		return before;
	}
	if (m->used == m->cap)
		grow(m);
	m->entry[m->used] = (struct entry){ hash, str_own(key), value };
	index_add(m, m->used++);
	m->count++;
	return NULL;
}

void *map_get(const struct map *m, struct str key)
{
	const struct entry *e = find(m, key, hash64(key));

	return e ? e->value : NULL;
}

void *map_remove(struct map *m, struct str key)
{
	struct entry *e = find(m, key, hash64(key));
	void *value;

	if (!e)
		return NULL;
	value = e->value;
	e->value = NULL;
	m->count--;
	return value;
}

size_t map_count(const struct map *m)
{
	return m->count;
}

bool map_each(const struct map *m, size_t *at, struct str *ret_key,
	void **ret_value)
{
	for (; *at < m->used; ++*at) {
		const struct entry *e = &m->entry[*at];

		if (!e->value)
			continue;
		++*at;
		*ret_key = e->key;
		*ret_value = e->value;
		return true;
	}
	return false;
}
