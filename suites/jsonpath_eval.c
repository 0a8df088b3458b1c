/*
 * RFC 9535 section 2: segments applied one after the other to a list of
 * nodes, each selector in its order.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/oom.h"
#include "suites/jsonpath.h"
#include "suites/jsonpath_tree.h"

enum { STACK_MAX = 256 }; /* depth of a document, base/json.h has 128 */

struct eval { /* one evaluation: what it may still spend */
	const struct json *root;
	size_t steps;
	uint64_t regex_ns;
	bool over;
};

struct nodes {
	const struct json **item;
	size_t count, cap;
};

static void nodes_done(struct nodes *n)
{
	free(n->item);
	*n = (struct nodes){ 0 };
}

static bool spend(struct eval *e, size_t steps)
{
	if (e->over || steps > e->steps) {
		e->over = true;
		return false;
	}
	e->steps -= steps;
	return true;
}

static void nodes_add(struct eval *e, struct nodes *n, const struct json *j)
{
	if (n->count >= JSONPATH_NODES_MAX) {
		e->over = true;
		return;
	}
	if (n->count == n->cap) {
		n->cap = n->cap ? n->cap * 2 : 8;
		n->item = xrealloc(n->item, n->cap * sizeof(void *));
	}
	n->item[n->count++] = j;
}

static bool is_nest(const struct json *j)
{
	return j->type == JSON_ARRAY || j->type == JSON_OBJECT;
}

/* --- name, index, slice ------------------------------------------------- */

/* NULL: there is none */
static const struct json *select_one(struct eval *e, const struct selector *s,
	const struct json *j)
{
	int64_t index = s->index;

	if (s->kind == SELECT_NAME) {
		if (j->type != JSON_OBJECT || !spend(e, 1 + j->count / 16))
			return NULL;
		return json_get(j, s->name);
	}
	if (j->type != JSON_ARRAY)
		return NULL;
	if (index < 0)
		index += j->count;
	if (index < 0 || index >= j->count || !spend(e, 1 + (size_t)index / 16))
		return NULL;
	return json_at(j, (size_t)index);
}

static int64_t clamp(int64_t n, int64_t low, int64_t high)
{
	return n < low ? low : n > high ? high : n;
}

struct range {
	int64_t low, high, step; /* step > 0: [low, high); else (low, high] */
};

/* Section 2.3.4.2.2, with its defaults. */
static struct range slice_range(const struct selector *s, int64_t len)
{
	bool up = s->step >= 0;
	int64_t start = s->has_start ? s->start : up ? 0 : len - 1;
	int64_t end = s->has_end ? s->end : up ? len : -len - 1;

	if (start < 0)
		start += len;
	if (end < 0)
		end += len;
	if (up)
		return (struct range){ clamp(start, 0, len), clamp(end, 0, len),
			s->step };
	return (struct range){ clamp(end, -1, len - 1),
		clamp(start, -1, len - 1), s->step };
}

static void select_slice(struct eval *e, const struct selector *s,
	const struct json *array, struct nodes *out)
{
	struct range r = slice_range(s, array->count);
	int64_t at = 0;

	if (array->type != JSON_ARRAY || s->step == 0 || r.low >= r.high)
		return;
	if (!spend(e, 1 + array->count / 8))
		return;
	const struct json **all = xmalloc(array->count * sizeof(void *));
	for (const struct json *j = array->first; j; j = j->next)
		all[at++] = j;
	if (r.step > 0)
		for (at = r.low; at < r.high && spend(e, 1); at += r.step)
			nodes_add(e, out, all[at]);
	else
		for (at = r.high; at > r.low && spend(e, 1); at += r.step)
			nodes_add(e, out, all[at]);
	free(all);
}

/* --- filters ------------------------------------------------------------ */

struct operand {
	const struct json *json; /* NULL: Nothing */
	struct json made;        /* what a function gave */
	char digits[24];
};

/* NOLINTBEGIN(misc-no-recursion): at most JSONPATH_DEPTH_MAX deep */
static void run_query(struct eval *e, const struct jsonpath *q,
	const struct json *start, struct nodes *ret);

static const struct json *start_of(const struct eval *e,
	const struct jsonpath *q, const struct json *current)
{
	return q->relative ? current : e->root;
}

static const struct json *run_singular(struct eval *e, const struct jsonpath *q,
	const struct json *current)
{
	const struct json *j = start_of(e, q, current);

	for (const struct segment *g = q->segments; g && j; g = g->next)
		j = select_one(e, g->selectors, j);
	return j;
}

static void run_nodes(struct eval *e, const struct term *t,
	const struct json *current, struct nodes *ret)
{
	run_query(e, t->query, start_of(e, t->query, current), ret);
}

static void made_number(struct operand *o, size_t n)
{
	int len = snprintf(o->digits, sizeof(o->digits), "%zu", n);

	o->made = (struct json){ .type = JSON_NUMBER };
	o->made.text = (struct str){ o->digits, (size_t)len };
	o->json = &o->made;
}

