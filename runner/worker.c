#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/map.h"
#include "base/oom.h"
#include "runner/http.h"
#include "runner/resolve.h"
#include "runner/run.h"
#include "runner/runner_parts.h"
#include "runner/schedule.h"
#include "runner/served.h"
#include "runner/worker_parts.h"

enum { LATE_TOLD = 100 };

#define MS       1000000ULL /* in nanoseconds */
#define STALL_NS (50 * MS)

static void tick(struct loop *l, void *owner);
static void ended_check(struct worker *w);

static void add(atomic_uint_fast64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

const struct counters *worker_counters(const struct worker *w)
{
	return &w->counters;
}

bool worker_send(struct worker *w, struct message *m)
{
	if (!queue_send(w->mailbox, m)) {
		message_free(m);
		return false;
	}
	loop_wake(w->loop);
	return true;
}

void tick_arm(struct worker *w)
{
	uint64_t due;

	if (!w->going || w->draining || !schedule_due(w->schedule, &due)) {
		loop_timer_cancel(w->loop, &w->tick);
		return;
	}
	loop_timer_arm(w->loop, &w->tick, due - w->runner->wall_offset_ns, tick,
		w);
}

/* --- results --- */

static void overflow_flush(struct loop *l, void *owner)
{
	struct worker *w = owner;

	while (w->overflow) {
		struct parcel *p = w->overflow;

		if (!queue_send(w->runner->results, p))
			break;
		w->overflow = p->next;
	}
	if (!w->overflow)
		w->overflow_last = &w->overflow;
	else
		loop_timer_arm(l, &w->stall, loop_now_ns(l) + STALL_NS,
			overflow_flush, w);
	ended_check(w);
}

/* Never lost here: what the queue refuses waits, and nothing new starts. */
static void post(struct worker *w, const struct result *r)
{
	struct parcel *p = parcel_new(r);

	if (!w->overflow && queue_send(w->runner->results, p))
		return;
	*w->overflow_last = p;
	w->overflow_last = &p->next;
	loop_timer_arm(w->loop, &w->stall, loop_now_ns(w->loop) + STALL_NS,
		overflow_flush, w);
}

static const struct live *live_of(const struct live *live, size_t n,
	const struct region *r)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(live[i].region, r->full))
			return &live[i];
	return NULL;
}

static bool in_maintenance(const struct worker *w, const struct region *r)
{
	return window_open(w->plan->line->maintenances, r,
		       loop_wall_us(w->loop)) != NULL;
}

/* One record per missed slot, up to a bound per jump; all are counted. */
static void post_late(struct worker *w, const struct job *j, uint64_t at_ns,
	uint64_t missed)
{
	const struct live *live = live_of(w->live, w->nlive, j->region);
	struct result r = {
		.line = w->host.line,
		.env = j->region->env,
		.region = j->region->name,
		.vantage = w->host.vantage,
		.suite = j->suite->name,
		.role = j->role->name,
		.row = j->row_name,
		.deployment = live ? live->deployment : STR(""),
		.version = STR(""),
		.step = STR(""),
		.outcome = OUTCOME_LATE,
		.maintenance = in_maintenance(w, j->region),
	};

	add(&w->counters.late, missed);
	add(&w->counters.by_outcome[OUTCOME_LATE], missed);
	for (uint64_t i = 0; i < missed && i < LATE_TOLD && !w->overflow; i++) {
		r.started_us = (int64_t)((at_ns + i * j->every_ns) / 1000);
		post(w, &r);
	}
}

/* --- runs --- */

