#include "runner/once.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/oom.h"
#include "runner/http.h"
#include "runner/resolve.h"
#include "runner/run.h"
#include "runner/served.h"

enum { CONCURRENCY = 16 };

/* What is known of a region before its runs start. */
struct spot {
	struct once *once;
	struct served_fetch *fetch;
	struct str version;
	bool known;
};

struct once {
	const struct once_options *options;
	struct plan *plan;
	struct arena *arena;
	struct loop *loop;
	struct resolver *resolver;
	struct http *http;
	struct probes *probes;
	struct run_host host;
	struct loop_timer go;
	struct spot *place; /* as the line's regions */
	struct run **running;
	struct run_report **report; /* by job; NULL: did not run */
	size_t nrunning, most, next;
	struct once_result *result;
	bool stopping;
};

static void go(struct loop *l, void *owner);

static void run_drop(void *run)
{
	run_free(run);
}

static void on_done(struct run *run, void *owner)
{
	struct once *o = owner;
	struct run_report *told = run_report(run);

	for (size_t i = 0; i < o->nrunning; i++)
		if (o->running[i] == run) {
			o->running[i] = o->running[--o->nrunning];
			break;
		}
	arena_defer(o->arena, run_drop, run);
	o->report[told->job - o->plan->job] = told;
	for (; told; told = told->same) {
		o->result->by_outcome[told->outcome]++;
		if (o->options->on_report)
			o->options->on_report(told, o->options->owner);
	}
	loop_timer_arm(o->loop, &o->go, loop_now_ns(o->loop), go, o);
}

static void on_version(const struct region *r, struct str version, void *owner)
{
	struct spot *p = owner;
	struct once *o = p->once;

	(void)r;
	p->fetch = NULL;
	p->known = true;
	p->version = version.ptr ? arena_str(o->arena, version) : STR("");
	loop_timer_arm(o->loop, &o->go, loop_now_ns(o->loop), go, o);
}

/* False: the region's version must be asked for first. */
static bool place_ready(struct once *o, const struct region *r)
{
	struct spot *p = &o->place[r - o->plan->line->regions];

	if (!served_by_url(o->plan) || p->known)
		return true;
	p->once = o;
	if (!p->fetch)
		p->fetch = served_start(o->http, o->loop, o->plan, r,
			on_version, p);
	return false;
}

/* Starts what may start; stops the loop when all is done. */
static void go(struct loop *l, void *owner)
{
	struct once *o = owner;

	(void)l;
	while (!o->stopping && o->next < o->plan->njobs &&
		o->nrunning < o->most) {
		const struct job *j = &o->plan->job[o->next];
		const struct region *r = j->region;
		struct run_ask ask = { .job = j, .plan = o->plan, .number = 1 };

		if (!place_ready(o, r))
			return;
		if (served_by_url(o->plan))
			ask.served =
				o->place[r - o->plan->line->regions].version;
		o->next++;
		o->running[o->nrunning++] = run_start(&o->host, &ask);
	}
	if (!o->nrunning && (o->stopping || o->next == o->plan->njobs))
		loop_stop(o->loop);
}

static void on_signal(struct loop *l, int signo, void *owner)
{
	struct once *o = owner;

	o->result->interrupted = signo;
	o->stopping = true;
	while (o->nrunning)
		run_abort(o->running[0], "interrupted");
	loop_timer_arm(l, &o->go, loop_now_ns(l), go, o);
}

static bool once_open(struct once *o, struct err *e)
{
	static const int signos[] = { SIGINT, SIGTERM };
	const struct clock *clock =
		o->options->clock ? o->options->clock : &clock_system;

	o->loop = loop_new(clock, e);
	if (!o->loop)
		return false;
	if (o->options->signals &&
		!loop_signals(o->loop, signos, 2, on_signal, o, e))
		return false;
	o->resolver = resolver_new(o->loop, o->options->dns_servers, e);
	if (!o->resolver)
		return false;
	o->http = http_new(o->loop, o->resolver, e);
	o->probes = probes_new(o->loop, o->http, o->options->dns_servers);
	return o->http != NULL;
}

static void once_close(struct once *o)
{
	while (o->nrunning) /* only where the loop itself broke */
		run_abort(o->running[0], "the loop is broken");
	for (size_t i = 0; i < o->plan->line->nregions; i++)
		served_cancel(o->place[i].fetch);
	http_free(o->http);
	probes_free(o->probes);
	resolver_free(o->resolver);
	loop_free(o->loop);
	free(o->running);
}

static void collect(struct once *o)
{
	struct run_report **last = &o->result->runs;

	for (size_t i = 0; i < o->plan->njobs; i++) {
		if (!o->report[i])
			continue;
		for (struct run_report *t = o->report[i]; t; t = t->same) {
			*last = t;
			last = &t->next;
			o->result->count++;
		}
	}
}

bool once_run(struct plan *p, const struct once_options *options,
	struct arena *a, struct once_result *ret, struct err *e)
{
	struct once_result result = { 0 };
	struct once o = { .options = options,
		.plan = p,
		.arena = a,
		.most = options->concurrency ? options->concurrency
					     : CONCURRENCY,
		.result = &result };
	uint64_t start_ns;
	bool ok;

	o.place = ARENA_ARRAY(a, p->line->nregions, struct spot);
	o.report = ARENA_ARRAY(a, p->njobs, struct run_report *);
	o.running = xcalloc(o.most, sizeof(struct run *));
	ok = once_open(&o, e);
	if (ok) {
		o.host = (struct run_host){ .loop = o.loop,
			.http = o.http,
			.probes = o.probes,
			.runner = options->runner.ptr ? options->runner
						      : STR("local"),
			.line = p->line->name,
			.vantage = STR("local"),
			.seed = options->seed,
			.reports = true,
			.done = on_done,
			.owner = &o };
		start_ns = loop_now_ns(o.loop);
		loop_timer_arm(o.loop, &o.go, start_ns, go, &o);
		ok = loop_run(o.loop, e);
		result.took_us = (loop_now_ns(o.loop) - start_ns) / 1000;
		collect(&o);
	}
	once_close(&o);
	if (ok)
		*ret = result;
	return ok;
}