static void term_value(struct eval *e, const struct term *t,
	const struct json *current, struct operand *ret);

static void call_length(struct eval *e, const struct term *t,
	const struct json *current, struct operand *ret)
{
	struct operand o;

	term_value(e, t->arg[0], current, &o);
	if (!o.json)
		return;
	if (is_nest(o.json))
		made_number(ret, o.json->count);
	else if (o.json->type == JSON_STRING &&
		 spend(e, 1 + o.json->text.len / 256))
		made_number(ret, str_codepoints(o.json->text));
}

/* The functions that give a value: length, count, value. */
static void call_value(struct eval *e, const struct term *t,
	const struct json *current, struct operand *ret)
{
	struct nodes n = { 0 };

	if (t->fn == PATH_LENGTH) {
		call_length(e, t, current, ret);
		return;
	}
	run_nodes(e, t->arg[0], current, &n);
	if (t->fn == PATH_COUNT)
		made_number(ret, n.count);
	else if (n.count == 1)
		ret->json = n.item[0];
	nodes_done(&n);
}

static void term_value(struct eval *e, const struct term *t,
	const struct json *current, struct operand *ret)
{
	ret->json = NULL;
	if (t->kind == TERM_LITERAL)
		ret->json = t->literal;
	else if (t->kind == TERM_QUERY)
		ret->json = run_singular(e, t->query, current);
	else
		call_value(e, t, current, ret);
}

static bool match_spend(struct eval *e, const struct regex *r, struct str s)
{
	uint64_t before = clock_mono_ns(&clock_system);
	enum regex_result got = regex_match(r, s, NULL, 0);
	uint64_t took = clock_mono_ns(&clock_system) - before;

	e->regex_ns = took < e->regex_ns ? e->regex_ns - took : 0;
	if (got == REGEX_BUDGET || e->regex_ns == 0)
		e->over = true;
	return got == REGEX_YES;
}

/* match, search: a pattern that is no I-Regexp matches nothing (2.4.6) */
static bool call_match(struct eval *e, const struct term *t,
	const struct json *current)
{
	struct operand subject;
	struct operand pattern;

	term_value(e, t->arg[0], current, &subject);
	term_value(e, t->arg[1], current, &pattern);
	if (!subject.json || subject.json->type != JSON_STRING ||
		!pattern.json || pattern.json->type != JSON_STRING ||
		!spend(e, 4))
		return false;
	if (t->regex_constant)
		return t->regex && match_spend(e, t->regex, subject.json->text);
	struct regex *r = spend(e, 50) ? regex_new_iregexp(pattern.json->text,
						 t->fn == PATH_MATCH)
				       : NULL;
	bool yes = r && match_spend(e, r, subject.json->text);
	regex_free(r);
	return yes;
}

/* Deep equality is paid for by the size of one side. */
static bool spend_size(struct eval *e, const struct json *j)
{
	const struct json *at = j;

	for (;;) {
		if (!spend(e, 1))
			return false;
		if (is_nest(at) && at->first) {
			at = at->first;
			continue;
		}
		while (at != j && !at->next)
			at = at->up;
		if (at == j)
			return true;
		at = at->next;
	}
}

static bool values_equal(struct eval *e, const struct json *a,
	const struct json *b)
{
	if (!a || !b)
		return !a && !b;
	if (a->type != b->type)
		return false;
	if (is_nest(a) && (a->count != b->count || !spend_size(e, a)))
		return false;
	return json_equal(a, b);
}

/* Only numbers and strings have an order. */
static bool values_less(const struct json *a, const struct json *b)
{
	if (!a || !b || a->type != b->type)
		return false;
	if (a->type == JSON_NUMBER)
		return json_number_cmp(a->text, b->text) < 0;
	return a->type == JSON_STRING && str_cmp(a->text, b->text) < 0;
}

static bool compare(struct eval *e, const struct logic *l,
	const struct json *current)
{
	struct operand a;
	struct operand b;

	term_value(e, l->a, current, &a);
	term_value(e, l->b, current, &b);
	if (!spend(e, 1))
		return false;
	switch (l->op) {
	case OP_EQ:
		return values_equal(e, a.json, b.json);
	case OP_NE:
		return !values_equal(e, a.json, b.json);
	case OP_LT:
		return values_less(a.json, b.json);
	case OP_GT:
		return values_less(b.json, a.json);
	case OP_LE:
		return values_less(a.json, b.json) ||
		       values_equal(e, a.json, b.json);
	case OP_GE:
		return values_less(b.json, a.json) ||
		       values_equal(e, a.json, b.json);
	}
	return false;
}

static bool test(struct eval *e, const struct term *t,
	const struct json *current)
{
	struct nodes n = { 0 };

	if (t->kind == TERM_CALL)
		return call_match(e, t, current);
	if (t->query->singular)
		return run_singular(e, t->query, current) != NULL;
	run_nodes(e, t, current, &n);
	bool any = n.count > 0;
	nodes_done(&n);
	return any;
}

