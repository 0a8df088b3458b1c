#include <string.h>

#include "runner/run_parts.h"

/* A run for each address, and what all of them are together. */

enum { MS = 1000000, MESSAGE_MAX = 4096 };

/* Which of two is told: a failure that was seen before trouble of our own,
 * and whatever is no pass before a pass. */
static unsigned weight(enum outcome o)
{
	static const unsigned weights[] = { [OUTCOME_PASS] = 0,
		[OUTCOME_LATE] = 1,
		[OUTCOME_SKIPPED] = 2,
		[OUTCOME_RUNNER_ERROR] = 3,
		[OUTCOME_ERROR] = 4,
		[OUTCOME_FAIL] = 5 };

	return weights[o];
}

static void on_child(struct run *child, void *owner)
{
	struct run *r = owner;
	struct each *e = r->each;

	(void)child;
	if (++e->ended == e->count && !e->aborting)
		run_go(r, RUN_END);
}

void run_each_init(struct run *r, const struct run_ask *ask)
{
	struct each *e = ARENA_NEW(r->arena, struct each);

	e->host = *r->host;
	e->host.done = on_child;
	e->host.owner = r;
	e->ask = *ask;
	e->ask.delay_ns = 0;
	e->ask.deployment = r->result.deployment;
	if (ask->deploy_version.ptr)
		e->ask.deploy_version =
			arena_str(r->arena, ask->deploy_version);
	if (ask->served.ptr)
		e->ask.served = arena_str(r->arena, ask->served);
	r->each = e;
}

static void decide(struct run *r, enum reason reason, struct str message)
{
	r->decided =
		(struct verdict){ reason_outcome(reason), reason, message };
	run_go(r, RUN_END);
}

static void on_addresses(const struct resolve_answer *a, void *owner)
{
	static const enum reason reasons[] = { [RESOLVE_NO_NAME] = REASON_DNS,
		[RESOLVE_FAILED] = REASON_DNS,
		[RESOLVE_OURS] = REASON_RESOLVER };
	struct run *r = owner;
	struct each *e = r->each;
	struct str host = e->ask.address_of.host;

	e->wait = NULL;
	loop_timer_cancel(r->host->loop, &r->timer);
	if (a->state != RESOLVE_OK) {
		decide(r, reasons[a->state],
			arena_printf(r->arena, "%.*s: %s", STR_ARG(host),
				a->why));
		return;
	}
	if (a->more) {
		decide(r, REASON_MEMORY,
			arena_printf(r->arena,
				"%.*s has more than %d addresses",
				STR_ARG(host), RESOLVE_ADDRESSES));
		return;
	}
	/* none of them ends before run_start() returns */
	for (size_t i = 0; i < a->count; i++) {
		e->ask.address = str_from(a->address[i]);
		e->child[e->count++] = run_start(&e->host, &e->ask);
	}
}

static void on_silence(struct loop *l, void *owner)
{
	struct run *r = owner;

	(void)l;
	resolve_cancel(r->each->wait);
	r->each->wait = NULL;
	decide(r, REASON_DNS,
		arena_printf(r->arena,
			"%.*s: no answer from DNS before the deadline",
			STR_ARG(r->each->ask.address_of.host)));
}

/* The host of the suite's base_url, whatever single steps ask. */
static bool origin_find(struct run *r, struct verdict *v)
{
	const struct http_options *o = &r->job->suite->http;
	struct str base = r->job->region->base_url;

	if (o->base_url && !run_render(r, o->base_url, &base, v))
		return false;
	if (base.ptr && http_origin(base, r->arena, &r->each->ask.address_of))
		return true;
	*v = (struct verdict){ OUTCOME_RUNNER_ERROR, REASON_INTERNAL,
		STR("addresses: each needs a base_url") };
	return false;
}

/*
 * Waits in RUN_WAIT in any case: what answers at once is told so by the loop,
 * so that the state machine is never driven from inside itself.
 */
static void on_turn(struct loop *l, void *owner)
{
	struct run *r = owner;
	const struct http_options *o = &r->job->suite->http;
	struct resolve_wait *wait;

	loop_timer_arm(l, &r->timer,
		loop_now_ns(l) + o->connect_timeout_ms * MS, on_silence, r);
	wait = http_addresses(r->host->http, o, &r->each->ask.address_of,
		on_addresses, r);
	if (wait) /* else r may be gone */
		r->each->wait = wait;
}

void run_each_state(struct run *r)
{
	if (!origin_find(r, &r->decided)) {
		r->state = RUN_END;
		return;
	}
	r->state = RUN_WAIT;
	loop_timer_arm(r->host->loop, &r->timer, loop_now_ns(r->host->loop),
		on_turn, r);
}

/* --- the end --- */

/* "2 of 3 addresses did not pass; 10.0.0.2: status == 200: got 502" */
static struct str message_of(struct run *r, const struct run *worst)
{
	const struct each *e = r->each;
	struct str said = worst->told.message;
	size_t bad = 0;

	for (size_t i = 0; i < e->count; i++)
		bad += e->child[i]->result.outcome != OUTCOME_PASS;
	if (!bad)
		return said;
	return arena_printf(r->arena,
		"%zu of %zu addresses did not pass; %.*s: %.*s", bad, e->count,
		STR_ARG(worst->address), STR_ARG(said));
}

static void versions_join(struct result *to, const struct result *from)
{
	if (!from->version.len || str_eq(to->version, from->version))
		return;
	to->version = to->version.len ? STR("mixed") : from->version;
}

void run_each_tell(struct run *r)
{
	struct each *e = r->each;
	struct run *worst = e->child[0];
	struct run_report *last = NULL;
	struct result result;

	for (size_t i = 1; i < e->count; i++)
		if (weight(e->child[i]->result.outcome) >
			weight(worst->result.outcome))
			worst = e->child[i];
	result = worst->result;
	for (size_t i = 0; i < e->count; i++) {
		const struct result *one = &e->child[i]->result;

		versions_join(&result, one);
		result.flaky |= one->flaky;
		result.degraded |= one->degraded;
		if (last)
			last->same = &e->child[i]->told;
		last = &e->child[i]->told;
	}
	result.flaky = result.flaky && outcome_ok(result.outcome);
	result.degraded = result.degraded && outcome_ok(result.outcome);
	result.started_us = r->result.started_us;
	result.late_us = r->result.late_us;
	result.took_us =
		(uint32_t)((loop_now_ns(r->host->loop) - r->start_ns) / 1000);
	if (result.evidence) {
		struct evidence *told = ARENA_NEW(r->arena, struct evidence);

		*told = *result.evidence;
		told->message = message_of(r, worst);
		if (!told->address.len)
			told->address = worst->address;
		result.evidence = told;
	}
	r->result = result;
}

/* Ends all that still go; whoever calls ends this one. */
void run_each_abort(struct run *r, const char *why)
{
	struct each *e = r->each;

	e->aborting = true;
	resolve_cancel(e->wait);
	e->wait = NULL;
	for (size_t i = 0; i < e->count; i++)
		run_abort(e->child[i], why);
}

void run_each_free(struct run *r)
{
	for (size_t i = 0; r->each && i < r->each->count; i++)
		run_free(r->each->child[i]);
}
