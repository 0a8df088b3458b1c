#ifndef DETECTORS_VITAL_H
#define DETECTORS_VITAL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The pulse of one region: is it sick, deployment or not?
 *
 * Three rules, each of which speaks of a healthy region once in three times
 * `apart_s` on average, so that all of them together do once in apart_s:
 *
 *   outage      most checks fail (at least 40 %, and three) for longer than
 *               they do by themselves
 *   check-down  one check fails for longer than checks do by themselves
 *   errors      Shiryaev-Roberts: R <- (R + 1) L at each slice of 10 s, L the
 *               likelihood ratio of its onsets against the region's own past,
 *               mixed over +1, +3, +10 and +30 points.  Where nothing has
 *               changed R minus the number of slices is a martingale, so that
 *               the first R >= A comes after A slices on average, or later
 *
 * "By themselves" is learnt: with n spells of together s seconds in t hours a
 * spell is news when it lasts (s + 30) (((n + 1) 3 apart / (t + 24 h))^(1/(n +
 * 3)) - 1) seconds: Lomax, as for the deployments' rules.
 *
 * Pure: results in the order in which they count; no clock, no allocation
 * after begin, memory that does not grow.  A thread's own.
 */
struct vital; /* of one region */

enum vital_rule { VITAL_NONE, VITAL_ERRORS, VITAL_CHECK, VITAL_OUTAGE };

struct vital_check {
	int64_t since_us; /* the failing began */
	int64_t newest_us;
	uint64_t runs, failed; /* since then; failed: all of them */
	bool down;
};

struct vital_view {
	enum vital_rule rule; /* the worst that holds; NONE: not sick */
	int64_t since_us, recovered_us; /* as in struct pulse */
	uint64_t runs, failed;          /* since since_us */
	double evidence, alarm_at;      /* of the errors */
	uint64_t past_s;
};

struct vital *vital_new(uint32_t nchecks, const uint32_t *every_ms,
	double apart_s);
void vital_free(struct vital *v); /* NULL is fine */
void vital_observe(struct vital *v, uint32_t check, bool failed, int64_t at_us);
void vital_look(const struct vital *v, struct vital_view *ret);
const struct vital_check *vital_check_of(const struct vital *v, uint32_t check);
const char *vital_rule_token(enum vital_rule r);

#endif
