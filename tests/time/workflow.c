/*
 * The whole way from results to the gate's answer, in virtual time: store in
 * memory, the real referee, the real gate.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/world.h"

static const char line_yaml[] =
	WORLD_LINE("", "warmup: 30s, soak: 10m, max_wait: 2h", "");

/* What the regions do in a test; times in seconds since its start. */
struct story {
	double deploy_s; /* from then west answers `version` */
	const char *version;
	double west_p, east_p; /* share of failures after the deployment */
	double west_down_s; /* from then everything fails in west; 0: never */
	double west_silent_s, east_silent_s; /* from then no result; 0: never */
	double half_p;         /* share of answers of the old version */
	unsigned silent_check; /* one more than the check that never reports */
};

static struct world_answer tells(const struct world *w, const char *region,
	unsigned check, double at_s, void *owner)
{
	const struct story *s = owner;
	bool west = strstr(region, "/west") != NULL;
	bool after = at_s >= s->deploy_s && s->deploy_s > 0;
	struct world *coin = (struct world *)(uintptr_t)w;
	struct world_answer a = { .version = "v1" };
	double silent_s = west ? s->west_silent_s : s->east_silent_s;

	a.down = (silent_s > 0 && at_s >= silent_s) ||
		 s->silent_check == check + 1;
	if (!after)
		return a;
	if (west)
		a.version = world_random(coin) < s->half_p ? "v1" : s->version;
	a.failed = world_random(coin) < (west ? s->west_p : s->east_p);
	if (west && s->west_down_s > 0 && at_s >= s->west_down_s) {
		a.failed = true;
		a.version = NULL;
	}
	return a;
}

/* Half an hour of a good past, then v2 in west. */
static void deploy_line(struct world *w, struct story *s, const char *yaml,
	unsigned nchecks)
{
	world_init(w, yaml, nchecks, 10000, tells, s);
	world_history(w, nchecks < 10 ? 300 : 1800);
	world_pass(w, 5);
	cr_assert_eq(world_deploy(w, "start", "canary", "v2").result,
		VERB_DONE);
	world_pass(w, 5);
	s->deploy_s = world_now_s(w);
	cr_assert_eq(world_deploy(w, "done", "canary", "v2").result, VERB_DONE);
}

static void deploy(struct world *w, struct story *s)
{
	deploy_line(w, s, line_yaml, 10);
}

/* Passes time until the gate has its answer; seconds since `done`, or -1. */
static double until_settled(struct world *w, double most_s, struct answer *ret)
{
	double from_s = world_now_s(w);

	while (world_now_s(w) - from_s < most_s) {
		world_pass(w, most_s > 1000 ? 4 : 1);
		*ret = world_gate(w, "canary", "v2");
		if (ret->settled)
			return world_now_s(w) - from_s;
	}
	return -1;
}

/* Half an hour of soak, decided in the time that its results take. */
static const char long_yaml[] =
	WORLD_LINE("", "warmup: 30s, soak: 30m, max_wait: 2h", "");

Test(workflow, a_healthy_canary_passes_after_its_soak_and_not_before)
{
	struct world w;
	struct story s = { .version = "v2" };
	struct answer a;

	deploy_line(&w, &s, long_yaml, 10);
	double took_s = until_settled(&w, 7200, &a);
	cr_assert_eq(a.code, 0, "%s: %.*s", why_token(a.why), STR_ARG(a.text));
	cr_assert_geq(took_s, 1800 + 30);
	cr_assert_leq(took_s, 1800 + 30 + 120);
	world_done(&w);
}

static void stops_within_a_minute(struct story s)
{
	struct world w;
	struct answer a;

	deploy(&w, &s);
	double took_s = until_settled(&w, 600, &a);
	cr_assert_eq(a.code, 1, "%s: %.*s", why_token(a.why), STR_ARG(a.text));
	cr_assert_leq(took_s, 61);
	world_done(&w);
}

