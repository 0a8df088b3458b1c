#include "runner/http.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "runner/http_exchange.h"

/*
 * What each code of libcurl means here.  Codes that are not in the table are
 * our own trouble: nothing unknown is blamed on the target.
 */
/* clang-format off */
#define CURL_CODE_MAP(X)                                                      \
	X(CURLE_UNSUPPORTED_PROTOCOL,  PROTOCOL,   "not HTTP")                \
	X(CURLE_COULDNT_RESOLVE_PROXY, DNS,        "name of the proxy")       \
	X(CURLE_COULDNT_RESOLVE_HOST,  DNS,        "name did not resolve")    \
	X(CURLE_INTERFACE_FAILED,      INTERNAL,   "`interface` not usable")  \
	X(CURLE_COULDNT_CONNECT,       CONNECT,    "no connection")           \
	X(CURLE_WEIRD_SERVER_REPLY,    PROTOCOL,   "malformed answer")        \
	X(CURLE_HTTP2,                 PROTOCOL,   "HTTP/2 framing")          \
	X(CURLE_HTTP2_STREAM,          PROTOCOL,   "HTTP/2 stream")           \
	X(CURLE_HTTP3,                 PROTOCOL,   "HTTP/3")                  \
	X(CURLE_PARTIAL_FILE,          PROTOCOL,   "body is cut off")         \
	X(CURLE_HTTP_RETURNED_ERROR,   PROTOCOL,   "HTTP error")              \
	X(CURLE_OPERATION_TIMEDOUT,    TIMEOUT,    "deadline passed")         \
	X(CURLE_SSL_CONNECT_ERROR,     TLS,        "TLS handshake failed")    \
	X(CURLE_PEER_FAILED_VERIFICATION, TLS,     "certificate refused")     \
	X(CURLE_SSL_CIPHER,            TLS,        "no common cipher")        \
	X(CURLE_SSL_ISSUER_ERROR,      TLS,        "wrong issuer")            \
	X(CURLE_SSL_PINNEDPUBKEYNOTMATCH, TLS,     "pinned key differs")      \
	X(CURLE_SSL_INVALIDCERTSTATUS, TLS,        "certificate status")      \
	X(CURLE_USE_SSL_FAILED,        TLS,        "no TLS")                  \
	X(CURLE_GOT_NOTHING,           PROTOCOL,   "empty answer")            \
	X(CURLE_SEND_ERROR,            CONNECT,    "connection lost")         \
	X(CURLE_RECV_ERROR,            CONNECT,    "answer broken off")       \
	X(CURLE_BAD_CONTENT_ENCODING,  DECODE,     "content encoding")        \
	X(CURLE_FILESIZE_EXCEEDED,     BODY_LIMIT, "body above its limit")    \
	X(CURLE_TOO_MANY_REDIRECTS,    REDIRECT,   "too many redirects")      \
	X(CURLE_PROXY,                 CONNECT,    "proxy")                   \
	X(CURLE_OUT_OF_MEMORY,         MEMORY,     "out of memory")           \
	X(CURLE_SSL_CERTPROBLEM,       SECRET,     "client certificate")      \
	X(CURLE_SSL_CACERT_BADFILE,    SECRET,     "file of the CA store")    \
	X(CURLE_SSL_ENGINE_INITFAILED, INTERNAL,   "TLS library")
/* clang-format on */

struct code_row {
	CURLcode code;
	enum reason reason;
	const char *text;
};

static const struct code_row code_rows[] = {
#define X(code, reason, text) { code, REASON_##reason, text },
	CURL_CODE_MAP(X)
#undef X
};

static void exchange_end(struct exchange *x, enum reason reason,
	struct str why);

/* --- the multi on the loop --- */

static void multi_done(struct http *h);

static void on_multi_timer(struct loop *l, void *owner)
{
	struct http *h = owner;
	int running;

	(void)l;
	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	multi_done(h);
}

static int multi_timer(CURLM *multi, long timeout_ms, void *owner)
{
	struct http *h = owner;

	(void)multi;
	if (timeout_ms < 0)
		loop_timer_cancel(h->loop, &h->timer);
	else
		loop_timer_arm(h->loop, &h->timer,
			loop_now_ns(h->loop) + (uint64_t)timeout_ms * 1000000,
			on_multi_timer, h);
	return 0;
}

