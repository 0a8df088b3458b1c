#include "runner/once.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/map.h"
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

/* Another job that is to end first: its value is compared with. */
struct need {
	struct need *next;
	size_t job;
};

struct once {
	const struct once_options *options;
	struct plan *plan;
	struct arena *arena;
	struct loop *loop;
	struct resolver *resolver;
	struct http *http;
	struct probes *probes;
	struct same_table *same;
	struct run_host host;
	struct loop_timer go;
	struct spot *place; /* as the line's regions */
	struct run **running;
	struct run_report **report; /* by job; NULL: did not run */
	struct need **need;         /* by job */
	bool *started;
	size_t nrunning, most, next; /* next: the first not started */
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

static bool needs_met(const struct once *o, size_t job)
{
	const struct need *n = o->need[job];

	while (n && o->report[n->job])
		n = n->next;
	return !n;
}

/*
 * The first job that has what it is compared with; in a circle of regions one
 * has to begin without.  njobs: none may start now.
 */
static size_t job_choose(struct once *o)
{
	size_t n = o->plan->njobs;

	while (o->next < n && o->started[o->next])
		o->next++;
	for (size_t i = o->next; i < n; i++)
		if (!o->started[i] && needs_met(o, i))
			return i;
	return o->nrunning ? n : o->next;
}

/* Starts what may start; stops the loop when all is done. */
static void go(struct loop *l, void *owner)
{
	struct once *o = owner;

	(void)l;
	while (!o->stopping && o->nrunning < o->most) {
		size_t at = job_choose(o);

		if (at == o->plan->njobs)
			break;
		const struct job *j = &o->plan->job[at];
		const struct region *r = j->region;
		struct run_ask ask = { .job = j, .plan = o->plan, .number = 1 };

		if (!place_ready(o, r))
			return;
		if (served_by_url(o->plan))
			ask.served =
				o->place[r - o->plan->line->regions].version;
		o->started[at] = true;
		o->running[o->nrunning++] = run_start(&o->host, &ask);
	}
	if (!o->nrunning && (o->stopping || job_choose(o) == o->plan->njobs))
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

static struct str job_key(struct arena *a, struct str region, struct str check)
{
	return arena_printf(a, "%.*s %.*s", STR_ARG(region), STR_ARG(check));
}

static void checks_need(struct once *o, size_t job, const struct check *c,
	const struct map *jobs)
{
	const struct job *j = &o->plan->job[job];

	for (; c; c = c->next) {
		const struct same *s = check_same(c);
		struct str from = STR_NONE;
		const struct job *source;

		if (s)
			from = run_same_source(o->plan, j, s);
		if (!from.ptr || str_eq(from, j->region->full))
			continue;
		source = map_get(jobs, job_key(o->arena, from, j->check));
		if (!source)
			continue;
		struct need *n = ARENA_NEW(o->arena, struct need);
		n->job = (size_t)(source - o->plan->job);
		n->next = o->need[job];
		o->need[job] = n;
	}
}

/* Who is compared with runs first. */
static void needs_find(struct once *o)
{
	struct map *jobs = map_new();

	for (size_t i = 0; i < o->plan->njobs; i++) {
		const struct job *j = &o->plan->job[i];

		map_set(jobs, job_key(o->arena, j->region->full, j->check),
			(void *)j);
	}
	for (size_t i = 0; i < o->plan->njobs; i++) {
		const struct suite *s = o->plan->job[i].suite;
		const struct step *const lists[] = { s->setup, s->steps,
			s->cleanup };

		for (size_t k = 0; k < 3; k++)
			for (const struct step *step = lists[k]; step;
				step = step->next) {
				checks_need(o, i, step->expect, jobs);
				checks_need(o, i, step->warn, jobs);
			}
	}
	map_free(jobs);
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
	same_table_free(o->same);
}

static void collect(struct once *o)
{
	struct run_report **last = &o->result->runs;

	for (size_t i = 0; i < o->plan->njobs; i++) {
		if (!o->report[i])
			continue;
		o->result->jobs++;
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
	o.need = ARENA_ARRAY(a, p->njobs, struct need *);
	o.started = ARENA_ARRAY(a, p->njobs, bool);
	o.running = xcalloc(o.most, sizeof(struct run *));
	o.same = same_table_new();
	needs_find(&o);
	ok = once_open(&o, e);
	if (ok) {
		o.host = (struct run_host){ .loop = o.loop,
			.http = o.http,
			.probes = o.probes,
			.same = o.same,
			.runner = options->runner.ptr ? options->runner
						      : STR("local"),
			.line = p->line->name,
			.vantage = STR("local"),
			.seed = options->seed,
			.reports = true,
			.once = true,
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
