/*
 * Tests of every ending, for tests/e2e/forked.sh: most of them must fail.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/oom.h"

static unsigned opened;
static void *volatile lost;

static void setup(void)
{
	opened++;
}

static void teardown(void)
{
	printf("teardown %u\n", opened);
}

TestSuite(samples, .init = setup, .fini = teardown, .timeout = 60);

Test(samples, holds)
{
	cr_assert_eq(opened, 1, "each has a process of its own");
}

Test(samples, holds_again)
{
	cr_assert_eq(opened, 1);
}

Test(samples, is_cut_short)
{
	cr_assert(false, "cut here");
	_exit(0);
}

Test(samples, goes_on)
{
	cr_expect_str_eq("abc", "abd");
	puts("gone on");
}

Test(samples, says_nothing)
{
}

Test(samples, leaks)
{
	cr_assert(true);
	for (int i = 0; i < 10; i++)
		lost = xmalloc(100);
	lost = NULL;
}

Test(samples, ends_half_way)
{
	cr_assert(true);
	exit(0);
}

Test(samples, dies)
{
	cr_assert(true);
	raise(SIGKILL);
}

Test(samples, hangs, .timeout = .2)
{
	cr_assert(true);
	for (;;)
		pause();
}

Test(samples, exits_as_it_must, .exit_code = 4)
{
	exit(4);
}

Test(samples, exits_otherwise, .exit_code = 4)
{
	exit(5);
}

Test(samples, does_not_exit, .exit_code = 4)
{
	cr_assert(true);
}

Test(samples, dies_as_it_must, .signal = SIGTERM)
{
	raise(SIGTERM);
}

Test(samples, does_not_die, .signal = SIGTERM)
{
	cr_assert(true);
}

Test(samples, writes_past_the_end)
{
	char *p = xmalloc(8);
	char *volatile end = p + 8;

	cr_assert(true);
	*end = 1;
	free(p);
}

Test(samples, skips_itself)
{
	cr_skip_test("nothing to look at");
}

Test(samples, is_off, .disabled = true)
{
	cr_assert(false);
}
