/*
 * Less evidence than a pass requires is never a pass: random subsets of
 * results, checks, regions, times and versions, looked at all the time, by the
 * judges alone and by the gate.  And a handful of results is no halt.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/oom.h"
#include "tests/support/hearing.h"
#include "tests/support/world.h"

#define S 1000000LL

enum {
	CHECKS = 3,
	CONTROLS = 2,
	BUCKET_S = 2 * HEARING_EVERY_S,
	FRESH_S = 30,
	/* half of what a soak brings, and at least five */
	PAIRS = HEARING_SOAK_S / HEARING_EVERY_S / 2,
	OBSERVATIONS = 2
};

static const struct hearing_case calm = { "calm", CHECKS, CONTROLS,
	.history_s = 300 };

/* ------- what is taken away ------- */

enum harm {
	THIN,         /* results that were never made, here and there */
	LOST,         /* made, and lost on their way */
	CHECK_GONE,   /* one check, in some regions, for a time */
	REGION_GONE,  /* all of a region, for a time */
	CUT,          /* everything from a moment on */
	NOT_COUNTING, /* the runner's own trouble, maintenance */
	EXTRA,        /* asked between the slots */
	OLD_VERSION,  /* the canary answers v1 */
	NO_VERSION,   /* the canary tells none */
	HARMS
};

struct taken {
	enum harm harm;
	double share;
	int64_t from_us, to_us;
	uint32_t check, arms; /* arms: a set */
};

static struct taken taken_random(struct hearing *h)
{
	double share = hearing_random(h);
	int64_t span_us = (int64_t)(share * share * (HEARING_SOAK_S + 60) * S);
	struct taken k = { .harm = (enum harm)(hearing_random(h) * HARMS),
		.share = share * share,
		.check = (uint32_t)(hearing_random(h) * CHECKS),
		.arms = 1 + (uint32_t)(hearing_random(h) * 7) };

	k.from_us = hearing_deploy_us() +
		    (int64_t)(hearing_random(h) * (HEARING_SOAK_S + 60) * S);
	k.to_us = k.from_us + span_us;
	return k;
}

/* False: it is not told at all. */
static bool told_after(struct hearing *h, const struct taken *k, struct told *t)
{
	int64_t at_us = t->arrival_us;
	bool then = at_us >= k->from_us && at_us < k->to_us;
	bool here = k->arms >> t->arm & 1;
	bool hit = hearing_random(h) < k->share;

	if (at_us < hearing_deploy_us())
		return true;
	switch (k->harm) {
	case THIN:
	case LOST:
		return !hit;
	case CHECK_GONE:
		return !(then && here && t->check == k->check);
	case REGION_GONE:
		return !(then && here);
	case CUT:
		return at_us < k->from_us;
	case NOT_COUNTING:
		if (hit && t->arm == 1)
			t->r.maintenance = true;
		else if (hit)
			t->r.outcome = OUTCOME_RUNNER_ERROR;
		return true;
	case EXTRA:
		t->r.extra = t->r.extra || (hit && here);
		return true;
	case OLD_VERSION:
		if (t->arm == 0 && (hit || then))
			t->r.version = STR("v1");
		return true;
	case NO_VERSION:
		if (t->arm == 0 && hit)
			t->r.version = STR("");
		return true;
	default:
		return true;
	}
}

static void take_away(struct hearing *h, const struct taken *k)
{
	uint64_t seq[CONTROLS + 1] = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < h->ntold; i++) {
		struct told t = h->told[i];
		bool told = told_after(h, k, &t);

		if (k->harm != LOST && told)
			t.r.id.seq = ++seq[t.arm];
		if (told)
			h->told[kept++] = t;
	}
	h->ntold = kept;
}

/* ------- what a pass needs at least, counted without the judges ------- */

static bool counts(const struct told *t, int64_t now_us)
{
	return t->arrival_us <= now_us &&
	       t->r.started_us >= hearing_deploy_us() &&
	       outcome_counts(t->r.outcome) && !t->r.maintenance &&
	       !t->r.extra && !str_eq(t->r.version, STR("v1")) == (t->arm == 0);
}

