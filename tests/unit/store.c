#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/codec.h"
#include "store/store.h"
#include "tests/support/orders.h"
#include "tests/support/redis_server.h"

/*
 * One suite for both kinds of store: what holds in memory, where the workflow
 * is tested in virtual time, must hold on Redis too.  What only the clock of
 * the store in memory can show is in store_memory.c.
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

TestSuite(store_memory, .init = setup, .fini = teardown);

static struct redis_server *server;

static void setup_redis(void)
{
	arena = arena_new();
	clock_virtual_init(&clock_now, ORDERS_NOW_US);
	server = redis_server_start();
	if (!server)
		return; /* not installed: said once, by the server's helper */
	one = store_open(redis_server_url(server), STR("orders"), 5000, &error);
	two = store_open(redis_server_url(server), STR("orders"), 5000, &error);
	cr_assert(one && two, "%s", error.text);
}

static void teardown_redis(void)
{
	store_free(one);
	store_free(two);
	redis_server_stop(server);
	arena_free(arena);
}

TestSuite(store_redis, .init = setup_redis, .fini = teardown_redis);

#define OK(call) cr_assert((call), "%s", error.text)

/* ---- facts and transactions ---- */

static void an_empty_line_has_empty_facts(void)
{
	struct facts f = facts_of(one, arena);

	cr_assert_eq(f.rev, 0);
	cr_assert_eq(f.ndeployments + f.nscopes + f.njudgements + f.npermits +
			     f.nci + f.nlive + f.nrunners,
		0);
	cr_assert_null(f.plan);
	cr_assert_eq(f.detector.epoch, 0);
	cr_assert_gt(f.now_us, ORDERS_NOW_US - 1);
	cr_assert(str_eq(f.line, STR("orders")));
}

static void a_commit_is_seen_whole_by_another_store(void)
{
	struct facts f = facts_of(one, arena);
	struct tx *t = tx_new(arena, &f);
	struct deployment d = a_deployment("orders/canary/v1/1", "v1");
	struct scope_state scope = { .scope = STR("prod"),
		.reason = STR("cord \"pulled\""),
		.by = STR("ann"),
		.since_us = 5 };
	struct live live = { STR("prod/west"), d.id, d.version, 7 };
	struct ci_check ci = { STR("v1"), STR("build"), STR("ci"), true, 8 };
	struct str *line;
	size_t n;

	tx_deployment(t, &d);
	tx_scope(t, &scope);
	tx_live(t, &live);
	tx_ci(t, &ci);
	tx_audit(t, "halt", STR("prod"), STR("ann"), STR("because"));
	cr_assert_eq(commit(one, t), COMMIT_DONE);

	f = facts_of(two, arena);
	cr_assert_eq(f.rev, 1);
	cr_assert_eq(f.ndeployments, 1);
	cr_assert_eq(f.deployment[0].state, DEPLOYMENT_SOAKING);
	cr_assert_eq(f.deployment[0].rev, 1);
	cr_assert_eq(f.nscopes, 1);
	cr_assert(str_eq(f.scope[0].reason, STR("cord \"pulled\"")));
	cr_assert_not_null(facts_live(&f, STR("prod/west")));
	cr_assert_eq(f.nci, 1);
	cr_assert(f.ci[0].ok);
	cr_assert_not_null(facts_latest(&f, STR("canary"), STR("v1")));
	cr_assert_null(facts_latest(&f, STR("canary"), STR("v2")));
	OK(store_audit(two, arena, 10, &line, &n, &error));
	cr_assert_eq(n, 1);
	cr_assert_neq(str_find(line[0], STR("\"halt\""), 0), SIZE_MAX);

	t = tx_new(arena, &f);
	tx_scope_clear(t, STR("prod"));
	cr_assert_eq(commit(two, t), COMMIT_DONE);
	cr_assert_eq(facts_of(one, arena).nscopes, 0);
}

