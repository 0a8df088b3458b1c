#include <criterion/criterion.h>

#include "store/store.h"
#include "tests/support/orders.h"

/*
 * What only the store in memory can show: its clock is ours, and its hub
 * forgets and dies when told to.  What holds for both kinds is in store.c.
 */
static struct arena *arena;
static struct clock_virtual clock_now;
static struct store_hub *hub;
static struct store *one, *two;
static struct err error;

static void setup(void)
{
	arena = arena_new();
	clock_virtual_init(&clock_now, ORDERS_NOW_US);
	hub = store_hub_new(&clock_now.base);
	one = store_memory(hub, STR("orders"));
	two = store_memory(hub, STR("orders"));
}

static void teardown(void)
{
	store_free(one);
	store_free(two);
	store_hub_free(hub);
	arena_free(arena);
}

TestSuite(store_clock, .init = setup, .fini = teardown);

#define OK(call) cr_assert((call), "%s", error.text)

Test(store_clock, leases_end_by_the_stores_clock)
{
	uint64_t detector, other, runner;
	struct facts f;

	OK(store_detector_join(one, STR("a"), 5000, &detector, &error));
	OK(store_runner_join(one, STR("r1"), STR(""), false, &runner, &error));
	clock_virtual_advance(&clock_now, UINT64_C(6000000000));
	f = facts_of(one, arena);
	cr_assert_eq(f.detector.epoch, detector);
	cr_assert_eq(f.detector.valid_until_us, 0);
	cr_assert_eq(f.nrunners, 1);
	OK(store_detector_join(two, STR("b"), 5000, &other, &error));
	cr_assert_gt(other, detector);
	clock_virtual_advance(&clock_now, UINT64_C(10000000000));
	cr_assert_eq(facts_of(one, arena).nrunners, 0);
	OK(store_runner_join(two, STR("r1"), STR(""), false, &other, &error));
	cr_assert_gt(other, runner);
}

Test(store_clock, final_deployments_leave_after_thirty_days)
{
	struct facts f = facts_of(one, arena);
	struct tx *t = tx_new(arena, &f);
	struct deployment d = a_deployment("orders/canary/v1/1", "v1");
	struct deployment live = a_deployment("orders/canary/v2/1", "v2");
	struct ci_check ci = { STR("v1"), STR("build"), STR(""), true,
		f.now_us };

	d.state = DEPLOYMENT_STOPPED;
	d.final_us = f.now_us;
	tx_deployment(t, &d);
	tx_deployment(t, &live);
	tx_ci(t, &ci);
	cr_assert_eq(commit(one, t), COMMIT_DONE);
	clock_virtual_advance(&clock_now,
		UINT64_C(29) * 24 * 3600 * 1000000000);
	f = facts_of(one, arena);
	t = tx_new(arena, &f);
	cr_assert(tx_empty(t));
	tx_scope_clear(t, STR("line"));
	cr_assert_eq(commit(one, t), COMMIT_DONE);
	cr_assert_eq(facts_of(one, arena).ndeployments, 2);
	clock_virtual_advance(&clock_now, UINT64_C(2) * 24 * 3600 * 1000000000);
	f = facts_of(one, arena);
	t = tx_new(arena, &f);
	cr_assert(tx_empty(t));
	tx_scope_clear(t, STR("line"));
	cr_assert_eq(commit(one, t), COMMIT_DONE);
	f = facts_of(one, arena);
	cr_assert_eq(f.ndeployments, 1);
	cr_assert_not_null(facts_deployment(&f, live.id));
	cr_assert_eq(f.nci, 0);
}

Test(store_clock, epochs_go_up_even_after_all_memory_is_lost)
{
	uint64_t before, after;
	bool kept;

	OK(store_runner_join(one, STR("r1"), STR(""), false, &before, &error));
	OK(store_detector_join(one, STR("a"), 5000, &after, &error));
	store_hub_flush(hub);
	OK(store_detector_beat(one, STR("a"), after, 5000, &kept, &error));
	cr_assert_not(kept, "a store without memory keeps no lease");
	clock_virtual_advance(&clock_now, UINT64_C(2000000000));
	OK(store_runner_join(one, STR("r1"), STR(""), false, &after, &error));
	cr_assert_gt(after, before);
}

Test(store_clock, trimming_drops_what_is_older_than_asked)
{
	struct cursor c = a_cursor(arena);
	struct result *r;
	size_t n;

	append(one, "west", 1, 5);
	clock_virtual_advance(&clock_now, UINT64_C(7200) * 1000000000);
	append(one, "west", 6, 7);
	OK(store_trim(one, &c, 3600000, &error));
	OK(store_read(two, &c, arena, 100, 0, &r, &n, &error));
	cr_assert_eq(n, 2);
	cr_assert_eq(r[0].id.seq, 6);
}

Test(store_clock, a_hub_that_is_down_says_so)
{
	struct facts f;

	store_hub_down(hub, true);
	cr_assert_not(store_facts(one, arena, &f, &error));
	cr_assert_eq(err_exit_code(&error), 4);
	store_hub_down(hub, false);
	OK(store_facts(one, arena, &f, &error));
}
