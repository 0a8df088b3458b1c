#include "cli/referee.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/oom.h"
#include "cli/trial.h"
#include "gate/keeper.h"
#include "gate/policy.h"
#include "gate/required.h"
#include "gate/transition.h"

enum {
	LEASE_MS = 5000,
	CHECKPOINT_MS = 5000,
	JUDGE_EVERY_MS = 1000, /* judgements are renewed so often, or sooner */
	REASSERT_MS = 2000,
	READ_BUDGET = 50000, /* results of one trial in one turn */
	SETTLE_TRIES = 5,
	CHECKPOINT_MAX_BYTES = 256 * 1024 * 1024,
	EVIDENCE_MAX_BYTES = 256 * 1024,
	AUDIT_LOOKED_AT = 1000
};

/* One trial with what the referee remembers about it. */
struct seat {
	struct seat *next;
	struct trial *trial;
	struct str deployment, region; /* in the referee's own memory */
	enum verdict_state said; /* in the last judgement that was written */
	uint64_t credited_said;
	int64_t credit_from_us;
	bool wanted, loaded, caught_up;
};

struct referee {
	struct referee_options o;
	uint64_t epoch; /* 0: no lease */
	bool standing_by;
	int64_t beaten_us, judged_us, saved_us, asserted_us;
	struct seat *seats;
	struct arena *turn;    /* of one turn */
	char cursor[48];       /* of the events */
	struct cursor streams; /* of all trials, to be woken by */
	struct arena *streams_arena;
	void (*on_event)(enum referee_event ev, struct str text, void *owner);
	void *owner;
};

struct referee *referee_new(const struct referee_options *o)
{
	struct referee *r = xcalloc(1, sizeof(*r));

	r->o = *o;
	if (r->o.lease_ms == 0)
		r->o.lease_ms = LEASE_MS;
	if (r->o.checkpoint_ms == 0)
		r->o.checkpoint_ms = CHECKPOINT_MS;
	r->turn = arena_new();
	r->streams_arena = arena_new();
	memcpy(r->cursor, "$", 2);
	return r;
}

static void seat_free(struct seat *s)
{
	trial_free(s->trial);
	free((void *)(uintptr_t)s->deployment.ptr);
	free((void *)(uintptr_t)s->region.ptr);
	free(s);
}

static void seats_drop(struct referee *r)
{
	while (r->seats) {
		struct seat *s = r->seats;
		r->seats = s->next;
		seat_free(s);
	}
}

