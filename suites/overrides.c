#include "suites/load.h"

#include "base/codes.h"
#include "base/map.h"

/* The suite as it is in one environment or region. */
struct variant {
	struct variant *next;
	struct str env, region; /* region STR_NONE: all others of env */
	const struct yaml_node
		*over[2]; /* of env, of env/region; may be NULL */
	const struct suite *suite;
};

struct suite_file {
	const struct source *src;
	const struct suite *base;
	const struct variant *variants;
};

/* A pair of maps still to be merged into `into`. */
struct merge {
	struct merge *next;
	struct yaml_node *into;
	const struct yaml_node *base, *over;
};

static struct yaml_node *node_copy(struct arena *a, const struct yaml_node *n)
{
	struct yaml_node *copy = ARENA_NEW(a, struct yaml_node);

	*copy = *n;
	copy->next = NULL;
	return copy;
}

static const struct yaml_node *entry_of(const struct yaml_node *map,
	struct str key)
{
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		if (str_eq(n->key->text, key))
			return n;
	}
	return NULL;
}

/* One level; maps below that are in both are put on the list. */
static void merge_level(struct arena *a, struct merge *m, struct merge **todo)
{
	struct yaml_node **tail = &m->into->first;

	m->into->count = 0;
	for (const struct yaml_node *b = m->base->first; b; b = b->next) {
		const struct yaml_node *o = entry_of(m->over, b->key->text);
		bool deeper = o && o->kind == YAML_MAP && b->kind == YAML_MAP;

		*tail = node_copy(a, o && !deeper ? o : b);
		if (deeper) {
			struct merge *below = ARENA_NEW(a, struct merge);

			below->into = *tail;
			below->base = b;
			below->over = o;
			below->next = *todo;
			*todo = below;
		}
		tail = &(*tail)->next;
		m->into->count++;
	}
	for (const struct yaml_node *o = m->over->first; o; o = o->next) {
		if (entry_of(m->base, o->key->text))
			continue;
		*tail = node_copy(a, o);
		tail = &(*tail)->next;
		m->into->count++;
	}
	*tail = NULL;
}

const struct yaml_node *yaml_merge(struct arena *a,
	const struct yaml_node *base, const struct yaml_node *over)
{
	struct yaml_node *all = node_copy(a, base);
	struct merge first = { .into = all, .base = base, .over = over };
	struct merge *todo = &first;

	while (todo) {
		struct merge *m = todo;

		todo = m->next;
		merge_level(a, m, &todo);
	}
	return all;
}

/* Where each file between a group and the suite takes the next one in. */
static void takers_add(struct diags *to, const struct diag *d)
{
	struct span at = d->where;

	while (at.src && at.src->taken.src) {
		at = at.src->taken;
		diag_also(to, at, "used here");
	}
}

/*
 * Hands on what one load found, without what the author allows and without
 * what was reported already: the same mistake comes back in every variant, and
 * that of a group in every suite that uses it.
 */
static void report(struct load *l, struct diags *to)
{
	const struct diags *from = l->ds;
	const struct diag *kept = NULL;
	unsigned shown = 0;
	bool keep = false;

	l->failed += from->errors;

	for (const struct diag *d = from->first; d; d = d->next) {
		struct str id;

		if (d->level == DIAG_NOTE || d->level == DIAG_HELP) {
			if (keep)
				diag_copy(to, d);
			continue;
		}
		if (kept)
			takers_add(to, kept);
		shown += d->level == DIAG_ERROR;
		id = arena_printf(l->arena, "%d %u %u %.*s", (int)d->level,
			d->code, d->where.at,
			STR_ARG(d->where.src ? d->where.src->name : STR("")));
		keep = !allow_holds(&l->allows, d) &&
		       group_files_seen(l->files, id);
		kept = keep ? d : NULL;
		if (keep)
			diag_copy(to, d);
	}
	if (kept)
		takers_add(to, kept);
	/* Beyond what a list keeps they are only counted, but they count. */
	to->errors += from->errors - shown;
	to->dropped += from->errors - shown;
}

/* Keys that make a suite what it is are the same everywhere. */
static bool override_fits(struct load *l, const struct yaml_node *over)
{
	static const char *const fixed[] = { "version", "suite", "overrides",
		"imports", "lint", NULL };
	bool good = true;

	if (over->kind != YAML_MAP) {
		diag_add(l->ds, DIAG_ERROR, E21, over->where,
			"an override must be a map of suite keys");
		return false;
	}
	for (size_t i = 0; fixed[i]; i++) {
		const struct yaml_node *n = yaml_get(over, fixed[i]);

		if (!n)
			continue;
		diag_add(l->ds, DIAG_ERROR, E12, n->key->where,
			"`%s` can not be overridden", fixed[i]);
		good = false;
	}
	return good;
}

