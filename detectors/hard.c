#include "detectors/state.h"

#include <math.h>

/*
 * The hard paths, each with a budget of its own: a check that is down in the
 * canary while it passes in a control, and a canary that is down as a whole.
 */

#define CALM_SHARE    .1 /* controls may fail so much beside a sick canary */
#define DOWN_SLICES   4
#define DOWN_FAILURES 6

static int64_t transient_us(const struct head *h)
{
	return us_of(h->fixed.value[P_TRANSIENT]);
}

/*
 * With several controls, one that is sick itself (>= 40 % failing) is left
 * out until it was calm for a transient.  Left out is only who fell sick a
 * transient or more before the canary: regions that fall sick together are
 * an outage, and each is the other's witness.  (Measured, canary and one of
 * two controls at 50 % for a minute: 32 % false halts otherwise, 0 so.)
 */
bool control_out(const struct head *h, uint32_t region, int64_t at_us)
{
	bool other = false;

	if (regions_of(h) <= 2 || out_until_of(h)[region] <= at_us)
		return false;
	for (uint32_t r = 1; r < regions_of(h); r++)
		other = other || out_until_of(h)[r] <= at_us;
	return other; /* all sick: then it is no one's own trouble */
}

static bool down_since_long(const struct head *h, uint32_t region,
	int64_t at_us)
{
	int64_t from = down_from_of(h)[region];

	return from != NEVER && at_us - from >= transient_us(h);
}

/*
 * The evidence counts beginnings of failing, and a region that is down
 * begins none: it says nothing then and is no part of the shares.  Any other
 * sick control stays: the label has learnt its share, and leaving it out by
 * what it shows made up to 1.7 % false halts (a control at 30 %).
 */
bool control_down(const struct head *h, uint32_t region, int64_t at_us)
{
	bool other = false;

	if (regions_of(h) <= 2 || !down_since_long(h, region, at_us))
		return false;
	for (uint32_t r = 1; r < regions_of(h); r++)
		other = other || !down_since_long(h, r, at_us);
	return other;
}

static void note_sick_control(struct head *h, uint32_t r, int64_t start_us)
{
	int64_t end_us = h->region_end_us;
	uint32_t n = seen_n_of(h)[r];
	uint32_t k = seen_k_of(h)[r];

	if (k < n)
		down_from_of(h)[r] = NEVER;
	else if (down_from_of(h)[r] == NEVER)
		down_from_of(h)[r] = start_us;
	if (k < SICK_SHARE * n) {
		sick_from_of(h)[r] = NEVER;
		return;
	}
	if (sick_from_of(h)[r] == NEVER) {
		sick_from_of(h)[r] = start_us;
		sick_k_of(h)[r] = 0;
	}
	sick_k_of(h)[r] += k;
	if (out_until_of(h)[r] > start_us ||
		(end_us - sick_from_of(h)[r] >= transient_us(h) &&
			sick_k_of(h)[r] >= DOWN_FAILURES &&
			end_us - h->canary_sick_us >= transient_us(h)))
		out_until_of(h)[r] = end_us + transient_us(h);
}

/*
 * By slices that are over, so that what is left out does not depend on what
 * it is left out of.
 */
static void note_sick(struct head *h)
{
	int64_t start_us = h->region_end_us - h->fixed.slice_us;

	if (seen_n_of(h)[0] && seen_k_of(h)[0] >= SICK_SHARE * seen_n_of(h)[0])
		h->canary_sick_us = h->region_end_us;
	for (uint32_t r = 1; r < regions_of(h); r++)
		if (seen_n_of(h)[r])
			note_sick_control(h, r, start_us);
}

static bool controls_calm(const struct head *h, int64_t start_us,
	uint32_t *ret_n)
{
	uint32_t n = 0;
	uint32_t k = 0;

	for (uint32_t r = 1; r < regions_of(h); r++)
		if (!control_out(h, r, start_us)) {
			n += seen_n_of(h)[r];
			k += seen_k_of(h)[r];
		}
	*ret_n = n;
	return n == 0 || k <= CALM_SHARE * n;
}

static void region_slice(struct head *h)
{
	int64_t start_us = h->region_end_us - h->fixed.slice_us;
	uint32_t ncontrol;

	if (!seen_n_of(h)[0])
		return;
	if (seen_k_of(h)[0] < SICK_SHARE * seen_n_of(h)[0] ||
		!controls_calm(h, start_us, &ncontrol)) {
		h->region_count = 0;
		h->region_fails = 0;
		return;
	}
	if (h->region_count == 0)
		h->region_start_us = start_us;
	h->region_count++;
	h->region_fails += seen_k_of(h)[0];
	if (h->region_count >= DOWN_SLICES &&
		h->region_fails >= DOWN_FAILURES && ncontrol > 0 &&
		h->fixed.nchecks >= h->fixed.value[P_REGION_C] &&
		seconds_between(h, h->region_start_us, h->region_end_us) >=
			h->region_after)
		state_halt(h, h->region_end_us, HALT_REGION_DOWN, STREAM_POOLED,
			0);
}

void region_slices_begin(struct head *h, int64_t at_us)
{
	int64_t b = h->fixed.slice_us;
	int64_t into = (at_us - h->origin_us) % b;

	if (into < 0)
		into += b;
	h->region_end_us = at_us - into + b;
	h->region_open = 1;
}

