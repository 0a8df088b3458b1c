#include "base/arena.h"
#include "base/buf.h"
#include "runner/decode.h"
#include "runner/head.h"
#include "tests/fuzz/target.h"

/* The head of an answer line by line, then the rest as its body, decoded. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct str rest = { (const char *)bytes, size };
	struct head h;
	struct buf body;
	struct decoder *d;
	enum coding coding;
	bool good = true;

	head_init(&h, a);
	while (good && rest.len && !h.done) {
		size_t end = str_find_byte(rest, '\n', 0);
		size_t len = end == SIZE_MAX ? rest.len : end + 1;

		good = head_line(&h, str_sub(rest, 0, len));
		rest = str_sub(rest, len, rest.len - len);
	}
	coding = head_coding(&h);
	if (good && (coding == CODING_GZIP || coding == CODING_DEFLATE)) {
		buf_init(&body, 65536);
		d = decoder_new(coding);
		while (rest.len && decoder_feed(d, str_sub(rest, 0, 7),
					   &body) == DECODE_OK)
			rest = str_sub(rest, 7, rest.len);
		decoder_free(d);
		buf_done(&body);
	}
	arena_free(a);
	return 0;
}
