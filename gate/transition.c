#include "gate/transition.h"

#include "gate/policy.h"

static struct verb_answer say(enum verb_result result, enum why why,
	struct str text, const struct deployment *d, struct tx *tx)
{
	return (struct verb_answer){ .result = result,
		.why = why,
		.text = text,
		.deployment = d ? d->id : STR_NONE,
		.state = d ? d->state : DEPLOYMENT_ANNOUNCED,
		.tx = tx };
}

struct deployment *deployment_copy(struct arena *a, const struct deployment *d)
{
	struct deployment *c = ARENA_NEW(a, struct deployment);

	*c = *d;
	c->region = ARENA_ARRAY(a, d->nregions + 1, struct deployment_region);
	for (size_t i = 0; i < d->nregions; i++)
		c->region[i] = d->region[i];
	/* Room for one more approval, and one more pause. */
	c->approval = ARENA_ARRAY(a, d->napprovals + 1, struct approval);
	for (size_t i = 0; i < d->napprovals; i++)
		c->approval[i] = d->approval[i];
	c->pause = ARENA_ARRAY(a, d->npauses + 1, struct deployment_pause);
	for (size_t i = 0; i < d->npauses; i++)
		c->pause[i] = d->pause[i];
	return c;
}

void deployment_enter(struct deployment *d, enum deployment_state to,
	int64_t now_us)
{
	d->state = to;
	d->since_us = now_us;
	if (deployment_state_final(to))
		d->final_us = now_us;
}

bool scope_known(const struct line *l, struct str scope)
{
	if (str_eq(scope, STR("line")))
		return true;
	for (size_t i = 0; i < l->nregions; i++)
		if (str_eq(scope, l->regions[i].env) ||
			str_eq(scope, l->regions[i].full))
			return true;
	return false;
}

bool scope_covers_deployment(struct str scope, const struct deployment *d)
{
	if (str_eq(scope, STR("line")))
		return true;
	for (size_t i = 0; i < d->nregions; i++) {
		struct str rest = d->region[i].region;
		if (str_eq(scope, rest) || str_eq(scope, str_cut(&rest, '/')))
			return true;
	}
	return false;
}

static struct str change_of(const struct deploy_request *r)
{
	return r->change.len ? r->change : r->version;
}

static struct deployment *register_new(const struct facts *f,
	const struct deploy_request *r, uint32_t attempt, struct arena *a)
{
	struct deployment *d = ARENA_NEW(a, struct deployment);

	d->id = arena_printf(a, "%.*s/%.*s/%.*s/%u", STR_ARG(f->line),
		STR_ARG(r->stage->name), STR_ARG(r->version), attempt);
	d->stage = r->stage->name;
	d->version = r->version;
	d->change = change_of(r);
	d->by = r->by;
	d->fixes = r->fixes;
	d->attempt = attempt;
	d->lane = r->lane;
	d->announced_us = f->now_us;
	d->nregions = r->stage->ndeploys;
	d->region = ARENA_ARRAY(a, d->nregions + 1, struct deployment_region);
	for (size_t i = 0; i < d->nregions; i++)
		d->region[i].region = r->stage->deploys[i]->full;
	deployment_enter(d, DEPLOYMENT_ANNOUNCED, f->now_us);
	return d;
}

/* The one that is meant: the newest attempt while it is live, else a new. */
static struct deployment *register_or_find(const struct facts *f,
	const struct deploy_request *r, struct arena *a, bool *ret_new)
{
	const struct deployment *d =
		facts_latest(f, r->stage->name, r->version);

	*ret_new = !d || deployment_state_final(d->state);
	if (!*ret_new)
		return deployment_copy(a, d);
	return register_new(f, r, d ? d->attempt + 1 : 1, a);
}

static bool region_wanted(const struct deploy_request *r, struct str region)
{
	for (size_t i = 0; i < r->nregions; i++)
		if (str_eq(r->region[i]->full, region))
			return true;
	return r->nregions == 0;
}

static struct verb_answer lane_refusal(const struct facts *f,
	const struct deploy_request *r, struct arena *a)
{
	if (r->lane != LANE_FIX)
		return say(VERB_DONE, WHY_PASSED, STR_NONE, NULL, NULL);
	if (r->fixes.len == 0)
		return say(VERB_USAGE, WHY_LINE_STOPPED,
			STR("lane fix needs --fixes DEPLOYMENT, the one that "
			    "it mends"),
			NULL, NULL);
	if (!facts_deployment(f, r->fixes))
		return say(VERB_USAGE, WHY_LINE_STOPPED,
			arena_printf(a, "no deployment `%.*s` to fix",
				STR_ARG(r->fixes)),
			NULL, NULL);
	return say(VERB_DONE, WHY_PASSED, STR_NONE, NULL, NULL);
}