static void on_done(struct run *run, void *owner)
{
	struct worker *w = owner;
	const struct result *r = run_result(run);
	struct flight *f = w->flights;

	while (f->run != run)
		f = f->next;
	*f->self = f->next;
	if (f->next)
		f->next->self = f->self;
	add(&w->counters.ended, 1);
	add(&w->counters.by_outcome[r->outcome], 1);
	atomic_fetch_sub(&w->counters.in_flight, 1);
	atomic_store(&w->counters.silent, http_silent_retries(w->http));
	post(w, r);
	if (f->seat != UINT32_MAX) {
		/* what failed is seen again on connections of its own */
		if (w->seat[f->seat].pool && !outcome_ok(r->outcome))
			http_pool_drop(w->seat[f->seat].pool);
		schedule_done(w->schedule, f->seat, lattice_now(w));
		if (outcome_counts(r->outcome) &&
			w->seat[f->seat].failing == outcome_ok(r->outcome)) {
			w->seat[f->seat].failing = !outcome_ok(r->outcome);
			rate_set(w, f->seat);
		}
	}
	free(f);
	run_free(run);
	tick_arm(w);
	ended_check(w);
}

static struct str served_now(const struct worker *w, const struct region *r)
{
	const struct spot *s = &w->spot[r - w->plan->line->regions];

	if (!served_by_url(w->plan))
		return STR_NONE;
	if (s->version && s->until_ns > loop_now_ns(w->loop))
		return str_from(s->version);
	return STR("");
}

/* The same in all regions of a check, so that they stay side by side. */
static uint64_t jitter_ns(const struct job *j, uint64_t slot_ns)
{
	uint64_t most = j->suite->jitter_ms * MS;
	uint64_t key[2] = { j->check_hash, slot_ns / j->every_ns };

	if (!most)
		return 0;
	return hash64((struct str){ (const char *)key, sizeof(key) }) % most;
}

static void start(struct worker *w, const struct slot *slot)
{
	struct seat *seat = &w->seat[slot->job];
	const struct region *region = seat->job->region;
	const struct live *live = live_of(w->live, w->nlive, region);
	uint64_t late_us = (lattice_now(w) - slot->at_ns) / 1000;
	struct run_ask ask = { .job = seat->job,
		.plan = w->plan,
		.deployment = live ? live->deployment : STR(""),
		.deploy_version = live ? live->version : STR(""),
		.served = served_now(w, region),
		.pool = seat->pool,
		.number = ++seat->runs,
		.delay_ns = jitter_ns(seat->job, slot->at_ns),
		.extra = slot->extra,
		.late_us =
			late_us > UINT32_MAX ? UINT32_MAX : (uint32_t)late_us,
		.maintenance = in_maintenance(w, region) };
	struct flight *f = xcalloc(1, sizeof(*f));

	f->seat = slot->job;
	f->next = w->flights;
	f->self = &w->flights;
	if (f->next)
		f->next->self = &f->next;
	w->flights = f;
	add(&w->counters.started, 1);
	atomic_fetch_add(&w->counters.in_flight, 1);
	if (late_us > atomic_load(&w->counters.lag_max_us))
		atomic_store(&w->counters.lag_max_us, late_us);
	f->run = run_start(&w->host, &ask);
}

/* The run that goes on stands for the slot. */
static void take_slot(struct worker *w, uint32_t seat)
{
	for (struct flight *f = w->flights; f; f = f->next)
		if (f->seat == seat)
			run_take_slot(f->run);
}

static void tick(struct loop *l, void *owner)
{
	struct worker *w = owner;
	unsigned most = w->runner->options.max_in_flight;
	struct slot slot;

	(void)l;
	while (schedule_next(w->schedule, lattice_now(w), &slot)) {
		const struct job *j = w->seat[slot.job].job;

		if (slot.kind == SLOT_LATE) {
			post_late(w, j, slot.at_ns, slot.missed);
		} else if (slot.kind == SLOT_TAKEN) {
			take_slot(w, slot.job);
		} else if (w->overflow ||
			   atomic_load(&w->counters.in_flight) >= most) {
			schedule_done(w->schedule, slot.job, lattice_now(w));
			if (!slot.extra)
				post_late(w, j, slot.at_ns, 1);
		} else {
			start(w, &slot);
		}
	}
	tick_arm(w);
}

