#include "regions/line.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/codes.h"
#include "base/crypto.h"
#include "base/literal.h"
#include "regions/reader.h"
#include "regions/stages.h"

/* Where the only line file is looked for. */
#define LINE_FOLDER "regions"
enum { SEARCH_ENTRIES_MAX = 4096, SEARCH_SHOWN_MAX = 8 };

/* clang-format off */
const struct key line_key_table[] = {
	{ "version", KEY_INT, KEY_REQUIRED, KEY(struct line_keys, version),
		1, 1, .help = "of this language: 1" },
	{ "line", KEY_ID, KEY_REQUIRED, KEY(struct line_keys, line),
		.help = "the name of what a halt stops" },
	{ "environments", KEY_MAP, KEY_REQUIRED,
		KEY(struct line_keys, environments),
		.help = "environment -> region -> its keys" },
	{ "served_version", KEY_MAP, 0, KEY(struct line_keys, served_version),
		.fallback = "none: results count by time",
		.help = "how an answer tells its version" },
	{ "roles", KEY_MAP, 0, KEY(struct line_keys, roles),
		.fallback = "{default: {}}",
		.help = "what a request carries to be seen as this role" },
	{ "gate", KEY_MAP, 0, KEY(struct line_keys, gate),
		.fallback = "{}", .help = "defaults of every stage" },
	{ "workflow", KEY_LIST, 0, KEY(struct line_keys, workflow),
		.fallback = "one stage `deploy` with every region",
		.help = "the stages, in their order" },
	{ "freeze", KEY_LIST, 0, KEY(struct line_keys, freeze),
		.fallback = "[]", .help = "windows without deployments" },
	{ "maintenance", KEY_LIST, 0, KEY(struct line_keys, maintenance),
		.fallback = "[]", .help = "windows that are not judged" },
	{ "lint", KEY_MAP, 0, KEY(struct line_keys, lint),
		.help = "{allow: [W101]}" },
	{ 0 }
};
/* clang-format on */

static void line_hash(struct line *l, struct str text)
{
	struct sha256 *h = sha256_new();

	sha256_add(h, text);
	sha256_free(h, l->hash);
}

static void served_warn(struct line_reader *r, const struct line_keys *k,
	const struct yaml_node *root)
{
	const struct yaml_node *name = yaml_get(root, "line");

	if (k->served_version || !name ||
		key_mistyped(line_key_table, root, "served_version"))
		return;
	diag_add(r->ds, DIAG_WARNING, W101, name->where,
		"no served_version: results can not be attributed to a "
		"version");
	diag_hint(r->ds, "for example served_version: "
			 "{header: X-App-Version}");
}

/* What requests carry: of a role, and ${region.KEY}. */
static void secrets_warn(struct line_reader *r, const struct yaml_node *root)
{
	static const char *const sent[] = { "environments", "roles", NULL };
	static const char *const not_sent[] = { "base_url", "kind",
		"credentials", NULL };

	for (size_t i = 0; sent[i]; i++) {
		const struct yaml_node *n = yaml_get(root, sent[i]);

		if (n)
			literals_check(n, not_sent,
				"name it under `secrets` of the suites, use it "
				"as ${name} in a role",
				r->ds);
	}
}

static void line_read(struct line_reader *r, const struct line_keys *k,
	const struct yaml_node *root)
{
	struct line *l = r->line;

	l->name = k->line;
	allow_read(&l->allows, k->lint, root, r->ds);
	line_read_environments(r, k->environments);
	line_read_served(r, k->served_version);
	served_warn(r, k, root);
	line_read_roles(r, k->roles);
	secrets_warn(r, root);
	line_read_workflow(r, k->gate, k->workflow);
	l->freezes = line_read_windows(r, k->freeze);
	l->maintenances = line_read_windows(r, k->maintenance);
}

const struct line *line_parse(struct arena *a, const struct source *src,
	struct diags *ds)
{
	unsigned before = ds->errors;
	const struct yaml_node *root = yaml_parse(a, src, ds);
	struct line *l = ARENA_NEW(a, struct line);
	struct diags found;
	struct line_reader r = { a, &found, l };
	struct line_keys k = { 0 };

