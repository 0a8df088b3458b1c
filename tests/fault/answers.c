#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/support/evil_http.h"
#include "tests/support/pass.h"

/* What a hostile, broken or slow server can answer, and what it is called. */

static struct evil_http *evil;
static char base[64];
static struct pass pass;

static void setup(void)
{
	evil = evil_http_start();
	snprintf(base, sizeof(base), "http://127.0.0.1:%u",
		evil_http_port(evil));
}

static void teardown(void)
{
	pass_done(&pass);
	evil_http_stop(evil);
}

TestSuite(answers, .init = setup, .fini = teardown);

#define OK "HTTP/1.1 200 OK\r\n"
/* 250 ms for one request: what never ends ends there */
#define GET_X                                                                  \
	"http: {timeout: 250ms, max_body: 64KiB}\n"                            \
	"steps: [{name: x, get: /x}]\n"

static void expect(enum evil_mode mode, struct str bytes, struct str tail,
	enum reason reason)
{
	evil_http_answer(evil, "/x", mode, bytes, tail);
	pass_run(&pass, base, GET_X, NULL);
	cr_assert_eq(pass.run->reason, reason, "%s: %.*s",
		reason_token(pass.run->reason), STR_ARG(pass.run->message));
	cr_assert_eq(pass.run->outcome, reason_outcome(reason));
}

