/*
 * Predicates on JSON as a whole: `subset`, and `json` with what is ignored.
 */
#include "base/codes.h"
#include "base/keys.h"
#include "suites/json_copy.h"
#include "suites/predicate_table.h"

enum {
	SUBSET_STEPS_MAX = 1000000,
	SUBSET_DEPTH_MAX = 128,
	SAME_STEPS_MAX = 2000000, /* nodes and names that are compared */
	SAME_DEPTH_MAX = 200,
	IGNORE_MAX = 50,
	DIFFERENCES_SHOWN = 5
};

/* `at` of a copied node that is not looked at. */
#define IGNORED UINT32_MAX

static bool is_nest(const struct json *j)
{
	return j->type == JSON_ARRAY || j->type == JSON_OBJECT;
}

/* --- subset ------------------------------------------------------------- */

/* NOLINTBEGIN(misc-no-recursion): at most SUBSET_DEPTH_MAX deep */
static bool subset(const struct json *part, const struct json *whole,
	size_t *steps, unsigned depth)
{
	if (*steps == 0 || depth > SUBSET_DEPTH_MAX) {
		*steps = 0;
		return false;
	}
	--*steps;
	if (part->type != whole->type || !is_nest(part))
		return json_equal(part, whole);
	for (const struct json *e = part->first; e; e = e->next) {
		bool found = false;
		if (part->type == JSON_OBJECT) {
			const struct json *m = json_get(whole, e->key);
			found = m && subset(e, m, steps, depth + 1);
		} else {
			const struct json *m = whole->first;
			for (; m && !found; m = m->next)
				found = subset(e, m, steps, depth + 1);
		}
		if (!found)
			return false;
	}
	return true;
}
/* NOLINTEND(misc-no-recursion) */

/* Text is read as JSON first; NULL: it is none. */
static const struct json *as_json(const struct json *got, struct judge *j)
{
	struct json_error why;

	if (got->type != JSON_STRING)
		return got;
	return json_parse(j->a, got->text, &json_limits_default, &why);
}

/* The first of `part` that `whole` has not; *ret_near: what stands there. */
static const struct json *first_absent(const struct json *part,
	const struct json *whole, size_t *steps, const struct json **ret_near)
{
	for (const struct json *e = part->first; e; e = e->next) {
		const struct json *m = whole->first;
		bool found = false;

		if (part->type == JSON_OBJECT) {
			m = json_get(whole, e->key);
			found = m && subset(e, m, steps, 0);
			*ret_near = m;
		} else {
			for (; m && !found; m = m->next)
				found = subset(e, m, steps, 0);
		}
		if (!found)
			return e;
	}
	return NULL;
}

/* Goes down one member of an object; false: that is not to be had. */
static bool absent_below(const struct json **part, const struct json **whole,
	size_t *steps)
{
	const struct json *near = NULL;
	const struct json *e;

	if ((*part)->type != JSON_OBJECT || (*whole)->type != JSON_OBJECT)
		return false;
	e = first_absent(*part, *whole, steps, &near);
	if (!e || !near)
		return false;
	*part = e;
	*whole = near;
	return true;
}

/* By its path: the first part that is not there. */
static struct str subset_why(const struct json *part, const struct json *whole,
	struct judge *j)
{
	const struct redact *redact = j->v->redact;
	size_t steps = SUBSET_STEPS_MAX;
	const struct json *near = NULL;
	const struct json *absent = NULL;
	struct str path = STR("");
	struct str text;
	struct str got;

