#include "runner/schedule.h"

#include <assert.h>
#include <stdlib.h>

#include "base/heap.h"
#include "base/oom.h"

struct entry {
	uint64_t every_ns, phase_ns;
	uint64_t plain_ns;   /* the slot of `every` that the next one is in */
	uint64_t waiting_ns; /* queued: the slot that waits */
	uint32_t index;      /* of the next slot behind plain_ns; 0: itself */
	uint32_t times;      /* slots in one `every` */
	uint32_t heap_slot;
	bool busy, queue, waits;
	bool extra; /* busy: with an extra run */
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

static uint64_t step_of(const struct entry *e)
{
	return e->every_ns / e->times;
}

static uint64_t slot_of(const struct entry *e)
{
	return e->plain_ns + e->index * step_of(e);
}

static void advance(struct entry *e, uint64_t slots)
{
	uint64_t index = e->index + slots;

	e->plain_ns += index / e->times * e->every_ns;
	e->index = (uint32_t)(index % e->times);
}

void schedule_add(struct schedule *s, uint32_t job, uint64_t every_ns,
	uint64_t phase_ns, bool queue, uint64_t now_ns)
{
	struct entry *e = entry_of(s, job);

	assert(every_ns > 0);
	e->every_ns = every_ns;
	e->phase_ns = phase_ns;
	e->queue = queue;
	e->times = 1;
	e->index = 0;
	e->plain_ns = slot_from(every_ns, phase_ns, now_ns);
	hang(s, e, slot_of(e));
}

void schedule_times(struct schedule *s, uint32_t job, uint32_t times,
	uint64_t now_ns)
{
	struct entry *e = entry_of(s, job);
	uint64_t next;
	uint64_t index;

	assert(times > 0 && times <= e->every_ns);
	if (e->times == times)
		return;
	/* a slot of `every` that is due is nobody's to take away */
	if (e->index != 0 || slot_of(e) > now_ns) {
		next = slot_from(e->every_ns, e->phase_ns, now_ns + 1);
		e->plain_ns = next;
		e->index = 0;
		e->times = times;
		if (times > 1 && next >= e->every_ns) {
			e->plain_ns -= e->every_ns;
			index = (now_ns - e->plain_ns) / step_of(e) + 1;
			advance(e, index < times ? index : times);
		}
	}
	e->times = times;
	hang(s, e, e->waits ? now_ns : slot_of(e));
}

bool schedule_due(const struct schedule *s, uint64_t *ret_ns)
{
	void *owner;

	return heap_peek(&s->heap, ret_ns, &owner);
}

static uint64_t tolerance(const struct entry *e)
{
	uint64_t quarter = step_of(e) / 4;

	return quarter < SCHEDULE_TOLERANCE_NS ? quarter
					       : SCHEDULE_TOLERANCE_NS;
}

static void start(struct entry *e, uint64_t at_ns, bool extra, struct slot *ret)
{
	ret->kind = SLOT_START;
	ret->at_ns = at_ns;
	ret->missed = 0;
	ret->extra = extra;
	e->busy = true;
	e->extra = extra;
}

/* Slots that are over; of them only those of `every` are missed. */
static bool miss(struct entry *e, uint64_t slots, struct slot *ret)
{
	uint64_t before = e->index ? e->times - e->index : 0;
	uint64_t plain =
		slots > before ? (slots - before - 1) / e->times + 1 : 0;

	ret->kind = SLOT_LATE;
	ret->at_ns = e->plain_ns + (e->index ? e->every_ns : 0);
	ret->missed = plain;
	ret->extra = false;
	advance(e, slots);
	return plain > 0;
}

/* One slot that is due; false: nothing to tell of it. */
static bool slot_take(struct entry *e, uint64_t now_ns, struct slot *ret)
{
	uint64_t at_ns = slot_of(e);
	uint64_t behind = now_ns - at_ns;
	/* whole slots that have passed since, and this one too when it is no
	 * longer fresh or can not start */
	uint64_t missed = behind / step_of(e);
	bool extra = e->index != 0;

	if (missed || !e->busy) {
		if (missed || behind > tolerance(e))
			return miss(e, missed ? missed : 1, ret);
		start(e, at_ns, extra, ret);
		advance(e, 1);
		return true;
	}
	if (!extra && e->extra) {
		/* the extra run that is still going stands for it */
		e->extra = false;
		ret->kind = SLOT_TAKEN;
		ret->at_ns = at_ns;
		ret->missed = 0;
		ret->extra = false;
		advance(e, 1);
		return true;
	}
	if (!extra && e->queue && !e->waits) {
		e->waits = true;
		e->waiting_ns = at_ns;
		advance(e, 1);
		return false;
	}
	return miss(e, 1, ret);
}

bool schedule_next(struct schedule *s, uint64_t now_ns, struct slot *ret)
{
	struct entry *e;
	uint64_t key;
	void *owner;

	for (;;) {
		bool told;

		if (!heap_peek(&s->heap, &key, &owner) || key > now_ns)
			return false;
		e = owner;
		ret->job = (uint32_t)(e - s->entry);
		if (e->waits && !e->busy) {
			/* it waited for the end of the run before it */
			e->waits = false;
			start(e, e->waiting_ns, false, ret);
			told = true;
		} else {
			/* of several, the newest may still be fresh: left for
			 * the next call */
			told = slot_take(e, now_ns, ret);
		}
		hang(s, e, slot_of(e));
		if (told)
			return true;
	}
}

void schedule_done(struct schedule *s, uint32_t job, uint64_t now_ns)
{
	struct entry *e = entry_of(s, job);

	assert(e->busy);
	e->busy = false;
	e->extra = false;
	if (e->waits)
		hang(s, e, now_ns);
}

bool schedule_busy(const struct schedule *s, uint32_t job)
{
	return entry_of(s, job)->busy;
}

void schedule_occupy(struct schedule *s, uint32_t job, bool extra)
{
	struct entry *e = entry_of(s, job);

	e->busy = true;
	e->extra = extra;
}
