#include "base/codes.h"
#include "regions/stages.h"

/* Stage i waits for stage j: each[i * n + j]. */
struct waits {
	size_t n;
	bool *each;
};

static bool waits_for(const struct waits *w, size_t i, size_t j)
{
	return w->each[i * w->n + j];
}

static void names_check(struct line_reader *r, const struct stage *stages,
	size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (stages[i].name.len == 0 ||
				!str_eq(stages[i].name, stages[j].name))
				continue;
			diag_add(r->ds, DIAG_ERROR, E25, stages[i].where,
				"two stages are named `%.*s`",
				STR_ARG(stages[i].name));
			diag_also(r->ds, stages[j].where,
				"the first one is here");
			break;
		}
	}
}

static void after_add(struct line_reader *r, struct stage *s,
	const struct strs *after, size_t at)
{
	const struct stage *other = line_stage(r->line, after->item[at]);

	if (!other) {
		struct str names[LINE_STAGES_MAX];
		for (size_t i = 0; i < r->line->nstages; i++)
			names[i] = r->line->stages[i].name;
		key_unknown(after->node[at], E53, "stage", names,
			r->line->nstages, r->ds);
		return;
	}
	for (size_t i = 0; i < s->nafter; i++)
		if (s->after[i] == other)
			return;
	s->after[s->nafter++] = other;
}

static void after_read(struct line_reader *r, struct stage *stages, size_t i,
	const struct stage_keys *k)
{
	struct stage *s = &stages[i];
	bool given = yaml_get(k->node, "after") != NULL;

	s->after =
		ARENA_ARRAY(r->arena, k->after.count + 1, const struct stage *);
	if (!given && i > 0)
		s->after[s->nafter++] = &stages[i - 1];
	for (size_t a = 0; a < k->after.count; a++)
		after_add(r, s, &k->after, a);
}

/* Where stage `k` says that it waits for `other`. */
static struct span after_span(const struct stage_keys *k, struct str other,
	struct span fallback)
{
	for (size_t i = 0; i < k->after.count; i++)
		if (str_eq(k->after.item[i], other))
			return k->after.node[i]->where;
	return fallback;
}

/*
 * Every stage that is left waits for another that is left, so that walking
 * from one to the next comes back to a stage seen before: a cycle.  Its
 * stages are placed, so that the next cycle can be found.
 */
static void cycle_report(struct line_reader *r, const struct stage *stages,
	const struct stage_keys *keys, const struct waits *w, bool *placed)
{
	size_t step[LINE_STAGES_MAX] = { 0 };
	bool seen[LINE_STAGES_MAX] = { false };
	size_t at = 0;

	while (placed[at])
		at++;
	while (!seen[at]) {
		size_t next = 0;
		seen[at] = true;
		while (placed[next] || !waits_for(w, at, next))
			next++;
		step[at] = next;
		at = next;
	}
	const struct stage *s = &stages[at];
	const struct stage *other = &stages[step[at]];
	diag_add(r->ds, DIAG_ERROR, E54,
		after_span(&keys[at], other->name, s->where),
		s == other ? "stage `%.*s` waits for itself"
			   : "stage `%.*s` waits for a stage that waits for it",
		STR_ARG(s->name));
	if (s != other)
		diag_also(r->ds, other->where, "the way back begins here");
	for (; !placed[at]; at = step[at])
		placed[at] = true;
}

/* Places stages whose waits are all placed; false: it got stuck. */
static bool place_all(const struct waits *w, bool *placed)
{
	bool moved = true;
	size_t left = w->n;

	while (moved) {
		moved = false;
		left = 0;
		for (size_t i = 0; i < w->n; i++) {
			bool ready = true;
			if (placed[i])
				continue;
			for (size_t j = 0; j < w->n; j++)
				ready &= !waits_for(w, i, j) || placed[j];
			placed[i] = ready;
			moved |= ready;
			left += !ready;
		}
	}
	return left == 0;
}

static bool cycles_check(struct line_reader *r, const struct stage *stages,
	const struct stage_keys *keys, const struct waits *w)
{
	bool placed[LINE_STAGES_MAX] = { false };
	bool ok = true;

	while (!place_all(w, placed)) {
		cycle_report(r, stages, keys, w, placed);
		ok = false;
	}
	return ok;
}

static void waits_close(struct waits *w)
{
	for (size_t k = 0; k < w->n; k++)
		for (size_t i = 0; i < w->n; i++)
			for (size_t j = 0; waits_for(w, i, k) && j < w->n; j++)
				w->each[i * w->n + j] |= waits_for(w, k, j);
}

static bool deploys(const struct stage *s, const struct region *g)
{
	for (size_t i = 0; i < s->ndeploys; i++)
		if (s->deploys[i] == g)
			return true;
	return false;
}

/* Can the region be accepted before stage `i` has passed? */
static bool is_reachable(const struct stage *stages, const struct waits *w,
	size_t i, const struct region *g)
{
	for (size_t j = 0; j < w->n; j++)
		if (j != i && !waits_for(w, j, i) && deploys(&stages[j], g))
			return true;
	return false;
}

/* Only a stage that says `requires: {regions: ...}` has any. */
static void requires_check(struct line_reader *r, const struct stage *stages,
	const struct stage_keys *keys, const struct waits *w, size_t i)
{
	const struct stage *s = &stages[i];

	for (size_t g = 0; keys[i].requires && g < s->requires.nregions; g++) {
		const struct region *wanted = s->requires.regions[g];
		const struct yaml_node *where =
			yaml_get(keys[i].requires, "regions");
		if (!where || is_reachable(stages, w, i, wanted))
			continue;
		diag_add(r->ds, DIAG_ERROR, E55, where->where,
			"stage `%.*s` can never pass: no stage before it "
			"deploys `%.*s`",
			STR_ARG(s->name), STR_ARG(wanted->full));
	}
}

void line_order_stages(struct line_reader *r, struct stage *stages,
	const struct stage_keys *keys)
{
	struct waits w = { .n = r->line->nstages };
	unsigned before = r->ds->errors;

	names_check(r, stages, w.n);
	w.each = ARENA_ARRAY(r->arena, w.n * w.n, bool);
	for (size_t i = 0; i < w.n; i++) {
		after_read(r, stages, i, &keys[i]);
		for (size_t a = 0; a < stages[i].nafter; a++) {
			size_t j = (size_t)(stages[i].after[a] - stages);
			w.each[i * w.n + j] = true;
		}
	}
	if (!cycles_check(r, stages, keys, &w) || r->ds->errors != before)
		return;
	waits_close(&w);
	for (size_t i = 0; i < w.n; i++)
		requires_check(r, stages, keys, &w, i);
}
