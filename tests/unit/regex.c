#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/regex.h"

static struct regex *compile(const char *pattern)
{
	char why[160] = "";
	size_t at = 0;
	struct regex *r =
		regex_new(str_from(pattern), false, why, sizeof(why), &at);

	cr_assert_not_null(r, "%s: %s at %zu", pattern, why, at);
	return r;
}

static enum regex_result match(const char *pattern, struct str subject,
	struct str *ret_group)
{
	struct regex *r = compile(pattern);
	enum regex_result got =
		regex_match(r, subject, ret_group, ret_group ? 1 : 0);

	regex_free(r);
	return got;
}

static struct str filled(size_t n, char c)
{
	char *text = malloc(n + 1);

	memset(text, c, n);
	text[n] = '\0';
	return (struct str){ text, n };
}

static void drop(struct str s)
{
	free((char *)s.ptr);
}

/* clang-format off */
static const struct {
	const char *pattern, *subject;
	bool yes;
} plain[] = {
	{ "b", "abc", true }, { "^b", "abc", false }, { "c$", "abc", true },
	{ "^abc$", "abc\n", true }, { "^abc\\z", "abc\n", false },
	{ "(?m)^b$", "a\nb\nc", true }, { "a.c", "a\nc", false },
	{ "(?s)a.c", "a\nc", true }, { "", "", true }, { "^$", "", true },
	{ "$", "abc", true }, { "(?<=b)c", "abc", true }, { "B", "abc", false },
	{ "(?i)B", "abc", true }, { "^/v1/orders/[0-9a-f-]{36}$",
	  "/v1/orders/5f2b0001-77aa-4c1e-9d02-0123456789ab", true },
	{ "^.$", "\xc3\xa9", true }, { "^.$", "\xf0\x9d\x84\x9e", true },
	{ "\\p{Lu}", "\xd0\x96", true }, { "\\bab\\b", "x ab y", true },
	{ "(a)|b", "b", true }, { "[(*]", "*", true }, { "\\(*x", "x", true },
	{ "\\Q(*\\E", "(*", true }, { "(?#(*)a", "a", true },
	{ "[]G(*]", "]", true }, { "\\\\G", "\\G", true },
};
/* clang-format on */

Test(regex, plain_patterns_match)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		cr_expect_eq(match(plain[i].pattern, str_from(plain[i].subject),
				     NULL) == REGEX_YES,
			plain[i].yes, "/%s/ %s", plain[i].pattern,
			plain[i].subject);
}

Test(regex, groups_are_given_and_unset_ones_are_none)
{
	struct regex *r = compile("(\\d+)-(x)?(\\w*)");
	struct str g[6] = { STR("?"), STR("?"), STR("?"), STR("?"), STR("?"),
		STR("?") };

	cr_assert_eq(regex_groups(r), 3);
	cr_assert_eq(regex_match(r, STR("no 42-! end"), g, 6), REGEX_YES);
	cr_expect(str_eq(g[0], STR("42-")));
	cr_expect(str_eq(g[1], STR("42")));
	cr_expect_null(g[2].ptr);
	cr_expect(g[3].ptr && g[3].len == 0);
	cr_expect_null(g[4].ptr);
	g[0] = STR("kept");
	cr_assert_eq(regex_match(r, STR("none"), g, 1), REGEX_NO);
	cr_expect(str_eq(g[0], STR("kept")));
	regex_free(r);
}

Test(regex, case_is_ignored_when_asked)
{
	struct regex *r =
		regex_new(STR("\xc3\xa9T\xc3\xa9"), true, NULL, 0, NULL);

	cr_assert_not_null(r);
	cr_expect_eq(regex_match(r, STR("\xc3\x89t\xc3\xa9"), NULL, 0),
		REGEX_YES);
	regex_free(r);
}

static const struct {
	const char *pattern;
	size_t at;
} refused[] = { { "a(", 2 }, { "a\\", 2 }, { "[a", 2 }, { "*a", 0 },
	{ "a{2,1}", 5 }, { "\\C", 2 }, { "ab\\Gc", 2 }, { "(*COMMIT)a", 0 },
	{ "a(*SKIP)b", 1 }, { "\xff", 0 }, { "(?<=a+)b", 0 } };

Test(regex, what_does_not_compile_is_shown_with_its_place)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		char why[160] = "";
		size_t at = 999;
		cr_expect_null(regex_new(str_from(refused[i].pattern), false,
				       why, sizeof(why), &at),
			"%s", refused[i].pattern);
		cr_expect_neq(why[0], '\0');
		cr_expect_eq(at, refused[i].at, "%s: %s at %zu",
			refused[i].pattern, why, at);
	}
}

