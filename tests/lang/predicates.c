/*
 * Each predicate with a value for which it holds, one for which it fails, and
 * one that it can not be applied to; the last must fail its negation too.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/yaml.h"
#include "suites/check.h"

struct row {
	const char *predicate;             /* in YAML */
	const char *holds, *fails, *unfit; /* values in JSON; NULL: none */
};

static const struct row rows[] = {
	{ "equals: 5", "5", "6", NULL },
	{ "equals: 1.0", "1", "1.1", NULL },
	{ "equals: 12345678901234567890", "12345678901234567890",
		"12345678901234567891", NULL },
	{ "equals: '5'", "\"5\"", "5", NULL },
	{ "equals: null", "null", "0", NULL },
	{ "equals: [1, {a: b}]", "[1,{\"a\":\"b\"}]", "[1]", NULL },
	{ "notEquals: 5", "\"5\"", "5.0", NULL },
	{ "gt: 2", "2.0000001", "2", "\"3\"" },
	{ "gte: 2", "2", "1.9", "null" },
	{ "lt: 2", "-1e3", "2", "[1]" },
	{ "lte: 2", "2", "2.1", "\"1\"" },
	{ "gt: b", "\"c\"", "\"a\"", "5" },
	{ "startsWith: ab", "\"abc\"", "\"cab\"", "5" },
	{ "startsWith: 12", "\"123\"", "\"312\"", "123" },
	{ "endsWith: bc", "\"abc\"", "\"bca\"", "[\"bc\"]" },
	{ "contains: b", "\"abc\"", "\"xyz\"", "5" },
	{ "contains: 2", "[1,2.0]", "[1,\"2\"]", "\"12\"" },
	{ "matches: '^a+$'", "\"aaa\"", "\"ab\"", "5" },
	{ "exists: true", "null", NULL, NULL },
	{ "exists: false", NULL, "null", NULL },
	{ "isBoolean: true", "false", "\"true\"", NULL },
	{ "isBoolean: false", "0", "true", NULL },
	{ "isCollection: true", "{}", "\"\"", NULL },
	{ "isDate: true", "\"2026-02-03\"", "\"2026-02-31\"", NULL },
	{ "isDate: true", "\"Tue, 03 Feb 2026 14:02:11 GMT\"", "\"soon\"",
		NULL },
	{ "isEmpty: true", "[]", "[0]", "0" },
	{ "isEmpty: false", "\"x\"", "\"\"", "null" },
	{ "isFloat: true", "1.0", "1", NULL },
	{ "isInteger: true", "-7", "7.5", NULL },
	{ "isIpv4: true", "\"10.0.0.1\"", "\"10.0.0.256\"", NULL },
	{ "isIpv6: true", "\"2001:db8::1\"", "\"10.0.0.1\"", NULL },
	{ "isIsoDate: true", "\"2026-02-03T14:02:11.482Z\"", "\"2026-02-03\"",
		NULL },
	{ "isList: true", "[]", "{}", NULL },
	{ "isNumber: true", "0", "\"0\"", NULL },
	{ "isObject: true", "{}", "[]", NULL },
	{ "isString: true", "\"\"", "null", NULL },
	{ "isUuid: true", "\"018f4e3c-9a5b-7c2d-8e1f-0123456789ab\"",
		"\"018f4e3c9a5b7c2d8e1f0123456789ab\"", NULL },
	{ "isNull: true", "null", "0", NULL },
	{ "isUrl: true", "\"https://example.com/a?b#c\"", "\"/a\"", NULL },
	{ "isJwt: true", "\"eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln\"", "\"a.b.c\"",
		NULL },
	{ "isSemver: true", "\"1.20.3-rc.1+build.5\"", "\"1.02.3\"", NULL },
	{ "isUnique: true", "[1,\"1\",[1]]", "[1,2,1.0]", "\"aa\"" },
	{ "isSorted: true", "[1,2,2]", "[2,1]", "[1,\"2\"]" },
	{ "in: [a, 2]", "2", "\"2\"", NULL },
	{ "notIn: [a, 2]", "\"2\"", "2.0", NULL },
	{ "between: [0.01, 9.99]", "9.99", "10", "\"5\"" },
	{ "near: {value: 1.5, within: 0.1}", "1.4", "1.39", "\"1.5\"" },
	{ "containsAll: [1, 2]", "[2,3,1]", "[1]", "5" },
	{ "containsAll: [ab, bc]", "\"abc\"", "\"ab\"", "null" },
	{ "containsAny: [1, 2]", "[2]", "[3]", "{}" },
	{ "count: 2", "[1,2]", "[1]", "\"ab\"" },
	{ "count: {gte: 1, lt: 3}", "[1]", "[]", "7" },
	{ "length: 2", "\"\xc3\xa9x\"", "\"x\"", "7" },
	{ "each: {gt: 0}", "[1,2]", "[1,0]", "5" },
	{ "each: {gt: 0}", "[1]", "[]", "[1,\"2\"]" },
	{ "any: 3", "[1,3]", "[1]", "\"3\"" },
	{ "none: {lt: 0}", "[1]", "[1,-1]", "[\"x\"]" },
	{ "not: {startsWith: W/}", "\"x\"", "\"W/x\"", "5" },
	{ "not: {gt: 2, lt: 5}", "7", "3", "\"3\"" },
	{ "allOf: [{gt: 1}, {lt: 5}]", "2", "5", "\"2\"" },
	{ "anyOf: [{lt: 1}, {gt: 5}, pending]", "\"pending\"", "3", "\"x\"" },
	{ "ignoreCase: {contains: ABC}", "\"xabcx\"", "\"xbc\"", "5" },
	{ "ignoreCase: AbC", "\"aBc\"", "\"ab\"", NULL },
	{ "ignoreCase: {matches: '^A$'}", "\"a\"", "\"b\"", "1" },
	{ "subset: {a: 1, l: [{x: 1}]}",
		"{\"a\":1,\"b\":2,\"l\":[{\"x\":2},{\"x\":1,\"y\":0}]}",
		"{\"a\":1,\"l\":[]}", "\"no json\"" },
	{ "json: {a: 1, b: [2]}", "\"{\\\"b\\\": [2.0], \\\"a\\\": 1}\"",
		"{\"a\":1}", "\"{\"" },
	{ "json: {equals: {a: 1, t: x}, ignore: [$.t, '$..id']}",
		"{\"id\": 5, \"a\": 1.0, \"t\": 9}", "{\"a\":1,\"b\":0}",
		"\"{\"" },
	{ "json: {equals: [1, {b: [2, 2, 3]}], anyOrder: true}",
		"[{\"b\": [3, 2, 2]}, 1]", "[{\"b\": [3, 2, 3]}, 1]", NULL },
	{ "json: {equals: [1, 2], anyOrder: false}", "[1, 2]", "[2, 1]", NULL },
	{ "json: {equals: 1, other: 2}", "{\"equals\": 1, \"other\": 2}", "1",
		NULL },
	{ "expires_in: {gt: 14d}", "\"2026-03-01\"", "\"2026-02-16\"",
		"\"never\"" },
	{ "expires_in: {lt: 0ms}", "1770076799", "1770076801", "[]" },
	{ "before: 2026-02-03T00:00:00Z", "\"2026-02-02\"", "\"2026-02-03\"",
		"\"never\"" },
	{ "after: now", "\"2026-02-04\"", "\"2026-02-01\"", "5" },
	{ "within: 1h", "\"2026-02-03T00:30:00Z\"", "\"2026-02-03T01:00:01Z\"",
		"\"soon\"" },
};

