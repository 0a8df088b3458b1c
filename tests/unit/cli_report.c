/*
 * What `andon test` says of its runs: exit codes, and that nothing from
 * outside gets out of the place where it is shown.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "cli/report.h"

#define HOSTILE "\x1b[2J<&\"'>]]>\x01\xff\n\xe2\x80\xae\xef\xbf\xbf"

static const struct suite suite = { .name = { "pay\x1b[2J<&\"", 10 } };
static const struct region region = { .env = { "prod", 4 },
	.name = { "west", 4 },
	.full = { "prod/west", 9 } };
static const struct plan_role role = { .name = { "default", 7 } };
static const struct job job = { .suite = &suite,
	.region = &region,
	.role = &role,
	.row_name = { "", 0 } };

static struct buf out;
static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
	buf_init(&out, REPORT_BYTES_MAX);
}

static void teardown(void)
{
	buf_done(&out);
	arena_free(arena);
}

TestSuite(report, .init = setup, .fini = teardown);

/* One run with a step that failed, every text of it hostile. */
static struct once_result failed_result(struct str bad)
{
	static struct assertion held = { .text = { "status == 200", 13 },
		.ok = true };
	static struct assertion missed = { .next = &held };
	static struct step_report later = { .outcome = OUTCOME_SKIPPED };
	static struct attempt_report second = { .outcome = OUTCOME_FAIL,
		.reason = REASON_ASSERT,
		.status = 502 };
	static struct attempt_report first = { .next = &second,
		.outcome = OUTCOME_ERROR,
		.reason = REASON_CONNECT };
	static struct step_report step = { .next = &later,
		.outcome = OUTCOME_FAIL,
		.reason = REASON_ASSERT,
		.status = 502,
		.took_us = 1210000,
		.attempts = 2,
		.attempt = &first,
		.expect = &missed };
	static struct run_report run = { .job = &job,
		.outcome = OUTCOME_FAIL,
		.reason = REASON_ASSERT,
		.failed = &step,
		.steps = &step,
		.trace_id = { 0x4b, 0xf9 } };
	missed.text = missed.expected = missed.actual = bad;
	first.message = second.message = bad;
	step.name = step.message = step.place = step.method = step.url = bad;
	step.address = step.curl = step.body = step.type = bad;
	later.name = later.message = bad;
	run.run_id = run.version = run.message = bad;
	struct once_result r = { .runs = &run, .count = 1 };
	r.by_outcome[OUTCOME_FAIL] = 1;
	return r;
}

static struct once_result counts(size_t pass, size_t fail, size_t error,
	size_t ours, size_t skipped)
{
	return (struct once_result){ .by_outcome = { [OUTCOME_PASS] = pass,
					     [OUTCOME_FAIL] = fail,
					     [OUTCOME_ERROR] = error,
					     [OUTCOME_RUNNER_ERROR] = ours,
					     [OUTCOME_SKIPPED] = skipped } };
}

