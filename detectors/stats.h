#ifndef DETECTORS_STATS_H
#define DETECTORS_STATS_H

#include <stdint.h>

/*
 * The mathematics of the detectors, as pure functions of numbers.
 *
 * An e-value is a nonnegative statistic with mean at most 1 when the null
 * hypothesis holds; a product of conditional ones is at or above 1/alpha at
 * some moment with probability at most alpha, however often one looks (Ville
 * 1939).  Every sum below keeps its order: the same counts give the same bits.
 */

#define STATS_EFFECTS 5 /* sizes of the canary's effect that are mixed */
#define STATS_THETAS  4 /* before/after rate ratios that are mixed */

/* log 1.8, then what +1, +3, +10, +30 points do to the odds */
extern const double stats_effect[STATS_EFFECTS];
extern const double stats_effect_weight[STATS_EFFECTS];
extern const double stats_theta[STATS_THETAS];

double stats_clamp(double x, double low, double high);
double stats_lbeta(double a, double b); /* log Beta(a, b) */

/*
 * The most failures of one region in one slice that are no burst, when
 * `rate` of them are usual: floor(l + 2.6 sqrt l + 1).
 */
double stats_kappa(double rate);

/*
 * The belief about the label of a failure: in which region did it happen?
 * With weight pi it is as the shares of probes say (canary_share), else as
 * before the deploy: Beta posterior of `a` pseudo-onsets at that share and
 * the onsets seen, uc in the canary and ub in the controls.
 */
struct label {
	double pi, canary_share, a, uc, ub;
};

/* Probability that a failure falls into the canary if all is as it was. */
double stats_label_rho(const struct label *l);
/* Belief in the shares after the onsets of the history; prior pi0. */
double stats_label_prior(const struct label *l, double pi0);
/*
 * Log probability of kc canary and kb control onsets in one slice under the
 * label.  Moves pi to its posterior; uc and ub are the caller's to add to.
 */
double stats_label_update(struct label *l, double kc, double kb);
/* p1/p0 of a slice: odds rho/(1-rho) times e^effect against log_p0. */
double stats_label_factor(double kc, double kb, double rho, double effect,
	double log_p0);
/*
 * A burst is one toss of a coin: the region that leads by `lead` failures is
 * the canary or it is not.
 */
double stats_burst_factor(double lead, double effect, double rho,
	int canary_leads);

/* Log odds that the effects do to a base rate; ret[0] is log 1.8. */
void stats_effects(double base_rate, double ret[static STATS_EFFECTS]);

/*
 * E-value of the canary's own rate, k onsets in n chances, against the rate
 * q before the deploy.
 */
double stats_guard(double q, double n, double k);

/*
 * How many times worse than before the canary may become by itself when a
 * drift meets canary and controls alike: 1 when it was no worse than its
 * share of the probes says, or when much is known of it; else up to `most`.
 * uc and ub are the onsets of the past.
 */
double stats_drift(double uc, double ub, double canary_share, double most);
/*
 * What an e-value against the label's mixture is worth against the past
 * alone: the ratio of their likelihoods since pi was pi_then.  At most 1.
 */
double stats_past_alone(double pi_then, double pi_now);

/*
 * How long failing must last before it is news, from `n` past spells of
 * together spell_s + prior_s seconds: Lomax predictive with shape n +
 * prior_n, so that as many as `expected` spells meet it `alpha` times.
 */
struct spells {
	double n, total_s;       /* of the past */
	double prior_n, prior_s; /* a_haz, S_haz */
};
double stats_spell_limit_s(const struct spells *past, double expected,
	double alpha);

/*
 * Failures in a row that n chances at rate p do not give but with
 * probability alpha.
 */
double stats_run_length(double n, double alpha, double p);

/*
 * The smallest steady rise of canary over control that the pairs exclude at
 * 95 %, valid at every look: only the canary failed n10 times, only the
 * control n01, both or neither n00.  1: nothing.
 */
double stats_excluded(double n10, double n01, double n00);
/* The same pairs the other way: the largest rise that is shown at 95 %. */
double stats_least_rise(double n10, double n01, double n00);
/* The same for k failures in n results over a known rate q0. */
double stats_excluded_past(double k, double n, double q0);
/*
 * Clean pairs that exclude `effect` with `failures` canary-only ones beside
 * them; 0 when no number up to 2^31 does.
 */
uint32_t stats_pairs_needed(double effect, unsigned failures);

/* 95 % interval of a share, k of n (Clopper and Pearson). */
void stats_share_interval(uint32_t k, uint32_t n, double ret[static 2]);

#endif
