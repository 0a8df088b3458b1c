#include "detectors/state.h"

#include <math.h>

/*
 * The streams: onsets of failures, or slow answers, counted in slices, each
 * slice one factor of an e-process (DETECTION.md section 2).
 */

/*
 * After so many empty slices the running rates are zero but for the last bits
 * of a double, which decide nothing; a hole of a year must not cost a year.
 */
#define EMPTY_SLICES 2000

/*
 * Above this a component stays: an e-process that is capped is still one, and
 * infinity would turn into NaN, which is above no threshold.
 */
#define M_MAX 1e150
/*
 * The sum of the streams moves by differences, as in the reference; after a
 * stream was so large, rounding would be all that is left, so add up anew.
 */
#define E_LARGE 1e6

/* E-value of the controls' rate against their past: they have risen. */
#define CONTROLS_ROSE 1.5

/* A closed slice of one stream. */
struct slice {
	uint32_t stream;
	int64_t start_us;
	double start_s;
	const uint32_t *onsets, *fails; /* per region */
	double kappa[DETECTOR_MAX_REGIONS];
	uint8_t out[DETECTOR_MAX_REGIONS];
	double more; /* odds of the canary for controls left out: m / (m in) */
	bool burst, judged;
	bool jammed; /* goes on with what an earlier burst has counted */
};

struct pacing {
	int64_t slice_us, transient_us;
	double memory; /* slices */
};

static enum pace pace_of(const struct stream *s)
{
	if (s->kind == STREAM_SLOW_CHECK)
		return PACE_SLOW_CHECK;
	return s->kind == STREAM_SLOW90 || s->kind == STREAM_SLOW98
		       ? PACE_SLOW
		       : PACE_ERRORS;
}

static struct pacing pacing_of(const struct head *h, const struct stream *s)
{
	static const enum param_id transient[PACES] = { P_TRANSIENT, P_SLOW_S,
		P_SLOW_S };
	static const enum param_id memory[PACES] = { P_MEMORY, P_SLOW_N,
		P_SLOW_C_N };
	enum pace p = pace_of(s);

	return (struct pacing){ .slice_us = h->fixed.pace_us[p],
		.transient_us = us_of(h->fixed.value[transient[p]]),
		.memory = h->fixed.value[memory[p]] };
}

static bool any_fail(const struct slice *sl, uint32_t w)
{
	for (uint32_t r = 0; r < w; r++)
		if (sl->fails[r])
			return true;
	return false;
}

/* The band of each region; a control's never widens the canary's. */
static void slice_kappa(const struct head *h, const struct stream *s,
	const double *rate, struct slice *sl)
{
	uint32_t w = regions_of(h);
	double most = rate[1] / s->exposure;
	double canary = s->own0 > rate[0] ? s->own0 : rate[0];
	double control;

	for (uint32_t r = 2; r < w; r++)
		if (rate[r] / s->exposure > most)
			most = rate[r] / s->exposure;
	if (rate[0] > most)
		most = rate[0];
	if (s->rate0 > most)
		most = s->rate0;
	control = stats_kappa(most * s->exposure);
	sl->kappa[0] = stats_kappa(canary);
	sl->burst = sl->fails[0] > sl->kappa[0];
	for (uint32_t r = 1; r < w; r++) {
		sl->kappa[r] = control;
		if (!sl->out[r] && sl->fails[r] > control)
			sl->burst = true;
	}
}

/* Lays the stake of the time since the last onset, evenly over the horizon. */
static void stream_invest(const struct head *h, struct stream *s, double now_s)
{
	double horizon = h->fixed.horizon_s;
	double to = now_s < horizon ? now_s : horizon;
	double share =
		(1 - h->fixed.value[P_INVEST]) * (to - s->invested_s) / horizon;

	if (share <= 0)
		return;
	for (int j = 0; j < STATS_EFFECTS; j++)
		s->m[j] += stats_effect_weight[j] * share;
	s->invested_s = to;
}

/* Fewer controls: the canary's share of the probes is larger. */
static double with_controls_out(const struct slice *sl, double share)
{
	double odds;

	if (sl->more == 1.0)
		return share;
	odds = share / (1 - share) * sl->more;
	return odds / (1 + odds);
}