#define CODE(want, ...)                                                        \
	do {                                                                   \
		struct once_result r = counts(__VA_ARGS__);                    \
		cr_expect_eq(report_exit_code(&r), want, "%d for %s",          \
			report_exit_code(&r), #__VA_ARGS__);                   \
	} while (0)

Test(report, exit_code_is_the_worst_of_what_was_seen)
{
	CODE(0, 1, 0, 0, 0, 0);
	CODE(0, 1, 0, 0, 0, 5);
	CODE(1, 9, 1, 0, 0, 0);
	CODE(1, 9, 0, 1, 0, 0);
	CODE(1, 9, 1, 0, 1, 0);
	CODE(4, 9, 0, 0, 1, 0);
	CODE(4, 0, 0, 0, 1, 1);
}

Test(report, nothing_that_ran_is_never_a_pass)
{
	CODE(2, 0, 0, 0, 0, 0);
	CODE(2, 0, 0, 0, 0, 7);
}

Test(report, an_interrupted_pass_ends_with_its_signal)
{
	struct once_result r = counts(5, 0, 0, 0, 0);

	r.interrupted = 2;
	cr_expect_eq(report_exit_code(&r), 130);
	r.interrupted = 15;
	cr_expect_eq(report_exit_code(&r), 143);
	r.by_outcome[OUTCOME_FAIL] = 1;
	cr_expect_eq(report_exit_code(&r), 143);
}

/* Only printable characters and our own newlines. */
static void expect_harmless(struct str s)
{
	uint32_t c;

	for (size_t at = 0; at < s.len;) {
		at += str_decode(s, at, &c);
		cr_assert(c != STR_BAD_POINT && (c >= 0x20 || c == '\n') &&
				  c != 0x7f && c != 0x202e,
			"U+%04X at %zu of: %s", (unsigned)c, at, s.ptr);
	}
}

Test(report, hostile_text_can_not_drive_a_terminal)
{
	struct once_result r = failed_result(STR(HOSTILE));
	struct report_style style = { .utf8 = true, .verbose = true };

	report_text(&out, &r, &style);
	cr_assert_not(out.over);
	expect_harmless(buf_str(&out));
	cr_expect(str_find(buf_str(&out), STR("repeat: \\x1B[2J"), 0) !=
				  SIZE_MAX ||
			  str_find(buf_str(&out), STR("repeat: \\x1b[2J"), 0) !=
				  SIZE_MAX,
		"%s", out.ptr);
	cr_expect(str_find(buf_str(&out), STR("exit 1\n"), 0) != SIZE_MAX);
}

static void shows(const char *part)
{
	cr_expect_neq(str_find(buf_str(&out), str_from(part), 0), SIZE_MAX,
		"no '%s' in:\n%.*s", part, STR_ARG(buf_str(&out)));
}

Test(report, a_failure_is_shown_by_its_line_and_what_differs_below_it)
{
	struct once_result r = failed_result(STR("plain"));
	struct step_report *step = r.runs->steps;
	struct attempt_report same = *step->attempt->next;
	struct attempt_report third = same;
	struct assertion a = { .expected = STR("json {}"),
		.text = STR("$.customer json {\"name\":\"Bob Bobson of "
			    "Bobbington\"}"),
		.actual = STR("{\"name\":\"Ann Annson of Annington\"} (at "
			      "$.name: \"Ann\"; at $: `age` is missing)"),
		.note = STR("at $.name: \"Ann\"; at $: `age` is missing") };
	struct report_style style = { .utf8 = false };

	a.where.src = source_from(arena, STR("s.yaml"), STR("a\nb\ncd\n"));
	a.where.at = 4;
	a.where.end = 5;
	step->place = STR("s.yaml:3:1");
	step->expect = &a;
	step->attempt->next->next = &same;
	same.next = &third;
	third.next = NULL;
	step->attempts = 4;
	step->ttfb_us = 7000;
	step->connect_us = 2000;
	step->transfer_us = 3000;
	report_text(&out, &r, &style);
	shows("      3 | x $.customer json {\"name\"");
	shows("        |     got {\"name\":\"Ann Annson of Annington\"}\n"
	      "        |     at $.name: \"Ann\"\n"
	      "        |     at $: `age` is missing\n");
	shows("| attempt 1: error, ");
	shows("| attempts 2-4: fail 502, ");
	shows("timing dns 0 - tcp 2 - wait 7 - body 3 ms\n");
}

Test(report, text_falls_back_to_ascii)
{
	struct once_result r = failed_result(STR("plain"));
	struct report_style style = { .utf8 = false };

	report_text(&out, &r, &style);
	for (size_t i = 0; i < out.len; i++)
		cr_assert((unsigned char)out.ptr[i] < 0x80, "at %zu", i);
}

Test(report, json_is_one_object_with_the_agreed_keys)
{
	struct once_result r = failed_result(STR(HOSTILE));

	report_json(&out, &r);
	const struct json *j = json_parse(arena, buf_str(&out), NULL, NULL);
	cr_assert_not_null(j, "%s", out.ptr);
	cr_expect(str_eq(json_get_str(j, "answer"), STR("fail")));
	cr_expect_eq(json_get_i64(j, "code", -1), 1);
	cr_expect_not(json_get_bool(j, "ok", true));
	const struct json *run = json_at(json_get(j, STR("runs")), 0);
	cr_expect(str_eq(json_get_str(run, "env"), STR("prod")));
	cr_expect(str_eq(json_get_str(run, "region"), STR("west")));
	cr_expect(str_eq(json_get_str(run, "outcome"), STR("fail")));
	cr_expect(str_eq(json_get_str(run, "reason"), STR("assert")));
	const struct json *step = json_at(json_get(run, STR("steps")), 0);
	cr_expect_eq(json_get_i64(step, "status", 0), 502);
	cr_expect_eq(json_get_double(step, "took_ms", 0), 1210.0);
	cr_expect_eq(json_get_i64(step, "attempts", 0), 2);
	const struct json *try = json_get(step, STR("tries"));
	cr_expect_eq(try->count, 2u);
	cr_expect(str_eq(json_get_str(json_at(try, 0), "reason"),
		STR("connect")));
	cr_expect_eq(json_get_i64(json_at(try, 1), "status", 0), 502);
	const struct json *a = json_get(step, STR("assertions"));
	cr_expect_eq(a->count, 2u);
	cr_expect_not(json_get_bool(json_at(a, 0), "ok", true));
	cr_expect(json_get_bool(json_at(a, 1), "ok", false));
}

/*
 * Well-formed enough for a parser: tags closed in order, only the five
 * entities and decimal references, no character that XML 1.0 does not have.
 */
static size_t skip_tag(struct str s, size_t at, struct str *open, int *depth)
{
	size_t end = str_find_byte(s, '>', at);

	cr_assert_neq(end, SIZE_MAX);
	struct str tag = str_sub(s, at + 1, end - at - 1);
	bool closing = str_starts(tag, STR("/"));
	bool empty = str_ends(tag, STR("/"));
	size_t quotes = 0;
	for (size_t i = 0; i < tag.len; i++) {
		quotes += tag.ptr[i] == '"';
		cr_assert_neq(tag.ptr[i], '<');
	}
	cr_assert_eq(quotes % 2, 0u);
	struct str name = str_cut(&tag, ' ');
	if (closing) {
		cr_assert(*depth > 0);
		cr_assert(
			str_eq(open[--*depth], str_sub(name, 1, name.len - 1)));
	} else if (!empty) {
		cr_assert(*depth < 8);
		open[(*depth)++] = name;
	}
	return end + 1;
}

static void expect_xml(struct str s)
{
	struct str open[8];
	int depth = 0;
	size_t at = str_find(s, STR("?>"), 0) + 2;
	uint32_t c;

	for (size_t i = 0; i < s.len;) {
		i += str_decode(s, i, &c);
		cr_assert((c >= 0x20 || c == '\n') && c != 0xfffe &&
				  c != 0xffff && c != STR_BAD_POINT,
			"U+%04X", (unsigned)c);
	}
	while (at < s.len) {
		struct str rest = str_sub(s, at, s.len);
		if (str_starts(rest, STR("<![CDATA["))) {
			at = str_find(s, STR("]]>"), at) + 3;
		} else if (str_starts(rest, STR("<"))) {
			at = skip_tag(s, at, open, &depth);
		} else {
			cr_assert_not(str_starts(rest, STR("]]>")));
			cr_assert(rest.ptr[0] != '&' ||
				  str_starts(rest, STR("&#")) ||
				  str_starts(rest, STR("&amp;")));
			at++;
		}
	}
	cr_assert_eq(depth, 0);
}

Test(report, junit_is_well_formed_whatever_a_server_said)
{
	struct once_result r = failed_result(STR(HOSTILE));

	report_junit(&out, &r);
	cr_assert_not(out.over);
	expect_xml(buf_str(&out));
	cr_expect(str_find(buf_str(&out),
			  STR("tests=\"2\" failures=\"1\" errors=\"0\" "
			      "skipped=\"1\""),
			  0) != SIZE_MAX,
		"%s", out.ptr);
	cr_expect(
		str_find(buf_str(&out), STR("]]]]><![CDATA[>"), 0) != SIZE_MAX);
}

Test(report, junit_shows_a_run_that_failed_before_its_steps)
{
	struct run_report run = { .job = &job,
		.outcome = OUTCOME_RUNNER_ERROR,
		.reason = REASON_SECRET,
		.message = STR("secret `key` is missing") };
	struct once_result r = { .runs = &run, .count = 1 };

	r.by_outcome[OUTCOME_RUNNER_ERROR] = 1;
	report_junit(&out, &r);
	expect_xml(buf_str(&out));
	cr_expect(str_find(buf_str(&out),
			  STR("tests=\"1\" failures=\"0\" "
			      "errors=\"1\""),
			  0) != SIZE_MAX);
	cr_expect(
		str_find(buf_str(&out), STR("type=\"secret\""), 0) != SIZE_MAX);
}

Test(report, file_is_replaced_whole_or_not_at_all)
{
	char dir[] = "/tmp/andon-report-XXXXXX";
	struct err e = { 0 };
	struct stat st;

	cr_assert_not_null(mkdtemp(dir));
	struct str path = arena_printf(arena, "%s/junit.xml", dir);
	buf_add_z(&out, "first");
	cr_assert(report_file(path.ptr, &out, &e), "%s", e.text);
	cr_assert_eq(stat(path.ptr, &st), 0);
	cr_expect_eq(st.st_size, 5);
	/* A report that did not fit must not take the place of a whole one. */
	out.over = true;
	cr_expect_not(report_file(path.ptr, &out, &e));
	out.over = false;
	struct str none = arena_printf(arena, "%s/none/junit.xml", dir);
	cr_expect_not(report_file(none.ptr, &out, &e));
	cr_expect(str_find(str_from(e.text), STR("none/junit.xml"), 0) !=
		  SIZE_MAX);
	cr_assert_eq(unlink(path.ptr), 0);
	/* Nothing temporary is left. */
	cr_expect_eq(rmdir(dir), 0);
}
