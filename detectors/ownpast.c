#include "detectors/state.h"

#include <math.h>

/*
 * A region without any control, judged against its own past (OwnPast in the
 * reference).  The hard paths stop; the environment can not be excluded, and
 * no false-halt rate is promised.  Without a past either nothing stops here:
 * there is nothing to say that it was ever otherwise.
 */

#define DOWN_SLICES   4
#define DOWN_FAILURES 6
#define EXP_LIMIT     600.0

bool own_past_known(const struct head *h)
{
	return h->eligible0 >= HISTORY_MIN;
}

/* E-value of more onsets than before: Beta posterior of the past's rate. */
static void past_evidence(struct head *h)
{
	double q = (h->onset0 + 1.0) / (h->eligible0 + 100.0);
	double a = h->onset0 + 1.0;
	double b = (double)h->eligible0 - h->onset0 + 99.0;
	double sum = 0.0;
	double before;
	double k;
	double n;

	h->onset += (uint32_t)fmin(h->slice_onset,
		stats_kappa(q * seen_n_of(h)[0]));
	k = h->onset;
	n = h->eligible > h->onset ? h->eligible : h->onset;
	before = stats_lbeta(a + k, b + n - k) - stats_lbeta(a, b);
	for (int j = 0; j < STATS_THETAS; j++) {
		double aa = a * stats_theta[j];
		double bb = fmax(a + b - aa, .05 * (a + b));
		double x = stats_lbeta(aa + k, bb + n - k) -
			   stats_lbeta(aa, bb) - before;

		sum += exp(fmin(EXP_LIMIT, x));
	}
	h->past_e = sum / STATS_THETAS;
}

static void region_slice(struct head *h)
{
	uint32_t n = seen_n_of(h)[0];
	uint32_t k = seen_k_of(h)[0];

	if (n > 0 && k >= SICK_SHARE * n) {
		if (h->region_count == 0)
			h->region_start_us =
				h->region_end_us - h->fixed.slice_us;
		h->region_count++;
		h->region_fails += k;
		if (own_past_known(h) &&
			h->fixed.nchecks >= h->fixed.value[P_REGION_C] &&
			h->region_count >= DOWN_SLICES &&
			h->region_fails >= DOWN_FAILURES &&
			seconds_between(h, h->region_start_us,
				h->region_end_us) >= h->fixed.value[P_REGION_S])
			state_halt(h, h->region_end_us, HALT_REGION_DOWN,
				STREAM_POOLED, 0);
	} else if (n) {
		h->region_count = 0;
		h->region_fails = 0;
	}
	if (own_past_known(h) && h->slice_onset)
		past_evidence(h);
	seen_n_of(h)[0] = seen_k_of(h)[0] = h->slice_onset = 0;
}

static void slices_advance(struct head *h, int64_t at_us)
{
	if (!h->region_open)
		region_slices_begin(h, at_us);
	if (at_us < h->region_end_us)
		return;
	region_slice(h);
	h->region_end_us +=
		((at_us - h->region_end_us) / h->fixed.slice_us + 1) *
		h->fixed.slice_us;
}

static void check_down(struct head *h, uint32_t check, int64_t at_us)
{
	double p =
		stats_clamp(h->fixed.value[P_INFLATE] * base_rate_of(h)[check],
			1e-4, .9);
	double need =
		stats_run_length(h->fixed.horizon_results, h->fixed.alpha_h, p);

	if (own_past_known(h) && seen_ok_of(h)[check] &&
		run_start_of(h)[check] >= h->deployed_us &&
		run_of(h)[check] >= fmax(h->fixed.value[P_CHECK_K], need) &&
		seconds_between(h, run_start_of(h)[check], at_us) >=
			2 * h->fixed.value[P_CHECK_S])
		state_halt(h, at_us, HALT_CHECK_DOWN, STREAM_CHECK, check);
}

static void count_judged(struct head *h, const struct observation *o,
	bool after_pass)
{
	silence_note(h, o);
	post_n_of(h)[o->check]++;
	post_k_of(h)[o->check] += o->failed;
	h->eligible += after_pass;
	h->slice_onset += o->failed && after_pass;
}

void own_past_observe(struct head *h, const struct observation *o)
{
	uint32_t c = o->check;
	bool after_pass = prev_of(h)[c] == 1;

	if (h->phase == PHASE_HISTORY) {
		pre_n_of(h)[c]++;
		pre_k_of(h)[c] += o->failed;
		h->eligible0 += after_pass;
		h->onset0 += o->failed && after_pass;
	} else {
		slices_advance(h, o->at_us);
		seen_n_of(h)[0]++;
		seen_k_of(h)[0] += o->failed;
		if (h->phase == PHASE_JUDGED)
			count_judged(h, o, after_pass);
	}
	if (!o->failed) {
		seen_ok_of(h)[c] = 1;
		run_of(h)[c] = 0;
	} else {
		if (run_of(h)[c]++ == 0)
			run_start_of(h)[c] = o->at_us;
		if (h->phase != PHASE_HISTORY)
			check_down(h, c, o->at_us);
	}
	prev_of(h)[c] = (int8_t)!o->failed;
	last_of(h)[c] = o->at_us;
}
