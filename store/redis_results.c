#include <stdlib.h>

#include "store/redis_impl.h"

/*
 * The streams: results in and out, events, audit.
 */
enum {
	APPEND_BATCH = 4096, /* results per round trip */
	READ_COUNT_MIN = 32, /* entries of one stream per read */
	READ_COUNT_MAX = 1 << 16
};

static bool append_batch(struct store *s, const struct result *const *r,
	size_t n, struct err *e)
{
	struct arena *a = arena_new();
	struct redis_command *command = ARENA_ARRAY(a, n, struct redis_command);
	struct redis_reply **reply = ARENA_ARRAY(a, n, struct redis_reply *);
	struct buf packed;
	bool ok;

	buf_init(&packed, RESULT_BYTES_MAX);
	for (size_t i = 0; i < n; i++) {
		struct str *argv = ARENA_ARRAY(a, 5, struct str);

		buf_clear(&packed);
		result_pack(&packed, r[i]);
		argv[0] = STR("XADD");
		argv[1] = arena_printf(a, "{%.*s}:results:%.*s/%.*s",
			STR_ARG(s->line), STR_ARG(r[i]->env),
			STR_ARG(r[i]->region));
		argv[2] = STR("*");
		if (!result_split(arena_str(a, buf_str(&packed)), &argv[3],
			    &argv[4]))
			abort();
		command[i] = (struct redis_command){ argv, 5 };
	}
	buf_done(&packed);
	ok = redis_pipeline(redis_of(s)->redis, a, command, n, reply, e);
	for (size_t i = 0; ok && i < n; i++) {
		if (reply[i]->type == REDIS_ERROR)
			ok = redis_explain(redis_of(s)->redis, reply[i]->text,
				e);
	}
	arena_free(a);
	return ok;
}

bool redis_store_append(struct store *s, const struct result *const *r,
	size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i += APPEND_BATCH) {
		size_t batch = n - i < APPEND_BATCH ? n - i : APPEND_BATCH;

		if (!append_batch(s, r + i, batch, e))
			return false;
	}
	return true;
}

static void args_streams(struct args *l, struct store *s,
	const struct cursor *c)
{
	for (size_t i = 0; i < c->count; i++)
		arg(l, key_of(s, l->arena, "results:", c->region[i]));
}

static bool entry_read(struct arena *a, const struct redis_reply *r,
	struct entry *ret)
{
	const struct redis_reply *fields;

	if (r->type != REDIS_ARRAY || r->count != 2 ||
		!stream_id_parse(r->element[0]->text, &ret->id))
		return false;
	fields = r->element[1];
	if (fields->type != REDIS_ARRAY || fields->count < 2 ||
		fields->element[0]->text.len > HEAD_BYTES_MAX ||
		fields->element[1]->text.len > RESULT_BYTES_MAX)
		return false;
	ret->packed = result_join(a, fields->element[0]->text,
		fields->element[1]->text);
	return true;
}

/* Which of the cursor's streams a key is. */
static size_t stream_index(struct store *s, const struct cursor *c,
	struct str key)
{
	size_t head = s->line.len + sizeof("{}:results:") - 1;

	for (size_t i = 0; i < c->count; i++) {
		if (str_eq(str_sub(key, head, SIZE_MAX), c->region[i]))
			return i;
	}
	return SIZE_MAX;
}

/*
 * One stream's entries.  When there are as many as were asked for, there may
 * be more: what came later than its last millisecond, in any stream, is left
 * for the next read, so that no hole appears in a runner's sequence.
 */
static bool stream_read(struct store *s, const struct cursor *c,
	const struct redis_reply *r, size_t asked, struct entries *in,
	struct arena *a)
{
	const struct redis_reply *list;
	size_t stream;

	if (r->type != REDIS_ARRAY || r->count != 2)
		return false;
	stream = stream_index(s, c, r->element[0]->text);
	list = r->element[1];
	if (stream == SIZE_MAX || list->type != REDIS_ARRAY)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		struct entry *x = &in->entry[in->count];

