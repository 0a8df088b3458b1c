#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

Test(arena, memory_is_aligned_and_zero_again_after_a_reset)
{
	struct arena *a = arena_new();
	size_t sizes[] = { 0, 1, 17, 1000, 5000, 300000 };

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			char *p = arena_alloc(a, sizes[i]);

			cr_assert_eq((uintptr_t)p % alignof(max_align_t), 0);
			for (size_t j = 0; j < sizes[i]; j++)
				cr_assert_eq(p[j], 0);
			memset(p, 0xaa, sizes[i]);
		}
		cr_assert_geq(arena_bytes(a), 306018);
		arena_reset(a);
		cr_assert_eq(arena_bytes(a), 0);
	}
	arena_free(a);
	arena_free(NULL);
}

Test(arena, pieces_never_overlap)
{
	struct arena *a = arena_new();
	uint32_t *piece[2000];

	for (uint32_t i = 0; i < 2000; i++) {
		piece[i] = ARENA_ARRAY(a, 1 + i % 97, uint32_t);
		for (uint32_t j = 0; j < 1 + i % 97; j++)
			piece[i][j] = i;
	}
	for (uint32_t i = 0; i < 2000; i++) {
		for (uint32_t j = 0; j < 1 + i % 97; j++)
			cr_assert_eq(piece[i][j], i);
	}
	arena_free(a);
}

Test(arena, strings_end_with_a_nul)
{
	struct arena *a = arena_new();

	cr_assert_str_eq(arena_str(a, str_sub(STR("abcdef"), 1, 2)).ptr, "bc");
	cr_assert_null(arena_str(a, STR_NONE).ptr);
	cr_assert_not_null(arena_str(a, STR("")).ptr);
	cr_assert_str_eq(arena_printf(a, "%d-%s", 7, "x").ptr, "7-x");
	cr_assert_eq(arena_printf(a, "%5000d", 7).len, 5000);
	arena_free(a);
}

static int order, first, second;

static void note(void *thing)
{
	*(int *)thing = ++order;
}

Test(arena, deferred_calls_run_last_first_and_once)
{
	struct arena *a = arena_new();

	arena_defer(a, note, &first);
	arena_defer(a, note, &second);
	arena_reset(a);
	cr_assert_eq(second, 1);
	cr_assert_eq(first, 2);
	arena_free(a);
	cr_assert_eq(order, 2);
}
