#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "runner/http_exchange.h"

/* One request as libcurl is to make it, and what it calls on the way. */

static void stop(struct exchange *x, enum reason reason, const char *why)
{
	if (x->stop)
		return;
	x->stop = reason;
	x->stop_why = why;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t on_header(char *text, size_t one, size_t len, void *owner)
{
	struct exchange *x = owner;

	if (head_line(&x->head, (struct str){ text, one * len }))
		return one * len;
	stop(x, REASON_PROTOCOL, x->head.why);
	return 0;
}

static bool coding_start(struct exchange *x)
{
	enum coding coding = head_coding(&x->head);

	if (coding == CODING_UNKNOWN) {
		stop(x, REASON_DECODE, "Content-Encoding is not understood");
		return false;
	}
	if (coding != CODING_NONE)
		x->decoder = decoder_new(coding);
	return true;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t on_body(char *text, size_t one, size_t len, void *owner)
{
	struct exchange *x = owner;
	struct str piece = { text, one * len };

	if (!x->decoder && !x->body.len && !coding_start(x))
		return 0;
	if (!x->decoder) {
		if (buf_add(&x->body, piece))
			return piece.len;
		stop(x, REASON_BODY_LIMIT, "body above its limit");
		return 0;
	}
	switch (decoder_feed(x->decoder, piece, &x->body)) {
	case DECODE_OK:
		return piece.len;
	case DECODE_TOO_LARGE:
		stop(x, REASON_BODY_LIMIT, "decoded body above its limit");
		return 0;
	case DECODE_BROKEN:
		break;
	}
	stop(x, REASON_DECODE, "compressed body is broken");
	return 0;
}

static curl_socket_t on_open(void *owner, curlsocktype purpose,
	struct curl_sockaddr *addr)
{
	struct exchange *x = owner;
	int fd;

	(void)purpose;
	fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC,
		addr->protocol);
	if (fd < 0) {
		x->sys = errno;
		return CURL_SOCKET_BAD;
	}
	return fd;
}

/* Another TLS library's sessions and contexts are not ours to look into. */
static bool openssl_speaks(void)
{
	const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;

	return library && str_starts(str_from(library), STR("OpenSSL/"));
}

static void session_see(struct exchange *x)
{
	struct curl_tlssessioninfo *tls = NULL;

	if (!openssl_speaks() ||
		curl_easy_getinfo(x->session->easy, CURLINFO_TLS_SSL_PTR,
			&tls) != CURLE_OK ||
		!tls || tls->backend != CURLSSLBACKEND_OPENSSL)
		return;
	cert_session(tls->internals, &x->session->watch);
}

static CURLcode on_tls(CURL *easy, void *ssl_ctx, void *owner)
{
	(void)easy;
	cert_watch(ssl_ctx, owner);
	return CURLE_OK;
}

static bool repeatable(struct str method)
{
	return !str_eq(method, STR("POST")) && !str_eq(method, STR("PATCH"));
}

bool exchange_reuses(const struct exchange *x)
{
	long made = 0;

	curl_easy_getinfo(x->session->easy, CURLINFO_NUM_CONNECTS, &made);
	return made == 0;
}

static bool same_address(const char *a, const char *b)
{
	struct in6_addr one;
	struct in6_addr two;

	return strcmp(a, b) == 0 ||
	       (inet_pton(AF_INET6, a, &one) == 1 &&
		       inet_pton(AF_INET6, b, &two) == 1 &&
		       memcmp(&one, &two, sizeof(one)) == 0);
}

/*
 * libcurl keeps connections by the name in the URL, and that name may lead
 * elsewhere by now: DNS has changed, `resolve` of this step is another one, or
 * two hosts are asked with the same `server_name`.
 */
static bool leads_there(const struct exchange *x, const char *ip)
{
	if (x->call->unix_socket.ptr || !exchange_reuses(x))
		return true;
	for (size_t i = 0; i < x->found.count; i++)
		if (same_address(x->found.address[i], ip))
			return true;
	return false;
}

/* Called before each request on the wire: libcurl sends one again, silently,
 * when a kept connection turns out to be dead. */
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static int on_request(void *owner, char *ip, char *local, int port, int lport)
{
	struct exchange *x = owner;

	(void)local;
	(void)port;
	(void)lport;
	if (!leads_there(x, ip)) {
		x->elsewhere = true;
		return CURL_PREREQFUNC_ABORT;
	}
	x->call->sent++;
	session_see(x);
	if (x->hop_sent++ == 0)
		return CURL_PREREQFUNC_OK;
	x->session->http->silent++;
	x->call->silent++;
	if (repeatable(x->hop.method))
		return CURL_PREREQFUNC_OK;
	stop(x, REASON_PROTOCOL,
		"the kept connection was closed; not sent twice");
	return CURL_PREREQFUNC_ABORT;
}

/* --- one request --- */

/* A header without value suppresses what libcurl would send by itself; one
 * that the author left empty is written "Name;" for libcurl. */
static void headers_set(struct exchange *x, CURL *easy)
{
	const struct http_call *c = x->call;
	struct response_header *all = hop_headers(c, &x->hop);

	auth_add(x, &all);
	curl_slist_free_all(x->headers);
	x->headers = NULL;
	for (const struct response_header *i = all; i; i = i->next) {
		bool ours = str_eq_nocase(i->name, STR("Content-Type")) ||
			    str_eq_nocase(i->name, STR("Expect"));
		const char *fmt = i->value.len ? "%.*s: %.*s"
				  : ours       ? "%.*s:%.*s"
					       : "%.*s;%.*s";
		struct str line = arena_printf(c->arena, fmt, STR_ARG(i->name),
			STR_ARG(i->value));

		x->headers = curl_slist_append(x->headers, line.ptr);
	}
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, x->headers);
	if (c->cookies.ptr && x->hop.trusted)
		curl_easy_setopt(easy, CURLOPT_COOKIE, c->cookies.ptr);
}

