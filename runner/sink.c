#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "runner/runner_parts.h"
#include "runner/suspects.h"

/*
 * The one thread that talks to the store: lease, plan, what is live, results.
 *
 * A result gets its seq here, in the order of the ends of the runs within one
 * batch; what the bounded backlog can not keep leaves a gap in the seq, so
 * that the loss shows wherever the results are read.
 */
enum {
	BATCH = 256,
	TAKE = 1024,
	MS = 1000000,
	BEAT_MS = 1000,
	RETRY_MS = 500,
	FAREWELL_MS = 3000
};

struct sink {
	struct runner *r;
	struct store *store;
	struct plan *plan; /* to be published, then to name the regions */
	bool joined, published, lost;
	uint64_t epoch, seq;
	struct parcel *first, **last;
	size_t count;
	uint64_t beat_ns, retry_ns;
};

static uint64_t now_ns(const struct sink *s)
{
	return clock_mono_ns(s->r->clock);
}

static void tell(const struct sink *s, enum runner_event ev, const char *text)
{
	const struct runner_options *o = &s->r->options;

	if (o->on_event)
		o->on_event(ev, text ? text : "", o->owner);
}

/* The store did not answer: once told, tried again after a while. */
static void lose(struct sink *s, const struct err *e)
{
	if (!s->lost)
		tell(s, RUNNER_STORE_LOST, e->text);
	s->lost = true;
	s->retry_ns = now_ns(s) + RETRY_MS * (uint64_t)MS;
}

static void regain(struct sink *s)
{
	if (s->lost)
		tell(s, RUNNER_STORE_BACK, NULL);
	s->lost = false;
}

/* --- results --- */

static int by_end(const void *a, const void *b)
{
	int64_t x = result_end_us(&(*(struct parcel *const *)a)->result);
	int64_t y = result_end_us(&(*(struct parcel *const *)b)->result);

	return (x > y) - (x < y);
}

static void drop_oldest(struct sink *s)
{
	struct parcel *p = s->first;

	s->first = p->next;
	if (!s->first)
		s->last = &s->first;
	s->count--;
	parcel_free(p);
	if (atomic_fetch_add(&s->r->sink.dropped, 1) % 1000 == 0)
		tell(s, RUNNER_DROPPED, "the backlog is full");
}

static void keep(struct sink *s, struct parcel *p)
{
	const struct runner_options *o = &s->r->options;

	p->next = NULL;
	p->result.id =
		(struct run_id){ str_from(s->r->id), s->epoch, ++s->seq };
	if (o->on_result)
		o->on_result(&p->result, o->owner);
	*s->last = p;
	s->last = &p->next;
	s->count++;
	if (s->count > o->backlog_max)
		drop_oldest(s);
}

static void take_batch(struct sink *s, struct parcel *first)
{
	struct parcel *batch[TAKE];
	size_t n = 0;

	batch[n++] = first;
	while (n < TAKE && (batch[n] = queue_receive(s->r->results)))
		n++;
	qsort(batch, n, sizeof(struct parcel *),
		by_end); /* NOLINT(bugprone-sizeof-expression) */
	for (size_t i = 0; i < n; i++)
		keep(s, batch[i]);
}

static bool flush(struct sink *s)
{
	const struct result *batch[BATCH];
	struct err e;

	while (s->count) {
		struct parcel *p = s->first;
		size_t n = 0;

		for (; p && n < BATCH; p = p->next)
			batch[n++] = &p->result;
		if (!store_append(s->store, batch, n, &e)) {
			lose(s, &e);
			return false;
		}
		regain(s);
		for (size_t i = 0; i < n; i++) {
			p = s->first;
			s->first = p->next;
			parcel_free(p);
		}
		if (!s->first)
			s->last = &s->first;
		s->count -= n;
		atomic_fetch_add(&s->r->sink.sent, n);
		atomic_store(&s->r->sink.backlog, s->count);
	}
	return true;
}

/* --- lease, plan, live --- */

static bool publish(struct sink *s, struct err *e)
{
	struct arena *a = arena_new();
	struct plan_record record = plan_record(s->plan, a, str_from(s->r->id),
		clock_wall_us(s->r->clock));
	bool ok = store_plan_put(s->store, &record, e);

	arena_free(a);
	s->published |= ok;
	return ok;
}

