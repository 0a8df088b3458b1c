#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "store/codec.h"
#include "store/feed.h"

/*
 * "Counts once, in one order": the same results, whatever the reads, the
 * resends and the interleaving of the regions, come out as one sequence.
 */
enum { LATE_US = 2000000, RESULTS_MAX = 4000 };
#define START_US INT64_C(1764000000000000)

static uint64_t random_state;

static uint64_t pick(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static const char *const names[] = { "r-a", "r-b", "r-c", "r-d" };
static const char *const regions[] = { "west", "east", "eu" };

struct sample {
	struct result r;
	int64_t arrival_us;
	int region;
};

static int by_arrival(const void *a, const void *b)
{
	const struct sample *x = a;
	const struct sample *y = b;

	if (x->arrival_us != y->arrival_us)
		return x->arrival_us < y->arrival_us ? -1 : 1;
	if (x->r.id.seq != y->r.id.seq)
		return x->r.id.seq < y->r.id.seq ? -1 : 1;
	return str_cmp(x->r.id.runner, y->r.id.runner);
}

static struct result result_of(const char *runner, uint64_t seq, int64_t end_us)
{
	return (struct result){ .id = { str_from(runner), 1, seq },
		.line = STR("orders"),
		.env = STR("prod"),
		.region = STR("west"),
		.suite = STR("s"),
		.attempts = 1,
		.started_us = end_us - 1000,
		.took_us = 1000 };
}

/* What the runners wrote, in the order in which the store took it. */
static size_t stream_make(struct sample *s, int runners, size_t per_runner,
	int lost_percent)
{
	size_t n = 0;

	for (int k = 0; k < runners; k++) {
		int64_t end = START_US + (int64_t)pick(100000);
		int64_t arrival = end;

		for (size_t i = 0; i < per_runner; i++) {
			int64_t took = (int64_t)pick(20000);

			end += (int64_t)pick(100000);
			if (arrival < end + took)
				arrival = end + took;
			if (i && i + 1 < per_runner &&
				pick(100) < (uint64_t)lost_percent)
				continue;
			/* workers finish out of order by a little */
			s[n].r = result_of(names[k], i + 1,
				end - (int64_t)pick(30000));
			s[n].region = (int)pick(3);
			s[n].r.region = str_from(regions[s[n].region]);
			s[n].arrival_us = arrival;
			n++;
		}
	}
	qsort(s, n, sizeof(*s), by_arrival);
	return n;
}

static void drain(struct feed *f, int64_t now, struct buf *out)
{
	struct result r;
	int64_t at;

	while (feed_next(f, now, &r, &at))
		buf_addf(out, "%.*s %llu %lld %.*s\n", STR_ARG(r.id.runner),
			(unsigned long long)r.id.seq, (long long)at,
			STR_ARG(r.region));
}

/* The end of the stream: nobody talks any more. */
static void finish(struct feed *f, int64_t now, struct buf *out)
{
	drain(f, now, out);
	drain(f, now + INT64_C(10) * LATE_US, out);
}

static struct feed *saved_and_loaded(struct feed *f)
{
	struct feed *g;
	struct buf state;

	buf_init(&state, 64 << 20);
	feed_save(f, &state);
	cr_assert_not(state.over);
	g = feed_load(buf_str(&state));
	cr_assert_not_null(g);
	buf_done(&state);
	feed_free(f);
	return g;
}

static struct feed_stats feed_clean(const struct sample *s, size_t n,
	struct buf *out)
{
	struct feed *f = feed_new(LATE_US);
	struct feed_stats stats;

	for (size_t i = 0; i < n; i++) {
		feed_add(f, &s[i].r);
		drain(f, s[i].arrival_us, out);
	}
	finish(f, s[n - 1].arrival_us, out);
	stats = feed_stats(f);
	feed_free(f);
	return stats;
}

/*
 * As a detector reads: chunks of up to `chunk` entries, region by region,
 * with resends; now and then it is killed and starts from its checkpoint.
 */
static struct feed_stats feed_dirty(const struct sample *s, size_t n,
	size_t chunk, bool killed, struct buf *out)
{
	struct feed *f = feed_new(LATE_US);
	struct feed_stats stats;

	for (size_t i = 0; i < n;) {
		size_t to = i + 1 + pick(chunk);

		if (to > n)
			to = n;
		/* one moment of the store is less than late_us wide here */
		while (s[to - 1].arrival_us - s[i].arrival_us > LATE_US / 4)
			to--;
		for (int region = 0; region < 3; region++) {
			for (size_t k = i; k < to; k++) {
				if (s[k].region != region)
					continue;
				feed_add(f, &s[k].r);
				if (pick(10) < 3)
					feed_add(f, &s[k - pick(k - i + 1)].r);
				if (pick(10) < 3 && k > 20)
					feed_add(f, &s[k - 20].r);
				if (killed && pick(7) == 0)
					f = saved_and_loaded(f);
			}
		}
		if (pick(2))
			drain(f, s[to - 1].arrival_us, out);
		i = to;
	}
	finish(f, s[n - 1].arrival_us, out);
	stats = feed_stats(f);
	feed_free(f);
	return stats;
}

static void same_text(const struct buf *a, const struct buf *b)
{
	size_t i = 0;

	while (i < a->len && i < b->len && a->ptr[i] == b->ptr[i])
		i++;
	cr_assert(i == a->len && i == b->len,
		"differ at byte %zu: '%.60s'"
		" is not '%.60s'",
		i, a->ptr + (i < 30 ? 0 : i - 30),
		b->ptr + (i < 30 ? 0 : i - 30));
}

static void property(int lost_percent, bool killed)
{
	struct sample *s = xcalloc(RESULTS_MAX, sizeof(*s));
	struct buf clean, dirty;

	buf_init(&clean, 16 << 20);
	buf_init(&dirty, 16 << 20);
	for (uint64_t seed = 1; seed <= 40; seed++) {
		int runners = 1 + (int)(seed % 4);
		struct feed_stats want, got;
		size_t n;

		random_state = seed * UINT64_C(0x9e3779b97f4a7c15);
		n = stream_make(s, runners, killed ? 100 : 400, lost_percent);
		buf_clear(&clean);
		buf_clear(&dirty);
		want = feed_clean(s, n, &clean);
		got = feed_dirty(s, n, 1 + seed % 60, killed, &dirty);
		same_text(&clean, &dirty);
		cr_assert_eq(want.fed, n);
		cr_assert_eq(want.duplicates, 0);
		cr_assert_eq(got.fed, n);
		cr_assert_gt(got.duplicates, 0);
		cr_assert_eq(got.gaps, want.gaps);
		cr_assert_eq(want.gaps,
			(uint64_t)runners * (killed ? 100 : 400) - n);
	}
	buf_done(&clean);
	buf_done(&dirty);
	free(s);
}

Test(feed, duplicates_chunks_and_interleaving_change_nothing)
{
	property(0, false);
}

Test(feed, gaps_are_counted_and_change_no_order)
{
	property(5, false);
}

Test(feed, saved_and_loaded_anywhere_it_goes_on_the_same)
{
	property(3, true);
}

static struct feed *f;
static struct buf out;

static void setup(void)
{
	f = feed_new(LATE_US);
	buf_init(&out, 1 << 20);
}

static void teardown(void)
{
	feed_free(f);
	buf_done(&out);
}

TestSuite(feed_case, .init = setup, .fini = teardown);

static void add(const char *runner, uint64_t epoch, uint64_t seq, int64_t ms)
{
	struct result r = result_of(runner, seq, START_US + ms * 1000);

	r.id.epoch = epoch;
	feed_add(f, &r);
}

static bool next_is(const char *runner, uint64_t seq, int64_t at_ms)
{
	struct result r;
	int64_t at;

	if (!feed_next(f, START_US, &r, &at))
		return false;
	return str_eq(r.id.runner, str_from(runner)) && r.id.seq == seq &&
	       at == START_US + at_ms * 1000;
}

Test(feed_case, one_runner_is_fed_without_delay_once_it_is_known)
{
	add("a", 1, 1, 0);
	cr_assert_not(next_is("a", 1, 0));
	add("a", 1, 2, 2500);
	cr_assert(next_is("a", 1, 0));
	cr_assert(next_is("a", 2, 2500));
	add("a", 1, 3, 2600);
	cr_assert(next_is("a", 3, 2600));
}

/* Its checks may be apart for longer than the window is wide. */
Test(feed_case, a_living_runner_holds_the_others_for_the_window)
{
	add("a", 1, 1, 0);
	add("b", 1, 1, 100);
	add("a", 1, 2, 10000);
	cr_assert(next_is("a", 1, 0));
	cr_assert(next_is("b", 1, 100));
	cr_assert_not(next_is("a", 2, 10000), "b may still bring 9000");
	add("b", 1, 2, 9000);
	cr_assert(next_is("b", 2, 9000));
	cr_assert_not(next_is("a", 2, 10000));
	add("a", 1, 3, 12001);
	cr_assert(next_is("a", 2, 10000), "and is waited for no longer");
	add("b", 1, 3, 9900);
	cr_assert(next_is("b", 3, 10000), "late: fed at the watermark");
	cr_assert_eq(feed_stats(f).late, 1);
	add("b", 1, 4, 12002);
	cr_assert(next_is("a", 3, 12001));
}

Test(feed_case, who_was_silent_for_an_hour_holds_nobody)
{
	add("a", 1, 1, 0);
	add("b", 1, 1, 100);
	add("a", 1, 2, 3600099);
	cr_assert(next_is("a", 1, 0));
	cr_assert(next_is("b", 1, 100));
	cr_assert_not(next_is("a", 2, 3600099));
	add("a", 1, 3, 3600100);
	cr_assert(next_is("a", 2, 3600099));
	cr_assert(next_is("a", 3, 3600100));
}

/* a's second one comes 5 s late, when b's has long been let out by the clock,
 * or would have been. */
static const struct {
	const char *runner;
	uint64_t seq;
	int64_t end_ms, arrived_ms;
} silence[] = { { "a", 1, 0, 0 }, { "b", 1, 1, 1 }, { "b", 2, 5000, 5000 },
	{ "a", 2, 4000, 9000 }, { "b", 3, 12000, 12000 } };

Test(feed_case, a_silence_in_the_stamps_is_one_of_the_clock)
{
	struct buf lived;

	buf_init(&lived, 1 << 16);
	for (int live = 1; live >= 0; live--) {
		struct feed *g = feed_new(LATE_US);
		int64_t now = START_US;

		for (size_t i = 0; i < sizeof(silence) / sizeof(silence[0]);
			i++) {
			struct result r =
				result_of(silence[i].runner, silence[i].seq,
					START_US + silence[i].end_ms * 1000);

			r.arrived_us = START_US + silence[i].arrived_ms * 1000;
			for (; live && now < r.arrived_us; now += 500000)
				drain(g, now, &lived);
			feed_add(g, &r);
		}
		finish(g, START_US + 12000000, live ? &lived : &out);
		cr_expect_eq(feed_stats(g).late, 1);
		feed_free(g);
	}
	same_text(&lived, &out);
	buf_done(&lived);
}

Test(feed_case, with_nobody_talking_the_clock_lets_them_out)
{
	struct result r;
	int64_t at;

	add("a", 1, 1, 0);
	add("a", 1, 3, 10);
	cr_assert_not(feed_next(f, START_US + 5000000, &r, &at),
		"catching up: now is far ahead, more is to be read");
	add("a", 1, 4, 20);
	cr_assert_not(feed_next(f, START_US + 5000001, &r, &at));
	cr_assert_not(feed_next(f, START_US + 6999999, &r, &at));
	cr_assert(feed_next(f, START_US + 7000001, &r, &at));
	cr_assert_eq(r.id.seq, 1);
	cr_assert(feed_next(f, START_US + 7000001, &r, &at));
	cr_assert_eq(r.id.seq, 3);
	cr_assert_eq(feed_stats(f).gaps, 1);
}

Test(feed_case, a_missing_one_that_comes_after_all_is_fed_and_no_gap)
{
	add("a", 1, 1, 0);
	add("a", 1, 3, 100);
	add("a", 1, 4, 2200);
	cr_assert(next_is("a", 1, 0));
	cr_assert_eq(feed_lost_us(f), 0);
	cr_assert(next_is("a", 3, 100));
	cr_assert_eq(feed_lost_us(f), START_US, "2 is missing before it");
	cr_assert(next_is("a", 4, 2200));
	cr_assert_eq(feed_lost_us(f), 0);
	cr_assert_eq(feed_stats(f).gaps, 1);
	add("a", 1, 2, 50);
	add("a", 1, 2, 50);
	cr_assert(next_is("a", 2, 2200));
	cr_assert_not(next_is("a", 2, 2200));
	cr_assert_eq(feed_stats(f).gaps, 0);
	cr_assert_eq(feed_stats(f).duplicates, 1);
}

Test(feed_case, of_a_restarted_runner_the_former_life_ends)
{
	add("a", 1, 1, 0);
	add("a", 1, 3, 100);
	add("a", 2, 1, 200);
	add("a", 1, 2, 50);
	add("a", 2, 2, 2300);
	cr_assert(next_is("a", 1, 0));
	cr_assert(next_is("a", 3, 100));
	cr_assert(next_is("a", 1, 200));
	cr_assert(next_is("a", 2, 2300));
	cr_assert_eq(feed_stats(f).gaps, 1);
	cr_assert_eq(feed_stats(f).duplicates, 1);
}

Test(feed_case, a_start_in_the_middle_is_no_gap)
{
	add("a", 1, 501, 10);
	add("a", 1, 500, 0);
	add("a", 1, 502, 2500);
	cr_assert(next_is("a", 500, 0));
	cr_assert(next_is("a", 501, 10));
	cr_assert(next_is("a", 502, 2500));
	cr_assert_eq(feed_stats(f).gaps, 0);
}

Test(feed_case, evidence_comes_through)
{
	struct evidence e = { .message = STR("status 502 != 201") };
	struct result r = result_of("a", 1, START_US);
	int64_t at;

	r.outcome = OUTCOME_FAIL;
	r.evidence = &e;
	feed_add(f, &r);
	add("a", 1, 2, 2500);
	cr_assert(feed_next(f, START_US, &r, &at));
	cr_assert(str_eq(r.evidence->message, STR("status 502 != 201")));
	cr_assert(str_eq(r.line, STR("orders")));
	cr_assert(str_eq(r.env, STR("prod")));
}

Test(feed_case, a_damaged_state_is_refused_at_every_byte)
{
	add("a", 1, 1, 0);
	add("b", 1, 5, 10);
	add("a", 1, 4, 20);
	feed_save(f, &out);
	for (size_t n = 0; n < out.len; n++)
		cr_assert_null(feed_load((struct str){ out.ptr, n }), "%zu", n);
	for (size_t i = 0; i < out.len; i++) {
		struct feed *g;
		struct result r;
		int64_t at;

		out.ptr[i] ^= (char)0x81;
		g = feed_load(buf_str(&out));
		while (g && feed_next(g, START_US * 2, &r, &at))
			;
		feed_free(g);
		out.ptr[i] ^= (char)0x81;
	}
}