static void on_multi_fd(struct loop *l, int fd, int events, void *owner)
{
	struct http *h = owner;
	int mask = 0;
	int running;

	(void)l;
	if (events & LOOP_READ)
		mask |= CURL_CSELECT_IN;
	if (events & LOOP_WRITE)
		mask |= CURL_CSELECT_OUT;
	if (events & LOOP_ERROR)
		mask |= CURL_CSELECT_ERR;
	curl_multi_socket_action(h->multi, fd, mask, &running);
	multi_done(h);
}

static int multi_socket(CURL *easy, curl_socket_t fd, int what, void *owner,
	void *of_socket)
{
	struct http *h = owner;
	int events = 0;

	(void)easy;
	(void)of_socket;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= LOOP_READ;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= LOOP_WRITE;
	if (what == CURL_POLL_REMOVE)
		events = 0;
	if (!loop_fd(h->loop, fd, events, on_multi_fd, h)) {
		/* the number was used before and closed behind our back */
		loop_fd(h->loop, fd, 0, NULL, NULL);
		if (!loop_fd(h->loop, fd, events, on_multi_fd, h))
			return -1;
	}
	return 0;
}

static void curl_once(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		oom_die(0);
}

struct http *http_new(struct loop *l, struct resolver *r, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http *h = xcalloc(1, sizeof(*h));

	pthread_once(&once, curl_once);
	h->loop = l;
	h->resolver = r;
	h->multi = curl_multi_init();
	if (!h->multi) {
		free(h);
		err_set(e, ERR_IO, "libcurl does not start");
		return NULL;
	}
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, multi_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, multi_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	/* of each cache, and each session has its own */
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS,
		(long)CONNECTIONS_MAX);
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->nidle; i++)
		curl_easy_cleanup(h->idle[i]);
	curl_multi_cleanup(h->multi);
	where_done(h);
	loop_timer_cancel(h->loop, &h->timer);
	free(h);
}

const char *http_ca_file(void)
{
	return curl_version_info(CURLVERSION_NOW)->cainfo;
}

uint64_t http_silent_retries(const struct http *h)
{
	return h->silent;
}

struct http_session *http_session_new(struct http *h)
{
	struct http_session *s = xcalloc(1, sizeof(*s));

