/*
 * What is said of latency: the numbers against a recount of the answers that
 * were fed, then the sentences on the whole way from results to the gate's
 * answer and `andon why`, in virtual time.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "cli/why_view.h"
#include "detectors/detector.h"
#include "gate/latency.h"
#include "tests/support/world.h"

#define S         1000000LL
#define CHECKS    4
#define REGIONS   3
#define EVERY_S   10
#define HISTORY_S 2400
#define SOAK_S    1200
#define MOST      (CHECKS * REGIONS * (HISTORY_S + SOAK_S) / EVERY_S + 1)

struct recorded {
	struct stage_shape shape;
	uint32_t interval_ms[CHECKS];
	struct observation seen[MOST];
	size_t n;
	uint64_t random;
	void *state;
};

static double uniform(struct recorded *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (double)(t->random >> 11) / 9007199254740992.0;
}

/* Each region has a speed of its own; check 2 is `times` slower in the canary
 * from the deploy on. */
static void make(struct recorded *t, double times)
{
	static const double speed[REGIONS] = { 1, 1.4, .7 };
	int64_t step_us = EVERY_S * S / CHECKS;

	t->random = 88172645463325252u;
	t->n = 0;
	for (int c = 0; c < CHECKS; c++)
		t->interval_ms[c] = EVERY_S * 1000;
	t->shape = (struct stage_shape){ .nchecks = CHECKS,
		.nregions = REGIONS,
		.interval_ms = t->interval_ms,
		.soak_ms = SOAK_S * 1000,
		.false_halt = .01,
		.smallest_effect = .05 };
	for (int64_t at = -HISTORY_S * S; at < SOAK_S * S; at += step_us)
		for (uint16_t r = 0; r < REGIONS; r++) {
			uint32_t c = (uint32_t)((at + HISTORY_S * S) / step_us %
						CHECKS);
			double ms = 50 * (c + 1) * speed[r] *
				    exp(uniform(t) + uniform(t) - 1);

			if (r == 0 && c == 2 && at >= 0)
				ms *= times;
			t->seen[t->n++] = (struct observation){ .at_us = at,
				.check = c,
				.region = r,
				.failed = uniform(t) < .01,
				.took_us = (uint32_t)(ms * 1000) };
		}
}

static bool all(const struct observation *o)
{
	(void)o;
	return true;
}

