#include "gate/answer.h"

#include <assert.h>

#include "gate/keeper.h"
#include "gate/policy.h"

/* clang-format off */
static const struct {
	const char *token;
	int code;
} kinds[ANSWERS] = {
#define X(name, token, code) [ANSWER_##name] = {token, code},
	ANSWER_MAP(X)
#undef X
};
/* clang-format on */

const char *answer_token(enum answer_kind k)
{
	return kinds[k].token;
}

int answer_code(enum answer_kind k)
{
	return kinds[k].code;
}

static void set(struct answer *r, enum answer_kind kind, bool settled,
	enum why why, struct str text)
{
	r->kind = kind;
	r->code = kinds[kind].code;
	r->settled = settled;
	r->why = why;
	r->text = text;
}

void gate_unreachable(const struct line *l, const struct question *q,
	struct str text, struct answer *ret)
{
	*ret = (struct answer){ .line = l->name,
		.stage = q->stage->name,
		.version = q->version };
	set(ret, ANSWER_UNAVAILABLE, false, WHY_STORE_UNREACHABLE, text);
}

/* This deployment was stopped. */
static bool says_stopped(const struct deployment *d, struct answer *r)
{
	if (!d || d->state != DEPLOYMENT_STOPPED)
		return false;
	set(r, ANSWER_STOP, true, d->why, d->reason);
	return true;
}

/* A person or a window holds. */
static bool says_held(const struct facts *f, const struct line *l,
	const struct question *q, const struct deployment *d, struct arena *a,
	struct answer *r)
{
	struct blocker b = policy_line(f, l, q->stage, d, a);

	if (!b.blocked && d && d->state == DEPLOYMENT_HALTED)
		b = (struct blocker){ .blocked = true,
			.why = WHY_HALTED,
			.text = d->reason };
	if (b.blocked) {
		set(r, ANSWER_HELD, true, b.why, b.text);
		return true;
	}
	/* Somebody may approve while we wait: not settled. */
	b = policy_approvals(q->stage, d, a);
	if (!b.blocked)
		return false;
	set(r, ANSWER_HELD, false, b.why, b.text);
	return true;
}

static bool says_superseded(const struct deployment *d, struct answer *r)
{
	if (!d || d->state != DEPLOYMENT_SUPERSEDED)
		return false;
	set(r, ANSWER_SUPERSEDED, true, WHY_SUPERSEDED, d->reason);
	return true;
}

/* States in which nothing will happen any more. */
static bool says_final(const struct facts *f, const struct question *q,
	const struct deployment *d, struct answer *r)
{
	if (!d || !deployment_state_final(d->state))
		return false;
	if (d->state != DEPLOYMENT_ACCEPTED)
		set(r, ANSWER_UNDECIDED, true, WHY_EXPIRED, d->reason);
	else if (d->undone_us != 0)
		set(r, ANSWER_UNDECIDED, true, WHY_EXPIRED,
			STR("it was accepted, and rolled back or failed since; "
			    "deploy and soak again"));
	else if (policy_within(f, d->final_us, stage_pass_ttl_ms(q->stage)))
		set(r, ANSWER_PROCEED, true, WHY_PASSED, d->reason);
	else
		set(r, ANSWER_UNDECIDED, true, WHY_EXPIRED,
			STR("the acceptance is too old; deploy and soak "
			    "again"));
	return true;
}

static bool says_stale(const struct facts *f, struct answer *r)
{
	if (f->detector.epoch != 0 && f->detector.valid_until_us > f->now_us)
		return false;
	set(r, ANSWER_UNAVAILABLE, false, WHY_DETECTOR_STALE,
		STR("no live detector; is `andon detect` or `andon up` "
		    "running?"));
	return true;
}

/*
 * A permit alone is never enough: whatever it says must be seen again in the
 * facts of this moment, by the rules of the keeper.
 */
static bool says_permitted(const struct facts *f, const struct line *l,
	const struct question *q, const struct deployment *d, struct arena *a,
	struct answer *r)
{
	const struct permit *p = facts_permit(f, q->stage->name);
	struct blocker b;

	if (!d || !p || !str_eq(p->deployment, d->id) ||
		p->epoch != f->detector.epoch ||
		p->valid_until_us <= f->now_us ||
		p->valid_until_us > f->now_us + (int64_t)PERMIT_MS * 1000)
		return false;
	keeper_missing(f, l, q->stage, d, a, &b);
	if (b.blocked)
		return false;
	set(r, ANSWER_PROCEED, true, WHY_PASSED, STR("all evidence is there"));
	return true;
}

static void says_wait(const struct facts *f, const struct line *l,
	const struct question *q, const struct deployment *d, struct arena *a,
	struct answer *r)
{
	struct blocker b = { 0 };

	if (!d) {
		set(r, ANSWER_UNDECIDED, false, WHY_UNREGISTERED,
			arena_printf(a,
				"version %.*s was never started at stage "
				"%.*s (andon deploy start)",
				STR_ARG(q->version), STR_ARG(q->stage->name)));
		return;
	}
	if (d->state == DEPLOYMENT_QUEUED) {
		set(r, ANSWER_UNDECIDED, false, WHY_QUEUED,
			STR("an older deployment is still being judged"));
		return;
	}
	if (d->state == DEPLOYMENT_ANNOUNCED ||
		d->state == DEPLOYMENT_DEPLOYING) {
		set(r, ANSWER_UNDECIDED, false, WHY_VERIFYING,
			STR("deploying: `andon deploy done` is missing"));
		return;
	}
	keeper_missing(f, l, q->stage, d, a, &b);
	if (!b.blocked) /* the keeper has not written it yet */
		b = (struct blocker){ .why = WHY_SOAKING,
			.text = STR("waiting for the permit") };
	if (b.why == WHY_SOAKING && d->state == DEPLOYMENT_WARMING)
		b.why = WHY_WARMING;
	set(r, ANSWER_UNDECIDED, false, b.why, b.text);
}

static void attach(const struct facts *f, const struct deployment *d,
	struct arena *a, struct answer *r)
{
	const struct judgement **j;

	r->rev = f->rev;
	r->now_us = f->now_us;
	r->deployment = d;
	r->config = f->plan ? f->plan->config : STR_NONE;
	if (!d)
		return;
	j = ARENA_ARRAY(a, d->nregions + 1, const struct judgement *);
	for (size_t i = 0; i < d->nregions; i++) {
		const struct judgement *one =
			facts_judgement(f, d->id, d->region[i].region);
		if (one)
			j[r->njudgements++] = one;
	}
	r->judgement = j;
}

void gate_answer(const struct facts *f, const struct line *l,
	const struct question *q, struct arena *a, struct answer *ret)
{
	const struct deployment *d =
		facts_latest(f, q->stage->name, q->version);

	*ret = (struct answer){ .line = l->name,
		.stage = q->stage->name,
		.version = q->version };
	attach(f, d, a, ret);
	if (says_stopped(d, ret) || says_held(f, l, q, d, a, ret) ||
		says_superseded(d, ret) || says_final(f, q, d, ret) ||
		says_stale(f, ret) || says_permitted(f, l, q, d, a, ret))
		goto allow;
	says_wait(f, l, q, d, a, ret);
allow:
	if (ret->kind == ANSWER_UNDECIDED && q->allow_undecided) {
		ret->allowed = true;
		ret->code = 0;
	}
	/* The law of the house, once more, where the code leaves. */
	assert(ret->code != 0 || ret->kind == ANSWER_PROCEED || ret->allowed);
}
