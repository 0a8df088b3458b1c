/*
 * What judging an answer costs: status, three JSONPaths and a regex over a
 * body of 2 KB, beside one strict walk of the same body.  Both are measured in
 * turns, so that what slows the machine slows both; medians are printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/json.h"
#include "base/yaml.h"
#include "suites/check.h"

enum { SAMPLES = 401, ROUNDS = 200, BODY_BYTES = 2048 };

static const char expected[] =
	"status: 201\n"
	"json:\n"
	"  $.order.id: {isUuid: true}\n"
	"  $.order.lines[3].sku: SMOKE-0003\n"
	"  $.order.total: {gt: 10}\n"
	"body: {matches: '\"state\":\"(accepted|pending)\"'}\n";

static void make_body(struct buf *b)
{
	buf_addf(b, "{\"order\":{\"id\":"
		    "\"5f2b0c1e-77aa-4c1e-9d02-0123456789ab\",\"lines\":[");
	for (int i = 0; b->len + 240 < BODY_BYTES; i++)
		buf_addf(b,
			"%s{\"sku\":\"SMOKE-%04d\",\"quantity\":%d,\"price\":"
			"%d.50,\"tags\":[\"new\",\"sale\"],\"gift\":false}",
			i ? "," : "", i, i + 1, i * 7);
	buf_addf(b, "],\"total\":417.25,\"state\":\"accepted\"},\"note\":\"");
	while (b->len + 2 < BODY_BYTES)
		buf_add_byte(b, 'x');
	buf_addf(b, "\"}");
}

static struct check *checks_make(struct arena *a)
{
	struct diags ds;

	diags_init(&ds, a);
	const struct yaml_node *n = yaml_parse(a,
		source_from(a, STR("bench"), str_from(expected)), &ds);
	struct check *checks = n ? check_parse_expect(a, n, &ds) : NULL;
	if (!checks || ds.errors)
		abort();
	return checks;
}

/* Of this thread alone: others may want the core as well. */
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t walk_ns(struct arena *a, struct str body)
{
	uint64_t from = cpu_ns();

	for (int i = 0; i < ROUNDS; i++) {
		if (!json_parse(a, body, NULL, NULL))
			abort();
		arena_reset(a);
	}
	return cpu_ns() - from;
}

static uint64_t judge_ns(struct arena *a, struct str body,
	const struct check *checks)
{
	uint64_t from = cpu_ns();

	for (int i = 0; i < ROUNDS; i++) {
		struct response r = { .status = 201,
			.http_version = STR("1.1"),
			.body = body,
			.attempts = 1,
			.arena = a };
		struct vars v;

		vars_init(&v, a, 1);
		const struct assertion *as = check_eval_all(checks, &r, &v, a);
		for (; as; as = as->next)
			if (!as->ok)
				abort();
		arena_reset(a);
	}
	return cpu_ns() - from;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_us(uint64_t *ns)
{
	qsort(ns, SAMPLES, sizeof(*ns), by_size);
	return (double)ns[SAMPLES / 2] / ROUNDS / 1000;
}

int main(void)
{
	static uint64_t walks[SAMPLES];
	static uint64_t judged[SAMPLES];
	struct arena *suite = arena_new();
	struct arena *run = arena_new();
	const struct check *checks = checks_make(suite);
	struct buf body;

	buf_init(&body, (size_t)BODY_BYTES * 2);
	make_body(&body);
	for (int i = 0; i < SAMPLES; i++) {
		walks[i] = walk_ns(run, buf_str(&body));
		judged[i] = judge_ns(run, buf_str(&body), checks);
	}
	double walk = median_us(walks);
	double all = median_us(judged);
	printf("body %zu bytes: one strict walk %.2f us, status + 3 JSONPath + "
	       "1 regex %.2f us: %.2f walks\n",
		body.len, walk, all, all / walk);
	buf_done(&body);
	arena_free(suite);
	arena_free(run);
	return all > 3 * walk;
}
