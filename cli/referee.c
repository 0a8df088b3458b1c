#include "cli/referee.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/oom.h"
#include "cli/pulses.h"
#include "cli/seats.h"
#include "cli/suspecting.h"
#include "gate/keeper.h"
#include "gate/policy.h"
#include "gate/required.h"
#include "gate/transition.h"

enum {
	LEASE_MS = 5000,
	CHECKPOINT_MS = 5000,
	JUDGE_EVERY_MS = 1000, /* judgements are renewed so often, or sooner */
	REASSERT_MS = 2000,
	FACTS_MS = 250, /* between them results alone are looked at */
	SETTLE_TRIES = 5,
	EVIDENCE_MAX_BYTES = 256 * 1024,
	AUDIT_LOOKED_AT = 1000,
	REPLICAS_MS = 500
};

struct referee {
	struct referee_options o;
	uint64_t epoch; /* 0: no lease */
	bool standing_by;
	int64_t beaten_us, judged_us, saved_us, asserted_us;
	struct seats seats;
	struct pulses_view *pulses;
	int64_t felt_us;    /* when the pulses were written */
	struct arena *turn; /* of one turn */
	char cursor[48];    /* of the events */
	/* Of the last facts; between two readings of them time is counted on
	 * from here. */
	uint64_t facts_ns;
	int64_t facts_us;
	bool light; /* only results have come since */
	void (*on_event)(enum referee_event ev, struct str text, void *owner);
	void *owner;
};

static void tell(const struct referee *r, enum referee_event ev,
	struct str text)
{
	if (r->on_event)
		r->on_event(ev, text, r->owner);
}

static void plan_changed(struct str deployment, void *owner)
{
	tell(owner, REFEREE_PLAN, deployment);
}

struct referee *referee_new(const struct referee_options *o)
{
	struct referee *r = xcalloc(1, sizeof(*r));

	r->o = *o;
	if (r->o.lease_ms == 0)
		r->o.lease_ms = LEASE_MS;
	if (r->o.checkpoint_ms == 0)
		r->o.checkpoint_ms = CHECKPOINT_MS;
	r->turn = arena_new();
	seats_init(&r->seats);
	r->pulses = pulses_new();
	r->seats.on_plan = plan_changed;
	r->seats.owner = r;
	memcpy(r->cursor, "$", 2);
	return r;
}

void referee_free(struct referee *r)
{
	struct err e = { 0 };

	if (!r)
		return;
	if (r->epoch)
		store_detector_leave(r->o.store, r->o.id, r->epoch, &e);
	seats_done(&r->seats);
	pulses_free(r->pulses);
	arena_free(r->turn);
	free(r);
}

void referee_on_event(struct referee *r,
	void (*fn)(enum referee_event ev, struct str text, void *owner),
	void *owner)
{
	r->on_event = fn;
	r->owner = owner;
}

bool referee_holds_lease(const struct referee *r)
{
	return r->epoch != 0;
}

void referee_reload(struct referee *r, const struct line *line)
{
	r->o.line = line;
	seats_drop(&r->seats); /* their settings are of the old file */
}

/* ------- the lease ------- */

/* Without the lease nothing may be judged: what is known is thrown away, and
 * built again from the checkpoint of whoever had it. */
static void lease_lost(struct referee *r)
{
	if (r->epoch)
		tell(r, REFEREE_LEASE_LOST, r->o.id);
	r->epoch = 0;
	r->felt_us = 0;
	seats_drop(&r->seats);
	pulses_drop(r->pulses);
}

static bool lease_keep(struct referee *r, int64_t now_us, struct err *e)
{
	bool kept = true;

	if (r->epoch) {
		if (now_us - r->beaten_us < (int64_t)r->o.lease_ms * 1000 / 5)
			return true;
		if (!store_detector_beat(r->o.store, r->o.id, r->epoch,
			    r->o.lease_ms, &kept, e))
			return false;
		r->beaten_us = now_us;
		if (!kept)
			lease_lost(r);
		return true;
	}
	if (!store_detector_join(r->o.store, r->o.id, r->o.lease_ms, &r->epoch,
		    e))
		return false;
	if (r->epoch) {
		r->beaten_us = now_us;
		tell(r, REFEREE_LEASE_TAKEN, r->o.id);
	} else if (!r->standing_by) {
		tell(r, REFEREE_STANDING_BY, r->o.id);
	}
	r->standing_by = r->epoch == 0;
	return true;
}

