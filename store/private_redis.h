#ifndef STORE_PRIVATE_REDIS_H
#define STORE_PRIVATE_REDIS_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/types.h>

#include "base/err.h"
#include "store/state.h"

/*
 * The embedded default: a private redis-server (Debian package) on a unix
 * socket in the state folder, append-only, no TCP port, no eviction.  It dies
 * with its owner, also by kill -9; what a dead owner left is cleaned up by
 * the next start.  It has a process group of its own, so that ctrl-C does not
 * reach it before our last results do.  The kernel ties its life to the thread
 * that started it (PR_SET_PDEATHSIG): start it from the main thread.
 */
struct private_redis;

/* Needs the lock of STATE_REDIS; returns when it answers. */
struct private_redis *private_redis_start(struct state *s, struct err *e);
/* unix:///... ; lives as long as the server. */
const char *private_redis_url(const struct private_redis *p);
/* Readable (or negative) when it has died: for the owner's loop. */
int private_redis_fd(const struct private_redis *p);
pid_t private_redis_pid(const struct private_redis *p);
/* Ends it in order and waits for it, 10 s at most; NULL is fine. */
void private_redis_stop(struct private_redis *p);

/*
 * For the other commands that are given the same folder: the url of the
 * server that runs there, waiting up to wait_ms for it.  The folder is not
 * made.
 */
bool state_redis_url(const char *dir, int wait_ms, char *ret_url, size_t size,
	struct err *e);

#endif
