#include "runner/schedule.h"

#include <assert.h>
#include <stdlib.h>

#include "base/heap.h"
#include "base/oom.h"

struct entry {
	uint64_t every_ns, phase_ns, slot_ns; /* slot: the next one */
	uint64_t waiting_ns;                  /* queued: the slot that waits */
	uint32_t heap_slot;
	bool busy, queue, waits;
};

struct schedule {
	struct heap heap; /* of entries by their next slot */
	struct entry *entry;
	size_t jobs;
};

struct schedule *schedule_new(size_t jobs)
{
	struct schedule *s = xcalloc(1, sizeof(*s));

	heap_init(&s->heap);
	s->entry = xcalloc(jobs ? jobs : 1, sizeof(*s->entry));
	s->jobs = jobs;
	return s;
}

void schedule_free(struct schedule *s)
{
	if (!s)
		return;
	heap_done(&s->heap);
	free(s->entry);
	free(s);
}

static struct entry *entry_of(const struct schedule *s, uint32_t job)
{
	assert(job < s->jobs);
	return &s->entry[job];
}

/* The first slot of a lattice at or after a time. */
static uint64_t slot_from(uint64_t every, uint64_t phase, uint64_t now)
{
	uint64_t past = (now + every - phase % every) % every;

	return past ? now - past + every : now;
}

static void hang(struct schedule *s, struct entry *e, uint64_t key)
{
	if (e->heap_slot)
		heap_remove(&s->heap, e->heap_slot);
	heap_add(&s->heap, key, e, &e->heap_slot);
}

void schedule_add(struct schedule *s, uint32_t job, uint64_t every_ns,
	uint64_t phase_ns, bool queue, uint64_t now_ns)
{
	struct entry *e = entry_of(s, job);

	assert(every_ns > 0);
	e->every_ns = every_ns;
	e->phase_ns = phase_ns;
	e->queue = queue;
	e->slot_ns = slot_from(every_ns, phase_ns, now_ns);
	hang(s, e, e->slot_ns);
}

void schedule_set(struct schedule *s, uint32_t job, uint64_t every_ns,
	uint64_t phase_ns, uint64_t now_ns)
{
	struct entry *e = entry_of(s, job);

	assert(every_ns > 0);
	if (e->every_ns == every_ns && e->phase_ns == phase_ns)
		return;
	e->every_ns = every_ns;
	e->phase_ns = phase_ns;
	e->slot_ns = slot_from(every_ns, phase_ns, now_ns + 1);
	hang(s, e, e->waits ? now_ns : e->slot_ns);
}

bool schedule_due(const struct schedule *s, uint64_t *ret_ns)
{
	void *owner;

	return heap_peek(&s->heap, ret_ns, &owner);
}

static uint64_t tolerance(const struct entry *e)
{
	return e->every_ns / 4 < SCHEDULE_TOLERANCE_NS ? e->every_ns / 4
						       : SCHEDULE_TOLERANCE_NS;
}

/* A slot that waited for the end of the run before it. */
static void start_waiting(struct schedule *s, struct entry *e, struct slot *ret)
{
	ret->kind = SLOT_START;
	ret->at_ns = e->waiting_ns;
	ret->missed = 0;
	e->waits = false;
	e->busy = true;
	hang(s, e, e->slot_ns);
}

bool schedule_next(struct schedule *s, uint64_t now_ns, struct slot *ret)
{
	struct entry *e;
	uint64_t key;
	uint64_t behind;
	uint64_t missed;
	void *owner;

	for (;;) {
		if (!heap_peek(&s->heap, &key, &owner) || key > now_ns)
			return false;
		e = owner;
		ret->job = (uint32_t)(e - s->entry);
		if (e->waits && !e->busy) {
			start_waiting(s, e, ret);
			return true;
		}
		behind = now_ns - e->slot_ns;
		/* whole slots that have passed since, and this one too when
		 * it is no longer fresh or can not start */
		missed = behind / e->every_ns;
		if (!missed && !e->busy && behind <= tolerance(e)) {
			ret->kind = SLOT_START;
			ret->at_ns = e->slot_ns;
			ret->missed = 0;
			e->busy = true;
			e->slot_ns += e->every_ns;
			hang(s, e, e->slot_ns);
			return true;
		}
		if (!missed && e->busy && e->queue && !e->waits) {
			e->waits = true;
			e->waiting_ns = e->slot_ns;
			e->slot_ns += e->every_ns;
			hang(s, e, e->slot_ns);
			continue;
		}
		/* of several, the newest may still be fresh: left for the next
		 * call */
		missed = missed ? missed : 1;
		ret->kind = SLOT_LATE;
		ret->at_ns = e->slot_ns;
		ret->missed = missed;
		e->slot_ns += missed * e->every_ns;
		hang(s, e, e->slot_ns);
		return true;
	}
}

void schedule_done(struct schedule *s, uint32_t job, uint64_t now_ns)
{
	struct entry *e = entry_of(s, job);

	assert(e->busy);
	e->busy = false;
	if (e->waits)
		hang(s, e, now_ns);
}

bool schedule_busy(const struct schedule *s, uint32_t job)
{
	return entry_of(s, job)->busy;
}

void schedule_occupy(struct schedule *s, uint32_t job)
{
	entry_of(s, job)->busy = true;
}