	if (!root)
		return NULL;
	diags_init(&found, a);
	l->allows.arena = a;
	keys_read(line_key_table, root, "line file", &k, a, &found);
	if (root->kind == YAML_MAP)
		line_read(&r, &k, root);
	l->source = src;
	line_hash(l, src->text);
	allow_filter(&l->allows, &found, ds);
	return ds->errors == before ? l : NULL;
}

/* The files found so far, and the folders still to be looked into. */
struct search {
	struct arena *arena;
	struct str file[SEARCH_SHOWN_MAX];
	size_t nfiles; /* may be more than are kept */
	struct str folder[SEARCH_ENTRIES_MAX + 1];
	size_t nfolders;
	size_t entries;
};

static int is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void search_entry(struct search *s, struct str folder, const char *entry)
{
	struct stat st;
	struct str name = str_from(entry);
	struct str path =
		arena_printf(s->arena, "%.*s/%s", STR_ARG(folder), entry);

	/* links to folders are not followed: they may lead in a circle */
	if (lstat(path.ptr, &st) != 0 || s->entries++ >= SEARCH_ENTRIES_MAX)
		return;
	if (S_ISDIR(st.st_mode)) {
		if (!str_eq(name, STR("examples")))
			s->folder[s->nfolders++] = path;
		return;
	}
	if (!str_ends(name, STR(".yaml")) && !str_ends(name, STR(".yml")))
		return;
	if (s->nfiles < SEARCH_SHOWN_MAX)
		s->file[s->nfiles] = path;
	s->nfiles++;
}

static void search_run(struct search *s, const char *folder)
{
	s->folder[s->nfolders++] = str_from(folder);
	for (size_t i = 0; i < s->nfolders; i++) {
		struct dirent **entry;
		int n = scandir(s->folder[i].ptr, &entry, is_visible,
			alphasort);
		for (int e = 0; e < n; e++) {
			search_entry(s, s->folder[i], entry[e]->d_name);
			free(entry[e]);
		}
		if (n >= 0)
			free(entry);
	}
}

/* The only line file in a folder; NULL: reported. */
static const char *line_search(struct arena *a, const char *folder,
	struct diags *ds)
{
	struct span nowhere = { 0 };
	struct search *s = ARENA_NEW(a, struct search);

	s->arena = a;
	search_run(s, folder);
	if (s->nfiles == 1)
		return s->file[0].ptr;
	if (s->nfiles == 0) {
		diag_add(ds, DIAG_ERROR, E6, nowhere,
			"no line file in `%s`: name one with --line FILE",
			folder);
		return NULL;
	}
	diag_add(ds, DIAG_ERROR, E6, nowhere,
		"%zu files in `%s`: name the line with --line FILE", s->nfiles,
		folder);
	for (size_t i = 0; i < s->nfiles && i < SEARCH_SHOWN_MAX; i++)
		diag_add(ds, DIAG_NOTE, 0, nowhere, "%.*s",
			STR_ARG(s->file[i]));
	return NULL;
}

const struct line *line_load(struct arena *a, const char *path,
	struct diags *ds)
{
	struct stat st;
	struct span nowhere = { 0 };
	struct err e;

	if (!path)
		path = line_search(a, LINE_FOLDER, ds);
	else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		path = line_search(a, path, ds);
	if (!path)
		return NULL;
	const struct source *src = source_read(a, path, &e);
	if (!src) {
		diag_add(ds, DIAG_ERROR, E6, nowhere, "%s", e.text);
		return NULL;
	}
	return line_parse(a, src, ds);
}

const struct line *line_local(struct arena *a, struct str base_url)
{
	struct line *l = ARENA_NEW(a, struct line);
	struct region *g = ARENA_NEW(a, struct region);
	struct role *role = ARENA_NEW(a, struct role);
	struct region_key *k = ARENA_NEW(a, struct region_key);

	while (base_url.len > 0 && base_url.ptr[base_url.len - 1] == '/')
		base_url.len--;
	k->name = STR("base_url");
	k->value = arena_str(a, base_url);
	g->env = g->name = STR("local");
	g->full = STR("local/local");
	g->base_url = k->value;
	g->keys = k;
	role->name = STR("default");
	l->name = STR("local");
	l->regions = g;
	l->nregions = 1;
	l->roles = role;
	l->nroles = 1;
	line_hash(l, base_url);
	line_single_stage(a, l, ARENA_NEW(a, struct stage));
	return l;
}
