#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "store/facts.h"

/*
 * The detector's own memory of halts: an append-only file, fsynced before a
 * halt is written into the store, so that a store that forgets (failover,
 * eviction, FLUSHALL) can only delay a pass and never undo a halt.
 *
 * One line per entry with a CRC32C; a torn tail is cut off when it is opened.
 * A damaged line in the middle is skipped and counted.  After a failed write or
 * fsync the file is not trusted any more: the next call writes all of it anew.
 * Belongs to one thread and one process (the state folder's lock).
 */
struct journal;

struct journal *journal_open(const char *path, struct err *e);
void journal_close(struct journal *j); /* NULL is fine */
/* Both return only when the entry is on disk. ERR_IO. */
bool journal_halt(struct journal *j, const struct scope_state *s,
	struct err *e);
bool journal_resume(struct journal *j, struct str scope, struct err *e);
/* The halts that stand now, one per scope; until the next change. */
const struct scope_state *journal_halts(const struct journal *j,
	size_t *ret_count);
size_t journal_damaged(const struct journal *j); /* lines skipped */

#endif
