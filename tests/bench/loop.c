#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "detectors/stats.h"
#include "tests/support/scenario.h"

/*
 * The closed loop: how much sooner the verdict comes when suspected checks are
 * asked at `every_failing`, and whether healthy versions are stopped more
 * often by it.  Each scenario twice with the same fates: nobody listens, and
 * the runner does.  Markdown, as in docs/CALIBRATION.md.
 *
 *	bench_loop [NULLS [ALTERNATIVES [SCENARIO]]]    (1000 200, all)
 */
#define HOUR 3600

static const struct plan plans[] = {
	{ "20 checks every 10 s, suspected every 2 s", 20, 2, HOUR, HOUR,
		.times = 5 },
	{ "5 checks every 30 s, suspected every 5 s", 5, 5, HOUR, HOUR,
		.times = 6 },
	{ "3 checks every 60 s, suspected every 10 s", 3, 10, HOUR, HOUR,
		.times = 6 },
};

static const char *const bad[] = { "a_one_down", "a_all_down", "a_add50",
	"a_add20", "a_add5", "a_check50", "a_check20", "a_inst1of4",
	"a_role4of20", "a_bg5_add5", "a_bg1_add2", "a_blips_onedown" };

#define PLANS (sizeof(plans) / sizeof(plans[0]))
#define BAD   (sizeof(bad) / sizeof(bad[0]))

static const char *only; /* of the command line, or NULL */

static bool wanted(const char *scenario)
{
	return !only || strcmp(only, scenario) == 0;
}

static bool is_null(const char *scenario)
{
	return scenario && scenario_find(scenario)->null;
}

struct tallied {
	uint32_t halts;
	double median, ninety, extra_share;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct tallied run(struct plan p, const char *name, uint32_t n,
	bool deaf)
{
	const struct scenario *x = scenario_find(name);
	double *delay = xmalloc(n * sizeof(double));
	struct tallied t = { 0 };
	struct simulation *s;
	double asked = 0;
	double extras = 0;

	p.deaf = deaf;
	s = simulation_new(&p);
	for (uint32_t i = 0; i < n; i++) {
		struct simulated one = simulate(s, x, i + 7);
		double until =
			one.halted_s >= 0 ? one.halted_s : (double)p.soak_s;

		t.halts += one.halted_s >= 0;
		delay[i] = one.halted_s >= 0 ? one.halted_s - x->onset_s
					     : INFINITY;
		extras += (double)one.extras;
		asked += until * p.nchecks / (p.every_s * p.times);
	}
	simulation_free(s);
	qsort(delay, n, sizeof(double), by_value);
	t.median = delay[n / 2];
	t.ninety = delay[n * 9 / 10];
	t.extra_share = extras / fmax(asked, 1);
	free(delay);
	return t;
}

static void nulls(const struct plan *p, uint32_t n)
{
	uint32_t all[2] = { 0, 0 };
	unsigned count = 0;

	printf("\n### Healthy: %s\n\n| null | false halts, plain | closed loop "
	       "| 95 %% interval | more asked |\n|---|---|---|---|---|\n",
		p->name);
	for (unsigned i = 0; i < nscenarios; i++) {
		struct tallied plain;
		struct tallied loop;
		double interval[2];

		if (!scenarios[i].null || scenarios[i].latency ||
			!wanted(scenarios[i].name))
			continue;
		plain = run(*p, scenarios[i].name, n, true);
		loop = run(*p, scenarios[i].name, n, false);
		stats_share_interval(loop.halts, n, interval);
		printf("| %s | %u of %u | %u of %u | %.2f to %.2f %% | %.0f %% "
		       "|\n",
			scenarios[i].name, plain.halts, n, loop.halts, n,
			100 * interval[0], 100 * interval[1],
			100 * loop.extra_share);
		(void)fflush(stdout);
		all[0] += plain.halts;
		all[1] += loop.halts;
		count++;
	}
	if (count > 0)
		printf("\nMean %.2f %% plain, %.2f %% in the closed loop.\n",
			100.0 * all[0] / n / count, 100.0 * all[1] / n / count);
}

static void seconds(double s)
{
	if (isfinite(s))
		printf(" %.0f |", s);
	else
		printf(" - |");
}

static void alternatives(const struct plan *p, uint32_t n)
{
	printf("\n### Not healthy: %s\n\n| alternative | found, plain | median "
	       "s | 90 %% | found, closed loop | median s | 90 %% | more asked "
	       "|\n|---|---|---|---|---|---|---|---|\n",
		p->name);
	for (size_t i = 0; i < BAD; i++) {
		struct tallied plain;
		struct tallied loop;

		if (!wanted(bad[i]))
			continue;
		plain = run(*p, bad[i], n, true);
		loop = run(*p, bad[i], n, false);
		printf("| %s | %.0f %% |", bad[i], 100.0 * plain.halts / n);
		seconds(plain.median);
		seconds(plain.ninety);
		printf(" %.0f %% |", 100.0 * loop.halts / n);
		seconds(loop.median);
		seconds(loop.ninety);
		printf(" %.0f %% |\n", 100 * loop.extra_share);
		(void)fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	uint32_t nnulls =
		argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
	uint32_t nothers =
		argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 200;

	only = argc > 3 ? argv[3] : NULL;
	if (nnulls == 0 || nothers == 0 || (only && !scenario_find(only))) {
		fprintf(stderr, "usage: bench_loop [NULLS [ALTERNATIVES "
				"[SCENARIO]]]\n");
		return 2;
	}
	for (size_t i = 0; i < PLANS && !is_null(only); i++)
		alternatives(&plans[i], nothers);
	for (size_t i = 0; i < PLANS && (!only || is_null(only)); i++)
		nulls(&plans[i], nnulls);
	return 0;
}
