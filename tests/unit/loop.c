#include "base/loop.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct clock_virtual clock_v;
static struct loop *loop;
static char trace[64];

static void start(void)
{
	struct err e;

	clock_virtual_init(&clock_v, 1000000);
	loop = loop_new(&clock_v.base, &e);
	cr_assert_not_null(loop);
}

static void end(void)
{
	loop_free(loop);
}

TestSuite(loop, .init = start, .fini = end, .timeout = 30);

/* What a callback leaves in the trace; the owner of note(). */
#define MARK(z) ((void *)(z))

static void note(struct loop *l, void *owner)
{
	size_t n = strlen(trace);

	(void)l;
	trace[n] = *(const char *)owner;
	trace[n + 1] = '\0';
}

static uint64_t in(uint64_t ns)
{
	return clock_mono_ns(&clock_v.base) + ns;
}

Test(loop, timers_fire_in_order_once_the_clock_has_moved)
{
	struct loop_timer a = { 0 }, b = { 0 }, c = { 0 };

	loop_timer_arm(loop, &b, in(200), note, MARK("b"));
	loop_timer_arm(loop, &a, in(100), note, MARK("a"));
	loop_timer_arm(loop, &c, in(200), note, MARK("c"));
	loop_turn(loop, 0);
	cr_assert_str_eq(trace, "");
	clock_virtual_advance(&clock_v, 99);
	loop_turn(loop, 0);
	cr_assert_str_eq(trace, "", "one nanosecond too early");
	clock_virtual_advance(&clock_v, 1);
	loop_turn(loop, 0);
	cr_assert_str_eq(trace, "a");
	cr_assert_eq(a.slot, 0);
	clock_virtual_advance(&clock_v, 1000);
	loop_turn(loop, -1);
	cr_assert_str_eq(trace, "abc", "equal times in the order of arming");
	cr_assert_eq(loop_now_ns(loop), clock_mono_ns(&clock_v.base));
	cr_assert_eq(loop_wall_us(loop), clock_wall_us(&clock_v.base));
}

Test(loop, an_armed_timer_moves_and_a_cancelled_one_is_silent)
{
	struct loop_timer a = { 0 }, b = { 0 };

	loop_timer_arm(loop, &a, in(10), note, MARK("a"));
	loop_timer_arm(loop, &a, in(50), note, MARK("A"));
	loop_timer_arm(loop, &b, in(20), note, MARK("b"));
	loop_timer_cancel(loop, &b);
	loop_timer_cancel(loop, &b);
	clock_virtual_advance(&clock_v, 30);
	loop_turn(loop, 0);
	cr_assert_str_eq(trace, "");
	clock_virtual_advance(&clock_v, 30);
	loop_turn(loop, 0);
	cr_assert_str_eq(trace, "A");
}

static struct loop_timer again, other;

static void arm_again(struct loop *l, void *owner)
{
	note(l, owner);
	loop_timer_arm(l, &again, 0, arm_again, owner);
}

Test(loop, a_timer_that_rearms_itself_lets_the_turn_end)
{
	loop_timer_arm(loop, &again, in(0), arm_again, MARK("x"));
	loop_timer_arm(loop, &other, in(0), note, MARK("o"));
	loop_turn(loop, 0);
	cr_assert_str_eq(trace, "xo");
	loop_turn(loop, 0);
	cr_assert_str_eq(trace, "xox");
	loop_timer_cancel(loop, &again);
}

static void arm_then_cancel(struct loop *l, void *owner)
{
	note(l, owner);
	loop_timer_cancel(l, &other);
	loop_timer_arm(l, &again, 0, note, MARK("!"));
	loop_timer_cancel(l, &again);
}

Test(loop, a_timer_may_cancel_what_is_due_in_the_same_turn)
{
	struct loop_timer first = { 0 };

	loop_timer_arm(loop, &first, in(0), arm_then_cancel, MARK("x"));
	loop_timer_arm(loop, &other, in(0), note, MARK("o"));
	loop_turn(loop, 0);
	loop_turn(loop, 0);
	cr_assert_str_eq(trace, "x");
	cr_assert_eq(again.slot, 0);
}

static int seen;

static void see(struct loop *l, int fd, int events, void *owner)
{
	(void)l;
	(void)fd;
	(void)owner;
	seen = events;
}

