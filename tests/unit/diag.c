#include "base/diag.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"

static struct arena *arena;
static struct diags ds;

static void start(void)
{
	arena = arena_new();
	diags_init(&ds, arena);
}

static void end(void)
{
	arena_free(arena);
}

TestSuite(diag, .init = start, .fini = end);

static struct source source(const char *name, const char *text)
{
	return (struct source){ str_from(name), str_from(text) };
}

/* The span of `what` in its source. */
static struct span span(const struct source *src, const char *what)
{
	size_t at = str_find(src->text, str_from(what), 0);

	cr_assert_neq(at, SIZE_MAX);
	return (struct span){ src, (uint32_t)at,
		(uint32_t)(at + strlen(what)) };
}

static void shows(const char *expected)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	diags_write(&ds, out);
	fclose(out);
	cr_assert_str_eq(text, expected);
	free(text);
}

Test(diag, looks_as_its_header_says)
{
	struct source s =
		source("suites/pay.yaml", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n "
					  "     - stauts: 200\nend\n");

	diag_add(&ds, DIAG_ERROR, E12, span(&s, "stauts"), "unknown field `%s`",
		"stauts");
	diag_hint(&ds, "did you mean `%s`?", "status");
	shows("suites/pay.yaml:12:9: error[E012]: unknown field `stauts`\n"
	      "   12 |       - stauts: 200\n"
	      "      |         ^^^^^^ did you mean `status`?\n");
	cr_assert_eq(ds.errors, 1);
}

Test(diag, warning_and_second_place)
{
	struct source s = source("a.yaml", "a: 1\nb: 2\na: 3\n");
	struct span again = { &s, 10, 11 };

	diag_add(&ds, DIAG_WARNING, W104, again, "again");
	diag_also(&ds, span(&s, "a"), "also here");
	diag_add(&ds, DIAG_HELP, 0, (struct span){ 0 }, "look it up");
	shows("a.yaml:3:1: warning[W104]: again\n"
	      "    3 | a: 3\n"
	      "      | ^\n"
	      "a.yaml:1:1: note: also here\n"
	      "    1 | a: 1\n"
	      "      | ^\n"
	      "help: look it up\n");
	cr_assert_eq(ds.errors, 0);
	cr_assert_eq(ds.warnings, 1);
}

Test(diag, without_a_place_only_the_text)
{
	diag_add(&ds, DIAG_ERROR, E6, (struct span){ 0 }, "no such file");
	diag_hint(&ds, "try %d", 7);
	shows("error[E006]: no such file; try 7\n");
}

Test(diag, columns_are_code_points)
{
	struct source s = source("a.yaml", "gr\xc3\xbc\xc3\x9f: \xe2\x82\xac"
					   "x\n");
	struct place at;

	diag_add(&ds, DIAG_ERROR, E21, span(&s, "\xe2\x82\xacx"), "t");
	span_place(ds.first->where, &at);
	cr_assert_eq(at.column, 7);
	cr_assert_eq(at.end_column, 9);
	shows("a.yaml:1:7: error[E021]: t\n"
	      "    1 | gr\xc3\xbc\xc3\x9f: \xe2\x82\xacx\n"
	      "      |       ^^\n");
}

Test(diag, tabs_are_mirrored)
{
	struct source s = source("a.yaml", "\tx\t: bad\n");

	diag_add(&ds, DIAG_ERROR, E1, span(&s, "bad"), "t");
	shows("a.yaml:1:6: error[E001]: t\n"
	      "    1 | \tx\t: bad\n"
	      "      | \t \t  ^^^\n");
}

Test(diag, crlf_is_no_part_of_the_line)
{
	struct source s = source("a.yaml", "one\r\ntwo\r\n");

	diag_add(&ds, DIAG_ERROR, E1, (struct span){ &s, 5, 10 }, "t");
	shows("a.yaml:2:1: error[E001]: t\n"
	      "    2 | two\n"
	      "      | ^^^\n");
}

