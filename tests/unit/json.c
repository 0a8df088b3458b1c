#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

TestSuite(json, .init = setup, .fini = teardown);

/*
 * From an exact copy on the heap, so that ASan sees a read past the end; the
 * copy is gone before the tree is looked at: nothing may point into it.
 */
static const struct json *parse(struct str text, struct json_error *e)
{
	char *copy = malloc(text.len ? text.len : 1);

	memcpy(copy, text.ptr, text.len);
	const struct json *j =
		json_parse(arena, (struct str){ copy, text.len }, NULL, e);
	free(copy);
	return j;
}

static const struct json *parse_z(const char *z)
{
	struct json_error e = { 0, NULL };
	const struct json *j = parse(str_from(z), &e);

	cr_assert_not_null(j, "%s: %s at %zu", z, e.text, e.at);
	return j;
}

static void assert_writes(const char *text, const char *wanted)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	json_write(&out, parse_z(text));
	cr_assert_str_eq(out.ptr, wanted, "%s became %s", text, out.ptr);
	buf_done(&out);
}

struct bytes {
	struct str text;
	size_t at; /* of the error */
};

/* clang-format off */
#define S(literal) { STR(literal), 0 }
#define BAD(literal, at_) { STR(literal), at_ }

static const struct bytes valid[] = {
	/* the values */
	S("null"), S("true"), S("false"), S("0"), S("\"\""), S("[]"), S("{}"),
	S("\"a\""), S("42"), S("-1"), S(" \t\r\n1 \t\r\n"), S("\n[\n]\n"),
	/* numbers */
	S("-0"), S("0.0"), S("-0.0"), S("0e0"), S("0E+1"), S("0e-1"), S("10"),
	S("1.5"), S("1e2"), S("1E2"), S("1e+2"), S("1e-2"), S("1.5e300"),
	S("123.456e-789"), S("1e999999"), S("20e1"), S("0e+12345678901234567890"),
	S("-123123123123123123123123123123"), S("0.4e006699999999999999"),
	S("100000000000000000000000000000000000000"),
	S("0.00000000000000000000000000000000000000000000000001"),
	S("[123e65]"), S("[-237462374673276894279832749832423479823246327846]"),
	/* strings */
	S("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), S("\"\\u0000\""), S("\"\\u0041\""),
	S("\"\\u00e9\""), S("\"\\u20AC\""), S("\"\\uD834\\uDD1E\""),
	S("\"\\uDBFF\\uDFFF\""), S("\"\\uFFFF\""), S("\"\\uFDD0\""),
	S("\"\\u2028\\u2029\""), S("\"\x7f\""), S("\"/\""), S("\"'\""),
	S("\"\xc3\xa9\""), S("\"\xe2\x82\xac\""), S("\"\xf0\x9d\x84\x9e\""),
	S("\"\xef\xbf\xbf\""), S("\"\xf4\x8f\xbf\xbf\""), S("\"\xef\xbb\xbf\""),
	S("\"\xed\x9f\xbf\""), S("\"\xee\x80\x80\""), S("\"\xe0\xa0\x80\""),
	S("\"\xf0\x90\x80\x80\""), S("\"\xc2\x80\""), S("\"a/*b*/c/*d//e\""),
	S("\"0123456789abcdef0123456789abcdef\""), S("\"01234567\\n89abcdef\""),
	S("\"\\\\u0041\""), S("\"[{]}\""), S("\"\\ud83d\\ude39\\ud83d\\udc8d\""),
	/* arrays */
	S("[1]"), S("[1,2]"), S("[ 1 , 2 ]"), S("[[]]"), S("[[],[]]"),
	S("[[[[[[]]]]]]"), S("[null,1,\"1\",{}]"), S("[1,null,null,null,2]"),
	S("[true]"), S("[\"\"]"), S("[\n1\n,\n2\n]"), S("[[] ]"),
	/* objects */
	S("{\"\":0}"), S("{\"a\":1}"), S("{\"a\":1,\"b\":2}"), S("{\"a\":{}}"),
	S("{ \"a\" : [ ] }"), S("{\"a\":1,\"a\":2}"), S("{\"a\":1,\"a\":1}"),
	S("{\"\\u0000\":1}"), S("{\"a\":[{\"b\":[{}]}]}"), S("{\n\"a\":\"b\"\n}"),
	S("{\"a\\nb\":null}"), S("{\"\xc3\xa9\":\"\xc3\xa9\"}"),
};

