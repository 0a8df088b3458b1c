/*
 * `sameAs` between two real regions: the same is a pass, something else a
 * failure of the one that is compared, and without a value to compare with it
 * is nobody's failure and nobody's pass.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "runner/runner.h"
#include "store/store.h"
#include "tests/support/evil_http.h"
#include "tests/support/pass.h"

static struct evil_http *east, *west;
static struct pass pass;
static char line[1024];

static void setup(void)
{
	east = evil_http_start();
	west = evil_http_start();
	/* the one that is compared stands first */
	snprintf(line, sizeof(line),
		"version: 1\nline: l\nenvironments:\n  prod:\n"
		"    west: {base_url: 'http://127.0.0.1:%u'}\n"
		"    east: {base_url: 'http://127.0.0.1:%u'}\n"
		"workflow:\n"
		"  - {stage: canary, deploys: prod/west, compare: prod/east}\n",
		evil_http_port(west), evil_http_port(east));
}

static void teardown(void)
{
	pass_done(&pass);
	evil_http_stop(east);
	evil_http_stop(west);
}

TestSuite(same, .init = setup, .fini = teardown);

#define STEP(same)                                                             \
	"steps:\n"                                                             \
	"  - {name: a, get: /a, expect: {json: {$.v: {sameAs: " same "}}}}\n"

static const struct run_report *run_in(const char *region)
{
	const struct run_report *r = pass.result.runs;

	while (r && !str_eq(r->job->region->name, str_from(region)))
		r = r->next;
	cr_assert(r, "no run in %s", region);
	return r;
}

static void says(struct str text, const char *part)
{
	cr_assert_neq(str_find(text, str_from(part), 0), SIZE_MAX,
		"'%.*s' lacks '%s'", STR_ARG(text), part);
}

Test(same, the_same_value_is_a_pass)
{
	evil_http_text(east, "/a", "{\"v\": {\"x\": 1.0, \"y\": [2]}}");
	evil_http_text(west, "/a", "{\"v\": {\"y\": [2], \"x\": 1}}");
	pass_run_line(&pass, line, STEP("baseline"), NULL);
	cr_assert_eq(pass.result.by_outcome[OUTCOME_PASS], 2);
}

Test(same, another_value_fails_where_it_is_compared_and_shows_both)
{
	const struct run_report *r;
	const struct assertion *as;

	evil_http_text(east, "/a", "{\"v\": \"EUR\"}");
	evil_http_text(west, "/a", "{\"v\": \"USD\"}");
	pass_run_line(&pass, line, STEP("prod/east"), NULL);
	cr_assert_eq(run_in("east")->outcome, OUTCOME_PASS);
	r = run_in("west");
	cr_assert_eq(r->outcome, OUTCOME_FAIL);
	cr_assert_eq(r->reason, REASON_ASSERT);
	as = r->failed->expect->next; /* the status is the first */
	cr_assert(str_eq(as->expected, STR("\"EUR\", as in prod/east")), "%.*s",
		STR_ARG(as->expected));
	cr_assert(str_eq(as->actual, STR("\"USD\"")), "%.*s",
		STR_ARG(as->actual));
}

Test(same, a_source_without_a_value_is_nobodys_pass)
{
	evil_http_text(east, "/a", "{}");
	evil_http_text(west, "/a", "{\"v\": 1}");
	pass_run_line(&pass, line, STEP("baseline"), NULL);
	cr_assert_eq(run_in("east")->outcome, OUTCOME_FAIL);
	cr_assert_eq(run_in("west")->outcome, OUTCOME_RUNNER_ERROR);
	cr_assert_eq(run_in("west")->reason, REASON_COMPARE);
	says(run_in("west")->message, "the last run in prod/east came to no "
				      "value");
}

Test(same, a_source_that_does_not_run_is_nobodys_pass)
{
	evil_http_text(west, "/a", "{\"v\": 1}");
	pass_run_line(&pass, line, "where: prod/west\n" STEP("baseline"), NULL);
	cr_assert_eq(pass.run->reason, REASON_COMPARE);
	says(pass.run->message, "does not run in prod/east here");
	pass_done(&pass);
	pass_run_line(&pass, line, "where: prod/west\n" STEP("previous"), NULL);
	cr_assert_eq(pass.run->reason, REASON_COMPARE);
	says(pass.run->message, "no run before this one: `andon test` makes "
				"each run once");
}