static void two_decisions_from_the_same_facts_one_is_written(void)
{
	struct facts f = facts_of(one, arena);
	struct facts g = facts_of(two, arena);
	struct tx *t = tx_new(arena, &f);
	struct tx *u = tx_new(arena, &g);
	struct deployment d = a_deployment("orders/canary/v1/1", "v1");
	struct str *line;
	size_t n;

	tx_deployment(t, &d);
	cr_assert_eq(commit(one, t), COMMIT_DONE);
	d.state = DEPLOYMENT_ACCEPTED;
	tx_deployment(u, &d);
	tx_audit(u, "accepted", d.id, STR("x"), STR("y"));
	cr_assert_eq(commit(two, u), COMMIT_CONFLICT);
	f = facts_of(two, arena);
	cr_assert_eq(f.deployment[0].state, DEPLOYMENT_SOAKING);
	cr_assert_eq(f.rev, 1);
	OK(store_audit(two, arena, 10, &line, &n, &error));
	cr_assert_eq(n, 0, "a refused decision left an audit line");
	/* the same one once more, as after a lost reply */
	cr_assert_eq(commit(one, t), COMMIT_CONFLICT);
}

static void an_older_detector_writes_nothing(void)
{
	uint64_t old, new;
	bool kept = true;
	struct facts f;
	struct tx *t;
	struct judgement j = { .deployment = STR("d"), .region = STR("r") };
	struct permit p = { .stage = STR("canary"), .deployment = STR("d") };

	OK(store_detector_join(one, STR("a"), 60000, &old, &error));
	cr_assert_geq(old, 1);
	OK(store_detector_join(two, STR("b"), 60000, &new, &error));
	cr_assert_eq(new, 0, "the lease is held");
	OK(store_detector_leave(one, STR("a"), old, &error));
	OK(store_detector_join(two, STR("b"), 60000, &new, &error));
	cr_assert_gt(new, old);

	f = facts_of(one, arena);
	t = tx_new(arena, &f);
	tx_fence(t, old);
	tx_scope_clear(t, STR("line"));
	cr_assert_eq(commit(one, t), COMMIT_FENCED);
	p.valid_until_us = f.now_us + 60000000;
	OK(store_judge(one, old, &j, 1, &p, 1, &kept, &error));
	cr_assert_not(kept);
	OK(store_checkpoint_put(one, old, STR("x"), STR("s"), &kept, &error));
	cr_assert_not(kept);
	cr_assert_not(
		store_evidence_put(one, old, STR("d"), STR("{}"), &error));
	cr_assert_eq(error.kind, ERR_BUSY);
	OK(store_detector_beat(one, STR("a"), old, 1000, &kept, &error));
	cr_assert_not(kept);
	OK(store_detector_leave(one, STR("a"), old, &error));
	f = facts_of(one, arena);
	cr_assert_eq(f.njudgements + f.npermits, 0);
	cr_assert(str_eq(f.detector.id, STR("b")), "left by the wrong one");
	cr_assert_eq(f.detector.epoch, new);

	t = tx_new(arena, &f);
	tx_fence(t, new);
	tx_scope_clear(t, STR("line"));
	cr_assert_eq(commit(two, t), COMMIT_DONE);
}

static void a_detector_that_restarts_takes_its_own_lease(void)
{
	uint64_t first, again;

	OK(store_detector_join(one, STR("a"), 60000, &first, &error));
	OK(store_detector_join(two, STR("a"), 60000, &again, &error));
	cr_assert_gt(again, first);
}

static void judgements_and_permits_are_replaced(void)
{
	uint64_t epoch;
	bool kept;
	struct judgement j = { .deployment = STR("orders/canary/v1/1"),
		.region = STR("prod/west"),
		.evidence = 1.5 };
	struct permit p = { .stage = STR("canary"),
		.deployment = STR("orders/canary/v1/1"),
		.config = STR("c") };
	struct facts f;

	OK(store_detector_join(one, STR("a"), 60000, &epoch, &error));
	f = facts_of(one, arena);
	p.valid_until_us = f.now_us + 15000000;
	OK(store_judge(one, epoch, &j, 1, NULL, 0, &kept, &error));
	cr_assert(kept);
	j.evidence = 2.5;
	OK(store_judge(one, epoch, &j, 1, &p, 1, &kept, &error));
	f = facts_of(two, arena);
	cr_assert_eq(f.njudgements, 1);
	cr_assert_eq(facts_judgement(&f, j.deployment, j.region)->evidence,
		2.5);
	cr_assert_eq(facts_permit(&f, STR("canary"))->valid_until_us,
		p.valid_until_us);
	cr_assert_null(facts_permit(&f, STR("other")));
}

