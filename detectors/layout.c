#include "detectors/state.h"

#include <assert.h>
#include <string.h>

/* Budgets at false_halt 1 %, with which all three are scaled. */
#define FALSE_HALT_OF_BUDGETS .01
#define BUDGET_EVIDENCE       .007
#define BUDGET_CHECK_DOWN     .002
#define BUDGET_REGION_DOWN    .005

#define SLICE_MIN_US (2LL * US_PER_S)
#define SLICE_MAX_US (10LL * US_PER_S)

const struct param error_rate_params[PARAMS + 1] = {
#define X(id, name, type, low, high, fallback, unit, help)                     \
	{ name, PARAM_##type, low, high, fallback, unit, help },
	PARAM_MAP(X)
#undef X
		{ 0 },
};

_Static_assert(PARAMS <= DETECTOR_MAX_PARAMS, "values[] is too short");

static void array_bytes(const struct fixed *f, uint64_t ret[static ARRAYS])
{
	uint64_t c = f->nchecks;
	uint64_t w = f->nregions;
	uint64_t s = f->nstreams;
	uint64_t r = c * w;
	uint64_t m = w - 1;
	uint64_t v = m > 1;
	uint64_t l = m > 0;

#define X(name, type, n) ret[ARRAY_##name] = sizeof(type) * (n);
	ARRAY_MAP(X)
#undef X
}

/* Checks per interval: exactly C T / I when all intervals are the same. */
static double results_in(const struct stage_shape *shape, double seconds)
{
	double sum = 0.0;
	bool same = true;

	for (uint32_t c = 0; c < shape->nchecks; c++) {
		sum += seconds / (shape->interval_ms[c] / 1000.0);
		same = same && shape->interval_ms[c] == shape->interval_ms[0];
	}
	return same ? shape->nchecks * seconds /
			       (shape->interval_ms[0] / 1000.0)
		    : sum;
}

static int64_t slice_us(const struct stage_shape *shape)
{
	uint32_t least = shape->interval_ms[0];
	int64_t us;

	for (uint32_t c = 1; c < shape->nchecks; c++)
		if (shape->interval_ms[c] < least)
			least = shape->interval_ms[c];
	us = (int64_t)least * 1000 / 2;
	if (us < SLICE_MIN_US)
		us = SLICE_MIN_US;
	return us > SLICE_MAX_US ? SLICE_MAX_US : us;
}

/* 5 times the longest interval, at least a minute. */
static int64_t silence_us(const struct stage_shape *shape)
{
	int64_t most = SILENCE_US;

	for (uint32_t c = 0; c < shape->nchecks; c++)
		if (5000LL * shape->interval_ms[c] > most)
			most = 5000LL * shape->interval_ms[c];
	return most;
}

static uint32_t group_of_check(const struct stage_shape *shape, uint32_t check)
{
	return shape->group ? shape->group[check] : DETECTOR_NO_GROUP;
}

static uint32_t count_groups(const struct stage_shape *shape)
{
	uint32_t n = 0;

	for (uint32_t c = 0; c < shape->nchecks; c++) {
		uint32_t g = group_of_check(shape, c);

		if (g != DETECTOR_NO_GROUP && g >= n)
			n = g + 1;
	}
	return n;
}

static void fixed_lay_out(struct fixed *f)
{
	uint64_t at = sizeof(struct head);
	uint64_t bytes[ARRAYS];

	array_bytes(f, bytes);
	for (int id = 0; id < ARRAYS; id++) {
		at = (at + 7) & ~(uint64_t)7;
		f->offset[id] = at;
		at += bytes[id];
	}
	f->bytes = (at + 7) & ~(uint64_t)7;
}

static void fixed_shape(struct fixed *f, const struct stage_shape *shape)
{
	memset(f, 0, sizeof(*f));
	f->magic = STATE_MAGIC;
	f->version = STATE_VERSION;
	f->nchecks = shape->nchecks;
	f->nregions = shape->nregions;
	if (shape->nregions > 1) {
		f->ngroups = count_groups(shape);
		f->pace_first[PACE_SLOW] = 1 + f->ngroups + f->nchecks;
		f->pace_first[PACE_SLOW_CHECK] = f->pace_first[PACE_SLOW] + 2;
		f->nstreams = f->pace_first[PACE_SLOW_CHECK] + f->nchecks;
		f->pace_first[PACES] = f->nstreams;
	}
	fixed_lay_out(f);
}

static int64_t slow_slice_us(const struct stage_shape *shape)
{
	double every_s = 1 / results_in(shape, 1);
	int64_t us = us_of(SLOW_SLICE_RESULTS * every_s);

	us -= us % SLOW_SLICE_US;
	if (us < SLOW_SLICE_US)
		return SLOW_SLICE_US;
	return us < SLOW_CHECK_SLICE_US ? us : SLOW_CHECK_SLICE_US;
}

static void fixed_values(struct fixed *f, const struct stage_shape *shape,
	const double *values)
{
	uint64_t horizon_ms =
		shape->horizon_ms ? shape->horizon_ms : shape->soak_ms;
	double scale = shape->false_halt / FALSE_HALT_OF_BUDGETS;

	for (int i = 0; i < PARAMS; i++)
		f->value[i] =
			values ? values[i] : error_rate_params[i].fallback;
	f->alpha_e = BUDGET_EVIDENCE * scale;
	f->alpha_h = BUDGET_CHECK_DOWN * scale;
	f->alpha_r = BUDGET_REGION_DOWN * scale;
	f->smallest_effect = shape->smallest_effect;
	f->horizon_s = (double)horizon_ms / 1000.0;
	f->horizon_results = results_in(shape, f->horizon_s);
	f->soak_results = results_in(shape, (double)shape->soak_ms / 1000.0);
	f->soak_us = (int64_t)shape->soak_ms * 1000;
	f->slice_us = slice_us(shape);
	f->silence_us = silence_us(shape);
	f->starts_us = shape->starts_us;
	f->pace_us[PACE_ERRORS] = f->slice_us;
	f->pace_us[PACE_SLOW] = slow_slice_us(shape);
	f->pace_us[PACE_SLOW_CHECK] = SLOW_CHECK_SLICE_US;
}

size_t state_size(const struct stage_shape *shape)
{
	struct fixed f;

	assert(shape->nchecks >= 1 && shape->nchecks <= DETECTOR_MAX_CHECKS);
	assert(shape->nregions >= 1 && shape->nregions <= DETECTOR_MAX_REGIONS);
	fixed_shape(&f, shape);
	return f.bytes;
}

static void stream_begin(struct head *h, struct stream *s)
{
	const double *value = h->fixed.value;

	for (int j = 0; j < STATS_EFFECTS; j++)
		s->m[j] = stats_effect_weight[j] * value[P_INVEST];
	s->e = 1.0;
	s->tolerated = 1.0;
	s->exposure = 1.0;
	s->label.pi = 1.0;
	s->label.canary_share = 1 / (double)h->fixed.nregions;
	s->label.a = value[P_LABEL_A];
	s->skip_until_us = NEVER;
}

static void begin_streams(struct head *h)
{
	struct stream *s = streams_of(h);
	uint32_t ngroups = h->fixed.ngroups;

	if (own_past(h))
		return;
	s->kind = STREAM_POOLED;
	s->weight = WEIGHT_POOLED + (ngroups ? 0 : WEIGHT_GROUP);
	stream_begin(h, s++);
	for (uint32_t g = 0; g < ngroups; g++, s++) {
		s->kind = STREAM_GROUP;
		s->index = g;
		s->weight = WEIGHT_GROUP / ngroups;
		stream_begin(h, s);
	}
	for (uint32_t c = 0; c < h->fixed.nchecks; c++, s++) {
		s->kind = STREAM_CHECK;
		s->index = c;
		s->weight = WEIGHT_CHECK / h->fixed.nchecks;
		stream_begin(h, s);
	}
	s->kind = STREAM_SLOW90;
	s->weight = WEIGHT_SLOW90;
	stream_begin(h, s++);
	s->kind = STREAM_SLOW98;
	s->weight = WEIGHT_SLOW98;
	stream_begin(h, s++);
	for (uint32_t c = 0; c < h->fixed.nchecks; c++, s++) {
		s->kind = STREAM_SLOW_CHECK;
		s->index = c;
		s->weight = WEIGHT_SLOW_CHECK / h->fixed.nchecks;
		stream_begin(h, s);
	}
}

static void begin_checks(struct head *h, const struct stage_shape *shape)
{
	uint32_t w = regions_of(h);

	for (uint32_t c = 0; c < h->fixed.nchecks; c++) {
		every_us_of(h)[c] = (int64_t)shape->interval_ms[c] * 1000;
		group_of(h)[c] = group_of_check(shape, c);
	}
	for (uint32_t i = 0; i < h->fixed.nchecks * w; i++) {
		prev_of(h)[i] = -1;
		newest_of(h)[i] = -1;
		last_of(h)[i] = NEVER;
		last_fail_of(h)[i] = NEVER;
	}
	for (uint32_t i = 0; i < h->fixed.nstreams * w; i++)
		jam_from_of(h)[i] = NEVER;
	for (uint32_t r = 0; r < w; r++) {
		region_last_of(h)[r] = NEVER;
		calm_from_of(h)[r] = NEVER;
		out_until_of(h)[r] = NEVER;
		sick_from_of(h)[r] = NEVER;
		down_from_of(h)[r] = NEVER;
	}
}

void state_begin(void *state, const struct stage_shape *shape,
	const double *values)
{
	struct head *h = state;

	memset(h, 0, state_size(shape));
	fixed_shape(&h->fixed, shape);
	fixed_values(&h->fixed, shape, values);
	h->total = 1.0;
	h->past_e = 1.0;
	h->kept = 1.0;
	h->canary_sick_us = NEVER;
	h->silent_from_us = NEVER;
	h->silent_to_us = NEVER;
	begin_streams(h);
	begin_checks(h, shape);
	latency_begin(h);
}

/* Bit by bit, doubles too: anything else would not go on with the same bits. */
static bool same_bytes(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

bool state_resumes(const void *state, size_t bytes,
	const struct stage_shape *shape, const double *values)
{
	const struct head *h = state;
	struct fixed f;

	fixed_shape(&f, shape);
	fixed_values(&f, shape, values);
	if (bytes != f.bytes || !same_bytes(&h->fixed, &f, sizeof(f)))
		return false;
	for (uint32_t c = 0; c < f.nchecks; c++)
		if (every_us_of(h)[c] !=
				(int64_t)shape->interval_ms[c] * 1000 ||
			group_of(h)[c] != group_of_check(shape, c))
			return false;
	return true;
}