Test(same, a_missing_comparison_hides_no_failure)
{
	evil_http_text(west, "/a", "{\"v\": 1}");
	evil_http_text(west, "/b", "sick");
	pass_run_line(&pass, line,
		"where: prod/west\n" STEP("baseline") "  - {name: b, get: /b, "
						      "expect: {body: ok}}\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_FAIL);
	cr_assert(str_eq(pass.run->failed->name, STR("b")));
	pass_done(&pass);
	pass_run_line(&pass, line,
		"where: prod/west\nsteps:\n  - name: a\n    get: /a\n"
		"    expect: {json: {$.v: {sameAs: baseline, equals: 2}}}\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_FAIL);
	pass_done(&pass);
	/* and a warning is neither held nor missed */
	pass_run_line(&pass, line,
		"where: prod/west\nsteps:\n  - name: a\n    get: /a\n"
		"    warn: {json: {$.v: {sameAs: baseline}}}\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_PASS);
	cr_assert_not(pass.run->degraded);
}

/* Two regions that are compared with one another. */
#define CIRCLE                                                                 \
	"overrides:\n  prod/east:\n    steps:\n"                               \
	"      - {name: a, get: /a,\n"                                         \
	"         expect: {json: {$.v: {sameAs: prod/west}}}}\n"

Test(same, in_a_circle_one_has_to_begin_without)
{
	evil_http_text(east, "/a", "{\"v\": 1}");
	evil_http_text(west, "/a", "{\"v\": 1}");
	pass_run_line(&pass, line, STEP("prod/east") CIRCLE, NULL);
	cr_assert_eq(run_in("west")->outcome, OUTCOME_RUNNER_ERROR);
	cr_assert_eq(run_in("west")->reason, REASON_COMPARE);
	says(run_in("west")->message, "no run in prod/east yet");
	cr_assert_eq(run_in("east")->outcome, OUTCOME_PASS);
}

Test(same, in_a_circle_a_difference_fails)
{
	evil_http_text(east, "/a", "{\"v\": 1}");
	evil_http_text(west, "/a", "{\"v\": 2}");
	pass_run_line(&pass, line, STEP("prod/east") CIRCLE, NULL);
	cr_assert_eq(run_in("west")->outcome, OUTCOME_RUNNER_ERROR);
	cr_assert_eq(run_in("east")->outcome, OUTCOME_FAIL);
	says(run_in("east")->message, "$.v sameAs prod/west: got 1");
}

/* --- a runner, run after run --- */

struct seen {
	pthread_mutex_t lock;
	pthread_cond_t more;
	size_t pass, fail, compare, other;
	char first[16];
};

static struct seen seen = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
	0, 0, 0, 0, "" };
static struct store_hub *hub;

static struct store *open_store(void *owner, struct err *e)
{
	(void)owner;
	(void)e;
	return store_memory(hub, STR("l"));
}

static void on_result(const struct result *r, void *owner)
{
	(void)owner;
	if (r->outcome == OUTCOME_LATE || !str_eq(r->region, STR("west")))
		return;
	pthread_mutex_lock(&seen.lock);
	if (!*seen.first)
		snprintf(seen.first, sizeof(seen.first), "%s",
			reason_token(r->reason));
	seen.pass += r->outcome == OUTCOME_PASS;
	seen.fail += r->reason == REASON_ASSERT;
	seen.compare += r->reason == REASON_COMPARE;
	seen.other += r->reason != REASON_ASSERT &&
		      r->reason != REASON_COMPARE && r->outcome != OUTCOME_PASS;
	pthread_cond_broadcast(&seen.more);
	pthread_mutex_unlock(&seen.lock);
}

static void runner_until(const char *suite, const size_t *what, size_t count)
{
	const struct runner_options options = { .id = { "r1", 2 },
		.threads = 2,
		.grace_ms = 300,
		.open_store = open_store,
		.on_result = on_result };
	struct plan *p;
	struct runner *r;
	struct err e = { 0 };

	hub = store_hub_new(&clock_system);
	p = plan_of(line, suite);
	r = runner_new(&options, &p, &e);
	cr_assert(r && runner_start(r, &e), "%s", e.text);
	pthread_mutex_lock(&seen.lock);
	while (*what < count)
		pthread_cond_wait(&seen.more, &seen.lock);
	pthread_mutex_unlock(&seen.lock);
	runner_stop(r);
	cr_assert(runner_wait(r, 20000));
	runner_free(r);
	store_hub_free(hub);
}

#define FAST "every: 100ms\ntimeout: 90ms\n"

Test(same, from_run_to_run_the_value_before_is_compared, .timeout = 60)
{
	evil_http_text(east, "/a", "{\"v\": 1}");
	evil_http_text(west, "/a", "{\"v\": 1}");
	runner_until(FAST STEP("previous"), &seen.pass, 3);
	cr_assert_str_eq(seen.first, "compare");
	cr_assert_eq(seen.compare, 1, "the first one alone");
	cr_assert_eq(seen.fail + seen.other, 0);
}

Test(same, regions_that_differ_fail_in_every_run, .timeout = 60)
{
	evil_http_text(east, "/a", "{\"v\": 1}");
	evil_http_text(west, "/a", "{\"v\": 2}");
	runner_until(FAST STEP("baseline"), &seen.fail, 3);
	cr_assert_leq(seen.compare, 1);
	cr_assert_eq(seen.pass, 0);
}

Test(same, a_source_that_never_answers_is_nobodys_pass, .timeout = 60)
{
	evil_http_answer(east, "/a", EVIL_HANG, STR(""), STR(""));
	evil_http_text(west, "/a", "{\"v\": 2}");
	runner_until(FAST STEP("baseline"), &seen.compare, 3);
	cr_assert_eq(seen.pass + seen.fail, 0);
}

Test(same, a_circle_of_regions_turns_once_it_has_begun, .timeout = 60)
{
	evil_http_text(east, "/a", "{\"v\": 1}");
	evil_http_text(west, "/a", "{\"v\": 1}");
	runner_until(FAST STEP("prod/east") CIRCLE, &seen.pass, 3);
	cr_assert_leq(seen.compare, 1);
	cr_assert_eq(seen.fail + seen.other, 0);
}
