/* Soak credit is earned by results alone (gate/credit.h). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "gate/credit.h"

static const uint64_t every_ms[] = { 1000, 2000 };
static const uint64_t fresh_ms[] = { 30000, 30000 };

static const struct credit_shape shape = { .nchecks = 2,
	.ncontrols = 1,
	.every_ms = every_ms,
	.fresh_ms = fresh_ms,
	.warmup_ms = 10000,
	.soak_ms = 60000,
	.min_runs = 5,
	.observations = 2 };

static const int64_t done_us = 1770000000000000;

static int64_t at(double s)
{
	return done_us + (int64_t)(s * 1e6);
}

static struct credit *begin(const struct credit_shape *s)
{
	return credit_begin(xcalloc(1, credit_size(s)), s, done_us);
}

static void see(struct credit *c, uint32_t check, uint32_t arm, double s,
	enum credit_version v)
{
	credit_observe(c, &(struct credit_result){ .check = check,
				  .arm = arm,
				  .version = v,
				  .at_us = at(s) });
}

/* All checks in both arms once a second from `from` to `to`. */
static void steady(struct credit *c, double from, double to)
{
	for (double s = from; s < to; s += 1)
		for (uint32_t check = 0; check < 2; check++) {
			see(c, check, 0, s, CREDIT_THIS);
			see(c, check, 1, s, CREDIT_THIS);
		}
}

Test(credit, the_clock_earns_nothing)
{
	struct credit *c = begin(&shape);

	steady(c, 0, 16);
	cr_assert_eq(credit_earned_ms(c), 4000, "bucket 0 of 11 to 15 s");
	/* An hour without runners: one result closes all those buckets. */
	see(c, 0, 0, 3600, CREDIT_THIS);
	cr_assert_leq(credit_earned_ms(c), 8000);
	cr_assert_geq(credit_starved_ms(c), 3500000);
	free(c);
}

Test(credit, verified_when_every_check_saw_the_version_often_enough)
{
	struct credit *c = begin(&shape);

	see(c, 0, 0, 1, CREDIT_THIS);
	see(c, 0, 0, 2, CREDIT_THIS);
	see(c, 1, 0, 3, CREDIT_THIS);
	see(c, 1, 0, 4, CREDIT_UNKNOWN);
	cr_assert_eq(credit_verified_us(c), 0, "an unknown version counts not");
	see(c, 1, 0, 5, CREDIT_THIS);
	cr_assert_eq(credit_verified_us(c), at(5));
	cr_assert_eq(credit_t0_us(c), at(15));
	free(c);
}

Test(credit, a_bucket_without_one_check_or_without_control_earns_nothing)
{
	struct credit *c = begin(&shape);

	steady(c, 0, 11);
	double t0 = (double)(credit_t0_us(c) - done_us) / 1e6;
	uint64_t before;
	steady(c, 11, t0 + 4);
	before = credit_earned_ms(c);
	see(c, 0, 0, t0 + 5, CREDIT_THIS); /* check 1 is missing */
	see(c, 0, 1, t0 + 5, CREDIT_THIS);
	see(c, 0, 0, t0 + 9, CREDIT_THIS); /* no control at all */
	see(c, 1, 0, t0 + 9, CREDIT_THIS);
	see(c, 0, 0, t0 + 13, CREDIT_THIS);
	cr_assert_eq(credit_earned_ms(c), before + 4000, "only bucket 0");
	free(c);
}

Test(credit, another_version_spoils_its_bucket)
{
	struct credit *c = begin(&shape);

	steady(c, 0, 11);
	double t0 = (double)(credit_t0_us(c) - done_us) / 1e6;
	steady(c, 11, t0 + 3);
	see(c, 0, 0, t0 + 3.5, CREDIT_OTHER);
	steady(c, t0 + 4, t0 + 9);
	cr_assert_eq(credit_earned_ms(c), 4000, "bucket 1, not bucket 0");
	free(c);
}

Test(credit, a_bucket_in_which_results_were_lost_earns_nothing)
{
	struct credit *c = begin(&shape);

	steady(c, 0, 11);
	double t0 = (double)(credit_t0_us(c) - done_us) / 1e6;
	steady(c, 11, t0 + 5);
	credit_spoil(c, at(t0 + 4.5), at(t0 + 5));
	steady(c, t0 + 5, t0 + 13);
	cr_assert_eq(credit_earned_ms(c), 8000, "buckets 0 and 2, not 1");
	free(c);
}

