#include <stdlib.h>
#include <string.h>

#include "store/impl.h"

/*
 * Facts from the texts of a store.  A text that is not understood fails the
 * whole picture: a stop that was left out would look like an open line.
 */
struct part_list {
	char *item;
	size_t count, cap, bytes;
};

struct facts_parts {
	struct arena *arena;
	struct part_list deployment, scope, live, ci, judgement, permit, runner;
	const struct plan_record *plan;
	const struct suspicion *suspicion;
	struct pulses pulses;
};

struct facts_parts *facts_parts_new(struct arena *a)
{
	struct facts_parts *p = ARENA_NEW(a, struct facts_parts);

	p->arena = a;
	p->deployment.bytes = sizeof(struct deployment);
	p->scope.bytes = sizeof(struct scope_state);
	p->live.bytes = sizeof(struct live);
	p->ci.bytes = sizeof(struct ci_check);
	p->judgement.bytes = sizeof(struct judgement);
	p->permit.bytes = sizeof(struct permit);
	p->runner.bytes = sizeof(struct runner_lease);
	return p;
}

static void *part_add(struct facts_parts *p, struct part_list *l)
{
	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		char *grown = arena_array(p->arena, cap, l->bytes);

		if (l->count)
			memcpy(grown, l->item, l->count * l->bytes);
		l->item = grown;
		l->cap = cap;
	}
	return l->item + l->count++ * l->bytes;
}

static bool plan_part(struct facts_parts *p, struct str text)
{
	struct plan_record *plan = ARENA_NEW(p->arena, struct plan_record);

	if (!plan_read(p->arena, text, plan))
		return false;
	p->plan = plan;
	return true;
}

static bool suspicion_part(struct facts_parts *p, struct str text)
{
	struct suspicion *s = ARENA_NEW(p->arena, struct suspicion);

	if (!suspicion_read(p->arena, text, s))
		return false;
	p->suspicion = s;
	return true;
}

static bool part_read(struct facts_parts *p, struct str kind, struct str text)
{
	struct arena *a = p->arena;

	if (str_eq(kind, STR("dep")))
		return deployment_read(a, text, part_add(p, &p->deployment));
	if (str_eq(kind, STR("scope")))
		return scope_read(a, text, part_add(p, &p->scope));
	if (str_eq(kind, STR("live")))
		return live_read(a, text, part_add(p, &p->live));
	if (str_eq(kind, STR("ci")))
		return ci_read(a, text, part_add(p, &p->ci));
	if (str_eq(kind, STR("judge")))
		return judgement_read(a, text, part_add(p, &p->judgement));
	if (str_eq(kind, STR("permit")))
		return permit_read(a, text, part_add(p, &p->permit));
	if (str_eq(kind, STR("suspicion")))
		return suspicion_part(p, text);
	if (str_eq(kind, STR("pulses")))
		return pulses_read(a, text, &p->pulses);
	return str_eq(kind, STR("plan")) && plan_part(p, text);
}

bool facts_part(struct facts_parts *p, struct str kind, struct str key,
	struct str text, struct err *e)
{
	return part_read(p, kind, text) ||
	       err_set(e, ERR_STORE,
		       "record %.*s %.*s is not understood: written by a "
		       "newer andon, or by somebody else",
		       STR_ARG(kind), STR_ARG(key));
}

void facts_part_runner(struct facts_parts *p, const struct runner_lease *l)
{
	struct runner_lease *slot = part_add(p, &p->runner);

	*slot = *l;
}

static int64_t deployment_age(const struct deployment *d)
{
	if (d->announced_us)
		return d->announced_us;
	return d->start_us ? d->start_us : d->since_us;
}

static int newest_last(const void *a, const void *b)
{
	const struct deployment *x = a;
	const struct deployment *y = b;
	int64_t at = deployment_age(x);
	int64_t by = deployment_age(y);

	if (at != by)
		return at < by ? -1 : 1;
	if (x->attempt != y->attempt)
		return x->attempt < y->attempt ? -1 : 1;
	return str_cmp(x->id, y->id);
}

static int runner_order(const void *a, const void *b)
{
	const struct runner_lease *x = a;
	const struct runner_lease *y = b;

	return str_cmp(x->id, y->id);
}

void facts_parts_end(struct facts_parts *p, struct facts *f)
{
	f->deployment = (struct deployment *)p->deployment.item;
	f->ndeployments = p->deployment.count;
	f->scope = (struct scope_state *)p->scope.item;
	f->nscopes = p->scope.count;
	f->live = (struct live *)p->live.item;
	f->nlive = p->live.count;
	f->ci = (struct ci_check *)p->ci.item;
	f->nci = p->ci.count;
	f->judgement = (struct judgement *)p->judgement.item;
	f->njudgements = p->judgement.count;
	f->permit = (struct permit *)p->permit.item;
	f->npermits = p->permit.count;
	f->runner = (struct runner_lease *)p->runner.item;
	f->nrunners = p->runner.count;
	f->plan = p->plan;
	f->suspicion = p->suspicion;
	f->pulses = p->pulses;
	if (f->ndeployments)
		qsort(f->deployment, f->ndeployments, sizeof(*f->deployment),
			newest_last);
	if (f->nrunners)
		qsort(f->runner, f->nrunners, sizeof(*f->runner), runner_order);
}
