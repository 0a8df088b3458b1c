#ifndef RUNNER_HOP_H
#define RUNNER_HOP_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/http.h"

/*
 * One request of a call, and what may go with it.  The rules of redirects
 * stand here, apart from the transfer, so that each can be seen and tested.
 */
struct hop {
	struct str method, url;
	struct origin origin;
	unsigned number; /* redirects so far */
	bool send_body;
	bool trusted;  /* what the author set may go there */
	bool auth_too; /* auth as well */
};

/* The first one; false with the reason. */
bool hop_first(const struct http_call *c, struct hop *ret, struct str *ret_why);
/* Is the answer a redirect that is to be followed? */
bool hop_follows(const struct http_call *c, uint16_t status,
	struct str location);
/* The next one; false: refused, with the reason. */
bool hop_next(const struct http_call *c, const struct hop *h, uint16_t status,
	struct str location, struct hop *ret, struct str *ret_why);
/* All headers of the request, in order; an empty value suppresses what
 * libcurl would send by itself. */
struct response_header *hop_headers(const struct http_call *c,
	const struct hop *h);

#endif