	while (absent_below(&part, &whole, &steps)) {
		text = visible_text(j->a, redact, part->key);
		path = arena_printf(j->a, "%.*s.%.*s", STR_ARG(path),
			STR_ARG(text));
	}
	if (part->type == whole->type && is_nest(part))
		absent = first_absent(part, whole, &steps, &near);
	if (!absent) {
		got = value_text(j->a, redact, whole);
		text = value_text(j->a, redact, part);
		return arena_printf(j->a, "at $%.*s: %.*s instead of %.*s",
			STR_ARG(path), STR_ARG(got), STR_ARG(text));
	}
	if (part->type == JSON_OBJECT) {
		text = visible_text(j->a, redact, absent->key);
		return arena_printf(j->a, "at $%.*s: `%.*s` is missing",
			STR_ARG(path), STR_ARG(text));
	}
	text = value_text(j->a, redact, absent);
	return arena_printf(j->a, "at $%.*s: %.*s is not among them",
		STR_ARG(path), STR_ARG(text));
}

enum judgement judge_subset(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	size_t steps = SUBSET_STEPS_MAX;
	const struct json *whole =
		is_nest(want) ? as_json(got->json, j) : got->json;

	(void)p;
	if (!whole)
		return judge_unfit_because(j, "not JSON");
	bool is = subset(want, whole, &steps, 0);
	if (steps == 0) {
		j->note = STR("more to compare than there may be");
		return OVER;
	}
	if (!is && is_nest(want))
		j->note = subset_why(want, whole, j);
	return judged(is);
}

/* --- reading ------------------------------------------------------------ */

static const char *const rule_names[] = { "equals", "ignore", "anyOrder" };

/* {equals: , ignore: , anyOrder: }; anything else is the document itself. */
bool predicate_json_is_long(const struct yaml_node *n)
{
	if (n->kind != YAML_MAP || !yaml_get(n, rule_names[0]))
		return false;
	for (const struct yaml_node *e = n->first; e; e = e->next) {
		if (!str_eq(e->key->text, str_from(rule_names[0])) &&
			!str_eq(e->key->text, str_from(rule_names[1])) &&
			!str_eq(e->key->text, str_from(rule_names[2])))
			return false;
	}
	return true;
}

static bool read_ignore(struct arena *a, const struct yaml_node *n,
	struct json_rules *rules, struct diags *ds)
{
	bool ok = true;

	if (n->kind != YAML_LIST || n->count > IGNORE_MAX) {
		diag_add(ds, DIAG_ERROR, E21, n->where,
			"a list of at most %d JSONPaths is wanted", IGNORE_MAX);
		return false;
	}
	rules->ignore = ARENA_ARRAY(a, n->count, const struct jsonpath *);
	for (const struct yaml_node *e = n->first; e; e = e->next) {
		const struct jsonpath *p = NULL;
		if (e->kind == YAML_SCALAR)
			p = jsonpath_of_scalar(a, e, e->text, ds);
		else
			diag_add(ds, DIAG_ERROR, E21, e->where,
				"a JSONPath is wanted");
		ok = ok && p;
		rules->ignore[rules->nignore++] = p;
	}
	return ok;
}

const struct json_rules *predicate_json_rules(struct arena *a,
	const struct yaml_node *n, struct diags *ds)
{
	struct json_rules *rules = ARENA_NEW(a, struct json_rules);
	const struct yaml_node *ignore = yaml_get(n, "ignore");
	const struct yaml_node *order = yaml_get(n, "anyOrder");
	bool ok = true;

	if (ignore)
		ok = read_ignore(a, ignore, rules, ds);
	if (order)
		ok = key_bool(order, "anyOrder", &rules->any_order, ds) && ok;
	return ok ? rules : NULL;
}

/* --- comparing ---------------------------------------------------------- */

struct way { /* from the root down to what is compared */
	const struct way *up;
	struct str key; /* STR_NONE: an element */
	size_t index;
};

struct comparing {
	struct arena *a;
	const struct redact *redact;
	bool any_order;
	bool quiet; /* looks for a place: a difference is none */
	size_t steps;
	const struct way *way;
	unsigned differences;
	struct str why; /* the first of them, by path */
};

static struct str way_text(struct comparing *c)
{
	struct str path = STR("");

