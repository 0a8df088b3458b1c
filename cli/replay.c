#include "cli/replay.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/heap.h"
#include "base/keys.h"
#include "base/oom.h"
#include "base/units.h"
#include "base/yaml.h"

#define US         1000000
#define KEY_ZERO   ((uint64_t)1 << 62) /* heap keys are unsigned */
#define ALL        UINT64_MAX
#define FALSE_HALT .01

const double replay_level[REPLAY_LEVELS] = { GLANCE_EXACT, 10, 30, 100 };

struct player {
	const struct detector *detector;
	const struct recording *rec;
	const struct replay_settings *settings;
	struct replayed *out;
	void *state;
	struct heap heap;
	int64_t now_us;  /* newest that has arrived */
	int64_t fed_us;  /* newest that was fed: the watermark */
	int64_t look_us; /* after the soak: next time to ask for a pass */
	/* Of the canary since the deploy, and how many of them are believed. */
	uint64_t failures, failures_believed;
	uint64_t slow, slow_believed;
	enum stream_kind slow_kind; /* what is slow */
	bool deployed, judging, decided;
};

void replay_defaults(const struct detector *d, struct replay_settings *ret)
{
	*ret = (struct replay_settings){ 0 };
	detector_defaults(d, ret->values);
}

/* As a stage's default: 5, 10 or 20 points by the canary's runs a minute. */
static double effect_default(const struct stage_shape *shape)
{
	double a_minute = 0;

	for (uint32_t c = 0; c < shape->nchecks; c++)
		a_minute += 60000.0 / shape->interval_ms[c];
	if (a_minute >= 10)
		return .05;
	return a_minute >= 3 ? .1 : .2;
}

static struct stage_shape shape_with(const struct recording *rec,
	const struct replay_settings *s)
{
	struct stage_shape shape = rec->shape;

	if (s->false_halt > 0)
		shape.false_halt = s->false_halt;
	else if (!(shape.false_halt > 0))
		shape.false_halt = FALSE_HALT;
	if (s->smallest_effect > 0)
		shape.smallest_effect = s->smallest_effect;
	else if (!(shape.smallest_effect > 0))
		shape.smallest_effect = effect_default(&shape);
	if (s->soak_ms)
		shape.soak_ms = s->soak_ms;
	if (shape.horizon_ms && shape.horizon_ms < shape.soak_ms)
		shape.horizon_ms = shape.soak_ms;
	shape.starts_us = 0;
	return shape;
}

static void deploy(struct player *p)
{
	p->detector->deployed(p->state, 0, p->rec->history_us);
	p->deployed = true;
}

static void judge_from(struct player *p)
{
	if (!p->deployed)
		deploy(p);
	if (!p->judging)
		p->detector->judge_from(p->state, p->rec->warmup_us);
	p->judging = true;
}

static void decide(struct player *p, int64_t now_us)
{
	p->out->now_us = now_us > 0 ? now_us : 0;
	p->out->opinion = p->detector->judge(p->state, p->out->now_us);
	p->decided = true;
}

/* A soak that is over before this result may have ended in a pass. */
static void look_for_pass(struct player *p, int64_t at_us)
{
	struct opinion op;

	if (!p->deployed || at_us <= p->look_us)
		return;
	op = p->detector->judge(p->state, p->look_us);
	if (op.state == VERDICT_PASS)
		decide(p, p->look_us);
	p->look_us = at_us > p->look_us + US ? at_us : p->look_us + US;
}

static void note_evidence(struct player *p)
{
	struct glance g = p->detector->glance(p->state);

	for (int i = 0; i < REPLAY_LEVELS; i++)
		if (p->out->level_us[i] < 0 && g.evidence >= replay_level[i])
			p->out->level_us[i] = p->fed_us;
	if (g.halted_us)
		decide(p, p->now_us);
}

/* What is not believed: a failure is a pass, a slow answer of unknown time. */
static void disbelieve(struct player *p, struct observation *o)
{
	if (p->judging && p->detector->is_slow(p->state, o, p->slow_kind) &&
		p->slow++ >= p->slow_believed)
		o->took_us = 0;
	if (o->failed)
		o->failed = p->failures++ < p->failures_believed;
}

static void feed(struct player *p, const struct recorded *r)
{
	struct observation o = { .check = r->check,
		.region = r->region,
		.failed = r->failed,
		.took_us = r->took_us,
		.at_us = r->at_us };

	if (o.at_us < p->fed_us) {
		p->out->late++;
		o.at_us = p->fed_us;
	}
	look_for_pass(p, o.at_us);
	if (p->decided)
		return;
	p->fed_us = o.at_us;
	if (o.at_us >= 0 && !p->deployed)
		deploy(p);
	if (o.at_us >= p->rec->warmup_us)
		judge_from(p);
	if (p->deployed && o.region == 0)
		disbelieve(p, &o);
	p->detector->observe(p->state, &o);
	p->out->fed++;
	if (p->deployed)
		note_evidence(p);
}

