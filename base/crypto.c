#include "base/crypto.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/oom.h"

/*
 * A hash fails only for want of memory, or because a policy of the machine
 * took it away; going on with a wrong digest is no answer to either.
 */
static void must(int ok)
{
	assert(ok == 1);
}

void crypto_sha256(struct str s, uint8_t ret[SHA256_BYTES])
{
	must(EVP_Digest(s.ptr ? s.ptr : "", s.len, ret, NULL, EVP_sha256(),
		NULL));
}

void crypto_md5(struct str s, uint8_t ret[MD5_BYTES])
{
	must(EVP_Digest(s.ptr ? s.ptr : "", s.len, ret, NULL, EVP_md5(), NULL));
}

struct sha256 {
	EVP_MD_CTX *md;
};

struct sha256 *sha256_new(void)
{
	struct sha256 *h = xcalloc(1, sizeof(*h));

	h->md = EVP_MD_CTX_new();
	if (!h->md)
		oom_die(1);
	must(EVP_DigestInit_ex(h->md, EVP_sha256(), NULL));
	return h;
}

void sha256_add(struct sha256 *h, struct str s)
{
	if (s.len)
		must(EVP_DigestUpdate(h->md, s.ptr, s.len));
}

void sha256_free(struct sha256 *h, char ret_hex[65])
{
	uint8_t digest[SHA256_BYTES];

	if (!h)
		return;
	must(EVP_DigestFinal_ex(h->md, digest, NULL));
	for (size_t i = 0; ret_hex && i < sizeof(digest); i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
	EVP_MD_CTX_free(h->md);
	free(h);
}

bool crypto_hmac(struct str alg, struct str key, struct str text,
	uint8_t ret[HMAC_MAX_BYTES], size_t *ret_len)
{
	const EVP_MD *md = str_eq(alg, STR("sha1"))     ? EVP_sha1()
			   : str_eq(alg, STR("sha256")) ? EVP_sha256()
			   : str_eq(alg, STR("sha384")) ? EVP_sha384()
			   : str_eq(alg, STR("sha512")) ? EVP_sha512()
							: NULL;
	unsigned len = 0;

	if (!md || key.len > INT32_MAX)
		return false;
	must(HMAC(md, key.ptr ? key.ptr : "", (int)key.len,
		     (const unsigned char *)(text.ptr ? text.ptr : ""),
		     text.len, ret, &len) != NULL);
	*ret_len = len;
	return true;
}

static int base64_digit(char c, bool url_safe)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url_safe ? '-' : '+'))
		return 62;
	return c == (url_safe ? '_' : '/') ? 63 : -1;
}

bool crypto_base64_decode(struct str s, bool url_safe, char *ret,
	size_t *ret_len)
{
	size_t digits = s.len;
	size_t n = 0;
	uint32_t word = 0;

	while (digits && s.len - digits < 2 && s.ptr[digits - 1] == '=')
		digits--;
	/* padding fills the last four; only the url form may leave it out */
	if (digits % 4 == 1 ||
		((!url_safe || digits != s.len) && s.len % 4 != 0))
		return false;
	for (size_t i = 0; i < digits; i++) {
		int digit = base64_digit(s.ptr[i], url_safe);

		if (digit < 0)
			return false;
		word = word << 6 | (uint32_t)digit;
		if (i % 4)
			ret[n++] = (char)(word >> (6 - 2 * (i % 4)));
	}
	/* bits left over at the end must be zero: there is one form only */
	if (digits % 4 && word & (digits % 4 == 2 ? 0x0f : 0x03))
		return false;
	*ret_len = n;
	return true;
}

void crypto_random(void *ret, size_t bytes)
{
	char *p = ret;

	while (bytes) {
		ssize_t n = getrandom(p, bytes, 0);

		if (n < 0)
			continue; /* a signal came first */
		p += n;
		bytes -= (size_t)n;
	}
}

void crypto_uuid4(char ret[37])
{
	uint8_t r[16];
	size_t at = 0;

	crypto_random(r, sizeof(r));
	r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
	r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(r); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret[at++] = '-';
		snprintf(ret + at, 3, "%02x", r[i]);
		at += 2;
	}
}

void crypto_wipe(void *p, size_t bytes)
{
	if (p)
		OPENSSL_cleanse(p, bytes);
}

uint64_t hash64(struct str s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.len; i++) {
		h ^= (unsigned char)s.ptr[i];
		h *= UINT64_C(0x100000001b3);
	}
	/* FNV leaves the high bits of short texts alike: MurmurHash3 fmix64 */
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h;
}
