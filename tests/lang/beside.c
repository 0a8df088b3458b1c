/*
 * Files that a suite names: bodies, rows, file().  What stands in the suite's
 * folder is read once, and nothing leads out of it.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"
#include "suites/suite.h"

static char top[64];
static struct arena *arena;

static const char *at(const char *name)
{
	return arena_printf(arena, "%s/%s", top, name).ptr;
}

static void put(const char *name, struct str bytes)
{
	FILE *f = fopen(at(name), "w");

	cr_assert(f, "%s", name);
	fwrite(bytes.ptr, 1, bytes.len, f);
	fclose(f);
}

/* suite/: the suite's folder; secret: beside it */
static void setup(void)
{
	arena = arena_new();
	snprintf(top, sizeof(top), "/tmp/andon-beside-XXXXXX");
	cr_assert(mkdtemp(top));
	mkdir(at("suite"), 0700);
	mkdir(at("suite/deep"), 0700);
	put("secret", STR("outside"));
	put("suite/deep/a.json", STR("{\"a\": \"${region}\"}"));
	put("suite/bytes", STR("\0\xff\r\n"));
	cr_assert_eq(symlink("../secret", at("suite/out")), 0);
	cr_assert_eq(symlink("deep/a.json", at("suite/in")), 0);
	cr_assert_eq(symlink("/proc/self/root/etc/hostname", at("suite/magic")),
		0);
	cr_assert_eq(mkfifo(at("suite/pipe"), 0600), 0);
}

static void teardown(void)
{
	static const char *const names[] = { "suite/out", "suite/in",
		"suite/magic", "suite/pipe", "suite/bytes", "suite/big",
		"suite/rows.csv", "suite/rows.json", "suite/rows.yaml",
		"suite/rows.txt", "suite/deep/a.json", "suite/t.yaml",
		"secret" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(at(names[i]));
	rmdir(at("suite/deep"));
	rmdir(at("suite"));
	rmdir(top);
	arena_free(arena);
}

TestSuite(beside, .init = setup, .fini = teardown);

static const struct suite *load(const char *head, const char *step,
	struct diags *ds)
{
	static const struct suite_world world = { .any = true };
	struct str text = arena_printf(arena,
		"version: 1\nsuite: t\nowner: o\nrunbook: r\n%ssteps:\n"
		"  - {name: s, post: 'http://x.org/', %s}\n",
		head, step);
	const struct suite_file *f;

	diags_init(ds, arena);
	f = suite_parse(arena,
		source_from(arena, str_from(at("suite/t.yaml")), text), &world,
		ds);
	return f ? suite_base(f) : NULL;
}

static const struct step *good(const char *step)
{
	struct diags ds;
	const struct suite *s = load("", step, &ds);

	if (!s)
		diags_write(&ds, stderr);
	cr_assert(s, "%s", step);
	return s->steps;
}

static struct str rendered(const struct template *t)
{
	struct str text = STR_NONE;
	struct str why;
	bool secret = false;
	struct vars v;

	vars_init(&v, arena, 1);
	cr_assert(template_render(t, &v, &text, &secret, &why));
	return text;
}

static void expect_code(const char *head, const char *step, int code)
{
	struct diags ds;

	cr_expect_null(load(head, step, &ds), "%s%s", head, step);
	cr_expect(ds.first && ds.first->code == code, "%s%s: %.*s", head, step,
		STR_ARG(ds.first ? ds.first->text : STR("nothing")));
}

Test(beside, a_body_is_the_bytes_of_the_file)
{
	cr_expect(str_eq(rendered(good("body_file: bytes")->body),
		STR("\0\xff\r\n")));
	cr_expect(str_eq(rendered(good("body_base64: AP8NCg==")->body),
		STR("\0\xff\r\n")));
	expect_code("", "body_base64: 'AP8NCg'", E21);
	expect_code("", "body_file: bytes, body: x", E13);
	expect_code("", "body_file: '${region}'", E33);
}

Test(beside, a_value_is_the_text_of_the_file_as_it_stands)
{
	struct str all =
		rendered(good("body: \"<${file('deep/a.json')}>\"")->body);

	cr_expect(str_eq(all, STR("<{\"a\": \"${region}\"}>")));
	cr_expect(
		str_eq(rendered(good("body: \"${base64(file(bytes))}\"")->body),
			STR("AP8NCg==")));
	cr_expect(str_eq(rendered(good("body_file: in")->body),
		STR("{\"a\": \"${region}\"}")));
	expect_code("", "body: \"${file()}\"", E34);
	expect_code("", "body: \"${file(upper('x'))}\"", E34);
}

Test(beside, nothing_leads_out_of_the_folder)
{
	static const char *const paths[] = { "../secret", "out", "/etc/passwd",
		"deep/../../secret", "magic", "/proc/self/environ", "..",
		"none", "deep", "pipe", "big" };
	FILE *f = fopen(at("suite/big"), "w");

	cr_assert(f && ftruncate(fileno(f), (16 << 20) + 1) == 0);
	fclose(f);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct str value = arena_printf(arena,
			"body: \"${file('%s')}\"", paths[i]);
		struct str part = arena_printf(arena,
			"multipart: {a: {file: '%s'}}", paths[i]);
		expect_code("", value.ptr, E6);
		expect_code("", part.ptr, E6);
	}
}

