#include "base/clock.h"

#include <criterion/criterion.h>

Test(clock, a_virtual_clock_moves_only_when_told)
{
	struct clock_virtual v;
	uint64_t start;

	clock_virtual_init(&v, 1000000);
	start = clock_mono_ns(&v.base);
	cr_assert_neq(start, 0);
	cr_assert_eq(clock_mono_ns(&v.base), start);
	for (int i = 0; i < 2000; i++)
		clock_virtual_advance(&v, 500);
	cr_assert_eq(clock_mono_ns(&v.base) - start, 1000000);
	cr_assert_eq(clock_wall_us(&v.base), 1001000,
		"half microseconds are not lost");
}

Test(clock, the_system_clock_is_after_2020_and_never_goes_back)
{
	uint64_t a = clock_mono_ns(&clock_system);

	cr_assert_geq(clock_mono_ns(&clock_system), a);
	cr_assert_gt(clock_wall_us(&clock_system), 1577836800000000);
}
