#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * A hash map from text to pointers; keeps the order of insertion, so that
 * what is printed from it is stable.  Keys are copied; values are borrowed.
 * One thread at a time, or any number of readers.
 */
struct map;

struct map *map_new(void);
void map_free(struct map *m);
/* The value before, or NULL. value must not be NULL. */
void *map_set(struct map *m, struct str key, void *value);
void *map_get(const struct map *m, struct str key);
void *map_remove(struct map *m, struct str key);
size_t map_count(const struct map *m);
/*
 * In order of insertion; *at starts at 0.  False at the end.  What was
 * returned may be removed on the way; nothing may be added.
 */
bool map_each(const struct map *m, size_t *at, struct str *ret_key,
	void **ret_value);

#endif
