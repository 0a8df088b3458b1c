#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/units.h"
#include "regions/line.h"
#include "regions/zone.h"

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

TestSuite(line, .init = setup, .fini = teardown);
TestSuite(window, .init = setup, .fini = teardown);
TestSuite(zone, .init = setup, .fini = teardown);

static const struct line *parse(const char *text)
{
	const struct source *src =
		source_from(arena, STR("line.yaml"), str_from(text));

	return line_parse(arena, src, &ds);
}

/* "3:9:E051 7:1:W101", in the order of the file */
static struct str found(void)
{
	struct buf b;
	char code[8];
	struct place at;

	buf_init(&b, 4096);
	diags_sort(&ds);
	for (const struct diag *d = ds.first; d; d = d->next) {
		if (d->level != DIAG_ERROR && d->level != DIAG_WARNING)
			continue;
		span_place(d->where, &at);
		buf_addf(&b, "%s%u:%u:%s", b.len ? " " : "", at.line, at.column,
			diag_code_text(d, code));
	}
	struct str s = arena_str(arena, buf_str(&b));
	buf_done(&b);
	return s.ptr ? s : STR("");
}

Test(line, a_warning_can_be_allowed_where_it_stands)
{
	cr_expect(parse("version: 1\nline: shop\nlint: {allow: [W101]}\n"
			"environments: {np: {w: , e: }}\nworkflow:\n"
			"  - {stage: a, deploys: np/w, compare: [np/w, np/e], "
			"lint: {allow: W114}}\n"));
	cr_expect(str_eq(found(), STR("")), "%s", found().ptr);
}

/* --- mistakes ------------------------------------------------------------ */

/* A good head of four lines; what a row adds begins in line 5. */
#define HEAD                                                                   \
	"version: 1\n"                                                         \
	"line: shop\n"                                                         \
	"served_version: {header: X-V}\n"                                      \
	"environments: {np: {w: , e: }, prod: {w: , e: , u: }}\n"

struct mistake {
	const char *text, *found, *says;
};

