#include "tests/support/evil_http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/oom.h"

enum { ROUTES = 64, CLIENTS = 256, REQUEST_MAX = 65536, DRIP_MS = 10 };

struct route {
	char path[64];
	enum evil_mode mode;
	struct str bytes, tail;
	char own[512];
	unsigned requests;
	char *last;
};

struct client {
	int fd;
	char request[REQUEST_MAX];
	size_t len, sent;
	struct route *answering; /* NULL: reading */
	struct str piece;        /* what is being sent */
	int dead_next;
};

struct evil_http {
	int listener, stop_fd;
	uint16_t port;
	pthread_t thread;
	pthread_mutex_t lock; /* of routes' requests and last */
	struct route route[ROUTES];
	size_t nroutes;
	struct client *client[CLIENTS];
	size_t nclients;
	unsigned connections;
};

static struct route *route_of(struct evil_http *e, const char *path)
{
	for (size_t i = e->nroutes; i-- > 0;)
		if (strcmp(e->route[i].path, path) == 0)
			return &e->route[i];
	return NULL;
}

static void client_drop(struct evil_http *e, size_t i)
{
	close(e->client[i]->fd);
	free(e->client[i]);
	e->client[i] = e->client[--e->nclients];
}

static size_t request_length(const struct client *c)
{
	const char *end = strstr(c->request, "\r\n\r\n");
	const char *length = strcasestr(c->request, "content-length:");
	size_t head;

	if (!end)
		return 0;
	head = (size_t)(end - c->request) + 4;
	return length && length < end
		       ? head + (size_t)strtoul(length + 15, NULL, 10)
		       : head;
}

/* True: the connection is to be closed. */
static int request_done(struct evil_http *e, struct client *c, size_t length)
{
	char path[64] = "";
	struct route *r;

	sscanf(c->request, "%*s %63[^ ?]", path);
	if (c->dead_next)
		return 1;
	pthread_mutex_lock(&e->lock);
	r = route_of(e, path);
	if (!r)
		r = route_of(e, "*");
	if (r) {
		r->requests++;
		free(r->last);
		r->last = xmalloc(length + 1);
		memcpy(r->last, c->request, length);
		r->last[length] = '\0';
	}
	pthread_mutex_unlock(&e->lock);
	if (!r)
		return 1;
	c->len -= length;
	memmove(c->request, c->request + length, c->len + 1);
	c->answering = r;
	c->piece = r->bytes;
	c->sent = 0;
	return 0;
}

static int client_read(struct evil_http *e, struct client *c)
{
	ssize_t n = recv(c->fd, c->request + c->len,
		sizeof(c->request) - 1 - c->len, 0);
	size_t length;

	if (n <= 0)
		return 1;
	c->len += (size_t)n;
	c->request[c->len] = '\0';
	length = request_length(c);
	return length && c->len >= length ? request_done(e, c, length) : 0;
}

static int client_write(struct client *c)
{
	struct route *r = c->answering;
	size_t left = c->piece.len - c->sent;
	ssize_t n;

	if (r->mode == EVIL_DRIP && left > 1)
		left = 1;
	n = left ? send(c->fd, c->piece.ptr + c->sent, left, MSG_NOSIGNAL) : 0;
	if (n < 0)
		return 1;
	c->sent += (size_t)n;
	if (c->sent < c->piece.len)
		return 0;
	switch (r->mode) {
	case EVIL_CLOSE:
	case EVIL_DRIP:
		return 1;
	case EVIL_ONCE:
		c->dead_next = 1;
		c->answering = NULL;
		return 0;
	case EVIL_KEEP:
		c->answering = NULL;
		return 0;
	case EVIL_ENDLESS:
		c->piece = r->tail;
		c->sent = 0;
		return 0;
	case EVIL_HANG:
		break;
	}
	return 0;
}

static short wanted(const struct client *c)
{
	if (!c->answering)
		return POLLIN;
	if (c->answering->mode == EVIL_HANG && c->sent == c->piece.len)
		return 0; /* POLLHUP and POLLERR come all the same */
	return c->answering->mode == EVIL_DRIP ? 0 : POLLOUT;
}

static void client_turn(struct evil_http *e, size_t i, short events)
{
	struct client *c = e->client[i];
	int over = 0;

	if (events & (POLLERR | POLLNVAL))
		over = 1;
	else if (c->answering && c->answering->mode == EVIL_DRIP)
		over = client_write(c);
	else if (c->answering && (events & POLLOUT))
		over = client_write(c);
	else if (!c->answering && (events & (POLLIN | POLLHUP)))
		over = client_read(e, c);
	else if (events & POLLHUP)
		over = 1;
	if (over)
		client_drop(e, i);
}

