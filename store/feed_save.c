#include "store/feed_impl.h"

/*
 * The saved state of a feed: numbers of 8 bytes, texts with their length.
 * What is loaded may be anything; nothing of it is believed unseen.
 */
enum {
	FEED_MAGIC = 0x32444641, /* "AFD2" */
	FEED_ITEMS_MAX = 1 << 20
};

static void save_u64(struct buf *out, uint64_t v)
{
	char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (char)(v >> (8 * i));
	buf_add(out, (struct str){ bytes, sizeof(bytes) });
}

static void save_str(struct buf *out, struct str s)
{
	save_u64(out, s.len);
	buf_add(out, s);
}

static void save_item(struct buf *out, const struct feed_item *it)
{
	save_u64(out, (uint64_t)it->at_us);
	save_u64(out, (uint64_t)it->end_us);
	save_u64(out, (uint64_t)it->lost_us);
	save_u64(out, it->epoch);
	save_u64(out, it->seq);
	for (int i = 0; i < FEED_PARTS; i++)
		save_str(out, feed_item_part(it, i));
}

static void save_items(struct buf *out, const struct feed_items *q)
{
	save_u64(out, q->count);
	for (const struct feed_item *it = q->first; it; it = it->next)
		save_item(out, it);
}

static void save_runner(struct buf *out, const struct feed_runner *r)
{
	save_str(out, r->name);
	save_u64(out, r->epoch);
	save_u64(out, r->next);
	save_u64(out, (uint64_t)r->last_us);
	save_u64(out, r->talked);
	save_u64(out, r->npending);
	for (size_t i = 0; i < r->npending; i++)
		save_item(out, r->pending[i]);
	save_items(out, &r->ready);
	save_u64(out, r->ngaps);
	for (size_t i = 0; i < r->ngaps; i++) {
		save_u64(out, r->gap[i].from);
		save_u64(out, r->gap[i].to);
		save_u64(out, r->gap[i].counted);
	}
}

void feed_save(const struct feed *f, struct buf *out)
{
	save_u64(out, FEED_MAGIC);
	save_u64(out, (uint64_t)f->late_us);
	save_u64(out, (uint64_t)f->start_us);
	save_u64(out, (uint64_t)f->newest_us);
	save_u64(out, f->started);
	save_u64(out, (uint64_t)f->out_us);
	save_u64(out, (uint64_t)f->arrived_us);
	save_u64(out, f->stats.fed);
	save_u64(out, f->stats.duplicates);
	save_u64(out, f->stats.gaps);
	save_u64(out, f->stats.late);
	save_items(out, &f->out);
	save_u64(out, f->nrunners);
	for (size_t i = 0; i < f->nrunners; i++)
		save_runner(out, f->runner[i]);
}

/* `bad` stays set; numbers read after it are 0. */
struct load {
	struct str left;
	struct arena *scratch;
	bool bad;
};

static uint64_t load_u64(struct load *l)
{
	uint64_t v = 0;

	if (l->left.len < 8)
		l->bad = true;
	if (l->bad)
		return 0;
	for (int i = 0; i < 8; i++)
		v |= (uint64_t)(unsigned char)l->left.ptr[i] << (8 * i);
	l->left = str_sub(l->left, 8, SIZE_MAX);
	return v;
}

static int64_t load_us(struct load *l)
{
	int64_t v = (int64_t)load_u64(l);

	l->bad = l->bad || v > FEED_US_MAX || v < -FEED_US_MAX;
	return l->bad ? 0 : v;
}

static uint64_t load_count(struct load *l, uint64_t max)
{
	uint64_t v = load_u64(l);

	l->bad = l->bad || v > max;
	return l->bad ? 0 : v;
}

static struct str load_str(struct load *l, size_t max)
{
	size_t n = (size_t)load_count(l, max);
	struct str s;

	l->bad = l->bad || n > l->left.len;
	if (l->bad)
		return STR("");
	s = str_sub(l->left, 0, n);
	l->left = str_sub(l->left, n, SIZE_MAX);
	return s;
}

