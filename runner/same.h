#ifndef RUNNER_SAME_H
#define RUNNER_SAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "suites/same.h"

/*
 * What `sameAs` compares with: the value that the last run of a check gave at
 * one place, for each check, region and place.  One table for a whole runner;
 * any thread may call.
 *
 * Bounded: a full table forgets what was put in longest ago, and whoever
 * wanted it has nothing to compare with.  Nothing is written to disk: after a
 * restart every check begins anew.
 */
struct same_table;

enum {
	SAME_ENTRIES_MAX = 100000,
	SAME_BYTES_MAX = 64 * 1024 * 1024, /* keys and texts */
	SAME_KEY_MAX = 64 * 1024           /* longer: never kept */
};

struct same_table *same_table_new(void);
void same_table_free(struct same_table *t); /* NULL is fine */

/* Replaces what is there.  `v` NULL: the run came to its end without one. */
void same_table_put(struct same_table *t, struct str key,
	const struct same_value *v, uint64_t now_ns);

enum same_state { SAME_KNOWN, SAME_UNKNOWN, SAME_NONE /* put as NULL */ };

/* KNOWN: *ret, its text in `a`.  KNOWN and NONE: *ret_at_ns. */
enum same_state same_table_get(struct same_table *t, struct str key,
	struct arena *a, struct same_value *ret, uint64_t *ret_at_ns);
size_t same_table_count(struct same_table *t);

#endif
