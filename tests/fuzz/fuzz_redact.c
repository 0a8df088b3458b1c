#include <stdlib.h>

#include "base/arena.h"
#include "base/redact.h"
#include "tests/fuzz/target.h"

/*
 * The first line is a secret, the rest a text.  What comes out holds none, and
 * a text without secrets comes out as it was.
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct redact *r = redact_new(a, NULL);
	struct str text = { (const char *)bytes, size };
	struct str secret = str_cut(&text, '\n');
	struct str out;

	if (text.ptr && redact_add(r, STR("name"), secret)) {
		out = redact_str(r, a, text);
		if (!redact_holds(r, text) && !str_eq(out, text))
			abort();
		/* a mark may stand between two halves, but must not be made
		 * of one: only a secret like the mark itself is found again */
		if (str_find(STR("[name]"), secret, 0) == SIZE_MAX &&
			str_find(out, secret, 0) != SIZE_MAX &&
			str_find(secret, STR("[name]"), 0) == SIZE_MAX &&
			str_find(secret, STR("["), 0) == SIZE_MAX &&
			str_find(secret, STR("]"), 0) == SIZE_MAX)
			abort();
	}
	arena_free(a);
	return 0;
}
