#include "base/clock.h"

#include <time.h>

static uint64_t system_mono_ns(const struct clock *c)
{
	struct timespec t;

	(void)c;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int64_t system_wall_us(const struct clock *c)
{
	struct timespec t;

	(void)c;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

const struct clock clock_system = { system_mono_ns, system_wall_us };

static uint64_t virtual_mono_ns(const struct clock *c)
{
	return ((const struct clock_virtual *)c)->mono;
}

static int64_t virtual_wall_us(const struct clock *c)
{
	return ((const struct clock_virtual *)c)->wall;
}

void clock_virtual_init(struct clock_virtual *v, int64_t wall_us)
{
	/* not 0: a forgotten time must not look like the start of the test */
	*v = (struct clock_virtual){
		.base = { virtual_mono_ns, virtual_wall_us },
		.mono = 1000000000,
		.wall = wall_us,
	};
}

void clock_virtual_advance(struct clock_virtual *v, uint64_t ns)
{
	/* the wall follows in whole microseconds without losing the rest */
	v->wall += (int64_t)((v->mono % 1000 + ns) / 1000);
	v->mono += ns;
}
