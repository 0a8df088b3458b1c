#include <string.h>

#include "store/redis_impl.h"

struct redis_store *redis_of(struct store *s)
{
	return (struct redis_store *)s;
}

void arg(struct args *l, struct str s)
{
	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		struct str *grown = ARENA_ARRAY(l->arena, cap, struct str);

		if (l->count)
			memcpy(grown, l->item, l->count * sizeof(*grown));
		l->item = grown;
		l->cap = cap;
	}
	l->item[l->count++] = s;
}

void arg_z(struct args *l, const char *z)
{
	arg(l, str_from(z));
}

void arg_u64(struct args *l, uint64_t v)
{
	arg(l, arena_printf(l->arena, "%llu", (unsigned long long)v));
}

struct str key_of(struct store *s, struct arena *a, const char *what,
	struct str name)
{
	return arena_printf(a, "{%.*s}:%s%.*s", STR_ARG(s->line), what,
		STR_ARG(name));
}

/* EVALSHA sha 1 {line}:line "{line}:" ...; the script's own follow. */
struct args script_args(struct store *s, struct arena *a)
{
	struct args l = { .arena = a };

	arg_z(&l, "EVALSHA");
	arg(&l, STR(""));
	arg_z(&l, "1");
	arg(&l, key_of(s, a, "line", STR("")));
	arg(&l, key_of(s, a, "", STR("")));
	return l;
}

static bool script_load(struct redis_store *r, struct arena *a,
	enum script which, struct err *e)
{
	struct str argv[] = { STR("SCRIPT"), STR("LOAD"),
		str_from(redis_scripts[which]) };
	struct redis_reply *reply = NULL;

	if (!redis_call(r->redis, a, argv, 3, &reply, e))
		return false;
	if (reply->type != REDIS_TEXT || reply->text.len >= SHA_BYTES)
		return err_set(e, ERR_STORE, "SCRIPT LOAD: odd answer");
	memcpy(r->sha[which], reply->text.ptr, reply->text.len);
	r->sha[which][reply->text.len] = '\0';
	return true;
}

/* A server that was restarted has forgotten its scripts: NOSCRIPT. */
bool script_call(struct store *s, enum script which, struct args *l,
	struct redis_reply **ret, struct err *e)
{
	struct redis_store *r = redis_of(s);
	struct redis_command command = { l->item, l->count };
	struct redis_reply *reply = NULL;

	for (int attempt = 0; attempt < 3; attempt++) {
		if (!r->sha[which][0] && !script_load(r, l->arena, which, e))
			return false;
		l->item[1] = str_from(r->sha[which]);
		if (!redis_pipeline(r->redis, l->arena, &command, 1, &reply, e))
			return false;
		if (reply->type != REDIS_ERROR) {
			*ret = reply;
			return true;
		}
		if (!str_starts(reply->text, STR("NOSCRIPT")))
			break;
		r->sha[which][0] = '\0';
	}
	return redis_explain(r->redis, reply->text, e);
}

/* A script whose answer is 0 or 1. */
bool script_flag(struct store *s, enum script which, struct args *l, bool *ret,
	struct err *e)
{
	struct redis_reply *reply = NULL;

	if (!script_call(s, which, l, &reply, e))
		return false;
	if (!reply || reply->type != REDIS_INTEGER)
		return err_set(e, ERR_STORE, "script %d: odd answer", which);
	*ret = reply->integer != 0;
	return true;
}

bool script_epoch(struct store *s, enum script which, struct args *l,
	uint64_t *ret, struct err *e)
{
	struct redis_reply *reply = NULL;

	*ret = 0;
	if (!script_call(s, which, l, &reply, e))
		return false;
	if (!reply || reply->type != REDIS_TEXT ||
		(reply->text.len && !str_to_u64(reply->text, ret)))
		return err_set(e, ERR_STORE, "script %d: odd answer", which);
	return true;
}

bool server_time(struct store *s, struct arena *a, int64_t *ret_us,
	struct err *e)
{
	struct str argv[] = { STR("TIME") };
	struct redis_reply *r;
	uint64_t seconds;
	uint64_t us;

	if (!redis_call(redis_of(s)->redis, a, argv, 1, &r, e))
		return false;
	if (r->type != REDIS_ARRAY || r->count != 2 ||
		!str_to_u64(r->element[0]->text, &seconds) ||
		!str_to_u64(r->element[1]->text, &us) ||
		seconds > INT64_MAX / 4000000 || us > 999999)
		return err_set(e, ERR_STORE, "TIME: odd answer");
	*ret_us = (int64_t)(seconds * 1000000 + us);
	return true;
}
