#include "base/regex_shape.h"

#include <string.h>

#include "base/regex.h"

/* --- the parts of a pattern --------------------------------------------- */

static char byte_at(struct str s, size_t at)
{
	if (at >= s.len)
		return '\0';
	return s.ptr[at];
}

/* To one past `end`, or to the end of the pattern. */
static size_t length_to(struct str s, size_t at, struct str end)
{
	size_t found = str_find(s, end, at);

	return (found == SIZE_MAX ? s.len : found + end.len) - at;
}

static size_t escape_length(struct str s, size_t at)
{
	char c = byte_at(s, at + 1);

	if (c == 'Q')
		return length_to(s, at, STR("\\E"));
	if (c && strchr("pPxogkN", c) && byte_at(s, at + 2) == '{')
		return length_to(s, at, STR("}"));
	return at + 1 < s.len ? 2 : 1;
}

static size_t class_length(struct str s, size_t at)
{
	size_t i = at + 1;

	if (byte_at(s, i) == '^')
		i++;
	if (byte_at(s, i) == ']')
		i++;
	while (i < s.len && s.ptr[i] != ']') {
		if (s.ptr[i] == '\\')
			i += escape_length(s, i);
		else if (s.ptr[i] == '[' && byte_at(s, i + 1) == ':')
			i += length_to(s, i, STR(":]"));
		else
			i++;
	}
	return (i < s.len ? i + 1 : s.len) - at;
}

size_t regex_token(struct str s, size_t at)
{
	if (s.ptr[at] == '\\')
		return escape_length(s, at);
	if (s.ptr[at] == '[')
		return class_length(s, at);
	if (str_starts(str_sub(s, at, 3), STR("(?#")))
		return length_to(s, at, STR(")"));
	return 1;
}

/*
 * Is there a branch beside the one that the pattern begins with?  Options set
 * inside the pattern may change what is a comment: then yes, to be safe.
 */
static bool has_branches(struct str s, size_t at)
{
	unsigned depth = 0;

	for (; at < s.len; at += regex_token(s, at)) {
		char c = s.ptr[at];
		char kind = '\0';

		if (byte_at(s, at + 1) == '?')
			kind = byte_at(s, at + 2);

		if (c == '(' && kind && !strchr(":=!<>#", kind))
			return true;
		if (c == '(' && kind != '#')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == '|' && depth == 0)
			return true;
	}
	return false;
}

size_t regex_prefix(struct str pattern)
{
	size_t n = 0;

	while (n < pattern.len && pattern.ptr[n] >= ' ' &&
		pattern.ptr[n] <= '~' &&
		!strchr("\\^$.[|()?*+{", pattern.ptr[n]))
		n++;
	/* a quantifier belongs to the last byte, which then may be missing */
	if (n > 0 && n < pattern.len && strchr("?*+{", pattern.ptr[n]))
		n--;
	return has_branches(pattern, n) ? 0 : n;
}

bool regex_forbidden(struct str s, size_t *ret_at, const char **ret_why)
{
	for (size_t at = 0; at < s.len; at += regex_token(s, at)) {
		struct str two = str_sub(s, at, 2);
		if (str_eq(two, STR("\\G")))
			*ret_why = "\\G is not supported";
		else if (str_eq(two, STR("(*")))
			*ret_why = "verbs (*...) are not supported";
		else
			continue;
		*ret_at = at;
		return true;
	}
	return false;
}

/* --- a guess at run-away patterns --------------------------------------- */

enum { BRANCHES_MAX = 16, MANY = 16 };

struct quantifier {
	bool optional;  /* may be zero times */
	bool unbounded; /* so often that it does not matter how often */
};

struct group {
	bool fills; /* one repeat can fill a whole branch */
	bool same;  /* two branches are equal */
	bool solid; /* look-around or atomic: never tried again */
	bool zero_width;
	unsigned needed, needed_unbounded, optional_unbounded; /* of a branch */
	size_t branch[BRANCHES_MAX][2];
	unsigned branches;
	size_t from; /* of the branch being read */
};

static size_t read_number(struct str s, size_t *at, size_t fallback)
{
	size_t value = 0;
	size_t from = *at;

	for (; byte_at(s, *at) >= '0' && byte_at(s, *at) <= '9'; (*at)++)
		if (value < MANY)
			value = value * 10 + (size_t)(s.ptr[*at] - '0');
	return *at == from ? fallback : value;
}

/* {n} {n,} {n,m}; anything else is text. */
static bool read_braces(struct str s, size_t *at, struct quantifier *q)
{
	size_t i = *at + 1;
	size_t low = read_number(s, &i, SIZE_MAX);
	size_t high = low;

	if (low == SIZE_MAX)
		return false;
	if (byte_at(s, i) == ',') {
		i++;
		high = read_number(s, &i, SIZE_MAX);
	}
	if (byte_at(s, i) != '}')
		return false;
	*at = i + 1;
	*q = (struct quantifier){ low == 0, high >= MANY };
	return true;
}

static struct quantifier read_quantifier(struct str s, size_t *at)
{
	struct quantifier q = { false, false };

