#include "suites/template.h"

#include <string.h>

#include "base/codes.h"
#include "suites/beside.h"
#include "suites/function.h"
#include "suites/name.h"
#include "suites/scalar.h"

enum {
	CALL_DEPTH_MAX = 16,  /* calls inside calls */
	RENDER_MAX = 16 << 20 /* bytes of one rendered text */
};

enum expr_kind { EXPR_NAME, EXPR_CONST, EXPR_CALL };

struct expr {
	struct expr *next; /* the next argument */
	enum expr_kind kind;
	struct str name;          /* NAME, CALL */
	const struct json *value; /* CONST */
	const struct function *fn;
	struct expr *args;
	size_t nargs;
};

struct part { /* text, or one ${...} */
	struct part *next;
	struct str text;
	const struct expr *expr;
};

struct template
{
	struct part *parts;
	bool literal;
	struct str text; /* literal: all of it */
	const struct template_ref *refs;
	struct span where;
};

struct parser {
	struct arena *a;
	struct diags *ds;
	const struct yaml_node *n;
	struct str s;
	size_t at, open; /* open: where the outer ${ stands */
	unsigned depth;
	struct template_ref *refs, **last_ref;
};

static bool peek_is(const struct parser *p, const char *z)
{
	return str_starts(str_sub(p->s, p->at, p->s.len), str_from(z));
}

static char peek(const struct parser *p)
{
	if (p->at >= p->s.len)
		return '\0';
	return p->s.ptr[p->at];
}

static void skip_spaces(struct parser *p)
{
	while (peek(p) == ' ' || peek(p) == '\t')
		p->at++;
}

static bool malformed(struct parser *p, const char *what)
{
	size_t end = p->at < p->s.len ? p->at + 1 : p->s.len;

	diag_add(p->ds, DIAG_ERROR, E33,
		scalar_span(p->n, p->open, end - p->open), "%s in `%.*s`", what,
		STR_ARG(str_sub(p->s, p->open, end - p->open)));
	return false;
}

static void add_ref(struct parser *p, struct str name, bool call,
	struct span where)
{
	struct template_ref *r = ARENA_NEW(p->a, struct template_ref);

	*r = (struct template_ref){ NULL, name, call, where };
	*p->last_ref = r;
	p->last_ref = &r->next;
}

static bool is_name_char(char c, bool first)
{
	bool letter =
		(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
	return letter ||
	       (!first && ((c >= '0' && c <= '9') || c == '.' || c == '-'));
}

static struct str take_name(struct parser *p)
{
	size_t from = p->at;

	while (is_name_char(peek(p), p->at == from))
		p->at++;
	return str_sub(p->s, from, p->at - from);
}

static struct expr *expr_new(struct parser *p, enum expr_kind kind)
{
	struct expr *e = ARENA_NEW(p->a, struct expr);

	e->kind = kind;
	return e;
}

static struct expr *const_new(struct parser *p, const struct json *value)
{
	struct expr *e = expr_new(p, EXPR_CONST);

	e->value = value;
	return e;
}

static struct expr *parse_quoted(struct parser *p)
{
	char quote = peek(p);
	size_t from = p->at + 1;
	size_t end = str_find_byte(p->s, quote, from);

	if (end == SIZE_MAX) {
		malformed(p, "quote without its end");
		return NULL;
	}
	p->at = end + 1;
	return const_new(p,
		json_new_str(p->a, str_sub(p->s, from, end - from)));
}

static bool is_number_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '+' || c == '-' || c == '.';
}

static struct expr *parse_number(struct parser *p, char letter)
{
	size_t from = p->at;
	struct json_error why;

	while (is_number_char(peek(p)))
		p->at++;
	struct str raw = str_sub(p->s, from, p->at - from);
	if (letter == 'w')
		return const_new(p, json_new_str(p->a, raw));
	const struct json *j =
		json_parse(p->a, raw, &json_limits_default, &why);
	if (!j || j->type != JSON_NUMBER) {
		malformed(p, "something that is not a number");
		return NULL;
	}
	return const_new(p, j);
}

