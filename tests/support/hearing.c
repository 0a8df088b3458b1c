#include "tests/support/hearing.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define S 1000000LL

static const int64_t deploy_us = 1770000000 * S;

/* ARMS: of the region of that number, 0 is the canary */
static const char *const regions[] = { "west", "east", "north" };
static const char *const runners[] = { "r-west", "r-east", "r-north" };

enum { ARMS_MAX = 3, SAVED_MAX = 16 << 20 };

int64_t hearing_deploy_us(void)
{
	return deploy_us;
}

double hearing_random(struct hearing *h)
{
	h->random ^= h->random << 13;
	h->random ^= h->random >> 7;
	h->random ^= h->random << 17;
	return (double)(h->random >> 11) / 9007199254740992.0;
}

static const struct line *line_of(struct arena *a, unsigned narms)
{
	struct diags ds;
	struct buf yaml;
	const struct line *l;

	buf_init(&yaml, 1 << 16);
	buf_add_z(&yaml, "version: 1\nline: orders\n"
			 "served_version: {header: X-App-Version}\n"
			 "environments:\n  prod:\n");
	for (unsigned i = 0; i < narms; i++)
		buf_addf(&yaml, "    %s: {base_url: 'http://%s.example.com'}\n",
			regions[i], regions[i]);
	buf_addf(&yaml,
		"gate: {warmup: %ds, soak: %ds, max_wait: 2h, "
		"smallest_effect: 30%%}\nworkflow:\n"
		"  - {stage: canary, deploys: prod/west}\n",
		HEARING_WARMUP_S, HEARING_SOAK_S);
	diags_init(&ds, a);
	l = line_parse(a,
		source_from(a, STR("line.yaml"), arena_str(a, buf_str(&yaml))),
		&ds);
	buf_done(&yaml);
	if (!l)
		diags_write(&ds, stderr);
	assert(l);
	return l;
}

static const struct plan_record *plan_make(struct hearing *h, unsigned nchecks)
{
	struct plan_record *p = ARENA_NEW(h->arena, struct plan_record);
	size_t n = nchecks * h->line->nregions;

	p->hash = STR("plan-1");
	p->config = STR("config");
	p->runner = STR("r-west");
	p->job = ARENA_ARRAY(h->arena, n, struct plan_job);
	p->njobs = n;
	for (size_t i = 0; i < n; i++)
		p->job[i] =
			(struct plan_job){ .suite = arena_printf(h->arena,
						   "check-%zu", i % nchecks),
				.role = STR("default"),
				.row = STR(""),
				.region = h->line->regions[i / nchecks].full,
				.every_ms = HEARING_EVERY_S * 1000,
				.timeout_ms = 3000,
				.block = true };
	return p;
}

/* One run: begun at `slot_us`, ended when it is done. */
static void told_add(struct hearing *h, const struct hearing_case *c,
	int64_t slot_us, uint32_t check, uint32_t arm, bool extra)
{
	bool bad = arm == 0 && slot_us >= deploy_us;
	double noise =
		hearing_random(h) + hearing_random(h) + hearing_random(h) - 1.5;
	double ms = 150 * exp(.7 * noise) * (bad && c->slow > 0 ? c->slow : 1);
	bool fails = hearing_random(h) < (bad ? c->canary_fails : c->fails);
	struct told *t = &h->told[h->ntold++];

	t->check = check;
	t->arm = arm;
	t->r = (struct result){ .id = { str_from(runners[arm]), 1, 0 },
		.line = STR("orders"),
		.env = STR("prod"),
		.region = str_from(regions[arm]),
		.vantage = STR("v1"),
		.suite = arena_printf(h->arena, "check-%u", check),
		.role = STR("default"),
		.row = STR(""),
		.deployment = STR(""),
		.version = bad ? STR("v2") : STR("v1"),
		.outcome = fails ? OUTCOME_FAIL : OUTCOME_PASS,
		.reason = fails ? REASON_ASSERT : REASON_NONE,
		.started_us = slot_us + (int64_t)(hearing_random(h) * 5000),
		.took_us = c->unknown ? 0 : (uint32_t)(ms * 1000),
		.status = fails ? 502 : 200,
		.attempts = 1,
		.extra = extra,
		.step = STR("") };
	t->arrival_us = result_end_us(&t->r);
}

