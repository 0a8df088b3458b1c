/*
 * What changes while a deployment is judged: settings, the cord, clocks.  None
 * of it may lend a pass what was earned under other terms.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "gate/policy.h"
#include "tests/support/world.h"

#define LINE(gate) WORLD_LINE("", gate, "")

static const char plain[] =
	LINE("warmup: 10s, soak: 2m, max_wait: 2h, smallest_effect: 30%");

/* Nothing fails; west answers v2 from `owner` seconds on. */
static struct world_answer healthy(const struct world *w, const char *region,
	unsigned check, double at_s, void *owner)
{
	bool west = strstr(region, "/west") != NULL;

	(void)w;
	(void)check;
	return (struct world_answer){
		.version = west && at_s >= *(double *)owner ? "v2" : "v1"
	};
}

static void deploy(struct world *w, double *deployed_s, const char *yaml)
{
	*deployed_s = 1e9;
	world_init(w, yaml, 3, 10000, healthy, deployed_s);
	world_history(w, 300);
	world_pass(w, 5);
	world_deploy(w, "start", "canary", "v2");
	world_pass(w, 5);
	*deployed_s = world_now_s(w);
	world_deploy(w, "done", "canary", "v2");
}

/* Seconds until the gate says 0; -1: not within most_s. */
static double until_pass(struct world *w, double most_s)
{
	double from_s = world_now_s(w);

	while (world_now_s(w) - from_s < most_s) {
		world_pass(w, 1);
		if (world_gate(w, "canary", "v2").code == 0)
			return world_now_s(w) - from_s;
	}
	return -1;
}

Test(changes, a_stricter_line_file_is_not_passed_on_what_a_laxer_one_credited)
{
	static const char *const stricter[] = {
		LINE("warmup: 10m, soak: 2m, max_wait: 2h, "
		     "smallest_effect: 30%"),
		LINE("warmup: 10s, soak: 20m, max_wait: 2h, "
		     "smallest_effect: 30%"),
		LINE("warmup: 10s, soak: 2m, max_wait: 2h, "
		     "smallest_effect: 30%, min_runs: 60"),
		LINE("warmup: 10s, soak: 2m, max_wait: 2h, "
		     "smallest_effect: 30%, observations: 60"),
	};

	for (size_t i = 0; i < sizeof(stricter) / sizeof(stricter[0]); i++) {
		struct world w;
		double deployed_s;

		deploy(&w, &deployed_s, plain);
		world_pass(&w, 100);
		world_reload(&w, stricter[i]);
		cr_expect_eq(until_pass(&w, 590), -1, "%zu", i);
		world_done(&w);
	}
}

Test(changes, a_line_file_that_changes_nothing_of_the_stage_keeps_the_credit)
{
	struct world w;
	double deployed_s;

	deploy(&w, &deployed_s, plain);
	world_pass(&w, 100);
	world_reload(&w, plain);
	double took_s = until_pass(&w, 600);
	cr_expect_geq(took_s, 0);
	cr_expect_leq(took_s, 90);
	world_done(&w);
}

static struct answer gate_of(struct world *w)
{
	return world_gate(w, "canary", "v2");
}

Test(changes, what_was_accepted_and_rolled_back_since_opens_nothing)
{
	struct world w;
	double deployed_s;

	deploy(&w, &deployed_s, plain);
	cr_assert_geq(until_pass(&w, 600), 0);
	struct facts f = world_facts(&w);
	cr_assert_not_null(policy_accepted_in(&f, STR("prod/west"), STR("v2")));
	world_deploy(&w, "rolled-back", "canary", "v2");
	cr_expect_eq(gate_of(&w).code, 3);
	cr_expect_eq(gate_of(&w).why, WHY_EXPIRED);
	f = world_facts(&w);
	cr_expect_null(policy_accepted_in(&f, STR("prod/west"), STR("v2")));
	world_done(&w);
}

Test(changes, the_newest_verdict_speaks_for_a_version)
{
	struct world w;
	double deployed_s;

	deploy(&w, &deployed_s, plain);
	cr_assert_geq(until_pass(&w, 600), 0);
	struct facts f = world_facts(&w);
	struct deployment all[2] = { f.deployment[0], f.deployment[0] };
	f.deployment = all;
	f.ndeployments = 2;
	all[1].attempt = 2;
	all[1].state = DEPLOYMENT_STOPPED;
	cr_expect_null(policy_accepted_in(&f, STR("prod/west"), STR("v2")),
		"it was stopped after it had been accepted");
	all[1].state = DEPLOYMENT_CANCELLED;
	cr_expect_eq(policy_accepted_in(&f, STR("prod/west"), STR("v2")),
		&all[0], "what was cut short says nothing");
	world_done(&w);
}

Test(changes, a_clock_of_the_store_that_goes_back_makes_nothing_fresh_again)
{
	struct world w;
	double deployed_s;

	deploy(&w, &deployed_s, plain);
	cr_assert_geq(until_pass(&w, 600), 0);
	w.clock.wall -= 3600 * 1000000LL;
	cr_expect_eq(gate_of(&w).code, 3, "%d", gate_of(&w).code);
	world_done(&w);
}