Test(workflow, a_dead_canary_stops_within_a_minute)
{
	stops_within_a_minute((struct story){ .version = "v2", .west_p = 1 });
}

Test(workflow, a_version_that_never_comes_up_stops_too)
{
	stops_within_a_minute((struct story){ .version = NULL, .west_p = 1 });
}

Test(workflow, ten_percent_in_the_canary_alone_stops)
{
	struct world w;
	struct story s = { .version = "v2", .west_p = 0.1 };
	struct answer a;

	deploy(&w, &s);
	until_settled(&w, 3600, &a);
	cr_assert_eq(a.code, 1, "%s: %.*s", why_token(a.why), STR_ARG(a.text));
	cr_assert_eq(a.why, WHY_ANOMALY);
	world_done(&w);
}

Test(workflow, the_same_failures_in_both_are_not_the_versions_fault)
{
	struct world w;
	struct story s = { .version = "v2", .west_p = 0.5, .east_p = 0.5 };
	struct answer a;

	deploy(&w, &s);
	until_settled(&w, 1001, &a);
	cr_assert_neq(a.code, 0);
	cr_assert_neq(a.code, 1);
	cr_assert_eq(a.why, WHY_CONTROL_SICK, "%s: %.*s", why_token(a.why),
		STR_ARG(a.text));
	world_done(&w);
}

Test(workflow, a_canary_that_dies_in_the_last_seconds_does_not_pass)
{
	for (int before_s = 1; before_s <= 45; before_s += 11) {
		struct world w;
		struct story s = { .version = "v2" };
		struct answer a;
		deploy(&w, &s);
		s.west_down_s = s.deploy_s + 600 + 30 - before_s;
		until_settled(&w, 1400, &a);
		cr_assert_eq(a.code, 1, "%d s before: %s: %.*s", before_s,
			why_token(a.why), STR_ARG(a.text));
		world_done(&w);
	}
}

Test(workflow, a_version_that_is_rolled_out_half_way_does_not_pass)
{
	struct world w;
	struct story s = { .version = "v2", .half_p = 0.5 };
	struct answer a;

	deploy(&w, &s);
	cr_assert_eq(until_settled(&w, 1800, &a), -1);
	cr_assert_neq(a.code, 0);
	cr_assert_eq(a.deployment->state, DEPLOYMENT_SOAKING);
	world_done(&w);
}

/* A short soak, so that all subsets fit into a second. */
/* eu is not compared */
static const char short_yaml[] =
	WORLD_LINE("    eu: {base_url: 'http://eu.example.com'}\n",
		"warmup: 10s, soak: 2m, max_wait: 2h, smallest_effect: 30%",
		"");

enum missing {
	WEST = 1,
	EAST = 2,
	RUNNER = 4,
	PLAN = 8,
	VERSION = 16,
	CHECK = 32,
	MISSING_ALL = 64
};

static int code_without(unsigned missing)
{
	struct world w;
	struct story s = { .version = missing & VERSION ? "v1" : "v2" };
	struct answer a;

	if (missing & CHECK)
		s.silent_check = 3;
	deploy_line(&w, &s, short_yaml, 3);
	if (missing & WEST)
		s.west_silent_s = s.deploy_s + 40;
	if (missing & EAST)
		s.east_silent_s = s.deploy_s + 40;
	world_pass(&w, 60);
	w.runner_alive = !(missing & RUNNER);
	if (missing & PLAN)
		world_plan_put(&w, "plan-2");
	until_settled(&w, 300, &a);
	world_done(&w);
	return a.code;
}

Test(workflow, no_subset_of_missing_evidence_ever_passes)
{
	cr_assert_eq(code_without(0), 0, "with all of it there it passes");
	for (unsigned missing = 1; missing < MISSING_ALL; missing++)
		cr_assert_neq(code_without(missing), 0, "%u", missing);
}

