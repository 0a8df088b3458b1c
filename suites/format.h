#ifndef SUITES_FORMAT_H
#define SUITES_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/* Is this text a UUID, an address, a date, ...?  The whole of it, always. */
bool format_is_uuid(struct str s);     /* RFC 9562, any version */
bool format_is_ipv4(struct str s);     /* four decimal parts */
bool format_is_ipv6(struct str s);     /* RFC 4291, no brackets, no zone */
bool format_is_iso_date(struct str s); /* RFC 3339 date-time */
bool format_is_date(struct str s);     /* what format_date() reads */
bool format_is_url(struct str s);      /* http or https with a host */
bool format_is_jwt(struct str s);      /* RFC 7515 compact, JSON header */
bool format_is_semver(struct str s);   /* Semantic Versioning 2.0.0 */

/* RFC 3339 date-time, `2026-02-03`, or an HTTP date, as wall time. */
bool format_date(struct str s, int64_t *ret_us);

/*
 * Can `format` be given to strftime() and strptime()?  At most 100 bytes, and
 * not what depends on the machine's zone (%s, %Z).
 */
bool format_is_time_format(struct str format);

/* What has four digits for its year, in seconds since 1970. */
#define FORMAT_SECONDS_MIN (-INT64_C(62135596800))
#define FORMAT_SECONDS_MAX INT64_C(253402300799)

/*
 * UTC by a strftime() format, or `rfc3339`, `date`, `http`.  False: not such a
 * format, or nothing comes of it.
 */
bool format_time(struct arena *a, int64_t at_us, struct str format,
	struct str *ret);

#endif
