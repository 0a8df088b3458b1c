#include "base/yaml_layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/oom.h"
#include "base/yaml_layout_tree.h"

enum { INDENT = 2, PATH_MAX_BYTES = 1024 };

struct writer {
	const struct layout_file *f;
	struct buf *out;
	bool fresh; /* a collection was just opened: no blank line here */
};

/* --- the order of keys --- */

static size_t rank_of(const struct key *table, struct str name)
{
	size_t i = 0;

	while (table[i].name && !str_eq(name, str_from(table[i].name)))
		i++;
	return i;
}

/* Stable: keys that the table does not know stay last, as they stood. */
static void map_sort(struct layout_node *map, const struct key *table)
{
	struct layout_node *rest = map->first;

	map->first = map->last = NULL;
	while (rest) {
		struct layout_node **best = &rest;

		for (struct layout_node **e = &rest; *e; e = &(*e)->next) {
			if (rank_of(table, (*e)->key->text) <
				rank_of(table, (*best)->key->text))
				best = e;
		}
		struct layout_node *n = *best;

		*best = n->next;
		n->next = NULL;
		if (map->last)
			map->last->next = n;
		else
			map->first = n;
		map->last = n;
	}
}

static const struct key *table_at(const struct yaml_order *orders,
	struct str path)
{
	for (; orders->path; orders++) {
		if (str_glob(str_from(orders->path), path))
			return orders->table;
	}
	return NULL;
}

/* NOLINTBEGIN(misc-no-recursion): YAML is at most 64 deep, base/yaml.h */
static void tree_sort(struct layout_node *n, const struct yaml_order *orders,
	struct buf *path)
{
	const struct key *table = table_at(orders, buf_str(path));
	size_t len = path->len;

	if (n->kind == LAYOUT_MAP && table)
		map_sort(n, table);
	for (struct layout_node *e = n->first; e; e = e->next) {
		struct str name = e->key ? e->key->text : STR("-");

		if (len)
			buf_add_byte(path, '/');
		for (size_t i = 0; i < name.len; i++) {
			if (name.ptr[i] == '/')
				buf_add_byte(path, '_');
			else
				buf_add_byte(path, name.ptr[i]);
		}
		if (!path->over)
			tree_sort(e, orders, path);
		else
			buf_clear(path);
		path->len = len < path->len ? len : path->len;
	}
}
/* NOLINTEND(misc-no-recursion) */

/* --- lines --- */

static uint32_t column_now(const struct writer *w)
{
	size_t at = w->out->len;

	while (at && w->out->ptr[at - 1] != '\n')
		at--;
	return (uint32_t)str_codepoints(str_sub(buf_str(w->out), at, SIZE_MAX));
}

static void spaces_add(struct buf *out, uint32_t n)
{
	while (n--)
		buf_add_byte(out, ' ');
}

static void blank_add(struct writer *w, bool wanted)
{
	size_t n = w->out->len;

	if (wanted && !w->fresh && n > 1 && w->out->ptr[n - 2] != '\n')
		buf_add_byte(w->out, '\n');
	w->fresh = false;
}

static void comment_line(struct writer *w, const struct layout_comment *c,
	uint32_t indent)
{
	blank_add(w, c->own && c->blank);
	spaces_add(w->out, indent);
	buf_add(w->out, c->text);
	buf_add_byte(w->out, '\n');
}

static void comment_lines(struct writer *w, const struct layout_comment *c,
	uint32_t indent)
{
	for (; c; c = c->next)
		comment_line(w, c, indent);
}

/* In the column where it stood, if the text leaves room for it. */
static void beside_write(struct writer *w, const struct layout_node *n)
{
	const struct layout_comment *c = n->beside.first;

	if (c) {
		uint32_t now = column_now(w);

		spaces_add(w->out, c->column > now ? c->column - now : 2);
		buf_add(w->out, c->text);
	}
	buf_add_byte(w->out, '\n');
}

/* --- scalars --- */

/* Is a text without quotes the same, for us and for YAML 1.1 too? */
static bool is_simple(struct str s)
{
	static const char *const words[] = { "null", "true", "false", "yes",
		"no", "on", "off", "y", "n", NULL };

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && (i == 0 || !strchr("0123456789_-", c) || !c))
			return false;
	}
	for (size_t i = 0; words[i]; i++) {
		if (str_eq_nocase(s, str_from(words[i])))
			return false;
	}
	return s.len > 0;
}

static struct str raw_of(const struct writer *w, const struct layout_node *n)
{
	if (n->kind == LAYOUT_SCALAR && is_simple(n->text))
		return n->text;
	return str_sub(w->f->text, n->at, n->end - n->at);
}

