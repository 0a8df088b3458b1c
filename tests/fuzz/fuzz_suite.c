#include <assert.h>

#include "suites/suite.h"
#include "tests/fuzz/target.h"

/*
 * Any bytes are a suite or are refused with a reason; a suite that is taken
 * has something to ask, in every region.
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct str regions[] = { STR("prod/west"),
		STR("prod/eu") };
	static const struct str roles[] = { STR("default"), STR("tester") };
	static const struct str keys[] = { STR("base_url"), STR("auth_url") };
	static const struct suite_world world = { .regions = regions,
		.nregions = 2,
		.roles = roles,
		.nroles = 2,
		.region_keys = keys,
		.nregion_keys = 2 };
	struct arena *a = arena_new();
	struct str text = { (const char *)bytes, size };
	const struct suite_file *f;
	struct diags ds;

	diags_init(&ds, a);
	f = suite_parse(a, source_from(a, STR("fuzz"), text), &world, &ds);
	assert((f == NULL) == (ds.errors > 0));
	if (f) {
		assert(suite_base(f)->steps);
		assert(suite_for(f, STR("prod"), STR("eu"))->steps);
		assert(suite_for(f, STR("prod"), STR("west"))->steps);
	}
	arena_free(a);
	return 0;
}
