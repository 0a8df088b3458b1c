#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/json.h"
#include "base/yaml.h"

static struct arena *arena;
static struct diags ds;

static void setup(void)
{
	arena = arena_new();
	diags_init(&ds, arena);
}

static void teardown(void)
{
	arena_free(arena);
}

TestSuite(yaml, .init = setup, .fini = teardown);

static const struct yaml_node *parse(struct str text)
{
	diags_init(&ds, arena);
	return yaml_parse(arena, source_from(arena, STR("t.yaml"), text), &ds);
}

static const struct yaml_node *parse_z(const char *z)
{
	const struct yaml_node *n = parse(str_from(z));

	cr_assert(n && ds.errors == 0, "%s: %s", z,
		ds.first ? ds.first->text.ptr : "");
	return n;
}

static void assert_json(const char *text, const char *wanted)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	json_write(&out, yaml_to_json(arena, parse_z(text)));
	cr_expect_str_eq(out.ptr, wanted, "%s became %s", text, out.ptr);
	buf_done(&out);
}

static struct str text_of(struct span s)
{
	return str_sub(s.src->text, s.at, s.end - s.at);
}

Test(yaml, scalars_follow_the_core_schema)
{
	assert_json("[1, -1, +1, 012, 0o17, 0x1F, 0, -0]",
		"[1,-1,1,12,15,31,0,-0]");
	assert_json("[1.5, .5, 5., 1e3, 1E+3, -0012.50e-3, 1.e2]",
		"[1.5,0.5,5,1e3,1e+3,-12.50e-3,1e2]");
	assert_json("[true, True, TRUE, false, False, FALSE]",
		"[true,true,true,false,false,false]");
	assert_json("[null, Null, NULL, ~, '', \"\"]",
		"[null,null,null,null,\"\",\"\"]");
	assert_json("[on, off, yes, no, y, 10:30, 2026-02-03, 1_000]",
		"[\"on\",\"off\",\"yes\",\"no\",\"y\",\"10:30\",\"2026-02-03\","
		"\"1_000\"]");
	assert_json("[.inf, -.inf, .nan, 1e, ., +, -, e5, 0x, 0o8, tRUE]",
		"[\".inf\",\"-.inf\",\".nan\",\"1e\",\".\",\"+\",\"-\",\"e5\","
		"\"0x\",\"0o8\",\"tRUE\"]");
	assert_json("['1', \"true\", 'null']", "[\"1\",\"true\",\"null\"]");
	assert_json("[0xffffffffffffffff, 0x10000000000000000]",
		"[18446744073709551615,\"0x10000000000000000\"]");
	assert_json("123456789012345678901234567890.10",
		"123456789012345678901234567890.10");
}

Test(yaml, integers_are_whole_and_fit)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t value;
	} table[] = { { "0", true, 0 }, { "-5", true, -5 }, { "+5", true, 5 },
		{ "007", true, 7 }, { "0x10", true, 16 }, { "0o10", true, 8 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "0x8000000000000000", false, 0 }, { "1.0", false, 0 },
		{ "1.", false, 0 }, { "1e2", false, 0 }, { "'1'", false, 0 },
		{ "x", false, 0 }, { "~", false, 0 }, { "[1]", false, 0 } };

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		int64_t value = 0;
		cr_expect_eq(yaml_to_i64(parse_z(table[i].text), &value),
			table[i].ok, "%s", table[i].text);
		cr_expect_eq(value, table[i].value, "%s", table[i].text);
	}
}

Test(yaml, the_tree_knows_its_bytes)
{
	const struct yaml_node *n = parse_z(
		"\xef\xbb\xbf# \xc3\xbc\nna\xc3\xafve: [\xe2\x82\xac, "
		"\"\xf0\x9d\x84\x9e x\"]\nb:\n  c: 'q'\n  d: |\n    t\n\ne:\n");

	cr_assert_eq(n->kind, YAML_MAP);
	cr_assert_eq(n->count, 3);
	cr_assert(str_eq(text_of(n->first->key->where), STR("na\xc3\xafve")));
	const struct yaml_node *list = n->first;
	cr_assert(str_eq(text_of(list->where),
		STR("[\xe2\x82\xac, \"\xf0\x9d\x84\x9e x\"]")));
	cr_assert(str_eq(text_of(list->first->where), STR("\xe2\x82\xac")));
	cr_assert(str_eq(text_of(list->first->next->where),
		STR("\"\xf0\x9d\x84\x9e x\"")));
	const struct yaml_node *b = yaml_get(n, "b");
	cr_assert(str_eq(text_of(b->where), STR("c: 'q'\n  d: |\n    t")));
	cr_assert(yaml_get(b, "c")->quoted);
	cr_assert(str_eq(text_of(yaml_get(b, "d")->where), STR("|\n    t")));
	cr_assert(str_eq(yaml_get(b, "d")->text, STR("t\n")));
	cr_assert(yaml_is_null(yaml_get(n, "e")));
	cr_assert_null(yaml_get(n, "f"));
	cr_assert_null(yaml_get(list, "b"));
}

