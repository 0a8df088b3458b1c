#ifndef BASE_ALLOW_H
#define BASE_ALLOW_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/keys.h"

/*
 * `lint: {allow: [W104]}` on a node of a suite or a line file: warnings that
 * its author has looked at and wants to keep.  It holds for the node and all
 * that stands below it, what it takes in included, and for these codes alone;
 * an error can never be allowed.  What is allowed and not there any more is a
 * warning itself (W115), so that it does not hide the next one; that one can be
 * allowed as well.
 *
 * One set belongs to the reader of one file, in one thread.
 */
struct allow;

struct allows {
	struct arena *arena;
	struct allow *first;
};

struct lint_keys {
	struct strs allow;
};

extern const struct key lint_key_table[];

/*
 * Reads `lint` (NULL: nothing is allowed) for all that stands in `holder`.
 * Read twice, as a suite is with its overrides, it counts once.
 */
void allow_read(struct allows *all, const struct yaml_node *lint,
	const struct yaml_node *holder, struct diags *ds);

/* Is it a warning that is allowed?  Then the entry was needed. */
bool allow_holds(const struct allows *all, const struct diag *d);

/* Hands on what is not allowed; notes go with theirs. */
void allow_filter(const struct allows *all, const struct diags *from,
	struct diags *to);

/* W115 for each entry that no warning needed: to be asked at the end, when
 * every check has been made. */
void allow_check(const struct allows *all, struct diags *ds);

#endif