static void expect_rows(const char *file, const char *bytes, const char *wanted)
{
	struct diags ds;
	struct buf b;

	put(arena_printf(arena, "suite/%s", file).ptr, str_from(bytes));
	const struct suite *s =
		load(arena_printf(arena, "rows: %s\n", file).ptr,
			"body: '${row.a}'", &ds);
	if (!s)
		diags_write(&ds, stderr);
	cr_assert(s, "%s", bytes);
	buf_init(&b, 4096);
	json_write(&b, s->rows);
	cr_expect(str_eq(buf_str(&b), str_from(wanted)), "%s: %.*s", bytes,
		STR_ARG(buf_str(&b)));
	buf_done(&b);
}

Test(beside, rows_come_from_csv_json_and_yaml)
{
	expect_rows("rows.csv",
		"\xef\xbb\xbf"
		"a,b c\r\n1,\"x,\"\"y\"\"\"\r\n\n2,\"l\n\"",
		"[{\"a\":\"1\",\"b c\":\"x,\\\"y\\\"\"},"
		"{\"a\":\"2\",\"b c\":\"l\\n\"}]");
	expect_rows("rows.csv", "a\n\"\"\n", "[{\"a\":\"\"}]");
	expect_rows("rows.json", "[{\"a\": 1.50}]", "[{\"a\":1.50}]");
	expect_rows("rows.yaml", "- a: [1]\n- {a: x}\n",
		"[{\"a\":[1]},{\"a\":\"x\"}]");
}

