#include "gate/policy.h"

#include "base/units.h"

static const struct blocker open_way;

static struct blocker blocker(bool person, enum why why, struct str text)
{
	return (struct blocker){ .blocked = true,
		.person = person,
		.why = why,
		.text = text };
}

bool stage_is_production(const struct stage *s)
{
	for (size_t i = 0; i < s->ndeploys; i++)
		if (s->deploys[i]->production)
			return true;
	return false;
}

bool policy_within(const struct facts *f, int64_t at_us, uint64_t most_ms)
{
	int64_t age_us = f->now_us - at_us;

	return age_us <= (int64_t)most_ms * 1000 &&
	       age_us >= -(int64_t)CLOCK_SLACK_MS * 1000;
}

uint64_t stage_pass_ttl_ms(const struct stage *s)
{
	static const struct stage_load unknown;

	return stage_settings(s, &unknown).expires_ms;
}

bool deployment_in_lane(const struct deployment *d)
{
	return d && d->lane != LANE_ORDINARY;
}

/* Does a scope reach into this stage? */
static bool scope_covers(struct str scope, const struct stage *s)
{
	if (str_eq(scope, STR("line")))
		return true;
	for (size_t i = 0; i < s->ndeploys; i++)
		if (str_eq(scope, s->deploys[i]->env) ||
			str_eq(scope, s->deploys[i]->full))
			return true;
	return false;
}

static struct blocker scope_blocks(const struct scope_state *p,
	const struct stage *s, const struct deployment *d, struct arena *a)
{
	char since[32];

	if (!scope_covers(p->scope, s))
		return open_way;
	if (p->automatic && deployment_in_lane(d))
		return open_way;
	if (p->automatic && str_eq(p->scope, STR("line")) && s->ndeploys > 0 &&
		!stage_is_production(s))
		return open_way;
	/* A fix of what was stopped passes also when a person pulled. */
	if (!p->automatic && deployment_in_lane(d) &&
		d->announced_us > p->since_us)
		return open_way;
	units_rfc3339(p->since_us, since);
	struct blocker b = blocker(true,
		p->automatic ? WHY_LINE_STOPPED : WHY_HALTED,
		arena_printf(a, "%.*s %s since %s by %.*s: %.*s",
			STR_ARG(p->scope), p->automatic ? "stopped" : "halted",
			since, STR_ARG(p->by), STR_ARG(p->reason)));
	b.scope = p->scope;
	return b;
}

static struct blocker frozen(const struct facts *f, const struct line *l,
	const struct stage *s, struct arena *a)
{
	const struct window *w = NULL;

	for (size_t i = 0; i < s->ndeploys && !w; i++)
		if (s->deploys[i]->production)
			w = window_open(l->freezes, s->deploys[i], f->now_us);
	if (!w)
		return open_way;
	return blocker(true, WHY_FROZEN,
		arena_printf(a, "freeze window `%.*s` is open",
			STR_ARG(w->name)));
}

struct blocker policy_line(const struct facts *f, const struct line *l,
	const struct stage *s, const struct deployment *d, struct arena *a)
{
	for (size_t i = 0; i < f->nscopes; i++) {
		struct blocker b = scope_blocks(&f->scope[i], s, d, a);
		if (b.blocked)
			return b;
	}
	return deployment_in_lane(d) ? open_way : frozen(f, l, s, a);
}

struct blocker policy_approvals(const struct stage *s,
	const struct deployment *d, struct arena *a)
{
	if (s->approvals <= 0 || (d && d->napprovals >= (size_t)s->approvals))
		return open_way;
	return blocker(true, WHY_APPROVAL,
		arena_printf(a, "%zu of %lld approvals; andon approve %.*s",
			d ? d->napprovals : (size_t)0, (long long)s->approvals,
			STR_ARG(s->name)));
}

static bool deploys_region(const struct deployment *d, struct str region)
{
	for (size_t i = 0; i < d->nregions; i++)
		if (str_eq(d->region[i].region, region))
			return true;
	return false;
}

/* Does it say whether its version is good?  What was cut short does not. */
static bool is_verdict(const struct deployment *d)
{
	return d->state == DEPLOYMENT_ACCEPTED ||
	       d->state == DEPLOYMENT_STOPPED ||
	       d->state == DEPLOYMENT_ROLLED_BACK;
}

static bool is_good(const struct deployment *d)
{
	return d->state == DEPLOYMENT_ACCEPTED && d->undone_us == 0;
}

const struct deployment *policy_accepted_in(const struct facts *f,
	struct str region, struct str version)
{
	for (size_t i = f->ndeployments; i-- > 0;) {
		const struct deployment *d = &f->deployment[i];
		if (is_verdict(d) && version_same(d->version, version) &&
			deploys_region(d, region))
			return is_good(d) ? d : NULL;
	}
	return NULL;
}