/* What serves a region has changed: kept connections lead to what was. */
static void pools_drop(struct worker *w, struct str region)
{
	for (uint32_t i = 0; i < w->nseats; i++)
		if (w->seat[i].pool &&
			str_eq(w->seat[i].job->region->full, region))
			http_pool_drop(w->seat[i].pool);
}

static void seats_free(struct seat *seat, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		http_pool_free(seat[i].pool);
	free(seat);
}

/* --- versions by URL --- */

static void version_keep(struct worker *w, struct str region, struct str v)
{
	const struct line *l = w->plan->line;

	for (size_t i = 0; i < l->nregions; i++) {
		struct spot *s = &w->spot[i];

		if (!str_eq(l->regions[i].full, region))
			continue;
		if (v.ptr && s->version && !str_eq(str_from(s->version), v))
			pools_drop(w, region);
		free(s->version);
		s->version = NULL;
		if (v.ptr) {
			s->version = xmalloc(v.len + 1);
			memcpy(s->version, v.ptr, v.len);
			s->version[v.len] = '\0';
		}
		s->until_ns = loop_now_ns(w->loop) +
			      (SERVED_EVERY_MS + SERVED_TIMEOUT_MS) * MS;
	}
}

static void on_version(const struct region *r, struct str version, void *owner)
{
	struct worker *w = owner;

	w->spot[r - w->plan->line->regions].fetch = NULL;
	version_keep(w, r->full, version);
	for (unsigned i = 0; i < w->runner->nworkers; i++) {
		struct worker *other = w->runner->worker[i];
		struct message *m;

		if (other == w || queue_length(other->mailbox) > MAILBOX / 2)
			continue; /* its version runs out: not told */
		m = xcalloc(1, sizeof(*m));
		m->kind = MESSAGE_VERSION;
		m->arena = arena_new();
		m->region = arena_str(m->arena, r->full);
		m->version = arena_str(m->arena, version);
		worker_send(other, m);
	}
}

/* Each region is asked for by one worker of the runner. */
static void refresh(struct loop *l, void *owner)
{
	struct worker *w = owner;
	const struct line *line = w->plan->line;

	if (!w->going || w->draining || !served_by_url(w->plan))
		return;
	for (size_t i = 0; i < line->nregions; i++) {
		const struct region *r = &line->regions[i];

		if (hash64(r->full) % w->runner->nworkers == w->index &&
			!w->spot[i].fetch && r->base_url.len)
			w->spot[i].fetch = served_start(w->http, l, w->plan, r,
				on_version, w);
	}
	loop_timer_arm(l, &w->refresh, loop_now_ns(l) + SERVED_EVERY_MS * MS,
		refresh, w);
}

static void spots_drop(struct worker *w)
{
	for (size_t i = 0; w->plan && i < w->plan->line->nregions; i++) {
		served_cancel(w->spot[i].fetch);
		free(w->spot[i].version);
	}
	free(w->spot);
	w->spot = NULL;
}

/* --- plans --- */

static struct str seat_key(const struct job *j, char *out, size_t size)
{
	int n = snprintf(out, size, "%.*s %.*s", STR_ARG(j->region->full),
		STR_ARG(j->check));

	return (struct str){ out, (size_t)n < size ? (size_t)n : size - 1 };
}

/* Seats of the plan's jobs that live here: all regions of a check together. */
static void seats_fill(struct worker *w, const struct plan *p)
{
	struct map *first = map_new();
	uint32_t n = 0;

	w->seat = xcalloc(p->njobs + 1, sizeof(*w->seat));
	for (size_t i = 0; i < p->njobs; i++) {
		struct seat *s = &w->seat[n];
		struct seat *head;

		if (p->job[i].check_hash % w->runner->nworkers != w->index)
			continue;
		s->job = &p->job[i];
		if (s->job->suite->http.connection == CONNECTION_POOL)
			s->pool = http_pool_new(w->http);
		head = map_get(first, s->job->check);
		s->next_of_check = head ? head->next_of_check : n;
		if (head)
			head->next_of_check = n;
		else
			map_set(first, s->job->check, s);
		n++;
	}
	w->nseats = n;
	map_free(first);
}

