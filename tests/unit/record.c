#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "store/codec.h"

static struct arena *arena;
static struct buf out;

static void setup(void)
{
	arena = arena_new();
	buf_init(&out, PLAN_TEXT_MAX);
}

static void teardown(void)
{
	buf_done(&out);
	arena_free(arena);
}

TestSuite(record, .init = setup, .fini = teardown);

static void is_str(struct str got, const char *want)
{
	cr_assert(str_eq(got, str_from(want)), "got '%.*s', want '%s'",
		STR_ARG(got), want);
}

static struct result a_pass(void)
{
	struct result r = { .id = { STR("runner-1"), 1764000000, 4711 },
		.line = STR("orders"),
		.env = STR("prod"),
		.region = STR("west"),
		.vantage = STR("east"),
		.suite = STR("place-order"),
		.role = STR("public"),
		.row = STR(""),
		.deployment = STR("orders/canary/9f3c2ab/1"),
		.version = STR("9f3c2ab"),
		.started_us = 1764000123456789,
		.took_us = 84211,
		.status = 201,
		.attempts = 1,
		.dns_us = 900,
		.connect_us = 1800,
		.tls_us = 0,
		.ttfb_us = 80000,
		.transfer_us = 120,
		.step = STR("") };

	memset(r.trace_id, 0xa7, sizeof(r.trace_id));
	return r;
}

static struct result round_trip(const struct result *r)
{
	struct result back = { .line = r->line,
		.env = r->env,
		.region = r->region };

	buf_clear(&out);
	result_pack(&out, r);
	cr_assert(result_unpack(arena, buf_str(&out), &back));
	return back;
}

Test(record, a_passing_result_comes_back_whole_and_is_small)
{
	struct result r = a_pass();
	struct result b = round_trip(&r);

	cr_assert_leq(out.len, 100, "%zu bytes", out.len);
	is_str(b.id.runner, "runner-1");
	cr_assert_eq(b.id.epoch, r.id.epoch);
	cr_assert_eq(b.id.seq, 4711);
	is_str(b.suite, "place-order");
	is_str(b.role, "public");
	is_str(b.row, "");
	is_str(b.vantage, "east");
	is_str(b.version, "9f3c2ab");
	is_str(b.deployment, "orders/canary/9f3c2ab/1");
	cr_assert_eq(b.started_us, r.started_us);
	cr_assert_eq(b.took_us, r.took_us);
	cr_assert_eq(b.status, 201);
	cr_assert_eq(b.attempts, 1);
	cr_assert_eq(b.dns_us, 900);
	cr_assert_eq(b.ttfb_us, 80000);
	cr_assert_eq(b.transfer_us, 120);
	cr_assert_arr_eq(b.trace_id, r.trace_id, 16);
	cr_assert_eq(b.outcome, OUTCOME_PASS);
	cr_assert_null(b.evidence);
}

Test(record, the_head_is_the_same_from_one_result_to_the_next)
{
	struct result r = a_pass();
	struct str first, head, body;

	result_pack(&out, &r);
	cr_assert(result_split(buf_str(&out), &first, &body));
	first = arena_str(arena, first);
	buf_clear(&out);
	r.id.seq++;
	r.started_us += 1234567;
	r.took_us++;
	r.suite = STR("another");
	r.trace_id[3] = 1;
	result_pack(&out, &r);
	cr_assert(result_split(buf_str(&out), &head, &body));
	cr_assert(str_eq(first, head));
	cr_assert(str_eq(result_join(arena, head, body), buf_str(&out)));
}

Test(record, deployments_of_any_form_keep_their_name)
{
	static const char *const names[] = { "", "orders/canary/9f3c2ab/1",
		"orders/canary/9f3c2ab/01", "orders/canary/other/1",
		"orders/canary/9f3c2ab/", "orders/canary/9f3c2ab/1/2",
		"orders//9f3c2ab/7", "orders", "x", "orders/canary",
		"orders/canary/9f3c2ab/99999999999999999999" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct result r = a_pass();

		r.deployment = str_from(names[i]);
		is_str(round_trip(&r).deployment, names[i]);
	}
}

static struct evidence an_evidence(void)
{
	static const struct evidence_assertion assertion[] = {
		{ STR("status"), STR("201"), STR("502"), false },
		{ STR("$.id exists"), STR(""), STR(""), true }
	};
	static const struct evidence_header header[] = { { STR("server"),
		STR("nginx\r\n\"quoted\" \x01") } };