static void feed_until(struct player *p, int64_t mark_us)
{
	uint64_t key;
	void *owner;

	while (!p->decided && heap_peek(&p->heap, &key, &owner)) {
		const struct recorded *r = owner;

		if (r->at_us > mark_us)
			return;
		heap_pop(&p->heap);
		feed(p, r);
	}
}

/* Believes only the first so many failures and slow answers of the canary. */
static void play(struct player *p)
{
	int64_t soak_us =
		(int64_t)p->out->shape.soak_ms * 1000 + p->rec->warmup_us;

	p->now_us = p->fed_us = INT64_MIN / 4;
	p->look_us = soak_us;
	for (int i = 0; i < REPLAY_LEVELS; i++)
		p->out->level_us[i] = -1;
	heap_init(&p->heap);
	p->detector->begin(p->state, &p->out->shape, p->settings->values);
	for (size_t i = 0; i < p->rec->nrows && !p->decided; i++) {
		struct recorded *r = &p->rec->row[i];

		if (r->duplicate)
			continue;
		heap_add(&p->heap, KEY_ZERO + (uint64_t)r->at_us, r, NULL);
		if (r->at_us > p->now_us)
			p->now_us = r->at_us;
		feed_until(p, p->now_us - REPLAY_GRACE_US);
	}
	feed_until(p, INT64_MAX);
	heap_done(&p->heap);
	if (p->decided)
		return;
	judge_from(p);
	decide(p, p->fed_us > soak_us ? p->fed_us : soak_us);
}

static void count_checks(const struct player *p)
{
	uint32_t n = p->out->shape.nchecks;

	p->out->canary = xcalloc(n, sizeof(struct tally));
	p->out->control = xcalloc(n, sizeof(struct tally));
	for (uint32_t c = 0; c < n; c++) {
		p->out->canary[c] = p->detector->count(p->state, 0, c);
		for (uint16_t r = 1; r < p->out->shape.nregions; r++) {
			struct tally t = p->detector->count(p->state, r, c);

			p->out->control[c].runs += t.runs;
			p->out->control[c].failures += t.failures;
		}
	}
}

static bool by_latency(const struct opinion *op)
{
	return op->rule == HALT_EVIDENCE && stream_is_latency(op->stream);
}

/*
 * Whether it stops as early when only so many failures are believed; of a halt
 * by latency, so many slow answers.
 */
static bool halts_with(const struct player *like, uint64_t believed)
{
	struct replayed again = { .shape = like->out->shape };
	struct player p = { .detector = like->detector,
		.rec = like->rec,
		.settings = like->settings,
		.state = like->state,
		.out = &again,
		.failures_believed = ALL,
		.slow_believed = ALL,
		.slow_kind = like->out->opinion.stream };

	if (by_latency(&like->out->opinion))
		p.slow_believed = believed;
	else
		p.failures_believed = believed;
	play(&p);
	return again.opinion.rule != HALT_NONE &&
	       again.now_us <= like->out->now_us;
}

/* The newest ones without which it had not stopped; 0: none would do. */
static uint64_t nearest_counterfactual(const struct player *p, uint64_t all)
{
	uint64_t low = 0;    /* does not stop with so few */
	uint64_t high = all; /* stops */

	if (!all || halts_with(p, 0))
		return 0;
	while (high - low > 1) {
		uint64_t mid = low + (high - low) / 2;

		if (halts_with(p, mid))
			high = mid;
		else
			low = mid;
	}
	return all - low;
}

/* What is only told.  It ends what the state is of: that is played anew. */
static void explain(struct player *p)
{
	struct replayed *out = p->out;

	count_checks(p);
	out->nlatencies =
		p->detector->latency(p->state, &out->opinion, out->latency);
	if (by_latency(&out->opinion))
		out->counterfactual =
			nearest_counterfactual(p, out->latency[0].canary.slow);
	else if (out->opinion.rule != HALT_NONE)
		out->counterfactual = nearest_counterfactual(p, p->failures);
}

void replay_run(const struct detector *d, const struct recording *rec,
	const struct replay_settings *s, struct replayed *ret)
{
	struct player p = { .detector = d,
		.rec = rec,
		.settings = s,
		.out = ret,
		.failures_believed = ALL,
		.slow_believed = ALL,
		.slow_kind = STREAM_SLOW90 };

	*ret = (struct replayed){ .shape = shape_with(rec, s) };
	p.state = xmalloc(d->state_size(&ret->shape));
	play(&p);
	if (!s->verdict_only)
		explain(&p);
	free(p.state);
}

