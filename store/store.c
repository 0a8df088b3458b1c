#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/impl.h"

void store_init(struct store *s, const struct store_ops *ops, struct str line)
{
	s->ops = ops;
	s->line = str_own(line);
}

void store_done(struct store *s)
{
	str_disown(&s->line);
}

void store_free(struct store *s)
{
	if (s)
		s->ops->free(s);
}

void store_interrupt(struct store *s, int fd)
{
	s->ops->interrupt(s, fd);
}

bool store_facts(struct store *s, struct arena *a, struct facts *ret,
	struct err *e)
{
	return s->ops->facts(s, a, ret, e);
}

bool store_commit(struct store *s, const struct tx *t, enum commit_answer *ret,
	struct err *e)
{
	return s->ops->commit(s, t, ret, e);
}

bool store_append(struct store *s, const struct result *const *r, size_t n,
	struct err *e)
{
	return n == 0 || s->ops->append(s, r, n, e);
}

/* NOLINTNEXTLINE(readability-function-size): the contract of store.h */
bool store_read(struct store *s, struct cursor *c, struct arena *a, size_t max,
	int wait_ms, struct result **ret, size_t *ret_count, struct err *e)
{
	struct read_limits limits = { max ? max : 1, wait_ms };
	struct results got = { NULL, 0 };

	if (c->count && !s->ops->read(s, c, a, limits, &got, e))
		return false;
	*ret = got.item;
	*ret_count = got.count;
	return true;
}

/* By arrival: the last id that is older, as the reading is exclusive. */
bool store_cursor_at(struct store *s, struct cursor *c, struct arena *a,
	int64_t wall_us, struct err *e)
{
	char id[CURSOR_BYTES] = "0";

	(void)s;
	(void)e;
	if (wall_us >= 1000)
		stream_id_format((struct stream_id){ (uint64_t)wall_us / 1000 -
							     1,
					 UINT64_MAX },
			id);
	c->id = ARENA_ARRAY(a, c->count, struct str);
	for (size_t i = 0; i < c->count; i++)
		c->id[i] = arena_str(a, str_from(id));
	return true;
}

bool store_wait(struct store *s, char cursor[48], const struct cursor *results,
	int wait_ms, bool *ret_woken, struct err *e)
{
	return s->ops->wait(s, cursor, results, wait_ms, ret_woken, e);
}

bool store_runner_join(struct store *s, struct str id, struct str vantage,
	bool take_over, uint64_t *ret_epoch, struct err *e)
{
	if (!s->ops->runner_join(s, id, vantage, take_over, ret_epoch, e))
		return false;
	s->runner_epoch = *ret_epoch;
	return true;
}

bool store_runner_beat(struct store *s, const struct runner_lease *l,
	uint32_t ttl_ms, struct err *e)
{
	return s->ops->runner_beat(s, l, ttl_ms, e);
}

bool store_runner_leave(struct store *s, struct str id, struct err *e)
{
	return s->ops->runner_leave(s, id, e);
}

bool store_plan_put(struct store *s, const struct plan_record *p, struct err *e)
{
	return s->ops->plan_put(s, p, e);
}

bool store_detector_join(struct store *s, struct str id, uint32_t ttl_ms,
	uint64_t *ret_epoch, struct err *e)
{
	return s->ops->detector_join(s, id, ttl_ms, ret_epoch, e);
}

bool store_detector_beat(struct store *s, struct str id, uint64_t epoch,
	uint32_t ttl_ms, bool *ret_kept, struct err *e)
{
	return s->ops->detector_beat(s, id, epoch, ttl_ms, ret_kept, e);
}

bool store_detector_leave(struct store *s, struct str id, uint64_t epoch,
	struct err *e)
{
	return s->ops->detector_leave(s, id, epoch, e);
}

/* NOLINTNEXTLINE(readability-function-size): the contract of store.h */
bool store_judge(struct store *s, uint64_t epoch, const struct judgement *j,
	size_t nj, const struct permit *p, size_t np, bool *ret_kept,
	struct err *e)
{
	struct judging judging = { epoch, j, nj, p, np };

	return s->ops->judge(s, &judging, ret_kept, e);
}

bool store_checkpoint_put(struct store *s, uint64_t epoch, struct str name,
	struct str state, bool *ret_kept, struct err *e)
{
	struct fenced f = { epoch, "checkpoint", name,
		state.ptr ? state : STR("") };

	return s->ops->fenced_put(s, &f, ret_kept, e);
}

bool store_checkpoint_get(struct store *s, struct arena *a, struct str name,
	struct str *ret_state, struct err *e)
{
	struct fenced f = { .what = "checkpoint", .name = name };

	return s->ops->fenced_get(s, a, &f, ret_state, e);
}

static bool fenced_or_busy(struct store *s, const struct fenced *f,
	struct err *e)
{
	bool kept;

	if (!s->ops->fenced_put(s, f, &kept, e))
		return false;
	return kept ||
	       err_set(e, ERR_BUSY, "a newer detector took over line %.*s",
		       STR_ARG(s->line));
}

bool store_checkpoint_drop(struct store *s, uint64_t epoch, struct str name,
	struct err *e)
{
	struct fenced f = { epoch, "checkpoint", name, STR_NONE };

	return fenced_or_busy(s, &f, e);
}

