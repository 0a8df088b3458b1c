#ifndef RUNNER_RUNNER_H
#define RUNNER_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "runner/plan.h"
#include "store/record.h"
#include "store/store.h"

/*
 * The continuous runner: worker threads that run the jobs of a plan at a
 * fixed rate for ever, and one sink thread that owns the store: it keeps the
 * runner's lease, publishes the plan, learns which deployment is live where,
 * and appends the results in the order of their seq.
 *
 * All functions are called by the thread that made it, but the counters,
 * which anyone may read.  Signals are the caller's.
 *
 *	runner_new() -> runner_start() -> runner_reload()* -> runner_drain()
 *	-> runner_wait() until it says yes -> runner_free()
 */
struct runner;

/* What happened, for the log and for `ready`; texts live for the call. */
/* clang-format off */
#define RUNNER_EVENT_MAP(X)                                                   \
	X(READY,        "runner_ready")        /* lease taken, plan published */ \
	X(REFUSED,      "runner_refused")      /* another one has this id */      \
	X(STORE_LOST,   "store_lost")          /* text: why */                    \
	X(STORE_BACK,   "store_back")                                             \
	X(DROPPED,      "results_dropped")     /* backlog full: counted loss */   \
	X(RELOADED,     "plan_reloaded")       /* text: the plan's hash */        \
	X(DRAINED,      "runner_drained")                                         \
	X(TROUBLE,      "runner_trouble")      /* text: a thread can not go on */

enum runner_event {
#define X(name, token) RUNNER_##name,
	RUNNER_EVENT_MAP(X)
#undef X
	RUNNER_EVENTS
};
/* clang-format on */
const char *runner_event_token(enum runner_event ev);

struct runner_options {
	struct str id;      /* unique per line; copied */
	struct str vantage; /* copied; STR_NONE: the id */
	bool take_over;   /* the state folder's lock is ours: no other lives */
	unsigned threads; /* 0: one per core, at most 64 */
	unsigned max_in_flight; /* runs per worker; 0: 1000 */
	uint32_t grace_ms;      /* of a drain; 0: 10 s */
	size_t backlog_max; /* results kept while the store is away; 0: 100,000
			     */
	uint64_t seed;      /* 0: random */
	const struct clock *clock; /* NULL: the system's */
	const char *dns_servers;   /* NULL: the system's */
	/* Opens the store of the line; called in the sink thread, again after
	 * each loss that the store does not mend by itself. */
	struct store *(*open_store)(void *owner, struct err *e);
	/* Called in the sink thread, TROUBLE in any. NULL: not wanted. */
	void (*on_event)(enum runner_event ev, const char *text, void *owner);
	/* Called in the sink thread for every result with its seq, before it
	 * is in the store. */
	void (*on_result)(const struct result *r, void *owner);
	void *owner;
};

/* Takes the plan (*p becomes NULL) when it succeeds. */
struct runner *runner_new(const struct runner_options *o, struct plan **p,
	struct err *e);
bool runner_start(struct runner *r, struct err *e);
/* Swaps the plan: running jobs finish on the old one, the phase of a check
 * that is in both is kept.  Takes it. */
void runner_reload(struct runner *r, struct plan **p);
/* No new runs; those in flight may end within the grace time. */
void runner_drain(struct runner *r);
/* A second signal: the runs in flight end now, as runner_error/internal. */
void runner_stop(struct runner *r);
/* True when all threads have ended (after a drain) and all that could be
 * written is; waits up to wait_ms. */
bool runner_wait(struct runner *r, int wait_ms);
/* Readable when a thread ended or needs attention: for the caller's loop. */
int runner_fd(const struct runner *r);
/* True: it ended by itself, since another runner holds its lease (ERR_BUSY)
 * or a thread could not go on. */
bool runner_failed(const struct runner *r, struct err *ret);
void runner_free(struct runner *r); /* stops what still runs; NULL is fine */

struct runner_counters {
	uint64_t started, ended, late;
	uint64_t by_outcome[OUTCOMES];
	uint64_t sent;    /* acknowledged by the store */
	uint64_t dropped; /* lost: the backlog was full */
	uint64_t backlog, in_flight;
	uint64_t silent_retries; /* libcurl sent a request again by itself */
	uint64_t epoch;
	uint64_t lag_max_us; /* worst start after its slot, since the start */
};
struct runner_counters runner_counters(const struct runner *r);

#endif
