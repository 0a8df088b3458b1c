#include "regions/line.h"

static bool holds(const struct region *const *set, size_t n,
	const struct region *r)
{
	for (size_t i = 0; i < n; i++)
		if (set[i] == r)
			return true;
	return false;
}

static bool deployed(const struct line *l, const struct region *r)
{
	for (size_t i = 0; i < l->nstages; i++)
		if (holds(l->stages[i].deploys, l->stages[i].ndeploys, r))
			return true;
	return false;
}

/* The first of an environment that no stage deploys, else the very first. */
static const struct region *first_of(const struct line *l, struct str env)
{
	const struct region *first = NULL;

	for (size_t i = 0; i < l->nregions; i++) {
		const struct region *r = &l->regions[i];

		if (!str_eq(r->env, env))
			continue;
		if (!deployed(l, r))
			return r;
		if (!first)
			first = r;
	}
	return first;
}

static bool alone(const struct line *l, const struct region *r)
{
	for (size_t i = 0; i < l->nregions; i++)
		if (&l->regions[i] != r && str_eq(l->regions[i].env, r->env))
			return false;
	return true;
}

const struct region *line_baseline(const struct line *l, const struct region *r)
{
	for (size_t i = 0; i < l->nstages; i++) {
		const struct stage *s = &l->stages[i];

		if (s->control == CONTROL_REGIONS && s->ncompare &&
			holds(s->deploys, s->ndeploys, r))
			return s->compare[0];
	}
	for (size_t i = 0; i < l->nstages; i++) {
		const struct stage *s = &l->stages[i];

		if (s->control == CONTROL_REGIONS && s->ncompare &&
			(s->compare[0] == r ||
				str_eq(s->compare[0]->env, r->env)))
			return s->compare[0];
	}
	return alone(l, r) ? NULL : first_of(l, r->env);
}
