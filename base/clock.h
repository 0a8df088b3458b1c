#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/*
 * Time comes through this vtable, so that tests can own it.
 *
 * Monotonic nanoseconds for every duration and deadline, wall microseconds
 * since 1970 only for what is written into a record.  Code takes one `now`
 * per loop turn and passes it on as a number; the pure cores never see a
 * clock at all.
 */
struct clock {
	uint64_t (*mono_ns)(const struct clock *c);
	int64_t (*wall_us)(const struct clock *c);
};

extern const struct clock clock_system;

/* A clock that stands still until it is told to move. */
struct clock_virtual {
	struct clock base; /* first: a clock_virtual is a clock */
	uint64_t mono;     /* ns */
	int64_t wall;      /* us */
};

void clock_virtual_init(struct clock_virtual *v, int64_t wall_us);
void clock_virtual_advance(struct clock_virtual *v, uint64_t ns);

static inline uint64_t clock_mono_ns(const struct clock *c)
{
	return c->mono_ns(c);
}

static inline int64_t clock_wall_us(const struct clock *c)
{
	return c->wall_us(c);
}

#endif
