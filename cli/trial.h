#ifndef CLI_TRIAL_H
#define CLI_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "regions/line.h"
#include "store/facts.h"
#include "store/store.h"

/*
 * A trial: one region of one deployment before its judges.  It reads the
 * region's and its controls' results in the one order in which they count,
 * and gives each to the credit (gate/) and to the detector (detectors/),
 * which know nothing of each other.
 *
 * A trial is a function of the stream alone: after a crash it begins at its
 * checkpoint, or at the start of its history, and comes to the same numbers.
 * It belongs to the thread of its store.
 */
struct trial;

enum { TRIAL_HISTORY_H = 24 };

/* Whom a trial is about; all is borrowed. */
struct trial_subject {
	const struct line *line;
	const struct stage *stage;
	const struct deployment *deployment;
	size_t region; /* of the deployment */
	/* Credit counts from there at the earliest; 0: deploy done. */
	int64_t credit_from_us;
	/*
	 * For replays: what the store wrote from then on, and before then; 0:
	 * no bound.  A trial with a bound is not saved.
	 */
	int64_t read_from_us, read_to_us;
};

/* NULL when the plan names no required check for the region (*ret_why). */
struct trial *trial_new(const struct facts *f, const struct trial_subject *of,
	struct str *ret_why, struct arena *a);
/* Other deployments have started or ended since: who is left out now; and
 * when the cord was pulled over this one. */
void trial_refresh(struct trial *t, const struct facts *f, struct arena *a);
void trial_free(struct trial *t); /* NULL is fine */

struct str trial_name(const struct trial *t); /* "deployment@region" */
/* Over the checks that are required, and the controls. */
struct str trial_shape(const struct trial *t);
/* What trial_new() would make now; "": no check is required. */
struct str trial_shape_of(const struct facts *f, const struct stage *s,
	struct str region, struct arena *a);
const struct gate_settings *trial_settings(const struct trial *t);

/* A stage's settings with everything derived from the plan filled in; of
 * several regions, those of the slowest. */
struct gate_settings trial_stage_settings(const struct facts *f,
	const struct stage *s, struct arena *a);

/*
 * Reads what is there; *ret_caught_up when nothing is left.  `budget` bounds
 * the results of one call, so that a long history does not starve a lease.
 */
bool trial_read(struct trial *t, struct store *s, int64_t now_us, size_t budget,
	bool *ret_caught_up, struct err *e);
/* For tests and replays: the same without a store. */
void trial_feed(struct trial *t, const struct result *r, int64_t at_us);

/* Who looks on: each result as it counts, in that order; NULL: nobody. */
struct watched;
typedef void trial_tap_fn(void *owner, const struct watched *o);
void trial_tap(struct trial *t, trial_tap_fn *fn, void *owner);
struct watch_spec;
const struct watch_spec *trial_spec(const struct trial *t);
int64_t trial_t0_us(const struct trial *t); /* 0: the warm-up goes on */

/* Streams and cursors that wake it. */
const struct cursor *trial_cursor(const struct trial *t);

void trial_judge(const struct trial *t, int64_t now_us, struct arena *a,
	struct judgement *ret);
/* Checks that more results would soon tell about, with the regions that are
 * compared; the worst first. */
size_t trial_suspects(const struct trial *t, struct arena *a,
	struct suspect ret[SUSPECTS_MAX]);
/* The frozen bundle of a stopped deployment, as JSON. */
void trial_evidence(const struct trial *t, const struct judgement *j,
	struct buf *out);

/* `out` is empty. */
void trial_save(const struct trial *t, struct buf *out);
/* False: of other checks, regions or settings, or damaged; the trial is as it
 * was. */
bool trial_load(struct trial *t, struct str saved);

#endif
