#include "runner/secure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/oom.h"

enum { ALPN_MAX = 1024 };

struct secure {
	SSL_CTX *tls;
	SSL *ssl;
	struct cert_watch *watch;
	struct str pin;
	bool verify;
};

/*
 * The system's authorities: reading them takes 20 ms, so they are read once
 * and again after an hour, as libcurl does.
 */
static struct {
	pthread_mutex_t lock;
	X509_STORE *store;
	int64_t until_us;
} system_store = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const int64_t store_us = INT64_C(3600) * 1000000;

/* A reference for the caller; NULL: no such file. */
static X509_STORE *system_store_get(const char *file, int64_t wall_us)
{
	X509_STORE *store;

	pthread_mutex_lock(&system_store.lock);
	if (!system_store.store || wall_us >= system_store.until_us ||
		wall_us < system_store.until_us - store_us) {
		store = X509_STORE_new();
		if (store && X509_STORE_load_file(store, file) != 1) {
			X509_STORE_free(store);
			store = NULL;
		}
		X509_STORE_free(system_store.store);
		system_store.store = store;
		system_store.until_us = wall_us + store_us;
	}
	store = system_store.store;
	if (store)
		X509_STORE_up_ref(store);
	pthread_mutex_unlock(&system_store.lock);
	return store;
}

static struct str openssl_text(struct arena *a)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return text ? arena_str(a, str_from(text)) : STR("broken off");
}

static bool store_set(SSL_CTX *tls, const struct secure_ask *ask)
{
	struct str ca = ask->options->tls.ca;
	X509_STORE *store;

	if (!ask->options->tls.verify)
		return true;
	if (ca.len)
		return SSL_CTX_load_verify_file(tls, ca.ptr) == 1;
	store = ask->ca_file
			? system_store_get(ask->ca_file, ask->watch->wall_us)
			: NULL;
	if (!store)
		return SSL_CTX_set_default_verify_paths(tls) == 1;
	SSL_CTX_set_cert_store(tls, store);
	return true;
}

static bool client_set(SSL_CTX *tls, const struct http_options *o)
{
	struct str key = o->tls.key.len ? o->tls.key : o->tls.cert;

	if (!o->tls.cert.len)
		return true;
	return SSL_CTX_use_certificate_chain_file(tls, o->tls.cert.ptr) == 1 &&
	       SSL_CTX_use_PrivateKey_file(tls, key.ptr, SSL_FILETYPE_PEM) ==
		       1 &&
	       SSL_CTX_check_private_key(tls) == 1;
}

static void versions_set(SSL_CTX *tls, const struct http_options *o)
{
	static const int versions[] = { TLS1_VERSION, TLS1_1_VERSION,
		TLS1_2_VERSION, TLS1_3_VERSION };

	SSL_CTX_set_min_proto_version(tls, o->tls.min >= 10 && o->tls.min <= 13
						   ? versions[o->tls.min - 10]
						   : TLS1_2_VERSION);
	if (o->tls.max >= 10 && o->tls.max <= 13)
		SSL_CTX_set_max_proto_version(tls, versions[o->tls.max - 10]);
}

static bool alpn_set(SSL *ssl, const struct strs *list)
{
	unsigned char wire[ALPN_MAX];
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct str one = list->item[i];

		if (n + one.len + 1 > sizeof(wire))
			return false;
		wire[n++] = (unsigned char)one.len;
		memcpy(wire + n, one.ptr, one.len);
		n += one.len;
	}
	return n == 0 || SSL_set_alpn_protos(ssl, wire, (unsigned)n) == 0;
}