Test(beside, rows_that_are_none_are_shown_where_they_stand)
{
	static const struct {
		const char *file, *bytes;
		int code;
		unsigned line, column;
	} cases[] = {
		{ "rows.csv", "", E21, 1, 1 },
		{ "rows.csv", "a\n", E23, 5, 7 },
		{ "rows.csv", "a,b\n1\n", E21, 2, 2 },
		{ "rows.csv", "a,b\n1,2,3\n", E21, 2, 5 },
		{ "rows.csv", "a,a\n", E21, 1, 4 },
		{ "rows.csv", "a\n\"x", E21, 2, 3 },
		{ "rows.csv", "a\nx\"y\n", E21, 2, 2 },
		{ "rows.csv", "a\n\"x\"y\n", E21, 2, 4 },
		{ "rows.json", "[1]", E21, 1, 2 },
		{ "rows.json", "{}", E21, 1, 1 },
		{ "rows.json", "[{]", E21, 1, 3 },
		{ "rows.yaml", "- 1\n", E21, 1, 3 },
		{ "rows.yaml", "- {a: \"${region}\"}\n", E33, 1, 7 },
		{ "rows.yaml", "[", E1, 1, 2 },
		{ "rows.txt", "a", E24, 5, 7 },
		{ "../secret", "", E6, 5, 7 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diags ds;
		struct place place;
		struct str head =
			arena_printf(arena, "rows: %s\n", cases[i].file);
		if (cases[i].code != E6)
			put(arena_printf(arena, "suite/%s", cases[i].file).ptr,
				str_from(cases[i].bytes));
		cr_expect_null(load(head.ptr, "body: x", &ds));
		cr_assert(ds.first, "%s", cases[i].bytes);
		span_place(ds.first->where, &place);
		cr_expect(ds.first->code == cases[i].code &&
				  place.line == cases[i].line &&
				  place.column == cases[i].column,
			"%s %s: E%03u at %u:%u", cases[i].file, cases[i].bytes,
			ds.first->code, place.line, place.column);
	}
}

Test(beside, parts_have_a_value_or_a_file)
{
	const struct body_part *p =
		good("multipart: {a: x, f: [{file: in, type: text/plain}, "
		     "{file: bytes, filename: 'b.bin'}]}")
			->parts;

	cr_expect(str_eq(p->name, STR("a")) && !p->filename.ptr);
	p = p->next;
	cr_expect(str_eq(p->filename, STR("in")));
	cr_expect(str_eq(p->type, STR("text/plain")));
	p = p->next;
	cr_expect(str_eq(p->name, STR("f")));
	cr_expect(str_eq(p->filename, STR("b.bin")));
	cr_expect(str_eq(p->type, STR("application/octet-stream")));
	cr_expect(str_eq(rendered(p->value), STR("\0\xff\r\n")));
	expect_code("", "multipart: {a: {}}", E11);
	expect_code("", "multipart: {a: {value: x, file: in}}", E13);
	expect_code("", "multipart: {a: {value: x, type: \"a\\nb\"}}", E21);
	expect_code("", "multipart: {a: x}, form: {a: x}", E13);
	expect_code("", "graphql: {variables: {}}", E11);
	expect_code("", "graphql: {query: []}", E21);
	expect_code("", "graphql: {query: '${none}'}", E31);
}

static const char *hash_of_folder(void)
{
	static const struct suite_world world = { .any = true };
	const char *path = at("suite");
	struct suite_set set;
	struct diags ds;

	diags_init(&ds, arena);
	cr_assert(suite_load_all(arena, &path, 1, &world, &set, &ds));
	return arena_str(arena, str_from(set.hash)).ptr;
}

/* Runners with another body, other rows or another value do other things. */
Test(beside, the_hash_covers_what_the_suite_names)
{
	static const char *const names[] = { "suite/bytes", "suite/rows.csv",
		"suite/deep/a.json" };
	const char *before;

	put("suite/rows.csv", STR("name\none\n"));
	put("suite/rows.txt", STR("nobody names it"));
	put("suite/t.yaml", STR("version: 1\nsuite: t\nowner: o\nrunbook: r\n"
				"rows: rows.csv\n"
				"vars: {v: \"${file('deep/a.json')}\"}\n"
				"overrides: {prod: {every: 5s}}\n"
				"steps:\n"
				"  - {name: s, post: 'http://x.org/${v}',"
				" body_file: bytes}\n"));
	before = hash_of_folder();
	cr_assert_str_eq(before, hash_of_folder());
	put("suite/rows.txt", STR("still nobody"));
	cr_assert_str_eq(before, hash_of_folder());
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *after;

		put(names[i], STR("name\nother\n"));
		after = hash_of_folder();
		cr_expect_str_neq(before, after, "%s", names[i]);
		before = after;
	}
}
