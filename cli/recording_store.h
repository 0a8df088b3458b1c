#ifndef CLI_RECORDING_STORE_H
#define CLI_RECORDING_STORE_H

#include "cli/recording.h"
#include "regions/line.h"
#include "store/facts.h"
#include "store/store.h"

/* Where a recording is taken from; all is borrowed. */
struct recording_source {
	struct store *store;
	const struct facts *facts;
	const struct line *line;
	/* Only what the store wrote in here; 0: no bound. */
	int64_t from_us, to_us;
};

/*
 * A deployment as the store of its line remembers it: what is history, canary
 * and control is said by the code that judged it (cli/trial.h), and so are the
 * settings of its stage.  Time 0 is when it was done; what came while it was
 * deployed is left out, and the history ends where that began.
 *
 * As much as the store keeps: results older than --keep are gone.  A range in
 * which there is nothing, or that ends before the deployment was done, is an
 * error.
 */
bool recording_of(struct arena *a, const struct recording_source *from,
	const struct deployment *d, size_t region, struct recording *ret,
	struct err *e);

#endif
