#include "detectors/state.h"

#include <math.h>

/*
 * From the state to an opinion: what halted, or what a pass still lacks
 * (DETECTION.md section 4).  A pass is the empty list of lacks, nothing else.
 */

#define PAIRS_MIN        20
#define CHECK_PAIRS_MIN  5
#define SHARE_MIN        .5 /* of the results expected in the soak */
#define EVIDENCE_PENDING 10
#define PENDING_SLICES   2
#define FLAKE_RATE       .01 /* a known flake may have a single miss */
#define FLAKE_MORE       2

static void lack(struct opinion *op, enum lack what, uint32_t check)
{
	if (op->lacks & 1u << what)
		return;
	op->lacks |= 1u << what;
	op->lack_check[what] = check;
}

struct tally state_count(const void *state, uint16_t region, uint32_t check)
{
	const struct head *h = state;
	struct tally t = { 0, 0 };

	for (uint32_t c = 0; c < h->fixed.nchecks; c++) {
		if (check != DETECTOR_NO_CHECK && check != c)
			continue;
		t.runs += post_n_of(h)[c * regions_of(h) + region];
		t.failures += post_k_of(h)[c * regions_of(h) + region];
	}
	return t;
}

static struct tally count_past(const struct head *h, uint32_t first,
	uint32_t end)
{
	struct tally t = { 0, 0 };

	for (uint32_t c = 0; c < h->fixed.nchecks; c++)
		for (uint32_t r = first; r < end; r++) {
			t.runs += pre_n_of(h)[c * regions_of(h) + r];
			t.failures += pre_k_of(h)[c * regions_of(h) + r];
		}
	return t;
}

static double rate_of_tally(struct tally t)
{
	return t.runs ? (double)t.failures / (double)t.runs : 0.0;
}

static void say_counts(const struct head *h, struct opinion *op)
{
	op->canary = state_count(h, 0, DETECTOR_NO_CHECK);
	for (uint32_t r = 1; r < regions_of(h); r++) {
		struct tally t = state_count(h, (uint16_t)r, DETECTOR_NO_CHECK);

		op->baseline.runs += t.runs;
		op->baseline.failures += t.failures;
	}
	if (own_past(h))
		op->baseline = count_past(h, 0, 1);
	op->canary_rate = rate_of_tally(op->canary);
	op->baseline_rate = rate_of_tally(op->baseline);
}

/* The check that has been silent longest, in whatever region. */
static void say_silent(const struct head *h, int64_t now_us, struct opinion *op)
{
	uint32_t w = regions_of(h);
	int64_t oldest = now_us;

	for (uint32_t i = 0; i < h->fixed.nchecks * w; i++) {
		int64_t from = last_of(h)[i];

		if (from < h->t0_us)
			from = h->t0_us;
		if (now_us - from <= silence_limit_us(h, i / w) ||
			from >= oldest)
			continue;
		oldest = from;
		op->lacks |= 1u << LACK_SILENT;
		op->lack_check[LACK_SILENT] = i / w;
		op->silent_region = (uint16_t)(i % w);
	}
}

/* Silence earns nothing: the soak is longer by it. */
static void say_soak(const struct head *h, int64_t now_us, struct opinion *op)
{
	if (now_us - h->t0_us - silence_total_us(h, now_us) < h->fixed.soak_us)
		lack(op, LACK_SOAK, DETECTOR_NO_CHECK);
}

static double results_needed(const struct head *h, uint32_t check)
{
	double half = SHARE_MIN * (double)h->fixed.soak_us /
		      (double)every_us_of(h)[check];

	return fmax(CHECK_PAIRS_MIN, half);
}

static void say_pairs(const struct head *h, struct opinion *op)
{
	uint32_t n00 = 0;

	for (uint32_t c = 0; c < h->fixed.nchecks; c++) {
		const uint32_t *p = &pairs_of(h)[(size_t)c * 3];

		op->canary_only += p[0];
		op->control_only += p[1];
		n00 += p[2];
		if (p[0] + p[1] + p[2] < results_needed(h, c))
			lack(op, LACK_CHECK_RESULTS, c);
	}
	op->pairs = op->canary_only + op->control_only + n00;
	op->excluded_rise =
		stats_excluded(op->canary_only, op->control_only, n00);
	if (op->pairs < fmax(PAIRS_MIN, SHARE_MIN * h->fixed.soak_results))
		lack(op, LACK_RESULTS, DETECTOR_NO_CHECK);
	if (!(op->excluded_rise <= h->fixed.smallest_effect))
		lack(op, LACK_EFFECT, DETECTOR_NO_CHECK);
}

/*
 * Canary and control failing together is never a pass.  Which word is said:
 * the control is sick when it too is worse than it was, and at least half as
 * bad as the canary.
 */
static void say_past(const struct head *h, struct opinion *op)
{
	struct tally past = count_past(h, 0, 1);
	struct tally control = count_past(h, 1, regions_of(h));
	double q0 = past.runs >= HISTORY_MIN ? rate_of_tally(past) : 0.0;

	op->rise_over_past = stats_excluded_past((double)op->canary.failures,
		(double)op->canary.runs, q0);
	if (op->rise_over_past <= 2 * h->fixed.smallest_effect)
		return;
	if (op->canary.failures && op->baseline.failures &&
		op->baseline_rate > rate_of_tally(control) &&
		op->baseline_rate >= op->canary_rate / 2)
		lack(op, LACK_CONTROL_SICK, DETECTOR_NO_CHECK);
	else
		lack(op, LACK_PAST, DETECTOR_NO_CHECK);
}

static bool known_flake(const struct head *h, uint32_t i)
{
	double n = (double)pre_n_of(h)[i] + post_n_of(h)[i];
	double k = (double)pre_k_of(h)[i] + post_k_of(h)[i];

	return k >= FLAKE_RATE * n + FLAKE_MORE;
}

