/*
 * Comments of a file, and the node that each of them belongs to.
 */
#include <string.h>

#include "base/yaml_layout_tree.h"

uint32_t layout_column(const struct layout_file *f, uint32_t at)
{
	uint32_t start = at;

	while (start && f->text.ptr[start - 1] != '\n')
		start--;
	return at - start;
}

static uint32_t line_start(const struct layout_file *f, uint32_t at)
{
	return at - layout_column(f, at);
}

static bool line_is_blank(const struct layout_file *f, uint32_t start)
{
	for (uint32_t i = start; i < f->text.len; i++) {
		if (f->text.ptr[i] == '\n')
			return true;
		if (!strchr(" \t", f->text.ptr[i]))
			return false;
	}
	return true;
}

bool layout_blank_above(const struct layout_file *f, uint32_t at)
{
	uint32_t start = line_start(f, at);

	return start > 0 && line_is_blank(f, line_start(f, start - 1));
}

/* --- finding them --- */

static bool only_space_before(const struct layout_file *f, uint32_t at)
{
	for (uint32_t i = line_start(f, at); i < at; i++) {
		if (!strchr(" \t", f->text.ptr[i]))
			return false;
	}
	return true;
}

static void comment_add(struct layout_file *f, uint32_t at, uint32_t end)
{
	struct layout_comment *c = ARENA_NEW(f->arena, struct layout_comment);
	static const char space[] = " \t";

	c->at = at;
	c->own = only_space_before(f, at);
	c->column = (uint32_t)str_codepoints(
		str_sub(f->text, line_start(f, at), layout_column(f, at)));
	c->blank = layout_blank_above(f, at);
	while (end > at && strchr(space, f->text.ptr[end - 1]))
		end--;
	c->text = str_sub(f->text, at, end - at);
	c->next = f->comments; /* the last one first; turned round later */
	f->comments = c;
	f->ncomments++;
}

/* From `at` to `end` there is no text of a scalar. */
static void gap_scan(struct layout_file *f, uint32_t at, uint32_t end)
{
	for (; at < end; at++) {
		size_t stop;

		if (f->text.ptr[at] != '#' ||
			(at && !strchr(" \t\n", f->text.ptr[at - 1])))
			continue;
		stop = str_find_byte(f->text, '\n', at);
		if (stop == SIZE_MAX)
			stop = f->text.len;
		comment_add(f, at, (uint32_t)stop);
		at = (uint32_t)stop;
	}
}

/* The header of a block scalar may have a comment: `|  # text` */
static uint32_t scalar_scan(struct layout_file *f, const struct layout_node *n)
{
	size_t eol = str_find_byte(f->text, '\n', n->at);

	if (!n->block_scalar)
		return n->end;
	if (eol == SIZE_MAX)
		eol = f->text.len;
	gap_scan(f, n->at, (uint32_t)eol);
	return n->end > eol ? n->end : (uint32_t)eol;
}

/* NOLINTBEGIN(misc-no-recursion): YAML is at most 64 deep, base/yaml.h */
static uint32_t node_scan(struct layout_file *f, const struct layout_node *n,
	uint32_t from)
{
	if (n->key) {
		gap_scan(f, from, n->key->at);
		from = scalar_scan(f, n->key);
	}
	if (n->kind == LAYOUT_SCALAR || n->kind == LAYOUT_ALIAS) {
		gap_scan(f, from, n->at > from ? n->at : from);
		return n->at < from ? from : scalar_scan(f, n);
	}
	for (const struct layout_node *e = n->first; e; e = e->next)
		from = node_scan(f, e, from);
	if (n->flow && n->end > from) {
		gap_scan(f, from, n->end);
		from = n->end;
	}
	return from;
}
/* NOLINTEND(misc-no-recursion) */

/* --- placing them --- */

static void hang(struct layout_comments *to, struct layout_comment *c)
{
	c->next = NULL;
	if (to->last)
		to->last->next = c;
	else
		to->first = c;
	to->last = c;
}

static bool is_collection(const struct layout_node *n)
{
	return n->kind == LAYOUT_LIST || n->kind == LAYOUT_MAP;
}