/* What is missing may have ended on either side of a border. */
Test(credit, a_loss_across_a_border_takes_back_what_was_earned_before)
{
	struct credit *c = begin(&shape);

	steady(c, 0, 11);
	double t0 = (double)(credit_t0_us(c) - done_us) / 1e6;
	steady(c, 11, t0 + 9);
	cr_assert_eq(credit_earned_ms(c), 8000);
	credit_spoil(c, at(t0 + 7), at(t0 + 9));
	cr_assert_eq(credit_earned_ms(c), 4000);
	credit_spoil(c, at(t0 + 7), at(t0 + 9));
	cr_assert_eq(credit_earned_ms(c), 4000, "once");
	cr_assert_eq(credit_starved_ms(c), 4000);
	steady(c, t0 + 9, t0 + 17);
	cr_assert_eq(credit_earned_ms(c), 8000, "not bucket 2, but 3");
	free(c);
}

Test(credit, enough_wants_soak_and_runs)
{
	struct credit_shape slow = shape;
	slow.min_runs = 1000;
	struct credit *c = begin(&shape);
	struct credit *d = begin(&slow);

	steady(c, 0, 90);
	steady(d, 0, 90);
	cr_assert(credit_enough(c));
	cr_assert_not(credit_enough(d));
	cr_assert_gt(credit_runs_left(d), 0);
	free(c);
	free(d);
}

Test(credit, a_soak_of_nothing_is_never_enough)
{
	struct credit_shape none = shape;
	none.soak_ms = 0;
	none.min_runs = 0;
	struct credit *c = begin(&none);

	cr_assert_not(credit_enough(c));
	see(c, 0, 0, 1, CREDIT_THIS);
	cr_assert_not(credit_enough(c));
	free(c);
}

Test(credit, starving_names_the_check_and_the_arm)
{
	struct credit *c = begin(&shape);
	uint32_t check, arm;
	int64_t newest_us;

	cr_assert_not(credit_starving(c, at(29), &check, &arm, &newest_us));
	cr_assert(credit_starving(c, at(31), &check, &arm, &newest_us));
	cr_assert_eq(newest_us, 0);
	steady(c, 31, 40);
	see(c, 0, 0, 75, CREDIT_THIS);
	see(c, 1, 0, 75, CREDIT_THIS);
	cr_assert(credit_starving(c, at(75), &check, &arm, &newest_us));
	cr_assert_eq(arm, 1, "the control is silent");
	cr_assert_eq(newest_us, at(39));
	free(c);
}

Test(credit, without_controls_the_canary_alone_earns)
{
	struct credit_shape past = shape;
	past.ncontrols = 0;
	struct credit *c = begin(&past);

	for (double s = 0; s < 90; s += 1) {
		see(c, 0, 0, s, CREDIT_THIS);
		see(c, 1, 0, s, CREDIT_THIS);
	}
	cr_assert(credit_enough(c));
	free(c);
}

Test(credit, a_copy_of_the_state_goes_on_with_the_same_bytes)
{
	size_t bytes = credit_size(&shape);
	struct credit *whole = begin(&shape);
	void *copy = xmalloc(bytes);

	steady(whole, 0, 33);
	memcpy(copy, whole, bytes);
	struct credit *half = credit_resume(copy, bytes, &shape);
	cr_assert_not_null(half);
	steady(whole, 33, 80);
	steady(half, 33, 80);
	cr_assert_eq(memcmp(whole, half, bytes), 0);
	cr_assert_null(credit_resume(copy, bytes - 1, &shape));
	free(whole);
	free(copy);
}

Test(credit, a_state_of_other_settings_is_not_resumed)
{
	size_t bytes = credit_size(&shape);
	struct credit *c = begin(&shape);
	uint64_t fresher[] = { fresh_ms[0] + 1, fresh_ms[1] };
	struct credit_shape other[] = { shape, shape, shape, shape, shape };

	other[0].soak_ms++;
	other[1].warmup_ms++;
	other[2].min_runs++;
	other[3].observations++;
	other[4].fresh_ms = fresher;
	cr_assert_eq(credit_resume(c, bytes, &shape), c);
	for (size_t i = 0; i < 5; i++)
		cr_expect_null(credit_resume(c, bytes, &other[i]), "%zu", i);
	free(c);
}
