#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/units.h"
#include "cli/recording_impl.h"

/* Recordings as lines of JSON: results as our own reports give them. */

struct lines {
	struct reader *rd;
	struct str region[DETECTOR_MAX_REGIONS]; /* canary first */
	int64_t deployed_us;
	uint32_t interval_ms;
	struct map *check;     /* name -> its number, in an arena */
	struct map *role;      /* of the checks: the groups */
	uint32_t *role_of;     /* per check */
	struct arena *scratch; /* of one line */
};

static bool head_regions(struct lines *l, const struct json *o)
{
	const struct json *controls = json_get(o, STR("controls"));
	struct stage_shape *shape = &l->rd->rec->shape;

	l->region[0] = json_get_str(o, "canary");
	if (l->region[0].len == 0)
		return recording_wrong(l->rd,
			"`canary` must be a region, such as \"prod/west\"");
	shape->nregions = 1;
	if (!controls || controls->type == JSON_NULL)
		return true;
	if (controls->type != JSON_ARRAY ||
		controls->count >= DETECTOR_MAX_REGIONS)
		return recording_wrong(l->rd,
			"`controls` must be a list of at most %d regions",
			DETECTOR_MAX_REGIONS - 1);
	for (const struct json *c = controls->first; c; c = c->next) {
		for (uint16_t r = 0; r < shape->nregions; r++)
			if (c->type != JSON_STRING ||
				str_eq(l->region[r], c->text))
				return recording_wrong(l->rd,
					"`controls` must name regions, each "
					"once");
		l->region[shape->nregions++] = c->text;
	}
	return true;
}

/* A mistyped `controls` would compare with the region's own past instead. */
static bool head_keys(struct lines *l, const struct json *o)
{
	static const struct str keys[] = { STR("id"), STR("canary"),
		STR("controls"), STR("deployed"), STR("soak_s"),
		STR("interval_s") };
	size_t n = sizeof(keys) / sizeof(keys[0]);

	for (const struct json *m = o->first; m; m = m->next) {
		size_t k = 0;

		while (k < n && !str_eq(m->key, keys[k]))
			k++;
		if (k < n)
			continue;
		k = str_nearest(m->key, keys, n);
		return recording_wrong(l->rd, "unknown key `%.*s`%s%.*s%s",
			STR_ARG(m->key), k < n ? "; did you mean `" : "",
			STR_ARG(k < n ? keys[k] : STR("")), k < n ? "`?" : "");
	}
	return true;
}

static bool head_of(struct lines *l, const struct json *o)
{
	static const double interval[] = { .001, 86400 };
	static const double soak[] = { 1, 400 * 86400.0 };
	struct recording *rec = l->rd->rec;
	double interval_s = 0;
	double soak_s = 0;

	if (!head_keys(l, o) || !head_regions(l, o) ||
		!recording_number(l->rd, o, "interval_s", interval,
			&interval_s) ||
		!recording_number(l->rd, o, "soak_s", soak, &soak_s))
		return false;
	if (!units_from_rfc3339(json_get_str(o, "deployed"), &l->deployed_us))
		return recording_wrong(l->rd,
			"`deployed` must be a time, such as "
			"\"2026-05-04T10:00:00Z\"");
	rec->id = json_get_str(o, "id");
	rec->shape.soak_ms = (uint64_t)(soak_s * 1000);
	l->interval_ms = (uint32_t)(interval_s * 1000 + .5);
	return true;
}

/* "prod/west": of `env` and `region`, or of `region` alone. */
static bool line_region(struct lines *l, const struct json *o, uint16_t *ret)
{
	struct str env = json_get_str(o, "env");
	struct str region = json_get_str(o, "region");
	struct str full = env.len ? arena_printf(l->scratch, "%.*s/%.*s",
					    STR_ARG(env), STR_ARG(region))
				  : region;

	for (uint16_t r = 0; r < l->rd->rec->shape.nregions; r++)
		if (str_eq(l->region[r], full)) {
			*ret = r;
			return true;
		}
	return false;
}

/* The number of a name, a new one when it is new. */
static uint32_t number_of(struct lines *l, struct map *m, struct str name)
{
	uint32_t *n = map_get(m, name);

	if (!n) {
		n = ARENA_ARRAY(l->rd->arena, 1, uint32_t);
		*n = (uint32_t)map_count(m);
		map_set(m, name, n);
	}
	return *n;
}

