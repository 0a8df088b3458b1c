#ifndef CLI_SUSPECTING_H
#define CLI_SUSPECTING_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "cli/seats.h"
#include "store/store.h"

/*
 * Which checks the referee wants asked more often: what its trials suspect,
 * in the canary and in all of its controls, at most SUSPECTS_MAX at once.
 *
 * A suspect holds for a while after it was last suspected and is renewed long
 * before it ends, so that every runner reads the renewal; it begins a little
 * after it was written, so that every runner begins with it.  A detector that
 * starts goes on with what the store still has.
 */
enum {
	SUSPECT_LEAD_MS = 2500, /* runners read the facts once a second */
	SUSPECT_HOLD_MS = 30000,
	SUSPECT_RENEW_MS = 20000 /* less is left: renewed */
};

/* What the store should say now; false: it says so already. */
bool suspecting_next(const struct seats *s, const struct facts *f,
	uint64_t epoch, struct arena *a, struct suspicion *ret);
/* Writes it when there is something new; *ret_kept false: fenced. */
bool suspecting_write(const struct seats *s, const struct seats_turn *t,
	bool *ret_kept, struct err *e);

#endif