/* ------- halts ------- */

static const struct scope_state *scope_find(const struct facts *f,
	struct str scope)
{
	for (size_t i = 0; i < f->nscopes; i++)
		if (str_eq(f->scope[i].scope, scope))
			return &f->scope[i];
	return NULL;
}

/* Did a person resume this halt?  Only the audit may say so. */
static bool resumed(struct referee *r, const struct scope_state *s, bool *ret,
	struct err *e)
{
	struct str *line;
	size_t n;

	*ret = false;
	if (!store_audit(r->o.store, r->turn, AUDIT_LOOKED_AT, &line, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct json_error je;
		const struct json *j =
			json_parse(r->turn, line[i], &json_limits_default, &je);
		if (j && str_eq(json_get_str(j, "event"), STR("resume")) &&
			str_eq(json_get_str(j, "subject"), s->scope) &&
			json_get_i64(j, "at_us", 0) >= s->since_us)
			*ret = true;
	}
	return true;
}

/* A halt of the journal that the store does not know: a person took it back,
 * or the store has lost its memory and gets it again. */
static bool halt_missing(struct referee *r, const struct scope_state *s,
	struct tx *tx, struct err *e)
{
	bool by_person;

	if (!resumed(r, s, &by_person, e))
		return false;
	if (by_person)
		return journal_resume(r->o.journal, s->scope, e);
	tx_scope(tx, s);
	tx_audit(tx, "reassert", s->scope, r->o.id, s->reason);
	tell(r, REFEREE_REASSERTED, s->scope);
	return true;
}

static bool commit_fenced(struct referee *r, struct tx *tx, struct err *e)
{
	enum commit_answer answer;

	if (tx_empty(tx))
		return true;
	tx_fence(tx, r->epoch);
	if (!store_commit(r->o.store, tx, &answer, e))
		return false;
	if (answer == COMMIT_FENCED)
		lease_lost(r);
	return true; /* after a conflict the next turn tries again */
}

/* Journal and store are brought together: the journal never forgets. */
static bool halts_keep(struct referee *r, const struct facts *f, struct err *e)
{
	struct tx *tx = tx_new(r->turn, f);
	const struct scope_state *halt;
	size_t n;

	if (!r->o.journal)
		return true;
	for (size_t i = 0; i < f->nscopes; i++) {
		struct scope_state s = f->scope[i];
		if (s.journaled)
			continue;
		s.journaled = true;
		if (!journal_halt(r->o.journal, &s, e))
			return false;
		tx_scope(tx, &s);
		tx_audit(tx, "journaled", s.scope, r->o.id, STR(""));
	}
	if (f->now_us - r->asserted_us >= (int64_t)REASSERT_MS * 1000) {
		r->asserted_us = f->now_us;
		halt = journal_halts(r->o.journal, &n);
		/* Resuming changes the list: the next turn sees the rest. */
		for (size_t i = 0; i < n; i++)
			if (!scope_find(f, halt[i].scope)) {
				if (!halt_missing(r, &halt[i], tx, e))
					return false;
				break;
			}
	}
	return commit_fenced(r, tx, e);
}

/* ------- settling ------- */

static struct gate_settings *settings_all(const struct referee *r,
	const struct facts *f)
{
	const struct line *l = r->o.line;
	struct gate_settings *all =
		ARENA_ARRAY(r->turn, l->nstages + 1, struct gate_settings);

	for (size_t i = 0; i < l->nstages; i++)
		all[i] = trial_stage_settings(f, &l->stages[i], r->turn);
	return all;
}

static const struct judgement *judgement_for(const struct judgement *j,
	size_t n, struct str deployment)
{
	const struct judgement *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (str_eq(j[i].deployment, deployment) &&
			(!found || j[i].verdict == VERDICT_HALT))
			found = &j[i];
	return found;
}

static bool evidence_put(struct referee *r, struct str deployment,
	const struct judgement *j, size_t nj, struct err *e)
{
	const struct judgement *one = judgement_for(j, nj, deployment);
	struct seat *s =
		one ? seats_find(&r->seats, deployment, one->region) : NULL;
	bool ok = true;
	struct buf out;

	if (!s || !s->trial)
		return true;
	buf_init(&out, EVIDENCE_MAX_BYTES);
	trial_evidence(s->trial, one, &out);
	if (!out.over)
		ok = store_evidence_put(r->o.store, r->epoch, deployment,
			buf_str(&out), e);
	buf_done(&out);
	return ok;
}

/* Of what is stopped, and of what stops the line after its acceptance. */
static bool evidence_freeze(struct referee *r, const struct keeper_answer *k,
	const struct judgement *j, size_t nj, struct err *e)
{
	for (size_t i = 0; i < k->nstopped; i++)
		if (!evidence_put(r, k->stopped[i].id, j, nj, e))
			return false;
	for (size_t i = 0; i < k->nhalts; i++)
		if (!evidence_put(r, k->halt[i].deployment, j, nj, e))
			return false;
	return true;
}

static void tell_verdicts(const struct referee *r, const struct facts *before,
	const struct keeper_answer *k)
{
	for (size_t i = 0; i < k->nstopped; i++)
		tell(r, REFEREE_STOPPED,
			arena_printf(r->turn, "%.*s: %.*s",
				STR_ARG(k->stopped[i].id),
				STR_ARG(k->stopped[i].reason)));
	for (size_t i = 0; i < k->npermits; i++) {
		const struct deployment *d =
			facts_deployment(before, k->permit[i].deployment);
		if (d && d->state != DEPLOYMENT_ACCEPTED)
			tell(r, REFEREE_ACCEPTED, d->id);
	}
}

/* The halt goes to disk before anybody can read it in the store. */
static bool halts_journal(struct referee *r, struct keeper_answer *k,
	struct err *e)
{
	for (size_t i = 0; i < k->nhalts && r->o.journal; i++) {
		k->halt[i].journaled = true;
		if (!journal_halt(r->o.journal, &k->halt[i], e))
			return false;
		tx_scope(k->tx, &k->halt[i]);
	}
	return true;
}

/* Where there are replicas, one of them should have the halt; that none has
 * it is told, not waited for: the journal puts it back after a failover. */
static void halts_replicate(struct referee *r, const struct keeper_answer *k)
{
	struct err e = { 0 };
	int replicas;

	if (k->nhalts > 0 &&
		store_replicas(r->o.store, REPLICAS_MS, &replicas, &e) &&
		replicas == 0)
		tell(r, REFEREE_ALONE, k->halt[0].scope);
}

/* One try with these facts; *ret_again: somebody wrote in between. */
static bool settle_once(struct referee *r, struct facts *f, struct judgement *j,
	size_t nj, bool *ret_again, struct err *e)
{
	enum commit_answer answer = COMMIT_DONE;
	bool kept;

	f->judgement = j;
	f->njudgements = nj;
	f->detector.epoch = r->epoch;
	struct keeper_answer k = keeper_settle(f, r->o.line, settings_all(r, f),
		r->epoch, r->turn);
	if (k.npermits > 0 && !store_judge(r->o.store, r->epoch, NULL, 0,
				      k.permit, k.npermits, &kept, e))
		return false;
	*ret_again = false;
	if (tx_empty(k.tx))
		return true;
	if (!halts_journal(r, &k, e) || !evidence_freeze(r, &k, j, nj, e) ||
		!store_commit(r->o.store, k.tx, &answer, e))
		return false;
	*ret_again = answer == COMMIT_CONFLICT;
	if (answer == COMMIT_FENCED)
		lease_lost(r);
	if (answer == COMMIT_DONE) {
		tell_verdicts(r, f, &k);
		halts_replicate(r, &k);
	}
	return true;
}

static struct str plan_of(const struct facts *f)
{
	return f->plan ? f->plan->hash : STR("");
}

static bool settle(struct referee *r, struct facts *f, struct judgement *j,
	size_t nj, struct err *e)
{
	struct str plan = plan_of(f);
	bool again = true;

	for (int i = 0; i < SETTLE_TRIES && again && r->epoch; i++) {
		if (i > 0 && !store_facts(r->o.store, r->turn, f, e))
			return false;
		/* Judged by a plan that has gone: the next turn judges anew. */
		if (!str_eq(plan, plan_of(f)))
			return true;
		if (!settle_once(r, f, j, nj, &again, e))
			return false;
	}
	return true;
}

/* ------- the turn ------- */

static bool judge_and_settle(struct referee *r, const struct seats_turn *t,
	struct facts *f, struct err *e)
{
	bool news = false, kept = true;
	size_t nj;
	struct judgement *j = seats_judge(&r->seats, t, &nj, &news);

