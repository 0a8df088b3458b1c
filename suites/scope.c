#include "suites/load.h"

#include "base/codes.h"
#include "base/map.h"
#include "suites/name.h"

/* Who gives a name its value. */
enum origin { FROM_WORLD, FROM_SECRET, FROM_VAR, FROM_CAPTURE };

static const char *const origin_words[] = {
	[FROM_WORLD] = "given",
	[FROM_SECRET] = "read",
	[FROM_VAR] = "set",
	[FROM_CAPTURE] = "captured",
};

struct giver {
	struct giver *next; /* an earlier one of the same name */
	enum origin origin;
	bool secret;
	const struct step *step; /* NULL: before the first step */
	struct span where;
};

struct scope {
	struct load *l;
	const struct suite *suite;
	struct map *known;       /* name -> struct giver, so far */
	struct map *later;       /* name -> struct giver, of the whole suite */
	struct map *used;        /* names that anything uses */
	const struct step *step; /* the one that is looked at; NULL: none */
	bool cleanup;
};

static int used_once; /* what the map of used names points to */

static const struct str builtins[] = { { "region", 6 }, { "env", 3 },
	{ "role", 4 }, { "runner", 6 }, { "suite", 5 }, { "step", 4 },
	{ "run.id", 6 }, { "run.number", 10 }, { "deploy.version", 14 } };
enum { NBUILTINS = sizeof(builtins) / sizeof(builtins[0]) };

size_t suite_builtin_names(struct str *ret, size_t max)
{
	size_t n = 0;

	for (; n < NBUILTINS && n < max; n++)
		ret[n] = builtins[n];
	return n;
}

static struct giver *giver_add(struct scope *sc, struct map *map,
	struct str name, struct giver from)
{
	struct giver *g = ARENA_NEW(sc->l->arena, struct giver);

	*g = from;
	g->next = map_get(map, name);
	map_set(map, name, g);
	return g;
}

static void uses_add(struct load *l, struct use ***tail,
	const struct template_ref *refs, bool in_url)
{
	for (; refs; refs = refs->next) {
		if (refs->call)
			continue;
		**tail = ARENA_NEW(l->arena, struct use);
		(**tail)->ref = refs;
		(**tail)->in_url = in_url;
		*tail = &(**tail)->next;
	}
}

static void text_uses(struct load *l, struct use ***tail,
	const struct template *t, bool in_url)
{
	if (t)
		uses_add(l, tail, template_refs(t), in_url);
}

static void pair_uses(struct load *l, struct use ***tail,
	const struct pair *list, bool in_url)
{
	for (; list; list = list->next)
		text_uses(l, tail, list->value, in_url);
}

static void check_uses(struct load *l, struct use ***tail,
	const struct check *list)
{
	struct use **from = *tail;

	for (; list; list = list->next)
		uses_add(l, tail, check_refs(list), false);
	for (struct use *u = *from; u; u = u->next)
		u->in_check = true;
}

static void when_uses(struct load *l, struct use ***tail, const struct when *w)
{
	if (w->equals)
		uses_add(l, tail, template_tree_refs(w->equals), false);
}

struct use *step_uses(struct load *l, const struct step *s)
{
	struct use *first = NULL;
	struct use **last = &first;
	struct use ***tail = &last;

