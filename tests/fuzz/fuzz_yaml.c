/*
 * Every node's place lies inside the text, every tree becomes JSON, and a tree
 * is given exactly when nothing but duplicate keys and tags was reported.
 */
#include <assert.h>

#include "base/codes.h"
#include "base/json.h"
#include "base/yaml.h"
#include "tests/fuzz/target.h"

static void check_place(const struct yaml_node *n)
{
	assert(n->where.at <= n->where.end);
	assert(n->where.end <= n->where.src->text.len);
}

static void check_places(const struct yaml_node *n, int depth)
{
	uint32_t count = 0;

	assert(depth <= YAML_DEPTH_MAX);
	check_place(n);
	for (const struct yaml_node *c = n->first; c; c = c->next) {
		assert((c->key != NULL) == (n->kind == YAML_MAP));
		if (c->key)
			check_place(c->key);
		check_places(c, depth + 1);
		count++;
	}
	assert(count == n->count);
}

static bool is_fatal(const struct diags *ds)
{
	for (const struct diag *d = ds->first; d; d = d->next)
		if (d->level == DIAG_ERROR && d->code != E4 && d->code != E5)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct diags ds;
	struct buf out;

	diags_init(&ds, a);
	const struct yaml_node *n = yaml_parse(a,
		source_from(a, STR("fuzz.yaml"),
			(struct str){ (const char *)bytes, size }),
		&ds);
	assert(n || ds.errors > 0);
	assert(!n || !is_fatal(&ds));
	if (n) {
		struct json_limits wide = { 128, 300000, SIZE_MAX };
		check_places(n, 0);
		buf_init(&out, SIZE_MAX / 2);
		json_write(&out, yaml_to_json(a, n));
		assert(json_parse(a, buf_str(&out), &wide, NULL));
		buf_done(&out);
	}
	arena_free(a);
	return 0;
}
