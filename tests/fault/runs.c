#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/evil_http.h"
#include "tests/support/pass.h"

/* What a run does: order, retry, poll, clean-up, redirects, secrets. */

static struct evil_http *evil, *other;
static char base[64];
static struct pass pass;

static void setup(void)
{
	evil = evil_http_start();
	other = evil_http_start();
	snprintf(base, sizeof(base), "http://127.0.0.1:%u",
		evil_http_port(evil));
}

static void teardown(void)
{
	pass_done(&pass);
	evil_http_stop(evil);
	evil_http_stop(other);
}

TestSuite(runs, .init = setup, .fini = teardown);

static void answer(const char *path, const char *bytes)
{
	evil_http_answer(evil, path, EVIL_KEEP, str_from(bytes), STR_NONE);
}

static bool asked(const char *path, const char *text)
{
	char *last = evil_http_last(evil, path);
	bool in = strcasestr(last, text) != NULL;

	free(last);
	return in;
}

#define STATUS(code) "HTTP/1.1 " code " X\r\nContent-Length: 0\r\n\r\n"
#define JSON_ID      "HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{\"id\": 7}"

Test(runs, values_travel_from_step_to_step_on_one_connection)
{
	answer("/orders", JSON_ID);
	evil_http_text(evil, "/orders/7", "fine");
	pass_run(&pass, base,
		"vars: {sku: A1}\n"
		"steps:\n"
		"  - {name: make, post: /orders, json: {sku: \"${sku}\"},\n"
		"     expect: {status: 201}, capture: {id: $.id}}\n"
		"  - {name: look, get: \"/orders/${id}\",\n"
		"     expect: {body: fine}}\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_PASS, "%.*s",
		STR_ARG(pass.run->message));
	cr_assert(asked("/orders", "{\"sku\":\"A1\"}"));
	cr_assert(asked("/orders", "content-type: application/json"));
	cr_assert_eq(evil_http_connections(evil), 1);
}