static const struct bytes invalid[] = {
	/* nothing, and more than one value */
	BAD("", 0), BAD(" ", 1), BAD("\n\t ", 3), BAD("1 2", 2), BAD("[] []", 3),
	BAD("{}}", 2), BAD("[]]", 2), BAD("\"a\" x", 4), BAD("1]", 1),
	BAD("null,", 4), BAD("{}/**/", 2), BAD("{}//", 2), BAD("{}#", 2),
	BAD("[1]x", 3), BAD("2@", 1), BAD("[]\0", 2), BAD("\0", 0),
	/* byte order marks and other encodings */
	BAD("\xef\xbb\xbf{}", 0), BAD("\xef\xbb\xbf", 0), BAD("\xef\xbb{}", 0),
	BAD("\xff\xfe[\0]\0", 0), BAD("\xc3\xa9", 0), BAD("\xe2\x81\xa0[]", 0),
	/* words */
	BAD("nul", 0), BAD("nulL", 0), BAD("True", 0), BAD("TRUE", 0),
	BAD("tru", 0), BAD("fals", 0), BAD("falsy", 0), BAD("truex", 4),
	BAD("NaN", 0), BAD("-NaN", 1), BAD("Infinity", 0), BAD("-Infinity", 1),
	BAD("undefined", 0), BAD("nan", 0), BAD("abc", 0), BAD("*", 0),
	BAD("'a'", 0), BAD("<null>", 0), BAD("[nul]", 1), BAD("\x0c[]", 0),
	BAD("[\x0b]", 1), BAD("\xc2\xa0[]", 0), BAD("[\xc2\xa0]", 1),
	/* numbers */
	BAD("-", 1), BAD("+1", 0), BAD("01", 0), BAD("-01", 1), BAD("00", 0),
	BAD("-00", 1), BAD("1.", 2), BAD(".5", 0), BAD("-.5", 1), BAD("1.e1", 2),
	BAD("1e", 2), BAD("1e+", 3), BAD("1E-", 3), BAD("1e1.5", 3), BAD("0x1", 1),
	BAD("1a", 1), BAD("--1", 1), BAD("1-1", 1), BAD("1_000", 1), BAD("0.e1", 2),
	BAD("0e", 2), BAD("[1+2]", 2), BAD("[- 1]", 2), BAD("[012]", 1),
	BAD("[1.]", 3), BAD("[1 000]", 3), BAD("1e\xe5", 2), BAD("0.1.2", 3),
	BAD("9.3e+", 5), BAD("0 1", 2), BAD("\xef\xbc\x91", 0),
	/* strings */
	BAD("\"", 1), BAD("\"a", 2), BAD("\"\\", 2), BAD("\"\\\"", 3),
	BAD("\"\\a\"", 1), BAD("\"\\x00\"", 1), BAD("\"\\'\"", 1),
	BAD("\"\\\0\"", 1), BAD("\"\\u\"", 1), BAD("\"\\u00\"", 1),
	BAD("\"\\u00A\"", 1), BAD("\"\\u00G0\"", 1), BAD("\"\\U0041\"", 1),
	BAD("\"\\u+041\"", 1), BAD("\"\t\"", 1), BAD("\"\n\"", 1),
	BAD("\"\0\"", 1), BAD("\"\x1f\"", 1), BAD("\"12345678\x1f\"", 9),
	BAD("\"\\ud800\"", 1), BAD("\"\\udc00\"", 1), BAD("\"\\ud800\\n\"", 1),
	BAD("\"\\ud800abc\"", 1), BAD("\"\\ud800\\u0041\"", 1),
	BAD("\"\\ud800\\ud800\"", 1), BAD("\"\\udd1e\\ud834\"", 1),
	BAD("\"\\ud834\\udd\"", 1), BAD("\"\\ud834\\\"", 1), BAD("\"\\u12", 1),
	BAD("\"a\\", 3), BAD("\"\\\xe9\"", 1),
	/* UTF-8 */
	BAD("\"\x80\"", 1), BAD("\"\xbf\"", 1), BAD("\"\xc0\xaf\"", 1),
	BAD("\"\xc1\xbf\"", 1), BAD("\"\xc3\"", 1), BAD("\"\xc3", 1),
	BAD("\"\xe9\"", 1), BAD("\"\xe0\x80\xaf\"", 1), BAD("\"\xe2\x82\"", 1),
	BAD("\"\xed\xa0\x80\"", 1), BAD("\"\xed\xbf\xbf\"", 1),
	BAD("\"\xf0\x80\x80\xaf\"", 1), BAD("\"\xf0\x9d\x84\"", 1),
	BAD("\"\xf4\x90\x80\x80\"", 1), BAD("\"\xf5\x80\x80\x80\"", 1),
	BAD("\"\xf8\x88\x80\x80\x80\"", 1), BAD("\"\xfe\"", 1), BAD("\"\xff\"", 1),
	BAD("\"12345678\xff\"", 9), BAD("{\"\xb9\":0}", 2), BAD("[\xff]", 1),
	/* arrays */
	BAD("[", 1), BAD("[1", 2), BAD("[1,", 3), BAD("[1,]", 3), BAD("[,]", 1),
	BAD("[,1]", 1), BAD("[1,,2]", 3), BAD("[1 2]", 3), BAD("[1:2]", 2),
	BAD("[\"a\":1]", 4), BAD("[}", 1), BAD("[1}", 2), BAD("]", 0),
	BAD("[\"a\" \"b\"]", 5), BAD("[\"a\",\n4\n,1,", 11), BAD("[3[4]]", 2),
	BAD("[*]", 1), BAD("[\"\",]", 4), BAD("[[]", 3), BAD("[1,\n1\n,1", 8),
	BAD("[\"a", 3), BAD("[x", 1), BAD("[][]", 2), BAD("[;]", 1),
	/* objects */
	BAD("{", 1), BAD("{]", 1), BAD("}", 0), BAD("{\"a\"", 4), BAD("{\"a\":", 5),
	BAD("{\"a\":1", 6), BAD("{\"a\":1,", 7), BAD("{\"a\":1,}", 7),
	BAD("{,}", 1), BAD("{\"a\"}", 4), BAD("{\"a\" 1}", 5), BAD("{a:1}", 1),
	BAD("{'a':1}", 1), BAD("{1:1}", 1), BAD("{null:1}", 1), BAD("{\"a\":}", 5),
	BAD("{\"a\"::1}", 5), BAD("{\"a\":1,,\"b\":2}", 7), BAD("{\"a\",1}", 4),
	BAD("{\"a\":1 \"b\":2}", 7), BAD("{[]:1}", 1), BAD("{\"a\":1]", 6),
	BAD("{\"a\":/**/1}", 5), BAD("{\"a\":1,\"b\"}", 10), BAD("{:1}", 1),
	BAD("{\"a\":'b'}", 5), BAD("{\"a\":1}{", 7), BAD("{\"a", 3), BAD("{{}}", 1),
	BAD("{\"a\":[}", 6), BAD("[{\"a\":1],2", 7),
};
/* clang-format on */

