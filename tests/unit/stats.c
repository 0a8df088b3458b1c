#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/oom.h"
#include "detectors/state.h"
#include "tests/support/trace.h"

/*
 * The reference vectors of the algorithm (../shared/detection/vectors.json:
 * computed elsewhere with 50 digits), to 10 digits.
 */
#define VECTORS_MAX (1u << 20)

static bool close_to(double x, double wanted)
{
	return fabs(x - wanted) <= 1e-10 * fmax(fabs(wanted), 1e-300);
}

/* Numbers stand as numbers or, with all their digits, as strings. */
static double number(const struct json *o, const char *key)
{
	const struct json *j = json_get(o, str_from(key));
	double x = NAN;

	cr_assert_not_null(j, "no %s", key);
	cr_assert(str_to_double(j->text, &x), "%s is no number", key);
	return x;
}

struct vector {
	const char *id;
	const struct json *input, *expect;
};

static void expect_number(const struct vector *v, const char *key, double x)
{
	cr_expect(close_to(x, number(v->expect, key)), "%s: %s is %.17g", v->id,
		key, x);
}

static void label(const struct vector *v)
{
	struct label l = {
		.pi = number(v->input, "pi"),
		.canary_share = number(v->input, "rc"),
		.a = number(v->input, "a"),
		.uc = number(v->input, "uc"),
		.ub = number(v->input, "ub"),
	};
	double kc = number(v->input, "kc");
	double kb = number(v->input, "kb");
	double rho = stats_label_rho(&l);
	double log_p0 = stats_label_update(&l, kc, kb);

	expect_number(v, "rho", rho);
	expect_number(v, "p0", exp(log_p0));
	expect_number(v, "pi", l.pi);
	expect_number(v, "factor",
		stats_label_factor(kc, kb, rho, number(v->input, "eta"),
			log_p0));
}

static void burst(const struct vector *v)
{
	double lead = number(v->input, "D");
	double eta = number(v->input, "eta");
	double rho = number(v->input, "rho");
	double won = stats_burst_factor(lead, eta, rho, 1);
	double lost = stats_burst_factor(lead, eta, rho, 0);

	expect_number(v, "factor", number(v->input, "win") > 0 ? won : lost);
	expect_number(v, "mean_under_null", rho * won + (1 - rho) * lost);
}

static void prior(const struct vector *v)
{
	struct label l = {
		.pi = 1,
		.canary_share = .5,
		.a = 8,
		.uc = number(v->input, "uc"),
		.ub = number(v->input, "ub"),
	};

	expect_number(v, "pi", stats_label_prior(&l, .9));
}

static void guard(const struct vector *v)
{
	expect_number(v, "E_B",
		stats_guard(number(v->input, "q0"), number(v->input, "n_post"),
			number(v->input, "k_post")));
}

static void kappa(const struct vector *v)
{
	const struct json *lam = json_get(v->input, STR("lam"));
	const struct json *wanted = json_get(v->expect, STR("kappa"));

	cr_assert(lam && wanted && lam->count == wanted->count);
	for (uint32_t i = 0; i < lam->count; i++) {
		double rate;
		double most;

		cr_assert(str_to_double(json_at(lam, i)->text, &rate));
		cr_assert(str_to_double(json_at(wanted, i)->text, &most));
		cr_expect_eq(stats_kappa(rate), most, "kappa(%g)", rate);
	}
}

static void spell(const struct vector *v)
{
	struct spells past = {
		.n = number(v->input, "nb"),
		.total_s = number(v->input, "sd"),
		.prior_n = 3,
		.prior_s = 30,
	};
	double expected =
		past.n * number(v->input, "T_soak") /
		(number(v->input, "T_pre") * number(v->input, "regions"));

	expect_number(v, "T_c",
		stats_spell_limit_s(&past, expected, .002 * .5));
}

static void run_length(const struct vector *v)
{
	double k = stats_run_length(number(v->input, "N"), .002,
		number(v->input, "p"));

	expect_number(v, "k", k);
	expect_number(v, "k_used", fmax(k, 5));
}