/* What feed_next() will unpack must be what it claims to be. */
static bool item_valid(struct load *l, const struct feed_item *it)
{
	struct result r = { .line = STR("") };

	arena_reset(l->scratch);
	return result_unpack(l->scratch, feed_item_part(it, FEED_PACKED), &r) &&
	       r.id.epoch == it->epoch && r.id.seq == it->seq;
}

static struct feed_item *load_item(struct load *l)
{
	int64_t at_us = load_us(l);
	int64_t end_us = load_us(l);
	int64_t lost_us = load_us(l);
	uint64_t epoch = load_u64(l);
	uint64_t seq = load_u64(l);
	struct str part[FEED_PARTS];
	struct feed_item *it;

	for (int i = 0; i < FEED_PARTS; i++)
		part[i] = load_str(l,
			i == FEED_PACKED ? RESULT_BYTES_MAX : RECORD_STR_MAX);
	it = feed_item_new(part);
	it->at_us = at_us;
	it->end_us = end_us;
	it->lost_us = lost_us;
	it->epoch = epoch;
	it->seq = seq;
	l->bad = l->bad || !item_valid(l, it);
	return it;
}

static void load_items(struct load *l, struct feed_items *q)
{
	size_t n = (size_t)load_count(l, FEED_ITEMS_MAX);

	for (size_t i = 0; i < n && !l->bad; i++)
		feed_items_add(q, load_item(l));
}

static void load_pending(struct load *l, struct feed_runner *r)
{
	size_t n = (size_t)load_count(l, FEED_ITEMS_MAX);

	for (size_t i = 0; i < n && !l->bad; i++) {
		struct feed_item *it = load_item(l);

		l->bad = l->bad || it->seq < r->next ||
			 (i && r->pending[i - 1]->seq >= it->seq);
		feed_pending_insert(r, r->npending, it);
	}
}

static void load_gaps(struct load *l, struct feed_runner *r)
{
	size_t n = (size_t)load_count(l, FEED_GAPS_MAX);

	for (size_t i = 0; i < n && !l->bad; i++) {
		struct feed_gap g;

		g.from = load_u64(l);
		g.to = load_u64(l);
		g.counted = load_u64(l);
		l->bad = l->bad || g.from > g.to;
		feed_gap_insert(r, r->ngaps, g);
	}
}

static void load_runner(struct load *l, struct feed *f)
{
	struct str name = load_str(l, RECORD_STR_MAX);
	struct feed_runner *r;
	bool twice;
	size_t at = feed_runner_slot(f, name, &twice);

	l->bad = l->bad || twice;
	if (l->bad)
		return;
	r = feed_runner_insert(f, at, name);
	r->epoch = load_u64(l);
	r->next = load_u64(l);
	r->last_us = load_us(l);
	r->talked = load_u64(l);
	load_pending(l, r);
	load_items(l, &r->ready);
	load_gaps(l, r);
}

struct feed *feed_load(struct str saved)
{
	struct load l = { saved, arena_new(), false };
	bool magic = load_u64(&l) == FEED_MAGIC;
	struct feed *f = feed_new(load_count(&l, INT64_MAX / 4));
	size_t n;

	f->start_us = load_us(&l);
	f->newest_us = load_us(&l);
	f->started = load_u64(&l);
	f->out_us = load_us(&l);
	f->arrived_us = load_us(&l);
	f->stats.fed = load_u64(&l);
	f->stats.duplicates = load_u64(&l);
	f->stats.gaps = load_u64(&l);
	f->stats.late = load_u64(&l);
	load_items(&l, &f->out);
	n = (size_t)load_count(&l, FEED_ITEMS_MAX);
	for (size_t i = 0; i < n && !l.bad; i++)
		load_runner(&l, f);
	arena_free(l.scratch);
	if (magic && !l.bad && !l.left.len)
		return f;
	feed_free(f);
	return NULL;
}
