#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Quantities as people write them.  A unit is always needed: a bare number
 * is refused.  Parsers take the whole string and refuse overflow.
 *
 *	duration  500ms 30s 5m 2h 14d, and sums: 1h30m
 *	          (from large to small, each unit once)
 *	size      10KB 1MB (powers of 1000)  16KiB 4MiB (powers of 1024)  512B
 *	          (and GB, TB, GiB, TiB)
 *	share     10%  0.5%   (0 to 100 %; gives 0 to 1)
 */
bool units_duration_ms(struct str s, uint64_t *ret);
bool units_size(struct str s, uint64_t *ret);
bool units_share(struct str s, double *ret);

/* "1m30s", "500ms": what the parser above reads back. Fits in 32 bytes. */
const char *units_duration_text(uint64_t ms, char out[32]);
/* For people: "84 ms", "1.21 s", "6:32", "1 h 05 m". */
const char *units_took_text(uint64_t us, char out[32]);
/*
 * RFC 3339 in UTC with milliseconds: "2026-02-03T14:02:11.482Z".  The reader
 * takes any offset and any number of digits (beyond microseconds they are cut
 * off) and refuses days that do not exist.
 */
const char *units_rfc3339(int64_t wall_us, char out[32]);
bool units_from_rfc3339(struct str s, int64_t *ret_wall_us);

#endif
