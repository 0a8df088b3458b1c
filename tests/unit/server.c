#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/oom.h"
#include "board/server.h"
#include "tests/support/raw_http.h"

static struct server *server;

static void echo(const struct request *r, struct reply *p, void *owner)
{
	unsigned *calls = owner;
	struct str name = request_query(r, "n");
	struct str token = request_header(r, "x-token");

	(*calls)++;
	if (str_eq(r->path, STR("/late")))
		p->delay_ms = SERVER_DELAY_MAX_MS;
	if (str_eq(r->path, STR("/soon")))
		p->delay_ms = 60;
	if (str_eq(r->path, STR("/nothing")))
		return;
	if (str_eq(r->path, STR("/split")))
		reply_header(p, "X-A", STR("1\r\nX-B: 2"));
	reply_header(p, "X-Path", r->path);
	reply_text(p, 200, "text/plain", r->method);
	buf_addf(&p->body, " n=%.*s token=%.*s body=%.*s", STR_ARG(name),
		STR_ARG(token), STR_ARG(r->body));
}

static unsigned calls;

static void setup(void)
{
	struct server_options o = { .handler = echo, .owner = &calls };
	struct err e;

	calls = 0;
	server = server_new(&o, &e);
	cr_assert(server, "%s", e.text);
}

static void teardown(void)
{
	server_free(server);
}

TestSuite(server, .init = setup, .fini = teardown);

static int dial(void)
{
	return raw_dial(server_port(server));
}

static const char *ask(const char *text)
{
	return raw_ask(server_port(server), text);
}

#define TAIL " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"

Test(server, a_request_reaches_the_handler_whole)
{
	const char *a = ask("POST /a%20b?n=c%2Fd" TAIL
			    "X-Token: t\r\nContent-Length: 4\r\n\r\nbody");

	cr_expect(strstr(a, "HTTP/1.1 200 "), "%s", a);
	cr_expect(strstr(a, "X-Path: /a b\r\n"), "%s", a);
	cr_expect(strstr(a, "\r\n\r\nPOST n=c/d token=t body=body"), "%s", a);
}

Test(server, a_chunked_body_is_put_together)
{
	const char *a = ask("PUT /" TAIL "Transfer-Encoding: chunked\r\n\r\n"
			    "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n");

	cr_expect(strstr(a, "PUT n= token= body=abcde"), "%s", a);
}

Test(server, head_is_get_without_the_body)
{
	const char *a = ask("HEAD /" TAIL "\r\n");

	cr_expect(strstr(a, "HTTP/1.1 200 "), "%s", a);
	cr_expect(strstr(a, "Content-Length: 19\r\n"), "%s", a);
	cr_expect(str_ends(str_from(a), STR("\r\n\r\n")), "%s", a);
}

Test(server, a_handler_that_says_nothing_fails)
{
	cr_expect(strstr(ask("GET /nothing" TAIL "\r\n"), " 500 "));
}

Test(server, a_header_can_not_split_the_reply)
{
	const char *a = ask("GET /split" TAIL "\r\n");

	cr_expect(strstr(a, " 500 "), "%s", a);
	cr_expect(!strstr(a, "X-B"), "%s", a);
}

Test(server, a_nul_byte_does_not_cut_the_path)
{
	const char *a = ask("GET /a%00b%zz%4" TAIL "\r\n");

	cr_expect(strstr(a, "X-Path: /a%00b%zz%4\r\n"), "%s", a);
}

Test(server, too_large_a_body_is_refused_unseen)
{
	cr_expect(strstr(ask("POST /" TAIL "Content-Length: 65537\r\n\r\n"),
		" 413 "));
	cr_expect_eq(calls, 0);
}

Test(server, too_large_a_body_without_length_is_refused_unseen)
{
	static char chunk[40 * 1024];
	int fd = dial();

	memset(chunk, 'x', sizeof(chunk) - 1);
	raw_say(fd, "POST /" TAIL "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 2; i++) {
		char size[32];
		snprintf(size, sizeof(size), "%zx\r\n", sizeof(chunk) - 1);
		raw_say(fd, size);
		raw_say(fd, chunk);
		raw_say(fd, "\r\n");
	}
	raw_say(fd, "0\r\n\r\n");
	const char *a = raw_hear(fd);
	cr_expect(strstr(a, " 413 "), "%s", a);
	cr_expect_eq(calls, 0);
}

Test(server, too_large_a_head_is_refused_unseen)
{
	char *text = xcalloc(1, SERVER_HEAD_MAX + 200);
	int n = snprintf(text, 100, "GET /" TAIL "X-A: ");

	memset(text + n, 'a', SERVER_HEAD_MAX);
	memcpy(text + n + SERVER_HEAD_MAX, "\r\n\r\n", 5);
	const char *a = ask(text);
	cr_expect(strstr(a, " 431 "), "%s", a);
	cr_expect_eq(calls, 0);
	free(text);
}

Test(server, a_delayed_reply_comes_late_and_holds_nobody_up)
{
	int late = dial();
	uint64_t from = clock_mono_ns(&clock_system);

	raw_say(late, "GET /late" TAIL "\r\n");
	cr_expect(strstr(ask("GET /" TAIL "\r\n"), " 200 "));
	const char *a = ask("GET /soon" TAIL "\r\n");
	cr_expect(strstr(a, " 200 "), "%s", a);
	uint64_t took = clock_mono_ns(&clock_system) - from;
	cr_expect_geq(took, 60000000);
	/* well before the ten minutes of the first one, which still waits */
	cr_expect_lt(took, 60000000000);
	cr_expect_eq(recv(late, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	server_free(server); /* and does not hold up the end either */
	server = NULL;
	cr_expect_eq(calls, 3);
	raw_hear(late);
}

Test(server, a_client_that_goes_away_is_survived)
{
	for (int i = 0; i < 50; i++) {
		int fd = dial();
		raw_say(fd, i % 2 ? "GET /soon" TAIL "\r\n" : "POST / HT");
		close(fd);
	}
	cr_expect(strstr(ask("GET /" TAIL "\r\n"), " 200 "));
}

Test(server, a_port_in_use_is_told)
{
	struct server_options o = { .handler = echo,
		.owner = &calls,
		.port = server_port(server) };
	struct err e;

	cr_expect_null(server_new(&o, &e));
	cr_expect(strstr(e.text, "in use"), "%s", e.text);
	o.address = "localhost";
	cr_expect_null(server_new(&o, &e));
	cr_expect(strstr(e.text, "not an IP address"), "%s", e.text);
}

Test(server, a_connection_is_kept_for_the_next_request)
{
	int fd = dial();

	raw_say(fd, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
		    "GET /2" TAIL "\r\n");
	const char *a = raw_hear(fd);
	cr_expect(strstr(a, "X-Path: /1\r\n"), "%s", a);
	cr_expect(strstr(a, "X-Path: /2\r\n"), "%s", a);
}
