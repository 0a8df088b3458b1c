#ifndef GATE_KEEPER_H
#define GATE_KEEPER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "regions/line.h"
#include "store/facts.h"

/*
 * The keeper moves deployments along: verifying, warming, soaking, accepted,
 * stopped, held, expired.  Only a detector that holds the lease runs it, and
 * what it writes is fenced by that lease.
 *
 * Pure: facts in, a transaction and permits out.  It believes judgements of
 * its own epoch alone, and never a judgement older than `KEEPER_FRESH_MS`.
 */
enum { KEEPER_FRESH_MS = 10000, PERMIT_MS = 15000 };

struct keeper_answer {
	struct tx *tx; /* may be empty */
	struct permit *permit;
	size_t npermits;
	/* deployments that this transaction stops: their evidence is to be
	 * frozen, their halt to be journaled before the commit */
	struct deployment *stopped;
	size_t nstopped;
	struct scope_state *halt; /* one per stopped or late failure */
	size_t nhalts;
};

/* `settings` answers l->stages one by one, everything derived filled in. */
struct keeper_answer keeper_settle(const struct facts *f, const struct line *l,
	const struct gate_settings *settings, uint64_t epoch, struct arena *a);

/*
 * What stands between this deployment and acceptance; `blocked` false means
 * that every kind of evidence is there now.  The gate says the same words.
 */
struct blocker;
void keeper_missing(const struct facts *f, const struct line *l,
	const struct stage *s, const struct deployment *d, struct arena *a,
	struct blocker *ret);

#endif