/* Feeds those that `keep` wants until it halts; the opinion then. */
static struct opinion play(struct recorded *t,
	bool (*keep)(const struct observation *o), size_t *ret_fed)
{
	const struct detector *d = detectors[0];
	bool deployed = false;
	size_t i;

	t->state = xmalloc(d->state_size(&t->shape));
	d->begin(t->state, &t->shape, NULL);
	for (i = 0; i < t->n; i++) {
		if (t->seen[i].at_us >= 0 && !deployed) {
			d->deployed(t->state, 0, HISTORY_S * S);
			d->judge_from(t->state, 0);
			deployed = true;
		}
		if (keep(&t->seen[i]))
			d->observe(t->state, &t->seen[i]);
		if (d->glance(t->state).halted_us)
			break;
	}
	*ret_fed = i < t->n ? i + 1 : i;
	return d->judge(t->state, SOAK_S * S);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

struct recount {
	uint64_t n, slow;
	double median_us;
};

/* Of one check and region in a time, by sorting. */
static struct recount count_again(const struct recorded *t, size_t fed,
	uint32_t check, uint16_t region, int64_t from_us, int64_t until_us,
	uint32_t limit_us)
{
	static double took[MOST];
	struct recount ret = { 0 };

	for (size_t i = 0; i < fed; i++) {
		const struct observation *o = &t->seen[i];

		if (o->check != check || o->region != region || o->failed ||
			o->at_us < from_us || o->at_us >= until_us)
			continue;
		took[ret.n++] = o->took_us;
		ret.slow += o->took_us > limit_us;
	}
	qsort(took, ret.n, sizeof(*took), by_value);
	ret.median_us = ret.n ? took[ret.n / 2] : 0;
	return ret;
}

/* Of .025: a step of the histogram, and the answers beside the middle. */
static void near(double said, double is, double share, const char *what)
{
	cr_expect(fabs(said / is - 1) < share, "%s: said %g, is %g", what, said,
		is);
}

Test(explain, the_numbers_of_a_check_that_became_slow)
{
	static struct recorded t;
	struct latency_seen seen[LATENCY_SEEN_MAX];
	size_t fed;

	make(&t, 3);
	struct opinion op = play(&t, all, &fed);
	cr_assert_eq(op.rule, HALT_EVIDENCE);
	cr_assert(stream_is_latency(op.stream), "stream %d", op.stream);
	cr_assert_eq(op.latency_unjudged, 0);
	uint32_t n = detectors[0]->latency(t.state, &op, seen);
	cr_assert_geq(n, 2);
	cr_assert_eq(seen[0].check, DETECTOR_NO_CHECK);
	cr_assert_eq(seen[1].check, 2, "check %u is named", seen[1].check);

	const struct latency_arm *canary = &seen[1].canary;
	cr_assert_eq(canary->limit_low_us, canary->limit_high_us);
	struct recount since =
		count_again(&t, fed, 2, 0, 0, SOAK_S * S, canary->limit_low_us);
	struct recount before = count_again(&t, fed, 2, 0, -HISTORY_S * S / 2,
		0, canary->limit_low_us);
	cr_expect_eq(canary->since, since.n);
	cr_expect_eq(canary->slow, since.slow);
	cr_expect_eq(canary->before, before.n);
	cr_expect_eq(canary->slow_before, before.slow);
	near(canary->median_us, since.median_us, .025, "median");
	near(canary->median_before_us, before.median_us, .025, "median before");
	cr_expect_gt(canary->median_us, 2.5 * canary->median_before_us);

	/* Two controls of different speed: together, the mean of medians. */
	const struct latency_arm *control = &seen[1].control;
	struct recount one = count_again(&t, fed, 2, 1, 0, SOAK_S * S,
		control->limit_high_us);
	struct recount two = count_again(&t, fed, 2, 2, 0, SOAK_S * S,
		control->limit_low_us);
	cr_expect_eq(control->since, one.n + two.n);
	cr_expect_eq(control->slow, one.slow + two.slow);
	near(control->median_us, (one.median_us + two.median_us) / 2, .025,
		"median of the controls");

	uint64_t answers = 0;
	for (uint32_t c = 0; c < CHECKS; c++)
		answers += count_again(&t, fed, c, 0, 0, SOAK_S * S, 0).n;
	cr_expect_eq(seen[0].canary.since, answers);
	free(t.state);
}

Test(explain, a_calm_deployment_names_no_check)
{
	static struct recorded t;
	struct latency_seen seen[LATENCY_SEEN_MAX];
	size_t fed;

	make(&t, 1);
	struct opinion op = play(&t, all, &fed);
	cr_assert_neq(op.state, VERDICT_HALT);
	cr_assert_eq(detectors[0]->latency(t.state, &op, seen), 1);
	cr_expect_gt(seen[0].canary.since, 400);
	free(t.state);
}

static unsigned kept;

/* One of two controls has 24 answers of check 1 in the history. */
static bool without_history_of_one(const struct observation *o)
{
	return o->at_us >= 0 || o->check != 1 || o->region != 2 || kept++ < 24;
}

static bool without_history_of_a_control(const struct observation *o)
{
	return o->at_us >= 0 || o->region != 2;
}

Test(explain, latency_that_one_control_cannot_tell_is_not_judged)
{
	static struct recorded t;
	struct latency_seen seen[LATENCY_SEEN_MAX];
	size_t fed;

	make(&t, 1);
	kept = 0;
	cr_expect_eq(play(&t, without_history_of_one, &fed).latency_unjudged,
		1);
	free(t.state);
	struct opinion op = play(&t, without_history_of_a_control, &fed);
	cr_expect_eq(op.latency_unjudged, CHECKS);
	/* What the other control tells is told. */
	cr_expect_eq(detectors[0]->latency(t.state, &op, seen), 1);
	cr_expect_gt(seen[0].control.since, 400);
	free(t.state);
}

/* ------- the whole way ------- */

static const char line_yaml[] =
	WORLD_LINE("", "warmup: 30s, soak: 20m, max_wait: 2h", "");

enum { JOBS = 8, EVERY = JOBS };

struct story {
	double deploy_s;
	unsigned slow; /* the check that becomes slow in west; EVERY: all */
	double times;
};

static struct world_answer tells(const struct world *w, const char *region,
	unsigned check, double at_s, void *owner)
{
	const struct story *s = owner;
	struct world *coin = (struct world *)(uintptr_t)w;
	struct world_answer a = { .version = "v1" };
	double ms = 80 + 40 * world_random(coin);

	if (s->deploy_s > 0 && at_s >= s->deploy_s && strstr(region, "/west")) {
		a.version = "v2";
		if (s->slow == EVERY || s->slow == check)
			ms *= s->times;
	}
	a.took_us = (uint32_t)(ms * 1000);
	return a;
}

/* Until the gate settles, at most so many seconds after the deployment. */
static struct answer settled(struct world *w, struct story *s, double most_s)
{
	struct answer a;

	world_init(w, line_yaml, JOBS, 10000, tells, s);
	world_history(w, 1800);
	world_pass(w, 5);
	world_deploy(w, "start", "canary", "v2");
	world_pass(w, 5);
	s->deploy_s = world_now_s(w);
	world_deploy(w, "done", "canary", "v2");
	do {
		world_pass(w, 4);
		a = world_gate(w, "canary", "v2");
	} while (!a.settled && world_now_s(w) - s->deploy_s < most_s);
	return a;
}

#define HAS(text)                                                              \
	cr_expect(str_find(buf_str(&out), STR(text), 0) != SIZE_MAX,           \
		"no `%s` in: %s", text, out.ptr)
#define HAS_NOT(text)                                                          \
	cr_expect(str_find(buf_str(&out), STR(text), 0) == SIZE_MAX,           \
		"`%s` in: %s", text, out.ptr)

/* The first row of a check in a list of the JSON; NULL: it has none. */
static const struct json *row_of(const struct json *list, const char *check)
{
	for (const struct json *n = list ? list->first : NULL; n; n = n->next)
		if (str_eq(json_get_str(n, "check"), str_from(check)))
			return n;
	return NULL;
}

static void rows_tell(const struct json *judged, const char *check)
{
	const struct json *list = json_get(judged, STR("latency"));
	const struct json *canary = row_of(list, check);

	cr_assert_not_null(canary, "no row of %s", check);
	const struct json *control = canary->next;
	cr_assert_not_null(control);
	cr_expect(str_eq(json_get_str(canary, "arm"), STR("canary")));
	cr_expect(str_eq(json_get_str(control, "arm"), STR("control")));
	cr_expect_gt(json_get_i64(canary, "slow", 0),
		json_get_i64(canary, "answers", 0) / 2);
	cr_expect_lt(json_get_i64(control, "slow", 0),
		json_get_i64(control, "answers", 0) / 2);
	cr_expect_gt(json_get_i64(canary, "answers_before", 0), 50);
	double limit_ms = json_get_double(canary, "limit_ms", 0);
	cr_expect(limit_ms > 100 && limit_ms < 160, "%g", limit_ms);
	near(json_get_double(canary, "median_before_ms", 0), 100, .1, "before");
	near(json_get_double(canary, "median_ms", 0), 250, .1, "since");
	near(json_get_double(control, "median_ms", 0), 100, .1, "control");
	cr_expect_eq(json_get_i64(judged, "latency_unjudged", -1), 0);
}

static const struct json *parsed(struct world *w, struct buf *out)
{
	const struct json *j = json_parse(w->turn, buf_str(out), NULL, NULL);

	cr_assert_not_null(j, "%s", out->ptr);
	return j;
}

static void why_tells(struct world *w, struct buf *out, bool as_json)
{
	struct facts f = world_facts(w);
	struct view_style plain = { .utf8 = true };
	struct why_facts why = { .line = w->line, .facts = &f };

	why.deployment = why_find(&f, STR("v2"));
	cr_assert_not_null(why.deployment);
	buf_clear(out);
	if (as_json)
		why_json(out, &why, w->turn);
	else
		why_text(out, &why, &plain, w->turn);
}

Test(explain, a_check_that_became_slow_is_told_by_gate_and_why)
{
	struct story s = { .slow = 3, .times = 2.5 };
	struct answer_style style = { .utf8 = true };
	struct world w;
	struct buf out;

	buf_init(&out, 1 << 20);
	struct answer a = settled(&w, &s, 1500);
	cr_assert_eq(a.kind, ANSWER_STOP, "%.*s", STR_ARG(a.text));
	cr_assert_eq(a.why, WHY_ANOMALY);
	answer_write_text(&out, &a, &style);
	HAS("check check-3/default answers more slowly in prod/west than in "
	    "its "
	    "controls: ");
	HAS(" slower than 1");
	HAS("latency           slow answers");
	HAS("check check-3/default\n");
	buf_clear(&out);
	answer_write_json(&out, &a);
	rows_tell(json_at(json_get(parsed(&w, &out), STR("detectors")), 0),
		"check-3/default");
	why_tells(&w, &out, false);
	HAS("what      check check-3/default answers more slowly in prod/west "
	    "than ");
	HAS("(more slow answers than chance explains)");
	HAS_NOT("fails in");
	why_tells(&w, &out, true);
	rows_tell(json_at(json_get(parsed(&w, &out), STR("judgements")), 0),
		"check-3/default");
	buf_done(&out);
	world_done(&w);
}

Test(explain, all_checks_that_became_slow_are_told_together)
{
	struct story s = { .slow = EVERY, .times = 2.5 };
	struct answer_style style = { .utf8 = true };
	struct world w;
	struct buf out;

	buf_init(&out, 1 << 20);
	struct answer a = settled(&w, &s, 1500);
	cr_assert_eq(a.kind, ANSWER_STOP, "%.*s", STR_ARG(a.text));
	answer_write_text(&out, &a, &style);
	HAS("all checks together answer more slowly in prod/west");
	HAS("slower than their limits of 1");
	HAS("; mean of medians 2");
	why_tells(&w, &out, true);
	rows_tell(json_at(json_get(parsed(&w, &out), STR("judgements")), 0),
		"");
	buf_done(&out);
	world_done(&w);
}

/* Part of the soak with a detector that is or is not killed in it. */
static void latency_after(bool killed, struct buf *out)
{
	struct story s = { .slow = EVERY, .times = 1.05 };
	struct world w;

	settled(&w, &s, 200);
	if (killed)
		world_detector_kill(&w);
	world_pass(&w, 40);
	if (killed)
		world_detector_start(&w);
	world_pass(&w, 60);
	struct answer a = world_gate(&w, "canary", "v2");
	cr_assert_eq(a.njudgements, 1);
	cr_assert_eq(a.judgement[0]->nslows, 2);
	cr_assert_gt(a.judgement[0]->slow[0].since, 100);
	latency_write_json(out, a.judgement[0]);
	world_done(&w);
}

Test(explain, a_detector_in_anothers_place_tells_the_same_numbers)
{
	struct buf one;
	struct buf two;

	buf_init(&one, 1 << 16);
	buf_init(&two, 1 << 16);
	latency_after(false, &one);
	latency_after(true, &two);
	cr_expect(str_eq(buf_str(&one), buf_str(&two)), "%s\n%s", one.ptr,
		two.ptr);
	buf_done(&one);
	buf_done(&two);
}
