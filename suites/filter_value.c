/*
 * What each filter does with one value.
 */
#include <stdlib.h>

#include "base/oom.h"
#include "suites/decimal.h"
#include "suites/filter_table.h"
#include "suites/function.h"
#include "suites/json_copy.h"

enum { UNIQUE_MAX = 4000 };

struct value filter_broken(const struct filter_call *c, struct str why)
{
	return value_not(VALUE_BROKEN, arena_printf(c->a, "filter `%s`: %.*s",
					       c->f->row->name, STR_ARG(why)));
}

static struct value number(const struct filter_call *c, struct str s)
{
	return value_ok(json_new_number(c->a, s));
}

static struct value count(const struct filter_call *c, size_t n)
{
	return number(c, arena_printf(c->a, "%zu", n));
}

struct value filter_fail(const struct filter_call *c, const char *why)
{
	return filter_broken(c, str_from(why));
}

struct value filter_give(const struct filter_call *c, struct str s)
{
	return value_ok(json_new_str(c->a, s));
}

struct value filter_give_buf(const struct filter_call *c, struct buf *b)
{
	struct value v =
		b->over ? filter_fail(c, "gives more than 16 MiB")
			: filter_give(c, b->ptr ? buf_str(b) : STR(""));

	buf_done(b);
	return v;
}

/* An element by its index; nothing there is a missing value. */
static struct value element(const struct json *list, int64_t index)
{
	if (index < 0)
		index += list->count;
	if (index < 0 || index >= list->count)
		return value_not(VALUE_MISSING, STR("missing"));
	return value_ok(json_at(list, (size_t)index));
}

/* Appends a copy; false: too much of it. */
static bool add_copy(const struct filter_call *c, struct json *list,
	const struct json *e, size_t *budget)
{
	struct json *copy = json_copy(c->a, e, budget);

	if (copy)
		json_append(list, STR_NONE, copy);
	return copy != NULL;
}

/* --- lists -------------------------------------------------------------- */

struct value filter_count(struct filter_call *c, const struct json *in)
{
	return count(c, in->count);
}

struct value filter_length(struct filter_call *c, const struct json *in)
{
	return count(c,
		in->type == JSON_STRING ? str_codepoints(in->text) : in->count);
}

struct value filter_first(struct filter_call *c, const struct json *in)
{
	(void)c;
	return element(in, 0);
}

struct value filter_last(struct filter_call *c, const struct json *in)
{
	(void)c;
	return element(in, -1);
}

struct value filter_nth(struct filter_call *c, const struct json *in)
{
	int64_t n;

	if (!str_to_i64(c->arg->text, &n))
		return filter_fail(c, "the index is no integer");
	return element(in, n);
}

/* [from, to), negative ones from the end, as in JSONPath */
struct value filter_slice(struct filter_call *c, const struct json *in)
{
	const struct json *low = c->arg->first;
	struct json *list = json_new(c->a, JSON_ARRAY);
	size_t budget = JSON_COPY_NODES_MAX;
	int64_t from;
	int64_t to;
	int64_t at = 0;

	if (low->type != JSON_NUMBER || low->next->type != JSON_NUMBER ||
		!str_to_i64(low->text, &from) ||
		!str_to_i64(low->next->text, &to))
		return filter_fail(c, "two integers are wanted");
	if (from < 0)
		from += in->count;
	if (to < 0)
		to += in->count;
	for (const struct json *e = in->first; e; e = e->next, at++) {
		if (at >= from && at < to && !add_copy(c, list, e, &budget))
			return filter_fail(c, "too many nodes");
	}
	return value_ok(list);
}

static int cmp_nodes(const void *a, const void *b)
{
	const struct json *x = *(const struct json *const *)a;
	const struct json *y = *(const struct json *const *)b;

	return x->type == JSON_NUMBER ? json_number_cmp(x->text, y->text)
				      : str_cmp(x->text, y->text);
}

/* All numbers, or all text. */
static bool one_order(const struct json *list)
{
	for (const struct json *e = list->first; e; e = e->next) {
		if (e->type != list->first->type ||
			(e->type != JSON_NUMBER && e->type != JSON_STRING))
			return false;
	}
	return true;
}

