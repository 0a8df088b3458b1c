#ifndef RUNNER_CERT_H
#define RUNNER_CERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"

/*
 * What a server shows of itself in a TLS handshake, as the facts that
 * suites/facts.c names.  Pointers of type void are OpenSSL's, from whoever
 * made the connection.
 *
 * The certificate is read while it is verified, so that its facts are there
 * too when it is refused, and when nobody verifies.  What is verified, and how
 * it ends, stays as it was.
 *
 * A watch lives at least as long as every context that it was given to: a
 * server may ask for another handshake at any time.
 */
struct cert_watch {
	struct arena *arena; /* of the facts; NULL: look away */
	struct str host;     /* name or address that is asked for */
	int64_t wall_us;     /* now */

	/* filled in by the handshake, or by cert_session() */
	const struct json *certificate, *tls; /* NULL: none was shown */
	struct str refused; /* why, in words; STR_NONE: it was not */
	const void *seen;   /* whose `certificate` is; NULL: nobody's */
};

/* `ssl_ctx`: SSL_CTX *, before its first handshake. */
void cert_watch(void *ssl_ctx, struct cert_watch *w);

/* `ssl`: SSL *, of which the handshake is over, perhaps long ago; NULL: there
 * is none.  Fills in both facts, as they are now. */
void cert_session(void *ssl, struct cert_watch *w);

/* The certificate is good, but for another host; false: it is not so. */
bool cert_for_another(const struct cert_watch *w, struct str *ret_why);

#endif