Test(loop, descriptors_are_level_triggered_and_removable)
{
	int p[2];

	cr_assert_eq(pipe(p), 0);
	cr_assert(loop_fd(loop, p[0], LOOP_READ, see, NULL));
	loop_turn(loop, 0);
	cr_assert_eq(seen, 0);
	cr_assert_eq(write(p[1], "x", 1), 1);
	for (int i = 0; i < 2; i++) {
		seen = 0;
		loop_turn(loop, -1);
		cr_assert_eq(seen, LOOP_READ);
	}
	cr_assert(loop_fd(loop, p[0], 0, NULL, NULL));
	seen = 0;
	loop_turn(loop, 0);
	cr_assert_eq(seen, 0);
	cr_assert(loop_fd(loop, p[1], LOOP_WRITE, see, NULL));
	loop_turn(loop, 0);
	cr_assert_eq(seen, LOOP_WRITE);
	loop_fd(loop, p[1], 0, NULL, NULL);
	close(p[1]);
	cr_assert(loop_fd(loop, p[0], LOOP_READ, see, NULL));
	loop_turn(loop, 0);
	cr_assert_eq(seen, LOOP_READ | LOOP_ERROR, "hang-up can be read");
	loop_fd(loop, p[0], 0, NULL, NULL);
	close(p[0]);
}

Test(loop, what_the_kernel_can_not_watch_is_refused)
{
	int fd = open("/dev/null", O_RDONLY);
	int file = open("CMakeLists.txt", O_RDONLY);

	if (file >= 0)
		cr_assert_not(loop_fd(loop, file, LOOP_READ, see, NULL));
	close(fd);
	cr_assert_not(loop_fd(loop, fd, LOOP_READ, see, NULL));
	close(file);
}

static int pair[2][2];

/* Whichever comes first closes the other and takes its number again. */
static void replace_other(struct loop *l, int fd, int events, void *owner)
{
	int mine = *(int *)owner, *gone = pair[!mine], fresh[2];

	(void)events;
	note(l, MARK("r"));
	loop_fd(l, fd, 0, NULL, NULL);
	loop_fd(l, gone[0], 0, NULL, NULL);
	close(gone[0]);
	cr_assert_eq(pipe(fresh), 0);
	cr_assert_eq(fresh[0], gone[0], "the number is used again");
	cr_assert(loop_fd(l, fresh[0], LOOP_READ, see, NULL));
}

Test(loop, an_event_never_reaches_a_descriptor_with_the_same_number)
{
	int who[2] = { 0, 1 };

	for (int i = 0; i < 2; i++) {
		cr_assert_eq(pipe(pair[i]), 0);
		cr_assert_eq(write(pair[i][1], "x", 1), 1);
		loop_fd(loop, pair[i][0], LOOP_READ, replace_other, &who[i]);
	}
	loop_turn(loop, 0);
	cr_assert_str_eq(trace, "r");
	cr_assert_eq(seen, 0);
}

static void *wake(void *l)
{
	loop_wake(l);
	return NULL;
}

static void woken(struct loop *l, void *owner)
{
	note(l, owner);
	loop_stop(l);
}

static void nothing_happened(struct loop *l, void *owner)
{
	note(l, owner);
	loop_stop(l);
}

Test(loop, another_thread_wakes_a_loop_that_waits)
{
	struct loop *l = loop_new(&clock_system, NULL);
	struct loop_timer never = { 0 };
	pthread_t thread;

	loop_on_wake(l, woken, MARK("w"));
	loop_timer_arm(l, &never, clock_mono_ns(&clock_system) + 20000000000,
		nothing_happened, MARK("-"));
	pthread_create(&thread, NULL, wake, l);
	cr_assert(loop_run(l, NULL));
	pthread_join(thread, NULL);
	cr_assert_str_eq(trace, "w");
	loop_free(l);
}

Test(loop, a_real_timer_ends_a_wait_without_limit_and_never_early)
{
	struct loop *l = loop_new(&clock_system, NULL);
	struct loop_timer t = { 0 };
	uint64_t due = clock_mono_ns(&clock_system) + 2000000;

	loop_timer_arm(l, &t, due, woken, MARK("t"));
	cr_assert(loop_run(l, NULL));
	cr_assert_str_eq(trace, "t");
	cr_assert_geq(loop_now_ns(l), due);
	loop_free(l);
}

Test(loop, a_stop_that_came_first_is_not_lost)
{
	loop_stop(loop);
	cr_assert(loop_run(loop, NULL));
	loop_stop(loop);
	cr_assert_not(loop_turn(loop, -1));
}

static void got_signal(struct loop *l, int signo, void *owner)
{
	note(l, MARK(signo == SIGTERM ? "T" : signo == SIGHUP ? "H" : "?"));
	cr_assert_eq(owner, &seen);
}

Test(loop, signals_come_as_events)
{
	int signos[] = { SIGTERM, SIGHUP };

	cr_assert(loop_signals(loop, signos, 2, got_signal, &seen, NULL));
	kill(getpid(), SIGTERM);
	loop_turn(loop, -1);
	cr_assert_str_eq(trace, "T");
	kill(getpid(), SIGHUP);
	loop_turn(loop, -1);
	cr_assert_str_eq(trace, "TH");
}
