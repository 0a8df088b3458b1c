#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "runner/runner.h"
#include "store/store.h"
#include "tests/support/evil_http.h"
#include "tests/support/pass.h"

/*
 * Real workers and a suspicion in the store: both regions are asked more
 * often while it holds, through a reload too, and neither before nor after.
 */
enum { WAIT_MS = 60000, HOLD_S = 4, EXTRAS = 6 };

static struct store_hub *hub;
static atomic_uint plain[2], extra[2];

static struct store *open_store(void *owner, struct err *e)
{
	(void)owner;
	(void)e;
	return store_memory(hub, STR("l"));
}

static void on_result(const struct result *r, void *owner)
{
	int at = str_eq(r->region, STR("east"));

	(void)owner;
	atomic_fetch_add(r->extra ? &extra[at] : &plain[at], 1);
}

/* Until so many extra runs (or plain ones) were done in each region. */
static void until(struct runner *r, atomic_uint *count, unsigned n)
{
	for (int i = 0; i < WAIT_MS / 20; i++) {
		if (atomic_load(&count[0]) >= n && atomic_load(&count[1]) >= n)
			return;
		if (runner_wait(r, 20))
			break;
	}
	fprintf(stderr, "never got there: %u %u\n", count[0], count[1]);
	abort();
}

static void suspect(struct store *s, uint64_t epoch, const char *suite)
{
	struct str regions[] = { STR("np/west"), STR("np/east") };
	struct err e = { 0 };
	int64_t now_us = clock_wall_us(&clock_system);
	struct suspect one = { .suite = str_from(suite),
		.role = STR("default"),
		.row = STR(""),
		.region = regions,
		.nregions = 2,
		.from_us = now_us,
		.until_us = now_us + HOLD_S * 1000000LL };
	struct suspicion all = { .epoch = epoch,
		.suspect = &one,
		.nsuspects = 1 };
	bool kept;

	if (!store_suspicion_put(s, epoch, &all, &kept, &e) || !kept)
		abort();
}

int main(void)
{
	static const char suite[] = "every: 1s\nevery_failing: 100ms\ntimeout: "
				    "90ms\nsteps: [{name: x, get: /x}]\n";
	const struct runner_options options = { .id = { "r", 1 },
		.threads = 2,
		.open_store = open_store,
		.on_result = on_result };
	struct evil_http *evil = evil_http_start();
	struct store *detector;
	struct runner *r;
	struct plan *p;
	struct err e = { 0 };
	uint64_t epoch;
	unsigned now[2];
	char line[512];

	evil_http_text(evil, "/x", "ok");
	hub = store_hub_new(&clock_system);
	snprintf(line, sizeof(line),
		"version: 1\nline: l\n"
		"environments: {np: {west: {base_url: 'http://127.0.0.1:%u'},"
		" east: {base_url: 'http://127.0.0.1:%u'}}}\n",
		evil_http_port(evil), evil_http_port(evil));
	p = plan_of(line, suite);
	const struct job *job = &p->job[0];
	char name[64];
	snprintf(name, sizeof(name), "%.*s", STR_ARG(job->suite->name));
	assert(job->times_failing == 10);
	detector = store_memory(hub, STR("l"));
	if (!store_detector_join(detector, STR("d"), 60000, &epoch, &e))
		abort();
	r = runner_new(&options, &p, &e);
	if (!r || !runner_start(r, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	until(r, plain, 2);
	assert(!atomic_load(&extra[0]) && !atomic_load(&extra[1]));
	suspect(detector, epoch, name);
	until(r, extra, EXTRAS);
	now[0] = atomic_load(&extra[0]);
	now[1] = atomic_load(&extra[1]);
	p = plan_of(line, suite);
	runner_reload(r, &p);
	until(r, extra, (now[0] > now[1] ? now[0] : now[1]) + EXTRAS);
	/* it runs out: a slot or two of each are all that may still come */
	now[0] = atomic_load(&plain[0]);
	until(r, plain, now[0] + HOLD_S + 1);
	now[0] = atomic_load(&extra[0]);
	now[1] = atomic_load(&extra[1]);
	until(r, plain, atomic_load(&plain[0]) + 2);
	assert(atomic_load(&extra[0]) == now[0]);
	assert(atomic_load(&extra[1]) == now[1]);
	assert(now[0] >= 9 * now[1] / 10 && now[1] >= 9 * now[0] / 10);
	runner_drain(r);
	if (!runner_wait(r, WAIT_MS) && !runner_wait(r, WAIT_MS))
		return 1;
	runner_free(r);
	store_free(detector);
	store_hub_free(hub);
	evil_http_stop(evil);
	return 0;
}