/* An address is no name: RFC 6066, 3. */
static bool server_name_set(SSL *ssl, struct str host)
{
	unsigned char room[sizeof(struct in6_addr)];
	char name[256];

	if (!host.len || host.len >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", STR_ARG(host));
	if (inet_pton(AF_INET, name, room) == 1 ||
		inet_pton(AF_INET6, name, room) == 1)
		return true;
	return SSL_set_tlsext_host_name(ssl, name) == 1;
}

static struct secure *refuse(struct secure *s, const char *why,
	enum reason *ret_reason, struct str *ret_why)
{
	*ret_why = arena_printf(s->watch->arena, "%s: %.*s", why,
		STR_ARG(openssl_text(s->watch->arena)));
	*ret_reason = REASON_SECRET;
	secure_free(s);
	return NULL;
}

struct secure *secure_new(int fd, const struct secure_ask *ask,
	enum reason *ret_reason, struct str *ret_why)
{
	struct secure *s = xcalloc(1, sizeof(*s));

	s->watch = ask->watch;
	s->verify = ask->options->tls.verify;
	s->pin = ask->options->tls.pin;
	ERR_clear_error();
	s->tls = SSL_CTX_new(TLS_client_method());
	if (!s->tls)
		oom_die(0);
	SSL_CTX_set_options(s->tls, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(s->tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(s->tls,
		s->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	versions_set(s->tls, ask->options);
	if (!store_set(s->tls, ask))
		return refuse(s, "file of the CA store", ret_reason, ret_why);
	if (!client_set(s->tls, ask->options))
		return refuse(s, "client certificate", ret_reason, ret_why);
	cert_watch(s->tls, s->watch);
	s->ssl = SSL_new(s->tls);
	if (!s->ssl || SSL_set_fd(s->ssl, fd) != 1)
		oom_die(0);
	if (!alpn_set(s->ssl, ask->alpn) ||
		!server_name_set(s->ssl, s->watch->host))
		return refuse(s, "server name or alpn", ret_reason, ret_why);
	return s;
}

static enum secure_state failed(struct secure *s, int code,
	enum reason *ret_reason, struct str *ret_why)
{
	struct cert_watch *w = s->watch;

	*ret_reason = REASON_TLS;
	if (s->verify && w->refused.ptr)
		*ret_why = w->refused;
	else if (code == SSL_ERROR_SYSCALL || code == SSL_ERROR_ZERO_RETURN)
		*ret_why = STR("TLS handshake failed: the connection was "
			       "closed");
	else
		*ret_why = arena_printf(w->arena, "TLS handshake failed: %.*s",
			STR_ARG(openssl_text(w->arena)));
	ERR_clear_error();
	return SECURE_REFUSED;
}

/* "sha256//BASE64;sha256//BASE64": is the key of the server one of these? */
static bool pinned(const struct secure *s)
{
	X509 *x = SSL_get1_peer_certificate(s->ssl);
	unsigned char *der = NULL;
	uint8_t hash[SHA256_BYTES];
	struct str rest = s->pin;
	bool yes = false;
	struct buf b;
	int len;

	if (!x)
		return false;
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	X509_free(x);
	if (len <= 0)
		return false;
	crypto_sha256((struct str){ (const char *)der, (size_t)len }, hash);
	OPENSSL_free(der);
	buf_init(&b, 256);
	buf_add_z(&b, "sha256//");
	buf_add_base64(&b, (struct str){ (const char *)hash, sizeof(hash) },
		false);
	while (rest.ptr && !yes)
		yes = str_eq(str_cut(&rest, ';'), buf_str(&b));
	buf_done(&b);
	return yes;
}

enum secure_state secure_go(struct secure *s, enum reason *ret_reason,
	struct str *ret_why)
{
	int code;
	int n;

	ERR_clear_error();
	n = SSL_connect(s->ssl);
	code = SSL_get_error(s->ssl, n);
	if (code == SSL_ERROR_WANT_READ)
		return SECURE_READ;
	if (code == SSL_ERROR_WANT_WRITE)
		return SECURE_WRITE;
	if (n != 1)
		return failed(s, code, ret_reason, ret_why);
	cert_session(s->ssl, s->watch);
	if (s->pin.ptr && !pinned(s)) {
		*ret_reason = REASON_TLS;
		*ret_why = STR("pinned key differs");
		return SECURE_REFUSED;
	}
	if (!s->verify)
		return SECURE_DONE;
	*ret_reason = REASON_TLS;
	if (!s->watch->certificate) {
		*ret_why = STR("the server shows no certificate");
		return SECURE_REFUSED;
	}
	return cert_for_another(s->watch, ret_why) ? SECURE_REFUSED
						   : SECURE_DONE;
}

void secure_free(struct secure *s)
{
	if (!s)
		return;
	SSL_free(s->ssl);
	SSL_CTX_free(s->tls);
	free(s);
}