	text_uses(l, tail, s->url, true);
	if (s->kind == STEP_REQUEST) {
		text_uses(l, tail, s->http.base_url, true);
		text_uses(l, tail, s->http.user_agent, false);
		text_uses(l, tail, s->http.proxy, false);
		text_uses(l, tail, s->http.unix_socket, false);
		pair_uses(l, tail, s->http.headers, false);
	}
	text_uses(l, tail, s->probe.address, false);
	text_uses(l, tail, s->probe.name, false);
	text_uses(l, tail, s->probe.server, false);
	for (const struct talk *t = s->probe.talk; t; t = t->next)
		text_uses(l, tail, t->send, false);
	pair_uses(l, tail, s->headers, false);
	pair_uses(l, tail, s->query, true);
	pair_uses(l, tail, s->cookies, false);
	text_uses(l, tail, s->auth.user, false);
	text_uses(l, tail, s->auth.password, false);
	text_uses(l, tail, s->auth.token, false);
	text_uses(l, tail, s->auth.token_url, false);
	text_uses(l, tail, s->auth.region, false);
	text_uses(l, tail, s->auth.service, false);
	for (const struct pair *p = s->auth.params; p; p = p->next)
		text_uses(l, tail, p->value, false);
	if (s->json)
		uses_add(l, tail, template_tree_refs(s->json), false);
	pair_uses(l, tail, s->form, false);
	text_uses(l, tail, s->body, false);
	for (const struct body_part *p = s->parts; p; p = p->next)
		text_uses(l, tail, p->value, false);
	when_uses(l, tail, &s->when);
	for (const struct group_use *u = s->use; u; u = u->outer)
		when_uses(l, tail, &u->when);
	check_uses(l, tail, s->poll.fail_when);
	check_uses(l, tail, s->expect);
	check_uses(l, tail, s->warn);
	for (const struct capture *c = s->captures; c; c = c->next)
		uses_add(l, tail, c->refs, false);
	return first;
}

static unsigned line_of(struct span where)
{
	struct place place;

	span_place(where, &place);
	return place.line;
}

/* Where a name belongs to; "" is the suite. */
static struct str scope_of(struct str full)
{
	return str_sub(full, 0, full.len - name_local(full).len);
}

/* Everything that could have been meant. */
static void hint_names(struct scope *sc, const struct template_ref *r)
{
	struct str scope = r->where.src ? r->where.src->scope : STR("");
	const struct suite_world *w = sc->l->world;
	size_t max = map_count(sc->later) + NBUILTINS + w->nregion_keys + 1;
	struct str *names;
	struct str key;
	size_t n = 0;
	size_t at = 0;
	void *value;

	if (sc->l->hints_left == 0)
		return;
	names = ARENA_ARRAY(sc->l->arena, max, struct str);
	while (map_each(sc->later, &at, &key, &value)) {
		if (str_eq(scope_of(key), scope))
			names[n++] = name_local(key);
	}
	for (size_t i = 0; i < NBUILTINS; i++)
		names[n++] = builtins[i];
	for (size_t i = 0; i < w->nregion_keys; i++)
		names[n++] = arena_printf(sc->l->arena, "region.%.*s",
			STR_ARG(w->region_keys[i]));
	if (w->any)
		names[n++] = STR("region.base_url");
	hint_nearest(sc->l, name_local(r->name), names, n);
}

/* ${region.NAME}: every region of the line file has to have it. */
static void region_key_check(struct scope *sc, const struct template_ref *r)
{
	const struct suite_world *w = sc->l->world;
	struct str key = str_sub(r->name, sizeof("region.") - 1, SIZE_MAX);
	bool known = w->any && str_eq(key, STR("base_url"));

	for (size_t i = 0; i < w->nregion_keys && !known; i++)
		known = str_eq(w->region_keys[i], key);
	if (known)
		return;
	diag_add(sc->l->ds, DIAG_ERROR, E31, r->where,
		w->any ? "`%.*s` needs a line file: without one a region has "
			 "its base_url only"
		       : "`%.*s`: not every region of the line file has it",
		STR_ARG(r->name));
	hint_names(sc, r);
}

/* ${row.NAME}: every row has to have it. */
static void row_check(struct scope *sc, const struct template_ref *r)
{
	struct str key = str_sub(r->name, sizeof("row.") - 1, SIZE_MAX);
	const struct json *rows = sc->suite->rows;
	unsigned number = 1;

	for (const struct json *row = rows->first; row; row = row->next) {
		if (!json_get(row, key)) {
			diag_add(sc->l->ds, DIAG_ERROR, E31, r->where,
				"`%.*s`: row %u has no `%.*s`",
				STR_ARG(r->name), number, STR_ARG(key));
			return;
		}
		number++;
	}
}

static bool builtin_known(const struct scope *sc, struct str name)
{
	for (size_t i = 0; i < NBUILTINS; i++) {
		if (str_eq(name, builtins[i]))
			return sc->step || !str_eq(name, STR("step"));
	}
	return false;
}

