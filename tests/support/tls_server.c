#include "tests/support/tls_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { DAY_S = 86400, WAIT_S = 5 };

struct tls_server {
	struct tls_kind kind;
	SSL_CTX *tls;
	pthread_t thread;
	int listener;
	_Atomic int open; /* the connection that is served; -1: none */
	atomic_uint handshakes;
	atomic_bool ending;
	uint16_t port;
	char ca[64];
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "tls_server: %s\n", what);
	abort();
}

/* --- certificates --- */

static void name_set(X509_NAME *name, const char *common)
{
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
		(const unsigned char *)"Andon", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		(const unsigned char *)common, -1, -1, 0);
}

static void extension_add(X509 *to, X509 *issuer, int nid, const char *text)
{
	X509_EXTENSION *e;
	X509V3_CTX v;

	X509V3_set_ctx(&v, issuer, to, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &v, nid, text);
	must(e && X509_add_ext(to, e, -1) == 1, text);
	X509_EXTENSION_free(e);
}

/* issuer NULL: signed by itself */
static X509 *certificate_make(EVP_PKEY *key, const char *common, int from_days,
	int to_days, X509 *issuer)
{
	X509 *x = X509_new();

	X509_set_version(x, 2);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), 0x1a2b3c);
	X509_gmtime_adj(X509_getm_notBefore(x), (long)from_days * DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(x), (long)to_days * DAY_S);
	X509_set_pubkey(x, key);
	name_set(X509_get_subject_name(x), common);
	X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
	return x;
}

static void certificates_make(struct tls_server *s)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256");
	EVP_PKEY *key = s->kind.weak ? EVP_RSA_gen(1024) : EVP_EC_gen("P-256");
	X509 *ca = certificate_make(ca_key, "Andon Test CA", -400, 400, NULL);
	X509 *x = certificate_make(key, "server", s->kind.from_days,
		s->kind.to_days, s->kind.self_signed ? NULL : ca);
	FILE *f;
	int fd;

	extension_add(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
	X509_sign(ca, ca_key, EVP_sha256());
	if (s->kind.names)
		extension_add(x, ca, NID_subject_alt_name, s->kind.names);
	X509_sign(x, s->kind.self_signed ? key : ca_key, EVP_sha256());
	must(SSL_CTX_use_certificate(s->tls, x) == 1, "certificate");
	must(SSL_CTX_use_PrivateKey(s->tls, key) == 1, "key");
	snprintf(s->ca, sizeof(s->ca), "/tmp/andon-ca-XXXXXX");
	fd = mkstemp(s->ca);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	must(f && PEM_write_X509(f, ca) == 1 && fclose(f) == 0, "file");
	X509_free(x);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

/* --- one connection --- */

static int alpn_select(SSL *ssl, const unsigned char **out,
	unsigned char *out_len, const unsigned char *in, unsigned len,
	void *owner)
{
	const struct tls_server *s = owner;
	size_t want = strlen(s->kind.alpn);

	(void)ssl;
	for (unsigned i = 0; i < len; i += in[i] + 1U) {
		if (in[i] != want ||
			memcmp(in + i + 1, s->kind.alpn, want) != 0)
			continue;
		*out = in + i + 1;
		*out_len = in[i];
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

/* A line that is heard must begin as it should. */
static bool clear_talk(const struct tls_server *s, int fd)
{
	const char *const *talk = s->kind.talk;
	char text[512];

	if (s->kind.hello)
		send(fd, s->kind.hello, strlen(s->kind.hello), MSG_NOSIGNAL);
	for (; talk && talk[0]; talk += 2) {
		ssize_t n = recv(fd, text, sizeof(text), 0);

		if (n < (ssize_t)strlen(talk[0]) ||
			memcmp(text, talk[0], strlen(talk[0])) != 0)
			return false;
		send(fd, talk[1], strlen(talk[1]), MSG_NOSIGNAL);
	}
	return true;
}

static void serve(struct tls_server *s, int fd)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
				     "\r\nok";
	SSL *ssl = SSL_new(s->tls);
	char text[4096];

	SSL_set_fd(ssl, fd);
	if (clear_talk(s, fd) && SSL_accept(ssl) == 1) {
		s->handshakes++;
		while (SSL_read(ssl, text, sizeof(text)) > 0)
			SSL_write(ssl, answer, sizeof(answer) - 1);
	}
	SSL_free(ssl);
}

static void *work(void *owner)
{
	struct tls_server *s = owner;
	struct timeval wait = { WAIT_S, 0 };
	sigset_t pipes; /* what is sent to who has gone is no signal here */
	char text[64];

	sigemptyset(&pipes);
	sigaddset(&pipes, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipes, NULL);

	while (!s->ending) {
		int fd = accept(s->listener, NULL, NULL);

		if (fd < 0)
			continue;
		s->open = fd;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		if (s->kind.silent)
			while (!s->ending &&
				recv(fd, text, sizeof(text), 0) > 0)
				;
		else
			serve(s, fd);
		s->open = -1;
		close(fd);
	}
	return NULL;
}

struct tls_server *tls_server_start(const struct tls_kind *kind)
{
	struct tls_server *s = calloc(1, sizeof(*s));
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);

	s->kind = *kind;
	s->open = -1;
	s->tls = SSL_CTX_new(TLS_server_method());
	must(s->tls, "context");
	SSL_CTX_set_security_level(s->tls, 0);
	if (kind->max_version)
		SSL_CTX_set_max_proto_version(s->tls, kind->max_version);
	if (kind->alpn)
		SSL_CTX_set_alpn_select_cb(s->tls, alpn_select, s);
	certificates_make(s);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(s->listener, (struct sockaddr *)&at, size) == 0 &&
			listen(s->listener, 16) == 0,
		"listen");
	getsockname(s->listener, (struct sockaddr *)&at, &size);
	s->port = ntohs(at.sin_port);
	pthread_create(&s->thread, NULL, work, s);
	return s;
}

void tls_server_stop(struct tls_server *s)
{
	int fd;

	if (!s)
		return;
	s->ending = true;
	shutdown(s->listener, SHUT_RDWR);
	fd = s->open;
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listener);
	SSL_CTX_free(s->tls);
	unlink(s->ca);
	free(s);
}

uint16_t tls_server_port(const struct tls_server *s)
{
	return s->port;
}

const char *tls_server_ca(const struct tls_server *s)
{
	return s->ca;
}

unsigned tls_server_handshakes(struct tls_server *s)
{
	return s->handshakes;
}

bool tls_server_busy(struct tls_server *s)
{
	return s->open >= 0;
}