static void checkpoints_and_evidence_keep_any_byte(void)
{
	uint64_t epoch;
	bool kept;
	struct str got;
	struct str bytes = STR("\0\xff binary\r\n");

	OK(store_detector_join(one, STR("a"), 60000, &epoch, &error));
	OK(store_checkpoint_get(one, arena, STR("w"), &got, &error));
	cr_assert_null(got.ptr);
	OK(store_checkpoint_put(one, epoch, STR("w"), bytes, &kept, &error));
	cr_assert(kept);
	OK(store_checkpoint_get(two, arena, STR("w"), &got, &error));
	cr_assert(str_eq(got, bytes));
	OK(store_checkpoint_drop(one, epoch, STR("w"), &error));
	OK(store_checkpoint_get(two, arena, STR("w"), &got, &error));
	cr_assert_null(got.ptr);
	OK(store_evidence_put(one, epoch, STR("d/1"), STR("{\"a\":1}"),
		&error));
	OK(store_evidence_get(two, arena, STR("d/1"), &got, &error));
	cr_assert(str_eq(got, STR("{\"a\":1}")));
	OK(store_evidence_get(two, arena, STR("d/2"), &got, &error));
	cr_assert_null(got.ptr);
}

/* ---- results ---- */

static void every_result_is_read_once_in_order(void)
{
	struct cursor c = a_cursor(arena);
	uint64_t west = 0;
	uint64_t east = 100;
	size_t total = 0;

	for (uint64_t i = 1; i <= 100; i += 10) {
		append(one, "west", i, i + 9);
		append(one, "east", 100 + i, 100 + i + 4);
		clock_virtual_advance(&clock_now, 1000000);
	}
	for (;;) {
		struct result *r;
		size_t n;

		OK(store_read(two, &c, arena, 7, 0, &r, &n, &error));
		if (!n)
			break;
		total += n;
		for (size_t i = 0; i < n; i++) {
			uint64_t *last = str_eq(r[i].region, STR("west"))
						 ? &west
						 : &east;

			cr_assert_gt(r[i].id.seq, *last);
			*last = r[i].id.seq;
			cr_assert(str_eq(r[i].env, STR("prod")));
			cr_assert(str_eq(r[i].line, STR("orders")));
		}
	}
	cr_assert_eq(total, 150);
	cr_assert_eq(west, 100);
	cr_assert_eq(east, 195);
}

/* A runner's results over all regions never come with a hole. */
static void a_bounded_read_is_a_prefix_over_all_streams(void)
{
	struct cursor c = a_cursor(arena);
	uint64_t next = 1;

	for (uint64_t seq = 1; seq <= 300; seq++) {
		append(one, seq % 10 ? "west" : "east", seq, seq);
		clock_virtual_advance(&clock_now, 1000000);
	}
	while (next <= 300) {
		struct result *r;
		uint64_t seen = 0;
		uint64_t top = 0;
		size_t n;

		OK(store_read(two, &c, arena, 8, 0, &r, &n, &error));
		cr_assert_gt(n, 0);
		for (size_t i = 0; i < n; i++) {
			seen++;
			if (r[i].id.seq > top)
				top = r[i].id.seq;
		}
		cr_assert_eq(top, next + seen - 1, "a hole below %d", (int)top);
		next += seen;
	}
}

static void a_pipeline_of_many_results_arrives_whole(void)
{
	enum { MANY = 3000 };
	static struct result r[MANY];
	static const struct result *p[MANY];
	struct cursor c = a_cursor(arena);
	size_t total = 0;

	for (size_t i = 0; i < MANY; i++) {
		r[i] = a_result(i % 2 ? "west" : "east", i + 1);
		p[i] = &r[i];
	}
	OK(store_append(one, p, MANY, &error));
	for (;;) {
		struct result *got;
		size_t n;

		OK(store_read(two, &c, arena, 100, 0, &got, &n, &error));
		if (!n)
			break;
		total += n;
	}
	cr_assert_eq(total, MANY);
}

static void a_cursor_in_time_skips_what_came_before(void)
{
	struct cursor c = a_cursor(arena);
	struct facts f = facts_of(one, arena);
	struct result *r;
	size_t n;

	append(one, "west", 1, 3);
	OK(store_cursor_at(two, &c, arena, f.now_us - 1000000, &error));
	OK(store_read(two, &c, arena, 10, 0, &r, &n, &error));
	cr_assert_eq(n, 3);
	OK(store_cursor_at(two, &c, arena, f.now_us + 3600000000, &error));
	OK(store_read(two, &c, arena, 10, 0, &r, &n, &error));
	cr_assert_eq(n, 0);
}

