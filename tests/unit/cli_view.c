/*
 * What status and why say: pure functions of the facts.
 */
#include <criterion/criterion.h>

#include "cli/status_view.h"
#include "cli/why_view.h"
#include "store/store.h"

enum { NOW = 1764000000 };
#define NOW_US  (INT64_C(1000000) * NOW)
#define HOSTILE "\x1b[2J\"\\\x01\xff\n\xe2\x80\xae"
#define HAS(text)                                                              \
	cr_expect(str_find(buf_str(&out), STR(text), 0) != SIZE_MAX,           \
		"no `%s` in: %s", text, out.ptr)
#define HAS_NOT(text)                                                          \
	cr_expect(str_find(buf_str(&out), STR(text), 0) == SIZE_MAX,           \
		"`%s` in: %s", text, out.ptr)

static struct arena *arena;
static struct buf out;
static const struct line *line;
static struct facts facts;
static struct deployment deployments[3];
static struct judgement judgement;
static struct judgement_arm arms[2];
static struct deployment_region canary_region;
static struct scope_state stopped;
static struct view_style plain = { .utf8 = true };

static const char line_text[] =
	"version: 1\n"
	"line: orders\n"
	"served_version: {header: X-App-Version}\n"
	"environments:\n"
	"  prod:\n"
	"    west: {base_url: \"https://west.example.com\"}\n"
	"    east: {base_url: \"https://east.example.com\"}\n"
	"workflow:\n"
	"  - {stage: canary, deploys: prod/west}\n"
	"  - {stage: everywhere, deploys: prod/east}\n";

static void judged(void)
{
	arms[0] = (struct judgement_arm){ .region = STR("prod/west"),
		.arm = STR("canary"),
		.runs = 214,
		.failed = 31,
		.newest_us = NOW_US };
	arms[1] = (struct judgement_arm){ .region = STR("prod/east"),
		.arm = STR("control"),
		.runs = 213,
		.newest_us = NOW_US };
	judgement =
		(struct judgement){ .deployment = STR("orders/canary/9f3/1"),
			.region = STR("prod/west"),
			.detector = STR("error-rate"),
			.control = STR("regions"),
			.verdict = VERDICT_HALT,
			.rule = STR("evidence"),
			.stream = STR("errors:check"),
			.check = STR("checkout/default"),
			.evidence = 4.1e5,
			.halt_at = 143,
			.attributed = true,
			.required_s = 1800,
			.credited_s = 390,
			.arm = arms,
			.narms = 2 };
}

static void setup(void)
{
	struct diags ds;

	arena = arena_new();
	buf_init(&out, 1 << 20);
	diags_init(&ds, arena);
	line = line_parse(arena,
		source_from(arena, STR("orders.yaml"), str_from(line_text)),
		&ds);
	cr_assert_not_null(line);
	canary_region = (struct deployment_region){ .region = STR("prod/west"),
		.start_us = NOW_US - 400000000,
		.done_us = NOW_US - 392000000 };
	deployments[0] = (struct deployment){ .id = STR("orders/canary/77a/1"),
		.stage = STR("canary"),
		.version = STR("77a"),
		.state = DEPLOYMENT_ACCEPTED,
		.why = WHY_PASSED,
		.announced_us = NOW_US - 900000000,
		.since_us = NOW_US - 800000000 };
	deployments[1] = (struct deployment){ .id = STR("orders/canary/9f3/1"),
		.stage = STR("canary"),
		.version = STR("9f3"),
		.by = STR("ci#4812"),
		.state = DEPLOYMENT_STOPPED,
		.why = WHY_SMOKE_FAILURE,
		.reason = STR("place order fails in prod/west"),
		.announced_us = NOW_US - 500000000,
		.since_us = NOW_US - 1000000,
		.region = &canary_region,
		.nregions = 1 };
	deployments[2] =
		(struct deployment){ .id = STR("orders/everywhere/77a/1"),
			.stage = STR("everywhere"),
			.version = STR("77a"),
			.state = DEPLOYMENT_DEPLOYING,
			.why = WHY_VERIFYING,
			.since_us = NOW_US };
	stopped = (struct scope_state){ .scope = STR("line"),
		.by = STR("detector"),
		.reason = STR("place order fails"),
		.deployment = deployments[1].id,
		.automatic = true,
		.journaled = true,
		.since_us = NOW_US - 1000000 };
	judged();
	facts = (struct facts){ .now_us = NOW_US,
		.rev = 17,
		.line = STR("orders"),
		.scope = &stopped,
		.nscopes = 1,
		.deployment = deployments,
		.ndeployments = 3,
		.judgement = &judgement,
		.njudgements = 1 };
}