static void method_set(struct exchange *x, CURL *easy)
{
	const struct http_call *c = x->call;
	bool post = str_eq(x->hop.method, STR("POST"));

	if (str_eq(x->hop.method, STR("HEAD"))) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (x->hop.send_body || post) {
		struct str body = x->hop.send_body ? c->body : STR("");

		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t)body.len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.ptr);
	} else {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	}
	if (!post && !(str_eq(x->hop.method, STR("GET")) && !x->hop.send_body))
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
			x->hop.method.ptr);
}

static long tls_bounds(const struct http_options *o)
{
	static const long least[] = { CURL_SSLVERSION_TLSv1_0,
		CURL_SSLVERSION_TLSv1_1, CURL_SSLVERSION_TLSv1_2,
		CURL_SSLVERSION_TLSv1_3 };
	static const long most[] = { CURL_SSLVERSION_MAX_TLSv1_0,
		CURL_SSLVERSION_MAX_TLSv1_1, CURL_SSLVERSION_MAX_TLSv1_2,
		CURL_SSLVERSION_MAX_TLSv1_3 };
	long v = o->tls.min >= 10 && o->tls.min <= 13 ? least[o->tls.min - 10]
						      : CURL_SSLVERSION_TLSv1_2;

	if (o->tls.max >= 10 && o->tls.max <= 13)
		v |= most[o->tls.max - 10];
	return v;
}

static void watch_set(struct exchange *x, CURL *easy)
{
	struct cert_watch *w = &x->session->watch;
	struct str name = x->call->options->tls.server_name;

	*w = (struct cert_watch){ .arena = x->call->arena,
		.host = name.len && x->hop.trusted ? name : x->hop.origin.host,
		.wall_us = loop_wall_us(x->session->http->loop) };
	if (!openssl_speaks())
		return;
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, w);
}

/* A client certificate says who we are: like auth, it goes to nobody else. */
static void tls_set(struct exchange *x, CURL *easy)
{
	const struct http_options *o = x->call->options;

	if (o->tls.pin.ptr)
		curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, o->tls.pin.ptr);
	/* a CA path is read anew for each connection: 22 ms of CPU */
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	if (o->tls.ca.len)
		curl_easy_setopt(easy, CURLOPT_CAINFO, o->tls.ca.ptr);
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 3600L);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, o->tls.verify ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, o->tls.verify ? 2L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, tls_bounds(o));
	if (o->tls.cert.len && x->hop.auth_too)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, o->tls.cert.ptr);
	if (o->tls.key.len && x->hop.auth_too)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, o->tls.key.ptr);
}

/* Its own connection, that nobody gets after it? */
static bool alone(const struct exchange *x)
{
	int wanted = x->call->options->connection;

	return wanted == CONNECTION_FRESH ||
	       (x->session->pooled && (wanted != CONNECTION_POOL ||
					      !repeatable(x->hop.method)));
}

static void connection_set(struct exchange *x, CURL *easy)
{
	static const long versions[] = { CURL_HTTP_VERSION_2TLS,
		CURL_HTTP_VERSION_1_0, CURL_HTTP_VERSION_1_1,
		CURL_HTTP_VERSION_2TLS, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE };
	static const long families[] = { CURL_IPRESOLVE_WHATEVER,
		CURL_IPRESOLVE_V4, CURL_IPRESOLVE_V6 };
	const struct http_call *c = x->call;
	const struct http_options *o = c->options;

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, c->proxy.ptr ? c->proxy.ptr : "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (c->unix_socket.ptr)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH,
			c->unix_socket.ptr);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, versions[o->version]);
	curl_easy_setopt(easy, CURLOPT_IPRESOLVE, families[o->ip]);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
		(long)o->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, x->connect_to);
	if (o->interface.ptr)
		curl_easy_setopt(easy, CURLOPT_INTERFACE, o->interface.ptr);
	if (alone(x) || x->fresh)
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	if (alone(x))
		curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

static void callbacks_set(struct exchange *x, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, x);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->error);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, x);
	curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BODY_CHUNK);
}

/* The URL as libcurl shall see it: with the name that TLS asks for. */
static bool url_set(struct exchange *x, CURL *easy)
{
	struct str name = x->call->options->tls.server_name;
	CURLU *u = curl_url();
	char *text = NULL;
	bool ok;

	ok = u &&
	     curl_url_set(u, CURLUPART_URL, x->hop.url.ptr, 0) == CURLUE_OK &&
	     curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK;
	if (ok && name.len && x->hop.trusted)
		ok = curl_url_set(u, CURLUPART_HOST, name.ptr, 0) == CURLUE_OK;
	ok = ok && curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK &&
	     curl_easy_setopt(easy, CURLOPT_URL, text) == CURLE_OK;
	curl_free(text);
	curl_url_cleanup(u);
	return ok;
}

bool exchange_setup(struct exchange *x)
{
	CURL *easy = x->session->easy;

	curl_easy_setopt(easy, CURLOPT_COOKIEFILE, NULL); /* reset leaks it */
	curl_easy_reset(easy);
	curl_easy_setopt(easy, CURLOPT_SHARE, x->session->share);
	/* no file: libcurl sends shared cookies only with an engine that runs
	 */
	curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
	callbacks_set(x, easy);
	connection_set(x, easy);
	tls_set(x, easy);
	watch_set(x, easy);
	method_set(x, easy);
	headers_set(x, easy);
	curl_easy_setopt(easy, CURLOPT_RESOLVE, x->resolved);
	return url_set(x, easy);
}
