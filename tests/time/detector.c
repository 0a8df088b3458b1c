#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "detectors/detector.h"

/*
 * The detector by itself, in virtual time: phases, hard paths, what a pass
 * needs.  Numbers against the reference stand in traces.c.
 */
#define S         1000000LL
#define T0        (1700000000LL * S)
#define CHECKS    10
#define EVERY_S   10
#define HISTORY_S 1200
#define SOAK_S    600

struct stage {
	const struct detector *d;
	struct stage_shape shape;
	uint32_t interval_ms[CHECKS];
	void *state;
	int64_t now_us;
	uint64_t random;
};

static void stage_init(struct stage *g, uint16_t nregions, uint32_t nchecks)
{
	memset(g, 0, sizeof(*g));
	g->d = detector_find(STR("error-rate"));
	for (uint32_t c = 0; c < nchecks; c++)
		g->interval_ms[c] = EVERY_S * 1000;
	g->shape = (struct stage_shape){
		.nchecks = nchecks,
		.nregions = nregions,
		.interval_ms = g->interval_ms,
		.soak_ms = SOAK_S * 1000,
		.false_halt = .01,
		.smallest_effect = .05,
	};
	g->state = xmalloc(g->d->state_size(&g->shape));
	g->d->begin(g->state, &g->shape, NULL);
	g->now_us = T0 - HISTORY_S * S;
	g->random = 88172645463325252u;
}

static void stage_done(struct stage *g)
{
	free(g->state);
}

static double uniform(struct stage *g)
{
	g->random ^= g->random << 13;
	g->random ^= g->random >> 7;
	g->random ^= g->random << 17;
	return (double)(g->random >> 11) / 9007199254740992.0;
}

static void feed(struct stage *g, int64_t at_us, uint16_t region,
	uint32_t check, bool failed)
{
	struct observation o = { .at_us = at_us,
		.region = region,
		.check = check,
		.failed = failed };

	g->d->observe(g->state, &o);
}

/* Does this run fail?  `at_s` counts from T0. */
typedef bool fails_fn(struct stage *g, double at_s, uint16_t region,
	uint32_t check);

static bool never(struct stage *g, double at_s, uint16_t region, uint32_t check)
{
	(void)g, (void)at_s, (void)region, (void)check;
	return false;
}

/* Runs every check once in each interval, spread, until `until_us`. */
static void run_until(struct stage *g, int64_t until_us, fails_fn *fails)
{
	int64_t step_us = EVERY_S * S / g->shape.nchecks;

	while (g->now_us < until_us) {
		uint32_t c =
			(uint32_t)((g->now_us / step_us) % g->shape.nchecks);

		for (uint16_t r = 0; r < g->shape.nregions; r++) {
			int64_t at_us = g->now_us + r * 1000;

			feed(g, at_us, r, c,
				fails(g, (double)(at_us - T0) / S, r, c));
		}
		g->now_us += step_us;
	}
}

static struct opinion judge_at(struct stage *g, int64_t at_s)
{
	return g->d->judge(g->state, T0 + at_s * S);
}

/* Deployed and judged from T0 on. */
static void deploy(struct stage *g)
{
	g->now_us = T0;
	g->d->deployed(g->state, T0, 0);
	g->d->judge_from(g->state, T0);
}

static struct opinion whole(struct stage *g, fails_fn *fails)
{
	run_until(g, T0, fails);
	deploy(g);
	run_until(g, T0 + SOAK_S * S, fails);
	return judge_at(g, SOAK_S);
}

static bool has(const struct opinion *op, enum lack l)
{
	return op->lacks & 1u << l;
}

Test(detector, a_calm_canary_passes_after_its_soak_and_not_before)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	run_until(&g, T0, never);
	op = judge_at(&g, 0);
	cr_expect(has(&op, LACK_NOT_JUDGED));
	deploy(&g);
	run_until(&g, T0 + (SOAK_S - 1) * S, never);
	op = judge_at(&g, SOAK_S - 1);
	cr_expect_eq(op.state, VERDICT_UNDECIDED);
	cr_expect_eq(op.lacks, 1u << LACK_SOAK);
	run_until(&g, T0 + SOAK_S * S, never);
	op = judge_at(&g, SOAK_S);
	cr_expect_eq(op.state, VERDICT_PASS, "lacks %x", op.lacks);
	cr_expect_eq(op.control, AGAINST_REGIONS);
	cr_expect_leq(op.excluded_rise, .05);
	stage_done(&g);
}

