/*
 * Groups of steps in other files: what a use becomes, what it can see, and
 * what is refused.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"
#include "suites/suite.h"

static char top[64];
static struct arena *arena;
static struct diags ds;

static const char *at(const char *name)
{
	return arena_printf(arena, "%s/%s", top, name).ptr;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "w");

	cr_assert(f, "%s", name);
	fputs(text, f);
	fclose(f);
}

static const char *const names[] = { "s/a/one.yaml", "s/a/two.yaml",
	"s/common/login.yaml", "s/common/more.yaml", "outside.yaml",
	"s/a/link.yaml" };

static void setup(void)
{
	arena = arena_new();
	diags_init(&ds, arena);
	snprintf(top, sizeof(top), "/tmp/andon-imports-XXXXXX");
	cr_assert(mkdtemp(top));
	mkdir(at("s"), 0700);
	mkdir(at("s/a"), 0700);
	mkdir(at("s/common"), 0700);
}

static void teardown(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(at(names[i]));
	rmdir(at("s/a"));
	rmdir(at("s/common"));
	rmdir(at("s"));
	rmdir(top);
	arena_free(arena);
}

TestSuite(imports, .init = setup, .fini = teardown);

#define HEAD(name) "version: 1\nsuite: " name "\nowner: o\nrunbook: r\n"
#define IMPORT     "imports: [../common/login.yaml]\n"
#define CALL       "    use: login\n    with: {user: u1}\n"
#define GROUPS     "version: 1\ngroups:\n"

static const char login[] = GROUPS
	"  login:\n"
	"    params: {user: , scope: {default: read}}\n"
	"    steps:\n"
	"      - name: ask\n"
	"        post: http://x.org/\n"
	"        body: ${user} ${scope} ${region} ${step}\n"
	"        capture: {token: $.t, ref: $.i}\n"
	"      - {name: see, get: 'http://x.org/', query: {i: '${ref}'}}\n"
	"    exports: [token]\n";

static bool load(struct suite_set *set)
{
	static const struct suite_world world = { .any = true };
	const char *path = at("s");

	return suite_load_all(arena, &path, 1, &world, set, &ds);
}

static const struct suite *good(void)
{
	struct suite_set set;
	bool ok = load(&set);

	if (!ok || ds.warnings)
		diags_write(&ds, stderr);
	cr_assert(ok);
	cr_assert_eq(set.count, 1);
	return suite_base(set.file[0]);
}

static void expect_error(int code, const char *text)
{
	struct suite_set set;
	bool found = false;

	cr_expect(!load(&set), "%s", text);
	for (const struct diag *d = ds.first; d; d = d->next)
		found |= d->code == code &&
			 str_find(d->text, str_from(text), 0) != SIZE_MAX;
	if (!found)
		diags_write(&ds, stderr);
	cr_expect(found, "%s", text);
}

Test(imports, each_use_is_its_own_steps_with_its_own_names)
{
	put("s/common/login.yaml", login);
	put("s/a/one.yaml", HEAD("one") IMPORT
		"setup:\n"
		"  - name: a\n" CALL "    capture: {ta: token}\n"
		"  - name: b\n"
		"    use: login\n"
		"    with: {user: '${ta}', scope: write}\n"
		"    capture: {tb: token}\n"
		"steps:\n"
		"  - {name: get, get: 'http://x.org/', "
		"auth: {bearer: '${ta}${tb}'}}\n");
	const struct suite *s = good();
	const struct step *p = s->setup;

	cr_expect_eq(ds.warnings, 0);
	cr_expect_str_eq(p->name.ptr, "a / ask");
	cr_expect_str_eq(p->captures->name.ptr, "a / token");
	cr_expect_str_eq(p->captures->next->next->name.ptr, "ta");
	cr_expect_str_eq(p->use->params->name.ptr, "a / user");
	cr_expect(p->where.src->taken.src);
	p = p->next;
	cr_expect_str_eq(p->name.ptr, "a / see");
	cr_expect(str_eq(template_refs(p->query->value)->name, STR("a / ref")));
	p = p->next;
	cr_expect_str_eq(p->name.ptr, "b / ask");
	cr_expect(str_eq(template_tree_refs(p->use->params->value)->name,
		STR("ta")));
	cr_expect_null(p->next->next);
}

Test(imports, a_group_sees_its_own_names_only)
{
	put("s/common/login.yaml",
		GROUPS "  login:\n"
		       "    params: {user: }\n"
		       "    steps:\n"
		       "      - {name: ask, get: 'http://x.org/${outer}"
		       "${user}', expect: {body: x}}\n");
	put("s/a/one.yaml", HEAD("one") IMPORT "vars: {outer: 1}\nsteps:\n"
					       "  - name: a\n" CALL);
	expect_error(E31, "unknown variable `outer`");
}

Test(imports, nothing_of_a_group_is_seen_that_is_not_taken)
{
	put("s/common/login.yaml", login);
	put("s/a/one.yaml",
		HEAD("one") IMPORT "setup:\n  - name: a\n" CALL
				   "steps: [{name: x, get: 'http://x.org/"
				   "${token}'}]\n");
	expect_error(E31, "unknown variable `token`");
}

Test(imports, limits_beside_use_limit_every_step)
{
	put("s/common/login.yaml", login);
	put("s/a/one.yaml", HEAD("one") IMPORT
		"roles: [default, tester]\n"
		"steps:\n"
		"  - {name: x, get: 'http://x.org/', expect: {body: x}}\n"
		"  - name: a\n" CALL
		"    roles: [tester]\n    where: [prod]\n");
	const struct step *s = good()->steps->next;

	cr_expect(!step_runs_as(s, STR("default")));
	cr_expect(step_runs_as(s->next, STR("tester")));
	cr_expect(step_runs_in(s, STR("prod/eu")));
	cr_expect(!step_runs_in(s->next, STR("test/eu")));
}

/* A suite whose only request is in a limited group asks nothing. */
Test(imports, a_suite_that_asks_nothing_is_still_refused)
{
	put("s/common/login.yaml", login);
	put("s/a/one.yaml", HEAD("one") IMPORT
		"roles: [default, tester]\nsteps:\n"
		"  - name: a\n" CALL "    roles: [tester]\n");
	expect_error(E52, "`steps` ask nothing as role `default`");
}

