#include "cli/line_rough.h"

#include "base/yaml.h"

static struct region_key *keys_of(struct arena *a, const struct yaml_node *map)
{
	struct region_key *first = NULL;
	struct region_key **last = &first;

	for (const struct yaml_node *n = map->first; n; n = n->next) {
		if (n->kind != YAML_SCALAR)
			continue;
		*last = ARENA_NEW(a, struct region_key);
		(*last)->name = n->key->text;
		(*last)->value = n->text;
		last = &(*last)->next;
	}
	return first;
}

static size_t regions_of(struct arena *a, const struct yaml_node *envs,
	struct region *ret)
{
	size_t n = 0;

	for (const struct yaml_node *e = envs->first; e; e = e->next) {
		if (e->kind != YAML_MAP)
			continue;
		for (const struct yaml_node *r = e->first; r; r = r->next) {
			if (n == LINE_REGIONS_MAX)
				return n;
			if (r->kind != YAML_MAP)
				continue;
			ret[n].env = e->key->text;
			ret[n].name = r->key->text;
			ret[n].full = arena_printf(a, "%.*s/%.*s",
				STR_ARG(ret[n].env), STR_ARG(ret[n].name));
			ret[n++].keys = keys_of(a, r);
		}
	}
	return n;
}

static size_t roles_of(const struct yaml_node *roles, struct role *ret)
{
	size_t n = 1;

	ret[0].name = STR("default");
	if (!roles || roles->kind != YAML_MAP)
		return n;
	for (const struct yaml_node *r = roles->first; r; r = r->next) {
		struct role *to = &ret[0];
		if (n == LINE_ROLES_MAX)
			break;
		if (!str_eq(r->key->text, STR("default")))
			to = &ret[n++];
		to->name = r->key->text;
		const struct yaml_node *vars = yaml_get(r, "vars");
		to->vars = vars && vars->kind == YAML_MAP ? vars : NULL;
	}
	return n;
}

const struct line *line_rough(struct arena *a, const struct source *src)
{
	struct diags told; /* by the one who read it first */
	struct line *l = ARENA_NEW(a, struct line);
	struct region *regions =
		ARENA_ARRAY(a, LINE_REGIONS_MAX, struct region);
	struct role *roles = ARENA_ARRAY(a, LINE_ROLES_MAX, struct role);

	diags_init(&told, a);
	const struct yaml_node *root = yaml_parse(a, src, &told);
	const struct yaml_node *envs =
		root ? yaml_get(root, "environments") : NULL;
	if (!envs || envs->kind != YAML_MAP)
		return NULL;
	l->source = src;
	l->regions = regions;
	l->nregions = regions_of(a, envs, regions);
	l->roles = roles;
	l->nroles = roles_of(yaml_get(root, "roles"), roles);
	return l->nregions > 0 ? l : NULL;
}
