#ifndef TESTS_FUZZ_IMPORT_H
#define TESTS_FUZZ_IMPORT_H

#include <assert.h>

#include "base/yaml.h"
#include "suites/import.h"
#include "tests/fuzz/target.h"

typedef bool import_fn(struct arena *a, const struct source *src,
	const struct import_how *how, struct diags *ds, struct str *ret_text);

/*
 * What one of `andon import` reads, as a whole and in part: either a suite
 * comes out that is YAML, or an error says why.  What is shown of the source
 * has its places.
 */
static inline int fuzz_import(import_fn *import, enum import_kind kind,
	const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct str text = { (const char *)bytes, size };
	const struct source *src = source_from(a, STR("in"), text);
	struct import_how how = { .partial = size % 2 == 0,
		.name = STR("fuzz") };
	struct diags ds;
	struct diags of_yaml;
	struct str suite = STR_NONE;

	diags_init(&ds, a);
	diags_init(&of_yaml, a);
	bool ok = import(a, src, &how, &ds, &suite);
	assert(ok == (ds.errors == 0) && ok == (suite.ptr != NULL));
	if (ok && suite.len < (1 << 20)) {
		yaml_parse(a, source_from(a, STR("out"), suite), &of_yaml);
		assert(of_yaml.errors == 0);
	}
	assert(import_shown(a, text, kind).len == text.len);
	arena_free(a);
	return 0;
}

#endif
