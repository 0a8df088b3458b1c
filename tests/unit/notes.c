/*
 * What a detector tells beside its judgements, suspicion and pulses, in both
 * kinds of store: whole, fenced, with its times; and never half understood.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "gate/policy.h"
#include "store/redis.h"
#include "store/store.h"
#include "tests/support/orders.h"
#include "tests/support/redis_server.h"

static struct arena *arena;
static struct clock_virtual clock_now;
static struct store_hub *hub;
static struct redis_server *server;
static struct store *one, *two;
static struct err error;

#define OK(call) cr_assert((call), "%s", error.text)

static void setup(void)
{
	arena = arena_new();
	clock_virtual_init(&clock_now, ORDERS_NOW_US);
	hub = store_hub_new(&clock_now.base);
	one = store_memory(hub, STR("orders"));
	two = store_memory(hub, STR("orders"));
}

static void setup_redis(void)
{
	arena = arena_new();
	server = redis_server_start();
	if (!server)
		return; /* not installed: said once, by the server's helper */
	one = store_open(redis_server_url(server), STR("orders"), 5000, &error);
	two = store_open(redis_server_url(server), STR("orders"), 5000, &error);
	cr_assert(one && two, "%s", error.text);
}

static void teardown(void)
{
	store_free(one);
	store_free(two);
	redis_server_stop(server);
	if (hub)
		store_hub_free(hub);
	arena_free(arena);
}

TestSuite(notes_memory, .init = setup, .fini = teardown);
TestSuite(notes_redis, .init = setup_redis, .fini = teardown);

static struct suspicion a_suspicion(uint64_t epoch, struct suspect *suspect)
{
	struct str *arms = ARENA_ARRAY(arena, 2, struct str);

	arms[0] = STR("prod/west");
	arms[1] = STR("prod/east");
	*suspect = (struct suspect){ .suite = STR("orders"),
		.role = STR("tester"),
		.row = STR("a=\"1\"\xc3\xa4"),
		.region = arms,
		.nregions = 2,
		.from_us = ORDERS_NOW_US,
		.until_us = ORDERS_NOW_US + 5000000,
		.evidence = 3.25 };
	return (struct suspicion){ epoch, suspect, 1 };
}

static struct pulses a_pulse(uint64_t epoch, struct pulse *p,
	struct pulse_check *down)
{
	*down = (struct pulse_check){ .name = STR("orders/tester"),
		.since_us = ORDERS_NOW_US - 9000000,
		.runs = 9,
		.failed = 8 };
	*p = (struct pulse){ .region = STR("prod/west"),
		.epoch = epoch,
		.at_us = ORDERS_NOW_US,
		.state = PULSE_SICK,
		.since_us = ORDERS_NOW_US - 9000000,
		.recovered_us = 0,
		.newest_us = ORDERS_NOW_US - 1,
		.rule = STR("check-down"),
		.text = STR("orders/tester fails"),
		.evidence = 1e6,
		.alarm_at = 777600,
		.runs = 90,
		.failed = 8,
		.past_s = 86400,
		.elsewhere = 1,
		.check = down,
		.nchecks = 1 };
	return (struct pulses){ p, 1 };
}

static bool tell(struct store *s, uint64_t epoch)
{
	struct suspect suspect;
	struct pulse pulse;
	struct pulse_check down;
	struct suspicion r = a_suspicion(epoch, &suspect);
	struct pulses p = a_pulse(epoch, &pulse, &down);
	bool first;
	bool second;

	OK(store_suspicion_put(s, epoch, &r, &first, &error));
	OK(store_pulses_put(s, epoch, &p, &second, &error));
	cr_assert_eq(first, second);
	return first;
}

/* ------- in both stores ------- */

