#include "cli/lint_workflow.h"

#include "base/codes.h"
#include "base/units.h"
#include "cli/trial.h"
#include "detectors/watch.h"
#include "gate/required.h"

/* How long a pass without any failure takes, after the warmup. */
struct least {
	uint64_t by_statistics_ms; /* UINT64_MAX: never */
	uint64_t by_runs_ms;       /* min_runs of the slowest check */
};

static const char *duration(uint64_t ms, char out[32])
{
	/* Whole seconds, and never less than it is. */
	if (ms >= 10000)
		ms = (ms + 999) / 1000 * 1000;
	return units_duration_text(ms, out);
}

static void too_short(const struct stage *s, const struct region *r,
	const struct gate_settings *g, const struct least *n, struct diags *ds)
{
	uint64_t needed_ms = n->by_statistics_ms > n->by_runs_ms
				     ? n->by_statistics_ms
				     : n->by_runs_ms;
	uint64_t soak_ms = needed_ms > g->soak_ms ? needed_ms : g->soak_ms;
	char need[32];
	char have[32];

	if (needed_ms > g->max_wait_ms ||
		soak_ms > g->max_wait_ms - g->warmup_ms) {
		if (needed_ms == UINT64_MAX)
			diag_add(ds, DIAG_ERROR, E55, s->where,
				"stage `%.*s` can never pass in %.*s: its "
				"checks can not rule out a rise of %.3g points",
				STR_ARG(s->name), STR_ARG(r->full),
				100 * g->smallest_effect);
		else
			diag_add(ds, DIAG_ERROR, E55, s->where,
				"stage `%.*s` can never pass in %.*s: warmup "
				"and a pass without failure take %s, max_wait "
				"is %s",
				STR_ARG(s->name), STR_ARG(r->full),
				duration(g->warmup_ms + soak_ms, need),
				duration(g->max_wait_ms, have));
		diag_hint(ds, "run the checks more often, or raise "
			      "smallest_effect or max_wait");
	} else if (needed_ms > g->soak_ms) {
		diag_add(ds, DIAG_WARNING, W113, s->where,
			"stage `%.*s`: a pass in %.*s needs at least %s, soak "
			"is %s",
			STR_ARG(s->name), STR_ARG(r->full),
			duration(needed_ms, need), duration(g->soak_ms, have));
		diag_hint(ds, "run the checks more often, or raise soak or "
			      "smallest_effect");
	}
}

static void stage_region(const struct facts *f, const struct stage *s,
	const struct region *r, struct arena *a, struct diags *ds)
{
	struct stage one = *s;
	struct required q;

	one.deploys = &r;
	one.ndeploys = 1;
	required_checks(f, s, r->full, a, &q);
	if (q.count == 0) {
		diag_add(ds, DIAG_ERROR, E55, s->where,
			"stage `%.*s` can never pass in %.*s: no suite with "
			"gate: block counts there",
			STR_ARG(s->name), STR_ARG(r->full));
		return;
	}
	struct gate_settings g = trial_stage_settings(f, &one, a);
	struct least n = { .by_statistics_ms =
				   watch_least_pass_ms(q.runs_per_minute / 60,
					   g.smallest_effect, 0) };
	n.by_runs_ms = (uint64_t)g.min_runs * q.longest_every_ms;
	too_short(s, r, &g, &n, ds);
}

void lint_workflow(const struct plan *p, struct arena *a, struct diags *ds)
{
	struct plan_record plan = plan_record(p, a, STR("lint"), 0);
	struct facts f = { .plan = &plan };
	const struct line *l = p->line;

	for (size_t i = 0; i < l->nstages; i++) {
		const struct stage *s = &l->stages[i];
		for (size_t k = 0; k < s->ndeploys; k++)
			stage_region(&f, s, s->deploys[k], a, ds);
	}
}