static void say_failing(const struct head *h, struct opinion *op)
{
	for (uint32_t c = 0; c < h->fixed.nchecks; c++) {
		uint32_t i = c * regions_of(h);

		if (prev_of(h)[i] != 0 && newest_of(h)[i] != 0)
			continue;
		/* against its own past alone no miss is forgiven */
		if (own_past(h) || run_of(h)[i] >= 2 || !known_flake(h, i))
			lack(op, LACK_FAILS_NOW, c);
		if (!seen_ok_of(h)[c])
			lack(op, LACK_DOWN_BEFORE, c);
	}
	if (h->region_count >= PENDING_SLICES)
		lack(op, LACK_REGION_COUNT, DETECTOR_NO_CHECK);
}

static void judge_controls(const struct head *h, int64_t now_us,
	struct opinion *op)
{
	double streams = streams_evidence(h, &op->stream, &op->stream_index);
	double suspicion = streams_suspicion(h);
	enum stream_kind kind;
	uint32_t index;

	op->evidence =
		focus_evidence(h, streams, &op->stream, &op->stream_index);
	op->threshold = 1 / h->fixed.alpha_e;
	op->held = h->is_held && h->halt_rule == HALT_NONE;
	say_pairs(h, op);
	say_past(h, op);
	if (streams_of(h)[0].skip_until_us > now_us)
		lack(op, LACK_BURST, DETECTOR_NO_CHECK);
	/* negated, so that a number that is none is no pass */
	if ((!(h->total < EVIDENCE_PENDING) &&
		    !(suspicion < EVIDENCE_PENDING)) ||
		(h->nfocus && !(focus_evidence(h, suspicion, &kind, &index) <
				      EVIDENCE_PENDING)))
		lack(op, LACK_EVIDENCE,
			op->stream == STREAM_CHECK ||
					op->stream == STREAM_SLOW_CHECK
				? op->stream_index
				: DETECTOR_NO_CHECK);
	if (h->is_held)
		lack(op, LACK_NO_HISTORY, DETECTOR_NO_CHECK);
}

static void judge_own_past(const struct head *h, struct opinion *op)
{
	double q0 = own_past_known(h) ? op->baseline_rate : 0.0;

	op->evidence = h->past_e;
	op->threshold = EVIDENCE_PENDING;
	op->excluded_rise = stats_excluded_past((double)op->canary.failures,
		(double)op->canary.runs, q0);
	op->rise_over_past = op->excluded_rise;
	if (op->canary.runs < PAIRS_MIN)
		lack(op, LACK_RESULTS, DETECTOR_NO_CHECK);
	for (uint32_t c = 0; c < h->fixed.nchecks; c++)
		if (post_n_of(h)[c] < results_needed(h, c))
			lack(op, LACK_CHECK_RESULTS, c);
	if (!(op->excluded_rise <= h->fixed.smallest_effect))
		lack(op, LACK_EFFECT, DETECTOR_NO_CHECK);
	if (!(h->past_e < EVIDENCE_PENDING))
		lack(op, LACK_ABOVE_PAST, DETECTOR_NO_CHECK);
}

static void say_halt(const struct head *h, struct opinion *op)
{
	op->state = VERDICT_HALT;
	op->rule = (enum halt_rule)h->halt_rule;
	op->halted_us = h->halted_us;
	op->stream = (enum stream_kind)h->halt_stream;
	op->stream_index = h->halt_index;
	if (op->stream == STREAM_CHECK)
		op->check = h->halt_index;
}

static void say_latency(const struct head *h, struct opinion *op)
{
	for (uint32_t c = 0; c < h->fixed.nchecks; c++)
		op->latency_unjudged += !latency_judged(h, c);
}

static bool pending_of(uint32_t lacks)
{
	static const bool pending[LACKS] = {
#define X(name, token, pending, text) pending,
		LACK_MAP(X)
#undef X
	};

	for (int i = 0; i < LACKS; i++)
		if (pending[i] && lacks & 1u << i)
			return true;
	return false;
}

struct opinion state_judge(const void *state, int64_t now_us)
{
	const struct head *h = state;
	struct opinion op = {
		.state = VERDICT_UNDECIDED,
		.check = DETECTOR_NO_CHECK,
	};

	for (int i = 0; i < LACKS; i++)
		op.lack_check[i] = DETECTOR_NO_CHECK;
	op.control = !own_past(h)        ? AGAINST_REGIONS
		     : own_past_known(h) ? AGAINST_PAST
					 : AGAINST_NONE;
	say_counts(h, &op);
	if (h->phase == PHASE_JUDGED) {
		say_silent(h, now_us, &op);
		say_soak(h, now_us, &op);
	} else {
		lack(&op, LACK_NOT_JUDGED, DETECTOR_NO_CHECK);
	}
	if (own_past(h))
		judge_own_past(h, &op);
	else
		judge_controls(h, now_us, &op);
	say_failing(h, &op);
	say_latency(h, &op);
	op.pending = pending_of(op.lacks);
	if (h->halt_rule != HALT_NONE)
		say_halt(h, &op);
	else if (op.lacks == 0)
		op.state = VERDICT_PASS;
	return op;
}

struct glance state_glance(const void *state)
{
	const struct head *h = state;
	struct glance g = { .evidence = own_past(h) ? h->past_e : h->total };
	enum stream_kind kind;
	uint32_t index;

	if (h->halt_rule != HALT_NONE)
		g.halted_us = h->halted_us;
	if (!own_past(h) && g.evidence >= GLANCE_EXACT)
		g.evidence = focus_evidence(h,
			streams_evidence(h, &kind, &index), &kind, &index);
	return g;
}
