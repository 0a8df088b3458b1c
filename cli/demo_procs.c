#include "cli/demo_procs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/oom.h"
#include "cli/command.h"

enum {
	READY_MS = 20000,    /* of redis-server too, on a slow machine */
	PATIENCE_MS = 15000, /* for an orderly end */
	FORCED_MS = 5000,
	TURN_MS = 500
};

struct child {
	pid_t pid; /* 0: none */
	bool ended;
	int status;
};

struct demo_procs {
	const char *folder; /* borrowed */
	char **env;
	char color[32];
	sigset_t before;
	int signals; /* a signalfd */
	int signo;   /* the first that asked us to end */
	unsigned asked;
	struct child up, command;
	int up_stderr, log;
	struct buf line; /* of up's stderr, so far */
	bool ready;
};

/* ------- signals and the output of `up` ------- */

static void child_reap(struct child *c)
{
	if (c->pid > 0 && !c->ended &&
		waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->ended = true;
}

static void signals_read(struct demo_procs *p)
{
	struct signalfd_siginfo si;

	while (read(p->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			continue;
		p->asked++;
		if (p->signo == 0)
			p->signo = (int)si.ssi_signo;
	}
	child_reap(&p->up);
	child_reap(&p->command);
}

static void log_write(const struct demo_procs *p, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(p->log, bytes, n);
		if (done <= 0)
			return; /* a full disk loses the log, not the demo */
		bytes += done;
		n -= (size_t)done;
	}
}

static void up_read(struct demo_procs *p)
{
	char bytes[4096];
	ssize_t n = read(p->up_stderr, bytes, sizeof(bytes));

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			close(p->up_stderr);
			p->up_stderr = -1;
		}
		return;
	}
	log_write(p, bytes, (size_t)n);
	for (ssize_t i = 0; i < n && !p->ready; i++) {
		if (bytes[i] != '\n') {
			buf_add_byte(&p->line, bytes[i]);
			continue;
		}
		p->ready = str_eq(buf_str(&p->line), STR("ready"));
		buf_clear(&p->line);
	}
}

/* One turn of everything that we wait for. */
static void turn(struct demo_procs *p, uint64_t deadline_ns)
{
	struct pollfd f[] = { { .fd = p->signals, .events = POLLIN },
		{ .fd = p->up_stderr, .events = POLLIN } };
	uint64_t now = clock_mono_ns(&clock_system);
	uint64_t left_ms =
		deadline_ns > now ? (deadline_ns - now) / 1000000 + 1 : 0;

	poll(f, 2, left_ms < TURN_MS ? (int)left_ms : TURN_MS);
	signals_read(p);
	if (f[1].revents)
		up_read(p);
}

static uint64_t in_ms(uint64_t ms)
{
	return clock_mono_ns(&clock_system) + ms * 1000000ULL;
}

static bool is_past(uint64_t deadline_ns)
{
	return clock_mono_ns(&clock_system) >= deadline_ns;
}

int demo_procs_signal(struct demo_procs *p)
{
	signals_read(p);
	return p->signo;
}

/* ------- start ------- */

/* Ours without ANDON_...; the strings stay environ's. */
static char **environment(struct demo_procs *p, const char *color)
{
	size_t n = 0;
	size_t kept = 0;

	while (environ[n])
		n++;
	char **env = xcalloc(n + 2, sizeof(*env));
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "ANDON_", 6) != 0)
			env[kept++] = environ[i];
	if (color) {
		snprintf(p->color, sizeof(p->color), "ANDON_COLOR=%s", color);
		env[kept] = p->color;
	}
	return env;
}

struct demo_procs *demo_procs_new(const char *folder, const char *color,
	struct err *e)
{
	static const int signos[] = { SIGINT, SIGTERM, SIGHUP };
	struct demo_procs *p = xcalloc(1, sizeof(*p));
	struct sigaction old;
	sigset_t set;

	p->folder = folder;
	p->env = environment(p, color);
	p->up_stderr = p->log = -1;
	buf_init(&p->line, 4096);
	/* An ignored SIGCHLD would take the exit codes away. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(signos) / sizeof(*signos); i++)
		/* nohup means it; an & of a script does not mean ctrl-C. */
		if (signos[i] != SIGHUP ||
			(sigaction(SIGHUP, NULL, &old) == 0 &&
				old.sa_handler != SIG_IGN))
			sigaddset(&set, signos[i]);
	pthread_sigmask(SIG_BLOCK, &set, &p->before);
	p->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (p->signals < 0) {
		err_sys(e, ERR_IO, "signalfd");
		demo_procs_free(p);
		return NULL;
	}
	return p;
}