Test(json, valid_texts_are_read)
{
	for (size_t i = 0; i < sizeof(valid) / sizeof(*valid); i++) {
		struct json_error e = { 0, NULL };
		cr_expect_not_null(parse(valid[i].text, &e), "%.*s: %s at %zu",
			STR_ARG(valid[i].text), e.text, e.at);
	}
}

Test(json, invalid_texts_are_refused_where_they_go_wrong)
{
	for (size_t i = 0; i < sizeof(invalid) / sizeof(*invalid); i++) {
		struct json_error e = { 999, NULL };
		cr_expect_null(parse(invalid[i].text, &e), "%.*s",
			STR_ARG(invalid[i].text));
		cr_expect_not_null(e.text);
		cr_expect_eq(e.at, invalid[i].at, "%.*s: %s at %zu, not %zu",
			STR_ARG(invalid[i].text), e.text, e.at, invalid[i].at);
	}
}

Test(json, every_prefix_of_a_text_is_refused)
{
	struct str whole = STR("{\"a\": [1.5e3, true, \"x\\u00e9\\ud834\\udd1e"
			       "\xe2\x82\xac\", {}], \"b\": null}");

	for (size_t n = 0; n < whole.len; n++)
		cr_expect_null(parse(str_sub(whole, 0, n), NULL), "%zu", n);
	cr_expect_not_null(parse(whole, NULL));
}

