/*
 * JSONPath against the public compliance cases and against its own bounds.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "suites/jsonpath.h"

enum { CASES = 703 };

static const char *cts_path(void)
{
	static char path[4096];
	const char *shared = getenv("ANDON_SHARED");

	snprintf(path, sizeof(path), "%s/oracles/jsonpath-cts.json",
		shared ? shared : "../shared");
	return path;
}

static const struct json *cts_read(struct arena *a)
{
	FILE *f = fopen(cts_path(), "rb");
	struct json_error why;
	struct buf b;
	char piece[65536];
	size_t n;

	if (!f)
		return NULL;
	buf_init(&b, (size_t)4 << 20);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&b, (struct str){ piece, n });
	fclose(f);
	const struct json *j =
		json_parse(a, buf_str(&b), &json_limits_default, &why);
	cr_assert(j, "cases at byte %zu: %s", why.at, why.text);
	buf_done(&b);
	return json_get(j, STR("tests"));
}

static bool nodes_are(const struct jsonpath_nodes *n, const struct json *want)
{
	if (n->count != want->count)
		return false;
	for (size_t i = 0; i < n->count; i++) {
		if (!json_equal(n->node[i], json_at(want, i)))
			return false;
	}
	return true;
}

static bool paths_are(struct arena *a, const struct jsonpath_nodes *n,
	const struct json *want)
{
	for (size_t i = 0; want && i < n->count; i++) {
		if (!str_eq(jsonpath_normalized(a, n->node[i]),
			    json_at(want, i)->text))
			return false;
	}
	return true;
}

static bool one_of(struct arena *a, const struct jsonpath_nodes *n,
	const struct json *test)
{
	const struct json *all = json_get(test, STR("results"));
	const struct json *paths = json_get(test, STR("results_paths"));

	for (size_t i = 0; all && i < all->count; i++) {
		if (nodes_are(n, json_at(all, i)) &&
			paths_are(a, n, paths ? json_at(paths, i) : NULL))
			return true;
	}
	const struct json *one = json_get(test, STR("result"));
	return one && nodes_are(n, one) &&
	       paths_are(a, n, json_get(test, STR("result_paths")));
}

/* A document of its own: paths begin at its root and not at the case file's */
static const struct json *document(struct arena *a, const struct json *test)
{
	struct json_error why;
	struct buf b;

	buf_init(&b, (size_t)1 << 20);
	json_write(&b, json_get(test, STR("document")));
	const struct json *j =
		json_parse(a, buf_str(&b), &json_limits_default, &why);
	buf_done(&b);
	return j;
}

static bool case_passes(const struct json *test)
{
	struct arena *a = arena_new();
	struct jsonpath_error why;
	struct jsonpath_nodes n;
	struct str selector = json_get_str(test, "selector");
	const struct jsonpath *p = jsonpath_parse(a, selector, &why);
	bool ok;

	if (json_get_bool(test, "invalid_selector", false))
		ok = p == NULL && why.text && why.at <= selector.len;
	else
		ok = p && jsonpath_eval(p, document(a, test), a, &n) &&
		     one_of(a, &n, test);
	arena_free(a);
	return ok;
}

Test(jsonpath, passes_every_public_case)
{
	struct arena *a = arena_new();
	const struct json *tests = cts_read(a);
	const char *ci = getenv("CI");
	unsigned passed = 0;
	unsigned total = 0;

	if (!tests) {
		printf("NOT RUN (%d cases): no %s\n", CASES, cts_path());
		fflush(stdout);
		cr_assert(!ci || strcmp(ci, "true") != 0,
			"the cases must be there in CI");
		arena_free(a);
		return;
	}
	for (const struct json *t = tests->first; t; t = t->next, total++) {
		struct str name = json_get_str(t, "name");
		if (case_passes(t))
			passed++;
		else
			printf("not passed: %.*s\n", STR_ARG(name));
	}
	printf("jsonpath: %u of %u cases\n", passed, total);
	fflush(stdout);
	cr_assert_eq(total, CASES);
	cr_assert_eq(passed, CASES);
	arena_free(a);
}

static const struct jsonpath *parse(struct arena *a, const char *text)
{
	struct jsonpath_error why;
	const struct jsonpath *p = jsonpath_parse(a, str_from(text), &why);

	cr_assert(p, "%s at %zu: %s", text, why.at, why.text);
	return p;
}

