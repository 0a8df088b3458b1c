#ifndef CLI_SEATS_H
#define CLI_SEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "cli/trial.h"
#include "regions/line.h"
#include "store/facts.h"
#include "store/store.h"

/*
 * The seats of the referee: one for every region of every deployment that is
 * judged now, each with its trial, checkpoints and what was last said of it.
 *
 * Belongs to the referee's thread.  Nothing here decides anything.
 */
struct seat {
	struct seat *next;
	struct trial *trial;           /* NULL: no check is required there */
	struct str deployment, region; /* own copies */
	enum verdict_state said; /* in the last judgement that was written */
	uint64_t credited_said;
	int64_t credit_from_us; /* another plan came then; 0: none */
	bool wanted, loaded, caught_up;
};

struct seats {
	struct seat *first;
	struct arena *streams_arena;
	struct cursor streams; /* of all trials, to be woken by */
	/* Called when the credit of a deployment starts again; may be NULL. */
	void (*on_plan)(struct str deployment, void *owner);
	void *owner;
};

/* What one turn works with. */
struct seats_turn {
	const struct line *line;
	const struct facts *facts;
	struct store *store;
	uint64_t epoch;
	struct arena *arena;
};

void seats_init(struct seats *s);
void seats_done(struct seats *s);
/* Without a lease what is known is thrown away: it is built again from the
 * checkpoints of whoever had it. */
void seats_drop(struct seats *s);

/* One for each that is judged by the facts; the others leave. */
bool seats_sync(struct seats *s, const struct seats_turn *t, struct err *e);
/* *ret_busy: there is more to read. */
bool seats_read(struct seats *s, struct store *store, int64_t now_us,
	bool *ret_busy, struct err *e);
/* Would a judgement of now say another verdict than the last one? */
bool seats_decided(const struct seats *s, int64_t now_us, struct arena *a);
/* Judgements of all; *ret_news: they say something new. */
struct judgement *seats_judge(struct seats *s, const struct seats_turn *t,
	size_t *ret_count, bool *ret_news);
struct seat *seats_find(struct seats *s, struct str deployment,
	struct str region);
/* *ret_kept false: a newer detector is there. */
bool seats_save(struct seats *s, const struct seats_turn *t, bool *ret_kept,
	struct err *e);
/* Brings s->streams up to date. */
void seats_collect(struct seats *s);

#endif
