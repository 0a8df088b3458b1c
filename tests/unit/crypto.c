#include "base/crypto.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/buf.h"

static struct buf b;

static const char *hex(const void *p, size_t n)
{
	buf_done(&b);
	buf_init(&b, 1000);
	buf_add_hex(&b, (struct str){ p, n });
	return b.ptr;
}

#define SHA256_ABC                                                             \
	"ba7816bf8f01cfea414140de5dae2223"                                     \
	"b00361a396177a9cb410ff61f20015ad"

Test(crypto, hashes_of_the_standards)
{
	uint8_t sum[SHA256_BYTES];
	char text[65];
	struct sha256 *h = sha256_new();

	crypto_sha256(STR("abc"), sum);
	cr_assert_str_eq(hex(sum, 32), SHA256_ABC);
	crypto_sha256(STR_NONE, sum);
	cr_assert_str_eq(hex(sum, 8), "e3b0c44298fc1c14");
	crypto_md5(STR("abc"), sum);
	cr_assert_str_eq(hex(sum, 16), "900150983cd24fb0d6963f7d28e17f72");
	sha256_add(h, STR("a"));
	sha256_add(h, STR_NONE);
	sha256_add(h, STR("bc"));
	sha256_free(h, text);
	cr_assert_str_eq(text, SHA256_ABC);
	sha256_free(sha256_new(), NULL);
	buf_done(&b);
}

Test(crypto, hmac_of_rfc_4231_case_2)
{
	uint8_t sum[HMAC_MAX_BYTES];
	size_t len = 0;

	cr_assert(crypto_hmac(STR("sha256"), STR("Jefe"),
		STR("what do ya want for nothing?"), sum, &len));
	cr_assert_eq(len, 32);
	cr_assert_str_eq(hex(sum, 16), "5bdcc146bf60754e6a042426089575c7");
	cr_assert(crypto_hmac(STR("sha512"), STR("Jefe"),
		STR("what do ya want for nothing?"), sum, &len));
	cr_assert_eq(len, 64);
	cr_assert_str_eq(hex(sum, 16), "164b7a7bfcf819e2e395fbe73b56e0a3");
	/* RFC 2202 case 2 */
	cr_assert(crypto_hmac(STR("sha1"), STR("Jefe"),
		STR("what do ya want for nothing?"), sum, &len));
	cr_assert_str_eq(hex(sum, len),
		"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	cr_assert_not(crypto_hmac(STR("md4"), STR(""), STR(""), sum, &len));
	buf_done(&b);
}

static const char *decoded(const char *z, bool url_safe)
{
	static char out[64];
	size_t len = 0;

	if (!crypto_base64_decode(str_from(z), url_safe, out, &len))
		return "refused";
	out[len] = '\0';
	return out;
}

Test(crypto, base64_is_read_in_its_one_form_only)
{
	const char *bad[] = { "Zg", "Zg=", "Zg===", "Z", "Zh==", "Zm9=", "=",
		"====", "Zm9v\n", "Zm 9v", "-_-_", "Zg==Zg==" };

	cr_assert_str_eq(decoded("", false), "");
	cr_assert_str_eq(decoded("Zg==", false), "f");
	cr_assert_str_eq(decoded("Zm8=", false), "fo");
	cr_assert_str_eq(decoded("Zm9vYmFy", false), "foobar");
	cr_assert_str_eq(decoded("Zg", true), "f");
	cr_assert_str_eq(decoded("Zg==", true), "f");
	cr_assert_str_eq(decoded("Zg=", true), "refused");
	cr_assert_str_eq(decoded("-__-AQ", true), "\xfb\xff\xfe\x01");
	cr_assert_str_eq(decoded("+//+", true), "refused");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_str_eq(decoded(bad[i], false), "refused", "%s",
			bad[i]);
}

Test(crypto, random_is_not_twice_the_same)
{
	char a[37], c[37];

	crypto_uuid4(a);
	crypto_uuid4(c);
	cr_assert_str_neq(a, c);
	cr_assert_eq(strlen(a), 36);
	cr_assert_eq(a[14], '4');
	cr_assert(strchr("89ab", a[19]));
	crypto_wipe(a, sizeof(a));
	for (size_t i = 0; i < sizeof(a); i++)
		cr_assert_eq(a[i], 0);
	crypto_wipe(NULL, 0);
}

/* Phases of the schedule hang on it: these numbers never change. */
Test(crypto, hash64_stays_the_same_forever)
{
	cr_assert_eq(hash64(STR("")), UINT64_C(0xefd01f60ba992926));
	cr_assert_eq(hash64(STR("a")), UINT64_C(0x82a2a958a9bece5b));
	cr_assert_eq(hash64(STR("prod/west/checkout")),
		UINT64_C(0xa68a2efdd7678ff7));
}