	return (struct evidence){ .method = STR("POST"),
		.url = STR("http://west/orders"),
		.message = STR("status 502 != 201"),
		.place = STR("suites/pay.yaml:41:7"),
		.curl = STR("curl -X POST http://west/orders"),
		.body = STR("<html>\xff</html>"),
		.assertion = assertion,
		.nassertions = 2,
		.header = header,
		.nheaders = 1 };
}

Test(record, a_failure_comes_back_with_its_evidence)
{
	struct evidence e = an_evidence();
	struct result r = a_pass();
	struct result b;

	r.outcome = OUTCOME_FAIL;
	r.reason = REASON_ASSERT;
	r.step = STR("place order");
	r.attempts = 3;
	r.flaky = true;
	r.maintenance = true;
	r.late_us = 1200;
	r.evidence = &e;
	b = round_trip(&r);
	cr_assert_eq(b.outcome, OUTCOME_FAIL);
	cr_assert_eq(b.reason, REASON_ASSERT);
	cr_assert(b.flaky && b.maintenance && !b.degraded);
	cr_assert_eq(b.attempts, 3);
	cr_assert_eq(b.late_us, 1200);
	is_str(b.step, "place order");
	cr_assert_not_null(b.evidence);
	cr_assert_eq(b.evidence->nassertions, 2);
	is_str(b.evidence->assertion[0].actual, "502");
	cr_assert(b.evidence->assertion[1].ok);
	is_str(b.evidence->header[0].value, "nginx\r\n\"quoted\" \x01");
	is_str(b.evidence->curl, "curl -X POST http://west/orders");
}

Test(record, huge_evidence_loses_its_body_before_its_message)
{
	struct evidence e = an_evidence();
	char *body = xmalloc(400000);
	struct result r = a_pass();
	struct result b;

	memset(body, 'x', 400000);
	e.body = (struct str){ body, 400000 };
	r.outcome = OUTCOME_FAIL;
	r.evidence = &e;
	b = round_trip(&r);
	is_str(b.evidence->message, "status 502 != 201");
	is_str(b.evidence->body, "");
	cr_assert_eq(b.evidence->nassertions, 2);
	e.curl = e.body;
	b = round_trip(&r);
	is_str(b.evidence->message, "status 502 != 201");
	is_str(b.evidence->curl, "");
	free(body);
}

Test(record, every_outcome_and_reason_keeps_its_number)
{
	for (int o = 0; o < OUTCOMES; o++) {
		enum outcome back;

		cr_assert(outcome_from_token(str_from(outcome_token(
						     (enum outcome)o)),
			&back));
		cr_assert_eq((int)back, o);
	}
	for (int i = 0; i < REASONS; i++) {
		struct result r = a_pass();
		enum reason back;

		r.reason = (enum reason)i;
		r.outcome = reason_outcome(r.reason);
		cr_assert_eq((int)round_trip(&r).reason, i);
		cr_assert(reason_from_token(str_from(reason_token(
						    (enum reason)i)),
			&back));
		cr_assert_eq((int)back, i);
	}
	/* what entries of released versions hold: never to be renumbered */
	cr_assert_eq(OUTCOME_LATE, 5);
	cr_assert_eq(REASON_TIMEOUT, 6);
	cr_assert_eq(REASON_SETUP, 11);
	cr_assert_eq(REASON_FDS, 12);
	cr_assert_eq(REASON_DISK, 19);
	cr_assert_eq(REASON_AUTH, 20);
	cr_assert_eq(REASON_COMPARE, 21);
	cr_assert_eq(REASON_STARTTLS, 22);
}

Test(record, a_truncated_result_is_refused_at_every_byte)
{
	struct evidence e = an_evidence();
	struct result r = a_pass();
	size_t whole_without_tail;

	buf_clear(&out);
	result_pack(&out, &r);
	whole_without_tail = out.len;
	r.evidence = &e;
	r.outcome = OUTCOME_FAIL;
	buf_clear(&out);
	result_pack(&out, &r);
	for (size_t n = 0; n < out.len; n++) {
		struct result b = { .line = STR("orders") };
		bool ok = result_unpack(arena, (struct str){ out.ptr, n }, &b);

		cr_assert_eq(ok, n == whole_without_tail, "%zu bytes", n);
	}
}

