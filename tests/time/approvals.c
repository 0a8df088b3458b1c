/*
 * A stage that asks for approvals: people hold a pass back, and never make one.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/world.h"

#define LINE(approvals)                                                        \
	WORLD_LINE("",                                                         \
		"warmup: 10s, soak: 2m, max_wait: 2h, "                        \
		"smallest_effect: 30%",                                        \
		approvals)

static const char two[] = LINE("    approvals: 2\n");
static const char none[] = LINE("");

struct served {
	const char *version; /* by west, from `at_s` on; before: v1 */
	double at_s;
};

static struct world_answer healthy(const struct world *w, const char *region,
	unsigned check, double at_s, void *owner)
{
	const struct served *s = owner;
	bool new = strstr(region, "/west") && at_s >= s->at_s;

	(void)w;
	(void)check;
	return (struct world_answer){ .version = new ? s->version : "v1" };
}

static void deploy(struct world *w, struct served *s, const char *version)
{
	world_deploy(w, "start", "canary", version);
	world_pass(w, 5);
	*s = (struct served){ version, world_now_s(w) };
	world_deploy(w, "done", "canary", version);
}

static void begin(struct world *w, struct served *s, const char *yaml)
{
	*s = (struct served){ "v2", 1e9 };
	world_init(w, yaml, 3, 10000, healthy, s);
	world_history(w, 300);
	world_pass(w, 5);
	deploy(w, s, "v2");
}

/* Seconds until the gate says 0; -1: not within most_s. */
static double until_pass(struct world *w, const char *version, double most_s)
{
	double from_s = world_now_s(w);

	while (world_now_s(w) - from_s < most_s) {
		if (world_gate(w, "canary", version).code == 0)
			return world_now_s(w) - from_s;
		world_pass(w, 1);
	}
	return -1;
}

static bool held(struct world *w, const char *version)
{
	struct answer a = world_gate(w, "canary", version);

	return a.code == 5 && a.why == WHY_APPROVAL;
}

Test(approvals, all_evidence_is_held_until_two_people_have_approved)
{
	struct world w;
	struct served s;

	begin(&w, &s, two);
	cr_expect_eq(until_pass(&w, "v2", 600), -1);
	cr_expect(held(&w, "v2"));
	world_approve(&w, "canary", "v2", "ann");
	world_approve(&w, "canary", "v2", "ann");
	cr_expect_eq(until_pass(&w, "v2", 60), -1, "one person twice");
	cr_expect(held(&w, "v2"));
	world_approve(&w, "canary", "v2", "bob");
	cr_expect_geq(until_pass(&w, "v2", 10), 0);
	world_done(&w);
}

Test(approvals, approved_at_once_it_passes_no_sooner_than_without)
{
	struct world w;
	struct served s;
	double plain_s;
	double approved_s;

	begin(&w, &s, none);
	plain_s = until_pass(&w, "v2", 600);
	world_done(&w);
	begin(&w, &s, two);
	world_approve(&w, "canary", "v2", "ann");
	world_approve(&w, "canary", "v2", "bob");
	cr_expect_neq(world_gate(&w, "canary", "v2").code, 0);
	approved_s = until_pass(&w, "v2", 600);
	world_done(&w);
	cr_expect_geq(plain_s, 120);
	cr_expect_geq(approved_s, plain_s);
}

Test(approvals, those_of_one_version_are_not_those_of_the_next)
{
	struct world w;
	struct served s;

	begin(&w, &s, two);
	world_approve(&w, "canary", "v2", "ann");
	world_approve(&w, "canary", "v2", "bob");
	cr_assert_geq(until_pass(&w, "v2", 600), 0);
	deploy(&w, &s, "v3");
	cr_expect_eq(until_pass(&w, "v3", 600), -1);
	cr_expect(held(&w, "v3"));
	world_done(&w);
}

Test(approvals, where_none_is_asked_for_one_is_written_down_and_said_so)
{
	struct world w;
	struct served s;

	begin(&w, &s, none);
	struct verb_answer v = world_approve(&w, "canary", "v2", "ann");
	cr_expect_eq(v.result, VERB_DONE);
	cr_expect(str_eq(v.text, STR("written down; the stage asks for no "
				     "approval")));
	cr_expect_eq(world_facts(&w).deployment[0].napprovals, 1);
	world_done(&w);
}
