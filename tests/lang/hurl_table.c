/*
 * Hurl's 17 queries, 31 filters and 26 predicates: each with its form here, a
 * check that passes and one that fails.  docs/HURL.md shows this very table;
 * what it says and what is run can not differ.
 *
 * A row without checks is a word of the language that this version does not
 * execute: it is refused by its name (E014), which is tested as well.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/yaml.h"
#include "suites/check.h"

struct row {
	const char *hurl;  /* its name there */
	const char *holds; /* a check, in YAML */
	const char *fails; /* NULL: `holds` is refused with E014 */
};

static const struct row queries[] = {
	{ "status", "{status: , equals: 200}", "{status: , equals: 201}" },
	{ "version", "{version: , equals: '2'}", "{version: , equals: '1.1'}" },
	{ "url", "{url: , endsWith: /orders/7}", "{url: , endsWith: /login}" },
	{ "header", "{header: Content-Type, equals: application/json}",
		"{header: X-None, exists: true}" },
	{ "cookie", "{cookie: 'sid[Path]', equals: /}",
		"{cookie: 'sid[Secure]', exists: true}" },
	{ "body", "{body: , contains: Ann}", "{body: , contains: Bob}" },
	{ "bytes", "{bytes: , length: {gt: 100}}", "{bytes: , length: 0}" },
	{ "xpath", "{xpath: 'string(//h1)', equals: Ann}",
		"{xpath: //h2, exists: true}" },
	{ "jsonpath", "{jsonpath: $.id, equals: 7}",
		"{jsonpath: $.id, equals: '7'}" },
	{ "regex", "{regex: '\"id\":(\\d)', equals: 7}",
		"{regex: '\"id\":(x)', equals: 7}" },
	{ "variable", "{variable: word, equals: abc}",
		"{variable: none, equals: abc}" },
	{ "duration", "{duration: , lt: 1s}", "{duration: , lt: 100ms}" },
	{ "sha256", "{sha256: , matches: '^[0-9a-f]{64}$'}",
		"{sha256: , equals: '00'}" },
	{ "md5", "{md5: , matches: '^[0-9a-f]{32}$'}",
		"{md5: , equals: '00'}" },
	{ "certificate", "{certificate: Subject, equals: 'CN=api.example.com'}",
		"{certificate: Expire-Date, filter: daysAfterNow, gt: 30}" },
	{ "ip", "{ip: , isIpv4: true}", "{ip: , isIpv6: true}" },
	{ "redirects", "{redirects: , count: 1}", "{redirects: , count: 0}" },
};