static void slice_onsets(const struct head *h, struct stream *s,
	const struct slice *sl, double rho)
{
	double kc = sl->onsets[0];
	double kb = 0;

	for (uint32_t r = 1; r < regions_of(h); r++)
		if (!sl->out[r])
			kb += sl->onsets[r];
	if (sl->judged) {
		/*
		 * With a control left out the past tells nothing about the
		 * shares of the others: rho is taken as it stands.
		 */
		double log_p0 = sl->more == 1.0
					? stats_label_update(&s->label, kc, kb)
					: 0;

		if (sl->more != 1.0 || s->tolerated != 1.0)
			log_p0 = kc * log(rho) + kb * log(1 - rho);
		for (int j = 0; j < STATS_EFFECTS; j++)
			s->m[j] *= stats_label_factor(kc, kb, rho, s->effect[j],
				log_p0);
	}
	if (sl->more == 1.0) {
		s->label.uc += kc;
		s->label.ub += kb;
	}
}

/* Which region leads the burst, and by how much over the second. */
static double burst_lead(const struct head *h, const struct stream *s,
	const struct slice *sl, bool *ret_canary)
{
	double first = sl->onsets[0] * s->exposure;
	double second = -1;

	*ret_canary = true;
	for (uint32_t r = 1; r < regions_of(h); r++) {
		double x = sl->onsets[r];

		if (sl->out[r])
			continue;
		if (x > first) {
			second = first;
			first = x;
			*ret_canary = false;
		} else if (x > second) {
			second = x;
		}
	}
	return first - second;
}

static void slice_burst(const struct head *h, struct stream *s,
	const struct slice *sl, double rho)
{
	bool canary;
	double lead = burst_lead(h, s, sl, &canary);

	if (lead <= 0)
		return;
	if (sl->judged) {
		struct label *l = &s->label;
		double even = 1 / (double)regions_of(h);
		double coin = s->exposure != 1 && even > rho ? even : rho;
		struct label past = *l;
		double share = l->canary_share;
		double seen;

		past.pi = 0;
		seen = stats_label_rho(&past);
		for (int j = 0; j < STATS_EFFECTS; j++)
			s->m[j] *= stats_burst_factor(lead, s->effect[j], coin,
				canary);
		if (!canary) {
			share = 1 - share;
			seen = 1 - seen;
		}
		l->pi = l->pi * share / (l->pi * share + (1 - l->pi) * seen);
	}
	if (canary)
		s->label.uc += 1;
	else
		s->label.ub += 1;
}

void streams_total(struct head *h)
{
	const struct stream *s = streams_of(h);

	h->total = 0.0;
	for (uint32_t i = 0; i < h->fixed.nstreams; i++)
		h->total += s[i].weight * s[i].e;
}

static void stream_evidence_update(struct head *h, struct stream *s)
{
	double sum = 0.0;
	double left = 1 - s->invested_s / h->fixed.horizon_s;
	double before = s->e;
	double e;

	for (int j = 0; j < STATS_EFFECTS; j++) {
		if (s->m[j] > M_MAX)
			s->m[j] = M_MAX;
		sum += s->m[j];
	}
	e = sum + (1 - h->fixed.value[P_INVEST]) * (left > 0.0 ? left : 0.0);
	h->total += s->weight * (e - s->e);
	s->e = e;
	if (before > E_LARGE || e > E_LARGE)
		streams_total(h);
}

static void slice_factor(struct head *h, struct stream *s,
	const struct slice *sl)
{
	uint64_t onsets = 0;
	double rho;

	for (uint32_t r = 0; r < regions_of(h); r++)
		if (!sl->out[r])
			onsets += sl->onsets[r];
	if (!onsets || sl->jammed || sl->start_us < s->skip_until_us)
		return;
	if (sl->judged)
		stream_invest(h, s, sl->start_s);
	rho = with_controls_out(sl, stats_label_rho(&s->label));
	rho = s->tolerated * rho / (1 - rho + s->tolerated * rho);
	if (sl->burst)
		slice_burst(h, s, sl, rho);
	else
		slice_onsets(h, s, sl, rho);
	if (sl->judged)
		stream_evidence_update(h, s);
}

static void jam_end(struct head *h, uint32_t stream, uint32_t region,
	int64_t at_us)
{
	struct stream *s = &streams_of(h)[stream];
	int64_t *from_us = &jam_from_of(h)[stream * regions_of(h) + region];

	if (*from_us == NEVER)
		return;
	if (h->phase == PHASE_HISTORY) {
		s->jams += 1;
		s->jams_s += (double)(at_us - *from_us) / US_PER_S;
	}
	*from_us = NEVER;
}

void jams_end(struct head *h, uint32_t stream, int64_t at_us)
{
	for (uint32_t r = 0; r < regions_of(h); r++)
		jam_end(h, stream, r, at_us);
}

