#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

/*
 * One thread's event loop: epoll for descriptors, one timerfd with a heap of
 * timers (nanoseconds: millisecond timers start checks 0.5 ms late), an
 * eventfd for wake-ups from other threads, a signalfd where one is asked for.
 *
 * Everything but loop_wake() and loop_stop() belongs to the loop's thread.
 * Callbacks may add and remove anything, themselves too; only loop_free() is
 * not for them.  `now` is taken once per turn, after the wait: loop_now_ns().
 *
 * A turn calls descriptors first, then timers.  A timer that is armed by a
 * timer for a time that has already come fires in the next turn, so that none
 * can keep the descriptors waiting.
 *
 * Under a clock other than clock_system no timerfd is used and nothing waits
 * for a timer: advance the clock, then loop_turn(l, 0) fires what is due.  "No
 * limit" then means LOOP_VIRTUAL_WAIT_MS, so that a test can not hang.
 */
struct loop;

enum { LOOP_VIRTUAL_WAIT_MS = 10 };

/*
 * What a descriptor is watched for.  LOOP_ERROR (error or hang-up) is always
 * delivered, together with what was asked for, so that a read finds the
 * reason.
 */
enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_ERROR = 4 };

typedef void loop_fd_fn(struct loop *l, int fd, int events, void *owner);
typedef void loop_timer_fn(struct loop *l, void *owner);
typedef void loop_signal_fn(struct loop *l, int signo, void *owner);

struct loop *loop_new(const struct clock *c, struct err *e);
void loop_free(struct loop *l);
/* Until loop_stop(), also one that came before; may be run again after. */
bool loop_run(struct loop *l, struct err *e);
/* One turn; waits at most wait_ms (-1: no limit).  False: stopped. */
bool loop_turn(struct loop *l, int wait_ms);
void loop_stop(struct loop *l);             /* any thread */
uint64_t loop_now_ns(const struct loop *l); /* monotonic, of this turn */
int64_t loop_wall_us(const struct loop *l); /* of this turn */

/*
 * events 0 removes.  A descriptor must be removed before it is closed.  False
 * with errno: the kernel can not watch it (a regular file, no memory).
 */
bool loop_fd(struct loop *l, int fd, int events, loop_fd_fn *fn, void *owner);

/*
 * A timer lives inside its owner, zeroed before its first use.  Arming an
 * armed timer moves it.
 */
struct loop_timer {
	uint64_t due_ns; /* monotonic */
	loop_timer_fn *fn;
	void *owner;
	uint32_t slot; /* in the heap, from 1; 0: not armed */
};

void loop_timer_arm(struct loop *l, struct loop_timer *t, uint64_t due_ns,
	loop_timer_fn *fn, void *owner);
void loop_timer_cancel(struct loop *l, struct loop_timer *t);

/* Called in the loop's thread after loop_wake() from any thread. */
void loop_on_wake(struct loop *l, loop_timer_fn *fn, void *owner);
void loop_wake(struct loop *l);

/*
 * Blocks the signals for the process and delivers them here.  Main thread,
 * before any other is started; once per loop.  They stay blocked after
 * loop_free().
 */
bool loop_signals(struct loop *l, const int *signos, int n, loop_signal_fn *fn,
	void *owner, struct err *e);

#endif