Test(record, an_unknown_tail_is_skipped_an_unknown_major_refused)
{
	struct result r = a_pass();
	struct result b = { .line = STR("orders") };

	result_pack(&out, &r);
	buf_add(&out, STR("\x63\x03new"));
	cr_assert(result_unpack(arena, buf_str(&out), &b));
	cr_assert_eq(b.id.seq, 4711);
	out.ptr[1] = 2; /* after the length of the head */
	cr_assert_not(result_unpack(arena, buf_str(&out), &b));
}

Test(record, a_deployment_comes_back_whole)
{
	struct deployment_region region[] = { { STR("prod/west"), 1, 2, 0, 4,
						      5 },
		{ STR("prod/east"), 0, 0, 7, 0, 0 } };
	struct approval approval = { STR("ann"), STR("it \"is\" fine"), 9 };
	struct deployment d = { .id = STR("orders/canary/9f3c2ab/1"),
		.stage = STR("canary"),
		.version = STR("9f3c2ab"),
		.attempt = 4294967295u,
		.lane = LANE_ROLLBACK,
		.state = DEPLOYMENT_HALTED,
		.before_halt = DEPLOYMENT_SOAKING,
		.why = WHY_CONTROL_SICK,
		.reason = STR("na\xc3\xafve\n"),
		.announced_us = INT64_MAX,
		.final_us = -1,
		.rev = UINT64_MAX,
		.region = region,
		.nregions = 2,
		.approval = &approval,
		.napprovals = 1 };
	struct deployment b;

	deployment_write(&out, &d);
	cr_assert(deployment_read(arena, buf_str(&out), &b));
	is_str(b.id, "orders/canary/9f3c2ab/1");
	cr_assert_eq(b.attempt, 4294967295u);
	cr_assert_eq(b.lane, LANE_ROLLBACK);
	cr_assert_eq(b.state, DEPLOYMENT_HALTED);
	cr_assert_eq(b.before_halt, DEPLOYMENT_SOAKING);
	cr_assert_eq(b.why, WHY_CONTROL_SICK);
	is_str(b.reason, "na\xc3\xafve\n");
	cr_assert_eq(b.announced_us, INT64_MAX);
	cr_assert_eq(b.final_us, -1);
	cr_assert_eq(b.rev, UINT64_MAX);
	cr_assert_eq(b.nregions, 2);
	is_str(b.region[1].region, "prod/east");
	cr_assert_eq(b.region[1].failed_us, 7);
	cr_assert_eq(b.region[0].t0_us, 5);
	is_str(b.approval[0].reason, "it \"is\" fine");
	is_str(b.cause, "");
}

Test(record, a_judgement_keeps_its_numbers_to_the_bit)
{
	struct judgement_arm arm = { STR("prod/west"), STR("canary"), 1452, 2,
		77 };
	struct judgement_slow slow[] = {
		{ STR("pay"), STR("canary"), 600, 61, UINT64_MAX, 212, 101000,
			420000, 84000, 168000 },
		{ .check = STR("pay"), .arm = STR("control") },
	};
	struct judgement j = { .deployment = STR("d"),
		.region = STR("prod/west"),
		.verdict = VERDICT_HALT,
		.slow = slow,
		.nslows = 2,
		.latency_unjudged = 3,
		.checks = 20000,
		.evidence = 0.1 + 0.2,
		.halt_at = INFINITY,
		.canary_rate = NAN,
		.baseline_rate = DBL_MIN,
		.excluded_rise = -0.0021,
		.pending = true,
		.arm = &arm,
		.narms = 1,
		.min_runs_left = 12 };
	struct judgement b;

	judgement_write(&out, &j);
	cr_assert(judgement_read(arena, buf_str(&out), &b));
	cr_assert_eq(b.verdict, VERDICT_HALT);
	cr_assert_eq(b.evidence, 0.1 + 0.2);
	cr_assert_eq(b.halt_at, DBL_MAX);
	cr_assert(isnan(b.canary_rate), "unknown must not become 0");
	cr_assert_eq(b.baseline_rate, DBL_MIN);
	cr_assert_eq(b.excluded_rise, -0.0021);
	cr_assert(b.pending && !b.held);
	cr_assert_eq(b.arm[0].runs, 1452);
	cr_assert_eq(b.min_runs_left, 12);
	cr_assert_eq(b.nslows, 2);
	is_str(b.slow[0].check, "pay");
	is_str(b.slow[0].arm, "canary");
	cr_assert_eq(b.slow[0].before, 600);
	cr_assert_eq(b.slow[0].slow_before, 61);
	cr_assert_eq(b.slow[0].since, UINT64_MAX);
	cr_assert_eq(b.slow[0].slow, 212);
	cr_assert_eq(b.slow[0].limit_low_us, 101000);
	cr_assert_eq(b.slow[0].limit_high_us, 420000);
	cr_assert_eq(b.slow[0].median_before_us, 84000);
	cr_assert_eq(b.slow[0].median_us, 168000);
	cr_assert_eq(b.slow[1].median_us, 0);
	cr_assert_eq(b.latency_unjudged, 3);
	cr_assert_eq(b.checks, 20000);
}