/* Is `o` an older deployment that is still judged in a region of `d`? */
static bool in_the_way(const struct deployment *o, const struct deployment *d)
{
	if (deployment_state_final(o->state) || str_eq(o->id, d->id) ||
		o->state == DEPLOYMENT_QUEUED || o->nregions == 0)
		return false;
	for (size_t i = 0; i < d->nregions; i++)
		if (scope_covers_deployment(d->region[i].region, o))
			return true;
	return false;
}

static bool supersedes(const struct stage *s, const struct deployment *d)
{
	if (deployment_in_lane(d) || s->newer == NEWER_SUPERSEDE)
		return true;
	return s->newer == NEWER_DEFAULT && !stage_is_production(s);
}

static void supersede(struct tx *tx, const struct deployment *old,
	const struct deployment *by, int64_t now_us, struct arena *a)
{
	struct deployment *o = deployment_copy(a, old);

	deployment_enter(o, DEPLOYMENT_SUPERSEDED, now_us);
	o->why = WHY_SUPERSEDED;
	o->reason = arena_printf(a, "by %.*s", STR_ARG(by->id));
	tx_deployment(tx, o);
	tx_audit(tx, "superseded", o->id, by->by, o->reason);
}

/* Starts the regions, or names the one that is being judged there. */
static const struct deployment *start_regions(struct tx *tx,
	const struct facts *f, const struct deploy_request *r,
	struct deployment *d, struct arena *a)
{
	for (size_t i = 0; i < f->ndeployments; i++) {
		const struct deployment *o = &f->deployment[i];
		if (!in_the_way(o, d))
			continue;
		if (!supersedes(r->stage, d))
			return o;
		supersede(tx, o, d, f->now_us, a);
	}
	for (size_t i = 0; i < d->nregions; i++)
		if (region_wanted(r, d->region[i].region) &&
			d->region[i].start_us == 0)
			d->region[i].start_us = f->now_us;
	if (d->start_us == 0)
		d->start_us = f->now_us;
	return NULL;
}

struct verb_answer deploy_start(const struct facts *f, const struct line *l,
	const struct deploy_request *r, struct arena *a)
{
	struct verb_answer refused = lane_refusal(f, r, a);
	struct tx *tx = tx_new(a, f);
	bool is_new;

	if (r->stage->ndeploys == 0)
		return say(VERB_USAGE, WHY_UNREGISTERED,
			arena_printf(a, "stage `%.*s` deploys nothing",
				STR_ARG(r->stage->name)),
			NULL, NULL);
	if (refused.result != VERB_DONE)
		return refused;
	struct deployment *d = register_or_find(f, r, a, &is_new);
	struct blocker b = policy_line(f, l, r->stage, d, a);
	if (b.blocked)
		return say(VERB_HELD, b.why, b.text, is_new ? NULL : d, NULL);
	if (d->state > DEPLOYMENT_DEPLOYING)
		return say(VERB_DONE, WHY_VERIFYING,
			arena_printf(a, "%.*s is %s already", STR_ARG(d->id),
				deployment_state_token(d->state)),
			d, tx);
	const struct deployment *older = start_regions(tx, f, r, d, a);
	bool free_way = !older;
	enum deployment_state to =
		free_way ? DEPLOYMENT_DEPLOYING : DEPLOYMENT_QUEUED;
	if (to != d->state || is_new) {
		deployment_enter(d, to, f->now_us);
		d->why = free_way ? WHY_VERIFYING : WHY_QUEUED;
		tx_audit(tx, free_way ? "start" : "queue", d->id, r->by,
			STR(""));
	}
	tx_deployment(tx, d);
	if (free_way)
		return say(VERB_DONE, WHY_VERIFYING,
			arena_printf(a, "%.*s may deploy now", STR_ARG(d->id)),
			d, tx);
	return say(VERB_QUEUED, WHY_QUEUED,
		arena_printf(a, "%.*s is being judged in the same region",
			STR_ARG(older->id)),
		d, tx);
}

static const struct deployment *find_live(const struct facts *f,
	const struct deploy_request *r)
{
	return facts_latest(f, r->stage->name, r->version);
}