/* Is the stage accepted with the same change, and not for too long? */
static bool stage_accepted(const struct facts *f, const struct stage *s,
	const struct deployment *d)
{
	for (size_t i = f->ndeployments; i-- > 0;) {
		const struct deployment *o = &f->deployment[i];
		if (!is_verdict(o) || !str_eq(o->stage, s->name) ||
			!str_eq(o->change, d->change))
			continue;
		return is_good(o) &&
		       (s->ndeploys > 0 || policy_within(f, o->final_us,
						   stage_pass_ttl_ms(s)));
	}
	return false;
}

static struct blocker after_missing(const struct facts *f,
	const struct stage *s, const struct deployment *d, struct arena *a)
{
	for (size_t i = 0; i < s->nafter; i++)
		if (!stage_accepted(f, s->after[i], d))
			return blocker(false, WHY_INCONCLUSIVE,
				arena_printf(a,
					"stage `%.*s` has not accepted change "
					"%.*s",
					STR_ARG(s->after[i]->name),
					STR_ARG(d->change)));
	return open_way;
}

static struct blocker ci_missing(const struct facts *f, const struct stage *s,
	const struct deployment *d, struct arena *a)
{
	for (size_t i = 0; i < s->requires.ci.count; i++) {
		struct str name = s->requires.ci.item[i];
		const struct ci_check *found = NULL;
		for (size_t k = 0; k < f->nci; k++)
			if (str_eq(f->ci[k].name, name) &&
				version_same(f->ci[k].version, d->version) &&
				(!found || f->ci[k].at_us >= found->at_us))
				found = &f->ci[k];
		if (found && found->ok)
			continue;
		return blocker(false, WHY_INCONCLUSIVE,
			arena_printf(a, "CI check `%.*s` %s", STR_ARG(name),
				found ? "failed" : "was not posted"));
	}
	return open_way;
}

/*
 * How the region is now, whatever was accepted there: a change that waits to
 * be merged shall not go on while the region that speaks for it is sick, nor
 * while nobody knows.
 */
static struct blocker pulse_missing(const struct facts *f, struct str region,
	struct arena *a)
{
	const struct pulse *p = facts_pulse(f, region);

	if (!p || p->epoch != f->detector.epoch ||
		!policy_within(f, p->at_us, PULSE_FRESH_MS))
		return blocker(false, WHY_STARVED,
			arena_printf(a, "how %.*s is now is not known yet",
				STR_ARG(region)));
	if (p->state == PULSE_SICK)
		return blocker(false, WHY_REGION_SICK,
			arena_printf(a, "%.*s: %.*s", STR_ARG(region),
				STR_ARG(p->text)));
	if (p->state != PULSE_WELL)
		return blocker(false, WHY_STARVED,
			arena_printf(a, "%.*s: %.*s", STR_ARG(region),
				STR_ARG(p->text)));
	return open_way;
}

static struct blocker regions_missing(const struct facts *f,
	const struct stage *s, const struct deployment *d, struct arena *a)
{
	for (size_t i = 0; i < s->requires.nregions; i++) {
		struct str region = s->requires.regions[i]->full;
		const struct deployment *o =
			policy_accepted_in(f, region, d->version);
		uint64_t fresh_ms = s->requires.fresh_ms;
		if (o && (fresh_ms == 0 ||
				 policy_within(f, o->final_us, fresh_ms))) {
			struct blocker b = pulse_missing(f, region, a);

			if (b.blocked)
				return b;
			continue;
		}
		return blocker(false, WHY_INCONCLUSIVE,
			arena_printf(a, "version %.*s %s in %.*s",
				STR_ARG(d->version),
				o ? "was accepted too long ago"
				  : "was not accepted",
				STR_ARG(region)));
	}
	return open_way;
}

struct blocker policy_requires(const struct facts *f, const struct line *l,
	const struct stage *s, const struct deployment *d, struct arena *a)
{
	struct blocker b;

	(void)l;
	if (d->lane == LANE_ROLLBACK)
		return open_way;
	b = after_missing(f, s, d, a);
	if (!b.blocked)
		b = ci_missing(f, s, d, a);
	if (!b.blocked)
		b = regions_missing(f, s, d, a);
	return b;
}

struct blocker policy_plan(const struct facts *f, struct arena *a)
{
	if (f->nrunners == 0)
		return blocker(false, WHY_STARVED,
			arena_str(a, STR("no runner is alive")));
	if (!f->plan || f->plan->njobs == 0)
		return blocker(false, WHY_OBSERVER_FAULT,
			arena_str(a, STR("no plan of required checks was "
					 "published")));
	for (size_t i = 0; i < f->nrunners; i++)
		if (!str_eq(f->runner[i].plan_hash, f->plan->hash))
			return blocker(false, WHY_OBSERVER_FAULT,
				arena_printf(a,
					"runner %.*s works by another plan "
					"than %.*s",
					STR_ARG(f->runner[i].id),
					STR_ARG(f->plan->runner)));
	return open_way;
}