enum outcome { OK, NOT_OK, MISTAKE };

/* now: 2026-02-03T00:00:00Z */
static const int64_t NOW_US = INT64_C(1770076800) * 1000000;

static struct assertion *eval(struct arena *a, const char *expect,
	const char *body)
{
	const struct source *src =
		source_from(a, STR("t.yaml"), str_from(expect));
	struct response r = { .arena = a, .status = 200 };
	struct diags ds;
	struct vars v;

	diags_init(&ds, a);
	vars_init(&v, a, 1);
	v.wall_us = NOW_US;
	vars_set_str(&v, STR("word"), STR("abc"));
	const struct yaml_node *n = yaml_parse(a, src, &ds);
	struct check *c = n ? check_parse_expect(a, n, &ds) : NULL;
	if (ds.errors > 0 || !c) {
		diags_write(&ds, stderr);
		return NULL;
	}
	r.body = str_from(body);
	return check_eval_all(c, &r, &v, a);
}

static enum outcome outcome(struct arena *a, const char *format,
	const char *predicate, const char *value)
{
	struct str expect = arena_printf(a, format, predicate);
	struct str body =
		value ? arena_printf(a, "{\"v\": %s}", value) : STR("{}");
	struct assertion *as = eval(a, expect.ptr, body.ptr);

	return !as ? MISTAKE : as->ok ? OK : NOT_OK;
}