Test(yaml, places_are_right_far_into_a_text_that_is_not_ascii)
{
	char text[4096];
	size_t len = 0;

	for (int i = 0; i < 200; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"k%d: \xc3\xa9%d\n", i, i);
	const struct yaml_node *n = parse_z(text);
	int i = 0;
	for (const struct yaml_node *e = n->first; e; e = e->next, i++) {
		char wanted[32];
		snprintf(wanted, sizeof(wanted), "k%d", i);
		cr_assert(str_eq(text_of(e->key->where), str_from(wanted)));
		snprintf(wanted, sizeof(wanted), "\xc3\xa9%d", i);
		cr_assert(str_eq(text_of(e->where), str_from(wanted)));
	}
	cr_assert_eq(i, 200);
}

Test(yaml, aliases_are_copies)
{
	const struct yaml_node *n =
		parse_z("a: &x {k: [1, 2], l: {m: 3}}\nb: *x\nc: [*x, 4]\n"
			"&k key: v\nd: {*k : w}\n");

	cr_assert_neq(yaml_get(n, "a"), yaml_get(n, "b"));
	assert_json("a: &x {k: [1, 2], l: {m: 3}}\nb: *x\nc: [*x, 4, *x]\n",
		"{\"a\":{\"k\":[1,2],\"l\":{\"m\":3}},"
		"\"b\":{\"k\":[1,2],\"l\":{\"m\":3}},"
		"\"c\":[{\"k\":[1,2],\"l\":{\"m\":3}},4,"
		"{\"k\":[1,2],\"l\":{\"m\":3}}]}");
	assert_json("[&a 1, *a, &a 2, *a]", "[1,1,2,2]");
	assert_json("{<<: {a: 1}}", "{\"<<\":{\"a\":1}}");
	assert_json("[&e [], *e, &f {}, *f, &g , *g]",
		"[[],[],{},{},null,null]");
}

/* The first diagnostic of a text: code, the bytes it points at, whether a tree
 * is still given. */
struct mistake {
	const char *text;
	int code;
	const char *where;
	bool tree;
};

/* clang-format off */
static const struct mistake mistakes[] = {
	{ "", E1, "", false },
	{ "# only a comment\n", E1, "", false },
	{ "a: [1, 2", E1, "", false },
	{ "a: {b: [1}", E1, "}", false },
	{ "a: b: c", E1, ":", false },
	{ "a:\n\tb: 1", E1, "\t", false },
	{ "a: @x", E1, "@", false },
	{ "a: \"x", E1, "", false },
	{ "a: \xff", E1, "\xff", false },
	{ "\xc3\xa9: \xc3", E1, "\xc3", false },
	{ "a: \x01", E1, "\x01", false },
	{ "- *none", E1, "*none", false },
	{ "? [a]\n: b", E1, "[", false },
	{ "{a: 1}: 2", E1, "{", false },
	{ "a: {x: \"x[0]\", b: [1}", E1, "}", false },
	{ "a: [b, [1][2]]", E1, "[", false },
	{ "a: {b: ${x}, c: 1}", E2, "${x}", false },
	{ "a: {b: /v1/${x}/y}", E2, "/v1/${x}/y", false },
	{ "a: [${x}]", E2, "${x}", false },
	{ "a: {b: ${x", E2, "${x", false },
	{ "a: {b: Bearer ${x}}", E2, "${x}", false },
	{ "a: {json: $.x[0], c: d}", E2, "$.x[0]", false },
	{ "a: {$.x[0].id: 1}", E2, "$.x[0].id", false },
	{ "a: {$.items[*].id: 3}", E2, "$.items[*].id", false },
	{ "a: {matches: [a-z]+}", E2, "[a-z]+", false },
	{ "\xc3\xa9: {b: ${x}}", E2, "${x}", false },
	{ "a: 1\nb: 2\na: 3", E4, "a", true },
	{ "x: {a: 1, \"a\": 2}", E4, "\"a\"", true },
	{ "- !!str x", E5, "!!str x", true },
	{ "- !mine {a: 1}", E5, "!mine {", true },
	{ "&a [*a]", E5, "*a", false },
	{ "a: &a {b: {c: *a}}", E5, "*a", false },
	{ "a: 1\n---\nb: 1", E5, "---", false },
};
/* clang-format on */

Test(yaml, mistakes_are_shown_where_they_are)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
		const struct mistake *m = &mistakes[i];
		const struct yaml_node *n = parse(str_from(m->text));
		cr_expect_eq(n != NULL, m->tree, "%s", m->text);
		cr_assert(ds.errors > 0 && ds.first, "%s", m->text);
		cr_expect_eq(ds.first->code, m->code, "%s: E%03d %s", m->text,
			ds.first->code, ds.first->text.ptr);
		struct str where = text_of(ds.first->where);
		cr_expect(str_eq(where, str_from(m->where)), "%s: at `%.*s`",
			m->text, STR_ARG(where));
	}
}

