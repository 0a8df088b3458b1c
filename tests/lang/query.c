/*
 * Every extractor and every filter, and the mistakes of the long form.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/yaml.h"
#include "suites/check.h"

static struct response_header cookies2 = { NULL, STR("set-cookie"),
	STR("sid=new=1; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax") };
static struct response_header cookies1 = { &cookies2, STR("Set-Cookie"),
	STR("sid=old") };
static struct response_header vary2 = { &cookies1, STR("Vary"), STR("Accept") };
static struct response_header vary1 = { &vary2, STR("vary"), STR("Origin") };
static const struct response_header headers = { &vary1, STR("Location"),
	STR("/v1/orders/7") };

static struct response response(struct arena *a, const char *body)
{
	static struct response_hop second = { NULL, 303, STR("http://b/"),
		STR("http://c/") };
	static struct response_hop redirects = { &second, 302, STR("http://a/"),
		STR("http://b/") };

	return (struct response){
		.status = 201,
		.http_version = STR("1.1"),
		.url = STR("https://w.example/v1"),
		.ip = STR("10.0.0.7"),
		.headers = &headers,
		.body = str_from(body),
		.redirects = &redirects,
		.attempts = 3,
		.dns_us = 0,
		.connect_us = 1500,
		.tls_us = 2000,
		.ttfb_us = 30000,
		.transfer_us = 0,
		.total_us = 1234567,
		.arena = a,
	};
}

static const struct yaml_node *yaml(struct arena *a, const char *text,
	struct diags *ds)
{
	diags_init(ds, a);
	const struct yaml_node *n = yaml_parse(a,
		source_from(a, STR("t.yaml"), str_from(text)), ds);
	cr_assert(n, "%s", text);
	return n;
}

static struct str json_text(struct arena *a, const struct json *j)
{
	struct buf b;

	buf_init(&b, 4096);
	json_write(&b, j);
	struct str s = arena_str(a, buf_str(&b));
	buf_done(&b);
	return s;
}

static struct vars variables(struct arena *a)
{
	struct vars v;

	vars_init(&v, a, 1);
	vars_set_str(&v, STR("name"), STR("Location"));
	vars_set_str(&v, STR("id"), STR("b"));
	vars_set(&v, STR("unset"), NULL, false);
	return v;
}

/* The value as JSON, or the state and why. */
static struct str extract(struct arena *a, const char *query, const char *body)
{
	static const char *const states[] = { "", "missing", "broken",
		"budget" };
	struct response r = response(a, body);
	struct vars v = variables(a);
	struct diags ds;
	const struct query *q = query_parse(a, yaml(a, query, &ds), NULL, &ds);

	if (!q) {
		diags_write(&ds, stderr);
		return STR("mistake");
	}
	struct value got = query_eval(q, &r, &v, a);
	if (got.state == VALUE_OK)
		return json_text(a, got.json);
	return arena_printf(a, "%s: %.*s", states[got.state], STR_ARG(got.why));
}

static const char body[] = "{\"id\": \"b\", \"l\": [{\"id\": \"a\", \"n\": 1}, "
			   "{\"id\": \"b\", \"n\": 2}]}";