struct value filter_sort(struct filter_call *c, const struct json *in)
{
	struct json *list = json_new(c->a, JSON_ARRAY);
	size_t budget = JSON_COPY_NODES_MAX;
	size_t n = 0;
	bool fits = true;

	if (!one_order(in))
		return filter_fail(c, "elements that have no order");
	if (in->count == 0)
		return value_ok(list);
	const struct json **all = xmalloc(in->count * sizeof(void *));
	for (const struct json *e = in->first; e; e = e->next)
		all[n++] = e;
	qsort(all, n, sizeof(void *), cmp_nodes);
	for (size_t i = 0; i < n && fits; i++)
		fits = add_copy(c, list, all[i], &budget);
	free(all);
	return fits ? value_ok(list) : filter_fail(c, "too many nodes");
}

struct value filter_unique(struct filter_call *c, const struct json *in)
{
	struct json *list = json_new(c->a, JSON_ARRAY);
	size_t budget = JSON_COPY_NODES_MAX;

	if (in->count > UNIQUE_MAX)
		return filter_fail(c, "more than 4000 elements");
	for (const struct json *e = in->first; e; e = e->next) {
		const struct json *k = list->first;
		while (k && !json_equal(k, e))
			k = k->next;
		if (!k && !add_copy(c, list, e, &budget))
			return filter_fail(c, "too many nodes");
	}
	return value_ok(list);
}

struct value filter_join(struct filter_call *c, const struct json *in)
{
	struct buf b;
	struct str part;
	struct str between;

	if (!json_to_text(c->a, c->arg, &between))
		return filter_fail(c, "what goes between is null");
	buf_init(&b, FILTER_TEXT_MAX);
	for (const struct json *e = in->first; e; e = e->next) {
		if (!json_to_text(c->a, e, &part)) {
			buf_done(&b);
			return filter_fail(c, "an element is null");
		}
		buf_add(&b, part);
		if (e->next)
			buf_add(&b, between);
	}
	return filter_give_buf(c, &b);
}

struct value filter_keys(struct filter_call *c, const struct json *in)
{
	struct json *list = json_new(c->a, JSON_ARRAY);

	for (const struct json *m = in->first; m; m = m->next)
		json_append(list, STR_NONE, json_new_str(c->a, m->key));
	return value_ok(list);
}

struct value filter_values(struct filter_call *c, const struct json *in)
{
	struct json *list = json_new(c->a, JSON_ARRAY);
	size_t budget = JSON_COPY_NODES_MAX;

	for (const struct json *m = in->first; m; m = m->next) {
		if (!add_copy(c, list, m, &budget))
			return filter_fail(c, "too many nodes");
	}
	return value_ok(list);
}

/* --- numbers ------------------------------------------------------------ */

static struct value extreme(struct filter_call *c, const struct json *in,
	int sign)
{
	const struct json *best = in->first;

	if (!one_order(in))
		return filter_fail(c, "elements that have no order");
	for (const struct json *e = in->first; e; e = e->next) {
		if (cmp_nodes(&e, &best) * sign > 0)
			best = e;
	}
	return best ? value_ok(best) : value_not(VALUE_MISSING, STR("missing"));
}

struct value filter_min(struct filter_call *c, const struct json *in)
{
	return extreme(c, in, -1);
}

struct value filter_max(struct filter_call *c, const struct json *in)
{
	return extreme(c, in, 1);
}

static bool add_up(const struct filter_call *c, const struct json *in,
	struct str *ret)
{
	struct str sum = STR("0");

	for (const struct json *e = in->first; e; e = e->next) {
		if (e->type != JSON_NUMBER ||
			!decimal_add(c->a, sum, e->text, &sum))
			return false;
	}
	*ret = sum;
	return true;
}

struct value filter_sum(struct filter_call *c, const struct json *in)
{
	struct str sum;

	return add_up(c, in, &sum)
		       ? number(c, sum)
		       : filter_fail(c, "not only numbers, or too many digits");
}

struct value filter_avg(struct filter_call *c, const struct json *in)
{
	struct str sum;
	struct str n = arena_printf(c->a, "%u", in->count);

