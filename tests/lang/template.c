/*
 * ${...}: what it gives, what it keeps, and where its mistakes are shown.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/crypto.h"
#include "suites/template.h"

/* 2026-02-03T14:02:11.482Z */
static const int64_t NOW_US = INT64_C(1770127331482000);

static const struct yaml_node *yaml(struct arena *a, const char *text,
	struct diags *ds)
{
	diags_init(ds, a);
	return yaml_parse(a, source_from(a, STR("t.yaml"), str_from(text)), ds);
}

static void fill(struct arena *a, struct vars *v, uint64_t seed)
{
	struct json_error why;

	vars_init(v, a, seed);
	v->wall_us = NOW_US;
	vars_set_str(v, STR("word"), STR("A b/c"));
	vars_set_str(v, STR("region"), STR("west"));
	vars_set_str(v, STR("region.base_url"), STR("http://w"));
	vars_set(v, STR("n"), json_new_number(a, STR("7.50")), false);
	vars_set(v, STR("yes"), json_new_bool(a, true), false);
	vars_set(v, STR("nothing"), json_new(a, JSON_NULL), false);
	vars_set(v, STR("unset"), NULL, false);
	vars_set(v, STR("key"), json_new_str(a, STR("Jefe")), true);
	vars_set(v, STR("list"),
		json_parse(a, STR("[1,{\"a\":[]}]"), &json_limits_default,
			&why),
		false);
}

/* The rendered text, or "!" and the reason. */
static struct str render(struct arena *a, const char *text, uint64_t seed,
	bool *ret_secret)
{
	struct diags ds;
	struct vars v;
	struct str out = STR_NONE;
	struct str why = STR_NONE;
	const struct yaml_node *n = yaml(a, text, &ds);
	const struct template *t = n ? template_parse(a, n, &ds) : NULL;

	if (!t) {
		diags_write(&ds, stderr);
		return STR("mistake");
	}
	fill(a, &v, seed);
	if (template_render(t, &v, &out, ret_secret, &why))
		return out;
	return arena_printf(a, "!%.*s", STR_ARG(why));
}

static void expect_render(const char *text, const char *want)
{
	struct arena *a = arena_new();
	bool secret = false;
	struct str got = render(a, text, 1, &secret);

	cr_expect(str_eq(got, str_from(want)), "%s gives\n%.*s, not\n%s", text,
		STR_ARG(got), want);
	arena_free(a);
}

Test(template, fills_in_names)
{
	expect_render("plain", "plain");
	expect_render("''", "");
	expect_render("smoke-${region}-x", "smoke-west-x");
	expect_render("${region.base_url}/v1", "http://w/v1");
	expect_render("'${ word }'", "A b/c");
	expect_render("a${n}b${yes}", "a7.50btrue");
	expect_render("x${list}", "x[1,{\"a\":[]}]");
	expect_render("cost $5 $", "cost $5 $");
	expect_render("$${region} $${x", "${region} ${x");
	expect_render("$$${region}", "$${region}");
	expect_render("${unset}", "!unset");
	expect_render("${missing}", "!missing");
	expect_render("x${nothing}", "!nothing (is null)");
}

Test(template, functions_give_known_answers)
{
	/* RFC 4231 test case 2 */
	expect_render("\"${hmac(sha256, ${key}, 'what do ya want for nothing?')"
		      "}\"",
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec38"
		"43");
	expect_render("${sha256('abc')}",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015"
		"ad");
	expect_render("${base64(word)}", "QSBiL2M=");
	expect_render("${hex('az')}", "617a");
	expect_render("${urlEncode(word)}", "A%20b%2Fc");
	expect_render("${lower(word)}${upper(word)}", "a b/cA B/C");
	expect_render("\"${trim('  x ')}|\"", "x|");
	expect_render("${json(word)}", "\"A b/c\"");
	expect_render("${json(list)}", "[1,{\"a\":[]}]");
	expect_render("${add(n, 0.05)}", "7.55");
	expect_render("${sub(1, 1.5)}", "-0.5");
	expect_render("${add(9007199254740993, 1)}", "9007199254740994");
	expect_render("${base64(hex(lower('A')))}", "NjE=");
}

