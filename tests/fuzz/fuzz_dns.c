#include "runner/dns_message.h"
#include "tests/fuzz/target.h"

/* The first two bytes are the type that was asked for. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct dns_question q = { .name = STR("a.example.com") };
	struct dns_message m;
	struct arena *a;
	const char *why;

	if (len < 2)
		return 0;
	a = arena_new();
	q.type = (uint16_t)(bytes[0] << 8U | bytes[1]);
	dns_message_read((struct str){ (const char *)bytes + 2, len - 2 }, &q,
		a, &m, &why);
	arena_free(a);
	return 0;
}