/* NOLINTBEGIN(misc-no-recursion): calls nest at most CALL_DEPTH_MAX deep */
static struct expr *parse_expr(struct parser *p, char letter, bool outer);

static struct expr *parse_argument(struct parser *p, char letter)
{
	char c = peek(p);

	if (c == '\'' || c == '"')
		return parse_quoted(p);
	if ((c >= '0' && c <= '9') || c == '-' || c == '+')
		return parse_number(p, letter);
	if (!peek_is(p, "${"))
		return parse_expr(p, letter, false);
	p->at += 2;
	struct expr *e = parse_expr(p, 0, false);
	if (e && peek(p) != '}') {
		malformed(p, "no `}`");
		return NULL;
	}
	p->at++;
	return e;
}

static bool parse_arguments(struct parser *p, const struct function *fn,
	struct expr *call)
{
	struct expr **last = &call->args;

	skip_spaces(p);
	while (peek(p) != ')') {
		if (call->nargs > 0 && peek(p) != ',')
			return malformed(p, "no `,` or `)` after an argument");
		if (call->nargs > 0)
			p->at++;
		if (call->nargs >= FUNCTION_ARGS_MAX)
			return malformed(p, "too many arguments");
		skip_spaces(p);
		char letter = 'j';
		if (fn)
			letter = function_letter(fn, call->nargs);
		struct expr *arg = parse_argument(p, letter);
		if (!arg)
			return false;
		*last = arg;
		last = &arg->next;
		call->nargs++;
		skip_spaces(p);
	}
	p->at++;
	return true;
}

/* Calls it once with what is constant: mistakes show when the file is read. */
static bool try_call(struct parser *p, const struct expr *call,
	struct str *ret_why)
{
	struct vars v;
	struct function_call c = { .v = &v, .nargs = call->nargs };
	const struct json *result;
	size_t i = 0;

	vars_init(&v, p->a, 1);
	for (const struct expr *e = call->args; e; e = e->next, i++) {
		char letter = function_letter(call->fn, i);
		if (e->kind == EXPR_CONST)
			c.arg[i] = e->value;
		else if (letter == 's' || letter == 'j' || letter == 'o')
			c.arg[i] = json_new_str(p->a, STR("x"));
		else
			return true;
	}
	if (call->fn->call(&c, &result))
		return true;
	*ret_why = c.why;
	return false;
}

static void wrong_arity(struct parser *p, const struct expr *call,
	struct span where, size_t min, size_t max)
{
	struct str takes = min == max
				   ? arena_printf(p->a, "%zu", min)
				   : arena_printf(p->a, "%zu to %zu", min, max);

	diag_add(p->ds, DIAG_ERROR, E34, where,
		"`%.*s` takes %.*s argument%s, not %zu", STR_ARG(call->name),
		STR_ARG(takes), max == 1 ? "" : "s", call->nargs);
}

static void check_call(struct parser *p, struct expr *call, struct span where)
{
	size_t min;
	size_t max;
	struct str why;

	call->fn = function_find(call->name);
	if (!call->fn) {
		struct str near = function_nearest(call->name);
		diag_add(p->ds, DIAG_ERROR, E34, where,
			"unknown function `%.*s`", STR_ARG(call->name));
		if (near.ptr)
			diag_add(p->ds, DIAG_HELP, 0, where,
				"did you mean `%.*s`?", STR_ARG(near));
		return;
	}
	function_arity(call->fn, &min, &max);
	if (call->nargs < min || call->nargs > max) {
		wrong_arity(p, call, where, min, max);
		return;
	}
	if (!try_call(p, call, &why))
		diag_add(p->ds, DIAG_ERROR, E34, where, "`%.*s`: %.*s",
			STR_ARG(call->name), STR_ARG(why));
}

/* file(path) is what stands in the file now: read once, and part of the plan.
 */
static struct expr *parse_file(struct parser *p, const struct expr *call,
	struct span where)
{
	const struct expr *path = call->args;
	struct str text;