/*
 * Text that every match begins with is looked for first.  In a group nothing
 * is known of it: both ways have to find the same.
 */
Test(regex, a_literal_beginning_changes_nothing)
{
	static const char *const patterns[] = { "abc", "ab|c", "ab(c|d)",
		"abc?", "abc*d", "abc+", "abc{0,1}", "ab{1,2}c", "ab[|]|c",
		"ab\\|c", "ab\\Q|\\E|c", "ab(?#|)c", "ab(?x) # ( \n |c",
		"ab(?i)C|x", "ab(?|c|d)", "ab(?=c)", "ab$", "abc(?<=bc)", "ab.",
		"ab[^c]|[(]", "abc\\K", "\"ab\":", "ab\\Kc|d", "a{", "ab{x" };
	static const char *const subjects[] = { "", "a", "xxabcabd", "ab", "c",
		"abab|c", "abbc\nabC", "\xc3\xa4\"ab\":abd", "a{ab{x", "x",
		"ab\xff"
		"abc",
		"d", "ab(" };

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		char grouped[80];
		snprintf(grouped, sizeof(grouped), "(?:%s\n)", patterns[i]);
		/* a line end only where a comment would eat the bracket */
		if (!strchr(patterns[i], '#') || strstr(patterns[i], "(?#"))
			snprintf(grouped, sizeof(grouped), "(?:%s)",
				patterns[i]);
		struct regex *a =
			regex_new(str_from(patterns[i]), false, NULL, 0, NULL);
		struct regex *b =
			regex_new(str_from(grouped), false, NULL, 0, NULL);
		cr_assert(a && b, "%s", patterns[i]);
		for (size_t k = 0; k < sizeof(subjects) / sizeof(*subjects);
			k++) {
			struct str s = str_from(subjects[k]);
			struct str x = STR_NONE;
			struct str y = STR_NONE;

			cr_expect_eq(regex_match(a, s, &x, 1),
				regex_match(b, s, &y, 1), "%s on %s",
				patterns[i], subjects[k]);
			cr_expect(x.ptr == y.ptr && x.len == y.len, "%s on %s",
				patterns[i], subjects[k]);
		}
		regex_free(a);
		regex_free(b);
	}
}

Test(regex, pattern_and_parentheses_have_an_edge)
{
	struct str longest = filled(REGEX_PATTERN_MAX + 1, 'a');
	struct str parens = filled(102, '(');

	cr_expect_null(regex_new(longest, false, NULL, 0, NULL));
	longest.len--;
	struct regex *r = regex_new(longest, false, NULL, 0, NULL);
	cr_expect_not_null(r);
	regex_free(r);
	memset((char *)parens.ptr + 51, ')', 51);
	cr_expect_null(regex_new(parens, false, NULL, 0, NULL));
	r = regex_new(str_sub(parens, 1, 100), false, NULL, 0, NULL);
	cr_expect_not_null(r);
	regex_free(r);
	drop(longest);
	drop(parens);
}

static uint64_t took_ms(const char *pattern, struct str subject,
	enum regex_result wanted)
{
	uint64_t from = clock_mono_ns(&clock_system);

	cr_expect_eq(match(pattern, subject, NULL), wanted, "%s on %zu bytes",
		pattern, subject.len);
	return (clock_mono_ns(&clock_system) - from) / 1000000;
}

Test(regex, run_away_patterns_end_as_budget)
{
	struct str a421 = filled(421, 'a');
	/* With the `c` that PCRE2 looks for before it starts. */
	struct str a30 = filled(30, 'a');
	struct str mega = filled(REGEX_SUBJECT_MAX, 'a');

	memcpy((char *)a421.ptr + 419, "bc", 2);
	/* An order of magnitude above what it takes: a machine may be busy. */
	cr_expect_lt(took_ms("(?:a|a)+c", a421, REGEX_BUDGET), 1000);
	cr_expect_lt(took_ms("^(a+)+b", a421, REGEX_YES), 1000);
	cr_expect_lt(took_ms("^(a+)+[bc]", a30, REGEX_BUDGET), 1000);
	cr_expect_lt(took_ms("(.|\\n)*[bc]", mega, REGEX_BUDGET), 1000);
	cr_expect_lt(took_ms("a*a*a*[bc]", mega, REGEX_BUDGET), 1000);
	/* Under the limit at each offset, too much over all of them. */
	cr_expect_lt(took_ms("a{0,300}[bc]", mega, REGEX_BUDGET), 1000);
	cr_expect_lt(took_ms("(?:a|(?R))+[bc]", a30, REGEX_BUDGET), 1000);
	drop(a421);
	drop(a30);
	drop(mega);
}

