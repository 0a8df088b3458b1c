#ifndef SUITES_BESIDE_H
#define SUITES_BESIDE_H

#include "base/yaml.h"

/*
 * Files that a suite names: bodies, rows, the values of file().
 *
 * A path is relative to the folder of the file that names it, and stays in
 * that folder: the kernel refuses what leads out of it, by `..`, by a link or
 * as an absolute path (openat2, RESOLVE_BENEATH), and a kernel that can not do
 * so is given nothing to open.  Only regular files are read, and all of them
 * while the suite is loaded: what is sent is part of the plan, and of its hash
 * (`parts` of the source that names them).
 */
enum {
	BESIDE_BYTES_MAX = 16 << 20,
	BESIDE_PATH_MAX = 1024,
	BESIDE_TOTAL_MAX = 256 << 20 /* of all that one load holds */
};

/* False: E006 was reported at `where`, which says whose folder it is. */
bool beside_read(struct arena *a, struct str path, struct span where,
	struct str *ret, struct diags *ds);
/*
 * Another YAML file of the suites' tree, which may lie outside of the folder
 * of whoever names it, but not outside of `root`.  The path is relative to
 * that folder; NULL: E006 was reported.
 */
const struct source *beside_source(struct arena *a, struct str root,
	struct str path, struct span where, struct diags *ds);
/* Its name, with every `..` worked out; STR_NONE: it leads out of the root. */
struct str beside_name(struct arena *a, struct str root, struct str path,
	struct span where);
/* The path as whoever started us would write it, for messages. */
struct str beside_path(struct arena *a, struct str path, struct span where);

#endif