struct tally_of {                      /* one check */
	unsigned canary, control;      /* since t0 */
	int64_t canary_us, control_us; /* newest */
	unsigned seen;                 /* answers of v2 */
	int64_t verified_us;
};

static void tally(const struct hearing *h, int64_t t0_us, int64_t now_us,
	struct tally_of n[CHECKS])
{
	for (size_t i = 0; i < h->ntold; i++) {
		const struct told *t = &h->told[i];
		struct tally_of *c = &n[t->check];
		bool judged = result_end_us(&t->r) >= t0_us;

		if (!counts(t, now_us))
			continue;
		if (t->arm > 0) {
			c->control += judged;
			c->control_us = t->arrival_us;
			continue;
		}
		c->canary += judged;
		c->canary_us = t->arrival_us;
		if (t->r.version.len && ++c->seen == OBSERVATIONS)
			c->verified_us = t->arrival_us;
	}
}

/* Buckets of the soak in which every check was seen in both arms. */
static unsigned buckets(const struct hearing *h, int64_t t0_us, int64_t now_us)
{
	enum { MOST = 64 };
	uint32_t seen[MOST][2] = { 0 };
	unsigned full = 0;

	for (size_t i = 0; i < h->ntold; i++) {
		const struct told *t = &h->told[i];
		int64_t k = (result_end_us(&t->r) - t0_us) / (BUCKET_S * S);

		if (counts(t, now_us) && result_end_us(&t->r) >= t0_us &&
			k < MOST)
			seen[k][t->arm > 0] |= 1u << t->check;
	}
	for (int k = 0; k < MOST; k++)
		full += seen[k][0] == (1u << CHECKS) - 1 &&
			seen[k][1] == (1u << CHECKS) - 1;
	return full;
}

/* NULL: a pass may be said. */
static const char *lacks(const struct hearing *h, int64_t t0_us, int64_t now_us)
{
	struct tally_of n[CHECKS] = { 0 };

	if (t0_us == 0)
		return "no end of the warmup";
	tally(h, t0_us, now_us, n);
	for (int c = 0; c < CHECKS; c++) {
		if (n[c].seen < OBSERVATIONS ||
			t0_us < n[c].verified_us + HEARING_WARMUP_S * S)
			return "the version was not seen by each check";
		if (n[c].canary < PAIRS || n[c].control < PAIRS)
			return "too few results of a check";
		if (now_us - n[c].canary_us > FRESH_S * S ||
			now_us - n[c].control_us > FRESH_S * S)
			return "a check is not fresh";
	}
	if (buckets(h, t0_us, now_us) * BUCKET_S < HEARING_SOAK_S)
		return "the soak";
	return NULL;
}

struct looked {
	const struct hearing *hearing;
	struct arena *arena;
	unsigned passes, unearned;
	char last[160];
};

static void look(const struct trial *t, int64_t now_us, void *owner)
{
	struct looked *l = owner;
	struct judgement j;
	const char *why;

	arena_reset(l->arena);
	trial_judge(t, now_us, l->arena, &j);
	if (j.verdict != VERDICT_PASS)
		return;
	l->passes++;
	why = lacks(l->hearing, j.t0_us, now_us);
	if (!why)
		return;
	l->unearned++;
	snprintf(l->last, sizeof(l->last), "%g s after the deploy: %s",
		(double)(now_us - hearing_deploy_us()) / 1e6, why);
}

/*
 * All that is asked for is counted here a second time, from the results and
 * not from the judges.  Both kinds of subset must occur.
 */
