#include "store/feed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "store/feed_impl.h"

/*
 * Two stages.  Per runner: `pending` holds results whose predecessor has not
 * come yet, sorted by seq; in-order ones move to `ready` with a time that
 * never goes back.  Over the runners: the smallest (time, runner) moves to
 * the common queue `out` once no other runner can still bring a smaller one.
 *
 * All of it happens in feed_add(); feed_next() takes from `out`.
 */
enum { FEED_RUNNERS_KEEP = 64 }; /* beyond: those silent for an hour go */
/* Silent for so long, a runner is waited for no more. */
#define FEED_LIVE_US (INT64_C(3600) * 1000000)

/* ---- items ---- */

struct feed_item *feed_item_new(const struct str part[FEED_PARTS])
{
	size_t bytes = 0;
	struct feed_item *it;

	for (size_t i = 0; i < FEED_PARTS; i++)
		bytes += part[i].len;
	it = xcalloc(1, sizeof(*it) + bytes);
	bytes = 0;
	for (size_t i = 0; i < FEED_PARTS; i++) {
		it->len[i] = (uint32_t)part[i].len;
		if (part[i].len)
			memcpy(it->bytes + bytes, part[i].ptr, part[i].len);
		bytes += part[i].len;
	}
	return it;
}

struct str feed_item_part(const struct feed_item *it, enum feed_part which)
{
	size_t from = 0;

	for (size_t i = 0; i < which; i++)
		from += it->len[i];
	return (struct str){ it->bytes + from, it->len[which] };
}

static struct feed_item *item_of(const struct result *r)
{
	struct str part[FEED_PARTS] = {
		[FEED_LINE] = str_sub(r->line, 0, RECORD_STR_MAX),
		[FEED_ENV] = str_sub(r->env, 0, RECORD_STR_MAX),
		[FEED_REGION] = str_sub(r->region, 0, RECORD_STR_MAX),
	};
	struct feed_item *it;
	struct buf packed;

	buf_init(&packed, RESULT_BYTES_MAX);
	result_pack(&packed, r);
	assert(!packed.over);
	part[FEED_PACKED] = buf_str(&packed);
	it = feed_item_new(part);
	it->at_us = it->end_us = result_end_us(r);
	it->epoch = r->id.epoch;
	it->seq = r->id.seq;
	buf_done(&packed);
	return it;
}

void feed_items_add(struct feed_items *q, struct feed_item *it)
{
	it->next = NULL;
	if (q->last)
		q->last->next = it;
	else
		q->first = it;
	q->last = it;
	q->count++;
}

static struct feed_item *items_take(struct feed_items *q)
{
	struct feed_item *it = q->first;

	q->first = it->next;
	if (!q->first)
		q->last = NULL;
	q->count--;
	return it;
}

static void items_free(struct feed_items *q)
{
	while (q->first)
		free(items_take(q));
}

/* ---- runners ---- */

static void runner_free(struct feed_runner *r)
{
	for (size_t i = 0; i < r->npending; i++)
		free(r->pending[i]);
	free(r->pending);
	items_free(&r->ready);
	free(r->gap);
	str_disown(&r->name);
	free(r);
}

