/*
 * The filters of the long form, one row each.
 */
#include "suites/filter.h"

#include "base/codes.h"
#include "base/keys.h"
#include "suites/filter_table.h"
#include "suites/xml.h"

static const struct filter_row table[] = {
#define X(id, name, argument, on) { name, argument, on, filter_##id },
	FILTER_MAP(X)
#undef X
};

enum { FILTERS = sizeof(table) / sizeof(table[0]) };

/* --- reading ------------------------------------------------------------ */

static const struct filter_row *find(struct str name)
{
	for (size_t i = 0; i < FILTERS; i++) {
		if (str_eq(str_from(table[i].name), name))
			return &table[i];
	}
	return NULL;
}

static void unknown(const struct yaml_node *name, struct diags *ds)
{
	struct str names[FILTERS];

	for (size_t i = 0; i < FILTERS; i++)
		names[i] = str_from(table[i].name);
	key_unknown(name, E43, "filter", names, FILTERS, ds);
}

static bool argument_fits(const struct filter_row *row,
	const struct yaml_node *arg)
{
	int64_t n;

	switch (row->argument) {
	case FILTER_NONE:
		return !arg;
	case FILTER_OPTIONAL:
		return !arg || arg->kind == YAML_SCALAR;
	case FILTER_INT:
		return arg && arg->kind == YAML_SCALAR && yaml_to_i64(arg, &n);
	case FILTER_NUMBER:
		return arg && arg->kind == YAML_SCALAR &&
		       (yaml_is_number(arg) ||
			       str_starts(arg->text, STR("${")));
	case FILTER_TEXT:
	case FILTER_PATH:
	case FILTER_XPATH:
	case FILTER_REGEX:
		return arg && arg->kind == YAML_SCALAR;
	case FILTER_PAIR:
	case FILTER_REGEX_PAIR:
		return arg && arg->kind == YAML_LIST && arg->count == 2 &&
		       arg->first->kind == YAML_SCALAR &&
		       arg->first->next->kind == YAML_SCALAR;
	case FILTER_VALUE:
		return arg != NULL;
	}
	return false;
}

static const char *const wants[] = {
	[FILTER_NONE] = "no argument",
	[FILTER_OPTIONAL] = "text or no argument",
	[FILTER_INT] = "an integer",
	[FILTER_NUMBER] = "a number",
	[FILTER_TEXT] = "text",
	[FILTER_PATH] = "a JSONPath",
	[FILTER_XPATH] = "an XPath",
	[FILTER_REGEX] = "a regex",
	[FILTER_PAIR] = "a list of two",
	[FILTER_REGEX_PAIR] = "a list of a regex and its replacement",
	[FILTER_VALUE] = "a value",
};

static struct filter *read_filter(struct arena *a, const struct yaml_node *name,
	const struct yaml_node *arg, struct diags *ds)
{
	const struct filter_row *row = find(name->text);
	struct filter *f = ARENA_NEW(a, struct filter);

	if (!row) {
		unknown(name, ds);
		return NULL;
	}
	f->row = row;
	f->text = str_from(row->name);
	if (!argument_fits(row, arg)) {
		diag_add(ds, DIAG_ERROR, E21, arg ? arg->where : name->where,
			"filter `%s` takes %s", row->name,
			wants[row->argument]);
		return NULL;
	}
	if (!arg)
		return f;
	if (arg->kind == YAML_SCALAR)
		f->text = arena_printf(a, "%s %.*s", row->name,
			STR_ARG(str_sub(arg->text, 0, 80)));
	if (row->argument == FILTER_PATH) {
		f->path = jsonpath_of_scalar(a, arg, arg->text, ds);
		return f->path ? f : NULL;
	}
	if (row->argument == FILTER_XPATH) {
		f->xpath = arg->text;
		return xpath_of_scalar(arg, arg->text, ds) ? f : NULL;
	}
	if (row->argument == FILTER_REGEX) {
		f->regex = regex_of_scalar(a, arg, arg->text, false, ds);
		return f->regex ? f : NULL;
	}
	if (row->argument == FILTER_REGEX_PAIR) {
		f->regex = regex_of_scalar(a, arg->first, arg->first->text,
			false, ds);
		arg = arg->first->next;
		if (!f->regex)
			return NULL;
	}
	f->arg = template_tree_parse(a, arg, ds);
	return f->arg ? f : NULL;
}

