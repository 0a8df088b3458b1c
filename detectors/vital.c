#include "detectors/vital.h"

#include <math.h>
#include <stdlib.h>

#include "base/oom.h"
#include "detectors/stats.h"

#define US      1000000LL
#define EFFECTS 4

/* Slices, and what follows a burst or an onset and is not news. */
#define SLICE_US     (10 * US)
#define TRANSIENT_US (20 * US)
#define SICK_SHARE   .4
#define WIDE_LEAST   3
#define ROW_LEAST    3     /* failures of a check that is down, at least */
#define PRIOR_S      86400 /* one spell a day is expected of any region */
#define CAUTION      1.3   /* the past's rate may be so much too low */
#define WELL_AGAIN   1000. /* odds of being as before, to have recovered */
#define CALM_US      (60 * US)
#define KEEP_CHANCES 200000. /* then the past counts half: it is forgotten */

static const double rise[EFFECTS] = { .01, .03, .1, .3 };

struct spell_past {
	double n, total_s;
};

struct check {
	struct vital_check seen;
	int64_t every_us, onset_us, last_fail_us;
	uint32_t row, passes; /* newest results alike */
	int8_t prev;          /* -1: none yet */
};

struct vital {
	uint32_t nchecks, failing;
	double apart_s;
	int64_t first_us, now_us;
	/* errors */
	int64_t slice_end_us, skip_until_us;
	double onsets, chances; /* of the past */
	double slice_onsets, slice_chances;
	bool slice_wide;
	double r[EFFECTS], again;
	uint32_t effect;  /* that raised the alarm */
	int64_t quiet_us; /* R was small: an alarm began after it */
	/* spells */
	struct spell_past check_past, wide_past;
	int64_t wide_from_us, wide_last_us, calm_from_us;
	bool wide;
	/* what is said */
	bool outage, errors;
	uint32_t ndown;
	int64_t since_us, recovered_us;
	uint64_t runs, failed;
	struct check check[];
};

const char *vital_rule_token(enum vital_rule r)
{
	static const char *const tokens[] = {
		[VITAL_NONE] = "",
		[VITAL_ERRORS] = "errors",
		[VITAL_CHECK] = "check-down",
		[VITAL_OUTAGE] = "outage",
	};

	return tokens[r];
}

struct vital *vital_new(uint32_t nchecks, const uint32_t *every_ms,
	double apart_s)
{
	struct vital *v =
		xcalloc(1, sizeof(*v) + (size_t)nchecks * sizeof(struct check));

	v->nchecks = nchecks;
	v->apart_s = apart_s;
	for (uint32_t c = 0; c < nchecks; c++) {
		v->check[c].every_us = (int64_t)every_ms[c] * 1000;
		v->check[c].prev = -1;
		v->check[c].onset_us = INT64_MIN / 2;
	}
	return v;
}

void vital_free(struct vital *v)
{
	free(v);
}

static bool is_sick(const struct vital *v)
{
	return v->outage || v->errors || v->ndown > 0;
}

/* Sick from a time that is behind us; a second rule may know it earlier. */
static void fall_sick(struct vital *v, bool was, int64_t since_us)
{
	if (!was) {
		v->since_us = since_us;
		v->recovered_us = 0;
		v->runs = v->failed = 0;
	} else if (since_us < v->since_us) {
		v->since_us = since_us;
	}
}

static void recover(struct vital *v, int64_t at_us)
{
	if (!is_sick(v))
		v->recovered_us = at_us;
}

/* ------- spells: how long failing may last by itself ------- */

static double limit_s(const struct vital *v, const struct spell_past *p)
{
	double seen_s = (double)(v->now_us - v->first_us) / US;
	struct spells past = { .n = p->n,
		.total_s = p->total_s,
		.prior_n = 3,
		.prior_s = 30 };
	double expected = (p->n + 1) * 3 * v->apart_s / (seen_s + PRIOR_S);

	return stats_spell_limit_s(&past, expected, 1);
}

static void spell_learn(struct spell_past *p, int64_t long_us)
{
	p->n += 1;
	p->total_s += (double)long_us / US;
}

static void wide_note(struct vital *v, int64_t at_us)
{
	bool wide = v->failing >= SICK_SHARE * v->nchecks &&
		    (v->failing >= WIDE_LEAST || v->failing == v->nchecks);
	bool was = is_sick(v);

	if (wide && !v->wide)
		v->wide_from_us = at_us;
	if (!wide && v->wide) {
		v->calm_from_us = at_us;
		if (!v->outage)
			spell_learn(&v->wide_past, at_us - v->wide_from_us);
	}
	v->wide = wide;
	v->slice_wide |= wide;
	if (wide && !v->outage &&
		(double)(at_us - v->wide_from_us) / US >=
			limit_s(v, &v->wide_past)) {
		v->outage = true;
		fall_sick(v, was, v->wide_from_us);
	}
	if (!wide && v->outage && at_us - v->calm_from_us >= CALM_US) {
		v->outage = false;
		recover(v, v->calm_from_us);
	}
}

static void check_down(struct vital *v, struct check *c, int64_t at_us)
{
	double long_s = (double)(at_us - c->seen.since_us) / US;
	bool was = is_sick(v);

	if (c->seen.down || v->wide || c->row < ROW_LEAST ||
		long_s < 2.0 * (double)c->every_us / US ||
		long_s < limit_s(v, &v->check_past))
		return;
	c->seen.down = true;
	v->ndown++;
	fall_sick(v, was, c->seen.since_us);
}

