#include "suites/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/codes.h"
#include "base/crypto.h"
#include "base/map.h"

/* A file to load, or a folder to search. */
struct place_of_files {
	struct place_of_files *next;
	struct str path; /* as it is opened and shown */
	struct str rel;  /* below the path that was given */
	struct str root; /* what its imports may not lead out of */
	unsigned depth;  /* of folders below that path */
};

struct search {
	struct arena *arena;
	struct diags *ds;
	struct place_of_files *folders; /* still to be searched */
	struct place_of_files *files;
	size_t nfiles;
	struct map *seen; /* "device inode" of every file */
	struct str root;  /* of the path that is searched */
};

static int seen_once; /* what the map of seen files points to */

/* E006 at a file or folder as a whole. */
static void path_error(struct search *s, struct str path, const char *why)
{
	struct span where = { .src = source_from(s->arena, path, STR("")) };

	diag_add(s->ds, DIAG_ERROR, E6, where, "%s", why);
}

static struct place_of_files *place_new(struct search *s, struct str path,
	struct str rel, unsigned depth)
{
	struct place_of_files *p = ARENA_NEW(s->arena, struct place_of_files);

	p->path = path;
	p->rel = rel;
	p->root = s->root;
	p->depth = depth;
	return p;
}

/* The same file by two paths is one file. */
static bool file_is_new(struct search *s, const struct stat *st)
{
	char id[64];
	int n = snprintf(id, sizeof(id), "%ju %ju", (uintmax_t)st->st_dev,
		(uintmax_t)st->st_ino);

	return !map_set(s->seen, (struct str){ id, (size_t)n }, &seen_once);
}

static void file_add(struct search *s, struct place_of_files *p,
	const struct stat *st)
{
	if (!file_is_new(s, st))
		return;
	if (s->nfiles == SUITE_FILES_MAX) {
		path_error(s, p->path, "too many suite files");
		s->nfiles++;
	}
	if (s->nfiles > SUITE_FILES_MAX)
		return;
	p->next = s->files;
	s->files = p;
	s->nfiles++;
}

static bool is_yaml(struct str name)
{
	return str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml"));
}

/*
 * Links to files are followed (mounted configuration is made of them), links
 * to folders are not: they may lead in circles.
 */
static void entry_add(struct search *s, const struct place_of_files *folder,
	struct str name)
{
	struct place_of_files *p;
	struct str path;
	struct str rel;
	struct stat own;
	struct stat st;

	if (name.ptr[0] == '.')
		return;
	path = arena_printf(s->arena, "%.*s%s%.*s", STR_ARG(folder->path),
		str_ends(folder->path, STR("/")) ? "" : "/", STR_ARG(name));
	rel = folder->rel.len ? arena_printf(s->arena, "%.*s/%.*s",
					STR_ARG(folder->rel), STR_ARG(name))
			      : arena_str(s->arena, name);
	if (lstat(path.ptr, &own) != 0)
		return; /* gone since */
	p = place_new(s, path, rel, folder->depth + 1);
	if (S_ISDIR(own.st_mode)) {
		if (str_eq(name, STR("examples")))
			return;
		p->next = s->folders;
		s->folders = p;
		return;
	}
	if (!is_yaml(name))
		return;
	if (stat(path.ptr, &st) != 0)
		path_error(s, path, strerrordesc_np(errno));
	else if (!S_ISDIR(st.st_mode))
		file_add(s, p, &st);
}

static void folder_search(struct search *s, const struct place_of_files *folder)
{
	DIR *dir;

	if (folder->depth > SUITE_FOLDER_DEPTH_MAX) {
		path_error(s, folder->path, "folders nested too deep");
		return;
	}
	dir = opendir(folder->path.ptr);
	if (!dir) {
		path_error(s, folder->path, strerrordesc_np(errno));
		return;
	}
	for (;;) {
		struct dirent *d;

		errno = 0;
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of our own */
		d = readdir(dir);
		if (!d)
			break;
		entry_add(s, folder, str_from(d->d_name));
	}
	if (errno)
		path_error(s, folder->path, strerrordesc_np(errno));
	closedir(dir);
}

static struct str base_name(struct str path)
{
	size_t at = path.len;

	while (at && path.ptr[at - 1] != '/')
		at--;
	return str_sub(path, at, SIZE_MAX);
}

/*
 * Imports stay below the folder that we were started in where the path that
 * was given does so, else below that path's folder.
 */
static struct str root_of(struct arena *a, struct str path, bool folder)
{
	struct str rest = path;
	bool below = !str_starts(path, STR("/"));
	size_t at = path.len;

	while (rest.ptr && below)
		below = !str_eq(str_cut(&rest, '/'), STR(".."));
	if (below)
		return STR(".");
	while (!folder && at && path.ptr[at - 1] != '/')
		at--;
	while (at > 1 && path.ptr[at - 1] == '/')
		at--;
	return at ? arena_str(a, str_sub(path, 0, at)) : STR(".");
}