static bool globs_within(const struct strs *some, const struct strs *all)
{
	for (size_t i = 0; i < some->count; i++) {
		if (!strs_hold(all, some->item[i]))
			return false;
	}
	return some->count > 0;
}

/* Is `to` limited to some of `globs`, by itself or by what uses it? */
static bool globs_reach(const struct strs *globs, const struct step *to)
{
	if (globs->count == 0 || globs_within(&to->where_globs, globs))
		return true;
	for (const struct group_use *u = to->use; u; u = u->outer) {
		if (globs_within(&u->where_globs, globs))
			return true;
	}
	return false;
}

/*
 * May this step use what only `g` gives?  Where the giver is left out because
 * of its limits, the user would be left out too, and what it asserts with it.
 * Clean-up is meant to be skipped so.
 */
static bool giver_reaches(const struct scope *sc, const struct giver *g)
{
	const struct step *to = sc->step;

	if (!g->step || !to || sc->cleanup)
		return true;
	for (size_t i = 0; i < sc->suite->roles.count; i++) {
		struct str role = sc->suite->roles.item[i];

		if (step_runs_as(to, role) && !step_runs_as(g->step, role))
			return false;
	}
	if (!globs_reach(&g->step->where_globs, to))
		return false;
	for (const struct group_use *u = g->step->use; u; u = u->outer) {
		if (!globs_reach(&u->where_globs, to))
			return false;
	}
	return true;
}

/* Is it skipped where the name is not set? */
static bool when_asks(const struct step *s, struct str name)
{
	if (str_eq(s->when.var, name))
		return true;
	for (const struct group_use *u = s->use; u; u = u->outer) {
		if (str_eq(u->when.var, name))
			return true;
	}
	return false;
}

static void reach_check(struct scope *sc, const struct template_ref *r,
	const struct giver *g)
{
	const struct giver *last = g;

	if (sc->step && when_asks(sc->step, r->name))
		return;
	for (; g; g = g->next) {
		if (giver_reaches(sc, g))
			return;
	}
	diag_add(sc->l->ds, DIAG_ERROR, E32, r->where,
		"`%.*s` is %s at line %u in a step that is limited to other "
		"roles or regions than this one",
		STR_ARG(name_local(r->name)), origin_words[last->origin],
		line_of(last->where));
	diag_hint(sc->l->ds, "limit this step as well");
	diag_also(sc->l->ds, last->where, "%s here",
		origin_words[last->origin]);
}

/* A group does not see what stands around it. */
static void hint_outside(struct scope *sc, struct str full)
{
	struct str name = name_local(full);

	if (name.len < full.len &&
		(map_get(sc->known, name) || map_get(sc->later, name)))
		diag_hint(sc->l->ds, "a group sees its own names only: make "
				     "it a parameter");
}

/* Was the key mistyped that gives names?  That was said: one mistake is one
 * message. */
static bool giver_mistyped(const struct scope *sc)
{
	static const char *const keys[] = { "vars", "secrets", "rows", "setup",
		"steps" };
	const struct suite *s = sc->suite;
	const struct step *const lists[] = { s->setup, s->steps, s->cleanup };
	bool is = key_mistyped(group_key_table, s->yaml, "params");

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		is |= key_mistyped(suite_key_table, s->yaml, keys[i]);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct step *st = lists[i]; st && !is; st = st->next)
			is = key_mistyped(step_key_table, st->yaml, "capture");
	return is;
}

static void unknown_name(struct scope *sc, const struct template_ref *r)
{
	const struct giver *g = map_get(sc->later, r->name);

	if (str_eq(r->name, STR("step"))) {
		diag_add(sc->l->ds, DIAG_ERROR, E31, r->where,
			"`step` is known inside of steps only");
		return;
	}
	if (!g && giver_mistyped(sc))
		return;
	if (!g) {
		diag_add(sc->l->ds, DIAG_ERROR, E31, r->where,
			"unknown variable `%.*s`",
			STR_ARG(name_local(r->name)));
		hint_names(sc, r);
		hint_outside(sc, r->name);
		return;
	}
	while (g->next)
		g = g->next; /* the first that gives it */
	diag_add(sc->l->ds, DIAG_ERROR, E32, r->where,
		"`%.*s` is %s at line %u, after it is used here",
		STR_ARG(name_local(r->name)), origin_words[g->origin],
		line_of(g->where));
	diag_also(sc->l->ds, g->where, "%s here", origin_words[g->origin]);
}

