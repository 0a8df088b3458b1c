/*
 * Prints what reading a typical body costs: the time of one json_parse() into
 * an arena that is reset each time, as a worker does between two checks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"

enum { ROUNDS = 20000, REPEATS = 7 };

/* Orders with short strings, numbers and a little nesting, `bytes` long. */
static void make_body(struct buf *b, size_t bytes, bool pretty)
{
	const char *gap = pretty ? "\n      " : "";

	buf_addf(b, "{\"orders\":[");
	for (int i = 0; b->len + 170 < bytes; i++)
		buf_addf(b,
			"%s%s{\"id\":\"5f2b%04x-77aa-4c1e-9d02-0123456789ab\","
			"%s\"status\":\"accepted\",%s\"total\":%d.50,"
			"%s\"lines\":[{\"sku\":\"SMOKE-%04d\",\"n\":2}],"
			"%s\"paid\":true}",
			i ? "," : "", gap, i, gap, gap, i * 37, gap, i, gap);
	buf_addf(b, "],\"note\":\"");
	while (b->len + 2 < bytes)
		buf_add_byte(b, 'x');
	buf_addf(b, "\"}");
}

static void measure(const char *what, size_t bytes, bool pretty)
{
	struct arena *a = arena_new();
	struct buf b;
	double best = 1e300;
	uint32_t seen = 0;

	buf_init(&b, bytes * 2);
	make_body(&b, bytes, pretty);
	for (int repeat = 0; repeat < REPEATS; repeat++) {
		uint64_t from = clock_mono_ns(&clock_system);
		for (int i = 0; i < ROUNDS; i++) {
			const struct json *j =
				json_parse(a, buf_str(&b), NULL, NULL);
			if (!j)
				abort();
			seen += j->count;
			arena_reset(a);
		}
		double took = (double)(clock_mono_ns(&clock_system) - from);
		if (took / ROUNDS < best)
			best = took / ROUNDS;
	}
	printf("%-16s %5zu bytes  %7.0f ns  %6.0f MB/s  (%u)\n", what, b.len,
		best, (double)b.len * 1000 / best, seen);
	buf_done(&b);
	arena_free(a);
}

int main(void)
{
	measure("compact", 2048, false);
	measure("compact", 4096, false);
	measure("pretty", 4096, true);
	return 0;
}
