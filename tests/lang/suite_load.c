#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"
#include "suites/suite.h"

/* What a good suite becomes, and how files are found. */
static const struct str regions[] = { STR("nonprod/west"), STR("prod/west"),
	STR("prod/eu") };
static const struct str roles[] = { STR("default"), STR("tester") };
static const struct str region_keys[] = { STR("base_url"), STR("auth_url") };

static const struct suite_world world = { .regions = regions,
	.nregions = 3,
	.roles = roles,
	.nroles = 2,
	.region_keys = region_keys,
	.nregion_keys = 2 };

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

TestSuite(suite_load, .init = setup, .fini = teardown);

static const struct suite_file *parse(const char *text)
{
	const struct suite_file *f = suite_parse(arena,
		source_from(arena, STR("t.yaml"), str_from(text)), &world, &ds);

	if (!f)
		diags_write(&ds, stderr);
	cr_assert(f);
	return f;
}

#define HEAD "version: 1\nsuite: t\n"
#define ONE  "steps: [{name: s, get: /x, expect: {body: ok}}]\n"

Test(suite_load, the_examples_are_without_a_finding)
{
	static const char *const paths[] = { "suites/examples/orders.yaml",
		"suites/examples/catalog.yaml", "suites/examples/health.yaml",
		"suites/examples/sharing.yaml" };
	struct suite_set set;
	bool good = suite_load_all(arena, paths, 4, &world, &set, &ds);

	if (ds.first)
		diags_write(&ds, stderr);
	cr_assert(good);
	cr_expect_eq(ds.warnings, 0);
	cr_assert_eq(set.count, 4);
	/* by name, not by path */
	cr_expect_str_eq(suite_base(set.file[0])->name.ptr, "catalog-search");
	cr_expect_str_eq(suite_base(set.file[2])->name.ptr, "order-lifecycle");
}

Test(suite_load, what_is_not_said_has_its_default)
{
	const struct suite *s = suite_base(parse(HEAD ONE));
	const struct step *step = s->steps;

	cr_expect_eq(s->every_ms, 60000);
	cr_expect_eq(s->every_failing_ms, 60000);
	cr_expect_eq(s->timeout_ms, 60000);
	cr_expect_eq(s->roles.count, 1);
	cr_expect_str_eq(s->roles.item[0].ptr, "default");
	cr_expect_eq(s->rows->count, 1);
	cr_expect_eq(s->record.body, RECORD_ON_FAIL);
	cr_expect_eq(s->record.max_body, 16000);
	cr_expect_eq(s->record.redact_headers.count, 5);
	cr_expect(!s->observe);
	cr_expect_str_eq(step->method.ptr, "GET");
	cr_expect_eq(step->http.timeout_ms, 10000);
	cr_expect_eq(step->http.redirects, 0);
	cr_expect_eq(step->http.max_body, 4 << 20);
	cr_expect(step->http.tls.verify);
	cr_expect_not_null(step->http.base_url);
	cr_expect_eq(step->timeout_ms, 10000);
	cr_expect_eq(step->retry.times, 0);
	cr_expect(!step->poll.on);
}

Test(suite_load, times_follow_from_each_other)
{
	const struct suite *s = suite_base(parse(HEAD
		"every: 20s\njitter: 10%\nhttp: {timeout: 2s}\n"
		"steps:\n"
		"  - {name: a, get: /x, poll: {for: 15s}, expect: {body: ok}}\n"
		"  - {name: b, get: /x, http: {timeout: 500ms}}\n"
		"  - {name: c, wait: 1s}\n"
		"  - {name: d, get: /x, timeout: 1m30s}\n"));
	const struct step *a = s->steps;

	cr_expect_eq(s->timeout_ms, 20000);
	cr_expect_eq(s->jitter_ms, 2000);
	cr_expect_eq(a->timeout_ms, 17000);
	cr_expect_eq(a->poll.every_ms, 1000);
	cr_expect_eq(a->next->timeout_ms, 500);
	cr_expect_eq(a->next->next->kind, STEP_WAIT);
	cr_expect_eq(a->next->next->wait_ms, 1000);
	cr_expect_eq(a->next->next->next->timeout_ms, 90000);
}

static unsigned status_checks(const struct check *c)
{
	unsigned n = 0;

	for (; c; c = c->next)
		n += check_is_status(c);
	return n;
}

