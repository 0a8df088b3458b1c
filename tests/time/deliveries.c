/*
 * The same results, delivered in another way: what the judges hold is the
 * same, byte for byte, on the whole way that a detector process goes (store,
 * feed, credit, watch).
 */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/hearing.h"

static const struct hearing_case cases[] = {
	{ "calm", 4, 1, 0, 0, .history_s = 300 },
	{ "some fail", 4, 2, .03, .03, .history_s = 300 },
	{ "worse", 4, 1, .02, .4, .extras = true, .history_s = 300 },
	{ "slower", 4, 1, .01, .01, 3, .history_s = 400 },
	{ "slower, asked more often", 3, 2, .01, .05, 2.5, .extras = true,
		.history_s = 400 },
	{ "alone", 4, 0, .02, .1, 1.5, .history_s = 300 },
	{ "few", 1, 1, .1, .4, .extras = true, .history_s = 400 },
};

#define NCASES (sizeof(cases) / sizeof(cases[0]))

/* Counts of what the two heard differently; 0: nothing, to the last bit. */
static unsigned differ(const struct heard *a, const struct heard *b)
{
	const struct judgement *x = &a->judgement;
	const struct judgement *y = &b->judgement;

	return !str_eq(a->credit, b->credit) + !str_eq(a->watch, b->watch) +
	       (memcmp(&x->evidence, &y->evidence, sizeof(double)) != 0) +
	       (memcmp(&x->excluded_rise, &y->excluded_rise, sizeof(double)) !=
		       0) +
	       (memcmp(&x->rise_over_past, &y->rise_over_past,
			sizeof(double)) != 0) +
	       (x->verdict != y->verdict) + (x->halted_us != y->halted_us) +
	       (x->credited_s != y->credited_s) + !str_eq(x->rule, y->rule) +
	       !str_eq(x->waiting, y->waiting);
}

static void same(const struct delivery *clean_way, const struct delivery *d,
	uint64_t seeds)
{
	for (size_t k = 0; k < NCASES; k++)
		for (uint64_t seed = 1; seed <= seeds; seed++) {
			struct hearing h;
			struct heard clean;
			struct heard other;

			hearing_init(&h, &cases[k], 100 * k + seed);
			clean = hearing_hold(&h, clean_way, seed);
			other = hearing_hold(&h, d, seed);
			cr_expect_eq(differ(&clean, &other), 0,
				"%s, seed %d: evidence %.17g and %.17g",
				cases[k].name, (int)seed,
				clean.judgement.evidence,
				other.judgement.evidence);
			hearing_done(&h);
		}
}

static void same_as_clean(const struct delivery *d)
{
	same(&(struct delivery){ 0 }, d, 2);
}

/* The cases are worth something: there is evidence, a halt and a pass. */
Test(deliveries, the_cases_cover_each_verdict)
{
	unsigned verdict[3] = { 0 };

	for (size_t k = 0; k < NCASES; k++) {
		struct hearing h;
		struct heard clean;

		hearing_init(&h, &cases[k], 100 * k + 1);
		clean = hearing_hold(&h, &(struct delivery){ 0 }, 1);
		verdict[clean.judgement.verdict]++;
		cr_expect_gt(clean.judgement.credited_s, HEARING_SOAK_S - 60);
		hearing_done(&h);
	}
	cr_expect(verdict[VERDICT_PASS] && verdict[VERDICT_HALT] &&
		  verdict[VERDICT_UNDECIDED]);
}

Test(deliveries, late_within_the_window_is_the_same)
{
	same_as_clean(&(struct delivery){ .late_s = 1.9 });
}

Test(deliveries, written_twice_is_the_same)
{
	same_as_clean(&(struct delivery){ .twice = .4 });
}

Test(deliveries, late_twice_and_read_once_a_second_is_the_same)
{
	same_as_clean(&(struct delivery){ .late_s = 1.9,
		.twice = .3,
		.read_ms = 1000 });
}

/* A detector that begins when all is over: hours behind. */
Test(deliveries, read_all_at_once_is_the_same)
{
	same_as_clean(&(struct delivery){ .late_s = 1.9,
		.twice = .3,
		.all_at_once = true });
}

Test(deliveries, a_checkpoint_behind_every_result_is_the_same)
{
	static const struct delivery as_they_come = { 0 };

	same(&as_they_come, &(struct delivery){ .saved = 1 }, 1);
	same(&as_they_come,
		&(struct delivery){ .late_s = 1.9,
			.twice = .3,
			.saved = .2,
			.read_ms = 700 },
		1);
}

/* What is lost spoils the credit of its own time, whenever it is noticed. */
Test(deliveries, of_a_stream_with_losses_too)
{
	static const struct delivery as_they_come = { .lost_each = 37 };

	same(&as_they_come,
		&(struct delivery){ .lost_each = 37, .all_at_once = true }, 1);
	same(&as_they_come,
		&(struct delivery){ .lost_each = 37,
			.late_s = 1.9,
			.saved = .2,
			.read_ms = 1000 },
		1);
}