Test(yaml, a_duplicate_key_shows_both_places)
{
	parse(STR("a: 1\nb: 2\na: 3\nb: 4\n"));
	cr_assert_eq(ds.errors, 2);
	cr_assert_eq(ds.first->where.at, 10);
	cr_assert_eq(ds.first->next->level, DIAG_NOTE);
	cr_assert_eq(ds.first->next->where.at, 0);
}

Test(yaml, unquoted_braces_in_block_yaml_are_text)
{
	assert_json("url: ${base}/v1/${id}\njson:\n  $.a[0].b: x[1]\n",
		"{\"url\":\"${base}/v1/${id}\",\"json\":{\"$.a[0].b\":\"x[1]\"}"
		"}");
}

static void assert_code(struct str text, int code)
{
	cr_expect_null(parse(text));
	cr_expect(ds.first && ds.first->code == code, "E%d %s",
		ds.first ? ds.first->code : 0,
		ds.first ? ds.first->text.ptr : "");
}

static struct str repeat(const char *unit, size_t n)
{
	size_t len = strlen(unit);
	char *text = arena_alloc(arena, n * len + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(text + i * len, unit, len);
	return (struct str){ text, n * len };
}

Test(yaml, depth_has_an_edge)
{
	char text[2 * 65 + 1];

	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	cr_assert_not_null(parse((struct str){ text, 128 }));
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	assert_code((struct str){ text, 130 }, E3);
}

Test(yaml, bombs_of_brackets_end_at_once)
{
	static const char *const units[] = { "[", "{a: ", "- ", "[a, ", "&a [",
		"\"a\": {" };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		assert_code(repeat(units[i], YAML_BYTES_MAX / strlen(units[i])),
			E3);
	cr_assert_null(parse(repeat("{", YAML_BYTES_MAX)));
	cr_assert_null(parse(repeat("[{", YAML_BYTES_MAX / 2)));
	cr_assert_null(parse(repeat("? ", YAML_BYTES_MAX / 2)));
}

Test(yaml, size_events_and_aliases_have_an_edge)
{
	assert_code(repeat("#", YAML_BYTES_MAX + 1), E3);
	/* Stream, document and list take two events each. */
	cr_expect_not_null(parse(repeat("- a\n", YAML_EVENTS_MAX - 6)));
	assert_code(repeat("- a\n", YAML_EVENTS_MAX - 5), E3);
	struct str hundred = repeat("- *a\n", YAML_ALIASES_MAX);
	cr_expect_not_null(
		parse(arena_printf(arena, "- &a x\n%s", hundred.ptr)));
	assert_code(arena_printf(arena, "- &a x\n%s- *a\n", hundred.ptr), E3);
}

Test(yaml, laughs_by_aliases_count_as_written_text)
{
	assert_code(STR("a: &a [x,x,x,x,x,x,x,x,x,x]\n"
			"b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
			"c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
			"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
			"e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
			"f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"),
		E3);
	/* 40 deep, hung in 40 deep. */
	struct str open = repeat("[", 40);
	struct str close = repeat("]", 40);
	assert_code(arena_printf(arena, "[&a %s%s, %s*a%s]", open.ptr,
			    close.ptr, open.ptr, close.ptr),
		E3);
}

Test(yaml, many_keys_are_checked_for_duplicates_in_time)
{
	struct buf b;

	buf_init(&b, YAML_BYTES_MAX);
	for (int i = 0; i < 40000; i++)
		buf_addf(&b, "k%d: 1\n", i);
	cr_assert_not_null(parse(buf_str(&b)));
	cr_assert_eq(ds.errors, 0);
	buf_addf(&b, "k7: 1\n");
	cr_assert_not_null(parse(buf_str(&b)));
	cr_assert_eq(ds.errors, 1);
	buf_done(&b);
}

Test(yaml, a_source_is_a_regular_file_of_bounded_size)
{
	char folder[] = "/tmp/andon-yaml-XXXXXX";
	char path[64];
	struct err e = { 0 };

	cr_assert_not_null(mkdtemp(folder));
	cr_expect_null(source_read(arena, folder, &e));
	cr_expect_eq(e.kind, ERR_CONFIG);
	snprintf(path, sizeof(path), "%s/f", folder);
	cr_expect_null(source_read(arena, path, &e));
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_expect_null(source_read(arena, path, &e), "a FIFO must not block");
	unlink(path);

	int fd = open(path, O_RDWR | O_CREAT, 0600);
	cr_assert_eq(write(fd, "a: 1\n", 5), 5);
	const struct source *src = source_read(arena, path, &e);
	cr_assert_not_null(src);
	cr_expect(str_eq(src->text, STR("a: 1\n")));
	cr_expect_str_eq(src->name.ptr, path);
	cr_assert_eq(ftruncate(fd, YAML_BYTES_MAX), 0);
	cr_expect_not_null(source_read(arena, path, &e));
	cr_assert_eq(ftruncate(fd, YAML_BYTES_MAX + 1), 0);
	cr_expect_null(source_read(arena, path, &e));
	close(fd);
	unlink(path);
	rmdir(folder);
}
