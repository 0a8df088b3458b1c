#include <stdlib.h>

#include "base/oom.h"
#include "store/impl.h"
#include "store/redis_facts.h"
#include "store/redis_impl.h"

/*
 * The store on Redis: the keys of docs/DESIGN.md, section 4.  What has to
 * happen in one moment is a script; every command may be sent twice (see
 * store/redis.h): results are recognised by (runner, epoch, seq), a commit
 * that was applied already answers "conflict", the rest is idempotent.
 */
/* ---- facts ---- */

static bool redis_store_facts(struct store *s, struct arena *a,
	struct facts *ret, struct err *e)
{
	struct arena *scratch = arena_new();
	struct args l = script_args(s, scratch);
	struct redis_reply *reply = NULL;
	struct facts f = { .line = arena_str(a, s->line) };
	bool ok = script_call(s, SCRIPT_FACTS, &l, &reply, e) &&
		  redis_facts_read(a, reply, &f, e);

	arena_free(scratch);
	if (ok)
		*ret = f;
	return ok;
}

static bool commit_answer(struct str text, enum commit_answer *ret,
	struct err *e)
{
	if (str_eq(text, STR("done")))
		*ret = COMMIT_DONE;
	else if (str_eq(text, STR("conflict")))
		*ret = COMMIT_CONFLICT;
	else if (str_eq(text, STR("fenced")))
		*ret = COMMIT_FENCED;
	else
		return err_set(e, ERR_STORE, "commit: odd answer");
	return true;
}

static bool redis_store_commit(struct store *s, const struct tx *t,
	enum commit_answer *ret, struct err *e)
{
	struct arena *a = arena_new();
	struct args l = script_args(s, a);
	struct redis_reply *reply = NULL;
	bool ok;

	arg_u64(&l, t->rev);
	arg_u64(&l, t->epoch);
	for (const struct tx_op *op = t->first; op; op = op->next) {
		arg_z(&l, tx_kind_word(op->kind));
		arg(&l, op->key);
		arg(&l, op->value);
		arg_z(&l, op->value.ptr ? "1" : "0");
	}
	ok = script_call(s, SCRIPT_COMMIT, &l, &reply, e) &&
	     commit_answer(reply->text, ret, e);
	arena_free(a);
	return ok;
}

/* ---- leases ---- */

static bool redis_store_runner_join(struct store *s, struct str id,
	struct str vantage, bool take_over, uint64_t *ret_epoch, struct err *e)
{
	struct arena *a = arena_new();
	struct args l = script_args(s, a);
	uint64_t epoch;
	bool ok;

	arg(&l, id);
	arg(&l, vantage);
	arg_z(&l, take_over ? "1" : "0");
	arg_u64(&l, RUNNER_JOIN_TTL_MS);
	ok = script_epoch(s, SCRIPT_RUNNER_JOIN, &l, &epoch, e);
	arena_free(a);
	if (ok && epoch == 0)
		return err_set(e, ERR_BUSY,
			"a runner with the id %.*s is alive", STR_ARG(id));
	if (ok)
		*ret_epoch = epoch;
	return ok;
}

static bool redis_store_runner_beat(struct store *s,
	const struct runner_lease *r, uint32_t ttl_ms, struct err *e)
{
	struct arena *a = arena_new();
	struct args l = script_args(s, a);
	bool current;
	bool ok;

	arg(&l, r->id);
	arg(&l, r->vantage);
	arg(&l, r->plan_hash);
	arg_u64(&l, r->epoch);
	arg_u64(&l, ttl_ms);
	ok = script_flag(s, SCRIPT_RUNNER_BEAT, &l, &current, e);
	arena_free(a);
	if (ok && !current)
		return err_set(e, ERR_BUSY,
			"another runner took the id %.*s over", STR_ARG(r->id));
	return ok;
}

static bool redis_store_runner_leave(struct store *s, struct str id,
	struct err *e)
{
	struct arena *a = arena_new();
	struct args l = script_args(s, a);
	bool gone;
	bool ok;

