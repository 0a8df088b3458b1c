#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "runner/plan.h"
#include "runner/schedule.h"

#define SECOND 1000000000ULL

enum { JOBS = 10000, BINS = 100 };

static const uint64_t t0 = 1770000000ULL * SECOND + 123456789;

static uint64_t phase_of(uint32_t job, uint64_t every)
{
	char name[32];

	snprintf(name, sizeof(name), "suite-%u/default/", job);
	return job_phase_ns(hash64(str_from(name)), hash64(STR("prod/west")),
		every, NULL);
}

/* Every start of a virtual hour stands on its job's lattice, each slot once,
 * and the starts are spread evenly. */
Test(schedule, ten_thousand_jobs_over_a_virtual_hour)
{
	struct schedule *s = schedule_new(JOBS);
	static uint64_t starts[JOBS], newest[JOBS], phase[JOBS];
	static const uint64_t every[] = { 10 * SECOND, 30 * SECOND,
		60 * SECOND };
	size_t bin[BINS] = { 0 };
	uint64_t now = 0;
	size_t in_bins = 0;
	double chi = 0;
	struct slot slot;

	for (uint32_t i = 0; i < JOBS; i++) {
		phase[i] = phase_of(i, every[i % 3]);
		schedule_add(s, i, every[i % 3], phase[i], false, t0);
	}
	while (schedule_due(s, &now) && now < t0 + 3600 * SECOND)
		while (schedule_next(s, now, &slot)) {
			uint64_t e = every[slot.job % 3];

			cr_assert_eq(slot.kind, SLOT_START);
			cr_assert_eq(slot.at_ns, now);
			cr_assert_eq(slot.at_ns % e, phase[slot.job]);
			if (newest[slot.job])
				cr_assert_eq(slot.at_ns - newest[slot.job], e);
			newest[slot.job] = slot.at_ns;
			starts[slot.job]++;
			if (e == 10 * SECOND && in_bins < 3334) {
				bin[slot.at_ns % e * BINS / e]++;
				in_bins++;
			}
			schedule_done(s, slot.job, now);
		}
	for (uint32_t i = 0; i < JOBS; i++)
		cr_assert_eq(starts[i], 3600 * SECOND / every[i % 3]);
	for (size_t i = 0; i < BINS; i++) {
		double want = (double)in_bins / BINS;

		chi += ((double)bin[i] - want) * ((double)bin[i] - want) / want;
	}
	/* 99 degrees of freedom: above 160 once in ten thousand times */
	cr_assert_lt(chi, 160, "chi-square %.1f", chi);
	schedule_free(s);
}

/* The machine stands still for 90 s: what was missed is counted to the slot,
 * and what starts at once is no more than a quarter of a second's worth. */
Test(schedule, a_jump_makes_no_burst)
{
	struct schedule *s = schedule_new(JOBS);
	uint64_t every = 10 * SECOND;
	uint64_t jump = t0 + 90 * SECOND;
	uint64_t now = 0;
	uint64_t late = 0;
	uint64_t started = 0;
	struct slot slot;

	for (uint32_t i = 0; i < JOBS; i++)
		schedule_add(s, i, every, phase_of(i, every), false, t0);
	while (schedule_next(s, jump, &slot)) {
		if (slot.kind == SLOT_LATE)
			late += slot.missed;
		else
			started++;
		if (slot.kind == SLOT_START)
			schedule_done(s, slot.job, jump);
	}
	cr_assert_eq(late + started, 9 * JOBS);
	cr_assert_lt(started, JOBS / 40 * 3 / 2, "%lu at once", started);
	/* and from there on every slot again */
	while (schedule_due(s, &now) && now < jump + every) {
		cr_assert(schedule_next(s, now, &slot));
		cr_assert_eq(slot.kind, SLOT_START);
		cr_assert_eq(slot.at_ns, now);
		schedule_done(s, slot.job, now);
	}
	schedule_free(s);
}

Test(schedule, a_run_that_overruns_makes_its_slots_late)
{
	struct schedule *s = schedule_new(1);
	struct slot slot;

	schedule_add(s, 0, 10 * SECOND, 0, false, 0);
	cr_assert(schedule_next(s, 0, &slot));
	cr_assert_eq(slot.kind, SLOT_START);
	cr_assert(schedule_next(s, 10 * SECOND, &slot));
	cr_assert_eq(slot.kind, SLOT_LATE);
	cr_assert_eq(slot.missed, 1);
	cr_assert(!schedule_next(s, 12 * SECOND, &slot));
	schedule_done(s, 0, 15 * SECOND);
	cr_assert(!schedule_next(s, 15 * SECOND, &slot), "not made up");
	cr_assert(schedule_next(s, 20 * SECOND, &slot));
	cr_assert_eq(slot.kind, SLOT_START);
	schedule_free(s);
}