static bool logic_holds(struct eval *e, const struct logic *l,
	const struct json *current)
{
	bool or = l->kind == LOGIC_OR;

	switch (l->kind) {
	case LOGIC_OR:
	case LOGIC_AND:
		for (; l; l = l->right) {
			if (logic_holds(e, l->left, current) == or)
				return or ;
		}
		return ! or ;
	case LOGIC_NOT:
		return !logic_holds(e, l->left, current);
	case LOGIC_COMPARE:
		return compare(e, l, current);
	case LOGIC_TEST:
		return test(e, l->a, current);
	}
	return false;
}

/* --- segments ----------------------------------------------------------- */

static void select_children(struct eval *e, const struct selector *s,
	const struct json *j, struct nodes *out)
{
	if (!is_nest(j))
		return;
	for (const struct json *c = j->first; c && spend(e, 1); c = c->next) {
		if (s->kind == SELECT_WILDCARD || logic_holds(e, s->logic, c))
			nodes_add(e, out, c);
	}
}

static void select_all(struct eval *e, const struct segment *g,
	const struct json *j, struct nodes *out)
{
	for (const struct selector *s = g->selectors; s; s = s->next) {
		const struct json *one;

		switch (s->kind) {
		case SELECT_NAME:
		case SELECT_INDEX:
			one = select_one(e, s, j);
			if (one)
				nodes_add(e, out, one);
			break;
		case SELECT_SLICE:
			select_slice(e, s, j, out);
			break;
		case SELECT_WILDCARD:
		case SELECT_FILTER:
			select_children(e, s, j, out);
			break;
		}
	}
}

/* The node and all that stands below it, each before its children. */
static void select_below(struct eval *e, const struct segment *g,
	const struct json *top, struct nodes *out)
{
	const struct json *stack[STACK_MAX];
	size_t depth = 0;
	const struct json *j = top;

	while (spend(e, 1)) {
		select_all(e, g, j, out);
		if (is_nest(j) && j->first) {
			if (depth == STACK_MAX) {
				e->over = true;
				return;
			}
			stack[depth++] = j;
			j = j->first;
			continue;
		}
		while (depth > 0 && !j->next)
			j = stack[--depth];
		if (depth == 0)
			return;
		j = j->next;
	}
}

static void run_query(struct eval *e, const struct jsonpath *q,
	const struct json *start, struct nodes *ret)
{
	struct nodes in = { 0 };

	nodes_add(e, &in, start);
	for (const struct segment *g = q->segments; g; g = g->next) {
		struct nodes out = { 0 };
		for (size_t i = 0; i < in.count && spend(e, 1); i++) {
			if (g->descend)
				select_below(e, g, in.item[i], &out);
			else
				select_all(e, g, in.item[i], &out);
		}
		nodes_done(&in);
		in = out;
	}
	*ret = in;
}
/* NOLINTEND(misc-no-recursion) */

bool jsonpath_eval(const struct jsonpath *p, const struct json *root,
	struct arena *a, struct jsonpath_nodes *ret)
{
	struct eval e = { .root = root,
		.steps = JSONPATH_STEPS_MAX,
		.regex_ns = JSONPATH_REGEX_NS };
	struct nodes n = { 0 };

	run_query(&e, p, root, &n);
	if (!e.over) {
		ret->node = ARENA_ARRAY(a, n.count + 1, const struct json *);
		ret->count = n.count;
		for (size_t i = 0; i < n.count; i++)
			ret->node[i] = n.item[i];
	}
	nodes_done(&n);
	return !e.over;
}

/* --- normalized paths --------------------------------------------------- */

/* [normal-single-quoted] */
static void add_normal_name(struct buf *b, struct str name)
{
	static const char letters[] = "btn.fr"; /* U+0008 to U+000D */

	buf_add_z(b, "['");
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];
		if (c == '\'' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c >= 8 && c <= 13 && c != 11)
			buf_addf(b, "\\%c", letters[c - 8]);
		else if (c < 0x20)
			buf_addf(b, "\\u%04x", c);
		else
			buf_add_byte(b, (char)c);
	}
	buf_add_z(b, "']");
}

static size_t index_of(const struct json *j)
{
	size_t n = 0;

	for (const struct json *c = j->up->first; c != j; c = c->next)
		n++;
	return n;
}

struct str jsonpath_normalized(struct arena *a, const struct json *node)
{
	const struct json *way[STACK_MAX];
	size_t depth = 0;
	struct buf b;

	for (; node->up && depth < STACK_MAX; node = node->up)
		way[depth++] = node;
	buf_init(&b, (size_t)1 << 20);
	buf_add_byte(&b, '$');
	while (depth > 0) {
		const struct json *j = way[--depth];
		if (j->up->type == JSON_OBJECT)
			add_normal_name(&b, j->key);
		else
			buf_addf(&b, "[%zu]", index_of(j));
	}
	struct str s = arena_str(a, buf_str(&b));
	buf_done(&b);
	return s;
}
