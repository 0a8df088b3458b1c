/*
 * `use`: the steps of a group in the place of the step that uses it.
 *
 * Each use reads the group again, from a source of its own whose scope stands
 * before every name in it.  So a group that is used twice keeps its captures
 * apart, and a mistake in it can say where it is used.
 */
#include "base/buf.h"
#include "base/codes.h"
#include "suites/load.h"
#include "suites/name.h"

/* One use while its steps are read; groups in groups make a chain. */
struct using
{
	const struct using *outer;
	unsigned depth;
	struct group *group;
	struct group_use *use;
	const struct source *src; /* of the group, for this use */
	struct group_keys keys;
};

enum { CHAIN_TEXT_MAX = 1024 };

/* --- the tree of the group, as if it stood in a source of its own --- */

static struct yaml_node *node_take(struct load *l, const struct yaml_node *n,
	const struct source *src)
{
	struct yaml_node *copy = ARENA_NEW(l->arena, struct yaml_node);

	l->group_nodes++;
	*copy = *n;
	copy->where.src = src;
	copy->first = copy->next = copy->key = NULL;
	return copy;
}

/* NOLINTBEGIN(misc-no-recursion): YAML is at most 64 deep, base/yaml.h */
static struct yaml_node *tree_take(struct load *l, const struct yaml_node *n,
	const struct source *src)
{
	struct yaml_node *copy = node_take(l, n, src);
	struct yaml_node **last = &copy->first;

	if (n->key)
		copy->key = node_take(l, n->key, src);
	for (const struct yaml_node *e = n->first;
		e && l->group_nodes < SUITE_GROUP_NODES_MAX; e = e->next) {
		*last = tree_take(l, e, src);
		last = &(*last)->next;
	}
	return copy;
}
/* NOLINTEND(misc-no-recursion) */

/* --- may it be used here? --- */

static bool circle_check(struct load *l, struct group *g, struct span where)
{
	const struct using *u = l->using;
	struct buf chain;

	while (u && u->group != g)
		u = u->outer;
	if (!u)
		return true;
	buf_init(&chain, CHAIN_TEXT_MAX);
	buf_addf(&chain, "`%.*s`", STR_ARG(g->name));
	for (u = l->using; u; u = u->outer) {
		struct str rest = arena_str(l->arena, buf_str(&chain));

		buf_clear(&chain);
		buf_addf(&chain, "`%.*s` -> %.*s", STR_ARG(u->group->name),
			STR_ARG(rest));
		if (u->group == g)
			break;
	}
	diag_add(l->ds, DIAG_ERROR, E72, where,
		"groups that use each other in a circle: %.*s",
		STR_ARG(buf_str(&chain)));
	buf_done(&chain);
	return false;
}

static bool depth_check(struct load *l, struct span where)
{
	if (!l->using || l->using->depth < SUITE_GROUP_DEPTH_MAX)
		return true;
	diag_add(l->ds, DIAG_ERROR, E23, where,
		"groups in groups, more than %d deep", SUITE_GROUP_DEPTH_MAX);
	return false;
}

/* A step that uses a group does nothing else. */
static bool keys_fit(struct load *l, const struct yaml_node *map)
{
	static const char *const fit[] = { "name", "use", "with", "capture",
		"when", "roles", "where", "tags", "http", "lint", NULL };
	bool good = true;

	for (const struct yaml_node *n = map->first; n; n = n->next) {
		size_t i = 0;

		while (fit[i] && !str_eq(n->key->text, str_from(fit[i])))
			i++;
		if (fit[i])
			continue;
		good = false;
		for (const struct key *k = step_key_table; k->name; k++) {
			if (k->help && str_eq(n->key->text, str_from(k->name)))
				keys_exclude(l, yaml_get(map, "use"), n);
		}
	}
	return good;
}

/* --- parameters --- */

static bool param_declared(const struct yaml_node *params, struct str name)
{
	const struct yaml_node *n = params ? params->first : NULL;

	while (n && !str_eq(n->key->text, name))
		n = n->next;
	return n != NULL;
}

static void param_unknown(struct load *l, const struct using *u,
	const struct yaml_node *given)
{
	struct str names[SUITE_PAIRS_MAX];
	size_t count = 0;

	diag_add(l->ds, DIAG_ERROR, E71, given->key->where,
		"group `%.*s` has no parameter `%.*s`", STR_ARG(u->group->name),
		STR_ARG(given->key->text));
	for (const struct yaml_node *n = u->keys.params ? u->keys.params->first
							: NULL;
		n && count < SUITE_PAIRS_MAX; n = n->next)
		names[count++] = n->key->text;
	hint_nearest(l, given->key->text, names, count);
}

static const struct yaml_node *given_of(const struct yaml_node *with,
	struct str name)
{
	const struct yaml_node *n =
		with && with->kind == YAML_MAP ? with->first : NULL;

