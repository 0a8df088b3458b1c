#include "cli/recording_store.h"

#include <stdlib.h>

#include "base/oom.h"
#include "base/units.h"
#include "cli/trial.h"
#include "detectors/watch.h"

enum { ROWS_FIRST = 4096 };

struct taking {
	struct recording *rec;
	size_t cap;
	bool full;
};

static void take(void *owner, const struct watched *o)
{
	struct taking *t = owner;
	struct recording *rec = t->rec;

	if (o->part == WATCH_NOTHING || o->extra) {
		rec->not_counting++;
		return;
	}
	if (rec->nrows == RECORDING_ROWS_MAX) {
		t->full = true;
		return;
	}
	if (rec->nrows == t->cap) {
		t->cap = t->cap ? t->cap * 2 : ROWS_FIRST;
		rec->row = xrealloc(rec->row, t->cap * sizeof(*rec->row));
	}
	rec->row[rec->nrows++] = (struct recorded){ .at_us = o->at_us,
		.check = o->check,
		.took_us = o->took_us,
		.region = (uint16_t)o->arm,
		.failed = o->failed };
}

/* From the store's times to those of a recording. */
static void rows_move(struct recording *rec, int64_t start_us, int64_t done_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < rec->nrows; i++) {
		struct recorded r = rec->row[i];

		if (r.at_us >= start_us && r.at_us < done_us) {
			rec->not_counting++;
			continue;
		}
		r.at_us -= r.at_us < start_us ? start_us : done_us;
		r.line = (uint32_t)kept + 1;
		if (-r.at_us > rec->history_us)
			rec->history_us = -r.at_us;
		rec->row[kept++] = r;
	}
	rec->nrows = kept;
}

static void shape_take(struct arena *a, const struct trial *t,
	struct recording *rec)
{
	const struct watch_spec *spec = trial_spec(t);
	uint32_t n = (uint32_t)spec->nchecks;
	uint32_t *every = ARENA_ARRAY(a, n, uint32_t);
	uint16_t *group = ARENA_ARRAY(a, n, uint16_t);
	struct str *name = ARENA_ARRAY(a, n, struct str);
	bool groups = false;

	for (uint32_t c = 0; c < n; c++) {
		const struct watch_check *k = &spec->check[c];

		every[c] = k->every_ms;
		group[c] = k->group;
		groups |= k->group != 0;
		name[c] = arena_printf(a, "%.*s%s%.*s%s%.*s", STR_ARG(k->suite),
			k->role.len || k->row.len ? "/" : "", STR_ARG(k->role),
			k->row.len ? "/" : "", STR_ARG(k->row));
	}
	rec->shape = (struct stage_shape){ .nchecks = n,
		.nregions = (uint16_t)(spec->ncontrols + 1),
		.interval_ms = every,
		.group = groups ? group : NULL,
		.soak_ms = spec->soak_ms,
		.horizon_ms = spec->horizon_ms,
		.false_halt = spec->false_halt,
		.smallest_effect = spec->smallest_effect };
	rec->check_name = name;
}

static bool read_all(struct trial *t, struct store *s, struct err *e)
{
	int64_t now_us = INT64_MAX / 4;
	bool caught_up = false;

	while (!caught_up)
		if (!trial_read(t, s, now_us, SIZE_MAX, &caught_up, e))
			return false;
	/* Nobody talks any more: what was held for others is let out. */
	return trial_read(t, s, now_us + INT64_C(60000000), SIZE_MAX,
		&caught_up, e);
}

/* "from T", "before T", "from T and before T" */
static struct str range_text(const struct recording_source *from,
	struct arena *a)
{
	char first[32];
	char last[32];

	units_rfc3339(from->from_us, first);
	units_rfc3339(from->to_us, last);
	if (from->to_us == 0)
		return arena_printf(a, "from %s", first);
	if (from->from_us == 0)
		return arena_printf(a, "before %s", last);
	return arena_printf(a, "from %s and before %s", first, last);
}

/* What is wrong before anything is read: "" is nothing. */
static struct str refusal(const struct recording_source *from,
	const struct deployment_region *g, struct arena *a)
{
	char done[32];

	if (g->done_us == 0)
		return STR("it was never deployed");
	if (from->to_us != 0 && from->to_us <= g->done_us)
		return arena_printf(a,
			"it was deployed at %s: nothing of it is judged in "
			"what came %.*s",
			units_rfc3339(g->done_us, done),
			STR_ARG(range_text(from, a)));
	return STR("");
}

static bool rows_take(struct trial *t, const struct recording_source *from,
	struct recording *rec, struct arena *a, struct err *e)
{
	struct taking take_in = { .rec = rec };
	bool bounded = from->from_us != 0 || from->to_us != 0;

	trial_tap(t, take, &take_in);
	if (!read_all(t, from->store, e))
		return false;
	if (take_in.full)
		return err_set(e, ERR_CONFIG, "%.*s: more than %d results",
			STR_ARG(rec->id), RECORDING_ROWS_MAX);
	if (bounded && rec->nrows == 0)
		return err_set(e, ERR_CONFIG,
			"%.*s: the store has no result of it %.*s",
			STR_ARG(rec->id), STR_ARG(range_text(from, a)));
	return true;
}

bool recording_of(struct arena *a, const struct recording_source *from,
	const struct deployment *d, size_t region, struct recording *ret,
	struct err *e)
{
	struct trial_subject of = { .line = from->line,
		.stage = line_stage(from->line, d->stage),
		.deployment = d,
		.region = region,
		.read_from_us = from->from_us,
		.read_to_us = from->to_us };
	const struct deployment_region *g = &d->region[region];
	struct str why = refusal(from, g, a);
	struct trial *t = NULL;
	bool ok;

	*ret = (struct recording){ .id = arena_printf(a, "%.*s@%.*s",
					   STR_ARG(d->id),
					   STR_ARG(g->region)) };
	ret->path = ret->id;
	if (why.len == 0 && !of.stage)
		why = STR("its stage is not in the line file");
	if (why.len == 0)
		t = trial_new(from->facts, &of, &why, a);
	if (!t)
		return err_set(e, ERR_CONFIG, "%.*s: %.*s", STR_ARG(ret->id),
			STR_ARG(why));
	ok = rows_take(t, from, ret, a, e);
	if (ok) {
		int64_t t0_us = trial_t0_us(t);

		shape_take(a, t, ret);
		rows_move(ret, g->start_us, g->done_us);
		ret->warmup_us = t0_us > g->done_us ? t0_us - g->done_us : 0;
	} else {
		recording_free(ret);
	}
	trial_free(t);
	return ok;
}
