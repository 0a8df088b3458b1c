#ifndef GATE_REQUIRED_H
#define GATE_REQUIRED_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "regions/line.h"
#include "store/facts.h"

/*
 * The required checks of a stage in one region: the plan, not what was seen.
 * A suite that never reported is missing, not absent.
 */
struct required {
	const struct plan_job **job; /* in the order of the plan */
	size_t count;
	double runs_per_minute;
	uint64_t longest_every_ms;
	char hash[65]; /* over the checks: another one starts credit anew */
};

void required_checks(const struct facts *f, const struct stage *s,
	struct str region, struct arena *a, struct required *ret);

/* Older than this a check's newest result is not fresh. */
uint64_t required_fresh_ms(const struct gate_settings *g, uint64_t every_ms);

#endif
