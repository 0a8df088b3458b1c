#include "detectors/stats.h"

#include <math.h>
#include <stdbool.h>

/* Bets of the exclusion statement, mixed evenly. */
#define BETS             8
#define EXCLUDE_AT       0.05 /* one minus the confidence */
#define BISECTIONS       60   /* of [0, 1]: to the last bit of a double */
#define EXP_LIMIT        600.0
#define PAIRS_NEEDED_MAX ((uint32_t)1 << 31)

static const double bets[BETS] = { .02, .05, .1, .2, .35, .5, .7, .9 };

/* [0] is a ratio of odds, not a rise in points; see stats_effects(). */
const double stats_effect[STATS_EFFECTS] = { 1.8, .01, .03, .10, .30 };
const double stats_effect_weight[STATS_EFFECTS] = { .12, .18, .20, .25, .25 };
const double stats_theta[STATS_THETAS] = { 1.6, 4.0, 20.0, 100.0 };

double stats_clamp(double x, double low, double high)
{
	if (x < low)
		return low;
	return x > high ? high : x;
}

static double log_gamma(double x)
{
	int sign; /* lgamma() would write a global */

	return lgamma_r(x, &sign);
}

double stats_lbeta(double a, double b)
{
	return log_gamma(a) + log_gamma(b) - log_gamma(a + b);
}

double stats_kappa(double rate)
{
	return floor(rate + 2.6 * sqrt(rate) + 1);
}

/* Share of the canary by the onsets seen, and its two pseudo-counts. */
static double posterior_share(const struct label *l, double *ret_a,
	double *ret_b)
{
	double a = l->a * l->canary_share;
	double b = l->a * (1 - l->canary_share);

	*ret_a = a;
	*ret_b = b;
	return (a + l->uc) / (a + b + l->uc + l->ub);
}

double stats_label_rho(const struct label *l)
{
	double a;
	double b;
	double share = posterior_share(l, &a, &b);

	return l->pi * l->canary_share + (1 - l->pi) * share;
}

double stats_label_prior(const struct label *l, double pi0)
{
	double a = l->a * l->canary_share;
	double b = l->a * (1 - l->canary_share);
	double by_share =
		l->uc * log(l->canary_share) + l->ub * log(1 - l->canary_share);
	double by_past = stats_lbeta(a + l->uc, b + l->ub) - stats_lbeta(a, b);

	return pi0 / (pi0 + (1 - pi0) * exp(by_past - by_share));
}

double stats_label_update(struct label *l, double kc, double kb)
{
	double a = l->a * l->canary_share;
	double b = l->a * (1 - l->canary_share);
	double by_share =
		kc * log(l->canary_share) + kb * log(1 - l->canary_share);
	double by_past = stats_lbeta(a + l->uc + kc, b + l->ub + kb) -
			 stats_lbeta(a + l->uc, b + l->ub);
	double most = by_past > by_share ? by_past : by_share;
	double log_p0 = most + log(l->pi * exp(by_share - most) +
				       (1 - l->pi) * exp(by_past - most));

	l->pi = l->pi * exp(by_share - log_p0);
	return log_p0;
}

double stats_label_factor(double kc, double kb, double rho, double effect,
	double log_p0)
{
	double odds = rho / (1 - rho) * exp(effect);
	double r1 = odds / (1 + odds);

	return exp(kc * log(r1) + kb * log(1 - r1) - log_p0);
}

double stats_burst_factor(double lead, double effect, double rho,
	int canary_leads)
{
	double x = effect * lead;

	if (canary_leads)
		return 1 + tanh(x / 2) * (1 - rho) / rho;
	return 2 * exp(-x) / (1 + exp(-x));
}

void stats_effects(double base_rate, double ret[static STATS_EFFECTS])
{
	ret[0] = log(stats_effect[0]);
	for (int j = 1; j < STATS_EFFECTS; j++)
		ret[j] = log(1 + stats_effect[j] / base_rate);
}

double stats_guard(double q, double n, double k)
{
	double sum = 0.0;

	q = stats_clamp(q, 1e-6, .5);
	if (k > n)
		k = n;
	for (int j = 0; j < STATS_THETAS; j++) {
		double q1 = stats_theta[j] * q;
		double x;

		if (q1 > .95)
			q1 = .95;
		if (q1 <= q)
			continue;
		x = k * log(q1 / q) + (n - k) * log((1 - q1) / (1 - q));
		sum += exp(x < EXP_LIMIT ? x : EXP_LIMIT) / STATS_THETAS;
	}
	return sum;
}

/*
 * Measured, not derived: with these 5 checks every 30 s and an hour of history
 * keep 1 % where a common drift triples failures (docs/CALIBRATION.md).
 */
#define DRIFT_PRIOR  4  /* onsets of each arm */
#define DRIFT_DOUBT  5  /* of the variance of the log odds */
#define DRIFT_UNEVEN .5 /* deviations that are enough to be cautious */

double stats_drift(double uc, double ub, double canary_share, double most)
{
	double n = uc + ub;
	double worse = uc - n * canary_share;
	double uneven;
	double doubt;

	if (!(worse > 0))
		return 1;
	uneven = worse / sqrt(n * canary_share * (1 - canary_share));
	doubt = DRIFT_DOUBT * (1 / (uc + DRIFT_PRIOR) + 1 / (ub + DRIFT_PRIOR));
	return exp(fmin(1, uneven / DRIFT_UNEVEN) * fmin(log(most), doubt));
}