size_t feed_runner_slot(const struct feed *f, struct str name, bool *ret_hit)
{
	size_t low = 0;
	size_t high = f->nrunners;

	*ret_hit = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = str_cmp(f->runner[mid]->name, name);

		if (order == 0) {
			*ret_hit = true;
			return mid;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void runners_forget(struct feed *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->nrunners; i++) {
		struct feed_runner *r = f->runner[i];

		if (r->npending || r->ready.count || !r->talked ||
			r->last_us > f->newest_us - FEED_LIVE_US)
			f->runner[kept++] = r;
		else
			runner_free(r);
	}
	f->nrunners = kept;
}

struct feed_runner *feed_runner_insert(struct feed *f, size_t at,
	struct str name)
{
	struct feed_runner *r = xcalloc(1, sizeof(*r));

	r->name = str_own(name);
	f->runner = xrealloc(f->runner,
		(f->nrunners + 1) * sizeof(struct feed_runner *));
	memmove(f->runner + at + 1, f->runner + at,
		(f->nrunners - at) * sizeof(struct feed_runner *));
	f->runner[at] = r;
	f->nrunners++;
	return r;
}

static struct feed_runner *runner_get(struct feed *f, struct str name)
{
	bool hit;
	size_t at = feed_runner_slot(f, name, &hit);

	if (hit)
		return f->runner[at];
	if (f->nrunners >= FEED_RUNNERS_KEEP) {
		runners_forget(f);
		at = feed_runner_slot(f, name, &hit);
	}
	return feed_runner_insert(f, at, name);
}

static void gap_drop(struct feed_runner *r, size_t at)
{
	memmove(r->gap + at, r->gap + at + 1,
		(r->ngaps - at - 1) * sizeof(*r->gap));
	r->ngaps--;
}

void feed_gap_insert(struct feed_runner *r, size_t at, struct feed_gap g)
{
	if (r->ngaps == FEED_GAPS_MAX) { /* the oldest is lost for good */
		gap_drop(r, 0);
		at = at ? at - 1 : 0;
	}
	r->gap = xrealloc(r->gap, (r->ngaps + 1) * sizeof(*r->gap));
	memmove(r->gap + at + 1, r->gap + at,
		(r->ngaps - at) * sizeof(*r->gap));
	r->gap[at] = g;
	r->ngaps++;
}

/* Takes one seq out of the gaps; false: it is not missing. */
static bool gap_fill(struct feed *f, struct feed_runner *r, uint64_t seq)
{
	for (size_t i = r->ngaps; i-- > 0;) {
		struct feed_gap g = r->gap[i];

		if (seq < g.from || seq > g.to)
			continue;
		f->stats.gaps -= g.counted;
		if (g.from == g.to) {
			gap_drop(r, i);
		} else if (seq == g.from) {
			r->gap[i].from++;
		} else if (seq == g.to) {
			r->gap[i].to--;
		} else {
			r->gap[i].to = seq - 1;
			g.from = seq + 1;
			feed_gap_insert(r, i + 1, g);
		}
		return true;
	}
	return false;
}

/* Index of the first pending seq that is not smaller. */
static size_t pending_slot(const struct feed_runner *r, uint64_t seq)
{
	size_t low = 0;
	size_t high = r->npending;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->pending[mid]->seq < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void feed_pending_insert(struct feed_runner *r, size_t at, struct feed_item *it)
{
	if (r->npending == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 16;
		r->pending = xrealloc(r->pending,
			r->cap * sizeof(struct feed_item *));
	}
	memmove(r->pending + at + 1, r->pending + at,
		(r->npending - at) * sizeof(struct feed_item *));
	r->pending[at] = it;
	r->npending++;
}

/* In the order of one runner time never goes back. */
static void ready_add(struct feed_runner *r, struct feed_item *it)
{
	if (r->talked && it->at_us < r->last_us)
		it->at_us = r->last_us;
	r->last_us = it->at_us;
	r->talked = true;
	feed_items_add(&r->ready, it);
}

/* Declares what is missing before the first pending one as lost. */
static void hole_give_up(struct feed *f, struct feed_runner *r)
{
	uint64_t seq = r->pending[0]->seq;
	struct feed_gap g = { r->next ? r->next : 1, seq - 1, r->next != 0 };

	if (g.from <= g.to) {
		if (g.counted) {
			f->stats.gaps += g.to - g.from + 1;
			r->pending[0]->lost_us = r->last_us;
		}
		feed_gap_insert(r, r->ngaps, g);
	}
	r->next = seq;
}

static void ready_take_pending(struct feed_runner *r)
{
	size_t n = 0;

	while (n < r->npending && r->pending[n]->seq == r->next) {
		ready_add(r, r->pending[n++]);
		r->next++;
	}
	memmove(r->pending, r->pending + n,
		(r->npending - n) * sizeof(struct feed_item *));
	r->npending -= n;
}

/* Moves what is in order; holes older than `until_us` are given up. */
static void runner_advance(struct feed *f, struct feed_runner *r,
	int64_t until_us)
{
	while (r->npending) {
		if (r->next == 0 && r->pending[0]->seq <= 1)
			r->next = r->pending[0]->seq;
		if (r->pending[0]->seq != r->next) {
			if (r->pending[0]->end_us > until_us &&
				r->npending < FEED_PENDING_MAX)
				return;
			hole_give_up(f, r);
		}
		ready_take_pending(r);
	}
}

/* A restarted runner: nothing of its former life will be taken any more. */
static void runner_restart(struct feed *f, struct feed_runner *r,
	uint64_t epoch)
{
	bool known = r->epoch != 0 || r->talked || r->npending;

	runner_advance(f, r, INT64_MAX);
	r->epoch = epoch;
	r->next = known ? 1 : 0;
	r->ngaps = 0;
}

/* ---- merge ---- */

/* The runner with the smallest (time, name) that is ready. */
static struct feed_runner *merge_first(const struct feed *f)
{
	struct feed_runner *best = NULL;

	for (size_t i = 0; i < f->nrunners; i++) {
		struct feed_runner *r = f->runner[i];

		if (r->ready.first &&
			(!best || r->ready.first->at_us <
					  best->ready.first->at_us))
			best = r;
	}
	return best;
}

/* Can another runner that lives still bring something before (at, r)? */
static bool merge_held(const struct feed *f, const struct feed_runner *r,
	int64_t at_us)
{
	bool before = true; /* q's name comes before r's */

	for (size_t i = 0; i < f->nrunners; i++) {
		const struct feed_runner *q = f->runner[i];

		if (q == r) {
			before = false;
			continue;
		}
		/* who waits behind a hole lives, whatever came in order */
		if (!q->npending &&
			(!q->talked ||
				q->last_us <= f->newest_us - FEED_LIVE_US))
			continue;
		if (!q->talked)
			return true;
		if (q->last_us < at_us || (q->last_us == at_us && before))
			return true;
	}
	return false;
}

static void out_add(struct feed *f, struct feed_item *it)
{
	if (it->at_us < f->out_us)
		it->at_us = f->out_us;
	f->out_us = it->at_us;
	if (it->end_us < it->at_us)
		f->stats.late++;
	feed_items_add(&f->out, it);
}

static void merge(struct feed *f)
{
	struct feed_runner *r;

	while ((r = merge_first(f))) {
		int64_t at_us = r->ready.first->at_us;

		if (at_us >= f->newest_us - f->late_us &&
			(f->newest_us - f->start_us < f->late_us ||
				merge_held(f, r, at_us)))
			return;
		out_add(f, items_take(&r->ready));
	}
}

/* ---- the interface ---- */

struct feed *feed_new(uint64_t late_us)
{
	struct feed *f = xcalloc(1, sizeof(*f));

	f->late_us = (int64_t)late_us;
	f->out_us = -FEED_US_MAX;
	f->arena = arena_new();
	return f;
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->nrunners; i++)
		runner_free(f->runner[i]);
	free(f->runner);
	items_free(&f->out);
	arena_free(f->arena);
	free(f);
}

/* False: a duplicate, or of a former life. */
static bool runner_add(struct feed *f, struct feed_runner *r,
	const struct result *res)
{
	size_t at;

	if (res->id.epoch < r->epoch)
		return false;
	if (res->id.epoch > r->epoch)
		runner_restart(f, r, res->id.epoch);
	if (r->next && res->id.seq < r->next) {
		if (!gap_fill(f, r, res->id.seq))
			return false;
		ready_add(r, item_of(res));
		return true;
	}
	at = pending_slot(r, res->id.seq);
	if (at < r->npending && r->pending[at]->seq == res->id.seq)
		return false;
	feed_pending_insert(r, at, item_of(res));
	return true;
}

/* Nobody talked until `now_us`: the clock is the watermark. */
static void flush(struct feed *f, int64_t now_us)
{
	struct feed_runner *r;

	for (size_t i = 0; i < f->nrunners; i++)
		runner_advance(f, f->runner[i], now_us - f->late_us);
	while ((r = merge_first(f)) &&
		r->ready.first->at_us <= now_us - f->late_us)
		out_add(f, items_take(&r->ready));
}

/* What feed_next() would have done before this one came, had it been asked. */
static void flush_before(struct feed *f, int64_t arrived_us)
{
	if (f->arrived_us && arrived_us - f->arrived_us >= f->late_us)
		flush(f, arrived_us);
	if (arrived_us > f->arrived_us)
		f->arrived_us = arrived_us;
}

void feed_add(struct feed *f, const struct result *res)
{
	int64_t end_us = result_end_us(res);

	assert(end_us >= 0 && end_us <= FEED_US_MAX);
	f->idle = false;
	if (res->arrived_us > 0 && res->arrived_us <= FEED_US_MAX)
		flush_before(f, res->arrived_us);
	if (!runner_add(f, runner_get(f, res->id.runner), res)) {
		f->stats.duplicates++;
		return;
	}
	if (!f->started) {
		f->started = true;
		f->start_us = f->newest_us = end_us;
	}
	if (end_us > f->newest_us)
		f->newest_us = end_us;
	for (size_t i = 0; i < f->nrunners; i++)
		runner_advance(f, f->runner[i], f->newest_us - f->late_us);
	merge(f);
}

static void flush_idle(struct feed *f, int64_t now_us)
{
	if (!f->idle) {
		f->idle = true;
		f->idle_us = now_us;
	}
	if (now_us - f->idle_us >= f->late_us)
		flush(f, now_us);
}

bool feed_next(struct feed *f, int64_t now_us, struct result *ret,
	int64_t *ret_at_us)
{
	struct result r = { 0 };
	struct feed_item *it;
	bool ok;

	if (!f->out.count)
		flush_idle(f, now_us);
	if (!f->out.count)
		return false;
	arena_reset(f->arena);
	it = items_take(&f->out);
	r.line = arena_str(f->arena, feed_item_part(it, FEED_LINE));
	r.env = arena_str(f->arena, feed_item_part(it, FEED_ENV));
	r.region = arena_str(f->arena, feed_item_part(it, FEED_REGION));
	ok = result_unpack(f->arena, feed_item_part(it, FEED_PACKED), &r);
	assert(ok); /* we packed it, or feed_load() looked at it */
	*ret = r;
	*ret_at_us = it->at_us;
	f->lost_us = it->lost_us;
	f->stats.fed++;
	free(it);
	return true;
}

int64_t feed_lost_us(const struct feed *f)
{
	return f->lost_us;
}

struct feed_stats feed_stats(const struct feed *f)
{
	return f->stats;
}