void referee_free(struct referee *r)
{
	struct err e = { 0 };

	if (!r)
		return;
	if (r->epoch)
		store_detector_leave(r->o.store, r->o.id, r->epoch, &e);
	seats_drop(r);
	arena_free(r->streams_arena);
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

static void tell(const struct referee *r, enum referee_event ev,
	struct str text)
{
	if (r->on_event)
		r->on_event(ev, text, r->owner);
}

bool referee_holds_lease(const struct referee *r)
{
	return r->epoch != 0;
}

void referee_reload(struct referee *r, const struct line *line)
{
	r->o.line = line;
	seats_drop(r); /* their settings are of the old file */
}

/* ------- the lease ------- */

/* Without the lease nothing may be judged: what is known is thrown away, and
 * built again from the checkpoint of whoever had it. */
static void lease_lost(struct referee *r)
{
	if (r->epoch)
		tell(r, REFEREE_LEASE_LOST, r->o.id);
	r->epoch = 0;
	seats_drop(r);
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

/* ------- trials ------- */

static struct seat *seat_find(struct referee *r, struct str deployment,
	struct str region)
{
	for (struct seat *s = r->seats; s; s = s->next)
		if (str_eq(s->deployment, deployment) &&
			str_eq(s->region, region))
			return s;
	return NULL;
}

static struct str keep_str(struct str s)
{
	char *copy = xmalloc(s.len + 1);

	memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return (struct str){ copy, s.len };
}

/* Judged: from `deploy done` to the verdict, and after it for a while. */
static bool is_judged(const struct facts *f, const struct stage *s,
	const struct deployment *d)
{
	uint64_t post_ms =
		s->gate.post_watch_ms ? s->gate.post_watch_ms : s->gate.soak_ms;

	switch (d->state) {
	case DEPLOYMENT_DEPLOYING: /* some of its regions may be done */
	case DEPLOYMENT_VERIFYING:
	case DEPLOYMENT_WARMING:
	case DEPLOYMENT_SOAKING:
	case DEPLOYMENT_HELD:
	case DEPLOYMENT_HALTED:
		return true;
	case DEPLOYMENT_ACCEPTED:
		return f->now_us - d->final_us <= (int64_t)post_ms * 1000;
	default:
		return false;
	}
}

static bool checkpoint_load(struct referee *r, const struct facts *f,
	struct seat *s, struct err *e)
{
	struct str saved;

	if (s->loaded)
		return true;
	if (!store_checkpoint_get(r->o.store, r->turn, trial_name(s->trial),
		    &saved, e))
		return false;
	if (saved.ptr && trial_load(s->trial, saved))
		trial_refresh(s->trial, f, r->turn);
	s->loaded = true;
	return true;
}

static struct seat *seat_add(struct referee *r, struct str deployment,
	struct str region)
{
	struct seat *s = xcalloc(1, sizeof(*s));

	s->deployment = keep_str(deployment);
	s->region = keep_str(region);
	s->next = r->seats;
	r->seats = s;
	return s;
}

static void seat_fill(struct referee *r, const struct facts *f,
	const struct stage *st, const struct deployment *d, size_t region)
{
	struct str name = d->region[region].region;
	struct seat *s = seat_find(r, d->id, name);
	struct str shape = trial_shape_of(f, st, name, r->turn);
	struct str why;

	if (!s)
		s = seat_add(r, d->id, name);
	s->wanted = true;
	if (str_eq(shape, s->trial ? trial_shape(s->trial) : STR(""))) {
		if (s->trial)
			trial_refresh(s->trial, f, r->turn);
		return;
	}
	if (s->trial) {
		/* Another plan: the credit begins again, from now on, and a
		 * checkpoint of the old one is worth nothing. */
		s->credit_from_us = f->now_us;
		s->loaded = true;
		tell(r, REFEREE_PLAN, s->deployment);
		trial_free(s->trial);
	}
	s->trial = trial_new(f, r->o.line, st, d, region, s->credit_from_us,
		&why, r->turn);
	s->said = VERDICT_UNDECIDED;
	s->caught_up = false;
}

static bool seats_sync(struct referee *r, const struct facts *f, struct err *e)
{
	for (struct seat *s = r->seats; s; s = s->next)
		s->wanted = false;
	for (size_t i = 0; i < f->ndeployments; i++) {
		const struct deployment *d = &f->deployment[i];
		const struct stage *st = line_stage(r->o.line, d->stage);
		if (!st || !is_judged(f, st, d))
			continue;
		for (size_t k = 0; k < d->nregions; k++)
			if (d->region[k].done_us > 0)
				seat_fill(r, f, st, d, k);
	}
	for (struct seat **at = &r->seats; *at;) {
		struct seat *s = *at;
		if (s->wanted) {
			if (s->trial && !checkpoint_load(r, f, s, e))
				return false;
			at = &s->next;
			continue;
		}
		if (s->trial && !store_checkpoint_drop(r->o.store, r->epoch,
					trial_name(s->trial), e))
			return false;
		*at = s->next;
		seat_free(s);
	}
	return true;
}

static bool seats_read(struct referee *r, int64_t now_us, bool *ret_busy,
	struct err *e)
{
	for (struct seat *s = r->seats; s; s = s->next) {
		if (!s->trial)
			continue;
		if (!trial_read(s->trial, r->o.store, now_us, READ_BUDGET,
			    &s->caught_up, e))
			return false;
		*ret_busy |= !s->caught_up;
	}
	return true;
}

/* A region that can not be judged says why, and holds everything up. */
static void judge_nothing(const struct referee *r, const struct seat *s,
	int64_t now_us, struct judgement *ret)
{
	*ret = (struct judgement){ .deployment = s->deployment,
		.region = s->region,
		.detector = STR("error-rate"),
		.control = STR("none"),
		.rule = STR(""),
		.stream = STR(""),
		.check = STR(""),
		.epoch = r->epoch,
		.at_us = now_us,
		.excluded_rise = 1,
		.rise_over_past = 1,
		.starved = true,
		.attributed = true,
		.missing = STR("the plan has no required check for this "
			       "region"),
		.waiting = STR("the plan has no required check for this "
			       "region") };
}

/* Judgements of all seats, in the arena of the turn. */
static struct judgement *judge_all(struct referee *r, int64_t now_us,
	size_t *ret_count, bool *ret_news)
{
	size_t n = 0;

	for (struct seat *s = r->seats; s; s = s->next)
		n++;
	struct judgement *all = ARENA_ARRAY(r->turn, n + 1, struct judgement);
	n = 0;
	for (struct seat *s = r->seats; s; s = s->next) {
		struct judgement *j = &all[n++];
		if (!s->trial) {
			judge_nothing(r, s, now_us, j);
			continue;
		}
		trial_judge(s->trial, now_us, r->turn, j);
		j->epoch = r->epoch;
		/* What is still being read is not the whole evidence. */
		if (!s->caught_up && j->verdict == VERDICT_PASS)
			j->verdict = VERDICT_UNDECIDED;
		*ret_news |= j->verdict != s->said ||
			     j->credited_s != s->credited_said;
		s->said = j->verdict;
		s->credited_said = j->credited_s;
	}
	*ret_count = n;
	return all;
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

static bool evidence_freeze(struct referee *r, const struct keeper_answer *k,
	const struct judgement *j, size_t nj, struct err *e)
{
	bool ok = true;

	for (size_t i = 0; i < k->nstopped && ok; i++) {
		const struct judgement *one =
			judgement_for(j, nj, k->stopped[i].id);
		struct seat *s =
			one ? seat_find(r, one->deployment, one->region) : NULL;
		struct buf out;
		if (!s || !s->trial)
			continue;
		buf_init(&out, EVIDENCE_MAX_BYTES);
		trial_evidence(s->trial, one, &out);
		if (!out.over)
			ok = store_evidence_put(r->o.store, r->epoch,
				one->deployment, buf_str(&out), e);
		buf_done(&out);
	}
	return ok;
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
	if (answer == COMMIT_DONE)
		tell_verdicts(r, f, &k);
	return true;
}

static bool settle(struct referee *r, struct facts *f, struct judgement *j,
	size_t nj, struct err *e)
{
	bool again = true;

	for (int i = 0; i < SETTLE_TRIES && again && r->epoch; i++) {
		if (i > 0 && !store_facts(r->o.store, r->turn, f, e))
			return false;
		if (!settle_once(r, f, j, nj, &again, e))
			return false;
	}
	return true;
}

/* ------- checkpoints ------- */

static bool seats_save(struct referee *r, int64_t now_us, struct err *e)
{
	if (now_us - r->saved_us < (int64_t)r->o.checkpoint_ms * 1000)
		return true;
	for (struct seat *s = r->seats; s; s = s->next) {
		struct buf out;
		bool kept = true, ok = true;
		if (!s->trial)
			continue;
		buf_init(&out, CHECKPOINT_MAX_BYTES);
		trial_save(s->trial, &out);
		if (!out.over)
			ok = store_checkpoint_put(r->o.store, r->epoch,
				trial_name(s->trial), buf_str(&out), &kept, e);
		buf_done(&out);
		if (!ok)
			return false;
		if (!kept) {
			lease_lost(r);
			return true;
		}
	}
	r->saved_us = now_us;
	return true;
}

/* ------- the turn ------- */

static void streams_collect(struct referee *r)
{
	size_t n = 0, k = 0;

	arena_reset(r->streams_arena);
	for (struct seat *s = r->seats; s; s = s->next)
		n += s->trial ? trial_cursor(s->trial)->count : 0;
	r->streams.region = ARENA_ARRAY(r->streams_arena, n + 1, struct str);
	r->streams.id = ARENA_ARRAY(r->streams_arena, n + 1, struct str);
	for (struct seat *s = r->seats; s; s = s->next) {
		const struct cursor *c =
			s->trial ? trial_cursor(s->trial) : NULL;
		for (size_t i = 0; c && i < c->count; i++) {
			size_t at = 0;
			while (at < k &&
				!str_eq(r->streams.region[at], c->region[i]))
				at++;
			if (at < k)
				continue; /* one cursor of a stream is enough */
			r->streams.region[k] =
				arena_str(r->streams_arena, c->region[i]);
			r->streams.id[k++] =
				arena_str(r->streams_arena, c->id[i]);
		}
	}
	r->streams.count = k;
}

static bool judge_and_settle(struct referee *r, struct facts *f, struct err *e)
{
	bool news = false, kept = true;
	size_t nj;
	struct judgement *j = judge_all(r, f->now_us, &nj, &news);

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

bool referee_turn(struct referee *r, bool *ret_busy, struct err *e)
{
	struct facts f;
	bool woken;

	arena_reset(r->turn);
	*ret_busy = false;
	/* "$" becomes a place in the events before the facts are read. */
	if (strcmp(r->cursor, "$") == 0 &&
		!store_wait(r->o.store, r->cursor, NULL, 0, &woken, e))
		return false;
	if (!store_facts(r->o.store, r->turn, &f, e) ||
		!lease_keep(r, f.now_us, e))
		return false;
	if (!r->epoch)
		return true;
	if (!halts_keep(r, &f, e))
		return false;
	if (r->epoch && !seats_sync(r, &f, e))
		return false;
	if (r->epoch && !seats_read(r, f.now_us, ret_busy, e))
		return false;
	if (r->epoch && !judge_and_settle(r, &f, e))
		return false;
	if (r->epoch && !*ret_busy && !seats_save(r, f.now_us, e))
		return false;
	streams_collect(r);
	return true;
}

bool referee_wait(struct referee *r, int wait_ms, struct err *e)
{
	bool woken;

	return store_wait(r->o.store, r->cursor,
		r->epoch && r->streams.count ? &r->streams : NULL, wait_ms,
		&woken, e);
}
