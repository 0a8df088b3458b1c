#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/vital_sim.h"

/*
 * The always-on view: how long a healthy region runs until it is called sick
 * (asked for: 30 days), and how soon a sick one is.
 *
 *	bench_pulse [MONTHS [SEEDS]]    (60 41)
 */
static const struct vital_fate healthy[] = {
	{ "0.1 % fail", .rate = .001 },
	{ "1 % fail", .rate = .01 },
	{ "5 % fail", .rate = .05 },
	{ "a blip an hour", .rate = .001, .blips_per_hour = 1 },
	{ "three checks flap six times an hour", .rate = .001,
		.flaps_per_hour = 6 },
};

#define DAY 86400.

static const struct vital_fate sick[] = {
	{ "all down, after a day", .rate = .001, .from_s = DAY, .add = 1 },
	{ "one check down, after a day", .rate = .001, .from_s = DAY,
		.one = 1 },
	{ "+20 points, after a day", .rate = .001, .from_s = DAY, .add = .2 },
	{ "+5 points, after a day", .rate = .001, .from_s = DAY, .add = .05 },
	{ "all down, after an hour", .rate = .001, .from_s = 3600, .add = 1 },
	{ "one check down, after an hour", .rate = .001, .from_s = 3600,
		.one = 1 },
	{ "+20 points, after an hour", .rate = .001, .from_s = 3600,
		.add = .2 },
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	unsigned months = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 60;
	unsigned seeds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 41;
	double delay[1000];

	if (!months || !seeds || seeds > 1000)
		return 2;
	printf("| sick region | median delay s | 90 %% |\n|---|---|---|\n");
	for (size_t i = 0; i < sizeof(sick) / sizeof(sick[0]); i++) {
		for (unsigned k = 0; k < seeds; k++) {
			double s = vital_sim(&sick[i],
				sick[i].from_s / DAY + .25, k + 1);

			delay[k] = s < 0 ? INFINITY : s;
		}
		qsort(delay, seeds, sizeof(double), by_value);
		printf("| %s | %.0f | %.0f |\n", sick[i].name, delay[seeds / 2],
			delay[seeds * 9 / 10]);
		(void)fflush(stdout);
	}
	printf("\n| healthy region | days until it is called sick, on average "
	       "| alarms |\n|---|---|---|\n");
	for (size_t i = 0; i < sizeof(healthy) / sizeof(healthy[0]); i++) {
		double days = 0;
		unsigned alarms = 0;

		for (unsigned k = 0; k < months; k++) {
			double s = vital_sim(&healthy[i], 30, k + 1);

			alarms += s >= 0;
			days += s < 0 ? 30 : s / DAY;
		}
		if (alarms)
			printf("| %s | %.0f | %u |\n", healthy[i].name,
				days / alarms, alarms);
		else
			printf("| %s | more than %.0f | 0 |\n", healthy[i].name,
				days);
		(void)fflush(stdout);
	}
	return 0;
}
