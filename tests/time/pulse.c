/*
 * The always-on view: how soon a sick region is called so, how rarely a
 * healthy one, what the gate makes of it.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/vital_sim.h"
#include "tests/support/world.h"

#define DAY 86400.

static void found_by(struct vital_fate f, double by_s)
{
	f.rate = .001;
	f.from_s = DAY;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		double s = vital_sim(&f, 1.1, seed);

		cr_expect(s > 0 && s <= by_s, "%s: %g s", f.name, s);
	}
}

Test(pulse, a_sick_region_is_called_so_in_time)
{
	found_by((struct vital_fate){ "all down", .add = 1 }, 240);
	found_by((struct vital_fate){ "one check down", .one = 1 }, 240);
	found_by((struct vital_fate){ "+20 points", .add = .2 }, 240);
}

/* One in 30 days is promised: of these 24 days none is likely. */
Test(pulse, a_healthy_region_is_rarely_called_sick)
{
	static const struct vital_fate healthy[] = {
		{ "1 % fail", .rate = .01 },
		{ "a blip an hour", .rate = .001, .blips_per_hour = 1 },
		{ "flaps", .rate = .001, .flaps_per_hour = 6 },
	};
	unsigned alarms = 0;

	for (size_t i = 0; i < sizeof(healthy) / sizeof(healthy[0]); i++)
		for (uint64_t seed = 1; seed <= 2; seed++)
			alarms += vital_sim(&healthy[i], 4, seed) >= 0;
	cr_expect_leq(alarms, 2, "%u", alarms);
}

static const char yaml[] = "version: 1\n"
			   "line: orders\n"
			   "environments:\n"
			   "  nonprod:\n"
			   "    west: {base_url: 'http://west.example.com'}\n"
			   "    east: {base_url: 'http://east.example.com'}\n"
			   "gate: {warmup: 10s, soak: 5m, max_wait: 2h}\n"
			   "workflow:\n"
			   "  - stage: first\n"
			   "    deploys: [nonprod/west]\n"
			   "    compare: [nonprod/east]\n"
			   "  - stage: merge\n"
			   "    requires: {regions: [nonprod/west]}\n";

struct fate {
	double from_s, to_s; /* west is down */
};

static struct world_answer tells(const struct world *w, const char *region,
	unsigned check, double at_s, void *owner)
{
	const struct fate *s = owner;

	(void)w;
	(void)check;
	return (struct world_answer){ .version = "v1",
		.failed = s->from_s > 0 && at_s >= s->from_s &&
			  at_s < s->to_s && strstr(region, "/west") };
}

static const struct pulse *pulse_of(struct world *w, struct facts *f)
{
	*f = world_facts(w);
	return facts_pulse(f, STR("nonprod/west"));
}

/* Accepted in a region that turned sick afterwards: nothing is merged on it,
 * the line stays open, and when the region is well again the gate says so. */
Test(pulse, the_merge_gate_waits_for_a_region_that_is_well_now)
{
	struct world w;
	struct fate s = { 0 };
	struct facts f;
	const struct pulse *p;
	struct answer a;

	world_init(&w, yaml, 10, 10000, tells, &s);
	world_history(&w, 1800);
	world_pass(&w, 5);
	world_deploy(&w, "start", "first", "v1");
	world_deploy(&w, "done", "first", "v1");
	for (int i = 0; i < 400 && world_gate(&w, "first", "v1").code; i++)
		world_pass(&w, 4);
	cr_assert_eq(world_gate(&w, "first", "v1").code, 0);
	p = pulse_of(&w, &f);
	cr_assert(p && p->state == PULSE_WELL, "%.*s",
		STR_ARG(p ? p->text : STR("none")));
	world_pass(&w, 900); /* beyond the watch after the acceptance */
	s.from_s = world_now_s(&w);
	s.to_s = s.from_s + 600;
	world_pass(&w, 400);
	p = pulse_of(&w, &f);
	cr_assert(p && p->state == PULSE_SICK);
	cr_expect(str_eq(p->rule, STR("outage")));
	cr_expect_eq(p->elsewhere, 0);
	cr_expect_eq(f.nscopes, 0, "it never stops the line by itself");
	cr_expect_lt((double)(f.now_us - p->since_us) / 1e6, 420);
	world_deploy(&w, "register", "merge", "v1");
	world_pass(&w, 5);
	a = world_gate(&w, "merge", "v1");
	cr_expect_eq(a.code, 3);
	cr_expect_eq(a.why, WHY_REGION_SICK, "%.*s", STR_ARG(a.text));
	/* well again, and what was is still told */
	world_pass(&w, 400);
	p = pulse_of(&w, &f);
	cr_assert(p && p->state == PULSE_WELL, "%.*s", STR_ARG(p->text));
	cr_expect_gt(p->recovered_us, p->since_us);
	a = world_gate(&w, "merge", "v1");
	cr_expect_eq(a.code, 0, "%.*s", STR_ARG(a.text));
	world_done(&w);
}

/* Silence is not health, and neither is a view that nobody renews. */
Test(pulse, without_a_fresh_view_nothing_is_merged)
{
	struct world w;
	struct fate s = { 0 };
	struct facts f;
	const struct pulse *p;

	world_init(&w, yaml, 10, 10000, tells, &s);
	world_history(&w, 1800);
	world_pass(&w, 5);
	world_deploy(&w, "start", "first", "v1");
	world_deploy(&w, "done", "first", "v1");
	for (int i = 0; i < 400 && world_gate(&w, "first", "v1").code; i++)
		world_pass(&w, 4);
	w.runner_alive = false;
	world_pass(&w, 60);
	p = pulse_of(&w, &f);
	cr_assert(p && p->state == PULSE_UNKNOWN);
	world_deploy(&w, "register", "merge", "v1");
	world_pass(&w, 5);
	cr_expect_eq(world_gate(&w, "merge", "v1").code, 3);
	world_done(&w);
}
