#include "detectors/state.h"

#include <math.h>

/*
 * The focus: while a check is suspected it is asked more often, in canary and
 * controls alike, and every result of it is looked at.
 *
 * A part of the evidence of that moment is staked on this check alone: the
 * streams go on with the rest, the focus multiplies the stake.  Both are
 * nonnegative martingales under innocence, and so is their sum, since who is
 * staked on, and when, depends on the past only.
 *
 * Time is cut into blocks of two intervals of the check (at least the
 * transient), because the past was seen at intervals: how failures within two
 * of them hang together it can not tell.  A region that begins to fail in a
 * block counts once, and if the version is innocent that region is the canary
 * with probability rho, whatever the common failure rate: its label is that
 * of the check's own stream.  A block is left out when the regions were not
 * asked equally often, or when so much fails that it is no one check's fault.
 */
#define SHARE        .5
#define STREAM_LEAST 2.5 /* e-value of the check's own stream */
#define COUNT_LEAST  2   /* of check-down */
/* One check explains what all of them show, so far as it is alone in it. */
#define ALONE .5
#define M_MAX 1e150

static const struct stream *stream_of(const struct head *h, uint32_t check)
{
	return &streams_of(h)[1 + h->fixed.ngroups + check];
}

static double guarded(const struct stream *s)
{
	double guard;

	if (!s->has_history)
		return s->e;
	guard = stats_guard(s->q0, s->chances, s->onsets);
	return guard < s->e ? guard : s->e;
}

static struct focus *focus_of(struct head *h, uint32_t check)
{
	for (uint32_t i = 0; i < h->nfocus; i++)
		if (h->focus[i].check == check)
			return &h->focus[i];
	return NULL;
}

static int64_t block_us(const struct head *h, uint32_t check)
{
	int64_t two_us = 2 * every_us_of(h)[check];
	int64_t least_us = us_of(h->fixed.value[P_TRANSIENT]);

	return two_us > least_us ? two_us : least_us;
}

void focus_open(struct head *h, const struct observation *o)
{
	const struct stream *s = stream_of(h, o->check);
	struct focus *f = &h->focus[h->nfocus];
	enum stream_kind kind;
	uint32_t index;
	uint32_t w = regions_of(h);
	double streams;

	if (h->total < GLANCE_EXACT || h->nfocus == FOCUS_MAX ||
		focus_of(h, o->check) || guarded(s) < STREAM_LEAST ||
		s->e < ALONE * streams_of(h)[0].e)
		return;
	streams = streams_evidence(h, &kind, &index);
	if (streams < GLANCE_EXACT)
		return;
	f->stake = SHARE * h->kept * streams;
	h->kept *= 1 - SHARE;
	for (int j = 0; j < STATS_EFFECTS; j++) {
		f->m[j] = stats_effect_weight[j];
		f->effect[j] = s->effect[j];
	}
	f->label = s->label;
	f->q0 = s->q0;
	f->has_history = s->has_history;
	f->check = o->check;
	f->end_us = o->at_us + block_us(h, o->check);
	for (uint32_t r = 0; r < w; r++)
		focus_prev_of(h)[h->nfocus * w + r] =
			prev_of(h)[o->check * w + r];
	h->nfocus++;
}

/* Asked equally often; who was asked less had fewer chances to fail. */
static bool block_even(const uint32_t *n, uint32_t w)
{
	for (uint32_t r = 1; r < w; r++)
		if (n[0] > n[r] + 1 || n[r] > n[0] + 1)
			return false;
	return n[0] > 0;
}