	while (n && !str_eq(n->key->text, name))
		n = n->next;
	return n;
}

/* `n`: the parameter in the group. */
static struct suite_var *param_read(struct load *l, const struct using *u,
	const struct yaml_node *n, const struct yaml_node *with)
{
	const struct yaml_node *value = given_of(with, n->key->text);
	struct suite_var *v = ARENA_NEW(l->arena, struct suite_var);
	struct param_keys keys = { 0 };

	if (!yaml_is_null(n))
		map_read(l, param_key_table, n, "parameter", &keys);
	if (!value)
		value = keys.value;
	if (!value && u->use->where.src) {
		diag_add(l->ds, DIAG_ERROR, E71, u->use->where,
			"group `%.*s` needs `%.*s` in `with`",
			STR_ARG(u->group->name), STR_ARG(n->key->text));
		diag_also(l->ds, n->key->where, "it has no default");
	}
	v->name = name_full(l->arena, n->key->text, n->key->where);
	v->secret = keys.secret || name_looks_secret(n->key->text);
	v->where = n->key->where;
	v->value = template_tree_parse(l->arena, value ? value : n->key, l->ds);
	return v;
}

static void params_read(struct load *l, struct using *u,
	const struct yaml_node *with)
{
	const struct yaml_node *params = u->keys.params;
	struct suite_var **tail = &u->use->params;

	for (const struct yaml_node *n = with ? with->first : NULL; n;
		n = n->next) {
		if (n->key && !param_declared(params, n->key->text))
			param_unknown(l, u, n);
	}
	if (!params || !count_fits(l, params, "params", SUITE_PAIRS_MAX))
		return;
	for (const struct yaml_node *n = params->first; n; n = n->next) {
		if (!name_check(l, n->key))
			continue;
		*tail = param_read(l, u, n, with);
		tail = &(*tail)->next;
	}
}

/* --- what comes out of it --- */

static bool is_captured(const struct step *s, struct str full)
{
	for (; s; s = s->next) {
		for (const struct capture *c = s->captures; c; c = c->next) {
			if (str_eq(c->name, full))
				return true;
		}
	}
	return false;
}

static void exports_check(struct load *l, const struct using *u,
	struct step *steps)
{
	const struct strs *exports = &u->keys.exports;

	for (size_t i = 0; i < exports->count; i++) {
		struct str full = name_full(l->arena, exports->item[i],
			exports->node[i]->where);

		if (!is_captured(steps, full)) {
			diag_add(l->ds, DIAG_ERROR, E71,
				exports->node[i]->where,
				"no step of the group captures `%.*s`",
				STR_ARG(exports->item[i]));
			continue;
		}
		for (struct step *s = steps; s; s = s->next) {
			for (struct capture *c = s->captures; c; c = c->next)
				c->exported |= str_eq(c->name, full);
		}
	}
}

/* The same value by the name that it has outside. */
static void capture_hand_out(struct load *l, struct step *s, struct str full,
	const struct yaml_node *as)
{
	struct capture **tail = &s->captures;
	const struct capture *from = NULL;
	struct capture *c;

	for (; *tail; tail = &(*tail)->next) {
		if (str_eq((*tail)->name, full))
			from = *tail;
	}
	if (!from)
		return;
	c = ARENA_NEW(l->arena, struct capture);
	*c = *from;
	c->next = NULL;
	c->exported = false;
	c->name = name_full(l->arena, as->key->text, as->key->where);
	c->where = as->key->where;
	c->secret |= name_looks_secret(as->key->text);
	*tail = c;
}

static void captures_hand_out(struct load *l, const struct using *u,
	const struct yaml_node *map, struct step *steps)
{
	const struct strs *exports = &u->keys.exports;

	for (const struct yaml_node *n = map ? map->first : NULL; n;
		n = n->next) {
		struct str full;

		if (!name_check(l, n->key))
			continue;
		if (n->kind != YAML_SCALAR || !strs_hold(exports, n->text)) {
			diag_add(l->ds, DIAG_ERROR, E71, n->where,
				"not an export of group `%.*s`",
				STR_ARG(u->group->name));
			if (n->kind == YAML_SCALAR)
				hint_nearest(l, n->text, exports->item,
					exports->count);
			continue;
		}
		full = arena_printf(l->arena, "%.*s%.*s",
			STR_ARG(u->src->scope), STR_ARG(n->text));
		for (struct step *s = steps; s; s = s->next)
			capture_hand_out(l, s, full, n);
	}
}

/* --- one use --- */

