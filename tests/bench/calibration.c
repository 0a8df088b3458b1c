#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "detectors/stats.h"
#include "tests/support/scenario.h"

/*
 * How often a healthy version is stopped, and how soon a bad one: every null
 * of the scenarios in three shapes of stage, then the alternatives beside the
 * Wald bound, then small lines without history or control.  Fixed seeds: the
 * same numbers each time.  Markdown, as it stands in docs/CALIBRATION.md.
 *
 *	bench_calibration [NULLS [ALTERNATIVES [SCENARIO]]]    (2000 500)
 */
#define HOUR 3600

static const struct plan plans[] = {
	{ "20 checks every 10 s", 20, 10, HOUR, HOUR, false },
	{ "5 checks every 30 s", 5, 30, HOUR, HOUR, false },
	{ "3 checks every 60 s", 3, 60, HOUR, HOUR, false },
	/* what more history is worth */
	{ "5 checks every 30 s, 6 h of history", 5, 30, 6 * HOUR, HOUR, false },
};

#define PLANS (sizeof(plans) / sizeof(plans[0]))

static const struct plan small_plans[] = {
	{ "no history", 5, 30, 0, HOUR, false },
	{ "no control", 5, 30, HOUR, HOUR, true },
	{ "neither", 5, 30, 0, HOUR, true },
};

#define SMALL_PLANS (sizeof(small_plans) / sizeof(small_plans[0]))

static const char *const small_names[] = { "n_bg1", "n_bg5", "n_chronic",
	"n_outage", "n_blips1", "n_deploy_blip", "a_one_down", "a_all_down",
	"a_add20", "a_add5" };

static const char *only; /* this scenario */

static bool wanted(const struct scenario *x, bool null)
{
	return x->null == null && (!only || strcmp(only, x->name) == 0);
}

struct tallied {
	uint32_t n, halts, early, passes, held;
	double *delay; /* of the halts from the onset on */
};

static struct tallied run(const struct plan *p, const struct scenario *x,
	uint32_t n)
{
	struct simulation *s = simulation_new(p);
	struct tallied t = { .n = n,
		.delay = xmalloc((n + 1) * sizeof(double)) };

	for (uint32_t i = 0; i < n; i++) {
		struct simulated one =
			simulate(s, x, i + 1000003ULL * (x - scenarios + 1));

		t.passes += one.opinion.state == VERDICT_PASS;
		t.held += one.opinion.held;
		if (one.halted_s < 0)
			continue;
		if (one.halted_s < x->onset_s)
			t.early++;
		else
			t.delay[t.halts++] = one.halted_s - x->onset_s;
	}
	simulation_free(s);
	return t;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Of all n: those that were not found are later than any. */
static double quantile(const struct tallied *t, double q)
{
	uint32_t at = (uint32_t)(q * t->n);

	return at < t->halts ? t->delay[at] : INFINITY;
}

static void nulls(const struct plan *p, uint32_t n)
{
	double sum = 0;
	double most = 0;
	unsigned count = 0;

	printf("\n### Healthy: %s\n\n| null | false halts | share | 95 %% "
	       "interval | passes |\n|---|---|---|---|---|\n",
		p->name);
	for (unsigned i = 0; i < nscenarios; i++) {
		struct tallied t;
		double interval[2];
		double share;

		if (!wanted(&scenarios[i], true))
			continue;
		t = run(p, &scenarios[i], n);
		share = (double)t.halts / n;
		stats_share_interval(t.halts, n, interval);
		printf("| %s | %u of %u | %.2f %% | %.2f to %.2f %% | %.0f %% "
		       "|\n",
			scenarios[i].name, t.halts, n, 100 * share,
			100 * interval[0], 100 * interval[1],
			100.0 * t.passes / n);
		(void)fflush(stdout);
		free(t.delay);
		sum += share;
		most = fmax(most, share);
		count++;
	}
	printf("\nMean %.2f %%, worst %.2f %%.\n", 100 * sum / count,
		100 * most);
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
	printf("\n### Not healthy: %s\n\n| alternative | found | median delay "
	       "s "
	       "| 90 %% | Wald bound s | times bound | passed |\n"
	       "|---|---|---|---|---|---|---|\n",
		p->name);
	for (unsigned i = 0; i < nscenarios; i++) {
		struct tallied t;
		double bound;

		if (!wanted(&scenarios[i], false))
			continue;
		t = run(p, &scenarios[i], n);
		qsort(t.delay, t.halts, sizeof(double), by_value);
		bound = scenario_bound_s(&scenarios[i], p);
		printf("| %s | %.0f %% |", scenarios[i].name,
			100.0 * t.halts / n);
		seconds(quantile(&t, .5));
		seconds(quantile(&t, .9));
		if (bound > 0 && isfinite(quantile(&t, .5)))
			printf(" %.1f | %.1f |", bound,
				quantile(&t, .5) / bound);
		else if (bound > 0)
			printf(" %.1f | - |", bound);
		else
			printf(" | |");
		printf(" %.0f %% |\n", 100.0 * t.passes / n);
		(void)fflush(stdout);
		free(t.delay);
	}
}

static void small(const struct plan *p, uint32_t n)
{
	printf("\n### Small line, %s: 5 checks every 30 s\n\n| scenario | "
	       "stops "
	       "| held for a person | passes | undecided |\n"
	       "|---|---|---|---|---|\n",
		p->name);
	for (unsigned i = 0; i < sizeof(small_names) / sizeof(*small_names);
		i++) {
		const struct scenario *x = scenario_find(small_names[i]);
		struct tallied t = run(p, x, n);
		uint32_t rest = n - t.halts - t.passes - t.held;

		printf("| %s | %.1f %% | %.1f %% | %.1f %% | %.1f %% |\n",
			x->name, 100.0 * t.halts / n, 100.0 * t.held / n,
			100.0 * t.passes / n, 100.0 * rest / n);
		free(t.delay);
	}
}

int main(int argc, char **argv)
{
	uint32_t nnulls =
		argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 2000;
	uint32_t nothers =
		argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 500;

	only = argc > 3 ? argv[3] : NULL;
	if (nnulls == 0 || nothers == 0) {
		fprintf(stderr, "usage: bench_calibration [NULLS [ALTERNATIVES "
				"[SCENARIO]]]\n");
		return 2;
	}
	for (size_t i = 0; i < PLANS; i++)
		nulls(&plans[i], nnulls);
	for (size_t i = 0; i < 3; i++)
		alternatives(&plans[i], nothers);
	for (size_t i = 0; !only && i < SMALL_PLANS; i++)
		small(&small_plans[i], nothers);
	return 0;
}
