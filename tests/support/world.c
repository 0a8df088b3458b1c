#include "tests/support/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT_MS = 100, TURN_SLOTS = 10, TAKES_US = 20000 };

static const int64_t start_us = 1770000000000000;

double world_random(struct world *w)
{
	/* xorshift64*: enough for a coin. */
	w->noise ^= w->noise >> 12;
	w->noise ^= w->noise << 25;
	w->noise ^= w->noise >> 27;
	return (double)((w->noise * 2685821657736338717ULL) >> 11) /
	       9007199254740992.0;
}

double world_now_s(const struct world *w)
{
	return (double)(w->clock.wall - start_us) / 1e6;
}

void world_plan_put(struct world *w, const char *hash)
{
	size_t n = w->line->nregions * w->nchecks;
	struct plan_record p = { .hash = str_from(hash),
		.config = STR("config"),
		.runner = STR("r1"),
		.at_us = w->clock.wall };
	struct err e = { 0 };

	p.job = ARENA_ARRAY(w->arena, n, struct plan_job);
	p.njobs = n;
	for (size_t i = 0; i < n; i++)
		p.job[i] =
			(struct plan_job){ .suite = arena_printf(w->arena,
						   "check-%zu", i % w->nchecks),
				.role = STR("default"),
				.row = STR(""),
				.region = w->line->regions[i / w->nchecks].full,
				.every_ms = w->every_ms,
				.timeout_ms = 1000,
				.every_failing_ms = w->failing_ms,
				.block = true };
	bool ok = store_plan_put(w->pipeline, &p, &e);
	assert(ok);
	w->plan_there = true;
}

static void runner_join(struct world *w)
{
	struct err e = { 0 };
	bool ok = store_runner_join(w->pipeline, STR("r1"), STR("v1"), true,
		&w->epoch, &e);

	assert(ok);
	w->seq = 0;
	w->runner_alive = true;
}

void world_detector_start(struct world *w)
{
	struct referee_options o = { .line = w->line,
		.store = w->store,
		.id = STR("d1"),
		.checkpoint_ms = 1000 };

	w->referee = referee_new(&o);
}

/* As kill -9 does: nothing is given back, nothing is written; the lease runs
 * out by itself. */
void world_detector_kill(struct world *w)
{
	store_hub_down(w->hub, true);
	referee_free(w->referee);
	store_hub_down(w->hub, false);
	w->referee = NULL;
}

static const struct line *line_of(struct world *w, const char *yaml)
{
	const struct line *l;
	struct diags ds;

	diags_init(&ds, w->arena);
	l = line_parse(w->arena,
		source_from(w->arena, STR("line.yaml"), str_from(yaml)), &ds);
	if (!l)
		diags_write(&ds, stderr);
	assert(l);
	return l;
}

void world_reload(struct world *w, const char *yaml)
{
	w->line = line_of(w, yaml);
	referee_reload(w->referee, w->line);
}

void world_init(struct world *w, const char *yaml, unsigned nchecks,
	uint64_t every_ms, world_fn *fn, void *owner)
{
	*w = (struct world){ .nchecks = nchecks,
		.every_ms = every_ms,
		.noise = 88172645463325252ULL,
		.fn = fn,
		.owner = owner };
	clock_virtual_init(&w->clock, start_us);
	w->arena = arena_new();
	w->turn = arena_new();
	w->line = line_of(w, yaml);
	w->hub = store_hub_new(&w->clock.base);
	w->store = store_memory(w->hub, w->line->name);
	w->pipeline = store_memory(w->hub, w->line->name);
	runner_join(w);
	world_plan_put(w, "plan-1");
	world_detector_start(w);
}

void world_done(struct world *w)
{
	referee_free(w->referee);
	store_free(w->store);
	store_free(w->pipeline);
	store_hub_free(w->hub);
	arena_free(w->turn);
	arena_free(w->arena);
}

