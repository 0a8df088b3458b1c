#include "suites/snippet.h"

#include "base/codes.h"
#include "suites/filter.h"

static struct check *checks_parse(struct arena *a, const struct yaml_node *n,
	struct diags *ds)
{
	const struct yaml_node *expect = yaml_get(n, "expect");
	const struct yaml_node *checks = yaml_get(n, "checks");
	struct yaml_node list = { .kind = YAML_LIST, .count = 1 };
	struct yaml_node one = *n;

	if (expect && n->count == 1)
		return check_parse_expect(a, expect, ds);
	if (checks && n->count == 1)
		return check_parse_list(a, checks, ds);
	if (n->kind == YAML_LIST)
		return check_parse_list(a, n, ds);
	list.where = n->where;
	list.first = &one;
	one.next = NULL;
	return check_parse_list(a, &list, ds);
}

/* `body: PREDICATES` or `json: {$: PREDICATES}`, at the place of `n`. */
static struct check *predicate_checks(struct arena *a,
	const struct yaml_node *n, bool json, struct diags *ds)
{
	struct yaml_node root = { .text = STR("$"), .where = n->where };
	struct yaml_node subject = { .where = n->where };
	struct yaml_node inner = *n;
	struct yaml_node outer = { .kind = YAML_MAP, .count = 1 };
	struct yaml_node all = { .kind = YAML_MAP, .count = 1 };

	subject.text = json ? STR("json") : STR("body");
	inner.next = NULL;
	inner.key = json ? &root : &subject;
	outer.where = all.where = n->where;
	outer.first = &inner;
	outer.key = &subject;
	all.first = json ? &outer : &inner;
	return check_parse_expect(a, &all, ds);
}

static const struct query *whole_body(struct arena *a,
	const struct yaml_node *n, bool json, struct diags *ds)
{
	struct yaml_node root = { .text = STR("$"), .where = n->where };

	if (!json)
		return query_make(a, STR("body"), NULL, n->where, ds);
	return query_make(a, STR("jsonpath"), &root, n->where, ds);
}

static const struct template_ref *value_refs(struct arena *a,
	const struct capture *c)
{
	struct ref_list list = { 0 };

	if (c->from)
		ref_list_add(&list, a, query_refs(c->from));
	filter_refs(c->filters, a, &list);
	return list.first;
}

static struct capture *value_parse(struct arena *a, enum snippet_kind kind,
	const struct yaml_node *n, bool json, struct diags *ds)
{
	static const char *const also[] = { "filter", NULL };
	struct capture *c = ARENA_NEW(a, struct capture);
	const struct yaml_node *filter = n;

	if (kind == SNIPPET_FILTER) {
		c->from = whole_body(a, n, json, ds);
	} else {
		c->from = query_parse(a, n, also, ds);
		filter = yaml_get(n, "filter");
	}
	if (filter)
		c->filters = filter_parse(a, filter, ds);
	c->refs = value_refs(a, c);
	return c;
}

static void names_check(const struct template_ref *r, const struct vars *v,
	struct diags *ds)
{
	for (; r; r = r->next) {
		if (r->call || vars_get(v, r->name))
			continue;
		diag_add(ds, DIAG_ERROR, E31, r->where,
			"unknown variable `%.*s`", STR_ARG(r->name));
		diag_hint(ds, "give it with --var %.*s=VALUE",
			STR_ARG(r->name));
	}
}

/* NOLINTNEXTLINE(readability-function-size): all that a snippet depends on */
bool snippet_parse(struct arena *a, enum snippet_kind kind,
	const struct yaml_node *n, bool json, const struct vars *v,
	struct snippet *ret, struct diags *ds)
{
	struct snippet s = { 0 };
	unsigned errors = ds->errors;

	if (kind == SNIPPET_CHECK)
		s.checks = checks_parse(a, n, ds);
	else if (kind == SNIPPET_EXPECT)
		s.checks = check_parse_expect(a, n, ds);
	else if (kind == SNIPPET_PREDICATE)
		s.checks = predicate_checks(a, n, json, ds);
	else
		s.value = value_parse(a, kind, n, json, ds);
	if (!s.checks && !s.value && ds->errors == errors)
		diag_add(ds, DIAG_ERROR, E11, n->where, "nothing is checked");
	for (const struct check *c = s.checks; c; c = c->next)
		names_check(check_refs(c), v, ds);
	if (s.value)
		names_check(s.value->refs, v, ds);
	if (ds->errors > errors)
		return false;
	*ret = s;
	return true;
}
