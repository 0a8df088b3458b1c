#ifndef TESTS_SUPPORT_DNS_SERVER_H
#define TESTS_SUPPORT_DNS_SERVER_H

#include <stddef.h>
#include <stdint.h>

/*
 * A name server on loopback, UDP and TCP at one port, that answers every
 * question with the bytes that a test gives it, right or wrong.  One thread.
 *
 * The number and the question are copied from what was asked; in the records
 * "\xc0\x0c" therefore is the name that was asked for.
 */
enum dns_mode {
	DNS_RIGHT,
	DNS_SILENT_MODE,
	DNS_OTHER_NUMBER,   /* an answer to nobody's question */
	DNS_OTHER_QUESTION, /* about another type */
	DNS_ONLY_TCP,       /* truncated and empty over UDP */
	DNS_NOISE           /* `records` alone, no header */
};

struct dns_script {
	enum dns_mode mode;
	uint16_t flags; /* 0x8180: recursive, no error */
	uint16_t answers, authority;
	const char *records;
	size_t len;
};

struct dns_server;

struct dns_server *dns_server_start(const struct dns_script *script);
void dns_server_stop(struct dns_server *s);
/* "127.0.0.1:port" */
const char *dns_server_address(const struct dns_server *s);
unsigned dns_server_asked(struct dns_server *s); /* over UDP */

#endif
