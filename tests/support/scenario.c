#include "tests/support/scenario.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"

#define US 1000000

/* clang-format off */
const struct scenario scenarios[] = {
	{ "n_clean", true, .base = 0 },
	{ "n_bg0.1", true, .base = .001 },
	{ "n_bg1", true, .base = .01 },
	{ "n_bg5", true, .base = .05 },
	{ "n_drift", true, .base = .001, .drift = { 300, 600, .03, 1 } },
	{ "n_drift_step", true, .base = .001, .drift = { 0, 1, .01, 1 } },
	{ "n_outage", true, .base = .001, .outage_apart_s = 5 },
	{ "n_outage_off", true, .base = .001, .outage_apart_s = 20 },
	{ "n_diurnal", true, .season = { .002, .04 } },
	{ "n_blips1", true, .base = .001, .blips_per_hour = 1 },
	{ "n_blips4", true, .base = .001, .blips_per_hour = 4 },
	{ "n_flaps", true, .base = .001, .flaps = true },
	{ "n_chronic", true, .base = .005, .canary_base = .02 },
	{ "n_chronic_drift", true, .base = .005, .canary_base = .02,
	  .drift = { 300, 300, 0, 3 } },
	{ "n_chronic_mild", true, .base = .005, .canary_base = .008,
	  .drift = { 300, 300, 0, 3 } },
	{ "n_chronic_hi", true, .base = .02, .canary_base = .05,
	  .drift = { 600, 300, .03, 1 } },
	{ "n_chronic_check", true, .base = .001, .chronic = { true, 3, .1 } },
	{ "n_shared_check", true, .base = .001, .shared = { true, 4, .3 } },
	{ "n_base_outage", true, .base = .001, .control_outage = true },
	{ "n_deploy_blip", true, .base = .001, .restart = true },
	{ "n_pre_down", true, .base = .001, .down_before = true },
	{ "n_lat", true, .base = .001, .latency = true },
	{ "n_lat_chronic", true, .base = .001, .latency = true,
	  .took_chronic = 1.4 },
	{ "n_lat_diurnal", true, .base = .001, .latency = true,
	  .took_season = .3 },
	{ "n_lat_shared", true, .base = .001, .latency = true,
	  .took_both = 1.5 },
	{ "n_lat_congest", true, .base = .001, .latency = true,
	  .took_jams = 2 },
	{ "a_one_down", .base = .001, .broken = { true, 6, 1 } },
	{ "a_all_down", .base = .001, .add = 1 },
	{ "a_add0.5", .base = .001, .add = .005 },
	{ "a_add1", .base = .001, .add = .01 },
	{ "a_add2", .base = .001, .add = .02 },
	{ "a_add5", .base = .001, .add = .05 },
	{ "a_add10", .base = .001, .add = .1 },
	{ "a_add20", .base = .001, .add = .2 },
	{ "a_add50", .base = .001, .add = .5 },
	{ "a_bg1_add1", .base = .01, .add = .01 },
	{ "a_bg1_add2", .base = .01, .add = .02 },
	{ "a_bg1_add5", .base = .01, .add = .05 },
	{ "a_bg1_add10", .base = .01, .add = .1 },
	{ "a_bg5_add5", .base = .05, .add = .05 },
	{ "a_bg5_add10", .base = .05, .add = .1 },
	{ "a_bg5_add20", .base = .05, .add = .2 },
	{ "a_ramp10", .base = .001, .add = .1, .ramp_s = 1200 },
	{ "a_delayed10", .base = .001, .add = .1, .onset_s = 1200 },
	{ "a_bg1_delayed10", .base = .01, .add = .1, .onset_s = 1200 },
	{ "a_bursts", .base = .001, .bursts = true },
	{ "a_check20", .base = .001, .broken = { true, 6, .2 } },
	{ "a_check50", .base = .001, .broken = { true, 6, .5 } },
	{ "a_inst1of4", .base = .001, .add = .25 },
	{ "a_inst1of10", .base = .001, .add = .1 },
	{ "a_role4of20", .base = .001, .broken = { true, 0, .3 },
	  .role = true },
	{ "a_blips_add5", .base = .001, .blips_per_hour = 2, .add = .05 },
	{ "a_blips_onedown", .base = .001, .blips_per_hour = 2,
	  .broken = { true, 6, 1 } },
	{ "a_chronic_add5", .base = .005, .canary_base = .02, .add = .05 },
	{ "a_drift_add10", .base = .001, .drift = { 300, 600, .03, 1 },
	  .add = .1 },
	{ "a_lat1.2", .base = .001, .latency = true, .took_canary = 1.2 },
	{ "a_lat1.5", .base = .001, .latency = true, .took_canary = 1.5 },
	{ "a_lat2", .base = .001, .latency = true, .took_canary = 2 },
	{ "a_lat_tail", .base = .001, .latency = true, .took_tail = .05 },
	{ "a_lat_one1.5", .base = .001, .latency = true, .took_canary = 1.5,
	  .took_one = true },
	/* not in scenarios.py: what the before/after guard is for */
	{ "n_control_heals", true, .base = .005, .control_before = .1 },
};
/* clang-format on */

