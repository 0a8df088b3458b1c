/*
 * Reads a file for its layout: events of libyaml, with their places.
 */
#include "base/yaml_layout_tree.h"

#include <string.h>
#include <yaml.h>

#include "base/oom.h"

struct reading {
	struct layout_file *f;
	yaml_parser_t parser;
	uint32_t *offset; /* byte of each character */
	size_t ncharacters;
	struct layout_node *open[YAML_DEPTH_MAX + 1];
	struct layout_node *key[YAML_DEPTH_MAX + 1]; /* waits for its value */
	unsigned depth;
};

static void offsets_make(struct reading *r)
{
	struct str text = r->f->text;

	r->offset = ARENA_ARRAY(r->f->arena, text.len + 2, uint32_t);
	for (size_t i = 0; i < text.len; i++) {
		if (((unsigned char)text.ptr[i] & 0xc0) != 0x80)
			r->offset[r->ncharacters++] = (uint32_t)i;
	}
	r->offset[r->ncharacters] = (uint32_t)text.len;
}

static uint32_t offset_of(const struct reading *r, const yaml_mark_t *m)
{
	return r->offset[m->index < r->ncharacters ? m->index : r->ncharacters];
}

/* The dash of a list's item stands before it, with nothing but white space
 * and comments between. */
static uint32_t dash_before(const struct layout_file *f, uint32_t at,
	uint32_t from)
{
	uint32_t dash = at;

	for (uint32_t i = from; i < at; i++) {
		char c = f->text.ptr[i];

		if (c == '#' && (i == 0 || strchr(" \t\n", f->text.ptr[i - 1])))
			while (i < at && f->text.ptr[i] != '\n')
				i++;
		else if (c == '-')
			return i;
	}
	return dash;
}

static uint32_t entry_of(const struct reading *r, const struct layout_node *n,
	const struct layout_node *parent)
{
	const struct layout_node *before = parent->last;

	if (n->key)
		return n->key->at;
	if (parent->flow)
		return n->at;
	return dash_before(r->f, n->at, before ? before->end : parent->at);
}

static bool node_place(struct reading *r, struct layout_node *n)
{
	struct layout_node *parent = r->depth ? r->open[r->depth - 1] : NULL;

	if (!parent) {
		n->entry = n->at;
		r->f->root = n;
		return true;
	}
	if (parent->kind == LAYOUT_MAP && !r->key[r->depth - 1]) {
		r->key[r->depth - 1] = n;
		return n->kind == LAYOUT_SCALAR || n->kind == LAYOUT_ALIAS;
	}
	n->key = r->key[r->depth - 1];
	r->key[r->depth - 1] = NULL;
	n->entry = entry_of(r, n, parent);
	if (parent->last)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
	return true;
}

static bool node_open(struct reading *r, struct layout_node *n)
{
	if (r->depth == YAML_DEPTH_MAX || !node_place(r, n))
		return false;
	r->key[r->depth] = NULL;
	r->open[r->depth++] = n;
	return true;
}

static void node_close(struct reading *r, const yaml_event_t *ev)
{
	struct layout_node *n = r->open[--r->depth];

	n->end = offset_of(r, &ev->end_mark);
	if (!n->flow)
		n->end = n->last ? n->last->end : n->at;
}

static struct str name_take(const struct reading *r, const yaml_char_t *name)
{
	return name ? arena_str(r->f->arena, str_from((const char *)name))
		    : STR_NONE;
}

/* The span of the event is behind an anchor: `&a [1]`. */
static struct layout_node *node_new(const struct reading *r,
	const yaml_event_t *ev, enum layout_kind kind,
	const yaml_char_t *anchor)
{
	struct layout_node *n = ARENA_NEW(r->f->arena, struct layout_node);
	struct str text = r->f->text;

	n->kind = kind;
	n->anchor = name_take(r, anchor);
	n->at = offset_of(r, &ev->start_mark);
	n->end = offset_of(r, &ev->end_mark);
	if (kind == LAYOUT_ALIAS || !anchor)
		return n;
	while (n->at < text.len && !strchr(" \t\n", text.ptr[n->at]))
		n->at++;
	while (n->at < text.len && strchr(" \t\n", text.ptr[n->at]))
		n->at++;
	return n;
}

static bool on_scalar(struct reading *r, const yaml_event_t *ev)
{
	struct layout_node *n =
		node_new(r, ev, LAYOUT_SCALAR, ev->data.scalar.anchor);
	yaml_scalar_style_t style = ev->data.scalar.style;
	struct str text = r->f->text;

	n->plain = style == YAML_PLAIN_SCALAR_STYLE;
	n->block_scalar = style == YAML_LITERAL_SCALAR_STYLE ||
			  style == YAML_FOLDED_SCALAR_STYLE;
	n->text = arena_str(r->f->arena,
		(struct str){ (const char *)ev->data.scalar.value,
			ev->data.scalar.length });
	while (n->end > n->at && strchr(" \t\n", text.ptr[n->end - 1]))
		n->end--;
	if (n->end < n->at)
		n->end = n->at;
	return node_place(r, n);
}

static bool on_collection(struct reading *r, const yaml_event_t *ev)
{
	bool list = ev->type == YAML_SEQUENCE_START_EVENT;
	struct layout_node *n = node_new(r, ev, list ? LAYOUT_LIST : LAYOUT_MAP,
		list ? ev->data.sequence_start.anchor
		     : ev->data.mapping_start.anchor);

	n->flow =
		list ? ev->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
		     : ev->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	return node_open(r, n);
}

static bool on_event(struct reading *r, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		r->f->start = !ev->data.document_start.implicit;
		return true;
	case YAML_SCALAR_EVENT:
		return on_scalar(r, ev);
	case YAML_ALIAS_EVENT:
		r->f->aliases = true;
		return node_place(r,
			node_new(r, ev, LAYOUT_ALIAS, ev->data.alias.anchor));
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return on_collection(r, ev);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		node_close(r, ev);
		return true;
	default:
		return true;
	}
}

bool layout_read(struct layout_file *f)
{
	struct reading r = { .f = f };
	bool ok = true;
	bool end = false;

	offsets_make(&r);
	if (!yaml_parser_initialize(&r.parser))
		oom_die(0);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser,
		(const unsigned char *)f->text.ptr, f->text.len);
	while (ok && !end) {
		yaml_event_t ev;

		if (!yaml_parser_parse(&r.parser, &ev)) {
			ok = false;
			break;
		}
		end = ev.type == YAML_STREAM_END_EVENT;
		ok = on_event(&r, &ev);
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&r.parser);
	return ok && f->root;
}
