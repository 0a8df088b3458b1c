/*
 * `addresses: each`: every backend is asked, and one that is dead is seen in
 * every slot.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/runner.h"
#include "store/store.h"
#include "tests/support/evil_http.h"
#include "tests/support/pass.h"

static struct evil_http *first, *second;
static struct pass pass;
static char suite[1024];

static void setup(void)
{
	sigset_t no; /* no server's thread is to get it */

	sigemptyset(&no);
	sigaddset(&no, SIGINT);
	pthread_sigmask(SIG_BLOCK, &no, NULL);
	first = evil_http_start();
	second = evil_http_start_beside(first, 2);
	evil_http_text(first, "/x", "ok");
}

static void teardown(void)
{
	pass_done(&pass);
	evil_http_stop(first);
	evil_http_stop(second);
}

TestSuite(each, .init = setup, .fini = teardown);

static const char *suite_of(const char *addresses, const char *more)
{
	snprintf(suite, sizeof(suite),
		"http:\n"
		"  base_url: http://api.test:%u\n"
		"  addresses: each\n"
		"  resolve: {api.test: [%s]}\n"
		"%s"
		"steps:\n"
		"  - {name: x, get: /x, expect: {body: ok}}\n"
		"  - {name: y, get: /x, expect: {body: ok}}\n",
		evil_http_port(first), addresses, more);
	return suite;
}

static const struct run_report *report_at(const char *address)
{
	const struct run_report *r = pass.result.runs;

	while (r && !str_eq(r->address, str_from(address)))
		r = r->next;
	cr_assert(r, "no run for %s", address);
	return r;
}

Test(each, every_address_has_a_run_of_its_own)
{
	evil_http_text(second, "/x", "ok");
	pass_run(&pass, "http://127.0.0.1:1",
		suite_of("127.0.0.1, 127.0.0.2", ""), NULL);
	cr_assert_eq(pass.result.count, 2);
	cr_assert_eq(pass.result.by_outcome[OUTCOME_PASS], 2);
	cr_assert_eq(evil_http_requests(first, "/x"), 2);
	cr_assert_eq(evil_http_requests(second, "/x"), 2);
	cr_assert(str_eq(report_at("127.0.0.2")->steps->address,
		STR("127.0.0.2")));
	cr_assert_not(str_eq(report_at("127.0.0.1")->run_id,
		report_at("127.0.0.2")->run_id));
}

Test(each, one_that_fails_is_told_beside_those_that_pass)
{
	evil_http_text(second, "/x", "sick");
	pass_run(&pass, "http://127.0.0.1:1",
		suite_of("127.0.0.1, 127.0.0.2, 127.0.0.9", ""), NULL);
	cr_assert_eq(pass.result.count, 3);
	cr_assert_eq(report_at("127.0.0.1")->outcome, OUTCOME_PASS);
	cr_assert_eq(report_at("127.0.0.2")->outcome, OUTCOME_FAIL);
	cr_assert_eq(report_at("127.0.0.9")->reason, REASON_CONNECT);
}

Test(each, without_an_address_it_is_no_pass)
{
	pass_run(&pass, "http://127.0.0.1:1",
		"http: {base_url: 'http://none.invalid', addresses: each,\n"
		"       ip: '6', resolve: {none.invalid: 127.0.0.1}}\n"
		"steps: [{name: x, get: /x}]\n",
		NULL);
	cr_assert_eq(pass.result.count, 1);
	cr_assert_eq(pass.run->outcome, OUTCOME_ERROR);
	cr_assert_eq(pass.run->reason, REASON_DNS);
}

static void *interrupt(void *owner)
{
	while (!evil_http_requests(first, "/hang") ||
		!evil_http_requests(second, "/hang"))
		sched_yield();
	kill(getpid(), SIGINT);
	return owner;
}