Test(regex, simple_patterns_go_through_a_whole_subject)
{
	struct str mega = filled(REGEX_SUBJECT_MAX, 'a');
	struct str g;

	cr_expect_eq(match("b", mega, NULL), REGEX_NO);
	cr_expect_eq(match("a+$", mega, &g), REGEX_YES);
	((char *)mega.ptr)[mega.len - 1] = 'b';
	cr_expect_eq(match("b", mega, &g), REGEX_YES);
	cr_expect_eq(g.ptr, mega.ptr + mega.len - 1);
	cr_expect_eq(match("(?<=a)b\\z", mega, NULL), REGEX_YES);
	/* Tried in vain at each offset: 30 ns, 250,000 times. */
	struct str quarter = str_sub(mega, 0, REGEX_SUBJECT_MAX / 4);
	cr_expect_eq(match("\\z", quarter, &g), REGEX_YES);
	cr_expect_eq(g.len, 0);
	drop(mega);
	struct str more = filled(REGEX_SUBJECT_MAX + 1, 'a');
	cr_expect_eq(match("a", more, NULL), REGEX_BUDGET);
	drop(more);
}

/* Slices begin at powers of two: the match is put before, at and behind. */
Test(regex, the_edge_of_a_slice_is_not_seen)
{
	struct str s = filled(70000, '.');
	char *text = (char *)s.ptr;
	struct str g;

	for (size_t edge = 16384; edge <= 65536; edge *= 2) {
		for (size_t at = edge - 3; at < edge + 3; at++) {
			memcpy(text + at, "xyz", 3);
			cr_expect_eq(match("(?<=\\.)xyz", s, &g), REGEX_YES);
			cr_expect_eq(g.ptr, text + at);
			cr_expect_eq(match("(?<!\\.)yz", s, &g), REGEX_YES);
			cr_expect_eq(g.ptr, text + at + 1);
			cr_expect_eq(match("\\bxyz\\b", s, &g), REGEX_YES);
			cr_expect_eq(match("^xyz", s, &g), REGEX_NO);
			cr_expect_eq(match("(?<=x)y|q", s, &g), REGEX_YES);
			text[at - 1] = '\n';
			cr_expect_eq(match("(?m)^x", s, &g), REGEX_YES);
			cr_expect_eq(match("^x", s, &g), REGEX_NO);
			memset(text + at - 1, '.', 4);
		}
	}
	drop(s);
}