#define REFUSED(name, mode, bytes, reason)                                     \
	Test(answers, name)                                                    \
	{                                                                      \
		expect(mode, STR(bytes), STR_NONE, REASON_##reason);           \
	}

REFUSED(empty_reply, EVIL_CLOSE, "", PROTOCOL)
REFUSED(garbage, EVIL_CLOSE, "SSH-2.0-OpenSSH_9.2\r\n", PROTOCOL)
REFUSED(body_cut_off, EVIL_CLOSE, OK "Content-Length: 9\r\n\r\nabc", PROTOCOL)
REFUSED(negative_length, EVIL_CLOSE, OK "Content-Length: -1\r\n\r\nabc",
	PROTOCOL)
REFUSED(two_lengths, EVIL_CLOSE,
	OK "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", PROTOCOL)
REFUSED(overflowing_length, EVIL_CLOSE,
	OK "Content-Length: 99999999999999999999\r\n\r\nabcd", PROTOCOL)
REFUSED(length_and_chunked, EVIL_CLOSE,
	OK "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
	   "3\r\nabc\r\n0\r\n\r\n",
	PROTOCOL)
REFUSED(bad_chunk, EVIL_CLOSE,
	OK "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", PROTOCOL)
REFUSED(cut_chunk, EVIL_CLOSE, OK "Transfer-Encoding: chunked\r\n\r\n9\r\nabc",
	PROTOCOL)
REFUSED(nul_in_a_header, EVIL_CLOSE, OK "A: b\0c\r\n\r\n", PROTOCOL)
REFUSED(switching_protocols, EVIL_HANG,
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", PROTOCOL)
REFUSED(silence, EVIL_HANG, "", TIMEOUT)
REFUSED(head_that_stops, EVIL_HANG, OK "A: b\r\n", TIMEOUT)
REFUSED(body_that_stops, EVIL_HANG, OK "Content-Length: 9\r\n\r\nabc", TIMEOUT)
REFUSED(drip, EVIL_DRIP,
	OK "Content-Length: 60\r\n\r\n"
	   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	TIMEOUT)
REFUSED(unknown_coding, EVIL_CLOSE,
	OK "Content-Encoding: br\r\nContent-Length: 3\r\n\r\nabc", DECODE)
REFUSED(not_gzip, EVIL_CLOSE,
	OK "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", DECODE)

Test(answers, endless_headers)
{
	expect(EVIL_ENDLESS, STR(OK),
		STR("A: bbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n"), REASON_PROTOCOL);
}

Test(answers, one_giant_header)
{
	static char giant[1 << 17];

	memset(giant, 'a', sizeof(giant) - 1);
	expect(EVIL_ENDLESS, STR(OK "A: "), str_from(giant), REASON_PROTOCOL);
}

Test(answers, endless_body)
{
	expect(EVIL_ENDLESS, STR(OK "\r\n"),
		STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaa"), REASON_BODY_LIMIT);
}

/* A gzip body of `size` bytes 'a', of which the last `cut` bytes are missing.
 */
static struct str gzip_answer(size_t size, size_t cut)
{
	static char out[1 << 20];
	char *plain = calloc(1, size);
	z_stream z = { 0 };
	static char body[1 << 19];
	int head;

	memset(plain, 'a', size);
	cr_assert_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
	z.next_in = (unsigned char *)plain;
	z.avail_in = (unsigned)size;
	z.next_out = (unsigned char *)body;
	z.avail_out = sizeof(body);
	cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	free(plain);
	head = snprintf(out, sizeof(out),
		OK "Content-Encoding: gzip\r\nContent-Length: %lu\r\n\r\n",
		z.total_out - cut);
	memcpy(out + head, body, z.total_out - cut);
	return (struct str){ out, (size_t)head + z.total_out - cut };
}

Test(answers, gzip_that_is_whole_passes)
{
	expect(EVIL_KEEP, gzip_answer(60000, 0), STR_NONE, REASON_NONE);
}

Test(answers, gzip_that_is_cut_off_with_a_right_length)
{
	expect(EVIL_KEEP, gzip_answer(60000, 9), STR_NONE, REASON_DECODE);
}

Test(answers, gzip_bomb)
{
	expect(EVIL_KEEP, gzip_answer(64 << 20, 0), STR_NONE,
		REASON_BODY_LIMIT);
}

Test(answers, refused_connection_is_the_targets)
{
	char free_port[64];
	struct evil_http *other = evil_http_start();

	snprintf(free_port, sizeof(free_port), "http://127.0.0.1:%u",
		evil_http_port(other));
	evil_http_stop(other);
	pass_run(&pass, free_port, GET_X, NULL);
	cr_assert_eq(pass.run->reason, REASON_CONNECT);
	cr_assert_eq(pass.run->outcome, OUTCOME_ERROR);
}

/* A server in a process of its own, with descriptors of its own. */
static pid_t serve_apart(char url[64])
{
	static const char answer[] = OK "Content-Length: 2\r\n\r\nok";
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	pid_t child;

	cr_assert_eq(bind(listener, (struct sockaddr *)&at, size), 0);
	cr_assert_eq(listen(listener, 64), 0);
	getsockname(listener, (struct sockaddr *)&at, &size);
	snprintf(url, 64, "http://127.0.0.1:%u", ntohs(at.sin_port));
	child = fork();
	while (child == 0) {
		char request[4096];
		int fd = accept(listener, NULL, NULL);

		if (recv(fd, request, sizeof(request), 0) > 0)
			send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
		close(fd);
	}
	close(listener);
	return child;
}

/* Without descriptors it is our own trouble and says nothing about the
 * target: from too few to start at all up to enough, never an error or a
 * failure of it. */
Test(answers, no_descriptors_left_is_ours)
{
	struct rlimit limit;
	unsigned ours = 0;
	char url[64];
	int fd[64];
	pid_t server = serve_apart(url);

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 64;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	pass_run(&pass, url, GET_X, NULL);
	cr_assert_eq(pass.run->outcome, OUTCOME_PASS);
	for (size_t spare = 2; spare < 12; spare++) {
		static const struct once_options none = { 0 };
		struct once_result got;
		struct arena *a = arena_new();
		struct err e = { 0 };
		size_t n = 0;
		bool ran;

		while (n < 64 && (fd[n] = dup(0)) >= 0)
			n++;
		for (size_t i = 0; i < spare && n; i++)
			close(fd[--n]);
		ran = once_run(pass.plan, &none, a, &got, &e);
		while (n)
			close(fd[--n]);
		if (ran && !got.by_outcome[OUTCOME_PASS]) {
			cr_expect_eq(got.runs->reason, REASON_FDS,
				"%zu spare: %.*s", spare,
				STR_ARG(got.runs->message));
			ours++;
		}
		arena_free(a);
	}
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	cr_assert_gt(ours, 0);
}

/* A name server that never answers ends the step at its deadline, as DNS. */
Test(answers, dns_black_hole_ends_at_the_deadline)
{
	char silent[64];
	int fd = evil_dns_silent(silent);

	pass_run(&pass, base,
		"http: {timeout: 250ms}\n"
		"steps: [{name: x, get: 'http://andon.invalid/x'}]\n",
		&(struct once_options){ .dns_servers = silent });
	cr_assert_eq(pass.run->reason, REASON_DNS, "%s: %.*s",
		reason_token(pass.run->reason), STR_ARG(pass.run->message));
	cr_assert_gt(pass.run->took_us, 240000);
	cr_assert_lt(pass.run->took_us, 2000000);
	close(fd);
}

/* No name server at all is our resolver's trouble. */
Test(answers, no_name_server_is_ours)
{
	char silent[64];

	close(evil_dns_silent(silent));
	pass_run(&pass, base,
		"http: {timeout: 20s}\n"
		"steps: [{name: x, get: 'http://andon.invalid/x'}]\n",
		&(struct once_options){ .dns_servers = silent });
	cr_assert_eq(pass.run->outcome, OUTCOME_RUNNER_ERROR, "%.*s",
		STR_ARG(pass.run->message));
	cr_assert_eq(pass.run->reason, REASON_RESOLVER);
}