/*
 * Answers of a region that are slow in slice after slice are one event, a jam,
 * as long as jams may last: the canary's first slice is a toss of the coin and
 * the others say nothing.  What lasts longer is how this version answers, and
 * each slow answer counts.  Without this the running rate decides when a burst
 * is none any more: soon where few answers make a slice, so that jams counted
 * in full, and only after minutes where many do, the later the slower they are.
 */
static void jams_note(struct head *h, uint32_t stream, struct slice *sl)
{
	uint32_t w = regions_of(h);
	const struct stream *s = &streams_of(h)[stream];
	int64_t *from_us = &jam_from_of(h)[(size_t)stream * w];
	double *band = &jam_band_of(h)[(size_t)stream * w];
	bool goes_on = from_us[0] != NEVER && 2 * sl->fails[0] > band[0];
	bool control_burst = false;

	for (uint32_t r = 0; r < w; r++) {
		bool breaks = sl->fails[r] > sl->kappa[r];

		if (2 * sl->fails[r] <= band[r])
			jam_end(h, stream, r, sl->start_us);
		if (breaks && from_us[r] == NEVER) {
			from_us[r] = sl->start_us;
			band[r] = sl->kappa[r];
		}
		if (r > 0 && breaks && !sl->out[r])
			control_burst = true;
	}
	if (!goes_on)
		return;
	sl->jammed = sl->start_us - from_us[0] < us_of(s->jam_limit_s);
	sl->burst = !sl->jammed && control_burst;
}

/* For the guards, which compare each arm with its own past. */
static void count_onsets(struct stream *s, const struct slice *sl, uint32_t w)
{
	s->onsets += fmin(sl->onsets[0], sl->kappa[0]);
	for (uint32_t r = 1; r < w; r++)
		if (!sl->out[r])
			s->control_onsets += fmin(sl->onsets[r], sl->kappa[r]);
}

/* Some region failed in this slice. */
static void slice_close(struct head *h, struct stream *s, double *rate,
	double *sum, struct slice *sl)
{
	uint32_t w = regions_of(h);
	struct pacing p = pacing_of(h, s);

	slice_kappa(h, s, rate, sl);
	if (pace_of(s) != PACE_ERRORS)
		jams_note(h, sl->stream, sl);
	if (!sl->judged)
		for (uint32_t r = 0; r < w; r++)
			sum[r] += fmin(sl->fails[r], sl->kappa[r] + 1);
	slice_factor(h, s, sl);
	if (sl->burst)
		s->skip_until_us = sl->start_us + p.slice_us + p.transient_us;
	if (sl->judged && s->kind == STREAM_POOLED)
		match_close_slice(h, sl->start_us, sl->kappa);
	if (sl->judged)
		count_onsets(s, sl, w);
	for (uint32_t r = 0; r < w; r++)
		rate[r] += (fmin(sl->fails[r], sl->kappa[r] + 1) - rate[r]) /
			   p.memory;
}

/* Nobody failed: only the running rates move, and waiting pairs count. */
static void slice_close_empty(struct head *h, struct stream *s, double *rate,
	const struct slice *sl)
{
	double memory = pacing_of(h, s).memory;

	if (pace_of(s) != PACE_ERRORS)
		jams_end(h, sl->stream, sl->start_us);
	if (sl->judged && s->kind == STREAM_POOLED)
		match_close_slice(h, sl->start_us, NULL);
	for (uint32_t r = 0; r < regions_of(h); r++)
		rate[r] += (0 - rate[r]) / memory;
}

/* Which controls are left out of the slice that starts there. */
static void slice_controls(const struct head *h, struct slice *sl)
{
	uint32_t m = regions_of(h) - 1;
	uint32_t in = m;

	if (sl->judged && m > 1)
		for (uint32_t r = 1; r <= m; r++) {
			sl->out[r] = control_down(h, r, sl->start_us);
			in -= sl->out[r];
		}
	sl->more = (double)m / in;
}

static void stream_advance(struct head *h, uint32_t index, int64_t end_us,
	int64_t nslices)
{
	uint32_t w = regions_of(h);
	size_t first = (size_t)index * w;
	struct stream *s = &streams_of(h)[index];
	double *rate = &rate_of(h)[first];
	uint32_t *onsets = &onsets_of(h)[first];
	uint32_t *fails = &fails_of(h)[first];
	int64_t slice_us = h->fixed.pace_us[pace_of(s)];

	for (int64_t i = 0; i < nslices && i < EMPTY_SLICES; i++) {
		struct slice sl = { .stream = index,
			.onsets = onsets,
			.fails = fails };

		sl.start_us = end_us + (i - 1) * slice_us;
		sl.start_s = seconds_at(h, sl.start_us);
		sl.judged = h->phase == PHASE_JUDGED;
		if (i > 0 || !any_fail(&sl, w)) {
			slice_close_empty(h, s, rate, &sl);
			continue;
		}
		slice_controls(h, &sl);
		slice_close(h, s, rate, &rate_sum_of(h)[first], &sl);
		for (uint32_t r = 0; r < w; r++)
			onsets[r] = fails[r] = 0;
	}
}

