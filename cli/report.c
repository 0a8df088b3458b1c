#include "cli/report.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"

int report_exit_code(const struct once_result *r)
{
	size_t ran = 0;

	if (r->interrupted)
		return 128 + r->interrupted;
	if (r->by_outcome[OUTCOME_FAIL] + r->by_outcome[OUTCOME_ERROR] > 0)
		return EXIT_FAIL;
	if (r->by_outcome[OUTCOME_RUNNER_ERROR] > 0)
		return EXIT_UNAVAILABLE;
	for (int o = 0; o < OUTCOMES; o++)
		if (outcome_counts((enum outcome)o))
			ran += r->by_outcome[o];
	return ran > 0 ? EXIT_PASS : EXIT_USAGE;
}

const char *report_answer(int code)
{
	switch (code) {
	case EXIT_PASS:
		return "pass";
	case EXIT_FAIL:
		return "fail";
	case EXIT_USAGE:
		return "usage";
	case EXIT_UNAVAILABLE:
		return "unavailable";
	default:
		return "interrupted";
	}
}

void report_add_run_name(struct buf *out, const struct job *j)
{
	buf_add_visible(out, j->suite->name);
	if (j->role && !str_eq(j->role->name, STR("default"))) {
		buf_add_byte(out, '/');
		buf_add_visible(out, j->role->name);
	}
	if (j->row_name.len > 0) {
		buf_add_byte(out, '/');
		buf_add_visible(out, j->row_name);
	}
}

static bool write_all(int fd, struct str s)
{
	size_t at = 0;

	while (at < s.len) {
		ssize_t n = write(fd, s.ptr + at, s.len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* The temporary file beside it: a rename stays in one file system. */
static bool file_replace(const char *path, const char *tmp, struct str text,
	struct err *e)
{
	int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		0644);

	if (fd < 0)
		return err_sys(e, ERR_IO, "report %s", path);
	bool ok = write_all(fd, text) && fsync(fd) == 0;
	if (!ok)
		err_sys(e, ERR_IO, "report %s", path);
	if (close(fd) != 0 && ok)
		ok = err_sys(e, ERR_IO, "report %s", path);
	if (ok && rename(tmp, path) != 0)
		ok = err_sys(e, ERR_IO, "report %s", path);
	if (!ok)
		unlink(tmp);
	return ok;
}

bool report_file(const char *path, const struct buf *text, struct err *e)
{
	sigset_t all;
	sigset_t before;
	struct stat st;
	struct buf tmp;

	if (text->over)
		return err_set(e, ERR_IO, "report %s is above %d MiB", path,
			REPORT_BYTES_MAX >> 20);
	/* A pipe or /dev/stdout can not be replaced, only written to. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		bool ok = fd >= 0 && write_all(fd, buf_str(text));
		if (!ok)
			err_sys(e, ERR_IO, "report %s", path);
		if (fd >= 0)
			close(fd);
		return ok;
	}
	buf_init(&tmp, 8192);
	buf_addf(&tmp, "%s.%ld.tmp", path, (long)getpid());
	if (tmp.over)
		return err_set(e, ERR_USAGE, "a report's path is too long");
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	bool ok = file_replace(path, tmp.ptr, buf_str(text), e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	buf_done(&tmp);
	return ok;
}
