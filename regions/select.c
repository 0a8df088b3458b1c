#include "base/codes.h"
#include "regions/reader.h"

bool region_matches(const struct region *r, struct str glob)
{
	bool whole_env = str_find(glob, STR("/"), 0) == SIZE_MAX;

	return str_glob(glob, whole_env ? r->env : r->full);
}

const struct region *line_region(const struct line *l, struct str full)
{
	for (size_t i = 0; i < l->nregions; i++)
		if (str_eq(l->regions[i].full, full))
			return &l->regions[i];
	return NULL;
}

const struct role *line_role(const struct line *l, struct str name)
{
	for (size_t i = 0; i < l->nroles; i++)
		if (str_eq(l->roles[i].name, name))
			return &l->roles[i];
	return NULL;
}

const struct stage *line_stage(const struct line *l, struct str name)
{
	for (size_t i = 0; i < l->nstages; i++)
		if (str_eq(l->stages[i].name, name))
			return &l->stages[i];
	return NULL;
}

struct str line_stage_near(const struct line *l, struct str name)
{
	struct str names[LINE_STAGES_MAX];

	for (size_t i = 0; i < l->nstages; i++)
		names[i] = l->stages[i].name;
	size_t best = str_nearest(name, names, l->nstages);
	return best == SIZE_MAX ? STR_NONE : names[best];
}

struct str line_region_near(const struct line *l, struct str name)
{
	struct str names[2 * LINE_REGIONS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < l->nregions; i++) {
		/* `west`, meant for `prod/west` */
		if (str_eq(l->regions[i].name, name))
			return l->regions[i].full;
		names[n++] = l->regions[i].full;
		names[n++] = l->regions[i].env;
	}
	size_t best = str_nearest(name, names, n);
	return best == SIZE_MAX ? STR_NONE : names[best];
}

struct str region_key_get(const struct region *r, struct str name)
{
	for (const struct region_key *k = r->keys; k; k = k->next)
		if (str_eq(k->name, name))
			return k->value;
	return STR_NONE;
}

static bool mark_matches(const struct line *l, struct str glob, bool *chosen)
{
	bool any = false;

	for (size_t i = 0; i < l->nregions; i++) {
		if (!region_matches(&l->regions[i], glob))
			continue;
		chosen[i] = true;
		any = true;
	}
	return any;
}

static void report_unknown(struct line_reader *r, const struct strs *globs,
	size_t at)
{
	struct str near = line_region_near(r->line, globs->item[at]);

	if (r->line->nregions == 0)
		return; /* that there are none was said */
	diag_add(r->ds, DIAG_ERROR, E51, globs->node[at]->where,
		"no region is named `%.*s`", STR_ARG(shown(globs->item[at])));
	if (near.ptr)
		diag_hint(r->ds, "did you mean `%.*s`?", STR_ARG(near));
}

struct region_set regions_resolve(struct line_reader *r,
	const struct strs *globs)
{
	bool chosen[LINE_REGIONS_MAX] = { false };
	struct region_set set = { 0 };

	for (size_t i = 0; i < globs->count; i++)
		if (!mark_matches(r->line, globs->item[i], chosen))
			report_unknown(r, globs, i);
	set.item =
		ARENA_ARRAY(r->arena, r->line->nregions, const struct region *);
	for (size_t i = 0; i < r->line->nregions; i++)
		if (chosen[i])
			set.item[set.count++] = &r->line->regions[i];
	return set;
}