static const struct row filters[] = {
	{ "base64Decode",
		"{jsonpath: $.base64, filter: base64Decode, equals: hello}",
		"{jsonpath: $.name, filter: base64Decode, equals: hello}" },
	{ "base64Encode",
		"{jsonpath: $.name, filter: base64Encode, equals: QW5u}",
		"{jsonpath: $.id, filter: base64Encode, equals: Nw==}" },
	{ "base64UrlSafeDecode",
		"{jsonpath: $.base64url, filter: base64UrlSafeDecode, "
		"equals: '<?x?>'}",
		"{jsonpath: $.tag, filter: base64UrlSafeDecode, "
		"exists: true}" },
	{ "base64UrlSafeEncode",
		"{jsonpath: $.odd, filter: base64UrlSafeEncode, equals: Pz8_}",
		"{jsonpath: $.odd, filter: base64UrlSafeEncode, "
		"equals: Pz8/}" },
	{ "count", "{jsonpath: $.list, filter: count, equals: 3}",
		"{jsonpath: $.name, filter: count, equals: 3}" },
	{ "daysAfterNow",
		"{jsonpath: $.later, filter: daysAfterNow, equals: 2}",
		"{jsonpath: $.name, filter: daysAfterNow, exists: true}" },
	{ "daysBeforeNow",
		"{jsonpath: $.before, filter: daysBeforeNow, equals: 2}",
		"{jsonpath: $.later, filter: daysBeforeNow, gt: 0}" },
	{ "decode (charsetDecode)",
		"{jsonpath: $.name, filter: {decode: iso-8859-1}, equals: Ann}",
		"{jsonpath: $.name, filter: {decode: utf-99}, equals: Ann}" },
	{ "first", "{jsonpath: $.list, filter: first, equals: 1}",
		"{jsonpath: $.empty_list, filter: first, exists: true}" },
	{ "dateFormat (format)",
		"{jsonpath: $.later, filter: {dateFormat: '%d.%m.%Y'}, "
		"equals: '05.02.2026'}",
		"{jsonpath: $.name, filter: {dateFormat: '%d'}, "
		"exists: true}" },
	{ "htmlEscape",
		"{jsonpath: $.tag, filter: htmlEscape, equals: "
		"'&lt;b&gt;'}",
		"{jsonpath: $.tag, filter: htmlEscape, equals: '<b>'}" },
	{ "htmlUnescape",
		"{jsonpath: $.html, filter: htmlUnescape, equals: 'a < b'}",
		"{jsonpath: $.html, filter: htmlUnescape, contains: '&'}" },
	{ "jsonpath",
		"{jsonpath: $.text_json, filter: {jsonpath: $.a}, equals: 1}",
		"{jsonpath: $.name, filter: {jsonpath: $.a}, exists: true}" },
	{ "last", "{jsonpath: $.list, filter: last, equals: 3}",
		"{jsonpath: $.empty_list, filter: last, exists: true}" },
	{ "location",
		"{redirects: , filter: [{nth: 0}, location], endsWith: /7}",
		"{redirects: , filter: [{nth: 1}, location], endsWith: /7}" },
	{ "nth", "{jsonpath: $.list, filter: {nth: -1}, equals: 3}",
		"{jsonpath: $.list, filter: {nth: 3}, exists: true}" },
	{ "regex", "{jsonpath: $.name, filter: {regex: '(n+)'}, equals: nn}",
		"{jsonpath: $.name, filter: {regex: x}, exists: true}" },
	{ "replace",
		"{jsonpath: $.name, filter: {replace: [n, m]}, equals: Amm}",
		"{jsonpath: $.name, filter: {replace: [n, m]}, equals: Amn}" },
	{ "replaceRegex",
		"{jsonpath: $.name, filter: {replaceRegex: ['(n)n', '$1$1m']}, "
		"equals: Annm}",
		"{jsonpath: $.name, filter: {replaceRegex: [n, m]}, "
		"equals: Ann}" },
	{ "split", "{jsonpath: $.csv, filter: {split: ','}, count: 3}",
		"{jsonpath: $.csv, filter: {split: ';'}, count: 3}" },
	{ "toDate",
		"{jsonpath: $.day, filter: {toDate: '%d/%m/%Y'}, "
		"equals: '2026-02-05T00:00:00.000Z'}",
		"{jsonpath: $.no_day, filter: {toDate: '%d/%m/%Y'}, "
		"exists: true}" },
	{ "toFloat",
		"{jsonpath: $.pi, filter: toFloat, near: {value: 3, "
		"within: 0.2}}",
		"{jsonpath: $.name, filter: toFloat, exists: true}" },
	{ "toHex", "{jsonpath: $.name, filter: toHex, equals: '416e6e'}",
		"{jsonpath: $.name, filter: toHex, equals: Ann}" },
	{ "toInt", "{jsonpath: $.number, filter: toInt, gt: 41}",
		"{jsonpath: $.name, filter: toInt, exists: true}" },
	{ "toString", "{jsonpath: $.id, filter: toString, equals: '7'}",
		"{jsonpath: $.id, filter: toString, equals: 7}" },
	{ "urlDecode", "{jsonpath: $.percent, filter: urlDecode, equals: a b}",
		"{jsonpath: $.bad_percent, filter: urlDecode, exists: true}" },
	{ "urlEncode",
		"{jsonpath: $.tag, filter: urlEncode, equals: "
		"'%3Cb%3E'}",
		"{jsonpath: $.tag, filter: urlEncode, equals: '<b>'}" },
	{ "urlQueryParam",
		"{jsonpath: $.link, filter: {urlQueryParam: 'a b'}, "
		"equals: c d}",
		"{jsonpath: $.link, filter: {urlQueryParam: c}, "
		"exists: true}" },
	{ "utf8Decode", "{bytes: , filter: utf8Decode, contains: Ann}",
		"{bytes: , filter: utf8Decode, contains: Bob}" },
	{ "utf8Encode",
		"{body: , filter: [utf8Encode, toHex], contains: "
		"'416e6e'}",
		"{body: , filter: [utf8Encode, toHex], contains: Ann}" },
	{ "xpath", "{jsonpath: $.page, filter: {xpath: //li}, count: 2}",
		"{jsonpath: $.page, filter: {xpath: //b}, exists: true}" },
};

