#include "detectors/state.h"

#include <math.h>

/*
 * What the history taught, taken once at the deploy (DETECTION.md section 3,
 * "history of the label").
 */

/* Pseudo-results that keep a share of probes and a rate off 0 and 1. */
#define SHARE_PRIOR 20
#define RATE_PRIOR  100

static bool in_stream(const struct head *h, const struct stream *s, uint32_t c)
{
	if (s->kind == STREAM_GROUP)
		return group_of(h)[c] == s->index;
	return true;
}

/* Counts of the history over a stream's checks. */
struct sums {
	double canary_n, control_n;  /* results */
	double canary_on, canary_el; /* onsets, and results after a pass */
	double control_on, control_el;
};

static void sums_add(const struct head *h, uint32_t c, struct sums *u)
{
	uint32_t w = regions_of(h);

	for (uint32_t r = 0; r < w; r++) {
		uint32_t i = c * w + r;

		if (r == 0) {
			u->canary_n += pre_n_of(h)[i];
			u->canary_on += pre_on_of(h)[i];
			u->canary_el += pre_el_of(h)[i];
		} else {
			u->control_n += pre_n_of(h)[i];
			u->control_on += pre_on_of(h)[i];
			u->control_el += pre_el_of(h)[i];
		}
	}
}

static struct sums stream_sums(const struct head *h, const struct stream *s)
{
	struct sums u = { 0 };

	if (s->kind == STREAM_CHECK || s->kind == STREAM_SLOW_CHECK) {
		sums_add(h, s->index, &u);
		return u;
	}
	for (uint32_t c = 0; c < h->fixed.nchecks; c++)
		if (in_stream(h, s, c))
			sums_add(h, c, &u);
	return u;
}

static double share_of(const struct head *h, const struct sums *u,
	struct stream *s)
{
	double w = regions_of(h);
	double share = (u->canary_n + SHARE_PRIOR / w) /
		       (u->canary_n + u->control_n + SHARE_PRIOR);

	s->exposure = (1 - share) / ((w - 1) * share);
	return share;
}

double past_share(const struct head *h, struct stream *s)
{
	struct sums u = stream_sums(h, s);

	return share_of(h, &u, s);
}

/* The rate that the canary's own must be above: see stats_drift(). */
static double guard_rate(const struct head *h, const struct stream *s,
	const struct sums *u, double share)
{
	double times = stats_drift(s->label.uc, s->label.ub, share,
		h->fixed.value[P_DRIFT]);
	double seen = u->canary_el > 0 ? s->label.uc / u->canary_el : 0;

	return fmax(s->q0, times * fmin(seen, s->q0));
}

/* *odds: how much worse the canary always was, learnt by the pooled stream. */
static void learn_label(const struct head *h, struct stream *s, double *odds)
{
	struct sums u = stream_sums(h, s);
	double q_min = h->fixed.value[P_RATE_MIN];
	double share = share_of(h, &u, s);
	double o = share / (1 - share);
	double q;

	s->has_history = u.canary_el >= HISTORY_MIN;
	s->q0 = stats_clamp((u.canary_on + 1) / (u.canary_el + RATE_PRIOR),
		1e-6, .5);
	s->qb0 = stats_clamp((u.control_on + 1) / (u.control_el + RATE_PRIOR),
		1e-6, .5);
	o *= s->kind == STREAM_POOLED ? 1.0 : *odds;
	s->label.canary_share = o / (1 + o);
	s->label.pi = stats_label_prior(&s->label, h->fixed.value[P_LABEL_PI]);
	if (s->kind == STREAM_POOLED) {
		double rho = stats_label_rho(&s->label);

		*odds = rho / (1 - rho) / (share / (1 - share));
	}
	s->pi_then = s->label.pi;
	s->guard_q = guard_rate(h, s, &u, share);
	q = (s->q0 + s->qb0) / 2;
	stats_effects(q > q_min ? q : q_min, s->effect);
}

