/*
 * Quantities, times, numbers, base64 and UTF-8: what is read is written back
 * and must be read as the same; what is escaped must be harmless.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/units.h"
#include "tests/fuzz/target.h"

enum { TEXT_MAX = 65536 };

static void check_units(struct str s)
{
	char text[32];
	uint64_t ms;
	uint64_t again;
	int64_t us;
	int64_t us_again;
	double share;

	if (units_duration_ms(s, &ms)) {
		units_duration_text(ms, text);
		assert(units_duration_ms(str_from(text), &again));
		assert(again == ms);
		units_took_text(ms, text);
	}
	if (units_size(s, &ms))
		units_took_text(ms, text);
	if (units_share(s, &share))
		assert(share >= 0 && share <= 1);
	if (units_from_rfc3339(s, &us)) {
		units_rfc3339(us, text);
		assert(units_from_rfc3339(str_from(text), &us_again));
		/* an offset may lead out of the years 0 to 9999: clamped */
		if (us >= -62167219200000000 && us <= 253402300799999999)
			assert(us_again <= us && us - us_again < 1000);
	}
}

static void check_numbers(struct str s)
{
	double d;
	int64_t i;

	if (str_to_i64(s, &i))
		assert(str_to_double(s, &d));
	if (str_to_double(s, &d))
		assert(d - d == 0);
}

static void check_base64(struct str s, bool url_safe)
{
	char *raw = malloc(s.len / 4 * 3 + 3);
	struct buf b;
	size_t len;

	buf_init(&b, TEXT_MAX);
	if (crypto_base64_decode(s, url_safe, raw, &len)) {
		struct str back;

		assert(buf_add_base64(&b, (struct str){ raw, len }, url_safe));
		back = buf_str(&b);
		assert(str_starts(s, back));
		for (size_t i = back.len; i < s.len; i++)
			assert(url_safe && s.ptr[i] == '=');
	}
	buf_done(&b);
	free(raw);
}

static void check_escapes(struct str s)
{
	struct buf b;

	buf_init(&b, 12 * TEXT_MAX);
	assert(buf_add_visible(&b, s));
	assert(str_is_utf8(buf_str(&b)));
	for (size_t i = 0; i < b.len; i++)
		assert((unsigned char)b.ptr[i] >= 0x20 && b.ptr[i] != 0x7f);
	buf_clear(&b);
	assert(buf_add_json(&b, s));
	assert(str_is_utf8(buf_str(&b)));
	assert(b.len >= 2 && b.ptr[0] == '"' && b.ptr[b.len - 1] == '"');
	assert(str_codepoints(s) <= s.len);
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct str s = { (const char *)input, len };
	struct str rest = s;
	struct str first;

	if (len > TEXT_MAX / 2)
		return 0;
	check_units(s);
	check_numbers(s);
	check_base64(s, false);
	check_base64(s, true);
	check_escapes(s);
	/* the first line as a pattern for the second */
	first = str_cut(&rest, '\n');
	if (str_find_byte(first, '*', 0) == SIZE_MAX &&
		str_find_byte(first, '?', 0) == SIZE_MAX)
		assert(str_glob(first, rest) == str_eq(first, rest));
	assert(!first.len || str_glob(first, first) ||
		str_find_byte(first, '?', 0) != SIZE_MAX);
	if (str_nearest(first, &rest, 1) == 0)
		assert(first.len > 2 || str_eq(first, rest));
	return 0;
}
