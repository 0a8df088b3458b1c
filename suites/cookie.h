#ifndef SUITES_COOKIE_H
#define SUITES_COOKIE_H

#include "base/arena.h"
#include "base/json.h"
#include "suites/response.h"

/*
 * A cookie that the response sets (RFC 6265 section 5.2): `name` is its
 * value, `name[Attribute]` one of its attributes.  Max-Age is a number, Secure
 * and HttpOnly are true.  When a name is set twice the last one counts, as in
 * a browser's jar.  NULL: not there.
 */
const struct json *cookie_get(const struct response *r, struct str query,
	struct arena *a);

#endif
