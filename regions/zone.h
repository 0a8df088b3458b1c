#ifndef REGIONS_ZONE_H
#define REGIONS_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * IANA time zones, read from the system's own database (TZif, RFC 9636).
 *
 * libc could do this only through the process-wide TZ variable, which threads
 * share; a zone here is an immutable value in an arena.  Seconds are UTC
 * seconds since 1970; leap seconds of a "right/" file are refused.
 */
struct zone;

enum {
	ZONE_BYTES_MAX = 64 * 1024,
	ZONE_NAME_MAX = 64,
	ZONE_TRANSITIONS_MAX = 4096
};

/* Bytes of a TZif file.  NULL when they are not one. */
const struct zone *zone_parse(struct arena *a, struct str tzif);

/*
 * By name from /usr/share/zoneinfo, where `UTC` needs no file: it is *ret_zone
 * NULL.  False with the reason: no such zone, or no database.
 */
bool zone_load(struct arena *a, struct str name, const struct zone **ret_zone,
	struct err *e);
/* The nearest name for "did you mean"; STR_NONE: none near. */
struct str zone_near(struct arena *a, struct str name);

/* Seconds east of UTC at an instant; zone NULL is UTC. */
int32_t zone_offset(const struct zone *z, int64_t at);

/*
 * The instant of a local time, given as if it were UTC.  As RFC 5545, 3.3.5:
 * of a time that comes twice the first; a time that is skipped by the clock
 * is read with the offset before the change.
 */
int64_t zone_from_local(const struct zone *z, int64_t local);

#endif
