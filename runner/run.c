#include "runner/run_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/oom.h"

/*
 *	BEGIN (-> EACH -> END) -> NEXT -> PREPARE -> ASK -> WAIT -> ANSWER ->
 *LEAVE -> NEXT ...
 *-> END |        ^------ (retry, poll) ----'
 *	           `-> LEAVE (skipped)
 *
 * drive() calls the state's function until one of them waits.  RUN_END is
 * entered once, from NEXT or by run_abort().
 */
enum { MS = 1000000 };

static void drive(struct run *r);

static uint64_t now_ns(const struct run *r)
{
	return loop_now_ns(r->host->loop);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

struct verdict run_verdict(enum reason reason, struct str message)
{
	return (struct verdict){ reason_outcome(reason), reason, message };
}

static void enter(struct run *r, enum run_state state)
{
	assert(r->state != RUN_ENDED);
	r->state = state;
}

static void on_timer(struct loop *l, void *owner)
{
	struct run *r = owner;

	(void)l;
	enter(r, r->after);
	drive(r);
}

/* Waits until a time, then goes on in a state. */
static void wait_until(struct run *r, uint64_t due_ns, enum run_state after)
{
	r->after = after;
	enter(r, RUN_WAIT);
	loop_timer_arm(r->host->loop, &r->timer, due_ns, on_timer, r);
}

/* --- choosing the step --- */

static const struct step *section_first(const struct run *r)
{
	const struct suite *s = r->job->suite;

	switch (r->section) {
	case SECTION_SETUP:
		return s->setup;
	case SECTION_STEPS:
		return s->steps;
	case SECTION_CLEANUP:
		return s->cleanup;
	}
	return NULL;
}

/* After a failure nothing but the clean-up is run. */
static bool step_is_lost(const struct run *r)
{
	return r->section != SECTION_CLEANUP &&
	       r->decided.outcome != OUTCOME_PASS &&
	       r->decided.reason != REASON_COMPARE;
}

static void skip(struct run *r, struct str why)
{
	r->verdict = (struct verdict){ OUTCOME_SKIPPED, REASON_NONE, why };
	enter(r, RUN_LEAVE);
}

static void state_next(struct run *r)
{
	r->step = r->step ? r->step->next : section_first(r);
	while (!r->step && r->section != SECTION_CLEANUP) {
		r->section++;
		if (r->section == SECTION_CLEANUP)
			r->deadline_ns =
				now_ns(r) + r->job->suite->timeout_ms * MS;
		r->step = section_first(r);
	}
	if (!r->step) {
		enter(r, RUN_END);
		return;
	}
	r->report = run_report_step(r, r->step);
	r->step_ns = r->attempt_ns = now_ns(r);
	r->retries = 0;
	r->answered = r->heard = r->lost = false;
	r->expect = r->warn = NULL;
	memset(&r->call, 0, sizeof(r->call));
	r->fetched = r->token = NULL;
	r->token_retry = false;
	memset(&r->probe, 0, sizeof(r->probe));
	r->verdict = (struct verdict){ OUTCOME_PASS, REASON_NONE, STR("") };
	enter(r, RUN_PREPARE);
}

static void state_begin(struct run *r)
{
	r->start_ns = now_ns(r);
	r->deadline_ns = r->start_ns + r->job->suite->timeout_ms * MS;
	r->result.started_us = loop_wall_us(r->host->loop);
	if (r->decided.outcome != OUTCOME_PASS)
		enter(r, RUN_END);
	else
		enter(r, r->each ? RUN_EACH : RUN_NEXT);
}

static bool named(const struct strs *list, struct str name)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_eq(list->item[i], name))
			return true;
	return list->count == 0;
}

static bool tags_chosen(const struct run *r, const struct strs *tags)
{
	if (!tags->count || !r->plan->ntags)
		return true;
	for (size_t i = 0; i < r->plan->ntags; i++)
		if (named(tags, str_from(r->plan->tags[i])))
			return true;
	return false;
}

static bool limit_tags(const struct run *r)
{
	for (const struct group_use *u = r->step->use; u; u = u->outer)
		if (!tags_chosen(r, &u->tags))
			return false;
	return tags_chosen(r, &r->step->tags);
}

static bool when_holds(struct run *r, const struct when *w, struct str *ret_why)
{
	const struct json *want;
	const struct var *v;
	bool secret = false;

	if (!w->var.ptr)
		return true;
	v = vars_get(&r->vars, w->var);
	*ret_why = arena_printf(r->arena, "when: %.*s is not set",
		STR_ARG(w->var));
	if (!v || !v->value)
		return false;
	if (!w->equals)
		return true;
	*ret_why = arena_printf(r->arena, "when: %.*s is something else",
		STR_ARG(w->var));
	return template_tree_value(w->equals, &r->vars, &want, &secret,
		       ret_why) &&
	       json_equal(v->value, want);
}