bool store_evidence_put(struct store *s, uint64_t epoch, struct str deployment,
	struct str json, struct err *e)
{
	struct fenced f = { epoch, "evidence", deployment,
		json.ptr ? json : STR("") };

	return fenced_or_busy(s, &f, e);
}

bool store_evidence_get(struct store *s, struct arena *a, struct str deployment,
	struct str *ret_json, struct err *e)
{
	struct fenced f = { .what = "evidence", .name = deployment };

	return s->ops->fenced_get(s, a, &f, ret_json, e);
}

static bool note_put(struct store *s, uint64_t epoch, const char *name,
	struct buf *text, bool *ret_kept, struct err *e)
{
	struct fenced f = { epoch, "note", str_from(name), buf_str(text) };
	bool ok = text->over ? err_set(e, ERR_STORE, "%s: too long", name)
			     : s->ops->fenced_put(s, &f, ret_kept, e);

	buf_done(text);
	return ok;
}

bool store_suspicion_put(struct store *s, uint64_t epoch,
	const struct suspicion *r, bool *ret_kept, struct err *e)
{
	struct buf text;

	buf_init(&text, RECORD_TEXT_MAX);
	suspicion_write(&text, r);
	return note_put(s, epoch, "suspicion", &text, ret_kept, e);
}

bool store_pulses_put(struct store *s, uint64_t epoch, const struct pulses *r,
	bool *ret_kept, struct err *e)
{
	struct buf text;

	buf_init(&text, RECORD_TEXT_MAX);
	pulses_write(&text, r);
	return note_put(s, epoch, "pulses", &text, ret_kept, e);
}

bool store_audit(struct store *s, struct arena *a, size_t max, struct str **ret,
	size_t *ret_count, struct err *e)
{
	return s->ops->audit(s, a, max, ret, ret_count, e);
}

bool store_trim(struct store *s, const struct cursor *regions, uint64_t keep_ms,
	struct err *e)
{
	return s->ops->trim(s, regions, keep_ms, e);
}

bool store_replicas(struct store *s, int timeout_ms, int *ret, struct err *e)
{
	return s->ops->replicas(s, timeout_ms, ret, e);
}

/* ---- what both kinds share ---- */

bool stream_id_parse(struct str s, struct stream_id *ret)
{
	struct stream_id id = { 0, 0 };
	struct str rest = s;
	struct str ms = str_cut(&rest, '-');

	if (!str_to_u64(ms, &id.ms))
		return false;
	if (rest.ptr && !str_to_u64(rest, &id.seq))
		return false;
	*ret = id;
	return true;
}

void stream_id_format(struct stream_id id, char ret[CURSOR_BYTES])
{
	snprintf(ret, CURSOR_BYTES, "%" PRIu64 "-%" PRIu64, id.ms, id.seq);
}

int stream_id_cmp(struct stream_id a, struct stream_id b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	if (a.seq != b.seq)
		return a.seq < b.seq ? -1 : 1;
	return 0;
}

bool region_split(struct str name, struct str *ret_env, struct str *ret_region)
{
	size_t at = str_find_byte(name, '/', 0);

	if (at == SIZE_MAX || at == 0 || at + 1 == name.len ||
		name.len > REGION_NAME_MAX)
		return false;
	*ret_env = str_sub(name, 0, at);
	*ret_region = str_sub(name, at + 1, SIZE_MAX);
	return true;
}

struct str cursor_id(const struct cursor *c, size_t i)
{
	return c->id && c->id[i].len ? c->id[i] : STR("0");
}

static int entry_order(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;

	if (x->id.ms != y->id.ms)
		return x->id.ms < y->id.ms ? -1 : 1;
	if (x->stream != y->stream)
		return x->stream < y->stream ? -1 : 1;
	return stream_id_cmp(x->id, y->id);
}

static void cursor_move(struct cursor *c, struct arena *a,
	const struct entry *x)
{
	char id[CURSOR_BYTES];

	stream_id_format(x->id, id);
	c->id[x->stream] = arena_str(a, str_from(id));
}

void entries_sort(struct entries *in)
{
	if (in->count)
		qsort(in->entry, in->count, sizeof(*in->entry), entry_order);
}

bool entries_deliver(struct str line, struct cursor *c, struct arena *a,
	struct entries *in, struct results *ret, struct err *e)
{
	struct result *item;
	size_t n = 0;

	entries_sort(in);
	while (n < in->count && in->entry[n].id.ms < in->below_ms)
		n++;
	item = ARENA_ARRAY(a, n, struct result);
	line = arena_str(a, line);
	for (size_t i = 0; i < n; i++) {
		const struct entry *x = &in->entry[i];
		char id[CURSOR_BYTES];

		item[i].line = line;
		if (region_split(c->region[x->stream], &item[i].env,
			    &item[i].region) &&
			result_unpack(a, x->packed, &item[i])) {
			item[i].arrived_us = (int64_t)x->id.ms * 1000 + 999;
			continue;
		}
		stream_id_format(x->id, id);
		return err_set(e, ERR_STORE,
			"result %s of %.*s is not understood: written by a "
			"newer andon, or by somebody else",
			id, STR_ARG(c->region[x->stream]));
	}
	if (!c->id)
		c->id = ARENA_ARRAY(a, c->count, struct str);
	for (size_t i = 0; i < n; i++)
		cursor_move(c, a, &in->entry[i]);
	ret->item = item;
	ret->count = n;
	return true;
}