static const struct row predicates[] = {
	{ "==", "{jsonpath: $.id, equals: 7}", "{jsonpath: $.id, equals: 8}" },
	{ "!=", "{jsonpath: $.id, notEquals: 8}",
		"{jsonpath: $.id, notEquals: 7}" },
	{ ">", "{jsonpath: $.id, gt: 6}", "{jsonpath: $.id, gt: 7}" },
	{ ">=", "{jsonpath: $.id, gte: 7}", "{jsonpath: $.id, gte: 8}" },
	{ "<", "{jsonpath: $.id, lt: 8}", "{jsonpath: $.id, lt: 7}" },
	{ "<=", "{jsonpath: $.id, lte: 7}", "{jsonpath: $.id, lte: 6}" },
	{ "startsWith", "{jsonpath: $.name, startsWith: An}",
		"{jsonpath: $.name, startsWith: nn}" },
	{ "endsWith", "{jsonpath: $.name, endsWith: nn}",
		"{jsonpath: $.name, endsWith: An}" },
	{ "contains", "{jsonpath: $.list, contains: 2}",
		"{jsonpath: $.list, contains: '2'}" },
	{ "matches", "{jsonpath: $.name, matches: '^A'}",
		"{jsonpath: $.name, matches: '^n'}" },
	{ "exists", "{jsonpath: $.nothing, exists: true}",
		"{jsonpath: $.none, exists: true}" },
	{ "isBoolean", "{jsonpath: $.yes, isBoolean: true}",
		"{jsonpath: $.name, isBoolean: true}" },
	{ "isCollection", "{jsonpath: $.list, isCollection: true}",
		"{jsonpath: $.name, isCollection: true}" },
	{ "isDate", "{jsonpath: $.later, isDate: true}",
		"{jsonpath: $.name, isDate: true}" },
	{ "isEmpty", "{jsonpath: $.empty_list, isEmpty: true}",
		"{jsonpath: $.list, isEmpty: true}" },
	{ "isFloat", "{jsonpath: $.price, isFloat: true}",
		"{jsonpath: $.id, isFloat: true}" },
	{ "isInteger", "{jsonpath: $.id, isInteger: true}",
		"{jsonpath: $.price, isInteger: true}" },
	{ "isIpv4", "{ip: , isIpv4: true}",
		"{jsonpath: $.name, isIpv4: true}" },
	{ "isIpv6", "{jsonpath: $.ip6, isIpv6: true}", "{ip: , isIpv6: true}" },
	{ "isIsoDate", "{jsonpath: $.later, isIsoDate: true}",
		"{jsonpath: $.day, isIsoDate: true}" },
	{ "isList", "{jsonpath: $.list, isList: true}",
		"{jsonpath: $.name, isList: true}" },
	{ "isNumber", "{jsonpath: $.price, isNumber: true}",
		"{jsonpath: $.number, isNumber: true}" },
	{ "isObject", "{jsonpath: $, isObject: true}",
		"{jsonpath: $.list, isObject: true}" },
	{ "isString", "{jsonpath: $.name, isString: true}",
		"{jsonpath: $.id, isString: true}" },
	{ "isUuid", "{jsonpath: $.uuid, isUuid: true}",
		"{jsonpath: $.name, isUuid: true}" },
	{ "not", "{jsonpath: $.name, not: {startsWith: B}}",
		"{jsonpath: $.name, not: {startsWith: A}}" },
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct table {
	const char *title;
	const struct row *row;
	size_t count, of_hurl;
} tables[] = {
	{ "Queries", queries, COUNT(queries), 17 },
	{ "Filters", filters, COUNT(filters), 31 },
	{ "Predicates", predicates, COUNT(predicates), 26 },
};

/* now: 2026-02-03T00:00:00Z */
static const int64_t NOW_US = INT64_C(1770076800) * 1000000;

static const char body[] =
	"{\"id\":7,\"price\":9.5,\"name\":\"Ann\",\"list\":[1,2,3],"
	"\"empty_list\":[],\"yes\":true,\"nothing\":null,"
	"\"later\":\"2026-02-05T00:00:00Z\",\"before\":\"2026-02-01\","
	"\"day\":\"05/02/2026\",\"no_day\":\"31/02/2026\","
	"\"base64\":\"aGVsbG8=\",\"base64url\":\"PD94Pz4\",\"odd\":\"???\","
	"\"tag\":\"<b>\",\"html\":\"a &lt; b\",\"csv\":\"a,b,c\","
	"\"text_json\":\"{\\\"a\\\": 1}\",\"number\":\"42\",\"pi\":\"3.14\","
	"\"percent\":\"a%20b\",\"bad_percent\":\"a%2\","
	"\"link\":\"https://x.org/?a+b=c%20d&e#f?c=1\","
	"\"ip6\":\"2001:db8::1\","
	"\"page\":\"<ul><li>a<li>b</ul>\","
	"\"uuid\":\"018f4e3c-9a5b-7c2d-8e1f-0123456789ab\"}";

static const char certificate[] = "{\"subject\":\"CN=api.example.com\","
				  "\"expire_date\":\"2026-03-01T00:00:00Z\"}";

static const char html[] = "<!DOCTYPE html><title>Order 7</title><h1>Ann</h1>";

static struct response_header cookie = { NULL, STR("Set-Cookie"),
	STR("sid=abc; Path=/; HttpOnly") };
static struct response_header type = { &cookie, STR("Content-Type"),
	STR("application/json") };

static const struct response_hop hop = { NULL, 302,
	STR("https://api.example.com/latest"),
	STR("https://api.example.com/orders/7") };

/* The one check of a row; NULL: it was refused, and `ds` says why. */
static struct assertion *eval(struct arena *a, const char *check,
	struct diags *ds)
{
	struct str text = arena_printf(a, "- %s\n", check);
	struct response r = { .arena = a,
		.status = 200,
		.http_version = STR("2"),
		.url = STR("https://api.example.com/orders/7"),
		.ip = STR("10.0.0.1"),
		.redirects = &hop,
		.total_us = 123456,
		.headers = &type };
	struct vars v;

	r.body = str_from(strstr(check, "{xpath: ") == check ? html : body);
	r.facts[FACTS_CERTIFICATE] =
		json_parse(a, str_from(certificate), NULL, NULL);
	vars_init(&v, a, 1);
	v.wall_us = NOW_US;
	vars_set_str(&v, STR("word"), STR("abc"));
	const struct yaml_node *n =
		yaml_parse(a, source_from(a, STR("t.yaml"), text), ds);
	struct check *c = n ? check_parse_list(a, n, ds) : NULL;
	return ds->errors == 0 && c ? check_eval_all(c, &r, &v, a) : NULL;
}

static void expect_outcome(const char *check, bool wanted)
{
	struct arena *a = arena_new();
	struct diags ds;

	diags_init(&ds, a);
	struct assertion *as = eval(a, check, &ds);
	if (!as)
		diags_write(&ds, stderr);
	cr_expect(as && as->ok == wanted, "%s: %.*s", check,
		STR_ARG(as ? as->actual : STR_NONE));
	arena_free(a);
}

static void expect_refused(const char *check)
{
	struct arena *a = arena_new();
	struct diags ds;

	diags_init(&ds, a);
	cr_expect_null(eval(a, check, &ds), "%s", check);
	cr_expect_eq(ds.errors, 1, "%s", check);
	cr_expect(ds.first && ds.first->code == E14, "%s", check);
	arena_free(a);
}

Test(hurl_table, every_word_has_a_check_that_passes_and_one_that_fails)
{
	for (size_t t = 0; t < COUNT(tables); t++) {
		cr_expect_eq(tables[t].count, tables[t].of_hurl);
		for (size_t i = 0; i < tables[t].count; i++) {
			const struct row *r = &tables[t].row[i];
			if (!r->fails) {
				expect_refused(r->holds);
				continue;
			}
			expect_outcome(r->holds, true);
			expect_outcome(r->fails, false);
		}
	}
}

static void add_code(struct buf *b, const char *text)
{
	buf_add_z(b, " `");
	buf_add_z(b, text);
	buf_add_z(b, "` |");
}

static void add_row(struct buf *b, const struct row *r)
{
	buf_addf(b, "| %s |", r->hurl);
	if (r->fails) {
		add_code(b, r->holds);
		add_code(b, r->fails);
	} else {
		buf_add_z(b, " not in this version: refused (E014) | |");
	}
	buf_add_byte(b, '\n');
}

Test(hurl_table, is_what_the_page_shows)
{
	struct arena *a = arena_new();
	struct err e = { 0 };
	const struct source *page = source_read(a, "docs/HURL.md", &e);

	cr_assert(page, "%s", e.text);
	for (size_t t = 0; t < COUNT(tables); t++) {
		struct buf b;
		buf_init(&b, 1 << 20);
		buf_addf(&b,
			"## %s: %zu\n\n| Hurl | a check that passes | one that "
			"fails |\n|---|---|---|\n",
			tables[t].title, tables[t].of_hurl);
		for (size_t i = 0; i < tables[t].count; i++)
			add_row(&b, &tables[t].row[i]);
		cr_expect(str_find(page->text, buf_str(&b), 0) != SIZE_MAX,
			"docs/HURL.md should hold:\n%.*s",
			STR_ARG(buf_str(&b)));
		buf_done(&b);
	}
	arena_free(a);
}
