#include "board/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/heap.h"
#include "base/oom.h"

enum {
	LISTEN_BACKLOG = 128,
	/* the head, the reply's head, and what the library keeps beside them */
	POOL_BYTES = 2 * SERVER_HEAD_MAX,
	/* a body without a length is read so far, only to be refused politely
	 */
	DISCARD_MAX = 1024 * 1024
};
#define MS_NS     UINT64_C(1000000)
#define SECOND_NS UINT64_C(1000000000)

struct server {
	struct MHD_Daemon *daemon;
	server_handler *handler;
	void *owner;
	uint16_t port;

	/* Replies that wait for their time, and the thread that wakes them. */
	pthread_t waker;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct heap delayed; /* struct exchange, by monotonic ns */
	bool stopping;
};

/* One request and its reply, from the first line to the last byte. */
struct exchange {
	struct MHD_Connection *connection;
	struct buf body;
	size_t discarded;
	bool answered; /* the handler has run; `response` waits */
	unsigned status;
	struct MHD_Response *response;
};

struct str request_header(const struct request *r, const char *name)
{
	return str_from(MHD_lookup_connection_value(r->connection,
		MHD_HEADER_KIND, name));
}

struct str request_query(const struct request *r, const char *name)
{
	return str_from(MHD_lookup_connection_value(r->connection,
		MHD_GET_ARGUMENT_KIND, name));
}

void reply_header(struct reply *p, const char *name, struct str value)
{
	assert(p->nheaders < SERVER_REPLY_HEADERS_MAX);
	p->header[p->nheaders].name = arena_str(p->arena, str_from(name));
	p->header[p->nheaders].value = arena_str(p->arena, value);
	p->nheaders++;
}

void reply_text(struct reply *p, unsigned status, const char *type,
	struct str text)
{
	p->status = status;
	reply_header(p, "Content-Type", str_from(type));
	buf_add(&p->body, text);
}

/* --- the waker ----------------------------------------------------------- */

static struct timespec from_ns(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / SECOND_NS),
		.tv_nsec = (long)(ns % SECOND_NS) };
}

/* Resumes what is due; with the lock held. */
static void wake_due(struct server *s, uint64_t now_ns)
{
	uint64_t due_ns;
	void *owner;

	while (heap_peek(&s->delayed, &due_ns, &owner)) {
		const struct exchange *x = owner;
		if (due_ns > now_ns && !s->stopping)
			return;
		heap_pop(&s->delayed);
		MHD_resume_connection(x->connection);
	}
}

static void *waker_run(void *owner)
{
	struct server *s = owner;
	uint64_t due_ns;
	void *first;

	pthread_mutex_lock(&s->lock);
	while (!s->stopping) {
		if (heap_peek(&s->delayed, &due_ns, &first)) {
			struct timespec until = from_ns(due_ns);
			pthread_cond_timedwait(&s->changed, &s->lock, &until);
		} else {
			pthread_cond_wait(&s->changed, &s->lock);
		}
		wake_due(s, clock_mono_ns(&clock_system));
	}
	wake_due(s, 0);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* False: the server stops, and nothing is put off any more. */
static bool exchange_delay(struct server *s, struct exchange *x,
	uint64_t delay_ms)
{
	if (delay_ms > SERVER_DELAY_MAX_MS)
		delay_ms = SERVER_DELAY_MAX_MS;
	pthread_mutex_lock(&s->lock);
	bool ok = !s->stopping;
	if (ok) {
		/* before the waker can see it */
		MHD_suspend_connection(x->connection);
		heap_add(&s->delayed,
			clock_mono_ns(&clock_system) + delay_ms * MS_NS, x,
			NULL);
		pthread_cond_signal(&s->changed);
	}
	pthread_mutex_unlock(&s->lock);
	return ok;
}

/* --- one exchange -------------------------------------------------------- */

static struct MHD_Response *response_text(struct buf *b)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(b->len, b->ptr,
		MHD_RESPMEM_MUST_COPY);

	if (!r)
		oom_die(b->len);
	return r;
}

