/*
 * The grammar of RFC 9535, by recursive descent; one function for each rule.
 */
#include "suites/jsonpath.h"
#include "suites/jsonpath_scan.h"
#include "suites/jsonpath_tree.h"

static bool is_lower(int c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_name_first(int c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

/* --- queries ------------------------------------------------------------ */

/* NOLINTBEGIN(misc-no-recursion): at most JSONPATH_DEPTH_MAX deep */
static const struct logic *parse_or(struct path_scan *p);
static const struct term *parse_term(struct path_scan *p);

static bool parse_slice(struct path_scan *p, struct selector *s)
{
	s->kind = SELECT_SLICE;
	s->step = 1;
	path_skip_blanks(p);
	if (path_is_digit(path_peek(p)) || path_peek(p) == '-') {
		s->has_end = true;
		if (!path_int(p, &s->end))
			return false;
		path_skip_blanks(p);
	}
	if (!path_take(p, ":"))
		return true;
	path_skip_blanks(p);
	if (path_is_digit(path_peek(p)) || path_peek(p) == '-')
		return path_int(p, &s->step);
	return true;
}

/* [slice-selector] or [index-selector] */
static bool parse_index(struct path_scan *p, struct selector *s)
{
	if (path_peek(p) != ':') {
		if (!path_int(p, &s->index))
			return false;
		s->kind = SELECT_INDEX;
		s->start = s->index;
		s->has_start = true;
	}
	size_t before = p->at;
	path_skip_blanks(p);
	if (path_take(p, ":"))
		return parse_slice(p, s);
	p->at = before;
	return true;
}

static bool parse_filter(struct path_scan *p, struct selector *s)
{
	s->kind = SELECT_FILTER;
	if (++p->depth > JSONPATH_DEPTH_MAX)
		return path_fail(p, "nested too deep");
	path_skip_blanks(p);
	s->logic = parse_or(p);
	p->depth--;
	return s->logic != NULL;
}

static struct selector *parse_selector(struct path_scan *p)
{
	struct selector *s = ARENA_NEW(p->a, struct selector);
	int c = path_peek(p);
	bool ok;

	if (c == '\'' || c == '"') {
		s->kind = SELECT_NAME;
		ok = path_string(p, &s->name);
	} else if (path_take(p, "*")) {
		s->kind = SELECT_WILDCARD;
		ok = true;
	} else if (path_take(p, "?")) {
		ok = parse_filter(p, s);
	} else if (path_is_digit(c) || c == '-' || c == ':') {
		ok = parse_index(p, s);
	} else {
		ok = path_fail(p,
			"a name, an index, `*`, a slice or `?` is wanted");
	}
	return ok ? s : NULL;
}

/* [bracketed-selection], after its bracket */
static const struct selector *parse_selection(struct path_scan *p)
{
	struct selector *first = NULL;
	struct selector **last = &first;

	for (;;) {
		path_skip_blanks(p);
		*last = parse_selector(p);
		if (!*last)
			return NULL;
		last = &(*last)->next;
		path_skip_blanks(p);
		if (path_take(p, "]"))
			return first;
		if (!path_take(p, ",")) {
			path_fail(p, "`,` or `]` is wanted");
			return NULL;
		}
	}
}

/* [member-name-shorthand] or a wildcard */
static const struct selector *parse_shorthand(struct path_scan *p)
{
	struct selector *s = ARENA_NEW(p->a, struct selector);
	size_t from = p->at;

	if (path_take(p, "*")) {
		s->kind = SELECT_WILDCARD;
		return s;
	}
	if (!is_name_first(path_peek(p))) {
		path_fail(p, "a name or `*` is wanted");
		return NULL;
	}
	while (is_name_first(path_peek(p)) || path_is_digit(path_peek(p)))
		p->at++;
	s->kind = SELECT_NAME;
	s->name = arena_str(p->a, str_sub(p->s, from, p->at - from));
	return s;
}

static struct segment *parse_segment(struct path_scan *p)
{
	struct segment *g = ARENA_NEW(p->a, struct segment);

	g->descend = path_take(p, "..");
	if (path_take(p, "["))
		g->selectors = parse_selection(p);
	else if (g->descend || path_take(p, "."))
		g->selectors = parse_shorthand(p);
	return g->selectors ? g : NULL;
}

static bool segment_singular(const struct segment *g)
{
	const struct selector *s = g->selectors;

	return !g->descend && !s->next &&
	       (s->kind == SELECT_NAME || s->kind == SELECT_INDEX);
}

/* [segments], after $ or @ */
static const struct jsonpath *parse_query(struct path_scan *p, bool relative)
{
	struct jsonpath *q = ARENA_NEW(p->a, struct jsonpath);
	struct segment *first = NULL;
	struct segment **last = &first;

	q->relative = relative;
	q->singular = true;
	for (;;) {
		size_t before = p->at;
		path_skip_blanks(p);
		if (path_peek(p) != '[' && path_peek(p) != '.') {
			p->at = before;
			break;
		}
		struct segment *g = parse_segment(p);
		if (!g)
			return NULL;
		q->singular = q->singular && segment_singular(g);
		*last = g;
		last = &g->next;
	}
	q->segments = first;
	return q;
}

/* --- filters ------------------------------------------------------------ */

static const struct {
	const char *word;
	enum path_type result, arg[2];
} functions[] = {
#define X(name, word, result, first, second)                                   \
	{ word, result, { first, second } },
	PATH_FUNCTION_MAP(X)
#undef X
};

static enum path_type term_type(const struct term *t)
{
	if (t->kind == TERM_CALL)
		return functions[t->fn].result;
	return t->kind == TERM_QUERY ? TYPE_NODES : TYPE_VALUE;
}

/* May it stand where `want` is wanted?  RFC 9535, section 2.4.3. */
static bool term_fits(const struct term *t, enum path_type want)
{
	if (t->kind == TERM_QUERY && want == TYPE_VALUE)
		return t->query->singular;
	return term_type(t) == want;
}

static bool parse_args(struct path_scan *p, struct term *call)
{
	unsigned want = functions[call->fn].arg[1] == TYPE_NONE ? 1 : 2;

	for (unsigned i = 0; i < want; i++) {
		path_skip_blanks(p);
		if (i > 0 && !path_take(p, ","))
			return path_fail(p, "an argument is missing");
		path_skip_blanks(p);
		size_t from = p->at;
		call->arg[i] = parse_term(p);
		if (!call->arg[i])
			return false;
		if (!term_fits(call->arg[i], functions[call->fn].arg[i]))
			return path_fail_at(p, from,
				functions[call->fn].arg[i] == TYPE_NODES
					? "a query is wanted as argument"
					: "a value is wanted as argument");
	}
	path_skip_blanks(p);
	return path_take(p, ")") || path_fail(p, "`)` is wanted");
}

static void free_regex(void *regex)
{
	regex_free(regex);
}

/* A constant pattern is compiled once, here. */
static void compile_pattern(struct path_scan *p, struct term *call)
{
	const struct term *pattern = call->arg[1];

	if (!pattern || pattern->kind != TERM_LITERAL)
		return;
	call->regex_constant = true;
	if (pattern->literal->type != JSON_STRING)
		return;
	struct regex *r = regex_new_iregexp(pattern->literal->text,
		call->fn == PATH_MATCH);
	if (!r)
		return;
	arena_defer(p->a, free_regex, r);
	call->regex = r;
}

static bool parse_call(struct path_scan *p, struct str word, struct term *t)
{
	t->kind = TERM_CALL;
	for (unsigned i = 0; i < PATH_FUNCTIONS; i++) {
		if (!str_eq(word, str_from(functions[i].word)))
			continue;
		t->fn = (enum path_function)i;
		if (++p->depth > JSONPATH_DEPTH_MAX)
			return path_fail(p, "nested too deep");
		if (!parse_args(p, t))
			return false;
		p->depth--;
		compile_pattern(p, t);
		return true;
	}
	return path_fail_at(p, p->at - word.len - 1, "unknown function");
}

/* true, false, null or a function */
static bool parse_word(struct path_scan *p, struct term *t)
{
	size_t from = p->at;

	while (is_lower(path_peek(p)) || path_is_digit(path_peek(p)) ||
		path_peek(p) == '_')
		p->at++;
	struct str word = str_sub(p->s, from, p->at - from);
	if (path_take(p, "("))
		return parse_call(p, word, t);
	t->kind = TERM_LITERAL;
	if (str_eq(word, STR("true")) || str_eq(word, STR("false")))
		t->literal = json_new_bool(p->a, word.len == 4);
	else if (str_eq(word, STR("null")))
		t->literal = json_new(p->a, JSON_NULL);
	else
		return path_fail_at(p, from,
			"neither a literal nor a function");
	return true;
}

/* A literal, a query or a call. */
static const struct term *parse_term(struct path_scan *p)
{
	struct term *t = ARENA_NEW(p->a, struct term);
	int c = path_peek(p);
	struct str text;
	bool ok;

	if (c == '@' || c == '$') {
		p->at++;
		t->kind = TERM_QUERY;
		t->query = parse_query(p, c == '@');
		ok = t->query != NULL;
	} else if (c == '\'' || c == '"') {
		ok = path_string(p, &text);
		t->kind = TERM_LITERAL;
		if (ok)
			t->literal = json_new_str(p->a, text);
	} else if (path_is_digit(c) || c == '-') {
		t->kind = TERM_LITERAL;
		ok = path_number(p, &t->literal);
	} else if (is_lower(c)) {
		ok = parse_word(p, t);
	} else {
		ok = path_fail(p, "a query, a literal or a function is wanted");
	}
	return ok ? t : NULL;
}

static bool take_op(struct path_scan *p, enum compare_op *ret)
{
	static const char *const words[] = { "==", "!=", "<=", ">=", "<", ">" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (path_take(p, words[i])) {
			*ret = (enum compare_op)i;
			return true;
		}
	}
	return false;
}

static struct logic *logic_new(struct path_scan *p, enum logic_kind kind)
{
	struct logic *l = ARENA_NEW(p->a, struct logic);

	l->kind = kind;
	return l;
}

static bool comparable(struct path_scan *p, const struct term *t, size_t from)
{
	if (term_fits(t, TYPE_VALUE))
		return true;
	if (t->kind == TERM_QUERY)
		return path_fail_at(p, from,
			"only a query that gives one node at "
			"most can be compared");
	return path_fail_at(p, from,
		"the result of this function can not be "
		"compared");
}

static const struct logic *parse_comparison(struct path_scan *p,
	const struct term *left, size_t from, enum compare_op op)
{
	struct logic *l = logic_new(p, LOGIC_COMPARE);

	path_skip_blanks(p);
	size_t right = p->at;
	l->op = op;
	l->a = left;
	l->b = parse_term(p);
	if (!l->b || !comparable(p, l->a, from) || !comparable(p, l->b, right))
		return NULL;
	return l;
}

/* [comparison-expr] or [test-expr]; after a `!` only the latter */
static const struct logic *parse_relation(struct path_scan *p, bool negated)
{
	size_t from = p->at;
	const struct term *left = parse_term(p);
	enum compare_op op;

	if (!left)
		return NULL;
	size_t after = p->at;
	path_skip_blanks(p);
	if (!negated && take_op(p, &op))
		return parse_comparison(p, left, from, op);
	p->at = after;
	if (term_type(left) == TYPE_VALUE) {
		path_fail_at(p, from, "a value alone is no test: compare it");
		return NULL;
	}
	struct logic *l = logic_new(p, LOGIC_TEST);
	l->a = left;
	return l;
}

/* [paren-expr], after its parenthesis */
static const struct logic *parse_paren(struct path_scan *p)
{
	if (++p->depth > JSONPATH_DEPTH_MAX) {
		path_fail(p, "nested too deep");
		return NULL;
	}
	path_skip_blanks(p);
	const struct logic *l = parse_or(p);
	p->depth--;
	if (!l)
		return NULL;
	path_skip_blanks(p);
	if (path_take(p, ")"))
		return l;
	path_fail(p, "`)` is wanted");
	return NULL;
}

/* [basic-expr] */
static const struct logic *parse_basic(struct path_scan *p)
{
	bool negated = path_take(p, "!");

	if (negated)
		path_skip_blanks(p);
	const struct logic *l =
		path_take(p, "(") ? parse_paren(p) : parse_relation(p, negated);
	if (!l || !negated)
		return l;
	struct logic *not = logic_new(p, LOGIC_NOT);
	not ->left = l;
	return not ;
}

/*
 * Operands joined by `op`.  A chain is a list through `right`, so that a long
 * one costs no depth when it is evaluated.
 */
static const struct logic *parse_chain(struct path_scan *p, const char *op,
	enum logic_kind kind,
	const struct logic *(*operand)(struct path_scan *))
{
	const struct logic *one = operand(p);
	struct logic *first = NULL;
	struct logic *last = NULL;

	while (one) {
		size_t before = p->at;
		path_skip_blanks(p);
		bool more = path_take(p, op);
		if (!more && !first) {
			p->at = before;
			return one;
		}
		struct logic *l = logic_new(p, kind);
		l->left = one;
		if (last)
			last->right = l;
		else
			first = l;
		last = l;
		if (!more) {
			p->at = before;
			return first;
		}
		path_skip_blanks(p);
		one = operand(p);
	}
	return NULL;
}

static const struct logic *parse_and(struct path_scan *p)
{
	return parse_chain(p, "&&", LOGIC_AND, parse_basic);
}

static const struct logic *parse_or(struct path_scan *p)
{
	return parse_chain(p, "||", LOGIC_OR, parse_and);
}
/* NOLINTEND(misc-no-recursion) */

const struct jsonpath *jsonpath_parse(struct arena *a, struct str text,
	struct jsonpath_error *ret_error)
{
	struct path_scan p = { .a = a, .s = text, .error = ret_error };
	const struct jsonpath *q = NULL;

	if (text.len > JSONPATH_TEXT_MAX)
		path_fail(&p, "longer than 8 KiB");
	else if (!str_is_utf8(text))
		path_fail(&p, "not UTF-8");
	else if (!path_take(&p, "$"))
		path_fail(&p, "a JSONPath begins with `$`");
	else
		q = parse_query(&p, false);
	if (q && p.at < text.len) {
		path_fail(&p, "`[`, `.` or the end is wanted");
		return NULL;
	}
	return q;
}

bool jsonpath_singular(const struct jsonpath *p)
{
	return p->singular;
}