static bool canary_all(struct stage *g, double at_s, uint16_t region,
	uint32_t check)
{
	(void)g, (void)check;
	return at_s >= 0 && region == 0;
}

Test(detector, a_canary_that_is_down_stops_within_a_minute)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	op = whole(&g, canary_all);
	cr_expect_eq(op.state, VERDICT_HALT);
	cr_expect_eq(op.rule, HALT_REGION_DOWN);
	cr_expect_leq(op.halted_us, T0 + 60 * S);
	stage_done(&g);
}

/* Down from the deploy: judged later, stopped by what was counted before. */
Test(detector, hard_paths_count_through_the_warm_up)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	run_until(&g, T0, never);
	g.d->deployed(g.state, T0, 0);
	g.now_us = T0 + 30 * S; /* deploy done */
	run_until(&g, T0 + 60 * S, canary_all);
	cr_expect_eq(judge_at(&g, 60).state, VERDICT_UNDECIDED);
	g.d->judge_from(g.state, T0 + 60 * S);
	run_until(&g, T0 + 90 * S, canary_all);
	op = judge_at(&g, 90);
	cr_expect_eq(op.rule, HALT_REGION_DOWN);
	cr_expect_leq(op.halted_us, T0 + 80 * S, "30 s + 45 s + a slice");
	cr_expect_eq(op.canary.runs, 30, "counts begin at t0");
	stage_done(&g);
}

static bool warm_up_fails(struct stage *g, double at_s, uint16_t region,
	uint32_t check)
{
	(void)g;
	return region == 0 && at_s >= 0 && at_s < 20 && check < 3;
}

Test(detector, failures_of_the_warm_up_are_no_evidence)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	run_until(&g, T0, never);
	g.d->deployed(g.state, T0, 0);
	run_until(&g, T0 + 30 * S, warm_up_fails);
	g.d->judge_from(g.state, T0 + 30 * S);
	run_until(&g, T0 + (30 + SOAK_S) * S, never);
	op = judge_at(&g, 30 + SOAK_S);
	cr_expect_eq(op.state, VERDICT_PASS, "lacks %x", op.lacks);
	cr_expect_eq(op.canary.failures, 0);
	cr_expect_eq(op.canary_only, 0);
	stage_done(&g);
}

static bool canary_check_3(struct stage *g, double at_s, uint16_t region,
	uint32_t check)
{
	(void)g;
	return at_s >= 0 && region == 0 && check == 3;
}

Test(detector, one_check_down_is_named)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	op = whole(&g, canary_check_3);
	cr_expect_eq(op.state, VERDICT_HALT);
	cr_expect_eq(op.rule, HALT_CHECK_DOWN);
	cr_expect_eq(op.check, 3);
	cr_expect_leq(op.halted_us, T0 + 60 * S);
	stage_done(&g);
}

static bool both_tenth(struct stage *g, double at_s, uint16_t region,
	uint32_t check)
{
	(void)region, (void)check;
	return at_s >= 0 && uniform(g) < .15;
}

Test(detector, failing_together_is_neither_halt_nor_pass)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	op = whole(&g, both_tenth);
	cr_expect_eq(op.state, VERDICT_UNDECIDED);
	cr_expect(has(&op, LACK_CONTROL_SICK));
	stage_done(&g);
}

static bool down_at_the_end(struct stage *g, double at_s, uint16_t region,
	uint32_t check)
{
	(void)g, (void)check;
	return region == 0 && at_s >= SOAK_S - 12;
}

Test(detector, down_just_before_the_soak_ends_is_no_pass)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	op = whole(&g, down_at_the_end);
	cr_expect_eq(op.state, VERDICT_UNDECIDED);
	cr_expect(op.pending);
	cr_expect(has(&op, LACK_FAILS_NOW));
	cr_expect(has(&op, LACK_REGION_COUNT));
	cr_expect(has(&op, LACK_BURST));
	stage_done(&g);
}

static bool tenth_of_canary(struct stage *g, double at_s, uint16_t region,
	uint32_t check)
{
	(void)check;
	return region == 0 && at_s >= 0 && uniform(g) < .2;
}