static struct verb_answer unknown(const struct deploy_request *r,
	struct arena *a)
{
	return say(VERB_UNKNOWN, WHY_UNREGISTERED,
		arena_printf(a, "version %.*s was never started at stage %.*s",
			STR_ARG(r->version), STR_ARG(r->stage->name)),
		NULL, NULL);
}

static bool all_done(const struct deployment *d)
{
	for (size_t i = 0; i < d->nregions; i++)
		if (d->region[i].done_us == 0)
			return false;
	return true;
}

struct verb_answer deploy_done(const struct facts *f, const struct line *l,
	const struct deploy_request *r, struct arena *a)
{
	const struct deployment *old = find_live(f, r);
	struct tx *tx = tx_new(a, f);

	(void)l;
	if (!old)
		return unknown(r, a);
	struct deployment *d = deployment_copy(a, old);
	if (d->state > DEPLOYMENT_DEPLOYING && d->state != DEPLOYMENT_HALTED)
		return say(VERB_DONE, d->why,
			arena_printf(a, "%.*s is %s already", STR_ARG(d->id),
				deployment_state_token(d->state)),
			d, tx);
	if (d->state != DEPLOYMENT_DEPLOYING && d->state != DEPLOYMENT_HALTED)
		return say(VERB_USAGE, WHY_QUEUED,
			arena_printf(a, "%.*s is %s; andon deploy start first",
				STR_ARG(d->id),
				deployment_state_token(d->state)),
			d, NULL);
	for (size_t i = 0; i < d->nregions; i++) {
		struct deployment_region *g = &d->region[i];
		if (!region_wanted(r, g->region) || g->done_us != 0)
			continue;
		g->done_us = f->now_us;
		if (g->start_us == 0)
			g->start_us = f->now_us;
		tx_live(tx, &(struct live){ .region = g->region,
				    .deployment = d->id,
				    .version = d->version,
				    .since_us = f->now_us });
	}
	if (all_done(d)) {
		d->done_us = f->now_us;
		if (d->state == DEPLOYMENT_HALTED)
			d->before_halt = DEPLOYMENT_VERIFYING;
		else
			deployment_enter(d, DEPLOYMENT_VERIFYING, f->now_us);
		d->why = WHY_VERIFYING;
	}
	tx_deployment(tx, d);
	tx_audit(tx, "done", d->id, r->by, STR(""));
	return say(VERB_DONE, WHY_VERIFYING,
		all_done(d) ? STR("deployed everywhere; verifying")
			    : STR("deployed here; other regions of the stage "
				  "are still open"),
		d, tx);
}

struct verb_answer deploy_end(const struct facts *f, const struct line *l,
	const struct deploy_request *r, enum deployment_state to,
	struct arena *a)
{
	const struct deployment *old = find_live(f, r);
	struct tx *tx = tx_new(a, f);

	(void)l;
	if (!old)
		return unknown(r, a);
	struct deployment *d = deployment_copy(a, old);
	/* A verdict stands: a rollback of it is only written down, and what
	 * was accepted opens nothing any more. */
	bool verdict = deployment_state_final(d->state);
	if (!verdict) {
		deployment_enter(d, to, f->now_us);
		d->why = WHY_EXPIRED;
		d->reason = arena_printf(a, "%s", deployment_state_text(to));
	} else if (d->state == DEPLOYMENT_ACCEPTED &&
		   to != DEPLOYMENT_CANCELLED) {
		d->undone_us = f->now_us;
	}
	if (to != DEPLOYMENT_CANCELLED)
		for (size_t i = 0; i < d->nregions; i++)
			if (region_wanted(r, d->region[i].region))
				/* What answers there now is not known. */
				tx_live(tx,
					&(struct live){
						.region = d->region[i].region,
						.deployment = STR(""),
						.version = STR(""),
						.since_us = f->now_us });
	tx_deployment(tx, d);
	tx_audit(tx, deployment_state_token(to), d->id, r->by, STR(""));
	return say(VERB_DONE, WHY_EXPIRED,
		arena_printf(a, "%.*s is %s", STR_ARG(d->id),
			deployment_state_token(d->state)),
		d, tx);
}

struct verb_answer deploy_check(const struct facts *f,
	const struct deploy_request *r, struct str name, bool ok,
	struct arena *a)
{
	struct tx *tx = tx_new(a, f);
	struct ci_check c = { .version = r->version,
		.name = name,
		.by = r->by,
		.ok = ok,
		.at_us = f->now_us };