static void excluded(const struct vector *v)
{
	expect_number(v, "delta",
		stats_excluded(number(v->input, "n10"), number(v->input, "n01"),
			number(v->input, "n0")));
}

/* One stream of the detector itself, fed with onsets slice by slice. */
static void stream(const struct vector *v)
{
	const uint32_t interval_ms = 10000; /* slices of 5 s */
	const struct stage_shape shape = {
		.nchecks = 1,
		.nregions = 2,
		.interval_ms = &interval_ms,
		.soak_ms = 3600 * 1000,
		.false_halt = .01,
		.smallest_effect = .05,
	};
	const struct json *onset = json_get(v->input, STR("onsets"))->first;
	struct head *h = xmalloc(state_size(&shape));
	struct stream *s;

	state_begin(h, &shape, NULL);
	s = streams_of(h);
	s->label.pi = .9;
	stats_effects(.002, s->effect);
	h->phase = PHASE_JUDGED;
	for (int p = 0; p < PACES; p++)
		h->pace_end_us[p] = h->fixed.pace_us[p];
	for (; onset; onset = onset->next) {
		double at_s;
		double canary;

		cr_assert(str_to_double(json_at(onset, 0)->text, &at_s));
		cr_assert(str_to_double(json_at(onset, 1)->text, &canary));
		streams_advance(h, us_of(at_s));
		onsets_of(h)[canary > 0 ? 0 : 1] = 1;
		fails_of(h)[canary > 0 ? 0 : 1] = 1;
	}
	streams_advance(h, h->pace_end_us[PACE_ERRORS]);
	expect_number(v, "E", s->e);
	expect_number(v, "pi", s->label.pi);
	free(h);
}

static const struct {
	const char *kind;
	void (*check)(const struct vector *v);
} kinds[] = {
	{ "label-", label },
	{ "burst-", burst },
	{ "prior-", prior },
	{ "stream-", stream },
	{ "guard-", guard },
	{ "kappa", kappa },
	{ "Tc-", spell },
	{ "kreq-", run_length },
	{ "excl-", excluded },
};

#define KINDS   (sizeof(kinds) / sizeof(kinds[0]))
#define VECTORS 39 /* of these kinds */

static const struct json *load_vectors(struct arena *a)
{
	struct str path =
		arena_printf(a, "%s/detection/vectors.json", shared_path());
	FILE *in = fopen(path.ptr, "re");
	struct json_error e;
	char *text;
	size_t n;

	if (!in)
		return NULL;
	text = arena_alloc(a, VECTORS_MAX);
	n = fread(text, 1, VECTORS_MAX, in);
	(void)fclose(in);
	return json_parse(a, (struct str){ text, n }, NULL, &e);
}

Test(stats, reference_vectors_to_ten_digits)
{
	struct arena *a = arena_new();
	const struct json *all = load_vectors(a);
	unsigned checked = 0;

	cr_assert(all || !shared_required(), "no vectors.json in %s",
		shared_path());
	if (!all)
		printf("NOT RUN (%d vectors)\n", VECTORS);
	for (const struct json *j = all ? all->first : NULL; j; j = j->next) {
		struct str id = json_get_str(j, "id");
		struct vector v = { id.ptr, json_get(j, STR("input")),
			json_get(j, STR("expect")) };

		for (size_t k = 0; k < KINDS; k++)
			if (str_starts(id, str_from(kinds[k].kind))) {
				kinds[k].check(&v);
				checked++;
			}
	}
	cr_expect(!all || checked == VECTORS, "%u vectors", checked);
	arena_free(a);
}

