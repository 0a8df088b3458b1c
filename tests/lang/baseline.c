/* Which region `sameAs: baseline` means. */
#include <criterion/criterion.h>
#include <string.h>

#include "regions/line.h"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

TestSuite(baseline, .init = setup, .fini = teardown);

#define HEAD                                                                   \
	"version: 1\nline: shop\nserved_version: {header: X-V}\n"              \
	"environments: {np: {only: }, prod: {w: , e: , u: }}\n"

/* NULL: there is none. */
static void means(const char *workflow, const char *region, const char *want)
{
	const struct line *l;
	const struct region *got;
	struct diags ds;

	diags_init(&ds, arena);
	l = line_parse(arena,
		source_from(arena, STR("l"),
			arena_printf(arena, "%s%s", HEAD, workflow)),
		&ds);
	cr_assert(l && ds.errors == 0, "%s", workflow);
	for (size_t i = 0; i < l->nregions; i++) {
		if (!str_eq(l->regions[i].full, str_from(region)))
			continue;
		got = line_baseline(l, &l->regions[i]);
		cr_expect_eq(got != NULL, want != NULL, "%s", region);
		if (got && want)
			cr_expect(str_eq(got->full, str_from(want)),
				"%s: %.*s, not %s", region, STR_ARG(got->full),
				want);
		return;
	}
	cr_assert_fail("no region %s", region);
}

Test(baseline, the_first_control_of_the_stage_that_deploys_it)
{
	static const char w[] =
		"workflow:\n"
		"  - {stage: a, deploys: prod/w, compare: [prod/u, prod/e]}\n"
		"  - {stage: b, deploys: prod/u, compare: prod/e}\n";

	/* in the order of the environments */
	means(w, "prod/w", "prod/e");
	means(w, "prod/u", "prod/e");
}

Test(baseline, a_region_that_no_stage_deploys_has_that_of_its_environment)
{
	static const char w[] =
		"workflow:\n"
		"  - {stage: a, deploys: prod/w, compare: prod/u}\n";

	means(w, "prod/e", "prod/u");
	means(w, "prod/u", "prod/u");
	means(w, "np/only", NULL);
}

/* Two that are compared with one another: sameAs turns in a circle then. */
Test(baseline, two_stages_may_name_each_others_region)
{
	static const char w[] =
		"workflow:\n"
		"  - {stage: a, deploys: prod/w, compare: prod/e}\n"
		"  - {stage: b, deploys: prod/e, compare: prod/w}\n";

	means(w, "prod/w", "prod/e");
	means(w, "prod/e", "prod/w");
}

Test(baseline, without_a_control_the_first_that_no_stage_deploys)
{
	static const char some[] = "workflow: [{stage: a, deploys: prod/w}]\n";
	static const char all[] = "workflow: [{stage: a, deploys: prod}]\n";

	means(some, "prod/w", "prod/e");
	means(some, "prod/e", "prod/e");
	means(all, "prod/u", "prod/w");
	means("", "prod/u", "prod/w");
}