Test(changes, what_waits_too_long_is_held_by_the_derived_max_wait_too)
{
	/* 15 min, the least of all derived ones; west answers v1 for ever. */
	static const char derived[] =
		LINE("warmup: 10s, soak: 2m, smallest_effect: 30%");
	struct world w;
	double deployed_s;

	deploy(&w, &deployed_s, derived);
	deployed_s = 1e9;
	world_pass(&w, 890);
	cr_expect_eq(gate_of(&w).deployment->state, DEPLOYMENT_VERIFYING);
	world_pass(&w, 20);
	cr_expect_eq(gate_of(&w).deployment->state, DEPLOYMENT_HELD);
	cr_expect_eq(gate_of(&w).code, 3);
	world_done(&w);
}

/* Does the gate say this reason, with this in its sentence? */
static bool gate_says(struct world *w, enum why why, const char *part)
{
	struct answer a = gate_of(w);
	bool so = a.why == why && strstr(a.text.ptr, part);

	if (!so)
		fprintf(stderr, "%s: %.*s\n", why_token(a.why),
			STR_ARG(a.text));
	return so;
}

static uint64_t credited(struct world *w)
{
	return gate_of(w).judgement[0]->credited_s;
}

Test(changes, a_pulled_cord_freezes_the_credit)
{
	struct world w;
	double deployed_s;

	deploy(&w, &deployed_s, plain);
	world_pass(&w, 100);
	uint64_t before_s = credited(&w);
	cr_assert_gt(before_s, 0);
	world_halt(&w, "prod/west");
	world_pass(&w, 600);
	cr_expect_eq(credited(&w), before_s);
	world_detector_kill(&w); /* what is read again says the same */
	world_detector_start(&w);
	world_pass(&w, 30);
	cr_expect_eq(credited(&w), before_s);
	world_resume(&w, "prod/west", NULL);
	cr_expect_eq(until_pass(&w, 20), -1);
	cr_expect_geq(until_pass(&w, 120), 0);
	world_done(&w);
}

Test(changes, results_that_earn_nothing_are_called_starved)
{
	static const char lossy[] =
		LINE("warmup: 10s, soak: 2m, smallest_effect: 30%, "
		     "starve_after: 50s");
	struct world w;
	double deployed_s;

	deploy(&w, &deployed_s, lossy);
	world_pass(&w, 60);
	w.lose_every = 4;
	world_pass(&w, 30);
	int said = gate_says(&w, WHY_SOAKING, "credited");
	world_pass(&w, 80);
	said += gate_says(&w, WHY_STARVED, "nothing was credited");
	w.lose_every = 0;
	world_pass(&w, 60);
	said += gate_says(&w, WHY_SOAKING, "credited");
	cr_expect_eq(said, 3);
	world_done(&w);
}

Test(changes, a_version_that_is_not_everywhere_is_named)
{
	struct world w;
	double deployed_s;

	deploy(&w, &deployed_s, plain);
	world_pass(&w, 2);
	cr_expect(gate_says(&w, WHY_VERIFYING,
		"version v2 was not yet seen by every"));
	world_pass(&w, 60);
	deployed_s = 1e9; /* west answers v1 again */
	world_pass(&w, 30);
	cr_expect(gate_says(&w, WHY_OTHER_VERSION, "another version"));
	world_done(&w);
}

Test(changes, runners_that_disagree_about_the_plan_are_our_own_fault)
{
	struct world w;
	double deployed_s;

	deploy(&w, &deployed_s, plain);
	world_pass(&w, 60);
	world_plan_put(&w, "plan-2"); /* the runner goes on by plan-1 */
	world_pass(&w, 5);
	cr_expect_eq(gate_of(&w).code, 3);
	cr_expect(gate_says(&w, WHY_OBSERVER_FAULT, "another plan"));
	world_done(&w);
}

/* From `owner` seconds on a third of west fails; no answer tells a version. */
static struct world_answer sick_after(const struct world *w, const char *region,
	unsigned check, double at_s, void *owner)
{
	bool sick = strstr(region, "/west") && at_s >= *(double *)owner;

	(void)w;
	return (struct world_answer){
		.failed = sick && ((unsigned)at_s / 10 + check) % 3 == 0
	};
}

Test(changes, a_runner_whose_clock_is_behind_does_not_make_faults_the_past)
{
	static const char blind[] =
		"version: 1\n"
		"line: orders\n"
		"environments:\n"
		"  prod:\n"
		"    west: {base_url: 'http://west.example.com'}\n"
		"    east: {base_url: 'http://east.example.com'}\n"
		"gate: {warmup: 10s, soak: 20m, max_wait: 2h}\n"
		"workflow:\n"
		"  - {stage: canary, deploys: prod/west, compare: prod/east}\n";
	double sick_s = 1e9;
	struct world w;

	world_init(&w, blind, 5, 10000, sick_after, &sick_s);
	w.runner_ahead_us = -600 * 1000000LL;
	world_history(&w, 400);
	world_pass(&w, 5);
	world_deploy(&w, "start", "canary", "v2");
	world_pass(&w, 5);
	sick_s = world_now_s(&w);
	world_deploy(&w, "done", "canary", "v2");
	world_pass(&w, 600 + 300);
	cr_expect_eq(gate_of(&w).code, 1, "%s", why_token(gate_of(&w).why));
	world_done(&w);
}