	tx_ci(tx, &c);
	tx_audit(tx, ok ? "check_ok" : "check_failed", r->version, r->by, name);
	return say(VERB_DONE, WHY_PASSED,
		arena_printf(a, "CI check `%.*s` of %.*s: %s", STR_ARG(name),
			STR_ARG(r->version), ok ? "ok" : "failed"),
		NULL, tx);
}

/*
 * A gate that deploys nothing has nobody who could name the lane: a change
 * that came this far as a fix is one here too, or a stopped line would lock
 * its own fix out.  A rollback is not: it would pass without any evidence.
 * True: *d was changed.
 */
static bool take_lane_of_change(const struct facts *f, struct deployment *d)
{
	for (size_t i = f->ndeployments; i-- > 0;) {
		const struct deployment *o = &f->deployment[i];
		if (o->nregions == 0 || !str_eq(o->change, d->change))
			continue;
		if (o->lane != LANE_FIX || d->lane == LANE_FIX)
			return false;
		d->lane = LANE_FIX;
		d->fixes = o->fixes;
		return true;
	}
	return false;
}

/* An acceptance that ran out is asked for anew. */
static bool still_registered(const struct facts *f, const struct stage *s,
	const struct deployment *d)
{
	if (!d || !deployment_state_final(d->state))
		return d != NULL;
	return d->state == DEPLOYMENT_ACCEPTED && d->undone_us == 0 &&
	       policy_within(f, d->final_us, stage_pass_ttl_ms(s));
}

struct verb_answer gate_register(const struct facts *f,
	const struct deploy_request *r, struct arena *a)
{
	const struct deployment *d =
		facts_latest(f, r->stage->name, r->version);
	struct tx *tx = tx_new(a, f);

	if (still_registered(f, r->stage, d)) {
		struct deployment *same = deployment_copy(a, d);
		if (!deployment_state_final(d->state) &&
			take_lane_of_change(f, same))
			tx_deployment(tx, same);
		return say(VERB_DONE, d->why, STR("registered already"), d, tx);
	}
	struct deployment *n = register_new(f, r, d ? d->attempt + 1 : 1, a);
	take_lane_of_change(f, n);
	deployment_enter(n, DEPLOYMENT_SOAKING, f->now_us);
	n->start_us = n->done_us = f->now_us;
	n->why = WHY_SOAKING;
	tx_deployment(tx, n);
	tx_audit(tx, "start", n->id, r->by, STR(""));
	return say(VERB_DONE, WHY_SOAKING, STR("registered by its gate"), n,
		tx);
}

/* Of too many pauses the last one goes on: no credit between the two. */
static void pause_begin(struct deployment *d, int64_t now_us)
{
	if (d->npauses < DEPLOYMENT_PAUSES_MAX)
		d->pause[d->npauses++].from_us = now_us;
	d->pause[d->npauses - 1].to_us = 0;
}

static void pause_end(struct deployment *d, int64_t now_us)
{
	if (d->npauses > 0)
		d->pause[d->npauses - 1].to_us = now_us;
}

struct verb_answer line_halt(const struct facts *f, const struct line *l,
	const struct cord *c, struct arena *a)
{
	struct tx *tx = tx_new(a, f);
	struct scope_state s = { .scope = c->scope,
		.by = c->by,
		.reason = c->reason,
		.since_us = f->now_us };

	if (!scope_known(l, c->scope))
		return say(VERB_USAGE, WHY_HALTED,
			arena_printf(a, "no scope `%.*s` in line %.*s",
				STR_ARG(c->scope), STR_ARG(l->name)),
			NULL, NULL);
	for (size_t i = 0; i < f->nscopes; i++)
		if (str_eq(f->scope[i].scope, c->scope)) {
			/* The stop's own record stays: it wants a cause. */
			s.automatic = f->scope[i].automatic;
			s.deployment = f->scope[i].deployment;
		}
	tx_scope(tx, &s);
	for (size_t i = 0; i < f->ndeployments; i++) {
		const struct deployment *o = &f->deployment[i];
		if (deployment_state_final(o->state) ||
			o->state == DEPLOYMENT_HALTED ||
			!scope_covers_deployment(c->scope, o))
			continue;
		struct deployment *d = deployment_copy(a, o);
		d->before_halt = d->state;
		deployment_enter(d, DEPLOYMENT_HALTED, f->now_us);
		pause_begin(d, f->now_us);
		d->why = WHY_HALTED;
		d->reason = c->reason;
		tx_deployment(tx, d);
	}
	tx_audit(tx, "halt", c->scope, c->by, c->reason);
	return say(VERB_DONE, WHY_HALTED,
		arena_printf(a, "%.*s is halted", STR_ARG(c->scope)), NULL, tx);
}