	for (const struct way *w = c->way; w; w = w->up)
		path = w->key.ptr ? arena_printf(c->a, ".%.*s%.*s",
					    STR_ARG(visible_text(c->a,
						    c->redact, w->key)),
					    STR_ARG(path))
				  : arena_printf(c->a, "[%zu]%.*s", w->index,
					    STR_ARG(path));
	return path;
}

static bool full(const struct comparing *c)
{
	return c->differences > DIFFERENCES_SHOWN;
}

/* What was not looked at whole is no difference. */
static bool differ(struct comparing *c, struct str why)
{
	if (c->quiet || c->steps == 0)
		return false;
	if (++c->differences > DIFFERENCES_SHOWN)
		return false;
	c->why = arena_printf(c->a, "%.*s%sat $%.*s: %.*s", STR_ARG(c->why),
		c->why.len ? "; " : "", STR_ARG(way_text(c)), STR_ARG(why));
	return false;
}

static bool spend(struct comparing *c)
{
	if (c->steps > 0)
		c->steps--;
	return c->steps > 0;
}

static const struct json *next_seen(const struct json *e)
{
	while (e && e->at == IGNORED)
		e = e->next;
	return e;
}

static size_t count_seen(const struct json *parent)
{
	size_t n = 0;

	for (const struct json *e = next_seen(parent->first); e;
		e = next_seen(e->next))
		n++;
	return n;
}

/* Members mostly stand in the same order: `near` is asked first. */
static const struct json *find_member(struct comparing *c,
	const struct json *object, const struct json *near, struct str key)
{
	const struct json *m;

	if (near && spend(c) && str_eq(near->key, key))
		return near;
	for (m = next_seen(object->first); m && spend(c);
		m = next_seen(m->next)) {
		if (str_eq(m->key, key))
			return m;
	}
	return NULL;
}

static bool holds_all_names(struct comparing *c, const struct json *object,
	const struct json *names, const char *why)
{
	const struct json *near = next_seen(object->first);
	bool all = true;

	for (const struct json *e = next_seen(names->first); e && !full(c);
		e = next_seen(e->next)) {
		const struct json *m = find_member(c, object, near, e->key);
		if (!m)
			all = differ(c, arena_printf(c->a, "`%.*s` %s",
						STR_ARG(visible_text(c->a,
							c->redact, e->key)),
						why));
		if (!all && c->quiet)
			return false;
		near = m ? next_seen(m->next) : near;
	}
	return all;
}

/* NOLINTBEGIN(misc-no-recursion): at most SAME_DEPTH_MAX deep */
static bool same(struct comparing *c, const struct json *got,
	const struct json *want, unsigned depth);

static bool same_below(struct comparing *c, const struct json *got,
	const struct json *want, const struct way *step, unsigned depth)
{
	bool is;

	c->way = step;
	is = same(c, got, want, depth + 1);
	c->way = step->up;
	return is;
}

static bool same_members(struct comparing *c, const struct json *got,
	const struct json *want, unsigned depth)
{
	const struct json *near = next_seen(want->first);
	bool is = holds_all_names(c, got, want, "is missing");

	is = holds_all_names(c, want, got, "is not expected") && is;
	if (is && count_seen(got) != count_seen(want))
		return differ(c, STR("a name stands there twice"));
	for (const struct json *e = next_seen(got->first);
		e && !full(c) && (is || !c->quiet); e = next_seen(e->next)) {
		const struct way step = { c->way, e->key, 0 };
		const struct json *m = find_member(c, want, near, e->key);
		is = m && same_below(c, e, m, &step, depth) && is;
		near = m ? next_seen(m->next) : near;
	}
	return is;
}

static bool same_elements(struct comparing *c, const struct json *got,
	const struct json *want, unsigned depth)
{
	const struct json *e = next_seen(got->first);
	const struct json *w = next_seen(want->first);
	bool is = true;

	for (size_t i = 0; e && !full(c) && (is || !c->quiet); i++) {
		const struct way step = { c->way, STR_NONE, i };

		is = same_below(c, e, w, &step, depth) && is;
		e = next_seen(e->next);
		w = next_seen(w->next);
	}
	return is;
}

