#include "tests/support/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/json.h"

#define GRACE_US   2000000
#define ROWS_MAX   200000
#define GROUPS_MAX 64
#define KEY_ZERO   ((uint64_t)1 << 62) /* heap keys are unsigned */

const char *shared_path(void)
{
	const char *path = getenv("ANDON_SHARED");

	return path ? path : "../shared";
}

bool shared_required(void)
{
	const char *ci = getenv("CI");

	return ci && strcmp(ci, "true") == 0;
}

/* Groups are numbered by the order of their names. */
static const uint16_t *read_groups(struct arena *a, const struct json *names)
{
	uint16_t *group;

	if (!names || names->type != JSON_ARRAY)
		return NULL;
	group = ARENA_ARRAY(a, names->count, uint16_t);
	for (uint32_t c = 0; c < names->count; c++) {
		struct str less[GROUPS_MAX];
		struct str mine = json_at(names, c)->text;

		for (uint32_t i = 0; i < names->count; i++) {
			struct str other = json_at(names, i)->text;
			bool known = str_cmp(other, mine) >= 0;

			for (int k = 0; k < group[c]; k++)
				known = known || str_eq(less[k], other);
			if (!known && group[c] < GROUPS_MAX)
				less[group[c]++] = other;
		}
	}
	return group;
}

static bool read_head(struct arena *a, const char *line, struct trace *t)
{
	struct json_error e;
	const struct json *j = json_parse(a, str_from(line), NULL, &e);
	uint32_t *interval;

	if (!j)
		return false;
	t->shape.nchecks = (uint32_t)json_get_i64(j, "checks", 0);
	t->shape.nregions = (uint16_t)(json_get_i64(j, "baselines", 0) + 1);
	t->shape.soak_ms = (uint64_t)(json_get_double(j, "soak_s", 0) * 1000);
	t->shape.false_halt = .01;
	t->shape.smallest_effect = .05;
	t->history_us = (int64_t)(json_get_double(j, "history_s", 0) * 1000000);
	interval = ARENA_ARRAY(a, t->shape.nchecks, uint32_t);
	for (uint32_t c = 0; c < t->shape.nchecks; c++)
		interval[c] =
			(uint32_t)(json_get_double(j, "interval_s", 0) * 1000);
	t->shape.interval_ms = interval;
	t->shape.group = read_groups(a, json_get(j, STR("groups")));
	return true;
}

/* "t_ms,check,region,ok,lat_ms" */
static struct trace_step *read_row(struct arena *a, const char *line)
{
	struct trace_step *s = ARENA_NEW(a, struct trace_step);
	char *end;

	s->seen.at_us = strtoll(line, &end, 10) * 1000;
	s->seen.check = (uint32_t)strtoul(end + 1, &end, 10);
	s->seen.region = (uint16_t)strtoul(end + 1, &end, 10);
	s->seen.failed = end[1] != '1';
	if (end[2] == ',')
		s->took_us = (uint32_t)(strtod(end + 3, NULL) * 1000 + .5);
	return s;
}

struct feeder {
	struct trace *trace;
	struct heap heap;
	int64_t *last_us; /* fed, per check and region */
	int64_t now_us;
};

static int64_t *last_of_step(struct feeder *f, const struct trace_step *s)
{
	return &f->last_us[s->seen.check * f->trace->shape.nregions +
			   s->seen.region];
}

static void feed_until(struct feeder *f, int64_t mark_us)
{
	uint64_t key;
	void *owner;

	while (heap_peek(&f->heap, &key, &owner)) {
		struct trace_step *s = owner;

		if (s->seen.at_us > mark_us)
			return;
		heap_pop(&f->heap);
		/* the same time again is a second copy */
		if (s->seen.at_us <= *last_of_step(f, s))
			continue;
		*last_of_step(f, s) = s->seen.at_us;
		s->now_us = f->now_us;
		f->trace->step[f->trace->nsteps++] = *s;
	}
}

static void read_rows(struct arena *a, FILE *in, struct trace *t)
{
	size_t n = (size_t)t->shape.nchecks * t->shape.nregions;
	struct feeder f = { .trace = t, .now_us = INT64_MIN / 2 };
	char *line = NULL;
	size_t cap = 0;

	f.last_us = ARENA_ARRAY(a, n, int64_t);
	for (size_t i = 0; i < n; i++)
		f.last_us[i] = INT64_MIN / 2;
	t->step = ARENA_ARRAY(a, ROWS_MAX, struct trace_step);
	heap_init(&f.heap);
	while (getline(&line, &cap, in) > 0) {
		struct trace_step *s = read_row(a, line);

		heap_add(&f.heap, KEY_ZERO + (uint64_t)s->seen.at_us, s, NULL);
		if (s->seen.at_us > f.now_us)
			f.now_us = s->seen.at_us;
		feed_until(&f, f.now_us - GRACE_US);
	}
	feed_until(&f, INT64_MAX);
	heap_done(&f.heap);
	free(line);
}

const struct trace *trace_load(struct arena *a, const char *name)
{
	struct trace *t = ARENA_NEW(a, struct trace);
	struct str path =
		arena_printf(a, "%s/traces/%s.csv", shared_path(), name);
	FILE *in = fopen(path.ptr, "re");
	char *line = NULL;
	size_t cap = 0;
	bool ok;

	if (!in)
		return NULL;
	ok = getline(&line, &cap, in) > 2 && read_head(a, line + 2, t) &&
	     getline(&line, &cap, in) > 0;
	if (ok)
		read_rows(a, in, t);
	free(line);
	(void)fclose(in);
	return ok ? t : NULL;
}