/* clang-format off */
static const struct mistake mistakes[] = {
	{ "version: 2\nline: shop\nserved_version: {header: X}\n"
	  "environments: {a: {b: }}\n", "1:10:E023", "between 1 and 1" },
	{ "version: 1\nenvironments: {a: {b: }}\n", "1:1:E011", "`line`" },
	{ "version: 1\nline: shop\nenvironments: {a: {b: }}\n",
	  "2:7:W101", "served_version" },
	{ "version: 1\nline: Shop\nserved_version: {header: X}\n"
	  "environments: {}\n", "2:7:E021 4:15:E011", "one region" },
	{ HEAD "workflows: []\n", "5:1:E012", "did you mean `workflow`?" },
	{ HEAD "workflow:\n  - stage: a\n    deploys: prod/v\n",
	  "7:14:E051", "prod/v" },
	{ HEAD "workflow:\n  - stage: a\n    deploys: [np/w, prdo/w]\n",
	  "7:21:E051", "did you mean `prod/w`?" },
	{ HEAD "workflow:\n  - stage: a\n    deploys: u\n",
	  "7:14:E051", "did you mean `prod/u`?" },
	{ HEAD "workflow:\n  - stage: a\n    deploys: np/w\n"
	  "  - stage: b\n    deploys: np/e\n    after: aa\n  - stage: a\n"
	  "    deploys: prod/w\n", "10:12:E053 11:12:E025", "known: a, b" },
	{ HEAD "workflow:\n  - {stage: a, deploys: np/w, after: c}\n"
	  "  - {stage: b, deploys: np/e}\n  - {stage: c, deploys: prod/w}\n",
	  "6:38:E054", "waits for it" },
	{ HEAD "workflow:\n  - {stage: a, deploys: np/w, after: a}\n",
	  "6:38:E054", "waits for itself" },
	{ HEAD "workflow:\n  - {stage: a, deploys: np/w, compare: np/w}\n",
	  "6:40:W114 6:40:E055", "no control is left" },
	{ HEAD "workflow:\n  - {stage: a, deploys: np/w, compare: [np/w, np/e]}"
	  "\n", "6:41:W114", "is no control" },
	{ HEAD "workflow:\n  - {stage: a, deploys: np/w, compare: [np/w, np/e],"
	  " lint: {allow: W999}}\n", "6:41:W114 6:68:E024", "is no control" },
	{ HEAD "workflow:\n  - {stage: a, deploys: np/w, compare: []}\n",
	  "6:40:E023", "names no region" },
	{ HEAD "workflow:\n  - {stage: a, deploys: [np/w, prod/w]}\n",
	  "6:13:E011", "several environments" },
	{ HEAD "roles: {tester: {}}\nworkflow:\n"
	  "  - {stage: a, deploys: np/w, compare: {role: testr}}\n",
	  "7:40:E014 7:47:E052", "did you mean `tester`?" },
	{ HEAD "workflow:\n  - {stage: a, deploys: np/w, roles: [x]}\n",
	  "6:31:E014", "not available in this version" },
	{ HEAD "workflow:\n  - stage: a\n", "6:12:E055", "requires nothing" },
	{ HEAD "workflow:\n  - {stage: a, requires: {ci: []}}\n",
	  "6:13:E055", "no evidence" },
	{ HEAD "workflow:\n  - {stage: a, requires: {regions: prod/w}}\n"
	  "  - {stage: b, deploys: prod/w}\n", "6:36:E055",
	  "no stage before it deploys `prod/w`" },
	{ HEAD "workflow:\n  - {stage: a, deploys: np/w, soak: 5}\n",
	  "6:37:E022", "needs a unit" },
	{ HEAD "workflow:\n  - {stage: a, deploys: np/w, soak: 0s}\n",
	  "6:37:E023", "between 1s and 7d" },
	{ HEAD "gate: {max_wait: 5m}\nworkflow:\n"
	  "  - {stage: a, deploys: np/w, soak: 10m}\n", "7:13:E055",
	  "longer than max_wait" },
	{ HEAD "gate: {max_wait: 5m}\n", "5:18:E055", "longer than max_wait" },
	{ HEAD "gate: {false_halt: 60%}\n", "5:20:E023", "false_halt" },
	{ HEAD "gate: {smallest_effect: 5}\n", "5:25:E022", "%" },
	{ HEAD "gate: {min_runs: many}\n", "5:18:E021", "whole number" },
	{ HEAD "workflow: []\n", "5:11:E023", "no stage" },
	{ HEAD "workflow: [{stage: a, deploys: np/w, newer: quue}]\n",
	  "5:45:E024", "did you mean `queue`?" },
	{ HEAD "workflow: [{stage: a, requires: {fresh: 5m}, approvals: 1}]\n",
	  "5:41:E013", "without `regions`" },
	{ HEAD "roles: {a: {header: {}}}\n", "5:13:E012", "`headers`" },
	{ HEAD "roles: {a: {headers: {X Y: 1}}}\n", "5:23:E021", "header" },
	{ HEAD "roles: {A: {}}\n", "5:9:E021", "a role" },
	{ HEAD "freeze: [{name: f, start: 9:00, duration: 1h, "
	  "days: [monady]}]\n", "5:27:E056 5:54:E056",
	  "did you mean `monday`?" },
	{ HEAD "freeze: [{name: f, start: \"09:00\", duration: 1h, "
	  "date: 2025-02-29}]\n", "5:56:E056", "exists" },
	{ HEAD "freeze: [{name: f, start: \"09:00\", duration: 1h, "
	  "days: friday, timezone: America/New_Yrok}]\n", "5:74:E056",
	  "did you mean `America/New_York`?" },
	{ HEAD "freeze: [{name: f, start: \"09:00\", duration: 1h, "
	  "days: friday, timezone: ../../etc/passwd}]\n", "5:74:E056",
	  "not the name of a zone" },
	{ HEAD "freeze: [{name: f, start: \"09:00\", duration: 1h}]\n",
	  "5:17:E011", "`days` or `date`" },
	{ HEAD "freeze: [{name: f, start: \"09:00\", duration: 1h, "
	  "days: friday, date: 2026-01-01, regions: []}]\n",
	  "5:64:E013 5:91:E023", "not both" },
	{ HEAD "freeze:\n- {name: f, start: \"09:00\", duration: 1h, "
	  "days: friday}\n- {name: f, start: \"09:00\", duration: 90d, "
	  "days: friday}\n", "7:10:E025 7:39:E023", "two windows" },
	{ "version: 1\nline: shop\nserved_version: {header: X, url: /v}\n"
	  "environments: {a: {b: }}\n", "3:29:E013", "not both" },
	{ "version: 1\nline: shop\nserved_version: {url: /v}\n"
	  "environments: {a: {b: }}\n", "3:18:E011", "needs `jsonpath`" },
	{ "version: 1\nline: shop\nserved_version: {url: /v, regex: \"(\"}\n"
	  "environments: {a: {b: }}\n", "3:34:E042", "does not compile" },
	{ "version: 1\nline: shop\nserved_version: {url: \"http://x/v\", "
	  "jsonpath: v}\nenvironments: {a: {b: }}\n",
	  "3:23:E044 3:47:E041", "a path on the region's base_url" },
	{ "version: 1\nline: shop\nserved_version: {header: X V}\n"
	  "environments: {a: {b: }}\n", "3:26:E021", "header" },
	{ "version: 1\nline: s\nserved_version: {header: X}\n"
	  "environments:\n  a:\n    b: {base_url: \"ftp://h\"}\n"
	  "    c: {base_url: \"https://u:p@h/\", kind: primry}\n    D: []\n"
	  "  b:\n  prod: {production: false, w: {production: yes}}\n",
	  "6:19:E044 7:19:E044 7:43:E024 8:5:E021 8:8:E021 9:3:E021 "
	  "10:22:E013 10:45:E021", "did you mean `primary`?" },
	{ "- version\n", "1:1:E021", "mapping" },
};
/* clang-format on */