/* The same evidence: with a past it halts, without one a person decides. */
Test(detector, without_history_evidence_holds)
{
	struct stage with;
	struct stage without;
	struct opinion op;

	stage_init(&with, 2, CHECKS);
	op = whole(&with, tenth_of_canary);
	cr_expect_eq(op.rule, HALT_EVIDENCE);
	cr_expect_not(op.held);
	stage_init(&without, 2, CHECKS);
	deploy(&without);
	run_until(&without, T0 + SOAK_S * S, tenth_of_canary);
	op = judge_at(&without, SOAK_S);
	cr_expect_eq(op.state, VERDICT_UNDECIDED);
	cr_expect(op.held);
	cr_expect(has(&op, LACK_NO_HISTORY));
	stage_done(&with);
	stage_done(&without);
}

Test(detector, without_history_hard_paths_still_stop)
{
	struct stage g;

	stage_init(&g, 2, CHECKS);
	deploy(&g);
	run_until(&g, T0 + SOAK_S * S, canary_all);
	cr_expect_eq(judge_at(&g, SOAK_S).rule, HALT_REGION_DOWN);
	stage_done(&g);
}

/* Any one to three results of each region: too little to say anything. */
Test(detector, a_handful_of_results_never_halts)
{
	for (unsigned bits = 0; bits < 1u << 6; bits++)
		for (int n = 1; n <= 3; n++) {
			struct stage g;
			struct opinion op;

			stage_init(&g, 2, 1);
			run_until(&g, T0, never);
			deploy(&g);
			for (int i = 0; i < n; i++)
				for (uint16_t r = 0; r < 2; r++)
					feed(&g, T0 + (1 + i * 10 + r) * S, r,
						0, bits >> (2 * i + r) & 1);
			op = judge_at(&g, n * 10);
			cr_expect_eq(op.state, VERDICT_UNDECIDED, "%x", bits);
			stage_done(&g);
		}
}

/* Results of one moment in any order: the same counts and no other verdict. */
Test(detector, order_within_a_moment_does_not_matter)
{
	struct opinion first = { 0 };

	for (uint32_t shift = 0; shift < CHECKS; shift++) {
		struct stage g;
		struct opinion op;

		stage_init(&g, 2, CHECKS);
		run_until(&g, T0, never);
		deploy(&g);
		for (int64_t s = 0; s < 300; s += EVERY_S)
			for (uint32_t i = 0; i < CHECKS; i++) {
				uint32_t c = (i + shift) % CHECKS;
				bool bad = s % 70 == 0 && c == 4;

				feed(&g, T0 + s * S, 0, c, bad);
				feed(&g, T0 + s * S, 1, c, false);
			}
		op = judge_at(&g, 300);
		if (shift == 0)
			first = op;
		cr_expect_eq(op.evidence, first.evidence);
		cr_expect_eq(op.canary_only, first.canary_only);
		cr_expect_eq(op.lacks, first.lacks);
		stage_done(&g);
	}
}

static bool control_2_down(struct stage *g, double at_s, uint16_t region,
	uint32_t check)
{
	(void)g, (void)check;
	return at_s >= 100 && region == 2;
}

static bool control_2_down_canary_check(struct stage *g, double at_s,
	uint16_t region, uint32_t check)
{
	return control_2_down(g, at_s, region, check) ||
	       (at_s >= 300 && region == 0 && check == 3);
}

static bool control_2_down_canary_too(struct stage *g, double at_s,
	uint16_t region, uint32_t check)
{
	return control_2_down(g, at_s, region, check) ||
	       (at_s >= 300 && region == 0);
}

Test(detector, a_sick_control_among_several_is_left_out)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 3, CHECKS);
	op = whole(&g, control_2_down);
	cr_expect_eq(op.state, VERDICT_PASS, "lacks %x", op.lacks);
	cr_expect_geq(op.pairs, 500);
	stage_done(&g);

	stage_init(&g, 3, CHECKS);
	op = whole(&g, control_2_down_canary_check);
	cr_expect_eq(op.rule, HALT_CHECK_DOWN);
	cr_expect_eq(op.check, 3);
	stage_done(&g);

	stage_init(&g, 3, CHECKS);
	op = whole(&g, control_2_down_canary_too);
	cr_expect_eq(op.rule, HALT_REGION_DOWN);
	stage_done(&g);
}

static bool everyone(struct stage *g, double at_s, uint16_t region,
	uint32_t check)
{
	(void)g, (void)region, (void)check;
	return at_s >= 100 && at_s < 300;
}

Test(detector, an_outage_of_all_regions_blames_no_one)
{
	for (uint16_t n = 2; n <= 4; n++) {
		struct stage g;
		struct opinion op;

		stage_init(&g, n, CHECKS);
		op = whole(&g, everyone);
		cr_expect_eq(op.state, VERDICT_UNDECIDED);
		stage_done(&g);
	}
}

