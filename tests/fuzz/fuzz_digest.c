#include <assert.h>

#include "base/arena.h"
#include "runner/digest.h"
#include "tests/fuzz/target.h"

/* The challenge of a server; what is understood can be answered, in one line.
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct response_header h = { .name = STR("WWW-Authenticate"),
		.value = { (const char *)bytes, size } };
	struct digest_challenge c;
	struct digest_request q = { .user = STR("u"),
		.password = STR("p"),
		.method = STR("GET"),
		.uri = STR("/"),
		.cnonce = STR("c"),
		.count = 1 };

	if (digest_read(&h, a, &c)) {
		struct str s = digest_answer(&c, &q, a);

		assert(c.nonce.len && str_starts(s, STR("Digest username=")));
	}
	arena_free(a);
	return 0;
}