/* Two addresses are asked, and it is still one run of the plan's one. */
Test(each, an_interrupted_one_is_one_run_of_the_plan)
{
	pthread_t hand;

	evil_http_answer(first, "/hang", EVIL_HANG, STR(""), STR_NONE);
	evil_http_answer(second, "/hang", EVIL_HANG, STR(""), STR_NONE);
	snprintf(suite, sizeof(suite),
		"timeout: 60s\n"
		"http:\n"
		"  timeout: 60s\n"
		"  base_url: http://api.test:%u\n"
		"  addresses: each\n"
		"  resolve: {api.test: [127.0.0.1, 127.0.0.2]}\n"
		"steps: [{name: x, get: /hang}]\n",
		evil_http_port(first));
	pthread_create(&hand, NULL, interrupt, NULL);
	pass_run(&pass, "http://127.0.0.1:1", suite,
		&(struct once_options){ .signals = true });
	pthread_join(hand, NULL);
	cr_assert_eq(pass.result.interrupted, SIGINT);
	cr_assert_eq(pass.result.count, 2);
	cr_assert_eq(pass.result.jobs, pass.plan->njobs);
	cr_assert_eq(pass.result.by_outcome[OUTCOME_RUNNER_ERROR], 2);
}

/* --- in the store --- */

struct seen {
	pthread_mutex_t lock;
	pthread_cond_t more;
	size_t results, passes;
	char message[256];
};

static struct seen seen = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
	0, 0, "" };
static struct store_hub *hub;

static struct store *open_store(void *owner, struct err *e)
{
	(void)owner;
	(void)e;
	return store_memory(hub, STR("l"));
}

static void on_event(enum runner_event ev, const char *text, void *owner)
{
	(void)ev;
	(void)text;
	(void)owner;
}

static void on_result(const struct result *r, void *owner)
{
	(void)owner;
	pthread_mutex_lock(&seen.lock);
	if (r->outcome == OUTCOME_LATE) {
		pthread_mutex_unlock(&seen.lock);
		return;
	}
	seen.results++;
	seen.passes += r->outcome == OUTCOME_PASS;
	if (r->evidence)
		snprintf(seen.message, sizeof(seen.message), "%.*s at %.*s",
			STR_ARG(r->evidence->message),
			STR_ARG(r->evidence->address));
	pthread_cond_broadcast(&seen.more);
	pthread_mutex_unlock(&seen.lock);
}

static void runner_until(const char *text, size_t results)
{
	static const char line[] = "version: 1\nline: l\n"
				   "environments: {np: {west: {base_url: "
				   "'http://127.0.0.1:1'}}}\n";
	const struct runner_options options = { .id = { "r1", 2 },
		.threads = 1,
		.grace_ms = 300,
		.open_store = open_store,
		.on_event = on_event,
		.on_result = on_result };
	struct plan *p;
	struct runner *r;
	struct err e = { 0 };

	hub = store_hub_new(&clock_system);
	p = plan_of(line, text);
	r = runner_new(&options, &p, &e);
	cr_assert(r && runner_start(r, &e), "%s", e.text);
	pthread_mutex_lock(&seen.lock);
	while (seen.results < results)
		pthread_cond_wait(&seen.more, &seen.lock);
	pthread_mutex_unlock(&seen.lock);
	runner_stop(r);
	cr_assert(runner_wait(r, 20000));
	runner_free(r);
	store_hub_free(hub);
}

/* Of two backends one is dead: every slot says so, none is thinned out. */
Test(each, a_slot_is_one_result_and_the_worst_of_its_addresses, .timeout = 60)
{
	evil_http_text(second, "/x", "sick");
	runner_until(suite_of("127.0.0.1, 127.0.0.2",
			     "every: 100ms\ntimeout: 90ms\n"),
		5);
	cr_assert_eq(seen.passes, 0);
	cr_assert(strstr(seen.message, "1 of 2 addresses did not pass; "
				       "127.0.0.2: body == \"ok\""),
		"%s", seen.message);
	cr_assert(strstr(seen.message, "at 127.0.0.2"), "%s", seen.message);
}

Test(each, all_well_is_one_pass, .timeout = 60)
{
	evil_http_text(second, "/x", "ok");
	runner_until(suite_of("127.0.0.1, 127.0.0.2",
			     "every: 100ms\ntimeout: 90ms\n"),
		5);
	cr_assert_gt(seen.passes, 0);
	/* the results are told as slots; both backends were asked in each */
	cr_assert_geq(evil_http_requests(first, "/x"), seen.passes * 2);
	cr_assert_geq(evil_http_requests(second, "/x"), seen.passes * 2);
}
