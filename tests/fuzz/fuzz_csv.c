/*
 * Bytes: a CSV file.  What is read is a list of objects that all have the same
 * members; what is refused has a reason inside the text.
 */
#include <assert.h>

#include "suites/csv.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct str text = { (const char *)bytes, size };
	struct csv_error why = { 0, NULL };
	const struct json *list = csv_parse(a, text, &why);

	assert(list || (why.text && why.at <= size));
	for (const struct json *o = list ? list->first : NULL; o; o = o->next) {
		assert(o->count == list->first->count);
		for (const struct json *m = o->first; m; m = m->next)
			assert(m->type == JSON_STRING && m->key.len > 0);
	}
	arena_free(a);
	return 0;
}