Test(template, times_are_those_of_the_step)
{
	expect_render("${unix()}", "1770127331");
	expect_render("${unixMs()}", "1770127331482");
	expect_render("${now()}", "2026-02-03T14:02:11.482Z");
	expect_render("${now(rfc3339, -2h)}", "2026-02-03T12:02:11.482Z");
	expect_render("${now(unix, +1m)}", "1770127391");
	expect_render("${now(date, 1d)}", "2026-02-04");
	expect_render("${now(http)}", "Tue, 03 Feb 2026 14:02:11 GMT");
	expect_render("${now('%Y/%m')}", "2026/02");
}

Test(template, a_jwt_is_signed_over_its_claims)
{
	struct arena *a = arena_new();
	bool secret = false;
	struct str rest = render(a, "${jwt(HS256, ${key}, '{\"sub\":\"x\"}')}",
		1, &secret);
	struct str signed_part = str_sub(rest, 0, rest.len);
	uint8_t mac[HMAC_MAX_BYTES];
	size_t n;
	struct buf b;

	cr_expect(secret);
	struct str head = str_cut(&rest, '.');
	struct str claims = str_cut(&rest, '.');
	cr_expect(str_eq(head, STR("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9")));
	cr_expect(str_eq(claims, STR("eyJzdWIiOiJ4In0")));
	signed_part.len = head.len + 1 + claims.len;
	cr_assert(
		crypto_hmac(STR("sha256"), STR("Jefe"), signed_part, mac, &n));
	buf_init(&b, 200);
	buf_add_base64(&b, (struct str){ (const char *)mac, n }, true);
	cr_expect(str_starts(buf_str(&b), rest), "%.*s", STR_ARG(rest));
	cr_expect_eq(rest.len, 43);
	buf_done(&b);
	arena_free(a);
}

static const char *const random_ones[] = { "${uuid()}",
	"${randomInt(1, 1000000000)}", "${randomString(12)}",
	"${randomHex(16)}" };

Test(template, random_functions_repeat_with_a_seed_and_not_without)
{
	struct arena *a = arena_new();
	bool secret = false;

	for (size_t i = 0; i < 4; i++) {
		const char *t = random_ones[i];
		struct str one = render(a, t, 42, &secret);
		cr_expect(str_eq(one, render(a, t, 42, &secret)), "%s", t);
		cr_expect_not(str_eq(one, render(a, t, 43, &secret)), "%s", t);
		cr_expect_not(str_eq(render(a, t, 0, &secret),
				      render(a, t, 0, &secret)),
			"%s", t);
	}
	arena_free(a);
}

Test(template, random_values_have_their_shape)
{
	struct arena *a = arena_new();
	bool secret = false;

	for (uint64_t seed = 1; seed < 200; seed++) {
		int64_t n;
		struct str s = render(a, "${uuid()}", seed, &secret);
		cr_expect(s.len == 36 && s.ptr[14] == '4' &&
			  strchr("89ab", s.ptr[19]));
		s = render(a, "${randomInt(-2, 2)}", seed, &secret);
		cr_expect(str_to_i64(s, &n) && n >= -2 && n <= 2);
		s = render(a, "${pick('a', 'b')}", seed, &secret);
		cr_expect(str_eq(s, STR("a")) || str_eq(s, STR("b")));
	}
	arena_free(a);
}

Test(template, passes_the_mark_of_a_secret_on)
{
	static const struct {
		const char *text;
		bool secret;
	} cases[] = {
		{ "Bearer ${key}", true },
		{ "${base64(key)}", true },
		{ "${hmac(sha256, 'k', lower(key))}", true },
		{ "${word}", false },
		{ "key", false },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool secret = false;
		render(a, cases[i].text, 1, &secret);
		cr_expect_eq(secret, cases[i].secret, "%s", cases[i].text);
	}
	bool secret = true;
	render(a, "${word}", 1, &secret);
	cr_expect(secret, "left alone when no secret went in");
	arena_free(a);
}

static struct str tree(struct arena *a, const char *text)
{
	struct diags ds;
	struct vars v;
	const struct json *j;
	bool secret = false;
	struct str why = STR_NONE;
	struct buf b;
	const struct yaml_node *n = yaml(a, text, &ds);
	const struct template_tree *t = template_tree_parse(a, n, &ds);

	cr_assert(t, "%s", text);
	fill(a, &v, 1);
	if (!template_tree_value(t, &v, &j, &secret, &why))
		return arena_printf(a, "!%.*s", STR_ARG(why));
	buf_init(&b, 4096);
	json_write(&b, j);
	struct str s = arena_str(a, buf_str(&b));
	buf_done(&b);
	return s;
}

