#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/heap.h"
#include "base/oom.h"

enum { BATCH = 64 };

/*
 * `birth` tells a descriptor from an earlier one with the same number: an
 * event of the batch that was meant for the earlier one is not delivered.
 */
struct watch {
	loop_fd_fn *fn;
	void *owner;
	uint32_t birth;
	int events; /* 0: not watched */
};

struct loop {
	const struct clock *clock;
	uint64_t now_ns;
	int64_t wall_us;
	int epoll, timer_fd, wake_fd, signal_fd; /* -1: none */
	struct watch *watch;                     /* by descriptor */
	size_t watches;
	uint32_t births;
	struct heap timers;
	struct heap soon; /* armed while firing, for the next turn */
	bool firing;
	uint64_t armed_ns; /* what the timerfd is set to; 0: nothing */
	atomic_bool stop;
	int broken; /* errno of the wait itself */
	loop_timer_fn *wake_fn;
	void *wake_owner;
	loop_signal_fn *signal_fn;
	void *signal_owner;
};

static void take_now(struct loop *l)
{
	l->now_ns = clock_mono_ns(l->clock);
	l->wall_us = clock_wall_us(l->clock);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void on_wake_fd(struct loop *l, int fd, int events, void *owner)
{
	uint64_t n;

	(void)events;
	(void)owner;
	if (read(fd, &n, sizeof(n)) == sizeof(n) && l->wake_fn)
		l->wake_fn(l, l->wake_owner);
}

static void on_timer_fd(struct loop *l, int fd, int events, void *owner)
{
	uint64_t n;

	(void)events;
	(void)owner;
	/* the timers themselves are fired by the turn */
	if (read(fd, &n, sizeof(n)) == sizeof(n))
		l->armed_ns = 0;
}

struct loop *loop_new(const struct clock *c, struct err *e)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->clock = c;
	l->timer_fd = l->signal_fd = -1;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->epoll < 0 || l->wake_fd < 0 ||
		!loop_fd(l, l->wake_fd, LOOP_READ, on_wake_fd, NULL))
		goto broken;
	if (c == &clock_system) {
		l->timer_fd = timerfd_create(CLOCK_MONOTONIC,
			TFD_CLOEXEC | TFD_NONBLOCK);
		if (l->timer_fd < 0 ||
			!loop_fd(l, l->timer_fd, LOOP_READ, on_timer_fd, NULL))
			goto broken;
	}
	take_now(l);
	return l;
broken:
	err_sys(e, ERR_IO, "event loop");
	loop_free(l);
	return NULL;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	assert(!l->firing);
	heap_done(&l->timers);
	heap_done(&l->soon);
	close_fd(l->timer_fd);
	close_fd(l->wake_fd);
	close_fd(l->signal_fd);
	close_fd(l->epoll);
	free(l->watch);
	free(l);
}

static struct watch *watch_of(struct loop *l, int fd)
{
	size_t n = (size_t)fd + 1;

	if (n > l->watches) {
		size_t more = n < 64 ? 64 : n * 2;

		l->watch = xrealloc(l->watch, more * sizeof(*l->watch));
		memset(l->watch + l->watches, 0,
			(more - l->watches) * sizeof(*l->watch));
		l->watches = more;
	}
	return &l->watch[fd];
}

bool loop_fd(struct loop *l, int fd, int events, loop_fd_fn *fn, void *owner)
{
	struct watch *w = watch_of(l, fd);
	struct epoll_event ev = { 0 };
	int op = w->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (!events) {
		if (w->events)
			epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
		*w = (struct watch){ 0 };
		return true;
	}
	if (!w->events)
		w->birth = ++l->births;
	if (events & LOOP_READ)
		ev.events |= EPOLLIN;
	if (events & LOOP_WRITE)
		ev.events |= EPOLLOUT;
	ev.data.u64 = (uint64_t)w->birth << 32 | (uint32_t)fd;
	if (epoll_ctl(l->epoll, op, fd, &ev) != 0)
		return false;
	w->fn = fn;
	w->owner = owner;
	w->events = events;
	return true;
}

static void deliver(struct loop *l, const struct epoll_event *ev)
{
	int fd = (int)(uint32_t)ev->data.u64;
	int events = 0;
	struct watch w = l->watch[fd];

	if (w.birth != ev->data.u64 >> 32 || !w.events)
		return; /* removed by an earlier callback of this turn */
	if (ev->events & EPOLLIN)
		events |= w.events & LOOP_READ;
	if (ev->events & EPOLLOUT)
		events |= w.events & LOOP_WRITE;
	if (ev->events & (EPOLLERR | EPOLLHUP))
		events |= LOOP_ERROR | (w.events & (LOOP_READ | LOOP_WRITE));
	if (events)
		w.fn(l, fd, events, w.owner);
}