		if (!entry_read(a, list->element[i], x))
			return false;
		x->stream = stream;
		in->count++;
	}
	if (list->count >= asked &&
		in->entry[in->count - 1].id.ms < in->below_ms)
		in->below_ms = in->entry[in->count - 1].id.ms;
	return true;
}

static bool streams_read(struct store *s, const struct cursor *c,
	const struct redis_reply *reply, size_t asked, struct entries *in,
	struct arena *a)
{
	size_t cap = 0;

	if (reply->type == REDIS_NIL)
		return true;
	if (reply->type != REDIS_ARRAY)
		return false;
	for (size_t i = 0; i < reply->count; i++) {
		const struct redis_reply *r = reply->element[i];

		if (r->type == REDIS_ARRAY && r->count == 2)
			cap += r->element[1]->count;
	}
	in->entry = ARENA_ARRAY(a, cap, struct entry);
	for (size_t i = 0; i < reply->count; i++) {
		if (!stream_read(s, c, reply->element[i], asked, in, a))
			return false;
	}
	return true;
}

/* XREAD over all streams of the cursor: one command, one moment. */
static bool streams_ask(struct store *s, const struct cursor *c,
	struct arena *a, struct read_limits limits, struct redis_reply **ret,
	struct err *e)
{
	struct args l = { .arena = a };
	struct redis_command command;

	arg_z(&l, "XREAD");
	arg_z(&l, "COUNT");
	arg_u64(&l, limits.max);
	if (limits.wait_ms > 0) {
		arg_z(&l, "BLOCK");
		arg_u64(&l, (uint64_t)limits.wait_ms);
	}
	arg_z(&l, "STREAMS");
	args_streams(&l, s, c);
	for (size_t i = 0; i < c->count; i++)
		arg(&l, cursor_id(c, i));
	if (limits.wait_ms <= 0)
		return redis_call(redis_of(s)->redis, a, l.item, l.count, ret,
			e);
	command = (struct redis_command){ l.item, l.count };
	if (!redis_wait(redis_of(s)->redis, a, &command, limits.wait_ms, ret,
		    e))
		return false;
	if (!*ret) /* interrupted: as if nothing had come */
		*ret = ARENA_NEW(a, struct redis_reply);
	return true;
}

bool redis_store_read(struct store *s, struct cursor *c, struct arena *a,
	struct read_limits limits, struct results *ret, struct err *e)
{
	struct read_limits ask = { limits.max / c->count + 1, limits.wait_ms };
	struct arena *scratch = arena_new();
	bool ok;

	if (ask.max < READ_COUNT_MIN)
		ask.max = READ_COUNT_MIN;
	for (;;) {
		struct entries in = { .below_ms = UINT64_MAX };
		struct redis_reply *reply;

		ok = streams_ask(s, c, scratch, ask, &reply, e);
		if (ok && !streams_read(s, c, reply, ask.max, &in, scratch))
			ok = err_set(e, ERR_STORE, "XREAD: odd answer");
		if (ok)
			ok = entries_deliver(s->line, c, a, &in, ret, e);
		/* more in one millisecond than asked for: ask for more */
		if (!ok || ret->count || !in.count || ask.max >= READ_COUNT_MAX)
			break;
		ask.max *= 4;
		ask.wait_ms = 0;
	}
	arena_free(scratch);
	return ok;
}

/* The newest id of the events; what is newer wakes. */
static bool events_last(struct store *s, struct arena *a, char cursor[48],
	struct err *e)
{
	struct str argv[] = { STR("XREVRANGE"), key_of(s, a, "events", STR("")),
		STR("+"), STR("-"), STR("COUNT"), STR("1") };
	struct redis_reply *reply;
	struct stream_id id = { 0, 0 };