Test(workflow, a_killed_detector_that_comes_back_finds_the_same_numbers)
{
	struct world whole, killed;
	struct story s1 = { .version = "v2", .west_p = 0.02, .east_p = 0.02 };
	struct story s2 = s1;

	deploy(&whole, &s1);
	deploy(&killed, &s2);
	for (int i = 0; i < 5; i++) {
		world_pass(&whole, 101);
		world_pass(&killed, 61);
		world_detector_kill(&killed);
		world_pass(&killed, 30);
		world_detector_start(&killed);
		world_pass(&killed, 10);
		struct answer a = world_gate(&whole, "canary", "v2");
		struct answer b = world_gate(&killed, "canary", "v2");
		cr_assert_eq(a.njudgements, 1);
		cr_assert_eq(b.njudgements, 1);
		cr_assert_eq(a.judgement[0]->evidence,
			b.judgement[0]->evidence);
		cr_assert_eq(a.judgement[0]->excluded_rise,
			b.judgement[0]->excluded_rise);
		cr_assert_eq(a.judgement[0]->credited_s,
			b.judgement[0]->credited_s);
		cr_assert_eq(a.judgement[0]->arm[0].runs,
			b.judgement[0]->arm[0].runs);
	}
	world_done(&whole);
	world_done(&killed);
}

Test(workflow, without_a_detector_nothing_passes)
{
	struct world w;
	struct story s = { .version = "v2" };
	struct answer a;

	deploy(&w, &s);
	world_pass(&w, 550);
	world_detector_kill(&w);
	cr_assert_eq(until_settled(&w, 600, &a), -1);
	cr_assert_eq(a.code, 4);
	cr_assert_eq(a.why, WHY_DETECTOR_STALE);
	world_done(&w);
}

Test(workflow, a_pulled_cord_holds_and_a_resume_goes_on)
{
	struct world w;
	struct story s = { .version = "v2" };
	struct answer a;

	deploy(&w, &s);
	world_pass(&w, 300);
	world_halt(&w, "line");
	a = world_gate(&w, "canary", "v2");
	cr_assert_eq(a.code, 5);
	cr_assert(a.settled);
	world_pass(&w, 1200);
	cr_assert_eq(world_gate(&w, "canary", "v2").code, 5);
	cr_assert_eq(world_resume(&w, "line", NULL).result, VERB_DONE);
	until_settled(&w, 3600, &a);
	cr_assert_eq(a.code, 0, "%s: %.*s", why_token(a.why), STR_ARG(a.text));
	world_done(&w);
}

Test(workflow, after_a_stop_only_a_cause_or_a_fix_opens_the_line)
{
	struct world w;
	struct story s = { .version = "v2", .west_p = 1 };
	struct answer a;

	deploy(&w, &s);
	until_settled(&w, 600, &a);
	cr_assert_eq(a.code, 1);
	cr_assert_eq(world_deploy(&w, "start", "canary", "v3").result,
		VERB_HELD);
	cr_assert_eq(world_resume(&w, "line", NULL).result, VERB_USAGE);
	cr_assert_eq(world_deploy_as(&w, "start", "canary", "v3", LANE_FIX,
			     NULL)
			     .result,
		VERB_USAGE);
	cr_assert_eq(world_deploy_as(&w, "start", "canary", "v3", LANE_FIX,
			     "orders/canary/v2/1")
			     .result,
		VERB_DONE);
	cr_assert_eq(world_resume(&w, "line", "a missing index").result,
		VERB_DONE);
	/* The verdict stands for ever. */
	cr_assert_eq(world_gate(&w, "canary", "v2").code, 1);
	world_done(&w);
}