static void what_is_told_comes_back_whole(void)
{
	uint64_t epoch;
	struct facts f = facts_of(one, arena);
	struct suspect suspect;
	struct pulse pulse;
	struct pulse_check down;
	struct buf want;
	struct buf got;

	cr_assert_null(f.suspicion);
	cr_assert_eq(f.pulses.npulses, 0);
	OK(store_detector_join(one, STR("a"), 60000, &epoch, &error));
	cr_assert(tell(one, epoch));
	f = facts_of(two, arena);
	cr_assert_not_null(f.suspicion);
	buf_init(&want, 1 << 16);
	buf_init(&got, 1 << 16);
	struct suspicion r = a_suspicion(epoch, &suspect);
	struct pulses p = a_pulse(epoch, &pulse, &down);
	suspicion_write(&want, &r);
	pulses_write(&want, &p);
	suspicion_write(&got, f.suspicion);
	pulses_write(&got, &f.pulses);
	cr_expect(str_eq(buf_str(&want), buf_str(&got)), "%.*s",
		STR_ARG(buf_str(&got)));
	cr_expect_eq(facts_pulse(&f, STR("prod/west"))->nchecks, 1);
	cr_expect_null(facts_pulse(&f, STR("prod/east")));
	buf_done(&want);
	buf_done(&got);
}

/* The last word counts, and it may be that there is nothing to say. */
static void a_word_replaces_the_one_before(void)
{
	struct suspicion none = { 0 };
	struct pulses all_gone = { 0 };
	uint64_t epoch;
	bool kept;
	struct facts f;

	OK(store_detector_join(one, STR("a"), 60000, &epoch, &error));
	cr_assert(tell(one, epoch));
	none.epoch = epoch;
	OK(store_suspicion_put(one, epoch, &none, &kept, &error));
	OK(store_pulses_put(one, epoch, &all_gone, &kept, &error));
	f = facts_of(two, arena);
	cr_assert_not_null(f.suspicion);
	cr_expect_eq(f.suspicion->nsuspects, 0);
	cr_expect_eq(f.pulses.npulses, 0);
}

static void an_older_detector_tells_nothing(void)
{
	uint64_t old;
	uint64_t new;
	struct facts f;

	OK(store_detector_join(one, STR("a"), 60000, &old, &error));
	cr_assert(tell(one, old));
	OK(store_detector_leave(one, STR("a"), old, &error));
	OK(store_detector_join(two, STR("b"), 60000, &new, &error));
	cr_assert(tell(two, new));
	cr_assert_not(tell(one, old), "fenced");
	f = facts_of(one, arena);
	cr_expect_eq(f.suspicion->epoch, new);
	cr_expect_eq(f.pulses.pulse[0].epoch, new);
}

/*
 * A word stays in the store when its time is over: who reads it compares the
 * times, by the store's clock, and the epoch.
 */
static void a_word_that_is_old_stays_and_is_seen_to_be(void)
{
	uint64_t old;
	uint64_t new;
	struct facts f;

	OK(store_detector_join(one, STR("a"), 60000, &old, &error));
	cr_assert(tell(one, old));
	OK(store_detector_join(two, STR("a"), 60000, &new, &error));
	f = facts_of(two, arena);
	cr_assert_not_null(f.suspicion);
	cr_expect_lt(f.suspicion->epoch, f.detector.epoch);
	cr_expect_lt(f.pulses.pulse[0].epoch, f.detector.epoch);
	f.now_us = ORDERS_NOW_US + 11 * 1000000LL;
	cr_expect_geq(f.now_us, f.suspicion->suspect[0].until_us);
	cr_expect_gt(f.now_us - f.pulses.pulse[0].at_us,
		PULSE_FRESH_MS * 1000LL);
}

#define EVERY_KIND(X)                                                          \
	X(what_is_told_comes_back_whole)                                       \
	X(a_word_replaces_the_one_before)                                      \
	X(an_older_detector_tells_nothing)                                     \
	X(a_word_that_is_old_stays_and_is_seen_to_be)

#define X(name)                                                                \
	Test(notes_memory, name)                                               \
	{                                                                      \
		name();                                                        \
	}                                                                      \
	Test(notes_redis, name)                                                \
	{                                                                      \
		if (server)                                                    \
			name();                                                \
	}