Test(json, the_tree_says_what_was_written)
{
	const struct json *o = parse_z(" {\"id\": 7, \"list\": [true, null, "
				       "\"x\"], \"o\": {\"deep\": 1.50}} ");

	cr_assert_eq(o->type, JSON_OBJECT);
	cr_assert_eq(o->count, 3);
	cr_assert_eq(o->at, 1);
	const struct json *list = json_get(o, STR("list"));
	cr_assert_eq(list->type, JSON_ARRAY);
	cr_assert_eq(list->count, 3);
	cr_assert_eq(list->up, o);
	cr_assert_eq(list->at, 19);
	cr_assert_eq(json_at(list, 0)->type, JSON_TRUE);
	cr_assert_eq(json_at(list, 1)->type, JSON_NULL);
	cr_assert_eq(list->last, json_at(list, 2));
	cr_assert_null(json_at(list, 3));
	cr_assert_null(json_at(o, 0));
	cr_assert_null(json_get(list, STR("list")));
	cr_assert_null(json_get(o, STR("lis")));
	cr_assert_null(json_get(NULL, STR("list")));
	const struct json *deep = json_get(json_get(o, STR("o")), STR("deep"));
	cr_assert_str_eq(deep->text.ptr, "1.50");
	cr_assert_eq(deep->text.len, 4);
	cr_assert_str_eq(deep->key.ptr, "deep");
}

Test(json, strings_are_unescaped)
{
	const struct json *j =
		parse_z("\"\\\"\\\\\\/"
			"\\b\\f\\n\\r\\t\\u0000\\u00e9\\u20ac\\uD834\\uDD1E!"
			"\"");
	struct str wanted = STR("\"\\/\b\f\n\r\t\0\xc3\xa9\xe2\x82\xac"
				"\xf0\x9d\x84\x9e!");

	cr_assert(str_eq(j->text, wanted));
	cr_assert_eq(j->text.ptr[j->text.len], '\0');
}

Test(json, every_length_around_a_word_is_read)
{
	char text[64];

	for (size_t n = 0; n < 40; n++) {
		for (size_t quote = 0; quote <= n; quote++) {
			text[0] = '"';
			memset(text + 1, 'x', n);
			text[n + 1] = '"';
			if (quote < n)
				text[1 + quote] = '\x1f';
			const struct json *j =
				parse((struct str){ text, n + 2 }, NULL);
			cr_assert_eq(j != NULL, quote == n, "%zu %zu", n,
				quote);
			cr_assert(!j || j->text.len == n);
		}
	}
}