const unsigned nscenarios = sizeof(scenarios) / sizeof(scenarios[0]);

const struct scenario *scenario_find(const char *name)
{
	for (unsigned i = 0; i < nscenarios; i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	return NULL;
}

enum { CANARY, CONTROL, ARMS };

struct simulation {
	struct plan plan;
	uint32_t rounds, before; /* before: of the history */
	uint8_t *fails[ARMS];    /* round * nchecks + check */
	float *took[ARMS];       /* ms */
	uint32_t *interval_ms;
	struct stage_shape shape;
	void *state;
	double *suspect_from, *suspect_to; /* per check */
	uint64_t extras;
	uint64_t random;
	double phase; /* of the season */
};

struct simulation *simulation_new(const struct plan *p)
{
	struct simulation *s = xcalloc(1, sizeof(*s));
	size_t n;

	s->plan = *p;
	s->before = p->history_s / p->every_s;
	s->rounds = s->before + p->soak_s / p->every_s;
	n = (size_t)s->rounds * p->nchecks;
	for (int a = 0; a < ARMS; a++) {
		s->fails[a] = xmalloc(n);
		s->took[a] = xmalloc(n * sizeof(float));
	}
	s->interval_ms = xmalloc(p->nchecks * sizeof(uint32_t));
	for (uint32_t c = 0; c < p->nchecks; c++)
		s->interval_ms[c] =
			p->every_s * (p->times ? p->times : 1) * 1000;
	s->suspect_from = xmalloc(p->nchecks * sizeof(double));
	s->suspect_to = xmalloc(p->nchecks * sizeof(double));
	s->shape = (struct stage_shape){ .nchecks = p->nchecks,
		.nregions = p->alone ? 1 : 2,
		.interval_ms = s->interval_ms,
		.soak_ms = p->soak_s * 1000ULL,
		.false_halt = .01,
		.smallest_effect = .05 };
	s->state = xmalloc(detectors[0]->state_size(&s->shape));
	return s;
}

void simulation_free(struct simulation *s)
{
	for (int a = 0; a < ARMS; a++) {
		free(s->fails[a]);
		free(s->took[a]);
	}
	free(s->interval_ms);
	free(s->suspect_from);
	free(s->suspect_to);
	free(s->state);
	free(s);
}

/* splitmix64 */
static uint64_t next_random(struct simulation *s)
{
	uint64_t z = s->random += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static double uniform(struct simulation *s)
{
	return (double)(next_random(s) >> 11) / 9007199254740992.0;
}

static double between(struct simulation *s, double low, double high)
{
	return low + (high - low) * uniform(s);
}

static double exponential(struct simulation *s, double mean)
{
	return -mean * log(1 - uniform(s));
}

static double normal(struct simulation *s)
{
	double r = sqrt(-2 * log(1 - uniform(s)));

	return r * cos(2 * M_PI * uniform(s));
}

static uint32_t poisson(struct simulation *s, double mean)
{
	double limit = exp(-mean);
	double p = uniform(s);
	uint32_t n = 0;

	for (; p > limit; n++)
		p *= uniform(s);
	return n;
}

static double time_of(const struct simulation *s, uint32_t k, uint32_t c)
{
	double every = s->plan.every_s;

	return ((double)k - s->before) * every + c * every / s->plan.nchecks;
}

static double end_s(const struct simulation *s)
{
	return s->plan.soak_s;
}

static double begin_s(const struct simulation *s)
{
	return -(double)s->plan.history_s;
}

#define EVERY_CHECK UINT32_MAX

/* What happens in an arm from `from_s` on, for so long. */
struct window {
	int arm;
	uint32_t check;
	double from_s, long_s;
};

typedef void window_fn(struct simulation *s, int arm, size_t at);

static void set_failed(struct simulation *s, int arm, size_t at)
{
	s->fails[arm][at] = 1;
}

static void set_jammed(struct simulation *s, int arm, size_t at)
{
	s->took[arm][at] *= 3;
}

static void window_apply(struct simulation *s, struct window w, window_fn *fn)
{
	double every = s->plan.every_s;
	double first = floor(w.from_s / every) + s->before - 1;
	double last = floor((w.from_s + w.long_s) / every) + s->before + 1;

	for (double k = fmax(first, 0); k <= last && k < s->rounds; k++)
		for (uint32_t c = 0; c < s->plan.nchecks; c++) {
			double t = time_of(s, (uint32_t)k, c);

			if ((w.check == EVERY_CHECK || w.check == c) &&
				t >= w.from_s && t < w.from_s + w.long_s)
				fn(s, w.arm, (size_t)k * s->plan.nchecks + c);
		}
}

static void outage(struct simulation *s, int arm, double from_s, double long_s)
{
	window_apply(s, (struct window){ arm, EVERY_CHECK, from_s, long_s },
		set_failed);
}

static double clip(double x)
{
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* Failure rate of a healthy arm. */
static double base_rate(const struct simulation *s, const struct scenario *x,
	int arm, double t)
{
	double p =
		arm == CANARY && x->canary_base > 0 ? x->canary_base : x->base;

	if (arm == CONTROL && t < 0 && x->control_before > 0)
		p = x->control_before;
	if (x->season.high > 0) {
		double up = .5 * (1 + sin(2 * M_PI * t / 7200 + s->phase));

		p = x->season.low * pow(x->season.high / x->season.low, up);
	}
	if (x->drift.times > 0) {
		double w = clip((t - x->drift.from_s) / x->drift.ramp_s);

		p = p * (1 + (x->drift.times - 1) * w) + x->drift.add * w;
	}
	return p;
}

static bool is_broken(const struct scenario *x, const struct simulation *s,
	uint32_t c)
{
	uint32_t n = s->plan.nchecks;
	uint32_t fifth = n / 5 > 1 ? n / 5 : 1;

	return x->role ? c >= n - fifth : c == x->broken.check % n;
}

/* What the version adds to the canary at a time since its onset. */
static bool effect_fails(struct simulation *s, const struct scenario *x,
	uint32_t c, double since)
{
	double add = x->add;

	if (since < 0)
		return false;
	if (x->ramp_s > 0)
		add *= clip(since / x->ramp_s);
	if (add > 0 && uniform(s) < add)
		return true;
	return x->broken.on && is_broken(x, s, c) && uniform(s) < x->broken.p;
}

static bool run_fails(struct simulation *s, const struct scenario *x, int arm,
	uint32_t c, double t)
{
	uint32_t n = s->plan.nchecks;
	double p = base_rate(s, x, arm, t);

	if (arm == CANARY && x->chronic.on && c == x->chronic.check % n)
		p = x->chronic.p;
	if (x->shared.on && c == x->shared.check % n && t >= 0)
		p = x->shared.p;
	if (uniform(s) < p)
		return true;
	if (arm != CANARY)
		return false;
	if (x->down_before && c == 5 % n && t >= -1800)
		return true;
	return effect_fails(s, x, c, t - x->onset_s);
}

static void draw_blips(struct simulation *s, const struct scenario *x)
{
	double hours = (end_s(s) - begin_s(s)) / 3600;

	for (int arm = 0; arm < ARMS; arm++)
		for (uint32_t n = poisson(s, x->blips_per_hour * hours); n;
			n--) {
			double from = between(s, begin_s(s), end_s(s));

			outage(s, arm, from, between(s, 5, 20));
		}
}

static void draw_flaps(struct simulation *s)
{
	static const uint32_t checks[] = { 2, 7, 11 };
	double hours = (end_s(s) - begin_s(s)) / 3600;
	uint8_t seen[12] = { 0 };

	for (int i = 0; i < 3; i++) {
		uint32_t c = checks[i] % s->plan.nchecks;

		if (seen[c]++)
			continue; /* a small stage has fewer of them */
		for (int arm = 0; arm < ARMS; arm++)
			for (uint32_t n = poisson(s, 6 * hours); n; n--) {
				double from = between(s, begin_s(s), end_s(s));

				window_apply(s,
					(struct window){ arm, c, from,
						exponential(s, 25) },
					set_failed);
			}
	}
}

static void draw_windows(struct simulation *s, const struct scenario *x)
{
	if (x->outage_apart_s > 0) {
		double at = 600 + between(s, -60, 60);
		double apart =
			between(s, -x->outage_apart_s, x->outage_apart_s);

		outage(s, CANARY, at, 180);
		outage(s, CONTROL, at + apart, 180);
	}
	if (x->blips_per_hour > 0)
		draw_blips(s, x);
	if (x->flaps)
		draw_flaps(s);
	if (x->restart) {
		double at = between(s, 0, 5);

		outage(s, CANARY, at, between(s, 10, 20));
	}
	if (x->control_outage)
		outage(s, CONTROL, 600 + between(s, -60, 60), 300);
	if (!x->bursts)
		return;
	for (double t = exponential(s, 105); t < end_s(s);) {
		double d = between(s, 10, 20);

		outage(s, CANARY, t, d);
		t += d + exponential(s, 105);
	}
}

static double factor(double x)
{
	return x > 0 ? x : 1;
}

struct moment {
	double median, t;
	uint32_t check;
};

static double took_ms(struct simulation *s, const struct scenario *x, int arm,
	const struct moment *at)
{
	double ms = at->median * exp(.35 * normal(s));

	if (x->took_season > 0)
		ms *= 1 +
		      x->took_season * sin(2 * M_PI * at->t / 7200 + s->phase);
	if (uniform(s) < .01)
		ms *= 5;
	if (at->t >= 0)
		ms *= factor(x->took_both);
	if (arm != CANARY)
		return ms;
	ms *= factor(x->took_chronic);
	if (at->t >= 0 && (!x->took_one || at->check == 6 % s->plan.nchecks))
		ms *= factor(x->took_canary);
	if (at->t >= 0 && uniform(s) < x->took_tail)
		ms *= 6;
	return ms;
}

static void draw_latencies(struct simulation *s, const struct scenario *x)
{
	uint32_t nchecks = s->plan.nchecks;

	for (uint32_t c = 0; c < nchecks; c++) {
		double median = 120 * exp(.5 * normal(s));

		for (uint32_t k = 0; k < s->rounds; k++)
			for (int arm = 0; arm < ARMS; arm++) {
				struct moment at = { median, time_of(s, k, c),
					c };

				s->took[arm][(size_t)k * nchecks + c] =
					(float)took_ms(s, x, arm, &at);
			}
	}
	for (int arm = 0; arm < ARMS && x->took_jams > 0; arm++) {
		double hours = (end_s(s) - begin_s(s)) / 3600;

		for (uint32_t n = poisson(s, x->took_jams * hours); n; n--) {
			double from = between(s, begin_s(s), end_s(s));

			window_apply(s,
				(struct window){ arm, EVERY_CHECK, from,
					exponential(s, 40) },
				set_jammed);
		}
	}
}

static void draw(struct simulation *s, const struct scenario *x)
{
	uint32_t n = s->plan.nchecks;

	s->phase = between(s, 0, 2 * M_PI);
	for (uint32_t k = 0; k < s->rounds; k++)
		for (uint32_t c = 0; c < n; c++)
			for (int arm = 0; arm < ARMS; arm++)
				s->fails[arm][(size_t)k * n + c] = run_fails(s,
					x, arm, c, time_of(s, k, c));
	draw_windows(s, x);
	if (x->latency)
		draw_latencies(s, x);
}

#define SUSPECT_LEAD_S 2
#define SUSPECT_HOLD_S 30

/* What the referee does once a second, here once a round. */
static void suspect(struct simulation *s, uint32_t k)
{
	struct suspected who[4];
	double now = time_of(s, k, s->plan.nchecks);
	uint32_t n = detectors[0]->suspects(s->state, 4, who);
	uint32_t on = 0;

	for (uint32_t c = 0; c < s->plan.nchecks; c++)
		on += s->suspect_to[c] > now;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t c = who[i].check;

		if (s->suspect_to[c] <= now) {
			if (on >= 4)
				continue;
			s->suspect_from[c] = now + SUSPECT_LEAD_S;
			on++;
		}
		s->suspect_to[c] = now + SUSPECT_HOLD_S;
	}
}

static bool is_asked(struct simulation *s, uint32_t k, uint32_t c, bool *extra)
{
	double t = time_of(s, k, c);

	*extra = s->plan.times > 1 && (k + c) % s->plan.times != 0;
	return !*extra || (!s->plan.deaf && t >= s->suspect_from[c] &&
				  t < s->suspect_to[c]);
}

static void feed_round(struct simulation *s, bool latency, uint32_t k)
{
	const struct detector *d = detectors[0];
	uint32_t n = s->plan.nchecks;

	for (uint32_t c = 0; c < n; c++) {
		bool extra;

		if (!is_asked(s, k, c, &extra))
			continue;
		s->extras += extra;
		for (uint16_t r = 0; r < s->shape.nregions; r++) {
			size_t i = (size_t)k * n + c;
			struct observation o = { .check = c,
				.region = r,
				.extra = extra,
				.failed = s->fails[r][i],
				.took_us = latency ? (uint32_t)(s->took[r][i] *
								1000)
						   : 0,
				.at_us = (int64_t)(time_of(s, k, c) * US) };

			d->observe(s->state, &o);
		}
	}
}

struct simulated simulate(struct simulation *s, const struct scenario *what,
	uint64_t seed)
{
	const struct detector *d = detectors[0];
	struct simulated out = { .halted_s = -1 };
	int64_t now_us = (int64_t)s->plan.soak_s * US;

	s->random = seed * 0xd1342543de82ef95u + 1;
	s->extras = 0;
	for (uint32_t c = 0; c < s->plan.nchecks; c++)
		s->suspect_from[c] = s->suspect_to[c] = -INFINITY;
	draw(s, what);
	d->begin(s->state, &s->shape, NULL);
	for (uint32_t k = 0; k < s->rounds; k++) {
		int64_t halted_us;

		if (k == s->before) {
			d->deployed(s->state, 0, s->plan.history_s * 1000000LL);
			d->judge_from(s->state, 0);
		}
		feed_round(s, what->latency, k);
		if (s->plan.times > 1 && k >= s->before)
			suspect(s, k);
		halted_us = k < s->before ? 0 : d->glance(s->state).halted_us;
		if (halted_us) {
			out.halted_s = (double)halted_us / US;
			now_us = halted_us;
			break;
		}
	}
	out.opinion = d->judge(s->state, now_us);
	out.extras = s->extras;
	return out;
}

/* p log(p / q) + (1 - p) log((1 - p) / (1 - q)) */
static double divergence(double p, double q)
{
	double sum = 0;

	if (p > 0)
		sum += p * log(p / q);
	if (p < 1)
		sum += (1 - p) * log((1 - p) / (1 - q));
	return sum;
}

double scenario_bound_s(const struct scenario *what, const struct plan *p)
{
	double control = what->base;
	double canary = what->canary_base > 0 ? what->canary_base : control;
	double per_s = (double)p->nchecks / p->every_s;
	double extra = what->broken.on ? what->broken.p : what->add;
	double mean;

	if (what->null || what->latency || what->bursts || what->ramp_s > 0 ||
		what->drift.times > 0 || what->blips_per_hour > 0 ||
		!(extra > 0))
		return 0;
	if (what->role)
		per_s *= fmax(1, floor(p->nchecks / 5.0)) / p->nchecks;
	else if (what->broken.on)
		per_s /= p->nchecks;
	canary = 1 - (1 - canary) * (1 - extra);
	mean = (canary + control) / 2;
	return log(100) /
	       (divergence(canary, mean) + divergence(control, mean)) / per_s;
}
