/*
 * Bytes: a JSON Schema, a zero byte, a document.  What compiles is validated
 * with, and what does not hold says why.
 */
#include <assert.h>

#include "suites/schema.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct str all = { (const char *)bytes, size };
	struct str text = str_cut(&all, '\0');
	const struct json *root = json_parse(a, text, NULL, NULL);
	const struct json *value =
		all.ptr ? json_parse(a, all, NULL, NULL) : root;
	struct schema_fault *faults = NULL;
	struct str why;

	if (root) {
		const struct schema *s = schema_compile(a, root, NULL, &faults);
		assert(s || faults);
		if (s && value &&
			schema_validate(s, value, a, NULL, &why) !=
				SCHEMA_HOLDS)
			assert(why.len > 0);
	}
	arena_free(a);
	return 0;
}