/* What was known of a job, and its run in flight, where the new plan has it. */
static void seats_move(struct worker *w, const struct seat *old, uint32_t nold)
{
	struct map *seats = map_new();
	char key[1024];

	for (uint32_t i = 0; i < w->nseats; i++)
		map_set(seats, seat_key(w->seat[i].job, key, sizeof(key)),
			&w->seat[i]);
	for (struct flight *f = w->flights; f; f = f->next) {
		struct seat *s;

		if (f->seat == UINT32_MAX)
			continue;
		s = map_get(seats,
			seat_key(old[f->seat].job, key, sizeof(key)));
		f->seat = s ? (uint32_t)(s - w->seat) : UINT32_MAX;
		if (s)
			schedule_occupy(w->schedule, f->seat,
				run_result(f->run)->extra);
	}
	for (uint32_t i = 0; i < nold; i++) {
		struct seat *s =
			map_get(seats, seat_key(old[i].job, key, sizeof(key)));

		if (s)
			s->failing = old[i].failing;
		if (old[i].fast)
			atomic_fetch_sub(&w->runner->fast, 1);
	}
	map_free(seats);
}

static void plan_take(struct worker *w, struct plan **p)
{
	struct seat *old = w->seat;
	uint32_t nold = w->nseats;
	uint64_t now = lattice_now(w);

	if (w->going && !w->draining)
		tick(w->loop, w); /* what is due belongs to the old plan */
	spots_drop(w);
	schedule_free(w->schedule);
	seats_fill(w, *p);
	w->schedule = schedule_new(w->nseats);
	for (uint32_t i = 0; i < w->nseats; i++) {
		const struct job *j = w->seat[i].job;

		schedule_add(w->schedule, i, j->every_ns, j->phase_ns,
			j->suite->on_overrun == OVERRUN_QUEUE, now + 1);
	}
	seats_move(w, old, nold);
	seats_free(old, nold);
	plan_unref(w->plan);
	w->plan = *p;
	*p = NULL;
	w->spot = xcalloc(w->plan->line->nregions + 1, sizeof(*w->spot));
	w->host.line = w->plan->line->name;
	refresh(w->loop, w);
	rates_set(w->loop, w);
}

/* --- messages --- */

static void abort_all(struct worker *w, const char *why)
{
	while (w->flights)
		run_abort(w->flights->run, why);
}

static void on_grace(struct loop *l, void *owner)
{
	(void)l;
	abort_all(owner, "the runner was stopped");
	ended_check(owner);
}

static void drain(struct worker *w, uint32_t grace_ms)
{
	w->draining = true;
	tick_arm(w);
	loop_timer_cancel(w->loop, &w->refresh);
	spots_drop(w);
	w->spot = xcalloc(w->plan->line->nregions + 1, sizeof(*w->spot));
	loop_timer_arm(w->loop, &w->grace, loop_now_ns(w->loop) + grace_ms * MS,
		on_grace, w);
	ended_check(w);
}

/* The thread ends when nothing is in flight and all was handed over. */
static void ended_check(struct worker *w)
{
	if (w->draining && !w->flights && !w->overflow)
		loop_stop(w->loop);
}

static bool live_same(const struct live *a, const struct live *b)
{
	return a && b && str_eq(a->deployment, b->deployment) &&
	       str_eq(a->version, b->version);
}

static void live_take(struct worker *w, struct message *m)
{
	for (size_t i = 0; i < w->plan->line->nregions; i++) {
		const struct region *r = &w->plan->line->regions[i];
		const struct live *was = live_of(w->live, w->nlive, r);
		const struct live *is = live_of(m->live, m->nlive, r);

		if ((was || is) && !live_same(was, is))
			pools_drop(w, r->full);
	}
	arena_free(w->live_arena);
	w->live_arena = m->arena;
	w->live = m->live;
	w->nlive = m->nlive;
	w->suspicion = m->suspicion;
	m->arena = NULL;
	rates_set(w->loop, w);
}