static bool canary_and_control_2(struct stage *g, double at_s, uint16_t region,
	uint32_t check)
{
	(void)check;
	return region != 1 && at_s >= 100 && at_s < 220 && uniform(g) < .5;
}

/* They fell sick together: the other control's health is no proof. */
Test(detector, an_outage_of_canary_and_one_control_is_no_region_down)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 3, CHECKS);
	op = whole(&g, canary_and_control_2);
	cr_expect_eq(op.rule, HALT_NONE);
	cr_expect_neq(op.state, VERDICT_PASS);
	stage_done(&g);
}

/* Both controls passed this check once, and never ran it again. */
Test(detector, a_pass_of_several_controls_is_fresh_for_two_intervals)
{
	struct stage g;

	stage_init(&g, 3, 2);
	run_until(&g, T0, never);
	deploy(&g);
	for (int s = 0; s < 60; s += EVERY_S)
		feed(&g, T0 + s * S, 0, 0, true);
	cr_expect_eq(judge_at(&g, 60).rule, HALT_NONE);
	stage_done(&g);
}

/* A control's result is nobody's partner more than an interval away. */
Test(detector, pairs_of_several_controls_are_near_in_time)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 3, 1);
	run_until(&g, T0, never);
	deploy(&g);
	feed(&g, T0 + 10 * S, 0, 0, false);
	feed(&g, T0 + 21 * S, 1, 0, false); /* 11 s: too far */
	feed(&g, T0 + 40 * S, 0, 0, false);
	feed(&g, T0 + 48 * S, 2, 0, false); /* near */
	feed(&g, T0 + 60 * S, 1, 0, true);
	feed(&g, T0 + 66 * S, 0, 0, false);
	feed(&g, T0 + 68 * S, 2, 0, false); /* nearer than the one before */
	feed(&g, T0 + 100 * S, 1, 0, false);
	op = judge_at(&g, 100);
	cr_expect_eq(op.pairs, 2, "%u", op.pairs);
	cr_expect_eq(op.control_only, 0);
	stage_done(&g);
}

/* A control that said "passes" and then fell silent is no witness. */
Test(detector, no_check_down_against_a_silent_control)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, 2);
	run_until(&g, T0, never);
	deploy(&g);
	for (int s = 0; s < 600; s += EVERY_S) {
		if (s < 100)
			feed(&g, T0 + s * S, 1, 0, false);
		feed(&g, T0 + s * S, 0, 0, s > 200);
		feed(&g, T0 + s * S, 0, 1, false);
	}
	op = judge_at(&g, SOAK_S);
	cr_expect_eq(op.state, VERDICT_UNDECIDED);
	cr_expect(has(&op, LACK_SILENT));
	stage_done(&g);
}

Test(detector, a_silent_check_keeps_a_pass_away)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	whole(&g, never);
	op = judge_at(&g, SOAK_S + 62);
	cr_expect_eq(op.state, VERDICT_UNDECIDED);
	cr_expect(has(&op, LACK_SILENT));
	stage_done(&g);
}

/* What was lost to a silence is added to the soak. */
Test(detector, a_silence_prolongs_the_soak_by_its_length)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	run_until(&g, T0, never);
	deploy(&g);
	run_until(&g, T0 + 100 * S, never);
	g.now_us += 200 * S;
	run_until(&g, T0 + SOAK_S * S, never);
	op = judge_at(&g, SOAK_S);
	cr_expect_eq(op.lacks, 1u << LACK_SOAK, "lacks %x", op.lacks);
	run_until(&g, T0 + (SOAK_S + 202) * S, never);
	op = judge_at(&g, SOAK_S + 202);
	cr_expect_eq(op.state, VERDICT_PASS, "lacks %x", op.lacks);
	stage_done(&g);
}

/* Half of a check's results are missing, all the others are there. */
Test(detector, each_check_needs_results_of_its_own)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	run_until(&g, T0, never);
	deploy(&g);
	for (int64_t s = 0; s < SOAK_S; s++) {
		uint32_t c = (uint32_t)s % CHECKS;

		if (c == 7 && s % 50 >= EVERY_S)
			continue;
		feed(&g, T0 + s * S, 0, c, false);
		feed(&g, T0 + s * S, 1, c, false);
	}
	op = judge_at(&g, SOAK_S);
	cr_expect_eq(op.lacks, 1u << LACK_CHECK_RESULTS, "lacks %x", op.lacks);
	cr_expect_eq(op.lack_check[LACK_CHECK_RESULTS], 7);
	stage_done(&g);
}

