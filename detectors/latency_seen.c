#include "detectors/state.h"

#include <math.h>

/*
 * Latency in the numbers of an explanation: how many answers were slow, above
 * what limit, and how long the middle one took, before the deploy and since.
 * Nothing here decides anything.
 */

/* From here on the stream that leads is worth naming checks for. */
#define EVIDENCE_TOLD GLANCE_EXACT

struct medians { /* sums; both known of all of them */
	double before_us, since_us, n;
};

static void arm_add(const struct head *h, uint32_t i, enum stream_kind kind,
	struct latency_arm *arm, struct medians *m)
{
	bool far = kind == STREAM_SLOW98;
	uint32_t limit_us = (far ? slow98_of(h) : slow90_of(h))[i];
	const struct answers *a = &answers_of(h)[i];
	const uint32_t *slow = far ? a->slow98 : a->slow90;
	double median_us;

	if (limit_us == UINT32_MAX)
		return;
	arm->before += a->n[0];
	arm->slow_before += slow[0];
	arm->since += a->n[1];
	arm->slow += slow[1];
	if (!arm->limit_low_us || limit_us < arm->limit_low_us)
		arm->limit_low_us = limit_us;
	if (limit_us > arm->limit_high_us)
		arm->limit_high_us = limit_us;
	median_us = a->n[1] ? latency_median_us(h, i) : 0;
	if (!(median_us > 0) || !a->usual_us)
		return;
	m->before_us += a->usual_us;
	m->since_us += median_us;
	m->n++;
}

static void arm_medians(struct latency_arm *arm, const struct medians *m)
{
	if (m->n == 0)
		return;
	arm->median_before_us = m->before_us / m->n;
	arm->median_us = m->since_us / m->n;
}

/* Of the checks from `first` until `end`. */
static struct latency_seen seen_of(const struct head *h, uint32_t first,
	uint32_t end, enum stream_kind kind)
{
	struct latency_seen ret = { .check = DETECTOR_NO_CHECK };
	struct medians m[2] = { 0 };
	uint32_t w = regions_of(h);

	for (uint32_t c = first; c < end; c++)
		for (uint32_t r = 0; r < w; r++)
			arm_add(h, c * w + r, kind,
				r ? &ret.control : &ret.canary, &m[r > 0]);
	arm_medians(&ret.canary, &m[0]);
	arm_medians(&ret.control, &m[1]);
	return ret;
}

/* Slow answers of the canary above the rate of its controls. */
static double slow_more(const struct head *h, uint32_t check,
	enum stream_kind kind)
{
	const struct answers *a = &answers_of(h)[(size_t)check * regions_of(h)];
	bool far = kind == STREAM_SLOW98;
	double n = 0;
	double slow = 0;

	for (uint32_t r = 1; r < regions_of(h); r++) {
		n += a[r].n[1];
		slow += far ? a[r].slow98[1] : a[r].slow90[1];
	}
	return (far ? a->slow98[1] : a->slow90[1]) -
	       (n > 0 ? slow / n * a->n[1] : 0);
}

/* Puts it where it belongs among the worst; the first of equals stays. */
static uint32_t worst_add(uint32_t *worst, double *more, uint32_t n,
	uint32_t check, double own)
{
	uint32_t max = LATENCY_SEEN_MAX - 1;
	uint32_t at = n < max ? n : max;

	while (at > 0 && more[at - 1] < own)
		at--;
	if (at == max)
		return n;
	n = n < max ? n + 1 : n;
	for (uint32_t k = n - 1; k > at; k--) {
		worst[k] = worst[k - 1];
		more[k] = more[k - 1];
	}
	worst[at] = check;
	more[at] = own;
	return n;
}

uint32_t latency_seen(const void *state, const struct opinion *op,
	struct latency_seen ret[static LATENCY_SEEN_MAX])
{
	const struct head *h = state;
	enum stream_kind kind =
		op->stream == STREAM_SLOW98 ? STREAM_SLOW98 : STREAM_SLOW90;
	uint32_t worst[LATENCY_SEEN_MAX - 1];
	double more[LATENCY_SEEN_MAX - 1];
	uint32_t n = 0;

	if (own_past(h))
		return 0;
	ret[0] = seen_of(h, 0, h->fixed.nchecks, kind);
	if (!ret[0].canary.limit_high_us || !ret[0].control.limit_high_us)
		return 0;
	if (!stream_is_latency(op->stream) || op->evidence < EVIDENCE_TOLD)
		return 1;
	for (uint32_t c = 0; c < h->fixed.nchecks; c++) {
		double own = slow_more(h, c, kind);

		if (op->stream == STREAM_SLOW_CHECK && c == op->stream_index)
			own = INFINITY; /* it carries the evidence */
		if (own > 0)
			n = worst_add(worst, more, n, c, own);
	}
	for (uint32_t k = 0; k < n; k++) {
		ret[1 + k] = seen_of(h, worst[k], worst[k] + 1, kind);
		ret[1 + k].check = worst[k];
	}
	return 1 + n;
}