static void run_one(struct world *w, const struct region *region,
	unsigned check, bool extra)
{
	struct world_answer a =
		w->fn(w, region->full.ptr, check, world_now_s(w), w->owner);
	char suite[32];
	struct err e = { 0 };

	if (a.down)
		return;
	snprintf(suite, sizeof(suite), "check-%u", check);
	uint32_t took_us = a.took_us ? a.took_us : TAKES_US;
	struct result r = { .id = { STR("r1"), w->epoch, ++w->seq },
		.line = w->line->name,
		.env = region->env,
		.region = region->name,
		.vantage = STR("v1"),
		.suite = str_from(suite),
		.role = STR("default"),
		.row = STR(""),
		.deployment = STR(""),
		.version = a.version ? str_from(a.version) : STR(""),
		.outcome = a.failed ? OUTCOME_FAIL : OUTCOME_PASS,
		.reason = a.failed ? REASON_ASSERT : REASON_NONE,
		.started_us = w->clock.wall - took_us + w->runner_ahead_us,
		.took_us = took_us,
		.status = a.failed ? 502 : 200,
		.attempts = 1,
		.extra = extra,
		.step = STR("") };
	const struct result *one = &r;
	if (w->lose_every && w->seq % w->lose_every == 0)
		return; /* its seq is missing for ever */
	bool ok = store_append(w->pipeline, &one, 1, &e);
	assert(ok);
}

/* As the worker's pace: from and until the same moment in all regions. */
static bool is_suspected(const struct world *w, const struct suspicion *s,
	const struct region *region, unsigned check)
{
	char suite[32];
	int n = snprintf(suite, sizeof(suite), "check-%u", check);
	struct str name = { suite, (size_t)n };

	if (w->slow_east && str_eq(region->name, STR("east")))
		return false;
	for (size_t i = 0; s && i < s->nsuspects; i++) {
		const struct suspect *one = &s->suspect[i];

		if (!str_eq(one->suite, name) || w->clock.wall < one->from_us ||
			w->clock.wall >= one->until_us)
			continue;
		for (size_t k = 0; k < one->nregions; k++)
			if (str_eq(one->region[k], region->full))
				return true;
	}
	return false;
}

static void runs(struct world *w)
{
	const struct suspicion *suspicion = NULL;
	uint64_t now_ms = w->slot * SLOT_MS;
	bool more = w->failing_ms && !w->deaf && now_ms % w->failing_ms == 0;

	if (more) {
		struct facts f;
		struct err e = { 0 };

		arena_reset(w->turn);
		if (store_facts(w->pipeline, w->turn, &f, &e))
			suspicion = f.suspicion;
	}
	for (unsigned c = 0; c < w->nchecks; c++) {
		/* Phases spread the checks over their interval. */
		uint64_t phase_ms = w->every_ms * c / w->nchecks;
		uint64_t step_ms = w->failing_ms ? w->failing_ms : SLOT_MS;
		phase_ms -= phase_ms % step_ms;
		bool extra = now_ms % w->every_ms != phase_ms;
		for (size_t i = 0; i < w->line->nregions; i++) {
			const struct region *g = &w->line->regions[i];

			if (extra && !is_suspected(w, suspicion, g, c))
				continue;
			w->extras += extra;
			run_one(w, g, c, extra);
		}
	}
}

static void beat(struct world *w)
{
	struct runner_lease l = { .id = STR("r1"),
		.vantage = STR("v1"),
		.plan_hash = STR("plan-1"),
		.epoch = w->epoch,
		.seen_us = w->clock.wall };
	struct err e = { 0 };
	bool ok = store_runner_beat(w->pipeline, &l, 5000, &e);

	assert(ok);
}

void world_history(struct world *w, double seconds)
{
	struct referee *asleep = w->referee;

	w->referee = NULL;
	world_pass(w, seconds);
	w->referee = asleep;
}

