#ifndef RUNNER_WORKER_PARTS_H
#define RUNNER_WORKER_PARTS_H

#include "runner/http.h"
#include "runner/resolve.h"
#include "runner/run.h"
#include "runner/runner_parts.h"
#include "runner/schedule.h"
#include "runner/served.h"

/*
 * A worker, as worker.c and pace.c share it; all of it belongs to its thread.
 */

/* A job of the plan that lives here. */
struct seat {
	const struct job *job;
	struct http_pool *pool; /* of `connection: pool`; NULL: none */
	uint64_t runs;
	uint32_t next_of_check; /* ring of the same check's regions */
	bool failing;
	bool fast; /* asked more often by itself; of a ring, at its first */
};

struct flight {
	struct flight *next, **self;
	struct run *run;
	uint32_t seat; /* UINT32_MAX: of an older plan, and gone */
};

struct spot { /* a region whose version is told by a URL */
	struct served_fetch *fetch;
	char *version; /* NULL: not told */
	uint64_t until_ns;
};

struct worker {
	struct runner *runner;
	unsigned index;
	pthread_t thread;
	struct loop *loop;
	struct resolver *resolver;
	struct http *http;
	struct probes *probes;
	struct run_host host;
	struct queue *mailbox;
	struct counters counters;

	struct plan *plan;
	struct schedule *schedule;
	struct seat *seat;
	uint32_t nseats;
	struct spot *spot; /* as the line's regions */
	struct arena *live_arena;
	struct live *live;
	size_t nlive;
	const struct suspicion *suspicion; /* in live_arena; NULL: none */

	struct flight *flights;
	struct parcel *overflow, **overflow_last; /* the queue was full */
	struct loop_timer tick, stall, grace, refresh, turn;
	bool going, draining;
};

static inline uint64_t lattice_now(const struct worker *w)
{
	return loop_now_ns(w->loop) + w->runner->wall_offset_ns;
}

void tick_arm(struct worker *w); /* worker.c */

/* pace.c: how often the jobs of a check are asked; `i` is any of its ring. */
void rate_set(struct worker *w, uint32_t i);
/* Of all checks: a suspicion came, begins or is over. */
void rates_set(struct loop *l, void *owner);

#endif
