/*
 * Bytes: how to read it, an XPath, a zero byte, a document.  Whatever comes
 * out has to be JSON that can be written, or a reason.
 */
#include <assert.h>

#include "base/xml.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new();
	struct str all = { (const char *)bytes, size };
	struct xpath_value v;
	struct buf b;
	char why[160];
	size_t at;

	if (size < 1)
		goto out;
	enum xml_syntax syntax = (enum xml_syntax)(bytes[0] % 3);
	all = str_sub(all, 1, size);
	struct str text = str_cut(&all, '\0');
	if (!all.ptr)
		all = STR("<a xmlns:b='urn:b'><b:c d='1'>2</b:c></a>");
	if (!xpath_check(text, why, sizeof(why), &at)) {
		assert(why[0] && at <= text.len);
		goto out;
	}
	enum xpath_result is = xpath_eval(a, text, all, syntax, STR_NONE, &v);
	if (is == XPATH_OK) {
		assert(v.json);
		assert(!v.nodes || v.json->count > 0);
		buf_init(&b, (size_t)64 << 20);
		json_write(&b, v.json);
		assert(json_parse(a, buf_str(&b), NULL, NULL));
		buf_done(&b);
	} else if (is != XPATH_NOTHING) {
		assert(v.why.len > 0);
	}
out:
	arena_free(a);
	return 0;
}
