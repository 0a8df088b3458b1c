#include "tests/support/dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { MESSAGE_MAX = 65535, HEADER = 12, TRUNCATED = 0x0200 };

struct dns_server {
	struct dns_script script;
	pthread_t thread;
	int udp, tcp, stop[2];
	atomic_uint asked;
	char address[32];
	unsigned char out[MESSAGE_MAX + 2];
};

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

static void put16(unsigned char *to, unsigned n)
{
	to[0] = (unsigned char)(n >> 8U);
	to[1] = (unsigned char)n;
}

/* Bytes of the question behind the header; 0: it is none. */
static size_t question_len(const unsigned char *in, size_t len)
{
	size_t at = HEADER;

	while (at < len && in[at])
		at += in[at] + 1U;
	return at + 5 <= len ? at + 5 - HEADER : 0;
}

/* The answer in s->out + 2; returns its length. */
static size_t answer(struct dns_server *s, const unsigned char *in, size_t len,
	int udp)
{
	const struct dns_script *c = &s->script;
	unsigned char *out = s->out + 2;
	size_t question = question_len(in, len);
	int cut = udp && c->mode == DNS_ONLY_TCP;

	if (c->mode == DNS_NOISE) {
		memcpy(out, c->records, c->len);
		return c->len;
	}
	memset(out, 0, HEADER);
	memcpy(out, in, 2);
	if (c->mode == DNS_OTHER_NUMBER)
		out[0] ^= 0xff;
	put16(out + 2, c->flags | (cut ? TRUNCATED : 0));
	put16(out + 4, 1);
	put16(out + 6, cut ? 0 : c->answers);
	put16(out + 8, cut ? 0 : c->authority);
	memcpy(out + HEADER, in + HEADER, question);
	if (c->mode == DNS_OTHER_QUESTION)
		put16(out + HEADER + question - 4, 99);
	if (cut || !c->len)
		return HEADER + question;
	memcpy(out + HEADER + question, c->records, c->len);
	return HEADER + question + c->len;
}

static void serve_udp(struct dns_server *s)
{
	unsigned char in[MESSAGE_MAX];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(s->udp, in, sizeof(in), 0,
		(struct sockaddr *)&from, &size);

	if (n < HEADER)
		return;
	s->asked++;
	if (s->script.mode == DNS_SILENT_MODE)
		return;
	sendto(s->udp, s->out + 2, answer(s, in, (size_t)n, 1), 0,
		(struct sockaddr *)&from, size);
}

static void serve_tcp(struct dns_server *s)
{
	unsigned char in[MESSAGE_MAX];
	struct timeval wait = { 2, 0 };
	int fd = accept(s->tcp, NULL, NULL);
	ssize_t n;
	size_t len;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	n = recv(fd, in, sizeof(in), 0);
	if (n > HEADER + 2 && s->script.mode != DNS_SILENT_MODE) {
		len = answer(s, in + 2, (size_t)n - 2, 0);
		put16(s->out, (unsigned)len);
		send(fd, s->out, len + 2, MSG_NOSIGNAL);
		recv(fd, in, sizeof(in), 0); /* until it is heard */
	}
	close(fd);
}

static void *work(void *owner)
{
	struct dns_server *s = owner;
	struct pollfd on[] = { { .fd = s->udp, .events = POLLIN },
		{ .fd = s->tcp, .events = POLLIN },
		{ .fd = s->stop[0], .events = POLLIN } };

	while (poll(on, 3, -1) > 0 && !on[2].revents) {
		if (on[0].revents)
			serve_udp(s);
		if (on[1].revents)
			serve_tcp(s);
	}
	return NULL;
}

struct dns_server *dns_server_start(const struct dns_script *script)
{
	struct dns_server *s = calloc(1, sizeof(*s));
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);

	s->script = *script;
	s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(bind(s->tcp, (struct sockaddr *)&at, size) == 0, "bind");
	must(listen(s->tcp, 8) == 0, "listen");
	getsockname(s->tcp, (struct sockaddr *)&at, &size);
	must(bind(s->udp, (struct sockaddr *)&at, size) == 0, "bind");
	snprintf(s->address, sizeof(s->address), "127.0.0.1:%u",
		ntohs(at.sin_port));
	must(pipe(s->stop) == 0, "pipe");
	pthread_create(&s->thread, NULL, work, s);
	return s;
}

void dns_server_stop(struct dns_server *s)
{
	if (!s)
		return;
	must(write(s->stop[1], "x", 1) == 1, "write");
	pthread_join(s->thread, NULL);
	close(s->udp);
	close(s->tcp);
	close(s->stop[0]);
	close(s->stop[1]);
	free(s);
}

const char *dns_server_address(const struct dns_server *s)
{
	return s->address;
}

unsigned dns_server_asked(struct dns_server *s)
{
	return s->asked;
}
