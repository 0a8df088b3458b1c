#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/options.h"
#include "cli/recording.h"
#include "detectors/detector.h"

/*
 * A recording through a detector, as a live judge would have seen it: results
 * in order of time behind a watermark of 2 s, one that comes later fed at the
 * watermark, looked at after every result.  Pure but for the file.
 */
#define REPLAY_GRACE_US 2000000

/* Evidence over time: when it first was at or above each of these. */
#define REPLAY_LEVELS 4
extern const double replay_level[REPLAY_LEVELS];

struct replay_settings {
	double values[DETECTOR_MAX_PARAMS];
	double false_halt;      /* 0: as recorded, else 1 % */
	double smallest_effect; /* 0: as recorded, else by the runs a minute */
	uint64_t soak_ms;       /* 0: as recorded */
	bool verdict_only;      /* no counts by check, no counterfactual */
};

struct replayed {
	struct opinion opinion;
	struct stage_shape shape; /* with the settings */
	int64_t now_us;           /* of the verdict, after the deploy */
	uint64_t fed, late;
	int64_t level_us[REPLAY_LEVELS]; /* -1: never */
	/*
	 * Of a halt: without how many of the canary's newest failures, or slow
	 * answers where these carry it, it would not have stopped at this
	 * moment; 0: unknown.
	 */
	uint64_t counterfactual;
	struct latency_seen latency[LATENCY_SEEN_MAX];
	uint32_t nlatencies;
	struct tally *canary, *control; /* per check, xmalloc'd */
};

void replay_defaults(const struct detector *d, struct replay_settings *ret);
/*
 * All --set NAME=VALUE into the settings: false_halt, smallest_effect, soak,
 * or one of the detector's.  Unknown names and values out of range are
 * reported; false when any is.
 */
bool replay_set(const struct detector *d, const struct list *sets,
	struct arena *a, struct replay_settings *s, struct diags *ds);

void replay_run(const struct detector *d, const struct recording *rec,
	const struct replay_settings *s, struct replayed *ret);
void replayed_free(struct replayed *r);

/* One line of JSON, and the same for people. */
void replay_say_json(const struct recording *rec, const struct replayed *r,
	struct buf *out);
void replay_say_human(const struct recording *rec, const struct replayed *r,
	struct buf *out);

#endif
