/*
 * Files of groups: found, read once, told apart from suites.
 */
#include "base/codes.h"
#include "base/map.h"
#include "suites/beside.h"
#include "suites/load.h"

struct group_files {
	struct arena *arena;
	struct group_file *first, **last;
	size_t count;
	struct map *by_name; /* struct group_file by the name of its source */
	struct map *seen;
};

static int seen_once; /* what the map of seen things points to */

struct group_files *group_files_new(struct arena *a)
{
	struct group_files *files = ARENA_NEW(a, struct group_files);

	files->arena = a;
	files->last = &files->first;
	files->by_name = map_new();
	files->seen = map_new();
	return files;
}

void group_files_free(struct group_files *files)
{
	map_free(files->by_name);
	map_free(files->seen);
}

struct group_file *group_files_first(const struct group_files *files)
{
	return files->first;
}

bool group_files_seen(struct group_files *files, struct str id)
{
	return map_set(files->seen, id, &seen_once) == NULL;
}

bool yaml_is_group_file(const struct yaml_node *root)
{
	return yaml_get(root, "groups") && !yaml_get(root, "suite") &&
	       !yaml_get(root, "steps");
}

static void groups_list(struct load *l, struct group_file *f,
	const struct yaml_node *map)
{
	struct group **tail = &f->groups;

	if (!map || !count_fits(l, map, "groups", SUITE_PAIRS_MAX))
		return;
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		struct group *g = ARENA_NEW(l->arena, struct group);

		g->name = n->key->text;
		g->file = f;
		g->yaml = n;
		*tail = g;
		tail = &g->next;
	}
}

static void file_tree_read(struct load *l, struct group_file *f,
	const struct yaml_node *root)
{
	struct group_file_keys keys = { 0 };

	if (!yaml_is_group_file(root)) {
		struct span where = { f->src, root->where.at, root->where.at };

		diag_add(l->ds, DIAG_ERROR, E71, where,
			"imported, but no file of groups");
		diag_hint(l->ds, "it needs `version: 1` and `groups`");
		return;
	}
	map_read(l, group_file_key_table, root, "file of groups", &keys);
	f->imports_yaml = yaml_get(root, "imports");
	groups_list(l, f, keys.groups);
}

static struct group_file *file_add(struct load *l, struct str path,
	const struct source *src)
{
	struct group_files *files = l->files;
	struct group_file *f = ARENA_NEW(files->arena, struct group_file);

	f->path = path;
	f->src = src;
	*files->last = f;
	files->last = &f->next;
	files->count++;
	map_set(files->by_name, src->name, f);
	return f;
}

/* NULL: it was reported.  Not yet read when it is new. */
static struct group_file *file_of(struct load *l, struct str path,
	const struct yaml_node *n)
{
	struct str name = beside_name(l->arena, l->root, path, n->where);
	struct group_file *f =
		name.ptr ? map_get(l->files->by_name, name) : NULL;
	const struct source *src;

	if (f)
		return f;
	if (l->files->count == SUITE_GROUP_FILES_MAX) {
		diag_add(l->ds, DIAG_ERROR, E23, n->where,
			"more than %d imported files", SUITE_GROUP_FILES_MAX);
		return NULL;
	}
	src = beside_source(l->arena, l->root, path, n->where, l->ds);
	return src ? file_add(l, path, src) : NULL;
}

/* The list as it is written; files that are new are added, not read. */
static void imports_list(struct load *l, struct group_file *owner,
	const struct yaml_node *list)
{
	const struct yaml_node *n =
		list->kind == YAML_LIST ? list->first : list;
	struct import **tail = &owner->imports;

	for (; n; n = list->kind == YAML_LIST ? n->next : NULL) {
		struct group_file *f;
		struct import *i;

		if (n->kind != YAML_SCALAR)
			continue; /* said by whoever read the key */
		f = file_of(l, n->text, n);
		if (!f) {
			owner->bad = true;
			continue;
		}
		i = ARENA_NEW(l->arena, struct import);
		i->file = f;
		i->where = n->where;
		*tail = i;
		tail = &i->next;
	}
}

static void file_read(struct load *l, struct group_file *f)
{
	unsigned errors = l->ds->errors;
	const struct yaml_node *root = yaml_parse(l->arena, f->src, l->ds);

	if (root)
		file_tree_read(l, f, root);
	if (f->imports_yaml)
		imports_list(l, f, f->imports_yaml);
	f->bad |= l->ds->errors > errors;
}

/* What imports something bad is bad. */
static void bad_spread(const struct group_files *files)
{
	bool more = true;

	while (more) {
		more = false;
		for (struct group_file *f = files->first; f; f = f->next) {
			for (struct import *i = f->imports; i; i = i->next) {
				if (!i->file->bad || f->bad)
					continue;
				f->bad = true;
				more = true;
			}
		}
	}
}

struct group_file *imports_read(struct load *l, const struct yaml_node *root)
{
	const struct yaml_node *list = yaml_get(root, "imports");
	struct group_file *own = ARENA_NEW(l->arena, struct group_file);
	struct group_file **unread = l->files->last;
	unsigned errors = l->ds->errors;

	if (!list)
		return own;
	imports_list(l, own, list);
	for (; *unread; unread = &(*unread)->next)
		file_read(l, *unread);
	bad_spread(l->files);
	for (struct import *i = own->imports; i; i = i->next) {
		own->bad |= i->file->bad;
		if (i->file->bad && l->ds->errors == errors)
			diag_add(l->ds, DIAG_ERROR, E71, i->where,
				"`%.*s` has mistakes",
				STR_ARG(i->file->src->name));
	}
	return own;
}

void imports_unused_check(struct load *l, const struct group_file *file)
{
	for (const struct import *i = file->imports; i; i = i->next) {
		if (!i->used)
			diag_add(l->ds, DIAG_WARNING, W116, i->where,
				"no step uses a group of this import");
	}
}

static void group_unknown(struct load *l, const struct yaml_node *use)
{
	struct str names[SUITE_PAIRS_MAX];
	size_t n = 0;

	if (l->file->bad)
		return; /* it may be there, and why it is bad was said */
	for (struct group *g = l->file->groups; g; g = g->next)
		if (n < SUITE_PAIRS_MAX)
			names[n++] = g->name;
	for (struct import *i = l->file->imports; i; i = i->next)
		for (struct group *g = i->file->groups; g; g = g->next)
			if (n < SUITE_PAIRS_MAX)
				names[n++] = g->name;
	if (n > 0) {
		key_unknown(use, E71, "group", names, n, l->ds);
		return;
	}
	diag_add(l->ds, DIAG_ERROR, E71, use->where, "unknown group `%.*s`",
		STR_ARG(use->text));
	diag_hint(l->ds, "name the file that has it in `imports`");
}

static struct group *group_among(struct group *g, struct str name)
{
	while (g && !str_eq(g->name, name))
		g = g->next;
	return g;
}

struct group *group_find(struct load *l, const struct yaml_node *use)
{
	struct group *found = group_among(l->file->groups, use->text);

	for (struct import *i = l->file->imports; i; i = i->next) {
		struct group *g = group_among(i->file->groups, use->text);

		if (!g || g == found)
			continue;
		i->used = true;
		if (!found) {
			found = g;
			continue;
		}
		diag_add(l->ds, DIAG_ERROR, E25, use->where,
			"two imports have a group `%.*s`", STR_ARG(use->text));
		diag_also(l->ds, found->yaml->key->where, "one");
		diag_also(l->ds, g->yaml->key->where, "the other");
		return NULL;
	}
	if (!found)
		group_unknown(l, use);
	return found;
}