	if (call->nargs != 1 || path->kind != EXPR_CONST ||
		path->value->type != JSON_STRING) {
		diag_add(p->ds, DIAG_ERROR, E34, where,
			"`file` takes one path, in quotes: it is read when "
			"the suite is loaded");
		return const_new(p, json_new_str(p->a, STR("")));
	}
	if (!beside_read(p->a, path->value->text, where, &text, p->ds))
		text = STR("");
	return const_new(p, json_new_str(p->a, text));
}

static struct expr *parse_call(struct parser *p, struct str name, size_t from)
{
	struct expr *e = expr_new(p, EXPR_CALL);

	e->name = name;
	p->at++; /* ( */
	if (++p->depth > CALL_DEPTH_MAX) {
		malformed(p, "calls nested too deep");
		return NULL;
	}
	bool ok = parse_arguments(p, function_find(name), e);
	p->depth--;
	if (!ok)
		return NULL;
	struct span where = scalar_span(p->n, from, p->at - from);
	if (str_eq(name, STR("file")))
		return parse_file(p, e, where);
	check_call(p, e, where);
	add_ref(p, name, true, where);
	return e;
}

/* `outer`: what stands directly in ${...}, where its span is all of it */
static struct expr *parse_expr(struct parser *p, char letter, bool outer)
{
	skip_spaces(p);
	size_t from = p->at;
	struct str name = take_name(p);
	struct expr *e;

	if (name.len == 0) {
		malformed(p, peek(p) ? "a character that can not stand there"
				     : "no `}`");
		return NULL;
	}
	if (peek(p) == '(') {
		e = parse_call(p, name, from);
	} else if (letter == 'w') {
		e = const_new(p, json_new_str(p->a, name));
	} else {
		e = expr_new(p, EXPR_NAME);
		e->name = name_full(p->a, name, p->n->where);
	}
	if (!e)
		return NULL;
	skip_spaces(p);
	if (e->kind == EXPR_NAME) {
		size_t open = outer ? p->open : from;
		size_t end = outer ? p->at + 1 : from + name.len;
		add_ref(p, e->name, false, scalar_span(p->n, open, end - open));
	}
	return e;
}
/* NOLINTEND(misc-no-recursion) */

static struct part *part_new(struct parser *p, struct str text,
	const struct expr *expr)
{
	struct part *part = ARENA_NEW(p->a, struct part);

	part->text = text;
	part->expr = expr;
	return part;
}

/* One piece: up to the next $, or a ${...}, or a $${. */
static struct part *parse_part(struct parser *p)
{
	if (peek_is(p, "$${")) {
		p->at += 3;
		return part_new(p, STR("${"), NULL);
	}
	if (peek_is(p, "${")) {
		p->open = p->at;
		p->at += 2;
		struct expr *e = parse_expr(p, 0, true);
		if (!e)
			return NULL;
		if (peek(p) != '}') {
			malformed(p, "no `}`");
			return NULL;
		}
		p->at++;
		return part_new(p, STR_NONE, e);
	}
	size_t from = p->at;
	size_t end = str_find_byte(p->s, '$', from + 1);
	p->at = end == SIZE_MAX ? p->s.len : end;
	return part_new(p, str_sub(p->s, from, p->at - from), NULL);
}

static struct str literal_text(struct arena *a, const struct part *parts)
{
	struct buf b;

	if (!parts)
		return STR("");
	if (!parts->next)
		return parts->text;
	buf_init(&b, RENDER_MAX);
	for (; parts; parts = parts->next)
		buf_add(&b, parts->text);
	struct str s = arena_str(a, buf_str(&b));
	buf_done(&b);
	return s;
}

static bool parse_parts(struct parser *p, struct template *t)
{
	struct part **last = &t->parts;

	t->literal = true;
	while (p->at < p->s.len) {
		struct part *part = parse_part(p);
		if (!part)
			return false;
		if (part->expr)
			t->literal = false;
		*last = part;
		last = &part->next;
	}
	return true;
}