static bool override_place_known(const struct suite_world *w, struct str name)
{
	bool whole = str_find_byte(name, '/', 0) != SIZE_MAX;

	for (size_t i = 0; i < w->nregions; i++) {
		struct str r = w->regions[i];

		if (!whole)
			r = str_sub(r, 0, str_find_byte(r, '/', 0));
		if (str_eq(r, name))
			return true;
	}
	return w->any;
}

static bool override_place_fits(struct load *l, const struct yaml_node *key)
{
	const struct suite_world *w = l->world;
	struct str *names;
	struct str rest = key->text;
	struct str env = str_cut(&rest, '/');

	if (env.len == 0 || (rest.ptr && rest.len == 0) ||
		str_find_byte(rest, '/', 0) != SIZE_MAX) {
		diag_add(l->ds, DIAG_ERROR, E51, key->where,
			"`%.*s` is not `env` or `env/region`",
			STR_ARG(key->text));
		return false;
	}
	if (override_place_known(w, key->text))
		return true;
	diag_add(l->ds, DIAG_ERROR, E51, key->where, "unknown region `%.*s`",
		STR_ARG(key->text));
	names = ARENA_ARRAY(l->arena, w->nregions * 2 + 1, struct str);
	for (size_t i = 0; i < w->nregions; i++) {
		struct str r = w->regions[i];

		names[2 * i] = r;
		names[2 * i + 1] = str_sub(r, 0, str_find_byte(r, '/', 0));
	}
	hint_nearest(l, key->text, names, w->nregions * 2);
	return false;
}

/* The variants that `overrides:` asks for, in the order of the file. */
static struct variant *variants_read(struct load *l,
	const struct yaml_node *overrides)
{
	struct variant *first = NULL;
	struct variant **tail = &first;

	if (!overrides || overrides->kind != YAML_MAP ||
		!count_fits(l, overrides, "overrides", SUITE_OVERRIDES_MAX))
		return NULL;
	for (const struct yaml_node *n = overrides->first; n; n = n->next) {
		struct str rest = n->key->text;
		struct str env = str_cut(&rest, '/');
		const struct yaml_node *whole = entry_of(overrides, env);
		struct variant *v;

		override_place_fits(l, n->key);
		if (!override_fits(l, n))
			continue;
		v = ARENA_NEW(l->arena, struct variant);
		v->env = env;
		v->region = rest;
		v->over[0] = rest.ptr ? whole : n;
		v->over[1] = rest.ptr ? n : NULL;
		if (v->over[0] && v->over[0]->kind != YAML_MAP)
			v->over[0] = NULL;
		*tail = v;
		tail = &v->next;
	}
	return first;
}

static const struct suite *variant_load(struct load *l, const struct variant *v,
	const struct yaml_node *root)
{
	for (size_t i = 0; i < 2; i++) {
		if (v->over[i])
			root = yaml_merge(l->arena, root, v->over[i]);
	}
	return suite_read(l, root);
}

/* Adds the words of a scalar or list. */
static void words_add(struct strs *all, const struct yaml_node *n)
{
	const struct yaml_node *e = n && n->kind == YAML_LIST ? n->first : n;

	for (; e; e = n->kind == YAML_LIST ? e->next : NULL) {
		if (e->kind == YAML_SCALAR)
			all->item[all->count++] = e->text;
	}
}

static uint32_t words_count(const struct yaml_node *n)
{
	return n ? n->count + 1 : 0;
}

/* The roles of all variants. */
static const struct strs *roles_of_all(struct arena *a,
	const struct yaml_node *root)
{
	const struct yaml_node *overrides = yaml_get(root, "overrides");
	const struct yaml_node *own = yaml_get(root, "roles");
	const struct yaml_node *n;
	struct strs *all = ARENA_NEW(a, struct strs);
	uint32_t max = words_count(own) + 1;

	if (overrides && overrides->kind != YAML_MAP)
		overrides = NULL;
	for (n = overrides ? overrides->first : NULL; n; n = n->next)
		max += words_count(yaml_get(n, "roles"));
	all->item = ARENA_ARRAY(a, max, struct str);
	words_add(all, own);
	if (!own)
		all->item[all->count++] = STR("default");
	for (n = overrides ? overrides->first : NULL; n; n = n->next)
		words_add(all, yaml_get(n, "roles"));
	return all;
}

