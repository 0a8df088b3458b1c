#include <stdio.h>
#include <stdlib.h>

#include "base/oom.h"
#include "store/memory_hub.h"

/* ---- facts ---- */

static bool records_read(struct hub_line *l, struct facts_parts *p,
	struct err *e)
{
	struct str key;
	void *value;

	for (size_t at = 0; map_each(l->records, &at, &key, &value);) {
		struct str kind = str_cut(&key, ' ');

		if (!facts_part(p, kind, key, hub_text_str(value), e))
			return false;
	}
	return true;
}

static void runners_read(struct hub_line *l, struct arena *a,
	struct facts_parts *p, int64_t now)
{
	struct str key;
	void *value;

	for (size_t at = 0; map_each(l->runners, &at, &key, &value);) {
		struct runner_lease lease;

		if (runner_lease_read(a, hub_text_str(value), &lease) &&
			lease.valid_until_us > now)
			facts_part_runner(p, &lease);
	}
}

static bool note_read(struct hub_line *l, struct facts_parts *p,
	const char *name, struct err *e)
{
	char key[32];
	int n = snprintf(key, sizeof(key), "note %s", name);
	const struct hub_text *t =
		map_get(l->fenced, (struct str){ key, (size_t)n });

	return !t || facts_part(p, str_from(name), STR(""), hub_text_str(t), e);
}

static bool memory_facts(struct store *s, struct arena *a, struct facts *ret,
	struct err *e)
{
	struct facts_parts *p = facts_parts_new(a);
	struct hub_line *l = memory_of(s)->line;
	struct facts f = { 0 };
	bool ok;

	if (!memory_enter(s, e))
		return false;
	f.now_us = memory_now_us(s);
	f.rev = l->rev;
	f.line = arena_str(a, s->line);
	f.detector.epoch = hub_epoch(l, STR("detector"));
	f.detector.id = STR("");
	if (l->detector.ptr && l->detector_until_us > f.now_us) {
		f.detector.id = arena_str(a, l->detector);
		f.detector.valid_until_us = l->detector_until_us;
	}
	ok = records_read(l, p, e) && note_read(l, p, "suspicion", e) &&
	     note_read(l, p, "pulses", e);
	runners_read(l, a, p, f.now_us);
	memory_leave(s);
	if (!ok)
		return false;
	facts_parts_end(p, &f);
	*ret = f;
	return true;
}

static bool memory_commit(struct store *s, const struct tx *t,
	enum commit_answer *ret, struct err *e)
{
	struct hub_line *l = memory_of(s)->line;

	if (!memory_enter(s, e))
		return false;
	if (t->epoch && !hub_epoch_current(l, t->epoch)) {
		*ret = COMMIT_FENCED;
		return memory_leave(s);
	}
	if (t->rev != l->rev) {
		*ret = COMMIT_CONFLICT;
		return memory_leave(s);
	}
	for (const struct tx_op *op = t->first; op; op = op->next) {
		if (op->kind == TX_AUDIT)
			hub_stream_add(&l->audit,
				(uint64_t)memory_now_us(s) / 1000, op->value);
		else
			hub_text_set(l->records,
				hub_key(t->arena, tx_kind_word(op->kind),
					op->key),
				op->value);
	}
	l->rev++;
	l->events++;
	*ret = COMMIT_DONE;
	return memory_leave(s);
}

/* ---- results ---- */

static struct hub_stream *stream_of(struct hub_line *l, struct str region)
{
	struct hub_stream *s = map_get(l->streams, region);

	if (!s) {
		s = xcalloc(1, sizeof(*s));
		map_set(l->streams, region, s);
	}
	return s;
}

static bool memory_append(struct store *s, const struct result *const *r,
	size_t n, struct err *e)
{
	struct arena *a = arena_new();
	struct buf packed;

	if (!memory_enter(s, e)) {
		arena_free(a);
		return false;
	}
	buf_init(&packed, RESULT_BYTES_MAX);
	for (size_t i = 0; i < n; i++) {
		struct str name = arena_printf(a, "%.*s/%.*s",
			STR_ARG(r[i]->env), STR_ARG(r[i]->region));

		buf_clear(&packed);
		result_pack(&packed, r[i]);
		hub_stream_add(stream_of(memory_of(s)->line, name),
			(uint64_t)memory_now_us(s) / 1000, buf_str(&packed));
	}
	buf_done(&packed);
	arena_free(a);
	return memory_leave(s);
}

/* The millisecond up to which about `max` entries are delivered whole. */
static uint64_t limit_ms(const struct entries *in, size_t max)
{
	if (in->count <= max)
		return in->below_ms;
	/* in order: everything of the last millisecond stays in */
	return in->entry[max - 1].id.ms + 1 < in->below_ms
		       ? in->entry[max - 1].id.ms + 1
		       : in->below_ms;
}