static void ref_check(struct scope *sc, const struct template_ref *r)
{
	const struct giver *g = map_get(sc->known, r->name);

	map_set(sc->used, r->name, &used_once);
	if (g)
		reach_check(sc, r, g);
	else if (builtin_known(sc, r->name))
		return;
	else if (str_starts(r->name, STR("region.")))
		region_key_check(sc, r);
	else if (str_starts(r->name, STR("row.")))
		row_check(sc, r);
	else if (str_starts(r->name, STR("env."))) {
		diag_add(sc->l->ds, DIAG_ERROR, E31, r->where,
			"`%.*s` is not on the list of allowed environment "
			"names",
			STR_ARG(r->name));
		diag_hint(sc->l->ds, "use --var, or `secrets` with `env`");
	} else {
		unknown_name(sc, r);
	}
}

/* Does the value hold anything secret? */
static bool refs_secret(const struct scope *sc, const struct template_ref *r)
{
	for (; r; r = r->next) {
		const struct giver *g = map_get(sc->known, r->name);

		if (g && g->secret)
			return true;
	}
	return false;
}

static void vars_check(struct scope *sc, const struct suite_var *v)
{
	for (; v; v = v->next) {
		const struct template_ref *refs =
			v->value ? template_tree_refs(v->value) : NULL;

		for (const struct template_ref *r = refs; r; r = r->next) {
			if (!r->call)
				ref_check(sc, r);
		}
		giver_add(sc, sc->known, v->name,
			(struct giver){ .origin = FROM_VAR,
				.secret = v->secret || refs_secret(sc, refs),
				.step = sc->step,
				.where = v->where });
	}
}

/* A capture over a secret or a suite's variable would hide it. */
static void capture_name_check(struct scope *sc, const struct capture *c)
{
	const struct giver *g = map_get(sc->known, c->name);

	if (!g || g->origin == FROM_CAPTURE || g->origin == FROM_WORLD)
		return;
	diag_add(sc->l->ds, DIAG_ERROR, E25, c->where, "`%.*s` is %s already",
		STR_ARG(name_local(c->name)),
		g->origin == FROM_SECRET ? "a secret" : "a variable");
	diag_also(sc->l->ds, g->where, "here");
}

static void when_check(struct scope *sc, const struct when *w)
{
	struct template_ref r = { .name = w->var, .where = w->where };

	if (w->var.ptr)
		ref_check(sc, &r);
}

/* By an earlier step of the same use. */
static bool params_given(const struct scope *sc, const struct group_use *u)
{
	return !u->params || map_get(sc->known, u->params->name);
}

/* What uses a group stands before the first of its steps. */
static void use_check(struct scope *sc, const struct group_use *u)
{
	const struct group_use *todo[SUITE_GROUP_DEPTH_MAX];
	size_t n = 0;

	for (; u && n < SUITE_GROUP_DEPTH_MAX; u = u->outer)
		todo[n++] = u;
	while (n-- > 0) {
		when_check(sc, &todo[n]->when);
		if (!params_given(sc, todo[n]))
			vars_check(sc, todo[n]->params);
	}
}

/*
 * A check may look at what its own step captures, where nothing has given the
 * name before: then it is what was given that is meant.
 */
static bool is_early(const struct scope *sc, const struct use *u)
{
	struct capture *c = sc->step->captures;

	while (c && !str_eq(c->name, u->ref->name))
		c = c->next;
	if (!c || !u->in_check || map_get(sc->known, c->name))
		return false;
	c->early = true;
	map_set(sc->used, c->name, &used_once);
	return true;
}

static void url_secret_check(struct scope *sc, const struct use *u)
{
	const struct giver *g = map_get(sc->known, u->ref->name);

	if (!u->in_url || !g || !g->secret)
		return;
	diag_add(sc->l->ds, DIAG_WARNING, W105, u->ref->where,
		"secret `%.*s` goes into a URL, where proxies and logs see it",
		STR_ARG(u->ref->name));
	diag_hint(sc->l->ds, "send it in a header or a body");
}

