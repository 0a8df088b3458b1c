#include "cli/pulses.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/oom.h"
#include "base/units.h"
#include "detectors/vital.h"
#include "store/feed.h"

enum { READ_CHUNK = 2000, LATE_US = 2000000, ID_BYTES = 48 };

static const int64_t past_us = 24LL * 3600 * 1000000;

struct place { /* of a job: what a result is found by */
	size_t region;
	uint32_t check;
};

struct region_pulse {
	struct str name;
	struct str *check; /* "orders/default" */
	uint32_t *every_ms;
	uint32_t nchecks;
	struct vital *vital;
};

struct pulses_view {
	struct arena *arena; /* NULL: no plan yet */
	struct str plan_hash;
	struct region_pulse *region;
	size_t nregions;
	struct map *places; /* "region\nsuite\nrole\nrow" -> place */
	struct feed *feed;
	struct cursor cursor;
	char (*id)[ID_BYTES];
	bool placed, caught_up;
};

struct pulses_view *pulses_new(void)
{
	return xcalloc(1, sizeof(struct pulses_view));
}

void pulses_drop(struct pulses_view *p)
{
	for (size_t i = 0; i < p->nregions; i++)
		vital_free(p->region[i].vital);
	map_free(p->places);
	feed_free(p->feed);
	arena_free(p->arena);
	*p = (struct pulses_view){ 0 };
}

void pulses_free(struct pulses_view *p)
{
	if (!p)
		return;
	pulses_drop(p);
	free(p);
}

static struct region_pulse *region_of(struct pulses_view *p, struct str name,
	size_t *ret_at)
{
	for (size_t i = 0; i < p->nregions; i++)
		if (str_eq(p->region[i].name, name)) {
			*ret_at = i;
			return &p->region[i];
		}
	*ret_at = p->nregions;
	p->region[p->nregions].name = arena_str(p->arena, name);
	return &p->region[p->nregions++];
}

static struct str key_of(struct arena *a, struct str region, struct str suite,
	struct str role, struct str row)
{
	return arena_printf(a, "%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(region),
		STR_ARG(suite), STR_ARG(role), STR_ARG(row));
}

static void job_add(struct pulses_view *p, const struct plan_record *plan,
	const struct plan_job *j)
{
	struct place *at = ARENA_NEW(p->arena, struct place);
	struct region_pulse *g = region_of(p, j->region, &at->region);

	if (!g->check) {
		g->check = ARENA_ARRAY(p->arena, plan->njobs, struct str);
		g->every_ms = ARENA_ARRAY(p->arena, plan->njobs, uint32_t);
	}
	at->check = g->nchecks++;
	g->check[at->check] = arena_printf(p->arena, "%.*s/%.*s%s%.*s",
		STR_ARG(j->suite), STR_ARG(j->role), j->row.len ? "/" : "",
		STR_ARG(j->row));
	g->every_ms[at->check] = (uint32_t)j->every_ms;
	map_set(p->places,
		key_of(p->arena, j->region, j->suite, j->role, j->row), at);
}

/* All that block: what a gate would want of the region. */
static void begin(struct pulses_view *p, const struct plan_record *plan)
{
	p->arena = arena_new();
	p->plan_hash = arena_str(p->arena, plan->hash);
	p->places = map_new();
	p->feed = feed_new(LATE_US);
	p->region = ARENA_ARRAY(p->arena, plan->njobs + 1, struct region_pulse);
	for (size_t i = 0; i < plan->njobs; i++)
		if (plan->job[i].block && plan->job[i].every_ms > 0)
			job_add(p, plan, &plan->job[i]);
	p->cursor.count = p->nregions;
	p->cursor.region = ARENA_ARRAY(p->arena, p->nregions + 1, struct str);
	p->cursor.id = ARENA_ARRAY(p->arena, p->nregions + 1, struct str);
	p->id = arena_array(p->arena, p->nregions + 1, ID_BYTES);
	for (size_t i = 0; i < p->nregions; i++) {
		struct region_pulse *g = &p->region[i];

		g->vital = vital_new(g->nchecks, g->every_ms,
			PULSE_APART_DAYS * 86400.0);
		p->cursor.region[i] = g->name;
		p->cursor.id[i] = STR("0");
	}
}

static void cursor_keep(struct pulses_view *p, const struct cursor *moved)
{
	for (size_t i = 0; i < p->cursor.count; i++) {
		size_t n = moved->id[i].len;

		if (n >= ID_BYTES)
			continue;
		memcpy(p->id[i], moved->id[i].ptr, n);
		p->cursor.id[i] = (struct str){ p->id[i], n };
	}
}

static void feed_drain(struct pulses_view *p, struct arena *a, int64_t now_us)
{
	struct result r;
	int64_t at_us;

	while (feed_next(p->feed, now_us, &r, &at_us)) {
		const struct place *at;

		if (!outcome_counts(r.outcome) || r.maintenance || r.extra)
			continue;
		at = map_get(p->places,
			key_of(a,
				arena_printf(a, "%.*s/%.*s", STR_ARG(r.env),
					STR_ARG(r.region)),
				r.suite, r.role, r.row));
		if (at)
			vital_observe(p->region[at->region].vital, at->check,
				!outcome_ok(r.outcome), at_us);
	}
}

static struct cursor cursor_copy(const struct pulses_view *p, struct arena *a)
{
	struct cursor c = p->cursor;

	c.id = ARENA_ARRAY(a, c.count + 1, struct str);
	for (size_t i = 0; i < c.count; i++)
		c.id[i] = p->cursor.id[i];
	return c;
}