/*
 * Up to `max` entries of one stream and the rest of the last one's
 * millisecond; what is cut off bounds what is delivered of all streams.
 */
static size_t entries_count(const struct hub_stream *st, size_t from,
	size_t max, struct entries *in)
{
	size_t to = from + max;

	if (to >= st->count)
		return st->count - from;
	while (to < st->count && st->entry[to].id.ms == st->entry[to - 1].id.ms)
		to++;
	if (to < st->count && st->entry[to - 1].id.ms + 1 < in->below_ms)
		in->below_ms = st->entry[to - 1].id.ms + 1;
	return to - from;
}

static bool entries_take(struct store *s, struct cursor *c, struct arena *a,
	size_t max, struct entries *in)
{
	struct map *streams = memory_of(s)->line->streams;
	struct stream_id id;
	size_t cap = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct hub_stream *st = map_get(streams, c->region[i]);

		if (!stream_id_parse(cursor_id(c, i), &id))
			return false;
		if (st)
			cap += entries_count(st, hub_stream_after(st, id), max,
				in);
	}
	in->entry = ARENA_ARRAY(a, cap, struct entry);
	for (size_t i = 0; i < c->count; i++) {
		struct hub_stream *st = map_get(streams, c->region[i]);
		size_t from;
		size_t n;

		if (!st)
			continue;
		stream_id_parse(cursor_id(c, i), &id);
		from = hub_stream_after(st, id);
		n = entries_count(st, from, max, in);
		for (size_t k = from; k < from + n; k++)
			in->entry[in->count++] = (struct entry){
				st->entry[k].id, i,
				arena_str(a, hub_text_str(st->entry[k].packed))
			};
	}
	return true;
}

static bool memory_read(struct store *s, struct cursor *c, struct arena *a,
	struct read_limits limits, struct results *ret, struct err *e)
{
	struct entries in = { .below_ms = UINT64_MAX };
	bool ok;

	if (!memory_enter(s, e))
		return false;
	ok = entries_take(s, c, a, limits.max, &in);
	memory_leave(s);
	if (!ok)
		return err_set(e, ERR_STORE, "bad cursor");
	entries_sort(&in);
	in.below_ms = limit_ms(&in, limits.max);
	return entries_deliver(s->line, c, a, &in, ret, e);
}

static bool results_after(struct hub_line *l, const struct cursor *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct hub_stream *st = map_get(l->streams, c->region[i]);
		struct stream_id id;

		if (st && stream_id_parse(cursor_id(c, i), &id) &&
			hub_stream_after(st, id) < st->count)
			return true;
	}
	return false;
}

static bool memory_wait(struct store *s, char cursor[48],
	const struct cursor *results, int wait_ms, bool *ret_woken,
	struct err *e)
{
	struct hub_line *l = memory_of(s)->line;
	struct stream_id at = { 0, 0 };
	bool woken = false;

	(void)wait_ms;
	if (!memory_enter(s, e))
		return false;
	if (cursor[0] == '$') {
		at.ms = l->events;
	} else if (!stream_id_parse(str_from(cursor), &at)) {
		memory_leave(s);
		return err_set(e, ERR_STORE, "bad cursor %s", cursor);
	}
	/* not `<`: after a flush the counter starts again, which is news */
	if (at.ms != l->events)
		woken = true;
	if (results && results_after(l, results))
		woken = true;
	stream_id_format((struct stream_id){ l->events, 0 }, cursor);
	*ret_woken = woken;
	return memory_leave(s);
}

/* ---- the plan, and what a detector writes ---- */

static bool memory_plan_put(struct store *s, const struct plan_record *p,
	struct err *e)
{
	struct buf text;

	if (!memory_enter(s, e))
		return false;
	buf_init(&text, PLAN_TEXT_MAX);
	plan_write(&text, p);
	hub_text_set(memory_of(s)->line->records, STR("plan "), buf_str(&text));
	buf_done(&text);
	return memory_leave(s);
}

static void judgement_put(struct hub_line *l, struct arena *a,
	const struct judgement *j)
{
	struct buf text;

	buf_init(&text, RECORD_TEXT_MAX);
	judgement_write(&text, j);
	hub_text_set(l->records,
		hub_key(a, "judge", judgement_key(a, j->deployment, j->region)),
		buf_str(&text));
	buf_done(&text);
}

