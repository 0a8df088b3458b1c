#include "base/buf.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

static struct buf b;

static void start(void)
{
	buf_init(&b, 256);
}

static void end(void)
{
	buf_done(&b);
}

TestSuite(buf, .init = start, .fini = end);

#define HOLDS(z) cr_assert_str_eq(buf_str(&b).ptr, z)

Test(buf, a_piece_goes_in_whole_or_not_at_all)
{
	buf_init(&b, 8);
	cr_assert(buf_add_z(&b, "12345678"));
	cr_assert_not(b.over);
	buf_clear(&b);
	cr_assert(buf_add_z(&b, "12345"));
	cr_assert_not(buf_add_z(&b, "6789"));
	cr_assert(b.over);
	cr_assert_not(buf_add_byte(&b, 'x'), "no holes");
	HOLDS("12345");
	buf_clear(&b);
	cr_assert_not(b.over);
	cr_assert_not(buf_addf(&b, "%d", 123456789));
	cr_assert_eq(b.len, 0);
}

Test(buf, a_cut_quoted_form_is_taken_back)
{
	buf_init(&b, 6);
	buf_add_byte(&b, 'x');
	cr_assert_not(buf_add_json(&b, STR("abcdef")));
	HOLDS("x");
	buf_clear(&b);
	cr_assert_not(buf_add_percent(&b, STR("ab//")));
	cr_assert_not(buf_add_visible(&b, STR("x")));
	HOLDS("");
}

Test(buf, grows_and_keeps_the_nul)
{
	buf_init(&b, 100000);
	for (int i = 0; i < 5000; i++)
		buf_addf(&b, "%04d", i);
	cr_assert_eq(b.len, 20000);
	cr_assert_eq(strlen(b.ptr), 20000);
	buf_consume(&b, 19996);
	HOLDS("4999");
	buf_consume(&b, 100);
	HOLDS("");
}

Test(buf, empty_has_a_pointer)
{
	HOLDS("");
	cr_assert(buf_add(&b, STR_NONE));
	HOLDS("");
}

Test(buf, json_is_escaped)
{
	cr_assert(buf_add_json(&b, STR("a\"\\\n\t\x01/\x7f\xc3\xa9")));
	HOLDS("\"a\\\"\\\\\\n\\t\\u0001/\\u007f\xc3\xa9\"");
}

Test(buf, json_replaces_what_is_not_utf8)
{
	cr_assert(buf_add_json(&b, STR("a\xff\xc3(\xed\xa0\x80")));
	HOLDS("\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf"
	      "\xbd\"");
	buf_clear(&b);
	cr_assert(buf_add_json(&b, (struct str){ "a\0b", 3 }));
	HOLDS("\"a\\u0000b\"");
}

Test(buf, visible_disarms_a_terminal)
{
	cr_assert(buf_add_visible(&b, STR("\x1b[31mred\n\xff")));
	HOLDS("\\x1B[31mred\\x0A\\xFF");
	buf_clear(&b);
	/* right-to-left override, zero width space, C1 CSI, BOM */
	buf_add_visible(&b, STR("a\xe2\x80\xae"
				"b\xe2\x80\x8b"
				"c\xc2\x9b\xef\xbb\xbf"));
	HOLDS("a\\u{202E}b\\u{200B}c\\u{9B}\\u{FEFF}");
	buf_clear(&b);
	buf_add_visible(&b, STR("gr\xc3\xbc\xc3\x9f \xe2\x9c\x93"));
	HOLDS("gr\xc3\xbc\xc3\x9f \xe2\x9c\x93");
}

Test(buf, base64_as_in_rfc_4648)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" },
		{ "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		buf_clear(&b);
		cr_assert(buf_add_base64(&b, str_from(pairs[i][0]), false));
		HOLDS(pairs[i][1]);
	}
	buf_clear(&b);
	buf_add_base64(&b, STR("\xfb\xff\xfe\x01"), false);
	HOLDS("+//+AQ==");
	buf_clear(&b);
	buf_add_base64(&b, STR("\xfb\xff\xfe\x01"), true);
	HOLDS("-__-AQ");
}

Test(buf, percent_and_hex)
{
	buf_add_percent(&b, STR("a/b c~\xc3\xa9"));
	HOLDS("a%2Fb%20c~%C3%A9");
	buf_clear(&b);
	buf_add_hex(&b, STR("\x01\xab"));
	HOLDS("01ab");
}