static int by_end(const void *a, const void *b)
{
	const struct told *x = a;
	const struct told *y = b;
	int64_t ex = result_end_us(&x->r);
	int64_t ey = result_end_us(&y->r);

	if (ex != ey)
		return ex < ey ? -1 : 1;
	return x->arm < y->arm ? -1 : x->arm > y->arm;
}

static void told_make(struct hearing *h, const struct hearing_case *c)
{
	int64_t from_us = deploy_us - c->history_s * S;
	int64_t to_us =
		deploy_us + (HEARING_SOAK_S + 2 * HEARING_WARMUP_S + 40) * S;
	size_t slots = (size_t)((to_us - from_us) / (HEARING_EVERY_S * S));
	uint64_t seq[ARMS_MAX] = { 0 };

	h->told = ARENA_ARRAY(h->arena,
		(slots + 1) * (c->nchecks + 4) * (c->ncontrols + 1),
		struct told);
	for (int64_t at = from_us; at < to_us; at += HEARING_EVERY_S * S)
		for (uint32_t arm = 0; arm <= c->ncontrols; arm++) {
			for (uint32_t k = 0; k < c->nchecks; k++)
				told_add(h, c,
					at + HEARING_EVERY_S * S * k /
							c->nchecks,
					k, arm, false);
			for (int i = 1; c->extras && i < 5; i++)
				told_add(h, c, at + i * 2 * S, 0, arm, true);
		}
	qsort(h->told, h->ntold, sizeof(h->told[0]), by_end);
	for (size_t i = 0; i < h->ntold; i++)
		h->told[i].r.id.seq = ++seq[h->told[i].arm];
	h->begin_us = h->told[0].arrival_us;
	h->end_us = h->told[h->ntold - 1].arrival_us;
}

void hearing_init(struct hearing *h, const struct hearing_case *c,
	uint64_t seed)
{
	*h = (struct hearing){ .arena = arena_new(),
		.random = seed * 88172645463325252u + 1 };
	assert(c->ncontrols < ARMS_MAX && c->nchecks <= HEARING_CHECKS_MAX);
	h->line = line_of(h->arena, c->ncontrols + 1);
	h->region = (struct deployment_region){ .region = STR("prod/west"),
		.start_us = deploy_us - S,
		.done_us = deploy_us };
	h->deployment = (struct deployment){ .id = STR("orders/canary/v2/1"),
		.stage = STR("canary"),
		.version = STR("v2"),
		.attempt = 1,
		.state = DEPLOYMENT_SOAKING,
		.start_us = deploy_us - S,
		.done_us = deploy_us,
		.region = &h->region,
		.nregions = 1 };
	h->facts = (struct facts){ .line = STR("orders"),
		.deployment = &h->deployment,
		.ndeployments = 1,
		.plan = plan_make(h, c->nchecks) };
	told_make(h, c);
}

void hearing_done(struct hearing *h)
{
	arena_free(h->arena);
}

struct trial *hearing_trial(const struct hearing *h)
{
	struct trial_subject of = { .line = h->line,
		.stage = line_stage(h->line, STR("canary")),
		.deployment = &h->deployment };
	struct str why = STR("");
	struct trial *t = trial_new(&h->facts, &of, &why, h->arena);

	assert(t);
	return t;
}

/* ------- in and out of the store ------- */

static int by_arrival(const void *a, const void *b)
{
	const struct told *x = a;
	const struct told *y = b;

	if (x->arrival_us != y->arrival_us)
		return x->arrival_us < y->arrival_us ? -1 : 1;
	return by_end(a, b);
}

/* What reaches the store, in the order in which it does. */
static size_t arrivals(struct hearing *h, const struct delivery *d,
	struct told *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < h->ntold; i++) {
		struct told t = h->told[i];

		if (d->lost_each && i % d->lost_each == d->lost_each - 1)
			continue;
		t.arrival_us +=
			(int64_t)(hearing_random(h) * d->late_s * (double)S);
		ret[n++] = t;
		if (hearing_random(h) >= d->twice)
			continue;
		t.arrival_us += (int64_t)(hearing_random(h) * 30 * (double)S);
		ret[n++] = t;
	}
	qsort(ret, n, sizeof(*ret), by_arrival);
	return n;
}

