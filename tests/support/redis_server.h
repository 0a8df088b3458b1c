#ifndef TESTS_SUPPORT_REDIS_SERVER_H
#define TESTS_SUPPORT_REDIS_SERVER_H

#include <sys/types.h>

/*
 * A redis-server for one test: in a folder of its own under /tmp, on a unix
 * socket, stopped by its pid.  NULL, with NOT RUN on stderr, where
 * redis-server is not installed; with CI=true that fails the test instead.
 */
struct redis_server;

struct redis_server *redis_server_start(void);
void redis_server_stop(struct redis_server *s); /* NULL is fine */
const char *redis_server_url(const struct redis_server *s);
const char *redis_server_folder(const struct redis_server *s);
void redis_server_kill(struct redis_server *s); /* kill -9 */
/* Stops it in order and starts it again on the same data. */
void redis_server_restart(struct redis_server *s);
/* Removes a test's folder: at most three levels of plain files. */
void test_folder_remove(const char *folder);
/* One command, its words parted by single spaces; any answer will do. */
void redis_server_do(struct redis_server *s, const char *command);

#endif
