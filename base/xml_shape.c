#include "base/xml_shape.h"

#include <string.h>

#include "base/xml.h"

/* --- the tokens of an expression ---------------------------------------- */

enum token_kind {
	TOKEN_END,
	TOKEN_LITERAL, /* text or a number */
	TOKEN_NAME,    /* also with a prefix; also an operator by name */
	TOKEN_OTHER    /* one character, or two of != <= >= // :: .. */
};

struct token {
	enum token_kind kind;
	size_t at;
	struct str text;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static bool is_name(char c)
{
	return is_name_start(c) || is_digit(c) || c == '-' || c == '.';
}

static char byte_at(struct str s, size_t at)
{
	if (at >= s.len)
		return '\0';
	return s.ptr[at];
}

static size_t name_length(struct str s, size_t at)
{
	size_t n = at;

	while (n < s.len && is_name(s.ptr[n]))
		n++;
	/* a prefix, but not an axis */
	if (byte_at(s, n) == ':' && is_name_start(byte_at(s, n + 1))) {
		n++;
		while (n < s.len && is_name(s.ptr[n]))
			n++;
	}
	return n - at;
}

static size_t number_length(struct str s, size_t at)
{
	size_t n = at;

	while (is_digit(byte_at(s, n)) || byte_at(s, n) == '.')
		n++;
	return n - at;
}

/* An unfinished literal goes to the end: libxml2 will say so. */
static size_t literal_length(struct str s, size_t at)
{
	size_t end = str_find_byte(s, s.ptr[at], at + 1);

	return (end == SIZE_MAX ? s.len : end + 1) - at;
}

static struct token token_next(struct str s, size_t *at)
{
	struct token t = { .kind = TOKEN_END };
	size_t n = 1;

	while (*at < s.len && is_blank(s.ptr[*at]))
		++*at;
	t.at = *at;
	if (*at >= s.len)
		return t;
	char c = s.ptr[*at];
	char next = byte_at(s, *at + 1);
	t.kind = TOKEN_OTHER;
	if (c == '"' || c == '\'') {
		t.kind = TOKEN_LITERAL;
		n = literal_length(s, *at);
	} else if (is_digit(c) || (c == '.' && is_digit(next))) {
		t.kind = TOKEN_LITERAL;
		n = number_length(s, *at);
	} else if (is_name_start(c)) {
		t.kind = TOKEN_NAME;
		n = name_length(s, *at);
	} else if ((next == '=' && strchr("!<>", c)) ||
		   (next == c && strchr("/:.", c))) {
		n = 2;
	}
	t.text = str_sub(s, *at, n);
	*at += n;
	return t;
}

/* clang-format off */
#define XPATH_FUNCTIONS(X)                                                    \
	X("last") X("position") X("count") X("id") X("local-name")            \
	X("namespace-uri") X("name") X("string") X("concat") X("starts-with") \
	X("contains") X("substring-before") X("substring-after")              \
	X("substring") X("string-length") X("normalize-space")                \
	X("translate") X("boolean") X("not") X("true") X("false") X("lang")   \
	X("number") X("sum") X("floor") X("ceiling") X("round")
#define XPATH_NODE_TESTS(X)                                                   \
	X("text") X("node") X("comment") X("processing-instruction")
/* clang-format on */

static const struct str functions[] = {
#define X(name) STR(name),
	XPATH_FUNCTIONS(X)
};
static const struct str node_tests[] = { XPATH_NODE_TESTS(X) };
#undef X

static bool is_of(struct str word, const struct str *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], word))
			return true;
	return false;
}

static bool is_function(struct str word)
{
	return is_of(word, functions, sizeof(functions) / sizeof(*functions));
}

static bool is_node_test(struct str word)
{
	return is_of(word, node_tests,
		sizeof(node_tests) / sizeof(*node_tests));
}