/* Between fork and exec only what a signal handler may do. */
static void child_become(const struct demo_procs *p, const char *const *argv,
	const int output[2], pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent ||
		chdir(p->folder) != 0 ||
		(output[0] >= 0 && dup2(output[0], STDOUT_FILENO) < 0) ||
		(output[1] >= 0 && dup2(output[1], STDERR_FILENO) < 0))
		_exit(127);
	pthread_sigmask(SIG_SETMASK, &p->before, NULL);
	execve("/proc/self/exe", (char *const *)argv, p->env);
	_exit(127);
}

/* `own`: a process group of its own, which ctrl-C does not reach. */
static bool child_start(const struct demo_procs *p, struct child *c,
	const char *const *argv, const int output[2], bool own, struct err *e)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(e, ERR_IO, "fork");
	if (pid == 0) {
		if (own)
			(void)setpgid(0, 0);
		child_become(p, argv, output, parent);
	}
	*c = (struct child){ .pid = pid };
	return true;
}

static bool up_wait(struct demo_procs *p, const char *log, struct err *e)
{
	uint64_t deadline_ns = in_ms(READY_MS);

	while (!p->ready && p->signo == 0) {
		if (p->up.ended)
			return err_set(e, ERR_IO,
				"`andon up` ended before it was ready; see %s",
				log);
		if (is_past(deadline_ns))
			return err_set(e, ERR_IO,
				"`andon up` was not ready within %d s; see %s",
				READY_MS / 1000, log);
		turn(p, deadline_ns);
	}
	return p->signo == 0;
}

bool demo_procs_up(struct demo_procs *p, const char *const *argv,
	const char *log, struct err *e)
{
	int pair[2];
	bool ok;

	p->log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (p->log < 0)
		return err_sys(e, ERR_IO, "%s", log);
	if (pipe2(pair, O_CLOEXEC) != 0)
		return err_sys(e, ERR_IO, "pipe");
	p->up_stderr = pair[0];
	(void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
	ok = child_start(p, &p->up, argv, (const int[2]){ pair[1], pair[1] },
		true, e);
	close(pair[1]);
	return ok && up_wait(p, log, e);
}

/* ------- one command ------- */

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool command_wait(struct demo_procs *p, struct err *e)
{
	while (!p->command.ended) {
		if (p->signo != 0)
			return false;
		if (p->up.ended)
			return err_set(e, ERR_IO,
				"`andon up` ended by itself (exit %d)",
				exit_code(p->up.status));
		turn(p, UINT64_MAX);
	}
	return p->signo == 0;
}

bool demo_procs_run(struct demo_procs *p, const char *const *argv,
	enum demo_show show, int *ret_code, struct err *e)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int output[2] = { -1, -1 };
	bool ok;

	if (show != DEMO_SHOW_ALL)
		output[0] = null;
	if (show == DEMO_SHOW_NOTHING ||
		(show == DEMO_SHOW_PROGRESS && !isatty(STDERR_FILENO)))
		output[1] = null;
	ok = child_start(p, &p->command, argv, output, false, e) &&
	     command_wait(p, e);
	if (null >= 0)
		close(null);
	if (!ok)
		return false;
	*ret_code = exit_code(p->command.status);
	p->command = (struct child){ 0 };
	return true;
}

/* ------- the end ------- */

/* Asks it to end, again when we are asked again, and in the end makes it. */
static void child_end(struct demo_procs *p, struct child *c, int signo)
{
	uint64_t deadline_ns = in_ms(PATIENCE_MS);
	unsigned asked = p->asked;

	if (c->pid <= 0 || c->ended)
		return;
	kill(c->pid, signo);
	while (!c->ended && !is_past(deadline_ns)) {
		turn(p, deadline_ns);
		if (p->asked != asked && !c->ended)
			kill(c->pid, signo);
		asked = p->asked;
	}
	if (!c->ended)
		kill(c->pid, SIGKILL);
	deadline_ns = in_ms(FORCED_MS);
	while (!c->ended && !is_past(deadline_ns))
		turn(p, deadline_ns);
}

void demo_procs_free(struct demo_procs *p)
{
	if (!p)
		return;
	child_end(p, &p->command, SIGTERM);
	child_end(p, &p->up, SIGTERM);
	if (p->up_stderr >= 0)
		close(p->up_stderr);
	if (p->log >= 0)
		close(p->log);
	if (p->signals >= 0)
		close(p->signals);
	buf_done(&p->line);
	free(p->env);
	free(p);
}