Test(line, every_mistake_is_found_at_its_place)
{
	size_t n = sizeof(mistakes) / sizeof(*mistakes);

	for (size_t i = 0; i < n; i++) {
		const struct mistake *m = &mistakes[i];
		char *text = NULL;
		size_t size = 0;
		diags_init(&ds, arena);
		const struct line *l = parse(m->text);
		FILE *out = open_memstream(&text, &size);
		diags_write(&ds, out);
		fclose(out);
		cr_expect((l == NULL) == (ds.errors > 0), "%zu", i);
		cr_expect(str_eq(found(), str_from(m->found)),
			"%zu: found %s, not %s\n%s", i, found().ptr, m->found,
			text);
		cr_expect(strstr(text, m->says), "%zu: no %s\n%s", i, m->says,
			text);
		free(text);
	}
}

Test(line, all_mistakes_come_in_one_run)
{
	parse("version: 3\n"
	      "line: Bad Name\n"
	      "gat: {}\n"
	      "environments: {prod: {a: {base_url: h}, b: {kind: third}}}\n"
	      "roles: {x: {cookie: {}}}\n"
	      "gate: {soak: 1}\n"
	      "workflow:\n"
	      "  - {stage: s, deploys: prod/z, after: t}\n"
	      "  - {stage: s, deploys: prod/a, approvals: 99}\n"
	      "freeze: [{name: f, start: now, duration: 1h, days: never}]\n");
	cr_expect_eq(ds.errors, 13, "%s", found().ptr);
}

/* --- what a good file means ---------------------------------------------- */

static const struct line *load(const char *path)
{
	const struct line *l = line_load(arena, path, &ds);

	if (!l)
		diags_write(&ds, stderr);
	cr_assert(l);
	return l;
}

