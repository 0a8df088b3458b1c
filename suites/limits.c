#include "suites/load.h"

#include "base/codes.h"

bool strs_hold(const struct strs *list, struct str item)
{
	for (size_t i = 0; i < list->count; i++) {
		if (str_eq(list->item[i], item))
			return true;
	}
	return false;
}

/* `prod` means `prod/` and any region. */
static bool glob_holds(struct str glob, struct str region)
{
	size_t slash = str_find_byte(region, '/', 0);

	if (str_find_byte(glob, '/', 0) != SIZE_MAX)
		return str_glob(glob, region);
	return str_glob(glob, str_sub(region, 0, slash));
}

bool where_holds(const struct strs *globs, struct str region)
{
	for (size_t i = 0; i < globs->count; i++) {
		if (glob_holds(globs->item[i], region))
			return true;
	}
	return globs->count == 0;
}

bool step_runs_as(const struct step *s, struct str role)
{
	if (s->roles.count && !strs_hold(&s->roles, role))
		return false;
	for (const struct group_use *u = s->use; u; u = u->outer) {
		if (u->roles.count && !strs_hold(&u->roles, role))
			return false;
	}
	return true;
}

bool step_runs_in(const struct step *s, struct str region)
{
	if (!where_holds(&s->where_globs, region))
		return false;
	for (const struct group_use *u = s->use; u; u = u->outer) {
		if (!where_holds(&u->where_globs, region))
			return false;
	}
	return true;
}

static void globs_check(struct load *l, const struct strs *globs)
{
	const struct suite_world *w = l->world;

	for (size_t i = 0; i < globs->count && !w->any; i++) {
		bool held = false;

		for (size_t r = 0; r < w->nregions && !held; r++)
			held = glob_holds(globs->item[i], w->regions[r]);
		if (!held)
			key_unknown(globs->node[i], E51, "region", w->regions,
				w->nregions, l->ds);
	}
}

static void suite_roles_check(struct load *l, const struct suite *s)
{
	const struct suite_world *w = l->world;

	for (size_t i = 0; i < s->roles.count && !w->any; i++) {
		bool known = false;

		for (size_t r = 0; r < w->nroles && !known; r++)
			known = str_eq(w->roles[r], s->roles.item[i]);
		if (known)
			continue;
		if (s->roles.node)
			key_unknown(s->roles.node[i], E52, "role", w->roles,
				w->nroles, l->ds);
		else
			diag_add(l->ds, DIAG_ERROR, E52, s->where,
				"the line file has no role `default`: "
				"name the `roles` of this suite");
	}
}

/* A limit to a role that the suite never takes is a step that never runs. */
static void step_roles_check(struct load *l, const struct strs *roles)
{
	for (size_t i = 0; i < roles->count; i++) {
		if (!strs_hold(l->roles, roles->item[i]))
			key_unknown(roles->node[i], E52, "role of this suite",
				l->roles->item, l->roles->count, l->ds);
	}
}

/* What is said twice for the steps of one group is one mistake. */
static void use_limits_check(struct load *l, const struct group_use *u)
{
	for (; u; u = u->outer) {
		step_roles_check(l, &u->roles);
		globs_check(l, &u->where_globs);
	}
}

/* Is there a request among `steps` for this role in this region? */
static bool anything_runs(const struct suite *s, struct str role,
	struct str region)
{
	for (const struct step *step = s->steps; step; step = step->next) {
		if (step->kind == STEP_WAIT)
			continue;
		if (step_runs_as(step, role) &&
			(!region.ptr || step_runs_in(step, region)))
			return true;
	}
	return false;
}

/* A run that asks nothing would be a pass that nothing earned. */
void idle_check(struct load *l, const struct suite *s, struct str region)
{
	if (region.ptr && !where_holds(&s->where_globs, region))
		return;
	for (size_t i = 0; i < s->roles.count; i++) {
		struct str role = s->roles.item[i];

		if (anything_runs(s, role, region))
			continue;
		if (region.ptr)
			diag_add(l->ds, DIAG_ERROR, E51, s->where,
				"`steps` ask nothing in region `%.*s` as role "
				"`%.*s`",
				STR_ARG(region), STR_ARG(role));
		else
			diag_add(l->ds, DIAG_ERROR, E52, s->where,
				"`steps` ask nothing as role `%.*s`",
				STR_ARG(role));
	}
}

void limits_check(struct load *l, const struct suite *s)
{
	struct step *const lists[] = { s->setup, s->steps, s->cleanup };

	globs_check(l, &s->where_globs);
	suite_roles_check(l, s);
	for (size_t i = 0; i < 3; i++) {
		for (struct step *step = lists[i]; step; step = step->next) {
			step_roles_check(l, &step->roles);
			globs_check(l, &step->where_globs);
			use_limits_check(l, step->use);
		}
	}
}
