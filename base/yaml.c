#include "base/yaml.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/codes.h"
#include "base/oom.h"

/*
 * libyaml's events become a tree.  Its marks count characters; STRIDE-th
 * characters' byte offsets are kept, so that a mark becomes an offset by
 * walking over fewer than STRIDE of them.
 */
enum { STRIDE = 64 };

struct anchor {
	struct anchor *older;
	struct str name;
	const struct yaml_node *node;
};

struct open { /* a list or map that is not yet closed */
	struct yaml_node *node, *last;
	struct yaml_node *key; /* of a map: waits for its value */
};

struct loader {
	struct arena *arena;
	const struct source *src;
	struct diags *ds;
	yaml_parser_t parser;
	uint32_t *stride; /* NULL: all ASCII, a character is a byte */
	size_t nstrides;
	size_t bom; /* bytes in front that libyaml does not see */
	struct open open[YAML_DEPTH_MAX];
	unsigned depth;
	struct yaml_node *root;
	struct anchor *anchors;
	unsigned events, aliases;
};

/* --- places ------------------------------------------------------------- */

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static void index_characters(struct loader *l)
{
	struct str text = l->src->text;
	size_t characters = 0;

	for (size_t i = l->bom; i < text.len; i++)
		characters += !is_continuation(text.ptr[i]);
	if (characters == text.len - l->bom)
		return;
	l->nstrides = characters / STRIDE + 1;
	l->stride = ARENA_ARRAY(l->arena, l->nstrides, uint32_t);
	l->stride[0] = (uint32_t)l->bom;
	characters = 0;
	for (size_t i = l->bom; i < text.len; i++) {
		if (is_continuation(text.ptr[i]))
			continue;
		if (characters % STRIDE == 0)
			l->stride[characters / STRIDE] = (uint32_t)i;
		characters++;
	}
}

static uint32_t offset_at(const struct loader *l, size_t character)
{
	struct str text = l->src->text;

	if (!l->stride) {
		size_t at = l->bom + character;
		return (uint32_t)(at < text.len ? at : text.len);
	}
	if (character / STRIDE >= l->nstrides)
		return (uint32_t)text.len;
	size_t at = l->stride[character / STRIDE];
	for (size_t n = character % STRIDE; n > 0 && at < text.len; n--) {
		at++;
		while (at < text.len && is_continuation(text.ptr[at]))
			at++;
	}
	return (uint32_t)at;
}

static struct span span_at(const struct loader *l, size_t at, size_t end)
{
	size_t len = l->src->text.len;

	if (end > len)
		end = len;
	if (at > end)
		at = end;
	return (struct span){ l->src, (uint32_t)at, (uint32_t)end };
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A block scalar's marks reach to the next token: the space is not its own. */
static struct span span_of(const struct loader *l, const yaml_event_t *ev)
{
	uint32_t at = offset_at(l, ev->start_mark.index);
	uint32_t end = offset_at(l, ev->end_mark.index);

	while (end > at && is_space(l->src->text.ptr[end - 1]))
		end--;
	return span_at(l, at, end);
}

/* --- syntax errors ------------------------------------------------------ */

/* The word around `at`: to white space, or to what ends a flow entry. */
static struct span span_of_word(const struct loader *l, size_t at)
{
	struct str text = l->src->text;
	size_t from = at;
	size_t end = at;
	int nest = 0;

