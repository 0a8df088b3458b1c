#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/drill.h"
#include "tests/support/evil_http.h"
#include "tests/support/pass.h"
#include "tests/support/tls_server.h"

/* Connections that outlive a run, and what of a run must not. */

static struct drill drill;
static struct evil_http *evil;
static struct tls_server *tls;
static struct http_pool *pool;

static void setup(void)
{
	evil = evil_http_start();
	evil_http_text(evil, "/x", "ok");
	drill_open(&drill);
	pool = http_pool_new(drill.http);
}

static void teardown(void)
{
	http_pool_free(pool);
	drill_close(&drill);
	evil_http_stop(evil);
	tls_server_stop(tls);
}

TestSuite(pool, .init = setup, .fini = teardown);

static void suite_is(const char *base_url, const char *connection,
	const char *rest)
{
	char line[256];
	char suite[2048];

	snprintf(line, sizeof(line),
		"version: 1\nline: l\n"
		"environments: {np: {west: {base_url: '%s'}}}\n",
		base_url);
	snprintf(suite, sizeof(suite),
		"gate: observe\nhttp:\n  timeout: 5s\n  connection: %s\n%s",
		connection, rest);
	drill_plan(&drill, plan_of(line, suite));
}

static const char *evil_url(void)
{
	static char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u", evil_http_port(evil));
	return url;
}

static void run_once(void)
{
	drill_begin(&drill, 0, pool);
	drill_end_all(&drill);
}

static void run_passes(void)
{
	run_once();
	cr_assert_eq(drill.last.outcome, OUTCOME_PASS, "%s: %s",
		reason_token(drill.last.reason), drill.said);
}

#define TWO                                                                    \
	"steps:\n  - {name: x, get: /x}\n"                                     \
	"  - {name: y, get: /x, expect: {body: ok}}\n"

static unsigned connections_of(const char *connection)
{
	unsigned before = evil_http_connections(evil);

	suite_is(evil_url(), connection, TWO);
	if (strcmp(connection, "pool") != 0) {
		http_pool_free(pool);
		pool = NULL; /* as a worker has it */
	}
	for (int i = 0; i < 3; i++)
		run_passes();
	return evil_http_connections(evil) - before;
}

Test(pool, each_word_has_its_number_of_connections)
{
	cr_assert_eq(connections_of("pool"), 1);
	cr_assert_eq(connections_of("run"), 3);
	cr_assert_eq(connections_of("fresh"), 6);
	cr_assert_eq(evil_http_requests(evil, "/x"), 18);
}

Test(pool, nothing_is_said_to_be_connected_that_was_already)
{
	suite_is(evil_url(), "pool", "steps: [{name: x, get: /x}]\n");
	run_passes();
	suite_is(evil_url(), "pool",
		"steps: [{name: x, get: /x,\n"
		"  expect: {timing: {connect: {exists: false}}}}]\n");
	run_passes();
	cr_assert_eq(evil_http_connections(evil), 1);
}

/* Of a new server, whose certificate is good for another 30 days. */
static const char *tls_url(void)
{
	static const struct tls_kind kind = { .names = "IP:127.0.0.1",
		.from_days = -10,
		.to_days = 30 };
	static char url[64];

	tls = tls_server_start(&kind);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u",
		tls_server_port(tls));
	return url;
}

Test(pool, a_certificate_is_told_by_runs_that_saw_no_handshake)
{
	const char *url = tls_url();
	char rest[1024];

	snprintf(rest, sizeof(rest),
		"  tls: {ca: %s}\n"
		"steps:\n  - name: x\n    get: /\n    expect:\n"
		"      cert: {subject: 'O=Andon, CN=server', key_bits: 256,\n"
		"        chain_length: 1, hostname_ok: true,\n"
		"        expires_in: {gt: 29d, lt: 31d}}\n"
		"      tls: {version: '1.3'}\n",
		tls_server_ca(tls));
	suite_is(url, "pool", rest);
	for (int i = 0; i < 4; i++)
		run_passes();
	cr_assert_eq(tls_server_handshakes(tls), 1);
}

Test(pool, the_time_left_of_a_certificate_is_that_of_now)
{
	const char *url = tls_url();
	char rest[1024];

	snprintf(rest, sizeof(rest),
		"  tls: {ca: %s}\n"
		"steps: [{name: x, get: /,\n"
		"  expect: {cert: {expires_in: {gt: 2591990s}}}}]\n",
		tls_server_ca(tls));
	suite_is(url, "pool", rest);
	run_passes();
	drill_time_passes(&drill, 40);
	run_once();
	cr_assert_eq(drill.last.outcome, OUTCOME_FAIL);
	cr_assert_eq(tls_server_handshakes(tls), 1);
}

static bool asked_with(const char *path, const char *text)
{
	char *head = evil_http_last(evil, path);
	bool in = strcasestr(head, text) != NULL;

	free(head);
	return in;
}

