#include "gate/required.h"

#include <stdio.h>

#include "base/crypto.h"

static bool wanted(const struct stage *s, const struct plan_job *j)
{
	if (s->suites.count == 0)
		return true;
	for (size_t i = 0; i < s->suites.count; i++) {
		if (str_eq(s->suites.item[i], j->suite))
			return true;
		for (size_t k = 0; k < j->ntags; k++)
			if (str_eq(s->suites.item[i], j->tag[k]))
				return true;
	}
	return false;
}

static void hash_job(struct sha256 *h, const struct plan_job *j)
{
	char every[32];
	int n = snprintf(every, sizeof(every), "%llu",
		(unsigned long long)j->every_ms);

	sha256_add(h, j->suite);
	sha256_add(h, STR("\n"));
	sha256_add(h, j->role);
	sha256_add(h, STR("\n"));
	sha256_add(h, j->row);
	sha256_add(h, STR("\n"));
	sha256_add(h, (struct str){ every, (size_t)n });
	sha256_add(h, STR("\n"));
}

void required_checks(const struct facts *f, const struct stage *s,
	struct str region, struct arena *a, struct required *ret)
{
	size_t njobs = f->plan ? f->plan->njobs : 0;
	struct sha256 *h = sha256_new();

	*ret = (struct required){ 0 };
	ret->job = ARENA_ARRAY(a, njobs + 1, const struct plan_job *);
	for (size_t i = 0; i < njobs; i++) {
		const struct plan_job *j = &f->plan->job[i];
		if (!j->block || j->every_ms == 0 ||
			!str_eq(j->region, region) || !wanted(s, j))
			continue;
		ret->job[ret->count++] = j;
		ret->runs_per_minute += 60000.0 / (double)j->every_ms;
		if (j->every_ms > ret->longest_every_ms)
			ret->longest_every_ms = j->every_ms;
		hash_job(h, j);
	}
	sha256_free(h, ret->hash);
}

uint64_t required_fresh_ms(const struct gate_settings *g, uint64_t every_ms)
{
	uint64_t by_every_ms = every_ms * 5 / 2;

	if (g->fresh_ms > 0)
		return g->fresh_ms;
	return by_every_ms > 30000 ? by_every_ms : 30000;
}
