#ifndef RUNNER_SCHEDULE_H
#define RUNNER_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which job is due: fixed rate, no drift, no bursts.  Pure: time is a number
 * that the caller passes in (nanoseconds of a clock that never goes back and
 * was laid on the wall clock once, so that all runners share the lattice).
 *
 * A job has slots at phase + k * every.  A slot is started or it is late,
 * never both, never made up for:
 *  - the run before it is still going (with `queue` one slot may wait for its
 *    end, the next one is late);
 *  - nobody looked until it was more than SCHEDULE_TOLERANCE_NS (or a quarter
 *    of `every`) old: the loop was behind, or the machine stood still.
 *
 * A check that is asked more often keeps its slots and gets extra ones between
 * them, evenly: schedule_times().  An extra slot that can not start is nobody's
 * loss and is not told.  A run of one that still goes at the next slot of
 * `every` stands for that slot (TAKEN), so that asking more never takes away
 * what is asked anyway.
 */
enum { SCHEDULE_TOLERANCE_NS = 250000000 };

struct schedule;

enum slot_kind { SLOT_START, SLOT_LATE, SLOT_TAKEN };

struct slot {
	enum slot_kind kind;
	uint32_t job;
	uint64_t at_ns;  /* where it stands on the lattice */
	uint64_t missed; /* LATE: so many of `every`, at_ns is the first */
	bool extra;      /* START: between two slots of `every` */
};

struct schedule *schedule_new(size_t jobs);
void schedule_free(struct schedule *s); /* NULL is fine */

/* First slot: the first of the lattice at or after now. */
void schedule_add(struct schedule *s, uint32_t job, uint64_t every_ns,
	uint64_t phase_ns, bool queue, uint64_t now_ns);
/* So many slots in one `every`, from the first one after now on; 1: plain. */
void schedule_times(struct schedule *s, uint32_t job, uint32_t times,
	uint64_t now_ns);

/* When to look again; false: never. */
bool schedule_due(const struct schedule *s, uint64_t *ret_ns);
/* One slot that is due at `now`; false: none (any more). */
bool schedule_next(struct schedule *s, uint64_t now_ns, struct slot *ret);
/* The run of a job is over: it may start again. */
void schedule_done(struct schedule *s, uint32_t job, uint64_t now_ns);
/* A run that was started elsewhere (before a reload) is still going. */
void schedule_occupy(struct schedule *s, uint32_t job, bool extra);
bool schedule_busy(const struct schedule *s, uint32_t job);

#endif