Test(too_little, no_random_subset_passes_without_what_a_pass_requires)
{
	enum { SUBSETS = 150 };
	unsigned passed = 0;

	for (uint64_t seed = 1; seed <= SUBSETS; seed++) {
		struct hearing h;
		struct looked l = { .hearing = &h, .arena = arena_new() };
		struct delivery d = { .read_ms = 1500,
			.look = look,
			.owner = &l };
		int n;

		hearing_init(&h, &calm, seed);
		n = 1 + (int)(hearing_random(&h) * 3);
		for (int i = 0; i < n; i++) {
			struct taken k = taken_random(&h);

			take_away(&h, &k);
		}
		hearing_hold(&h, &d, seed);
		cr_expect_eq(l.unearned, 0, "seed %d: %u of %u: %s", (int)seed,
			l.unearned, l.passes, l.last);
		passed += l.passes > 0;
		hearing_done(&h);
		arena_free(l.arena);
	}
	cr_expect(passed > SUBSETS / 10 && passed < SUBSETS * 9 / 10,
		"%u of %d pass", passed, SUBSETS);
}

/* ------- the same with the referee and the gate ------- */

/* eu is not compared */
static const char short_yaml[] =
	WORLD_LINE("    eu: {base_url: 'http://eu.example.com'}\n",
		"warmup: 10s, soak: 2m, max_wait: 2h, smallest_effect: 30%",
		"");

enum { WINDOWS = 3, RUNS_MOST = 600, WAIT_S = 260 };

/* For a time nothing comes of a check (or of all: CHECKS) in some regions. */
struct silence {
	double from_s, to_s;
	uint32_t check, arms;
};

struct run_of {
	double at_s;
	uint32_t check, arm;
	bool v2;
};

struct fate {
	double deploy_s;  /* 0: not yet */
	double thin, old; /* shares */
	struct silence window[WINDOWS];
	struct silence runner, detector, losing;
	struct run_of run[RUNS_MOST]; /* what was told after the deploy */
	size_t nruns;
};

static bool within(const struct silence *x, double at_s)
{
	return at_s >= x->from_s && at_s < x->to_s;
}

static struct world_answer tells(const struct world *w, const char *region,
	unsigned check, double at_s, void *owner)
{
	struct world *coin = (struct world *)(uintptr_t)w;
	struct fate *f = owner;
	uint32_t arm = strstr(region, "/west") ? 0 : 1;
	bool told = true;
	bool v2;

	if (f->deploy_s <= 0 || !strstr(region, "st"))
		return (struct world_answer){ .version = "v1" };
	v2 = arm == 0 && world_random(coin) >= f->old;
	told = world_random(coin) >= f->thin;
	for (int i = 0; i < WINDOWS; i++) {
		const struct silence *x = &f->window[i];

		if (within(x, at_s) && x->arms >> arm & 1 &&
			(x->check == CHECKS || x->check == check))
			told = false;
	}
	if (told && f->nruns < RUNS_MOST)
		f->run[f->nruns++] = (struct run_of){ at_s, check, arm, v2 };
	return (struct world_answer){ .down = !told,
		.version = v2 ? "v2" : "v1" };
}

static struct silence window_random(struct world *w, double deploy_s)
{
	double share = world_random(w);
	struct silence x = { .from_s = deploy_s + world_random(w) * 160,
		.check = (uint32_t)(world_random(w) * (CHECKS + 1)),
		.arms = 1 + (uint32_t)(world_random(w) * 3) };

	x.to_s = x.from_s + share * share * 200;
	return x;
}

/* Each kind of harm in about a third of the worlds. */
static void fate_random(struct world *w, struct fate *f, double deploy_s)
{
	static const struct silence never = { 0 };

	for (int i = 0; i < WINDOWS; i++)
		f->window[i] = world_random(w) < .3 ? window_random(w, deploy_s)
						    : never;
	f->thin = world_random(w) < .2 ? world_random(w) * .3 : 0;
	f->old = world_random(w) < .15 ? world_random(w) * .2 : 0;
	f->runner = world_random(w) < .2 ? window_random(w, deploy_s) : never;
	f->detector = world_random(w) < .2 ? window_random(w, deploy_s) : never;
	f->losing = world_random(w) < .2 ? window_random(w, deploy_s) : never;
}

