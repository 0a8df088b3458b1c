/*
 * What the store costs: results per second into Redis and out of it, bytes
 * per passing result, the time of facts and of a commit.  Prints; asserts
 * nothing but the budget of bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/codec.h"
#include "store/redis.h"
#include "store/store.h"
#include "tests/support/redis_server.h"

enum { RESULTS = 20000, BATCH = 500, ROUNDS = 200, BYTES_BUDGET = 120 };

static struct err error;

static double now_s(void)
{
	return (double)clock_mono_ns(&clock_system) / 1e9;
}

static _Noreturn void fail(void)
{
	fprintf(stderr, "%s\n", error.text);
	exit(1);
}

static struct result a_result(uint64_t seq)
{
	struct result r = { .id = { STR("runner-build7-1f2e3d"), 1764000000,
				    seq },
		.line = STR("orders"),
		.env = STR("prod"),
		.region = STR("west"),
		.vantage = STR("east"),
		.suite = STR("place-order"),
		.role = STR("public"),
		.deployment = STR("orders/canary/9f3c2ab/1"),
		.version = STR("9f3c2ab"),
		.started_us = 1764000000000000 + (int64_t)seq * 50000,
		.took_us = 20000 + (uint32_t)(seq * 7919 % 9000),
		.status = 201,
		.attempts = 1,
		.dns_us = 900,
		.connect_us = 1800,
		.ttfb_us = 18000,
		.transfer_us = 120 };

	for (size_t i = 0; i < sizeof(r.trace_id); i++)
		r.trace_id[i] = (uint8_t)(seq * 31 + i * 17 + 1);
	return r;
}

static void append_all(struct store *s)
{
	static struct result r[BATCH];
	const struct result *p[BATCH];
	double start = now_s();

	for (uint64_t seq = 1; seq <= RESULTS; seq += BATCH) {
		for (size_t i = 0; i < BATCH; i++) {
			r[i] = a_result(seq + i);
			p[i] = &r[i];
		}
		if (!store_append(s, p, BATCH, &error))
			fail();
	}
	printf("append   %8.0f results/s (pipelined by %d)\n",
		RESULTS / (now_s() - start), BATCH);
}

static void read_all(struct store *s)
{
	struct arena *a = arena_new();
	struct str region = STR("prod/west");
	struct str id = STR("0");
	struct cursor c = { &region, &id, 1 };
	double start = now_s();
	size_t total = 0;

	for (;;) {
		struct result *r;
		size_t n;

		if (!store_read(s, &c, a, 1000, 0, &r, &n, &error))
			fail();
		if (!n)
			break;
		total += n;
	}
	printf("read     %8.0f results/s (%zu)\n",
		(double)total / (now_s() - start), total);
	arena_free(a);
}

static bool bytes_each(const char *url)
{
	struct arena *a = arena_new();
	struct redis *r = redis_open(url, 5000, &error);
	struct str argv[] = { STR("MEMORY"), STR("USAGE"),
		STR("{orders}:results:prod/west"), STR("SAMPLES"), STR("0") };
	struct redis_reply *reply;
	struct result one = a_result(1);
	struct buf packed;
	double each;

	if (!r || !redis_call(r, a, argv, 5, &reply, &error))
		fail();
	each = (double)reply->integer / RESULTS;
	buf_init(&packed, RESULT_BYTES_MAX);
	result_pack(&packed, &one);
	printf("bytes    %8.1f per passing result in Redis (packed: %zu)\n",
		each, packed.len);
	buf_done(&packed);
	redis_free(r);
	arena_free(a);
	return each <= BYTES_BUDGET;
}

static void facts_and_commits(struct store *s)
{
	struct arena *a = arena_new();
	struct str checks[] = { STR("critical") };
	static struct plan_job job[200];
	struct plan_record plan = { .hash = STR("h"),
		.job = job,
		.njobs = sizeof(job) / sizeof(job[0]) };
	double start, facts_s = 0, commit_s = 0;

	for (size_t i = 0; i < plan.njobs; i++)
		job[i] = (struct plan_job){ .suite = STR("place-order"),
			.region = STR("prod/west"),
			.every_ms = 5000,
			.tag = checks,
			.ntags = 1 };
	if (!store_plan_put(s, &plan, &error))
		fail();
	for (int i = 0; i < ROUNDS; i++) {
		enum commit_answer answer;
		struct facts f;
		struct tx *t;

		start = now_s();
		if (!store_facts(s, a, &f, &error))
			fail();
		facts_s += now_s() - start;
		t = tx_new(a, &f);
		tx_audit(t, "bench", STR("line"), STR("bench"), STR("x"));
		start = now_s();
		if (!store_commit(s, t, &answer, &error))
			fail();
		commit_s += now_s() - start;
		arena_reset(a);
	}
	printf("facts    %8.0f us (a plan of %zu jobs)\n",
		facts_s / ROUNDS * 1e6, plan.njobs);
	printf("commit   %8.0f us\n", commit_s / ROUNDS * 1e6);
	arena_free(a);
}

int main(void)
{
	struct redis_server *server = redis_server_start();
	struct store *s;
	bool ok;

	if (!server)
		return 0;
	s = store_open(redis_server_url(server), STR("orders"), 10000, &error);
	if (!s)
		fail();
	append_all(s);
	read_all(s);
	ok = bytes_each(redis_server_url(server));
	facts_and_commits(s);
	store_free(s);
	redis_server_stop(server);
	return ok ? 0 : 1;
}