Test(line, the_house_sample_is_read_whole)
{
	const struct line *l = load("regions/examples/orders.yaml");

	cr_expect_eq(ds.warnings, 0);
	cr_expect(str_eq(l->name, STR("orders")));
	cr_expect_eq(strlen(l->hash), 64);
	cr_expect_eq(l->nregions, 5);
	cr_expect_eq(l->nroles, 3);
	cr_expect(str_eq(l->roles[0].name, STR("default")));
	cr_expect(str_eq(l->roles[1].headers->name, STR("X-Feature-Role")));
	cr_expect_eq(l->served.kind, SERVED_HEADER);
	const struct region *west = line_region(l, STR("prod/west"));
	cr_assert(west);
	cr_expect(west->production);
	cr_expect(!line_region(l, STR("nonprod/west"))->production);
	cr_expect(str_eq(region_key_get(west, STR("kind")), STR("secondary")));
	cr_expect_null(region_key_get(west, STR("nothing")).ptr);

	const struct stage *canary = line_stage(l, STR("canary"));
	cr_expect_eq(canary->control, CONTROL_REGIONS);
	cr_expect_eq(canary->ncompare, 2);
	cr_expect_eq(canary->gate.soak_ms, 30 * 60000);
	cr_expect_eq(canary->gate.max_wait_ms, 2 * 3600000);
	cr_expect_eq(canary->nafter, 1);
	cr_expect_eq(canary->after[0], line_stage(l, STR("merge")));
	const struct stage *merge = line_stage(l, STR("merge"));
	cr_expect_eq(merge->ndeploys, 0);
	cr_expect_eq(merge->requires.ci.count, 2);
	cr_expect_eq(merge->requires.nregions, 2);
	cr_expect_eq(merge->requires.fresh_ms, 30 * 60000);
	const struct stage *rest = line_stage(l, STR("everywhere"));
	cr_expect_eq(rest->ndeploys, 2);
	cr_assert_eq(rest->ncompare, 1);
	cr_expect_eq(rest->compare[0], west);
	cr_expect_eq(l->stages[0].nafter, 0);
}

Test(line, one_region_is_one_stage_against_its_own_past)
{
	const struct line *l = load("regions/examples/one-region.yaml");

	cr_assert_eq(l->nstages, 1);
	const struct stage *s = &l->stages[0];
	cr_expect(str_eq(s->name, STR("deploy")));
	cr_expect_eq(s->ndeploys, 1);
	cr_expect_eq(s->control, CONTROL_PAST);
	cr_expect_eq(s->ncompare, 0);
	cr_expect_eq(l->nroles, 1);
}

Test(line, a_url_makes_a_line_of_one_region)
{
	const struct line *l = line_local(arena, STR("http://[::1]:8080/"));

	cr_expect(str_eq(l->regions[0].full, STR("local/local")));
	cr_expect(str_eq(l->regions[0].base_url, STR("http://[::1]:8080")));
	cr_expect_eq(l->stages[0].ndeploys, 1);
	cr_expect_null(l->source);
}

Test(line, a_base_url_is_scheme_host_port_and_path)
{
	static const struct {
		const char *url;
		bool ok;
	} t[] = { { "http://h", true }, { "https://h.example:8443/a/b", true },
		{ "http://127.0.0.1:80/", true }, { "http://[::1]", true },
		{ "http://[fe80::1]:9", true }, { "h", false },
		{ "file:///etc", false }, { "http://", false },
		{ "http:///x", false }, { "http://h:0", false },
		{ "http://h:65536", false }, { "http://h:", false },
		{ "http://u@h", false }, { "http://h?x", false },
		{ "http://h#x", false }, { "http://h /", false },
		{ "http://${x}", false }, { "http://[::1", false },
		{ "http://[]", false }, { "http://h\x01", false } };

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		cr_expect_eq(line_base_url(str_from(t[i].url)) == NULL, t[i].ok,
			"%s", t[i].url);
}