	switch (byte_at(s, *at)) {
	case '*':
		q = (struct quantifier){ true, true };
		break;
	case '+':
		q = (struct quantifier){ false, true };
		break;
	case '?':
		q = (struct quantifier){ true, false };
		break;
	case '{':
		if (!read_braces(s, at, &q))
			return q;
		(*at)--;
		break;
	default:
		return q;
	}
	(*at)++;
	if (byte_at(s, *at) == '?') {
		(*at)++;
	} else if (byte_at(s, *at) == '+') {
		(*at)++;
		q.unbounded = false; /* possessive: never gives back */
	}
	return q;
}

static void item_add(struct group *g, struct quantifier q)
{
	if (q.optional)
		g->optional_unbounded += q.unbounded;
	else
		g->needed++;
	if (!q.optional && q.unbounded)
		g->needed_unbounded++;
}

static void branch_end(struct str s, struct group *g, size_t end)
{
	struct str text = str_sub(s, g->from, end - g->from);

	if ((g->needed == 0 && g->optional_unbounded > 0) ||
		(g->needed == 1 && g->needed_unbounded == 1))
		g->fills = true;
	for (unsigned i = 0; i < g->branches; i++)
		if (str_eq(text, str_sub(s, g->branch[i][0], g->branch[i][1])))
			g->same = true;
	if (g->branches < BRANCHES_MAX) {
		g->branch[g->branches][0] = g->from;
		g->branch[g->branches++][1] = text.len;
	}
	g->needed = g->needed_unbounded = g->optional_unbounded = 0;
	g->from = end + 1;
}

/* Past "(", "(?:", "(?<name>", "(?i:"; *at is at the "(". */
static struct group group_open(struct str s, size_t *at)
{
	struct group g = { .solid = false };
	size_t i = *at + 1;

	if (byte_at(s, i) == '?') {
		char kind = byte_at(s, ++i);
		char next = byte_at(s, i + 1);
		bool behind = kind == '<' && (next == '=' || next == '!');
		g.zero_width = kind == '=' || kind == '!' || behind;
		g.solid = g.zero_width || kind == '>';
		if (kind == 'P' || kind == '\'' || (kind == '<' && !behind)) {
			i++;
			while (i < s.len && !strchr(">')", s.ptr[i]))
				i++;
		} else {
			while (i < s.len &&
				strchr("imsnxJ-^:|><=!", s.ptr[i]) &&
				s.ptr[i] != ':')
				i++;
		}
		if (byte_at(s, i) == ':' || byte_at(s, i) == '>' ||
			byte_at(s, i) == '\'')
			i++;
	}
	*at = i;
	g.from = i;
	return g;
}

/* Closes the inner group into the outer one; true: it may run away. */
static bool group_close(struct str s, struct group *inner, struct group *outer,
	size_t *at)
{
	branch_end(s, inner, *at);
	(*at)++;
	struct quantifier q = read_quantifier(s, at);
	bool risky = !inner->solid && (inner->fills || inner->same);
	if (risky && q.unbounded)
		return true;
	if (inner->zero_width)
		return false;
	if (inner->fills && !inner->solid)
		q.unbounded = true;
	item_add(outer, q);
	return false;
}

static bool is_zero_width(struct str token)
{
	if (token.len == 1)
		return token.ptr[0] == '^' || token.ptr[0] == '$';
	return token.len == 2 && token.ptr[0] == '\\' &&
	       strchr("bBAzZKE", token.ptr[1]) != NULL;
}

bool regex_looks_exponential(struct str s)
{
	struct group stack[REGEX_PARENS_MAX + 2];
	size_t depth = 1;
	size_t at = 0;

	stack[0] = (struct group){ .from = 0 };
	while (at < s.len) {
		struct group *g = &stack[depth - 1];
		struct str token = str_sub(s, at, regex_token(s, at));
		if (token.len == 1 && *token.ptr == '(') {
			if (depth == REGEX_PARENS_MAX + 2)
				return false; /* does not compile */
			stack[depth++] = group_open(s, &at);
		} else if (token.len == 1 && *token.ptr == ')') {
			if (depth == 1)
				return false;
			depth--;
			if (group_close(s, g, &stack[depth - 1], &at))
				return true;
		} else if (token.len == 1 && *token.ptr == '|') {
			branch_end(s, g, at);
			at++;
		} else {
			at += token.len;
			struct quantifier q = read_quantifier(s, &at);
			if (!is_zero_width(token))
				item_add(g, q);
		}
	}
	return false;
}

/* --- RFC 9485 ----------------------------------------------------------- */

struct iregexp {
	struct str s;
	size_t at;
	struct buf *out;
	unsigned depth;
	bool atom; /* something a quantifier may follow */
};

static bool copy(struct iregexp *r, size_t n)
{
	buf_add(r->out, str_sub(r->s, r->at, n));
	r->at += n;
	return true;
}