EVERY_KIND(X)
#undef X

/* ------- damaged ------- */

static bool set(struct redis *r, const char *name, struct str bytes)
{
	struct redis_reply *reply;
	struct str argv[] = { STR("SET"),
		arena_printf(arena, "{orders}:note:%s", name), bytes };

	return redis_call(r, arena, argv, 3, &reply, &error);
}

/* One of the two, cut and changed: refused, and the facts with it (exit code
 * 4), for half a word may lack just what speaks against a change. */
static void damaged(const char *name, struct str whole)
{
	struct redis *r = redis_open(redis_server_url(server), 5000, &error);
	struct facts f;

	cr_assert_not_null(r, "%s", error.text);
	for (size_t n = 0; n < whole.len; n += 1 + n / 40) {
		OK(set(r, name, str_sub(whole, 0, n)));
		cr_expect_not(store_facts(one, arena, &f, &error), "%s: %zu",
			name, n);
		cr_expect_eq(err_exit_code(&error), 4);
	}
	OK(set(r, name, whole));
	OK(store_facts(one, arena, &f, &error));
	redis_free(r);
}

Test(notes_redis, a_damaged_word_is_refused_and_no_gate_opens)
{
	static const struct {
		const char *name, *text;
	} wrong[] = {
		{ "suspicion", "[]" },
		{ "suspicion", "{\"epoch\":-1,\"suspect\":[]}" },
		{ "suspicion", "{\"epoch\":1,\"suspect\":[1]}" },
		{ "suspicion", "{\"epoch\":1,\"suspect\":{}}" },
		{ "pulses", "7" },
		{ "pulses", "{\"pulse\":[{\"region\":1}]}" },
		{ "pulses",
			"{\"pulse\":[{\"region\":\"a\",\"state\":\"fine\"}]}" },
		{ "pulses", "{\"pulse\":[{\"at_us\":1e400}]}" },
		{ "pulses", "\xff\xfe" },
	};
	struct suspect suspect;
	struct pulse pulse;
	struct pulse_check down;
	struct buf text;
	struct redis *r;
	struct facts f;

	if (!server)
		return;
	struct suspicion s = a_suspicion(1, &suspect);
	struct pulses p = a_pulse(1, &pulse, &down);
	buf_init(&text, 1 << 16);
	suspicion_write(&text, &s);
	damaged("suspicion", buf_str(&text));
	buf_clear(&text);
	pulses_write(&text, &p);
	damaged("pulses", buf_str(&text));
	buf_done(&text);
	r = redis_open(redis_server_url(server), 5000, &error);
	cr_assert_not_null(r, "%s", error.text);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		OK(set(r, wrong[i].name, str_from(wrong[i].text)));
		cr_expect_not(store_facts(one, arena, &f, &error), "%s",
			wrong[i].text);
		redis_server_do(server, "DEL {orders}:note:suspicion");
		redis_server_do(server, "DEL {orders}:note:pulses");
	}
	redis_free(r);
	/* lost is nobody's word: plain `every`, and `starved` at the gate */
	OK(store_facts(one, arena, &f, &error));
	cr_expect_null(f.suspicion);
	cr_expect_eq(f.pulses.npulses, 0);
}

/* More than a record may be is refused when it is written. */
Test(notes_memory, what_is_too_long_is_not_told)
{
	enum { MANY = 2000 };
	static struct pulse all[MANY];
	struct pulses p = { all, MANY };
	struct pulse_check down;
	struct pulse first;
	uint64_t epoch;
	bool kept;

	a_pulse(1, &first, &down);
	first.text = arena_printf(arena, "%2000s", "long");
	for (int i = 0; i < MANY; i++)
		all[i] = first;
	OK(store_detector_join(one, STR("a"), 60000, &epoch, &error));
	cr_expect_not(store_pulses_put(one, epoch, &p, &kept, &error));
	cr_expect_eq(facts_of(two, arena).pulses.npulses, 0);
}
