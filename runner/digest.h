#ifndef RUNNER_DIGEST_H
#define RUNNER_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "suites/response.h"

/*
 * Digest access authentication, RFC 7616: the challenge of a 401 and what is
 * answered to it.  Pure; SHA-256 and MD5, each also as -sess, with qop auth,
 * auth-int or none.
 */
enum digest_hash { DIGEST_MD5, DIGEST_SHA256 };
enum digest_qop { DIGEST_NO_QOP, DIGEST_AUTH, DIGEST_AUTH_INT };

struct digest_challenge {
	struct str realm, nonce, opaque; /* opaque may be STR_NONE */
	enum digest_hash hash;
	enum digest_qop qop;
	bool session;  /* -sess */
	bool stale;    /* the nonce is too old, not the password wrong */
	bool userhash; /* the name is to be hashed */
};

/* The strongest challenge of an answer that is understood; false: none. */
bool digest_read(const struct response_header *headers, struct arena *a,
	struct digest_challenge *ret);

struct digest_request {
	struct str user, password, method, uri, body;
	struct str cnonce; /* of the client, random */
	unsigned count;    /* requests with this nonce, this one included */
};

/* The value of Authorization. */
struct str digest_answer(const struct digest_challenge *c,
	const struct digest_request *q, struct arena *a);

#endif
