#include "tests/support/drill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ULL

static uint64_t drill_mono(const struct clock *c)
{
	const struct drill_clock *d = (const struct drill_clock *)c;

	return clock_mono_ns(&clock_system) + d->shift_ns;
}

static int64_t drill_wall(const struct clock *c)
{
	const struct drill_clock *d = (const struct drill_clock *)c;

	return clock_wall_us(&clock_system) + (int64_t)(d->shift_ns / 1000);
}

static void must(bool ok, const struct err *e)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", e->text);
	abort();
}

static void on_done(struct run *r, void *owner)
{
	struct drill *d = owner;

	d->last = *run_result(r);
	d->last.evidence = NULL;
	snprintf(d->said, sizeof(d->said), "%.*s",
		STR_ARG(run_report(r)->message));
	d->ended[d->nended++] = r;
	if (++d->done == d->begun)
		loop_stop(d->loop);
}

void drill_open(struct drill *d)
{
	struct err e = { 0 };

	memset(d, 0, sizeof(*d));
	d->clock.base = (struct clock){ drill_mono, drill_wall };
	d->loop = loop_new(&d->clock.base, &e);
	must(d->loop, &e);
	d->resolver = resolver_new(d->loop, NULL, &e);
	must(d->resolver, &e);
	d->http = http_new(d->loop, d->resolver, &e);
	must(d->http, &e);
	d->probes = probes_new(d->loop, d->http, NULL);
	d->host = (struct run_host){ .loop = d->loop,
		.http = d->http,
		.probes = d->probes,
		.runner = STR("r"),
		.line = STR("l"),
		.vantage = STR("v"),
		.done = on_done,
		.owner = d };
}

void drill_close(struct drill *d)
{
	plan_unref(d->plan);
	http_free(d->http);
	probes_free(d->probes);
	resolver_free(d->resolver);
	loop_free(d->loop);
}

void drill_plan(struct drill *d, struct plan *p)
{
	plan_unref(d->plan);
	d->plan = p;
}

struct run *drill_begin(struct drill *d, size_t job, struct http_pool *pool)
{
	struct run_ask ask = { .job = &d->plan->job[job],
		.plan = d->plan,
		.number = ++d->begun,
		.pool = pool };

	return run_start(&d->host, &ask);
}

void drill_end_all(struct drill *d)
{
	struct err e = { 0 };

	must(loop_run(d->loop, &e), &e);
	for (size_t i = 0; i < d->nended; i++)
		run_free(d->ended[i]);
	d->nended = 0;
}

static void on_turn(struct loop *l, void *owner)
{
	(void)owner;
	loop_stop(l);
}

void drill_time_passes(struct drill *d, uint64_t seconds)
{
	struct err e = { 0 };
	uint64_t due_ns = drill_mono(&d->clock.base) + seconds * SECOND;

	d->clock.shift_ns += seconds * SECOND;
	loop_timer_arm(d->loop, &d->turn, due_ns, on_turn, NULL);
	must(loop_run(d->loop, &e), &e);
}
