#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "runner/runner.h"
#include "store/store.h"
#include "tests/support/evil_http.h"
#include "tests/support/pass.h"

/*
 * Workers, sink and caller at once: results while the plan is swapped, the
 * counters are read and the runner is drained.  For ThreadSanitizer.
 */
enum { RELOADS = 20, RESULTS = 60, WAIT_MS = 60000 };

static struct store_hub *hub;
static atomic_uint results;

static struct store *open_store(void *owner, struct err *e)
{
	(void)owner;
	(void)e;
	return store_memory(hub, STR("l"));
}

static void on_result(const struct result *r, void *owner)
{
	(void)r;
	(void)owner;
	atomic_fetch_add(&results, 1);
}

int main(void)
{
	static const char suite[] =
		"every: 100ms\ntimeout: 90ms\nsteps: [{name: x, get: /x}]\n";
	const struct runner_options options = { .id = { "r", 1 },
		.threads = 3,
		.open_store = open_store,
		.on_result = on_result };
	struct evil_http *evil = evil_http_start();
	struct runner_counters c;
	struct runner *r;
	struct plan *p;
	struct err e = { 0 };
	char line[512];

	evil_http_text(evil, "/x", "ok");
	hub = store_hub_new(&clock_system);
	snprintf(line, sizeof(line),
		"version: 1\nline: l\nroles: {default: {}, tester: {}}\n"
		"environments: {np: {west: {base_url: 'http://127.0.0.1:%u'},"
		" east: {base_url: 'http://127.0.0.1:%u'}}}\n",
		evil_http_port(evil), evil_http_port(evil));
	p = plan_of(line, suite);
	r = runner_new(&options, &p, &e);
	if (!r || !runner_start(r, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	for (unsigned n = 0; n < RELOADS || atomic_load(&results) < RESULTS;
		n++) {
		if (n < RELOADS) {
			p = plan_of(line, suite);
			runner_reload(r, &p);
		}
		c = runner_counters(r);
		assert(c.ended <= c.started);
		if (runner_wait(r, 20)) {
			fprintf(stderr, "ended by itself\n");
			return 1;
		}
	}
	runner_drain(r);
	if (!runner_wait(r, WAIT_MS) && !runner_wait(r, WAIT_MS)) {
		fprintf(stderr, "does not end\n");
		return 1;
	}
	c = runner_counters(r);
	assert(c.started == c.ended);
	assert(c.sent == atomic_load(&results));
	runner_free(r);
	store_hub_free(hub);
	evil_http_stop(evil);
	return 0;
}
