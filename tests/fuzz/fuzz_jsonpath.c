/*
 * Bytes: a JSONPath, a zero byte, a document.  What parses is evaluated, and
 * every node found must have a normalized path that finds it again.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/json.h"
#include "suites/jsonpath.h"
#include "tests/fuzz/target.h"

static void find_again(struct arena *a, const struct json *root,
	const struct json *node)
{
	struct str text = jsonpath_normalized(a, node);
	struct jsonpath_error why;
	struct jsonpath_nodes n;
	const struct jsonpath *p = jsonpath_parse(a, text, &why);

	if (!p) {
		assert(text.len > 4096); /* longer than a path may be */
		return;
	}
	assert(jsonpath_singular(p));
	assert(jsonpath_eval(p, root, a, &n));
	assert(n.count == 1);
	/* of members of the same name the last one is found */
	assert(n.node[0] == node ||
		str_eq(jsonpath_normalized(a, n.node[0]), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct str all = { (const char *)bytes, size };
	struct str text = str_cut(&all, '\0');
	struct jsonpath_error path_why;
	struct json_error json_why;
	struct jsonpath_nodes n;
	const struct jsonpath *p = jsonpath_parse(a, text, &path_why);

	if (!p)
		assert(path_why.text && path_why.at <= text.len);
	const struct json *j =
		all.ptr ? json_parse(a, all, &json_limits_default, &json_why)
			: NULL;
	if (p && j && jsonpath_eval(p, j, a, &n)) {
		for (size_t i = 0; i < n.count && i < 20; i++)
			find_again(a, j, n.node[i]);
	}
	arena_free(a);
	return 0;
}