static bool limit_when(struct run *r, struct str *ret_why)
{
	for (const struct group_use *u = r->step->use; u; u = u->outer)
		if (!when_holds(r, &u->when, ret_why))
			return false;
	return when_holds(r, &r->step->when, ret_why);
}

static void state_prepare(struct run *r)
{
	const struct step *s = r->step;
	struct str why = STR_NONE;

	if (step_is_lost(r))
		why = arena_printf(r->arena, "needs %.*s",
			STR_ARG(r->failed ? r->failed->name : STR("vars")));
	else if (!step_runs_as(s, r->job->role->name))
		why = STR("not for this role");
	else if (!step_runs_in(s, r->job->region->full))
		why = STR("not for this region");
	else if (!limit_tags(r))
		why = STR("not for these tags");
	else if (limit_when(r, &why))
		why = STR_NONE;
	if (why.ptr) {
		skip(r, why);
		return;
	}
	r->vars.wall_us = loop_wall_us(r->host->loop);
	vars_set_str(&r->vars, STR("step"), s->name);
	r->step_deadline_ns =
		least(r->deadline_ns, now_ns(r) + s->timeout_ms * MS);
	if (!run_step_vars(r, &r->verdict)) {
		enter(r, RUN_LEAVE);
		return;
	}
	if (s->kind == STEP_WAIT)
		wait_until(r,
			least(r->step_deadline_ns, now_ns(r) + s->wait_ms * MS),
			RUN_LEAVE);
	else
		enter(r, RUN_ASK);
}

/* --- one attempt --- */

void run_go(struct run *r, enum run_state state)
{
	enter(r, state);
	drive(r);
}

static void on_answer(struct http_call *c, void *owner)
{
	struct run *r = owner;

	(void)c;
	enter(r, RUN_ANSWER);
	drive(r);
}

/* The answer of a probe is judged as that of a request. */
static void on_probe(struct probe_call *c, void *owner)
{
	struct run *r = owner;

	r->call.reason = c->reason;
	r->call.why = c->why;
	r->call.response = c->response;
	enter(r, RUN_ANSWER);
	drive(r);
}

static void call_start(struct run *r)
{
	uint64_t deadline_ns = least(r->step_deadline_ns,
		r->attempt_ns + r->step->http.timeout_ms * MS);

	r->report->attempts++;
	enter(r, RUN_WAIT);
	if (r->step->kind != STEP_REQUEST) {
		r->probe.deadline_ns = deadline_ns;
		r->probe.done = on_probe;
		r->probe.owner = r;
		probe_start(r->host->probes, &r->probe);
		return;
	}
	r->call.deadline_ns = deadline_ns;
	r->call.done = on_answer;
	r->call.owner = r;
	http_start(r->session, &r->call);
}

static void state_ask(struct run *r)
{
	r->attempt_ns = now_ns(r);
	if (r->attempt_ns >= r->step_deadline_ns) {
		r->verdict = run_verdict(REASON_TIMEOUT,
			r->attempt_ns >= r->deadline_ns
				? STR("the suite's timeout passed before this "
				      "step")
				: STR("the step's timeout passed"));
		enter(r, RUN_LEAVE);
		return;
	}
	if (!(r->step->kind == STEP_REQUEST ? run_request(r, &r->verdict)
					    : run_probe(r, &r->verdict))) {
		enter(r, RUN_LEAVE);
		return;
	}
	if (r->token) {
		enter(r, run_token(r) ? RUN_WAIT : RUN_ANSWER);
		return;
	}
	call_start(r);
}

/* Which version answered: only the region's own base_url can say. */
static void version_see(struct run *r)
{
	const struct served_version *served = &r->plan->line->served;
	struct origin o;
	struct str v;

	if (served->kind != SERVED_HEADER || !r->has_base ||
		!r->call.response.status ||
		!http_origin(r->call.response.url, r->arena, &o) ||
		!origin_same(&o, &r->base))
		return;
	v = response_header_get(&r->call.response, served->header);
	if (!v.len)
		return;
	if (r->version.len && !str_eq(r->version, v))
		r->mixed = true;
	r->version = v;
}

