#include <criterion/criterion.h>

#include "tests/support/scenario.h"

/* A small part of tests/bench/loop.c, with fixed seeds. */
static unsigned halts(struct plan p, const char *name, unsigned n, bool deaf,
	double *ret_median)
{
	const struct scenario *x = scenario_find(name);
	struct simulation *s;
	double delay[64];
	unsigned k = 0;

	p.deaf = deaf;
	s = simulation_new(&p);
	for (unsigned i = 0; i < n; i++) {
		double at = simulate(s, x, i + 7).halted_s;
		unsigned to = k;

		if (at < 0)
			continue;
		for (; to > 0 && delay[to - 1] > at; to--)
			delay[to] = delay[to - 1];
		delay[to] = at;
		k++;
	}
	simulation_free(s);
	*ret_median = k > n / 2 ? delay[n / 2] : 1e9;
	return k;
}

static const struct plan few = { "5 checks every 30 s", 5, 5, 3600, 3600,
	.times = 6 };

Test(loop, what_one_check_shows_is_found_sooner_over_many_seeds)
{
	static const char *const bad[] = { "a_one_down", "a_check20",
		"a_role4of20" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		double plain_s;
		double loop_s;

		halts(few, bad[i], 31, true, &plain_s);
		halts(few, bad[i], 31, false, &loop_s);
		cr_expect_lt(loop_s, .9 * plain_s, "%s: %g s, plain %g s",
			bad[i], loop_s, plain_s);
	}
}

Test(loop, healthy_versions_are_stopped_no_more_often)
{
	static const char *const null[] = { "n_bg5", "n_flaps", "n_blips4",
		"n_outage_off", "n_chronic_check" };
	unsigned plain = 0;
	unsigned loop = 0;
	double ignored;

	for (size_t i = 0; i < sizeof(null) / sizeof(null[0]); i++) {
		plain += halts(few, null[i], 60, true, &ignored);
		loop += halts(few, null[i], 60, false, &ignored);
	}
	cr_expect_leq(loop, plain + 3, "%u, plain %u of 300", loop, plain);
}
