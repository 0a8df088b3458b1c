#include "base/map.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct str name(int i, char out[16])
{
	return (struct str){ out, (size_t)snprintf(out, 16, "key%d", i) };
}

Test(map, keeps_the_order_of_insertion)
{
	struct map *m = map_new();
	static int values[1000];
	char z[16], want[16];
	struct str key;
	void *value;
	size_t at = 0;
	int i;

	for (i = 0; i < 1000; i++)
		cr_assert_null(map_set(m, name(i, z), &values[i]));
	for (i = 0; i < 1000; i += 3)
		cr_assert_eq(map_remove(m, name(i, z)), &values[i]);
	cr_assert_null(map_remove(m, name(0, z)));
	cr_assert_null(map_get(m, name(0, z)));
	cr_assert_eq(map_count(m), 666);
	cr_assert_eq(map_set(m, name(1, z), &values[0]), &values[1]);
	cr_assert_null(map_set(m, name(0, z), &values[0]), "back, at the end");
	for (i = 1; map_each(m, &at, &key, &value); i += 1 + (i % 3 == 2)) {
		if (i > 999)
			i = 0;
		cr_assert(str_eq(key, name(i, want)), "%.*s, not %s",
			STR_ARG(key), want);
		if (i == 0)
			break;
	}
	cr_assert_not(map_each(m, &at, &key, &value));
	cr_assert_eq(map_count(m), 667);
	map_free(m);
	map_free(NULL);
}

Test(map, survives_endless_coming_and_going)
{
	struct map *m = map_new();
	int value;
	char z[16];

	for (int i = 0; i < 100000; i++) {
		map_set(m, name(i, z), &value);
		if (i >= 5)
			cr_assert_eq(map_remove(m, name(i - 5, z)), &value);
	}
	cr_assert_eq(map_count(m), 5);
	map_free(m);
}

Test(map, keys_are_bytes_and_copied)
{
	struct map *m = map_new();
	char key[] = "a\0b";
	int value, empty;

	map_set(m, (struct str){ key, 3 }, &value);
	map_set(m, STR(""), &empty);
	key[2] = 'c';
	cr_assert_null(map_get(m, (struct str){ key, 3 }));
	cr_assert_null(map_get(m, STR("a")));
	cr_assert_eq(map_get(m, (struct str){ "a\0b", 3 }), &value);
	cr_assert_eq(map_get(m, STR_NONE), &empty);
	map_free(m);
}
