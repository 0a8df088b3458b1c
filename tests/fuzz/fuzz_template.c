/*
 * Bytes: a template.  What parses is rendered; what renders as literal must
 * be free of anything to fill in.
 */
#include <assert.h>

#include "suites/template.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct str text =
		arena_str(a, (struct str){ (const char *)bytes, size });
	const struct source *src = source_from(a, STR("fuzz"), text);
	struct yaml_node n = { .kind = YAML_SCALAR, .text = text };
	struct diags ds;
	struct vars v;

	diags_init(&ds, a);
	n.where = (struct span){ src, 0, (uint32_t)size };
	const struct template *t = template_parse(a, &n, &ds);
	assert((t != NULL) == (ds.errors == 0));
	if (t) {
		bool secret = false;
		struct str out;
		struct str why = STR_NONE;
		vars_init(&v, a, 7);
		vars_set_str(&v, STR("a"), STR("value"));
		vars_set(&v, STR("k"), json_new_str(a, STR("s")), true);
		bool ok = template_render(t, &v, &out, &secret, &why);
		assert(ok || why.ptr);
		assert(!template_is_literal(t, &out) ||
			(ok && !secret && !template_refs(t)));
	}
	arena_free(a);
	return 0;
}