	s->http = h;
	s->easy = h->nidle ? h->idle[--h->nidle] : curl_easy_init();
	s->share = curl_share_init();
	if (!s->easy || !s->share)
		oom_die(0);
	curl_share_setopt(s->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
	curl_share_setopt(s->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
	curl_share_setopt(s->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	return s;
}

void http_session_free(struct http_session *s)
{
	struct http *h;

	if (!s)
		return;
	h = s->http;
	if (s->exchange)
		http_cancel(s->exchange->call);
	if (s->pool) {
		http_pool_take_back(s->pool);
		return;
	}
	curl_easy_setopt(s->easy, CURLOPT_COOKIEFILE, NULL);
	curl_easy_setopt(s->easy, CURLOPT_SHARE, NULL);
	curl_easy_reset(s->easy);
	if (h->nidle < SESSIONS_KEPT)
		h->idle[h->nidle++] = s->easy;
	else
		curl_easy_cleanup(s->easy);
	curl_share_cleanup(s->share); /* closes the connections */
	free(s);
}

static void transfer_start(struct exchange *x)
{
	struct http *h = x->session->http;
	CURL *easy = x->session->easy;

	if (!exchange_setup(x)) {
		exchange_end(x, REASON_INTERNAL, STR("URL not usable"));
		return;
	}
	head_init(&x->head, x->call->arena);
	decoder_free(x->decoder);
	x->decoder = NULL;
	buf_clear(&x->body);
	x->hop_sent = 0;
	x->error[0] = '\0';
	if (curl_multi_add_handle(h->multi, easy) != CURLM_OK) {
		exchange_end(x, REASON_INTERNAL, STR("libcurl refuses"));
		return;
	}
	x->running = true;
}

static uint32_t since_us(const struct exchange *x, uint64_t from_ns)
{
	return (uint32_t)((loop_now_ns(x->session->http->loop) - from_ns) /
			  1000);
}

static void on_resolved(const struct resolve_answer *r, void *owner)
{
	static const enum reason reasons[] = { [RESOLVE_NO_NAME] = REASON_DNS,
		[RESOLVE_FAILED] = REASON_DNS,
		[RESOLVE_OURS] = REASON_RESOLVER };
	struct exchange *x = owner;

	x->wait = NULL;
	x->dns_us = since_us(x, x->hop_ns);
	if (r->state != RESOLVE_OK) {
		exchange_end(x, reasons[r->state],
			arena_printf(x->call->arena, "%.*s: %s",
				STR_ARG(x->asked.host), r->why));
		return;
	}
	x->found = *r;
	where_tell(x, r);
	transfer_start(x);
}

static void hop_start(struct exchange *x)
{
	struct str why;

	x->hop_ns = loop_now_ns(x->session->http->loop);
	x->dns_us = 0;
	x->fresh = false;
	x->asked = x->hop.origin;
	if (x->call->unix_socket.ptr)
		transfer_start(x);
	else if (!where_find(x, on_resolved, &why))
		exchange_end(x, REASON_INTERNAL, why);
}

/* --- the end --- */

static void exchange_free(struct exchange *x)
{
	struct http *h = x->session->http;

	if (x->running)
		curl_multi_remove_handle(h->multi, x->session->easy);
	resolve_cancel(x->wait);
	loop_timer_cancel(h->loop, &x->deadline);
	loop_timer_cancel(h->loop, &x->soon);
	curl_slist_free_all(x->headers);
	curl_slist_free_all(x->resolved);
	curl_slist_free_all(x->connect_to);
	decoder_free(x->decoder);
	buf_done(&x->body);
	x->session->exchange = NULL;
	x->session->watch.arena = NULL; /* the run may be over */
	x->call->exchange = NULL;
	free(x);
}

static uint32_t time_us(CURL *easy, CURLINFO what)
{
	curl_off_t us = 0;

	curl_easy_getinfo(easy, what, &us);
	return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static uint32_t less(uint32_t later, uint32_t earlier)
{
	return later > earlier ? later - earlier : 0;
}

static void times_fill(struct exchange *x, struct response *r)
{
	CURL *easy = x->session->easy;
	uint32_t dns = time_us(easy, CURLINFO_NAMELOOKUP_TIME_T);
	uint32_t connect = time_us(easy, CURLINFO_CONNECT_TIME_T);
	uint32_t tls = time_us(easy, CURLINFO_APPCONNECT_TIME_T);
	uint32_t sent = time_us(easy, CURLINFO_PRETRANSFER_TIME_T);
	uint32_t first = time_us(easy, CURLINFO_STARTTRANSFER_TIME_T);
	uint32_t total = time_us(easy, CURLINFO_TOTAL_TIME_T);

	r->dns_us = x->dns_us;
	if (!exchange_reuses(x)) {
		r->connect_us = less(connect, dns);
		r->tls_us = tls ? less(tls, connect) : 0;
	}
	r->ttfb_us = less(first, sent);
	r->transfer_us = first ? less(total, first) : 0;
	r->total_us = x->spent_us + x->dns_us + total;
}

static void response_fill(struct exchange *x)
{
	static const struct str versions[] = { [CURL_HTTP_VERSION_1_0] =
						       STR("1.0"),
		[CURL_HTTP_VERSION_1_1] = STR("1.1"),
		[CURL_HTTP_VERSION_2_0] = STR("2") };
	struct http_call *c = x->call;
	struct response *r = &c->response;
	CURL *easy = x->session->easy;
	char *ip = NULL;
	long version = 0;

	memset(r, 0, sizeof(*r));
	r->arena = c->arena;
	r->url = x->hop.url;
	r->redirects = x->redirects;
	r->http_version = STR("");
	r->ip = r->body = STR("");
	if (!x->running) {
		r->dns_us = x->dns_us;
		r->total_us = x->spent_us + since_us(x, x->hop_ns);
		return;
	}
	r->facts[FACTS_CERTIFICATE] = x->session->watch.certificate;
	r->facts[FACTS_TLS] = x->session->watch.tls;
	r->status = x->head.status;
	r->headers = x->head.first;
	if (x->body.len)
		r->body = arena_str(c->arena, buf_str(&x->body));
	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	if (version >= CURL_HTTP_VERSION_1_0 &&
		version <= CURL_HTTP_VERSION_2_0)
		r->http_version = versions[version];
	if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip) == CURLE_OK && ip)
		r->ip = arena_str(c->arena, str_from(ip));
	times_fill(x, r);
}

static void on_soon(struct loop *l, void *owner)
{
	struct exchange *x = owner;
	struct http_call *c = x->call;

	(void)l;
	exchange_free(x);
	c->done(c, c->owner);
}

/* The one way out of an exchange. */
static void exchange_end(struct exchange *x, enum reason reason, struct str why)
{
	struct http_call *c = x->call;
	struct http *h = x->session->http;

	response_fill(x);
	c->reason = reason;
	c->why = why;
	if (x->starting) /* the caller is still in http_start() */
		loop_timer_arm(h->loop, &x->soon, loop_now_ns(h->loop), on_soon,
			x);
	else
		on_soon(h->loop, x);
}

/* Which phase was it in?  Cumulative times are 0 for what did not happen. */
static const char *phase(const struct exchange *x)
{
	CURL *easy = x->session->easy;

	if (!time_us(easy, CURLINFO_CONNECT_TIME_T) && !x->hop_sent)
		return "no connection before the deadline";
	if (!time_us(easy, CURLINFO_PRETRANSFER_TIME_T) && !x->hop_sent)
		return "no TLS before the deadline";
	if (!x->head.any)
		return "connected, but no answer before the deadline";
	if (!x->head.done)
		return "headers not complete before the deadline";
	return "body not complete before the deadline";
}

static void on_deadline(struct loop *l, void *owner)
{
	struct exchange *x = owner;

	(void)l;
	if (x->running)
		exchange_end(x, REASON_TIMEOUT, str_from(phase(x)));
	else
		exchange_end(x, REASON_DNS,
			arena_printf(x->call->arena,
				"%.*s: no answer from DNS before the deadline",
				STR_ARG(x->asked.host)));
}

/* No connection: the target's, or ours? */
static enum reason connect_reason(const struct exchange *x)
{
	long sys = x->sys;

	if (!sys)
		curl_easy_getinfo(x->session->easy, CURLINFO_OS_ERRNO, &sys);
	switch (sys) {
	case EMFILE:
	case ENFILE:
		return REASON_FDS;
	case EADDRNOTAVAIL:
		return REASON_PORTS;
	case ENOBUFS:
	case ENOMEM:
		return REASON_MEMORY;
	default:
		return REASON_CONNECT;
	}
}

static enum reason code_reason(const struct exchange *x, CURLcode code,
	const char **ret_text)
{
	enum reason reason = REASON_INTERNAL;

	*ret_text = curl_easy_strerror(code);
	for (size_t i = 0; i < sizeof(code_rows) / sizeof(code_rows[0]); i++)
		if (code_rows[i].code == code) {
			reason = code_rows[i].reason;
			*ret_text = code_rows[i].text;
		}
	if (x->sys || code == CURLE_COULDNT_CONNECT)
		return connect_reason(x);
	if (code == CURLE_OPERATION_TIMEDOUT)
		*ret_text = phase(x);
	/* the target had begun to answer: it is no longer the network */
	if (code == CURLE_RECV_ERROR && x->head.any)
		return REASON_PROTOCOL;
	/* libcurl says so of a giant header */
	if (code == CURLE_OUT_OF_MEMORY && x->hop_sent && !x->head.done) {
		*ret_text = "headers too large";
		return REASON_PROTOCOL;
	}
	return reason;
}

/* What was wrong with the certificate, better than libcurl says it. */
static bool refused_text(const struct exchange *x, struct str *ret)
{
	const struct cert_watch *w = &x->session->watch;

	if (w->refused.ptr)
		*ret = w->refused;
	return w->refused.ptr || cert_for_another(w, ret);
}

/* Nobody let us in: who was asked, and what the system says of it. */
static bool unconnected_text(const struct exchange *x, struct str *ret)
{
	struct arena *a = x->call->arena;
	long sys = 0;
	const char *text;

	curl_easy_getinfo(x->session->easy, CURLINFO_OS_ERRNO, &sys);
	text = strerrordesc_np((int)sys);
	if (x->sys || !sys || !text)
		return false;
	if (x->found.count == 1)
		*ret = arena_printf(a, "no connection to %s port %u: %s",
			x->found.address[0], x->asked.port, text);
	else if (x->found.count)
		*ret = arena_printf(a,
			"no connection to any of %zu addresses of %.*s, port "
			"%u: %s",
			x->found.count, STR_ARG(x->asked.host), x->asked.port,
			text);
	else
		*ret = arena_printf(a, "no connection: %s", text);
	return true;
}

static void hop_failed(struct exchange *x, CURLcode code)
{
	const char *text;
	enum reason reason = code_reason(x, code, &text);
	struct str why;

	if ((reason == REASON_TLS && refused_text(x, &why)) ||
		(code == CURLE_COULDNT_CONNECT && unconnected_text(x, &why)))
		exchange_end(x, reason, why);
	else if (x->error[0] && code != CURLE_OPERATION_TIMEDOUT)
		exchange_end(x, reason,
			arena_printf(x->call->arena, "%s: %s", text, x->error));
	else
		exchange_end(x, reason, str_from(text));
}

static void transfer_stop(struct exchange *x)
{
	x->spent_us += time_us(x->session->easy, CURLINFO_TOTAL_TIME_T);
	curl_multi_remove_handle(x->session->http->multi, x->session->easy);
	x->running = false;
}

/* Another request of this call. */
static void hop_again(struct exchange *x)
{
	x->spent_us += x->dns_us;
	transfer_stop(x);
	hop_start(x);
}

/* `version: 2` is a demand, not a wish: `auto` is the wish. */
static bool version_wanted(const struct exchange *x)
{
	int wanted = x->call->options->version;
	long version = 0;

	curl_easy_getinfo(x->session->easy, CURLINFO_HTTP_VERSION, &version);
	return (wanted != HTTP_2 && wanted != HTTP_2_PRIOR) ||
	       version == CURL_HTTP_VERSION_2_0;
}

static void redirect_note(struct exchange *x, struct str location)
{
	struct response_hop *h = ARENA_NEW(x->call->arena, struct response_hop);

	h->status = x->head.status;
	h->url = x->hop.url;
	h->location = location;
	*x->redirect_last = h;
	x->redirect_last = &h->next;
}

static void hop_done(struct exchange *x, CURLcode code)
{
	struct http_call *c = x->call;
	struct str location = STR_NONE;
	struct str why;
	struct hop next;

	if (x->elsewhere) { /* nothing was sent */
		x->elsewhere = false;
		x->fresh = true;
		transfer_stop(x);
		transfer_start(x);
		return;
	}
	if (x->stop) {
		exchange_end(x, x->stop, str_from(x->stop_why));
		return;
	}
	if (code != CURLE_OK) {
		hop_failed(x, code);
		return;
	}
	if (!x->head.done) {
		exchange_end(x, REASON_PROTOCOL, STR("headers are cut off"));
		return;
	}
	if (x->decoder && !decoder_whole(x->decoder)) {
		exchange_end(x, REASON_DECODE,
			STR("compressed body is cut off"));
		return;
	}
	if (auth_again(x)) {
		hop_again(x);
		return;
	}
	for (const struct response_header *i = x->head.first; i; i = i->next)
		if (str_eq_nocase(i->name, STR("Location")))
			location = i->value;
	if (!hop_follows(c, x->head.status, location)) {
		if (version_wanted(x))
			exchange_end(x, REASON_NONE, STR(""));
		else
			exchange_end(x, REASON_PROTOCOL,
				STR("HTTP/2 was asked for, and the server "
				    "speaks an older version"));
		return;
	}
	if (!hop_next(c, &x->hop, x->head.status, location, &next, &why)) {
		exchange_end(x, REASON_REDIRECT, why);
		return;
	}
	redirect_note(x, next.url);
	auth_next_hop(x, &next);
	x->hop = next;
	hop_again(x);
}

static void multi_done(struct http *h)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(h->multi, &left))) {
		char *owner = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &owner);
		hop_done((struct exchange *)(void *)owner, msg->data.result);
	}
}

void http_start(struct http_session *s, struct http_call *c)
{
	struct exchange *x = xcalloc(1, sizeof(*x));
	struct str why;

	x->session = s;
	x->call = c;
	s->exchange = c->exchange = x;
	x->redirect_last = &x->redirects;
	c->sent = c->silent = 0;
	x->starting = true;
	buf_init(&x->body, c->options->max_body);
	x->hop_ns = loop_now_ns(s->http->loop);
	if (hop_first(c, &x->hop, &why)) {
		loop_timer_arm(s->http->loop, &x->deadline, c->deadline_ns,
			on_deadline, x);
		hop_start(x);
	} else {
		exchange_end(x, REASON_INTERNAL, why);
	}
	/* still there: what ends it in here only arms a timer */
	s->exchange->starting = false;
}

void http_cancel(struct http_call *c)
{
	if (c->exchange)
		exchange_free(c->exchange);
}