/* `and (..)` and the like are operators where an operand stands before. */
static bool is_operator_name(struct str word, const struct token *before)
{
	static const struct str words[] = { STR("and"), STR("or"), STR("mod"),
		STR("div") };

	if (!is_of(word, words, 4) || before->kind == TOKEN_END)
		return false;
	return before->kind != TOKEN_OTHER ||
	       is_of(before->text,
		       (const struct str[]){ STR(")"), STR("]"), STR("*"),
			       STR("."), STR("..") },
		       5);
}

static const char *token_wrong(struct str s, const struct token *t, size_t next,
	const struct token *before)
{
	if (t->kind == TOKEN_OTHER && t->text.ptr[0] == '$')
		return "there are no variables in it; ${name} is filled in "
		       "before";
	if (t->kind != TOKEN_NAME || is_operator_name(t->text, before) ||
		is_function(t->text) || is_node_test(t->text))
		return NULL;
	struct token after = token_next(s, &next);
	if (after.kind == TOKEN_OTHER && after.text.ptr[0] == '(')
		return "XPath 1.0 has no such function";
	return NULL;
}

bool xpath_forbidden(struct str s, size_t *ret_at, const char **ret_why)
{
	struct token before = { .kind = TOKEN_END };
	const char *why = NULL;
	unsigned nest = 0;
	size_t at = 0;
	struct token t = { .at = XPATH_TEXT_MAX };

	if (s.len > XPATH_TEXT_MAX)
		why = "it is longer than 4 KiB";
	else if (memchr(s.ptr, '\0', s.len) || !str_is_utf8(s))
		why = "it is not text in UTF-8";
	while (!why) {
		t = token_next(s, &at);
		if (t.kind == TOKEN_END)
			return false;
		why = token_wrong(s, &t, at, &before);
		if (t.kind == TOKEN_OTHER && strchr("([", t.text.ptr[0]) &&
			++nest > XPATH_NEST_MAX)
			why = "it nests more than 50 deep";
		if (t.kind == TOKEN_OTHER && strchr(")]", t.text.ptr[0]) &&
			nest > 0)
			nest--;
		before = t;
	}
	*ret_at = t.at < s.len ? t.at : s.len;
	*ret_why = why;
	return true;
}

/*
 * Conservative: a side that begins or ends with a literal next to the operator
 * is none, and so is one that begins with a function; all else may be a set.
 */
static bool may_begin_set(struct str s, size_t at)
{
	struct token t = token_next(s, &at);
	struct token after = token_next(s, &at);

	if (t.kind == TOKEN_LITERAL)
		return false;
	if (t.kind == TOKEN_OTHER)
		return t.text.ptr[0] != '-';
	return !(is_function(t.text) && !str_eq(t.text, STR("id")) &&
		 after.kind == TOKEN_OTHER && after.text.ptr[0] == '(');
}

bool xpath_pairs_nodes(struct str s)
{
	struct token before = { .kind = TOKEN_END };
	size_t at = 0;

	for (;;) {
		struct token t = token_next(s, &at);
		if (t.kind == TOKEN_END)
			return false;
		if (t.kind == TOKEN_OTHER && strchr("=!<>|", t.text.ptr[0]) &&
			before.kind != TOKEN_LITERAL && may_begin_set(s, at))
			return true;
		before = t;
	}
}

static bool is_other(const struct token *t, const struct str *list, size_t n)
{
	return t->kind == TOKEN_OTHER && is_of(t->text, list, n);
}

static bool is_wide_axis(struct str word)
{
	static const struct str narrow[] = { STR("child"), STR("attribute"),
		STR("self") };

	return !is_of(word, narrow, sizeof(narrow) / sizeof(*narrow));
}

/* A new path begins behind it, and so from one node. */
static bool begins_path(const struct token *t, const struct token *before)
{
	static const struct str words[] = { STR("("), STR("["), STR(","),
		STR("="), STR("!="), STR("<"), STR(">"), STR("<="), STR(">="),
		STR("|"), STR("+"), STR("-") };

	return is_other(t, words, sizeof(words) / sizeof(*words)) ||
	       (t->kind == TOKEN_NAME && is_operator_name(t->text, before));
}

