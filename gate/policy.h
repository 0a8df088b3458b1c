#ifndef GATE_POLICY_H
#define GATE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "regions/line.h"
#include "store/facts.h"

/*
 * The rules that do not depend on statistics: is the line open, are the
 * approvals there, is what a stage requires fulfilled.  Pure functions of
 * (facts, line, now); what they say goes into the arena.
 *
 * A blocker names the first thing in the way.  `person` tells whether a
 * person or a window holds (exit code 5) or evidence is missing (3).
 */
struct blocker {
	bool blocked, person;
	enum why why;
	struct str text;  /* a sentence for the answer */
	struct str scope; /* of LINE_STOPPED, HALTED */
};

bool stage_is_production(const struct stage *s);
/* How long a final pass answers 0: `expires`, or what stands for it. */
uint64_t stage_pass_ttl_ms(const struct stage *s);
bool deployment_in_lane(const struct deployment *d); /* fix or rollback */

/*
 * Is the line stopped, halted or frozen for this stage?  Lanes fix and
 * rollback pass a stop and a freeze, but never a cord that a person pulled
 * over their own deployment's region after the stop.
 *
 * An automatic stop of the scope `line` blocks production and the gates; in
 * non-production the work on the fix goes on.
 */
struct blocker policy_line(const struct facts *f, const struct line *l,
	const struct stage *s, const struct deployment *d, struct arena *a);

/* Approvals of a registered deployment. */
struct blocker policy_approvals(const struct stage *s,
	const struct deployment *d, struct arena *a);

/* An older word about a region is no word. */
enum { PULSE_FRESH_MS = 10000 };

/*
 * `after` (accepted with the same change), `requires.ci`, `requires.regions`
 * (accepted there with this version, not older than `fresh`, and the region
 * is well now).  The rollback
 * lane is never gated on another environment.
 */
struct blocker policy_requires(const struct facts *f, const struct line *l,
	const struct stage *s, const struct deployment *d, struct arena *a);

/*
 * Is a moment of the store's clock at most `most_ms` ago?  One that is yet to
 * come is not: a store whose clock went back makes nothing fresh again.
 */
enum { CLOCK_SLACK_MS = 15000 };
bool policy_within(const struct facts *f, int64_t at_us, uint64_t most_ms);

/*
 * Was `version` accepted in this region?  The newest verdict speaks: NULL
 * when that was a stop, or when it was rolled back since.
 */
const struct deployment *policy_accepted_in(const struct facts *f,
	struct str region, struct str version);

/* Live runners and the plan fit together; else why there is no credit. */
struct blocker policy_plan(const struct facts *f, struct arena *a);

#endif
