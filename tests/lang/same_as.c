/*
 * `sameAs`: what is equal, what is shown, and what becomes of a check that has
 * nothing to compare with.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/yaml.h"
#include "suites/check.h"
#include "suites/same.h"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

TestSuite(same_as, .init = setup, .fini = teardown);

static const char *digest(const char *text)
{
	char *hex = arena_alloc(arena, 65);
	const struct json *j = json_parse(arena, str_from(text), NULL, NULL);

	cr_assert(j, "%s", text);
	same_digest(arena, j, hex);
	return hex;
}

Test(same_as, equal_values_have_equal_digests_and_others_do_not)
{
	static const char *const different[] = { "0", "1", "-1", "10", "0.1",
		"1.1", "11", "101", "1e400", "1e99999999999999999999", "\"1\"",
		"null", "true", "false", "[]", "{}", "[[]]", "[1]", "[1,1]",
		"[11]", "[[1],1]", "\"\"", "[\"\"]", "{\"a\":1}", "{\"b\":1}",
		"{\"a\":1,\"b\":2}", "{\"a\":{\"b\":2},\"c\":1}",
		"{\"a\":{\"b\":2,\"c\":1}}", "[1,2]", "[2,1]",
		"{\"a\":1,\"a\":2}", "{\"a\":2,\"a\":1}", "\"a:b\"" };
	static const char *const same[][2] = { { "0", "-0.00e7" },
		{ "100", "1.00e2" }, { "0.1", "1E-1" }, { "0.010", "10e-3" },
		{ "-12.50", "-1.25e+1" }, { "1200", "12e2" },
		{ "12345678901234567890.5", "1234567890123456789.05e1" },
		{ "{\"a\":1,\"b\":[2.0]}", "{ \"b\": [2], \"a\": 1e0 }" },
		{ "\"\\u0041\"", "\"A\"" } };
	size_t n = sizeof(different) / sizeof(different[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			cr_expect_eq(strcmp(digest(different[i]),
					     digest(different[k])) == 0,
				i == k, "%s and %s", different[i],
				different[k]);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		cr_expect_str_eq(digest(same[i][0]), digest(same[i][1]),
			"%s and %s", same[i][0], same[i][1]);
}

/* --- checks --- */

struct other {
	enum same_found found;
	const char *json, *shown;
	unsigned asked;
	struct same_value got;
};

static enum same_found compare(void *owner, const struct same *s,
	const struct same_value *got, struct same_answer *ret)
{
	struct other *o = owner;

	o->asked++;
	o->got = *got;
	cr_assert(str_eq(s->region, STR("prod/east")));
	cr_assert(str_eq(s->extractor, STR("$.v")));
	ret->with = s->region;
	ret->why = STR("no run yet");
	if (o->found == SAME_FOUND) {
		memcpy(ret->that.digest, digest(o->json), 65);
		ret->that.shown = str_from(o->shown);
	}
	return o->found;
}

static struct assertion *eval(struct other *o, const char *body)
{
	const struct same_values values = { compare, o };
	struct response r = { .status = 200,
		.body = str_from(body),
		.arena = arena };
	const struct yaml_node *n;
	const struct check *c;
	struct vars v;
	struct diags ds;

	diags_init(&ds, arena);
	n = yaml_parse(arena,
		source_from(arena, STR("t"),
			STR("json: {$.v: {sameAs: prod/east}}\n")),
		&ds);
	c = check_parse_expect(arena, n, &ds);
	cr_assert_eq(ds.errors, 0);
	vars_init(&v, arena, 1);
	v.same = o ? &values : NULL;
	return check_eval_all(c, &r, &v, arena);
}

static void is(struct str got, const char *want)
{
	cr_expect(str_eq(got, str_from(want)), "got '%.*s', want '%s'",
		STR_ARG(got), want);
}

Test(same_as, a_difference_fails_and_shows_both)
{
	struct other o = { SAME_FOUND, "\"EUR\"", "\"EUR\"", 0,
		{ "", STR_NONE } };
	const struct assertion *as = eval(&o, "{\"v\": \"USD\"}");

	cr_expect(!as->ok && !as->budget && !as->alone);
	is(as->text, "$.v sameAs prod/east");
	is(as->expected, "\"EUR\", as in prod/east");
	is(as->actual, "\"USD\"");
	is(o.got.shown, "\"USD\"");
	cr_expect(eval(&o, "{\"v\": \"EUR\"}")->ok);
	o.shown = "\"USD\"";
	is(eval(&o, "{\"v\": \"USD\"}")->actual,
		"\"USD\" (differs beyond what is shown)");
}

Test(same_as, the_source_holds_when_it_has_a_value)
{
	struct other o = { SAME_SOURCE, NULL, NULL, 0, { "", STR_NONE } };

	cr_expect(eval(&o, "{\"v\": null}")->ok);
	cr_expect_eq(o.asked, 1);
	cr_expect_not(eval(&o, "{}")->ok);
	cr_expect_eq(o.asked, 1, "what is missing is handed on by nobody");
}

Test(same_as, with_nothing_to_compare_with_it_neither_holds_nor_fails)
{
	struct other o = { SAME_NOTHING, NULL, NULL, 0, { "", STR_NONE } };
	const struct assertion *as = eval(&o, "{\"v\": 1}");

	cr_expect(!as->ok && as->budget && as->alone);
	is(as->actual, "1 (nothing to compare with: no run yet)");
	as = eval(NULL, "{\"v\": 1}");
	cr_expect(!as->ok && as->alone);
}