Test(line, a_glob_names_regions)
{
	struct region r = { .env = STR("prod"), .full = STR("prod/west") };
	static const struct {
		const char *glob;
		bool yes;
	} t[] = { { "prod", true }, { "prod/*", true }, { "prod/west", true },
		{ "*", true }, { "*/west", true }, { "prod/w?st", true },
		{ "p*", true }, { "prod/e*", false }, { "west", false },
		{ "pro", false }, { "prod/", false }, { "", false },
		{ "*/*/*", false }, { "nonprod", false } };

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		cr_expect_eq(region_matches(&r, str_from(t[i].glob)), t[i].yes,
			"%s", t[i].glob);
}

Test(line, a_glob_may_take_in_the_canary_and_it_is_no_control)
{
	const struct line *l = parse(HEAD
		"workflow: [{stage: a, deploys: prod/w, compare: prod}]\n");

	cr_assert(l);
	cr_expect_eq(ds.warnings, 0);
	cr_expect_eq(l->stages[0].ncompare, 2);
	for (size_t i = 0; i < l->stages[0].ncompare; i++)
		cr_expect_neq(l->stages[0].compare[i], l->stages[0].deploys[0]);
}

Test(line, an_environment_is_production_by_name_or_mark)
{
	const struct line *l = parse(
		"version: 1\nline: a\nserved_version: {header: X}\n"
		"environments:\n  live: {production: true, a: , b: }\n"
		"  test: {a: , b: {production: true}}\n  prod-eu: {a: }\n");

	cr_assert(l);
	cr_assert_eq(l->nregions, 5);
	for (size_t i = 0; i < l->nregions; i++)
		cr_expect_eq(l->regions[i].production, i != 2, "%zu", i);
}

Test(line, names_near_a_wrong_one_are_offered)
{
	const struct line *l = load("regions/examples/orders.yaml");

	cr_expect(str_eq(line_stage_near(l, STR("cannary")), STR("canary")));
	cr_expect_null(line_stage_near(l, STR("zzzzzz")).ptr);
	cr_expect(str_eq(line_region_near(l, STR("eu")), STR("prod/eu")));
	cr_expect(str_eq(line_region_near(l, STR("prod/wset")),
		STR("prod/west")));
}

Test(line, a_missing_file_says_what_to_do)
{
	cr_expect_null(line_load(arena, "/nonexistent/line.yaml", &ds));
	cr_expect_eq(ds.first->code, E6);
	diags_init(&ds, arena);
	/* the samples below examples/ are nobody's line */
	cr_expect_null(line_load(arena, NULL, &ds));
	cr_expect_eq(ds.first->code, E6);
}

/* --- settings ------------------------------------------------------------ */

static struct gate_settings settings(const char *stage, double runs,
	uint64_t every_ms, uint64_t least_ms)
{
	char text[600];
	struct stage_load load = { runs, every_ms, least_ms };

	snprintf(text, sizeof(text), HEAD "workflow: [{stage: a%s}]\n", stage);
	const struct line *l = parse(text);
	cr_assert(l, "%s", text);
	return stage_settings(&l->stages[0], &load);
}

Test(line, settings_are_derived_from_the_load)
{
	struct gate_settings g = settings(", deploys: np/w", 10, 10000, 0);

	cr_expect_eq(g.smallest_effect, 0.05);
	cr_expect_eq(g.fresh_ms, 30000);
	cr_expect_eq(g.starve_after_ms, 30000);
	cr_expect_eq(g.max_wait_ms, 3 * (30000 + 600000));
	cr_expect_eq(g.post_watch_ms, g.soak_ms);
	cr_expect_eq(g.expires_ms, 15 * 60000);
	cr_expect_eq(g.min_runs, 5);
	cr_expect_eq(g.observations, 2);
	cr_expect_eq(g.false_halt, 0.01);

	g = settings(", deploys: np/w, soak: 10s", 9.9, 60000, 3600000);
	cr_expect_eq(g.smallest_effect, 0.10);
	cr_expect_eq(g.fresh_ms, 150000);
	cr_expect_eq(g.max_wait_ms, 7200000);

	g = settings(", deploys: np/w, soak: 10s", 2.9, 1000, 1000);
	cr_expect_eq(g.smallest_effect, 0.20);
	cr_expect_eq(g.max_wait_ms, 15 * 60000);
	g = settings(", deploys: np/w", 0.0 / 0.0, UINT64_MAX, UINT64_MAX);
	cr_expect_eq(g.smallest_effect, 0.20);
	cr_expect_eq(g.max_wait_ms, UINT64_C(30) * 24 * 3600000);
}