/* \p{Lu}: a general category, one or two letters. */
static bool read_category(struct iregexp *r)
{
	static const char *const categories[] = { "L", "Ll", "Lm", "Lo", "Lt",
		"Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc",
		"Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Z", "Zl", "Zp", "Zs", "S",
		"Sc", "Sk", "Sm", "So", "C", "Cc", "Cf", "Cn", "Co" };
	size_t n = length_to(r->s, r->at, STR("}"));
	struct str whole = str_sub(r->s, r->at, n);

	if (byte_at(r->s, r->at + 2) != '{' || !str_ends(whole, STR("}")) ||
		n < 5)
		return false;
	struct str name = str_sub(whole, 3, n - 4);
	for (size_t i = 0; i < sizeof(categories) / sizeof(*categories); i++)
		if (str_eq(name, str_from(categories[i])))
			return copy(r, n);
	return false;
}

/* \n \r \t, or one of the characters that mean something. */
static bool read_single_escape(struct iregexp *r)
{
	char c = byte_at(r->s, r->at + 1);

	return c && strchr("()*+-.?[\\]^nrt{|}", c) && copy(r, 2);
}

static bool is_category_escape(const struct iregexp *r)
{
	char c = byte_at(r->s, r->at + 1);

	return byte_at(r->s, r->at) == '\\' && (c == 'p' || c == 'P');
}

/* CCchar: one character of a class. */
static bool read_class_char(struct iregexp *r)
{
	char c = byte_at(r->s, r->at);

	if (r->at >= r->s.len || c == '-' || c == '[' || c == ']')
		return false;
	if (c == '\\')
		return read_single_escape(r);
	/* What PCRE2 would read otherwise at the start: [a^]. */
	if (c == '^')
		buf_add_byte(r->out, '\\');
	copy(r, 1);
	while ((byte_at(r->s, r->at) & 0xc0) == 0x80)
		copy(r, 1);
	return true;
}

/* CCE1: a category, a character or a range. */
static bool read_class_item(struct iregexp *r)
{
	if (is_category_escape(r))
		return read_category(r);
	if (!read_class_char(r))
		return false;
	if (byte_at(r->s, r->at) != '-' || byte_at(r->s, r->at + 1) == ']')
		return true;
	copy(r, 1);
	return read_class_char(r);
}

static bool read_class(struct iregexp *r)
{
	copy(r, 1);
	if (byte_at(r->s, r->at) == '^')
		copy(r, 1);
	if (byte_at(r->s, r->at) == '-') {
		buf_add_byte(r->out, '\\');
		copy(r, 1);
	} else if (!read_class_item(r)) {
		return false;
	}
	while (r->at < r->s.len && r->s.ptr[r->at] != ']') {
		if (r->s.ptr[r->at] == '-' && byte_at(r->s, r->at + 1) == ']') {
			buf_add_byte(r->out, '\\');
			copy(r, 1);
			break;
		}
		if (!read_class_item(r))
			return false;
	}
	return byte_at(r->s, r->at) == ']' && copy(r, 1);
}

/* * + ? {n} {n,} {n,m}, once. */
static bool read_repeat(struct iregexp *r)
{
	size_t end = r->at;
	struct quantifier q;

	if (!r->atom)
		return false;
	r->atom = false;
	if (r->s.ptr[r->at] != '{')
		return copy(r, 1);
	return read_braces(r->s, &end, &q) && copy(r, end - r->at);
}

static bool read_group_edge(struct iregexp *r, bool open)
{
	if (open) {
		if (r->depth++ == REGEX_PARENS_MAX)
			return false;
		buf_add(r->out, STR("(?:"));
	} else {
		if (r->depth-- == 0)
			return false;
		buf_add_byte(r->out, ')');
	}
	r->at++;
	r->atom = !open;
	return true;
}

static bool read_escape(struct iregexp *r)
{
	r->atom = true;
	return is_category_escape(r) ? read_category(r) : read_single_escape(r);
}

/* In a group, so that a quantifier may follow. */
static bool replace(struct iregexp *r, struct str with)
{
	buf_add(r->out, with);
	r->at++;
	r->atom = true;
	return true;
}

static bool read_piece(struct iregexp *r)
{
	switch (r->s.ptr[r->at]) {
	case '(':
		return read_group_edge(r, true);
	case ')':
		return read_group_edge(r, false);
	case '|':
		r->atom = false;
		return copy(r, 1);
	case '*':
	case '+':
	case '?':
	case '{':
		return read_repeat(r);
	case '}':
	case ']':
		return false;
	case '.':
		return replace(r, STR("[^\\n\\r]"));
	case '^':
		return replace(r, STR("(?:\\A)"));
	case '$':
		return replace(r, STR("(?:\\z)"));
	case '[':
		r->atom = true;
		return read_class(r);
	case '\\':
		return read_escape(r);
	default:
		r->atom = true;
		copy(r, 1);
		while ((byte_at(r->s, r->at) & 0xc0) == 0x80)
			copy(r, 1);
		return true;
	}
}

bool iregexp_translate(struct str pattern, bool whole, struct buf *out)
{
	struct iregexp r = { .s = pattern, .out = out };

	buf_add(out, whole ? STR("\\A(?:") : STR("(?:"));
	while (r.at < pattern.len)
		if (!read_piece(&r))
			return false;
	buf_add(out, whole ? STR(")\\z") : STR(")"));
	return r.depth == 0;
}