/* The first that has nothing to be compared with; NULL: none. */
static const struct assertion *first_alone(const struct assertion *i)
{
	while (i && !i->alone)
		i = i->next;
	return i;
}

static struct verdict assertions_judge(struct run *r,
	const struct assertion *first)
{
	const struct assertion *bad = NULL;
	const struct assertion *alone = first_alone(first);

	for (const struct assertion *i = first; i; i = i->next) {
		if (i->alone)
			continue;
		if (i->budget)
			return run_verdict(REASON_REGEX,
				arena_printf(r->arena, "%.*s: %.*s",
					STR_ARG(i->text), STR_ARG(i->actual)));
		if (!i->ok && !bad)
			bad = i;
	}
	if (!bad && alone)
		return run_verdict(REASON_COMPARE,
			arena_printf(r->arena, "%.*s: %.*s",
				STR_ARG(alone->text), STR_ARG(alone->actual)));
	if (!bad)
		return (struct verdict){ OUTCOME_PASS, REASON_NONE, STR("") };
	return run_verdict(REASON_ASSERT,
		arena_printf(r->arena, "%.*s: got %.*s", STR_ARG(bad->text),
			STR_ARG(bad->actual)));
}

/* What checks of this very answer look at. */
static void captures_early(struct run *r)
{
	for (const struct capture *c = r->step->captures; c; c = c->next) {
		bool secret = false;
		struct value v;

		if (!c->early)
			continue;
		run_keep(r, c->name, NULL, false); /* of an earlier attempt */
		if (!r->answered)
			continue;
		v = capture_eval(c, &r->call.response, &r->vars, r->arena,
			&secret);
		if (v.state == VALUE_OK)
			run_keep(r, c->name, v.json, secret);
	}
}

static void captures_make(struct run *r)
{
	for (const struct capture *c = r->step->captures; c; c = c->next) {
		bool secret;
		struct value v = capture_eval(c, &r->call.response, &r->vars,
			r->arena, &secret);

		if (v.state == VALUE_OK) {
			run_keep(r, c->name, v.json, secret);
			continue;
		}
		if (r->verdict.outcome != OUTCOME_PASS &&
			r->verdict.reason != REASON_COMPARE)
			continue;
		r->verdict = run_verdict(v.state == VALUE_BUDGET
						 ? REASON_REGEX
						 : REASON_CAPTURE,
			arena_printf(r->arena, "capture %.*s from %.*s: %.*s",
				STR_ARG(c->name),
				STR_ARG(capture_text(c, r->arena)),
				STR_ARG(v.why)));
	}
}

static void state_answer(struct run *r)
{
	struct response *answer = &r->call.response;
	bool given_up = false;
	uint64_t due_ns;

	answer->attempts = r->report->attempts;
	r->expect = r->warn = NULL;
	version_see(r);
	r->answered = r->call.reason == REASON_NONE;
	captures_early(r);
	if (!r->answered) {
		r->verdict = run_verdict(r->call.reason, r->call.why);
		r->lost |= r->heard;
	} else {
		r->heard = true;
		r->expect = check_eval_all(r->step->expect, answer, &r->vars,
			r->arena);
		r->verdict = assertions_judge(r, r->expect);
		r->warn = check_eval_all(r->step->warn, answer, &r->vars,
			r->arena);
		if (r->verdict.outcome == OUTCOME_FAIL)
			given_up = run_gives_up(r);
	}
	run_report_attempt(r);
	if (!given_up && r->verdict.outcome != OUTCOME_PASS &&
		run_again(r, &due_ns)) {
		wait_until(r, due_ns, RUN_ASK);
		return;
	}
	if (r->answered)
		captures_make(r);
	run_tell_last(r);
	enter(r, RUN_LEAVE);
}

/* --- the end of a step and of the run --- */

/* What a step's end means for the run. */
static void decide(struct run *r)
{
	struct verdict v = r->verdict;

	if (v.outcome == OUTCOME_PASS || v.outcome == OUTCOME_SKIPPED ||
		(r->decided.outcome != OUTCOME_PASS &&
			r->decided.reason != REASON_COMPARE) ||
		(v.reason == REASON_COMPARE &&
			r->decided.reason == REASON_COMPARE))
		return;
	if (r->section == SECTION_SETUP && outcome_counts(v.outcome)) {
		v.outcome = OUTCOME_ERROR;
		v.reason = REASON_SETUP;
	}
	r->decided = v;
	r->failed = r->report;
	run_report_failed(r);
}

