#include "base/str.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define HAS(a, b) cr_assert(str_eq((a), STR(b)), "%.*s", STR_ARG(a))

Test(str, none_is_not_empty)
{
	cr_assert_null(str_from(NULL).ptr);
	cr_assert_not_null(STR("").ptr);
	cr_assert(str_eq(STR_NONE, STR("")));
	cr_assert_null(str_sub(STR_NONE, 0, 3).ptr);
}

Test(str, comparison_is_bytewise_and_shorter_comes_first)
{
	cr_assert_lt(str_cmp(STR("ab"), STR("abc")), 0);
	cr_assert_gt(str_cmp(STR("\xff"), STR("a")), 0);
	cr_assert_eq(str_cmp(STR_NONE, STR("")), 0);
	cr_assert(str_eq_nocase(STR("Content-Type"), STR("content-tYPE")));
	cr_assert_not(str_eq_nocase(STR("[a"), STR("{a")));
	cr_assert_not(str_eq_nocase(STR("\xc4"), STR("\xe4")));
}

Test(str, prefix_suffix_find)
{
	cr_assert(str_starts(STR("prod/west"), STR("prod/")));
	cr_assert_not(str_starts(STR("pr"), STR("prod")));
	cr_assert(str_ends(STR("a.yaml"), STR(".yaml")));
	cr_assert_eq(str_find(STR("abcabc"), STR("bc"), 2), 4);
	cr_assert_eq(str_find(STR("abc"), STR("d"), 0), SIZE_MAX);
	cr_assert_eq(str_find(STR("abc"), STR(""), 3), 3);
	cr_assert_eq(str_find(STR("abc"), STR("a"), 9), SIZE_MAX);
	cr_assert_eq(str_find_byte(STR_NONE, 'a', 0), SIZE_MAX);
}

Test(str, sub_is_clipped)
{
	HAS(str_sub(STR("abc"), 1, SIZE_MAX), "bc");
	cr_assert_eq(str_sub(STR("abc"), 7, 2).len, 0);
	HAS(str_trim(STR(" \t\r\n a b \n")), "a b");
	cr_assert_eq(str_trim(STR(" \n ")).len, 0);
}

Test(str, cut_gives_every_part_and_then_none)
{
	struct str rest = STR("a,,b,");

	HAS(str_cut(&rest, ','), "a");
	HAS(str_cut(&rest, ','), "");
	HAS(str_cut(&rest, ','), "b");
	cr_assert_not_null(rest.ptr);
	HAS(str_cut(&rest, ','), "");
	cr_assert_null(rest.ptr);
}

Test(str, integers_are_whole_and_in_range)
{
	uint64_t u = 7;
	int64_t i = 7;

	cr_assert(str_to_u64(STR("18446744073709551615"), &u));
	cr_assert_eq(u, UINT64_MAX);
	cr_assert_not(str_to_u64(STR("18446744073709551616"), &u));
	cr_assert_not(str_to_u64(STR(""), &u));
	cr_assert_not(str_to_u64(STR("+1"), &u));
	cr_assert_not(str_to_u64(STR("1 "), &u));
	cr_assert_eq(u, UINT64_MAX, "untouched on failure");
	cr_assert(str_to_i64(STR("-9223372036854775808"), &i));
	cr_assert_eq(i, INT64_MIN);
	cr_assert_not(str_to_i64(STR("9223372036854775808"), &i));
	cr_assert_not(str_to_i64(STR("-9223372036854775809"), &i));
	cr_assert_not(str_to_i64(STR("--1"), &i));
	cr_assert_not(str_to_i64(STR("-"), &i));
}

Test(str, doubles_are_decimal_and_finite)
{
	const char *bad[] = { "", ".", "-", "1e", "1e+", "0x10", "inf", "nan",
		" 1", "1 ", "1e999", "1,5", "--1" };
	double d = 7;

	cr_assert(str_to_double(STR("-1.5e3"), &d));
	cr_assert_eq(d, -1500);
	cr_assert(str_to_double(STR(".5"), &d) && d == 0.5);
	cr_assert(str_to_double(STR("5."), &d) && d == 5);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(str_to_double(str_from(bad[i]), &d), "%s",
			bad[i]);
	cr_assert_eq(d, 5, "untouched on failure");
}

Test(str, glob_stars_stop_at_slashes)
{
	cr_assert(str_glob(STR("*"), STR("")));
	cr_assert(str_glob(STR("prod/*"), STR("prod/west")));
	cr_assert_not(str_glob(STR("prod/*"), STR("prod/west/a")));
	cr_assert_not(str_glob(STR("*"), STR("prod/west")));
	cr_assert(str_glob(STR("*/*"), STR("prod/west")));
	cr_assert(str_glob(STR("a*b*c"), STR("a-b-b-c")));
	cr_assert_not(str_glob(STR("a*b*c"), STR("a-b-/-c")));
	cr_assert_not(str_glob(STR("a?c"), STR("a/c")));
	cr_assert(str_glob(STR("a?c"), STR("a\xc3\xa9"
					   "c")));
	cr_assert_not(str_glob(STR("a?"), STR("a")));
	cr_assert_not(str_glob(STR("a"), STR("ab")));
	cr_assert(str_glob(STR("**x"), STR("aax")));
	cr_assert_not(str_glob(STR(""), STR("a")));
	cr_assert(str_glob(STR("?*"), STR("??")));
}

Test(str, nearest_finds_one_slip_of_the_finger)
{
	struct str keys[] = { STR("status"), STR("stats"), STR("timeout"),
		STR("url"), STR("every") };

	cr_assert_eq(str_nearest(STR("stauts"), keys, 5), 0, "swapped");
	cr_assert_eq(str_nearest(STR("timeot"), keys, 5), 2, "lost");
	cr_assert_eq(str_nearest(STR("evvery"), keys, 5), 4, "doubled");
	cr_assert_eq(str_nearest(STR("utl"), keys, 5), 3);
	cr_assert_eq(str_nearest(STR("zzz"), keys, 5), SIZE_MAX);
	cr_assert_eq(str_nearest(STR("ur"), keys, 5), SIZE_MAX,
		"one of two letters is no hint");
	cr_assert_eq(str_nearest(STR("tmeoutss"), keys, 5), SIZE_MAX,
		"three edits");
	cr_assert_eq(str_nearest(STR(""), keys, 5), SIZE_MAX);
	cr_assert_eq(str_nearest(STR("a"), keys, 0), SIZE_MAX);
}

Test(str, utf8_is_strict)
{
	const char *bad[] = { "\x80", "\xc0\x80", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\xe2\x82", "\xff",
		"a\xc3(" };

	cr_assert(str_is_utf8(STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(str_is_utf8(str_from(bad[i])), "%zu", i);
	cr_assert_eq(str_codepoints(STR("a\xc3\xa9\xe2\x82\xac")), 3);
	cr_assert_eq(str_codepoints(STR("\xff\xc3")), 2);
}

Test(str, a_hex_digit_has_its_value_and_nothing_else_has_one)
{
	const char *digits = "0123456789abcdef";

	for (int c = -128; c < 128; c++) {
		char one = (char)c;
		const char *at = c > 0 ? strchr(digits, c | 0x20) : NULL;
		bool upper = c >= 'A' && c <= 'F';
		bool plain = c > 0 && strchr(digits, c);

		cr_assert_eq(str_hex_digit(one),
			plain || upper ? (int)(at - digits) : -1, "%d", c);
	}
}