	if (news ||
		f->now_us - r->judged_us >= (int64_t)JUDGE_EVERY_MS * 1000) {
		r->judged_us = f->now_us;
		if (nj > 0 && !store_judge(r->o.store, r->epoch, j, nj, NULL, 0,
				      &kept, e))
			return false;
		if (!kept) {
			lease_lost(r);
			return true;
		}
	}
	return settle(r, f, j, nj, e);
}

/*
 * Results alone: the facts are as they were a moment ago, so nothing needs to
 * be read or written unless a judge has made up its mind.
 */
static bool light_turn(struct referee *r, bool *ret_busy, bool *ret_enough,
	struct err *e)
{
	uint64_t passed_ns = clock_mono_ns(&clock_system) - r->facts_ns;
	int64_t now_us = r->facts_us + (int64_t)(passed_ns / 1000);

	if (!seats_read(&r->seats, r->o.store, now_us, ret_busy, e))
		return false;
	*ret_enough = !seats_decided(&r->seats, now_us, r->turn);
	if (*ret_enough)
		seats_collect(&r->seats);
	return true;
}

/* How all regions are, once a second. */
static bool pulses_keep(struct referee *r, const struct facts *f,
	bool *ret_busy, bool *ret_kept, struct err *e)
{
	struct pulses now;

	if (!pulses_read_on(r->pulses, r->o.store, f, ret_busy, e))
		return false;
	if (f->now_us - r->felt_us < (int64_t)JUDGE_EVERY_MS * 1000 ||
		!pulses_say(r->pulses, f, r->epoch, r->turn, &now))
		return true;
	r->felt_us = f->now_us;
	return store_pulses_put(r->o.store, r->epoch, &now, ret_kept, e);
}

/* Facts, trials, judgements, settling; with the lease only. */
static bool full_turn(struct referee *r, struct facts *f, bool *ret_busy,
	struct err *e)
{
	struct seats_turn t = { .line = r->o.line,
		.facts = f,
		.store = r->o.store,
		.epoch = r->epoch,
		.arena = r->turn };
	bool kept = true;