/* The table of DETECTION.md section 8, "small lines". */
Test(stats, pairs_that_a_pass_needs)
{
	static const struct {
		double effect;
		uint32_t clean, with_one;
	} table[] = {
		{ .30, 20, 23 },
		{ .20, 28, 35 },
		{ .15, 37, 47 },
		{ .10, 54, 71 },
		{ .05, 105, 144 },
		{ .03, 173, 241 },
		{ .02, 258, 363 },
		{ .01, 513, 730 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		double effect = table[i].effect;

		cr_expect_eq(stats_pairs_needed(effect, 0), table[i].clean);
		cr_expect_eq(stats_pairs_needed(effect, 1), table[i].with_one);
		cr_expect_leq(stats_excluded(0, 0, table[i].clean), effect);
		cr_expect_gt(stats_excluded(0, 0, table[i].clean - 1), effect);
	}
	cr_expect_eq(stats_pairs_needed(0, 0), 0);
}

Test(stats, least_time_of_a_pass)
{
	/* one check a minute needs 105 min for 5 points */
	cr_expect_float_eq(detector_least_pass_s(1. / 60, .05, 0), 105. * 60,
		1e-6);
	cr_expect(isinf(detector_least_pass_s(0, .05, 0)));
	cr_expect(isinf(detector_least_pass_s(1, 0, 0)));
}

Test(stats, what_excludes_nothing_says_one)
{
	cr_expect_eq(stats_excluded(0, 0, 0), 1.0);
	cr_expect_eq(stats_excluded(50, 0, 0), 1.0);
	cr_expect_eq(stats_excluded_past(0, 0, 0), 1.0);
	cr_expect_eq(stats_excluded_past(0, 0, 1), 1.0);
	cr_expect_eq(stats_excluded_past(10, 10, .1), 1.0);
}

/* A canary that was no worse than its share of the probes may not drift. */
Test(stats, an_even_past_tolerates_no_drift)
{
	cr_expect_eq(stats_drift(0, 0, .5, 3), 1);
	cr_expect_eq(stats_drift(7, 7, .5, 3), 1);
	cr_expect_eq(stats_drift(3, 12, .5, 3), 1);
	cr_expect_eq(stats_drift(5, 10, 1 / 3., 3), 1);
	cr_expect_eq(stats_drift(12, 3, .5, 1), 1);
}

/* The less is known of an uneven past the more, up to a limit. */
Test(stats, an_uneven_past_tolerates_what_it_does_not_know)
{
	double few = stats_drift(12, 3, .5, 3);
	double many = stats_drift(1200, 300, .5, 3);

	cr_expect_float_eq(few, exp(5 * (1 / 16. + 1 / 7.)), 1e-12);
	cr_expect_float_eq(many, exp(5 * (1 / 1204. + 1 / 304.)), 1e-12);
	cr_expect_float_eq(stats_drift(3, 0, .5, 3), 3, 1e-12);
	cr_expect_gt(stats_drift(8, 7, .5, 3), 1);
	cr_expect_lt(stats_drift(8, 7, .5, 3), stats_drift(9, 6, .5, 3));
}

/* Bayes: the same as both likelihoods, kept side by side. */
Test(stats, the_past_alone_is_what_the_mixture_leaves_it)
{
	static const unsigned seen[][2] = { { 1, 0 }, { 3, 1 }, { 0, 2 },
		{ 4, 4 }, { 9, 1 } };
	struct label l = { .canary_share = .5, .a = 8, .uc = 6, .ub = 5 };
	double then;
	double mixture = 0;
	double past = 0;

	l.pi = then = stats_label_prior(&l, .9);
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		double a = l.a / 2 + l.uc;
		double b = l.a / 2 + l.ub;

		past += stats_lbeta(a + seen[i][0], b + seen[i][1]) -
			stats_lbeta(a, b);
		mixture += stats_label_update(&l, seen[i][0], seen[i][1]);
		l.uc += seen[i][0];
		l.ub += seen[i][1];
	}
	cr_expect_float_eq(stats_past_alone(then, l.pi), exp(mixture - past),
		1e-12);
	cr_expect_eq(stats_past_alone(.5, .9), 1);
	cr_expect_eq(stats_past_alone(1, 1), 1);
}