static const char *gate_lacks(const struct fate *f, double t0_s, double now_s)
{
	enum { MOST = 64 };
	uint32_t full[MOST][2] = { 0 };
	unsigned n[CHECKS][2] = { 0 };
	double newest_s[CHECKS][2] = { 0 };
	unsigned earned = 0;

	for (size_t i = 0; i < f->nruns; i++) {
		const struct run_of *r = &f->run[i];
		size_t k = (size_t)((r->at_s - t0_s) / BUCKET_S);

		if (r->arm == 0 && !r->v2)
			continue;
		newest_s[r->check][r->arm] = r->at_s;
		if (r->at_s < t0_s || k >= MOST)
			continue;
		n[r->check][r->arm]++;
		full[k][r->arm] |= 1u << r->check;
	}
	for (int c = 0; c < CHECKS; c++)
		for (int arm = 0; arm < 2; arm++) {
			if (n[c][arm] < PAIRS)
				return "too few results of a check";
			/* the last word may be some seconds old */
			if (now_s - newest_s[c][arm] > FRESH_S + 5)
				return "a check is not fresh";
		}
	for (int k = 0; k < MOST; k++)
		earned += full[k][0] == (1u << CHECKS) - 1 &&
			  full[k][1] == (1u << CHECKS) - 1;
	return earned * BUCKET_S < HEARING_SOAK_S ? "the soak" : NULL;
}

/* Until the gate says 0 or the time is over; true: it said 0. */
static bool passes(struct world *w, struct fate *f, struct answer *ret)
{
	for (int i = 0; i < WAIT_S; i += 2) {
		double at_s = world_now_s(w);
		bool gone = within(&f->detector, at_s);

		w->runner_alive = !within(&f->runner, at_s);
		w->lose_every = within(&f->losing, at_s) ? 7 : 0;
		if (gone && w->referee)
			world_detector_kill(w);
		else if (!gone && !w->referee)
			world_detector_start(w);
		world_pass(w, 2);
		*ret = world_gate(w, "canary", "v2");
		if (ret->code == 0)
			return true;
	}
	return false;
}

Test(too_little, no_random_gap_opens_the_gate)
{
	enum { WORLDS = 60 };
	unsigned passed = 0;

	for (unsigned seed = 1; seed <= WORLDS; seed++) {
		struct fate *f = xcalloc(1, sizeof(*f));
		struct world w;
		struct answer a;

		world_init(&w, short_yaml, CHECKS, HEARING_EVERY_S * 1000,
			tells, f);
		world_history(&w, 300);
		world_pass(&w, 2);
		world_deploy(&w, "start", "canary", "v2");
		world_deploy(&w, "done", "canary", "v2");
		for (unsigned i = 0; i < 8 * seed; i++)
			world_random(&w);
		f->deploy_s = world_now_s(&w);
		fate_random(&w, f, f->deploy_s);
		if (passes(&w, f, &a)) {
			double t0_s =
				(double)(a.judgement[0]->t0_us - w.clock.wall) /
					1e6 +
				world_now_s(&w);
			const char *why = gate_lacks(f, t0_s, world_now_s(&w));

			cr_expect_null(why, "seed %u: %s", seed, why);
			passed++;
		}
		world_done(&w);
		free(f);
	}
	cr_expect(passed > WORLDS / 10 && passed < WORLDS * 9 / 10,
		"%u of %d pass", passed, WORLDS);
}

/* ------- one, two, three results ------- */

enum few { FEW_OK, FEW_FAILS, FEW_SLOW, FEWS };

/* The history and a good warmup are told once, the rest anew each time. */
static struct str warmed_up(struct hearing *h, bool warm, struct buf *saved)
{
	struct trial *t = hearing_trial(h);
	int64_t until_us = hearing_deploy_us();

	/* t0: two results of every check, and the warmup */
	if (warm)
		until_us += 2 * HEARING_EVERY_S * S;
	for (size_t i = 0; i < h->ntold && h->told[i].arrival_us < until_us;
		i++)
		trial_feed(t, &h->told[i].r, h->told[i].arrival_us);
	trial_save(t, saved);
	trial_free(t);
	return buf_str(saved);
}