static struct MHD_Response *response_from(struct reply *p)
{
	struct MHD_Response *r = response_text(&p->body);

	for (unsigned i = 0; i < p->nheaders; i++) {
		/* refuses line ends: no reply is split in two */
		if (MHD_add_response_header(r, p->header[i].name.ptr,
			    p->header[i].value.ptr) == MHD_YES)
			continue;
		MHD_destroy_response(r);
		return NULL;
	}
	return r;
}

static void set_plain(struct exchange *x, unsigned status, const char *text)
{
	struct buf b;

	buf_init(&b, SERVER_REPLY_MAX);
	buf_add_z(&b, text);
	x->response = response_text(&b);
	buf_done(&b);
	MHD_add_response_header(x->response, "Content-Type", "text/plain");
	x->answered = true;
	x->status = status;
}

static enum MHD_Result send_response(struct exchange *x)
{
	return MHD_queue_response(x->connection, x->status, x->response);
}

/* Runs the handler; returns after how long its reply is due. */
static uint64_t exchange_handle(struct server *s, struct exchange *x,
	const char *path, const char *method)
{
	struct request r = { .method = str_from(method),
		.path = str_from(path),
		.body = buf_str(&x->body),
		.connection = x->connection };
	struct reply p = { .status = 500, .arena = arena_new() };
	uint64_t delay_ms;

	if (str_eq(r.method, STR("HEAD")))
		r.method = STR("GET");
	buf_init(&p.body, SERVER_REPLY_MAX);
	s->handler(&r, &p, s->owner);
	x->response = p.body.over ? NULL : response_from(&p);
	x->status = p.status;
	x->answered = true;
	delay_ms = p.delay_ms;
	if (!x->response)
		set_plain(x, 500, "the reply can not be sent\n");
	buf_done(&p.body);
	arena_free(p.arena);
	return delay_ms;
}

