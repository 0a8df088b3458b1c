#ifndef BASE_LITERAL_H
#define BASE_LITERAL_H

#include "base/diag.h"
#include "base/yaml.h"

/*
 * Secrets that were written into a file (W103): by the name of their key, or by
 * how they look: `Bearer ...`, `AKIA...`, a private key, random characters.
 */

/* `${...}` is looked over: names and arguments are no secrets. */
bool literal_looks_secret(struct str text);
/* "api_key", "X-Session": what stands under such a name is one. */
bool name_looks_secret(struct str name);

/*
 * W103 for each scalar below `root`.  What is below one of the keys of
 * `not_sent` (NULL ends it) is left out: texts for people, and values to
 * compare with.
 */
void literals_check(const struct yaml_node *root, const char *const *not_sent,
	const char *hint, struct diags *ds);

#endif