/* `first` or `{nth: 2}` */
static struct filter *read_entry(struct arena *a, const struct yaml_node *n,
	struct diags *ds)
{
	if (n->kind == YAML_SCALAR)
		return read_filter(a, n, NULL, ds);
	if (n->kind == YAML_MAP && n->count == 1)
		return read_filter(a, n->first->key, n->first, ds);
	diag_add(ds, DIAG_ERROR, E21, n->where,
		"a filter is a name or a mapping of one, such as {nth: 2}");
	return NULL;
}

const struct filter *filter_parse(struct arena *a, const struct yaml_node *n,
	struct diags *ds)
{
	struct filter *first = NULL;
	struct filter **last = &first;
	bool ok = true;

	if (n->kind != YAML_LIST)
		return read_entry(a, n, ds);
	for (const struct yaml_node *e = n->first; e; e = e->next) {
		struct filter *f = read_entry(a, e, ds);
		ok = ok && f;
		if (!f)
			continue;
		*last = f;
		last = &f->next;
	}
	return ok ? first : NULL;
}

/* --- applying ----------------------------------------------------------- */

static bool accepts(unsigned on, enum json_type t)
{
	switch (t) {
	case JSON_STRING:
		return on & ON_STRING;
	case JSON_NUMBER:
		return on & ON_NUMBER;
	case JSON_ARRAY:
		return on & ON_LIST;
	case JSON_OBJECT:
		return on & ON_OBJECT;
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		break;
	}
	return on & ON_REST;
}

static struct value apply_one(const struct filter *f, struct value in,
	const struct look *l)
{
	struct filter_call *c = ARENA_NEW(l->a, struct filter_call);
	bool secret = false;
	struct str why = STR_NONE;

	c->f = f;
	c->a = l->a;
	c->now_us = l->v->wall_us;
	if (in.state == VALUE_MISSING && !(f->row->on & ON_MISSING))
		return in;
	if (f->arg &&
		!template_tree_value(f->arg, l->v, &c->arg, &secret, &why))
		return filter_broken(c,
			arena_printf(l->a, "no value for %.*s", STR_ARG(why)));
	if (in.state == VALUE_OK && in.nodes && in.json->count == 1 &&
		!accepts(f->row->on, JSON_ARRAY))
		in = value_ok(in.json->first);
	if (in.state == VALUE_OK && !accepts(f->row->on, in.json->type))
		return filter_broken(c,
			arena_printf(l->a, "can not be applied to a %s",
				json_type_name(in.json->type)));
	return f->row->apply(c, in.state == VALUE_OK ? in.json : NULL);
}

struct value filter_apply(const struct filter *first, struct value in,
	const struct look *l)
{
	for (; first; first = first->next) {
		if (in.state == VALUE_BROKEN || in.state == VALUE_BUDGET)
			return in;
		in = apply_one(first, in, l);
	}
	return in;
}

struct str filter_text(struct arena *a, const struct filter *first)
{
	struct buf b;

	buf_init(&b, 4096);
	for (; first; first = first->next) {
		buf_add(&b, first->text);
		if (first->next)
			buf_add_z(&b, ", ");
	}
	struct str text = arena_str(a, b.ptr ? buf_str(&b) : STR(""));
	buf_done(&b);
	return text;
}

void filter_refs(const struct filter *first, struct arena *a,
	struct ref_list *list)
{
	for (; first; first = first->next) {
		if (first->arg)
			ref_list_add(list, a, template_tree_refs(first->arg));
	}
}