/* A timer lies in one of two heaps. */
static bool timer_drop(struct heap *h, struct loop_timer *t)
{
	if (!t->slot || t->slot > h->count || h->item[t->slot - 1].owner != t)
		return false;
	heap_remove(h, t->slot);
	return true;
}

void loop_timer_cancel(struct loop *l, struct loop_timer *t)
{
	if (t->slot && !timer_drop(&l->timers, t) && !timer_drop(&l->soon, t))
		assert(!"a timer of another loop, or not zeroed");
}

void loop_timer_arm(struct loop *l, struct loop_timer *t, uint64_t due_ns,
	loop_timer_fn *fn, void *owner)
{
	bool later = l->firing && due_ns <= l->now_ns;

	loop_timer_cancel(l, t);
	t->due_ns = due_ns;
	t->fn = fn;
	t->owner = owner;
	heap_add(later ? &l->soon : &l->timers, due_ns, t, &t->slot);
}

static void fire_timers(struct loop *l)
{
	uint64_t due;
	void *owner;

	l->firing = true;
	while (heap_peek(&l->timers, &due, &owner) && due <= l->now_ns) {
		struct loop_timer *t = heap_pop(&l->timers);

		t->fn(l, t->owner);
	}
	l->firing = false;
	while (heap_peek(&l->soon, &due, &owner)) {
		struct loop_timer *t = heap_pop(&l->soon);

		heap_add(&l->timers, due, t, &t->slot);
	}
}

/* Sets the timerfd to the next timer; true: one is due already. */
static bool timer_fd_set(struct loop *l)
{
	struct itimerspec at = { 0 };
	uint64_t due;
	void *owner;

	if (!heap_peek(&l->timers, &due, &owner))
		return false;
	if (due <= clock_mono_ns(l->clock))
		return true;
	if (l->timer_fd < 0 || due == l->armed_ns)
		return false;
	at.it_value.tv_sec = (time_t)(due / 1000000000);
	at.it_value.tv_nsec = (long)(due % 1000000000);
	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0)
		l->armed_ns = due;
	else
		l->broken = errno;
	return false;
}

bool loop_turn(struct loop *l, int wait_ms)
{
	struct epoll_event ev[BATCH];
	int n;

	if (atomic_load(&l->stop))
		return false;
	if (wait_ms < 0 && l->timer_fd < 0)
		wait_ms = LOOP_VIRTUAL_WAIT_MS;
	if (timer_fd_set(l))
		wait_ms = 0;
	n = epoll_wait(l->epoll, ev, BATCH, wait_ms);
	if (n < 0 && errno != EINTR)
		l->broken = errno;
	if (l->broken) {
		atomic_store(&l->stop, true);
		return false;
	}
	take_now(l);
	for (int i = 0; i < n; i++)
		deliver(l, &ev[i]);
	fire_timers(l);
	return !atomic_load(&l->stop);
}

bool loop_run(struct loop *l, struct err *e)
{
	while (loop_turn(l, -1))
		;
	atomic_store(&l->stop, false);
	if (!l->broken)
		return true;
	errno = l->broken;
	l->broken = 0;
	return err_sys(e, ERR_IO, "event loop");
}

static void poke(struct loop *l)
{
	uint64_t one = 1;
	ssize_t n = write(l->wake_fd, &one, sizeof(one));

	(void)n; /* EAGAIN: 2^64 - 2 wakes are waiting already */
}

void loop_stop(struct loop *l)
{
	atomic_store(&l->stop, true);
	poke(l);
}

uint64_t loop_now_ns(const struct loop *l)
{
	return l->now_ns;
}

int64_t loop_wall_us(const struct loop *l)
{
	return l->wall_us;
}

void loop_on_wake(struct loop *l, loop_timer_fn *fn, void *owner)
{
	l->wake_fn = fn;
	l->wake_owner = owner;
}

void loop_wake(struct loop *l)
{
	poke(l);
}

static void on_signal_fd(struct loop *l, int fd, int events, void *owner)
{
	struct signalfd_siginfo si;

	(void)events;
	(void)owner;
	while (read(fd, &si, sizeof(si)) == sizeof(si))
		l->signal_fn(l, (int)si.ssi_signo, l->signal_owner);
}

bool loop_signals(struct loop *l, const int *signos, int n, loop_signal_fn *fn,
	void *owner, struct err *e)
{
	sigset_t set;

	assert(l->signal_fd < 0);
	sigemptyset(&set);
	for (int i = 0; i < n; i++)
		sigaddset(&set, signos[i]);
	l->signal_fn = fn;
	l->signal_owner = owner;
	errno = pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (errno)
		return err_sys(e, ERR_IO, "signals");
	l->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signal_fd < 0 ||
		!loop_fd(l, l->signal_fd, LOOP_READ, on_signal_fd, NULL))
		return err_sys(e, ERR_IO, "signals");
	return true;
}
