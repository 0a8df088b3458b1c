#include "detectors/state.h"

#include <math.h>
#include <string.h>

/*
 * Latencies as labels: an answer is slow when it is above the check's own
 * robust 90 % or 98 % point in that region, and slow answers are counted as
 * failures are (DETECTION.md section 3).
 *
 * The reference keeps the raw history.  Here its first half goes into a log
 * histogram for each check and region; at the split the points are taken from
 * it, once, and the slices of the second half are closed as they come.  Two
 * things differ, both measured on the traces of ../shared/traces: a point
 * lies within one step of the histogram (0.8 to 1.6 %) of the order
 * statistic, and the running rates start from what the first half shows above
 * the point, not from the second half's mean; they forget it in some slices.
 */
#define TOOK_MIN 25 /* answers that make a point */

#define MEDIAN_RATIO_MIN 1.02 /* answers never vary less than that */
#define POINT90          1.9  /* of log(upper quartile / median) */
#define POINT98          3.045
#define BASE90           .1 /* what is above the points by itself */
#define BASE98           .02

void latency_begin(struct head *h)
{
	h->split_us = NEVER;
	if (own_past(h))
		return;
	for (uint32_t i = 0; i < h->fixed.nchecks * regions_of(h); i++)
		slow90_of(h)[i] = slow98_of(h)[i] = UINT32_MAX;
}

#define LINEAR_BITS 8 /* below 1 << 8 us: steps of 4 us */
#define STEP_BITS   6

_Static_assert(1 << STEP_BITS == TOOK_STEPS, "steps");

static uint32_t took_bin(uint32_t us)
{
	uint32_t octave;

	if (us < 1u << LINEAR_BITS)
		return us >> (LINEAR_BITS - STEP_BITS);
	octave = 31 - (uint32_t)__builtin_clz(us) - LINEAR_BITS;
	if (octave >= TOOK_OCTAVES)
		return TOOK_BINS - 1;
	return (1 + octave) * TOOK_STEPS +
	       ((us >> (octave + LINEAR_BITS - STEP_BITS)) & (TOOK_STEPS - 1));
}

/* Where a bin begins; the next one begins where it ends. */
static double took_low(uint32_t bin)
{
	uint32_t octave = bin / TOOK_STEPS;
	double step = bin % TOOK_STEPS;
	double first = 1 << LINEAR_BITS;

	if (octave == 0)
		return first / TOOK_STEPS * step;
	return ldexp(first + first / TOOK_STEPS * step, (int)octave - 1);
}

/* A full bin halves all of them: the shape stays, old answers weigh less. */
static void took_halve(uint8_t *bins)
{
	for (uint32_t b = 0; b < TOOK_BINS; b++)
		bins[b] = (uint8_t)((bins[b] + (b & 1)) / 2);
}

static void took_add(struct head *h, uint32_t i, uint32_t us)
{
	uint8_t *bins = &took_of(h)[i * TOOK_BINS];
	uint32_t bin = took_bin(us);

	if (bins[bin] == UINT8_MAX)
		took_halve(bins);
	bins[bin]++;
	took_n_of(h)[i]++;
}

/* The answer of this rank (from 0), spread evenly inside its bin. */
static double took_at_rank(const uint8_t *bins, uint32_t rank)
{
	uint32_t before = 0;
	uint32_t b = 0;

	while (b < TOOK_BINS - 1 && before + bins[b] <= rank)
		before += bins[b++];
	if (b == TOOK_BINS - 1)
		return INFINITY;
	return took_low(b) + (took_low(b + 1) - took_low(b)) *
				     ((rank - before + .5) / bins[b]);
}

