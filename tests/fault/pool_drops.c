/*
 * When a runner gives up the connections that it kept: after a run that did
 * not pass, and when another version serves the region; and only then.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "runner/runner.h"
#include "store/store.h"
#include "tests/support/evil_http.h"
#include "tests/support/pass.h"

enum { WAIT_S = 20, MS = 1000000 };

/* What came from one region. */
struct seen {
	size_t runs;
	char deployment[32], version[32]; /* of the last one */
};

static struct evil_http *east, *west;
static struct store_hub *hub;
static struct runner *runner;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct seen in_east, in_west;
static atomic_uint_fast64_t shift_ns;

static uint64_t shifted_mono(const struct clock *c)
{
	(void)c;
	return clock_mono_ns(&clock_system) + atomic_load(&shift_ns);
}

static int64_t shifted_wall(const struct clock *c)
{
	(void)c;
	return clock_wall_us(&clock_system) +
	       (int64_t)(atomic_load(&shift_ns) / 1000);
}

static const struct clock shifted = { shifted_mono, shifted_wall };

static void setup(void)
{
	east = evil_http_start();
	west = evil_http_start();
	evil_http_text(east, "/x", "ok");
	evil_http_text(west, "/x", "ok");
	hub = store_hub_new(&clock_system);
}

static void teardown(void)
{
	runner_drain(runner);
	cr_assert(runner_wait(runner, WAIT_S * 1000));
	runner_free(runner);
	store_hub_free(hub);
	evil_http_stop(east);
	evil_http_stop(west);
}

TestSuite(pool_drops, .init = setup, .fini = teardown, .timeout = 60);

static struct store *open_store(void *owner, struct err *e)
{
	(void)owner;
	(void)e;
	return store_memory(hub, STR("l"));
}

static void on_result(const struct result *r, void *owner)
{
	struct seen *s = str_eq(r->region, STR("east")) ? &in_east : &in_west;

	(void)owner;
	if (r->outcome == OUTCOME_LATE)
		return;
	pthread_mutex_lock(&lock);
	s->runs++;
	snprintf(s->deployment, sizeof(s->deployment), "%.*s",
		STR_ARG(r->deployment));
	snprintf(s->version, sizeof(s->version), "%.*s", STR_ARG(r->version));
	pthread_cond_broadcast(&more);
	pthread_mutex_unlock(&lock);
}

static void start(const char *served, const char *suite)
{
	const struct runner_options options = { .id = { "r1", 2 },
		.threads = 2,
		.grace_ms = 300,
		.clock = &shifted,
		.open_store = open_store,
		.on_result = on_result };
	char line[512];
	struct plan *p;
	struct err e = { 0 };

	snprintf(line, sizeof(line),
		"version: 1\nline: l\n%senvironments:\n  np:\n"
		"    west: {base_url: 'http://127.0.0.1:%u'}\n"
		"    east: {base_url: 'http://127.0.0.1:%u'}\n",
		served, evil_http_port(west), evil_http_port(east));
	p = plan_of(line, suite);
	runner = runner_new(&options, &p, &e);
	cr_assert(runner && runner_start(runner, &e), "%s", e.text);
}

/* So many more runs end, in each region. */
static void runs_wait(size_t n)
{
	pthread_mutex_lock(&lock);
	size_t until_east = in_east.runs + n;
	size_t until_west = in_west.runs + n;
	while (in_east.runs < until_east || in_west.runs < until_west)
		pthread_cond_wait(&more, &lock);
	pthread_mutex_unlock(&lock);
}

static void told_wait(const char *told, const char *want)
{
	pthread_mutex_lock(&lock);
	while (strcmp(told, want) != 0)
		pthread_cond_wait(&more, &lock);
	pthread_mutex_unlock(&lock);
}

static void connections_are(unsigned of_east, unsigned of_west)
{
	cr_assert_eq(evil_http_connections(east), of_east, "east: %u",
		evil_http_connections(east));
	cr_assert_eq(evil_http_connections(west), of_west, "west: %u",
		evil_http_connections(west));
}

#define POOL                                                                   \
	"gate: observe\nevery: 50ms\ntimeout: 10s\n"                           \
	"http: {connection: pool}\n"
#define SUITE POOL "steps: [{name: x, get: /x}]\n"

/* One run more may be under way than was told. */
Test(pool_drops, a_failed_run_is_followed_by_a_new_connection)
{
	evil_http_text(west, "/x", "sick");
	start("", POOL "steps: [{name: x, get: /x, expect: {body: ok}}]\n");
	runs_wait(10);
	cr_assert_eq(evil_http_connections(east), 1);
	cr_assert_geq(evil_http_connections(west), 10);
}

Test(pool_drops, one_that_is_well_again_keeps_its_connection)
{
	evil_http_text(west, "/x", "sick");
	start("", POOL "steps: [{name: x, get: /x, expect: {body: ok}}]\n");
	runs_wait(3);
	evil_http_text(west, "/x", "ok");
	runs_wait(2); /* the first of them may have begun before */
	unsigned then = evil_http_connections(west);
	runs_wait(10);
	cr_assert_eq(evil_http_connections(west), then);
}

static void deploy(const char *deployment, const char *version)
{
	struct arena *a = arena_new();
	struct store *s = store_memory(hub, STR("l"));
	struct live live = { STR("np/west"), str_from(deployment),
		str_from(version), 7 };
	enum commit_answer answer = COMMIT_CONFLICT;
	struct facts f;
	struct err e;

	while (answer == COMMIT_CONFLICT) {
		cr_assert(store_facts(s, a, &f, &e));
		struct tx *t = tx_new(a, &f);
		tx_live(t, &live);
		cr_assert(store_commit(s, t, &answer, &e));
	}
	cr_assert_eq(answer, COMMIT_DONE);
	store_free(s);
	arena_free(a);
}

Test(pool_drops, another_deployment_is_asked_on_new_connections)
{
	start("", SUITE);
	runs_wait(3);
	connections_are(1, 1);
	deploy("l/a/v1/1", "v1");
	told_wait(in_west.deployment, "l/a/v1/1");
	connections_are(1, 2);
	runs_wait(3);
	deploy("l/a/v2/2", "v2");
	told_wait(in_west.deployment, "l/a/v2/2");
	runs_wait(3);
	connections_are(1, 3);
}

/* What is told again and is the same changes nothing. */
Test(pool_drops, a_deployment_that_stays_keeps_them)
{
	start("", SUITE);
	deploy("l/a/v1/1", "v1");
	told_wait(in_west.deployment, "l/a/v1/1");
	unsigned then = evil_http_connections(west);
	deploy("l/a/v1/1", "v1");
	runs_wait(30); /* the facts are read again each second */
	cr_assert_eq(evil_http_connections(west), then);
}

Test(pool_drops, another_version_at_the_url_is_asked_on_new_connections)
{
	unsigned before;

	evil_http_text(east, "/version", "1");
	evil_http_text(west, "/version", "1");
	start("served_version: {url: /version, regex: '^(.+)$'}\n", SUITE);
	told_wait(in_east.version, "1");
	told_wait(in_west.version, "1");
	runs_wait(3);
	/* those that asked for the version are not kept */
	before = evil_http_connections(west);
	evil_http_text(west, "/version", "2");
	atomic_fetch_add(&shift_ns, 11000ULL * MS);
	told_wait(in_west.version, "2");
	runs_wait(3);
	cr_assert_eq(evil_http_connections(west), before + 2,
		"one for the version, one for the runs");
	cr_assert_eq(evil_http_requests(west, "/version"), 1);
	cr_assert_eq(evil_http_connections(east), before + 1,
		"one for the version");
}
