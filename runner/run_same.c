#include "base/units.h"
#include "runner/run_parts.h"

/*
 * `sameAs` in a run: values are compared as they come and handed to the table
 * when the run has ended.
 */
enum { MS = 1000000, SECOND_MS = 1000 };

/* Lengths are part of it: no name can be taken for a part of another one. */
static struct str key_of(struct run *r, struct str region, struct str step,
	struct str extractor)
{
	const struct job *j = r->job;

	return arena_printf(r->arena, "%zu %zu %zu %.*s %.*s %.*s %.*s",
		region.len, j->check.len, step.len, STR_ARG(region),
		STR_ARG(j->check), STR_ARG(step), STR_ARG(extractor));
}

static struct same_made *made_find(const struct run *r, struct str step,
	struct str extractor)
{
	struct same_made *m = r->made;

	while (m &&
		(!str_eq(m->step, step) || !str_eq(m->extractor, extractor)))
		m = m->next;
	return m;
}

/* Of several attempts the last one counts. */
static void made_keep(struct run *r, const struct same *s,
	const struct same_value *got)
{
	struct same_made *m = made_find(r, r->step->name, s->extractor);

	if (!m) {
		m = ARENA_NEW(r->arena, struct same_made);
		m->step = r->step->name;
		m->extractor = s->extractor;
		m->next = r->made;
		r->made = m;
	}
	m->value = *got;
}

/* STR_NONE: there is none. */
static struct str source_of(const struct run *r, const struct same *s)
{
	const struct region *base;

	switch (s->kind) {
	case SAME_PREVIOUS:
		return r->job->region->full;
	case SAME_REGION:
		return s->region;
	case SAME_BASELINE:
		break;
	}
	base = line_baseline(r->plan->line, r->job->region);
	return base ? base->full : STR_NONE;
}

struct str run_same_source(const struct plan *p, const struct job *j,
	const struct same *s)
{
	const struct run like = { .plan = (struct plan *)p, .job = j };

	return s->kind == SAME_PREVIOUS ? STR_NONE : source_of(&like, s);
}

static bool is_planned(const struct run *r, struct str region)
{
	const struct plan *p = r->plan;

	for (size_t i = 0; i < p->njobs; i++)
		if (p->job[i].check_hash == r->job->check_hash &&
			str_eq(p->job[i].region->full, region))
			return true;
	return false;
}

static enum same_found nothing(struct same_answer *ret, struct str why)
{
	ret->why = why;
	return SAME_NOTHING;
}

static enum same_found none_yet(struct run *r, const struct same *s,
	struct same_answer *ret)
{
	if (s->kind == SAME_PREVIOUS)
		return nothing(ret,
			r->host->once ? STR("no run before this one: `andon "
					    "test` makes each run once")
				      : STR("no run before this one"));
	return nothing(ret,
		arena_printf(r->arena,
			is_planned(r, ret->with)
				? "no run in %.*s yet"
				: "this check does not run in %.*s here",
			STR_ARG(ret->with)));
}

static enum same_found look_up(struct run *r, const struct same *s,
	struct str region, struct same_answer *ret)
{
	uint64_t age_ms = s->max_age_ms ? s->max_age_ms
					: SAME_AGES * r->job->suite->every_ms;
	uint64_t now_ns = loop_now_ns(r->host->loop);
	uint64_t at_ns = 0;
	char age[32];
	char most[32];

	switch (same_table_get(r->host->same,
		key_of(r, region, r->step->name, s->extractor), r->arena,
		&ret->that, &at_ns)) {
	case SAME_UNKNOWN:
		return none_yet(r, s, ret);
	case SAME_NONE:
		return nothing(ret,
			arena_printf(r->arena, "%s%.*s came to no value",
				s->kind == SAME_PREVIOUS ? ""
							 : "the last run in ",
				STR_ARG(ret->with)));
	case SAME_KNOWN:
		break;
	}
	if (now_ns <= at_ns || now_ns - at_ns <= age_ms * MS)
		return SAME_FOUND;
	/* whole seconds, and never less than it may be */
	uint64_t age_whole_ms = (now_ns - at_ns) / MS + SECOND_MS - 1;
	age_whole_ms -= age_whole_ms % SECOND_MS;
	return nothing(ret, arena_printf(r->arena,
				    "the value of %.*s is %s old, more than "
				    "%s",
				    STR_ARG(ret->with),
				    units_duration_text(age_whole_ms, age),
				    units_duration_text(age_ms, most)));
}

static enum same_found compare(void *owner, const struct same *s,
	const struct same_value *got, struct same_answer *ret)
{
	struct run *r = owner;
	struct str region = source_of(r, s);

	made_keep(r, s, got);
	if (s->kind != SAME_PREVIOUS && str_eq(region, r->job->region->full))
		return SAME_SOURCE;
	if (!region.ptr)
		return nothing(ret, STR("no other region beside this one"));
	ret->with = s->kind == SAME_PREVIOUS ? STR("the previous run") : region;
	return look_up(r, s, region, ret);
}

void run_same_init(struct run *r)
{
	r->same = (struct same_values){ compare, r };
	if (r->host->same)
		r->vars.same = &r->same;
}

static void checks_keep(struct run *r, const struct step *step,
	const struct check *c)
{
	for (; c; c = c->next) {
		const struct same *s = check_same(c);
		const struct same_made *m;

		if (!s)
			continue;
		m = made_find(r, step->name, s->extractor);
		same_table_put(r->host->same,
			key_of(r, r->job->region->full, step->name,
				s->extractor),
			m ? &m->value : NULL, loop_now_ns(r->host->loop));
	}
}

/*
 * A run that had nothing to compare with has a value all the same: without it
 * the first run of all would be the first one for ever.
 */
void run_same_end(struct run *r)
{
	const struct suite *s = r->job->suite;
	const struct step *const lists[] = { s->setup, s->steps, s->cleanup };

	if (!r->host->same || (!outcome_counts(r->decided.outcome) &&
				      r->decided.reason != REASON_COMPARE))
		return;
	for (size_t i = 0; i < 3; i++)
		for (const struct step *step = lists[i]; step;
			step = step->next) {
			checks_keep(r, step, step->expect);
			checks_keep(r, step, step->warn);
		}
}
