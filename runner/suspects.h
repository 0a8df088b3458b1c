#ifndef RUNNER_SUSPECTS_H
#define RUNNER_SUSPECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "runner/plan.h"
#include "store/facts.h"

/*
 * What a detector wants asked more often, as a worker keeps it: on this
 * machine's wall clock, and only from one moment to another.  Pure.
 */

/* A copy with times moved by shift_us; NULL stays NULL. */
const struct suspicion *suspicion_copy(struct arena *a,
	const struct suspicion *s, int64_t shift_us);
/* Does it want this job asked more often at that time?  `s` may be NULL. */
bool suspicion_wants(const struct suspicion *s, const struct job *j,
	int64_t wall_us);
/* When that may change next; 0: not any more. */
int64_t suspicion_turns(const struct suspicion *s, int64_t wall_us);

#endif