void region_down_advance(struct head *h, int64_t at_us)
{
	int64_t n;

	if (!h->region_open)
		region_slices_begin(h, at_us);
	if (at_us < h->region_end_us)
		return;
	region_slice(h);
	note_sick(h);
	for (uint32_t r = 0; r < regions_of(h); r++)
		seen_n_of(h)[r] = seen_k_of(h)[r] = 0;
	/* Slices without a result change nothing: leap over them. */
	n = (at_us - h->region_end_us) / h->fixed.slice_us + 1;
	h->region_end_us += n * h->fixed.slice_us;
}

int64_t silence_limit_us(const struct head *h, uint32_t check)
{
	int64_t limit = 5 * every_us_of(h)[check];

	return limit > SILENCE_US ? limit : SILENCE_US;
}

/*
 * A pass of a control stands for now only while it is fresh: two intervals
 * when there are several controls.  The reference knows no age; with one
 * control we keep its numbers until the control counts as silent, because
 * beyond that the stage is undecided (starved), never the canary's fault.
 */
static int64_t fresh_us(const struct head *h, uint32_t check)
{
	if (regions_of(h) > 2)
		return 2 * every_us_of(h)[check];
	return silence_limit_us(h, check);
}

enum witness { WITNESS_NONE, WITNESS_PASSES, WITNESS_FAILS };

static enum witness controls_say(const struct head *h, uint32_t check,
	int64_t at_us)
{
	uint32_t first = check * regions_of(h);
	enum witness says = WITNESS_NONE;

	for (uint32_t r = 1; r < regions_of(h); r++) {
		if (control_out(h, r, at_us))
			continue;
		if (newest_of(h)[first + r] == 0)
			return WITNESS_FAILS;
		if (newest_of(h)[first + r] == 1 &&
			at_us - last_of(h)[first + r] <= fresh_us(h, check))
			says = WITNESS_PASSES;
	}
	return says;
}

/* How often this check fails by itself, at worst. */
static double fails_by_itself(const struct head *h, uint32_t check)
{
	uint32_t first = check * regions_of(h);
	double n = 0;
	double k = 0;
	double p = base_rate_of(h)[check] * h->fixed.value[P_INFLATE];
	double now;
	double all = 2.0 * h->hard_control_k / (h->hard_control_n + 50.0);

	for (uint32_t r = 1; r < regions_of(h); r++) {
		n += hard_n_of(h)[first + r];
		k += hard_k_of(h)[first + r];
	}
	now = (k + (k > 0)) / (n + 10);
	if (now > p)
		p = now;
	if (all > p)
		p = all;
	return stats_clamp(p, 1e-4, .9);
}

/*
 * With extra results there is a second count, of all results; the first goes
 * on as if there were none.  Each of the interval's results has half of its
 * budget then, and the n-th extra one alpha / 2 (N + n), which adds up to less
 * than the other half up to 1.7 N extra ones.
 */
static double chances(const struct head *h)
{
	double n = h->fixed.horizon_results;

	return h->extras ? 2 * (n + h->extras) : n;
}

struct counting { /* one of the two counts of a check */
	double *count;
	int64_t *start;
	double least_s;
};

static struct counting counting_of(const struct head *h, uint32_t check,
	bool fast)
{
	if (fast)
		return (struct counting){ &fast_count_of(h)[check],
			&fast_start_of(h)[check], fast_after_of(h)[check] };
	return (struct counting){ &count_of(h)[check],
		&count_start_of(h)[check], down_after_of(h)[check] };
}

static void count_failure(struct head *h, const struct observation *o,
	struct counting c)
{
	if (*c.count == 0)
		*c.start = o->at_us;
	*c.count += 1;
	if (*c.count < h->fixed.value[P_CHECK_K] ||
		seconds_between(h, *c.start, o->at_us) < c.least_s ||
		widely_failing(h, 0))
		return;
	if (*c.count >= stats_run_length(chances(h), h->fixed.alpha_h,
				fails_by_itself(h, o->check)))
		state_halt(h, o->at_us, HALT_CHECK_DOWN, STREAM_CHECK,
			o->check);
}

static void count_canary(struct head *h, const struct observation *o,
	struct counting c)
{
	if (!o->failed) {
		double less = *c.count - h->fixed.value[P_FORGIVE];
		double half = floor(*c.count / 2);

		if (half < less)
			less = half;
		*c.count = less > 0.0 ? less : 0.0;
		return;
	}
	switch (controls_say(h, o->check, o->at_us)) {
	case WITNESS_FAILS:
		*c.count = 0;
		break;
	case WITNESS_PASSES:
		if (seen_ok_of(h)[o->check])
			count_failure(h, o, c);
		break;
	case WITNESS_NONE:
		break;
	}
}

void check_down_canary(struct head *h, const struct observation *o)
{
	if (!o->failed)
		seen_ok_of(h)[o->check] = 1;
	if (!o->extra)
		count_canary(h, o, counting_of(h, o->check, false));
	if (h->extras)
		count_canary(h, o, counting_of(h, o->check, true));
}

void check_down_control(struct head *h, const struct observation *o)
{
	if (!o->failed || control_out(h, o->region, o->at_us))
		return;
	fast_count_of(h)[o->check] = 0;
	if (!o->extra)
		count_of(h)[o->check] = 0;
}
