#include "base/units.h"
#include "runner/run_parts.h"

/* Is an attempt the last one of its step? */
enum { MS = 1000000 };

/* No name, no connection, no TLS, no time. */
static bool is_network(const struct run *r)
{
	enum reason why = r->verdict.reason;

	return (why == REASON_AUTH && r->token_retry) || why == REASON_DNS ||
	       why == REASON_CONNECT || why == REASON_TLS ||
	       why == REASON_TIMEOUT;
}

static bool retry_wanted(const struct run *r)
{
	const struct retry *y = &r->step->retry;
	uint16_t status = r->call.response.status;

	if (r->retries >= (uint64_t)y->times)
		return false;
	switch (r->verdict.outcome) {
	case OUTCOME_ERROR:
		return (y->on & RETRY_NETWORK) && is_network(r);
	case OUTCOME_FAIL:
		return (y->on & RETRY_ASSERT) ||
		       ((y->on & RETRY_5XX) && status >= 500) ||
		       ((y->on & RETRY_4XX) && status >= 400 && status < 500);
	default:
		return false;
	}
}

static uint64_t retry_pause_ns(const struct run *r)
{
	const struct retry *y = &r->step->retry;
	uint64_t ms = y->every_ms;

	for (unsigned i = 1; y->exponential && i < r->retries; i++) {
		ms *= 2;
		if (ms >= y->max_ms)
			return y->max_ms * MS;
	}
	return ms * MS;
}

/*
 * What is starting refuses connections, or takes them and closes: a poll bears
 * that.
 */
static bool poll_wanted(const struct run *r)
{
	if (!r->step->poll.on)
		return false;
	if (r->verdict.reason == REASON_ASSERT)
		return true;
	return !r->step->retry.said && r->verdict.outcome == OUTCOME_ERROR &&
	       (is_network(r) || r->verdict.reason == REASON_PROTOCOL);
}

bool run_again(struct run *r, uint64_t *ret_due_ns)
{
	const struct poll *p = &r->step->poll;
	uint64_t now_ns = loop_now_ns(r->host->loop);
	uint64_t due_ns;

	if (poll_wanted(r)) {
		due_ns = now_ns + p->every_ms * MS;
		if (due_ns > r->step_ns + p->for_ms * MS)
			return false;
	} else if (retry_wanted(r)) {
		r->retries++;
		due_ns = now_ns + retry_pause_ns(r);
	} else {
		return false;
	}
	if (due_ns >= r->step_deadline_ns)
		return false;
	*ret_due_ns = due_ns;
	return true;
}

bool run_gives_up(struct run *r)
{
	const struct assertion *i;

	if (!r->step->poll.on || !r->step->poll.fail_when)
		return false;
	i = check_eval_all(r->step->poll.fail_when, &r->call.response, &r->vars,
		r->arena);
	for (; i; i = i->next) {
		if (!i->ok || i->budget)
			continue;
		r->verdict = run_verdict(REASON_ASSERT,
			arena_printf(r->arena, "fail_when held: %.*s",
				STR_ARG(i->text)));
		return true;
	}
	return false;
}

void run_tell_last(struct run *r)
{
	char took[32];

	if (r->report->attempts < 2 || r->verdict.outcome == OUTCOME_PASS)
		return;
	r->verdict.message = arena_printf(r->arena,
		"%.*s (the last of %u attempts in %s)",
		STR_ARG(r->verdict.message), r->report->attempts,
		units_took_text((loop_now_ns(r->host->loop) - r->step_ns) /
					1000,
			took));
}
