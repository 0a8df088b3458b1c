#ifndef RUNNER_ONCE_H
#define RUNNER_ONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "runner/plan.h"
#include "runner/report.h"

/*
 * `andon test`: one pass over all jobs of a plan, in the calling thread, no
 * store.  At most `concurrency` runs at a time.
 *
 * A region that others are compared with (`sameAs`) is asked before them; there
 * is no previous run.
 *
 * SIGINT and SIGTERM end it in order: no new run starts, the runs in flight
 * end at once as runner_error/internal ("interrupted"), and what is there is
 * reported.
 */
struct once_options {
	unsigned concurrency;      /* 0: 16 */
	uint64_t seed;             /* 0: random; else the functions repeat */
	struct str runner;         /* ${runner}; STR_NONE: "local" */
	const struct clock *clock; /* NULL: the system's */
	const char *dns_servers;   /* "ip[:port],..."; NULL: the system's */
	bool signals;              /* take SIGINT and SIGTERM while it runs */
	/* called after each run, in the order of their ends; may be NULL */
	void (*on_report)(const struct run_report *r, void *owner);
	void *owner;
};

struct once_result {
	struct run_report *runs; /* in the order of the plan */
	size_t count;
	size_t jobs; /* of the plan that have runs here: each one or more */
	size_t by_outcome[OUTCOMES];
	int interrupted; /* the signal, or 0 */
	uint64_t took_us;
};

/* False: the machine did not let us start (no descriptors, ...). */
bool once_run(struct plan *p, const struct once_options *o, struct arena *a,
	struct once_result *ret, struct err *e);

#endif
