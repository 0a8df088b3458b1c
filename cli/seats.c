#include "cli/seats.h"

#include <stdlib.h>

#include "base/oom.h"

enum {
	READ_BUDGET = 50000, /* results of one trial in one turn */
	CHECKPOINT_MAX_BYTES = 256 * 1024 * 1024
};

static void seat_free(struct seat *s)
{
	trial_free(s->trial);
	str_disown(&s->deployment);
	str_disown(&s->region);
	free(s);
}

void seats_init(struct seats *s)
{
	*s = (struct seats){ .streams_arena = arena_new() };
}

void seats_drop(struct seats *s)
{
	while (s->first) {
		struct seat *one = s->first;
		s->first = one->next;
		seat_free(one);
	}
}

void seats_done(struct seats *s)
{
	seats_drop(s);
	arena_free(s->streams_arena);
}

struct seat *seats_find(struct seats *s, struct str deployment,
	struct str region)
{
	for (struct seat *one = s->first; one; one = one->next)
		if (str_eq(one->deployment, deployment) &&
			str_eq(one->region, region))
			return one;
	return NULL;
}

/* Judged: from `deploy done` to the verdict, and after it for a while. */
static bool is_judged(const struct facts *f, const struct stage *s,
	const struct deployment *d)
{
	uint64_t post_ms =
		s->gate.post_watch_ms ? s->gate.post_watch_ms : s->gate.soak_ms;

	switch (d->state) {
	case DEPLOYMENT_DEPLOYING: /* some of its regions may be done */
	case DEPLOYMENT_VERIFYING:
	case DEPLOYMENT_WARMING:
	case DEPLOYMENT_SOAKING:
	case DEPLOYMENT_HELD:
	case DEPLOYMENT_HALTED:
		return true;
	case DEPLOYMENT_ACCEPTED:
		return f->now_us - d->final_us <= (int64_t)post_ms * 1000;
	default:
		return false;
	}
}

static struct seat *seat_add(struct seats *s, struct str deployment,
	struct str region)
{
	struct seat *one = xcalloc(1, sizeof(*one));

	one->deployment = str_own(deployment);
	one->region = str_own(region);
	one->next = s->first;
	s->first = one;
	return one;
}

static void seat_begin(struct seat *one, const struct seats_turn *t,
	const struct trial_subject *of)
{
	struct trial_subject own = *of;
	struct str why;

	own.credit_from_us = one->credit_from_us;
	trial_free(one->trial);
	one->trial = trial_new(t->facts, &own, &why, t->arena);
	one->said = VERDICT_UNDECIDED;
	one->caught_up = false;
}

/* Another plan than before: the credit begins again, from now on. */
static void seat_begin_again(struct seats *s, struct seat *one,
	const struct seats_turn *t, const struct trial_subject *of)
{
	one->credit_from_us = t->facts->now_us;
	seat_begin(one, t, of);
	if (s->on_plan)
		s->on_plan(one->deployment, s->owner);
}

/* What another detector, or we before a crash, knew of it already. */
static bool seat_load(struct seats *s, struct seat *one,
	const struct seats_turn *t, const struct trial_subject *of,
	struct err *e)
{
	struct str saved;

	if (one->loaded || !one->trial)
		return true;
	if (!store_checkpoint_get(t->store, t->arena, trial_name(one->trial),
		    &saved, e))
		return false;
	one->loaded = true;
	if (!saved.ptr)
		return true;
	if (trial_load(one->trial, saved))
		trial_refresh(one->trial, t->facts, t->arena);
	else /* of another plan, or damaged: nothing is credited from it */
		seat_begin_again(s, one, t, of);
	return true;
}

static bool seat_fill(struct seats *s, const struct seats_turn *t,
	const struct trial_subject *of, struct err *e)
{
	const struct deployment *d = of->deployment;
	struct str name = d->region[of->region].region;
	struct seat *one = seats_find(s, d->id, name);
	struct str shape = trial_shape_of(t->facts, of->stage, name, t->arena);

	if (!one)
		one = seat_add(s, d->id, name);
	one->wanted = true;
	if (str_eq(shape, one->trial ? trial_shape(one->trial) : STR(""))) {
		if (one->trial)
			trial_refresh(one->trial, t->facts, t->arena);
		return true;
	}
	if (one->trial) {
		one->loaded = true; /* an old checkpoint is worth nothing */
		seat_begin_again(s, one, t, of);
	} else {
		seat_begin(one, t, of);
	}
	return seat_load(s, one, t, of, e);
}

/* The seats of deployments that nobody judges any more. */
static bool seats_leave(struct seats *s, const struct seats_turn *t,
	struct err *e)
{
	for (struct seat **at = &s->first; *at;) {
		struct seat *one = *at;
		if (one->wanted) {
			at = &one->next;
			continue;
		}
		if (one->trial && !store_checkpoint_drop(t->store, t->epoch,
					  trial_name(one->trial), e))
			return false;
		*at = one->next;
		seat_free(one);
	}
	return true;
}

