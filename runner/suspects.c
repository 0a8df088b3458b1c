#include "runner/suspects.h"

const struct suspicion *suspicion_copy(struct arena *a,
	const struct suspicion *s, int64_t shift_us)
{
	struct suspicion *c;

	if (!s)
		return NULL;
	c = ARENA_NEW(a, struct suspicion);
	*c = *s;
	c->suspect = ARENA_ARRAY(a, s->nsuspects + 1, struct suspect);
	for (size_t i = 0; i < s->nsuspects; i++) {
		const struct suspect *from = &s->suspect[i];
		struct suspect *to = &c->suspect[i];

		*to = *from;
		to->from_us += shift_us;
		to->until_us += shift_us;
		to->suite = arena_str(a, from->suite);
		to->role = arena_str(a, from->role);
		to->row = arena_str(a, from->row);
		to->region = ARENA_ARRAY(a, from->nregions + 1, struct str);
		for (size_t k = 0; k < from->nregions; k++)
			to->region[k] = arena_str(a, from->region[k]);
	}
	return c;
}

static bool names(const struct suspect *s, const struct job *j)
{
	if (!str_eq(s->suite, j->suite->name) ||
		!str_eq(s->role, j->role->name) || !str_eq(s->row, j->row_name))
		return false;
	for (size_t k = 0; k < s->nregions; k++)
		if (str_eq(s->region[k], j->region->full))
			return true;
	return false;
}

bool suspicion_wants(const struct suspicion *s, const struct job *j,
	int64_t wall_us)
{
	for (size_t i = 0; s && i < s->nsuspects; i++)
		if (wall_us >= s->suspect[i].from_us &&
			wall_us < s->suspect[i].until_us &&
			names(&s->suspect[i], j))
			return true;
	return false;
}

static int64_t sooner(int64_t best_us, int64_t at_us, int64_t wall_us)
{
	return at_us > wall_us && (best_us == 0 || at_us < best_us) ? at_us
								    : best_us;
}

int64_t suspicion_turns(const struct suspicion *s, int64_t wall_us)
{
	int64_t next_us = 0;

	for (size_t i = 0; s && i < s->nsuspects; i++) {
		next_us = sooner(next_us, s->suspect[i].from_us, wall_us);
		next_us = sooner(next_us, s->suspect[i].until_us, wall_us);
	}
	return next_us;
}
