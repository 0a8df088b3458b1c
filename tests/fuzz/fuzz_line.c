/* A line file: parse, then use what came out. */

#include "regions/line.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct diags ds;
	struct str text = { (const char *)bytes, size };
	struct stage_load load = { 6, 10000, 60000 };

	diags_init(&ds, a);
	const struct source *src = source_from(a, STR("line.yaml"), text);
	const struct line *l = line_parse(a, src, &ds);
	for (size_t i = 0; l && i < l->nstages; i++)
		stage_settings(&l->stages[i], &load);
	for (size_t i = 0; l && i < l->nregions; i++) {
		window_open(l->freezes, &l->regions[i], 1767225600000000);
		window_open(l->maintenances, &l->regions[i], 1);
	}
	arena_free(a);
	return 0;
}
