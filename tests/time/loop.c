/*
 * The closed loop in virtual time: referee, store and a runner that asks what
 * is suspected more often.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/world.h"

static const char yaml[] = "version: 1\n"
			   "line: orders\n"
			   "environments:\n"
			   "  prod:\n"
			   "    west: {base_url: 'http://west.example.com'}\n"
			   "    east: {base_url: 'http://east.example.com'}\n"
			   "gate: {warmup: 30s, soak: 30m, max_wait: 2h}\n"
			   "workflow:\n"
			   "  - stage: canary\n"
			   "    deploys: [prod/west]\n"
			   "    compare: [prod/east]\n";

struct fate {
	double from_s, to_s, p; /* of check 1 in west */
};

static struct world_answer tells(const struct world *w, const char *region,
	unsigned check, double at_s, void *owner)
{
	const struct fate *s = owner;
	struct world *coin = (struct world *)(uintptr_t)w;
	struct world_answer a = { .version = "v1" };

	if (s->from_s > 0 && at_s >= s->from_s && at_s < s->to_s &&
		check == 1 && strstr(region, "/west"))
		a.failed = world_random(coin) < s->p;
	return a;
}

static void deploy(struct world *w, struct fate *s, bool deaf)
{
	world_init(w, yaml, 5, 30000, tells, s);
	w->failing_ms = 5000;
	w->deaf = deaf;
	world_plan_put(w, "plan-1");
	world_history(w, 3600);
	world_pass(w, 5);
	cr_assert_eq(world_deploy(w, "start", "canary", "v2").result,
		VERB_DONE);
	cr_assert_eq(world_deploy(w, "done", "canary", "v2").result, VERB_DONE);
	world_pass(w, 61);
	s->from_s = world_now_s(w);
	s->to_s = s->from_s + 1e6;
}

static double until_stopped_s(struct world *w)
{
	double from_s = world_now_s(w);

	while (world_now_s(w) - from_s < 600) {
		world_pass(w, 1);
		if (world_gate(w, "canary", "v2").code == 1)
			return world_now_s(w) - from_s;
	}
	return 1e9;
}

Test(loop, a_check_that_is_down_is_found_sooner_when_the_runner_listens)
{
	struct fate s = { .p = 1 };
	struct world w;
	double deaf_s;
	double loop_s;

	deploy(&w, &s, true);
	deaf_s = until_stopped_s(&w);
	cr_assert_eq(w.extras, 0);
	world_done(&w);
	s = (struct fate){ .p = 1 };
	deploy(&w, &s, false);
	loop_s = until_stopped_s(&w);
	cr_assert_gt(w.extras, 0);
	world_done(&w);
	cr_expect_leq(deaf_s, 180);
	cr_expect_leq(loop_s, deaf_s - 20, "%g s, %g s without", loop_s,
		deaf_s);
}

static const struct suspicion *suspicion(struct world *w)
{
	struct facts f = world_facts(w);

	return f.suspicion;
}

/* West and east alike, from the same moment, for one check of the five. */
Test(loop, a_suspicion_names_all_that_is_compared_and_runs_out)
{
	struct fate s = { .p = 1 };
	struct world w;
	const struct suspicion *now;
	uint64_t asked;

	deploy(&w, &s, false);
	world_pass(&w, 65);
	now = suspicion(&w);
	cr_assert(now && now->nsuspects == 1);
	cr_expect_eq(now->suspect[0].nregions, 2);
	cr_expect(str_eq(now->suspect[0].suite, STR("check-1")));
	cr_expect_gt(now->suspect[0].until_us, w.clock.wall);
	s.to_s = world_now_s(&w); /* it heals */
	world_pass(&w, 120);
	asked = w.extras;
	now = suspicion(&w);
	cr_expect(!now || now->suspect[0].until_us < w.clock.wall);
	world_pass(&w, 60);
	cr_expect_eq(w.extras, asked);
	world_done(&w);
}

/* kill -9 and a new detector: what was suspected is asked on. */
Test(loop, a_suspicion_outlives_the_detector_that_wrote_it)
{
	struct fate s = { .p = 1 };
	struct world w;
	uint64_t asked;

	deploy(&w, &s, false);
	world_pass(&w, 62);
	world_detector_kill(&w);
	asked = w.extras;
	world_pass(&w, 10);
	cr_expect_gt(w.extras, asked);
	world_detector_start(&w);
	cr_expect_leq(until_stopped_s(&w), 60);
	world_done(&w);
}

/* A healthy version beside it: the check fails half of the time everywhere,
 * and only west is asked more often, because the runner of east lags. */
static struct world_answer both(const struct world *w, const char *region,
	unsigned check, double at_s, void *owner)
{
	struct world *coin = (struct world *)(uintptr_t)w;
	const struct fate *s = owner;
	struct world_answer a = { .version = "v1" };

	(void)region;
	if (check == 1 && s->from_s > 0 && at_s >= s->from_s)
		a.failed = world_random(coin) < s->p;
	return a;
}

Test(loop, one_region_alone_asked_more_often_does_not_halt_a_healthy_version)
{
	struct fate s = { .p = .5 };
	struct world w;

	deploy(&w, &s, false);
	w.fn = both;
	w.slow_east = true;
	for (int i = 0; i < 900; i++) {
		world_pass(&w, 1);
		cr_assert_neq(world_gate(&w, "canary", "v2").code, 1,
			"after %d s", i);
	}
	world_done(&w);
}
