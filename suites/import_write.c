#include <string.h>

#include "base/units.h"
#include "suites/import_parts.h"

/*
 * YAML as the samples are written: blocks of two spaces, short maps inside of
 * a list on one line, text in single quotes where YAML would read it as
 * something else.
 */
enum { WRITE_DEPTH_MAX = 64, COLUMNS_MAX = 80 };

struct writer {
	struct buf *out;
	struct buf line; /* for what may fit on one */
};

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("_-./", c));
}

/* What the core schema, or a reader of YAML 1.1, takes for something else. */
static bool is_special(struct str s)
{
	static const char *const words[] = { "null", "true", "false", "yes",
		"no", "on", "off", "y", "n" };
	uint64_t ms;

	if (units_duration_ms(s, &ms))
		return false; /* 30s */
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq_nocase(s, str_from(words[i])))
			return true;
	return s.ptr[0] == '-' || s.ptr[0] == '.' || s.ptr[0] == '+' ||
	       (s.ptr[0] >= '0' && s.ptr[0] <= '9');
}

static bool ends_word(struct str s, size_t i)
{
	return i + 1 == s.len || s.ptr[i + 1] == ' ';
}

/* Plain style; in a flow map only what can not be mistaken there either. */
static bool is_plain(struct str s, bool flow)
{
	bool url = str_starts(s, STR("http://")) ||
		   str_starts(s, STR("https://")) || str_starts(s, STR("${")) ||
		   str_starts(s, STR("$.")) || str_starts(s, STR("/"));

	if (s.len == 0 || (!url && is_special(s)) || s.ptr[s.len - 1] == ' ' ||
		s.ptr[0] == ' ')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (is_word_char(c) || (c == ' ' && s.ptr[i - 1] != ' '))
			continue;
		if (c == ':' && !flow && !ends_word(s, i) && i > 0)
			continue;
		if (c == '$' && (flow ? i + 1 < s.len && s.ptr[i + 1] == '.'
				      : url || i > 0))
			continue;
		if (!flow && i > 0 && c && strchr("{}()[]?=+;~,@%", c))
			continue;
		if (c == '&' && !flow && i > 0 && url)
			continue;
		return false;
	}
	return true;
}

static bool is_printable(struct str s, bool lines)
{
	uint32_t point;

	if (!str_is_utf8(s))
		return false;
	for (size_t i = 0; i < s.len; i += str_decode(s, i, &point)) {
		str_decode(s, i, &point);
		if (point == '\n'
				? !lines
				: (point < 0x20 && point != '\t') ||
					  (point >= 0x7f && point < 0xa0) ||
					  point == 0xfeff || point == 0x2028 ||
					  point == 0x2029 || point >= 0xfff0)
			return false;
	}
	return true;
}

/* May it stand as a literal block, where what is seen is what is meant? */
static bool is_block(struct str s)
{
	if (str_find_byte(s, '\n', 0) == SIZE_MAX || !is_printable(s, true))
		return false;
	return s.ptr[0] != ' ' && s.ptr[0] != '\t' && s.ptr[0] != '\n';
}

static void write_single(struct buf *out, struct str s)
{
	buf_add_byte(out, '\'');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\'')
			buf_add_byte(out, '\'');
		buf_add_byte(out, s.ptr[i]);
	}
	buf_add_byte(out, '\'');
}

/*
 * In double quotes, with everything escaped that YAML does not take as it
 * stands: JSON's text may hold the controls from U+007F to U+009F.
 */
static void write_double(struct buf *out, struct str s)
{
	uint32_t point;
	size_t n;

	buf_add_byte(out, '"');
	for (size_t i = 0; i < s.len; i += n) {
		struct str one;

		n = str_decode(s, i, &point);
		one = str_sub(s, i, n);
		if (point == '"' || point == '\\')
			buf_addf(out, "\\%c", (char)point);
		else if (point == '\n')
			buf_add_z(out, "\\n");
		else if (point <= 0xffff && !is_printable(one, false))
			buf_addf(out, "\\u%04x", (unsigned)point);
		else
			buf_add(out, one);
	}
	buf_add_byte(out, '"');
}

static void write_text(struct buf *out, struct str s, bool flow)
{
	if (is_plain(s, flow))
		buf_add(out, s);
	else if (is_printable(s, false) &&
		 str_find_byte(s, '\t', 0) == SIZE_MAX)
		write_single(out, s);
	else
		write_double(out, s);
}

static void write_indent(struct buf *out, unsigned depth)
{
	buf_addf(out, "%*s", (int)(2 * depth), "");
}

static void write_block(struct buf *out, struct str s, unsigned depth)
{
	struct str rest = s;
	bool one = s.len && s.ptr[s.len - 1] == '\n';
	bool more = one && (s.len == 1 || s.ptr[s.len - 2] == '\n');

	buf_add_z(out, more ? "|+\n" : one ? "|\n" : "|-\n");
	if (one)
		rest.len--;
	while (rest.ptr) {
		struct str line = str_cut(&rest, '\n');
		if (line.len)
			write_indent(out, depth);
		buf_add(out, line);
		buf_add_byte(out, '\n');
	}
}