double stats_past_alone(double pi_then, double pi_now)
{
	/*
	 * By Bayes 1 - pi is the past's weight times its likelihood over the
	 * mixture's; so the likelihoods need not be kept.
	 */
	return pi_now >= pi_then ? 1 : (1 - pi_then) / (1 - pi_now);
}

double stats_spell_limit_s(const struct spells *past, double expected,
	double alpha)
{
	double total = past->total_s + past->prior_s;
	double ratio = expected / alpha;

	if (ratio < 1.0)
		ratio = 1.0;
	return total * (pow(ratio, 1 / (past->n + past->prior_n)) - 1);
}

double stats_run_length(double n, double alpha, double p)
{
	return ceil(log(n / alpha) / log(1 / p));
}

/* Log of the mixture of the bets' products: the mean of exp(t), in logs. */
static double log_mean_exp(const double t[static BETS])
{
	double most = t[0];
	double sum = 0.0;

	for (int i = 1; i < BETS; i++)
		if (t[i] > most)
			most = t[i];
	for (int i = 0; i < BETS; i++)
		sum += exp(t[i] - most);
	return most + log(sum / BETS);
}

static double pairs_log_e(double n10, double n01, double n00, double rise)
{
	double t[BETS];

	for (int i = 0; i < BETS; i++) {
		double l = bets[i];

		t[i] = n10 * log(1 - l * (1 - rise)) + n00 * log(1 + l * rise) +
		       n01 * log(1 + l * (1 + rise));
	}
	return log_mean_exp(t);
}

double stats_excluded(double n10, double n01, double n00)
{
	double low = 0.0;
	double high = 1.0;
	double target = log(1 / EXCLUDE_AT);

	if (pairs_log_e(n10, n01, n00, 0.0) >= target)
		return 0.0;
	if (pairs_log_e(n10, n01, n00, high) < target)
		return 1.0;
	for (int i = 0; i < BISECTIONS; i++) {
		double mid = (low + high) / 2;

		if (pairs_log_e(n10, n01, n00, mid) >= target)
			high = mid;
		else
			low = mid;
	}
	return high;
}

/* Of "the rise is at most this"; half bets, so that no factor is negative. */
static double rise_log_e(double n10, double n01, double n00, double rise)
{
	double t[BETS];

	for (int i = 0; i < BETS; i++) {
		double l = bets[i] / 2;

		t[i] = n10 * log(1 + l * (1 - rise)) + n00 * log(1 - l * rise) +
		       n01 * log(1 - l * (1 + rise));
	}
	return log_mean_exp(t);
}

double stats_least_rise(double n10, double n01, double n00)
{
	double low = -1.0;
	double high = 1.0;
	double target = log(1 / EXCLUDE_AT);

	if (rise_log_e(n10, n01, n00, low) < target)
		return -1.0;
	for (int i = 0; i < BISECTIONS; i++) {
		double mid = (low + high) / 2;

		if (rise_log_e(n10, n01, n00, mid) >= target)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static double past_log_e(double k, double n, double p)
{
	double t[BETS];

	if (p > 1.0)
		p = 1.0;
	for (int i = 0; i < BETS; i++) {
		double l = bets[i];

		t[i] = k * log(1 - l * (1 - p)) + (n - k) * log(1 + l * p);
	}
	return log_mean_exp(t);
}

double stats_excluded_past(double k, double n, double q0)
{
	double low = 0.0;
	double high = 1.0 - q0;
	double target = log(1 / EXCLUDE_AT);

	if (past_log_e(k, n, q0 + high) < target)
		return 1.0;
	for (int i = 0; i < BISECTIONS; i++) {
		double mid = (low + high) / 2;

		if (past_log_e(k, n, q0 + mid) >= target)
			high = mid;
		else
			low = mid;
	}
	return high;
}

/* Whether stats_excluded() is above `effect`, with one look for its 60. */
static bool leaves_open(double n10, double n00, double effect)
{
	return pairs_log_e(n10, 0, n00, effect) < log(1 / EXCLUDE_AT);
}

uint32_t stats_pairs_needed(double effect, unsigned failures)
{
	uint32_t low = 0; /* not enough */
	uint32_t high = 1;

	if (effect >= 1)
		return high;
	/* More clean pairs never exclude less. */
	while (leaves_open(failures, high, effect)) {
		if (high >= PAIRS_NEEDED_MAX)
			return 0;
		low = high;
		high *= 2;
	}
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (leaves_open(failures, mid, effect))
			low = mid;
		else
			high = mid;
	}
	return high;
}

/* P(X <= k) of Binomial(n, p) */
static double binomial_below(uint32_t k, uint32_t n, double p)
{
	double sum = 0;

	for (uint32_t i = 0; i <= k; i++)
		sum += exp(log_gamma(n + 1.0) - log_gamma(i + 1.0) -
			   log_gamma(n - i + 1.0) + i * log(p) +
			   (n - i) * log1p(-p));
	return sum;
}

/* The p at which P(X <= k) has fallen to `level`. */
static double share_at(uint32_t k, uint32_t n, double level)
{
	double low = 0;
	double high = 1;

	for (int i = 0; i < 60; i++) {
		double mid = (low + high) / 2;

		if (binomial_below(k, n, mid) > level)
			low = mid;
		else
			high = mid;
	}
	return high;
}

void stats_share_interval(uint32_t k, uint32_t n, double ret[static 2])
{
	ret[0] = k == 0 ? 0 : share_at(k - 1, n, .975);
	ret[1] = k == n ? 1 : share_at(k, n, .025);
}