const struct template *template_parse(struct arena *a,
	const struct yaml_node *n, struct diags *ds)
{
	struct parser p = { .a = a, .ds = ds, .n = n, .s = n->text };
	struct template *t = ARENA_NEW(a, struct template);
	unsigned errors = ds->errors;

	if (n->kind != YAML_SCALAR) {
		diag_add(ds, DIAG_ERROR, E21, n->where,
			"text is wanted here, not a %s",
			n->kind == YAML_LIST ? "list" : "mapping");
		return NULL;
	}
	p.last_ref = &p.refs;
	t->where = n->where;
	if (!parse_parts(&p, t) || ds->errors != errors)
		return NULL;
	t->refs = p.refs;
	if (t->literal)
		t->text = literal_text(a, t->parts);
	return t;
}

const struct template *template_literal(struct arena *a, struct str text)
{
	struct template *t = ARENA_NEW(a, struct template);

	t->literal = true;
	t->text = text;
	return t;
}

const struct template_ref *template_refs(const struct template *t)
{
	return t->refs;
}

bool template_is_literal(const struct template *t, struct str *ret)
{
	if (t->literal && ret)
		*ret = t->text;
	return t->literal;
}

struct span template_where(const struct template *t)
{
	return t->where;
}

bool template_function_known(struct str name)
{
	return function_find(name) != NULL;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as it was parsed */
static bool expr_value(const struct expr *e, const struct vars *v,
	const struct json **ret, bool *ret_secret, struct str *ret_why)
{
	struct function_call c = { .v = v, .nargs = e->nargs };
	size_t i = 0;

	if (e->kind == EXPR_CONST) {
		*ret = e->value;
		return true;
	}
	if (e->kind == EXPR_NAME) {
		const struct var *var = vars_get(v, e->name);
		if (!var || !var->value) {
			*ret_why = e->name;
			return false;
		}
		if (var->secret)
			*ret_secret = true;
		*ret = var->value;
		return true;
	}
	for (const struct expr *arg = e->args; arg; arg = arg->next) {
		if (!expr_value(arg, v, &c.arg[i++], ret_secret, ret_why))
			return false;
	}
	if (e->fn->call(&c, ret))
		return true;
	*ret_why = arena_printf(v->arena, "%.*s(): %.*s", STR_ARG(e->name),
		STR_ARG(c.why));
	return false;
}
/* NOLINTEND(misc-no-recursion) */

static bool add_expr(struct buf *b, const struct expr *e, const struct vars *v,
	bool *ret_secret, struct str *ret_why)
{
	const struct json *value;
	struct str text;

	if (!expr_value(e, v, &value, ret_secret, ret_why))
		return false;
	if (json_to_text(v->arena, value, &text)) {
		buf_add(b, text);
		return true;
	}
	*ret_why = arena_printf(v->arena, "%.*s (is null)", STR_ARG(e->name));
	return false;
}

bool template_render(const struct template *t, const struct vars *v,
	struct str *ret, bool *ret_secret, struct str *ret_why)
{
	struct buf b;
	bool ok = true;

	if (t->literal) {
		*ret = t->text;
		return true;
	}
	buf_init(&b, RENDER_MAX);
	for (const struct part *p = t->parts; p && ok; p = p->next) {
		if (p->expr)
			ok = add_expr(&b, p->expr, v, ret_secret, ret_why);
		else
			buf_add(&b, p->text);
	}
	if (ok && b.over) {
		*ret_why = STR("text over 16 MiB");
		ok = false;
	}
	if (ok)
		*ret = arena_str(v->arena, b.ptr ? buf_str(&b) : STR(""));
	buf_done(&b);
	return ok;
}

bool template_value(const struct template *t, const struct vars *v,
	const struct json **ret, bool *ret_secret, struct str *ret_why)
{
	struct str text;

	if (!t->literal && t->parts->expr && !t->parts->next)
		return expr_value(t->parts->expr, v, ret, ret_secret, ret_why);
	if (!template_render(t, v, &text, ret_secret, ret_why))
		return false;
	*ret = json_new_str(v->arena, text);
	return true;
}
