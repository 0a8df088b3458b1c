#include "suites/csv.h"

#include "base/buf.h"

struct reader {
	struct arena *a;
	struct str s;
	size_t at;
	struct csv_error *error;
	struct str column[CSV_COLUMNS_MAX];
	size_t ncolumns;
	struct buf field;
};

static bool fail(struct reader *r, const char *text)
{
	r->error->at = r->at;
	r->error->text = text;
	return false;
}

static bool at_end(const struct reader *r)
{
	return r->at >= r->s.len;
}

static bool at_line_end(const struct reader *r)
{
	return at_end(r) || r->s.ptr[r->at] == '\n' ||
	       str_starts(str_sub(r->s, r->at, 2), STR("\r\n"));
}

static void skip_line_end(struct reader *r)
{
	if (!at_end(r) && r->s.ptr[r->at] == '\r')
		r->at++;
	if (!at_end(r))
		r->at++;
}

/* Stands behind the first quote; ends behind the last one. */
static bool quoted(struct reader *r)
{
	for (; !at_end(r); r->at++) {
		if (r->s.ptr[r->at] == '"') {
			r->at++;
			if (at_end(r) || r->s.ptr[r->at] != '"')
				return true;
		}
		buf_add_byte(&r->field, r->s.ptr[r->at]);
	}
	return fail(r, "a quote without its end");
}

static bool bare(struct reader *r)
{
	for (; !at_line_end(r) && r->s.ptr[r->at] != ','; r->at++) {
		if (r->s.ptr[r->at] == '"')
			return fail(r, "a quote inside a field without quotes");
		buf_add_byte(&r->field, r->s.ptr[r->at]);
	}
	return true;
}

/* One field and the comma behind it; *ret_more: there was one. */
static bool field(struct reader *r, struct str *ret, bool *ret_more)
{
	buf_clear(&r->field);
	if (!at_end(r) && r->s.ptr[r->at] == '"') {
		r->at++;
		if (!quoted(r))
			return false;
		if (!at_line_end(r) && r->s.ptr[r->at] != ',')
			return fail(r, "text behind a quoted field");
	} else if (!bare(r)) {
		return false;
	}
	*ret = r->field.len ? arena_str(r->a, buf_str(&r->field)) : STR("");
	*ret_more = !at_line_end(r);
	if (*ret_more)
		r->at++;
	return true;
}

static bool add_column(struct reader *r, struct str name)
{
	if (name.len == 0)
		return fail(r, "a column without a name");
	if (r->ncolumns == CSV_COLUMNS_MAX)
		return fail(r, "more than 200 columns");
	for (size_t i = 0; i < r->ncolumns; i++) {
		if (str_eq(r->column[i], name))
			return fail(r, "two columns of one name");
	}
	r->column[r->ncolumns++] = name;
	return true;
}

static bool head(struct reader *r)
{
	struct str name;
	bool more = true;

	if (at_line_end(r))
		return fail(r, "the first line names the columns");
	while (more) {
		if (!field(r, &name, &more) || !add_column(r, name))
			return false;
	}
	skip_line_end(r);
	return true;
}

static bool row(struct reader *r, struct json *list)
{
	struct json *object = json_new(r->a, JSON_OBJECT);
	struct str value;
	bool more = true;

	for (size_t i = 0; i < r->ncolumns; i++) {
		if (!more)
			return fail(r, "fewer fields than columns");
		if (!field(r, &value, &more))
			return false;
		json_append(object, r->column[i], json_new_str(r->a, value));
	}
	if (more)
		return fail(r, "more fields than columns");
	if (list->count == CSV_ROWS_MAX)
		return fail(r, "more than 100,000 rows");
	json_append(list, STR_NONE, object);
	skip_line_end(r);
	return true;
}

static bool rows(struct reader *r, struct json *list)
{
	if (str_starts(r->s, STR("\xef\xbb\xbf")))
		r->at = 3;
	if (!str_is_utf8(r->s))
		return fail(r, "not UTF-8");
	if (!head(r))
		return false;
	while (!at_end(r)) {
		if (at_line_end(r))
			skip_line_end(r);
		else if (!row(r, list))
			return false;
	}
	return true;
}

struct json *csv_parse(struct arena *a, struct str text,
	struct csv_error *ret_error)
{
	struct reader *r = ARENA_NEW(a, struct reader);
	struct json *list = json_new(a, JSON_ARRAY);

	r->a = a;
	r->s = text;
	r->error = ret_error;
	buf_init(&r->field, text.len + 1);
	bool ok = rows(r, list);
	buf_done(&r->field);
	return ok ? list : NULL;
}
