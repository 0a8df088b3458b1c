#include "tests/support/orders.h"

#include <stdio.h>
#include <stdlib.h>

static void need(bool ok, const struct err *e)
{
	if (ok)
		return;
	fprintf(stderr, "orders: %s\n", e->text);
	abort();
}

struct facts facts_of(struct store *s, struct arena *a)
{
	struct facts f;
	struct err e;

	need(store_facts(s, a, &f, &e), &e);
	return f;
}

enum commit_answer commit(struct store *s, const struct tx *t)
{
	enum commit_answer answer;
	struct err e;

	need(store_commit(s, t, &answer, &e), &e);
	return answer;
}

struct deployment a_deployment(const char *id, const char *version)
{
	return (struct deployment){ .id = str_from(id),
		.stage = STR("canary"),
		.version = str_from(version),
		.attempt = 1,
		.state = DEPLOYMENT_SOAKING };
}

struct result a_result(const char *region, uint64_t seq)
{
	return (struct result){ .id = { STR("r1"), 1, seq },
		.line = STR("orders"),
		.env = STR("prod"),
		.region = str_from(region),
		.suite = STR("s"),
		.attempts = 1,
		.started_us = ORDERS_NOW_US + (int64_t)seq };
}

void append(struct store *s, const char *region, uint64_t from, uint64_t to)
{
	for (uint64_t seq = from; seq <= to; seq++) {
		struct result r = a_result(region, seq);
		const struct result *p = &r;
		struct err e;

		need(store_append(s, &p, 1, &e), &e);
	}
}

struct cursor a_cursor(struct arena *a)
{
	struct cursor c = { .region = ARENA_ARRAY(a, 2, struct str),
		.id = ARENA_ARRAY(a, 2, struct str),
		.count = 2 };

	c.region[0] = STR("prod/west");
	c.region[1] = STR("prod/east");
	c.id[0] = c.id[1] = STR("0");
	return c;
}