void replayed_free(struct replayed *r)
{
	free(r->canary);
	free(r->control);
	r->canary = r->control = NULL;
}

/* --set: what a line file says of a stage, and the detector's own. */
static const char *const stage_names[] = { "false_halt", "smallest_effect",
	"soak" };

enum { STAGE_NAMES = sizeof(stage_names) / sizeof(stage_names[0]) };

static void set_share(const struct yaml_node *n, const char *name,
	const double range[2], double *ret, struct diags *ds)
{
	double x;

	if (!units_share(n->text, &x))
		diag_add(ds, DIAG_ERROR, E21, n->where,
			"`%s` must be a share such as 5%%", name);
	else if (!(x >= range[0] && x <= range[1]))
		diag_add(ds, DIAG_ERROR, E23, n->where,
			"`%s` must be between %g%% and %g%%", name,
			range[0] * 100, range[1] * 100);
	else
		*ret = x;
}

/* False: it is none of these. */
static bool set_stage(const struct yaml_node *n, struct replay_settings *s,
	struct diags *ds)
{
	static const double halt_range[] = { .0001, .2 };
	static const double effect_range[] = { .001, .5 };
	struct str name = n->key->text;

	if (str_eq(name, STR("false_halt")))
		set_share(n, "false_halt", halt_range, &s->false_halt, ds);
	else if (str_eq(name, STR("smallest_effect")))
		set_share(n, "smallest_effect", effect_range,
			&s->smallest_effect, ds);
	else if (str_eq(name, STR("soak")))
		key_duration(n, "soak", 1000, 400 * 86400e3, &s->soak_ms, ds);
	else
		return false;
	return true;
}

static bool known_to(const struct detector *d, struct str name)
{
	for (int i = 0; d->params[i].name; i++)
		if (str_eq(name, str_from(d->params[i].name)))
			return true;
	return false;
}

static void set_unknown(const struct detector *d, const struct yaml_node *n,
	struct diags *ds)
{
	struct str names[DETECTOR_MAX_PARAMS + STAGE_NAMES];
	size_t count = 0;

	for (; count < STAGE_NAMES; count++)
		names[count] = str_from(stage_names[count]);
	for (int i = 0; d->params[i].name; i++)
		names[count++] = str_from(d->params[i].name);
	key_unknown(n->key, E12, "setting", names, count, ds);
}

static bool plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum((unsigned char)s.ptr[i]) &&
			!strchr("_.%-", s.ptr[i]))
			return false;
	return s.len > 0;
}

/* "NAME: VALUE", what the readers of a line file take. */
static const struct yaml_node *set_parse(const char *text, struct arena *a,
	struct diags *ds)
{
	struct str line = str_from(text);
	size_t eq = str_find_byte(line, '=', 0);
	struct str name = str_sub(line, 0, eq);
	struct str value =
		eq == SIZE_MAX ? STR("") : str_sub(line, eq + 1, line.len);
	const struct yaml_node *map;
	struct span where;

	if (plain(name) && plain(value)) {
		struct str yaml = arena_printf(a, "%.*s: %.*s\n", STR_ARG(name),
			STR_ARG(value));

		map = yaml_parse(a, source_from(a, STR("--set"), yaml), ds);
		if (map && map->kind == YAML_MAP)
			return map->first;
	}
	where = (struct span){ .src = source_from(a, STR("--set"), line),
		.end = (uint32_t)line.len };
	diag_add(ds, DIAG_ERROR, E21, where,
		"must be NAME=VALUE, such as false_halt=2%%");
	return NULL;
}

bool replay_set(const struct detector *d, const struct list *sets,
	struct arena *a, struct replay_settings *s, struct diags *ds)
{
	struct buf own;
	const struct yaml_node *map;

	buf_init(&own, YAML_BYTES_MAX);
	for (size_t i = 0; i < sets->count; i++) {
		const struct yaml_node *n = set_parse(sets->item[i], a, ds);

		if (!n || set_stage(n, s, ds))
			continue;
		if (known_to(d, n->key->text))
			buf_addf(&own, "%.*s: %.*s\n", STR_ARG(n->key->text),
				STR_ARG(n->text));
		else
			set_unknown(d, n, ds);
	}
	if (own.len) {
		map = yaml_parse(a, source_from(a, STR("--set"), buf_str(&own)),
			ds);
		if (map)
			detector_config(d, map, s->values, ds);
	}
	buf_done(&own);
	return ds->errors == 0;
}
