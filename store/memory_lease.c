#include <stdlib.h>

#include "base/oom.h"
#include "store/memory_hub.h"

static bool runner_lease(struct hub_line *l, struct arena *a, struct str id,
	struct runner_lease *ret)
{
	const struct hub_text *t = map_get(l->runners, id);

	return t && runner_lease_read(a, hub_text_str(t), ret);
}

static void runner_lease_put(struct hub_line *l, const struct runner_lease *r)
{
	struct buf text;

	buf_init(&text, RECORD_TEXT_MAX);
	runner_lease_write(&text, r);
	hub_text_set(l->runners, r->id, buf_str(&text));
	buf_done(&text);
}

bool memory_runner_join(struct store *s, struct str id, struct str vantage,
	bool take_over, uint64_t *ret_epoch, struct err *e)
{
	struct hub_line *l = memory_of(s)->line;
	struct arena *a = arena_new();
	struct runner_lease held;
	struct runner_lease mine = { .id = id, .vantage = vantage };
	bool busy;

	if (!memory_enter(s, e)) {
		arena_free(a);
		return false;
	}
	busy = !take_over && runner_lease(l, a, id, &held) &&
	       held.valid_until_us > memory_now_us(s);
	if (!busy) {
		mine.epoch = hub_epoch_next(s, a, hub_key(a, "runner", id));
		mine.seen_us = memory_now_us(s);
		mine.valid_until_us =
			mine.seen_us + (int64_t)RUNNER_JOIN_TTL_MS * 1000;
		runner_lease_put(l, &mine);
		*ret_epoch = mine.epoch;
	}
	memory_leave(s);
	arena_free(a);
	return !busy ||
	       err_set(e, ERR_BUSY, "a runner with the id %.*s is alive",
		       STR_ARG(id));
}

bool memory_runner_beat(struct store *s, const struct runner_lease *r,
	uint32_t ttl_ms, struct err *e)
{
	struct hub_line *l = memory_of(s)->line;
	struct arena *a = arena_new();
	struct runner_lease mine = *r;
	bool current;

	if (!memory_enter(s, e)) {
		arena_free(a);
		return false;
	}
	current = hub_epoch(l, hub_key(a, "runner", r->id)) <= r->epoch;
	if (current) {
		/* a store that lost its memory learns the epoch again */
		hub_text_set(l->epochs, hub_key(a, "runner", r->id),
			arena_printf(a, "%llu", (unsigned long long)r->epoch));
		mine.seen_us = memory_now_us(s);
		mine.valid_until_us = mine.seen_us + (int64_t)ttl_ms * 1000;
		runner_lease_put(l, &mine);
	}
	memory_leave(s);
	arena_free(a);
	return current ||
	       err_set(e, ERR_BUSY, "another runner took the id %.*s over",
		       STR_ARG(r->id));
}

bool memory_runner_leave(struct store *s, struct str id, struct err *e)
{
	struct hub_line *l = memory_of(s)->line;
	struct arena *a = arena_new();
	struct runner_lease held;

	if (!memory_enter(s, e)) {
		arena_free(a);
		return false;
	}
	if (runner_lease(l, a, id, &held) &&
		(s->runner_epoch == 0 || held.epoch == s->runner_epoch))
		free(map_remove(l->runners, id));
	memory_leave(s);
	arena_free(a);
	return true;
}

bool memory_detector_join(struct store *s, struct str id, uint32_t ttl_ms,
	uint64_t *ret_epoch, struct err *e)
{
	struct hub_line *l = memory_of(s)->line;
	struct arena *a = arena_new();

	if (!memory_enter(s, e)) {
		arena_free(a);
		return false;
	}
	*ret_epoch = 0;
	if (!l->detector.ptr || l->detector_until_us <= memory_now_us(s) ||
		str_eq(l->detector, id)) {
		str_disown(&l->detector);
		l->detector = str_own(id);
		l->detector_until_us =
			memory_now_us(s) + (int64_t)ttl_ms * 1000;
		*ret_epoch = hub_epoch_next(s, a, STR("detector"));
		l->events++;
	}
	memory_leave(s);
	arena_free(a);
	return true;
}

bool memory_detector_beat(struct store *s, struct str id, uint64_t epoch,
	uint32_t ttl_ms, bool *ret_kept, struct err *e)
{
	struct hub_line *l = memory_of(s)->line;

	if (!memory_enter(s, e))
		return false;
	*ret_kept = hub_epoch_current(l, epoch);
	if (*ret_kept) {
		struct str held = l->detector;

		l->detector = str_own(id);
		str_disown(&held);
		l->detector_until_us =
			memory_now_us(s) + (int64_t)ttl_ms * 1000;
	}
	return memory_leave(s);
}

bool memory_detector_leave(struct store *s, struct str id, uint64_t epoch,
	struct err *e)
{
	struct hub_line *l = memory_of(s)->line;

	(void)id;
	if (!memory_enter(s, e))
		return false;
	if (hub_epoch_current(l, epoch)) {
		str_disown(&l->detector);
		l->detector_until_us = 0;
	}
	return memory_leave(s);
}
