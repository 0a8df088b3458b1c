#include "cli/suspecting.h"

static bool same_check(const struct suspect *a, const struct suspect *b)
{
	return str_eq(a->suite, b->suite) && str_eq(a->role, b->role) &&
	       str_eq(a->row, b->row) && a->nregions == b->nregions &&
	       str_eq(a->region[0], b->region[0]);
}

static const struct plan_job *job_of(const struct plan_record *p,
	const struct suspect *s, struct str region)
{
	for (size_t i = 0; p && i < p->njobs; i++) {
		const struct plan_job *j = &p->job[i];

		if (str_eq(j->region, region) && str_eq(j->suite, s->suite) &&
			str_eq(j->role, s->role) && str_eq(j->row, s->row))
			return j;
	}
	return NULL;
}

/* Can it be asked more often, and equally often wherever it is compared? */
static bool can_be_asked(const struct facts *f, const struct suspect *s)
{
	const struct plan_job *first = job_of(f->plan, s, s->region[0]);

	if (!first || first->every_failing_ms == 0)
		return false;
	for (size_t i = 1; i < s->nregions; i++) {
		const struct plan_job *j = job_of(f->plan, s, s->region[i]);

		if (!j || j->every_ms != first->every_ms ||
			j->every_failing_ms != first->every_failing_ms)
			return false;
	}
	return true;
}

/* What all trials suspect, the worst first. */
static size_t collect(const struct seats *s, const struct facts *f,
	struct arena *a, struct suspect *ret)
{
	size_t n = 0;

	for (const struct seat *one = s->first; one; one = one->next) {
		struct suspect of[SUSPECTS_MAX];
		size_t k = one->trial && one->caught_up
				   ? trial_suspects(one->trial, a, of)
				   : 0;

		for (size_t i = 0; i < k; i++) {
			size_t at = n;

			if (!can_be_asked(f, &of[i]))
				continue;
			while (at > 0 && ret[at - 1].evidence < of[i].evidence)
				at--;
			if (at == SUSPECTS_MAX)
				continue;
			n = n < SUSPECTS_MAX ? n + 1 : n;
			for (size_t m = n - 1; m > at; m--)
				ret[m] = ret[m - 1];
			ret[at] = of[i];
		}
	}
	return n;
}

static struct suspect *find(struct suspicion *s, const struct suspect *one)
{
	for (size_t i = 0; i < s->nsuspects; i++)
		if (same_check(&s->suspect[i], one))
			return &s->suspect[i];
	return NULL;
}

/* Those that still hold and can still be asked. */
static void keep_old(const struct facts *f, struct suspicion *ret)
{
	const struct suspicion *old = f->suspicion;

	for (size_t i = 0; old && i < old->nsuspects; i++)
		if (ret->nsuspects < SUSPECTS_MAX &&
			old->suspect[i].nregions > 0 &&
			old->suspect[i].until_us > f->now_us &&
			can_be_asked(f, &old->suspect[i]))
			ret->suspect[ret->nsuspects++] = old->suspect[i];
}

bool suspecting_next(const struct seats *s, const struct facts *f,
	uint64_t epoch, struct arena *a, struct suspicion *ret)
{
	struct suspect now[SUSPECTS_MAX];
	size_t n = collect(s, f, a, now);
	bool news = false;

	*ret = (struct suspicion){ .epoch = epoch,
		.suspect = ARENA_ARRAY(a, SUSPECTS_MAX, struct suspect) };
	keep_old(f, ret);
	for (size_t i = 0; i < n; i++) {
		struct suspect *old = find(ret, &now[i]);

		if (!old && ret->nsuspects == SUSPECTS_MAX)
			continue; /* those that are asked are asked to the end
				   */
		if (!old) {
			old = &ret->suspect[ret->nsuspects++];
			*old = now[i];
			old->from_us =
				f->now_us + (int64_t)SUSPECT_LEAD_MS * 1000;
			old->until_us = 0;
		}
		if (old->until_us - f->now_us >
			(int64_t)SUSPECT_RENEW_MS * 1000)
			continue;
		old->evidence = now[i].evidence;
		old->until_us = f->now_us + (int64_t)SUSPECT_HOLD_MS * 1000;
		news = true;
	}
	return news;
}

bool suspecting_write(const struct seats *s, const struct seats_turn *t,
	bool *ret_kept, struct err *e)
{
	struct suspicion next;

	*ret_kept = true;
	return !suspecting_next(s, t->facts, t->epoch, t->arena, &next) ||
	       store_suspicion_put(t->store, t->epoch, &next, ret_kept, e);
}
