#include "gate/keeper.h"

#include <assert.h>

#include "gate/latency.h"
#include "gate/policy.h"
#include "gate/transition.h"

/* One settling: the facts it reads and the answer it builds. */
struct settling {
	const struct facts *f;
	const struct line *l;
	const struct gate_settings *settings; /* of l->stages */
	uint64_t epoch;
	struct arena *a;
	struct keeper_answer *out;
};

static const struct gate_settings *settings_of(const struct settling *k,
	const struct stage *s)
{
	return &k->settings[s - k->l->stages];
}

static struct blocker missing(enum why why, struct str text)
{
	return (struct blocker){ .blocked = true, .why = why, .text = text };
}

static const struct judgement *judgement_of(const struct facts *f,
	const struct deployment *d, size_t region)
{
	const struct judgement *j =
		facts_judgement(f, d->id, d->region[region].region);

	return j && policy_within(f, j->at_us, KEEPER_FRESH_MS) ? j : NULL;
}

/* Not every required check has seen the version yet. */
static struct blocker version_missing(const struct judgement *j,
	struct arena *a)
{
	if (j->other_version)
		return missing(WHY_OTHER_VERSION,
			arena_printf(a, "another version answers in %.*s",
				STR_ARG(j->region)));
	return missing(WHY_VERIFYING,
		arena_printf(a, "%.*s: %.*s", STR_ARG(j->region),
			STR_ARG(j->waiting)));
}

static bool soak_is_over(const struct judgement *j)
{
	return j->required_s > 0 && j->credited_s >= j->required_s;
}

static struct blocker region_missing(const struct judgement *j, struct arena *a)
{
	struct str region = j->region;

	if (j->t0_us == 0 || j->other_version)
		return version_missing(j, a);
	if (j->starved)
		return missing(WHY_STARVED,
			arena_printf(a, "%.*s", STR_ARG(j->missing)));
	if (j->held)
		return missing(WHY_ANOMALY,
			arena_printf(a, "no history to compare with in %.*s",
				STR_ARG(region)));
	if (j->control_sick)
		return missing(WHY_CONTROL_SICK,
			arena_printf(a, "%.*s: %.*s", STR_ARG(region),
				STR_ARG(j->waiting)));
	if (!soak_is_over(j))
		return missing(WHY_SOAKING,
			arena_printf(a, "%llu of %llu s credited in %.*s",
				(unsigned long long)j->credited_s,
				(unsigned long long)j->required_s,
				STR_ARG(region)));
	if (j->min_runs_left > 0)
		return missing(WHY_INCONCLUSIVE,
			arena_printf(a, "%u runs to go in %.*s",
				j->min_runs_left, STR_ARG(region)));
	if (j->verdict != VERDICT_PASS || j->pending || j->waiting.len > 0)
		return missing(WHY_INCONCLUSIVE,
			arena_printf(a, "%.*s: %.*s", STR_ARG(region),
				STR_ARG(j->waiting)));
	return (struct blocker){ 0 };
}

/* Evidence of all regions: every one must be there, judged, and good. */
static struct blocker evidence_missing(const struct facts *f,
	const struct deployment *d, struct arena *a)
{
	struct blocker b = policy_plan(f, a);

	if (b.blocked)
		return b;
	for (size_t i = 0; i < d->nregions; i++) {
		const struct judgement *j = judgement_of(f, d, i);
		if (!j)
			return missing(WHY_STARVED,
				arena_printf(a, "%.*s is not judged yet",
					STR_ARG(d->region[i].region)));
		b = region_missing(j, a);
		if (b.blocked)
			return b;
	}
	return b;
}

/* Every region that the stage deploys now must be in it, and no other. */
static bool same_regions(const struct stage *s, const struct deployment *d)
{
	if (s->ndeploys != d->nregions)
		return false;
	for (size_t i = 0; i < s->ndeploys; i++)
		if (!scope_covers_deployment(s->deploys[i]->full, d))
			return false;
	return true;
}

void keeper_missing(const struct facts *f, const struct line *l,
	const struct stage *s, const struct deployment *d, struct arena *a,
	struct blocker *ret)
{
	struct blocker b = { 0 };

	if (!same_regions(s, d))
		b = missing(WHY_STARVED,
			arena_str(a, STR("the stage's regions have changed "
					 "since it was registered")));
	if (!b.blocked)
		b = policy_line(f, l, s, d, a);
	if (!b.blocked && d->nregions > 0)
		b = evidence_missing(f, d, a);
	if (!b.blocked)
		b = policy_requires(f, l, s, d, a);
	if (!b.blocked)
		b = policy_approvals(s, d, a);
	*ret = b;
}

