#include "detectors/state.h"

#include <stddef.h>

/*
 * Results of canary and control side by side: what a pass excludes is said
 * about the difference of the two (DETECTION.md section 4).  Pairs count
 * only while their control is calm.
 */

#define CALM_FAILURES 2
#define CALM_RATE     .3

enum { N10, N01, N00 }; /* only the canary failed, only the control, else */

static void pair_add(struct head *h, uint32_t check, uint32_t control,
	bool canary_failed, bool control_failed)
{
	uint32_t m = regions_of(h) - 1;
	uint32_t *pairs =
		&slice_pairs_of(h)[((size_t)check * m + control - 1) * 3];

	if (canary_failed && !control_failed)
		pairs[N10]++;
	else if (control_failed && !canary_failed)
		pairs[N01]++;
	else
		pairs[N00]++;
	h->slice_npairs++;
}

/* One control: first come, first paired, as in the reference. */
static void match_first(struct head *h, uint32_t check, uint32_t region,
	bool failed)
{
	struct fifo *q = &fifos_of(h)[check];
	bool other;

	if (!q->n || q->region == region) {
		q->region = (uint8_t)region;
		q->failed = (uint8_t)(q->failed << 1 | failed);
		if (q->n < FIFO_MAX)
			q->n++;
		return;
	}
	q->n--;
	other = q->failed >> q->n & 1;
	if (region == 0)
		pair_add(h, check, 1, failed, other);
	else
		pair_add(h, check, 1, other, failed);
}

static int64_t apart(const struct waiting *a, const struct waiting *b)
{
	return a->at_us > b->at_us ? a->at_us - b->at_us : b->at_us - a->at_us;
}

static void nearest_pair(struct head *h, uint32_t check,
	const struct waiting *control)
{
	struct nearest *q = &near_of(h)[check];

	if (apart(&q->canary, control) <= every_us_of(h)[check])
		pair_add(h, check, control->region, q->canary.failed,
			control->failed);
	q->canary.here = 0;
	q->before.here = 0;
}

/*
 * Several controls: the canary's result waits for the next control's and is
 * paired with the nearer of that one and the one before, each used once.
 */
static void match_nearest(struct head *h, const struct observation *o)
{
	struct nearest *q = &near_of(h)[o->check];
	struct waiting now = { o->at_us, o->region, 1, o->failed };

	if (o->region == 0) {
		if (q->canary.here && q->before.here)
			nearest_pair(h, o->check, &q->before);
		q->canary = now;
		q->before = q->latest;
		q->latest.here = 0;
		return;
	}
	if (control_out(h, o->region, o->at_us))
		return;
	if (!q->canary.here) {
		q->latest = now;
	} else if (q->before.here &&
		   apart(&q->canary, &q->before) <= apart(&q->canary, &now)) {
		nearest_pair(h, o->check, &q->before);
		q->latest = now;
	} else {
		nearest_pair(h, o->check, &now);
	}
}

void match_result(struct head *h, const struct observation *o)
{
	if (o->region)
		slice_n_of(h)[o->region]++;
	if (regions_of(h) > 2)
		match_nearest(h, o);
	else
		match_first(h, o->check, o->region, o->failed);
}

static void note_calm(struct head *h, int64_t end_us, const double *kappa)
{
	for (uint32_t r = 1; r < regions_of(h); r++) {
		uint32_t k = fails_of(h)[r]; /* of the pooled stream */

		if (k > kappa[r] || (k >= CALM_FAILURES &&
					    k >= CALM_RATE * slice_n_of(h)[r]))
			calm_from_of(h)[r] =
				end_us + us_of(h->fixed.value[P_TRANSIENT]);
	}
}

void match_close_slice(struct head *h, int64_t start_us, const double *kappa)
{
	uint32_t m = regions_of(h) - 1;
	uint32_t *from = slice_pairs_of(h);

	if (kappa)
		note_calm(h, start_us + h->fixed.slice_us, kappa);
	for (uint32_t r = 1; r <= m; r++)
		slice_n_of(h)[r] = 0;
	if (!h->slice_npairs)
		return;
	h->slice_npairs = 0;
	for (uint32_t i = 0; i < h->fixed.nchecks * m; i++, from += 3) {
		uint32_t *to = &pairs_of(h)[(size_t)(i / m) * 3];
		bool calm = start_us >= calm_from_of(h)[1 + i % m];

		for (int k = 0; k < 3; k++) {
			to[k] += calm ? from[k] : 0;
			from[k] = 0;
		}
	}
}

static void silence_add(struct head *h, int64_t from_us, int64_t to_us)
{
	if (h->silent_us && from_us <= h->silent_to_us) {
		/* overlaps the newest: they count once */
		if (from_us < h->silent_from_us) {
			h->silent_us += h->silent_from_us - from_us;
			h->silent_from_us = from_us;
		}
		if (to_us > h->silent_to_us) {
			h->silent_us += to_us - h->silent_to_us;
			h->silent_to_us = to_us;
		}
		return;
	}
	h->silent_us += to_us - from_us;
	h->silent_from_us = from_us;
	h->silent_to_us = to_us;
}

/*
 * Silence is counted by region, as in the reference: no soak was earned while
 * one was away.  A single check that is silent now is the opinion's to say.
 */
static int64_t region_newest(const struct head *h, uint32_t region)
{
	int64_t at_us = region_last_of(h)[region];

	return at_us > h->t0_us ? at_us : h->t0_us;
}

void silence_note(struct head *h, const struct observation *o)
{
	int64_t from_us = region_newest(h, o->region);

	if (o->at_us - from_us > h->fixed.silence_us)
		silence_add(h, from_us, o->at_us);
	if (o->at_us > region_last_of(h)[o->region])
		region_last_of(h)[o->region] = o->at_us;
}

int64_t silence_total_us(const struct head *h, int64_t now_us)
{
	int64_t from_us = now_us;

	for (uint32_t r = 0; r < regions_of(h); r++) {
		int64_t newest_us = region_newest(h, r);

		if (now_us - newest_us > h->fixed.silence_us &&
			newest_us < from_us)
			from_us = newest_us;
	}
	if (h->silent_us && from_us < h->silent_to_us)
		from_us = h->silent_to_us; /* counted up to here already */
	return h->silent_us + (now_us > from_us ? now_us - from_us : 0);
}
