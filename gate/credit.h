#ifndef GATE_CREDIT_H
#define GATE_CREDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Soak credit: earned by data, never by the clock.
 *
 * Pure: results go in by the time at which they count (store/feed.h), in that
 * order; the same results give the same credit after a crash, in a second
 * detector and in a replay.  No clock decides anything here: time only moves
 * with results, so downtime of runners earns nothing.
 *
 * A bucket is max(2 s, 2 x the longest `every`) long, counted from the end of
 * warmup.  It earns its whole length when it is closed and every required
 * check has a counting result that ended in it, in the canary with this
 * version and in one control at least, and no other version answered in it.
 *
 * The state is one flat block of bytes without pointers: a checkpoint is a
 * copy of it.
 */
struct credit_shape {
	uint32_t nchecks;         /* required ones, at least 1 */
	uint32_t ncontrols;       /* 0: judged by its own past */
	const uint64_t *every_ms; /* per check */
	const uint64_t *fresh_ms; /* per check: older than this is starved */
	uint64_t warmup_ms, soak_ms;
	uint32_t min_runs, observations;
};

enum credit_version {
	CREDIT_THIS,    /* this deployment's version answered */
	CREDIT_UNKNOWN, /* no version was told: counts, does not verify */
	CREDIT_OTHER    /* another version, or two in one run */
};

struct credit_result {
	uint32_t check;
	uint32_t arm; /* 0 canary, 1.. controls */
	bool failed;
	enum credit_version version; /* of the canary; controls: THIS */
	int64_t at_us;
};

struct credit;

size_t credit_size(const struct credit_shape *shape);
/* `state` is zeroed and credit_size() bytes long. */
struct credit *credit_begin(void *state, const struct credit_shape *shape,
	int64_t done_us);
/*
 * A copied state, from a checkpoint.  NULL: damaged, or earned by other
 * settings than `shape`: what was enough for a laxer line file is not enough
 * for this one.
 */
struct credit *credit_resume(void *state, size_t bytes,
	const struct credit_shape *shape);

/* `at_us` never goes back. */
void credit_observe(struct credit *c, const struct credit_result *r);

/*
 * Results were lost between these two: their buckets earn nothing, whatever
 * else is in them, for what is not there may have been a failure.  Of the
 * closed ones only the newest is taken back: a runner that was silent for
 * longer has starved its checks in those before.
 */
void credit_spoil(struct credit *c, int64_t from_us, int64_t at_us);

/* Buckets that earned so far. Both in milliseconds. */
uint64_t credit_earned_ms(const struct credit *c);
uint64_t credit_required_ms(const struct credit *c);
/* Closed buckets that earned nothing. */
uint64_t credit_starved_ms(const struct credit *c);
/* How long nothing was earned that could have been: 0 while a bucket that is
 * not over yet may still earn. */
uint64_t credit_barren_ms(const struct credit *c, int64_t now_us);
int64_t credit_verified_us(const struct credit *c); /* 0: not yet */
int64_t credit_t0_us(const struct credit *c);       /* 0: not yet */
/* Runs still missing to min_runs, over all checks. */
uint32_t credit_runs_left(const struct credit *c);
bool credit_enough(const struct credit *c); /* soak and min_runs */

struct credit_arm {
	uint64_t runs, failed; /* counting ones since deploy done */
	int64_t newest_us;     /* 0: none */
};
struct credit_arm credit_arm(const struct credit *c, uint32_t arm);

enum { CREDIT_ALL = UINT32_MAX };
/*
 * The first required check without a fresh counting result in the canary or
 * in every control; false: none is starved.  *ret_arm is the arm that misses
 * it, *ret_newest_us when it was last seen (0: never since deploy done).
 */
bool credit_starving(const struct credit *c, int64_t now_us,
	uint32_t *ret_check, uint32_t *ret_arm, int64_t *ret_newest_us);
/* Another version answered in the canary in its newest bucket. */
bool credit_other_version(const struct credit *c);
/* A required check whose newest result failed in canary and all controls. */
bool credit_fails_everywhere(const struct credit *c, uint32_t *ret_check);

#endif