Test(line, settings_that_are_given_stay)
{
	struct gate_settings g =
		settings(", deploys: np/w, smallest_effect: 3%, fresh: 5s, "
			 "starve_after: 7s, max_wait: 1h, post_watch: 1m, "
			 "expires: 2h",
			1, 60000, 99999999);

	cr_expect_float_eq(g.smallest_effect, 0.03, 1e-12);
	cr_expect_eq(g.fresh_ms, 5000);
	cr_expect_eq(g.starve_after_ms, 7000);
	cr_expect_eq(g.max_wait_ms, 3600000);
	cr_expect_eq(g.post_watch_ms, 60000);
	cr_expect_eq(g.expires_ms, 7200000);
	g = settings(", approvals: 1", 1, 1, 0);
	cr_expect_eq(g.expires_ms, 24 * 3600000);
}

Test(line, expires_of_the_line_is_meant_for_its_gates)
{
	struct stage_load load = { 10, 1000, 0 };
	const struct line *l = parse(
		HEAD "gate: {expires: 4h}\n"
		     "workflow: [{stage: a, deploys: np/w}, {stage: b}]\n");

	cr_assert(l);
	cr_expect_eq(stage_settings(&l->stages[0], &load).expires_ms,
		15 * 60000);
	cr_expect_eq(stage_settings(&l->stages[1], &load).expires_ms,
		4 * 3600000);
}

/* --- windows ------------------------------------------------------------- */

struct moment {
	const char *when, *at;
	bool open;
};

/* clang-format off */
#define SUNDAY_NIGHT "start: \"02:00\", duration: 30m, days: [sunday], " \
	"timezone: America/New_York"
#define SKIPPED "start: \"02:30\", duration: 1h, days: [sunday], " \
	"timezone: America/New_York"
#define TWICE "start: \"01:30\", duration: 90m, days: [sunday], " \
	"timezone: America/New_York"
#define DATED "start: \"22:00\", duration: 3d, date: 2026-12-24"

static const struct moment moments[] = {
	/* summer: UTC-4; the start belongs to it, the end does not */
	{ SUNDAY_NIGHT, "2026-07-05T05:59:59.999Z", false },
	{ SUNDAY_NIGHT, "2026-07-05T06:00:00Z", true },
	{ SUNDAY_NIGHT, "2026-07-05T06:29:59.999Z", true },
	{ SUNDAY_NIGHT, "2026-07-05T06:30:00Z", false },
	{ SUNDAY_NIGHT, "2026-07-06T06:10:00Z", false },
	/* winter: UTC-5 */
	{ SUNDAY_NIGHT, "2026-12-06T06:10:00Z", false },
	{ SUNDAY_NIGHT, "2026-12-06T07:10:00Z", true },
	/* spring forward, 2026-03-08: 02:00 to 03:00 does not exist */
	{ SUNDAY_NIGHT, "2026-03-08T06:59:59Z", false },
	{ SUNDAY_NIGHT, "2026-03-08T07:00:00Z", true },
	{ SKIPPED, "2026-03-08T07:29:59Z", false },
	{ SKIPPED, "2026-03-08T07:30:00Z", true },
	{ SKIPPED, "2026-03-08T08:29:59Z", true },
	{ SKIPPED, "2026-03-08T08:30:00Z", false },
	/* fall back, 2026-11-01: 01:30 comes twice, the first one counts */
	{ TWICE, "2026-11-01T05:29:59Z", false },
	{ TWICE, "2026-11-01T05:30:00Z", true },
	{ TWICE, "2026-11-01T06:59:59Z", true },
	{ TWICE, "2026-11-01T07:00:00Z", false },
	/* beyond the table of the file: by its rule */
	{ SUNDAY_NIGHT, "2050-07-03T06:10:00Z", true },
	{ SUNDAY_NIGHT, "2050-01-02T06:10:00Z", false },
	{ SUNDAY_NIGHT, "2050-01-02T07:10:00Z", true },
	/* UTC, over midnight and for days */
	{ DATED, "2026-12-24T21:59:59Z", false },
	{ DATED, "2026-12-24T22:00:00Z", true },
	{ DATED, "2026-12-27T21:59:59Z", true },
	{ DATED, "2026-12-27T22:00:00Z", false },
	{ DATED, "2025-12-25T00:00:00Z", false },
	{ "start: \"23:30\", duration: 1h, days: monday",
	  "2026-02-03T00:29:00Z", true },
	{ "start: \"23:30\", duration: 1h, days: monday",
	  "2026-02-02T00:29:00Z", false },
	/* east of UTC the local day comes earlier */
	{ "start: \"00:00\", duration: 1h, days: monday, timezone: Asia/Tokyo",
	  "2026-02-01T15:00:00Z", true },
	{ "start: \"00:00\", duration: 1h, days: monday, timezone: UTC",
	  "2026-02-02T00:59:59Z", true },
};
/* clang-format on */