static void on_message(struct worker *w, struct message *m)
{
	switch (m->kind) {
	case MESSAGE_GO:
		/* slots before the lease was ours are nobody's */
		m->plan = plan_ref(w->plan);
		plan_take(w, &m->plan);
		w->going = true;
		refresh(w->loop, w);
		tick_arm(w);
		break;
	case MESSAGE_PLAN:
		plan_take(w, &m->plan);
		break;
	case MESSAGE_LIVE:
		live_take(w, m);
		break;
	case MESSAGE_VERSION:
		version_keep(w, m->region, m->version);
		break;
	case MESSAGE_DRAIN:
		drain(w, w->runner->options.grace_ms);
		break;
	case MESSAGE_STOP:
		drain(w, 0);
		break;
	}
}

static void on_wake(struct loop *l, void *owner)
{
	struct worker *w = owner;
	struct message *m;

	(void)l;
	while ((m = queue_receive(w->mailbox))) {
		on_message(w, m);
		message_free(m);
	}
}

/* --- the thread --- */

struct worker *worker_new(struct runner *r, unsigned index, struct err *e)
{
	struct worker *w = xcalloc(1, sizeof(*w));

	w->runner = r;
	w->index = index;
	w->overflow_last = &w->overflow;
	w->mailbox = queue_new(MAILBOX);
	w->loop = loop_new(r->clock, e);
	if (w->loop)
		w->resolver = resolver_new(w->loop, r->dns_servers, e);
	if (w->resolver)
		w->http = http_new(w->loop, w->resolver, e);
	if (w->http)
		w->probes = probes_new(w->loop, w->http, r->dns_servers);
	if (!w->http) {
		worker_free(w);
		return NULL;
	}
	loop_on_wake(w->loop, on_wake, w);
	w->host = (struct run_host){ .loop = w->loop,
		.http = w->http,
		.probes = w->probes,
		.same = r->same,
		.runner = str_from(r->id),
		.vantage = str_from(r->vantage),
		.line = r->plan->line->name,
		.seed = r->options.seed,
		.done = on_done,
		.owner = w };
	return w;
}

void worker_free(struct worker *w)
{
	struct message *m;

	if (!w)
		return;
	assert(!w->flights);
	while ((m = queue_receive(w->mailbox)))
		message_free(m);
	while (w->overflow) {
		struct parcel *p = w->overflow;

		w->overflow = p->next;
		parcel_free(p);
	}
	spots_drop(w);
	plan_unref(w->plan);
	schedule_free(w->schedule);
	seats_free(w->seat, w->nseats);
	arena_free(w->live_arena);
	http_free(w->http);
	probes_free(w->probes);
	resolver_free(w->resolver);
	loop_free(w->loop);
	queue_free(w->mailbox);
	free(w);
}

static void *worker_run(void *owner)
{
	struct worker *w = owner;
	struct runner *r = w->runner;
	struct err e = { 0 };

	if (!loop_run(w->loop, &e)) {
		abort_all(w, "the worker's loop is broken");
		runner_fail(r, &e);
	}
	/* the last one closes the queue: the sink writes the rest and ends */
	if (atomic_fetch_sub(&r->alive, 1) == 1)
		queue_close(r->results);
	return NULL;
}

bool worker_start(struct worker *w, struct err *e)
{
	struct plan *p = plan_ref(w->runner->plan);
	int rc;

	plan_take(w, &p);
	atomic_fetch_add(&w->runner->alive, 1);
	rc = pthread_create(&w->thread, NULL, worker_run, w);
	if (rc == 0)
		return true;
	atomic_fetch_sub(&w->runner->alive, 1);
	return err_set(e, ERR_IO, "worker thread: %s", strerrordesc_np(rc));
}

void worker_join(struct worker *w)
{
	pthread_join(w->thread, NULL);
}
