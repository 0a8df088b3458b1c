/*
 * `sameAs` and time: how old a value may be that others are compared with, on
 * a clock that the test moves on.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/drill.h"
#include "tests/support/evil_http.h"
#include "tests/support/pass.h"

static struct drill drill;
static struct evil_http *east, *west;

static void setup(void)
{
	east = evil_http_start();
	west = evil_http_start();
	evil_http_text(east, "/a", "{\"v\": 1}");
	evil_http_text(west, "/a", "{\"v\": 1}");
	drill_open(&drill);
	drill.host.same = same_table_new();
}

static void teardown(void)
{
	same_table_free(drill.host.same);
	drill_close(&drill);
	evil_http_stop(east);
	evil_http_stop(west);
}

TestSuite(same_age, .init = setup, .fini = teardown);

/* Each `every`: 1 minute. */
static void compared_with(const char *same)
{
	char line[512];
	char suite[512];

	snprintf(line, sizeof(line),
		"version: 1\nline: l\nenvironments:\n  prod:\n"
		"    west: {base_url: 'http://127.0.0.1:%u'}\n"
		"    east: {base_url: 'http://127.0.0.1:%u'}\n",
		evil_http_port(west), evil_http_port(east));
	snprintf(suite, sizeof(suite),
		"every: 1m\nsteps:\n  - name: a\n    get: /a\n"
		"    expect: {json: {$.v: {sameAs: %s}}}\n",
		same);
	drill_plan(&drill, plan_of(line, suite));
}

static void run_in(const char *region)
{
	size_t job = 0;

	while (!str_eq(drill.plan->job[job].region->name, str_from(region)))
		job++;
	drill_begin(&drill, job, NULL);
	drill_end_all(&drill);
}

static void passes(const char *region)
{
	run_in(region);
	cr_assert_eq(drill.last.outcome, OUTCOME_PASS, "%s", drill.said);
}

static void undecided(const char *region, const char *why)
{
	run_in(region);
	cr_assert_eq(drill.last.outcome, OUTCOME_RUNNER_ERROR, "%s",
		drill.said);
	cr_assert_eq(drill.last.reason, REASON_COMPARE);
	cr_assert(strstr(drill.said, why), "'%s' lacks '%s'", drill.said, why);
}

Test(same_age, a_value_of_five_intervals_ago_is_too_old)
{
	compared_with("prod/east");
	passes("east");
	drill_time_passes(&drill, 5 * 60 - 20);
	passes("west");
	drill_time_passes(&drill, 30);
	undecided("west",
		"nothing to compare with: the value of prod/east is 5m1");
	passes("east");
	passes("west");
}

Test(same_age, max_age_says_how_old_it_may_be)
{
	compared_with("{region: prod/east, max_age: 100s}");
	passes("east");
	drill_time_passes(&drill, 80);
	passes("west");
	drill_time_passes(&drill, 25);
	undecided("west", "the value of prod/east is 1m4");
	compared_with("{region: prod/east, max_age: 2h}");
	passes("west");
	drill_time_passes(&drill, 6900);
	passes("west");
	drill_time_passes(&drill, 280);
	undecided("west", "old, more than 2h");
}

Test(same_age, the_run_before_grows_old_too)
{
	compared_with("{region: previous, max_age: 100s}");
	undecided("west", "no run before this one");
	drill_time_passes(&drill, 80);
	passes("west");
	drill_time_passes(&drill, 105);
	undecided("west", "the value of the previous run is 1m4");
	passes("west");
}

Test(same_age, a_failed_run_is_one_to_compare_with)
{
	compared_with("previous");
	undecided("west", "no run before this one");
	evil_http_stop(west);
	west = evil_http_start();
	evil_http_text(west, "/a", "{\"v\": 2}");
	compared_with("previous");
	run_in("west");
	cr_assert_eq(drill.last.outcome, OUTCOME_FAIL, "%s", drill.said);
	passes("west");
}
