#include "cli/load.h"

#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "cli/command.h"
#include "cli/line_rough.h"
#include "cli/output.h"
#include "suites/jsonpath.h"

/* Keys X of ${region.X} that every region has: a suite runs in all of them
 * unless it says otherwise. */
static void world_keys(const struct line *l, struct suite_world *w,
	struct arena *a)
{
	size_t max = 0;
	size_t n = 0;
	struct str *keys;

	for (const struct region_key *k = l->regions[0].keys; k; k = k->next)
		max++;
	keys = ARENA_ARRAY(a, max + 1, struct str);
	for (const struct region_key *k = l->regions[0].keys; k; k = k->next) {
		bool everywhere = true;
		for (size_t i = 1; i < l->nregions; i++)
			everywhere &=
				region_key_get(&l->regions[i], k->name).ptr !=
				NULL;
		if (everywhere)
			keys[n++] = k->name;
	}
	w->region_keys = keys;
	w->nregion_keys = n;
}

static size_t role_vars(const struct line *l, struct str *names)
{
	size_t n = 0;

	for (size_t i = 0; i < l->nroles; i++) {
		const struct yaml_node *vars = l->roles[i].vars;
		for (const struct yaml_node *v = vars ? vars->first : NULL; v;
			v = v->next) {
			if (names)
				names[n] = v->key->text;
			n++;
		}
	}
	return n;
}

static void world_vars(const struct options *o, const struct line *l,
	struct suite_world *w, struct arena *a)
{
	size_t n = role_vars(l, NULL);
	struct str *names = ARENA_ARRAY(a, n + o->var.count + 1, struct str);

	n = role_vars(l, names);
	for (size_t i = 0; i < o->var.count; i++) {
		struct str rest = str_from(o->var.item[i]);
		names[n++] = str_cut(&rest, '=');
	}
	w->vars = names;
	w->nvars = n;
}

static struct suite_world world_of(const struct options *o,
	const struct line *l, struct arena *a)
{
	struct suite_world w = { .any = l->source == NULL };
	struct str *regions = ARENA_ARRAY(a, l->nregions, struct str);
	struct str *roles = ARENA_ARRAY(a, l->nroles, struct str);

	for (size_t i = 0; i < l->nregions; i++)
		regions[i] = l->regions[i].full;
	for (size_t i = 0; i < l->nroles; i++)
		roles[i] = l->roles[i].name;
	w.regions = regions;
	w.nregions = l->nregions;
	w.roles = roles;
	w.nroles = l->nroles;
	world_keys(l, &w, a);
	world_vars(o, l, &w, a);
	return w;
}

/* suites/ owns JSONPath, regions/ must not ask: the line's own is checked
 * here. */
static void check_served(const struct line *l, struct loaded *ret)
{
	struct jsonpath_error je;

	if (l->served.kind != SERVED_JSONPATH ||
		jsonpath_parse(ret->arena, l->served.expression, &je))
		return;
	diag_add(&ret->ds, DIAG_ERROR, E41, l->served.expression_where,
		"not a JSONPath (RFC 9535): %s", je.text);
}

static const struct line *load_line(const struct options *o, struct loaded *ret)
{
	struct span nowhere = { 0 };

	if (!o->base_url) {
		const struct line *l = line_load(ret->arena, o->line, &ret->ds);
		const struct diag *d = ret->ds.newest;

		if (!l && !o->line && d && d->level == DIAG_ERROR &&
			!d->where.src && o->command &&
			(o->command->options & TAKES(base_url)))
			diag_hint(&ret->ds,
				"or test one URL with --base-url URL");
		return l;
	}
	const char *wrong = line_base_url(str_from(o->base_url));
	if (wrong) {
		diag_add(&ret->ds, DIAG_ERROR, E44, nowhere,
			"--base-url %s: %s", o->base_url, wrong);
		return NULL;
	}
	return line_local(ret->arena, str_from(o->base_url));
}

/* What a line file with mistakes still tells. */
static const struct line *rough(const struct loaded *l)
{
	for (const struct diag *d = l->ds.first; d; d = d->next)
		if (d->where.src && d->where.src->text.len > 0)
			return line_rough(l->arena, d->where.src);
	return NULL;
}

static const struct list *suite_paths(const struct options *o,
	const struct list *paths)
{
	static const struct list fallback = { .item = { "suites" },
		.count = 1 };

	if (paths && paths->count > 0)
		return paths;
	return o->suites.count > 0 ? &o->suites : &fallback;
}

void load_files(const struct options *o, const struct list *paths,
	struct loaded *ret)
{
	load_some(o, true, suite_paths(o, paths), ret);
}

void load_some(const struct options *o, bool line, const struct list *suites,
	struct loaded *ret)
{
	struct suite_world w = { .any = true };

	*ret = (struct loaded){ .arena = arena_new() };
	diags_init(&ret->ds, ret->arena);
	if (line)
		ret->line = load_line(o, ret);
	if (ret->line)
		check_served(ret->line, ret);
	const struct line *names = ret->line ? ret->line : rough(ret);
	if (names)
		w = world_of(o, names, ret->arena);
	if (suites && suites->count > 0)
		suite_load_all(ret->arena, suites->item, suites->count, &w,
			&ret->suites, &ret->ds);
	ret->ok = ret->line && ret->ds.errors == 0;
}

void load_done(struct loaded *l)
{
	arena_free(l->arena);
	l->arena = NULL;
}

struct plan *load_plan(const struct options *o, struct loaded *l, struct err *e)
{
	struct selection sel = { .where = o->where.item,
		.nwhere = o->where.count,
		.tags = o->tag.item,
		.ntags = o->tag.count,
		.vars = o->var.item,
		.nvars = o->var.count };

	if (!l->ok)
		return NULL;
	return plan_build(&l->arena, l->line, &l->suites, &sel, &l->ds, e);
}

int load_for_run(const struct options *o, const char *command,
	const struct list *paths, struct plan **ret)
{
	struct loaded l;
	struct err e = { 0 };
	struct plan *p;
	int code = 0;

	load_files(o, paths, &l);
	p = load_plan(o, &l, &e);
	/* A plan that was built has taken the arena, and the list with it. */
	if (l.ds.errors > 0)
		code = output_diags(&l.ds, false, stderr);
	else if (l.ds.warnings > 0 && !o->quiet)
		fprintf(stderr,
			"andon %s: %u warnings; andon lint shows them\n",
			command, l.ds.warnings);
	if (p) {
		*ret = p;
		return 0;
	}
	if (e.kind != ERR_NONE)
		code = output_err(command, &e);
	load_done(&l);
	return code ? code : EXIT_USAGE;
}