Test(json, duplicate_names_stay_and_the_last_one_is_given)
{
	const struct json *o = parse_z("{\"a\":1,\"b\":2,\"a\":3}");

	cr_assert_eq(o->count, 3);
	cr_assert_str_eq(json_get(o, STR("a"))->text.ptr, "3");
	assert_writes("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":1,\"b\":2,\"a\":3}");
}

Test(json, limits_hold_at_their_edge)
{
	char deep[2 * 129 + 1];
	struct json_error e;
	struct json_limits few = { 2, 4, 12 };

	memset(deep, '[', 128);
	memset(deep + 128, ']', 128);
	cr_assert_not_null(parse((struct str){ deep, 256 }, &e));
	memset(deep, '[', 129);
	memset(deep + 129, ']', 129);
	cr_assert_null(parse((struct str){ deep, 258 }, &e));
	cr_assert_eq(e.at, 128);
	cr_assert_not_null(json_parse(arena, STR("[1,2,[]]"), &few, &e));
	cr_assert_null(json_parse(arena, STR("[1,2,3,4]"), &few, &e));
	cr_assert_null(json_parse(arena, STR("[[[]]]"), &few, &e));
	cr_assert_not_null(json_parse(arena, STR("[[],[],[]]"), &few, &e));
	cr_assert_not_null(json_parse(arena, STR("\"0123456789\""), &few, &e));
	cr_assert_null(json_parse(arena, STR("\"01234567890\""), &few, &e));
}

Test(json, a_bomb_of_brackets_ends_at_once)
{
	size_t n = 1 << 20;
	char *bomb = malloc(n);

	memset(bomb, '[', n);
	cr_assert_null(parse((struct str){ bomb, n }, NULL));
	free(bomb);
}

Test(json, typed_getters_take_no_other_type)
{
	const struct json *o =
		parse_z("{\"s\":\"x\",\"i\":-9223372036854775808,\"big\":"
			"9223372036854775808,\"d\":1.5,\"t\":true,\"n\":null}");

	cr_assert(str_eq(json_get_str(o, "s"), STR("x")));
	cr_assert_null(json_get_str(o, "i").ptr);
	cr_assert_null(json_get_str(o, "n").ptr);
	cr_assert_null(json_get_str(o, "none").ptr);
	cr_assert_eq(json_get_i64(o, "i", 1), INT64_MIN);
	cr_assert_eq(json_get_i64(o, "big", 1), 1);
	cr_assert_eq(json_get_i64(o, "d", 1), 1);
	cr_assert_eq(json_get_i64(o, "s", 1), 1);
	cr_assert_eq(json_get_double(o, "d", 0), 1.5);
	cr_assert_eq(json_get_double(o, "t", 7), 7);
	cr_assert(json_get_bool(o, "t", false));
	cr_assert(json_get_bool(o, "n", true));
	cr_assert_not(json_get_bool(o, "s", false));
}

struct order {
	const char *a, *b;
	int order;
};