#define PLAIN   "json: {$.v: {%s}}"
#define NEGATED "json: {$.v: {not: {%s}}}"

Test(predicates, hold_and_fail_where_they_should)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new();
		const struct row *r = &rows[i];
		bool exists = strncmp(r->predicate, "exists", 6) == 0;
		if (r->holds || exists) {
			cr_expect_eq(outcome(a, PLAIN, r->predicate, r->holds),
				r->holds || strstr(r->predicate, "false")
					? OK
					: NOT_OK,
				"%s of %s", r->predicate, r->holds);
		}
		if (r->fails) {
			cr_expect_eq(outcome(a, PLAIN, r->predicate, r->fails),
				NOT_OK, "%s of %s", r->predicate, r->fails);
			cr_expect_eq(outcome(a, NEGATED, r->predicate,
					     r->fails),
				OK, "not %s of %s", r->predicate, r->fails);
		}
		arena_free(a);
	}
}

Test(predicates, that_can_not_be_applied_fail_and_so_do_their_negations)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new();
		const struct row *r = &rows[i];
		if (r->unfit) {
			cr_expect_eq(outcome(a, PLAIN, r->predicate, r->unfit),
				NOT_OK, "%s of %s", r->predicate, r->unfit);
			cr_expect_eq(outcome(a, NEGATED, r->predicate,
					     r->unfit),
				NOT_OK, "not %s of %s", r->predicate, r->unfit);
		}
		arena_free(a);
	}
}

Test(predicates, a_missing_value_fails_all_but_exists_false)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new();
		const char *p = rows[i].predicate;
		if (strncmp(p, "exists", 6) != 0) {
			cr_expect_eq(outcome(a, PLAIN, p, NULL), NOT_OK, "%s",
				p);
			cr_expect_eq(outcome(a, NEGATED, p, NULL), NOT_OK,
				"not %s", p);
		}
		arena_free(a);
	}
}

/* The first assertion, which must not hold. */
static struct assertion *failing(struct arena *a, const char *expect,
	const char *body)
{
	struct assertion *as = eval(a, expect, body);

	cr_assert(as, "%s", expect);
	cr_assert_not(as->ok, "%s", expect);
	return as;
}

static void expect_text(struct str got, const char *want)
{
	cr_expect(str_eq(got, str_from(want)), "got  %.*s\nwant %s",
		STR_ARG(got), want);
}

