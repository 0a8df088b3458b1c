#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/redis.h"
#include "tests/support/redis_server.h"

static struct err error;

static void url_is(const char *url, bool ok, const char *words)
{
	struct redis_url u;

	memset(&error, 0, sizeof(error));
	cr_assert_eq(redis_url_parse(str_from(url), &u, &error), ok, "%s: %s",
		url, error.text);
	if (!ok)
		cr_assert_not_null(strstr(error.text, words), "%s", error.text);
	cr_assert_null(strstr(error.text, "s3cret"), "%s", error.text);
}

Test(redis, urls_are_read_or_refused_in_words)
{
	struct redis_url u;

	cr_assert(redis_url_parse(STR("redis://ann:p%40ss@[::1]:7000/3"), &u,
		&error));
	cr_assert_str_eq(u.host, "::1");
	cr_assert_str_eq(u.port, "7000");
	cr_assert_str_eq(u.user, "ann");
	cr_assert_str_eq(u.password, "p@ss");
	cr_assert_eq(u.db, 3);
	cr_assert(redis_url_parse(STR("redis://host"), &u, &error));
	cr_assert_str_eq(u.port, "6379");
	cr_assert(redis_url_parse(STR("unix:///run/r.sock?db=2"), &u, &error));
	cr_assert_str_eq(u.path, "/run/r.sock");
	cr_assert_eq(u.db, 2);
	url_is("redis://:s3cret@host:6379", true, "");
	url_is("redis://s3cret@host", false, "user:password");
	url_is("redis://u:s3cret%4@host", false, "user:password");
	url_is("redis://host:0", false, "port");
	url_is("redis://host:s3cret", false, "port");
	url_is("redis://", false, "host");
	url_is("redis://h/x", false, "database");
	url_is("rediss://h", false, "TLS");
	url_is("http://h", false, "redis://");
	url_is("unix://", false, "path");
	url_is("", false, "redis://");
}

Test(redis, refused_and_unknown_hosts_say_what_to_do)
{
	cr_assert_null(redis_open("unix:///nonexistent/r.sock", 200, &error));
	cr_assert_not_null(strstr(error.text, "does not exist"), "%s",
		error.text);
	cr_assert_null(redis_open("redis://127.0.0.1:1", 200, &error));
	cr_assert_not_null(strstr(error.text, "nothing listens"), "%s",
		error.text);
	cr_assert_eq(err_exit_code(&error), 4);
	cr_assert_null(redis_open("redis://name.invalid", 200, &error));
	cr_assert_not_null(strstr(error.text, "not known"), "%s", error.text);
}

/* To whoever connects, the same bytes. */
static void answer_all(int fd, const char *bytes)
{
	char got[512];

	for (;;) {
		int c = accept(fd, NULL, NULL);

		(void)!read(c, got, sizeof(got));
		(void)!write(c, bytes, strlen(bytes));
		(void)!read(c, got, sizeof(got));
		close(c);
	}
}

static void speaks(const char *bytes, const char *words)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char url[128];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid;

	snprintf(at.sun_path, sizeof(at.sun_path), "/tmp/andon-fake-%d",
		(int)getpid());
	snprintf(url, sizeof(url), "unix://%s", at.sun_path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	pid = fork();
	if (pid == 0)
		answer_all(fd, bytes);
	cr_assert_null(redis_open(url, 500, &error));
	cr_assert_not_null(strstr(error.text, words), "%s", error.text);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
	unlink(at.sun_path);
}

Test(redis, what_is_no_redis_is_told_apart)
{
	speaks("HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak");
	speaks("*2147483647\r\n", "too large");
	speaks("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
		"does not speak");
	speaks("$-7\r\n", "does not speak");
	speaks("-NOAUTH Authentication required.\r\n+x\r\n+x\r\n",
		"wants a password");
	speaks("-WRONGPASS x\r\n+x\r\n+x\r\n", "refuses this user");
	speaks("-NOPERM no permissions to run 'ping'\r\n+x\r\n+x\r\n",
		"does not permit");
	speaks("-DENIED x\r\n+x\r\n+x\r\n", "protected mode");
	speaks("+PONG\r\n+x\r\n$43\r\nmaxmemory:9\r\nmaxmemory_policy:allkeys-"
	       "lru"
	       "\r\n\r\n",
		"may evict");
	speaks("+PO", "does not answer in time");
}

Test(redis, a_server_that_loads_is_waited_for_until_the_deadline)
{
	speaks("-LOADING Redis is loading the dataset in "
	       "memory\r\n+x\r\n+x\r\n",
		"still loading");
}
