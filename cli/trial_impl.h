#ifndef CLI_TRIAL_IMPL_H
#define CLI_TRIAL_IMPL_H

#include "cli/trial.h"
#include "detectors/watch.h"
#include "gate/credit.h"
#include "store/feed.h"

/*
 * What cli/trial.c, which judges, and cli/trial_save.c, which writes it all
 * down and reads it again, share; used by these two only.
 */
struct trial {
	struct arena *arena; /* of everything that does not grow */
	struct str name, region;
	struct str shape;
	struct str reads; /* the regions in the order of the cursor's, and
			   * whether answers tell their version */
	struct gate_settings settings;
	struct watch_spec spec;
	struct credit_shape credit_shape;
	struct watch *watch;
	struct credit *credit;
	void *credit_state;
	struct feed *feed;
	struct cursor cursor;
	char (*id_text)[48]; /* what cursor.id points at */
	bool placed;         /* the cursor stands at the start of the history */
	int64_t credit_from_us;
	struct deployment_pause pause[DEPLOYMENT_PAUSES_MAX];
	size_t npauses;
	int64_t read_from_us, read_to_us; /* stamps of the store; 0: any */
	trial_tap_fn *tap;
	void *tap_owner;
};

#endif