/* What a trial is heard in. */
struct room {
	struct clock_virtual clock;
	struct store_hub *hub;
	struct store *store;
	struct trial *trial;
	const struct delivery *how;
};

static void time_move(struct room *r, int64_t to_us)
{
	if (to_us > r->clock.wall)
		clock_virtual_advance(&r->clock,
			(uint64_t)(to_us - r->clock.wall) * 1000);
}

static void read_on(struct room *r)
{
	bool caught_up = false;
	struct err e = { 0 };

	while (!caught_up) {
		bool ok = trial_read(r->trial, r->store, r->clock.wall,
			SIZE_MAX, &caught_up, &e);

		assert(ok);
	}
	if (r->how->look)
		r->how->look(r->trial, r->clock.wall, r->how->owner);
}

/* kill -9 behind a checkpoint: the next one begins with its bytes. */
static void judges_change(const struct hearing *h, struct room *r)
{
	struct trial *next = hearing_trial(h);
	struct buf saved;

	buf_init(&saved, SAVED_MAX);
	trial_save(r->trial, &saved);
	bool ok = !saved.over && trial_load(next, buf_str(&saved));
	assert(ok);
	buf_done(&saved);
	trial_free(r->trial);
	r->trial = next;
}

/* One part of a checkpoint: eight bytes of length, then so many. */
static struct str part_take(struct str *rest)
{
	uint64_t n;
	struct str part;

	assert(rest->len >= sizeof(n));
	memcpy(&n, rest->ptr, sizeof(n));
	part = str_sub(*rest, sizeof(n), (size_t)n);
	*rest = str_sub(*rest, sizeof(n) + (size_t)n, SIZE_MAX);
	return part;
}

static struct heard heard_of(struct hearing *h, const struct trial *t,
	int64_t now_us)
{
	struct heard heard;
	struct buf saved;
	struct str rest;

	trial_judge(t, now_us, h->arena, &heard.judgement);
	/* its texts die with the trial */
	heard.judgement.waiting = arena_str(h->arena, heard.judgement.waiting);
	heard.judgement.check = arena_str(h->arena, heard.judgement.check);
	buf_init(&saved, SAVED_MAX);
	trial_save(t, &saved);
	assert(!saved.over);
	rest = arena_str(h->arena, buf_str(&saved));
	buf_done(&saved);
	part_take(&rest); /* head */
	part_take(&rest); /* shape */
	heard.credit = part_take(&rest);
	heard.watch = part_take(&rest);
	return heard;
}

static void attend(struct hearing *h, const struct delivery *d, struct room *r)
{
	struct told *in = ARENA_ARRAY(h->arena, 2 * h->ntold, struct told);
	size_t n = arrivals(h, d, in);
	int64_t step_us = d->read_ms ? d->read_ms * 1000LL : S;
	int64_t read_us = r->clock.wall;

	for (size_t i = 0; i < n; i++) {
		const struct result *one = &in[i].r;
		struct err e = { 0 };

		/* The detector looks on, also when nothing comes. */
		while (!d->all_at_once &&
			read_us + step_us < in[i].arrival_us) {
			read_us += step_us;
			time_move(r, read_us);
			read_on(r);
		}
		time_move(r, in[i].arrival_us);
		bool ok = store_append(r->store, &one, 1, &e);
		assert(ok);
		if (!d->all_at_once && !d->read_ms) {
			read_us = r->clock.wall;
			read_on(r);
		}
		if (d->saved > 0 && hearing_random(h) < d->saved)
			judges_change(h, r);
	}
}

struct heard hearing_hold(struct hearing *h, const struct delivery *d,
	uint64_t seed)
{
	struct room r = { .trial = hearing_trial(h), .how = d };
	struct heard heard;

	h->random = seed * 0x9e3779b97f4a7c15u + 1;
	clock_virtual_init(&r.clock, h->begin_us - S);
	r.hub = store_hub_new(&r.clock.base);
	r.store = store_memory(r.hub, STR("orders"));
	attend(h, d, &r);
	/* The end of the stream: nobody talks any more. */
	for (int i = 0; i < 10; i++) {
		time_move(&r, r.clock.wall + S);
		read_on(&r);
	}
	heard = heard_of(h, r.trial, h->end_us + 5 * S);
	trial_free(r.trial);
	store_free(r.store);
	store_hub_free(r.hub);
	return heard;
}