/* An unchecked 500 must not pass a smoke test. */
Test(suite_load, a_step_silent_about_the_status_expects_2xx)
{
	const struct step *s = suite_base(
		parse(HEAD "steps:\n"
			   "  - {name: a, get: /x}\n"
			   "  - {name: b, get: /x, expect: {body: ok}}\n"
			   "  - {name: c, get: /x, warn: {status: 200}}\n"
			   "  - {name: d, get: /x, poll: {fail_when: "
			   "{status: 500}}}\n"
			   "  - {name: e, get: /x, expect: {status: 404}}\n"
			   "  - {name: f, get: /x, checks: [{status: , "
			   "equals: 500}]}\n"))
				       ->steps;

	for (; s; s = s->next) {
		cr_assert(s->expect);
		cr_expect_eq(status_checks(s->expect), 1, "%s", s->name.ptr);
		cr_expect_eq(check_is_status(s->expect),
			s->name.ptr[0] != 'b' ||
				s->expect->where.at == s->where.at);
	}
}

Test(suite_load, http_of_a_step_goes_over_the_suite_s)
{
	const struct suite *s = suite_base(
		parse(HEAD "http: {timeout: 3s, headers: {A: one, B: two}}\n"
			   "steps:\n"
			   "  - {name: a, get: /x, http: {redirects: 2, "
			   "headers: {b: three}}}\n"));
	const struct http_options *h = &s->steps->http;

	cr_expect_eq(h->timeout_ms, 3000);
	cr_expect_eq(h->redirects, 2);
	cr_assert(h->headers && h->headers->next);
	cr_expect_str_eq(h->headers->name.ptr, "A");
	cr_expect_str_eq(h->headers->next->name.ptr, "b");
	cr_expect_null(h->headers->next->next);
	cr_expect_str_eq(s->http.headers->next->name.ptr, "B");
}

Test(suite_load, the_most_specific_override_wins)
{
	const struct suite_file *f = parse(
		HEAD "every: 60s\nhttp: {timeout: 5s, redirects: 1}\n"
		     "tags: [a, b]\n"
		     "overrides:\n"
		     "  prod: {every: 90s, http: {timeout: 6s}, tags: [c]}\n"
		     "  prod/eu: {http: {timeout: 8s}}\n" ONE);
	const struct suite *base = suite_for(f, STR("nonprod"), STR("west"));
	const struct suite *west = suite_for(f, STR("prod"), STR("west"));
	const struct suite *eu = suite_for(f, STR("prod"), STR("eu"));

	cr_expect_eq(base, suite_base(f));
	cr_expect_eq(base->every_ms, 60000);
	cr_expect_eq(west->every_ms, 90000);
	cr_expect_eq(west->http.timeout_ms, 6000);
	cr_expect_eq(eu->every_ms, 90000);
	cr_expect_eq(eu->http.timeout_ms, 8000);
	cr_expect_eq(eu->http.redirects, 1, "maps are merged");
	cr_expect_eq(eu->tags.count, 1, "lists are replaced");
	cr_expect_eq(eu->steps->http.timeout_ms, 8000);
	cr_expect_eq(base->steps->http.timeout_ms, 5000);
}

Test(suite_load, captures_named_like_secrets_are_secret)
{
	const struct step *s =
		suite_base(parse(HEAD "steps:\n"
				      "  - name: a\n    get: /x\n    capture:\n"
				      "      accessToken: $.t\n"
				      "      PASSWORD: $.p\n"
				      "      order: $.o\n"
				      "      other: {header: X, secret: true}\n"
				      "      session_count: {jsonpath: $.n, "
				      "secret: false}\n"))
			->steps;
	static const bool wanted[] = { true, true, false, true, false };
	size_t i = 0;

	for (const struct capture *c = s->captures; c; c = c->next, i++)
		cr_expect_eq(c->secret, wanted[i], "%s", c->name.ptr);
	cr_expect_eq(i, 5);
}

/* --- files ------------------------------------------------------------- */

static char folder[64];

static void folder_make(void)
{
	setup();
	snprintf(folder, sizeof(folder), "/tmp/andon-suites-XXXXXX");
	cr_assert(mkdtemp(folder));
}

static void file_make(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (char *p = strchr(path + strlen(folder) + 1, '/'); p;
		p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(path, 0777);
		*p = '/';
	}
	f = fopen(path, "w");
	cr_assert(f);
	fputs(text, f);
	fclose(f);
}