/*
 * Was a fix accepted where the deployment was stopped?  Its acceptance in an
 * earlier stage proves nothing yet.
 */
static bool fixed(const struct facts *f, const struct scope_state *s)
{
	const struct deployment *stopped = facts_deployment(f, s->deployment);

	for (size_t i = 0; i < f->ndeployments; i++) {
		const struct deployment *d = &f->deployment[i];
		if (d->lane == LANE_FIX && d->state == DEPLOYMENT_ACCEPTED &&
			stopped && str_eq(d->stage, stopped->stage) &&
			str_eq(d->fixes, s->deployment))
			return true;
	}
	return false;
}

static void wake(const struct facts *f, struct str scope, struct tx *tx,
	struct arena *a)
{
	for (size_t i = 0; i < f->ndeployments; i++) {
		const struct deployment *o = &f->deployment[i];
		bool other = false;
		if (o->state != DEPLOYMENT_HALTED ||
			!scope_covers_deployment(scope, o))
			continue;
		for (size_t k = 0; k < f->nscopes; k++)
			other |= !str_eq(f->scope[k].scope, scope) &&
				 !f->scope[k].automatic &&
				 scope_covers_deployment(f->scope[k].scope, o);
		if (other)
			continue;
		struct deployment *d = deployment_copy(a, o);
		deployment_enter(d, d->before_halt, f->now_us);
		pause_end(d, f->now_us);
		d->why = WHY_VERIFYING;
		d->reason = STR("");
		tx_deployment(tx, d);
	}
}

struct verb_answer line_resume(const struct facts *f, const struct line *l,
	const struct cord *c, struct arena *a)
{
	const struct scope_state *s = NULL;
	struct tx *tx = tx_new(a, f);

	if (!scope_known(l, c->scope))
		return say(VERB_USAGE, WHY_HALTED,
			arena_printf(a, "no scope `%.*s` in line %.*s",
				STR_ARG(c->scope), STR_ARG(l->name)),
			NULL, NULL);
	for (size_t i = 0; i < f->nscopes; i++)
		if (str_eq(f->scope[i].scope, c->scope))
			s = &f->scope[i];
	if (!s)
		return say(VERB_DONE, WHY_PASSED,
			arena_printf(a, "%.*s is open already",
				STR_ARG(c->scope)),
			NULL, tx);
	if (s->automatic && c->cause.len == 0 && !fixed(f, s))
		return say(VERB_USAGE, WHY_LINE_STOPPED,
			arena_printf(a,
				"stopped by a verdict: give the root cause "
				"(--cause TEXT), or have a fix of %.*s "
				"accepted first",
				STR_ARG(s->deployment)),
			NULL, NULL);
	tx_scope_clear(tx, c->scope);
	wake(f, c->scope, tx, a);
	tx_audit(tx, "resume", c->scope, c->by,
		c->cause.len ? arena_printf(a, "%.*s; cause: %.*s",
				       STR_ARG(c->reason), STR_ARG(c->cause))
			     : c->reason);
	return say(VERB_DONE, WHY_PASSED,
		arena_printf(a, "%.*s is open again", STR_ARG(c->scope)), NULL,
		tx);
}

struct verb_answer deployment_approve(const struct facts *f,
	const struct deploy_request *r, struct str reason, struct arena *a)
{
	const struct deployment *old = find_live(f, r);
	struct tx *tx = tx_new(a, f);

	if (!old)
		return unknown(r, a);
	struct deployment *d = deployment_copy(a, old);
	for (size_t i = 0; i < d->napprovals; i++)
		if (str_eq(d->approval[i].by, r->by))
			return say(VERB_DONE, WHY_APPROVAL,
				arena_printf(a, "%.*s has approved it already",
					STR_ARG(r->by)),
				d, tx);
	if (d->napprovals >= DEPLOYMENT_APPROVALS_MAX)
		return say(VERB_USAGE, WHY_APPROVAL,
			STR("it has more approvals than anyone asks for"), d,
			NULL);
	d->approval[d->napprovals++] = (struct approval){ .by = r->by,
		.reason = reason,
		.at_us = f->now_us };
	tx_deployment(tx, d);
	tx_audit(tx, "approve", d->id, r->by, reason);
	return say(VERB_DONE, WHY_APPROVAL,
		r->stage->approvals > 0
			? arena_printf(a, "%zu of %lld approvals",
				  d->napprovals, (long long)r->stage->approvals)
			: STR("written down; the stage asks for no approval"),
		d, tx);
}