static void client_new(struct evil_http *e)
{
	int fd = accept(e->listener, NULL, NULL);

	if (fd < 0)
		return;
	if (e->nclients == CLIENTS) {
		close(fd);
		return;
	}
	e->client[e->nclients] = xcalloc(1, sizeof(struct client));
	e->client[e->nclients++]->fd = fd;
	pthread_mutex_lock(&e->lock);
	e->connections++;
	pthread_mutex_unlock(&e->lock);
}

static void *serve(void *owner)
{
	struct evil_http *e = owner;
	struct pollfd p[CLIENTS + 2];

	for (;;) {
		size_t n = e->nclients;

		p[0] = (struct pollfd){ .fd = e->stop_fd, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = e->listener, .events = POLLIN };
		for (size_t i = 0; i < n; i++)
			p[i + 2] = (struct pollfd){ .fd = e->client[i]->fd,
				.events = wanted(e->client[i]) };
		if (poll(p, (nfds_t)n + 2, DRIP_MS) < 0 || p[0].revents)
			return NULL;
		/* from the end: dropping moves the last one */
		for (size_t i = n; i-- > 0;)
			client_turn(e, i, p[i + 2].revents);
		if (p[1].revents)
			client_new(e);
	}
}

static struct evil_http *start_at(uint8_t n, uint16_t port)
{
	struct evil_http *e = xcalloc(1, sizeof(*e));
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + n) };
	socklen_t size = sizeof(at);
	int one = 1;

	pthread_mutex_init(&e->lock, NULL);
	e->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* one that stood there before may have connections that linger */
	setsockopt(e->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	e->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (bind(e->listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
		listen(e->listener, 128) != 0 ||
		getsockname(e->listener, (struct sockaddr *)&at, &size) != 0 ||
		pthread_create(&e->thread, NULL, serve, e) != 0)
		abort();
	e->port = ntohs(at.sin_port);
	return e;
}

struct evil_http *evil_http_start(void)
{
	return start_at(1, 0);
}

struct evil_http *evil_http_start_beside(const struct evil_http *e, uint8_t n)
{
	return start_at(n, e->port);
}

void evil_http_stop(struct evil_http *e)
{
	uint64_t one = 1;

	if (write(e->stop_fd, &one, sizeof(one)) != sizeof(one))
		abort();
	pthread_join(e->thread, NULL);
	while (e->nclients)
		client_drop(e, 0);
	for (size_t i = 0; i < e->nroutes; i++)
		free(e->route[i].last);
	close(e->listener);
	close(e->stop_fd);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

uint16_t evil_http_port(const struct evil_http *e)
{
	return e->port;
}

void evil_http_answer(struct evil_http *e, const char *path,
	enum evil_mode mode, struct str bytes, struct str tail)
{
	struct route *r;

	pthread_mutex_lock(&e->lock);
	assert(e->nroutes < ROUTES);
	r = &e->route[e->nroutes];
	snprintf(r->path, sizeof(r->path), "%s", path);
	r->mode = mode;
	r->bytes = bytes;
	r->tail = tail;
	e->nroutes++;
	pthread_mutex_unlock(&e->lock);
}

void evil_http_text(struct evil_http *e, const char *path, const char *body)
{
	struct route *r = &e->route[e->nroutes]; /* nobody reads it yet */
	int n = snprintf(r->own, sizeof(r->own),
		"HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(body), body);

	evil_http_answer(e, path, EVIL_KEEP, (struct str){ r->own, (size_t)n },
		STR_NONE);
}

unsigned evil_http_requests(struct evil_http *e, const char *path)
{
	unsigned n;

	pthread_mutex_lock(&e->lock);
	n = route_of(e, path) ? route_of(e, path)->requests : 0;
	pthread_mutex_unlock(&e->lock);
	return n;
}

unsigned evil_http_connections(struct evil_http *e)
{
	unsigned n;

	pthread_mutex_lock(&e->lock);
	n = e->connections;
	pthread_mutex_unlock(&e->lock);
	return n;
}

char *evil_http_last(struct evil_http *e, const char *path)
{
	struct route *r;
	char *copy;

	pthread_mutex_lock(&e->lock);
	r = route_of(e, path);
	copy = xstrdup(r && r->last ? r->last : "");
	pthread_mutex_unlock(&e->lock);
	return copy;
}

int evil_dns_silent(char ret_address[64])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
		getsockname(fd, (struct sockaddr *)&at, &size) != 0)
		abort();
	snprintf(ret_address, 64, "127.0.0.1:%u", ntohs(at.sin_port));
	return fd;
}
