/*
 * The layout of a file: what it looks like, and that nothing is lost.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/yaml_layout.h"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

TestSuite(yaml_layout, .init = setup, .fini = teardown);

static const struct key item_keys[] = { { .name = "name" }, { .name = "get" },
	{ .name = "expect" }, { .name = NULL } };
static const struct yaml_order orders[] = { { "steps/-", item_keys }, { 0 } };

static struct str layout(struct str text)
{
	struct str out = STR_NONE;
	struct diags ds;
	struct buf b;

	diags_init(&ds, arena);
	buf_init(&b, YAML_LAYOUT_MAX);
	if (yaml_layout(arena, source_from(arena, STR("t"), text), orders, &b,
		    &ds) == YAML_LAYOUT_OK)
		out = arena_str(arena, buf_str(&b));
	if (ds.first)
		diags_write(&ds, stderr);
	buf_done(&b);
	return out;
}

static void expect_layout(const char *from, const char *to)
{
	struct str got = layout(str_from(from));

	cr_expect(got.ptr && str_eq(got, str_from(to)),
		"from:\n%s\nwanted:\n%s\ngot:\n%s", from, to,
		got.ptr ? got.ptr : "nothing");
}

Test(yaml_layout, indentation_and_blank_lines_are_one_way)
{
	expect_layout("a:\n    b:  1\n    c:\n    - x\n    -   y\n\n\n\nd: 2",
		"a:\n  b: 1\n  c:\n    - x\n    - y\n\nd: 2\n");
	expect_layout("-   - 1\n    - {a: 1}\n-\n  x: y\n",
		"- - 1\n  - {a: 1}\n- x: y\n");
	expect_layout("\xef\xbb\xbf"
		      "a: 1\r\nb: 2\r\n",
		"a: 1\nb: 2\n");
}

Test(yaml_layout, flow_that_fits_stays_and_what_does_not_is_broken)
{
	expect_layout("a: { b: [ 1,2 ],c:  , d: {} }\n",
		"a: {b: [1, 2], c: , d: {}}\n");
	expect_layout("a: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, "
		      "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb]\n",
		"a:\n  - aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		"  - bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n");
	expect_layout("a: {b: 1, # one\n  c: 2}\n",
		"a:\n  b: 1    # one\n  c: 2\n");
}

Test(yaml_layout, quotes_go_only_where_nothing_needs_them)
{
	expect_layout("a: \"word\"\nb: 'on'\nc: \"10:30\"\nd: '5'\ne: "
		      "\"${x}\"\n"
		      "f: 'null'\n\"g\": ''\n",
		"a: word\nb: 'on'\nc: \"10:30\"\nd: '5'\ne: \"${x}\"\n"
		"f: 'null'\ng: ''\n");
}

Test(yaml_layout, block_scalars_are_kept)
{
	expect_layout("a:\n      b: |  # c\n            x\n              y\n\n"
		      "            z\n      c: >-\n       t\n",
		"a:\n  b: |      # c\n    x\n      y\n\n    z\n  c: >-\n    "
		"t\n");
	expect_layout("a: |+\n  x\n\n\nb: |2\n    y\n",
		"a: |+\n  x\n\n\nb: |2\n    y\n");
}

Test(yaml_layout, keys_come_in_the_order_of_the_table_with_their_comments)
{
	expect_layout("steps:\n"
		      "  # the first\n"
		      "  - get: /x   # where\n"
		      "    # what holds\n"
		      "    expect: {b: 1, a: 2}\n"
		      "    name: n\n"
		      "    # the end of it\n",
		"steps:\n"
		"  # the first\n"
		"  - name: n\n"
		"    get: /x   # where\n"
		"    # what holds\n"
		"    expect: {b: 1, a: 2}\n"
		"    # the end of it\n");
}

Test(yaml_layout, anchors_stay_before_their_aliases)
{
	expect_layout("steps:\n  - get: &u /x\n    name: n\n  - get: *u\n",
		"steps:\n  - get: &u /x\n    name: n\n  - get: *u\n");
	expect_layout("a: &m {x: 1}\nb: &l\n - 1\nc: *m\n",
		"a: &m {x: 1}\nb: &l\n  - 1\nc: *m\n");
}

Test(yaml_layout, a_file_with_mistakes_is_not_touched)
{
	cr_expect_null(layout(STR("a: [1\n")).ptr);
	cr_expect_null(layout(STR("a: 1\na: 2\n")).ptr);
	cr_expect_null(layout(STR("")).ptr);
	/* a line end behind it would be one of the text */
	cr_expect_null(layout(STR("a: |\n  x")).ptr);
}

/* --- generated files --- */

struct maker {
	struct buf out;
	uint64_t state;
	unsigned comments, names;
};

static unsigned pick(struct maker *m, unsigned n)
{
	m->state = m->state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(m->state >> 33) % n;
}

static void pad(struct maker *m, unsigned n)
{
	while (n--)
		buf_add_byte(&m->out, ' ');
}

static void line_end(struct maker *m)
{
	if (pick(m, 4) == 0)
		buf_addf(&m->out, "%*s# c%u.", 1 + (int)pick(m, 4), "",
			m->comments++);
	buf_add_byte(&m->out, '\n');
}