/*
 * Being the same is an equivalence, so that the first free twin will do: there
 * is no choice that a later one could spoil.
 */
static bool same_bag(struct comparing *c, const struct json *got,
	const struct json *want, size_t n, unsigned depth)
{
	bool *taken = ARENA_ARRAY(c->a, n + 1, bool);
	bool quiet = c->quiet;

	c->quiet = true;
	const struct json *w = next_seen(want->first);
	for (size_t at = 0; w; w = next_seen(w->next), at++) {
		const struct json *e = next_seen(got->first);
		size_t i = 0;
		for (; e; e = next_seen(e->next), i++) {
			if (!taken[i] && same(c, e, w, depth + 1))
				break;
		}
		if (!e) {
			c->quiet = quiet;
			return differ(c,
				arena_printf(c->a, "%.*s is not among them",
					STR_ARG(value_text(c->a, c->redact,
						w))));
		}
		taken[i] = true;
	}
	c->quiet = quiet;
	return true;
}

static bool same(struct comparing *c, const struct json *got,
	const struct json *want, unsigned depth)
{
	if (!spend(c) || depth > SAME_DEPTH_MAX) {
		c->steps = 0;
		return false;
	}
	if (got->type != want->type || !is_nest(got)) {
		if (json_equal(got, want))
			return true;
		return differ(c,
			arena_printf(c->a, "%.*s instead of %.*s",
				STR_ARG(value_text(c->a, c->redact, got)),
				STR_ARG(value_text(c->a, c->redact, want))));
	}
	if (got->type == JSON_OBJECT)
		return same_members(c, got, want, depth);
	size_t n = count_seen(got);
	if (n != count_seen(want))
		return differ(c,
			arena_printf(c->a, "%zu elements instead of %zu", n,
				count_seen(want)));
	return c->any_order ? same_bag(c, got, want, n, depth)
			    : same_elements(c, got, want, depth);
}
/* NOLINTEND(misc-no-recursion) */

/* A copy that is a root of its own, with marks on what is ignored. */
static struct json *marked_copy(const struct json_rules *rules,
	const struct json *j, struct arena *a)
{
	size_t budget = JSON_COPY_NODES_MAX;
	struct json *root = json_copy(a, j, &budget);
	struct jsonpath_nodes found;

	for (size_t i = 0; root && i < rules->nignore; i++) {
		if (!jsonpath_eval(rules->ignore[i], root, a, &found))
			return NULL;
		/* the nodes are those of our own copy */
		for (size_t k = 0; k < found.count; k++)
			((struct json *)found.node[k])->at = IGNORED;
	}
	return root;
}

static enum judgement judge_same(struct comparing *c, const struct json *got,
	const struct json *want, struct judge *j)
{
	bool is = same(c, got, want, 0);

	if (c->steps == 0 && !c->differences) {
		j->note = STR("more to compare than there may be");
		return OVER;
	}
	if (!is)
		j->note = full(c) ? arena_printf(j->a, "%.*s; and more",
					    STR_ARG(c->why))
				  : c->why;
	return judged(is);
}

enum judgement judge_json(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	struct comparing c = { .a = j->a,
		.redact = j->v->redact,
		.steps = SAME_STEPS_MAX,
		.why = STR("") };
	const struct json *whole = as_json(got->json, j);

	if (!whole)
		return judge_unfit_because(j, "not JSON");
	if (!p->rules)
		return json_equal(whole, want) ? HOLDS
					       : judge_same(&c, whole, want, j);
	c.any_order = p->rules->any_order;
	whole = marked_copy(p->rules, whole, j->a);
	want = marked_copy(p->rules, want, j->a);
	if (!whole || !want) {
		j->note = STR("more to compare than there may be");
		return OVER;
	}
	if (whole->at == IGNORED || want->at == IGNORED)
		return judge_unfit_because(j, "all of it is ignored");
	return judge_same(&c, whole, want, j);
}