Test(workflow, a_newer_version_waits_in_production)
{
	struct world w;
	struct story s = { .version = "v2" };

	deploy(&w, &s);
	world_pass(&w, 60);
	cr_assert_eq(world_deploy(&w, "start", "canary", "v3").result,
		VERB_QUEUED);
	cr_assert_eq(world_gate(&w, "canary", "v3").why, WHY_QUEUED);
	world_deploy(&w, "cancel", "canary", "v2");
	cr_assert_eq(world_deploy(&w, "start", "canary", "v3").result,
		VERB_DONE);
	world_done(&w);
}

Test(workflow, a_failure_after_acceptance_stops_the_line_but_not_the_verdict)
{
	struct world w;
	struct story s = { .version = "v2" };
	struct answer a;

	deploy(&w, &s);
	until_settled(&w, 3600, &a);
	cr_assert_eq(a.code, 0);
	s.west_down_s = world_now_s(&w) + 60;
	world_pass(&w, 300);
	struct facts f = world_facts(&w);
	cr_assert_eq(f.nscopes, 1);
	cr_assert(f.scope[0].automatic);
	cr_assert_eq(f.deployment[0].state, DEPLOYMENT_ACCEPTED);
	cr_assert_eq(world_gate(&w, "canary", "v2").code, 5);
	world_done(&w);
}

/* Without a served version only time tells the old runs from the new. */
static const char blind_yaml[] =
	"version: 1\n"
	"line: orders\n"
	"environments:\n"
	"  prod:\n"
	"    west: {base_url: 'http://west.example.com'}\n"
	"    east: {base_url: 'http://east.example.com'}\n"
	"gate: {warmup: 10s, soak: 2m, max_wait: 2h, smallest_effect: 30%}\n"
	"workflow:\n"
	"  - stage: canary\n"
	"    deploys: [prod/west]\n"
	"    compare: [prod/east]\n";

Test(workflow, a_runner_with_a_wrong_clock_is_no_witness)
{
	static const struct {
		int64_t ahead_us;
		int code;
	} cases[] = { { 0, 0 }, { 20000000, 0 }, { 600000000, 3 } };

	for (size_t i = 0; i < 3; i++) {
		struct world w;
		struct story s = { .version = "v2" };
		struct answer a;
		world_init(&w, blind_yaml, 3, 10000, tells, &s);
		w.runner_ahead_us = cases[i].ahead_us;
		world_history(&w, 300);
		world_pass(&w, 5);
		world_deploy(&w, "start", "canary", "v2");
		world_pass(&w, 5);
		s.deploy_s = world_now_s(&w);
		world_deploy(&w, "done", "canary", "v2");
		until_settled(&w, 400, &a);
		cr_assert_eq(a.code, cases[i].code, "%d: %s", a.code,
			why_token(a.why));
		cr_assert_leq(s.deploy_s + 130, world_now_s(&w));
		world_done(&w);
	}
}

Test(workflow, where_results_are_lost_nothing_is_credited)
{
	struct world w;
	struct story s = { .version = "v2" };
	struct answer a;

	deploy_line(&w, &s, short_yaml, 3);
	w.lose_every = 7; /* so in every bucket of 20 s */
	cr_assert_eq(until_settled(&w, 400, &a), -1);
	cr_assert_neq(a.code, 0);
	cr_assert_eq(a.judgement[0]->credited_s, 0);
	w.lose_every = 0;
	until_settled(&w, 400, &a);
	cr_assert_eq(a.code, 0, "%s: %.*s", why_token(a.why), STR_ARG(a.text));
	world_done(&w);
}

/* The way of a fix past a gate that deploys nothing. */
static const char gated_yaml[] =
	"version: 1\n"
	"line: orders\n"
	"served_version: {header: X-App-Version}\n"
	"environments:\n"
	"  nonprod:\n"
	"    west: {base_url: 'http://np.example.com'}\n"
	"  prod:\n"
	"    west: {base_url: 'http://west.example.com'}\n"
	"    east: {base_url: 'http://east.example.com'}\n"
	"gate: {warmup: 30s, soak: 2m, max_wait: 2h, smallest_effect: 30%}\n"
	"workflow:\n"
	"  - stage: draft\n"
	"    deploys: nonprod/west\n"
	"    compare: prod/east\n"
	"  - stage: merge\n"
	"    requires: {ci: [build]}\n"
	"  - stage: canary\n"
	"    deploys: prod/west\n"
	"    compare: prod/east\n"
	"    after: []\n";