	while (from > 0 && !strchr(" \t\r\n,{[\"'", text.ptr[from - 1]))
		from--;
	for (; end < text.len && text.ptr[end] != '\n'; end++) {
		char c = text.ptr[end];
		if (nest <= 0 && strchr(" \t\r,}]\"':", c))
			break;
		if (c == '{' || c == '[')
			nest++;
		else if (c == '}' || c == ']')
			nest--;
	}
	return span_at(l, from, end > at ? end : at + 1);
}

/* An opening bracket in the middle of a word. */
static bool is_glued(struct str text, size_t at)
{
	return at > 0 && at < text.len &&
	       (text.ptr[at] == '{' || text.ptr[at] == '[') &&
	       !strchr(" ,{[:\n\r\t\"'}]", text.ptr[at - 1]);
}

/*
 * In flow YAML `{` and `[` always open something, so `${x}` and `$.a[0]` end
 * the scalar before them and an error follows: at the bracket, or inside of it
 * (`$.a[*]`), or behind what closes it (`[a-z]+`).
 */
static bool find_unquoted(struct str text, size_t at, size_t *ret)
{
	size_t i = at;

	if (at < text.len && at > 0 && strchr("]}", text.ptr[at - 1]) &&
		!strchr(" ,:#[{]}\r\n\t", text.ptr[at])) {
		while (i > 0 && !strchr("[{\n", text.ptr[i]))
			i--;
		*ret = i;
		return strchr("[{", text.ptr[i]) != NULL;
	}
	while (!is_glued(text, i)) {
		if (i == 0 || strchr(" ,\n\r\t\"'", text.ptr[i - 1]))
			return false;
		i--;
	}
	*ret = i;
	return true;
}

static void report_hint(const struct loader *l, size_t at, const char *problem)
{
	struct str text = l->src->text;
	int c = at < text.len ? (unsigned char)text.ptr[at] : 0;

	if (c == '\t')
		diag_hint(l->ds, "YAML is indented with spaces, not tabs");
	else if (c == '@' || c == '`' || c == '%' || c == '|' || c == '>')
		diag_hint(l->ds, "a text that starts with `%c` needs quotes",
			c);
	else if (strncmp(problem, "mapping values", 14) == 0)
		diag_hint(l->ds, "quote a text that holds `: `, or look at "
				 "the indentation");
	else if (strstr(problem, "expected <block end>"))
		diag_hint(l->ds,
			"the indentation does not fit the lines above");
}

static bool in_flow(const yaml_parser_t *p)
{
	return (p->context && strstr(p->context, "flow")) ||
	       (p->problem && strstr(p->problem, "flow")) || p->flow_level > 0;
}

static void report_syntax(const struct loader *l)
{
	const yaml_parser_t *p = &l->parser;
	const char *problem = p->problem ? p->problem : "not YAML";
	size_t at = p->error == YAML_READER_ERROR
			    ? l->bom + p->problem_offset
			    : offset_at(l, p->problem_mark.index);
	size_t bracket;

	if (p->error == YAML_MEMORY_ERROR)
		oom_die(0);
	if (p->error != YAML_READER_ERROR && in_flow(p) &&
		find_unquoted(l->src->text, at, &bracket)) {
		diag_add(l->ds, DIAG_ERROR, E2, span_of_word(l, bracket),
			"`%c` needs quotes inside {...} or [...]",
			l->src->text.ptr[bracket]);
		diag_hint(l->ds, "put the whole text in quotes, as in "
				 "{id: \"${id}\"}");
		return;
	}
	diag_add(l->ds, DIAG_ERROR, E1, span_at(l, at, at + 1), "%s%s%s",
		problem, p->context ? " " : "", p->context ? p->context : "");
	report_hint(l, at, problem);
	size_t since = offset_at(l, p->context_mark.index);
	if (p->context && since < at)
		diag_also(l->ds, span_at(l, since, since + 1), "it began here");
}

/* --- the tree ----------------------------------------------------------- */

static bool limit_reached(const struct loader *l, struct span where,
	const char *what)
{
	diag_add(l->ds, DIAG_ERROR, E3, where, "%s", what);
	return false;
}

static bool count_event(struct loader *l, struct span where)
{
	if (++l->events > YAML_EVENTS_MAX)
		return limit_reached(l, where,
			"more than 100,000 YAML events in one file");
	return true;
}

struct named {
	const struct yaml_node *key;
};

static int named_cmp(const void *va, const void *vb)
{
	const struct named *a = va;
	const struct named *b = vb;
	int order = str_cmp(a->key->text, b->key->text);

	if (order)
		return order;
	return (a->key->where.at > b->key->where.at) -
	       (a->key->where.at < b->key->where.at);
}

static void check_duplicates(const struct loader *l,
	const struct yaml_node *map)
{
	struct named *list;
	size_t n = 0;

	if (map->count < 2)
		return;
	list = xmalloc(map->count * sizeof(*list));
	for (const struct yaml_node *e = map->first; e; e = e->next)
		list[n++].key = e->key;
	qsort(list, n, sizeof(*list), named_cmp);
	for (size_t i = 1; i < n; i++) {
		const struct yaml_node *key = list[i].key;
		const struct yaml_node *before = list[i - 1].key;
		if (!str_eq(key->text, before->text))
			continue;
		diag_add(l->ds, DIAG_ERROR, E4, key->where,
			"duplicate key `%.*s`", STR_ARG(key->text));
		diag_also(l->ds, before->where, "it already stands here");
	}
	free(list);
}

/* Hangs a finished scalar, or a list or map just opened, into its parent. */
static bool node_place(struct loader *l, struct yaml_node *n)
{
	if (l->depth == 0) {
		l->root = n;
		return true;
	}
	struct open *o = &l->open[l->depth - 1];
	if (o->node->kind == YAML_MAP && !o->key) {
		if (n->kind != YAML_SCALAR) {
			diag_add(l->ds, DIAG_ERROR, E1, n->where,
				"a key can only be a word or a text");
			diag_hint(l->ds, "did you mean to quote it?");
			return false;
		}
		o->key = n;
		return true;
	}
	n->key = o->key;
	o->key = NULL;
	if (o->last)
		o->last->next = n;
	else
		o->node->first = n;
	o->last = n;
	o->node->count++;
	return true;
}

static bool node_open(struct loader *l, struct yaml_node *n)
{
	if (l->depth == YAML_DEPTH_MAX)
		return limit_reached(l, n->where,
			"lists and maps nested deeper than 64");
	if (!node_place(l, n))
		return false;
	l->open[l->depth++] = (struct open){ .node = n };
	return true;
}

static void node_close(struct loader *l, const yaml_event_t *ev)
{
	struct open *o = &l->open[--l->depth];
	struct yaml_node *n = o->node;
	uint32_t end = offset_at(l, ev->end_mark.index);
	uint32_t start = offset_at(l, ev->start_mark.index);

	/* The end of a block has no character of its own. */
	if (end > start)
		n->where.end = end;
	else if (o->last)
		n->where.end = o->last->where.end;
	if (end == start && n->kind == YAML_MAP && n->first)
		n->where.at = n->first->key->where.at;
	if (n->where.end < n->where.at)
		n->where.end = n->where.at;
	if (n->kind == YAML_MAP)
		check_duplicates(l, n);
}

static struct yaml_node *node_new(struct loader *l, const yaml_event_t *ev,
	enum yaml_kind kind)
{
	struct yaml_node *n = ARENA_NEW(l->arena, struct yaml_node);