/* Usual rates of failures in a slice; the open slice is thrown away. */
static void learn_rates(struct head *h, enum pace pace, uint32_t index)
{
	uint32_t w = regions_of(h);
	struct stream *s = &streams_of(h)[index];
	size_t first = (size_t)index * w;
	double *rate = &rate_of(h)[first];
	double n = h->slices[pace];

	for (uint32_t r = 0; r < w; r++) {
		rate[r] = n > 0 ? rate_sum_of(h)[first + r] / n : 0.0;
		onsets_of(h)[first + r] = 0;
		fails_of(h)[first + r] = 0;
	}
	s->own0 = s->rate0 = rate[0];
	for (uint32_t r = 1; r < w; r++)
		if (rate[r] / s->exposure > s->rate0)
			s->rate0 = rate[r] / s->exposure;
	s->skip_until_us = NEVER;
}

/* The worst region counts: a canary that was always worse is not new. */
static double worst_rate(const struct head *h, uint32_t c)
{
	double worst = 0.0;

	for (uint32_t i = c * regions_of(h); i < (c + 1) * regions_of(h); i++) {
		double q = (pre_k_of(h)[i] + 1.0) / (pre_n_of(h)[i] + 20.0);

		if (q > worst)
			worst = q;
	}
	return worst;
}

static double worst_pooled_rate(const struct head *h)
{
	double worst = 0.0;

	for (uint32_t r = 0; r < regions_of(h); r++) {
		uint64_t n = 0;
		uint64_t k = 0;
		double q;

		for (uint32_t c = 0; c < h->fixed.nchecks; c++) {
			n += pre_n_of(h)[c * regions_of(h) + r];
			k += pre_k_of(h)[c * regions_of(h) + r];
		}
		q = ((double)k + 1) / ((double)n + 50);
		if (q > worst)
			worst = q;
	}
	return worst;
}

/* How long failing must last before it is news; `least` without a past. */
static double spell_limit_s(const struct head *h, double n, double total_s,
	double covered_s, double alpha)
{
	struct spells past = {
		.n = n,
		.total_s = total_s,
		.prior_n = h->fixed.value[P_SPELL_N],
		.prior_s = h->fixed.value[P_SPELL_S],
	};
	double expected = covered_s > 0 ? n * h->fixed.horizon_s /
						  (covered_s * regions_of(h))
					: 0;

	return n > 0 ? stats_spell_limit_s(&past, expected, alpha) : 0;
}

/*
 * The same for a check that is asked more often.  The past was seen at
 * intervals: what failed once there, unseen before and after, may have lasted
 * up to two of them, and one on average.
 */
static double fast_limit_s(const struct head *h, uint32_t c, double covered_s)
{
	double every_s = (double)every_us_of(h)[c] / US_PER_S;
	double n = 0;

	for (uint32_t i = c * regions_of(h); i < (c + 1) * regions_of(h); i++)
		n += pre_on_of(h)[i];
	return fmax(2 * every_s, spell_limit_s(h, n, n * every_s, covered_s,
					 h->fixed.alpha_h * .5));
}

static void learn_checks(struct head *h, double covered_s)
{
	double pooled = worst_pooled_rate(h);

	for (uint32_t c = 0; c < h->fixed.nchecks; c++) {
		double worst = worst_rate(h, c);

		base_rate_of(h)[c] = worst > pooled ? worst : pooled;
		down_after_of(h)[c] = fmax(h->fixed.value[P_CHECK_S],
			spell_limit_s(h, spells_of(h)[c], spell_s_of(h)[c],
				covered_s, h->fixed.alpha_h * .5));
		fast_after_of(h)[c] = fmax(down_after_of(h)[c],
			fast_limit_s(h, c, covered_s));
		if (!own_past(h))
			seen_ok_of(h)[c] =
				prev_of(h)[(size_t)c * regions_of(h)] != 0;
	}
	h->region_after = fmax(h->fixed.value[P_REGION_S],
		spell_limit_s(h, h->region_spells, h->region_spell_s, covered_s,
			h->fixed.alpha_r));
}

void past_learn(struct head *h, double covered_s)
{
	double odds = 1.0;

	for (uint32_t i = 0; i < h->fixed.pace_first[PACE_SLOW]; i++)
		learn_label(h, &streams_of(h)[i], &odds);
	learn_checks(h, covered_s);
	streams_total(h);
	for (int p = 0; p < PACES; p++)
		for (uint32_t i = h->fixed.pace_first[p];
			i < h->fixed.pace_first[p + 1]; i++)
			learn_rates(h, (enum pace)p, i);
}
