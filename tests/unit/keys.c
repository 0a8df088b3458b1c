#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/codes.h"
#include "base/keys.h"

struct thing {
	struct str title, id;
	bool on;
	int64_t times;
	uint64_t every, size, open;
	double share;
	int gate;
	struct strs tags;
	const struct yaml_node *any, *map, *list;
};

static const char *const gates[] = { "block", "observe", NULL };

/* clang-format off */
static const struct key table[] = {
	{ "suite", KEY_ID, KEY_REQUIRED, KEY(struct thing, id) },
	{ "title", KEY_STR, 0, KEY(struct thing, title) },
	{ "on", KEY_BOOL, 0, KEY(struct thing, on) },
	{ "times", KEY_INT, 0, KEY(struct thing, times), 0, 10 },
	{ "every", KEY_DURATION, 0, KEY(struct thing, every), 1000, 604800000 },
	{ "open", KEY_DURATION, 0, KEY(struct thing, open), 1000, INFINITY },
	{ "size", KEY_SIZE, 0, KEY(struct thing, size), 1, 4194304 },
	{ "share", KEY_SHARE, 0, KEY(struct thing, share), 0.001, 0.5 },
	{ "gate", KEY_WORD, 0, KEY(struct thing, gate), .words = gates },
	{ "tags", KEY_STRS, 0, KEY(struct thing, tags) },
	{ "any", KEY_NODE, 0, KEY(struct thing, any) },
	{ "vars", KEY_MAP, 0, KEY(struct thing, map) },
	{ "steps", KEY_LIST, KEY_REQUIRED, KEY(struct thing, list) },
	{ NULL }
};
/* clang-format on */

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

TestSuite(keys, .init = setup, .fini = teardown);

static bool read_thing(const char *text, struct thing *ret)
{
	diags_init(&ds, arena);
	const struct yaml_node *n = yaml_parse(arena,
		source_from(arena, STR("t.yaml"), str_from(text)), &ds);

	cr_assert(n && ds.errors == 0, "%s", text);
	return keys_read(table, n, "suite file", ret, arena, &ds);
}

Test(keys, every_type_lands_in_its_field)
{
	struct thing t = { .times = 3 };

	cr_assert(read_thing("suite: order-life2\ntitle: 10:30\non: true\n"
			     "every: 1m30s\nopen: 14d\nsize: 16KiB\n"
			     "share: 10%\ngate: observe\ntags: [a, \"b\", 1]\n"
			     "any: ~\nvars: {x: 1}\nsteps: []\n",
		&t));
	cr_expect(str_eq(t.id, STR("order-life2")));
	cr_expect(str_eq(t.title, STR("10:30")));
	cr_expect(t.on);
	cr_expect_eq(t.times, 3, "what is not given stays");
	cr_expect_eq(t.every, 90000);
	cr_expect_eq(t.open, UINT64_C(14) * 86400 * 1000);
	cr_expect_eq(t.size, 16384);
	cr_expect_float_eq(t.share, 0.1, 1e-12);
	cr_expect_eq(t.gate, 1);
	cr_assert_eq(t.tags.count, 3);
	cr_expect(str_eq(t.tags.item[2], STR("1")));
	cr_expect_eq(t.tags.node[1]->where.at, t.tags.node[0]->where.at + 3);
	cr_expect_not_null(t.any);
	cr_expect_eq(t.map->count, 1);
	cr_expect_eq(t.list->count, 0);
}

Test(keys, one_scalar_is_a_list_of_one)
{
	struct thing t = { 0 };

	cr_assert(read_thing("suite: a\nsteps: []\ntags: critical\n", &t));
	cr_assert_eq(t.tags.count, 1);
	cr_expect(str_eq(t.tags.item[0], STR("critical")));
}

/* One wrong line in an else right mapping. */
struct wrong {
	const char *line;
	int code;
	const char *where, *text, *hint; /* text: a part of it */
};

/* clang-format off */
static const struct wrong wrongs[] = {
	{ "evry: 5s", E12, "evry", "unknown key `evry`", "did you mean `every`?" },
	{ "zzzzzzz: 5s", E12, "zzzzzzz", "unknown key", "known: suite, title" },
	{ "title: [a]", E21, "[a]", "must be a text, not a list", "" },
	{ "title:", E21, "title", "has no value", "" },
	{ "title: ~", E21, "~", "not nothing", "" },
	{ "on: yes", E21, "yes", "true or false", "did you mean `true`?" },
	{ "on: Off", E21, "Off", "true or false", "did you mean `false`?" },
	{ "on: \"true\"", E21, "\"true\"", "true or false", "`true`" },
	{ "times: 1.5", E21, "1.5", "whole number", "" },
	{ "times: \"1\"", E21, "\"1\"", "whole number", "without quotes" },
	{ "times: 11", E23, "11", "between 0 and 10", "" },
	{ "times: -1", E23, "-1", "between 0 and 10", "" },
	{ "times: {}", E21, "{}", "not a mapping", "" },
	{ "every: 30", E22, "30", "a duration needs a unit: 30s", "ms, s, m" },
	{ "every: \"30\"", E22, "\"30\"", "needs a unit", "ms, s, m" },
	{ "every: 30sec", E22, "30sec", "is not a duration", "ms, s, m" },
	{ "every: often", E21, "often", "such as 30s", "" },
	{ "every: 999ms", E23, "999ms", "between 1s and 7d", "" },
	{ "every: 8d", E23, "8d", "between 1s and 7d", "" },
	{ "open: 1ms", E23, "1ms", "at least 1s", "" },
	{ "size: 64", E22, "64", "a size needs a unit", "KiB" },
	{ "size: 5MiB", E23, "5MiB", "between 1B and 4MiB", "" },
	{ "share: 0.1", E22, "0.1", "a share needs a unit: 10%", "%" },
	{ "share: 60%", E23, "60%", "between 0.1% and 50%", "" },
	{ "share: 160%", E22, "160%", "is not a share", "0% to 100%" },
	{ "gate: blok", E24, "blok", "one of block, observe", "`block`" },
	{ "gate: [block]", E21, "[block]", "must be a text", "" },
	{ "tags: {a: b}", E21, "{a: b}", "list of texts", "" },
	{ "tags: [a, [b]]", E21, "[b]", "must be a text", "" },
	{ "tags:", E21, "tags", "has no value", "" },
	{ "vars: []", E21, "[]", "must be a mapping, not a list", "" },
	{ "vars:", E21, "vars", "has no value; it must be a mapping", "" },
};
/* clang-format on */

