#include "store/facts.h"

#include <assert.h>

#include "store/codec.h"
#include "store/tx.h"

static const struct {
	const char *token, *text;
	bool final;
} states[DEPLOYMENT_STATES] = {
#define X(name, token, final, text)                                            \
	[DEPLOYMENT_##name] = { token, text, final },
	DEPLOYMENT_STATE_MAP(X)
#undef X
};

static const char *const whys[WHYS] = {
#define X(name, token) [WHY_##name] = (token),
	WHY_MAP(X)
#undef X
};

static const char *const lanes[LANES] = {
#define X(name, token) [LANE_##name] = (token),
	LANE_MAP(X)
#undef X
};

static const char *const pulse_words[PULSES] = {
#define X(name, token) [PULSE_##name] = (token),
	PULSE_MAP(X)
#undef X
};

static const char *const tx_words[TX_KINDS] = {
#define X(name, word) [TX_##name] = (word),
	TX_MAP(X)
#undef X
};

const char *deployment_state_token(enum deployment_state s)
{
	assert((unsigned)s < DEPLOYMENT_STATES);
	return states[s].token;
}

const char *deployment_state_text(enum deployment_state s)
{
	assert((unsigned)s < DEPLOYMENT_STATES);
	return states[s].text;
}

bool deployment_state_final(enum deployment_state s)
{
	assert((unsigned)s < DEPLOYMENT_STATES);
	return states[s].final;
}

bool deployment_state_from_token(struct str t, enum deployment_state *ret)
{
	for (unsigned i = 0; i < DEPLOYMENT_STATES; i++) {
		if (str_eq(t, str_from(states[i].token))) {
			*ret = (enum deployment_state)i;
			return true;
		}
	}
	return false;
}

static bool word_find(const char *const *words, unsigned n, struct str t,
	unsigned *ret)
{
	for (unsigned i = 0; i < n; i++) {
		if (str_eq(t, str_from(words[i]))) {
			*ret = i;
			return true;
		}
	}
	return false;
}

const char *why_token(enum why w)
{
	assert((unsigned)w < WHYS);
	return whys[w];
}

bool why_from_token(struct str t, enum why *ret)
{
	unsigned i;

	if (!word_find(whys, WHYS, t, &i))
		return false;
	*ret = (enum why)i;
	return true;
}

const char *lane_token(enum lane l)
{
	assert((unsigned)l < LANES);
	return lanes[l];
}

bool lane_from_token(struct str t, enum lane *ret)
{
	unsigned i;

	if (!word_find(lanes, LANES, t, &i))
		return false;
	*ret = (enum lane)i;
	return true;
}

const char *pulse_token(enum pulse_state s)
{
	assert((unsigned)s < PULSES);
	return pulse_words[s];
}

bool pulse_from_token(struct str t, enum pulse_state *ret)
{
	unsigned i;

	if (!word_find(pulse_words, PULSES, t, &i))
		return false;
	*ret = (enum pulse_state)i;
	return true;
}

const char *tx_kind_word(enum tx_kind k)
{
	assert((unsigned)k < TX_KINDS);
	return tx_words[k];
}

/* ---- lookups ---- */

const struct deployment *facts_deployment(const struct facts *f, struct str id)
{
	for (size_t i = f->ndeployments; i-- > 0;) {
		if (str_eq(f->deployment[i].id, id))
			return &f->deployment[i];
	}
	return NULL;
}

const struct deployment *facts_latest(const struct facts *f, struct str stage,
	struct str version)
{
	const struct deployment *best = NULL;

	for (size_t i = 0; i < f->ndeployments; i++) {
		const struct deployment *d = &f->deployment[i];

		if (!str_eq(d->stage, stage) || !str_eq(d->version, version))
			continue;
		if (!best || d->attempt >= best->attempt)
			best = d;
	}
	return best;
}

const struct judgement *facts_judgement(const struct facts *f,
	struct str deployment, struct str region)
{
	for (size_t i = 0; i < f->njudgements; i++) {
		if (str_eq(f->judgement[i].deployment, deployment) &&
			str_eq(f->judgement[i].region, region))
			return &f->judgement[i];
	}
	return NULL;
}

const struct permit *facts_permit(const struct facts *f, struct str stage)
{
	for (size_t i = 0; i < f->npermits; i++) {
		if (str_eq(f->permit[i].stage, stage))
			return &f->permit[i];
	}
	return NULL;
}

const struct live *facts_live(const struct facts *f, struct str region)
{
	for (size_t i = 0; i < f->nlive; i++) {
		if (str_eq(f->live[i].region, region))
			return &f->live[i];
	}
	return NULL;
}

const struct pulse *facts_pulse(const struct facts *f, struct str region)
{
	for (size_t i = 0; i < f->pulses.npulses; i++) {
		if (str_eq(f->pulses.pulse[i].region, region))
			return &f->pulses.pulse[i];
	}
	return NULL;
}

/* ---- transactions ---- */

enum { TX_TEXT_MAX = 1 << 20 };

static struct tx_op *tx_add(struct tx *t, enum tx_kind kind, struct str key)
{
	struct tx_op *op = ARENA_NEW(t->arena, struct tx_op);

	op->kind = kind;
	op->key = arena_str(t->arena, key);
	*t->last = op;
	t->last = &op->next;
	t->count++;
	return op;
}

/* An operation that somebody asked for. */
static struct tx_op *tx_want(struct tx *t, enum tx_kind kind, struct str key)
{
	t->wanted++;
	return tx_add(t, kind, key);
}

static void tx_value(struct tx *t, struct tx_op *op, struct buf *text)
{
	/* A record beyond the limit would be a halt that is not written. */
	assert(!text->over);
	op->value = arena_str(t->arena, buf_str(text));
	buf_done(text);
}

static bool too_old(const struct facts *f, int64_t at_us)
{
	return at_us > 0 && at_us < f->now_us - FACTS_KEEP_US;
}

static void tx_drop_deployment(struct tx *t, const struct facts *f,
	const struct deployment *d)
{
	tx_add(t, TX_DEPLOYMENT, d->id);
	for (size_t i = 0; i < f->njudgements; i++) {
		const struct judgement *j = &f->judgement[i];

		if (str_eq(j->deployment, d->id))
			tx_add(t, TX_JUDGEMENT,
				judgement_key(t->arena, j->deployment,
					j->region));
	}
}

/*
 * Old records leave with the next transaction: nothing else may change the
 * facts, and a store that forgets by itself would forget at any moment.
 */
static void tx_drop_old(struct tx *t, const struct facts *f)
{
	size_t drops = 0;

	for (size_t i = 0; i < f->ndeployments && drops < TX_DROPS_MAX; i++) {
		const struct deployment *d = &f->deployment[i];

		if (!deployment_state_final(d->state) ||
			!too_old(f, d->final_us))
			continue;
		tx_drop_deployment(t, f, d);
		drops++;
	}
	for (size_t i = 0; i < f->nci && drops < TX_DROPS_MAX; i++) {
		if (!too_old(f, f->ci[i].at_us))
			continue;
		tx_add(t, TX_CI,
			ci_key(t->arena, f->ci[i].version, f->ci[i].name));
		drops++;
	}
}

struct tx *tx_new(struct arena *a, const struct facts *f)
{
	struct tx *t = ARENA_NEW(a, struct tx);

	t->arena = a;
	t->rev = f->rev;
	t->now_us = f->now_us;
	t->last = &t->first;
	tx_drop_old(t, f);
	return t;
}

void tx_fence(struct tx *t, uint64_t epoch)
{
	t->epoch = epoch;
}

void tx_deployment(struct tx *t, const struct deployment *d)
{
	struct tx_op *op = tx_want(t, TX_DEPLOYMENT, d->id);
	struct deployment at = *d;
	struct buf text;

	/* The guard holds only if rev did not move: this is the next one. */
	at.rev = t->rev + 1;
	buf_init(&text, TX_TEXT_MAX);
	deployment_write(&text, &at);
	tx_value(t, op, &text);
	if (deployment_state_final(d->state))
		op->final_us = d->final_us > 0 ? d->final_us : t->now_us;
}

void tx_scope(struct tx *t, const struct scope_state *s)
{
	struct tx_op *op = tx_want(t, TX_SCOPE, s->scope);
	struct buf text;

	buf_init(&text, TX_TEXT_MAX);
	scope_write(&text, s);
	tx_value(t, op, &text);
}

void tx_scope_clear(struct tx *t, struct str scope)
{
	tx_want(t, TX_SCOPE, scope);
}

void tx_live(struct tx *t, const struct live *l)
{
	struct tx_op *op = tx_want(t, TX_LIVE, l->region);
	struct buf text;

	buf_init(&text, TX_TEXT_MAX);
	live_write(&text, l);
	tx_value(t, op, &text);
}

void tx_ci(struct tx *t, const struct ci_check *c)
{
	struct tx_op *op =
		tx_want(t, TX_CI, ci_key(t->arena, c->version, c->name));
	struct buf text;

	buf_init(&text, TX_TEXT_MAX);
	ci_write(&text, c);
	tx_value(t, op, &text);
}

void tx_audit(struct tx *t, const char *event, struct str subject,
	struct str by, struct str reason)
{
	struct tx_op *op = tx_want(t, TX_AUDIT, str_from(event));
	struct audit_line line = { .event = op->key,
		.subject = subject,
		.by = by,
		.reason = reason,
		.at_us = t->now_us,
		.rev = t->rev + 1 };
	struct buf text;

	buf_init(&text, TX_TEXT_MAX);
	audit_write(&text, &line);
	tx_value(t, op, &text);
}

bool tx_empty(const struct tx *t)
{
	return t->wanted == 0;
}