	n->kind = kind;
	n->where = span_of(l, ev);
	return n;
}

static void anchor_add(struct loader *l, const yaml_char_t *name,
	const struct yaml_node *n)
{
	if (!name)
		return;
	struct anchor *an = ARENA_NEW(l->arena, struct anchor);
	an->name = arena_str(l->arena, str_from((const char *)name));
	an->node = n;
	an->older = l->anchors;
	l->anchors = an;
}

static void tag_refuse(const struct loader *l, const yaml_char_t *tag,
	struct span where)
{
	if (!tag)
		return;
	diag_add(l->ds, DIAG_ERROR, E5, where, "a YAML tag (`%s`)",
		(const char *)tag);
	diag_hint(l->ds, "tags have no meaning here; quote the text if it "
			 "starts with `!`");
}

/* --- aliases ------------------------------------------------------------ */

static struct yaml_node *node_copy_one(struct loader *l,
	const struct yaml_node *n)
{
	struct yaml_node *copy = ARENA_NEW(l->arena, struct yaml_node);

	*copy = *n;
	copy->first = copy->next = copy->key = NULL;
	copy->count = 0;
	return copy;
}

/* A key, a scalar or the opening of a list or map, as if written here. */
static bool alias_place(struct loader *l, const struct yaml_node *n,
	struct span where)
{
	struct yaml_node *copy = node_copy_one(l, n);

	if (!count_event(l, where))
		return false;
	return n->kind == YAML_SCALAR ? node_place(l, copy)
				      : node_open(l, copy);
}

/*
 * Copies `from` into the tree.  The copy keeps the places of its anchor; the
 * limits count as for written text and are reported at the alias.
 */
static bool alias_expand(struct loader *l, const struct yaml_node *from,
	struct span where)
{
	const struct yaml_node *rest[YAML_DEPTH_MAX] = { NULL };
	unsigned base = l->depth;
	const struct yaml_node *n = from;