Test(imports, a_value_of_a_limited_use_is_not_for_others)
{
	put("s/common/login.yaml", login);
	put("s/a/one.yaml", HEAD("one") IMPORT
		"roles: [default, tester]\nsetup:\n"
		"  - name: a\n" CALL
		"    roles: [tester]\n    capture: {t: token}\n"
		"steps: [{name: x, get: 'http://x.org/', body: '${t}'}]\n");
	expect_error(E32, "limited to other roles");
}

Test(imports, groups_that_use_each_other_are_refused_with_their_chain)
{
	put("s/common/login.yaml",
		GROUPS "  login: {steps: [{name: a, use: b}]}\n"
		       "  b: {steps: [{name: b, use: c}]}\n"
		       "  c: {steps: [{name: c, use: b}]}\n");
	put("s/a/one.yaml",
		HEAD("one") IMPORT "steps: [{name: a, use: login}]\n");
	expect_error(E72, "in a circle: `b` -> `c` -> `b`");
}

Test(imports, depth_and_number_are_bounded)
{
	char text[8192];
	size_t n = (size_t)snprintf(text, sizeof(text),
		GROUPS "  g0: {steps: [{name: x, get: 'http://x.org/'}]}\n");

	/* each one uses the one before it eight times */
	for (int i = 1; i < 12; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"  g%d:\n    steps:\n", i);
		for (int k = 0; k < 8; k++)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
				"      - {name: s%d, use: g%d}\n", k, i - 1);
	}
	put("s/common/login.yaml", text);
	put("s/a/one.yaml", HEAD("one") IMPORT "steps: [{name: a, use: g4}]\n");
	expect_error(E23, "`steps` has more than 500");
	diags_init(&ds, arena);
	put("s/a/one.yaml",
		HEAD("one") IMPORT "steps: [{name: a, use: g11}]\n");
	expect_error(E23, "groups in groups, more than 8 deep");
}

