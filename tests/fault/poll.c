/*
 * `poll` and a service that is not there yet: it is asked until it answers or
 * the time is over, and every attempt is counted and told.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/drill.h"
#include "tests/support/evil_http.h"
#include "tests/support/pass.h"

static struct drill drill;
static struct evil_http *first, *late;

static void setup(void)
{
	first = evil_http_start();
	drill_open(&drill);
}

static void teardown(void)
{
	drill_close(&drill);
	evil_http_stop(first);
	if (late)
		evil_http_stop(late);
}

TestSuite(poll, .init = setup, .fini = teardown);

#define OK       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define STARTING "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
#define POLL     "    poll: {every: 10ms, for: 20s}\n"

/* The port of `first`, at an address where nobody listens yet. */
static void suite_is(const char *step, const char *more)
{
	char line[256];
	char suite[512];

	snprintf(line, sizeof(line),
		"version: 1\nline: l\n"
		"environments: {np: {west: {base_url: "
		"'http://127.0.0.2:%u'}}}\n",
		evil_http_port(first));
	snprintf(suite, sizeof(suite),
		"timeout: 60s\nsteps:\n  - name: x\n    %s\n%s", step, more);
	drill_plan(&drill, plan_of(line, suite));
}

/*
 * The barrier: what becomes of the service between two attempts, in the loop of
 * the run, so that none is under way.
 */
struct turn {
	unsigned attempts;  /* have ended when it happens */
	const char *answer; /* it comes, with this one; NULL: it goes */
};

static struct loop_timer watch;
static struct run *running;
static const struct turn *turn;

static void comes(const char *answer)
{
	late = evil_http_start_beside(first, 2);
	evil_http_answer(late, "/", EVIL_CLOSE, str_from(answer), STR_NONE);
}

static void goes(void)
{
	evil_http_stop(late);
	late = NULL;
}

static unsigned attempts_ended(void)
{
	const struct step_report *s = run_report(running)->steps;
	const struct attempt_report *t = s ? s->attempt : NULL;
	unsigned n = 0;

	for (; t; t = t->next)
		n++;
	return n;
}

static void on_watch(struct loop *l, void *owner)
{
	(void)owner;
	if (turn->attempts && attempts_ended() >= turn->attempts) {
		if (turn->answer)
			comes(turn->answer);
		else
			goes();
		turn++;
	}
	if (turn->attempts)
		loop_timer_arm(l, &watch, loop_now_ns(l) + 2000000, on_watch,
			NULL);
}

static void run(const struct turn *turns)
{
	turn = turns;
	running = drill_begin(&drill, 0, NULL);
	if (turns)
		loop_timer_arm(drill.loop, &watch, 0, on_watch, NULL);
	drill_end_all(&drill);
	loop_timer_cancel(drill.loop, &watch);
}

static void is(enum outcome outcome, enum reason reason)
{
	cr_assert_eq(drill.last.outcome, outcome, "%s", drill.said);
	cr_assert_eq(drill.last.reason, reason, "%s", drill.said);
}

static void says(const char *part)
{
	cr_assert(strstr(drill.said, part), "'%s' lacks '%s'", drill.said,
		part);
}

Test(poll, a_service_that_is_starting_is_waited_for, .timeout = 60)
{
	suite_is("get: /", POLL);
	run((const struct turn[]){ { 3, OK }, { 0, NULL } });
	is(OUTCOME_PASS, REASON_NONE);
	cr_assert_eq(drill.last.attempts, 4);
	cr_assert_not(drill.last.flaky, "expected waiting is no flake");
	cr_assert_eq(evil_http_requests(late, "/"), 1);
}

Test(poll, one_that_comes_and_never_gets_well_fails_by_its_answer,
	.timeout = 60)
{
	suite_is("get: /", "    poll: {every: 10ms, for: 200ms}\n");
	run((const struct turn[]){ { 3, STARTING }, { 0, NULL } });
	is(OUTCOME_FAIL, REASON_ASSERT);
	cr_assert_eq(drill.last.status, 503);
	says("got 503 (the last of ");
}

Test(poll, a_service_that_never_starts_is_an_error_at_its_time, .timeout = 60)
{
	suite_is("get: /", "    poll: {every: 10ms, for: 100ms}\n");
	run(NULL);
	is(OUTCOME_ERROR, REASON_CONNECT);
	cr_assert_gt(drill.last.attempts, 2);
	cr_assert_leq(drill.last.attempts, 11);
	says(": Connection refused (the last of ");
	says(" attempts in ");
}

Test(poll, one_that_answers_and_goes_away_is_no_pass, .timeout = 60)
{
	suite_is("get: /", "    poll: {every: 10ms, for: 300ms}\n");
	comes(STARTING);
	run((const struct turn[]){ { 1, NULL }, { 0, NULL } });
	is(OUTCOME_ERROR, REASON_CONNECT);
}

Test(poll, one_that_went_away_between_its_answers_is_flaky, .timeout = 60)
{
	suite_is("get: /", POLL);
	comes(STARTING);
	run((const struct turn[]){ { 1, NULL }, { 3, OK }, { 0, NULL } });
	is(OUTCOME_PASS, REASON_NONE);
	cr_assert(drill.last.flaky);
}

Test(poll, a_connection_that_is_closed_at_once_is_no_answer, .timeout = 60)
{
	suite_is("get: /", "    poll: {every: 10ms, for: 100ms}\n");
	comes("");
	run(NULL);
	is(OUTCOME_ERROR, REASON_PROTOCOL);
	cr_assert_gt(drill.last.attempts, 1);
}

Test(poll, a_port_is_waited_for_too, .timeout = 60)
{
	char step[64];

	snprintf(step, sizeof(step), "tcp: '127.0.0.2:%u'",
		evil_http_port(first));
	suite_is(step, POLL);
	run((const struct turn[]){ { 3, OK }, { 0, NULL } });
	is(OUTCOME_PASS, REASON_NONE);
	cr_assert_gt(drill.last.attempts, 1);
}

Test(poll, retry_beside_it_says_how_often, .timeout = 60)
{
	suite_is("get: /", POLL "    retry: {times: 2, every: 10ms}\n");
	run(NULL);
	is(OUTCOME_ERROR, REASON_CONNECT);
	cr_assert_eq(drill.last.attempts, 3);
	suite_is("get: /", POLL "    retry: {times: 0}\n");
	run(NULL);
	is(OUTCOME_ERROR, REASON_CONNECT);
	cr_assert_eq(drill.last.attempts, 1);
}

/* A body that is cut off is an answer, and a wrong one. */
Test(poll, an_answer_that_can_not_be_read_ends_it, .timeout = 60)
{
	suite_is("get: /", POLL);
	comes("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
	      "Content-Length: 3\r\n\r\nabc");
	run(NULL);
	is(OUTCOME_ERROR, REASON_DECODE);
	cr_assert_eq(drill.last.attempts, 1);
}