static void between(struct maker *m, unsigned indent)
{
	while (pick(m, 4) == 0)
		buf_add_byte(&m->out, '\n');
	if (pick(m, 4) == 0) {
		pad(m, pick(m, 3) ? indent : pick(m, 9));
		buf_addf(&m->out, "#c%u. it's: \"[{\n", m->comments++);
	}
}

static void scalar_make(struct maker *m)
{
	static const char *const texts[] = { "word", "'q #x'", "\"d \\\" #y\"",
		"10:30", "3.5", "on", "~", "a#b", "\xc3\xa9 e", "''", "'it''s'",
		"http://x/y?z=1", "{}", "[]" };

	buf_add_z(&m->out, texts[pick(m, sizeof(texts) / sizeof(texts[0]))]);
}

static void flow_make(struct maker *m, unsigned depth)
{
	bool map = pick(m, 2);
	unsigned n = 1 + pick(m, 4);

	buf_add_z(&m->out, map ? "{ " : "[");
	for (unsigned i = 0; i < n; i++) {
		if (i)
			buf_add_z(&m->out, pick(m, 2) ? ", " : " ,");
		if (pick(m, 8) == 0)
			buf_addf(&m->out, " # c%u.\n          ", m->comments++);
		if (map)
			buf_addf(&m->out, "k%u: ", m->names++);
		if (depth && pick(m, 3) == 0)
			flow_make(m, depth - 1);
		else
			scalar_make(m);
	}
	buf_add_z(&m->out, map ? "}" : " ]");
}

static void block_make(struct maker *m, unsigned indent)
{
	static const char *const heads[] = { "|", "|-", ">", "|+", "|1" };
	unsigned head = pick(m, 5);

	buf_add_z(&m->out, heads[head]);
	line_end(m);
	for (unsigned i = 0; i <= pick(m, 3); i++) {
		pad(m, head == 4 ? indent + 1 : indent + 3);
		buf_addf(&m->out, "text # %u\n", i);
		if (pick(m, 3) == 0)
			buf_add_byte(&m->out, '\n');
	}
}

static void value_make(struct maker *m, unsigned indent, unsigned depth);

static void entries_make(struct maker *m, unsigned indent, unsigned depth)
{
	bool map = depth > 3 || pick(m, 2);
	unsigned n = 1 + pick(m, 4);

	for (unsigned i = 0; i < n; i++) {
		between(m, indent);
		pad(m, indent);
		if (map)
			buf_addf(&m->out, "k%u:", m->names++);
		else
			buf_add_byte(&m->out, '-');
		value_make(m, indent, depth);
	}
	between(m, indent);
}

static void value_make(struct maker *m, unsigned indent, unsigned depth)
{
	unsigned what = pick(m, 10);

	if (depth && what < 4) {
		line_end(m);
		entries_make(m, indent + 1 + pick(m, 4), depth - 1);
		return;
	}
	buf_add_byte(&m->out, ' ');
	if (what < 5) {
		block_make(m, indent);
		return;
	}
	if (what < 7)
		flow_make(m, 2);
	else if (what < 9)
		scalar_make(m);
	line_end(m);
}

static struct str json_of(struct str text)
{
	struct str json;
	struct diags ds;
	struct buf b;

	diags_init(&ds, arena);
	const struct yaml_node *root =
		yaml_parse(arena, source_from(arena, STR("t"), text), &ds);
	if (!root) {
		diags_write(&ds, stderr);
		return STR_NONE;
	}
	buf_init(&b, 1 << 20);
	json_write(&b, yaml_to_json(arena, root));
	json = arena_str(arena, buf_str(&b));
	buf_done(&b);
	return json;
}

static unsigned times(struct str text, struct str what)
{
	unsigned n = 0;

	for (size_t at = 0; (at = str_find(text, what, at)) != SIZE_MAX; at++)
		n++;
	return n;
}

Test(yaml_layout, generated_files_keep_every_comment_and_read_the_same)
{
	unsigned comments = 0;

	for (unsigned seed = 0; seed < 200; seed++) {
		struct maker m = { .state = seed * 7919 + 1 };

		buf_init(&m.out, 1 << 20);
		entries_make(&m, 0, 4);
		struct str text = arena_str(arena, buf_str(&m.out));
		buf_done(&m.out);
		struct str before = json_of(text);
		cr_assert(before.ptr, "%u:\n%s", seed, text.ptr);
		struct str out = layout(text);
		cr_assert(out.ptr, "%u is left as it is:\n%s", seed, text.ptr);
		cr_assert(str_eq(before, json_of(out)), "%u", seed);
		cr_assert(str_eq(out, layout(out)), "%u", seed);
		for (unsigned i = 0; i < m.comments; i++)
			cr_assert_eq(times(out, arena_printf(arena, "c%u.", i)),
				1, "%u: comment %u\n%s\n%s", seed, i, text.ptr,
				out.ptr);
		comments += m.comments;
		arena_reset(arena);
	}
	cr_expect_gt(comments, 1000);
}