static void a_waiter_is_woken_by_a_commit_and_by_a_result(void)
{
	char cursor[48] = "$";
	struct cursor c = a_cursor(arena);
	struct facts f;
	struct tx *t;
	struct result *r;
	size_t n;
	bool woken = true;

	OK(store_wait(two, cursor, NULL, 0, &woken, &error));
	cr_assert_not(woken);
	f = facts_of(one, arena);
	t = tx_new(arena, &f);
	tx_scope_clear(t, STR("line"));
	cr_assert_eq(commit(one, t), COMMIT_DONE);
	OK(store_wait(two, cursor, NULL, 1000, &woken, &error));
	cr_assert(woken);
	OK(store_wait(two, cursor, NULL, 0, &woken, &error));
	cr_assert_not(woken);
	append(one, "west", 1, 1);
	OK(store_wait(two, cursor, NULL, 0, &woken, &error));
	cr_assert_not(woken);
	OK(store_wait(two, cursor, &c, 1000, &woken, &error));
	cr_assert(woken);
	OK(store_read(two, &c, arena, 10, 0, &r, &n, &error));
	cr_assert_eq(n, 1);
	OK(store_wait(two, cursor, &c, 0, &woken, &error));
	cr_assert_not(woken);
}

/* ---- leases and the plan ---- */

static void a_runner_that_lives_is_not_replaced_unless_taken_over(void)
{
	uint64_t first, second;
	struct runner_lease l = { .id = STR("r1"),
		.vantage = STR("east"),
		.plan_hash = STR("h1") };
	struct facts f;

	OK(store_runner_join(one, STR("r1"), STR("east"), false, &first,
		&error));
	l.epoch = first;
	OK(store_runner_beat(one, &l, 60000, &error));
	cr_assert_not(store_runner_join(two, STR("r1"), STR("east"), false,
		&second, &error));
	cr_assert_eq(error.kind, ERR_BUSY);
	f = facts_of(two, arena);
	cr_assert_eq(f.nrunners, 1);
	cr_assert(str_eq(f.runner[0].plan_hash, STR("h1")));
	cr_assert_gt(f.runner[0].valid_until_us, f.now_us);

	OK(store_runner_join(two, STR("r1"), STR("east"), true, &second,
		&error));
	cr_assert_gt(second, first);
	cr_assert_not(store_runner_beat(one, &l, 60000, &error));
	cr_assert_eq(error.kind, ERR_BUSY);
	/* the old one's leaving does not take the new one's lease */
	OK(store_runner_leave(one, STR("r1"), &error));
	cr_assert_eq(facts_of(two, arena).nrunners, 1);
	OK(store_runner_leave(two, STR("r1"), &error));
	cr_assert_eq(facts_of(two, arena).nrunners, 0);
}

static void the_plan_is_published(void)
{
	struct str tag = STR("critical");
	struct plan_job job = { .suite = STR("s"),
		.region = STR("prod/west"),
		.every_ms = 5000,
		.block = true,
		.tag = &tag,
		.ntags = 1 };
	struct plan_record p = { .hash = STR("h"), .job = &job, .njobs = 1 };
	struct facts f;

	OK(store_plan_put(one, &p, &error));
	f = facts_of(two, arena);
	cr_assert_not_null(f.plan);
	cr_assert_eq(f.plan->njobs, 1);
	cr_assert(str_eq(f.plan->job[0].tag[0], tag));
}

static void lines_do_not_see_each_other(void)
{
	struct facts f = facts_of(one, arena);
	struct tx *t = tx_new(arena, &f);
	struct scope_state s = { .scope = STR("line") };

	(void)two;
	tx_scope(t, &s);
	cr_assert_eq(commit(one, t), COMMIT_DONE);
	cr_assert_eq(facts_of(one, arena).nscopes, 1);
}

static void trimming_by_time_keeps_what_is_new(void)
{
	struct cursor c = a_cursor(arena);
	struct result *r;
	size_t n;

	append(one, "west", 1, 5);
	OK(store_trim(one, &c, 3600000, &error));
	OK(store_read(two, &c, arena, 100, 0, &r, &n, &error));
	cr_assert_eq(n, 5);
}