Test(keys, mistakes_say_what_is_wrong_and_where)
{
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
		const struct wrong *w = &wrongs[i];
		struct thing t = { 0 };
		struct thing before = t;
		struct str text = arena_printf(arena,
			"suite: a\nsteps: []\n%s\n", w->line);
		cr_expect_not(read_thing(text.ptr, &t), "%s", w->line);
		cr_assert_eq(ds.errors, 1, "%s", w->line);
		const struct diag *d = ds.first;
		struct str at = str_sub(d->where.src->text, d->where.at,
			d->where.end - d->where.at);
		cr_expect_eq(d->code, w->code, "%s: E%03d", w->line, d->code);
		cr_expect(str_eq(at, str_from(w->where)), "%s: %.*s", w->line,
			STR_ARG(at));
		cr_expect(strstr(d->text.ptr, w->text), "%s: %s", w->line,
			d->text.ptr);
		cr_expect(strstr(d->hint.ptr ? d->hint.ptr : "", w->hint),
			"%s: %s", w->line, d->hint.ptr);
		t.id = before.id;
		t.list = before.list;
		/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
		cr_expect_eq(memcmp(&t, &before, sizeof(t)), 0,
			"%s: a wrong value was stored", w->line);
	}
}

Test(keys, ids_are_small_letters_digits_and_dashes)
{
	static const char *const bad[] = { "Order", "-a", "a_b", "a b", "\"\"",
		"\xc3\xa9", "a/b",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaa" };
	static const char *const good[] = { "a", "0", "a-", "a-b-9",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaa" };
	struct thing t = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect_not(read_thing(arena_printf(arena,
						 "suite: %s\nsteps: []", bad[i])
						 .ptr,
				      &t),
			"%s", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		cr_expect(read_thing(arena_printf(arena, "suite: %s\nsteps: []",
					     good[i])
					     .ptr,
				  &t),
			"%s", good[i]);
	read_thing("suite: Order Life_Cycle!\nsteps: []", &t);
	cr_expect_str_eq(ds.first->hint.ptr,
		"did you mean `order-life-cycle`?");
}

Test(keys, everything_is_reported_in_one_go)
{
	struct thing t = { 0 };

	cr_assert_not(
		read_thing("titel: a\nevery: 5\ntimes: 99\nfoo: 1\n", &t));
	/* Four wrong lines, two missing keys. */
	cr_assert_eq(ds.errors, 6);
	int missing = 0;
	for (const struct diag *d = ds.first; d; d = d->next) {
		if (d->code != E11)
			continue;
		missing++;
		cr_expect_eq(d->where.at, 0);
		cr_expect(strstr(d->text.ptr, "suite file"));
	}
	cr_expect_eq(missing, 2);
}

Test(keys, what_is_no_mapping_is_said_so)
{
	struct thing t = { 0 };

	cr_assert_not(read_thing("[a]", &t));
	cr_expect_eq(ds.errors, 1);
	cr_expect_eq(ds.first->code, E21);
	cr_expect_str_eq(ds.first->text.ptr,
		"`suite file` must be a mapping, not a list");
}

Test(keys, every_type_has_a_name)
{
	for (int t = KEY_STR; t <= KEY_LIST; t++)
		cr_expect_gt(strlen(key_type_name((enum key_type)t)), 1);
}

Test(keys, a_required_key_that_was_mistyped_is_one_mistake)
{
	struct thing t = { 0 };

	cr_assert_not(read_thing("siute: a\nsteps: []\n", &t));
	cr_assert_eq(ds.errors, 1);
	cr_expect_eq(ds.first->code, E12);
	cr_expect_str_eq(ds.first->hint.ptr, "did you mean `suite`?");
}

Test(keys, what_is_missing_beside_another_unknown_key_is_said)
{
	struct thing t = { 0 };

	cr_assert_not(read_thing("suite: a\nsuiet: a\nzzzzzz: []\n", &t));
	/* `suite` is there: nobody meant `steps` */
	cr_assert_eq(ds.errors, 3);
	cr_expect_eq(ds.first->code, E12);
	cr_expect_eq(ds.first->next->code, E12);
	cr_expect_eq(ds.first->next->next->code, E11);
}