void world_pass(struct world *w, double seconds)
{
	uint64_t slots = (uint64_t)(seconds * 1000 / SLOT_MS + 0.5);

	for (uint64_t i = 0; i < slots; i++) {
		struct err e = { 0 };
		bool busy = true;
		clock_virtual_advance(&w->clock, SLOT_MS * 1000000ULL);
		w->slot++;
		if (w->runner_alive) {
			if (w->slot % 10 == 0)
				beat(w);
			runs(w);
		}
		/* A detector looks at least once a second. */
		while (w->referee && busy && w->slot % TURN_SLOTS == 0)
			if (!referee_turn(w->referee, &busy, &e))
				break;
	}
}

struct facts world_facts(struct world *w)
{
	struct facts f;
	struct err e = { 0 };
	bool ok = store_facts(w->pipeline, w->turn, &f, &e);

	assert(ok);
	return f;
}

static void commit(struct world *w, const struct verb_answer *v)
{
	enum commit_answer done = COMMIT_DONE;
	struct err e = { 0 };

	if (!v->tx || tx_empty(v->tx))
		return;
	bool ok = store_commit(w->pipeline, v->tx, &done, &e);
	assert(ok && done == COMMIT_DONE);
}

struct verb_answer world_deploy_as(struct world *w, const char *verb,
	const char *stage, const char *version, enum lane lane,
	const char *fixes)
{
	struct facts f = world_facts(w);
	struct deploy_request r = { .stage = line_stage(w->line,
					    str_from(stage)),
		.version = arena_str(w->arena, str_from(version)),
		.by = STR("ci"),
		.fixes = str_from(fixes),
		.lane = lane };
	struct verb_answer v;

	assert(r.stage);
	if (strcmp(verb, "start") == 0)
		v = deploy_start(&f, w->line, &r, w->arena);
	else if (strcmp(verb, "done") == 0)
		v = deploy_done(&f, w->line, &r, w->arena);
	else if (strcmp(verb, "register") == 0)
		v = gate_register(&f, &r, w->arena);
	else if (strcmp(verb, "rolled-back") == 0)
		v = deploy_end(&f, w->line, &r, DEPLOYMENT_ROLLED_BACK,
			w->arena);
	else
		v = deploy_end(&f, w->line, &r, DEPLOYMENT_CANCELLED, w->arena);
	commit(w, &v);
	return v;
}

struct verb_answer world_deploy(struct world *w, const char *verb,
	const char *stage, const char *version)
{
	return world_deploy_as(w, verb, stage, version, LANE_ORDINARY, NULL);
}

void world_halt(struct world *w, const char *scope)
{
	struct facts f = world_facts(w);
	struct cord c = { .scope = str_from(scope),
		.by = STR("ann"),
		.reason = STR("smells") };
	struct verb_answer v = line_halt(&f, w->line, &c, w->arena);

	commit(w, &v);
}

struct verb_answer world_resume(struct world *w, const char *scope,
	const char *cause)
{
	struct facts f = world_facts(w);
	struct cord c = { .scope = str_from(scope),
		.by = STR("ann"),
		.reason = STR("mended"),
		.cause = str_from(cause) };
	struct verb_answer v = line_resume(&f, w->line, &c, w->arena);

	commit(w, &v);
	return v;
}

struct verb_answer world_approve(struct world *w, const char *stage,
	const char *version, const char *by)
{
	struct facts f = world_facts(w);
	struct deploy_request r = { .stage = line_stage(w->line,
					    str_from(stage)),
		.version = arena_str(w->arena, str_from(version)),
		.by = arena_str(w->arena, str_from(by)) };
	struct verb_answer v =
		deployment_approve(&f, &r, STR("looked at it"), w->arena);

	commit(w, &v);
	return v;
}

struct answer world_gate(struct world *w, const char *stage,
	const char *version)
{
	struct question q = { .stage = line_stage(w->line, str_from(stage)),
		.version = str_from(version) };
	struct answer a;

	arena_reset(w->turn);
	struct facts *f = ARENA_NEW(w->turn, struct facts);
	*f = world_facts(w);
	gate_answer(f, w->line, &q, w->turn, &a);
	return a;
}