Test(workflow, a_stopped_line_does_not_lock_its_own_fix_out)
{
	struct world w;
	struct story s = { .version = "v2", .west_p = 1 };
	struct answer a;

	deploy_line(&w, &s, gated_yaml, 10);
	until_settled(&w, 600, &a);
	cr_assert_eq(a.code, 1);

	world_deploy(&w, "register", "merge", "v3");
	a = world_gate(&w, "merge", "v3");
	cr_expect_eq(a.code, 5, "an ordinary version must be held");

	world_deploy_as(&w, "start", "draft", "v3", LANE_FIX,
		"orders/canary/v2/1");
	world_deploy(&w, "register", "merge", "v3");
	a = world_gate(&w, "merge", "v3");
	cr_expect_eq(a.code, 3, "%s", why_token(a.why));
	cr_expect_eq(a.why, WHY_INCONCLUSIVE, "its requirements stay");
	world_done(&w);
}

Test(workflow, a_fix_opens_the_line_only_where_the_stop_was)
{
	struct world w;
	struct story s = { .version = "v2", .west_p = 1 };
	struct answer a;

	deploy_line(&w, &s, gated_yaml, 10);
	until_settled(&w, 600, &a);
	cr_assert_eq(a.code, 1);

	s = (struct story){ .version = "v3", .deploy_s = world_now_s(&w) };
	world_deploy_as(&w, "start", "draft", "v3", LANE_FIX,
		"orders/canary/v2/1");
	world_deploy(&w, "done", "draft", "v3");
	world_pass(&w, 600);
	a = world_gate(&w, "draft", "v3");
	cr_assert_eq(a.code, 0, "%.*s", STR_ARG(a.text));
	cr_assert_eq(world_resume(&w, "line", NULL).result, VERB_USAGE,
		"accepted in non-production proves nothing");

	world_deploy_as(&w, "start", "canary", "v3", LANE_FIX,
		"orders/canary/v2/1");
	world_deploy(&w, "done", "canary", "v3");
	cr_assert_eq(world_resume(&w, "line", NULL).result, VERB_USAGE);
	world_pass(&w, 600);
	cr_assert_eq(world_gate(&w, "canary", "v3").code, 0);
	cr_assert_eq(world_resume(&w, "line", NULL).result, VERB_DONE);
	world_done(&w);
}

Test(workflow, a_gate_that_passed_is_not_registered_again)
{
	struct world w;
	struct story s = { .version = "v2" };
	struct answer a;
	static const char yaml[] =
		"version: 1\n"
		"line: orders\n"
		"served_version: {header: X-App-Version}\n"
		"environments:\n"
		"  prod:\n"
		"    west: {base_url: 'http://west.example.com'}\n"
		"    east: {base_url: 'http://east.example.com'}\n"
		"gate: {warmup: 30s, soak: 2m, smallest_effect: 30%}\n"
		"workflow:\n"
		"  - {stage: canary, deploys: prod/west, compare: prod/east}\n"
		"  - {stage: accept, after: canary}\n";

	deploy_line(&w, &s, yaml, 10);
	until_settled(&w, 600, &a);
	world_deploy(&w, "register", "accept", "v2");
	world_pass(&w, 5);
	cr_assert_eq(world_gate(&w, "accept", "v2").code, 0);
	world_pass(&w, 20 * 60);
	world_deploy(&w, "register", "accept", "v2");
	cr_expect_eq(world_facts(&w).ndeployments, 2, "24 h, not 15 min");
	cr_expect_eq(world_gate(&w, "accept", "v2").code, 0);
	world_done(&w);
}
