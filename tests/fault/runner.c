#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/runner.h"
#include "store/store.h"
#include "tests/support/evil_http.h"
#include "tests/support/pass.h"

/* The continuous runner over a memory store: real threads, real loopback. */

enum { WAIT_MS = 20000 };

struct seen {
	pthread_mutex_t lock;
	pthread_cond_t more;
	unsigned event[RUNNER_EVENTS];
	size_t results;
	uint64_t last_seq;
	bool seq_broken, store_broken;
};

static struct seen seen;
static struct evil_http *evil;
static struct store_hub *hub;
static char line[512];

static void setup(void)
{
	memset(&seen, 0, sizeof(seen));
	pthread_mutex_init(&seen.lock, NULL);
	pthread_cond_init(&seen.more, NULL);
	evil = evil_http_start();
	evil_http_text(evil, "/x", "ok");
	hub = store_hub_new(&clock_system);
	snprintf(line, sizeof(line),
		"version: 1\nline: l\n"
		"environments: {np: {west: {base_url: 'http://127.0.0.1:%u'},"
		" east: {base_url: 'http://127.0.0.1:%u'}}}\n",
		evil_http_port(evil), evil_http_port(evil));
}

static void teardown(void)
{
	store_hub_free(hub);
	evil_http_stop(evil);
}

TestSuite(runner, .init = setup, .fini = teardown);

static struct store *open_store(void *owner, struct err *e)
{
	(void)owner;
	(void)e;
	return store_memory(hub, STR("l"));
}

static void on_event(enum runner_event ev, const char *text, void *owner)
{
	(void)text;
	(void)owner;
	pthread_mutex_lock(&seen.lock);
	seen.event[ev]++;
	pthread_cond_broadcast(&seen.more);
	pthread_mutex_unlock(&seen.lock);
}

static void on_result(const struct result *r, void *owner)
{
	(void)owner;
	pthread_mutex_lock(&seen.lock);
	seen.results++;
	if (r->id.seq != seen.last_seq + 1)
		seen.seq_broken = true;
	seen.last_seq = r->id.seq;
	pthread_cond_broadcast(&seen.more);
	pthread_mutex_unlock(&seen.lock);
}

static const struct runner_options options = { .id = { "r1", 2 },
	.threads = 2,
	.grace_ms = 300,
	.open_store = open_store,
	.on_event = on_event,
	.on_result = on_result };

/* Waits until so many results were seen; a broken runner ends in the abort. */
static void results_wait(size_t n)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_MS / 1000;
	pthread_mutex_lock(&seen.lock);
	while (seen.results < n)
		cr_assert_eq(pthread_cond_timedwait(&seen.more, &seen.lock,
				     &until),
			0, "%zu of %zu results", seen.results, n);
	pthread_mutex_unlock(&seen.lock);
}

static void event_wait(enum runner_event ev)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_MS / 1000;
	pthread_mutex_lock(&seen.lock);
	while (!seen.event[ev])
		cr_assert_eq(pthread_cond_timedwait(&seen.more, &seen.lock,
				     &until),
			0, "%s", runner_event_token(ev));
	pthread_mutex_unlock(&seen.lock);
}

static struct runner *start(const char *suite)
{
	struct plan *p = plan_of(line, suite);
	struct err e = { 0 };
	struct runner *r = runner_new(&options, &p, &e);

	cr_assert(r, "%s", e.text);
	cr_assert_null(p);
	cr_assert(runner_start(r, &e), "%s", e.text);
	return r;
}

static void end(struct runner *r)
{
	cr_assert(runner_wait(r, WAIT_MS) || runner_wait(r, WAIT_MS));
	runner_free(r);
}

#define QUICK "every: 100ms\ntimeout: 90ms\nsteps: [{name: x, get: /x}]\n"

Test(runner, results_come_in_order_and_are_all_in_the_store)
{
	struct runner *r = start(QUICK);
	struct runner_counters c;
	struct arena *a = arena_new();
	struct str region[] = { STR("np/west"), STR("np/east") };
	struct str id[] = { STR("0"), STR("0") };
	struct cursor cursor = { region, id, 2 };
	struct store *s = store_memory(hub, STR("l"));
	struct result *got;
	struct err e;
	uint64_t counted = 0;
	size_t n;
	struct facts f;

	results_wait(20);
	cr_assert(store_facts(s, a, &f, &e));
	cr_assert_eq(f.nrunners, 1);
	cr_assert(f.plan);
	cr_assert_eq(f.plan->njobs, 2);
	cr_assert(str_eq(f.plan->hash, f.runner[0].plan_hash));
	runner_drain(r);
	cr_assert(runner_wait(r, WAIT_MS) || runner_wait(r, WAIT_MS));
	c = runner_counters(r);
	cr_assert_eq(c.started, c.ended);
	cr_assert_eq(c.sent, seen.results);
	cr_assert_eq(c.dropped, 0);
	cr_assert(!seen.seq_broken);
	/* on a busy machine 90 ms may be too short for one of them */
	cr_assert_gt(c.by_outcome[OUTCOME_PASS], 0);
	for (int i = 0; i < OUTCOMES; i++)
		counted += c.by_outcome[i];
	cr_assert_eq(counted, seen.results);
	cr_assert(store_read(s, &cursor, a, 100000, 0, &got, &n, &e));
	cr_assert_eq(n, seen.results);
	cr_assert(store_facts(s, a, &f, &e));
	cr_assert_eq(f.nrunners, 0, "it left");
	runner_free(r);
	store_free(s);
	arena_free(a);
}