Test(jsonpath, knows_which_paths_are_singular)
{
	struct arena *a = arena_new();

	cr_expect(jsonpath_singular(parse(a, "$")));
	cr_expect(jsonpath_singular(parse(a, "$.a['b'][-1]")));
	cr_expect_not(jsonpath_singular(parse(a, "$.a[0,1]")));
	cr_expect_not(jsonpath_singular(parse(a, "$..a")));
	cr_expect_not(jsonpath_singular(parse(a, "$.a[*]")));
	cr_expect_not(jsonpath_singular(parse(a, "$.a[0:1]")));
	cr_expect_not(jsonpath_singular(parse(a, "$[?@.a]")));
	arena_free(a);
}

Test(jsonpath, names_the_place_of_a_mistake)
{
	static const struct {
		const char *text;
		size_t at;
	} rows[] = {
		{ "a", 0 },
		{ "$.", 2 },
		{ "$.items[", 8 },
		{ "$.items[01]", 8 },
		{ "$[?@.a = 1]", 7 },
		{ "$[?size(@.a) > 1]", 3 },
		{ "$[?length(@.*) > 1]", 10 },
		{ "$[?@..a == 1]", 3 },
		{ "$.a b", 3 },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct jsonpath_error why = { 0 };
		struct str text = str_from(rows[i].text);
		cr_expect_null(jsonpath_parse(a, text, &why), "%s",
			rows[i].text);
		cr_expect_eq(why.at, rows[i].at, "%s: %zu: %s", rows[i].text,
			why.at, why.text);
	}
	arena_free(a);
}

Test(jsonpath, refuses_depth_that_is_not_human)
{
	struct arena *a = arena_new();
	struct jsonpath_error why;
	struct buf b;

	buf_init(&b, 8192);
	buf_add_z(&b, "$[?");
	for (int i = 0; i < 2000; i++)
		buf_add_byte(&b, '(');
	cr_expect_null(jsonpath_parse(a, buf_str(&b), &why));
	buf_clear(&b);
	buf_add_z(&b, "$");
	for (int i = 0; i < 1000; i++)
		buf_add_z(&b, "[?@");
	cr_expect_null(jsonpath_parse(a, buf_str(&b), &why));
	buf_done(&b);
	arena_free(a);
}

Test(jsonpath, a_long_chain_of_conditions_is_no_depth)
{
	struct arena *a = arena_new();
	struct jsonpath_nodes n;
	struct json_error why;
	struct buf b;

	buf_init(&b, 8192);
	buf_add_z(&b, "$[?@==0");
	for (int i = 0; i < 1100; i++)
		buf_add_z(&b, "||@==1");
	buf_add_byte(&b, ']');
	const struct json *j =
		json_parse(a, STR("[1, 2, 0]"), &json_limits_default, &why);
	cr_assert(jsonpath_eval(parse(a, buf_str(&b).ptr), j, a, &n));
	cr_expect_eq(n.count, 2);
	buf_done(&b);
	arena_free(a);
}

/* [[[... 120 deep, each with `wide` numbers beside it */
static const struct json *bomb(struct arena *a, int wide)
{
	struct json *root = json_new(a, JSON_ARRAY);
	struct json *at = root;

	for (int depth = 0; depth < 120; depth++) {
		struct json *below = json_new(a, JSON_ARRAY);
		for (int i = 0; i < wide; i++)
			json_append(at, STR_NONE, json_new_number(a, STR("1")));
		json_append(at, STR_NONE, below);
		at = below;
	}
	return root;
}

Test(jsonpath, a_bomb_ends_at_the_bound_and_says_so)
{
	static const char *const paths[] = {
		"$..*..*..*",
		"$..[?@..[?@..*]]",
		"$..[?count($..*) > 1]",
		"$..[?@ == $]",
		"$..[*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,"
		"*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*,*]",
	};
	struct arena *a = arena_new();
	const struct json *j = bomb(a, 100);

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct jsonpath_nodes n = { 0 };
		bool ok = jsonpath_eval(parse(a, paths[i]), j, a, &n);
		cr_expect(ok == (i == 3), "%s", paths[i]);
	}
	arena_free(a);
}
