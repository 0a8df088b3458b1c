#ifndef SUITES_NAME_H
#define SUITES_NAME_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/str.h"

/*
 * Names of variables, in the suite and in the groups that it uses.
 *
 * A group sees its own names only.  So each name in it stands behind the scope
 * of its source (base/diag.h): `token` of the group that the step `login`
 * uses is `login / token` for everyone else.  Built-in names (region, run.id,
 * row.sku) are the same everywhere.
 */

/* The first words of built-in names: nothing of the author's may hide them. */
bool name_is_reserved(struct str name);
/* The name as it is known to the run; `where` it is written. */
struct str name_full(struct arena *a, struct str name, struct span where);
/* As it was written. */
struct str name_local(struct str full);

#endif