static void teardown(void)
{
	buf_done(&out);
	arena_free(arena);
}

TestSuite(view, .init = setup, .fini = teardown);

static void expect_harmless(void)
{
	uint32_t c;

	cr_assert_not(out.over);
	for (size_t at = 0; at < out.len;) {
		at += str_decode(buf_str(&out), at, &c);
		cr_assert(c != STR_BAD_POINT && (c >= 0x20 || c == '\n') &&
				  c != 0x202e,
			"U+%04X before %zu of: %s", (unsigned)c, at, out.ptr);
	}
}

static const struct json *expect_json(void)
{
	const struct json *j = json_parse(arena, buf_str(&out), NULL, NULL);

	cr_assert_not_null(j, "%s", out.ptr);
	return j;
}

Test(view, line_is_as_bad_as_its_worst_scope)
{
	cr_expect_eq(line_state_of(&facts, line), LINE_STOPPED);
	stopped.automatic = false;
	cr_expect_eq(line_state_of(&facts, line), LINE_HALTED);
	facts.nscopes = 0;
	cr_expect_eq(line_state_of(&facts, line), LINE_OPEN);
	cr_expect_eq(line_state_code(LINE_OPEN), 0);
	for (int s = 0; s < LINE_STATES; s++)
		if (s != LINE_OPEN)
			cr_expect_eq(line_state_code((enum line_state)s), 5);
}

Test(view, status_says_what_stopped_the_line_and_who_watches)
{
	status_text(&out, &facts, line, &plain, arena);
	HAS("STOPPED  line orders");
	HAS("exit 5");
	HAS("(andon why orders/canary/9f3/1)");
	HAS("9f3  stopped since");
	HAS("77a  deploying since");
	HAS("plan      none");
	HAS("runner    none is alive");
	HAS("detector  none is alive");
	HAS_NOT("\x1b");
}

Test(view, status_of_an_open_line_shows_its_leases)
{
	struct runner_lease runner = { .id = STR("uw2-a"),
		.plan_hash = STR("other"),
		.seen_us = NOW_US - 2000000 };
	struct plan_record plan = { .hash = STR("0123456789abcdef"),
		.runner = STR("uw2-a"),
		.njobs = 12,
		.at_us = NOW_US };

	facts.nscopes = 0;
	facts.runner = &runner;
	facts.nrunners = 1;
	facts.plan = &plan;
	facts.detector = (struct detector_lease){ .id = STR("d1"),
		.epoch = 7,
		.valid_until_us = NOW_US + 1 };
	status_text(&out, &facts, line, &plain, arena);
	HAS("OPEN  line orders");
	HAS("exit 0");
	HAS("with another plan: no credit");
	HAS("d1  epoch 7");
	/* A lease that ran out is nobody. */
	facts.detector.valid_until_us = NOW_US;
	buf_clear(&out);
	status_text(&out, &facts, line, &plain, arena);
	HAS("detector  none is alive");
}

Test(view, status_json_has_the_state_and_the_stages)
{
	status_json(&out, &facts, line, arena);
	const struct json *j = expect_json();
	cr_expect(str_eq(json_get_str(j, "state"), STR("stopped")));
	cr_expect_eq(json_get_i64(j, "code", -1), 5);
	cr_expect_not(json_get_bool(j, "ok", true));
	const struct json *canary = json_at(json_get(j, STR("stages")), 0);
	const struct json *list = json_get(canary, STR("deployments"));
	cr_expect_eq(list->count, 2u);
	/* The newest first. */
	cr_expect(
		str_eq(json_get_str(json_at(list, 0), "version"), STR("9f3")));
	cr_expect_eq(json_get(j, STR("plan"))->type, JSON_NULL);
}

static const char bundle_text[] =
	"{\"v\":1,\"judgement\":{},\"failures\":["
	"{\"arm\":\"control\",\"at\":\"2025-11-24T15:59:00.000Z\","
	"\"region\":\"prod/east\",\"suite\":\"checkout\",\"role\":\"default\","
	"\"step\":\"refund\",\"outcome\":\"fail\",\"status\":500},"
	"{\"arm\":\"canary\",\"at\":\"2025-11-24T15:54:16.000Z\","
	"\"region\":\"prod/west\",\"suite\":\"checkout\",\"role\":\"default\","
	"\"step\":\"place order\",\"outcome\":\"fail\",\"reason\":\"assert\","
	"\"status\":502,\"took_us\":1210000,\"trace\":\"4bf92f35\","
	"\"message\":\"status 502 != 201\","
	"\"place\":\"suites/checkout.yaml:41:7\","
	"\"curl\":\"curl -sS https://west.example.com/orders\","
	"\"body\":\"upstream connect error\"}]}";

