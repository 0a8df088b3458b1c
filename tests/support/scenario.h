#ifndef TESTS_SUPPORT_SCENARIO_H
#define TESTS_SUPPORT_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "detectors/detector.h"

/*
 * Simulated deployments, healthy and not (the definitions are those of
 * ../shared/detection/scenarios.py, the code is our own), and a detector
 * judging them.  The same seed gives the same deployment.
 *
 * A check runs in canary and control at the same moments, spread over its
 * interval; time 0 is the deploy.
 */
struct plan { /* of a stage */
	const char *name;
	uint32_t nchecks;
	uint32_t every_s;
	uint32_t history_s, soak_s;
	bool alone; /* no control: the region's own past */
	/*
	 * Closed loop: every_s is that of a suspected check, and `times` as
	 * long is the interval.  0: no check is ever suspected.
	 */
	uint32_t times;
	bool deaf; /* closed loop, but nobody asks more often */
};

struct failing { /* of one check, numbered for a stage of 20 */
	bool on;
	uint32_t check;
	double p;
};

struct scenario {
	const char *name;
	bool null;                /* nothing is wrong with the version */
	double base, canary_base; /* failure rates; canary: 0: the same */
	struct failing chronic;   /* of the canary alone, always */
	struct failing shared;    /* of both, after the deploy */
	struct failing broken;    /* of the canary, after the deploy */
	bool role;                /* broken: the last fifth of the checks */
	struct {
		double from_s, ramp_s, add, times;
	} drift; /* of both; times 0: none */
	struct {
		double low, high;
	} season;              /* of both, 2 h long */
	double outage_apart_s; /* of both, 3 min at 10 min; 0: none */
	double blips_per_hour; /* of each, 5 to 20 s */
	bool flaps;            /* three checks, 6 an hour, each region */
	double control_before; /* control: failure rate before the deploy */
	bool restart;          /* canary down 10 to 20 s at the deploy */
	bool control_outage;   /* 5 min at 10 min */
	bool down_before;      /* a check of the canary, from -30 min */
	double onset_s, add;   /* canary: more failures from there on */
	double ramp_s;         /* so long until `add` is reached */
	bool bursts;           /* canary: 10 to 20 s, each 105 s or so */
	bool latency;          /* answers take their time, else unknown */
	double took_chronic, took_both, took_canary; /* times; 0: 1 */
	double took_season, took_jams; /* share; an hour, in each region */
	bool took_one;                 /* took_canary: of one check only */
	double took_tail; /* canary: so many take 6 times as long */
};

extern const struct scenario scenarios[];
extern const unsigned nscenarios;

const struct scenario *scenario_find(const char *name);

struct simulated {
	struct opinion opinion; /* at the halt or at the end of the soak */
	double halted_s;        /* -1: not halted */
	uint64_t extras;        /* of the canary, asked between the slots */
};

/* Whoever runs many keeps the arrays. */
struct simulation;
struct simulation *simulation_new(const struct plan *p);
void simulation_free(struct simulation *s);
struct simulated simulate(struct simulation *s, const struct scenario *what,
	uint64_t seed);

/*
 * Seconds from the onset that any test at 1 % needs on average when both
 * rates are unknown (Wald): log 100 over the divergence of the two arms from
 * their mean, in pairs.  0: not defined for this scenario.
 */
double scenario_bound_s(const struct scenario *what, const struct plan *p);

#endif
