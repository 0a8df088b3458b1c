#include "tests/support/redis_server.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/oom.h"
#include "store/private_redis.h"
#include "store/redis.h"

enum { START_MS = 20000, WORDS_MAX = 16 };

struct redis_server {
	char folder[64];
	struct state *state;
	struct private_redis *redis;
	char url[600];
};

static _Noreturn void give_up(const struct err *e)
{
	fprintf(stderr, "redis_server: %s\n", e->text);
	abort();
}

static void folder_remove(int at, const char *name, int depth)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(dir), d->d_name, 0) != 0 && depth > 0)
			folder_remove(dirfd(dir), d->d_name, depth - 1);
	}
	if (dir)
		closedir(dir);
	(void)unlinkat(at, name, AT_REMOVEDIR);
}

void test_folder_remove(const char *folder)
{
	folder_remove(AT_FDCWD, folder, 3);
}

void redis_server_kill(struct redis_server *s)
{
	pid_t pid = s->redis ? private_redis_pid(s->redis) : 0;

	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	private_redis_stop(s->redis); /* waits and reaps */
	s->redis = NULL;
}

struct redis_server *redis_server_start(void)
{
	struct redis_server *s = xcalloc(1, sizeof(*s));
	struct err e = { 0 };

	snprintf(s->folder, sizeof(s->folder), "/tmp/andon-test-XXXXXX");
	if (!mkdtemp(s->folder)) {
		err_sys(&e, ERR_IO, "%s", s->folder);
		give_up(&e);
	}
	s->state = state_open(s->folder, &e);
	s->redis = s->state ? private_redis_start(s->state, &e) : NULL;
	if (s->redis) {
		snprintf(s->url, sizeof(s->url), "%s",
			private_redis_url(s->redis));
		return s;
	}
	if (!strstr(e.text, "not installed") || getenv("CI"))
		give_up(&e);
	fprintf(stderr, "NOT RUN: %s\n", e.text);
	redis_server_stop(s);
	return NULL;
}

void redis_server_stop(struct redis_server *s)
{
	if (!s)
		return;
	redis_server_kill(s); /* its data goes anyway */
	state_close(s->state);
	test_folder_remove(s->folder);
	free(s);
}

const char *redis_server_url(const struct redis_server *s)
{
	return s->url;
}

const char *redis_server_folder(const struct redis_server *s)
{
	return s->folder;
}

void redis_server_restart(struct redis_server *s)
{
	struct err e = { 0 };

	private_redis_stop(s->redis);
	s->redis = private_redis_start(s->state, &e);
	if (!s->redis)
		give_up(&e);
}

void redis_server_do(struct redis_server *s, const char *command)
{
	struct err e = { 0 };
	struct arena *a = arena_new();
	struct redis *r = redis_open(s->url, START_MS, NULL);
	struct str rest = str_from(command);
	struct str argv[WORDS_MAX];
	struct redis_reply *reply;
	size_t n = 0;

	while (rest.ptr && n < WORDS_MAX)
		argv[n++] = str_cut(&rest, ' ');
	/* a replica refuses redis_open(): it is spoken to all the same */
	if (!r)
		r = redis_open_any(s->url, START_MS, &e);
	if (!r || !redis_call(r, a, argv, n, &reply, &e))
		give_up(&e);
	redis_free(r);
	arena_free(a);
}