Test(diag, the_end_of_the_file_is_behind_its_last_line)
{
	struct source lf = source("lf", "one\ntwo\n");
	struct source crlf = source("crlf", "one\r\ntwo\r\n");
	struct source bare = source("bare", "one\ntwo");
	struct source empty = source("empty", "");

	diag_add(&ds, DIAG_ERROR, E1, (struct span){ &lf, 8, 8 }, "t");
	diag_add(&ds, DIAG_ERROR, E1, (struct span){ &crlf, 10, 10 }, "t");
	diag_add(&ds, DIAG_ERROR, E1, (struct span){ &bare, 7, 7 }, "t");
	diag_add(&ds, DIAG_ERROR, E1, (struct span){ &empty, 0, 0 }, "t");
	diag_add(&ds, DIAG_ERROR, E1, (struct span){ &bare, 900, 950 }, "t");
#define TWO "    2 | two\n      |    ^\n"
	shows("lf:2:4: error[E001]: t\n" TWO "crlf:2:4: error[E001]: t\n" TWO
	      "bare:2:4: error[E001]: t\n" TWO "empty: error[E001]: t\n"
	      "bare:2:4: error[E001]: t\n" TWO);
}

Test(diag, a_span_over_lines_shows_its_first)
{
	struct source s = source("a", "x: one\ntwo\n");
	struct place at;

	diag_add(&ds, DIAG_ERROR, E1, (struct span){ &s, 3, 10 }, "t");
	span_place(ds.first->where, &at);
	cr_assert_eq(at.end_line, 2);
	cr_assert_eq(at.end_column, 4);
	shows("a:1:4: error[E001]: t\n"
	      "    1 | x: one\n"
	      "      |    ^^^\n");
}

Test(diag, a_long_line_is_shown_through_a_window)
{
	char line[1001];
	struct source s = { STR("a"), { line, 1000 } };
	char expected[600];

	memset(line, 'x', 1000);
	memcpy(line + 500, "BAD", 3);
	diag_add(&ds, DIAG_ERROR, E1, (struct span){ &s, 500, 503 }, "t");
	snprintf(expected, sizeof(expected),
		"a:1:501: error[E001]: t\n"
		"    1 | ...%.60sBAD%.97s...\n"
		"      |    %60s^^^\n",
		line, line, "");
	shows(expected);
}

Test(diag, a_hostile_file_can_not_reach_the_terminal)
{
	struct source s = source("a\x1b[2J", "k: \x1b[31m bad\n");

	diag_add(&ds, DIAG_ERROR, E1, span(&s, "bad"), "no \x1b]0;");
	shows("a\\x1B[2J:1:10: error[E001]: no \\x1B]0;\n"
	      "    1 | k: \\x1B[31m bad\n"
	      "      |             ^^^\n");
}

Test(diag, sorted_by_file_and_place_with_notes_kept)
{
	struct source a = source("a", "1234"), b = source("b", "1234");

	diag_add(&ds, DIAG_ERROR, E1, (struct span){ &b, 2, 3 }, "b2");
	diag_also(&ds, (struct span){ &a, 0, 1 }, "of b2");
	diag_add(&ds, DIAG_ERROR, E1, (struct span){ &a, 3, 4 }, "a3");
	diag_add(&ds, DIAG_WARNING, W101, (struct span){ &a, 1, 2 }, "a1");
	diag_add(&ds, DIAG_ERROR, E1, (struct span){ &a, 3, 4 }, "a3 too");
	diag_add(&ds, DIAG_ERROR, E1, (struct span){ 0 }, "nowhere");
	diag_add(&ds, DIAG_ERROR, E1, (struct span){ &b, 0, 1 }, "b0");
	diags_sort(&ds);
	diag_add(&ds, DIAG_ERROR, E1, (struct span){ 0 }, "last");

	const char *order[] = { "nowhere", "b0", "b2", "of b2", "a1", "a3",
		"a3 too", "last" };
	const struct diag *d = ds.first;

	for (size_t i = 0; i < 8; i++, d = d->next)
		cr_assert(str_eq(d->text, str_from(order[i])), "%zu", i);
	cr_assert_null(d);
}

Test(diag, too_many_are_counted_and_said)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (int i = 0; i < DIAGS_MAX + 7; i++) {
		diag_add(&ds, DIAG_ERROR, E1, (struct span){ 0 }, "x");
		diag_hint(&ds, "h");
	}
	diag_also(&ds, (struct span){ 0 }, "lost with its owner");
	cr_assert_eq(ds.errors, DIAGS_MAX + 7);
	diags_sort(&ds);
	diags_write(&ds, out);
	fclose(out);
	cr_assert_not_null(strstr(text, "\nnote: 7 more not shown\n"));
	cr_assert_null(strstr(text, "lost with"));
	free(text);
}

Test(diag, every_code_has_a_title_and_every_level_a_word)
{
	cr_assert_str_eq(code_title(E12), "unknown key");
	cr_assert_null(code_title(999));
	cr_assert_str_eq(diag_level_word(DIAG_HELP), "help");
}
