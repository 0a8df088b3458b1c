#include "base/diag.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"

enum {
	TEXT_MAX = 64 * 1024,
	GUTTER = 5,      /* columns of the line number */
	WINDOW_LEAD = 60 /* columns shown before a span in a long line */
};

void diags_init(struct diags *ds, struct arena *a)
{
	*ds = (struct diags){ .arena = a };
	ds->last = &ds->first;
}

static bool is_main(enum diag_level level)
{
	return level == DIAG_ERROR || level == DIAG_WARNING;
}

static void add(struct diags *ds, struct diag from, const char *fmt, va_list ap)
{
	struct diag *d;

	ds->errors += from.level == DIAG_ERROR;
	ds->warnings += from.level == DIAG_WARNING;
	/* a note goes the way of what it belongs to */
	if ((!is_main(from.level) && ds->dropped) || ds->kept == DIAGS_MAX) {
		ds->dropped += is_main(from.level);
		ds->newest = NULL;
		return;
	}
	d = ARENA_NEW(ds->arena, struct diag);
	*d = from;
	d->text = arena_vprintf(ds->arena, fmt, ap);
	*ds->last = d;
	ds->last = &d->next;
	ds->newest = d;
	ds->kept++;
}

void diag_add(struct diags *ds, enum diag_level level, uint16_t code,
	struct span where, const char *fmt, ...)
{
	struct diag d = { .level = level, .code = code, .where = where };
	va_list ap;

	va_start(ap, fmt);
	add(ds, d, fmt, ap);
	va_end(ap);
}

void diag_also(struct diags *ds, struct span where, const char *fmt, ...)
{
	struct diag d = { .level = DIAG_NOTE, .where = where };
	va_list ap;

	va_start(ap, fmt);
	add(ds, d, fmt, ap);
	va_end(ap);
}

void diag_hint(struct diags *ds, const char *fmt, ...)
{
	va_list ap;

	if (!ds->newest)
		return;
	va_start(ap, fmt);
	ds->newest->hint = arena_vprintf(ds->arena, fmt, ap);
	va_end(ap);
}

void diag_copy(struct diags *to, const struct diag *d)
{
	diag_add(to, d->level, d->code, d->where, "%.*s", STR_ARG(d->text));
	if (d->hint.ptr)
		diag_hint(to, "%.*s", STR_ARG(d->hint));
}

/* One error or warning with the notes that follow it. */
struct group {
	struct diag *head, *tail;
	size_t file; /* order of first appearance; 0: no file */
};

static size_t file_rank(const struct group *groups, size_t n)
{
	const struct source *src = groups[n].head->where.src;
	size_t most = 0;

	if (!src)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (groups[i].head->where.src == src)
			return groups[i].file;
		if (groups[i].file > most)
			most = groups[i].file;
	}
	return most + 1;
}

static bool comes_after(const struct group *a, const struct group *b)
{
	if (a->file != b->file)
		return a->file > b->file;
	return a->file && a->head->where.at > b->head->where.at;
}

void diags_sort(struct diags *ds)
{
	struct group *groups;
	size_t n = 0;

	groups = ARENA_ARRAY(ds->arena, ds->kept, struct group);
	for (struct diag *d = ds->first; d; d = d->next) {
		if (n && !is_main(d->level)) {
			groups[n - 1].tail = d;
			continue;
		}
		groups[n].head = groups[n].tail = d;
		groups[n].file = file_rank(groups, n);
		n++;
	}
	/* by insertion: stable, and DIAGS_MAX is small */
	for (size_t i = 1; i < n; i++) {
		struct group g = groups[i];
		size_t at = i;

		for (; at && comes_after(&groups[at - 1], &g); at--)
			groups[at] = groups[at - 1];
		groups[at] = g;
	}
	ds->last = &ds->first;
	for (size_t i = 0; i < n; i++) {
		*ds->last = groups[i].head;
		ds->last = &groups[i].tail->next;
	}
	*ds->last = NULL;
}

const char *diag_level_word(enum diag_level level)
{
	static const char *const words[] = {
		[DIAG_ERROR] = "error",
		[DIAG_WARNING] = "warning",
		[DIAG_NOTE] = "note",
		[DIAG_HELP] = "help",
	};

	return words[level];
}

const char *diag_code_text(const struct diag *d, char out[8])
{
	out[0] = '\0';
	if (d->code && is_main(d->level))
		snprintf(out, 8, "%c%03u", d->level == DIAG_ERROR ? 'E' : 'W',
			d->code % 1000U);
	return out;
}

/* Inside the text; from behind the last line end to before it. */
static size_t clip(struct str text, size_t at)
{
	if (at < text.len)
		return at;
	at = text.len;
	if (at && text.ptr[at - 1] == '\n')
		at--;
	if (at && at < text.len && text.ptr[at - 1] == '\r')
		at--;
	return at;
}

/* The line around `at`, without its end. */
static struct str line_at(struct str text, size_t at, size_t *ret_start)
{
	size_t start = at;
	size_t end;

	while (start && text.ptr[start - 1] != '\n')
		start--;
	end = str_find_byte(text, '\n', at);
	if (end == SIZE_MAX)
		end = text.len;
	else if (end > start && text.ptr[end - 1] == '\r')
		end--;
	*ret_start = start;
	return str_sub(text, start, end - start);
}

