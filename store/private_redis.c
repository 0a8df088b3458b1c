#include "store/private_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/oom.h"
#include "store/file.h"
#include "store/redis.h"
#include "store/unix_path.h"

enum {
	START_WAIT_MS = 30000, /* a large append-only file loads slowly */
	STOP_WAIT_MS = 10000,
	POLL_PAUSE_MS = 10,
	STATE_URL_BYTES = 600
};

struct private_redis {
	struct state *state;
	pid_t pid; /* 0: gone and reaped */
	int pidfd;
	int status;
	char url[STATE_URL_BYTES];
};

static uint64_t now_ms(void)
{
	return clock_mono_ns(&clock_system) / 1000000;
}

static bool socket_path(const char *folder, char *ret, size_t size,
	struct err *e)
{
	int n = snprintf(ret, size, "%s/redis/redis.sock", folder);

	return (n > 0 && (size_t)n < size) ||
	       err_set(e, ERR_IO, "state folder: its name is too long");
}

static bool socket_answers(const char *path)
{
	struct sockaddr_un address;
	int folder;
	bool ok;
	int fd;

	if (!unix_address(path, &address, &folder, NULL))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ok = fd >= 0 && connect(fd, (const struct sockaddr *)&address,
				sizeof(address)) == 0;
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
	return ok;
}

/* Until the process has ended; false: not in time. */
static bool process_wait(int pidfd, int wait_ms)
{
	struct pollfd p = { pidfd, POLLIN, 0 };
	uint64_t until = now_ms() + (uint64_t)wait_ms;

	for (;;) {
		uint64_t now = now_ms();
		int got = poll(&p, 1, now < until ? (int)(until - now) : 0);

		if (got > 0)
			return true;
		if (got == 0 || errno != EINTR)
			return false;
	}
}