#define EVERY_KIND(X)                                                          \
	X(an_empty_line_has_empty_facts)                                       \
	X(a_commit_is_seen_whole_by_another_store)                             \
	X(two_decisions_from_the_same_facts_one_is_written)                    \
	X(an_older_detector_writes_nothing)                                    \
	X(a_detector_that_restarts_takes_its_own_lease)                        \
	X(judgements_and_permits_are_replaced)                                 \
	X(checkpoints_and_evidence_keep_any_byte)                              \
	X(every_result_is_read_once_in_order)                                  \
	X(a_bounded_read_is_a_prefix_over_all_streams)                         \
	X(a_pipeline_of_many_results_arrives_whole)                            \
	X(a_cursor_in_time_skips_what_came_before)                             \
	X(a_waiter_is_woken_by_a_commit_and_by_a_result)                       \
	X(a_runner_that_lives_is_not_replaced_unless_taken_over)               \
	X(the_plan_is_published)                                               \
	X(trimming_by_time_keeps_what_is_new)

#define X(name)                                                                \
	Test(store_memory, name)                                               \
	{                                                                      \
		name();                                                        \
	}
EVERY_KIND(X)
#undef X

#define X(name)                                                                \
	Test(store_redis, name)                                                \
	{                                                                      \
		if (server)                                                    \
			name();                                                \
	}
EVERY_KIND(X)
#undef X

Test(store_memory, lines_do_not_see_each_other)
{
	store_free(two);
	two = store_memory(hub, STR("payments"));
	lines_do_not_see_each_other();
	cr_assert_eq(facts_of(two, arena).nscopes, 0);
}

Test(store_redis, after_a_restart_the_same_store_goes_on)
{
	struct cursor c = a_cursor(arena);
	struct result *r;
	size_t n;

	if (!server)
		return;
	append(one, "west", 1, 3);
	two_decisions_from_the_same_facts_one_is_written();
	redis_server_restart(server);
	append(one, "west", 4, 5);
	OK(store_read(two, &c, arena, 100, 0, &r, &n, &error));
	cr_assert_eq(n, 5);
	cr_assert_eq(facts_of(two, arena).rev, 1, "the append-only file is on");
}

Test(store_redis, without_a_server_a_call_says_so_in_time)
{
	struct facts f;
	struct store *s;

	if (!server)
		return;
	s = store_open(redis_server_url(server), STR("orders"), 300, &error);
	redis_server_kill(server);
	cr_assert_not(store_facts(s, arena, &f, &error));
	cr_assert_eq(err_exit_code(&error), 4);
	cr_assert_not_null(strstr(error.text, "is Redis running there?"), "%s",
		error.text);
	cr_assert_null(store_open(redis_server_url(server), STR("orders"), 300,
		&error));
	store_free(s);
}

Test(store_redis, a_readable_descriptor_ends_a_wait)
{
	char cursor[48] = "$";
	bool woken = true;
	int fds[2];

	if (!server)
		return;
	cr_assert_eq(pipe(fds), 0);
	OK(store_wait(two, cursor, NULL, 0, &woken, &error));
	store_interrupt(two, fds[0]);
	cr_assert_eq(write(fds[1], "x", 1), 1);
	OK(store_wait(two, cursor, NULL, 60000, &woken, &error));
	cr_assert_not(woken);
	cr_assert_eq(facts_of(two, arena).rev, 0,
		"the connection is made again");
	close(fds[0]);
	close(fds[1]);
}

Test(store_redis, a_foreign_record_is_refused_not_skipped)
{
	struct facts f;

	if (!server)
		return;
	redis_server_do(server, "HSET {orders}:line scope:prod nonsense");
	cr_assert_not(store_facts(one, arena, &f, &error));
	cr_assert_eq(err_exit_code(&error), 4);
	redis_server_do(server, "DEL {orders}:line");
	OK(store_facts(one, arena, &f, &error));
	redis_server_do(server, "SET {orders}:line text");
	cr_assert_not(store_facts(one, arena, &f, &error));
}

Test(store_redis, refusals_have_words_of_their_own)
{
	static const struct {
		const char *command, *undo, *words;
	} cases[] = {
		{ "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0",
			"no memory left" },
		{ "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE",
			"read-only replica" },
		{ "CONFIG SET min-replicas-to-write 1",
			"CONFIG SET min-replicas-to-write 0",
			"too few replicas" },
	};
	struct result r = a_result("west", 1);
	const struct result *p = &r;

	if (!server)
		return;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		redis_server_do(server, cases[i].command);
		cr_assert_not(store_append(one, &p, 1, &error), "%s",
			cases[i].command);
		cr_assert_not_null(strstr(error.text, cases[i].words), "%s",
			error.text);
		redis_server_do(server, cases[i].undo);
		OK(store_append(one, &p, 1, &error));
	}
}
