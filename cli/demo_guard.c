#include "cli/demo_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/demo_files.h"

enum { TRIES_MAX = 150, TRY_EVERY_MS = 200 };

/* Nothing of ours keeps a pipe open or a terminal busy. */
static void let_go(int keep_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (keep_fd > 3)
		close_range(3, (unsigned)keep_fd - 1, 0);
	close_range((unsigned)keep_fd + 1, ~0U, 0);
}

static bool gone(const char *folder)
{
	struct stat st;

	return lstat(folder, &st) != 0 && errno == ENOENT;
}

_Noreturn static void guard(const char *folder, int fd)
{
	struct err e;
	char byte;

	let_go(fd);
	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
	/* What still runs in there may write until it has ended. */
	for (int i = 0, absent = 0; i < TRIES_MAX && absent < 2; i++) {
		absent = gone(folder) ? absent + 1 : 0;
		if (absent == 0)
			(void)demo_folder_remove(folder, &e);
		if (absent < 2 && i > 0)
			poll(NULL, 0, TRY_EVERY_MS);
	}
	_exit(0);
}

bool demo_guard_start(struct demo_guard *g, const char *folder, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, ERR_IO, "pipe");
	g->pid = fork();
	if (g->pid == 0) {
		close(ends[1]);
		guard(folder, ends[0]);
	}
	close(ends[0]);
	if (g->pid < 0) {
		g->pid = 0;
		close(ends[1]);
		return err_sys(e, ERR_IO, "fork");
	}
	g->fd = ends[1];
	return true;
}

void demo_guard_end(struct demo_guard *g)
{
	if (g->pid == 0)
		return;
	close(g->fd);
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
	g->pid = 0;
}