/* Up to READ_CHUNK results; *ret_n 0: there is no more now. */
static bool read_some(struct pulses_view *p, struct store *s,
	const struct facts *f, size_t *ret_n, struct err *e)
{
	struct arena *a = arena_new();
	struct cursor c = cursor_copy(p, a);
	struct result *r;
	bool ok =
		p->placed || store_cursor_at(s, &c, a, f->now_us - past_us, e);

	p->placed |= ok;
	ok = ok && store_read(s, &c, a, READ_CHUNK, 0, &r, ret_n, e);
	if (ok) {
		for (size_t i = 0; i < *ret_n; i++)
			feed_add(p->feed, &r[i]);
		cursor_keep(p, &c);
		/* while catching up, time is what was read, not the clock */
		feed_drain(p, a, *ret_n > 0 ? 0 : f->now_us);
	}
	arena_free(a);
	return ok;
}

bool pulses_read_on(struct pulses_view *p, struct store *s,
	const struct facts *f, bool *ret_busy, struct err *e)
{
	size_t budget = PULSES_READ_BUDGET;
	size_t n = 1;

	if (p->arena && (!f->plan || !str_eq(p->plan_hash, f->plan->hash)))
		pulses_drop(p);
	if (!p->arena && f->plan)
		begin(p, f->plan);
	if (!p->nregions)
		return true;
	while (n > 0 && budget > 0) {
		if (!read_some(p, s, f, &n, e))
			return false;
		budget = n < budget ? budget - n : 0;
	}
	p->caught_up = n == 0;
	*ret_busy |= n > 0;
	return true;
}

/* ------- in words ------- */

static int64_t fresh_us(uint32_t every_ms)
{
	int64_t us = (int64_t)every_ms * 2500;

	return us > 30000000 ? us : 30000000;
}

/* A check without a fresh result, if there is one: then nothing is known. */
static bool is_silent(const struct region_pulse *g, int64_t now_us,
	uint32_t *ret_check)
{
	for (uint32_t c = 0; c < g->nchecks; c++) {
		const struct vital_check *k = vital_check_of(g->vital, c);

		if (now_us - k->newest_us <= fresh_us(g->every_ms[c]))
			continue;
		*ret_check = c;
		return true;
	}
	return false;
}

static void say_checks(const struct region_pulse *g, struct arena *a,
	struct pulse *ret)
{
	enum { SAID_MAX = 16 };

	ret->check = ARENA_ARRAY(a, SAID_MAX, struct pulse_check);
	for (uint32_t c = 0; c < g->nchecks; c++) {
		const struct vital_check *k = vital_check_of(g->vital, c);

		ret->newest_us = k->newest_us > ret->newest_us ? k->newest_us
							       : ret->newest_us;
		if (!k->down || ret->nchecks == SAID_MAX)
			continue;
		ret->check[ret->nchecks++] =
			(struct pulse_check){ .name = g->check[c],
				.since_us = k->since_us,
				.runs = k->runs,
				.failed = k->failed };
	}
}

static struct str sick_text(const struct pulse *p, enum vital_rule rule,
	struct arena *a)
{
	char since[32];
	unsigned long long failed = p->failed;
	unsigned long long runs = p->runs;

	units_rfc3339(p->since_us, since);
	if (rule == VITAL_CHECK && p->nchecks > 0)
		return arena_printf(a, "%.*s fails since %s",
			STR_ARG(p->check[0].name), since);
	return arena_printf(a, "%s since %s (%llu of %llu runs failed)",
		rule == VITAL_OUTAGE ? "most checks fail"
				     : "more failures begin than before",
		since, failed, runs);
}

static void say(const struct region_pulse *g, const struct facts *f,
	struct arena *a, struct pulse *ret)
{
	struct vital_view v;
	uint32_t silent;

	vital_look(g->vital, &v);
	*ret = (struct pulse){ .region = g->name,
		.at_us = f->now_us,
		.state = v.rule == VITAL_NONE ? PULSE_WELL : PULSE_SICK,
		.recovered_us = v.recovered_us,
		.rule = str_from(vital_rule_token(v.rule)),
		.text = STR(""),
		.evidence = v.evidence,
		.alarm_at = v.alarm_at,
		.past_s = v.past_s };
	say_checks(g, a, ret);
	if (v.rule != VITAL_NONE || v.recovered_us) {
		ret->since_us = v.since_us;
		ret->runs = v.runs;
		ret->failed = v.failed;
	}
	if (v.rule != VITAL_NONE)
		ret->text = sick_text(ret, v.rule, a);
	/* what was sick and is silent now is still not well */
	if (v.rule == VITAL_NONE && is_silent(g, f->now_us, &silent)) {
		ret->state = PULSE_UNKNOWN;
		ret->text = arena_printf(a, "%.*s does not report",
			STR_ARG(g->check[silent]));
	}
}

bool pulses_say(const struct pulses_view *p, const struct facts *f,
	uint64_t epoch, struct arena *a, struct pulses *ret)
{
	uint32_t sick = 0;

	if (!p->caught_up)
		return false;
	ret->pulse = ARENA_ARRAY(a, p->nregions + 1, struct pulse);
	ret->npulses = p->nregions;
	for (size_t i = 0; i < p->nregions; i++) {
		say(&p->region[i], f, a, &ret->pulse[i]);
		ret->pulse[i].epoch = epoch;
		sick += ret->pulse[i].state == PULSE_SICK;
	}
	for (size_t i = 0; i < p->nregions; i++)
		ret->pulse[i].elsewhere =
			sick - (ret->pulse[i].state == PULSE_SICK);
	return true;
}