static struct why_facts stop_facts(void)
{
	static struct audit_line audit;

	audit = (struct audit_line){ .event = STR("stop"),
		.subject = deployments[1].id,
		.by = STR("detector"),
		.at_us = NOW_US - 1000000 };
	return (struct why_facts){ .line = line,
		.facts = &facts,
		.deployment = &deployments[1],
		.bundle = json_parse(arena, str_from(bundle_text), NULL, NULL),
		.audit = &audit,
		.naudit = 1 };
}

Test(view, why_tells_a_stop_from_top_to_bottom)
{
	struct why_facts w = stop_facts();

	cr_assert_not_null(w.bundle);
	why_text(&out, &w, &plain, arena);
	HAS("stopped  orders/canary/9f3/1");
	HAS("smoke_failure: place order fails in prod/west");
	HAS("checkout/default fails in prod/west: failed in the canary 31 of "
	    "214 runs (14.5 %), in the controls 0 of 213 runs (0 %)");
	HAS("rule evidence (more failures than chance explains)");
	HAS("e = 4.1e+05, halt at 143");
	HAS("after the deployment was done");
	HAS("first     checkout/default: place order @ prod/west  fail 502");
	HAS("status 502 != 201");
	HAS("| upstream connect error");
	HAS("trace     4bf92f35");
	HAS("place     suites/checkout.yaml:41:7");
	HAS("repeat:   curl -sS https://west.example.com/orders");
	HAS("stop orders/canary/9f3/1 by detector");
	HAS("--lane fix --fixes orders/canary/9f3/1");
	HAS("andon resume line --reason TEXT --cause TEXT");
}

Test(view, why_json_is_one_object_with_the_first_failure_of_the_canary)
{
	struct why_facts w = stop_facts();

	why_json(&out, &w, arena);
	const struct json *j = expect_json();
	cr_expect(str_eq(json_get_str(j, "state"), STR("stopped")));
	cr_expect(str_eq(json_get_str(json_get(j, STR("first")), "step"),
		STR("place order")));
	cr_expect_eq(json_get(j, STR("failures"))->count, 2u);
	cr_expect_eq(json_get(j, STR("next"))->count, 2u);
	const struct json *v = json_at(json_get(j, STR("judgements")), 0);
	cr_expect_eq(json_get_double(v, "e", 0), 4.1e5);
}

Test(view, why_prefers_what_was_frozen_at_the_stop)
{
	struct why_facts w = stop_facts();
	struct judgement then = judgement;
	struct buf text;

	then.evidence = 150;
	buf_init(&text, 1 << 16);
	buf_add_z(&text, "{\"v\":1,\"judgement\":");
	judgement_write(&text, &then);
	buf_add_z(&text, ",\"failures\":[]}");
	w.bundle = json_parse(arena, buf_str(&text), NULL, NULL);
	cr_assert_not_null(w.bundle);
	why_text(&out, &w, &plain, arena);
	HAS("e = 150, halt at 143");
	HAS_NOT("4.1e+05");
	buf_done(&text);
}

/* Of two checks, and of one; then as an older detector wrote it. */
Test(view, why_tells_a_stop_by_latency)
{
	struct why_facts w = stop_facts();
	struct judgement_slow slow[] = {
		{ STR(""), STR("canary"), 600, 61, 400, 212, 101000, 420000,
			84000, 168000 },
		{ STR(""), STR("control"), 600, 58, 400, 44, 99000, 431000,
			85000, 86000 },
		{ STR("pay/default"), STR("canary"), 300, 30, 200, 100, 101000,
			101000, 60400, 120000 },
		{ STR("pay/default"), STR("control"), 300, 29, 200, 24, 99000,
			99000, 0, 0 },
	};

	w.bundle = NULL;
	judgement.stream = STR("slow90");
	judgement.check = STR("");
	judgement.slow = slow;
	judgement.nslows = 4;
	judgement.latency_unjudged = 1;
	judgement.checks = 5;
	why_text(&out, &w, &plain, arena);
	HAS("what      all checks together answer more slowly in prod/west "
	    "than in its controls\n");
	HAS("canary  212 of 400 (53 %)    61 of 600 (10.2 %)   101 ms to 420 ms"
	    "  168 ms   84 ms\n");
	HAS("control 44 of 400 (11 %)     58 of 600 (9.67 %)   99 ms to 431 ms "
	    "  86 ms    85 ms\n");
	HAS("check pay/default\n");
	HAS("control 24 of 200 (12 %)     29 of 300 (9.67 %)   99 ms\n");
	HAS("of 1 of 5 checks is not judged in every region");
	buf_clear(&out);
	slow[2].slow = 150;
	why_text(&out, &w, &plain, arena);
	HAS("what      check pay/default answers more slowly in prod/west than "
	    "in its controls\n");
	buf_clear(&out);
	judgement.nslows = 0;
	judgement.latency_unjudged = judgement.checks = 0;
	why_text(&out, &w, &plain, arena);
	HAS("what      all checks together answer more slowly in prod/west "
	    "than in its controls\n");
	HAS_NOT("not judged");
	buf_clear(&out);
	why_json(&out, &w, arena);
	const struct json *v =
		json_at(json_get(expect_json(), STR("judgements")), 0);
	cr_expect_eq(json_get(v, STR("latency"))->count, 0u);
	cr_expect_eq(json_get(v, STR("latency_unjudged"))->type, JSON_NULL);
}