Test(imports, what_is_wrong_with_a_use_is_said_by_name)
{
	static const struct {
		const char *step, *text;
		int code;
	} cases[] = {
		{ "use: logn", "unknown group `logn`", E71 },
		{ "use: login", "group `login` needs `user`", E71 },
		{ "use: login, with: {user: a, scop: x}", "no parameter `scop`",
			E71 },
		{ "use: login, with: {user: a}, capture: {x: ref}",
			"not an export of group `login`", E71 },
		{ "use: login, with: {user: a}, retry: {times: 1}",
			"`retry` and `use`", E13 },
		{ "use: login, with: {user: a}, get: /x", "`get` and `use`",
			E13 },
		{ "get: 'http://x.org/', with: {user: a}", "`with` needs",
			E11 },
		{ "use: login, with: {user: '${none}'}",
			"unknown variable `none`", E31 },
	};

	put("s/common/login.yaml", login);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		diags_init(&ds, arena);
		put("s/a/one.yaml", arena_printf(arena,
					    HEAD("one") IMPORT
					    "steps:\n  - {name: a, %s}\n",
					    cases[i].step)
					    .ptr);
		expect_error(cases[i].code, cases[i].text);
	}
}

Test(imports, nothing_leads_out_of_the_suites)
{
	static const char *const paths[] = { "../../outside.yaml",
		"/etc/hostname", "link.yaml", "../common", "none.yaml" };

	put("outside.yaml", login);
	cr_assert_eq(symlink("../../outside.yaml", at("s/a/link.yaml")), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		diags_init(&ds, arena);
		put("s/a/one.yaml",
			arena_printf(arena,
				HEAD("one") "imports: ['%s']\nsteps:\n"
					    "  - name: a\n" CALL,
				paths[i])
				.ptr);
		expect_error(E6, paths[i]);
	}
}

Test(imports, one_that_nobody_uses_is_told)
{
	put("s/common/login.yaml", login);
	put("s/a/one.yaml",
		HEAD("one") IMPORT "steps: [{name: x, get: 'http://x.org/', "
				   "expect: {body: x}}]\n");
	good();
	cr_assert(ds.first);
	cr_expect_eq(ds.first->code, W116);
}

static unsigned count_errors(int code)
{
	unsigned n = 0;

	for (const struct diag *d = ds.first; d; d = d->next)
		n += d->level == DIAG_ERROR && d->code == code;
	return n;
}

Test(imports, a_mistake_in_a_group_is_told_once_and_no_user_of_it_runs)
{
	static const char suite[] = IMPORT "steps:\n  - name: a\n" CALL;
	struct suite_set set;

	put("s/common/login.yaml",
		GROUPS "  login:\n"
		       "    params: {user: }\n"
		       "    steps: [{name: ask, gett: /x}]\n");
	put("s/a/one.yaml", arena_printf(arena, HEAD("one") "%s", suite).ptr);
	put("s/a/two.yaml", arena_printf(arena, HEAD("two") "%s", suite).ptr);
	cr_expect(!load(&set));
	cr_expect_eq(set.count, 0);
	cr_expect_eq(count_errors(E12), 1);
	/* the same for one that can not even be read */
	diags_init(&ds, arena);
	put("s/common/login.yaml", "version: 1\ngroups: [\n");
	cr_expect(!load(&set));
	cr_expect_eq(set.count, 0);
}

Test(imports, a_file_of_groups_is_no_suite_and_is_checked_all_the_same)
{
	put("s/common/login.yaml", login);
	put("s/a/one.yaml",
		HEAD("one") "steps: [{name: x, get: 'http://x.org/', "
			    "expect: {body: x}}]\n");
	good();
	put("s/common/more.yaml", GROUPS
		"  g: {steps: [{name: x, get: 'http://x.org/${no}'}]}\n");
	expect_error(E31, "unknown variable `no`");
}

Test(imports, the_hash_covers_what_is_imported)
{
	struct suite_set before;
	struct suite_set after;

	put("s/a/one.yaml",
		HEAD("one") "imports: [link.yaml]\nsteps:\n  - name: a\n" CALL);
	put("s/a/link.yaml", login);
	cr_assert(load(&before));
	put("s/a/link.yaml", arena_printf(arena, "%s# more\n", login).ptr);
	cr_assert(load(&after));
	cr_expect_str_neq(before.hash, after.hash);
}