/* Is something asked wherever it runs?  Only of a file without mistakes. */
static void idle_check_all(struct load *l, const struct suite_file *f)
{
	const struct suite_world *w = l->world;

	for (size_t i = 0; i < w->nregions && !w->any; i++) {
		struct str rest = w->regions[i];
		struct str env = str_cut(&rest, '/');

		idle_check(l, suite_for(f, env, rest), w->regions[i]);
	}
	if (!w->any)
		return;
	idle_check(l, f->base, STR_NONE);
	for (const struct variant *v = f->variants; v; v = v->next)
		idle_check(l, v->suite, STR_NONE);
}

/* A file of groups: what is wrong with it, whoever uses it. */
static void group_file_check(struct load *l, const struct source *src,
	const struct yaml_node *root, struct diags *to)
{
	groups_check(l, src, root);
	report(l, to);
}

/* As written, then with the overrides of each region. */
static void variants_load(struct load *l, struct suite_file *f,
	const struct yaml_node *root, struct diags *to)
{
	struct variant *variants;

	l->file = imports_read(l, root);
	f->base = suite_read(l, root);
	variants = variants_read(l, yaml_get(root, "overrides"));
	report(l, to);
	for (struct variant *v = variants; v; v = v->next) {
		diags_init(l->ds, l->arena);
		l->group_nodes = 0;
		v->suite = variant_load(l, v, root);
		report(l, to);
	}
	f->variants = variants;
	diags_init(l->ds, l->arena);
	if (l->failed == 0) {
		idle_check_all(l, f);
		imports_unused_check(l, l->file);
	}
	report(l, to);
	/* what was reported now may be what an entry is for */
	diags_init(l->ds, l->arena);
	if (l->failed == 0)
		allow_check(&l->allows, l->ds);
	report(l, to);
}

/* NOLINTNEXTLINE(readability-function-size): all that a file depends on */
const struct suite_file *suite_parse_in(struct arena *a,
	const struct source *src, struct str root, struct group_files *files,
	const struct suite_world *world, bool *ret_group, struct diags *ds)
{
	struct suite_file *f = ARENA_NEW(a, struct suite_file);
	unsigned errors = ds->errors;
	const struct yaml_node *tree = yaml_parse(a, src, ds);
	struct diags found;
	struct load l = { .arena = a,
		.ds = &found,
		.world = world,
		.allows = { .arena = a },
		.files = files,
		.root = root,
		.hints_left = HINTS_MAX };

	*ret_group = tree && yaml_is_group_file(tree);
	if (!tree)
		return NULL;
	diags_init(&found, a);
	f->src = src;
	/* a duplicate key or a tag is told, and the tree given all the same */
	l.failed = ds->errors - errors;
	if (*ret_group) {
		group_file_check(&l, src, tree, ds);
		return NULL;
	}
	l.roles = roles_of_all(a, tree);
	variants_load(&l, f, tree, ds);
	diags_sort(ds);
	return l.failed ? NULL : f;
}

/* What a suite imports may not leave the suite's own folder. */
static struct str own_folder(struct arena *a, struct str path)
{
	size_t at = path.len;

	while (at && path.ptr[at - 1] != '/')
		at--;
	return at > 1 ? arena_str(a, str_sub(path, 0, at - 1))
	       : at   ? STR("/")
		      : STR(".");
}

const struct suite_file *suite_parse(struct arena *a, const struct source *src,
	const struct suite_world *world, struct diags *ds)
{
	struct group_files *files = group_files_new(a);
	const struct suite_file *f;
	bool group;

	f = suite_parse_in(a, src, own_folder(a, src->name), files, world,
		&group, ds);
	if (group) {
		struct span where = { src, 0, 0 };

		diag_add(ds, DIAG_ERROR, E11, where,
			"a file of groups, and no suite");
	}
	group_files_free(files);
	return f;
}

const struct suite *suite_for(const struct suite_file *f, struct str env,
	struct str region)
{
	const struct suite *best = f->base;

	for (const struct variant *v = f->variants; v; v = v->next) {
		if (!str_eq(v->env, env))
			continue;
		if (v->region.ptr && str_eq(v->region, region))
			return v->suite;
		if (!v->region.ptr)
			best = v->suite;
	}
	return best;
}

const struct suite *suite_base(const struct suite_file *f)
{
	return f->base;
}

const struct source *suite_source(const struct suite_file *f)
{
	return f->src;
}
