#include <assert.h>

#include "cli/eval_answer.h"
#include "suites/snippet.h"
#include "tests/fuzz/target.h"

/*
 * Chains of extractors, filters and predicates over a document: any snippet is
 * read or refused with a reason, and what is read ends on any bytes with a
 * value, a failure, or a bound that was reached.
 *
 * A byte for the kind of snippet, its text up to an empty line, the document.
 */

enum { DOCUMENT_MAX = 1 << 16, SNIPPET_MAX = 1 << 12 };

static void checks_run(const struct snippet *s, struct response *r,
	const struct vars *v, struct arena *a)
{
	const struct assertion *as = check_eval_all(s->checks, r, v, a);

	assert(as);
	for (; as; as = as->next) {
		assert(!as->ok || !as->budget);
		assert(as->text.ptr && as->expected.ptr && as->actual.ptr);
	}
}

static void value_run(const struct snippet *s, struct response *r,
	const struct vars *v, struct arena *a)
{
	bool secret;
	struct value got = capture_eval(s->value, r, v, a, &secret);

	assert((got.state == VALUE_OK) == (got.json != NULL));
	assert(capture_text(s->value, a).ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str rest = { (const char *)bytes + 1, size - 1 };
	struct arena *a;
	struct response r;
	struct snippet s;
	struct vars v;
	struct diags ds;

	if (size < 2)
		return 0;
	size_t end = str_find(rest, STR("\n\n"), 0);
	struct str text = str_sub(rest, 0, end);
	struct str document =
		end == SIZE_MAX ? STR("") : str_sub(rest, end + 2, SIZE_MAX);
	if (text.len > SNIPPET_MAX || document.len > DOCUMENT_MAX)
		return 0;
	a = arena_new();
	diags_init(&ds, a);
	eval_answer_read(a, document, &r);
	vars_init(&v, a, 1);
	vars_set_str(&v, STR("v"), STR("x"));
	v.wall_us = INT64_C(1700000000000000);
	const struct yaml_node *n =
		yaml_parse(a, source_from(a, STR("fuzz"), text), &ds);
	bool json = json_parse(a, r.body, NULL, NULL) != NULL;
	if (n && ds.errors == 0 &&
		snippet_parse(a, (enum snippet_kind)(bytes[0] % SNIPPETS), n,
			json, &v, &s, &ds)) {
		assert(ds.errors == 0);
		if (s.checks)
			checks_run(&s, &r, &v, a);
		else
			value_run(&s, &r, &v, a);
	} else {
		assert(ds.errors > 0);
	}
	arena_free(a);
	return 0;
}
