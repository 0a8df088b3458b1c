/*
 * The predicate `schema`: a JSON Schema in the suite, or in a file beside it.
 */
#include "base/codes.h"
#include "suites/beside.h"
#include "suites/predicate_table.h"
#include "suites/schema.h"

/* The YAML that a value of the schema was made from. */
static const struct yaml_node *yaml_of(struct arena *a,
	const struct yaml_node *root, const struct json *at)
{
	size_t depth = 0;
	const struct json **way;
	const struct json *j = at;

	for (; j; j = j->up)
		depth++;
	way = ARENA_ARRAY(a, depth + 1, const struct json *);
	for (size_t i = depth; at; at = at->up)
		way[--i] = at;
	for (size_t i = 1; i < depth && root; i++) {
		const struct yaml_node *e = root->first;
		const struct json *sibling = way[i - 1]->first;
		for (; e && sibling && sibling != way[i]; e = e->next)
			sibling = sibling->next;
		root = e;
	}
	return root;
}

/* "$.properties.a" */
static struct str path_of(struct arena *a, const struct json *j)
{
	struct str path = STR("");
	size_t index;

	for (; j->up; j = j->up) {
		index = 0;
		for (const struct json *e = j->up->first; e != j; e = e->next)
			index++;
		path = j->up->type == JSON_OBJECT
			       ? arena_printf(a, ".%.*s%.*s",
					 STR_ARG(str_sub(j->key, 0, 80)),
					 STR_ARG(path))
			       : arena_printf(a, "[%zu]%.*s", index,
					 STR_ARG(path));
		if (path.len > 400)
			break;
	}
	return arena_printf(a, "$%.*s", STR_ARG(path));
}

static void report(struct arena *a, const struct schema_fault *f,
	const struct yaml_node *n, const struct yaml_node *file,
	struct diags *ds)
{
	for (; f; f = f->next) {
		const struct yaml_node *where =
			file ? file : yaml_of(a, n, f->at);
		struct str path = path_of(a, f->at);
		if (f->code != E47 && where && !file && where->key)
			where = where->key; /* the word itself */
		diag_add(ds, f->code == E47 ? DIAG_ERROR : DIAG_WARNING,
			f->code, where ? where->where : n->where,
			"JSON Schema, at %.*s: %.*s", STR_ARG(path),
			STR_ARG(f->text));
	}
}

static const struct json *read_file(struct arena *a,
	const struct yaml_node *file, struct diags *ds)
{
	const struct json *root;
	struct json_error why;
	struct str text;

	if (file->kind != YAML_SCALAR) {
		diag_add(ds, DIAG_ERROR, E21, file->where,
			"the path of a file is wanted");
		return NULL;
	}
	if (!beside_read(a, file->text, file->where, &text, ds))
		return NULL;
	root = json_parse(a, text, NULL, &why);
	if (!root)
		diag_add(ds, DIAG_ERROR, E47, file->where,
			"`%.*s` is not JSON: %s at byte %zu",
			STR_ARG(str_sub(file->text, 0, 200)), why.text, why.at);
	return root;
}

/* What holds for everything was not meant. */
static bool asserts_nothing(const struct json *root)
{
	return root->type == JSON_TRUE ||
	       (root->type == JSON_OBJECT && root->count == 0);
}

const struct schema *predicate_schema(struct arena *a,
	const struct yaml_node *n, struct diags *ds)
{
	const struct yaml_node *file = NULL;
	struct schema_fault *faults = NULL;
	const struct json *root;
	const struct schema *s;

	if (n->kind == YAML_MAP && n->count == 1)
		file = yaml_get(n, "file");
	root = file ? read_file(a, file, ds) : yaml_to_json(a, n);
	if (!root)
		return NULL;
	if (asserts_nothing(root)) {
		diag_add(ds, DIAG_ERROR, E47, n->where,
			"this JSON Schema holds for anything");
		return NULL;
	}
	s = schema_compile(a, root, NULL, &faults);
	report(a, faults, n, file, ds);
	return s;
}

enum judgement judge_schema(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	const struct json *value = got->json;
	struct str why;

	(void)want;
	if (p->unit == UNIT_TEXT && value->type == JSON_STRING)
		value = json_parse(j->a, value->text, NULL, NULL);
	if (!value)
		return judge_unfit_because(j, "not JSON");
	switch (schema_validate(p->schema, value, j->a, j->v->redact, &why)) {
	case SCHEMA_HOLDS:
		return HOLDS;
	case SCHEMA_OVER:
		j->note = why;
		return OVER;
	case SCHEMA_FAILS:
		break;
	}
	j->note = why;
	return FAILS;
}
