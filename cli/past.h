#ifndef CLI_PAST_H
#define CLI_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "detectors/watch.h"
#include "store/facts.h"

/*
 * What else was deployed, as far as it matters to the judging of one region:
 * which of its past is history, and when a control says nothing.  Pure, from
 * the facts alone.
 */

/* At most this many gaps for `ncontrols` controls. */
size_t past_gaps_max(const struct facts *f, size_t ncontrols);
/*
 * Arms of watch_gap: 0 is the canary, in which something was that was never
 * accepted; 1.. are the controls, from their deployment's start to its
 * verdict.  Returns how many.
 */
size_t past_gaps(const struct facts *f, const struct watch_spec *spec,
	struct watch_gap *ret);
/* The versions that were accepted in the region; false: nothing was ever
 * deployed there by us, all of the past is history. */
bool past_versions(const struct facts *f, const struct watch_spec *spec,
	struct arena *a, const struct str **ret, size_t *ret_count);

#endif