/* The judgement that halts, if there is one, of our own epoch. */
static const struct judgement *halting(const struct settling *k,
	const struct deployment *d)
{
	for (size_t i = 0; i < d->nregions; i++) {
		const struct judgement *j = judgement_of(k->f, d, i);
		if (j && j->verdict == VERDICT_HALT && j->epoch == k->epoch)
			return j;
	}
	return NULL;
}

static enum why why_of_rule(struct str rule)
{
	/* The hard paths saw a plain failure; the rest is statistics. */
	if (str_eq(rule, STR("check-down")) || str_eq(rule, STR("region-down")))
		return WHY_SMOKE_FAILURE;
	return WHY_ANOMALY;
}

/* What failed, where, and beside what: the sentence a person reads first.  No
 * number stands in it that is not in the judgement. */
static struct str why_text(const struct judgement *j, struct arena *a)
{
	bool past = str_eq(j->control, STR("past"));
	struct str rates = arena_printf(a, "(canary %.2f %%, %s %.2f %%)",
		100 * j->canary_rate, past ? "its past" : "control",
		100 * j->baseline_rate);

	if (latency_leads(j))
		return arena_printf(a, "%.*s: %.*s", STR_ARG(j->rule),
			STR_ARG(latency_sentence(j, a)));
	if (str_eq(j->rule, STR("region-down")))
		return arena_printf(a,
			"region-down: most checks fail in %.*s "
			"%.*s",
			STR_ARG(j->region), STR_ARG(rates));
	if (j->check.len)
		return arena_printf(a, "%.*s: %.*s fails in %.*s %.*s",
			STR_ARG(j->rule), STR_ARG(j->check), STR_ARG(j->region),
			STR_ARG(rates));
	return arena_printf(a, "%.*s: more failures in %.*s than in %s %.*s",
		STR_ARG(j->rule), STR_ARG(j->region),
		past ? "its past" : "its controls", STR_ARG(rates));
}

/* Stops the scope; the line is stopped whole, as the line file says what
 * moves together. */
static void stop_line(const struct settling *k, const struct deployment *d,
	const struct judgement *j)
{
	struct keeper_answer *out = k->out;
	struct scope_state *s = &out->halt[out->nhalts++];

	*s = (struct scope_state){ .scope = STR("line"),
		.reason = why_text(j, k->a),
		.by = STR("detector"),
		.deployment = d->id,
		.automatic = true,
		.since_us = k->f->now_us };
	tx_scope(out->tx, s);
	tx_audit(out->tx, "stop", d->id, s->by, s->reason);
}

static bool line_is_open(const struct facts *f)
{
	for (size_t i = 0; i < f->nscopes; i++)
		if (str_eq(f->scope[i].scope, STR("line")))
			return false;
	return true;
}

static void stop(const struct settling *k, const struct deployment *old,
	const struct judgement *j)
{
	struct deployment *d = deployment_copy(k->a, old);

	deployment_enter(d, DEPLOYMENT_STOPPED, k->f->now_us);
	d->why = why_of_rule(j->rule);
	d->reason = why_text(j, k->a);
	d->rule = j->rule;
	d->stream = j->stream;
	d->check = j->check;
	tx_deployment(k->out->tx, d);
	k->out->stopped[k->out->nstopped++] = *d;
	/* A stop or a cord that is there already keeps its own record. */
	if (line_is_open(k->f) && k->out->nhalts == 0)
		stop_line(k, d, j);
	else
		tx_audit(k->out->tx, "stop", d->id, STR("detector"), d->reason);
}

/* A failure after acceptance stops the line; the verdict stays. */
static void watch_after(const struct settling *k, const struct stage *s,
	const struct deployment *d)
{
	const struct judgement *j = halting(k, d);
	const struct gate_settings *g = settings_of(k, s);
	uint64_t watch_ms = g->post_watch_ms ? g->post_watch_ms : g->soak_ms;

	if (!j || k->f->now_us - d->final_us > (int64_t)watch_ms * 1000)
		return;
	for (size_t i = 0; i < d->nregions; i++) {
		const struct live *v = facts_live(k->f, d->region[i].region);
		if (v && !str_eq(v->deployment, d->id))
			return; /* something newer is there */
	}
	if (line_is_open(k->f) && k->out->nhalts == 0)
		stop_line(k, d, j);
}

static void move(const struct settling *k, const struct deployment *old,
	enum deployment_state to, struct blocker b)
{
	struct deployment *d = deployment_copy(k->a, old);

