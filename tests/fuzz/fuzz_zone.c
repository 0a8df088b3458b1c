/* TZif bytes: parse, then ask for offsets around everything it may hold. */
#include <assert.h>

#include "regions/zone.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct str text = { (const char *)bytes, size };
	const struct zone *z = zone_parse(a, text);

	for (int64_t at = INT64_C(-10000000000); z && at < INT64_C(10000000000);
		at += 50000000) {
		int32_t offset = zone_offset(z, at);
		assert(offset >= -26 * 3600 && offset <= 26 * 3600);
		int64_t back = zone_from_local(z, at);
		assert(back >= at - 26 * 3600 && back <= at + 26 * 3600);
	}
	arena_free(a);
	return 0;
}