	if (in->count == 0)
		return value_not(VALUE_MISSING, STR("missing"));
	return add_up(c, in, &sum) && decimal_div(c->a, sum, n, &sum)
		       ? number(c, sum)
		       : filter_fail(c, "not only numbers, or too many digits");
}

struct value filter_abs(struct filter_call *c, const struct json *in)
{
	struct str s = in->text;

	return number(c, str_starts(s, STR("-")) ? str_sub(s, 1, s.len) : s);
}

struct value filter_round(struct filter_call *c, const struct json *in)
{
	struct str s;

	return decimal_round(c->a, in->text, &s)
		       ? number(c, s)
		       : filter_fail(c, "too many digits");
}

static struct value arithmetic(struct filter_call *c, const struct json *in,
	bool (*op)(struct arena *, struct str, struct str, struct str *))
{
	struct str s;

	if (c->arg->type != JSON_NUMBER)
		return filter_fail(c, "the argument is no number");
	return op(c->a, in->text, c->arg->text, &s)
		       ? number(c, s)
		       : filter_fail(c, "too many digits, or divided by zero");
}

struct value filter_multiply(struct filter_call *c, const struct json *in)
{
	return arithmetic(c, in, decimal_mul);
}

struct value filter_divide(struct filter_call *c, const struct json *in)
{
	return arithmetic(c, in, decimal_div);
}

/* --- other types -------------------------------------------------------- */

/* The number that a text holds, and nothing else. */
static const struct json *read_number(const struct filter_call *c,
	const struct json *in)
{
	struct json_error why;

	if (in->type == JSON_NUMBER)
		return in;
	const struct json *j = json_parse(c->a, str_trim(in->text),
		&json_limits_default, &why);
	return j && j->type == JSON_NUMBER ? j : NULL;
}

struct value filter_to_int(struct filter_call *c, const struct json *in)
{
	const struct json *j = read_number(c, in);
	struct str s;

	if (!j || !decimal_trunc(c->a, j->text, &s))
		return filter_fail(c, "no integer in it");
	return number(c, s);
}

struct value filter_to_float(struct filter_call *c, const struct json *in)
{
	const struct json *j = read_number(c, in);

	return j ? value_ok(j) : filter_fail(c, "no number in it");
}

struct value filter_to_string(struct filter_call *c, const struct json *in)
{
	struct str s;

	return json_to_text(c->a, in, &s) ? filter_give(c, s)
					  : filter_fail(c, "is null");
}

struct value filter_to_bool(struct filter_call *c, const struct json *in)
{
	if (in->type == JSON_TRUE || in->type == JSON_FALSE)
		return value_ok(in);
	if (in->type == JSON_STRING && str_eq(in->text, STR("true")))
		return value_ok(json_new_bool(c->a, true));
	if (in->type == JSON_STRING && str_eq(in->text, STR("false")))
		return value_ok(json_new_bool(c->a, false));
	return filter_fail(c, "neither true nor false");
}

struct value filter_to_json(struct filter_call *c, const struct json *in)
{
	struct buf b;

	buf_init(&b, FILTER_TEXT_MAX);
	json_write(&b, in);
	return filter_give_buf(c, &b);
}

struct value filter_from_json(struct filter_call *c, const struct json *in)
{
	struct json_error why;
	const struct json *j =
		json_parse(c->a, in->text, &json_limits_default, &why);

	if (j)
		return value_ok(j);
	return filter_broken(c, arena_printf(c->a, "not JSON: %s at byte %zu",
					why.text, why.at));
}

struct value filter_type(struct filter_call *c, const struct json *in)
{
	return filter_give(c, str_from(json_type_name(in->type)));
}

struct value filter_default(struct filter_call *c, const struct json *in)
{
	return value_ok(in ? in : c->arg);
}

struct value filter_jsonpath(struct filter_call *c, const struct json *in)
{
	if (in->type == JSON_STRING) {
		struct value v = filter_from_json(c, in);
		if (v.state != VALUE_OK)
			return v;
		in = v.json;
	}
	/* a value taken out of a document is a root of its own here */
	size_t budget = JSON_COPY_NODES_MAX;
	const struct json *root = json_copy(c->a, in, &budget);
	return root ? value_of_path(c->f->path, root, c->a)
		    : filter_fail(c, "too many nodes");
}