static bool check_2_always(struct stage *g, double at_s, uint16_t region,
	uint32_t check)
{
	(void)g, (void)at_s;
	return region == 0 && check == 2;
}

Test(detector, down_before_the_deploy_is_neither_blamed_nor_passed)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	op = whole(&g, check_2_always);
	cr_expect_eq(op.state, VERDICT_UNDECIDED);
	cr_expect(has(&op, LACK_DOWN_BEFORE));
	cr_expect_eq(op.lack_check[LACK_DOWN_BEFORE], 2);
	stage_done(&g);
}

static bool canary_storm(struct stage *g, double at_s, uint16_t region,
	uint32_t check)
{
	(void)check;
	return at_s >= 0 && region == 0 && uniform(g) < .5;
}

/* Nothing that is fed for long may turn into NaN and look calm. */
Test(detector, evidence_stays_a_number_for_days)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	deploy(&g); /* no history: held, goes on */
	run_until(&g, T0 + 2 * 86400 * S, canary_storm);
	op = judge_at(&g, 2LL * 86400);
	cr_expect(isfinite(op.evidence), "%g", op.evidence);
	cr_expect_gt(op.evidence, op.threshold);
	cr_expect_neq(op.state, VERDICT_PASS);
	run_until(&g, T0 + 3 * 86400 * S, never);
	op = judge_at(&g, 3LL * 86400);
	cr_expect(isfinite(op.evidence));
	cr_expect_neq(op.state, VERDICT_PASS, "held until a person decides");
	stage_done(&g);
}

/* A clock that leaps ten years: no halt, no pass, and no time spent. */
Test(detector, a_hole_in_time_costs_nothing, .timeout = 5)
{
	struct stage g;
	int64_t leap_us = 10LL * 365 * 86400 * S;
	struct opinion op;

	stage_init(&g, 2, CHECKS);
	g.now_us -= leap_us;
	feed(&g, g.now_us, 0, 0, true);
	g.now_us += leap_us;
	run_until(&g, T0, never);
	deploy(&g);
	run_until(&g, T0 + 100 * S, never);
	feed(&g, T0 + leap_us, 0, 0, false);
	op = g.d->judge(g.state, T0 + leap_us);
	cr_expect_eq(op.state, VERDICT_UNDECIDED);
	cr_expect(has(&op, LACK_SILENT));
	cr_expect(has(&op, LACK_SOAK));
	stage_done(&g);
}

/* --- one region ---------------------------------------------------------- */

Test(detector, own_past_stops_a_region_that_is_down)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 1, CHECKS);
	op = whole(&g, canary_all);
	cr_expect_eq(op.control, AGAINST_PAST);
	cr_expect_eq(op.rule, HALT_REGION_DOWN);
	stage_done(&g);
	stage_init(&g, 1, CHECKS);
	op = whole(&g, canary_check_3);
	cr_expect_eq(op.rule, HALT_CHECK_DOWN);
	cr_expect_eq(op.check, 3);
	stage_done(&g);
}

Test(detector, own_past_passes_a_calm_region)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 1, CHECKS);
	op = whole(&g, never);
	cr_expect_eq(op.state, VERDICT_PASS, "lacks %x", op.lacks);
	stage_done(&g);
}

Test(detector, own_past_never_halts_by_evidence_but_does_not_pass)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 1, CHECKS);
	op = whole(&g, tenth_of_canary);
	cr_expect_eq(op.state, VERDICT_UNDECIDED);
	cr_expect(has(&op, LACK_ABOVE_PAST));
	stage_done(&g);
}

Test(detector, no_control_and_no_past_never_stops)
{
	struct stage g;
	struct opinion op;

	stage_init(&g, 1, CHECKS);
	deploy(&g);
	run_until(&g, T0 + 60 * S, never);
	run_until(&g, T0 + SOAK_S * S, canary_all);
	op = judge_at(&g, SOAK_S);
	cr_expect_eq(op.control, AGAINST_NONE);
	cr_expect_eq(op.state, VERDICT_UNDECIDED);
	stage_done(&g);

	stage_init(&g, 1, CHECKS);
	deploy(&g);
	run_until(&g, T0 + SOAK_S * S, never);
	op = judge_at(&g, SOAK_S);
	cr_expect_eq(op.state, VERDICT_PASS, "lacks %x", op.lacks);
	stage_done(&g);
}