void streams_begin_history(struct head *h, int64_t at_us)
{
	int64_t b = h->fixed.slice_us;
	int64_t into = at_us % b;

	if (into < 0)
		into += b;
	h->pace_end_us[PACE_ERRORS] = at_us - into + b;
}

bool streams_advance_pace(struct head *h, enum pace p, int64_t at_us)
{
	int64_t end_us = h->pace_end_us[p];
	int64_t slice_us = h->fixed.pace_us[p];
	int64_t n;

	if (at_us < end_us)
		return false;
	n = (at_us - end_us) / slice_us + 1;
	for (uint32_t i = h->fixed.pace_first[p];
		i < h->fixed.pace_first[p + 1]; i++)
		stream_advance(h, i, end_us, n);
	if (h->phase == PHASE_HISTORY)
		h->slices[p] += (double)n;
	h->pace_end_us[p] += n * slice_us;
	return true;
}

bool streams_advance(struct head *h, int64_t at_us)
{
	bool slow = h->phase == PHASE_JUDGED || h->slow_learnt;
	bool closed = streams_advance_pace(h, PACE_ERRORS, at_us);

	if (slow && streams_advance_pace(h, PACE_SLOW, at_us))
		closed = true;
	if (slow && streams_advance_pace(h, PACE_SLOW_CHECK, at_us))
		closed = true;
	return closed;
}

/* As in the reference: the canary's own rate must have risen. */
static double guarded(const struct stream *s, double q)
{
	double guard = stats_guard(q, s->chances, s->onsets);

	return s->has_history && guard < s->e ? guard : s->e;
}

/*
 * What e is worth for a halt.  A drift of canary and controls multiplies
 * whatever was uneven between them before.  So when the controls have risen,
 * a share of the failures that their past alone leaves possible is no
 * evidence; and a canary that was worse before, of which little is known, must
 * be above what a drift makes of it.
 */
static double cautious(const struct stream *s)
{
	double e = guarded(s, s->guard_q);

	if (!s->has_history || stats_guard(s->qb0, s->control_chances,
				       s->control_onsets) < CONTROLS_ROSE)
		return e;
	return fmin(e, s->e * stats_past_alone(s->pi_then, s->label.pi));
}

double streams_suspicion(const struct head *h)
{
	const struct stream *s = streams_of(h);
	double total = 0.0;

	for (uint32_t i = 0; i < h->fixed.nstreams; i++)
		total += s[i].weight * guarded(&s[i], s[i].q0);
	return total;
}

double streams_evidence(const struct head *h, enum stream_kind *ret_kind,
	uint32_t *ret_index)
{
	const struct stream *s = streams_of(h);
	double total = 0.0;
	double best = -1.0;

	for (uint32_t i = 0; i < h->fixed.nstreams; i++, s++) {
		double e = cautious(s);

		total += s->weight * e;
		if (s->weight * e > best) {
			best = s->weight * e;
			*ret_kind = (enum stream_kind)s->kind;
			*ret_index = s->index;
		}
	}
	return total;
}

void streams_check(struct head *h, int64_t at_us)
{
	double threshold = 1 / h->fixed.alpha_e;
	enum stream_kind kind = STREAM_POOLED;
	uint32_t index = 0;
	uint64_t canary = 0;

	double streams;

	if (focus_evidence(h, h->total, &kind, &index) < threshold)
		return;
	streams = streams_evidence(h, &kind, &index);
	if (focus_evidence(h, streams, &kind, &index) < threshold)
		return;
	for (uint32_t c = 0; c < h->fixed.nchecks; c++)
		canary += pre_n_of(h)[(size_t)c * regions_of(h)];
	if (canary >= HISTORY_MIN) {
		state_halt(h, at_us, HALT_EVIDENCE, kind, index);
	} else if (!h->is_held) {
		/*
		 * A region that was always worse looks like a bad version
		 * when nothing is known about it before: a person decides.
		 */
		h->is_held = 1;
		h->held_us = at_us;
	}
}