/* Folded lines may be indented as one likes. */
static void raw_add(struct writer *w, struct str raw, uint32_t indent)
{
	bool first = true;

	while (raw.ptr) {
		struct str line = str_cut(&raw, '\n');
		size_t at = 0;

		while (!first && at < line.len && strchr(" \t", line.ptr[at]))
			at++;
		if (!first)
			buf_add_byte(w->out, '\n');
		if (!first && at < line.len)
			spaces_add(w->out, indent);
		buf_add(w->out, str_sub(line, at, SIZE_MAX));
		first = false;
	}
}

static uint32_t spaces_of(struct str line)
{
	uint32_t n = 0;

	while (n < line.len && line.ptr[n] == ' ')
		n++;
	return n;
}

/* Where the text of a block scalar begins: said by a digit, or by its first
 * line that is not empty. */
static uint32_t content_indent(const struct writer *w,
	const struct layout_node *n, struct str body, uint32_t digit)
{
	if (digit)
		return layout_column(w->f, n->entry) + digit;
	while (body.ptr) {
		struct str line = str_cut(&body, '\n');

		if (spaces_of(line) < line.len)
			return spaces_of(line);
	}
	return 0;
}

static void block_scalar_add(struct writer *w, const struct layout_node *n,
	uint32_t indent)
{
	struct str body = str_sub(w->f->text, n->at, n->end - n->at);
	struct str head = str_cut(&body, '\n');
	uint32_t digit = 0;
	uint32_t strip;
	size_t len = 0;
	bool keep = false;

	while (len < head.len && !strchr(" \t", head.ptr[len])) {
		if (head.ptr[len] >= '1' && head.ptr[len] <= '9')
			digit = (uint32_t)(head.ptr[len] - '0');
		keep |= head.ptr[len++] == '+';
	}
	buf_add(w->out, str_sub(head, 0, len));
	beside_write(w, n);
	strip = content_indent(w, n, body, digit);
	while (body.ptr) {
		struct str line = str_cut(&body, '\n');

		if (line.len > strip) {
			spaces_add(w->out, indent + (digit ? digit : INDENT));
			buf_add(w->out, str_sub(line, strip, SIZE_MAX));
		}
		buf_add_byte(w->out, '\n');
	}
	for (size_t i = n->text.len;
		keep && i > 1 && n->text.ptr[i - 1] == '\n' &&
		n->text.ptr[i - 2] == '\n';
		i--)
		buf_add_byte(w->out, '\n');
	w->fresh = keep;
}

/* --- flow --- */

/* NOLINTBEGIN(misc-no-recursion): YAML is at most 64 deep, base/yaml.h */
static bool flow_add(const struct writer *w, const struct layout_node *n,
	struct buf *line)
{
	bool map = n->kind == LAYOUT_MAP;

	if (n->anchor.ptr && n->kind != LAYOUT_ALIAS)
		buf_addf(line, "&%.*s ", STR_ARG(n->anchor));
	if (n->kind == LAYOUT_SCALAR || n->kind == LAYOUT_ALIAS) {
		struct str raw = raw_of(w, n);

		buf_add(line, raw);
		return !n->block_scalar && !line->over &&
		       str_find_byte(raw, '\n', 0) == SIZE_MAX;
	}
	if (n->broken || line->over || (n->first && !n->flow))
		return false;
	buf_add_byte(line, map ? '{' : '[');
	for (const struct layout_node *e = n->first; e; e = e->next) {
		if (e != n->first)
			buf_add_z(line, ", ");
		if (map && !flow_add(w, e->key, line))
			return false;
		if (map)
			buf_add_z(line,
				e->key->kind == LAYOUT_ALIAS ? " : " : ": ");
		if (!flow_add(w, e, line))
			return false;
	}
	buf_add_byte(line, map ? '}' : ']');
	return true;
}
/* NOLINTEND(misc-no-recursion) */

/* In one line behind `column`, where it fits or there is nothing to break. */
static bool flow_fits(const struct writer *w, const struct layout_node *n,
	uint32_t column, struct buf *line)
{
	if (!n->first) {
		buf_add_z(line, n->kind == LAYOUT_MAP ? "{}" : "[]");
		return true;
	}
	return n->flow && flow_add(w, n, line) &&
	       column + 1 + str_codepoints(buf_str(line)) <= YAML_LINE_MAX;
}

/* --- blocks --- */

static void entries_write(struct writer *w, const struct layout_node *n,
	uint32_t indent, bool inside);

