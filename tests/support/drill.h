#ifndef TESTS_SUPPORT_DRILL_H
#define TESTS_SUPPORT_DRILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runner/run.h"

/*
 * Runs on a loop of the test's own, whose clock the test moves on: what a
 * worker does for its runs, without the worker.  `d->host` may be changed
 * before a run begins.  One thread.
 */
enum { DRILL_RUNS = 16 };

struct drill_clock {
	struct clock base;
	uint64_t shift_ns; /* how far it is ahead of the system */
};

struct drill {
	struct drill_clock clock;
	struct plan *plan; /* owned */
	struct loop *loop;
	struct resolver *resolver;
	struct http *http;
	struct probes *probes;
	struct run_host host;
	struct loop_timer turn;
	struct run *ended[DRILL_RUNS];
	size_t nended;
	uint64_t begun, done; /* of all runs so far */
	/* the last one that ended */
	struct result last; /* no evidence */
	char said[256];
};

void drill_open(struct drill *d);
void drill_close(struct drill *d);
/* Takes the plan over. */
void drill_plan(struct drill *d, struct plan *p);
struct run *drill_begin(struct drill *d, size_t job, struct http_pool *pool);
/* The runs that began, and their arenas, are gone when this returns. */
void drill_end_all(struct drill *d);
/* The time passes, and what is due is done. */
void drill_time_passes(struct drill *d, uint64_t seconds);

#endif
