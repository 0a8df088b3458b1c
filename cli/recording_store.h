#ifndef CLI_RECORDING_STORE_H
#define CLI_RECORDING_STORE_H

#include "cli/recording.h"
#include "regions/line.h"
#include "store/facts.h"
#include "store/store.h"

/*
 * A deployment as the store of its line remembers it: what is history, canary
 * and control is said by the code that judged it (cli/trial.h), and so are the
 * settings of its stage.  Time 0 is when it was done; what came while it was
 * deployed is left out, and the history ends where that began.
 *
 * As much as the store keeps: results older than --keep are gone.
 */
bool recording_of(struct arena *a, struct store *s, const struct facts *f,
	const struct line *l, const struct deployment *d, size_t region,
	struct recording *ret, struct err *e);

#endif
