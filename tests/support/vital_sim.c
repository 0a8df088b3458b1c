#include "tests/support/vital_sim.h"

#include <math.h>
#include <stdbool.h>

#include "detectors/vital.h"

enum { CHECKS = 20, EVERY_S = 10, FLAPPING = 3 };

struct dice {
	uint64_t state;
};

static double uniform(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static double exponential(struct dice *d, double mean)
{
	return -mean * log(1 - uniform(d));
}

struct spell { /* that is going on, or the next one */
	double from_s, to_s;
};

/* Whether a time is in a spell; draws the next one when it is over. */
static bool in_spell(struct spell *s, struct dice *d, double per_hour, double t,
	double low_s, double mean_s)
{
	while (per_hour > 0 && t >= s->to_s) {
		s->from_s = s->to_s + exponential(d, 3600 / per_hour);
		s->to_s = s->from_s + low_s +
			  (low_s > 0 ? mean_s * uniform(d)
				     : exponential(d, mean_s));
	}
	return per_hour > 0 && t >= s->from_s;
}

double vital_sim(const struct vital_fate *f, double days, uint64_t seed)
{
	struct dice d = { seed * 0xd1342543de82ef95u + 1 };
	uint32_t every_ms[CHECKS];
	struct spell blip = { 0 };
	struct spell flap[FLAPPING] = { 0 };
	struct vital_view view = { 0 };
	struct vital *v;
	double t = 0;

	for (uint32_t c = 0; c < CHECKS; c++)
		every_ms[c] = EVERY_S * 1000;
	v = vital_new(CHECKS, every_ms, 30 * 86400.0);
	for (uint64_t i = 0; t < days * 86400 && view.rule == VITAL_NONE; i++) {
		uint32_t c = (uint32_t)(i % CHECKS);
		bool on = f->from_s > 0 && t >= f->from_s;
		double p = f->rate + (on ? f->add : 0);
		bool failed;

		t = (double)i * EVERY_S / CHECKS;
		failed = uniform(&d) < p;
		failed |= on && c == 7 && uniform(&d) < f->one;
		failed |= in_spell(&blip, &d, f->blips_per_hour, t, 5, 15);
		if (c < FLAPPING)
			failed |= in_spell(&flap[c], &d, f->flaps_per_hour, t,
				0, 25);
		vital_observe(v, c, failed, 1 + (int64_t)(t * 1e6));
		vital_look(v, &view);
	}
	vital_free(v);
	return view.rule == VITAL_NONE ? -1 : t - f->from_s;
}
