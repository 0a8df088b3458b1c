#ifndef TESTS_SUPPORT_TLS_SERVER_H
#define TESTS_SUPPORT_TLS_SERVER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A TLS server on loopback whose certificate is made when it starts, signed by
 * an authority that is made with it.  One thread; one connection at a time.
 *
 * To every request it answers 200 with the body "ok".
 */
struct tls_kind {
	const char
		*names; /* of the certificate: "DNS:localhost,IP:127.0.0.1" */
	int from_days, to_days; /* from now; negative: before */
	bool self_signed;
	bool weak;         /* an RSA key of 1024 bits */
	const char *alpn;  /* the one it speaks; NULL: none */
	int max_version;   /* TLS1_2_VERSION; 0: all */
	const char *hello; /* sent in clear before TLS, as SMTP does */
	const char *const
		*talk; /* then, in clear: heard, answered, ..., NULL */
	bool silent;   /* accepts, and then nothing */
};

struct tls_server;

struct tls_server *tls_server_start(const struct tls_kind *kind);
void tls_server_stop(struct tls_server *s);
uint16_t tls_server_port(const struct tls_server *s);
/* The authority's certificate, in a file that lives as long as the server. */
const char *tls_server_ca(const struct tls_server *s);
unsigned tls_server_handshakes(struct tls_server *s);
/* Is there somebody whom it has let in? */
bool tls_server_busy(struct tls_server *s);

#endif
