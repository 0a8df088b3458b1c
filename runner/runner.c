#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/oom.h"
#include "runner/runner_parts.h"

enum { IN_FLIGHT = 1000, GRACE_MS = 10000, BACKLOG = 100000, PLANS = 64 };

const char *runner_event_token(enum runner_event ev)
{
	static const char *const tokens[] = {
#define X(name, token) token,
		RUNNER_EVENT_MAP(X)
#undef X
	};

	return tokens[ev];
}

void message_free(struct message *m)
{
	if (!m)
		return;
	plan_unref(m->plan);
	arena_free(m->arena);
	free(m);
}

void runner_notify(struct runner *r)
{
	uint64_t one = 1;
	ssize_t n = write(r->fd, &one, sizeof(one));

	(void)n; /* EAGAIN: it is readable already */
}

void runner_broadcast(struct runner *r, enum message_kind kind)
{
	for (unsigned i = 0; i < r->nworkers; i++) {
		struct message *m = xcalloc(1, sizeof(*m));

		m->kind = kind;
		worker_send(r->worker[i], m);
	}
}

void runner_fail(struct runner *r, const struct err *why)
{
	const struct runner_options *o = &r->options;

	if (atomic_exchange(&r->failing, true))
		return;
	r->why = *why;
	atomic_store(&r->failed, true);
	if (o->on_event && why->kind != ERR_BUSY)
		o->on_event(RUNNER_TROUBLE, why->text, o->owner);
	runner_broadcast(r, MESSAGE_STOP);
	runner_notify(r);
}

static char *copy(struct str s)
{
	char *z = xmalloc(s.len + 1);

	memcpy(z, s.ptr, s.len);
	z[s.len] = '\0';
	return z;
}

static unsigned cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

static void options_set(struct runner *r, const struct runner_options *o)
{
	r->options = *o;
	r->clock = o->clock ? o->clock : &clock_system;
	r->id = copy(o->id);
	r->vantage = copy(o->vantage.ptr ? o->vantage : o->id);
	r->dns_servers = o->dns_servers ? xstrdup(o->dns_servers) : NULL;
	r->nworkers = o->threads ? o->threads : cores();
	if (r->nworkers > WORKERS_MAX)
		r->nworkers = WORKERS_MAX;
	if (!o->max_in_flight)
		r->options.max_in_flight = IN_FLIGHT;
	if (!o->grace_ms)
		r->options.grace_ms = GRACE_MS;
	if (!o->backlog_max)
		r->options.backlog_max = BACKLOG;
	r->wall_offset_ns = (uint64_t)clock_wall_us(r->clock) * 1000 -
			    clock_mono_ns(r->clock);
}

struct runner *runner_new(const struct runner_options *o, struct plan **p,
	struct err *e)
{
	struct runner *r = xcalloc(1, sizeof(*r));

	options_set(r, o);
	r->same = same_table_new();
	r->results = queue_new(RESULTS_QUEUE);
	r->plans = queue_new(PLANS);
	r->plan = *p;
	r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->fd < 0) {
		err_sys(e, ERR_IO, "event descriptor");
		goto broken;
	}
	for (unsigned i = 0; i < r->nworkers; i++) {
		r->worker[i] = worker_new(r, i, e);
		if (!r->worker[i])
			goto broken;
	}
	queue_send(r->plans, plan_ref(r->plan));
	*p = NULL;
	return r;
broken:
	r->plan = NULL; /* still the caller's */
	runner_free(r);
	return NULL;
}

/* A thousand runs in flight need more than the usual soft limit of 1024. */
static void descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
		limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	/* refused: what does not fit then ends as runner_error/fds */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Signals are the caller's: no thread of ours takes any. */
static bool threads_start(struct runner *r, struct err *e)
{
	int rc;

	for (unsigned i = 0; i < r->nworkers; i++) {
		if (!worker_start(r->worker[i], e))
			return false;
		r->running++;
	}
	rc = pthread_create(&r->sink_thread, NULL, sink_run, r);
	if (rc)
		return err_set(e, ERR_IO, "store thread: %s",
			strerrordesc_np(rc));
	r->started = true;
	return true;
}

bool runner_start(struct runner *r, struct err *e)
{
	sigset_t all;
	sigset_t before;
	bool ok;

	descriptors_raise();
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	ok = threads_start(r, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok;
}

void runner_reload(struct runner *r, struct plan **p)
{
	for (unsigned i = 0; i < r->nworkers; i++) {
		struct message *m = xcalloc(1, sizeof(*m));

		m->kind = MESSAGE_PLAN;
		m->plan = plan_ref(*p);
		worker_send(r->worker[i], m);
	}
	if (!queue_send(r->plans, plan_ref(*p))) /* for the sink to publish */
		plan_unref(*p);
	plan_unref(r->plan);
	r->plan = *p;
	*p = NULL;
}

void runner_drain(struct runner *r)
{
	runner_broadcast(r, MESSAGE_DRAIN);
}

void runner_stop(struct runner *r)
{
	runner_broadcast(r, MESSAGE_STOP);
}

static void threads_join(struct runner *r)
{
	for (unsigned i = 0; i < r->running; i++)
		worker_join(r->worker[i]);
	r->running = 0;
	if (r->started)
		pthread_join(r->sink_thread, NULL);
	r->started = false;
	r->joined = true;
}

bool runner_wait(struct runner *r, int wait_ms)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	uint64_t n;

	if (r->joined)
		return true;
	if (!atomic_load(&r->sink_ended) && poll(&p, 1, wait_ms) > 0 &&
		read(r->fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return false;
	if (!atomic_load(&r->sink_ended))
		return false;
	threads_join(r);
	return true;
}

int runner_fd(const struct runner *r)
{
	return r->fd;
}

bool runner_failed(const struct runner *r, struct err *ret)
{
	if (!atomic_load(&r->failed))
		return false;
	*ret = r->why;
	return true;
}

void runner_free(struct runner *r)
{
	struct plan *p;
	struct parcel *late;

	if (!r)
		return;
	if (r->running) {
		runner_stop(r);
		threads_join(r);
	}
	while ((late = queue_receive(r->results)))
		parcel_free(late);
	while ((p = queue_receive(r->plans)))
		plan_unref(p);
	for (unsigned i = 0; i < r->nworkers; i++)
		worker_free(r->worker[i]);
	same_table_free(r->same);
	queue_free(r->results);
	queue_free(r->plans);
	plan_unref(r->plan);
	if (r->fd >= 0)
		close(r->fd);
	free(r->id);
	free(r->vantage);
	free(r->dns_servers);
	free(r);
}

static void add_counters(struct runner_counters *to,
	const struct counters *from)
{
	uint64_t lag = atomic_load(&from->lag_max_us);

	to->started += atomic_load(&from->started);
	to->ended += atomic_load(&from->ended);
	to->late += atomic_load(&from->late);
	to->in_flight += atomic_load(&from->in_flight);
	to->silent_retries += atomic_load(&from->silent);
	for (size_t i = 0; i < OUTCOMES; i++)
		to->by_outcome[i] += atomic_load(&from->by_outcome[i]);
	if (lag > to->lag_max_us)
		to->lag_max_us = lag;
}

struct runner_counters runner_counters(const struct runner *r)
{
	struct runner_counters sum = {
		.sent = atomic_load(&r->sink.sent),
		.dropped = atomic_load(&r->sink.dropped),
		.backlog = atomic_load(&r->sink.backlog),
		.epoch = atomic_load(&r->sink.epoch),
	};

	for (unsigned i = 0; i < r->nworkers; i++)
		add_counters(&sum, worker_counters(r->worker[i]));
	return sum;
}