Test(window, opens_and_closes_at_its_local_time)
{
	for (size_t i = 0; i < sizeof(moments) / sizeof(*moments); i++) {
		const struct moment *m = &moments[i];
		char text[600];
		int64_t wall_us;
		snprintf(text, sizeof(text), HEAD "freeze: [{name: f, %s}]\n",
			m->when);
		const struct line *l = parse(text);
		cr_assert(l, "%s", text);
		cr_assert(units_from_rfc3339(str_from(m->at), &wall_us));
		cr_expect_eq(window_open(l->freezes, NULL, wall_us) != NULL,
			m->open, "%s at %s", m->when, m->at);
	}
}

Test(window, covers_its_regions_only)
{
	const struct line *l = parse(
		HEAD "freeze: [{name: f, regions: [prod/w], start: \"00:00\", "
		     "duration: 24h, date: 2026-01-01}]\n"
		     "maintenance: [{name: m, start: \"00:00\", duration: 24h, "
		     "date: 2026-01-01}]\n");
	int64_t at;

	cr_assert(l);
	cr_assert(units_from_rfc3339(STR("2026-01-01T12:00:00Z"), &at));
	const struct region *w = line_region(l, STR("prod/w"));
	const struct region *e = line_region(l, STR("prod/e"));
	cr_expect(window_open(l->freezes, w, at));
	cr_expect(!window_open(l->freezes, e, at));
	cr_expect(window_open(l->freezes, NULL, at));
	cr_expect(window_open(l->maintenances, e, at));
}

Test(zone, a_rule_of_its_own_is_read)
{
	/* Dublin: standard time is the summer's, DST is negative */
	const struct zone *z;
	struct err e;
	int64_t at;

	cr_assert(zone_load(arena, STR("Europe/Dublin"), &z, &e));
	cr_assert(units_from_rfc3339(STR("2060-07-01T00:00:00Z"), &at));
	cr_expect_eq(zone_offset(z, at / 1000000), 3600);
	cr_assert(units_from_rfc3339(STR("2060-01-01T00:00:00Z"), &at));
	cr_expect_eq(zone_offset(z, at / 1000000), 0);
}

Test(zone, every_cut_of_a_file_is_refused)
{
	struct err e;
	const struct source *src =
		source_read(arena, "tests/fuzz/corpus/zone/new-york", &e);

	cr_assert(src, "%s", e.text);
	cr_expect(zone_parse(arena, src->text));
	for (size_t n = 0; n < src->text.len; n++)
		cr_expect_null(zone_parse(arena, str_sub(src->text, 0, n)),
			"%zu bytes", n);
}