/* Does its first entry stand behind the dash, which stands at `indent`? */
static bool is_inside(const struct writer *w, const struct layout_node *n,
	uint32_t indent)
{
	struct buf line;
	bool inside = false;

	if (n->key || !n->first || n->anchor.ptr)
		return false;
	buf_init(&line, YAML_LAYOUT_MAX);
	inside = !flow_fits(w, n, indent + 1, &line);
	buf_done(&line);
	return inside;
}

/* NOLINTBEGIN(misc-no-recursion): YAML is at most 64 deep, base/yaml.h */
static void collection_write(struct writer *w, const struct layout_node *n,
	uint32_t indent)
{
	bool inside = is_inside(w, n, indent);
	struct buf line;

	if (inside) {
		buf_add_byte(w->out, ' ');
		entries_write(w, n, indent + INDENT, true);
		return;
	}
	if (n->anchor.ptr)
		buf_addf(w->out, " &%.*s", STR_ARG(n->anchor));
	buf_init(&line, YAML_LAYOUT_MAX);
	bool fits = flow_fits(w, n, column_now(w), &line);
	if (fits) {
		struct str text = buf_str(&line);
		struct str name =
			n->anchor.ptr && n->first
				? str_sub(text, n->anchor.len + 2, SIZE_MAX)
				: text;

		buf_addf(w->out, " %.*s", STR_ARG(name));
	}
	buf_done(&line);
	beside_write(w, n);
	if (fits) {
		comment_lines(w, n->tail.first, indent);
		return;
	}
	w->fresh = true;
	entries_write(w, n, indent + INDENT, false);
}

static void value_write(struct writer *w, const struct layout_node *n,
	uint32_t indent)
{
	struct str raw;

	if (n->kind == LAYOUT_LIST || n->kind == LAYOUT_MAP) {
		collection_write(w, n, indent);
		return;
	}
	if (n->anchor.ptr && n->kind != LAYOUT_ALIAS)
		buf_addf(w->out, " &%.*s", STR_ARG(n->anchor));
	if (n->block_scalar) {
		buf_add_byte(w->out, ' ');
		block_scalar_add(w, n, indent);
		return;
	}
	raw = raw_of(w, n);
	if (raw.len) {
		buf_add_byte(w->out, ' ');
		raw_add(w, raw, indent + INDENT);
	}
	beside_write(w, n);
}

/* Before an entry: its comments, and those of what stands behind its dash. */
static void above_write(struct writer *w, const struct layout_node *n,
	uint32_t column)
{
	uint32_t indent = column; /* of the dash that is looked at */

	for (;;) {
		bool inside = is_inside(w, n, indent);
		const struct layout_comment *more = n->beside.first;

		comment_lines(w, n->before.first, column);
		if (more && !inside)
			more = more->next;
		comment_lines(w, more, column);
		if (!inside)
			return;
		n = n->first;
		indent += INDENT;
	}
}

static void entries_write(struct writer *w, const struct layout_node *n,
	uint32_t indent, bool inside)
{
	for (const struct layout_node *e = n->first; e; e = e->next) {
		if (!inside) {
			above_write(w, e, indent);
			blank_add(w, e->blank);
			spaces_add(w->out, indent);
		}
		inside = false;
		w->fresh = false;
		if (n->kind == LAYOUT_MAP) {
			if (e->key->anchor.ptr && e->key->kind != LAYOUT_ALIAS)
				buf_addf(w->out, "&%.*s ",
					STR_ARG(e->key->anchor));
			raw_add(w, raw_of(w, e->key), indent);
			buf_add_z(w->out,
				e->key->kind == LAYOUT_ALIAS ? " :" : ":");
		} else {
			buf_add_byte(w->out, '-');
		}
		value_write(w, e, indent);
	}
	comment_lines(w, n->tail.first, indent);
}
/* NOLINTEND(misc-no-recursion) */

static void file_write(struct writer *w)
{
	const struct layout_node *root = w->f->root;
	struct buf line;

	if (w->f->start)
		buf_add_z(w->out, "---\n");
	comment_lines(w, w->f->head.first, 0);
	if (w->f->head.first)
		buf_add_byte(w->out, '\n');
	w->fresh = true;
	if (root->first) {
		entries_write(w, root, 0, false);
		return;
	}
	comment_lines(w, root->before.first, 0);
	buf_init(&line, YAML_LAYOUT_MAX);
	if (flow_add(w, root, &line)) {
		buf_add(w->out, buf_str(&line));
		buf_add_byte(w->out, '\n');
	}
	buf_done(&line);
	comment_lines(w, root->tail.first, 0);
}

/* --- is it the same? --- */