	if (!halts_keep(r, f, e))
		return false;
	if (!r->epoch)
		return true;
	if (!seats_sync(&r->seats, &t, e) ||
		!seats_read(&r->seats, r->o.store, f->now_us, ret_busy, e) ||
		!judge_and_settle(r, &t, f, e))
		return false;
	if (r->epoch && !suspecting_write(&r->seats, &t, &kept, e))
		return false;
	if (kept && r->epoch && !pulses_keep(r, f, ret_busy, &kept, e))
		return false;
	if (kept && r->epoch && !*ret_busy &&
		f->now_us - r->saved_us >= (int64_t)r->o.checkpoint_ms * 1000) {
		if (!seats_save(&r->seats, &t, &kept, e))
			return false;
		r->saved_us = f->now_us;
	}
	if (!kept)
		lease_lost(r);
	seats_collect(&r->seats);
	return true;
}

bool referee_turn(struct referee *r, bool *ret_busy, struct err *e)
{
	bool light = r->light && r->epoch, enough = false, woken;
	struct facts f;

	arena_reset(r->turn);
	*ret_busy = false;
	r->light = false;
	if (light && !light_turn(r, ret_busy, &enough, e))
		return false;
	if (enough)
		return true;
	/* "$" becomes a place in the events before the facts are read. */
	if (strcmp(r->cursor, "$") == 0 &&
		!store_wait(r->o.store, r->cursor, NULL, 0, &woken, e))
		return false;
	if (!store_facts(r->o.store, r->turn, &f, e) ||
		!lease_keep(r, f.now_us, e))
		return false;
	r->facts_us = f.now_us;
	r->facts_ns = clock_mono_ns(&clock_system);
	return !r->epoch || full_turn(r, &f, ret_busy, e);
}

bool referee_wait(struct referee *r, int wait_ms, struct err *e)
{
	char before[sizeof(r->cursor)];
	bool woken = false;

	memcpy(before, r->cursor, sizeof(before));
	if (!store_wait(r->o.store, r->cursor,
		    r->epoch && r->seats.streams.count ? &r->seats.streams
						       : NULL,
		    wait_ms, &woken, e))
		return false;
	r->light = woken && strcmp(before, r->cursor) == 0 &&
		   clock_mono_ns(&clock_system) - r->facts_ns <
			   FACTS_MS * 1000000ULL;
	return true;
}
