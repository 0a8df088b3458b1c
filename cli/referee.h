#ifndef CLI_REFEREE_H
#define CLI_REFEREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "regions/line.h"
#include "store/journal.h"
#include "store/store.h"

/*
 * The detector process: holds the lease of the line, keeps one trial for
 * every region of every deployment that is being judged, writes what they
 * say, and lets the keeper (gate/keeper.h) move the deployments along.
 *
 * One turn is: facts, trials, judgements, settle, write.  A halt is written
 * into the fsynced journal before it is written into the store, and is put
 * back there while it stands: losing the store's memory can delay a pass, but
 * never undo a halt.
 *
 * Belongs to one thread.  Without the lease it only stands by.
 */
struct referee;

struct referee_options {
	const struct line *line;
	struct store *store;     /* borrowed */
	struct journal *journal; /* borrowed; NULL: none (tests) */
	struct str id;
	uint32_t lease_ms;      /* 0: 5 s */
	uint32_t checkpoint_ms; /* 0: 5 s; tests may want every turn */
};

enum referee_event {
	REFEREE_LEASE_TAKEN,
	REFEREE_STANDING_BY,
	REFEREE_LEASE_LOST,
	REFEREE_STOPPED, /* text: deployment and why */
	REFEREE_ACCEPTED,
	REFEREE_REASSERTED, /* a halt was missing in the store */
	REFEREE_ALONE,      /* a halt is on no replica yet */
	REFEREE_PLAN        /* the credit starts again: another plan */
};

struct referee *referee_new(const struct referee_options *o);
void referee_free(struct referee *r); /* gives the lease back; NULL is fine */

/* Called for every event, in the referee's thread. */
void referee_on_event(struct referee *r,
	void (*fn)(enum referee_event ev, struct str text, void *owner),
	void *owner);

/*
 * One turn.  False: the store could not be used (*e); the next turn tries
 * again.  *ret_busy: there is more to read, do not wait.
 */
bool referee_turn(struct referee *r, bool *ret_busy, struct err *e);
/* Waits for an event or a result, at most wait_ms. */
bool referee_wait(struct referee *r, int wait_ms, struct err *e);
bool referee_holds_lease(const struct referee *r);
/* The file was reloaded: `line` lives as long as the referee. */
void referee_reload(struct referee *r, const struct line *line);

#endif