	for (;;) {
		if (n->key && n != from && !alias_place(l, n->key, where))
			return false;
		if (!alias_place(l, n, where))
			return false;
		if (n->kind != YAML_SCALAR)
			rest[l->depth - 1] = n->first;
		while (l->depth > base && !rest[l->depth - 1])
			l->depth--;
		if (l->depth == base)
			return true;
		n = rest[l->depth - 1];
		assert(n);
		rest[l->depth - 1] = n->next;
	}
}

static bool is_open(const struct loader *l, const struct yaml_node *n)
{
	for (unsigned i = 0; i < l->depth; i++)
		if (l->open[i].node == n)
			return true;
	return false;
}

static bool on_alias(struct loader *l, const yaml_event_t *ev)
{
	struct str name = str_from((const char *)ev->data.alias.anchor);
	struct span where = span_of(l, ev);
	const struct anchor *an = l->anchors;

	if (++l->aliases > YAML_ALIASES_MAX)
		return limit_reached(l, where,
			"more than 100 aliases in one file");
	while (an && !str_eq(an->name, name))
		an = an->older;
	if (!an) {
		diag_add(l->ds, DIAG_ERROR, E1, where,
			"an alias to `%.*s`, which is no anchor above",
			STR_ARG(name));
		diag_hint(l->ds, "quote a text that starts with `*`");
		return false;
	}
	if (is_open(l, an->node)) {
		diag_add(l->ds, DIAG_ERROR, E5, where,
			"the alias `%.*s` stands inside its own anchor",
			STR_ARG(name));
		diag_also(l->ds, an->node->where, "the anchor");
		return false;
	}
	return alias_expand(l, an->node, where);
}

/* --- events ------------------------------------------------------------- */

static bool on_scalar(struct loader *l, const yaml_event_t *ev)
{
	struct yaml_node *n = node_new(l, ev, YAML_SCALAR);

	n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->text = arena_str(l->arena,
		(struct str){ (const char *)ev->data.scalar.value,
			ev->data.scalar.length });
	tag_refuse(l, ev->data.scalar.tag, n->where);
	anchor_add(l, ev->data.scalar.anchor, n);
	return node_place(l, n);
}

static bool on_document(struct loader *l, const yaml_event_t *ev)
{
	if (!l->root)
		return true;
	diag_add(l->ds, DIAG_ERROR, E5, span_of(l, ev),
		"a second document in one file");
	diag_hint(l->ds, "one file holds one document");
	return false;
}

/* False ends the file. */
static bool on_event(struct loader *l, const yaml_event_t *ev)
{
	struct yaml_node *n;

	if (ev->type != YAML_ALIAS_EVENT && !count_event(l, span_of(l, ev)))
		return false;
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(l, ev);
	case YAML_SCALAR_EVENT:
		return on_scalar(l, ev);
	case YAML_ALIAS_EVENT:
		return on_alias(l, ev);
	case YAML_SEQUENCE_START_EVENT:
		n = node_new(l, ev, YAML_LIST);
		tag_refuse(l, ev->data.sequence_start.tag, n->where);
		anchor_add(l, ev->data.sequence_start.anchor, n);
		return node_open(l, n);
	case YAML_MAPPING_START_EVENT:
		n = node_new(l, ev, YAML_MAP);
		tag_refuse(l, ev->data.mapping_start.tag, n->where);
		anchor_add(l, ev->data.mapping_start.anchor, n);
		return node_open(l, n);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		node_close(l, ev);
		return true;
	default:
		return true;
	}
}

static bool read_events(struct loader *l)
{
	bool ok = true;
	bool end = false;

	while (ok && !end) {
		yaml_event_t ev;
		if (!yaml_parser_parse(&l->parser, &ev)) {
			report_syntax(l);
			return false;
		}
		end = ev.type == YAML_STREAM_END_EVENT;
		ok = on_event(l, &ev);
		yaml_event_delete(&ev);
	}
	if (ok && !l->root)
		diag_add(l->ds, DIAG_ERROR, E1, span_at(l, 0, 0),
			"the file is empty");
	return ok && l->root;
}

const struct yaml_node *yaml_parse(struct arena *a, const struct source *src,
	struct diags *ds)
{
	struct loader l = { .arena = a, .src = src, .ds = ds };

	if (src->text.len > YAML_BYTES_MAX) {
		limit_reached(&l, span_at(&l, 0, 0), "a file above 1 MiB");
		return NULL;
	}
	if (str_starts(src->text, STR("\xef\xbb\xbf")))
		l.bom = 3;
	index_characters(&l);
	if (!yaml_parser_initialize(&l.parser))
		oom_die(0);
	yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.parser,
		(const unsigned char *)src->text.ptr + l.bom,
		src->text.len - l.bom);
	bool ok = read_events(&l);
	yaml_parser_delete(&l.parser);
	return ok ? l.root : NULL;
}