Test(runner, a_second_one_with_the_same_id_is_refused)
{
	struct runner *r = start(QUICK);
	struct plan *p;
	struct runner *second;
	struct err e = { 0 };

	event_wait(RUNNER_READY);
	p = plan_of(line, QUICK);
	second = runner_new(&options, &p, &e);
	cr_assert(runner_start(second, &e));
	event_wait(RUNNER_REFUSED);
	cr_assert(runner_wait(second, WAIT_MS) || runner_wait(second, WAIT_MS));
	cr_assert(runner_failed(second, &e));
	cr_assert_eq(e.kind, ERR_BUSY);
	runner_free(second);
	runner_drain(r);
	end(r);
}

/* What hangs is ended by the grace time, as our own doing. */
Test(runner, a_drain_ends_within_its_grace)
{
	struct runner *r;
	struct runner_counters c;

	evil_http_answer(evil, "/hang", EVIL_HANG, STR(""), STR_NONE);
	r = start("every: 100ms\ntimeout: 60s\n"
		  "http: {timeout: 60s}\n"
		  "steps: [{name: x, get: /hang}]\n");
	results_wait(1); /* the second slot is late: the first one hangs */
	runner_drain(r);
	cr_assert(runner_wait(r, WAIT_MS) || runner_wait(r, WAIT_MS));
	c = runner_counters(r);
	cr_assert_gt(c.by_outcome[OUTCOME_RUNNER_ERROR], 0);
	cr_assert_eq(c.by_outcome[OUTCOME_ERROR], 0);
	cr_assert_eq(c.started, c.ended);
	runner_free(r);
}

Test(runner, a_reload_drops_nothing_and_runs_nothing_twice)
{
	struct runner *r = start(QUICK);
	struct runner_counters c;

	results_wait(4);
	for (int i = 0; i < 30; i++) {
		struct plan *p = plan_of(line, QUICK);

		runner_reload(r, &p);
	}
	event_wait(RUNNER_RELOADED);
	results_wait(20);
	runner_drain(r);
	cr_assert(runner_wait(r, WAIT_MS) || runner_wait(r, WAIT_MS));
	c = runner_counters(r);
	cr_assert_eq(c.started, c.ended);
	cr_assert(!seen.seq_broken);
	runner_free(r);
}

/* Both regions have the same address here, and still each its connection. */
Test(runner, a_pool_is_of_one_region_and_ends_with_its_plan)
{
	static const char suite[] =
		"gate: observe\nhttp: {connection: pool}\n" QUICK;
	struct plan *p = plan_of(line, suite);
	struct runner *r = start(suite);

	results_wait(12);
	cr_assert_eq(evil_http_connections(evil), 2);
	runner_reload(r, &p);
	event_wait(RUNNER_RELOADED);
	results_wait(24);
	cr_assert_eq(evil_http_connections(evil), 4);
	runner_drain(r);
	end(r);
}

/* One region's name is never resolved: the other keeps its schedule. */
Test(runner, a_dns_black_hole_delays_nobody_else)
{
	struct runner_options o = options;
	struct runner_counters c;
	struct runner *r;
	struct plan *p;
	struct err e = { 0 };
	char silent[64];
	int fd = evil_dns_silent(silent);

	snprintf(line, sizeof(line),
		"version: 1\nline: l\n"
		"environments: {np: {west: {base_url: 'http://127.0.0.1:%u'},"
		" hole: {base_url: 'http://andon.invalid'}}}\n",
		evil_http_port(evil));
	p = plan_of(line, "every: 100ms\ntimeout: 60s\nhttp: {timeout: 60s}\n"
			  "steps: [{name: x, get: /x}]\n");
	o.dns_servers = silent;
	o.threads = 1; /* the same loop */
	r = runner_new(&o, &p, &e);
	cr_assert(runner_start(r, &e));
	results_wait(30);
	runner_drain(r);
	cr_assert(runner_wait(r, WAIT_MS) || runner_wait(r, WAIT_MS));
	c = runner_counters(r);
	/* late are the slots of the one that waits, and hardly any other */
	cr_assert_gt(c.by_outcome[OUTCOME_PASS], 8);
	cr_assert_eq(c.by_outcome[OUTCOME_ERROR], 0);
	cr_assert_eq(c.by_outcome[OUTCOME_RUNNER_ERROR], 1);
	runner_free(r);
	close(fd);
}
