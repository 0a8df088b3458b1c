/*
 * Template trees: YAML as JSON with ${...} in its scalars.
 */
#include "suites/json_copy.h"
#include "suites/ref_list.h"
#include "suites/template.h"

struct template_tree {
	struct template_tree *next;
	struct str key;             /* member of an object */
	const struct json *literal; /* nothing to fill in below */
	bool escaped; /* literal, but not as the YAML has it: $${ */
	const struct template *text; /* a scalar with ${...} */
	bool object;
	struct template_tree *first;
	const struct template_ref *refs; /* of the whole tree, at its root */
};

struct collector {
	struct arena *a;
	struct diags *ds;
	struct ref_list refs;
};

static bool parse_scalar(struct collector *c, const struct yaml_node *n,
	struct template_tree *t)
{
	struct str text;

	if (str_find(n->text, STR("${"), 0) == SIZE_MAX) {
		t->literal = yaml_to_json(c->a, n);
		return true;
	}
	t->text = template_parse(c->a, n, c->ds);
	if (!t->text)
		return false;
	if (template_is_literal(t->text, &text)) {
		t->literal = json_new_str(c->a, text);
		t->escaped = true;
		t->text = NULL;
		return true;
	}
	ref_list_add(&c->refs, c->a, template_refs(t->text));
	return true;
}

/* NOLINTBEGIN(misc-no-recursion): YAML is at most 64 deep, base/yaml.h */
static struct template_tree *parse_tree(struct collector *c,
	const struct yaml_node *n)
{
	struct template_tree *t = ARENA_NEW(c->a, struct template_tree);
	struct template_tree **last = &t->first;
	bool ok = true;
	bool literal = true;

	if (n->kind == YAML_SCALAR)
		return parse_scalar(c, n, t) ? t : NULL;
	t->object = n->kind == YAML_MAP;
	for (const struct yaml_node *e = n->first; e; e = e->next) {
		struct template_tree *child = parse_tree(c, e);
		if (!child) {
			ok = false;
			continue;
		}
		if (t->object)
			child->key = e->key->text;
		if (!child->literal || child->escaped)
			literal = false;
		*last = child;
		last = &child->next;
	}
	if (!ok)
		return NULL;
	if (literal)
		t->literal = yaml_to_json(c->a, n);
	return t;
}
/* NOLINTEND(misc-no-recursion) */

const struct template_tree *template_tree_parse(struct arena *a,
	const struct yaml_node *n, struct diags *ds)
{
	struct collector c = { .a = a, .ds = ds };
	unsigned errors = ds->errors;

	struct template_tree *t = parse_tree(&c, n);
	if (!t || ds->errors != errors)
		return NULL;
	t->refs = c.refs.first;
	return t;
}

const struct template_ref *template_tree_refs(const struct template_tree *t)
{
	return t->refs;
}

/* What one render shares: where secrets and missing names are told. */
struct filling {
	const struct vars *v;
	bool *secret;
	struct str *why;
	size_t budget; /* nodes that may still be made */
};

static struct json *take(struct filling *f, const struct json *value)
{
	struct json *copy = json_copy(f->v->arena, value, &f->budget);

	if (!copy)
		*f->why = STR("a value of more than 200,000 nodes");
	return copy;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as it was parsed */
static struct json *fill(const struct template_tree *t, struct filling *f)
{
	const struct json *value = t->literal;

	if (t->text &&
		!template_value(t->text, f->v, &value, f->secret, f->why))
		return NULL;
	if (value)
		return take(f, value);
	struct json *j =
		json_new(f->v->arena, t->object ? JSON_OBJECT : JSON_ARRAY);
	for (const struct template_tree *e = t->first; e; e = e->next) {
		struct json *child = fill(e, f);
		if (!child)
			return NULL;
		json_append(j, e->key, child);
	}
	return j;
}
/* NOLINTEND(misc-no-recursion) */

bool template_tree_value(const struct template_tree *t, const struct vars *v,
	const struct json **ret, bool *ret_secret, struct str *ret_why)
{
	struct filling f = { .v = v, .budget = JSON_COPY_NODES_MAX };

	if (t->literal) {
		*ret = t->literal;
		return true;
	}
	f.secret = ret_secret;
	f.why = ret_why;
	const struct json *j = fill(t, &f);
	if (!j)
		return false;
	*ret = j;
	return true;
}