static void block_close(struct head *h, struct focus *f, const uint32_t *n,
	const uint8_t *on)
{
	uint32_t w = regions_of(h);
	double kc = on[0];
	double kb = 0;
	double log_p0;
	double rho;

	for (uint32_t r = 1; r < w; r++)
		kb += on[r];
	if (f->wide || !block_even(n, w) || kc + kb == 0)
		return;
	rho = stats_label_rho(&f->label);
	log_p0 = stats_label_update(&f->label, kc, kb);
	for (int j = 0; j < STATS_EFFECTS; j++)
		f->m[j] = fmin(M_MAX, f->m[j] * stats_label_factor(kc, kb, rho,
							f->effect[j], log_p0));
	f->label.uc += kc;
	f->label.ub += kb;
	f->onsets += kc;
}

/* True: a block was closed. */
static bool block_advance(struct head *h, struct focus *f, int64_t at_us)
{
	size_t first = (size_t)(f - h->focus) * regions_of(h);
	uint32_t *n = &focus_n_of(h)[first];
	uint8_t *on = &focus_on_of(h)[first];
	int64_t long_us = block_us(h, f->check);

	if (at_us < f->end_us)
		return false;
	block_close(h, f, n, on);
	for (uint32_t r = 0; r < regions_of(h); r++)
		n[r] = on[r] = 0;
	f->wide = 0;
	f->end_us += ((at_us - f->end_us) / long_us + 1) * long_us;
	return true;
}

void focus_note(struct head *h, const struct observation *o)
{
	struct focus *f = focus_of(h, o->check);
	size_t at;
	bool closed;
	int8_t *prev;

	if (!f)
		return;
	closed = block_advance(h, f, o->at_us);
	at = (size_t)(f - h->focus) * regions_of(h) + o->region;
	prev = &focus_prev_of(h)[at];
	focus_n_of(h)[at]++;
	if (o->region == 0 && *prev == 1)
		f->chances += 1;
	if (o->failed && *prev == 1)
		focus_on_of(h)[at] = 1;
	*prev = (int8_t)!o->failed;
	for (uint32_t r = 0; r < regions_of(h); r++)
		f->wide |= widely_failing(h, r);
	if (closed)
		streams_check(h, o->at_us);
}

static double focus_e(const struct focus *f)
{
	double e = 0;
	double guard;

	for (int j = 0; j < STATS_EFFECTS; j++)
		e += f->m[j];
	if (!f->has_history)
		return e;
	guard = stats_guard(f->q0, f->chances, f->onsets);
	return guard < e ? guard : e;
}

double focus_evidence(const struct head *h, double streams,
	enum stream_kind *kind, uint32_t *index)
{
	double most = h->kept * streams;
	double sum = most;

	for (uint32_t i = 0; i < h->nfocus; i++) {
		const struct focus *f = &h->focus[i];
		double e = f->stake * focus_e(f);

		sum += e;
		if (e > most) {
			most = e;
			*kind = STREAM_CHECK;
			*index = f->check;
		}
	}
	return sum;
}

/* How much a check smells; 0: not at all. */
static double smell(const struct head *h, bool growing, uint32_t check)
{
	double e = guarded(stream_of(h, check));

	if (growing && e >= STREAM_LEAST)
		return e;
	e = fmax(count_of(h)[check], fast_count_of(h)[check]);
	return e >= COUNT_LEAST ? e : 0;
}

uint32_t focus_suspects(const void *state, uint32_t max, struct suspected *ret)
{
	const struct head *h = state;
	bool growing;
	uint32_t n = 0;

	if (own_past(h) || h->phase == PHASE_HISTORY ||
		h->halt_rule != HALT_NONE)
		return 0;
	growing = state_glance(h).evidence >= GLANCE_EXACT;
	for (uint32_t c = 0; c < h->fixed.nchecks; c++) {
		double e = smell(h, growing, c);
		uint32_t at = n;

		if (e <= 0)
			continue;
		while (at > 0 && ret[at - 1].evidence < e)
			at--;
		if (at == max)
			continue;
		n = n < max ? n + 1 : max;
		for (uint32_t k = n - 1; k > at; k--)
			ret[k] = ret[k - 1];
		ret[at] = (struct suspected){ c, e };
	}
	return n;
}
