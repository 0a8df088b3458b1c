#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "detectors/detector.h"
#include "detectors/sparse.h"

/*
 * What must hold whatever the results are: less evidence is never a pass, a
 * checkpoint at any result changes nothing, units do not matter, latencies
 * that are the same or unknown say nothing.
 */
#define S         1000000LL
#define CHECKS    4
#define EVERY_S   10
#define HISTORY_S 1200
#define SOAK_S    600
#define MOST      4000

struct stream {
	struct stage_shape shape;
	uint32_t interval_ms[CHECKS];
	struct observation seen[MOST];
	size_t n;
	uint64_t random;
};

static double uniform(struct stream *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (double)(t->random >> 11) / 9007199254740992.0;
}

struct kind {
	double fails, canary_fails; /* the canary from the deploy on */
	double slow;                /* answers of the canary from there on */
	uint16_t nregions;
};

static void make(struct stream *t, const struct kind *k, uint64_t seed)
{
	int64_t step_us = EVERY_S * S / CHECKS;

	memset(t, 0, sizeof(*t));
	t->random = seed * 88172645463325252u + 1;
	for (int c = 0; c < CHECKS; c++)
		t->interval_ms[c] = EVERY_S * 1000;
	t->shape = (struct stage_shape){ .nchecks = CHECKS,
		.nregions = k->nregions,
		.interval_ms = t->interval_ms,
		.soak_ms = SOAK_S * 1000,
		.false_halt = .01,
		.smallest_effect = .05 };
	for (int64_t at = -HISTORY_S * S; at < SOAK_S * S; at += step_us)
		for (uint16_t r = 0; r < k->nregions; r++) {
			bool bad = r == 0 && at >= 0;
			double p = bad ? k->canary_fails : k->fails;
			double ms = 100 * exp(.35 *
						  (uniform(t) + uniform(t) +
							  uniform(t) - 1.5) *
						  2);

			t->seen[t->n++] = (struct observation){
				.at_us = at,
				.check = (uint32_t)((at + HISTORY_S * S) /
						    step_us % CHECKS),
				.region = r,
				.failed = uniform(t) < p,
				.took_us = (uint32_t)(ms * 1000 *
						      (bad ? k->slow : 1)),
			};
		}
}

/*
 * keep: NULL or one flag for each result; left out when 0.  All times are
 * `times` as long; settings: of the detector, NULL are its own.
 */
static struct opinion judge_in(const struct stream *t, const uint8_t *keep,
	size_t cut, double times, const double *settings)
{
	const struct detector *d = detectors[0];
	size_t bytes = d->state_size(&t->shape);
	void *state = xmalloc(bytes);
	bool deployed = false;
	struct opinion op;

	d->begin(state, &t->shape, settings);
	for (size_t i = 0; i < t->n; i++) {
		if (t->seen[i].at_us >= 0 && !deployed) {
			d->deployed(state, 0, (int64_t)(HISTORY_S * times) * S);
			d->judge_from(state, 0);
			deployed = true;
		}
		if (i == cut || cut == MOST) {
			struct buf saved;

			buf_init(&saved, SIZE_MAX);
			sparse_write(&saved, state, bytes);
			memset(state, 0xa5, bytes);
			cr_assert(sparse_read(buf_str(&saved), state, bytes));
			buf_done(&saved);
			cr_assert(
				d->resumes(state, bytes, &t->shape, settings));
		}
		if (!keep || keep[i])
			d->observe(state, &t->seen[i]);
	}
	op = d->judge(state, (int64_t)(SOAK_S * times) * S);
	free(state);
	return op;
}

static struct opinion judge(const struct stream *t, const uint8_t *keep,
	size_t cut)
{
	return judge_in(t, keep, cut, 1, NULL);
}

static bool same(const struct opinion *a, const struct opinion *b)
{
	return memcmp(&a->evidence, &b->evidence, sizeof(double)) == 0 &&
	       memcmp(&a->excluded_rise, &b->excluded_rise, sizeof(double)) ==
		       0 &&
	       a->state == b->state && a->lacks == b->lacks &&
	       a->halted_us == b->halted_us && a->pairs == b->pairs;
}

