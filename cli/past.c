#include "cli/past.h"

static const struct deployment_region *part_of(const struct deployment *d,
	struct str region)
{
	for (size_t i = 0; i < d->nregions; i++)
		if (str_eq(d->region[i].region, region))
			return &d->region[i];
	return NULL;
}

/* Other deployments in a control: left out from start to verdict. */
static size_t control_gaps(const struct watch_spec *spec, const struct facts *f,
	struct watch_gap *gap)
{
	size_t n = 0;

	for (size_t c = 0; c < spec->ncontrols; c++)
		for (size_t i = 0; i < f->ndeployments; i++) {
			const struct deployment *o = &f->deployment[i];
			const struct deployment_region *g =
				part_of(o, spec->control[c]);
			if (!g || g->start_us == 0 ||
				str_eq(o->id, spec->deployment))
				continue;
			gap[n++] = (struct watch_gap){ .arm = (uint32_t)c + 1,
				.from_us = g->start_us,
				.to_us =
					o->final_us ? o->final_us : INT64_MAX };
		}
	return n;
}

/* When the next deployment was done in the region; at most our own start. */
static int64_t replaced_us(const struct watch_spec *spec, const struct facts *f,
	const struct deployment_region *g)
{
	int64_t to_us = spec->start_us;

	for (size_t i = 0; i < f->ndeployments; i++) {
		const struct deployment_region *n =
			part_of(&f->deployment[i], spec->region);
		if (n && n != g && n->done_us > g->start_us &&
			n->done_us < to_us)
			to_us = n->done_us;
	}
	return to_us;
}

/* When something was in the canary's past that was never accepted. */
static size_t canary_gaps(const struct watch_spec *spec, const struct facts *f,
	struct watch_gap *gap)
{
	size_t n = 0;

	for (size_t i = 0; i < f->ndeployments; i++) {
		const struct deployment *o = &f->deployment[i];
		const struct deployment_region *g = part_of(o, spec->region);
		if (!g || g->start_us == 0 || str_eq(o->id, spec->deployment) ||
			o->state == DEPLOYMENT_ACCEPTED)
			continue;
		gap[n++] = (struct watch_gap){ .arm = 0,
			.from_us = g->start_us,
			.to_us = replaced_us(spec, f, g) };
	}
	return n;
}

size_t past_gaps_max(const struct facts *f, size_t ncontrols)
{
	return f->ndeployments * (ncontrols + 1);
}

size_t past_gaps(const struct facts *f, const struct watch_spec *spec,
	struct watch_gap *ret)
{
	size_t n = control_gaps(spec, f, ret);

	return n + canary_gaps(spec, f, ret + n);
}

bool past_versions(const struct facts *f, const struct watch_spec *spec,
	struct arena *a, const struct str **ret, size_t *ret_count)
{
	struct str *good = ARENA_ARRAY(a, f->ndeployments + 1, struct str);
	bool touched = false;
	size_t n = 0;

	for (size_t i = 0; i < f->ndeployments; i++) {
		const struct deployment *o = &f->deployment[i];
		const struct deployment_region *g = part_of(o, spec->region);
		if (!g || g->done_us == 0 || str_eq(o->id, spec->deployment))
			continue;
		touched = true;
		if (o->state == DEPLOYMENT_ACCEPTED)
			good[n++] = arena_str(a, o->version);
	}
	*ret = good;
	*ret_count = n;
	return touched;
}