Test(query, takes_values_out_of_a_response)
{
	static const struct {
		const char *query, *want;
	} cases[] = {
		{ "{status: }", "201" },
		{ "{version: }", "\"1.1\"" },
		{ "{url: }", "\"https://w.example/v1\"" },
		{ "{ip: }", "\"10.0.0.7\"" },
		{ "{header: location}", "\"/v1/orders/7\"" },
		{ "{header: '${name}'}", "\"/v1/orders/7\"" },
		{ "{header: Vary}", "[\"Origin\",\"Accept\"]" },
		{ "{header: ETag}", "missing: missing" },
		{ "{cookie: sid}", "\"new=1\"" },
		{ "{cookie: 'sid[Max-Age]'}", "600" },
		{ "{cookie: 'sid[path]'}", "\"/\"" },
		{ "{cookie: 'sid[Secure]'}", "true" },
		{ "{cookie: 'sid[SameSite]'}", "\"Lax\"" },
		{ "{cookie: 'sid[Domain]'}", "missing: missing" },
		{ "{cookie: other}", "missing: missing" },
		{ "{jsonpath: $.id}", "\"b\"" },
		{ "$.l[1].n", "2" },
		{ "$.l[*].n", "[1,2]" },
		{ "$.none", "missing: missing" },
		{ "\"$.l[?@.id == '${id}'].n\"", "[2]" },
		{ "{regex: '\"n\": (\\d)'}", "\"1\"" },
		{ "{regex: '\"n\": \\d'}", "\"\\\"n\\\": 1\"" },
		{ "{regex: zzz}", "missing: missing" },
		{ "{variable: id}", "\"b\"" },
		{ "{variable: unset}", "missing: missing" },
		{ "{duration: }", "1234.567" },
		{ "{size: }", "60" },
		{ "{redirects: }", "[{\"status\":302,\"url\":\"http://a/\","
				   "\"location\":\"http://b/\"},"
				   "{\"status\":303,\"url\":\"http://b/\","
				   "\"location\":\"http://c/\"}]" },
		{ "{attempts: }", "3" },
		{ "{timing: ttfb}", "30" },
		{ "{timing: connect}", "1.500" },
		{ "{timing: transfer}", "0" },
		{ "{timing: dns}",
			"missing: missing: this phase did not happen" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		struct str got = extract(a, cases[i].query, body);
		cr_expect(str_eq(got, str_from(cases[i].want)),
			"%s gives %.*s, not %s", cases[i].query, STR_ARG(got),
			cases[i].want);
		arena_free(a);
	}
}

Test(query, hashes_and_text_of_the_body)
{
	struct arena *a = arena_new();

	cr_expect(str_eq(extract(a, "{sha256: }", "abc"),
		STR("\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
		    "f20015ad\"")));
	cr_expect(str_eq(extract(a, "{md5: }", "abc"),
		STR("\"900150983cd24fb0d6963f7d28e17f72\"")));
	cr_expect(str_eq(extract(a, "{body: }", "abc"), STR("\"abc\"")));
	cr_expect(str_starts(extract(a, "{body: }", "\xff"), STR("broken: ")));
	arena_free(a);
}

/* What a filter makes of a JSON value; "broken" when it does not apply. */
static bool filtered(struct arena *a, const char *filter, const char *value,
	const char *want)
{
	struct str list = arena_printf(a,
		"[{jsonpath: $, filter: [%s], equals: %s}]", filter, want);
	struct response r = response(a, value);
	struct vars v = variables(a);
	struct diags ds;
	struct check *c = check_parse_list(a, yaml(a, list.ptr, &ds), &ds);

	if (!c || ds.errors) {
		diags_write(&ds, stderr);
		return false;
	}
	struct assertion *as = check_eval_all(c, &r, &v, a);
	if (!as->ok)
		fprintf(stderr, "%.*s: %.*s\n", STR_ARG(as->text),
			STR_ARG(as->actual));
	return as->ok;
}

Test(query, filters_turn_one_value_into_another)
{
	static const struct {
		const char *filter, *value, *want;
	} cases[] = {
		{ "count", "[1,2]", "2" },
		{ "length", "\"\xc3\xa9\"", "1" },
		{ "first", "[1,2]", "1" },
		{ "last", "[1,2]", "2" },
		{ "{nth: -2}", "[1,2]", "1" },
		{ "{slice: [1, -1]}", "[1,2,3,4]", "[2,3]" },
		{ "sort", "[3,1.5,2]", "[1.5,2,3]" },
		{ "unique", "[1,1.0,\"1\",1]", "[1,'1']" },
		{ "{join: ','}", "[1,\"a\",true]", "'1,a,true'" },
		{ "keys", "{\"a\":1,\"b\":2}", "[a,b]" },
		{ "values", "{\"a\":1,\"b\":[2]}", "[1,[2]]" },
		{ "min", "[3,1,2]", "1" },
		{ "max", "[3,10,2]", "10" },
		{ "sum", "[0.1,0.2]", "0.3" },
		{ "avg", "[1,2]", "1.5" },
		{ "abs", "-5.0", "5" },
		{ "round", "-2.5", "-3" },
		{ "{multiply: 100}", "19.99", "1999" },
		{ "{divide: 3}", "1", "0.333333333333" },
		{ "toInt", "\" 42 \"", "42" },
		{ "toInt", "-1.9", "-1" },
		{ "toFloat", "\"1.5\"", "1.5" },
		{ "toString", "[1]", "'[1]'" },
		{ "toBool", "\"true\"", "true" },
		{ "toJson", "\"a\"", "'\"a\"'" },
		{ "fromJson", "\"[1, 2]\"", "[1,2]" },
		{ "type", "null", "'null'" },
		{ "lower", "\"AbC\"", "abc" },
		{ "upper", "\"AbC\"", "ABC" },
		{ "trim", "\" a \"", "a" },
		{ "{split: ', '}", "\"a, b\"", "[a,b]" },
		{ "{replace: [a, bb]}", "\"aXa\"", "bbXbb" },
		{ "{regex: 'v(\\d+)'}", "\"v12\"", "'12'" },
		{ "{jsonpath: $.a}", "{\"a\":1}", "1" },
		{ "{jsonpath: '$[0]'}", "\"[7]\"", "7" },
		{ "base64Encode", "\"a?\"", "YT8=" },
		{ "base64Decode", "\"YT8=\"", "a?" },
		{ "base64UrlSafeDecode", "\"YT8\"", "a?" },
		{ "urlEncode", "\"a b\"", "a%20b" },
		{ "urlDecode", "\"a%20b%2F\"", "a b/" },
		{ "toHex", "\"az\"", "'617a'" },
		{ "{replaceRegex: ['(a)(b)?', '<$1$2$$$3x>']}", "\"abca\"",
			"'<ab$x>c<a$x>'" },
		{ "{replaceRegex: ['^|$', '-']}", "\"ab\"", "'-ab-'" },
		{ "{urlQueryParam: 'é'}", "\"/x?%C3%A9=1&%c3%a9=2\"", "'1'" },
		{ "{urlQueryParam: a}", "\"/x?b&a\"", "''" },
		{ "htmlEscape", "\"<'&\\\"\"", "'&lt;&#x27;&amp;&quot;'" },
		{ "htmlUnescape", "\"&lt;&eacute;&#x20ac;&#128;&#0;&apos;\"",
			"\"<é€€\uFFFD'\"" },
		{ "htmlUnescape", "\"&#65 &#x42;&#67\"", "A BC" },
		{ "htmlUnescape", "\"&nope; & &; &#; &#xg; &lt\"",
			"'&nope; & &; &#; &#xg; &lt'" },
		{ "base64Decode, {decode: gb2312}", "\"xOO6ww==\"", "你好" },
		{ "base64Decode, {decode: ISO-8859-1}", "\"6Q==\"", "é" },
		{ "jwtClaims, {jsonpath: $.a}",
			"\"eyJhbGciOiJub25lIn0.eyJhIjoxfQ.\"", "1" },
		{ "{toDate: '%Y-%m-%d %H:%M %z'}", "\"2024-02-29 01:30 +0200\"",
			"'2024-02-28T23:30:00.000Z'" },
		{ "{toDate: '%s'}", "\"86400\"", "'1970-01-02T00:00:00.000Z'" },
		{ "toDate", "86400", "'1970-01-02T00:00:00.000Z'" },
		{ "toDate", "\"1970-01-02\"", "'1970-01-02T00:00:00.000Z'" },
		{ "{dateFormat: '%A'}", "\"2026-02-03\"", "Tuesday" },
		{ "{dateFormat: http}", "\"2026-02-03\"",
			"'Tue, 03 Feb 2026 00:00:00 GMT'" },
		{ "daysAfterNow", "\"1970-01-02T23:59:59Z\"", "1" },
		{ "daysAfterNow", "\"1969-12-31T00:00:01Z\"", "0" },
		{ "daysBeforeNow", "\"1970-01-03\"", "-2" },
		{ "{default: 5}", "1", "1" },
		{ "{jsonpath: $.no}, {default: 5}", "{}", "5" },
		{ "first, {jsonpath: $.p}, {multiply: 100}, toInt",
			"[{\"p\":0.019}]", "1" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		cr_expect(filtered(a, cases[i].filter, cases[i].value,
				  cases[i].want),
			"%s of %s", cases[i].filter, cases[i].value);
		arena_free(a);
	}
}

Test(query, a_filter_that_does_not_apply_fails_every_predicate)
{
	static const struct {
		const char *filter, *value;
	} cases[] = {
		{ "count", "5" },
		{ "first", "{}" },
		{ "first", "[]" },
		{ "sort", "[1,\"2\"]" },
		{ "toInt", "\"4x\"" },
		{ "{multiply: 2}", "\"2\"" },
		{ "{divide: 0}", "2" },
		{ "base64Decode", "\"?\"" },
		{ "urlDecode", "\"%4\"" },
		{ "fromJson", "\"{\"" },
		{ "{regex: a}", "5" },
		{ "toBool", "\"on\"" },
		{ "sum", "[1,null]" },
		{ "{join: ','}", "[null]" },
		{ "{jsonpath: $.a}", "\"no\"" },
		{ "{toDate: '%Y-%m-%d'}", "\"2026-02-30\"" },
		{ "{toDate: '%Y-%m-%d'}", "\"2026-02-03 \"" },
		{ "{toDate: '%Z'}", "\"UTC\"" },
		{ "toDate", "1e300" },
		{ "{dateFormat: '%Z'}", "\"2026-02-03\"" },
		{ "{dateFormat: no}", "\"2026-02-03\"" },
		{ "daysAfterNow", "\"soon\"" },
		{ "base64Decode, utf8Decode", "\"/w==\"" },
		{ "base64Decode, {decode: utf-8}", "\"/w==\"" },
		{ "{decode: 'utf-8//IGNORE'}", "\"a\"" },
		{ "jwtClaims", "\"a.b.c\"" },
		{ "jwtClaims", "\"eyJhbGciOiJub25lIn0.eyJhIjoxfQ\"" },
		{ "{urlQueryParam: a}", "\"/x?a=%4\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		struct str list = arena_printf(a,
			"[{jsonpath: $, filter: [%s], not: {equals: zzz}}, "
			"{jsonpath: $, filter: [%s], isNull: false}]",
			cases[i].filter, cases[i].filter);
		struct response r = response(a, cases[i].value);
		struct vars v = variables(a);
		struct diags ds;
		struct check *c =
			check_parse_list(a, yaml(a, list.ptr, &ds), &ds);
		struct assertion *as = check_eval_all(c, &r, &v, a);
		cr_expect(as && !as->ok && !as->next->ok, "%s of %s",
			cases[i].filter, cases[i].value);
		arena_free(a);
	}
}

/* The assertions of a subject of `expect`, true when all hold. */
static bool expects(struct arena *a, const char *expect, const char *text)
{
	struct response r = response(a, text);
	struct vars v = variables(a);
	struct diags ds;
	struct check *c = check_parse_expect(a, yaml(a, expect, &ds), &ds);
	bool ok = c && ds.errors == 0;

	diags_write(&ds, stderr);
	struct assertion *as = ok ? check_eval_all(c, &r, &v, a) : NULL;
	for (; as; as = as->next)
		ok = ok && as->ok;
	return ok;
}

Test(query, each_subject_of_expect_holds_and_fails)
{
	static const struct {
		const char *holds, *fails;
	} cases[] = {
		{ "status: 201", "status: 200" },
		{ "status: 2xx", "status: 3xx" },
		{ "status: [200, 2xx]", "status: [200, 204]" },
		{ "status: {gte: 200, lt: 300}", "status: {lt: 201}" },
		{ "version: 1.1", "version: 2" },
		{ "headers: {Location: /v1/orders/7}",
			"headers: {Location: /v1}" },
		{ "headers: {LOCATION: {matches: '^/v1/.*[0-9]$'}}",
			"headers: {ETag: {exists: true}}" },
		{ "headers: {Vary: {contains: Accept}}",
			"headers: {Vary: Accept}" },
		{ "cookies: {sid: new=1}", "cookies: {sid: old}" },
		{ "cookies: {'sid[Secure]': true, 'sid[Max-Age]': {gt: 60}}",
			"cookies: {'sid[Domain]': {exists: true}}" },
		{ "json: {$.id: b}", "json: {$.id: a}" },
		{ "json: {$.id: '${id}'}", "json: {'$.l[0].id': '${id}'}" },
		{ "body: {contains: '\"n\": 1'}", "body: {contains: xyz}" },
		{ "body: {json: {id: b, l: [{id: a, n: 1}, {id: b, n: 2}]}}",
			"body: {json: {id: b}}" },
		{ "body: {subset: {l: [{n: 2}]}}",
			"body: {subset: {l: [{n: 3}]}}" },
		{ "size: {between: [60B, 1KiB]}", "size: {gt: 1KB}" },
		{ "size: 60B", "size: 61B" },
		{ "duration: {lt: 2s}", "duration: {lt: 1234ms}" },
		{ "duration: {gt: 1234ms, lte: 1235ms}",
			"duration: {near: {value: 1s, within: 100ms}}" },
		{ "timing: {connect: {lt: 2ms}}", "timing: {total: {lt: 1s}}" },
		{ "timing: {dns: {exists: false}}", "timing: {dns: {lt: 1s}}" },
		{ "ip: {isIpv4: true}", "ip: {startsWith: 192.}" },
		{ "url: {startsWith: 'https://w.'}", "url: {endsWith: v2}" },
		{ "redirects: {count: 2}", "redirects: {count: 0}" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		cr_expect(expects(a, cases[i].holds, body), "%s",
			cases[i].holds);
		cr_expect_not(expects(a, cases[i].fails, body), "%s",
			cases[i].fails);
		arena_free(a);
	}
}

Test(query, the_default_status_is_2xx)
{
	struct arena *a = arena_new();
	struct check *c = check_status_2xx(a, (struct span){ 0 });
	struct vars v = variables(a);

	cr_expect(check_is_status(c));
	for (unsigned status = 100; status < 600; status += 50) {
		struct response r = { .status = (uint16_t)status, .arena = a };
		struct assertion *as = check_eval_all(c, &r, &v, a);
		cr_expect_eq(as->ok, status / 100 == 2, "%u", status);
		cr_expect(str_eq(as->text, STR("status == 2xx")));
	}
	arena_free(a);
}

Test(query, a_page_in_place_of_json_is_named)
{
	static const struct response_header type = { NULL, STR("Content-Type"),
		STR("text/html; charset=utf-8") };
	struct arena *a = arena_new();
	struct response r = { .headers = &type,
		.body = STR("<html>"),
		.arena = a };
	struct vars v = variables(a);
	struct diags ds;
	const struct query *q = query_parse(a, yaml(a, "$.id", &ds), NULL, &ds);
	struct value got = query_eval(q, &r, &v, a);

	cr_expect_eq(got.state, VALUE_BROKEN);
	cr_expect(str_starts(got.why, STR("body is not JSON: ")));
	cr_expect(str_ends(got.why,
		STR("at byte 0 (Content-Type: text/html; charset=utf-8)")));
	arena_free(a);
}

Test(query, checks_know_the_names_they_need)
{
	struct arena *a = arena_new();
	struct diags ds;
	struct check *c = check_parse_list(a,
		yaml(a,
			"[{header: '${h}', filter: [{split: '${s}'}], "
			"not: {anyOf: ['${x}', {in: ['${y}']}]}}]",
			&ds),
		&ds);
	static const char want[] = "hsxy";
	const struct template_ref *r = check_refs(c);

	for (size_t i = 0; i < 4; i++, r = r->next) {
		cr_assert(r);
		cr_expect_eq(r->name.ptr[0], want[i]);
	}
	cr_expect_null(r);
	arena_free(a);
}

static void expect_mistake(const char *text, bool list, unsigned code,
	size_t at)
{
	static const char *const also[] = { "secret", NULL };
	struct arena *a = arena_new();
	struct diags ds;
	const struct yaml_node *n = yaml(a, text, &ds);

	if (list)
		check_parse_list(a, n, &ds);
	else
		query_parse(a, n, also, &ds);
	if (ds.errors != 1) {
		diags_write(&ds, stderr);
		cr_expect_fail("%s: %u errors", text, ds.errors);
	} else {
		cr_expect(ds.first->code == code && ds.first->where.at == at,
			"%s: E%03u at %u", text, ds.first->code,
			ds.first->where.at);
	}
	arena_free(a);
}

Test(query, mistakes_are_found_where_they_stand)
{
	expect_mistake("{jsonpaht: $.a}", false, 43, 1);
	expect_mistake("{jsonpath: $.a, header: b}", false, 13, 16);
	expect_mistake("{secret: true}", false, 11, 0);
	expect_mistake("{jsonpath: '$.a['}", false, 41, 16);
	expect_mistake("{regex: 'a['}", false, 42, 11);
	expect_mistake("{header: [a]}", false, 21, 9);
	expect_mistake("{status: 5}", false, 21, 9);
	expect_mistake("order_id", false, 21, 0);
	expect_mistake("[{status: , lt: 300}, {equals: 5}]", true, 11, 22);
	expect_mistake("[{status: }]", true, 11, 1);
	expect_mistake("[{status: , less: 5}]", true, 43, 12);
	expect_mistake("[{body: , filter: [trimm], equals: x}]", true, 43, 19);
	expect_mistake("[{body: , filter: [{nth: x}], equals: x}]", true, 21,
		25);
	expect_mistake("[{body: , filter: {replaceRegex: ['(', x]}, equals: "
		       "x}]",
		true, 42, 36);
	expect_mistake("[{body: , filter: {replaceRegex: x}, equals: x}]", true,
		21, 33);
	expect_mistake("[{body: , filter: [split], equals: x}]", true, 21, 19);
	expect_mistake("[{body: , regex: a, equals: x}]", true, 13, 10);
	expect_mistake("[5]", true, 21, 1);
	expect_mistake("{status: 5}", true, 21, 0);
}