static void expect_tree(const char *text, const char *want)
{
	struct arena *a = arena_new();
	struct str got = tree(a, text);

	cr_expect(str_eq(got, str_from(want)), "%s gives %.*s, not %s", text,
		STR_ARG(got), want);
	arena_free(a);
}

Test(template, a_tree_keeps_types)
{
	expect_tree("{a: 1, b: '1', c: on, d: true, e: ~, f: 1.50}",
		"{\"a\":1,\"b\":\"1\",\"c\":\"on\",\"d\":true,\"e\":null,"
		"\"f\":1.50}");
	expect_tree("{a: '${n}', b: 'n${n}', c: ['${list}', '${nothing}']}",
		"{\"a\":7.50,\"b\":\"n7.50\",\"c\":[[1,{\"a\":[]}],null]}");
	expect_tree("'${list}'", "[1,{\"a\":[]}]");
	expect_tree("['${list}', '${list}', {x: '$${n}', y: []}]",
		"[[1,{\"a\":[]}],[1,{\"a\":[]}],{\"x\":\"${n}\",\"y\":[]}]");
	expect_tree("{a: [1, '${unset}']}", "!unset");
}

Test(template, lists_the_names_it_needs)
{
	struct arena *a = arena_new();
	struct diags ds;
	const struct yaml_node *n =
		yaml(a, "{a: '${x}', b: ['${uuid()} ${base64(y.z)}', 1]}", &ds);
	const struct template_ref *r =
		template_tree_refs(template_tree_parse(a, n, &ds));
	static const char *const want[] = { "x", "uuid", "y.z", "base64" };

	for (size_t i = 0; i < 4; i++, r = r->next) {
		cr_assert(r);
		cr_expect(str_eq(r->name, str_from(want[i])));
		cr_expect_eq(r->call, i % 2);
	}
	cr_expect_null(r);
	arena_free(a);
}

static void expect_mistake(const char *text, unsigned code, size_t at,
	size_t end)
{
	struct arena *a = arena_new();
	struct diags ds;
	const struct yaml_node *n = yaml(a, text, &ds);

	cr_assert(n, "%s", text);
	cr_expect_null(template_parse(a, n, &ds));
	if (ds.errors != 1) {
		diags_write(&ds, stderr);
		cr_expect_fail("%s: %u errors", text, ds.errors);
	} else {
		struct span w = ds.first->where;
		cr_expect(ds.first->code == code && w.at == at && w.end == end,
			"%s: E%03u at %u to %u", text, ds.first->code, w.at,
			w.end);
	}
	arena_free(a);
}

Test(template, shows_mistakes_where_they_stand)
{
	expect_mistake("a ${region", 33, 2, 10);
	expect_mistake("a ${} b", 33, 2, 5);
	expect_mistake("'a ${x y} b'", 33, 3, 8);
	expect_mistake("${uuid(}", 33, 0, 8);
	expect_mistake("${uuid()", 33, 0, 8);
	expect_mistake("\"${lower('x)}\"", 33, 1, 10);
	expect_mistake("${add(1, 2x)}", 33, 0, 12);
	expect_mistake("x ${uid()} y", 34, 4, 9);
	expect_mistake("${uuid(1)}", 34, 2, 9);
	expect_mistake("${randomInt(1)}", 34, 2, 14);
	expect_mistake("${randomInt(5, 1)}", 34, 2, 17);
	expect_mistake("${randomHex(5000)}", 34, 2, 17);
	expect_mistake("${hmac(sha257, ${key}, x)}", 34, 2, 25);
	expect_mistake("${now(rfc)}", 34, 2, 10);
	expect_mistake("[a]", 21, 0, 3);
}

Test(template, calls_nest_only_so_deep)
{
	struct arena *a = arena_new();
	struct diags ds;
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_add_z(&b, "x ${");
	for (int i = 0; i < 100000; i++)
		buf_add_z(&b, "hex(");
	const struct yaml_node *n = yaml(a, buf_str(&b).ptr, &ds);
	cr_assert(n);
	cr_expect_null(template_parse(a, n, &ds));
	cr_expect_eq(ds.first->code, 33);
	buf_done(&b);
	arena_free(a);
}