static bool line_check(struct lines *l, const struct json *o, uint32_t *ret)
{
	struct str suite = json_get_str(o, "suite");
	struct str role = json_get_str(o, "role");
	struct str row = json_get_str(o, "row");
	struct str name;

	if (suite.len == 0)
		return recording_wrong(l->rd, "a result without a `suite`");
	name = arena_printf(l->scratch, "%.*s%s%.*s%s%.*s", STR_ARG(suite),
		role.len || row.len ? "/" : "", STR_ARG(role),
		row.len ? "/" : "", STR_ARG(row));
	*ret = number_of(l, l->check, name);
	if (*ret == DETECTOR_MAX_CHECKS)
		return recording_wrong(l->rd, "more than %d checks",
			DETECTOR_MAX_CHECKS);
	l->role_of[*ret] = number_of(l, l->role, role);
	return true;
}

/* The time of a result is the end of its run. */
static bool line_time(struct lines *l, const struct json *o,
	struct recorded *ret)
{
	const struct json *took = json_get(o, STR("took_ms"));
	int64_t started_us;
	double ms = 0;

	if (!units_from_rfc3339(json_get_str(o, "started"), &started_us))
		return recording_wrong(l->rd, "`started` is not a time");
	if (took && took->type != JSON_NULL &&
		(took->type != JSON_NUMBER || !str_to_double(took->text, &ms)))
		return recording_wrong(l->rd,
			"`took_ms` is neither null nor a number");
	ret->took_us = recording_latency(l->rd, ms);
	ret->at_us = started_us - l->deployed_us + ret->took_us;
	if (ret->at_us < -RECORDING_TIME_MS * 1000 ||
		ret->at_us > RECORDING_TIME_MS * 1000)
		return recording_wrong(l->rd,
			"`started` is more than 400 days from the deploy");
	return true;
}

static bool result_read(struct lines *l, const struct json *o)
{
	struct recording *rec = l->rd->rec;
	const struct json *maintenance = json_get(o, STR("maintenance"));
	struct recorded *row;
	enum outcome outcome;
	uint16_t region;

	if (o->type != JSON_OBJECT)
		return recording_wrong(l->rd, "a result must be an object");
	if (!outcome_from_token(json_get_str(o, "outcome"), &outcome))
		return recording_wrong(l->rd, "`outcome` is none of ours");
	if (!outcome_counts(outcome) ||
		(maintenance && maintenance->type == JSON_TRUE)) {
		rec->not_counting++;
		return true;
	}
	if (!line_region(l, o, &region)) {
		rec->elsewhere++;
		return true;
	}
	row = recording_row(l->rd);
	if (!row)
		return false;
	*row = (struct recorded){ .region = region,
		.failed = !outcome_ok(outcome),
		.line = l->rd->at };
	if (!line_check(l, o, &row->check) || !line_time(l, o, row))
		return false;
	rec->nrows++;
	return true;
}

static bool results_read(struct lines *l)
{
	struct str line = STR("");
	bool end = false;

	while (recording_line(l->rd, &line, &end) && !end) {
		struct json_error je;
		const struct json *o;

		if (line.len == 0)
			continue;
		arena_reset(l->scratch);
		o = json_parse(l->scratch, line, NULL, &je);
		if (!o)
			return recording_wrong(l->rd,
				"column %zu: not JSON: %s", je.at + 1, je.text);
		if (!result_read(l, o))
			return false;
	}
	return end;
}

static bool shape_finish(struct lines *l)
{
	struct recording *rec = l->rd->rec;
	struct arena *a = l->rd->arena;
	uint32_t n = (uint32_t)map_count(l->check);
	uint32_t *every = ARENA_ARRAY(a, n + 1, uint32_t);
	uint16_t *group = ARENA_ARRAY(a, n + 1, uint16_t);
	struct str *name = ARENA_ARRAY(a, n + 1, struct str);
	size_t at = 0;
	void *unused;

	if (n == 0)
		return recording_wrong(l->rd,
			"no result of the canary or its controls");
	for (uint32_t c = 0; c < n; c++) {
		struct str key;

		map_each(l->check, &at, &key, &unused);
		name[c] = arena_str(a, key);
		every[c] = l->interval_ms;
		group[c] = (uint16_t)l->role_of[c];
	}
	rec->shape.nchecks = n;
	rec->shape.interval_ms = every;
	rec->shape.group = map_count(l->role) > 1 ? group : NULL;
	rec->check_name = name;
	for (size_t i = 0; i < rec->nrows; i++)
		if (-rec->row[i].at_us > rec->history_us)
			rec->history_us = -rec->row[i].at_us;
	return true;
}

bool recording_lines(struct reader *rd, const struct json *o)
{
	struct lines l = { .rd = rd,
		.check = map_new(),
		.role = map_new(),
		.role_of = ARENA_ARRAY(rd->arena, DETECTOR_MAX_CHECKS + 1,
			uint32_t),
		.scratch = arena_new() };
	bool ok = head_of(&l, o) && results_read(&l) && shape_finish(&l);

	map_free(l.check);
	map_free(l.role);
	arena_free(l.scratch);
	return ok;
}
