#ifndef STORE_REDIS_H
#define STORE_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * One connection to Redis: commands out, replies in, with a deadline.
 *
 * hiredis only formats commands and parses replies; the bytes go over our own
 * non-blocking socket (TCP or unix).  A call writes all its commands in one
 * go and waits for all replies.  When the connection breaks, the call
 * connects again and sends everything again until its deadline, so every
 * command must bear being sent twice.
 *
 * Names are looked up with getaddrinfo(), which may block longer than the
 * deadline when a DNS server is silent: acceptable for the store's own
 * connection, which no check of a target waits for.
 *
 * Belongs to one thread.  After a refusal that will not go away by itself
 * (authentication, permission) it does not connect again for 5 s; the error
 * is repeated meanwhile.
 */
struct redis;

/* clang-format off */
enum {
	REDIS_REPLY_BYTES_MAX = 128 << 20, /* one reply */
	REDIS_ELEMENTS_MAX    = 1 << 20,   /* one array */
	REDIS_URL_MAX         = 1024,
	REDIS_NAME_BYTES      = 560
};
/* clang-format on */

enum redis_type {
	REDIS_NIL,
	REDIS_INTEGER,
	REDIS_TEXT, /* bulk or simple string */
	REDIS_ERROR,
	REDIS_ARRAY
};

struct redis_reply {
	enum redis_type type;
	int64_t integer;
	struct str text;
	struct redis_reply **element;
	size_t count;
};

struct redis_command {
	const struct str *argv;
	size_t argc;
};

/*
 * Connects, authenticates, chooses the database and looks whether the server
 * is fit to be written to.  A server that is loading is waited for.
 */
struct redis *redis_open(const char *url, int timeout_ms, struct err *e);
/* The same for doctor and tests: a replica, a server that evicts will do. */
struct redis *redis_open_any(const char *url, int timeout_ms, struct err *e);
void redis_free(struct redis *r); /* NULL is fine */
/* See store_interrupt(). */
void redis_interrupt(struct redis *r, int fd);

/*
 * Sends n commands, gives n replies, in the arena.  Replies of type ERROR are
 * given back as they are, except those that say that the server can not be
 * used now: they fail the call.
 */
bool redis_pipeline(struct redis *r, struct arena *a,
	const struct redis_command *command, size_t n, struct redis_reply **ret,
	struct err *e);

/*
 * A command that waits on the server for up to wait_ms (XREAD BLOCK); any
 * ERROR reply fails, explained.  *ret NULL: the wait was ended here.
 */
bool redis_wait(struct redis *r, struct arena *a,
	const struct redis_command *command, int wait_ms,
	struct redis_reply **ret, struct err *e);

/* One command; any ERROR reply fails, explained. */
bool redis_call(struct redis *r, struct arena *a, const struct str *argv,
	size_t argc, struct redis_reply **ret, struct err *e);

/* Fails with what the server's error means and what to do about it. */
bool redis_explain(const struct redis *r, struct str error, struct err *e);

/* Where to connect and as whom; the password is never part of a message. */
struct redis_url {
	char host[256], port[8], path[512]; /* path: unix socket */
	char user[128], password[256];
	unsigned db;
};
/* redis://[user:pass@]host[:port][/db] or unix:///path[?db=N] */
bool redis_url_parse(struct str url, struct redis_url *ret, struct err *e);

/* "Redis at host:port", for messages. */
void redis_url_name(const struct redis_url *u, char ret[REDIS_NAME_BYTES]);

/* Reads one reply out of bytes, for the fuzzer: false when not whole. */
bool redis_parse(struct arena *a, struct str bytes, struct redis_reply **ret);

#endif