	arg(&l, id);
	arg_u64(&l, s->runner_epoch);
	ok = script_flag(s, SCRIPT_RUNNER_LEAVE, &l, &gone, e);
	arena_free(a);
	return ok;
}

static bool redis_store_plan_put(struct store *s, const struct plan_record *p,
	struct err *e)
{
	struct arena *a = arena_new();
	struct redis_reply *reply = NULL;
	struct buf text;
	struct str argv[3];
	bool ok;

	buf_init(&text, PLAN_TEXT_MAX);
	plan_write(&text, p);
	argv[0] = STR("SET");
	argv[1] = key_of(s, a, "plan", STR(""));
	argv[2] = buf_str(&text);
	ok = text.over ? err_set(e, ERR_STORE, "the plan has too many jobs")
		       : redis_call(redis_of(s)->redis, a, argv, 3, &reply, e);
	buf_done(&text);
	arena_free(a);
	return ok;
}

static bool redis_store_detector_join(struct store *s, struct str id,
	uint32_t ttl_ms, uint64_t *ret_epoch, struct err *e)
{
	struct arena *a = arena_new();
	struct args l = script_args(s, a);
	bool ok;

	arg(&l, id);
	arg_u64(&l, ttl_ms);
	ok = script_epoch(s, SCRIPT_DETECTOR_JOIN, &l, ret_epoch, e);
	arena_free(a);
	return ok;
}

static bool redis_store_detector_beat(struct store *s, struct str id,
	uint64_t epoch, uint32_t ttl_ms, bool *ret_kept, struct err *e)
{
	struct arena *a = arena_new();
	struct args l = script_args(s, a);
	bool ok;

	arg(&l, id);
	arg_u64(&l, epoch);
	arg_u64(&l, ttl_ms);
	ok = script_flag(s, SCRIPT_DETECTOR_BEAT, &l, ret_kept, e);
	arena_free(a);
	return ok;
}

static bool redis_store_detector_leave(struct store *s, struct str id,
	uint64_t epoch, struct err *e)
{
	struct arena *a = arena_new();
	struct args l = script_args(s, a);
	bool gone;
	bool ok;

	(void)id; /* the epoch says who it is */
	arg_u64(&l, epoch);
	ok = script_flag(s, SCRIPT_DETECTOR_LEAVE, &l, &gone, e);
	arena_free(a);
	return ok;
}

/* ---- what a detector writes ---- */

static struct str text_of(struct arena *a, struct buf *text)
{
	struct str s = arena_str(a, buf_str(text));

	buf_done(text);
	return s;
}

static void args_permit(struct args *l, const struct permit *p, int64_t now_us)
{
	struct buf text;
	struct buf needle;
	int64_t left_ms = (p->valid_until_us - now_us) / 1000 + PERMIT_KEEP_MS;

	buf_init(&text, RECORD_TEXT_MAX);
	permit_write(&text, p);
	buf_init(&needle, RECORD_TEXT_MAX);
	buf_add_z(&needle, "\"deployment\":");
	buf_add_json(&needle, p->deployment);
	arg(l, p->stage);
	arg(l, text_of(l->arena, &text));
	arg_u64(l, left_ms > 1 ? (uint64_t)left_ms : 1);
	arg(l, text_of(l->arena, &needle));
}

static bool redis_store_judge(struct store *s, const struct judging *j,
	bool *ret_kept, struct err *e)
{
	struct arena *a = arena_new();
	struct args l = script_args(s, a);
	int64_t now_us = 0;
	bool ok = j->npermits == 0 || server_time(s, a, &now_us, e);

	arg_u64(&l, j->epoch);
	arg_u64(&l, j->njudgements);
	for (size_t i = 0; i < j->njudgements; i++) {
		struct buf text;

		buf_init(&text, RECORD_TEXT_MAX);
		judgement_write(&text, &j->judgement[i]);
		arg(&l, judgement_key(a, j->judgement[i].deployment,
				j->judgement[i].region));
		arg(&l, text_of(a, &text));
	}
	for (size_t i = 0; i < j->npermits; i++)
		args_permit(&l, &j->permit[i], now_us);
	ok = ok && script_flag(s, SCRIPT_JUDGE, &l, ret_kept, e);
	arena_free(a);
	return ok;
}

