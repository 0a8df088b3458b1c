#ifndef BASE_YAML_LAYOUT_H
#define BASE_YAML_LAYOUT_H

#include "base/buf.h"
#include "base/keys.h"
#include "base/yaml.h"

/*
 * The canonical form of a YAML file, for `andon fmt`.
 *
 * Indented by two, lists inside of their key; flow collections that fit in a
 * line stay so; block scalars and quotes stay, but quotes that nothing needs
 * go; at most one blank line; every comment stays with its node.  Where a
 * table is known for a mapping its keys come in the order of the table, but in
 * a file with aliases, where an anchor must stand first.
 */
struct yaml_order {       /* path NULL ends the list */
	const char *path; /* glob: "", "steps/?*", a list's items are numbers */
	const struct key *table;
};

enum { YAML_LAYOUT_MAX = 4 << 20, YAML_LINE_MAX = 80 };

enum yaml_layout_end {
	YAML_LAYOUT_OK,
	YAML_LAYOUT_WRONG, /* not YAML: `ds` says why */
	YAML_LAYOUT_OTHER  /* the result would read differently: not given */
};

/*
 * Adds the file to `out`.  What comes out is read again and compared, node by
 * node; when it is not the same, or a comment is missing, nothing is added.
 */
enum yaml_layout_end yaml_layout(struct arena *a, const struct source *src,
	const struct yaml_order *orders, struct buf *out, struct diags *ds);

#endif
