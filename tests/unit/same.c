/* What sameAs compares with: the last value of each place, within bounds. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "runner/same.h"

static struct same_table *table;
static struct arena *arena;

static void setup(void)
{
	table = same_table_new();
	arena = arena_new();
}

static void teardown(void)
{
	same_table_free(table);
	arena_free(arena);
}

TestSuite(same, .init = setup, .fini = teardown);

static void put(const char *key, const char *digest, uint64_t at_ns)
{
	struct same_value v = { .shown = str_from(digest) };

	snprintf(v.digest, sizeof(v.digest), "%s", digest);
	same_table_put(table, str_from(key), &v, at_ns);
}

static enum same_state get(const char *key, struct same_value *ret,
	uint64_t *ret_at_ns)
{
	return same_table_get(table, str_from(key), arena, ret, ret_at_ns);
}

Test(same, the_last_value_of_a_place_is_kept)
{
	struct same_value v;
	uint64_t at = 0;

	cr_assert_eq(get("a", &v, &at), SAME_UNKNOWN);
	put("a", "one", 1);
	put("b", "other", 2);
	put("a", "two", 3);
	cr_assert_eq(get("a", &v, &at), SAME_KNOWN);
	cr_assert_str_eq(v.digest, "two");
	cr_assert(str_eq(v.shown, STR("two")));
	cr_assert_eq(at, 3);
	cr_assert_eq(same_table_count(table), 2);
}

Test(same, a_run_without_a_value_takes_the_one_before_away)
{
	struct same_value v;
	uint64_t at = 0;

	put("a", "one", 1);
	same_table_put(table, STR("a"), NULL, 2);
	cr_assert_eq(get("a", &v, &at), SAME_NONE);
	cr_assert_eq(at, 2);
	put("a", "three", 3);
	cr_assert_eq(get("a", &v, &at), SAME_KNOWN);
}

Test(same, a_full_table_forgets_the_oldest)
{
	struct same_value v;
	uint64_t at;
	char key[32];

	put("first", "x", 1);
	put("second", "x", 1);
	put("first", "y", 2);
	for (unsigned i = 2; i < SAME_ENTRIES_MAX + 1; i++) {
		snprintf(key, sizeof(key), "%u", i);
		put(key, "x", 3);
	}
	cr_assert_eq(same_table_count(table), SAME_ENTRIES_MAX);
	cr_assert_eq(get("second", &v, &at), SAME_UNKNOWN);
	cr_assert_eq(get("first", &v, &at), SAME_KNOWN);
	put("more", "x", 4);
	cr_assert_eq(get("first", &v, &at), SAME_UNKNOWN);
}

Test(same, bytes_are_bounded_too)
{
	enum { KEY = SAME_KEY_MAX, KEYS = SAME_BYTES_MAX / KEY };
	char *key = xcalloc(1, KEY + 2);
	struct same_value v = { .digest = "x", .shown = STR("x") };

	memset(key, 'k', KEY + 1);
	same_table_put(table, (struct str){ key, KEY + 1 }, &v, 1);
	cr_assert_eq(same_table_count(table), 0, "too long a key");
	for (unsigned i = 0; i < KEYS; i++) {
		memcpy(key, &i, sizeof(i));
		same_table_put(table, (struct str){ key, KEY }, &v, 1);
	}
	cr_assert_lt(same_table_count(table), SAME_BYTES_MAX / KEY);
	cr_assert_gt(same_table_count(table), SAME_BYTES_MAX / KEY / 4);
	free(key);
}

static void *worker(void *owner)
{
	const char *mine = owner;
	struct arena *a = arena_new();
	struct same_value v = { .shown = str_from(mine) };
	uint64_t at;

	memset(v.digest, mine[0], 64);
	for (unsigned i = 0; i < 2000; i++) {
		struct same_value got;

		same_table_put(table, STR("shared"), &v, i);
		if (same_table_get(table, STR("shared"), a, &got, &at) !=
				SAME_KNOWN ||
			got.digest[0] != got.digest[63] ||
			got.shown.ptr[0] != got.digest[0])
			return owner;
	}
	arena_free(a);
	return NULL;
}

Test(same, threads_see_whole_values)
{
	pthread_t a;
	pthread_t b;
	void *bad_a;
	void *bad_b;

	cr_assert_eq(pthread_create(&a, NULL, worker, (void *)"a"), 0);
	cr_assert_eq(pthread_create(&b, NULL, worker, (void *)"b"), 0);
	pthread_join(a, &bad_a);
	pthread_join(b, &bad_b);
	cr_assert_null(bad_a);
	cr_assert_null(bad_b);
}
