#ifndef CLI_CALIBRATE_H
#define CLI_CALIBRATE_H

#include "cli/replay.h"

/*
 * A team's own history, cut into pieces and put together anew as deployments
 * of a healthy version: how often would these settings have stopped them, and
 * how soon would they have found faults that are put into the canary?
 *
 * A piece keeps all regions side by side, so that what they share stays
 * shared.  The same seed gives the same deployments.
 */
enum {
	CALIBRATE_HEALTHY = 400,
	CALIBRATE_FAULTY = 50, /* of each fault */
	CALIBRATE_PIECE_S = 600,
	CALIBRATE_PIECES_MIN = 3
};

/* clang-format off */
#define FAULT_MAP(X)                                   \
	X(ALL,    "all checks down")                   \
	X(ONE,    "one check down")                    \
	X(ADD20,  "20 points more failures")           \
	X(ADD5,   "5 points more failures")            \
	X(SLOWER, "answers take twice as long")

enum fault {
#define X(name, text) FAULT_##name,
	FAULT_MAP(X)
#undef X
	FAULTS
};
/* clang-format on */

struct calibrated {
	uint32_t pieces; /* that the history has */
	bool latencies;  /* it knows some: else no fault of theirs */
	uint32_t halts, passes;
	double share[2];         /* 95 % interval of the false halts */
	uint32_t found[FAULTS];  /* of CALIBRATE_FAULTY */
	double median_s[FAULTS]; /* infinite: less than half are found */
};

/* False: the history is too short to cut. */
bool calibrate(const struct detector *d, const struct recording *rec,
	const struct replay_settings *s, uint64_t seed, struct calibrated *ret,
	struct err *e);

void calibrate_say_json(const struct recording *rec, const struct calibrated *c,
	struct buf *out);
void calibrate_say_human(const struct recording *rec,
	const struct calibrated *c, struct buf *out);

#endif
