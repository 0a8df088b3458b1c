#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/file.h"
#include "store/journal.h"
#include "store/private_redis.h"
#include "store/state.h"
#include "tests/support/redis_server.h"

static char folder[64];
static struct arena *arena;
static struct err error;

static void setup(void)
{
	arena = arena_new();
	snprintf(folder, sizeof(folder), "/tmp/andon-state-XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
}

static void teardown(void)
{
	test_folder_remove(folder);
	arena_free(arena);
}

TestSuite(state, .init = setup, .fini = teardown);
TestSuite(journal, .init = setup, .fini = teardown);

static struct state *opened(void)
{
	struct state *s = state_open(folder, &error);

	cr_assert_not_null(s, "%s", error.text);
	return s;
}

/* Runs fn in a child; its exit status. */
static int in_child(int (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- the folder ---- */

Test(state, a_missing_folder_is_made_for_its_owner_only)
{
	char path[128];
	struct state *s;
	struct stat st;

	snprintf(path, sizeof(path), "%s/a/b", folder);
	s = state_open(path, &error);
	cr_assert_not_null(s, "%s", error.text);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0700);
	state_close(s);
	cr_assert_null(state_open("/dev/null/x", &error));
	cr_assert_eq(error.kind, ERR_IO);
}

static int try_runner(void)
{
	struct state *s = state_open(folder, &error);
	char pid[32];

	snprintf(pid, sizeof(pid), "process %ld", (long)getppid());
	if (!s || state_lock(s, STATE_RUNNER, &error))
		return 1;
	if (error.kind != ERR_BUSY || !strstr(error.text, pid))
		return 2;
	/* a detector may share the folder */
	return state_lock(s, STATE_DETECTOR, &error) ? 0 : 3;
}

static int take_runner(void)
{
	struct state *s = state_open(folder, &error);

	return s && state_lock(s, STATE_RUNNER, &error) ? 0 : 1;
}

Test(state, the_second_process_is_refused_with_the_pid_of_the_first)
{
	struct state *s = opened();

	cr_assert(state_lock(s, STATE_RUNNER, &error), "%s", error.text);
	cr_assert(state_lock(s, STATE_RUNNER, &error));
	cr_assert_eq(in_child(try_runner), 0);
	state_unlock(s, STATE_RUNNER);
	/* exits without unlocking, as kill -9 would: the lock is free again */
	cr_assert_eq(in_child(take_runner), 0);
	cr_assert(state_lock(s, STATE_RUNNER, &error), "%s", error.text);
	state_close(s);
}

Test(state, files_are_replaced_whole)
{
	struct state *s = opened();
	struct str got;
	int at = state_fd(s);
	char first[64], again[64];

	cr_assert(file_read(at, "note", arena, &got, &error));
	cr_assert_null(got.ptr);
	cr_assert(file_replace(at, "note", STR("one\0two"), &error));
	cr_assert(file_replace(at, "note", STR("three"), &error));
	cr_assert(file_read(at, "note", arena, &got, &error));
	cr_assert(str_eq(got, STR("three")));
	cr_assert(state_id(s, STATE_RUNNER, first, &error), "%s", error.text);
	cr_assert(state_id(s, STATE_RUNNER, again, &error));
	cr_assert_str_eq(first, again);
	cr_assert(state_id(s, STATE_DETECTOR, again, &error));
	cr_assert_str_neq(first, again);
	cr_assert_not(file_replace(at, "no/such/folder", STR("x"), &error));
	state_close(s);
}

/* ---- the journal ---- */

static struct scope_state a_halt(const char *scope, const char *reason)
{
	return (struct scope_state){ .scope = str_from(scope),
		.reason = str_from(reason),
		.by = STR("detector"),
		.automatic = true,
		.since_us = 1764000000000000 };
}

static struct journal *journal_of(struct state *s)
{
	struct journal *j = journal_open(state_path(s, "halts.orders"), &error);

	cr_assert_not_null(j, "%s", error.text);
	return j;
}

static const struct scope_state *found(const struct journal *j,
	struct str scope)
{
	size_t n;
	const struct scope_state *halt = journal_halts(j, &n);

	for (size_t i = 0; i < n; i++) {
		if (str_eq(halt[i].scope, scope))
			return &halt[i];
	}
	return NULL;
}

static size_t standing(const struct journal *j)
{
	size_t n;

	(void)journal_halts(j, &n);
	return n;
}

static void halt(struct journal *j, const char *scope, const char *reason)
{
	struct scope_state s = a_halt(scope, reason);

	cr_assert(journal_halt(j, &s, &error), "%s", error.text);
}

Test(journal, halts_outlive_the_process_resumes_too)
{
	struct state *s = opened();
	struct journal *j = journal_of(s);

	halt(j, "prod/west", "anomaly");
	halt(j, "line", "cord\nwith \"newline\"");
	halt(j, "prod/east", "x");
	halt(j, "prod/west", "anomaly again");
	cr_assert(journal_resume(j, STR("prod/east"), &error));
	cr_assert_not(journal_resume(j, STR("a\nb"), &error));
	journal_close(j);
	j = journal_of(s);
	cr_assert_eq(standing(j), 2);
	cr_assert(str_eq(found(j, STR("prod/west"))->reason,
		STR("anomaly again")));
	cr_assert(str_eq(found(j, STR("line"))->reason,
		STR("cord\nwith \"newline\"")));
	cr_assert(found(j, STR("line"))->automatic);
	cr_assert_null(found(j, STR("prod/east")));
	cr_assert_eq(journal_damaged(j), 0);
	journal_close(j);
	state_close(s);
}

static size_t file_size(const char *path)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	return (size_t)st.st_size;
}

static void file_put(const char *path, const char *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

Test(journal, a_tail_torn_at_any_byte_loses_no_earlier_halt)
{
	struct state *s = opened();
	struct journal *j = journal_of(s);
	static char bytes[4096];
	char path[128];
	size_t first, all;
	FILE *f;

	snprintf(path, sizeof(path), "%s/halts.orders", folder);
	halt(j, "prod/west", "one");
	first = file_size(path);
	halt(j, "prod/east", "two");
	journal_close(j);
	all = file_size(path);
	f = fopen(path, "rb");
	cr_assert_eq(fread(bytes, 1, sizeof(bytes), f), all);
	fclose(f);
	for (size_t n = first; n <= all; n++) {
		file_put(path, bytes, n);
		j = journal_of(s);
		cr_assert_eq(standing(j), n == all ? 2 : 1, "%zu", n);
		cr_assert_not_null(found(j, STR("prod/west")));
		cr_assert_eq(file_size(path), n == all ? all : first);
		/* and it goes on: the next entry is read back */
		halt(j, "line", "three");
		journal_close(j);
		j = journal_of(s);
		cr_assert_not_null(found(j, STR("line")), "%zu", n);
		cr_assert_eq(journal_damaged(j), 0);
		journal_close(j);
	}
	state_close(s);
}

Test(journal, a_flipped_byte_in_the_middle_is_skipped_and_counted)
{
	struct state *s = opened();
	struct journal *j = journal_of(s);
	static char bytes[4096];
	char path[128];
	size_t first, all;
	FILE *f;

	snprintf(path, sizeof(path), "%s/halts.orders", folder);
	halt(j, "prod/west", "one");
	first = file_size(path);
	halt(j, "prod/east", "two");
	journal_close(j);
	all = file_size(path);
	f = fopen(path, "rb");
	cr_assert_eq(fread(bytes, 1, sizeof(bytes), f), all);
	fclose(f);
	for (size_t i = 0; i < first - 1; i++) {
		bytes[i] ^= 0x21;
		file_put(path, bytes, all);
		j = journal_of(s);
		cr_assert_null(found(j, STR("prod/west")), "%zu", i);
		cr_assert_not_null(found(j, STR("prod/east")));
		cr_assert_geq(journal_damaged(j), 1);
		journal_close(j);
		bytes[i] ^= 0x21;
	}
	state_close(s);
}

/* ---- the private server ---- */

Test(private_redis, another_command_finds_it_by_the_folder)
{
	struct redis_server *r = redis_server_start();
	char url[600];
	char path[128];

	if (!r)
		return;
	cr_assert(state_redis_url(redis_server_folder(r), 0, url, sizeof(url),
		&error));
	cr_assert_str_eq(url, redis_server_url(r));
	snprintf(path, sizeof(path), "%s/none", redis_server_folder(r));
	cr_assert_not(state_redis_url(path, 0, url, sizeof(url), &error));
	cr_assert_not_null(strstr(error.text, "andon up --state"));
	cr_assert_neq(access(path, F_OK), 0, "looking must not make it");
	redis_server_stop(r);
}

Test(private_redis, a_second_owner_is_refused)
{
	struct redis_server *r = redis_server_start();
	struct state *s;

	if (!r)
		return;
	s = state_open(redis_server_folder(r), &error);
	cr_assert_null(private_redis_start(s, &error));
	cr_assert_eq(error.kind, ERR_BUSY);
	state_close(s);
	redis_server_stop(r);
}

Test(private_redis, it_dies_with_its_owner)
{
	char ready[32] = "";
	int fds[2];
	pid_t owner;
	int pidfd_closed;

	cr_assert_eq(pipe(fds), 0);
	owner = fork();
	if (owner == 0) {
		struct redis_server *r = redis_server_start();

		dprintf(fds[1], "%s", r ? redis_server_folder(r) : "none");
		close(fds[0]);
		pause();
		_exit(0);
	}
	close(fds[1]);
	cr_assert_gt(read(fds[0], ready, sizeof(ready) - 1), 0);
	kill(owner, SIGKILL);
	cr_assert_eq(waitpid(owner, NULL, 0), owner);
	if (strcmp(ready, "none") != 0) {
		struct state *s = state_open(ready, &error);
		struct private_redis *again;

		/* the next start waits for whatever is left of the old one */
		cr_assert_not_null(s);
		again = private_redis_start(s, &error);
		cr_assert_not_null(again, "%s", error.text);
		cr_assert_geq(private_redis_fd(again), 0);
		kill(private_redis_pid(again), SIGKILL);
		while (private_redis_fd(again) >= 0)
			; /* readable as soon as it is dead */
		private_redis_stop(again);
		state_close(s);
		test_folder_remove(ready);
	}
	pidfd_closed = close(fds[0]);
	cr_assert_eq(pidfd_closed, 0);
}

Test(private_redis, a_folder_with_a_name_too_long_for_a_socket_works)
{
	char base[64] = "/tmp/andon-long-XXXXXX";
	char path[256];
	struct state *s;
	struct private_redis *r;
	char url[600];

	cr_assert_not_null(mkdtemp(base));
	snprintf(path, sizeof(path), "%s/%0120d", base, 7);
	s = state_open(path, &error);
	cr_assert_not_null(s, "%s", error.text);
	r = private_redis_start(s, &error);
	if (!r && strstr(error.text, "not installed"))
		return;
	cr_assert_not_null(r, "%s", error.text);
	cr_assert(state_redis_url(path, 0, url, sizeof(url), &error), "%s",
		error.text);
	private_redis_stop(r);
	state_close(s);
	test_folder_remove(base);
}