static void check_passes(struct vital *v, struct check *c, int64_t at_us)
{
	if (c->prev == 0) {
		v->failing--;
		if (c->row >= 2 && !v->wide && !c->seen.down)
			spell_learn(&v->check_past, c->last_fail_us -
							    c->seen.since_us +
							    c->every_us);
		c->row = 0;
		c->passes = 0;
	}
	c->passes++;
	if (c->seen.down && c->passes >= ROW_LEAST) {
		c->seen.down = false;
		v->ndown--;
		recover(v, at_us);
	}
}

static void check_fails(struct vital *v, struct check *c, int64_t at_us)
{
	if (c->prev != 0) {
		v->failing++;
		c->row = 0;
		if (!c->seen.down) {
			c->seen.since_us = at_us;
			c->seen.runs = c->seen.failed = 0;
		}
	}
	c->row++;
	c->last_fail_us = at_us;
}

/* ------- errors: onsets against the past ------- */

static double past_rate(const struct vital *v)
{
	return fmin(.5, CAUTION * (v->onsets + 1) / (v->chances + 100));
}

static double ratio(const struct vital *v, double rate, uint32_t j)
{
	double worse = fmin(.95, rate + rise[j]);

	return exp(v->slice_onsets * log(worse / rate) +
		   (v->slice_chances - v->slice_onsets) *
			   log((1 - worse) / (1 - rate)));
}

static double alarm_at(const struct vital *v)
{
	return 3 * v->apart_s * US / SLICE_US;
}

static void errors_test(struct vital *v, double rate)
{
	double sum = 0;
	double most = 0;
	bool was = is_sick(v);

	if (v->errors) {
		v->again = (v->again + 1) / ratio(v, rate, v->effect);
		if (v->again < WELL_AGAIN)
			return;
		v->errors = false;
		for (uint32_t j = 0; j < EFFECTS; j++)
			v->r[j] = 0;
		recover(v, v->slice_end_us);
		return;
	}
	for (uint32_t j = 0; j < EFFECTS; j++) {
		v->r[j] = fmin(1e100,
			(v->r[j] + 1.0 / EFFECTS) * ratio(v, rate, j));
		sum += v->r[j];
		if (v->r[j] > most) {
			most = v->r[j];
			v->effect = j;
		}
	}
	if (sum < 10)
		v->quiet_us = v->slice_end_us;
	if (sum < alarm_at(v))
		return;
	v->errors = true;
	v->again = 0;
	fall_sick(v, was, v->quiet_us);
}

static void slice_close(struct vital *v)
{
	double rate = past_rate(v);
	double most = stats_kappa(rate * v->slice_chances) + 1;

	/* many at once have one cause: they count as a few */
	if (v->slice_onsets > most)
		v->slice_onsets = most;
	/* most of them are a blip, or an outage: another rule's to tell */
	if (v->slice_wide && !v->errors)
		v->skip_until_us = v->slice_end_us + TRANSIENT_US;
	if (!v->slice_wide && v->slice_end_us > v->skip_until_us) {
		errors_test(v, rate);
		if (!is_sick(v)) {
			v->onsets += v->slice_onsets;
			v->chances += v->slice_chances;
		}
		if (v->chances > KEEP_CHANCES) {
			v->onsets /= 2;
			v->chances /= 2;
		}
	}
	v->slice_onsets = v->slice_chances = 0;
	v->slice_wide = v->wide;
}

static void slices_advance(struct vital *v, int64_t at_us)
{
	if (v->first_us == 0) {
		v->first_us = at_us;
		v->quiet_us = at_us;
		v->slice_end_us = at_us + SLICE_US;
	}
	if (at_us < v->slice_end_us)
		return;
	slice_close(v);
	v->slice_end_us +=
		((at_us - v->slice_end_us) / SLICE_US + 1) * SLICE_US;
}

void vital_observe(struct vital *v, uint32_t check, bool failed, int64_t at_us)
{
	struct check *c = &v->check[check];

	slices_advance(v, at_us);
	v->now_us = at_us;
	if (c->prev == 1 && (!failed || at_us - c->onset_us >= TRANSIENT_US)) {
		v->slice_chances += 1;
		v->slice_onsets += failed;
	}
	if (c->prev == 1 && failed)
		c->onset_us = at_us;
	if (failed)
		check_fails(v, c, at_us);
	else
		check_passes(v, c, at_us);
	c->prev = (int8_t)!failed;
	c->seen.newest_us = at_us;
	c->seen.runs++;
	c->seen.failed += failed;
	wide_note(v, at_us);
	if (failed)
		check_down(v, c, at_us);
	v->runs++;
	v->failed += failed;
}

void vital_look(const struct vital *v, struct vital_view *ret)
{
	double sum = 0;

	for (uint32_t j = 0; j < EFFECTS; j++)
		sum += v->r[j];
	*ret = (struct vital_view){ .rule = v->outage   ? VITAL_OUTAGE
					    : v->ndown  ? VITAL_CHECK
					    : v->errors ? VITAL_ERRORS
							: VITAL_NONE,
		.since_us = v->since_us,
		.recovered_us = v->recovered_us,
		.runs = v->runs,
		.failed = v->failed,
		.evidence = sum,
		.alarm_at = alarm_at(v),
		.past_s = (uint64_t)((v->now_us - v->first_us) / US) };
}

const struct vital_check *vital_check_of(const struct vital *v, uint32_t check)
{
	return &v->check[check].seen;
}
