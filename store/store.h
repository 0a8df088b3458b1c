#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/facts.h"
#include "store/record.h"

/*
 * The store of one line: results as streams, facts, leases.
 *
 * Two kinds behind one vtable: Redis (store/redis.c is the connection,
 * store/redis_store.c the keys of DESIGN.md section 4) and memory (for tests
 * in virtual time and for `andon test`).  A store belongs to one thread; open
 * another one for another thread.  Calls wait at most until their deadline;
 * after a lost connection the next call connects again.
 */
struct store;

/*
 * url: redis://[user:pass@]host:port/db or unix:///path.  Connects at once;
 * false with ERR_STORE and what to do (AUTH, READONLY, LOADING, refused ...
 * each with its own words) when that fails.
 */
struct store *store_open(const char *url, struct str line, int timeout_ms,
	struct err *e);
/* Shared by all stores of the same memory hub; `clock` is its `now`. */
struct store_hub;
struct store_hub *store_hub_new(const struct clock *c);
void store_hub_free(struct store_hub *h);
struct store *store_memory(struct store_hub *h, struct str line);
/* For tests: all calls fail as if nobody was there; all memory is lost. */
void store_hub_down(struct store_hub *h, bool down);
void store_hub_flush(struct store_hub *h);
void store_free(struct store *s); /* NULL is fine */
/*
 * A descriptor (a pipe, an eventfd) that ends a wait as soon as it is
 * readable, as if its time was over; -1: none.  It is never read.  A signal
 * that is caught by this thread ends a wait in the same way.
 */
void store_interrupt(struct store *s, int fd);

/* Everything a decision needs, one consistent picture, into the arena. */
bool store_facts(struct store *s, struct arena *a, struct facts *ret,
	struct err *e);

enum commit_answer {
	COMMIT_DONE,
	COMMIT_CONFLICT, /* the rev moved: read the facts again, decide again */
	COMMIT_FENCED    /* a newer detector is there: stop writing */
};

bool store_commit(struct store *s, const struct tx *t, enum commit_answer *ret,
	struct err *e);

/*
 * Results.  append() sends all of them pipelined and returns when all are
 * acknowledged; after an unknown reply the caller sends the same ones again:
 * readers recognise them by (runner, epoch, seq).
 */
bool store_append(struct store *s, const struct result *const *r, size_t n,
	struct err *e);

/*
 * A reader over the result streams of some regions.  It keeps one cursor per
 * stream; one call sees one moment of the store, so that the entries of one
 * runner come without holes as far as they were written.
 */
struct cursor {
	struct str *region; /* "prod/west" */
	struct str *id;     /* stream id; "0": from the start */
	size_t count;
};

/*
 * Up to about `max` results after the cursor, in stream order per region,
 * moved forward in *c.  Waits up to wait_ms for the first; 0 results is a
 * timeout.  Results live in the arena.
 */
bool store_read(struct store *s, struct cursor *c, struct arena *a, size_t max,
	int wait_ms, struct result **ret, size_t *ret_count, struct err *e);
/* The cursor from which results that arrived at or after a wall time come. */
bool store_cursor_at(struct store *s, struct cursor *c, struct arena *a,
	int64_t wall_us, struct err *e);

/*
 * Waits until an event was written after *cursor ("$" at first: from now on)
 * or, with `results`, until a result was; moves *cursor.  *ret_woken false:
 * timeout.  "$" becomes a place in the stream by the first call: call once
 * with wait_ms 0 before the facts are read, and no event falls in between.
 * In memory it never waits: *ret_woken says whether there is something new.
 */
bool store_wait(struct store *s, char cursor[48], const struct cursor *results,
	int wait_ms, bool *ret_woken, struct err *e);

/*
 * Leases.  An epoch is one above the last one and never below the store's
 * clock in seconds: after a store that lost its memory it still goes up, and
 * nobody takes new results for old ones.
 */
bool store_runner_join(struct store *s, struct str id, struct str vantage,
	bool take_over, uint64_t *ret_epoch,
	struct err *e); /* ERR_BUSY: alive */
bool store_runner_beat(struct store *s, const struct runner_lease *l,
	uint32_t ttl_ms, struct err *e);
bool store_runner_leave(struct store *s, struct str id, struct err *e);
bool store_plan_put(struct store *s, const struct plan_record *p,
	struct err *e);

/* True with *ret_epoch 0 when another detector holds the lease. */
bool store_detector_join(struct store *s, struct str id, uint32_t ttl_ms,
	uint64_t *ret_epoch, struct err *e);
/* Renews; *ret_kept false: lost to a newer one, stop judging. */
bool store_detector_beat(struct store *s, struct str id, uint64_t epoch,
	uint32_t ttl_ms, bool *ret_kept, struct err *e);
bool store_detector_leave(struct store *s, struct str id, uint64_t epoch,
	struct err *e);

/* Written under the detector's epoch: judgements and permits in one step. */
bool store_judge(struct store *s, uint64_t epoch, const struct judgement *j,
	size_t nj, const struct permit *p, size_t np, bool *ret_kept,
	struct err *e);

/* Detector state + cursor, written together; `state` is opaque bytes. */
bool store_checkpoint_put(struct store *s, uint64_t epoch, struct str name,
	struct str state, bool *ret_kept, struct err *e);
bool store_checkpoint_get(struct store *s, struct arena *a, struct str name,
	struct str *ret_state, struct err *e); /* STR_NONE: none */
bool store_checkpoint_drop(struct store *s, uint64_t epoch, struct str name,
	struct err *e);

/* Frozen evidence of a stopped deployment: JSON text.  ERR_BUSY: fenced. */
bool store_evidence_put(struct store *s, uint64_t epoch, struct str deployment,
	struct str json, struct err *e);
bool store_evidence_get(struct store *s, struct arena *a, struct str deployment,
	struct str *ret_json, struct err *e);

/*
 * What a detector tells runners and gates beside its judgements, each as one
 * record that replaces the one before; part of the facts from then on.
 */
bool store_suspicion_put(struct store *s, uint64_t epoch,
	const struct suspicion *r, bool *ret_kept, struct err *e);
bool store_pulses_put(struct store *s, uint64_t epoch, const struct pulses *r,
	bool *ret_kept, struct err *e);

/* The last `max` audit lines, oldest first, as JSON objects. */
bool store_audit(struct store *s, struct arena *a, size_t max, struct str **ret,
	size_t *ret_count, struct err *e);

/* Drops results older than keep_ms (the streams are trimmed by time). */
bool store_trim(struct store *s, const struct cursor *regions, uint64_t keep_ms,
	struct err *e);

/* Replicas that have the last write; -1: no replicas are configured. */
bool store_replicas(struct store *s, int timeout_ms, int *ret, struct err *e);

#endif