/* Result k of an arm is for check k % nchecks; in the order of time. */
static void few_tell(struct hearing *h, struct trial *t, unsigned nchecks,
	unsigned arms, unsigned n, bool warm, const enum few *what)
{
	for (unsigned i = 0; i < n * arms; i++) {
		unsigned arm = i % arms;
		struct result r = h->told[0].r;
		int64_t at_us = hearing_deploy_us() + S + (warm ? 25 : 0) * S +
				(i / arms / nchecks) * HEARING_EVERY_S * S;

		for (size_t k = 0; k < h->ntold; k++)
			if (h->told[k].arm == arm &&
				h->told[k].check == i / arms % nchecks)
				r = h->told[k].r;
		r.outcome = what[i] == FEW_FAILS ? OUTCOME_FAIL : OUTCOME_PASS;
		r.took_us *= what[i] == FEW_SLOW ? 30 : 1;
		r.started_us = at_us - 10000;
		trial_feed(t, &r, at_us);
	}
}

static void few_judge(struct hearing *h, struct str saved, unsigned nchecks,
	unsigned arms, unsigned n, bool warm, const enum few *what)
{
	struct trial *t = hearing_trial(h);
	struct arena *a = arena_new();
	struct judgement j;

	cr_assert(trial_load(t, saved));
	few_tell(h, t, nchecks, arms, n, warm, what);
	trial_judge(t, hearing_deploy_us() + 60 * S, a, &j);
	cr_expect(j.verdict == VERDICT_UNDECIDED && j.halted_us == 0,
		"%u checks, %u arms, %u each: %.*s", nchecks, arms, n,
		STR_ARG(j.rule));
	cr_expect(!warm || j.t0_us != 0);
	arena_free(a);
	trial_free(t);
}

/* All outcomes of n results in each arm; of more than MOST some by chance. */
static void few_all(const struct hearing_case *c, unsigned n, bool warm)
{
	enum { MOST = 800, RESULTS = 3 * 3 * 2 };
	struct hearing h;
	struct buf saved;
	unsigned arms = c->ncontrols + 1;
	unsigned results = n * arms;
	unsigned combinations = 1;
	struct str past;

	for (unsigned i = 0; i < results && combinations <= MOST; i++)
		combinations *= FEWS;
	hearing_init(&h, c, 7);
	buf_init(&saved, 16 << 20);
	past = warmed_up(&h, warm, &saved);
	for (unsigned k = 0; k < (combinations <= MOST ? combinations : 200);
		k++) {
		enum few what[RESULTS];
		unsigned rest = k;

		for (unsigned i = 0; i < results; i++, rest /= FEWS)
			what[i] =
				combinations <= MOST
					? (enum few)(rest % FEWS)
					: (enum few)(hearing_random(&h) * FEWS);
		few_judge(&h, past, c->nchecks, arms, n, warm, what);
	}
	buf_done(&saved);
	hearing_done(&h);
}

/*
 * No rule of counts may halt on them, and the hard paths need more: a check
 * five failures, a region six.  The results of the warmup stand beside them.
 */
Test(too_little, one_to_three_results_never_halt)
{
	for (unsigned n = 1; n <= 3; n++)
		for (int warm = 0; warm < 2; warm++) {
			few_all(&(struct hearing_case){ "one check", 1, 1,
					.history_s = 400 },
				n, warm);
			few_all(&(struct hearing_case){ "alone", 1, 0,
					.fails = .02, .history_s = 400 },
				n, warm);
			few_all(&(struct hearing_case){ "no past", 1, 1,
					.history_s = 0 },
				n, warm);
		}
	/* three checks, once each: all outcomes; three times each: by chance */
	few_all(&(struct hearing_case){ "three", 3, 1, .history_s = 300 }, 3,
		true);
	few_all(&(struct hearing_case){ "three", 3, 1, .history_s = 300 }, 9,
		true);
}
