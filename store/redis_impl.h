#ifndef STORE_REDIS_IMPL_H
#define STORE_REDIS_IMPL_H

#include "store/impl.h"
#include "store/redis.h"
#include "store/redis_script.h"

/* What the parts of the store on Redis share. */
enum { SHA_BYTES = 48 };

struct redis_store {
	struct store store;
	struct redis *redis;
	char sha[SCRIPTS][SHA_BYTES]; /* "": not loaded yet */
};

struct redis_store *redis_of(struct store *s);

/* A command being put together; strings are borrowed or the arena's. */
struct args {
	struct arena *arena;
	struct str *item;
	size_t count, cap;
};

void arg(struct args *l, struct str s);
void arg_z(struct args *l, const char *z);
void arg_u64(struct args *l, uint64_t v);
/* "{line}:" what name */
struct str key_of(struct store *s, struct arena *a, const char *what,
	struct str name);

/* The head of a script's command; the script's own arguments follow. */
struct args script_args(struct store *s, struct arena *a);
bool script_call(struct store *s, enum script which, struct args *l,
	struct redis_reply **ret, struct err *e);
/* A script whose answer is 0 or 1. */
bool script_flag(struct store *s, enum script which, struct args *l, bool *ret,
	struct err *e);
/* A script whose answer is an epoch as text; "" is 0. */
bool script_epoch(struct store *s, enum script which, struct args *l,
	uint64_t *ret, struct err *e);
bool server_time(struct store *s, struct arena *a, int64_t *ret_us,
	struct err *e);

/* store/redis_results.c: members of the vtable */
bool redis_store_append(struct store *s, const struct result *const *r,
	size_t n, struct err *e);
bool redis_store_read(struct store *s, struct cursor *c, struct arena *a,
	struct read_limits limits, struct results *ret, struct err *e);
bool redis_store_wait(struct store *s, char cursor[48],
	const struct cursor *results, int wait_ms, bool *ret_woken,
	struct err *e);
bool redis_store_audit(struct store *s, struct arena *a, size_t max,
	struct str **ret, size_t *ret_count, struct err *e);
bool redis_store_trim(struct store *s, const struct cursor *regions,
	uint64_t keep_ms, struct err *e);

#endif