/* clang-format off */
static const struct order orders[] = {
	{ "0", "0", 0 }, { "0", "-0", 0 }, { "-0.0", "0e5", 0 },
	{ "0e999999999999999999999", "0", 0 }, { "1", "2", -1 },
	{ "-1", "-2", 1 }, { "-1", "1", -1 }, { "0", "-1", 1 },
	{ "0", "1e-999999999999999999999999", -1 }, { "10", "9", 1 },
	{ "1e2", "100.0", 0 }, { "1e2", "100", 0 }, { "100", "1E+2", 0 },
	{ "0.1", "1e-1", 0 }, { "0.10", "0.1", 0 }, { "0.01", "0.1", -1 },
	{ "1.5", "1.50000", 0 }, { "1.5", "1.500001", -1 },
	{ "123.456", "1.23456e2", 0 }, { "123456e-3", "123.456", 0 },
	{ "0.000123", "1.23e-4", 0 }, { "0.3", "0.30000000000000001", -1 },
	{ "9007199254740993", "9007199254740992", 1 },
	{ "9007199254740993", "9007199254740993.0", 0 },
	{ "18446744073709551616", "18446744073709551615", 1 },
	{ "1e999999", "1e999998", 1 }, { "-1e999999", "-1e999998", -1 },
	{ "1e999999", "10e999998", 0 }, { "1e-999999", "1e-999998", -1 },
	{ "1e-999999", "0.1e-999998", 0 }, { "9e999998", "1e999999", -1 },
	{ "1e1000000000000000000000000000000",
	  "10e999999999999999999999999999999", 0 },
	{ "1e1000000000000000000000000000000",
	  "11e999999999999999999999999999999", -1 },
	{ "1e1000000000000000000000000000000",
	  "1e-1000000000000000000000000000000", 1 },
	{ "-1e1000000000000000000000000000000", "1", -1 },
	{ "1e1000000000000000000000000000000", "1", 1 },
	{ "1e-1000000000000000000000000000000", "1", -1 },
	{ "1e0000000000000000000000000000002", "100", 0 },
	{ "1e-00000000000000000000000000000", "1", 0 },
	{ "100000000000000000000", "1e20", 0 },
	{ "1000000000000000000001", "1e21", 1 },
	{ "0.00000000000000000001", "1e-20", 0 },
	{ "5e-324", "4.9406564584124654e-324", 1 }, { "1e400", "2e400", -1 },
	{ "12", "12.0000000000000000000000000001", -1 },
	{ "3.14", "3.14159", -1 }, { "3.2", "3.14159", 1 },
};
/* clang-format on */

Test(json, numbers_are_ordered_exactly)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		const struct order *o = &orders[i];
		struct str a = str_from(o->a);
		struct str b = str_from(o->b);
		cr_expect_eq(json_number_cmp(a, b), o->order, "%s %s", o->a,
			o->b);
		cr_expect_eq(json_number_cmp(b, a), -o->order, "%s %s", o->b,
			o->a);
	}
}

Test(json, small_numbers_are_ordered_as_doubles_are)
{
	static const char *const texts[] = { "-12.5", "-3", "-2.25e1", "-0.5",
		"-5e-2", "0", "0.05", "5e-3", "0.5", "1", "1.0e0", "1.25",
		"2e1", "20.5", "0.2e3", "64", "640e-1", "1024" };
	size_t n = sizeof(texts) / sizeof(*texts);

	for (size_t i = 0; i < n * n; i++) {
		const char *a = texts[i / n];
		const char *b = texts[i % n];
		double da = strtod(a, NULL);
		double db = strtod(b, NULL);
		cr_expect_eq(json_number_cmp(str_from(a), str_from(b)),
			(da > db) - (da < db), "%s %s", a, b);
	}
}

struct sameness {
	const char *a, *b;
	bool same;
};

