#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/oom.h"
#include "detectors/detector.h"

/*
 * How fast one core feeds the detector of a stage of 200 checks every 10 s
 * in canary and control, one failure in a hundred, and what its state costs.
 */
#define CHECKS    200
#define REGIONS   2
#define STREAMS   (2 * CHECKS + 3) /* failures and slow answers */
#define EVERY_US  10000000LL
#define HISTORY_S 3600
#define SOAK_S    3600

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t feed(const struct detector *d, void *state, int64_t from_us,
	int64_t until_us)
{
	const int64_t step_us = EVERY_US / CHECKS;
	uint64_t n = 0;

	for (int64_t at_us = from_us; at_us < until_us; at_us += step_us)
		for (uint16_t r = 0; r < REGIONS; r++, n++) {
			struct observation o = { .at_us = at_us,
				.check = (uint32_t)(n / REGIONS % CHECKS),
				.region = r,
				.failed = next_random() % 100 == 0,
				.took_us = (uint32_t)(80000 +
						      next_random() % 40000) };

			d->observe(state, &o);
		}
	return n;
}

int main(void)
{
	const struct detector *d = detector_find(STR("error-rate"));
	uint32_t interval_ms[CHECKS];
	struct stage_shape shape = {
		.nchecks = CHECKS,
		.nregions = REGIONS,
		.interval_ms = interval_ms,
		.soak_ms = SOAK_S * 1000,
		.false_halt = .01,
		.smallest_effect = .05,
	};
	size_t bytes;
	uint64_t n;
	double begin_s;
	double fed_s;
	struct opinion op;
	void *state;

	for (int c = 0; c < CHECKS; c++)
		interval_ms[c] = EVERY_US / 1000;
	bytes = d->state_size(&shape);
	state = xmalloc(bytes);
	d->begin(state, &shape, NULL);
	begin_s = now_s();
	n = feed(d, state, -HISTORY_S * 1000000LL, 0);
	d->deployed(state, 0, 0);
	d->judge_from(state, 0);
	n += feed(d, state, 0, SOAK_S * 1000000LL);
	fed_s = now_s() - begin_s;
	begin_s = now_s();
	for (int i = 0; i < 1000; i++)
		op = d->judge(state, SOAK_S * 1000000LL);
	printf("%" PRIu64 " results in %.3f s: %.2f million/s\n", n, fed_s,
		(double)n / fed_s / 1e6);
	printf("judge: %.1f us\n", (now_s() - begin_s) * 1e3);
	printf("state: %zu bytes, %zu per check, %zu per stream\n", bytes,
		bytes / CHECKS, bytes / STREAMS);
	printf("verdict %d, excluded %.4f\n", op.state, op.excluded_rise);
	free(state);
	return 0;
}