Test(record, a_judgement_of_before_latency_was_told_is_read)
{
	struct judgement j;

	cr_assert(judgement_read(arena,
		STR("{\"v\":1,\"deployment\":\"d\",\"region\":\"prod/west\","
		    "\"verdict\":\"halt\",\"rule\":\"evidence\","
		    "\"stream\":\"slow90\",\"evidence\":150,\"arm\":[{"
		    "\"region\":\"prod/west\",\"arm\":\"canary\","
		    "\"runs\":7}]}"),
		&j));
	is_str(j.stream, "slow90");
	cr_assert_eq(j.arm[0].runs, 7);
	cr_assert_eq(j.nslows, 0);
	cr_assert_eq(j.checks, 0, "not told is not 0 of so many");
	cr_assert_not(judgement_read(arena,
		STR("{\"v\":1,\"slow\":[{\"slow\":-1}]}"), &j));
	cr_assert_not(judgement_read(arena, STR("{\"v\":1,\"slow\":7}"), &j));
}

Test(record, a_plan_of_many_jobs_comes_back_whole)
{
	enum { JOBS = 10000 };
	struct plan_job *job = xcalloc(JOBS, sizeof(*job));
	struct str tags[] = { STR("critical"), STR("pay") };
	struct plan_record p = { .hash = STR("h"), .job = job, .njobs = JOBS };
	struct plan_record b;

	for (size_t i = 0; i < JOBS; i++)
		job[i] = (struct plan_job){ .suite = STR("s"),
			.region = STR("prod/west"),
			.every_ms = i,
			.block = i % 2,
			.tag = tags,
			.ntags = i % 3 };
	plan_write(&out, &p);
	cr_assert(plan_read(arena, buf_str(&out), &b));
	cr_assert_eq(b.njobs, JOBS);
	cr_assert_eq(b.job[9999].every_ms, 9999);
	cr_assert(b.job[9999].block);
	cr_assert_eq(b.job[9998].ntags, 2);
	is_str(b.job[9998].tag[1], "pay");
	free(job);
}

Test(record, records_of_the_wrong_form_are_refused)
{
	static const char *const bad[] = { "", "{", "[]", "{}", "null",
		"{\"v\":2}", "{\"v\":\"1\"}", "{\"v\":1,\"id\":7}",
		"{\"v\":1,\"attempt\":-1}", "{\"v\":1,\"attempt\":4294967296}",
		"{\"v\":1,\"attempt\":\"1\"}", "{\"v\":1,\"rev\":1.5}",
		"{\"v\":1,\"state\":\"cheerful\"}", "{\"v\":1,\"state\":3}",
		"{\"v\":1,\"region\":{}}", "{\"v\":1,\"region\":[1]}",
		"{\"v\":1,\"region\":[{\"region\":null}]}" };
	struct deployment d;
	struct judgement j;
	struct scope_state s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(deployment_read(arena, str_from(bad[i]), &d),
			"%s", bad[i]);
	cr_assert_not(judgement_read(arena,
		STR("{\"v\":1,\"evidence\":\"big\"}"), &j));
	cr_assert_not(
		judgement_read(arena, STR("{\"v\":1,\"pending\":0}"), &j));
	cr_assert_not(scope_read(arena, STR("{\"v\":1,\"since_us\":1e3}"), &s));
	cr_assert(scope_read(arena,
		STR("{\"v\":1,\"scope\":\"prod\",\"new\":[{\"a\":1}]}"), &s));
	is_str(s.scope, "prod");
	is_str(s.reason, "");
}