static bool scalar_same(const struct layout_node *a,
	const struct layout_node *b)
{
	return str_eq(a->text, b->text) && str_eq(a->anchor, b->anchor) &&
	       (a->plain == b->plain || is_simple(a->text));
}

/* NOLINTBEGIN(misc-no-recursion): YAML is at most 64 deep, base/yaml.h */
static bool tree_same(const struct layout_node *a, const struct layout_node *b)
{
	const struct layout_node *x = a->first;
	const struct layout_node *y = b->first;

	if (a->kind != b->kind || !scalar_same(a, b) || !a->key != !b->key ||
		(a->key && !tree_same(a->key, b->key)))
		return false;
	for (; x && y; x = x->next, y = y->next) {
		if (!tree_same(x, y))
			return false;
	}
	return !x && !y;
}
/* NOLINTEND(misc-no-recursion) */

static int by_text(const void *a, const void *b)
{
	const struct str *x = a;
	const struct str *y = b;

	return str_cmp(*x, *y);
}

/* All comments of a file, sorted. */
struct texts {
	struct str *item;
	size_t count;
};

static void texts_add(struct texts *all, const struct layout_comments *list)
{
	for (const struct layout_comment *c = list->first; c; c = c->next)
		all->item[all->count++] = c->text;
}

/* NOLINTBEGIN(misc-no-recursion): YAML is at most 64 deep, base/yaml.h */
static void texts_collect(struct texts *all, const struct layout_node *n)
{
	texts_add(all, &n->before);
	texts_add(all, &n->beside);
	texts_add(all, &n->tail);
	for (const struct layout_node *e = n->first; e; e = e->next)
		texts_collect(all, e);
}
/* NOLINTEND(misc-no-recursion) */

static struct texts texts_of(const struct layout_file *f)
{
	struct texts all = {
		ARENA_ARRAY(f->arena, f->ncomments + 1, struct str), 0
	};

	texts_add(&all, &f->head);
	texts_collect(&all, f->root);
	qsort(all.item, all.count, sizeof(all.item[0]), by_text);
	return all;
}

static bool comments_same(const struct layout_file *a,
	const struct layout_file *b)
{
	struct texts x = texts_of(a);
	struct texts y = texts_of(b);
	size_t i = 0;

	while (i < x.count && i < y.count && str_eq(x.item[i], y.item[i]))
		i++;
	return i == x.count && i == y.count && a->ncomments == b->ncomments;
}

/* Without a byte order mark, and lines ended by LF. */
static struct str text_plain(struct arena *a, struct str text)
{
	char *to = arena_alloc(a, text.len + 2);
	size_t n = 0;
	size_t i = str_starts(text, STR("\xef\xbb\xbf")) ? 3 : 0;

	for (; i < text.len; i++) {
		if (text.ptr[i] == '\r' && i + 1 < text.len &&
			text.ptr[i + 1] == '\n')
			continue;
		to[n++] = text.ptr[i];
	}
	return (struct str){ to, n };
}

static bool text_layout(struct arena *a, struct str text,
	const struct yaml_order *orders, struct layout_file *f, struct buf *out)
{
	struct writer w = { .f = f, .out = out };
	struct buf path;

	*f = (struct layout_file){ .arena = a, .text = text_plain(a, text) };
	if (!layout_read(f))
		return false;
	layout_comments_place(f);
	if (!f->aliases) {
		buf_init(&path, PATH_MAX_BYTES);
		tree_sort(f->root, orders, &path);
		buf_done(&path);
	}
	file_write(&w);
	return !out->over;
}

enum yaml_layout_end yaml_layout(struct arena *a, const struct source *src,
	const struct yaml_order *orders, struct buf *out, struct diags *ds)
{
	unsigned errors = ds->errors;
	struct layout_file before;
	struct layout_file after;
	struct buf first;
	struct buf again;

	if (!yaml_parse(a, src, ds) || ds->errors > errors)
		return YAML_LAYOUT_WRONG;
	buf_init(&first, YAML_LAYOUT_MAX);
	buf_init(&again, YAML_LAYOUT_MAX);
	bool same = text_layout(a, src->text, orders, &before, &first) &&
		    text_layout(a, buf_str(&first), orders, &after, &again) &&
		    tree_same(before.root, after.root) &&
		    comments_same(&before, &after) &&
		    str_eq(buf_str(&first), buf_str(&again));
	if (same)
		same = buf_add(out, buf_str(&first));
	buf_done(&first);
	buf_done(&again);
	return same ? YAML_LAYOUT_OK : YAML_LAYOUT_OTHER;
}