/* clang-format off */
static const struct sameness samenesses[] = {
	{ "1", "1.0", true }, { "1", "\"1\"", false }, { "null", "false", false },
	{ "true", "false", false }, { "\"a\"", "\"\\u0061\"", true },
	{ "\"a\"", "\"A\"", false }, { "\"\"", "null", false },
	{ "[]", "{}", false }, { "[]", "[]", true }, { "[1,2]", "[2,1]", false },
	{ "[1,2]", "[1,2,3]", false }, { "[1,[2,[3]]]", "[1,[2,[3e0]]]", true },
	{ "[1,[2,[3]]]", "[1,[2,[4]]]", false },
	{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true },
	{ "{\"a\":1,\"b\":2}", "{\"b\":1,\"a\":2}", false },
	{ "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
	{ "{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false },
	{ "{\"a\":{\"x\":[1],\"y\":2}}", "{\"a\":{\"y\":2,\"x\":[1]}}", true },
	{ "{\"a\":{\"x\":[1],\"y\":2}}", "{\"a\":{\"y\":2,\"x\":[2]}}", false },
	{ "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}", true },
	{ "{\"a\":1,\"a\":2}", "{\"a\":2,\"a\":1}", false },
	{ "{\"a\":1,\"a\":2}", "{\"a\":2}", false },
	{ "{\"a\":1,\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2,\"b\":2}", false },
	{ "{\"b\":0,\"a\":1,\"a\":2}", "{\"a\":1,\"b\":0,\"a\":2}", true },
};
/* clang-format on */

Test(json, equality_is_deep_exact_and_without_order)
{
	for (size_t i = 0; i < sizeof(samenesses) / sizeof(*samenesses); i++) {
		const struct sameness *s = &samenesses[i];
		const struct json *a = parse_z(s->a);
		const struct json *b = parse_z(s->b);
		cr_expect_eq(json_equal(a, b), s->same, "%s %s", s->a, s->b);
		cr_expect_eq(json_equal(b, a), s->same, "%s %s", s->b, s->a);
	}
}

Test(json, large_objects_are_compared_without_quadratic_time)
{
	struct json *a = json_new(arena, JSON_OBJECT);
	struct json *b = json_new(arena, JSON_OBJECT);
	int n = 50000;

	for (int i = 0; i < n; i++) {
		json_append(a, arena_printf(arena, "k%d", i),
			json_new_bool(arena, true));
		json_append(b, arena_printf(arena, "k%d", n - 1 - i),
			json_new_bool(arena, true));
	}
	cr_assert(json_equal(a, b));
	b->last->type = JSON_FALSE;
	cr_assert_not(json_equal(a, b));
}

Test(json, writing_gives_compact_text_in_order)
{
	assert_writes(" [ ] ", "[]");
	assert_writes("{ }", "{}");
	assert_writes("[1, [2, {}, []], \"x\"]", "[1,[2,{},[]],\"x\"]");
	assert_writes("{\"b\": {\"c\": [null, true, false]}, \"a\": 1.50}",
		"{\"b\":{\"c\":[null,true,false]},\"a\":1.50}");
	assert_writes("\"\\u00e9\\n\\\"\"", "\"\xc3\xa9\\n\\\"\"");
}

Test(json, a_part_of_a_tree_is_written_alone)
{
	const struct json *o = parse_z("{\"a\":[1,{\"b\":2}],\"c\":3}");
	struct buf out;

	buf_init(&out, 100);
	json_write(&out, json_get(o, STR("a")));
	cr_assert_str_eq(out.ptr, "[1,{\"b\":2}]");
	buf_done(&out);
}

Test(json, made_nodes_are_written)
{
	struct json *o = json_new(arena, JSON_OBJECT);
	struct json *list = json_new(arena, JSON_ARRAY);
	struct buf out;

	json_append(o, STR("list"), list);
	json_append(list, STR_NONE, json_new_str(arena, STR("a\tb")));
	json_append(list, STR_NONE, json_new_number(arena, STR("1e2")));
	json_append(list, STR_NONE, json_new(arena, JSON_NULL));
	json_append(o, STR("ok"), json_new_bool(arena, true));
	buf_init(&out, 100);
	json_write(&out, o);
	cr_assert_str_eq(out.ptr,
		"{\"list\":[\"a\\tb\",1e2,null],\"ok\":true}");
	buf_done(&out);
	cr_assert(json_equal(o,
		parse_z("{\"ok\":true,\"list\":[\"a\\tb\",100,null]}")));
}

Test(json, what_was_written_reads_back_equal)
{
	for (size_t i = 0; i < sizeof(valid) / sizeof(*valid); i++) {
		const struct json *j = parse(valid[i].text, NULL);
		struct buf out;
		buf_init(&out, 1 << 16);
		json_write(&out, j);
		const struct json *again = parse(buf_str(&out), NULL);
		cr_expect(again && json_equal(j, again), "%.*s",
			STR_ARG(valid[i].text));
		buf_done(&out);
	}
}