static void step_check(struct scope *sc, const struct step *s)
{
	sc->step = s;
	use_check(sc, s->use);
	vars_check(sc, s->vars);
	when_check(sc, &s->when);
	for (const struct use *u = step_uses(sc->l, s); u; u = u->next) {
		if (!is_early(sc, u))
			ref_check(sc, u->ref);
		url_secret_check(sc, u);
	}
	for (const struct capture *c = s->captures; c; c = c->next) {
		capture_name_check(sc, c);
		giver_add(sc, sc->known, c->name,
			(struct giver){ .origin = FROM_CAPTURE,
				.secret = c->secret,
				.step = s,
				.where = c->where });
	}
	sc->step = NULL;
}

static void later_params(struct scope *sc, const struct group_use *u)
{
	for (; u; u = u->outer) {
		for (const struct suite_var *v = u->params; v; v = v->next) {
			if (map_get(sc->later, v->name))
				break;
			giver_add(sc, sc->later, v->name,
				(struct giver){ .origin = FROM_VAR,
					.where = v->where });
		}
	}
}

/* All names that the suite gives anywhere, for E032. */
static void later_fill(struct scope *sc, struct step *const lists[3])
{
	const struct suite *s = sc->suite;
	struct giver g = { .origin = FROM_SECRET };

	for (const struct suite_secret *c = s->secrets; c; c = c->next) {
		g.where = c->where;
		giver_add(sc, sc->later, c->name, g);
	}
	g.origin = FROM_VAR;
	for (const struct suite_var *v = s->vars; v; v = v->next) {
		g.where = v->where;
		giver_add(sc, sc->later, v->name, g);
	}
	for (size_t i = 0; i < 3; i++) {
		for (const struct step *st = lists[i]; st; st = st->next) {
			g.origin = FROM_VAR;
			later_params(sc, st->use);
			for (const struct suite_var *v = st->vars; v;
				v = v->next) {
				g.where = v->where;
				giver_add(sc, sc->later, v->name, g);
			}
			g.origin = FROM_CAPTURE;
			for (const struct capture *c = st->captures; c;
				c = c->next) {
				g.where = c->where;
				giver_add(sc, sc->later, c->name, g);
			}
		}
	}
}

static void given_fill(struct scope *sc)
{
	const struct suite_world *w = sc->l->world;

	for (size_t i = 0; i < w->nvars; i++)
		giver_add(sc, sc->known, w->vars[i],
			(struct giver){ .origin = FROM_WORLD });
	for (const struct suite_secret *c = sc->suite->secrets; c; c = c->next)
		giver_add(sc, sc->known, c->name,
			(struct giver){ .origin = FROM_SECRET,
				.secret = true,
				.where = c->where });
}

static void unused_check(struct scope *sc, const struct step *s)
{
	if (keys_unknown(sc->l))
		return; /* what stands there may be what uses it */
	for (const struct capture *c = s->captures; c; c = c->next) {
		if (!c->from || c->exported || map_get(sc->used, c->name))
			continue;
		diag_add(sc->l->ds, DIAG_WARNING, W102, c->where,
			"capture `%.*s` is never used",
			STR_ARG(name_local(c->name)));
	}
}

void scope_check(struct load *l, const struct suite *s)
{
	struct step *const lists[3] = { s->setup, s->steps, s->cleanup };
	struct scope sc = { .l = l,
		.suite = s,
		.known = map_new(),
		.later = map_new(),
		.used = map_new() };

	later_fill(&sc, lists);
	given_fill(&sc);
	vars_check(&sc, s->vars);
	for (size_t i = 0; i < 3; i++) {
		sc.cleanup = i == 2;
		for (const struct step *st = lists[i]; st; st = st->next)
			step_check(&sc, st);
	}
	for (size_t i = 0; i < 3; i++) {
		for (const struct step *st = lists[i]; st; st = st->next)
			unused_check(&sc, st);
	}
	map_free(sc.known);
	map_free(sc.later);
	map_free(sc.used);
}
