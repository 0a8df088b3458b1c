/*
 * Whatever is read is written and read back as an equal tree, and any two
 * neighbours of numbers have one order seen from both sides.
 */
#include <assert.h>

#include "base/json.h"
#include "tests/fuzz/target.h"

static void check_numbers(const struct json *j)
{
	if (j->type != JSON_ARRAY)
		return;
	for (const struct json *e = j->first; e && e->next; e = e->next) {
		if (e->type != JSON_NUMBER || e->next->type != JSON_NUMBER)
			continue;
		int order = json_number_cmp(e->text, e->next->text);
		assert(json_number_cmp(e->next->text, e->text) == -order);
		assert(json_number_cmp(e->text, e->text) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct json_error e = { SIZE_MAX, NULL };
	const struct json *j = json_parse(a,
		(struct str){ (const char *)bytes, size }, NULL, &e);

	if (!j) {
		assert(e.text && e.at <= size);
	} else {
		struct buf out;
		buf_init(&out, SIZE_MAX / 2);
		json_write(&out, j);
		const struct json *again =
			json_parse(a, buf_str(&out), NULL, &e);
		assert(again && json_equal(j, again) && json_equal(again, j));
		check_numbers(j);
		buf_done(&out);
	}
	arena_free(a);
	return 0;
}
