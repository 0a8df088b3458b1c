#include "base/yaml.h"

#include <assert.h>

void yaml_walk_start(struct yaml_walk *w, const struct yaml_node *root)
{
	w->depth = 0;
	if (root)
		w->stack[w->depth++] = root;
}

const struct yaml_node *yaml_walk_next(struct yaml_walk *w, bool into)
{
	const struct yaml_node *n;

	/* The top of the stack was handed out last, but for the first call. */
	if (w->depth == 0)
		return NULL;
	n = w->stack[w->depth - 1];
	if (into && n->first) {
		assert(w->depth < sizeof(w->stack) / sizeof(w->stack[0]));
		w->stack[w->depth++] = n->first;
		return n->first;
	}
	while (w->depth > 1) {
		n = w->stack[w->depth - 1]->next;
		if (n) {
			w->stack[w->depth - 1] = n;
			return n;
		}
		w->depth--;
	}
	w->depth = 0;
	return NULL;
}

struct span yaml_extent(const struct yaml_node *n)
{
	struct span all = n->where;
	struct yaml_walk w;

	yaml_walk_start(&w, n);
	while ((n = yaml_walk_next(&w, true))) {
		if (n->where.src != all.src)
			continue;
		if (n->where.end > all.end)
			all.end = n->where.end;
		if (n->where.at < all.at)
			all.at = n->where.at;
	}
	return all;
}