bool seats_sync(struct seats *s, const struct seats_turn *t, struct err *e)
{
	const struct facts *f = t->facts;

	for (struct seat *one = s->first; one; one = one->next)
		one->wanted = false;
	for (size_t i = 0; i < f->ndeployments; i++) {
		const struct deployment *d = &f->deployment[i];
		struct trial_subject of = { .line = t->line,
			.stage = line_stage(t->line, d->stage),
			.deployment = d };
		if (!of.stage || !is_judged(f, of.stage, d))
			continue;
		for (; of.region < d->nregions; of.region++)
			if (d->region[of.region].done_us > 0 &&
				!seat_fill(s, t, &of, e))
				return false;
	}
	return seats_leave(s, t, e);
}

bool seats_read(struct seats *s, struct store *store, int64_t now_us,
	bool *ret_busy, struct err *e)
{
	for (struct seat *one = s->first; one; one = one->next) {
		if (!one->trial)
			continue;
		if (!trial_read(one->trial, store, now_us, READ_BUDGET,
			    &one->caught_up, e))
			return false;
		*ret_busy |= !one->caught_up;
	}
	return true;
}

bool seats_decided(const struct seats *s, int64_t now_us, struct arena *a)
{
	for (const struct seat *one = s->first; one; one = one->next) {
		struct judgement j;
		if (!one->trial)
			continue;
		trial_judge(one->trial, now_us, a, &j);
		if (j.verdict != one->said)
			return true;
	}
	return false;
}

/* A region that can not be judged says why, and holds everything up. */
static void judge_nothing(const struct seat *s, const struct seats_turn *t,
	struct judgement *ret)
{
	*ret = (struct judgement){ .deployment = s->deployment,
		.region = s->region,
		.detector = STR("error-rate"),
		.control = STR("none"),
		.rule = STR(""),
		.stream = STR(""),
		.check = STR(""),
		.epoch = t->epoch,
		.at_us = t->facts->now_us,
		.excluded_rise = 1,
		.rise_over_past = 1,
		.starved = true,
		.attributed = true,
		.missing = STR("the plan has no required check for this "
			       "region"),
		.waiting = STR("the plan has no required check for this "
			       "region") };
}

struct judgement *seats_judge(struct seats *s, const struct seats_turn *t,
	size_t *ret_count, bool *ret_news)
{
	struct judgement *all;
	size_t n = 0;

	for (const struct seat *one = s->first; one; one = one->next)
		n++;
	all = ARENA_ARRAY(t->arena, n + 1, struct judgement);
	n = 0;
	for (struct seat *one = s->first; one; one = one->next) {
		struct judgement *j = &all[n++];
		if (!one->trial) {
			judge_nothing(one, t, j);
			continue;
		}
		trial_judge(one->trial, t->facts->now_us, t->arena, j);
		j->epoch = t->epoch;
		/* What is still being read is not the whole evidence. */
		if (!one->caught_up && j->verdict == VERDICT_PASS)
			j->verdict = VERDICT_UNDECIDED;
		*ret_news |= j->verdict != one->said ||
			     j->credited_s != one->credited_said;
		one->said = j->verdict;
		one->credited_said = j->credited_s;
	}
	*ret_count = n;
	return all;
}

bool seats_save(struct seats *s, const struct seats_turn *t, bool *ret_kept,
	struct err *e)
{
	*ret_kept = true;
	for (struct seat *one = s->first; one && *ret_kept; one = one->next) {
		struct buf out;
		bool ok = true;
		if (!one->trial)
			continue;
		buf_init(&out, CHECKPOINT_MAX_BYTES);
		trial_save(one->trial, &out);
		if (!out.over)
			ok = store_checkpoint_put(t->store, t->epoch,
				trial_name(one->trial), buf_str(&out), ret_kept,
				e);
		buf_done(&out);
		if (!ok)
			return false;
	}
	return true;
}

void seats_collect(struct seats *s)
{
	struct cursor *all = &s->streams;
	size_t n = 0;
	size_t k = 0;

	arena_reset(s->streams_arena);
	for (const struct seat *one = s->first; one; one = one->next)
		n += one->trial ? trial_cursor(one->trial)->count : 0;
	all->region = ARENA_ARRAY(s->streams_arena, n + 1, struct str);
	all->id = ARENA_ARRAY(s->streams_arena, n + 1, struct str);
	for (const struct seat *one = s->first; one; one = one->next) {
		const struct cursor *c =
			one->trial ? trial_cursor(one->trial) : NULL;
		for (size_t i = 0; c && i < c->count; i++) {
			size_t at = 0;
			while (at < k && !str_eq(all->region[at], c->region[i]))
				at++;
			if (at < k)
				continue; /* one cursor of a stream is enough */
			all->region[k] =
				arena_str(s->streams_arena, c->region[i]);
			all->id[k++] = arena_str(s->streams_arena, c->id[i]);
		}
	}
	all->count = k;
}
