#include "regions/reader.h"

/* The least number of canary runs a minute at which a default effect can be
 * excluded within a soak that people wait for (DETECTION.md 8). */
#define RUNS_MANY 10.0
#define RUNS_SOME 3.0

#define FRESH_LEAST_MS  (30 * MS_SECOND)
#define WAIT_LEAST_MS   (15 * MS_MINUTE)
#define WAIT_MOST_MS    (30 * MS_DAY) /* as the key max_wait */
#define EXPIRES_GATE_MS (24 * MS_HOUR)

const struct gate_settings gate_settings_default = {
	.warmup_ms = 30 * MS_SECOND,
	.soak_ms = 10 * MS_MINUTE,
	.false_halt = 0.01,
	.min_runs = 5,
	.observations = 2,
	.accept_ttl_ms = 15 * MS_MINUTE,
	.announce_ttl_ms = 15 * MS_MINUTE,
};

const struct key gate_key_table[] = { GATE_ROWS(0), { 0 } };

static double effect_default(double runs_per_minute)
{
	if (runs_per_minute >= RUNS_MANY)
		return 0.05;
	/* also when it is not a number: claim the least */
	return runs_per_minute >= RUNS_SOME ? 0.10 : 0.20;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t twice_half(uint64_t every_ms)
{
	if (every_ms > WAIT_MOST_MS)
		every_ms = WAIT_MOST_MS;
	return every_ms * 5 / 2;
}

static uint64_t wait_default(const struct gate_settings *g,
	uint64_t least_pass_ms)
{
	uint64_t wait = larger(3 * (g->warmup_ms + g->soak_ms), WAIT_LEAST_MS);

	if (least_pass_ms > WAIT_MOST_MS / 2)
		return WAIT_MOST_MS;
	return larger(wait, 2 * least_pass_ms);
}

struct gate_settings stage_settings(const struct stage *s,
	const struct stage_load *load)
{
	struct gate_settings g = s->gate;
	uint64_t fresh =
		larger(FRESH_LEAST_MS, twice_half(load->longest_every_ms));

	if (!(g.smallest_effect > 0))
		g.smallest_effect =
			effect_default(load->canary_runs_per_minute);
	if (!g.fresh_ms)
		g.fresh_ms = fresh;
	if (!g.starve_after_ms)
		g.starve_after_ms = fresh;
	if (!g.max_wait_ms)
		g.max_wait_ms = wait_default(&g, load->least_pass_ms);
	if (!g.post_watch_ms)
		g.post_watch_ms = g.soak_ms;
	if (!g.expires_ms)
		g.expires_ms = s->ndeploys ? g.accept_ttl_ms : EXPIRES_GATE_MS;
	return g;
}