/* NULL: what is wrong was reported. */
static bool group_take(struct load *l, struct using *u)
{
	struct source *src = ARENA_NEW(l->arena, struct source);
	const struct yaml_node *tree;

	*src = *u->group->file->src;
	src->taken = u->use->where;
	if (u->use->name.len)
		src->scope = arena_printf(l->arena, "%.*s / ",
			STR_ARG(u->use->name));
	u->src = src;
	tree = tree_take(l, u->group->yaml, src);
	if (l->group_nodes >= SUITE_GROUP_NODES_MAX) {
		diag_add(l->ds, DIAG_ERROR, E23, u->use->where,
			"groups add more than %d YAML nodes to this suite",
			SUITE_GROUP_NODES_MAX);
		return false;
	}
	map_read(l, group_key_table, tree, "group", &u->keys);
	if (tree->kind != YAML_MAP)
		return false;
	allow_read(&l->allows, u->keys.lint, tree, l->ds);
	literal_check(l, tree);
	return true;
}

/* NOLINTBEGIN(misc-no-recursion): SUITE_GROUP_DEPTH_MAX groups at most */
static struct step *using_steps(struct load *l, struct using *u,
	const struct http_options *http)
{
	const struct using *outer = l->using;
	struct group_file *file = l->file;
	struct step *first;

	u->outer = outer;
	u->depth = outer ? outer->depth + 1 : 1;
	u->use->outer = outer ? outer->use : NULL;
	l->using = u;
	l->file = u->group->file;
	first = steps_read(l, u->keys.steps, "steps", http);
	l->using = outer;
	l->file = file;
	for (struct step *s = first; s; s = s->next) {
		if (!s->use)
			s->use = u->use;
	}
	if (u->keys.steps && u->keys.steps->count == 0)
		diag_add(l->ds, DIAG_ERROR, E11, u->keys.steps->where,
			"`steps` needs at least one step");
	exports_check(l, u, first);
	return first;
}
/* NOLINTEND(misc-no-recursion) */

static void use_read(struct load *l, const struct step_keys *keys,
	const struct yaml_node *map, struct group_use *use)
{
	use->name = step_name(l, keys->name, map);
	use->where = yaml_get(map, "use")->where;
	use->roles = keys->roles;
	use->where_globs = keys->where_globs;
	use->tags = keys->tags;
	if (keys->when)
		when_read(l, keys->when, &use->when);
	allow_read(&l->allows, keys->lint, map, l->ds);
}

struct step *group_steps(struct load *l, const struct yaml_node *map,
	const struct http_options *http)
{
	const struct yaml_node *use = yaml_get(map, "use");
	struct step_keys keys = { 0 };
	struct using u = { 0 };
	struct http_options own = *http;
	struct step *first;

	if (!map_read(l, step_key_table, map, "step", &keys) ||
		!keys_fit(l, map) || keys.name.len == 0)
		return NULL;
	u.group = group_find(l, use);
	if (!u.group || !circle_check(l, u.group, use->where) ||
		!depth_check(l, use->where))
		return NULL;
	u.use = ARENA_NEW(l->arena, struct group_use);
	use_read(l, &keys, map, u.use);
	http_step_read(l, keys.http, &own);
	if (!group_take(l, &u))
		return NULL;
	params_read(l, &u, keys.with);
	first = using_steps(l, &u, &own);
	captures_hand_out(l, &u, keys.capture, first);
	return first;
}

/* --- on their own --- */

/*
 * As if a suite used it that gives every parameter.  Its names stand in no
 * scope then, so that the mistake reads as it does in the file.
 */
static void group_check(struct load *l, struct group *g)
{
	struct suite s = { .rows = json_new(l->arena, JSON_ARRAY) };
	struct using u = { .group = g };

	u.use = ARENA_NEW(l->arena, struct group_use);
	http_defaults(l, &s.http);
	if (!group_take(l, &u))
		return;
	params_read(l, &u, NULL);
	s.vars = u.use->params;
	u.use->params = NULL;
	s.steps = using_steps(l, &u, &s.http);
	s.yaml = g->yaml;
	step_names_check(l, &s);
	scope_check(l, &s);
}

void groups_check(struct load *l, const struct source *src,
	const struct yaml_node *root)
{
	struct group_file_keys keys = { 0 };

	map_read(l, group_file_key_table, root, "file of groups", &keys);
	l->file = imports_read(l, root);
	l->file->src = src;
	if (!keys.groups ||
		!count_fits(l, keys.groups, "groups", SUITE_PAIRS_MAX))
		return;
	for (const struct yaml_node *n = keys.groups->first; n; n = n->next) {
		struct group *g = ARENA_NEW(l->arena, struct group);

		g->name = n->key->text;
		g->file = l->file;
		g->yaml = n;
		g->next = l->file->groups;
		l->file->groups = g;
	}
	for (struct group *g = l->file->groups; g; g = g->next) {
		l->group_nodes = 0;
		group_check(l, g);
	}
	imports_unused_check(l, l->file);
}
