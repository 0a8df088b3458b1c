#ifndef RUNNER_SECURE_H
#define RUNNER_SECURE_H

#include <stdbool.h>

#include "runner/cert.h"
#include "store/record.h"
#include "suites/suite.h"

/*
 * The handshake of TLS on a descriptor that somebody else connected and
 * watches; nothing is ever sent on it.  What a handshake must prove is in the
 * options of http.tls, as for a request.
 */
struct secure;

struct secure_ask {
	const struct http_options *options;
	const struct strs *alpn;
	struct cert_watch *watch; /* filled in; knows the host */
	const char *ca_file;      /* where the options name none */
};

enum secure_state {
	SECURE_READ, /* call again when the descriptor is readable */
	SECURE_WRITE,
	SECURE_DONE,
	SECURE_REFUSED /* *ret_reason and *ret_why say it */
};

/* NULL with the reason: a file that can not be used. */
struct secure *secure_new(int fd, const struct secure_ask *ask,
	enum reason *ret_reason, struct str *ret_why);
enum secure_state secure_go(struct secure *s, enum reason *ret_reason,
	struct str *ret_why);
void secure_free(struct secure *s); /* NULL is fine; closes no descriptor */

#endif
