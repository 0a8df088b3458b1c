#include <assert.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/yaml_layout.h"
#include "tests/fuzz/target.h"

/*
 * A file is given another layout or left as it is; what is given reads the
 * same and is its own layout.  That no comment is lost is asked inside.
 */

static const struct yaml_order orders[] = { { 0 } };

static enum yaml_layout_end layout(struct arena *a, struct str text,
	struct buf *out, struct buf *json)
{
	const struct source *src = source_from(a, STR("fuzz"), text);
	enum yaml_layout_end end;
	struct diags ds;

	diags_init(&ds, a);
	end = yaml_layout(a, src, orders, out, &ds);
	if (end == YAML_LAYOUT_OK)
		json_write(json, yaml_to_json(a, yaml_parse(a, src, &ds)));
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct buf out[2];
	struct buf json[2];

	for (int i = 0; i < 2; i++) {
		buf_init(&out[i], YAML_LAYOUT_MAX);
		buf_init(&json[i], 64 << 20);
	}
	if (size < 65536 &&
		layout(a, (struct str){ (const char *)bytes, size }, &out[0],
			&json[0]) == YAML_LAYOUT_OK &&
		out[0].len) {
		if (layout(a, buf_str(&out[0]), &out[1], &json[1]) !=
				YAML_LAYOUT_OK ||
			!str_eq(buf_str(&out[0]), buf_str(&out[1])) ||
			!str_eq(buf_str(&json[0]), buf_str(&json[1])))
			abort();
	}
	for (int i = 0; i < 2; i++) {
		buf_done(&out[i]);
		buf_done(&json[i]);
	}
	arena_free(a);
	return 0;
}
