#ifndef TESTS_SUPPORT_VITAL_SIM_H
#define TESTS_SUPPORT_VITAL_SIM_H

#include <stdint.h>

/*
 * A region of 20 checks every 10 s, simulated for the always-on view: how
 * long until it is called sick.  The same seed gives the same days.
 */
struct vital_fate {
	const char *name;
	double rate;           /* of failures, each by itself */
	double blips_per_hour; /* all checks fail for 5 to 20 s */
	double flaps_per_hour; /* of three checks: 25 s on average */
	double from_s;         /* the fault begins; 0: never */
	double add;            /* more failures of all checks; 1: down */
	double one;            /* of one check */
};

/* Seconds from the fault (or the start) to the alarm; -1: none in `days`. */
double vital_sim(const struct vital_fate *f, double days, uint64_t seed);

#endif