Test(regex, a_slice_never_begins_inside_a_character)
{
	struct str s = filled(40001, 'a');
	char *text = (char *)s.ptr;

	for (size_t i = 1; i + 1 < s.len; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	cr_expect_eq(match("[^a\xc3\xa9]", s, NULL), REGEX_NO);
	cr_expect_eq(match("\\x{a9}", s, NULL), REGEX_NO);
	drop(s);
}

Test(regex, the_leftmost_match_is_found_though_slices_are_cut)
{
	/* Expensive at each offset, so that slices shrink and grow. */
	struct str s = filled(3000, 'a');
	struct str g;

	memcpy((char *)s.ptr + 2000, "ab", 2);
	memcpy((char *)s.ptr + 2500, "ab", 2);
	cr_expect_eq(match("a{20,40}b", s, &g), REGEX_YES);
	cr_expect_eq(g.ptr, s.ptr + 2001 - 40);
	drop(s);
}

Test(regex, bytes_that_are_no_utf8_are_one_character_each)
{
	struct str g;

	cr_expect_eq(match("Caf. ok", STR("Caf\xe9 ok"), &g), REGEX_YES);
	cr_expect(str_eq(g, STR("Caf\xe9 ok")));
	cr_expect_eq(match("^a..\xc3\xa9$", STR("a\xff\xc3\xc3\xa9"), NULL),
		REGEX_YES);
	cr_expect_eq(match("\xc3\xa9", STR("caf\xe9"), NULL), REGEX_NO);
	cr_expect_eq(match("^x$", STR("\xff"), NULL), REGEX_NO);
}

Test(regex, a_regex_in_an_arena_ends_with_it)
{
	struct arena *a = arena_new();
	struct regex *r = regex_new_in(a, STR("a+"), false, NULL, 0, NULL);

	cr_assert_not_null(r);
	cr_expect_eq(regex_match(r, STR("aa"), NULL, 0), REGEX_YES);
	cr_expect_null(regex_new_in(a, STR("a("), false, NULL, 0, NULL));
	arena_free(a); /* LeakSanitizer is the judge */
}

/* clang-format off */
static const struct {
	const char *pattern;
	bool risky;
} shapes[] = {
	{ "(a+)+", true }, { "(a*)*", true }, { "^(a+)+$", true },
	{ "(?:a+)*b", true }, { "(a|b*)*", true }, { "(a|a)*", true },
	{ "(?:a|a)+c", true }, { "(.*)+", true }, { "(\\w+\\s?)*", true },
	{ "([a-z]+)*", true }, { "((a+))+", true }, { "(a+){2,}", true },
	{ "(a{1,50})+", true }, { "(\\p{L}+)+", true }, { "((x|y+)b?)*", true },
	{ "(?<n>a+)+", true }, { "(?i:a+)+", true },
	{ "a+", false }, { "(a+)", false }, { "(a+)?", false },
	{ "(a+b)+", false }, { "(\\w+\\.)+com", false }, { "(a|b)*", false },
	{ "(,\\s*\\d+)*", false }, { "([^\"\\\\]|\\\\.)*", false },
	{ "(a++)+", false }, { "(?>a+)+", false }, { "(?=a+)+", false },
	{ "[(a+)+]", false }, { "\\(a+\\)+", false }, { "(a+){3}", false },
	{ "\\Q(a+)+\\E", false }, { "(a{2})+", false }, { "", false },
	{ "^/v1/[0-9a-f-]{36}$", false }, { "(?:\\d{1,3}\\.){3}\\d+", false },
	{ "(", false }, { ")", false }, { "[", false }, { "\\", false },
};
/* clang-format on */

Test(regex, patterns_that_look_exponential_are_named)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		cr_expect_eq(regex_looks_exponential(
				     str_from(shapes[i].pattern)),
			shapes[i].risky, "%s", shapes[i].pattern);
}

/* clang-format off */
static const struct {
	const char *pattern, *subject;
	bool match, search;
} iregexps[] = {
	{ "a.*", "ab", true, true }, { "a.*", "xab", false, true },
	{ "b.?b", "bab", true, true }, { "b.?b", "bbab", false, true },
	{ ".", "\xe2\x80\xa8", true, true }, { ".", "\n", false, false },
	{ ".", "\r", false, false }, { ".", "\xf0\x90\x84\x81", true, true },
	{ "\\p{Lu}", "\xd0\x96", true, true },
	{ "\\p{Lu}", "\xd0\xb6", false, false },
	{ "\\P{Lu}", "\xd0\xb6", true, true },
	{ "a[.b]c", "a.c", true, true }, { "a[.b]c", "axc", false, false },
	{ "a\\.c", "a.c", true, true }, { "a\\.c", "abc", false, false },
	{ "a\\\\.c", "a\\xc", true, true }, { "a\\[.c", "a[xc", true, true },
	{ "a[\\].]c", "a]c", true, true }, { "^ab.*", "abc", true, true },
	{ "^ab.*", "xab", false, false }, { ".*bc$", "abc", true, true },
	{ ".*bc$", "abcx", false, false }, { "a", "a\n", false, true },
	{ "", "", true, true }, { "", "a", false, true },
	{ "a|b", "b", true, true }, { "(a|b)+c{2}", "abcc", true, true },
	{ "(a|b){1,2}", "abb", false, true }, { "a{2,}", "aaa", true, true },
	{ "[a-c]+", "abc", true, true }, { "[^a-c]", "d", true, true },
	{ "[-a]", "-", true, true }, { "[a-]", "-", true, true },
	{ "[^-]", "a", true, true }, { "[a^]", "^", true, true },
	{ "[\\p{Nd}x]", "7", true, true }, { "[\\n\\t]", "\n", true, true },
	{ "[$&#]", "#", true, true }, { "a,b-c/d", "a,b-c/d", true, true },
	{ "\\(\\)\\*\\+\\-\\.\\?\\[\\\\\\]\\^\\{\\|\\}", "()*+-.?[\\]^{|}",
	  true, true },
	{ "\xc3\xa9+", "\xc3\xa9\xc3\xa9", true, true }, { "a#b", "a#b", true,
	  true }, { "()", "", true, true }, { "^*a", "a", true, true },
};

