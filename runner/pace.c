#include "runner/suspects.h"
#include "runner/worker_parts.h"

/*
 * The pace: a check that fails, or that a detector suspects, is asked more
 * often, never in some of its regions alone (docs/detectors.md).
 */

/*
 * Whether a check that fails is asked more often by this runner's own doing:
 * in all its regions, so only when the runner has all of them, and only so
 * many checks at once, for a region that is down is not to be hammered.
 */
static bool own_fast(struct worker *w, struct seat *first, bool failing)
{
	atomic_uint *fast = &w->runner->fast;
	bool want = failing && w->plan->whole;

	if (first->fast == want)
		return want;
	if (!want) {
		atomic_fetch_sub(fast, 1);
	} else if (atomic_fetch_add(fast, 1) >= FAST_MAX) {
		atomic_fetch_sub(fast, 1);
		want = false;
	}
	first->fast = want;
	return want;
}

/* How often the jobs of one check are asked; `i` is any of its ring. */
void rate_set(struct worker *w, uint32_t i)
{
	int64_t now_us = loop_wall_us(w->loop);
	bool failing = false;
	uint32_t first = i;
	uint32_t k = i;
	bool own;

	if (w->seat[i].job->times_failing <= 1)
		return;
	do {
		failing |= w->seat[k].failing;
		first = k < first ? k : first;
		k = w->seat[k].next_of_check;
	} while (k != i);
	own = own_fast(w, &w->seat[first], failing);
	do {
		const struct job *j = w->seat[k].job;
		bool more = own || suspicion_wants(w->suspicion, j, now_us);

		schedule_times(w->schedule, k, more ? j->times_failing : 1,
			lattice_now(w));
		k = w->seat[k].next_of_check;
	} while (k != i);
}

/* A suspicion came, begins or is over: at that moment in all regions. */
void rates_set(struct loop *l, void *owner)
{
	struct worker *w = owner;
	int64_t now_us = loop_wall_us(l);
	int64_t next_us = suspicion_turns(w->suspicion, now_us);

	for (uint32_t i = 0; i < w->nseats; i++)
		rate_set(w, i);
	if (next_us)
		loop_timer_arm(l, &w->turn,
			loop_now_ns(l) + (uint64_t)(next_us - now_us) * 1000,
			rates_set, w);
	else
		loop_timer_cancel(l, &w->turn);
	tick_arm(w);
}
