/*
 * What `andon fmt --check` shows: the hunks of diff -u, bounded, and never
 * anything but the difference.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/arena.h"
#include "cli/fmt_diff.h"

static struct arena *arena;
static struct buf out;

static void setup(void)
{
	arena = arena_new();
	buf_init(&out, 1 << 20);
}

static void teardown(void)
{
	buf_done(&out);
	arena_free(arena);
}

TestSuite(fmt_diff, .init = setup, .fini = teardown);

static const char *diff(const char *before, const char *after)
{
	buf_clear(&out);
	diff_write(arena, str_from(before), str_from(after), &out);
	return out.len ? out.ptr : "";
}

Test(fmt_diff, of_the_same_is_nothing)
{
	cr_expect_str_eq(diff("", ""), "");
	cr_expect_str_eq(diff("a\nb\n", "a\nb\n"), "");
}

Test(fmt_diff, has_three_lines_around_a_change)
{
	cr_expect_str_eq(diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n",
				 "1\n2\n3\n4\nx\n6\n7\n8\n9\n"),
		"@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
	cr_expect_str_eq(diff("a\n", "a\nb\n"), "@@ -1 +1,2 @@\n a\n+b\n");
	cr_expect_str_eq(diff("a\nb\n", "b\n"), "@@ -1,2 +1 @@\n-a\n b\n");
	cr_expect_str_eq(diff("", "a\n"), "@@ -0,0 +1 @@\n+a\n");
	cr_expect_str_eq(diff("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
}

Test(fmt_diff, changes_that_are_near_share_a_hunk)
{
	cr_expect_str_eq(diff("a\n1\n2\n3\n4\n5\n6\nb\n",
				 "A\n1\n2\n3\n4\n5\n6\nB\n"),
		"@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
	cr_expect_str_eq(diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n",
				 "A\n1\n2\n3\n4\n5\n6\n7\nB\n"),
		"@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
		"@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

Test(fmt_diff, sees_a_last_line_without_end_and_hides_no_byte)
{
	cr_expect_str_eq(diff("a", "a\n"),
		"@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
	cr_expect_str_eq(diff("a\x1b[2J\n", "a\n"),
		"@@ -1 +1 @@\n-a\\x1B[2J\n+a\n");
}

/* Lines of one letter; whatever is written must lead from one to the other. */
static void expect_leads(const char *before, const char *after)
{
	struct str rest = str_from(diff(before, after));
	const char *b = before;
	const char *a = after;
	size_t edits = 0;

	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		unsigned from = 0;

		if (sscanf(line.ptr, "@@ -%u", &from) == 1) {
			size_t skip = from ? 2 * (from - 1U) : 0;
			bool none = str_find(line, STR(",0 +"), 0) != SIZE_MAX;

			skip += none && from ? 2 : 0;
			for (; b < before + skip; b += 2, a += 2)
				cr_assert_eq(*b, *a);
			continue;
		}
		edits += line.ptr[0] != ' ';
		if (line.ptr[0] != '+') {
			cr_assert_eq(*b, line.ptr[1]);
			b += 2;
		}
		if (line.ptr[0] != '-') {
			cr_assert_eq(*a, line.ptr[1]);
			a += 2;
		}
	}
	cr_expect_str_eq(b, a, "the rest is the same");
	cr_expect(edits == 0 || str_from(before).len != str_from(after).len ||
		  edits % 2 == 0);
}

Test(fmt_diff, leads_from_one_text_to_the_other)
{
	uint32_t seed = 7;
	char text[2][2 * 12 + 1];

	for (int round = 0; round < 3000; round++) {
		for (int s = 0; s < 2; s++) {
			size_t n;

			seed = seed * 1664525U + 1013904223U;
			n = (seed >> 16) % 12;
			for (size_t i = 0; i < n; i++) {
				seed = seed * 1664525U + 1013904223U;
				text[s][2 * i] = (char)('a' + (seed >> 16) % 3);
				text[s][2 * i + 1] = '\n';
			}
			text[s][2 * n] = '\0';
		}
		expect_leads(text[0], text[1]);
	}
}

Test(fmt_diff, is_bounded)
{
	struct buf before;
	struct buf after;

	buf_init(&before, 1 << 20);
	buf_init(&after, 1 << 20);
	for (int i = 0; i < 20000; i++) {
		buf_addf(&before, "%d\n", i);
		buf_addf(&after, "%d\n", -1 - i);
	}
	diff(before.ptr, after.ptr);
	size_t lines = 0;
	for (size_t i = 0; i < out.len; i++)
		lines += out.ptr[i] == '\n';
	cr_expect_eq(lines, DIFF_LINES_MAX + 2);
	cr_expect(str_ends(buf_str(&out), STR("... 39800 more lines\n")));
	buf_done(&before);
	buf_done(&after);
}