static void permit_put(struct hub_line *l, struct arena *a,
	const struct permit *p)
{
	struct str key = hub_key(a, "permit", p->stage);
	struct hub_text *before = map_get(l->records, key);
	struct permit old;
	struct buf text;

	/* waiters are woken by a permit that was not there before */
	if (!before || !permit_read(a, hub_text_str(before), &old) ||
		!str_eq(old.deployment, p->deployment))
		l->events++;
	buf_init(&text, RECORD_TEXT_MAX);
	permit_write(&text, p);
	hub_text_set(l->records, key, buf_str(&text));
	buf_done(&text);
}

static bool memory_judge(struct store *s, const struct judging *j,
	bool *ret_kept, struct err *e)
{
	struct hub_line *l = memory_of(s)->line;
	struct arena *a = arena_new();

	if (!memory_enter(s, e)) {
		arena_free(a);
		return false;
	}
	*ret_kept = hub_epoch_current(l, j->epoch);
	for (size_t i = 0; *ret_kept && i < j->njudgements; i++)
		judgement_put(l, a, &j->judgement[i]);
	for (size_t i = 0; *ret_kept && i < j->npermits; i++)
		permit_put(l, a, &j->permit[i]);
	memory_leave(s);
	arena_free(a);
	return true;
}

static bool memory_fenced_put(struct store *s, const struct fenced *f,
	bool *ret_kept, struct err *e)
{
	struct hub_line *l = memory_of(s)->line;
	struct arena *a = arena_new();

	if (!memory_enter(s, e)) {
		arena_free(a);
		return false;
	}
	*ret_kept = hub_epoch_current(l, f->epoch);
	if (*ret_kept)
		hub_text_set(l->fenced, hub_key(a, f->what, f->name), f->bytes);
	memory_leave(s);
	arena_free(a);
	return true;
}

static bool memory_fenced_get(struct store *s, struct arena *a,
	const struct fenced *f, struct str *ret, struct err *e)
{
	const struct hub_text *t;

	if (!memory_enter(s, e))
		return false;
	t = map_get(memory_of(s)->line->fenced, hub_key(a, f->what, f->name));
	*ret = t ? arena_str(a, hub_text_str(t)) : STR_NONE;
	return memory_leave(s);
}

static bool memory_audit(struct store *s, struct arena *a, size_t max,
	struct str **ret, size_t *ret_count, struct err *e)
{
	struct hub_stream *audit = &memory_of(s)->line->audit;
	size_t n;

	if (!memory_enter(s, e))
		return false;
	n = audit->count < max ? audit->count : max;
	*ret = ARENA_ARRAY(a, n, struct str);
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = arena_str(a,
			hub_text_str(
				audit->entry[audit->count - n + i].packed));
	*ret_count = n;
	return memory_leave(s);
}

static bool memory_trim(struct store *s, const struct cursor *regions,
	uint64_t keep_ms, struct err *e)
{
	uint64_t now_ms;

	if (!memory_enter(s, e))
		return false;
	now_ms = (uint64_t)memory_now_us(s) / 1000;
	for (size_t i = 0; i < regions->count && now_ms > keep_ms; i++) {
		struct hub_stream *st = map_get(memory_of(s)->line->streams,
			regions->region[i]);
		struct stream_id last = { now_ms - keep_ms - 1, UINT64_MAX };

		if (st)
			hub_stream_drop(st, hub_stream_after(st, last));
	}
	return memory_leave(s);
}

static bool memory_replicas(struct store *s, int timeout_ms, int *ret,
	struct err *e)
{
	(void)timeout_ms;
	if (!memory_enter(s, e))
		return false;
	*ret = -1;
	return memory_leave(s);
}

static void memory_free(struct store *s)
{
	store_done(s);
	free(s);
}

static void memory_interrupt(struct store *s, int fd)
{
	(void)s;
	(void)fd; /* nothing ever waits */
}

static const struct store_ops memory_ops = {
	.free = memory_free,
	.interrupt = memory_interrupt,
	.facts = memory_facts,
	.commit = memory_commit,
	.append = memory_append,
	.read = memory_read,
	.wait = memory_wait,
	.runner_join = memory_runner_join,
	.runner_beat = memory_runner_beat,
	.runner_leave = memory_runner_leave,
	.plan_put = memory_plan_put,
	.detector_join = memory_detector_join,
	.detector_beat = memory_detector_beat,
	.detector_leave = memory_detector_leave,
	.judge = memory_judge,
	.fenced_put = memory_fenced_put,
	.fenced_get = memory_fenced_get,
	.audit = memory_audit,
	.trim = memory_trim,
	.replicas = memory_replicas,
};

struct store *store_memory(struct store_hub *h, struct str line)
{
	struct memory_store *m = xcalloc(1, sizeof(*m));

	store_init(&m->store, &memory_ops, line);
	m->hub = h;
	pthread_mutex_lock(&h->lock);
	m->line = hub_line_get(h, line);
	pthread_mutex_unlock(&h->lock);
	return &m->store;
}