static bool load_folder(struct suite_set *ret)
{
	const char *path = folder;

	return suite_load_all(arena, &path, 1, &world, ret, &ds);
}

/* Is there a finding of this code in a file whose path ends so? */
static bool found(unsigned code, const char *file_end)
{
	for (const struct diag *d = ds.first; d; d = d->next) {
		if (d->code == code && d->where.src &&
			str_ends(d->where.src->name, str_from(file_end)))
			return true;
	}
	return false;
}

static void file_remove(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	cr_expect_eq(remove(path), 0, "%s", path);
}

TestSuite(suite_files, .init = folder_make, .fini = teardown);

#define NAMED(name) "version: 1\nsuite: " name "\n" ONE

Test(suite_files, folders_are_searched_deep_but_for_examples)
{
	struct suite_set set;

	file_make("b.yaml", NAMED("one"));
	file_make("deep/er/a.yml", NAMED("two"));
	file_make("deep/readme.txt", "no suite");
	file_make("deep/examples/x.yaml", "wrong: [");
	file_make(".hidden.yaml", "wrong: [");
	cr_assert(load_folder(&set));
	cr_assert_eq(set.count, 2);
	cr_expect_str_eq(suite_base(set.file[0])->name.ptr, "one");
	cr_expect_str_eq(suite_base(set.file[1])->name.ptr, "two");
	file_remove("b.yaml");
	file_remove("deep/er/a.yml");
	file_remove("deep/er");
	file_remove("deep/readme.txt");
	file_remove("deep/examples/x.yaml");
	file_remove("deep/examples");
	file_remove("deep");
	file_remove(".hidden.yaml");
	file_remove("");
}

Test(suite_files, all_mistakes_of_all_files_in_one_run)
{
	static const char *paths[] = { folder, "/nonexistent/suites" };
	struct suite_set set;

	file_make("a.yaml", NAMED("one"));
	file_make("b.yaml", NAMED("one"));
	file_make("c.yaml", "suite: [\n");
	file_make("d.yaml", NAMED("four") "evry: 1s\n");
	cr_expect(!suite_load_all(arena, paths, 2, &world, &set, &ds));
	cr_expect(found(E61, "b.yaml"));
	cr_expect(found(E1, "c.yaml"));
	cr_expect(found(E12, "d.yaml"));
	cr_expect(found(E6, "/nonexistent/suites"));
	file_remove("a.yaml");
	file_remove("b.yaml");
	file_remove("c.yaml");
	file_remove("d.yaml");
	file_remove("");
}

Test(suite_files, a_folder_without_a_suite_is_a_mistake)
{
	struct suite_set set;

	cr_expect(!load_folder(&set));
	cr_expect(found(E6, folder));
	file_remove("");
}

Test(suite_files, one_file_by_two_paths_is_one_suite)
{
	char path[256], other[256];
	const char *paths[] = { path, other };
	struct suite_set set;

	file_make("a.yaml", NAMED("one"));
	snprintf(path, sizeof(path), "%s/a.yaml", folder);
	snprintf(other, sizeof(other), "%s/./a.yaml", folder);
	cr_assert(suite_load_all(arena, paths, 2, &world, &set, &ds));
	cr_expect_eq(set.count, 1);
	file_remove("a.yaml");
	file_remove("");
}

/* Two runners with the same files elsewhere have the same plan. */
Test(suite_files, the_hash_is_of_names_below_and_bytes)
{
	struct suite_set first, moved, changed;
	char before[64];

	file_make("a.yaml", NAMED("one"));
	cr_assert(load_folder(&first));
	snprintf(before, sizeof(before), "%s", folder);
	snprintf(folder, sizeof(folder), "/tmp/andon-suites-XXXXXX");
	cr_assert(mkdtemp(folder));
	file_make("a.yaml", NAMED("one"));
	cr_assert(load_folder(&moved));
	file_make("a.yaml", NAMED("one") "tags: a\n");
	cr_assert(load_folder(&changed));
	cr_expect_str_eq(first.hash, moved.hash);
	cr_expect_str_neq(first.hash, changed.hash);
	cr_expect_eq(strlen(first.hash), 64);
	file_remove("a.yaml");
	file_remove("");
	snprintf(folder, sizeof(folder), "%s", before);
	file_remove("a.yaml");
	file_remove("");
}
