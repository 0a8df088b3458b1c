#ifndef STORE_REDIS_DIAL_H
#define STORE_REDIS_DIAL_H

#include <stdint.h>

#include "base/err.h"
#include "store/redis.h"

/*
 * A connected non-blocking socket; -1 with the reason and what to do, in
 * which the server is called `name`.  Deadlines are monotonic nanoseconds.
 */
int redis_dial(const struct redis_url *u, const char *name,
	uint64_t deadline_ns, struct err *e);

/* Milliseconds left, rounded up, for poll(); 0: none. */
int redis_ms_until(uint64_t deadline_ns);

#endif