Test(predicates, a_failure_says_what_was_expected_and_what_came)
{
	static const struct {
		const char *expect, *body, *text, *expected, *actual;
	} cases[] = {
		{ "status: 201", "", "status == 201", "201", "200" },
		{ "status: [201, 4xx]", "", "status in [201,\"4xx\"]",
			"in [201,\"4xx\"]", "200" },
		{ "json: {$.v: {gt: 2}}", "{\"v\": \"3\"}", "$.v > 2", "> 2",
			"\"3\" (string)" },
		{ "json: {$.v: 3}", "{\"v\": \"3\"}", "$.v == 3", "3",
			"\"3\" (string)" },
		{ "json: {$.v: {exists: true}}", "{}", "$.v exists", "exists",
			"missing" },
		{ "json: {$.v: {isUuid: true}}", "{\"v\": 3}", "$.v isUuid",
			"isUuid", "3 (number)" },
		{ "json: {$.v: {not: {startsWith: W/}}}", "{\"v\": \"W/1\"}",
			"$.v not startsWith W/", "not startsWith W/",
			"\"W/1\"" },
		{ "json: {$.v: {count: {gt: 1}}}", "{\"v\": [7]}",
			"$.v count > 1", "count > 1", "[7] (count 1)" },
		{ "json: {$.v: {each: {gt: 1}}}", "{\"v\": [7, 0]}",
			"$.v each > 1", "each > 1", "[7,0] (element 1 is 0)" },
		{ "json: {$.v: '${word}'}", "{\"v\": \"x\"}", "$.v == ${word}",
			"\"abc\"", "\"x\"" },
		{ "json: {'$.v[*]': {contains: 3}}", "{\"v\": [1, 2]}",
			"$.v[*] contains 3", "contains 3", "[1,2]" },
		{ "json: {$.v: 1}", "<html>", "$.v == 1", "1",
			"body is not JSON: not a JSON value at byte 0" },
		{ "json: {$.v: {json: {a: [1, {b: 2}]}}}",
			"{\"v\": {\"a\": [1, {\"b\": 3}]}}",
			"$.v json {\"a\":[1,{\"b\":2}]}",
			"json {\"a\":[1,{\"b\":2}]}",
			"{\"a\":[1,{\"b\":3}]} (at $.a[1].b: 3 instead of 2)" },
		{ "json: {$.v: {json: {equals: {a: 1}, ignore: [$.x]}}}",
			"{\"v\": {\"x\": 1, \"b\": 1}}",
			"$.v json {equals: {a: 1}, ignore: [$.x]}",
			"json {equals: {a: 1}, ignore: [$.x]}",
			"{\"x\":1,\"b\":1} (at $: `a` is missing; at $: `b` "
			"is not expected)" },
		{ "json: {$.v: {json: {a: 1, b: [1, 2], c: {d: 5}, f: 7, g: 8, "
		  "h: 9}}}",
			"{\"v\": {\"a\": 2, \"b\": [1, 3], \"c\": {}, \"f\": "
			"0, "
			"\"g\": 0, \"h\": 9}}",
			"$.v json {\"a\":1,\"b\":[1,2],\"c\":{\"d\":5},"
			"\"f\":7,\"g\":8,\"h\":9}",
			"json {\"a\":1,\"b\":[1,2],\"c\":{\"d\":5},\"f\":7,"
			"\"g\":8,\"h\":9}",
			"{\"a\":2,\"b\":[1,3],\"c\":{},\"f\":0,\"g\":0,\"h\":9}"
			" "
			"(at $.a: 2 instead of 1; at $.b[1]: 3 instead of 2; "
			"at "
			"$.c: `d` is missing; at $.f: 0 instead of 7; at $.g: "
			"0 instead of 8)" },
		{ "json: {$.v: {json: [1, 2, 3, 4, 5, 6]}}",
			"{\"v\": [0, 0, 0, 0, 0, 0]}", "$.v json [1,2,3,4,5,6]",
			"json [1,2,3,4,5,6]",
			"[0,0,0,0,0,0] (at $[0]: 0 instead of 1; at $[1]: 0 "
			"instead of 2; at $[2]: 0 instead of 3; at $[3]: 0 "
			"instead of 4; at $[4]: 0 instead of 5; and more)" },
		{ "json: {$.v: {subset: {a: {b: 1, c: 2}}}}",
			"{\"v\": {\"a\": {\"b\": 1, \"c\": 3}}}",
			"$.v subset {\"a\":{\"b\":1,\"c\":2}}",
			"subset {\"a\":{\"b\":1,\"c\":2}}",
			"{\"a\":{\"b\":1,\"c\":3}} (at $.a.c: 3 instead of "
			"2)" },
		{ "json: {$.v: {subset: {a: 1, b: [{c: 2}]}}}",
			"{\"v\": {\"a\": 1, \"b\": [{\"c\": 1}]}}",
			"$.v subset {\"a\":1,\"b\":[{\"c\":2}]}",
			"subset {\"a\":1,\"b\":[{\"c\":2}]}",
			"{\"a\":1,\"b\":[{\"c\":1}]} (at $.b: {\"c\":2} is not "
			"among them)" },
		{ "json: {$.v: {subset: {a: 1}}}", "{\"v\": {\"b\": 1}}",
			"$.v subset {\"a\":1}", "subset {\"a\":1}",
			"{\"b\":1} (at $: `a` is missing)" },
		{ "json: {$.v: {json: {equals: [1, 2], anyOrder: true}}}",
			"{\"v\": [2, 3]}",
			"$.v json {equals: [1, 2], anyOrder: true}",
			"json {equals: [1, 2], anyOrder: true}",
			"[2,3] (at $: 1 is not among them)" },
		{ "json: {$.v: {expires_in: {gt: 14d}}}",
			"{\"v\": \"2026-02-02\"}", "$.v expires_in > 14d",
			"expires_in > 14d",
			"\"2026-02-02\" (expired since 24 h 00 m)" },
		{ "size: {lt: 1B}", "ab", "size < 1B", "< 1B", "2" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		struct assertion *as =
			failing(a, cases[i].expect, cases[i].body);
		expect_text(as->text, cases[i].text);
		expect_text(as->expected, cases[i].expected);
		expect_text(as->actual, cases[i].actual);
		arena_free(a);
	}
}

Test(predicates, what_is_shown_is_short_and_safe)
{
	struct arena *a = arena_new();
	struct buf b;

	buf_init(&b, 100000);
	buf_add_z(&b, "\x1b]52;c;\x07");
	for (int i = 0; i < 5000; i++)
		buf_add_z(&b, "\xc3\xa9");
	struct assertion *as = failing(a, "body: x", buf_str(&b).ptr);
	cr_expect(as->actual.len <= 260, "%zu", as->actual.len);
	cr_expect_eq(str_find_byte(as->actual, '\x1b', 0), SIZE_MAX);
	buf_done(&b);
	arena_free(a);
}

Test(predicates, a_node_list_is_unwrapped_only_when_it_holds_one)
{
	struct arena *a = arena_new();
	const char *one = "{\"l\": [{\"id\": 7}]}";
	const char *two = "{\"l\": [{\"id\": 7}, {\"id\": 8}]}";

	cr_expect(eval(a, "json: {'$.l[*].id': 7}", one)->ok);
	cr_expect(eval(a, "json: {'$.l[*].id': {isNumber: true}}", one)->ok);
	cr_expect(eval(a, "json: {'$.l[*].id': [7, 8]}", two)->ok);
	cr_expect(eval(a, "json: {'$.l[*].id': {count: 2}}", two)->ok);
	cr_expect(eval(a, "json: {'$.l[*].id': {count: 1}}", one)->ok);
	cr_expect(eval(a, "json: {'$.l[*].id': {contains: 8}}", two)->ok);
	cr_expect(eval(a, "json: {'$.l[*].id': {each: {gt: 6}}}", two)->ok);
	cr_expect(eval(a, "json: {'$.l[*].no': {exists: false}}", two)->ok);
	cr_expect_not(eval(a, "json: {'$.l[*].no': {count: 0}}", two)->ok);
	cr_expect_not(eval(a, "json: {'$.l[*].id': {gt: 6}}", two)->ok);
	arena_free(a);
}

Test(predicates, of_one_mapping_are_joined_by_and)
{
	struct arena *a = arena_new();
	struct assertion *as =
		eval(a, "json: {$.v: {gt: 1, lt: 5, equals: 3}}", "{\"v\": 4}");

	cr_expect(as->ok && as->next->ok && !as->next->next->ok);
	cr_expect_null(as->next->next->next);
	arena_free(a);
}

Test(predicates, a_body_that_is_not_json_is_not_a_missing_value)
{
	struct arena *a = arena_new();

	cr_expect_not(eval(a, "json: {$.v: {exists: false}}", "<html>")->ok);
	cr_expect_not(eval(a, "json: {$.v: {not: 1}}", "")->ok);
	arena_free(a);
}

Test(predicates, over_a_bound_is_neither_held_nor_failed)
{
	struct arena *a = arena_new();
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_add_byte(&b, '[');
	for (int i = 0; i < 5000; i++)
		buf_addf(&b, "%s%d", i ? "," : "", i);
	buf_add_byte(&b, ']');
	struct assertion *as =
		failing(a, "json: {$: {isUnique: true}}", buf_str(&b).ptr);
	cr_expect(as->budget);
	as = failing(a, "json: {'$..*..*..*..*': {count: 1}}", buf_str(&b).ptr);
	cr_expect_not(as->budget);
	as = failing(a, "json: {'$[?count($.*) > 1]': {count: 1}}",
		buf_str(&b).ptr);
	cr_expect(as->budget);
	buf_done(&b);
	arena_free(a);
}

Test(predicates, a_regex_that_runs_away_is_the_authors_trouble)
{
	struct arena *a = arena_new();
	const struct source *src =
		source_from(a, STR("t.yaml"), STR("body: {matches: '(a+)+$'}"));
	struct diags ds;
	struct buf b;

	buf_init(&b, 1000);
	for (int i = 0; i < 400; i++)
		buf_add_byte(&b, 'a');
	buf_add_byte(&b, 'b');
	struct assertion *as =
		failing(a, "body: {matches: '(a+)+$'}", buf_str(&b).ptr);
	cr_expect(as->budget);
	as = failing(a, "body: {not: {matches: '(a+)+$'}}", buf_str(&b).ptr);
	cr_expect(as->budget);
	buf_done(&b);
	diags_init(&ds, a);
	check_parse_expect(a, yaml_parse(a, src, &ds), &ds);
	cr_expect_eq(ds.errors, 0);
	cr_assert_eq(ds.warnings, 1);
	cr_expect_eq(ds.first->code, 201);
	arena_free(a);
}

/* --- mistakes of the author --------------------------------------------- */

static void expect_mistake(const char *expect, unsigned code, size_t at)
{
	struct arena *a = arena_new();
	const struct source *src =
		source_from(a, STR("t.yaml"), str_from(expect));
	struct diags ds;

	diags_init(&ds, a);
	const struct yaml_node *n = yaml_parse(a, src, &ds);
	cr_assert(n, "%s", expect);
	check_parse_expect(a, n, &ds);
	if (ds.errors != 1) {
		diags_write(&ds, stderr);
		cr_expect_fail("%s: %u errors", expect, ds.errors);
	} else {
		cr_expect_eq(ds.first->code, code, "%s: %u", expect,
			ds.first->code);
		cr_expect_eq(ds.first->where.at, at, "%s: at %u", expect,
			ds.first->where.at);
	}
	arena_free(a);
}

Test(predicates, mistakes_are_found_where_they_stand)
{
	expect_mistake("stauts: 200", 12, 0);
	expect_mistake("json: {$.v: {isUuuid: true}}", 43, 13);
	expect_mistake("json: {$.v: {count: {gtt: 1}}}", 43, 21);
	expect_mistake("json: {'$.v[01]': 1}", 41, 12);
	expect_mistake("json: {v: 1}", 41, 7);
	expect_mistake("body: {matches: 'a(b'}", 42, 20);
	expect_mistake("json: {$.v: {in: 5}}", 21, 17);
	expect_mistake("json: {$.v: {between: [1]}}", 21, 22);
	expect_mistake("json: {$.v: {exists: 1}}", 21, 21);
	expect_mistake("json: {$.v: {startsWith: [a]}}", 21, 25);
	expect_mistake("json: {$.v: {near: 5}}", 21, 19);
	expect_mistake("json: {$.v: {}}", 21, 12);
	expect_mistake("json: 5", 21, 6);
	expect_mistake("duration: {lt: 400}", 22, 15);
	expect_mistake("duration: {lt: 4 parsecs}", 22, 15);
	expect_mistake("size: {lt: big}", 22, 11);
	expect_mistake("status: 2000", 23, 8);
	expect_mistake("status: [200, ok]", 21, 14);
	expect_mistake("timing: {dsn: {lt: 1s}}", 24, 9);
	expect_mistake("json: {$.v: '${word'}", 33, 13);
	expect_mistake("json: {$.v: {not: {not: {not: {not: {not: {not: {not: "
		       "{not: {not: 1}}}}}}}}}}",
		23, 60);
}