static void process_end(pid_t pid)
{
	int pidfd = pidfd_open(pid, 0);

	if (pidfd < 0)
		return;
	/* by descriptor: the number may be somebody else's by now */
	(void)pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
	if (!process_wait(pidfd, STOP_WAIT_MS)) {
		(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		(void)process_wait(pidfd, STOP_WAIT_MS);
	}
	close(pidfd);
}

/* Is this process a server that works in our folder? */
static bool is_our_server(pid_t pid, const char *folder)
{
	char link[64];
	char cwd[PATH_MAX];
	char ours[PATH_MAX + 8];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%ld/cwd", (long)pid);
	n = readlink(link, cwd, sizeof(cwd) - 1);
	if (n <= 0)
		return false;
	cwd[n] = '\0';
	snprintf(ours, sizeof(ours), "%s/redis", folder);
	return strcmp(cwd, ours) == 0;
}

/* We hold the lock, so whoever still serves here has lost its owner. */
static void stale_stop(struct state *s)
{
	struct arena *a = arena_new();
	struct str text;
	uint64_t pid;

	if (file_read(state_fd(s), "redis/redis.pid", a, &text, NULL) &&
		text.ptr && str_to_u64(str_trim(text), &pid) && pid > 1 &&
		pid <= INT_MAX && is_our_server((pid_t)pid, state_folder(s)))
		process_end((pid_t)pid);
	(void)unlinkat(state_fd(s), "redis/redis.sock", 0);
	arena_free(a);
}

/* After fork(): only what is safe there. */
static _Noreturn void child_run(pid_t parent, int folder, int log)
{
	static const char *const argv[] = { "redis-server", "--port", "0",
		"--unixsocket", "redis.sock", "--unixsocketperm", "700",
		"--dir", ".", "--appendonly", "yes", "--appendfsync",
		"everysec", "--save", "", "--maxmemory-policy", "noeviction",
		"--daemonize", "no", "--logfile", "redis.log", NULL };
	sigset_t none;

	sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)setpgid(0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent ||
		fchdir(folder) != 0)
		_exit(126);
	(void)dup2(log, STDOUT_FILENO);
	(void)dup2(log, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static bool server_spawn(struct private_redis *r, struct err *e)
{
	int base = state_fd(r->state);
	pid_t parent = getpid();
	char text[32];
	int folder;
	int log;
	int n;

	if (mkdirat(base, "redis", 0700) != 0 && errno != EEXIST)
		return err_sys(e, ERR_IO, "%s/redis", state_folder(r->state));
	folder = openat(base, "redis", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	log = openat(base, "redis/redis.log",
		O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (folder < 0 || log < 0) {
		err_sys(e, ERR_IO, "%s/redis", state_folder(r->state));
		if (folder >= 0)
			close(folder);
		if (log >= 0)
			close(log);
		return false;
	}
	r->pid = fork();
	if (r->pid == 0)
		child_run(parent, folder, log);
	close(folder);
	close(log);
	if (r->pid < 0) {
		r->pid = 0;
		return err_sys(e, ERR_IO, "redis-server");
	}
	n = snprintf(text, sizeof(text), "%ld\n", (long)r->pid);
	r->pidfd = pidfd_open(r->pid, 0);
	if (r->pidfd < 0)
		return err_sys(e, ERR_IO, "redis-server");
	return file_replace(base, "redis/redis.pid",
		       (struct str){ text, (size_t)n }, e) ||
	       err_in(e, "%s", state_folder(r->state));
}

static bool server_alive(struct private_redis *r, struct err *e)
{
	if (r->pid && waitpid(r->pid, &r->status, WNOHANG) == r->pid)
		r->pid = 0;
	if (r->pid)
		return true;
	if (WIFEXITED(r->status) && WEXITSTATUS(r->status) == 127)
		return err_set(e, ERR_STORE,
			"redis-server is not installed: install it (Debian: "
			"redis-server) or give --redis URL");
	return err_set(e, ERR_STORE,
		"the private redis-server ended (%s %d); see %s/redis/"
		"redis.log",
		WIFSIGNALED(r->status) ? "signal" : "status",
		WIFSIGNALED(r->status) ? WTERMSIG(r->status)
				       : WEXITSTATUS(r->status),
		state_folder(r->state));
}

/* Until it answers, its append-only file loaded. */
static bool server_wait(struct private_redis *r, int wait_ms, struct err *e)
{
	const char *path = r->url + strlen("unix://");
	uint64_t until = now_ms() + (uint64_t)wait_ms;

	for (;;) {
		uint64_t now = now_ms();
		struct redis *c;

		if (!server_alive(r, e))
			return false;
		if (now >= until)
			return err_set(e, ERR_STORE,
				"the private redis-server does not answer "
				"within %d ms; see %s/redis/redis.log",
				wait_ms, state_folder(r->state));
		if (socket_answers(path)) {
			c = redis_open(r->url, (int)(until - now), e);
			redis_free(c);
			return c != NULL;
		}
		(void)poll(NULL, 0, POLL_PAUSE_MS);
	}
}

struct private_redis *private_redis_start(struct state *s, struct err *e)
{
	struct private_redis *r;
	char path[STATE_URL_BYTES - 16];

	if (!socket_path(state_folder(s), path, sizeof(path), e) ||
		!state_lock(s, STATE_REDIS, e))
		return NULL;
	stale_stop(s);
	r = xcalloc(1, sizeof(*r));
	r->state = s;
	r->pidfd = -1;
	snprintf(r->url, sizeof(r->url), "unix://%s", path);
	if (server_spawn(r, e) && server_wait(r, START_WAIT_MS, e))
		return r;
	private_redis_stop(r);
	return NULL;
}

const char *private_redis_url(const struct private_redis *p)
{
	return p->url;
}

int private_redis_fd(const struct private_redis *p)
{
	struct pollfd fd = { p->pidfd, POLLIN, 0 };

	return p->pid && poll(&fd, 1, 0) == 0 ? p->pidfd : -1;
}

pid_t private_redis_pid(const struct private_redis *p)
{
	return p->pid;
}

void private_redis_stop(struct private_redis *p)
{
	if (!p)
		return;
	if (p->pid) {
		process_end(p->pid);
		(void)waitpid(p->pid, &p->status, 0);
	}
	if (p->pidfd >= 0)
		close(p->pidfd);
	(void)unlinkat(state_fd(p->state), "redis/redis.sock", 0);
	(void)unlinkat(state_fd(p->state), "redis/redis.pid", 0);
	free(p);
}

bool state_redis_url(const char *dir, int wait_ms, char *ret_url, size_t size,
	struct err *e)
{
	uint64_t until = now_ms() + (uint64_t)(wait_ms > 0 ? wait_ms : 0);
	char path[STATE_URL_BYTES - 16];
	char real[PATH_MAX];
	int n;

	for (;;) {
		/* absolute, so that the url outlives a change of folder */
		if (realpath(dir, real)) {
			if (!socket_path(real, path, sizeof(path), e))
				return false;
			if (socket_answers(path))
				break;
		}
		if (now_ms() >= until || poll(NULL, 0, POLL_PAUSE_MS) < 0)
			return err_set(e, ERR_STORE,
				"no Redis runs in the state folder %s: start "
				"`andon up --state %s`, or give --redis URL",
				dir, dir);
	}
	n = snprintf(ret_url, size, "unix://%s", path);
	return (n > 0 && (size_t)n < size) ||
	       err_set(e, ERR_IO, "state folder: its name is too long");
}