/* Before the body: what is refused without reading it. */
static enum MHD_Result exchange_begin(struct exchange *x)
{
	const char *length = MHD_lookup_connection_value(x->connection,
		MHD_HEADER_KIND, "Content-Length");
	const union MHD_ConnectionInfo *head =
		MHD_get_connection_info(x->connection,
			MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	uint64_t bytes = 0;

	if (head && head->header_size > SERVER_HEAD_MAX)
		set_plain(x, 431, "the head is too large\n");
	else if (length && !str_to_u64(str_from(length), &bytes))
		set_plain(x, 400, "Content-Length is not a number\n");
	else if (bytes > SERVER_BODY_MAX)
		set_plain(x, 413, "the body is too large\n");
	return x->answered ? send_response(x) : MHD_YES;
}

static enum MHD_Result exchange_body(struct exchange *x, const char *bytes,
	size_t *size)
{
	struct str piece = { bytes, *size };

	*size = 0;
	buf_add(&x->body, piece);
	if (x->body.over)
		x->discarded += piece.len;
	return x->discarded > DISCARD_MAX ? MHD_NO : MHD_YES;
}

/* NOLINTNEXTLINE(readability-function-size): the library's signature */
static enum MHD_Result on_request(void *owner,
	struct MHD_Connection *connection, const char *path, const char *method,
	const char *version, const char *bytes, size_t *size, void **slot)
{
	struct server *s = owner;
	struct exchange *x = *slot;

	(void)version;
	if (!x) {
		*slot = x = xcalloc(1, sizeof(*x));
		x->connection = connection;
		buf_init(&x->body, SERVER_BODY_MAX);
		return exchange_begin(x);
	}
	if (*size > 0)
		return exchange_body(x, bytes, size);
	if (x->answered)
		return send_response(x); /* its time has come */
	if (x->body.over) {
		set_plain(x, 413, "the body is too large\n");
		return send_response(x);
	}
	uint64_t delay_ms = exchange_handle(s, x, path, method);
	if (delay_ms > 0 && exchange_delay(s, x, delay_ms))
		return MHD_YES;
	return send_response(x);
}

static void on_completed(void *owner, struct MHD_Connection *connection,
	void **slot, enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *slot;

	(void)owner;
	(void)connection;
	(void)why;
	if (!x)
		return;
	if (x->response)
		MHD_destroy_response(x->response);
	buf_done(&x->body);
	free(x);
	*slot = NULL;
}

/* In place.  %00 stays as it is: the library's strings end at a NUL byte. */
static size_t on_unescape(void *owner, struct MHD_Connection *connection,
	char *text)
{
	char *to = text;

	(void)owner;
	(void)connection;
	for (const char *from = text; *from; from++) {
		int high = *from == '%' ? str_hex_digit(from[1]) : -1;
		int low = high >= 0 ? str_hex_digit(from[2]) : -1;
		if (low >= 0 && high + low > 0) {
			*to++ = (char)(high << 4 | low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}

/* --- life ---------------------------------------------------------------- */

union any_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_from(const char *text, uint16_t port,
	union any_address *ret)
{
	*ret = (union any_address){ 0 };
	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(port);
		return sizeof(ret->v4);
	}
	if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons(port);
		return sizeof(ret->v6);
	}
	return 0;
}

/* A listening socket of our own, so that errno tells why there is none. */
static int listen_on(const char *address, uint16_t port, uint16_t *ret_port,
	struct err *e)
{
	union any_address at;
	socklen_t len = address_from(address, port, &at);
	int on = 1;

	if (len == 0) {
		err_set(e, ERR_CONFIG, "`%s` is not an IP address", address);
		return -1;
	}
	int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_sys(e, ERR_IO, "no socket");
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &at.any, len) != 0 || listen(fd, LISTEN_BACKLOG) != 0 ||
		getsockname(fd, &at.any, &len) != 0) {
		err_sys(e, ERR_IO, "can not listen on %s port %u", address,
			(unsigned)port);
		close(fd);
		return -1;
	}
	*ret_port = ntohs(
		at.any.sa_family == AF_INET ? at.v4.sin_port : at.v6.sin6_port);
	return fd;
}

static struct MHD_Daemon *daemon_start(struct server *s, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD |
					MHD_ALLOW_SUSPEND_RESUME,
		0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)SERVER_CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVER_IDLE_S,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static void server_init(struct server *s, const struct server_options *o)
{
	pthread_condattr_t attr;

	s->handler = o->handler;
	s->owner = o->owner;
	heap_init(&s->delayed);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &attr);
	pthread_condattr_destroy(&attr);
}

static void server_done(struct server *s)
{
	heap_done(&s->delayed);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void waker_stop(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->waker, NULL);
}

struct server *server_new(const struct server_options *o, struct err *e)
{
	struct server *s = xcalloc(1, sizeof(*s));
	sigset_t all;
	sigset_t before;

	server_init(s, o);
	int fd = listen_on(o->address ? o->address : "127.0.0.1", o->port,
		&s->port, e);
	if (fd < 0) {
		server_done(s);
		return NULL;
	}
	/* signals are for the main thread */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int sys = pthread_create(&s->waker, NULL, waker_run, s);
	if (sys == 0) {
		s->daemon = daemon_start(s, fd);
		if (!s->daemon)
			waker_stop(s);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (s->daemon)
		return s;
	if (sys != 0)
		close(fd); /* else it was the library's */
	server_done(s);
	errno = sys;
	if (sys != 0)
		err_sys(e, ERR_IO, "no thread for the server");
	else
		err_set(e, ERR_IO, "the server can not be started");
	return NULL;
}

uint16_t server_port(const struct server *s)
{
	return s->port;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	/* the library wants no connection suspended when it stops */
	waker_stop(s);
	MHD_stop_daemon(s->daemon);
	server_done(s);
}
