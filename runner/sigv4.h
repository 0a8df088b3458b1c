#ifndef RUNNER_SIGV4_H
#define RUNNER_SIGV4_H

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "suites/response.h"

/*
 * AWS Signature Version 4: what a request must carry so that AWS knows who
 * sent it, by AWS's "Create a signed AWS API request".  Pure.
 *
 * Signed are Host, Content-Type, Content-MD5, Range and all X-Amz-*: what is
 * changed on the way by nobody, and what the service is told.  The path is
 * encoded once more, but for S3, as AWS wants it.
 */
struct sigv4 {
	struct str region, service, access_key, secret_key;
	struct str session_token; /* STR_NONE: the keys are not temporary */
};

struct sigv4_request {
	struct str method;
	struct str path, query; /* as they are sent; query may be STR_NONE */
	struct str body;        /* STR_NONE: none */
	/* all that are sent, Host among them; what is missing is added */
	struct response_header *headers;
	int64_t wall_us;
};

/* The value of Authorization; `q->headers` gets X-Amz-Date, and for S3 the hash
 * of the body, and the session's token, in front. */
struct str sigv4_sign(const struct sigv4 *k, struct sigv4_request *q,
	struct arena *a);

#endif