static void live_send(struct sink *s, const struct facts *f)
{
	/* the store's clock tells when, so that all runners turn together */
	int64_t shift_us = clock_wall_us(s->r->clock) - f->now_us;

	for (unsigned i = 0; i < s->r->nworkers; i++) {
		struct message *m = xcalloc(1, sizeof(*m));

		m->kind = MESSAGE_LIVE;
		m->arena = arena_new();
		m->nlive = f->nlive;
		m->live = ARENA_ARRAY(m->arena, f->nlive + 1, struct live);
		for (size_t k = 0; k < f->nlive; k++) {
			m->live[k] = f->live[k];
			m->live[k].region =
				arena_str(m->arena, f->live[k].region);
			m->live[k].deployment =
				arena_str(m->arena, f->live[k].deployment);
			m->live[k].version =
				arena_str(m->arena, f->live[k].version);
		}
		m->suspicion = suspicion_copy(m->arena, f->suspicion, shift_us);
		worker_send(s->r->worker[i], m);
	}
}

static bool beat(struct sink *s, struct err *e)
{
	struct arena *a = arena_new();
	struct facts facts;
	struct runner_lease lease = {
		.id = str_from(s->r->id),
		.vantage = str_from(s->r->vantage),
		.plan_hash = str_from(s->plan->hash),
		.epoch = s->epoch,
	};
	bool ok = store_runner_beat(s->store, &lease, LEASE_TTL_MS, e) &&
		  (s->published || publish(s, e)) &&
		  store_facts(s->store, a, &facts, e) &&
		  /* a store that lost its memory gets it again */
		  (facts.plan || publish(s, e));

	if (ok)
		live_send(s, &facts);
	arena_free(a);
	return ok;
}

static bool join(struct sink *s, struct err *e)
{
	const struct runner *r = s->r;
	uint64_t epoch;

	if (!store_runner_join(s->store, str_from(r->id), str_from(r->vantage),
		    r->options.take_over, &epoch, e))
		return false;
	s->epoch = epoch;
	s->seq = 0;
	s->joined = true;
	atomic_store(&s->r->sink.epoch, epoch);
	return true;
}

/* Lease and plan; false: not now. */
static bool present(struct sink *s)
{
	struct runner *r = s->r;
	struct err e = { 0 };
	bool first = !s->joined;
	uint64_t now = now_ns(s);

	if (s->lost && now < s->retry_ns)
		return false;
	if (!s->store)
		s->store = r->options.open_store(r->options.owner, &e);
	if (!s->store || (!s->joined && !join(s, &e)))
		goto trouble;
	if (s->published && now < s->beat_ns)
		return true;
	if (!beat(s, &e))
		goto trouble;
	s->beat_ns = now + BEAT_MS * (uint64_t)MS;
	regain(s);
	if (first) {
		runner_broadcast(r, MESSAGE_GO);
		tell(s, RUNNER_READY, NULL);
	}
	return true;
trouble:
	if (e.kind == ERR_BUSY) {
		tell(s, RUNNER_REFUSED, e.text);
		runner_fail(r, &e);
	}
	lose(s, &e);
	return false;
}

static void plans_take(struct sink *s)
{
	struct plan *p;
	bool reloaded = s->plan != NULL;

	while ((p = queue_receive(s->r->plans))) {
		plan_unref(s->plan);
		s->plan = p;
		s->published = false;
		if (reloaded)
			tell(s, RUNNER_RELOADED, p->hash);
	}
}

static int wait_ms(const struct sink *s)
{
	uint64_t now = now_ns(s);
	uint64_t due = s->lost ? s->retry_ns : s->beat_ns;

	if (due <= now)
		return 0;
	due = (due - now) / MS + 1;
	return due > BEAT_MS ? BEAT_MS : (int)due;
}

static void farewell(struct sink *s)
{
	uint64_t until = now_ns(s) + FAREWELL_MS * (uint64_t)MS;
	struct err e;

	/* nothing else comes any more: between two tries there is only time */
	while (s->joined && s->count && now_ns(s) < until && !flush(s))
		poll(NULL, 0, RETRY_MS);
	while (s->count)
		drop_oldest(s);
	if (s->joined && !atomic_load(&s->r->failed) &&
		!store_runner_leave(s->store, str_from(s->r->id), &e))
		lose(s, &e);
	store_free(s->store);
	plan_unref(s->plan);
	tell(s, RUNNER_DRAINED, NULL);
}

void *sink_run(void *runner)
{
	struct runner *r = runner;
	struct sink s = { .r = r };

	s.last = &s.first;
	for (;;) {
		struct parcel *p;

		plans_take(&s);
		if (present(&s))
			flush(&s);
		atomic_store(&r->sink.backlog, s.count);
		p = queue_wait(r->results, wait_ms(&s));
		if (p)
			take_batch(&s, p);
		else if (queue_closed(r->results) && !queue_length(r->results))
			break;
	}
	farewell(&s);
	atomic_store(&r->sink_ended, true);
	runner_notify(r);
	return NULL;
}
