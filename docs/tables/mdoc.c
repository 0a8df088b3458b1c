#include "docs/tables/mdoc.h"

#include <ctype.h>
#include <string.h>

enum { COLUMNS = 76, PARAGRAPH_MAX = 4096, SENTENCE_MAX = 2048 };

static void add_char(struct buf *out, struct str s, size_t i)
{
	bool dashes = (i + 1 < s.len && s.ptr[i + 1] == '-') ||
		      (i > 0 && s.ptr[i - 1] == '-') || i == 0;

	if (s.ptr[i] == '\\')
		buf_add_z(out, "\\e");
	else if (s.ptr[i] == '-' && dashes)
		buf_add_z(out, "\\-");
	else
		buf_add_byte(out, s.ptr[i]);
}

static bool is_request(struct str s)
{
	return s.len > 0 && (s.ptr[0] == '.' || s.ptr[0] == '\'');
}

/* A word of filled text; backquotes come in pairs. */
static void add_word(struct buf *out, struct str w, bool begins_line,
	bool *quoted)
{
	if (begins_line && is_request(w))
		buf_add_z(out, "\\&");
	for (size_t i = 0; i < w.len; i++) {
		if (w.ptr[i] == '`') {
			buf_add_z(out, *quoted ? "\\(cq" : "\\(oq");
			*quoted = !*quoted;
		} else {
			add_char(out, w, i);
		}
	}
}

static bool ends_sentence(struct str w)
{
	return str_ends(w, STR(".")) || str_ends(w, STR("?")) ||
	       str_ends(w, STR("!"));
}

void mdoc_text(struct buf *out, const char *text)
{
	struct str rest = str_from(text);
	size_t column = 0;
	bool quoted = false;
	bool sentence_ended = false;

	while (rest.ptr) {
		struct str w = str_cut(&rest, ' ');
		bool begins = column == 0;
		if (w.len == 0)
			continue;
		if (!begins &&
			(sentence_ended || column + 1 + w.len > COLUMNS)) {
			buf_add_byte(out, '\n');
			begins = true;
			column = 0;
		}
		if (!begins)
			buf_add_byte(out, ' ');
		add_word(out, w, begins, &quoted);
		column += w.len + !begins;
		sentence_ended = ends_sentence(w);
	}
	if (column > 0)
		buf_add_byte(out, '\n');
}

void mdoc_sentence(struct buf *out, const char *text)
{
	struct buf b;
	size_t n = strlen(text);

	buf_init(&b, SENTENCE_MAX);
	buf_add_z(&b, text);
	if (n > 0 && text[n - 1] != '.')
		buf_add_byte(&b, '.');
	mdoc_text(out, b.ptr ? b.ptr : "");
	buf_done(&b);
}

/* `No`, `Ar`, `Bl`: would be called, were it not for the \& before it. */
static bool is_macro(struct str s)
{
	return (s.len == 2 || s.len == 3) && isupper((unsigned char)*s.ptr) &&
	       islower((unsigned char)s.ptr[1]);
}

static void add_arg(struct buf *out, struct str s)
{
	bool quote = s.len == 0 || str_find_byte(s, ' ', 0) != SIZE_MAX ||
		     str_find_byte(s, '"', 0) != SIZE_MAX;

	buf_add_z(out, quote ? " \"" : " ");
	if (is_macro(s) || (s.len == 1 && ispunct((unsigned char)*s.ptr)))
		buf_add_z(out, "\\&");
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"')
			buf_add_z(out, "\\(dq");
		else if (s.ptr[i] == '\\')
			buf_add_z(out, "\\e");
		else
			buf_add_byte(out, s.ptr[i]);
	}
	if (quote)
		buf_add_byte(out, '"');
}

void mdoc_arg(struct buf *out, const char *text)
{
	add_arg(out, str_from(text));
}

void mdoc_literal(struct buf *out, struct str line)
{
	if (is_request(line))
		buf_add_z(out, "\\&");
	for (size_t i = 0; i < line.len; i++)
		add_char(out, line, i);
	buf_add_byte(out, '\n');
}

/* What was collected of a paragraph, as filled text. */
static void flush(struct buf *out, struct buf *paragraph)
{
	if (paragraph->len > 0)
		mdoc_text(out, paragraph->ptr);
	buf_clear(paragraph);
}

void mdoc_help(struct buf *out, const char *help)
{
	struct str rest = str_from(help);
	struct buf paragraph;
	bool display = false;
	bool gap = false;

	buf_init(&paragraph, PARAGRAPH_MAX);
	while (rest.ptr) {
		struct str line = str_cut(&rest, '\n');
		bool indented = str_starts(line, STR("  "));
		if (display && !indented) {
			buf_add_z(out, ".Ed\n");
			display = false;
		}
		if (line.len == 0) {
			flush(out, &paragraph);
			gap = true;
			continue;
		}
		if (gap && !display)
			buf_add_z(out, ".Pp\n");
		gap = false;
		if (indented && !display) {
			flush(out, &paragraph);
			buf_add_z(out,
				".Bd -literal -offset indent -compact\n");
			display = true;
		}
		if (indented) {
			mdoc_literal(out, str_sub(line, 2, SIZE_MAX));
			continue;
		}
		if (paragraph.len > 0)
			buf_add_byte(&paragraph, ' ');
		buf_add(&paragraph, line);
	}
	flush(out, &paragraph);
	if (display)
		buf_add_z(out, ".Ed\n");
	buf_done(&paragraph);
}

static bool is_keyword(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (isupper((unsigned char)s.ptr[i]))
			return false;
	return true;
}

static void add_usage_word(struct buf *out, struct str w)
{
	bool repeat = str_ends(w, STR("..."));

	if (repeat)
		w.len -= 3;
	if (str_starts(w, STR("--"))) {
		buf_add_z(out, " Fl");
		add_arg(out, w.len > 2 ? str_sub(w, 1, SIZE_MAX) : STR("-"));
		return;
	}
	buf_add_z(out, is_keyword(w) ? " Cm" : " Ar");
	add_arg(out, w);
	if (repeat)
		buf_add_z(out, " ...");
}

void mdoc_usage(struct buf *out, const char *args)
{
	struct str rest = args ? str_from(args) : STR_NONE;

	while (rest.ptr) {
		struct str w = str_cut(&rest, ' ');
		bool opens = str_starts(w, STR("["));
		bool closes = str_ends(w, STR("]"));
		if (opens)
			buf_add_z(out, " Oo");
		w = str_sub(w, opens, w.len - opens - closes);
		add_usage_word(out, w);
		if (closes)
			buf_add_z(out, " Oc");
	}
}