bool xpath_merges(struct str s)
{
	static const struct str wide[] = { STR("//"), STR("..") };
	static const struct str stays[] = { STR("."), STR("/") };
	struct token before = { .kind = TOKEN_END };
	bool one = true;         /* at most one node so far */
	bool one_before = false; /* and so before the last token */
	size_t at = 0;

	for (;;) {
		struct token t = token_next(s, &at);
		if (t.kind == TOKEN_END)
			return false;
		if (!one && is_other(&t, wide, 2))
			return true;
		if (!one_before && is_other(&t, &STR("::"), 1) &&
			is_wide_axis(before.text))
			return true;
		one_before = one;
		if (!one || !is_other(&t, stays, 2))
			one = begins_path(&t, &before);
		before = t;
	}
}

/* --- a document --------------------------------------------------------- */

static size_t skip_blanks(struct str s, size_t at)
{
	while (at < s.len && is_blank(s.ptr[at]))
		at++;
	return at;
}

static size_t skip_word(struct str s, size_t at)
{
	while (at < s.len && !is_blank(s.ptr[at]) && s.ptr[at] != '>')
		at++;
	return at;
}

static size_t skip_value(struct str s, size_t at)
{
	char quote = byte_at(s, at);
	size_t end;

	if (quote != '"' && quote != '\'')
		return skip_word(s, at);
	end = str_find_byte(s, quote, at + 1);
	return end == SIZE_MAX ? s.len : end + 1;
}

/* ASCII alone: where the parsers differ, more is counted than there is. */
static bool is_attribute_start(char c)
{
	return (is_name_start(c) && (unsigned char)c < 0x80) || c == ':' ||
	       c == '.';
}

static bool is_attribute(char c)
{
	return is_attribute_start(c) || is_digit(c) || c == '-';
}

/*
 * How many attributes the tag that begins at `at` has, by the rules of either
 * parser: name, `=`, value; what is no name is passed over to the next blank.
 */
static uint64_t tag_attributes(struct str s, size_t at, uint64_t *steps,
	uint64_t most)
{
	uint64_t n = 0;
	size_t from = at;

	at = skip_word(s, at);
	while (n <= most) {
		at = skip_blanks(s, at);
		if (at >= s.len || s.ptr[at] == '>')
			break;
		if (!is_attribute_start(s.ptr[at])) {
			at = skip_word(s, at);
			continue;
		}
		while (at < s.len && is_attribute(s.ptr[at]))
			at++;
		n++;
		size_t equals = skip_blanks(s, at);
		if (byte_at(s, equals) == '=')
			at = skip_value(s, skip_blanks(s, equals + 1));
	}
	*steps += at - from;
	return n;
}

/* Wherever a tag might begin, also in a comment or a script: see the header. */
static const char *attributes_forbidden(struct str s)
{
	uint64_t pairs = 0;
	uint64_t steps = 0;
	size_t at = 0;

	while ((at = str_find_byte(s, '<', at)) != SIZE_MAX) {
		at++;
		if (!is_name_start(byte_at(s, at)))
			continue;
		uint64_t n = tag_attributes(s, at, &steps, 10000);
		pairs += n * n;
		if (pairs > XML_SHAPE_STEPS_MAX || steps > XML_SHAPE_STEPS_MAX)
			return "a tag with too many attributes";
	}
	return NULL;
}

static uint64_t count_of(struct str s, struct str what)
{
	uint64_t n = 0;
	size_t at = 0;

	while ((at = str_find(s, what, at)) != SIZE_MAX) {
		at += what.len;
		n++;
	}
	return n;
}

const char *xml_forbidden(struct str text)
{
	struct str s = text;
	uint64_t tags = count_of(s, STR("<"));

	if (s.len > XML_BYTES_MAX)
		return "more than 4 MiB";
	if (tags * count_of(s, STR("xmlns")) >
		(uint64_t)10 * XML_SHAPE_STEPS_MAX)
		return "too many namespaces";
	return attributes_forbidden(s);
}