static uint32_t whole_us(double us)
{
	return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static uint32_t took_count(const uint8_t *bins)
{
	uint32_t n = 0;

	for (uint32_t b = 0; b < TOOK_BINS; b++)
		n += bins[b];
	return n;
}

double latency_median_us(const struct head *h, uint32_t i)
{
	const uint8_t *bins = &took_of(h)[i * TOOK_BINS];
	uint32_t n = took_count(bins);

	/* beyond the histogram: at least so long */
	return n ? fmin(took_at_rank(bins, n / 2), took_low(TOOK_BINS - 1)) : 0;
}

/* Too few answers, or beyond the histogram: nothing is slow then. */
static void learn_points(struct head *h, uint32_t i)
{
	const uint8_t *bins = &took_of(h)[i * TOOK_BINS];
	uint32_t n = took_count(bins);
	double median;
	double upper;
	double spread;

	if (took_n_of(h)[i] < TOOK_MIN)
		return;
	median = took_at_rank(bins, n / 2);
	upper = took_at_rank(bins, 3 * n / 4);
	if (!isfinite(upper))
		return;
	spread = log(fmax(upper / median, MEDIAN_RATIO_MIN));
	slow90_of(h)[i] = whole_us(median * exp(POINT90 * spread));
	slow98_of(h)[i] = whole_us(median * exp(POINT98 * spread));
	answers_of(h)[i].usual_us = whole_us(median);
}

/* Answers of the first half that are above a point. */
static double took_above(const struct head *h, uint32_t i, uint32_t point_us)
{
	const uint8_t *bins = &took_of(h)[i * TOOK_BINS];
	double n = 0;
	double above = 0;

	if (point_us == UINT32_MAX)
		return 0;
	for (uint32_t b = 0; b < TOOK_BINS; b++) {
		n += bins[b];
		above += b > took_bin(point_us) ? bins[b] : 0;
	}
	return above / n * took_n_of(h)[i];
}

static void begin_stream(struct head *h, uint32_t index, int64_t slice_us)
{
	uint32_t w = regions_of(h);
	struct stream *s = &streams_of(h)[index];
	bool one = s->kind == STREAM_SLOW_CHECK;
	const uint32_t *point =
		s->kind == STREAM_SLOW98 ? slow98_of(h) : slow90_of(h);
	double share = (double)slice_us / (double)(h->split_us - h->first_us);

	s->label.canary_share = past_share(h, s);
	s->jam_limit_s = h->fixed.value[P_JAM_S];
	for (uint32_t c = one ? s->index : 0;
		c < (one ? s->index + 1 : h->fixed.nchecks); c++)
		for (uint32_t r = 0; r < w; r++)
			rate_of(h)[(size_t)index * w + r] +=
				took_above(h, c * w + r, point[c * w + r]) *
				share;
}

static void took_clear(struct head *h)
{
	size_t n = (size_t)h->fixed.nchecks * regions_of(h);

	memset(took_of(h), 0, n * TOOK_BINS);
	memset(took_n_of(h), 0, n * sizeof(*took_n_of(h)));
}

static void latency_split(struct head *h)
{
	size_t n = (size_t)h->fixed.nchecks * regions_of(h);

	for (uint32_t i = 0; i < n; i++)
		learn_points(h, i);
	for (int p = PACE_SLOW; p < PACES; p++) {
		for (uint32_t i = h->fixed.pace_first[p];
			i < h->fixed.pace_first[p + 1]; i++)
			begin_stream(h, i, h->fixed.pace_us[p]);
		h->pace_end_us[p] = h->split_us + h->fixed.pace_us[p];
	}
	h->slow_learnt = 1;
	took_clear(h);
}

void latency_advance(struct head *h, int64_t at_us)
{
	if (!h->slow_learnt && h->split_us != NEVER && at_us >= h->split_us)
		latency_split(h);
}

static void count_slow(struct head *h, uint32_t stream, uint32_t region)
{
	size_t at = (size_t)stream * regions_of(h) + region;

	onsets_of(h)[at]++;
	fails_of(h)[at]++;
}

/* What an explanation says of it; decides nothing. */
static void answer_note(struct head *h, uint32_t i, uint32_t took_us)
{
	struct answers *a = &answers_of(h)[i];
	bool since = h->phase == PHASE_JUDGED;

	a->n[since]++;
	a->slow90[since] += took_us > slow90_of(h)[i];
	a->slow98[since] += took_us > slow98_of(h)[i];
	took_add(h, i, took_us);
}

void latency_note(struct head *h, const struct observation *o)
{
	uint32_t i = o->check * regions_of(h) + o->region;
	uint32_t slow = h->fixed.pace_first[PACE_SLOW];

	if (!h->slow_learnt) {
		if (h->phase == PHASE_HISTORY && h->split_us != NEVER)
			took_add(h, i, o->took_us);
		return;
	}
	if (slow90_of(h)[i] == UINT32_MAX)
		return; /* no limit is known */
	answer_note(h, i, o->took_us);
	if (o->took_us > slow90_of(h)[i]) {
		count_slow(h, slow, o->region);
		count_slow(h, h->fixed.pace_first[PACE_SLOW_CHECK] + o->check,
			o->region);
	}
	if (o->took_us > slow98_of(h)[i])
		count_slow(h, slow + 1, o->region);
}

/* The past's own share of slow answers, and how far it may be off. */
static void learn_share(const struct head *h, struct stream *s)
{
	struct label *l = &s->label;
	double a;
	double b;

	l->canary_share = past_share(h, s);
	a = l->a * l->canary_share;
	b = l->a * (1 - l->canary_share);
	l->pi = stats_label_prior(l, h->fixed.value[P_LABEL_PI]);
	l->canary_share = stats_label_rho(l);
	l->pi = 1.0;
	s->tolerated = h->fixed.value[s->kind == STREAM_SLOW_CHECK ? P_SLOW_C_R
								   : P_SLOW_R];
	s->tolerated *= exp(h->fixed.value[P_SLOW_Z] *
			    sqrt(1 / (l->uc + a) + 1 / (l->ub + b)));
}

/* How long a jam may last, by those of all regions in the second half. */
static void learn_jams(struct head *h, uint32_t stream, int64_t at_us)
{
	struct stream *s = &streams_of(h)[stream];
	struct spells past = { .prior_n = h->fixed.value[P_SPELL_N],
		.prior_s = h->fixed.value[P_SPELL_S] };
	double half_s = (double)(at_us - h->split_us) / US_PER_S;

	jams_end(h, stream, at_us);
	past.n = s->jams;
	past.total_s = s->jams_s;
	s->jam_limit_s = h->fixed.value[P_JAM_S];
	if (past.n > 0 && half_s > 0)
		s->jam_limit_s = fmax(s->jam_limit_s,
			stats_spell_limit_s(&past,
				past.n * h->fixed.horizon_s /
					(half_s * regions_of(h)),
				h->fixed.alpha_e * .5));
}

/* The median of the second half, where enough answers make one. */
static void learn_usual(struct head *h)
{
	size_t n = (size_t)h->fixed.nchecks * regions_of(h);

	for (uint32_t i = 0; i < n; i++)
		if (took_n_of(h)[i] >= TOOK_MIN)
			answers_of(h)[i].usual_us =
				whole_us(latency_median_us(h, i));
}

void latency_deployed(struct head *h, int64_t at_us)
{
	uint32_t n = h->fixed.nstreams;

	latency_advance(h, at_us);
	if (h->slow_learnt)
		learn_usual(h);
	took_clear(h);
	if (!h->slow_learnt)
		return; /* no point is known: no answer will be slow */
	streams_advance_pace(h, PACE_SLOW, at_us);
	streams_advance_pace(h, PACE_SLOW_CHECK, at_us);
	for (uint32_t i = h->fixed.pace_first[PACE_SLOW]; i < n; i++) {
		struct stream *s = &streams_of(h)[i];

		learn_share(h, s);
		learn_jams(h, i, at_us);
		stats_effects(s->kind == STREAM_SLOW98 ? BASE98 : BASE90,
			s->effect);
	}
}

bool latency_judged(const struct head *h, uint32_t check)
{
	uint32_t w = regions_of(h);
	const uint32_t *point;

	if (own_past(h))
		return false;
	point = &slow90_of(h)[(size_t)check * w];
	for (uint32_t r = 0; r < w; r++)
		if (point[r] == UINT32_MAX)
			return false;
	return true;
}

bool latency_is_slow(const void *state, const struct observation *o,
	enum stream_kind kind)
{
	const struct head *h = state;
	uint32_t i = o->check * regions_of(h) + o->region;

	if (own_past(h) || o->failed)
		return false;
	return o->took_us >
	       (kind == STREAM_SLOW98 ? slow98_of(h) : slow90_of(h))[i];
}