static void locate(struct str text, size_t at, unsigned *line, unsigned *column)
{
	size_t start;
	struct str s = line_at(text, at, &start);

	*line = 1;
	for (size_t i = 0; i < start; i++)
		*line += text.ptr[i] == '\n';
	*column = 1 + (unsigned)str_codepoints(str_sub(s, 0, at - start));
}

void span_place(struct span where, struct place *ret)
{
	struct str text;
	size_t at;
	size_t end;

	*ret = (struct place){ 0 };
	if (!where.src)
		return;
	text = where.src->text;
	at = clip(text, where.at);
	end = where.end > at ? clip(text, where.end) : at;
	if (end < at)
		end = at;
	locate(text, at, &ret->line, &ret->column);
	locate(text, end, &ret->end_line, &ret->end_column);
}

/* One code point as it is shown; its width goes into *ret_width. */
static void add_shown(struct buf *b, struct str piece, size_t *ret_width)
{
	size_t start = b->len;

	buf_add_visible(b, piece);
	*ret_width = str_codepoints(str_sub(buf_str(b), start, SIZE_MAX));
}

/* The two lines below the headline; from, to: the span inside the line. */
struct picture {
	struct buf source, carets;
	size_t first, last; /* columns shown, from 0; one past the last */
	size_t from, to;
};

static void picture_window(struct picture *p, size_t columns, size_t at)
{
	p->first = 0;
	p->last = columns;
	if (columns <= DIAG_WIDTH)
		return;
	p->first = at > WINDOW_LEAD ? at - WINDOW_LEAD : 0;
	if (p->first + DIAG_WIDTH > columns)
		p->first = columns - DIAG_WIDTH;
	p->last = p->first + DIAG_WIDTH;
}

static void repeat(struct buf *b, char c, size_t n)
{
	while (n--)
		buf_add_byte(b, c);
}

static void picture_point(struct picture *p, struct str piece, size_t at)
{
	bool tab = str_eq(piece, STR("\t"));
	bool inside = at >= p->from && at < p->to;
	size_t width = 1;

	if (tab)
		buf_add(&p->source, piece);
	else
		add_shown(&p->source, piece, &width);
	if (inside)
		repeat(&p->carets, '^', width);
	else if (at < p->from)
		repeat(&p->carets, tab ? '\t' : ' ', width);
}

static void picture_draw(struct picture *p, struct str line)
{
	size_t column = 0;
	size_t n;
	size_t columns = str_codepoints(line);
	uint32_t point;

	picture_window(p, columns, str_codepoints(str_sub(line, 0, p->from)));
	if (p->first) {
		buf_add_z(&p->source, "...");
		buf_add_z(&p->carets, "   ");
	}
	for (size_t at = 0; at < line.len && column < p->last; at += n) {
		n = str_decode(line, at, &point);
		if (column++ >= p->first)
			picture_point(p, str_sub(line, at, n), at);
	}
	if (p->last < columns)
		buf_add_z(&p->source, "...");
	/* an empty span, or one behind the end of the line */
	if (p->to <= p->from || p->from >= line.len)
		buf_add_byte(&p->carets, '^');
}

static void write_picture(const struct diag *d, unsigned number, FILE *out)
{
	struct str text = d->where.src->text;
	struct str line;
	struct picture p = { 0 };
	size_t start;
	size_t at = clip(text, d->where.at);

	line = line_at(text, at, &start);
	p.from = at - start;
	p.to = d->where.end > at ? d->where.end - start : p.from;
	buf_init(&p.source, TEXT_MAX);
	buf_init(&p.carets, TEXT_MAX);
	picture_draw(&p, line);
	fprintf(out, "%*u |%s%.*s\n", GUTTER, number, line.len ? " " : "",
		STR_ARG(buf_str(&p.source)));
	fprintf(out, "%*s | %.*s", GUTTER, "", STR_ARG(buf_str(&p.carets)));
	buf_done(&p.source);
	buf_done(&p.carets);
}

bool span_has_place(struct span where)
{
	return where.src && where.src->text.len > 0;
}

static void write_visible(struct str s, FILE *out)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	/* a byte takes at most 10: "\u{10FFFF}" */
	buf_add_visible(&b, str_sub(s, 0, TEXT_MAX / 10));
	fwrite(buf_str(&b).ptr, 1, b.len, out);
	buf_done(&b);
}

static void write_one(const struct diag *d, FILE *out)
{
	char code[8];
	struct place at;
	bool shown = span_has_place(d->where);

	span_place(d->where, &at);
	if (d->where.src)
		write_visible(d->where.src->name, out);
	if (shown)
		fprintf(out, ":%u:%u", at.line, at.column);
	if (d->where.src)
		fputs(": ", out);
	fputs(diag_level_word(d->level), out);
	if (diag_code_text(d, code)[0])
		fprintf(out, "[%s]", code);
	fputs(": ", out);
	write_visible(d->text, out);
	if (shown) {
		fputc('\n', out);
		write_picture(d, at.line, out);
	}
	if (d->hint.ptr) {
		fputs(shown ? " " : "; ", out);
		write_visible(d->hint, out);
	}
	fputc('\n', out);
}

void diags_write(const struct diags *ds, FILE *out)
{
	for (const struct diag *d = ds->first; d; d = d->next)
		write_one(d, out);
	if (ds->dropped)
		fprintf(out, "note: %u more not shown\n", ds->dropped);
}
