#ifndef TESTS_SUPPORT_EVIL_HTTP_H
#define TESTS_SUPPORT_EVIL_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * A server on loopback that answers with exactly the bytes that a test gives
 * it, right or wrong, and remembers what it was asked.  One thread of its own.
 */
enum evil_mode {
	EVIL_CLOSE,   /* the bytes, then the end of the connection */
	EVIL_KEEP,    /* the bytes; the connection goes on */
	EVIL_HANG,    /* the bytes, then nothing, for ever */
	EVIL_ENDLESS, /* the bytes, then the tail again and again */
	EVIL_DRIP,    /* a byte every 10 ms */
	EVIL_ONCE     /* KEEP, then the connection closes at its next request */
};

struct evil_http;

struct evil_http *evil_http_start(void);
/* Another one at the same port of 127.0.0.N. */
struct evil_http *evil_http_start_beside(const struct evil_http *e, uint8_t n);
void evil_http_stop(struct evil_http *e);
uint16_t evil_http_port(const struct evil_http *e);

/* `bytes` and `tail` are borrowed until the stop.  A path that has an answer
 * already has this one from now on, and its requests are counted anew. */
void evil_http_answer(struct evil_http *e, const char *path,
	enum evil_mode mode, struct str bytes, struct str tail);
/* The usual: 200 with a body of text. */
void evil_http_text(struct evil_http *e, const char *path, const char *body);

unsigned evil_http_requests(struct evil_http *e, const char *path);
unsigned evil_http_connections(struct evil_http *e);
/* Head and body of the last request of a path, for the caller to free(). */
char *evil_http_last(struct evil_http *e, const char *path);

/* A name server that hears and never answers: its descriptor (close() it) and
 * its address as "ip:port". */
int evil_dns_silent(char ret_address[64]);

#endif