static const struct kind kinds[] = {
	{ 0, 0, 1, 2 },
	{ .01, .01, 1, 2 },
	{ .02, .05, 1, 3 },
	{ .02, .2, 1, 2 },
	{ .01, .01, 2, 2 },
	{ 0, 0, 1, 1 },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* At every result the state is what a checkpoint keeps of it. */
Test(properties, a_checkpoint_at_every_result_changes_no_bit)
{
	for (size_t k = 0; k < KINDS; k++) {
		struct stream *t = xmalloc(sizeof(*t));
		struct opinion whole;
		struct opinion cut;

		make(t, &kinds[k], k + 1);
		whole = judge(t, NULL, SIZE_MAX);
		cut = judge(t, NULL, MOST);
		cr_expect(same(&whole, &cut), "kind %zu", k);
		free(t);
	}
}

/*
 * Any subset in which a check lacks half of what the soak would bring, or the
 * last minutes of a region, is no pass.
 */
Test(properties, less_evidence_than_required_never_passes)
{
	struct stream *t = xmalloc(sizeof(*t));
	uint8_t keep[MOST];
	unsigned passes = 0;

	for (uint64_t seed = 1; seed <= 300; seed++) {
		const struct kind *k = seed % 3 ? &kinds[0] : &kinds[5];
		uint32_t check;
		uint16_t region;
		double share;
		struct opinion op;
		int kept = 0; /* of 60; half are needed */

		make(t, k, seed);
		check = (uint32_t)(uniform(t) * CHECKS);
		region = (uint16_t)(uniform(t) * k->nregions);
		share = uniform(t);
		for (size_t i = 0; i < t->n; i++) {
			const struct observation *o = &t->seen[i];
			bool cut = seed % 2 ? o->check == check
					    : o->at_us > (SOAK_S - 70) * S;

			keep[i] = o->at_us < 0 || o->region != region || !cut ||
				  (seed % 2 && kept < 29 && uniform(t) < share);
			kept += cut && o->region == region && o->at_us >= 0 &&
				keep[i];
		}
		op = judge(t, keep, SIZE_MAX);
		cr_expect_neq(op.state, VERDICT_PASS,
			"seed %llu: check %u of region %u at %g",
			(unsigned long long)seed, check, region, share);
		op = judge(t, NULL, SIZE_MAX);
		passes += op.state == VERDICT_PASS;
	}
	cr_expect_eq(passes, 300, "the whole of it is a pass");
	free(t);
}

static void stretch(const struct stream *t, double times, struct stream *ret)
{
	*ret = *t;
	for (int c = 0; c < CHECKS; c++)
		ret->interval_ms[c] = (uint32_t)(t->interval_ms[c] * times);
	ret->shape.interval_ms = ret->interval_ms;
	ret->shape.soak_ms = (uint64_t)((double)t->shape.soak_ms * times);
	for (size_t i = 0; i < t->n; i++) {
		ret->seen[i].at_us = llround((double)t->seen[i].at_us * times);
		ret->seen[i].took_us = 0;
	}
}

/*
 * All intervals and times are `times` as long.  A failure may pass for a
 * transient, or a check may be down, for so many seconds: that is a promise
 * about seconds, whatever the interval is.  Where these settings are as many
 * times as long, everything is the same to the last bit, as long as a slice
 * (half an interval, but 2 to 10 s) can follow.
 */
Test(properties, with_its_settings_the_unit_of_time_does_not_matter)
{
	static const double times[] = { .5, 2 };
	const struct detector *d = detectors[0];

	for (size_t k = 0; k < KINDS; k++)
		for (size_t f = 0; f < sizeof(times) / sizeof(times[0]); f++) {
			struct stream *t = xmalloc(sizeof(*t));
			struct stream *u = xmalloc(sizeof(*u));
			double settings[DETECTOR_MAX_PARAMS];
			struct opinion one;
			struct opinion other;

			make(t, &kinds[k], k + 1);
			stretch(t, 1, t);
			one = judge(t, NULL, SIZE_MAX);
			stretch(t, times[f], u);
			detector_defaults(d, settings);
			for (int i = 0; d->params[i].name; i++)
				if (d->params[i].type == PARAM_DURATION)
					settings[i] *= times[f];
			other = judge_in(u, NULL, SIZE_MAX, times[f], settings);
			one.halted_us =
				llround((double)one.halted_us * times[f]);
			cr_expect(same(&one, &other), "kind %zu, %g", k,
				times[f]);
			free(u);
			free(t);
		}
}

/*
 * With its own settings, at intervals from 1 s to 17 min: the same verdict by
 * the same rule, at the same part of the soak.  The numbers may differ by what
 * one slice holds, which is never longer than 10 s.
 */
Test(properties, at_any_rate_the_same_is_said)
{
	static const double times[] = { .1, .5, 2, 7, 100 };

	for (size_t k = 0; k < KINDS; k++)
		for (size_t f = 0; f < sizeof(times) / sizeof(times[0]); f++) {
			struct stream *t = xmalloc(sizeof(*t));
			struct stream *u = xmalloc(sizeof(*u));
			struct opinion one;
			struct opinion other;

			make(t, &kinds[k], k + 1);
			stretch(t, 1, t);
			one = judge(t, NULL, SIZE_MAX);
			stretch(t, times[f], u);
			other = judge_in(u, NULL, SIZE_MAX, times[f], NULL);
			cr_expect(one.state == other.state &&
					  one.rule == other.rule &&
					  one.lacks == other.lacks,
				"kind %zu, %g", k, times[f]);
			cr_expect_float_eq(other.excluded_rise,
				one.excluded_rise, .15 * one.excluded_rise,
				"kind %zu, %g: %g", k, times[f],
				other.excluded_rise);
			cr_expect_float_eq((double)other.halted_us / times[f],
				(double)one.halted_us, .05 * SOAK_S * S,
				"kind %zu, %g", k, times[f]);
			free(u);
			free(t);
		}
}

/*
 * Twice, or a tenth of, all latencies: powers of two move every bin of the
 * histogram by whole octaves, so that the numbers are the same.  Others move
 * a bin's border through answers that are near it: a few more or less of them
 * are slow, the verdict is the same.
 */
Test(properties, the_unit_of_latency_does_not_matter)
{
	static const double times[] = { .25, 2, 8, .1, .37, 3, 7, 100 };

	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct stream *t = xmalloc(sizeof(*t));
		struct opinion before;

		make(t, &kinds[4], seed);
		/* whole microseconds also at a quarter */
		for (size_t i = 0; i < t->n; i++)
			t->seen[i].took_us &= ~7u;
		before = judge(t, NULL, SIZE_MAX);
		cr_expect_eq(before.rule, HALT_EVIDENCE);
		for (size_t f = 0; f < sizeof(times) / sizeof(times[0]); f++) {
			struct stream *u = xmalloc(sizeof(*u));
			struct opinion op;

			*u = *t;
			u->shape.interval_ms = u->interval_ms;
			for (size_t i = 0; i < u->n; i++)
				u->seen[i].took_us =
					(uint32_t)(u->seen[i].took_us *
						   times[f]);
			op = judge(u, NULL, SIZE_MAX);
			cr_expect_eq(op.rule, HALT_EVIDENCE, "%g", times[f]);
			cr_expect_leq(llabs(op.halted_us - before.halted_us),
				f < 3 ? 0 : 100 * S, "times %g: %lld", times[f],
				(long long)op.halted_us);
			free(u);
		}
		free(t);
	}
}