Test(schedule, queue_keeps_one_slot_and_no_more)
{
	struct schedule *s = schedule_new(1);
	struct slot slot;

	schedule_add(s, 0, 10 * SECOND, 0, true, 0);
	cr_assert(schedule_next(s, 0, &slot));
	cr_assert(!schedule_next(s, 10 * SECOND, &slot), "it waits");
	cr_assert(schedule_next(s, 20 * SECOND, &slot));
	cr_assert_eq(slot.kind, SLOT_LATE);
	schedule_done(s, 0, 25 * SECOND);
	cr_assert(schedule_next(s, 25 * SECOND, &slot));
	cr_assert_eq(slot.kind, SLOT_START);
	cr_assert_eq(slot.at_ns, 10 * SECOND);
	schedule_done(s, 0, 26 * SECOND);
	cr_assert(!schedule_next(s, 26 * SECOND, &slot));
	schedule_free(s);
}

/* Starts until `to`, each run takes `takes`; what they were. */
struct seen {
	unsigned plain, extra, late, taken;
};

static struct seen pass(struct schedule *s, uint64_t to, uint64_t takes)
{
	struct seen n = { 0 };
	uint64_t ends = UINT64_MAX;
	uint64_t now = 0;
	struct slot slot;

	while (schedule_due(s, &now) && (now = now < ends ? now : ends) < to) {
		if (ends == now) {
			schedule_done(s, 0, now);
			ends = UINT64_MAX;
		}
		while (schedule_next(s, now, &slot)) {
			n.late += slot.kind == SLOT_LATE;
			n.taken += slot.kind == SLOT_TAKEN;
			if (slot.kind != SLOT_START)
				continue;
			n.plain += !slot.extra;
			n.extra += slot.extra;
			cr_assert_eq(slot.extra,
				slot.at_ns % (10 * SECOND) != 3 * SECOND);
			ends = now + takes;
		}
	}
	if (ends != UINT64_MAX)
		schedule_done(s, 0, ends);
	return n;
}

/* The slots of `every` stay where they are; the others lie between them. */
Test(schedule, asking_more_often_only_adds)
{
	struct schedule *s = schedule_new(1);
	struct seen n;
	uint64_t due;

	schedule_add(s, 0, 10 * SECOND, 3 * SECOND, false, 0);
	n = pass(s, 34 * SECOND, SECOND / 10);
	cr_assert_eq(n.plain, 4);
	schedule_times(s, 0, 4, 34 * SECOND);
	cr_assert(schedule_due(s, &due));
	cr_assert_eq(due, 355 * SECOND / 10, "33 + 2.5: %g s", due / 1e9);
	n = pass(s, 74 * SECOND, SECOND / 10);
	cr_assert_eq(n.plain, 4);
	cr_assert_eq(n.extra, 12);
	schedule_times(s, 0, 1, 79 * SECOND);
	n = pass(s, 100 * SECOND, SECOND / 10);
	cr_assert_eq(n.plain, 2);
	cr_assert_eq(n.extra, 0);
	cr_assert_eq(n.late, 0);
	schedule_free(s);
}

/* An extra run that hangs takes no slot of `every` away: it stands for it.
 * The next one, met by a run that stands for a slot, is late as ever. */
Test(schedule, an_extra_run_that_hangs_stands_for_the_slot_that_it_meets)
{
	struct schedule *s = schedule_new(1);
	struct seen n;

	schedule_add(s, 0, 10 * SECOND, 3 * SECOND, false, 0);
	schedule_times(s, 0, 5, SECOND);
	n = pass(s, 1000 * SECOND, 5 * SECOND);
	cr_assert_eq(n.plain + n.taken, 100);
	cr_assert_eq(n.late, 0);
	cr_assert_gt(n.taken, 0);
	schedule_free(s);
}

/* A due slot of `every` is told, whatever the rate becomes meanwhile. */
Test(schedule, a_changed_rate_takes_no_due_slot_away)
{
	struct schedule *s = schedule_new(1);
	struct slot slot;

	schedule_add(s, 0, 10 * SECOND, 3 * SECOND, false, 0);
	schedule_times(s, 0, 3, 3 * SECOND + SECOND / 10);
	cr_assert(schedule_next(s, 3 * SECOND + SECOND / 10, &slot));
	cr_assert_eq(slot.kind, SLOT_START);
	cr_assert_eq(slot.at_ns, 3 * SECOND);
	cr_assert_not(slot.extra);
	schedule_free(s);
}

/* The same check in two regions: asked side by side. */
Test(schedule, regions_of_a_check_stand_side_by_side)
{
	uint64_t every = 30 * SECOND;
	uint64_t check = hash64(STR("pay/default/"));
	uint64_t west_off;
	uint64_t east_off;
	uint64_t west =
		job_phase_ns(check, hash64(STR("prod/west")), every, &west_off);
	uint64_t east =
		job_phase_ns(check, hash64(STR("prod/east")), every, &east_off);

	cr_assert_lt(west_off, SECOND);
	cr_assert_lt(east_off, SECOND);
	cr_assert_eq((west + every - west_off) % every,
		(east + every - east_off) % every);
}
