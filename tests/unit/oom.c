#include "base/oom.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"

Test(oom, nothing_is_still_a_pointer)
{
	void *p = xmalloc(0);
	void *q = xcalloc(0, 8);
	char *z = xstrdup("text");

	cr_assert_not_null(p);
	cr_assert_not_null(q);
	cr_assert_str_eq(z, "text");
	p = xrealloc(p, 100);
	cr_assert_not_null(p);
	free(p);
	free(q);
	free(z);
}

Test(oom, the_process_ends_with_4, .exit_code = 4)
{
	oom_die(7);
}

Test(oom, a_product_that_overflows_is_out_of_memory, .exit_code = 4)
{
	arena_array(arena_new(), SIZE_MAX / 4, 8);
}

Test(oom, a_size_that_rounding_overflows_too, .exit_code = 4)
{
	arena_alloc(arena_new(), SIZE_MAX - 3);
}

static void sync_spool(void)
{
	_exit(9); /* the proof that it ran */
}

Test(oom, the_spool_is_synced_first, .exit_code = 9)
{
	oom_on_death(sync_spool);
	oom_die(1);
}

static void out_again(void)
{
	oom_die(2);
}

Test(oom, a_hook_that_runs_out_too_does_not_turn_in_circles, .exit_code = 4)
{
	oom_on_death(out_again);
	oom_die(1);
}