/* The same failures with every latency unknown, equal, or absurd at random. */
Test(properties, latencies_without_information_say_nothing)
{
	struct stream *t = xmalloc(sizeof(*t));
	struct opinion unknown;
	struct opinion equal;
	struct opinion absurd;

	make(t, &kinds[1], 7);
	for (size_t i = 0; i < t->n; i++)
		t->seen[i].took_us = 0;
	unknown = judge(t, NULL, SIZE_MAX);
	for (size_t i = 0; i < t->n; i++)
		t->seen[i].took_us = 123456;
	equal = judge(t, NULL, SIZE_MAX);
	cr_expect(same(&unknown, &equal));
	for (size_t i = 0; i < t->n; i++)
		if (uniform(t) < .3)
			t->seen[i].took_us = UINT32_MAX;
	absurd = judge(t, NULL, SIZE_MAX);
	cr_expect_eq(absurd.rule, HALT_NONE);
	cr_expect(isfinite(absurd.evidence));
	free(t);
}

/* A canary whose own history was as slow is not slower than before. */
Test(properties, a_canary_that_always_was_slower_is_not_new)
{
	unsigned halts = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct stream *t = xmalloc(sizeof(*t));

		make(t, &kinds[1], seed);
		for (size_t i = 0; i < t->n; i++)
			if (t->seen[i].region == 0)
				t->seen[i].took_us *= 3;
		halts += judge(t, NULL, SIZE_MAX).rule != HALT_NONE;
		free(t);
	}
	cr_expect_leq(halts, 1);
}

/* Twice, in another order within a moment: the same statistic. */
Test(properties, order_within_a_moment_does_not_matter)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct stream *t = xmalloc(sizeof(*t));
		struct opinion before;
		struct opinion after;

		make(t, &kinds[3], seed);
		before = judge(t, NULL, SIZE_MAX);
		for (size_t i = 0; i + 1 < t->n; i += 2) {
			struct observation o = t->seen[i];

			t->seen[i] = t->seen[i + 1];
			t->seen[i + 1] = o;
		}
		after = judge(t, NULL, SIZE_MAX);
		cr_expect_eq(memcmp(&before.evidence, &after.evidence,
				     sizeof(double)),
			0, "seed %llu", (unsigned long long)seed);
		cr_expect_eq(before.halted_us, after.halted_us);
		free(t);
	}
}

/* Fewer than 25 answers in the first half: the opinion says what it omits. */
Test(properties, latency_that_is_not_judged_is_counted)
{
	struct stream *t = xmalloc(sizeof(*t));
	uint8_t keep[MOST];
	unsigned seen = 0;

	make(t, &kinds[4], 1);
	cr_expect_eq(judge(t, NULL, SIZE_MAX).latency_unjudged, 0);
	for (size_t i = 0; i < t->n; i++) {
		const struct observation *o = &t->seen[i];

		keep[i] = 1;
		if (o->at_us < 0 && o->check == 2 && o->region == 0)
			keep[i] = seen++ < 24;
	}
	cr_expect_eq(judge(t, keep, SIZE_MAX).latency_unjudged, 1);
	for (size_t i = 0; i < t->n; i++)
		keep[i] = t->seen[i].at_us >= 0;
	cr_expect_eq(judge(t, keep, SIZE_MAX).latency_unjudged, CHECKS);
	free(t);
}