/* The last entry of a collection that begins before `at`. */
static struct layout_node *entry_before(const struct layout_node *n,
	uint32_t at)
{
	struct layout_node *last = NULL;

	for (struct layout_node *e = n->first; e && e->entry < at; e = e->next)
		last = e;
	return last;
}

/* Is it behind the end of a flow collection, or of a scalar? */
static bool is_over(const struct layout_node *n, uint32_t at)
{
	return !is_collection(n) || (n->flow && n->end <= at);
}

static void place_beside(struct layout_file *f, struct layout_comment *c)
{
	struct layout_node *n = f->root;
	struct layout_node *owner = NULL;

	while (!is_over(n, c->at)) {
		struct layout_node *e = entry_before(n, c->at);

		if (n->flow)
			n->broken = true;
		if (!e)
			break;
		owner = e;
		n = e;
	}
	if (owner)
		hang(&owner->beside, c);
	else if (f->root->first)
		hang(&f->root->first->before, c);
	else
		hang(&f->root->before, c);
}

/* The path of collections around a place; the root is the first. */
static unsigned path_to(const struct layout_file *f, uint32_t at,
	struct layout_node *path[YAML_DEPTH_MAX + 1])
{
	struct layout_node *n = f->root;
	unsigned depth = 0;

	while (n && !is_over(n, at)) {
		path[depth++] = n;
		n = entry_before(n, at);
	}
	return depth;
}

static void place_own(struct layout_file *f, struct layout_comment *c)
{
	struct layout_node *path[YAML_DEPTH_MAX + 1];
	unsigned depth = path_to(f, c->at, path);

	while (depth > 0) {
		struct layout_node *n = path[--depth];
		struct layout_node *e = entry_before(n, c->at);
		struct layout_node *next = e ? e->next : n->first;

		if (n->flow)
			n->broken = true;
		if (e && !is_collection(e) && e->at > c->at) {
			hang(&e->before, c); /* between a key and its value */
			return;
		}
		if (next) {
			hang(&next->before, c);
			return;
		}
		if (n->flow || !n->first ||
			c->column >= layout_column(f, n->first->entry)) {
			hang(&n->tail, c);
			return;
		}
	}
	hang(&f->root->tail, c);
}

static void blanks_mark(struct layout_file *f, struct layout_node *n);

/* NOLINTBEGIN(misc-no-recursion): YAML is at most 64 deep, base/yaml.h */
static void blanks_mark(struct layout_file *f, struct layout_node *n)
{
	n->blank = layout_blank_above(f, n->entry) &&
		   only_space_before(f, n->entry);
	for (struct layout_node *e = n->first; e; e = e->next)
		blanks_mark(f, e);
}
/* NOLINTEND(misc-no-recursion) */

/* Comments at the top that a blank line parts from the first key. */
static void head_part(struct layout_file *f)
{
	struct layout_node *first = f->root->first;
	struct layout_comment *last_of_head = NULL;

	if (!first || f->root->flow || !first->before.first)
		return;
	for (struct layout_comment *c = first->before.first; c; c = c->next) {
		if (c->next ? c->next->blank : first->blank)
			last_of_head = c;
	}
	if (!last_of_head)
		return;
	f->head.first = first->before.first;
	f->head.last = last_of_head;
	first->before.first = last_of_head->next;
	if (!last_of_head->next)
		first->before.last = NULL;
	last_of_head->next = NULL;
}

void layout_comments_place(struct layout_file *f)
{
	uint32_t from = node_scan(f, f->root, 0);
	struct layout_comment *list = NULL;

	gap_scan(f, from, (uint32_t)f->text.len);
	while (f->comments) {
		struct layout_comment *c = f->comments;

		f->comments = c->next;
		c->next = list;
		list = c;
	}
	while (list) {
		struct layout_comment *c = list;

		list = c->next;
		if (c->own || !is_collection(f->root))
			place_own(f, c);
		else
			place_beside(f, c);
	}
	blanks_mark(f, f->root);
	head_part(f);
}
