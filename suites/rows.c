#include "suites/load.h"

#include "base/codes.h"
#include "suites/beside.h"
#include "suites/csv.h"

/* Rows: written in the suite, or in a file beside it. */

static const struct json *rows_none(struct arena *a)
{
	struct json *rows = json_new(a, JSON_ARRAY);

	json_append(rows, STR_NONE, json_new(a, JSON_OBJECT));
	return rows;
}

/* A cell is a value: ${...} in it would never be filled in. */
static bool row_is_plain(struct load *l, const struct yaml_node *row)
{
	const struct yaml_node *n;
	struct yaml_walk w;
	bool good = true;

	yaml_walk_start(&w, row);
	while ((n = yaml_walk_next(&w, true))) {
		if (n->kind != YAML_SCALAR ||
			str_find(n->text, STR("${"), 0) == SIZE_MAX)
			continue;
		diag_add(l->ds, DIAG_ERROR, E33, n->where,
			"a row can not hold ${...}");
		diag_hint(l->ds, "put it where the row is used");
		good = false;
	}
	return good;
}

/* A list of maps in YAML; NULL: reported. */
static const struct json *list_read(struct load *l, const struct yaml_node *n)
{
	bool good;

	if (n->kind != YAML_LIST || n->count == 0) {
		diag_add(l->ds, DIAG_ERROR, E21, n->where,
			"`rows` must be a list of at least one map");
		return NULL;
	}
	good = count_fits(l, n, "rows", SUITE_ROWS_MAX);
	for (const struct yaml_node *row = n->first; row; row = row->next) {
		if (row->kind == YAML_MAP) {
			good &= row_is_plain(l, row);
			continue;
		}
		diag_add(l->ds, DIAG_ERROR, E21, row->where,
			"a row must be a map of column to value");
		good = false;
	}
	return good ? yaml_to_json(l->arena, n) : NULL;
}

/* A source of its own: mistakes are shown where they stand. */
static const struct source *source_of(struct load *l, const struct yaml_node *n,
	struct str text)
{
	return source_from(l->arena, beside_path(l->arena, n->text, n->where),
		text);
}

static void mistake_at(struct load *l, const struct source *src, size_t at,
	const char *what, const char *text)
{
	struct span where = { src, (uint32_t)at, (uint32_t)at };

	if (at < src->text.len)
		where.end++;
	diag_add(l->ds, DIAG_ERROR, E21, where, "not %s: %s", what, text);
}

static const struct json *csv_rows(struct load *l, const struct source *src)
{
	struct csv_error why;
	const struct json *rows = csv_parse(l->arena, src->text, &why);

	if (!rows)
		mistake_at(l, src, why.at, "CSV", why.text);
	return rows;
}

static const struct json *json_rows(struct load *l, const struct source *src)
{
	struct json_error why;
	const struct json *rows = json_parse(l->arena, src->text, NULL, &why);

	if (!rows) {
		mistake_at(l, src, why.at, "JSON", why.text);
		return NULL;
	}
	if (rows->type != JSON_ARRAY) {
		mistake_at(l, src, 0, "rows", "a list of objects is wanted");
		return NULL;
	}
	for (const struct json *e = rows->first; e; e = e->next) {
		if (e->type == JSON_OBJECT)
			continue;
		mistake_at(l, src, e->at, "a row", "an object is wanted");
		return NULL;
	}
	return rows;
}

static const struct json *yaml_rows(struct load *l, const struct source *src)
{
	unsigned errors = l->ds->errors;
	const struct yaml_node *list = yaml_parse(l->arena, src, l->ds);

	return list && l->ds->errors == errors ? list_read(l, list) : NULL;
}

/* NULL: reported. */
static const struct json *file_rows(struct load *l, const struct yaml_node *n)
{
	const struct json *rows;
	struct str path = n->text;
	struct str text;

	if (!beside_read(l->arena, path, n->where, &text, l->ds))
		return NULL;
	if (str_ends(path, STR(".csv"))) {
		rows = csv_rows(l, source_of(l, n, text));
	} else if (str_ends(path, STR(".json"))) {
		rows = json_rows(l, source_of(l, n, text));
	} else if (str_ends(path, STR(".yaml")) ||
		   str_ends(path, STR(".yml"))) {
		rows = yaml_rows(l, source_of(l, n, text));
	} else {
		diag_add(l->ds, DIAG_ERROR, E24, n->where,
			"a file of `rows` ends with .csv, .json, .yaml or "
			".yml");
		return NULL;
	}
	if (rows && (rows->count == 0 || rows->count > SUITE_ROWS_MAX)) {
		diag_add(l->ds, DIAG_ERROR, E23, n->where,
			"`%.*s` has %u rows: 1 to %d are wanted", STR_ARG(path),
			rows->count, SUITE_ROWS_MAX);
		return NULL;
	}
	return rows;
}

const struct json *rows_read(struct load *l, const struct yaml_node *n)
{
	const struct json *rows = NULL;

	if (n && n->kind == YAML_SCALAR && !yaml_is_null(n))
		rows = file_rows(l, n);
	else if (n)
		rows = list_read(l, n);
	return rows ? rows : rows_none(l->arena);
}