	if (!redis_call(redis_of(s)->redis, a, argv, 6, &reply, e))
		return false;
	if (reply->type == REDIS_ARRAY && reply->count > 0 &&
		reply->element[0]->count > 0 &&
		!stream_id_parse(reply->element[0]->element[0]->text, &id))
		return err_set(e, ERR_STORE, "XREVRANGE: odd answer");
	stream_id_format(id, cursor);
	return true;
}

/* XREAD of one entry is enough to know that there is something. */
static struct args wait_args(struct store *s, struct arena *a,
	const char *cursor, const struct cursor *c, int wait_ms)
{
	struct args l = { .arena = a };

	arg_z(&l, "XREAD");
	arg_z(&l, "COUNT");
	arg_z(&l, "1");
	if (wait_ms > 0) {
		arg_z(&l, "BLOCK");
		arg_u64(&l, (uint64_t)wait_ms);
	}
	arg_z(&l, "STREAMS");
	arg(&l, key_of(s, a, "events", STR("")));
	args_streams(&l, s, c);
	arg_z(&l, cursor);
	for (size_t i = 0; i < c->count; i++)
		arg(&l, cursor_id(c, i));
	return l;
}

bool redis_store_wait(struct store *s, char cursor[48],
	const struct cursor *results, int wait_ms, bool *ret_woken,
	struct err *e)
{
	static const struct cursor none = { NULL, NULL, 0 };
	struct arena *a = arena_new();
	struct redis_reply *reply = NULL;
	bool woken = false;
	bool ok = true;

	if (cursor[0] == '$')
		ok = events_last(s, a, cursor, e);
	if (ok) {
		struct args l = wait_args(s, a, cursor,
			results ? results : &none, wait_ms);
		struct redis_command command = { l.item, l.count };

		ok = redis_wait(redis_of(s)->redis, a, &command,
			wait_ms > 0 ? wait_ms : 0, &reply, e);
		woken = reply && reply->type == REDIS_ARRAY && reply->count;
	}
	/*
	 * Straight to the newest: whoever is woken reads the facts, and they
	 * hold what any event up to now has told.
	 */
	if (ok && woken)
		ok = events_last(s, a, cursor, e);
	arena_free(a);
	if (ok)
		*ret_woken = woken;
	return ok;
}

bool redis_store_audit(struct store *s, struct arena *a, size_t max,
	struct str **ret, size_t *ret_count, struct err *e)
{
	struct str argv[] = { STR("XREVRANGE"), key_of(s, a, "audit", STR("")),
		STR("+"), STR("-"), STR("COUNT"),
		arena_printf(a, "%llu", (unsigned long long)max) };
	struct redis_reply *reply;
	struct str *line;

	if (!redis_call(redis_of(s)->redis, a, argv, 6, &reply, e))
		return false;
	line = ARENA_ARRAY(a, reply->count, struct str);
	for (size_t i = 0; i < reply->count; i++) {
		const struct redis_reply *r = reply->element[i];

		if (r->type != REDIS_ARRAY || r->count != 2 ||
			r->element[1]->count != 2)
			return err_set(e, ERR_STORE, "audit: odd entry");
		line[reply->count - 1 - i] = r->element[1]->element[1]->text;
	}
	*ret = line;
	*ret_count = reply->count;
	return true;
}

bool redis_store_trim(struct store *s, const struct cursor *regions,
	uint64_t keep_ms, struct err *e)
{
	struct arena *a = arena_new();
	int64_t now_us;
	bool ok = server_time(s, a, &now_us, e);

	for (size_t i = 0; ok && i < regions->count; i++) {
		uint64_t now_ms = (uint64_t)now_us / 1000;
		struct str argv[] = { STR("XTRIM"),
			key_of(s, a, "results:", regions->region[i]),
			STR("MINID"), STR("0") };
		struct redis_reply *reply;

		if (now_ms > keep_ms)
			argv[3] = arena_printf(a, "%llu",
				(unsigned long long)(now_ms - keep_ms));
		ok = redis_call(redis_of(s)->redis, a, argv, 4, &reply, e);
	}
	arena_free(a);
	return ok;
}