static const char *const no_iregexps[] = { "\\d", "\\w", "\\s", "\\b", "\\1",
	"(a)\\1", "(?=a)", "(?:a)", "(?i)a", "a*?", "a+?", "a*+", "a**", "*a",
	"|*", "(*a)", "a{,2}", "a{", "a}", "a{1", "a{2,1}", "a{x}", "{1}", "a]",
	"[", "[]", "[]a]", "[^]", "[a", "[a-", "[a-c-e]", "[[:alpha:]]",
	"[a-\\p{L}]", "[b-a]", "[--a]", "(", ")", "(a", "a)", "\\", "\\$", "\\/",
	"\\p", "\\p{}", "\\p{Xx}", "\\p{Lu", "\\pL", "\\p{IsBasicLatin}",
	"\\x41", "\\u0041", "\\Qa\\E", "\xff", "a{70000}", "\\p{L}{", "$.a[*" };
/* clang-format on */

Test(regex, iregexps_match_and_search)
{
	for (size_t i = 0; i < sizeof(iregexps) / sizeof(*iregexps); i++) {
		struct str p = str_from(iregexps[i].pattern);
		struct str s = str_from(iregexps[i].subject);
		struct regex *whole = regex_new_iregexp(p, true);
		struct regex *part = regex_new_iregexp(p, false);
		cr_assert(whole && part, "%s", p.ptr);
		cr_expect_eq(regex_match(whole, s, NULL, 0) == REGEX_YES,
			iregexps[i].match, "match %s %s", p.ptr, s.ptr);
		cr_expect_eq(regex_match(part, s, NULL, 0) == REGEX_YES,
			iregexps[i].search, "search %s %s", p.ptr, s.ptr);
		regex_free(whole);
		regex_free(part);
	}
}

Test(regex, what_is_no_iregexp_is_refused)
{
	for (size_t i = 0; i < sizeof(no_iregexps) / sizeof(*no_iregexps); i++)
		cr_expect_null(regex_new_iregexp(str_from(no_iregexps[i]),
				       false),
			"%s", no_iregexps[i]);
}

/* --- every match -------------------------------------------------------- */

struct matches {
	struct str subject;
	struct buf out; /* "0-2 3-3 " */
	size_t most;
};

static bool note_match(void *thing, const struct str *groups)
{
	struct matches *m = thing;
	size_t at = (size_t)(groups[0].ptr - m->subject.ptr);

	buf_addf(&m->out, "%zu-%zu ", at, at + groups[0].len);
	return --m->most > 0;
}

static void expect_matches(const char *pattern, const char *subject,
	size_t most, const char *wanted)
{
	struct regex *r = regex_new(str_from(pattern), false, NULL, 0, NULL);
	struct matches m = { .subject = str_from(subject), .most = most };

	buf_init(&m.out, 4096);
	enum regex_result is = regex_each(r, m.subject, 1, note_match, &m);
	cr_expect_eq(is, *wanted ? REGEX_YES : REGEX_NO, "%s", pattern);
	cr_expect(str_eq(m.out.ptr ? buf_str(&m.out) : STR(""),
			  str_from(wanted)),
		"%s in %s: %.*s", pattern, subject, (int)m.out.len, m.out.ptr);
	buf_done(&m.out);
	regex_free(r);
}

Test(regex, each_match_is_given_once_and_an_empty_one_is_left)
{
	expect_matches("a+", "aabxaa", 9, "0-2 4-6 ");
	expect_matches("x*", "axb", 9, "0-0 1-2 3-3 ");
	expect_matches("x*", "\xc3\xa9", 9, "0-0 2-2 ");
	expect_matches("^a", "aaa", 9, "0-1 ");
	expect_matches("\\bfoo", "foofoo", 9, "0-3 ");
	expect_matches("a", "bbb", 9, "");
	expect_matches("", "", 9, "0-0 ");
	expect_matches("a", "aaaa", 2, "0-1 1-2 ");
}

Test(regex, each_match_has_one_budget_for_all)
{
	struct regex *r = regex_new(STR("(x+x+)+y|z"), false, NULL, 0, NULL);
	char subject[4096];
	struct matches m = { .subject = { subject, sizeof(subject) },
		.most = SIZE_MAX };

	memset(subject, 'x', sizeof(subject));
	subject[0] = 'z';
	buf_init(&m.out, 4096);
	cr_expect_eq(regex_each(r, m.subject, 1, note_match, &m), REGEX_BUDGET);
	buf_done(&m.out);
	regex_free(r);
}