Test(pool, cookies_end_with_their_run)
{
	evil_http_answer(evil, "/set", EVIL_KEEP,
		STR("HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\n"
		    "Content-Length: 0\r\n\r\n"),
		STR_NONE);
	evil_http_text(evil, "/after", "ok");
	suite_is(evil_url(), "pool",
		"steps:\n  - {name: x, get: /x}\n  - {name: set, get: /set}\n"
		"  - {name: after, get: /after}\n");
	for (int i = 0; i < 3; i++) {
		run_passes();
		cr_assert(asked_with("/after", "cookie: a=1"));
		cr_assert_not(asked_with("/x", "cookie:"));
	}
	cr_assert_eq(evil_http_connections(evil), 1);
}

Test(pool, what_must_not_be_sent_twice_has_a_connection_of_its_own)
{
	suite_is(evil_url(), "pool",
		"steps:\n  - {name: x, get: /x}\n  - {name: y, post: /x}\n");
	for (int i = 0; i < 3; i++)
		run_passes();
	cr_assert_eq(evil_http_connections(evil), 1 + 3);
	cr_assert_eq(evil_http_requests(evil, "/x"), 6);
}

Test(pool, a_step_that_wants_no_kept_connection_gets_none)
{
	suite_is(evil_url(), "pool",
		"steps:\n  - {name: x, get: /x}\n"
		"  - {name: y, get: /x, http: {connection: run}}\n"
		"  - {name: z, get: /x, http: {connection: fresh}}\n");
	for (int i = 0; i < 3; i++)
		run_passes();
	cr_assert_eq(evil_http_connections(evil), 1 + 6);
}

Test(pool, a_dead_connection_is_made_anew_and_told_as_flaky)
{
	evil_http_answer(evil, "/once", EVIL_ONCE,
		STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), STR_NONE);
	suite_is(evil_url(), "pool", "steps: [{name: x, get: /once}]\n");
	run_passes();
	cr_assert_not(drill.last.flaky);
	run_passes();
	cr_assert(drill.last.flaky);
	cr_assert_eq(evil_http_connections(evil), 2);
}

Test(pool, a_target_that_is_gone_is_no_pass)
{
	suite_is(evil_url(), "pool", "steps: [{name: x, get: /x}]\n");
	run_passes();
	evil_http_stop(evil);
	evil = NULL;
	run_once();
	cr_assert_eq(drill.last.outcome, OUTCOME_ERROR);
	cr_assert_eq(drill.last.reason, REASON_CONNECT);
	evil = evil_http_start(); /* for the end */
}

Test(pool, nobody_waits_long_for_the_next_run)
{
	suite_is(evil_url(), "pool", "steps: [{name: x, get: /x}]\n");
	run_passes();
	drill_time_passes(&drill, HTTP_POOL_IDLE_MS / 1000 - 5);
	run_passes();
	cr_assert_eq(evil_http_connections(evil), 1);
	drill_time_passes(&drill, HTTP_POOL_IDLE_MS / 1000 + 1);
	run_passes();
	cr_assert_eq(evil_http_connections(evil), 2);
}

Test(pool, no_connection_gets_old)
{
	suite_is(evil_url(), "pool", "steps: [{name: x, get: /x}]\n");
	for (int i = 0; i < 4; i++) {
		run_passes();
		drill_time_passes(&drill, HTTP_POOL_AGE_MS / 1000 / 3 + 1);
	}
	cr_assert_eq(evil_http_connections(evil), 2);
}

Test(pool, two_runs_at_once_share_nothing)
{
	suite_is(evil_url(), "pool", "steps: [{name: x, get: /x}]\n");
	drill_begin(&drill, 0, pool);
	drill_begin(&drill, 0, pool);
	drill_end_all(&drill);
	cr_assert_eq(evil_http_connections(evil), 2);
}

Test(pool, one_that_is_dropped_under_a_run_keeps_nothing)
{
	suite_is(evil_url(), "pool", "steps: [{name: x, get: /x}]\n");
	drill_begin(&drill, 0, pool);
	http_pool_drop(pool);
	drill_end_all(&drill);
	run_passes();
	cr_assert_eq(evil_http_connections(evil), 2);
}

/* A kept connection is used only where the name leads to it now. */
static void two_places(const char *connection)
{
	struct evil_http *second = evil_http_start_beside(evil, 2);
	char url[64];

	evil_http_text(second, "/x", "second");
	snprintf(url, sizeof(url), "http://api.test:%u", evil_http_port(evil));
	suite_is(url, connection,
		"steps:\n"
		"  - {name: x, get: /x, http: {resolve: {api.test: "
		"127.0.0.1}},\n     expect: {body: ok}}\n"
		"  - {name: y, get: /x, http: {resolve: {api.test: "
		"127.0.0.2}},\n     expect: {body: second}}\n");
	run_passes();
	run_passes();
	cr_assert_not(drill.last.flaky);
	cr_assert_eq(evil_http_requests(evil, "/x"), 2);
	cr_assert_eq(evil_http_requests(second, "/x"), 2);
	evil_http_stop(second);
}

Test(pool, a_name_that_leads_elsewhere_is_followed)
{
	two_places("pool");
}

Test(pool, a_name_that_leads_elsewhere_is_followed_inside_a_run)
{
	http_pool_free(pool);
	pool = NULL;
	two_places("run");
}
