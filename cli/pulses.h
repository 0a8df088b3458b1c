#ifndef CLI_PULSES_H
#define CLI_PULSES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/facts.h"
#include "store/store.h"

/*
 * The pulses of all regions of the plan: reads their results in the one order
 * in which they count and says how each region is (detectors/vital.h).
 *
 * A function of the stream: after a restart or with another plan it reads the
 * last day again, and says nothing until it has caught up.  Belongs to the
 * referee's thread.
 */
enum { PULSE_APART_DAYS = 30, PULSES_READ_BUDGET = 50000 };

struct pulses_view;

struct pulses_view *pulses_new(void);
void pulses_free(struct pulses_view *p); /* NULL is fine */
/* Forgets all; it is read again. */
void pulses_drop(struct pulses_view *p);
/* *ret_busy is set when there is more to read. */
bool pulses_read_on(struct pulses_view *p, struct store *s,
	const struct facts *f, bool *ret_busy, struct err *e);
/* False: not caught up, there is nothing to say. */
bool pulses_say(const struct pulses_view *p, const struct facts *f,
	uint64_t epoch, struct arena *a, struct pulses *ret);

#endif
