#include "store/redis.h"
#include "store/redis_facts.h"
#include "tests/fuzz/target.h"

/* A reply of the server, as facts; and the same bytes as an URL. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = { (const char *)bytes, len };
	struct arena *a = arena_new();
	struct redis_reply *reply;
	struct redis_url url;
	struct facts f = { 0 };

	if (redis_parse(a, text, &reply))
		(void)redis_facts_read(a, reply, &f, NULL);
	(void)redis_url_parse(text, &url, NULL);
	arena_free(a);
	return 0;
}
