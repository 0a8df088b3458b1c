#include "suites/load.h"

#include "base/codes.h"
#include "base/units.h"

enum { DEFAULT_EVERY_MS = 60000, DAY_MS = 86400000 };

static struct str role_default[] = { { "default", 7 } };

static const char *const redacted[] = { "Authorization", "Cookie", "Set-Cookie",
	"Proxy-Authorization", "X-Api-Key" };
enum { NREDACTED = sizeof(redacted) / sizeof(redacted[0]) };

static struct suite_link *links_read(struct load *l,
	const struct yaml_node *map)
{
	struct suite_link *first = NULL;
	struct suite_link **tail = &first;

	if (!map || !count_fits(l, map, "links", SUITE_PAIRS_MAX))
		return NULL;
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		struct suite_link *link;
		struct str url;

		if (!key_scalar(n, n->key->text.ptr, &url, l->ds))
			continue;
		link = ARENA_NEW(l->arena, struct suite_link);
		link->name = n->key->text;
		link->url = url;
		*tail = link;
		tail = &link->next;
	}
	return first;
}

static void jitter_read(struct load *l, const struct yaml_node *n,
	struct suite *s)
{
	struct str text;
	double share;

	if (!n || !key_scalar(n, "jitter", &text, l->ds))
		return;
	if (str_ends(text, STR("%")) && units_share(text, &share)) {
		s->jitter_ms = (uint64_t)(share * (double)s->every_ms);
		return;
	}
	if (str_eq(text, STR("0")))
		return;
	if (key_duration(n, "jitter", 0, DAY_MS, &s->jitter_ms, l->ds) &&
		s->jitter_ms > s->every_ms)
		diag_add(l->ds, DIAG_ERROR, E23, n->where,
			"`jitter` is longer than `every`");
}

static void times_read(struct load *l, const struct suite_keys *keys,
	const struct yaml_node *root, struct suite *s)
{
	s->every_ms = keys->every_ms ? keys->every_ms : DEFAULT_EVERY_MS;
	s->every_failing_ms = s->every_ms;
	if (keys->every_failing_ms)
		s->every_failing_ms = keys->every_failing_ms;
	if (s->every_failing_ms > s->every_ms)
		diag_add(l->ds, DIAG_ERROR, E23,
			yaml_get(root, "every_failing")->where,
			"`every_failing` is longer than `every`");
	s->timeout_ms = keys->timeout_ms;
	if (!s->timeout_ms)
		s->timeout_ms = s->every_ms < DEFAULT_EVERY_MS
					? s->every_ms
					: DEFAULT_EVERY_MS;
	jitter_read(l, keys->jitter, s);
}

/* What is named is hidden beside the fixed ones, never instead of them. */
static void record_read(struct load *l, const struct yaml_node *map,
	struct suite *s)
{
	struct record_keys keys = { .body = RECORD_ON_FAIL, .max_body = 16000 };
	struct strs *all = &s->record.redact_headers;

	if (map)
		map_read(l, record_key_table, map, "record", &keys);
	s->record.body = keys.body;
	s->record.max_body = keys.max_body;
	all->count = NREDACTED + keys.redact_headers.count;
	all->item = ARENA_ARRAY(l->arena, all->count, struct str);
	for (size_t i = 0; i < NREDACTED; i++)
		all->item[i] = str_from(redacted[i]);
	for (size_t i = 0; i < keys.redact_headers.count; i++)
		all->item[NREDACTED + i] = keys.redact_headers.item[i];
}

static void texts_take(const struct suite_keys *keys, struct suite *s)
{
	s->name = keys->suite;
	s->title = keys->title;
	s->description = keys->description;
	s->owner = keys->owner;
	s->runbook = keys->runbook;
	s->tags = keys->tags;
	s->where_globs = keys->where_globs;
	s->roles = keys->roles;
	if (s->roles.count == 0)
		s->roles = (struct strs){ .item = role_default, .count = 1 };
	s->observe = keys->gate == 1;
	s->on_overrun = keys->on_overrun;
}

/* A secret may not share its name with a var: which one is meant? */
static void names_check(struct load *l, const struct suite *s)
{
	for (const struct suite_secret *c = s->secrets; c; c = c->next) {
		for (const struct suite_var *v = s->vars; v; v = v->next) {
			if (!str_eq(v->name, c->name))
				continue;
			diag_add(l->ds, DIAG_ERROR, E25, c->where,
				"`%.*s` is a secret and a variable",
				STR_ARG(c->name));
			diag_also(l->ds, v->where, "the variable");
		}
	}
}

struct suite *suite_read(struct load *l, const struct yaml_node *root)
{
	struct suite_keys keys = { 0 };
	struct suite *s = ARENA_NEW(l->arena, struct suite);
	const struct yaml_node *name = yaml_get(root, "suite");

	map_read(l, suite_key_table, root, "suite", &keys);
	if (root->kind != YAML_MAP)
		return s;
	s->yaml = root;
	s->where = name ? name->where : root->where;
	texts_take(&keys, s);
	allow_read(&l->allows, keys.lint, root, l->ds);
	times_read(l, &keys, root, s);
	s->links = links_read(l, keys.links);
	s->rows = rows_read(l, keys.rows);
	s->vars = vars_read(l, keys.vars);
	s->secrets = secrets_read(l, keys.secrets);
	names_check(l, s);
	record_read(l, keys.record, s);
	http_defaults(l, &s->http);
	http_read(l, keys.http, &s->http);
	s->setup = steps_read(l, keys.setup, "setup", &s->http);
	s->steps = steps_read(l, keys.steps, "steps", &s->http);
	s->cleanup = steps_read(l, keys.cleanup, "cleanup", &s->http);
	if (keys.steps && keys.steps->count == 0)
		diag_add(l->ds, DIAG_ERROR, E11, keys.steps->where,
			"`steps` needs at least one step");
	step_names_check(l, s);
	limits_check(l, s);
	scope_check(l, s);
	literal_check(l, root);
	same_check(l, s);
	lint_check(l, s);
	return s;
}