static void path_add(struct search *s, const char *z)
{
	struct str path = arena_str(s->arena, str_from(z));
	size_t before = s->nfiles;
	unsigned errors = s->ds->errors;
	struct stat st;

	if (stat(z, &st) != 0) {
		path_error(s, path, strerrordesc_np(errno));
		return;
	}
	s->root = root_of(s->arena, path, S_ISDIR(st.st_mode));
	if (!S_ISDIR(st.st_mode)) {
		file_add(s, place_new(s, path, base_name(path), 0), &st);
		return;
	}
	s->folders = place_new(s, path, STR(""), 0);
	while (s->folders) {
		const struct place_of_files *folder = s->folders;

		s->folders = folder->next;
		folder_search(s, folder);
	}
	if (s->nfiles == before && s->ds->errors == errors)
		path_error(s, path, "no suite (*.yaml, *.yml) in this folder");
}

static int by_path(const void *a, const void *b)
{
	const struct place_of_files *const *x = a;
	const struct place_of_files *const *y = b;

	return str_cmp((*x)->path, (*y)->path);
}

static int by_name(const void *a, const void *b)
{
	const struct suite_file *const *x = a;
	const struct suite_file *const *y = b;

	return str_cmp(suite_base(*x)->name, suite_base(*y)->name);
}

/* The files in the order of their paths: what is reported is stable. */
static struct place_of_files **files_sorted(struct search *s)
{
	struct place_of_files **list =
		ARENA_ARRAY(s->arena, s->nfiles + 1, struct place_of_files *);
	size_t n = 0;

	for (struct place_of_files *p = s->files; p; p = p->next)
		list[n++] = p;
	s->nfiles = n;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): sorts pointers */
	qsort(list, n, sizeof(list[0]), by_path);
	return list;
}

static void hash_piece(struct sha256 *h, struct str s)
{
	uint8_t length[8];

	for (size_t i = 0; i < sizeof(length); i++)
		length[i] = (uint8_t)((uint64_t)s.len >> (8 * i));
	sha256_add(h, (struct str){ (const char *)length, sizeof(length) });
	sha256_add(h, s);
}

/* E061: one name, two suites. */
static void twins_check(const struct suite_set *set, struct diags *ds)
{
	struct map *seen = map_new();

	for (size_t i = 0; i < set->count; i++) {
		const struct suite *s = suite_base(set->file[i]);
		const struct suite_file *const *first = map_get(seen, s->name);

		if (!first) {
			map_set(seen, s->name, &set->file[i]);
			continue;
		}
		diag_add(ds, DIAG_ERROR, E61, s->where,
			"a second suite named `%.*s`", STR_ARG(s->name));
		diag_also(ds, suite_base(*first)->where, "the first one");
	}
	map_free(seen);
}

static void hash_parts(struct sha256 *h, const struct source *src)
{
	for (const struct source_part *p = src->parts->first; p; p = p->next) {
		hash_piece(h, p->path);
		hash_piece(h, p->text);
	}
}

static void files_load(struct search *s, const struct suite_world *world,
	struct suite_set *set)
{
	struct place_of_files **list = files_sorted(s);
	struct sha256 *hash = sha256_new();
	struct group_files *groups = group_files_new(s->arena);

	set->file =
		ARENA_ARRAY(s->arena, s->nfiles + 1, const struct suite_file *);
	set->nread = s->nfiles;
	for (size_t i = 0; i < s->nfiles; i++) {
		struct err e = { 0 };
		const struct source *src =
			source_read(s->arena, list[i]->path.ptr, &e);
		const struct suite_file *f;
		bool group;

		if (!src) {
			path_error(s, list[i]->path, e.text);
			continue;
		}
		hash_piece(hash, list[i]->rel);
		hash_piece(hash, src->text);
		f = suite_parse_in(s->arena, src, list[i]->root, groups, world,
			&group, s->ds);
		hash_parts(hash, src);
		if (f)
			set->file[set->count++] = f;
	}
	for (const struct group_file *g = group_files_first(groups); g;
		g = g->next) {
		hash_piece(hash, g->path);
		hash_piece(hash, g->src->text);
		hash_parts(hash, g->src);
	}
	group_files_free(groups);
	sha256_free(hash, set->hash);
}

bool suite_load_all(struct arena *a, const char *const *paths, size_t npaths,
	const struct suite_world *world, struct suite_set *ret,
	struct diags *ds)
{
	struct search s = { .arena = a, .ds = ds, .seen = map_new() };
	struct suite_set set = { 0 };
	unsigned errors = ds->errors;

	for (size_t i = 0; i < npaths; i++)
		path_add(&s, paths[i]);
	files_load(&s, world, &set);
	map_free(s.seen);
	twins_check(&set, ds);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): sorts pointers */
	qsort(set.file, set.count, sizeof(set.file[0]), by_name);
	diags_sort(ds);
	*ret = set;
	return ds->errors == errors;
}