static void state_leave(struct run *r)
{
	bool ok = r->verdict.outcome == OUTCOME_PASS;

	run_report_leave(r);
	if (ok && r->section == SECTION_STEPS && r->answered) {
		r->ran_any = true;
		r->last = r->report;
	}
	if (ok && (r->retries || r->lost || r->call.silent))
		r->report->flaky = r->flaky = true;
	for (const struct assertion *i = ok ? r->warn : NULL; i; i = i->next)
		if (!i->ok && !i->alone)
			r->report->degraded = r->degraded = true;
	decide(r);
	enter(r, RUN_NEXT);
}

static void state_end(struct run *r)
{
	http_session_free(r->session);
	http_session_free(r->token_session);
	r->session = r->token_session = NULL;
	probe_cancel(&r->probe);
	loop_timer_cancel(r->host->loop, &r->timer);
	if (r->decided.outcome == OUTCOME_PASS && !r->ran_any && !r->each)
		r->decided = (struct verdict){ OUTCOME_SKIPPED, REASON_NONE,
			STR("no step was to be run here") };
	run_same_end(r);
	if (r->each && r->each->count)
		run_each_tell(r);
	else
		run_tell(r);
	enter(r, RUN_ENDED);
	r->host->done(r, r->host->owner);
}

static void drive(struct run *r)
{
	static void (*const states[RUN_STATES])(struct run *) = {
		[RUN_BEGIN] = state_begin,
		[RUN_EACH] = run_each_state,
		[RUN_NEXT] = state_next,
		[RUN_PREPARE] = state_prepare,
		[RUN_ASK] = state_ask,
		[RUN_ANSWER] = state_answer,
		[RUN_LEAVE] = state_leave,
	};

	while (states[r->state])
		states[r->state](r);
	if (r->state == RUN_END)
		state_end(r); /* r may be gone after it */
}

void run_take_slot(struct run *r)
{
	r->result.extra = false;
}

struct run *run_start(const struct run_host *h, const struct run_ask *ask)
{
	struct run *r = xcalloc(1, sizeof(*r));

	r->arena = arena_new();
	r->host = h;
	r->job = ask->job;
	r->plan = plan_ref(ask->plan);
	r->number = ask->number;
	r->redact = redact_new(r->arena, r->job->redact);
	r->session = ask->pool ? http_pool_session(ask->pool)
			       : http_session_new(h->http);
	r->start_ns = now_ns(r);
	r->report_last = &r->told.steps;
	r->decided.message = STR("");
	r->version = STR("");
	if (ask->served.ptr)
		r->version = arena_str(r->arena, ask->served);
	r->result.started_us = loop_wall_us(h->loop);
	r->result.late_us = ask->late_us;
	r->result.maintenance = ask->maintenance;
	r->result.extra = ask->extra;
	r->result.deployment = ask->deployment.ptr
				       ? arena_str(r->arena, ask->deployment)
				       : STR("");
	crypto_random(r->result.trace_id, sizeof(r->result.trace_id));
	r->has_base = r->job->region->base_url.len &&
		      http_origin(r->job->region->base_url, r->arena, &r->base);
	if (ask->address.ptr) {
		r->address = arena_str(r->arena, ask->address);
		r->address_of = ask->address_of;
	} else if (r->job->suite->http.each) {
		run_each_init(r, ask);
	}
	/* what can not begin is told so by RUN_BEGIN: done() is never called
	 * from here */
	if (!run_vars(r, ask, &r->decided))
		assert(r->decided.outcome != OUTCOME_PASS);
	run_same_init(r);
	wait_until(r, r->start_ns + ask->delay_ns, RUN_BEGIN);
	return r;
}

void run_abort(struct run *r, const char *why)
{
	if (r->state == RUN_ENDED)
		return;
	loop_timer_cancel(r->host->loop, &r->timer);
	if (r->each)
		run_each_abort(r, why);
	r->decided = run_verdict(REASON_INTERNAL, str_from(why));
	if (r->report && r->state == RUN_WAIT) {
		r->verdict = r->decided;
		r->answered = false;
		run_report_leave(r);
		r->failed = r->report;
	}
	enter(r, RUN_END);
	state_end(r);
}

const struct result *run_result(const struct run *r)
{
	return &r->result;
}

struct run_report *run_report(struct run *r)
{
	if (r->each && r->each->count)
		return &r->each->child[0]->told;
	return &r->told;
}

const struct job *run_job(const struct run *r)
{
	return r->job;
}

void run_free(struct run *r)
{
	if (!r)
		return;
	assert(r->state == RUN_ENDED);
	run_each_free(r);
	plan_unref(r->plan);
	arena_free(r->arena);
	free(r);
}
