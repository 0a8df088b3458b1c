/*
 * Captures: a query and filters, whose value is kept by a name.
 */
#include "suites/filter.h"
#include "suites/load.h"
#include "suites/name.h"

static const struct template_ref *collect_refs(struct arena *a,
	const struct capture *c)
{
	struct ref_list list = { 0 };

	ref_list_add(&list, a, query_refs(c->from));
	filter_refs(c->filters, a, &list);
	return list.first;
}

static struct capture *capture_read(struct load *l, const struct yaml_node *n)
{
	static const char *const also[] = { "secret", "filter", NULL };
	const struct yaml_node *said = yaml_get(n, "secret");
	const struct yaml_node *filter = yaml_get(n, "filter");
	struct capture *c = ARENA_NEW(l->arena, struct capture);

	c->name = name_full(l->arena, n->key->text, n->key->where);
	c->where = n->key->where;
	c->secret = name_looks_secret(n->key->text);
	if (said)
		key_bool(said, "secret", &c->secret, l->ds);
	c->from = query_parse(l->arena, n, also, l->ds);
	if (filter)
		c->filters = filter_parse(l->arena, filter, l->ds);
	if (c->from)
		c->refs = collect_refs(l->arena, c);
	return c;
}

struct capture *captures_read(struct load *l, const struct yaml_node *map)
{
	struct capture *first = NULL;
	struct capture **tail = &first;

	if (!map || !count_fits(l, map, "capture", SUITE_PAIRS_MAX))
		return NULL;
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		struct capture *c = capture_read(l, n);

		if (!name_check(l, n->key))
			continue;
		*tail = c;
		tail = &c->next;
	}
	return first;
}

struct value capture_eval(const struct capture *c, struct response *r,
	const struct vars *v, struct arena *a, bool *ret_secret)
{
	struct look l = { r, v, a };
	bool secret = c->secret || query_is_secret(c->from, &l);

	for (const struct template_ref *i = c->refs; i && !secret;
		i = i->next) {
		const struct var *var = vars_get(v, i->name);
		secret = var && var->secret;
	}
	*ret_secret = secret;
	return filter_apply(c->filters, query_eval(c->from, r, v, a), &l);
}

struct str capture_text(const struct capture *c, struct arena *a)
{
	struct str query = query_text(c->from);

	if (!c->filters)
		return query;
	return arena_printf(a, "%.*s | %.*s", STR_ARG(query),
		STR_ARG(filter_text(a, c->filters)));
}