Test(view, why_without_evidence_says_so)
{
	struct why_facts w = { .line = line,
		.facts = &facts,
		.deployment = &deployments[2] };

	facts.nscopes = 0;
	why_text(&out, &w, &plain, arena);
	HAS("nothing was judged yet");
	HAS("andon gate everywhere --version 77a");
	buf_clear(&out);
	why_json(&out, &w, arena);
	cr_expect_eq(json_get(expect_json(), STR("first"))->type, JSON_NULL);
}

Test(view, why_finds_a_deployment_by_what_people_know)
{
	cr_expect_eq(why_find(&facts, STR_NONE), &deployments[1]);
	cr_expect_eq(why_find(&facts, STR("orders/canary/77a/1")),
		&deployments[0]);
	cr_expect_eq(why_find(&facts, STR("9f3")), &deployments[1]);
	cr_expect_eq(why_find(&facts, STR("canary")), &deployments[1]);
	cr_expect_null(why_find(&facts, STR("9f4x")));
	cr_expect(str_eq(why_near(&facts, STR("orders/canary/9f4/1"), arena),
		STR("orders/canary/9f3/1")));
	/* An open line: the newest. */
	facts.nscopes = 0;
	cr_expect_eq(why_find(&facts, STR_NONE), &deployments[2]);
	facts.ndeployments = 0;
	cr_expect_null(why_find(&facts, STR_NONE));
}

Test(view, why_takes_the_audit_lines_that_concern_it)
{
	struct audit_line l = { .subject = STR("prod"), .at_us = NOW_US };

	cr_expect(why_concerns(&l, &deployments[1]));
	l.subject = STR("prod/west");
	cr_expect(why_concerns(&l, &deployments[1]));
	l.subject = STR("prod/east");
	cr_expect_not(why_concerns(&l, &deployments[1]));
	l.subject = STR("line");
	cr_expect(why_concerns(&l, &deployments[1]));
	l.at_us = deployments[1].announced_us - 1;
	cr_expect_not(why_concerns(&l, &deployments[1]));
	l.subject = deployments[1].id;
	cr_expect(why_concerns(&l, &deployments[1]));
}

/* Everything that a server, a pipeline or a person wrote. */
Test(view, hostile_text_stays_text_everywhere)
{
	struct str bad = STR(HOSTILE);
	struct why_facts w = stop_facts();
	struct runner_lease runner = { .id = bad, .vantage = bad };
	struct live live = { .region = bad, .version = bad };
	struct audit_line audit = { .event = bad,
		.subject = bad,
		.by = bad,
		.reason = bad };
	struct buf text;

	deployments[1].version = deployments[1].reason = bad;
	deployments[1].by = deployments[1].change = bad;
	stopped.reason = stopped.by = stopped.scope = bad;
	judgement.check = judgement.rule = judgement.stream = bad;
	judgement.waiting = judgement.missing = judgement.detector = bad;
	arms[0].region = bad;
	facts.runner = &runner;
	facts.live = &live;
	facts.nrunners = facts.nlive = 1;
	w.audit = &audit;
	buf_init(&text, 1 << 16);
	buf_add_z(&text, "{\"failures\":[{\"arm\":\"canary\",\"step\":");
	buf_add_json(&text, bad);
	buf_add_z(&text, ",\"curl\":");
	buf_add_json(&text, bad);
	buf_add_z(&text, ",\"body\":");
	buf_add_json(&text, bad);
	buf_add_z(&text, "},7,null]}");
	w.bundle = json_parse(arena, buf_str(&text), NULL, NULL);
	cr_assert_not_null(w.bundle);
	status_text(&out, &facts, line, &plain, arena);
	why_text(&out, &w, &plain, arena);
	expect_harmless();
	buf_clear(&out);
	status_json(&out, &facts, line, arena);
	expect_json();
	buf_clear(&out);
	why_json(&out, &w, arena);
	expect_json();
	buf_done(&text);
}
