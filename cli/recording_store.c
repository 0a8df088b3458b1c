#include "cli/recording_store.h"

#include <stdlib.h>

#include "base/oom.h"
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
	bool caught_up = false;

	while (!caught_up)
		if (!trial_read(t, s, INT64_MAX / 4, SIZE_MAX, &caught_up, e))
			return false;
	return true;
}

/* NOLINTNEXTLINE(readability-function-size): one region of one deployment */
bool recording_of(struct arena *a, struct store *s, const struct facts *f,
	const struct line *l, const struct deployment *d, size_t region,
	struct recording *ret, struct err *e)
{
	struct trial_subject of = { .line = l,
		.stage = line_stage(l, d->stage),
		.deployment = d,
		.region = region };
	const struct deployment_region *g = &d->region[region];
	struct str why = STR("its stage is not in the line file");
	struct taking take_in = { .rec = ret };
	struct trial *t;
	bool ok;

	*ret = (struct recording){ .id = arena_printf(a, "%.*s@%.*s",
					   STR_ARG(d->id),
					   STR_ARG(g->region)) };
	ret->path = ret->id;
	if (g->done_us == 0)
		return err_set(e, ERR_CONFIG, "%.*s: it was never deployed",
			STR_ARG(ret->id));
	t = of.stage ? trial_new(f, &of, &why, a) : NULL;
	if (!t)
		return err_set(e, ERR_CONFIG, "%.*s: %.*s", STR_ARG(ret->id),
			STR_ARG(why));
	trial_tap(t, take, &take_in);
	ok = read_all(t, s, e);
	if (ok && take_in.full)
		ok = err_set(e, ERR_CONFIG, "%.*s: more than %d results",
			STR_ARG(ret->id), RECORDING_ROWS_MAX);
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
