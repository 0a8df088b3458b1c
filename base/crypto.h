#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Hashes and random numbers; the one door to OpenSSL's libcrypto.  All of it
 * may be called from any thread; a `struct sha256` belongs to one.
 */

enum { SHA256_BYTES = 32, MD5_BYTES = 16, HMAC_MAX_BYTES = 64 };

void crypto_sha256(struct str s, uint8_t ret[SHA256_BYTES]);
void crypto_md5(struct str s, uint8_t ret[MD5_BYTES]);

/* Piece by piece: hash of line file and suites. */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *h, struct str s);
void sha256_free(struct sha256 *h,
	char ret_hex[65]); /* ends and frees; NULL: no hash wanted */

/* alg: "sha1", "sha256", "sha384", "sha512"; false: no such algorithm. */
bool crypto_hmac(struct str alg, struct str key, struct str text,
	uint8_t ret[HMAC_MAX_BYTES], size_t *ret_len);

/*
 * RFC 4648, strict: no white space, no bits left over; padding is needed, in
 * the url form it may be left out.  `ret` has room for s.len / 4 * 3 + 3
 * bytes and gets no NUL; it may be written to on failure.
 */
bool crypto_base64_decode(struct str s, bool url_safe, char *ret,
	size_t *ret_len);

/* From the kernel; never fails. */
void crypto_random(void *ret, size_t bytes);
void crypto_uuid4(char ret[37]);

/* Overwrites a secret; not optimised away. */
void crypto_wipe(void *p, size_t bytes);

/* Stable 64-bit hash (FNV-1a, then mixed): phases, maps. Same forever. */
uint64_t hash64(struct str s);

#endif