	deployment_enter(d, to, k->f->now_us);
	d->why = b.why;
	d->reason = b.text;
	for (size_t i = 0; i < d->nregions; i++) {
		const struct judgement *j = judgement_of(k->f, d, i);
		if (!j)
			continue;
		d->region[i].verified_us = j->verified_us;
		d->region[i].t0_us = j->t0_us;
	}
	if (k->f->plan) {
		d->plan_hash = k->f->plan->hash;
		d->config = k->f->plan->config;
	}
	tx_deployment(k->out->tx, d);
	tx_audit(k->out->tx, deployment_state_token(to), d->id, STR("detector"),
		b.text);
}

static void permit(const struct settling *k, const struct stage *s,
	const struct deployment *d)
{
	struct permit *p = &k->out->permit[k->out->npermits++];

	*p = (struct permit){ .stage = s->name,
		.deployment = d->id,
		.config = k->f->plan ? k->f->plan->config : STR(""),
		.epoch = k->epoch,
		.rev = k->f->rev,
		.valid_until_us = k->f->now_us + (int64_t)PERMIT_MS * 1000 };
}

/* Where the soak stands by what the judgements say of all regions. */
static enum deployment_state progress(const struct facts *f,
	const struct deployment *d)
{
	enum deployment_state least = DEPLOYMENT_SOAKING;

	for (size_t i = 0; i < d->nregions; i++) {
		const struct judgement *j = judgement_of(f, d, i);
		if (!j)
			return d->state; /* a detector is coming up */
		if (j->t0_us == 0)
			return DEPLOYMENT_VERIFYING;
		if (f->now_us < j->t0_us)
			least = DEPLOYMENT_WARMING;
	}
	return least;
}

static bool overdue(const struct settling *k, const struct stage *s,
	const struct deployment *d)
{
	uint64_t most_ms = settings_of(k, s)->max_wait_ms;

	return d->done_us > 0 && d->nregions > 0 &&
	       k->f->now_us - d->done_us > (int64_t)most_ms * 1000;
}

static void settle_judged(const struct settling *k, const struct stage *s,
	const struct deployment *d)
{
	const struct judgement *j = halting(k, d);
	struct blocker b;

	if (j) {
		stop(k, d, j);
		return;
	}
	if (d->state == DEPLOYMENT_HALTED)
		return;
	keeper_missing(k->f, k->l, s, d, k->a, &b);
	if (!b.blocked) {
		permit(k, s, d);
		move(k, d, DEPLOYMENT_ACCEPTED,
			(struct blocker){ .why = WHY_PASSED,
				.text = STR("all evidence is there") });
		return;
	}
	enum deployment_state to = progress(k->f, d);
	if (overdue(k, s, d))
		to = DEPLOYMENT_HELD;
	if (to != d->state)
		move(k, d, to, b);
}

static void settle(const struct settling *k, const struct deployment *d)
{
	const struct stage *s = line_stage(k->l, d->stage);

	if (!s)
		return; /* taken out of the line file: nothing can pass it */
	if (d->state == DEPLOYMENT_ACCEPTED) {
		watch_after(k, s, d);
	} else if (d->state == DEPLOYMENT_ANNOUNCED) {
		if (k->f->now_us - d->announced_us >
			(int64_t)settings_of(k, s)->announce_ttl_ms * 1000)
			move(k, d, DEPLOYMENT_EXPIRED,
				missing(WHY_EXPIRED,
					STR("announced, never started")));
	} else if (!deployment_state_final(d->state) &&
		   d->state != DEPLOYMENT_QUEUED &&
		   d->state != DEPLOYMENT_DEPLOYING) {
		settle_judged(k, s, d);
	}
}

struct keeper_answer keeper_settle(const struct facts *f, const struct line *l,
	const struct gate_settings *settings, uint64_t epoch, struct arena *a)
{
	struct keeper_answer out = { .tx = tx_new(a, f) };
	struct settling k = { .f = f,
		.l = l,
		.settings = settings,
		.epoch = epoch,
		.a = a,
		.out = &out };
	size_t n = f->ndeployments;

	assert(epoch != 0);
	out.permit = ARENA_ARRAY(a, n + 1, struct permit);
	out.stopped = ARENA_ARRAY(a, n + 1, struct deployment);
	out.halt = ARENA_ARRAY(a, n + 1, struct scope_state);
	tx_fence(out.tx, epoch);
	for (size_t i = 0; i < n; i++)
		settle(&k, &f->deployment[i]);
	return out;
}
