#ifndef RUNNER_RUNNER_PARTS_H
#define RUNNER_RUNNER_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/loop.h"
#include "base/queue.h"
#include "runner/parcel.h"
#include "runner/runner.h"
#include "runner/same.h"

/*
 * What runner.c, worker.c and sink.c share.
 *
 * Threads: the caller's, one per worker, one sink.  They share the immutable
 * plan, the mailboxes of the workers, the queue of results, and counters that
 * have one writer each.
 */
enum {
	WORKERS_MAX = 64,
	MAILBOX = 1024,
	RESULTS_QUEUE = 8192,
	LEASE_TTL_MS = 5000,
	/* Failing checks of one runner that are asked more often by its own
	 * doing; what a detector suspects comes on top (SUSPECTS_MAX). */
	FAST_MAX = 16
};

enum message_kind {
	MESSAGE_GO,      /* the lease is ours: begin */
	MESSAGE_PLAN,    /* plan: a new one */
	MESSAGE_LIVE,    /* live, suspicion: what is deployed where */
	MESSAGE_VERSION, /* region, version: as its URL told */
	MESSAGE_DRAIN,
	MESSAGE_STOP
};

struct message {
	enum message_kind kind;
	struct plan *plan;   /* PLAN: a reference */
	struct arena *arena; /* LIVE, VERSION: of what follows */
	struct live *live;
	size_t nlive;
	const struct suspicion *suspicion; /* LIVE; NULL: none */
	struct str region, version;
};

void message_free(struct message *m);

struct counters { /* of one thread; it alone writes */
	atomic_uint_fast64_t started, ended, late, in_flight, silent;
	atomic_uint_fast64_t lag_max_us;
	atomic_uint_fast64_t by_outcome[OUTCOMES];
	atomic_uint_fast64_t sent, dropped, backlog, epoch; /* sink */
};

struct worker;

struct runner {
	struct runner_options options;
	const struct clock *clock;
	char *id, *vantage, *dns_servers;
	uint64_t wall_offset_ns; /* monotonic + this: the lattice's time */
	unsigned nworkers;
	struct worker *worker[WORKERS_MAX];
	atomic_uint alive;       /* workers whose thread runs */
	atomic_uint fast;        /* failing checks that are asked more often */
	struct same_table *same; /* of all workers */
	struct queue *results;
	struct plan *plan;   /* the newest; the caller's thread */
	struct queue *plans; /* for the sink to publish: struct plan * */
	struct counters sink;
	pthread_t sink_thread;
	bool started, joined; /* the sink's thread; all threads */
	unsigned running;     /* workers to be joined */
	atomic_bool sink_ended, failing, failed;
	struct err why; /* of `failed`; written before it is set */
	int fd;         /* eventfd */
};

/* runner.c: any thread */
void runner_fail(struct runner *r, const struct err *why);
void runner_notify(struct runner *r);
void runner_broadcast(struct runner *r, enum message_kind kind);

/* worker.c */
struct worker *worker_new(struct runner *r, unsigned index, struct err *e);
void worker_free(struct worker *w); /* its thread has ended */
bool worker_start(struct worker *w, struct err *e);
void worker_join(struct worker *w);
/* Any thread.  Takes the message; false (and freed): the mailbox is full. */
bool worker_send(struct worker *w, struct message *m);
const struct counters *worker_counters(const struct worker *w);

/* sink.c */
void *sink_run(void *runner);

#endif