static bool redis_store_fenced_put(struct store *s, const struct fenced *f,
	bool *ret_kept, struct err *e)
{
	struct arena *a = arena_new();
	struct args l = script_args(s, a);
	bool ok;

	arg_u64(&l, f->epoch);
	arg(&l, arena_printf(a, "%s:%.*s", f->what, STR_ARG(f->name)));
	arg(&l, f->bytes);
	arg_z(&l, f->bytes.ptr ? "1" : "0");
	ok = script_flag(s, SCRIPT_FENCED_PUT, &l, ret_kept, e);
	arena_free(a);
	return ok;
}

static bool redis_store_fenced_get(struct store *s, struct arena *a,
	const struct fenced *f, struct str *ret, struct err *e)
{
	struct arena *scratch = arena_new();
	struct str argv[] = { STR("GET"),
		arena_printf(scratch, "{%.*s}:%s:%.*s", STR_ARG(s->line),
			f->what, STR_ARG(f->name)) };
	struct redis_reply *reply = NULL;
	bool ok = redis_call(redis_of(s)->redis, scratch, argv, 2, &reply, e);

	if (ok)
		*ret = reply->type == REDIS_TEXT ? arena_str(a, reply->text)
						 : STR_NONE;
	arena_free(scratch);
	return ok;
}

static bool redis_store_replicas(struct store *s, int timeout_ms, int *ret,
	struct err *e)
{
	struct arena *a = arena_new();
	struct str info[] = { STR("INFO"), STR("replication") };
	struct str wait[] = { STR("WAIT"), STR("1"),
		arena_printf(a, "%d", timeout_ms > 0 ? timeout_ms : 1) };
	struct redis_command command = { wait, 3 };
	struct redis_reply *reply = NULL;
	bool ok = redis_call(redis_of(s)->redis, a, info, 2, &reply, e);
	int count = -1;

	if (ok && str_find(reply->text, STR("connected_slaves:0"), 0) ==
			  SIZE_MAX) {
		ok = redis_wait(redis_of(s)->redis, a, &command, timeout_ms,
			&reply, e);
		count = ok && reply ? (int)reply->integer : 0;
	}
	arena_free(a);
	if (ok)
		*ret = count;
	return ok;
}

static void redis_store_free(struct store *s)
{
	redis_free(redis_of(s)->redis);
	store_done(s);
	free(s);
}

static void redis_store_interrupt(struct store *s, int fd)
{
	redis_interrupt(redis_of(s)->redis, fd);
}

static const struct store_ops redis_ops = {
	.free = redis_store_free,
	.interrupt = redis_store_interrupt,
	.facts = redis_store_facts,
	.commit = redis_store_commit,
	.append = redis_store_append,
	.read = redis_store_read,
	.wait = redis_store_wait,
	.runner_join = redis_store_runner_join,
	.runner_beat = redis_store_runner_beat,
	.runner_leave = redis_store_runner_leave,
	.plan_put = redis_store_plan_put,
	.detector_join = redis_store_detector_join,
	.detector_beat = redis_store_detector_beat,
	.detector_leave = redis_store_detector_leave,
	.judge = redis_store_judge,
	.fenced_put = redis_store_fenced_put,
	.fenced_get = redis_store_fenced_get,
	.audit = redis_store_audit,
	.trim = redis_store_trim,
	.replicas = redis_store_replicas,
};

struct store *store_open(const char *url, struct str line, int timeout_ms,
	struct err *e)
{
	struct redis *redis = redis_open(url, timeout_ms, e);
	struct redis_store *r;

	if (!redis)
		return NULL;
	r = xcalloc(1, sizeof(*r));
	store_init(&r->store, &redis_ops, line);
	r->redis = redis;
	return &r->store;
}