static void write_scalar(struct buf *out, const struct json *j, bool flow)
{
	switch (j->type) {
	case JSON_STRING:
		write_text(out, j->text, flow);
		break;
	case JSON_NUMBER:
		buf_add(out, j->text);
		break;
	case JSON_TRUE:
		buf_add_z(out, "true");
		break;
	case JSON_FALSE:
		buf_add_z(out, "false");
		break;
	default:
		buf_add_z(out, "null");
		break;
	}
}

static bool is_leaf(const struct json *j)
{
	return j->type != JSON_OBJECT && j->type != JSON_ARRAY;
}

/* NOLINTBEGIN(misc-no-recursion): at most WRITE_DEPTH_MAX deep */
static void write_flow(struct buf *out, const struct json *j, unsigned depth)
{
	bool list = j->type == JSON_ARRAY;

	if (is_leaf(j) || depth > WRITE_DEPTH_MAX) {
		write_scalar(out, j, true);
		return;
	}
	buf_add_byte(out, list ? '[' : '{');
	for (const struct json *i = j->first; i; i = i->next) {
		if (i != j->first)
			buf_add_z(out, ", ");
		if (!list) {
			write_text(out, i->key, true);
			buf_add_z(out, ": ");
		}
		write_flow(out, i, depth + 1);
	}
	buf_add_byte(out, list ? ']' : '}');
}

static bool has_lines(const struct json *j, unsigned depth)
{
	if (j->type == JSON_STRING)
		return is_block(j->text);
	if (is_leaf(j) || depth > WRITE_DEPTH_MAX)
		return false;
	for (const struct json *i = j->first; i; i = i->next)
		if (has_lines(i, depth + 1))
			return true;
	return false;
}

/* On one line, when it fits behind `column`. */
static bool write_short(struct writer *w, const struct json *j, size_t column)
{
	if (j->count && has_lines(j, 0))
		return false;
	buf_clear(&w->line);
	write_flow(&w->line, j, 0);
	if (j->count &&
		column + str_codepoints(buf_str(&w->line)) > COLUMNS_MAX)
		return false;
	buf_add(w->out, buf_str(&w->line));
	buf_add_byte(w->out, '\n');
	return true;
}

static void write_node(struct writer *w, const struct json *j, unsigned depth,
	size_t column);

static void write_members(struct writer *w, const struct json *j,
	unsigned depth, bool first_placed)
{
	for (const struct json *i = j->first; i; i = i->next) {
		if (i != j->first || !first_placed)
			write_indent(w->out, depth);
		size_t from = w->out->len;
		write_text(w->out, i->key, false);
		buf_add_byte(w->out, ':');
		size_t column = 2UL * depth + w->out->len - from + 1;
		write_node(w, i, depth + 1, column);
	}
}

static void write_items(struct writer *w, const struct json *j, unsigned depth)
{
	for (const struct json *i = j->first; i; i = i->next) {
		write_indent(w->out, depth);
		buf_add_z(w->out, "- ");
		bool step = i->type == JSON_OBJECT && json_get(i, STR("name"));
		if (is_leaf(i)) {
			if (i->type == JSON_STRING && is_block(i->text)) {
				write_block(w->out, i->text, depth + 1);
				continue;
			}
			write_scalar(w->out, i, false);
			buf_add_byte(w->out, '\n');
		} else if (step || !write_short(w, i, 2UL * depth + 2)) {
			if (i->type == JSON_OBJECT)
				write_members(w, i, depth + 1, true);
			else
				write_flow(w->out, i, 0),
					buf_add_byte(w->out, '\n');
		}
	}
}

/* Behind `key:`; the lists of steps and checks always take lines. */
static void write_node(struct writer *w, const struct json *j, unsigned depth,
	size_t column)
{
	bool tall = j->type == JSON_ARRAY && j->first &&
		    j->first->type == JSON_OBJECT;

	if (depth > WRITE_DEPTH_MAX)
		return;
	if (j->type == JSON_STRING && is_block(j->text)) {
		buf_add_byte(w->out, ' ');
		write_block(w->out, j->text, depth);
	} else if (is_leaf(j)) {
		buf_add_byte(w->out, ' ');
		write_scalar(w->out, j, false);
		buf_add_byte(w->out, '\n');
	} else if (j->count == 0) {
		buf_add_z(w->out, j->type == JSON_ARRAY ? " []\n" : " {}\n");
	} else {
		size_t from = w->out->len;
		buf_add_byte(w->out, ' ');
		if (!tall && write_short(w, j, column))
			return;
		w->out->len = from; /* the space */
		buf_add_byte(w->out, '\n');
		if (j->type == JSON_OBJECT)
			write_members(w, j, depth, false);
		else
			write_items(w, j, depth);
	}
}
/* NOLINTEND(misc-no-recursion) */

void import_write(struct buf *out, const struct json *root)
{
	struct writer w = { .out = out };

	buf_init(&w.line, IMPORT_TEXT_MAX);
	write_members(&w, root, 0, false);
	out->over |= w.line.over;
	buf_done(&w.line);
}
