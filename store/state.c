#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/oom.h"
#include "store/file.h"

static const char *const part_words[STATE_PARTS] = {
	[STATE_RUNNER] = "runner",
	[STATE_DETECTOR] = "detector",
	[STATE_REDIS] = "redis",
};

enum { STATE_ID_BYTES = 64 };

struct state {
	char *folder;
	int fd;
	struct arena *arena;   /* of the paths given out */
	int lock[STATE_PARTS]; /* -1: not held */
};

/* The folders above it, with the usual mode; it itself with 0700. */
static bool folders_make(const char *folder, struct err *e)
{
	char path[PATH_MAX];
	size_t len = strlen(folder);

	if (len == 0 || len >= sizeof(path))
		return err_set(e, ERR_IO, "state folder: bad name");
	memcpy(path, folder, len + 1);
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			return err_sys(e, ERR_IO, "state folder: %s", path);
		*p = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_sys(e, ERR_IO, "state folder: %s", path);
	return true;
}

struct state *state_open(const char *dir, struct err *e)
{
	struct state *s;
	char *real;
	int fd;

	if (!folders_make(dir, e))
		return NULL;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	real = fd < 0 ? NULL : realpath(dir, NULL);
	if (!real) {
		err_sys(e, ERR_IO, "state folder: %s", dir);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->folder = real;
	s->fd = fd;
	s->arena = arena_new();
	for (int i = 0; i < STATE_PARTS; i++)
		s->lock[i] = -1;
	return s;
}

void state_close(struct state *s)
{
	if (!s)
		return;
	for (int i = 0; i < STATE_PARTS; i++)
		state_unlock(s, (enum state_part)i);
	close(s->fd);
	arena_free(s->arena);
	free(s->folder);
	free(s);
}

const char *state_folder(const struct state *s)
{
	return s->folder;
}

const char *state_path(struct state *s, const char *name)
{
	return arena_printf(s->arena, "%s/%s", s->folder, name).ptr;
}

int state_fd(const struct state *s)
{
	return s->fd;
}

/* The pid that the holder wrote into its lock; 0: not (yet) there. */
static long lock_holder(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	uint64_t pid;

	if (n <= 0 ||
		!str_to_u64(str_trim((struct str){ text, (size_t)n }), &pid) ||
		pid > INT_MAX)
		return 0;
	return (long)pid;
}

static bool lock_busy(struct state *s, enum state_part part, int fd,
	struct err *e)
{
	long pid = lock_holder(fd);

	close(fd);
	if (pid == 0)
		return err_set(e, ERR_BUSY,
			"state folder %s: its %s part is in use by another "
			"process; stop that one or give another --state",
			s->folder, part_words[part]);
	return err_set(e, ERR_BUSY,
		"state folder %s: its %s part is in use by process %ld; stop "
		"that one or give another --state",
		s->folder, part_words[part], pid);
}

bool state_lock(struct state *s, enum state_part part, struct err *e)
{
	char name[32];
	char pid[32];
	int fd;
	int n;

	if (s->lock[part] >= 0)
		return true;
	snprintf(name, sizeof(name), "%s.lock", part_words[part]);
	fd = openat(s->fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		0600);
	if (fd < 0)
		return err_sys(e, ERR_IO, "%s/%s", s->folder, name);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			return lock_busy(s, part, fd, e);
		err_sys(e, ERR_IO, "%s/%s", s->folder, name);
		close(fd);
		return false;
	}
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 ||
		!file_write_all(fd, (struct str){ pid, (size_t)n })) {
		err_sys(e, ERR_IO, "%s/%s", s->folder, name);
		close(fd);
		return false;
	}
	s->lock[part] = fd;
	return true;
}

void state_unlock(struct state *s, enum state_part part)
{
	if (s->lock[part] < 0)
		return;
	/* the pid must not outlive the lock: the next holder's may be late */
	(void)!ftruncate(s->lock[part], 0);
	close(s->lock[part]);
	s->lock[part] = -1;
}

/* A host name as an id may hold it: letters, digits, '-' and '.'. */
static void host_name(char ret[32])
{
	char host[256] = "";

	(void)gethostname(host, sizeof(host) - 1);
	host[24] = '\0';
	for (char *p = host; *p; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') ||
			     (*p >= 'A' && *p <= 'Z') ||
			     (*p >= '0' && *p <= '9') || *p == '-' || *p == '.';

		if (!plain)
			*p = '-';
	}
	snprintf(ret, 32, "%.24s", host[0] ? host : "host");
}

bool state_id(struct state *s, enum state_part part, char ret[64],
	struct err *e)
{
	struct arena *a = arena_new();
	char name[32];
	char host[32];
	char id[STATE_ID_BYTES];
	struct str kept;
	uint32_t random;
	bool ok;

	snprintf(name, sizeof(name), "%s.id", part_words[part]);
	ok = file_read(s->fd, name, a, &kept, e);
	if (ok && kept.ptr)
		kept = str_trim(kept);
	if (ok && kept.ptr && kept.len && kept.len < STATE_ID_BYTES) {
		memcpy(ret, kept.ptr, kept.len);
		ret[kept.len] = '\0';
	} else if (ok) {
		host_name(host);
		crypto_random(&random, sizeof(random));
		snprintf(id, sizeof(id), "%s-%s-%06x", part_words[part], host,
			random & 0xffffff);
		ok = file_replace(s->fd, name, str_from(id), e);
		if (ok)
			memcpy(ret, id, sizeof(id));
	}
	arena_free(a);
	return ok || err_in(e, "%s", s->folder);
}