Test(runs, after_a_failure_the_rest_is_skipped_and_the_cleanup_runs)
{
	answer("/orders", JSON_ID);
	answer("/bad", STATUS("500"));
	evil_http_text(evil, "/never", "");
	answer("/orders/7", STATUS("204"));
	pass_run(&pass, base,
		"steps:\n"
		"  - {name: make, post: /orders, capture: {id: $.id}}\n"
		"  - {name: bad, get: /bad}\n"
		"  - {name: never, get: /never, capture: {mail: $.mail}}\n"
		"cleanup:\n"
		"  - {name: drop mail, delete: \"/mail/${mail}\"}\n"
		"  - {name: drop, delete: \"/orders/${id}\"}\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_FAIL);
	cr_assert_eq(pass.run->reason, REASON_ASSERT);
	cr_assert(str_eq(pass.run->failed->name, STR("bad")));
	cr_assert_eq(evil_http_requests(evil, "/never"), 0);
	cr_assert_eq(pass_step(&pass, "never")->outcome, OUTCOME_SKIPPED);
	cr_assert(str_eq(pass_step(&pass, "never")->message, STR("needs bad")));
	cr_assert(str_eq(pass_step(&pass, "drop mail")->message,
		STR("needs mail")));
	cr_assert_eq(evil_http_requests(evil, "/orders/7"), 1);
}

Test(runs, a_failed_setup_is_an_error_and_no_failed_check)
{
	answer("/login", STATUS("503"));
	evil_http_text(evil, "/x", "");
	pass_run(&pass, base,
		"setup: [{name: login, get: /login}]\n"
		"steps: [{name: x, get: /x}]\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_ERROR);
	cr_assert_eq(pass.run->reason, REASON_SETUP);
	cr_assert_eq(evil_http_requests(evil, "/x"), 0);
}

Test(runs, a_failed_cleanup_is_no_pass)
{
	evil_http_text(evil, "/x", "");
	answer("/drop", STATUS("500"));
	pass_run(&pass, base,
		"steps: [{name: x, get: /x}]\n"
		"cleanup: [{name: drop, delete: /drop}]\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_FAIL);
}

Test(runs, nothing_run_is_skipped_and_never_passed)
{
	pass_run(&pass, base, "steps: [{name: x, get: /x, where: [prod]}]\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_SKIPPED);
}

Test(runs, every_retry_is_recorded)
{
	answer("/x", STATUS("503"));
	pass_run(&pass, base,
		"steps:\n"
		"  - {name: x, get: /x,\n"
		"     retry: {times: 2, every: 10ms, on: [5xx]}}\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_FAIL);
	cr_assert_eq(evil_http_requests(evil, "/x"), 3);
	cr_assert_eq(pass_step(&pass, "x")->attempts, 3);
	cr_assert_eq(pass_step(&pass, "x")->attempt->next->next->status, 503);
}

Test(runs, a_poll_ends_at_once_when_it_can_not_come_good)
{
	evil_http_text(evil, "/x", "{\"s\": \"rejected\"}");
	pass_run(&pass, base,
		"steps:\n"
		"  - name: x\n"
		"    get: /x\n"
		"    poll: {every: 10ms, for: 20s,\n"
		"           fail_when: {json: {$.s: rejected}}}\n"
		"    expect: {json: {$.s: done}}\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_FAIL);
	cr_assert_eq(evil_http_requests(evil, "/x"), 1);
}

Test(runs, a_poll_ends_at_its_time)
{
	evil_http_text(evil, "/x", "{\"s\": \"pending\"}");
	pass_run(&pass, base,
		"steps:\n"
		"  - name: x\n"
		"    get: /x\n"
		"    poll: {every: 10ms, for: 1s}\n"
		"    expect: {json: {$.s: done}}\n",
		NULL);
	cr_assert_eq(pass.run->reason, REASON_ASSERT);
	cr_assert_gt(evil_http_requests(evil, "/x"), 2);
}

Test(runs, a_warning_that_missed_makes_it_degraded)
{
	evil_http_text(evil, "/x", "ok");
	pass_run(&pass, base,
		"steps: [{name: x, get: /x, warn: {body: better}}]\n", NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_PASS);
	cr_assert(pass.run->degraded);
}

Test(runs, the_suites_time_is_the_last_word)
{
	evil_http_answer(evil, "/x", EVIL_HANG, STR(""), STR_NONE);
	pass_run(&pass, base,
		"timeout: 300ms\n"
		"steps: [{name: x, get: /x}, {name: y, get: /x}]\n",
		NULL);
	cr_assert_eq(pass.run->reason, REASON_TIMEOUT);
	cr_assert_lt(pass.run->took_us, 3000000);
}

Test(runs, redirects_are_answers_unless_asked_for)
{
	answer("/x", "HTTP/1.1 302 Found\r\nLocation: /y\r\n"
		     "Content-Length: 0\r\n\r\n");
	pass_run(&pass, base, "steps: [{name: x, get: /x}]\n", NULL);
	cr_assert_eq(pass.run->reason, REASON_ASSERT);
	cr_assert_eq(pass_step(&pass, "x")->status, 302);
}

/* Another port is another origin: what the author set does not go there. */
Test(runs, a_redirect_elsewhere_takes_no_secret_along)
{
	char away[256];
	char *seen;

	snprintf(away, sizeof(away),
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/y\r\n"
		"Content-Length: 0\r\n\r\n",
		evil_http_port(other));
	answer("/x", away);
	evil_http_text(other, "/y", "ok");
	pass_run(&pass, base,
		"http: {redirects: 3}\n"
		"steps:\n"
		"  - name: x\n"
		"    get: /x\n"
		"    headers: {X-Api-Key: kkkkkkkk, Accept: text/plain}\n"
		"    cookies: {session: ssssssss}\n"
		"    auth: {bearer: tttttttt}\n"
		"    expect: {status: 200}\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_PASS, "%.*s",
		STR_ARG(pass.run->message));
	cr_assert(asked("/x", "X-Api-Key: kkkkkkkk"));
	cr_assert(asked("/x", "Authorization: Bearer tttttttt"));
	cr_assert(asked("/x", "session=ssssssss"));
	seen = evil_http_last(other, "/y");
	cr_assert(strstr(seen, "Accept: text/plain"));
	cr_assert_not(strstr(seen, "kkkk"), "%s", seen);
	cr_assert_not(strstr(seen, "tttt"), "%s", seen);
	cr_assert_not(strstr(seen, "ssss"), "%s", seen);
	free(seen);
}

Test(runs, a_body_is_never_sent_to_another_origin)
{
	char away[256];

	snprintf(away, sizeof(away),
		"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:%u/y\r\n"
		"Content-Length: 0\r\n\r\n",
		evil_http_port(other));
	answer("/x", away);
	evil_http_text(other, "/y", "ok");
	pass_run(&pass, base,
		"http: {redirects: 3}\n"
		"steps: [{name: x, post: /x, body: secretsecret}]\n",
		NULL);
	cr_assert_eq(pass.run->reason, REASON_REDIRECT);
	cr_assert_eq(evil_http_requests(other, "/y"), 0);
}

Test(runs, a_redirect_to_another_scheme_is_refused)
{
	answer("/x", "HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/y\r\n"
		     "Content-Length: 0\r\n\r\n");
	pass_run(&pass, base,
		"http: {redirects: 3}\nsteps: [{name: x, get: /x}]\n", NULL);
	cr_assert_eq(pass.run->reason, REASON_REDIRECT);
}

Test(runs, every_redirect_is_told_and_carries_the_trace)
{
	char away[256];
	char *first, *second;
	const char *trace;

	snprintf(away, sizeof(away),
		"HTTP/1.1 303 X\r\nLocation: http://127.0.0.1:%u/z\r\n"
		"Content-Length: 0\r\n\r\n",
		evil_http_port(other));
	answer("/x", "HTTP/1.1 302 X\r\nLocation: /y?a=1\r\n"
		     "Content-Length: 0\r\n\r\n");
	answer("/y", away);
	evil_http_text(other, "/z", "here");
	pass_run(&pass, base,
		"http: {redirects: 3}\n"
		"steps:\n"
		"  - name: x\n"
		"    get: /x\n"
		"    expect: {redirects: {count: 2}, url: {endsWith: /z}}\n"
		"    checks:\n"
		"      - {redirects: , filter: [{nth: 0}, location],\n"
		"         endsWith: '/y?a=1'}\n"
		"      - {redirects: , filter: {jsonpath: '$[*].status'},\n"
		"         equals: [302, 303]}\n"
		"      - {redirects: , filter: {jsonpath: '$[1].url'},\n"
		"         endsWith: '/y?a=1'}\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_PASS, "%.*s",
		STR_ARG(pass.run->message));
	first = evil_http_last(evil, "/x");
	second = evil_http_last(other, "/z");
	trace = strcasestr(first, "traceparent: 00-");
	cr_assert(trace);
	cr_assert(strcasestr(second, "traceparent: 00-"));
	cr_assert(
		memcmp(trace, strcasestr(second, "traceparent: 00-"), 48) == 0);
	free(first);
	free(second);
}

Test(runs, endless_redirects_end)
{
	answer("/x", "HTTP/1.1 302 Found\r\nLocation: /x\r\n"
		     "Content-Length: 0\r\n\r\n");
	pass_run(&pass, base,
		"http: {redirects: 3}\nsteps: [{name: x, get: /x}]\n", NULL);
	cr_assert_eq(pass.run->reason, REASON_REDIRECT);
	cr_assert_eq(evil_http_requests(evil, "/x"), 4);
}

/* A kept connection that dies must not make a second POST. */
Test(runs, a_post_is_never_sent_twice)
{
	evil_http_answer(evil, "/a", EVIL_ONCE,
		STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), STR_NONE);
	evil_http_text(evil, "/b", "ok");
	pass_run(&pass, base,
		"steps: [{name: a, get: /a}, {name: b, post: /b}]\n", NULL);
	cr_assert_leq(evil_http_requests(evil, "/b"), 1);
	cr_assert_eq(pass.run->outcome, OUTCOME_ERROR, "%.*s",
		STR_ARG(pass.run->message));
}

Test(runs, a_line_break_from_the_target_is_not_sent_on)
{
	evil_http_text(evil, "/x", "{\"id\": \"a\\r\\nX-Evil: 1\"}");
	evil_http_text(evil, "/y", "ok");
	pass_run(&pass, base,
		"steps:\n"
		"  - {name: x, get: /x, capture: {id: $.id}}\n"
		"  - {name: y, get: /y, headers: {X-Id: \"${id}\"}}\n",
		NULL);
	cr_assert_eq(pass.run->reason, REASON_CAPTURE);
	cr_assert_eq(evil_http_requests(evil, "/y"), 0);
}

static void told(const struct str s, const char *secret, const char *where)
{
	cr_assert_eq(str_find(s, str_from(secret), 0), SIZE_MAX,
		"secret in %s: %.*s", where, STR_ARG(s));
}

/* Sent as it must be, told nowhere: not what we sent, not what came back. */
Test(runs, a_secret_is_told_nowhere)
{
	const struct step_report *s;

	setenv("ANDON_TEST_PW", "hunter2-hunter2", 1);
	answer("/login", "HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n"
			 "{\"token\": \"tok-12345678-captured\"}");
	answer("/x",
		"HTTP/1.1 500 X\r\nX-Echo: hunter2-hunter2\r\n"
		"Content-Length: 58\r\n\r\n"
		"hunter2-hunter2 aHVudGVyMi1odW50ZXIy tok-12345678-captured ");
	pass_run(&pass, base,
		"secrets: {pw: {env: ANDON_TEST_PW}}\n"
		"steps:\n"
		"  - name: x\n"
		"    post: /x\n"
		"    query: {key: \"${pw}\"}\n"
		"    auth: {basic: {user: me, password: \"${pw}\"}}\n"
		"    json: {pw: \"${pw}\"}\n"
		"    expect: {status: 200, body: {contains: \"${pw}!\"}}\n",
		NULL);
	cr_assert(asked("/x", "Basic bWU6aHVudGVyMi1odW50ZXIy"));
	cr_assert(asked("/x", "{\"pw\":\"hunter2-hunter2\"}"));
	s = pass_step(&pass, "x");
	told(s->url, "hunter2", "url");
	told(s->curl, "hunter2", "curl");
	told(s->curl, "aHVudGVyMi1", "curl");
	told(s->body, "hunter2", "body");
	told(s->body, "aHVudGVyMi1", "body");
	told(s->message, "hunter2", "message");
	for (const struct assertion *a = s->expect; a; a = a->next) {
		told(a->text, "hunter2", "text");
		told(a->expected, "hunter2", "expected");
		told(a->actual, "hunter2", "actual");
	}
	cr_assert_neq(str_find(s->curl, STR("\"$PW\""), 0), SIZE_MAX, "%.*s",
		STR_ARG(s->curl));
}

Test(runs, a_captured_value_goes_through_its_filters)
{
	answer("/orders", JSON_ID);
	evil_http_text(evil, "/orders/id-7", "fine");
	pass_run(&pass, base,
		"steps:\n"
		"  - {name: make, post: /orders, expect: {status: 201}, "
		"capture: "
		"{id: {jsonpath: $.id, filter: [toString, {replaceRegex: "
		"['^', id-]}]}}}\n"
		"  - {name: look, get: \"/orders/${id}\"}\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_PASS, "%.*s",
		STR_ARG(pass.run->message));
	pass_done(&pass);
	pass_run(&pass, base,
		"steps:\n"
		"  - {name: make, post: /orders, expect: {status: 201}, "
		"capture: "
		"{id: {jsonpath: $.id, filter: lower}}}\n"
		"  - {name: look, get: \"/orders/${id}\"}\n",
		NULL);
	cr_assert_eq(pass.run->reason, REASON_CAPTURE);
	cr_assert_neq(str_find(pass.run->message, STR("$.id | lower"), 0),
		SIZE_MAX, "%.*s", STR_ARG(pass.run->message));
}

#define OWN(check)                                                             \
	"steps:\n"                                                             \
	"  - {name: a, get: /a, capture: {x: {jsonpath: $.id}}}\n"             \
	"  - name: b\n"                                                        \
	"    get: /b\n"                                                        \
	"    capture: {x: $.id, y: {header: X-Id, filter: toInt}}\n"           \
	"    expect: {status: 200, json: {$.id: " check "}}\n"

Test(runs, a_check_sees_what_its_own_step_captures)
{
	answer("/a", JSON_ID);
	answer("/b", "HTTP/1.1 200 OK\r\nX-Id: 8\r\nContent-Length: 9\r\n"
		     "\r\n{\"id\": 8}");
	pass_run(&pass, base, OWN("\"${y}\""), NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_PASS, "%.*s",
		STR_ARG(pass.run->message));
	pass_done(&pass);
	pass_run(&pass, base, OWN("{gt: \"${y}\"}"), NULL);
	cr_assert_eq(pass.run->reason, REASON_ASSERT);
	pass_done(&pass);
	/* a name that was given before is what it was */
	pass_run(&pass, base, OWN("{gt: \"${x}\", lte: \"${y}\"}"), NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_PASS, "%.*s",
		STR_ARG(pass.run->message));
	pass_done(&pass);
	/* and what is not there is equal to nothing */
	answer("/b", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
		     "{\"id\": 8}");
	pass_run(&pass, base, OWN("{notEquals: \"${y}\"}"), NULL);
	cr_assert_eq(pass.run->reason, REASON_ASSERT);
}

Test(runs, a_check_sees_the_capture_of_its_own_attempt)
{
	evil_http_answer(evil, "/b", EVIL_KEEP,
		STR("HTTP/1.1 200 OK\r\nX-Id: 8\r\nContent-Length: 9\r\n"
		    "\r\n{\"id\": 7}"),
		STR_NONE);
	pass_run(&pass, base,
		"steps:\n"
		"  - name: b\n"
		"    get: /b\n"
		"    poll: {every: 10ms, for: 40ms,\n"
		"      fail_when: {json: {$.id: {lt: \"${y}\"}}}}\n"
		"    capture: {y: {header: X-Id, filter: toInt}}\n"
		"    expect: {json: {$.id: \"${y}\"}}\n",
		NULL);
	cr_assert_eq(pass.run->reason, REASON_ASSERT);
	cr_assert(str_starts(pass.run->message, STR("fail_when held")), "%.*s",
		STR_ARG(pass.run->message));
	cr_assert_eq(evil_http_connections(evil), 1);
}

Test(runs, a_multipart_body_is_sent_in_parts)
{
	evil_http_text(evil, "/x", "fine");
	pass_run(&pass, base,
		"vars: {who: Ann}\n"
		"steps:\n"
		"  - name: x\n"
		"    post: /x\n"
		"    multipart: {name: \"${who}\", 'a\"b': {value: z, type: "
		"text/csv, filename: c.csv}}\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_PASS, "%.*s",
		STR_ARG(pass.run->message));
	cr_assert(asked("/x", "content-type: multipart/form-data; "
			      "boundary=andon-"));
	cr_assert(asked("/x", "Content-Disposition: form-data; "
			      "name=\"name\"\r\n\r\nAnn\r\n--andon-"));
	cr_assert(asked("/x", "form-data; name=\"a%22b\"; "
			      "filename=\"c.csv\"\r\nContent-Type: "
			      "text/csv\r\n\r\nz\r\n--andon-"));
}

/* GraphQL says 200 and means no. */
#define GRAPHQL(path)                                                          \
	"steps:\n"                                                             \
	"  - name: x\n"                                                        \
	"    post: " path "\n"                                                 \
	"    graphql: {query: 'query q($i: ID) { a(id: $i) }', "               \
	"variables: {i: 7}, operation: q}\n"

Test(runs, a_graphql_answer_with_errors_is_no_pass)
{
	evil_http_text(evil, "/good", "{\"data\": {}, \"errors\": []}");
	evil_http_text(evil, "/bad", "{\"data\": {}, \"errors\": [{}]}");
	evil_http_text(evil, "/html", "<html>");
	pass_run(&pass, base, GRAPHQL("/good"), NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_PASS, "%.*s",
		STR_ARG(pass.run->message));
	cr_assert(asked("/good",
		"{\"query\":\"query q($i: ID) { a(id: $i) }\","
		"\"variables\":{\"i\":7},\"operationName\":\"q\"}"));
	cr_assert(asked("/good", "content-type: application/json"));
	pass_done(&pass);
	pass_run(&pass, base, GRAPHQL("/bad"), NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_FAIL);
	pass_done(&pass);
	pass_run(&pass, base, GRAPHQL("/html"), NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_FAIL);
}

/* What a filter makes of a secret is one, whatever its name. */
Test(runs, a_secret_in_disguise_is_told_nowhere)
{
	const struct step_report *s;

	setenv("ANDON_TEST_PW", "hunter2-hunter2", 1);
	answer("/x", STATUS("200"));
	pass_run(&pass, base,
		"secrets: {pw: {env: ANDON_TEST_PW}}\n"
		"steps:\n"
		"  - name: x\n"
		"    get: /x\n"
		"    capture: {plain: {variable: pw, filter: upper}}\n"
		"  - name: y\n"
		"    get: /x\n"
		"    headers: {X-Id: \"${plain}\"}\n"
		"    checks: [{variable: pw, filter: upper, equals: z}, {body: "
		", "
		"equals: \"${upper(pw)}\"}]\n",
		NULL);
	s = pass_step(&pass, "y");
	cr_assert(asked("/x", "x-id: HUNTER2-HUNTER2"));
	told(s->curl, "HUNTER2", "curl");
	for (const struct assertion *a = s->expect; a; a = a->next) {
		told(a->expected, "HUNTER2", "expected");
		told(a->actual, "HUNTER2", "actual");
	}
}

Test(runs, a_missing_secret_is_our_trouble)
{
	unsetenv("ANDON_TEST_NONE");
	evil_http_text(evil, "/x", "ok");
	pass_run(&pass, base,
		"secrets: {pw: {env: ANDON_TEST_NONE}}\n"
		"steps: [{name: x, get: /x, auth: {bearer: \"${pw}\"}}]\n",
		NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_RUNNER_ERROR);
	cr_assert_eq(pass.run->reason, REASON_SECRET);
	cr_assert_eq(evil_http_requests(evil, "/x"), 0);
}

Test(runs, the_served_version_is_read_and_two_are_mixed)
{
	char line[512];

	answer("/a", "HTTP/1.1 200 OK\r\nX-Version: 1.2\r\nContent-Length: "
		     "0\r\n\r\n");
	answer("/b", "HTTP/1.1 200 OK\r\nX-Version: 1.3\r\nContent-Length: "
		     "0\r\n\r\n");
	snprintf(line, sizeof(line),
		"version: 1\nline: l\nserved_version: {header: X-Version}\n"
		"environments: {np: {west: {base_url: '%s'}}}\n",
		base);
	pass_run_line(&pass, line, "steps: [{name: a, get: /a}]\n", NULL);
	cr_assert(str_eq(pass.run->version, STR("1.2")));
	pass_done(&pass);
	pass_run_line(&pass, line,
		"steps: [{name: a, get: /a}, {name: b, get: /b}]\n", NULL);
	cr_assert(str_eq(pass.run->version, STR("mixed")));
}

Test(runs, the_served_version_may_be_told_by_a_url)
{
	char line[512];

	evil_http_text(evil, "/version", "{\"v\": \"9.9\"}");
	evil_http_text(evil, "/a", "ok");
	snprintf(line, sizeof(line),
		"version: 1\nline: l\n"
		"served_version: {url: /version, jsonpath: $.v}\n"
		"environments: {np: {west: {base_url: '%s'}}}\n",
		base);
	pass_run_line(&pass, line, "steps: [{name: a, get: /a}]\n", NULL);
	cr_assert(str_eq(pass.run->version, STR("9.9")));
	cr_assert_eq(evil_http_requests(evil, "/version"), 1);
}
