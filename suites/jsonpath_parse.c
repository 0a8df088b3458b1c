/*
 * The grammar of RFC 9535, by recursive descent; one function for each rule.
 */
#include <string.h>

#include "suites/jsonpath.h"
#include "suites/jsonpath_tree.h"

struct parser {
	struct arena *a;
	struct str s;
	size_t at;
	unsigned depth;
	struct jsonpath_error *error;
	bool failed;
};

/* 9007199254740991: I-JSON's exact integers, RFC 9535 section 2.1 */
static const int64_t INDEX_MAX = (INT64_C(1) << 53) - 1;

static bool fail_at(struct parser *p, size_t at, const char *text)
{
	if (!p->failed) {
		p->error->at = at;
		p->error->text = text;
	}
	p->failed = true;
	return false;
}

static bool fail(struct parser *p, const char *text)
{
	return fail_at(p, p->at, text);
}

static int peek(const struct parser *p)
{
	return p->at < p->s.len ? (unsigned char)p->s.ptr[p->at] : -1;
}

static bool take(struct parser *p, const char *z)
{
	struct str want = str_from(z);

	if (!str_starts(str_sub(p->s, p->at, want.len), want))
		return false;
	p->at += want.len;
	return true;
}

static void skip_blanks(struct parser *p)
{
	int c = peek(p);

	while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		p->at++;
		c = peek(p);
	}
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(int c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_name_first(int c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

/* --- literals ----------------------------------------------------------- */

static bool hex4(struct parser *p, uint32_t *ret)
{
	uint32_t n = 0;

	for (int i = 0; i < 4; i++, p->at++) {
		int c = peek(p);
		if (is_digit(c))
			n = n * 16 + (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			n = n * 16 + (uint32_t)((c | 32) - 'a' + 10);
		else
			return fail(p, "four hexadecimal digits are wanted");
	}
	*ret = n;
	return true;
}

static void add_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_add_byte(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_add_byte(out, (char)(0xc0 | (c >> 6)));
	} else if (c < 0x10000) {
		buf_add_byte(out, (char)(0xe0 | (c >> 12)));
		buf_add_byte(out, (char)(0x80 | ((c >> 6) & 0x3f)));
	} else {
		buf_add_byte(out, (char)(0xf0 | (c >> 18)));
		buf_add_byte(out, (char)(0x80 | ((c >> 12) & 0x3f)));
		buf_add_byte(out, (char)(0x80 | ((c >> 6) & 0x3f)));
	}
	buf_add_byte(out, (char)(0x80 | (c & 0x3f)));
}

static bool unicode_escape(struct parser *p, struct buf *out)
{
	size_t from = p->at;
	uint32_t high;
	uint32_t low;

	if (!hex4(p, &high))
		return false;
	if (high >= 0xdc00 && high <= 0xdfff)
		return fail_at(p, from, "low surrogate without a high one");
	if (high < 0xd800 || high > 0xdbff) {
		add_utf8(out, high);
		return true;
	}
	if (!take(p, "\\u") || !hex4(p, &low) || low < 0xdc00 || low > 0xdfff)
		return fail_at(p, from, "high surrogate without a low one");
	add_utf8(out, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
	return true;
}

static bool escape(struct parser *p, char quote, struct buf *out)
{
	static const char letters[] = "bfnrt/\\";
	static const char bytes[] = "\b\f\n\r\t/\\";
	int c = peek(p);
	const char *known = c > 0 ? strchr(letters, c) : NULL;

	if (c == 'u') {
		p->at++;
		return unicode_escape(p, out);
	}
	if (c == quote)
		buf_add_byte(out, quote);
	else if (known)
		buf_add_byte(out, bytes[known - letters]);
	else
		return fail(p, "unknown escape in a string");
	p->at++;
	return true;
}

static bool string_body(struct parser *p, char quote, struct buf *out)
{
	for (;;) {
		int c = peek(p);
		if (c < 0)
			return fail(p, "string without its closing quote");
		if (c < 0x20)
			return fail(p, "control character in a string");
		p->at++;
		if (c == quote)
			return true;
		if (c != '\\')
			buf_add_byte(out, (char)c);
		else if (!escape(p, quote, out))
			return false;
	}
}

/* [string-literal] */
static bool parse_string(struct parser *p, struct str *ret)
{
	char quote = (char)peek(p);
	struct buf b;

	p->at++;
	buf_init(&b, JSONPATH_TEXT_MAX);
	bool ok = string_body(p, quote, &b);
	if (ok)
		*ret = arena_str(p->a, b.ptr ? buf_str(&b) : STR(""));
	buf_done(&b);
	return ok;
}

/* [int]: no leading zeros, no -0, within the exact integers */
static bool parse_int(struct parser *p, int64_t *ret)
{
	size_t from = p->at;

	take(p, "-");
	size_t digits = p->at;
	while (is_digit(peek(p)))
		p->at++;
	struct str s = str_sub(p->s, from, p->at - from);
	if (p->at == digits)
		return fail(p, "an integer is wanted");
	if (p->s.ptr[digits] == '0' && s.len > 1)
		return fail_at(p, from, "an integer has no leading zero");
	if (!str_to_i64(s, ret) || *ret > INDEX_MAX || *ret < -INDEX_MAX)
		return fail_at(p, from, "integer beyond 2^53 - 1");
	return true;
}

static bool take_digits(struct parser *p)
{
	size_t from = p->at;

	while (is_digit(peek(p)))
		p->at++;
	return p->at > from || fail(p, "a digit is wanted");
}

/* [number] */
static bool parse_number(struct parser *p, const struct json **ret)
{
	size_t from = p->at;

	take(p, "-");
	size_t digits = p->at;
	if (!take_digits(p))
		return false;
	if (p->s.ptr[digits] == '0' && p->at - digits > 1)
		return fail_at(p, from, "a number has no leading zero");
	if (take(p, ".") && !take_digits(p))
		return false;
	if (take(p, "e") || take(p, "E")) {
		if (!take(p, "-"))
			take(p, "+");
		if (!take_digits(p))
			return false;
	}
	*ret = json_new_number(p->a, str_sub(p->s, from, p->at - from));
	return true;
}

/* --- queries ------------------------------------------------------------ */

/* NOLINTBEGIN(misc-no-recursion): at most JSONPATH_DEPTH_MAX deep */
static const struct logic *parse_or(struct parser *p);
static const struct term *parse_term(struct parser *p);

static bool parse_slice(struct parser *p, struct selector *s)
{
	s->kind = SELECT_SLICE;
	s->step = 1;
	skip_blanks(p);
	if (is_digit(peek(p)) || peek(p) == '-') {
		s->has_end = true;
		if (!parse_int(p, &s->end))
			return false;
		skip_blanks(p);
	}
	if (!take(p, ":"))
		return true;
	skip_blanks(p);
	if (is_digit(peek(p)) || peek(p) == '-')
		return parse_int(p, &s->step);
	return true;
}

/* [slice-selector] or [index-selector] */
static bool parse_index(struct parser *p, struct selector *s)
{
	if (peek(p) != ':') {
		if (!parse_int(p, &s->index))
			return false;
		s->kind = SELECT_INDEX;
		s->start = s->index;
		s->has_start = true;
	}
	size_t before = p->at;
	skip_blanks(p);
	if (take(p, ":"))
		return parse_slice(p, s);
	p->at = before;
	return true;
}

static bool parse_filter(struct parser *p, struct selector *s)
{
	s->kind = SELECT_FILTER;
	if (++p->depth > JSONPATH_DEPTH_MAX)
		return fail(p, "nested too deep");
	skip_blanks(p);
	s->logic = parse_or(p);
	p->depth--;
	return s->logic != NULL;
}

static struct selector *parse_selector(struct parser *p)
{
	struct selector *s = ARENA_NEW(p->a, struct selector);
	int c = peek(p);
	bool ok;

	if (c == '\'' || c == '"') {
		s->kind = SELECT_NAME;
		ok = parse_string(p, &s->name);
	} else if (take(p, "*")) {
		s->kind = SELECT_WILDCARD;
		ok = true;
	} else if (take(p, "?")) {
		ok = parse_filter(p, s);
	} else if (is_digit(c) || c == '-' || c == ':') {
		ok = parse_index(p, s);
	} else {
		ok = fail(p, "a name, an index, `*`, a slice or `?` is wanted");
	}
	return ok ? s : NULL;
}

/* [bracketed-selection], after its bracket */
static const struct selector *parse_selection(struct parser *p)
{
	struct selector *first = NULL;
	struct selector **last = &first;

	for (;;) {
		skip_blanks(p);
		*last = parse_selector(p);
		if (!*last)
			return NULL;
		last = &(*last)->next;
		skip_blanks(p);
		if (take(p, "]"))
			return first;
		if (!take(p, ",")) {
			fail(p, "`,` or `]` is wanted");
			return NULL;
		}
	}
}

/* [member-name-shorthand] or a wildcard */
static const struct selector *parse_shorthand(struct parser *p)
{
	struct selector *s = ARENA_NEW(p->a, struct selector);
	size_t from = p->at;

	if (take(p, "*")) {
		s->kind = SELECT_WILDCARD;
		return s;
	}
	if (!is_name_first(peek(p))) {
		fail(p, "a name or `*` is wanted");
		return NULL;
	}
	while (is_name_first(peek(p)) || is_digit(peek(p)))
		p->at++;
	s->kind = SELECT_NAME;
	s->name = arena_str(p->a, str_sub(p->s, from, p->at - from));
	return s;
}

static struct segment *parse_segment(struct parser *p)
{
	struct segment *g = ARENA_NEW(p->a, struct segment);

	g->descend = take(p, "..");
	if (take(p, "["))
		g->selectors = parse_selection(p);
	else if (g->descend || take(p, "."))
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
static const struct jsonpath *parse_query(struct parser *p, bool relative)
{
	struct jsonpath *q = ARENA_NEW(p->a, struct jsonpath);
	struct segment *first = NULL;
	struct segment **last = &first;

	q->relative = relative;
	q->singular = true;
	for (;;) {
		size_t before = p->at;
		skip_blanks(p);
		if (peek(p) != '[' && peek(p) != '.') {
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

static bool parse_args(struct parser *p, struct term *call)
{
	unsigned want = functions[call->fn].arg[1] == TYPE_NONE ? 1 : 2;

	for (unsigned i = 0; i < want; i++) {
		skip_blanks(p);
		if (i > 0 && !take(p, ","))
			return fail(p, "an argument is missing");
		skip_blanks(p);
		size_t from = p->at;
		call->arg[i] = parse_term(p);
		if (!call->arg[i])
			return false;
		if (!term_fits(call->arg[i], functions[call->fn].arg[i]))
			return fail_at(p, from,
				functions[call->fn].arg[i] == TYPE_NODES
					? "a query is wanted as argument"
					: "a value is wanted as argument");
	}
	skip_blanks(p);
	return take(p, ")") || fail(p, "`)` is wanted");
}

static void free_regex(void *regex)
{
	regex_free(regex);
}

/* A constant pattern is compiled once, here. */
static void compile_pattern(struct parser *p, struct term *call)
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

static bool parse_call(struct parser *p, struct str word, struct term *t)
{
	t->kind = TERM_CALL;
	for (unsigned i = 0; i < PATH_FUNCTIONS; i++) {
		if (!str_eq(word, str_from(functions[i].word)))
			continue;
		t->fn = (enum path_function)i;
		if (++p->depth > JSONPATH_DEPTH_MAX)
			return fail(p, "nested too deep");
		if (!parse_args(p, t))
			return false;
		p->depth--;
		compile_pattern(p, t);
		return true;
	}
	return fail_at(p, p->at - word.len - 1, "unknown function");
}

/* true, false, null or a function */
static bool parse_word(struct parser *p, struct term *t)
{
	size_t from = p->at;

	while (is_lower(peek(p)) || is_digit(peek(p)) || peek(p) == '_')
		p->at++;
	struct str word = str_sub(p->s, from, p->at - from);
	if (take(p, "("))
		return parse_call(p, word, t);
	t->kind = TERM_LITERAL;
	if (str_eq(word, STR("true")) || str_eq(word, STR("false")))
		t->literal = json_new_bool(p->a, word.len == 4);
	else if (str_eq(word, STR("null")))
		t->literal = json_new(p->a, JSON_NULL);
	else
		return fail_at(p, from, "neither a literal nor a function");
	return true;
}

/* A literal, a query or a call. */
static const struct term *parse_term(struct parser *p)
{
	struct term *t = ARENA_NEW(p->a, struct term);
	int c = peek(p);
	struct str text;
	bool ok;

	if (c == '@' || c == '$') {
		p->at++;
		t->kind = TERM_QUERY;
		t->query = parse_query(p, c == '@');
		ok = t->query != NULL;
	} else if (c == '\'' || c == '"') {
		ok = parse_string(p, &text);
		t->kind = TERM_LITERAL;
		if (ok)
			t->literal = json_new_str(p->a, text);
	} else if (is_digit(c) || c == '-') {
		t->kind = TERM_LITERAL;
		ok = parse_number(p, &t->literal);
	} else if (is_lower(c)) {
		ok = parse_word(p, t);
	} else {
		ok = fail(p, "a query, a literal or a function is wanted");
	}
	return ok ? t : NULL;
}

static bool take_op(struct parser *p, enum compare_op *ret)
{
	static const char *const words[] = { "==", "!=", "<=", ">=", "<", ">" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (take(p, words[i])) {
			*ret = (enum compare_op)i;
			return true;
		}
	}
	return false;
}

static struct logic *logic_new(struct parser *p, enum logic_kind kind)
{
	struct logic *l = ARENA_NEW(p->a, struct logic);

	l->kind = kind;
	return l;
}

static bool comparable(struct parser *p, const struct term *t, size_t from)
{
	if (term_fits(t, TYPE_VALUE))
		return true;
	if (t->kind == TERM_QUERY)
		return fail_at(p, from,
			"only a query that gives one node at "
			"most can be compared");
	return fail_at(p, from,
		"the result of this function can not be "
		"compared");
}

static const struct logic *parse_comparison(struct parser *p,
	const struct term *left, size_t from, enum compare_op op)
{
	struct logic *l = logic_new(p, LOGIC_COMPARE);

	skip_blanks(p);
	size_t right = p->at;
	l->op = op;
	l->a = left;
	l->b = parse_term(p);
	if (!l->b || !comparable(p, l->a, from) || !comparable(p, l->b, right))
		return NULL;
	return l;
}

/* [comparison-expr] or [test-expr]; after a `!` only the latter */
static const struct logic *parse_relation(struct parser *p, bool negated)
{
	size_t from = p->at;
	const struct term *left = parse_term(p);
	enum compare_op op;

	if (!left)
		return NULL;
	size_t after = p->at;
	skip_blanks(p);
	if (!negated && take_op(p, &op))
		return parse_comparison(p, left, from, op);
	p->at = after;
	if (term_type(left) == TYPE_VALUE) {
		fail_at(p, from, "a value alone is no test: compare it");
		return NULL;
	}
	struct logic *l = logic_new(p, LOGIC_TEST);
	l->a = left;
	return l;
}

/* [paren-expr], after its parenthesis */
static const struct logic *parse_paren(struct parser *p)
{
	if (++p->depth > JSONPATH_DEPTH_MAX) {
		fail(p, "nested too deep");
		return NULL;
	}
	skip_blanks(p);
	const struct logic *l = parse_or(p);
	p->depth--;
	if (!l)
		return NULL;
	skip_blanks(p);
	if (take(p, ")"))
		return l;
	fail(p, "`)` is wanted");
	return NULL;
}

/* [basic-expr] */
static const struct logic *parse_basic(struct parser *p)
{
	bool negated = take(p, "!");

	if (negated)
		skip_blanks(p);
	const struct logic *l =
		take(p, "(") ? parse_paren(p) : parse_relation(p, negated);
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
static const struct logic *parse_chain(struct parser *p, const char *op,
	enum logic_kind kind, const struct logic *(*operand)(struct parser *))
{
	const struct logic *one = operand(p);
	struct logic *first = NULL;
	struct logic *last = NULL;

	while (one) {
		size_t before = p->at;
		skip_blanks(p);
		bool more = take(p, op);
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
		skip_blanks(p);
		one = operand(p);
	}
	return NULL;
}

static const struct logic *parse_and(struct parser *p)
{
	return parse_chain(p, "&&", LOGIC_AND, parse_basic);
}

static const struct logic *parse_or(struct parser *p)
{
	return parse_chain(p, "||", LOGIC_OR, parse_and);
}
/* NOLINTEND(misc-no-recursion) */

const struct jsonpath *jsonpath_parse(struct arena *a, struct str text,
	struct jsonpath_error *ret_error)
{
	struct parser p = { .a = a, .s = text, .error = ret_error };
	const struct jsonpath *q = NULL;

	if (text.len > JSONPATH_TEXT_MAX)
		fail(&p, "longer than 8 KiB");
	else if (!str_is_utf8(text))
		fail(&p, "not UTF-8");
	else if (!take(&p, "$"))
		fail(&p, "a JSONPath begins with `$`");
	else
		q = parse_query(&p, false);
	if (q && p.at < text.len) {
		fail(&p, "`[`, `.` or the end is wanted");
		return NULL;
	}
	return q;
}

bool jsonpath_singular(const struct jsonpath *p)
{
	return p->singular;
}
