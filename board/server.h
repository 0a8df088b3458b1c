#ifndef BOARD_SERVER_H
#define BOARD_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/*
 * The one HTTP server of the house, over libmicrohttpd: small requests in,
 * one buffered reply out.
 *
 * A server has a thread of its own, in which every handler runs: a handler
 * must not block, and needs no lock against other handlers of its server.
 * Limits are the server's own: a request beyond them is answered (413, 431)
 * or dropped before the handler sees it.  Nothing here prints, and a client
 * that goes away raises no signal.
 */
enum {
	SERVER_CONNECTIONS_MAX = 256,
	SERVER_HEAD_MAX = 16 * 1024,
	SERVER_BODY_MAX = 64 * 1024,
	SERVER_REPLY_MAX = 4 * 1024 * 1024,
	SERVER_REPLY_HEADERS_MAX = 16,
	SERVER_IDLE_S = 10, /* a connection that moves no byte for so long */
	SERVER_DELAY_MAX_MS = 600 * 1000
};

struct request {
	struct str method; /* HEAD comes as GET; its body is left out later */
	struct str path;   /* percent-decoded, without the query; no NUL */
	struct str body;
	void *connection; /* for the look-ups below */
};

/* STR_NONE: not there; `name` without regard to case for a header. */
struct str request_header(const struct request *r, const char *name);
struct str request_query(const struct request *r, const char *name);

/* Starts as status 500 without headers: a handler that says nothing fails. */
struct reply {
	unsigned status;
	uint64_t delay_ms; /* sent so much later, at the cost of no thread */
	struct buf body;   /* at most SERVER_REPLY_MAX; beyond it 500 is sent */
	unsigned nheaders;
	struct {
		struct str name, value; /* copied */
	} header[SERVER_REPLY_HEADERS_MAX];
	struct arena *arena; /* what headers are copied into */
};

/* A value with a line end is the reply's end: 500 is sent instead. */
void reply_header(struct reply *p, const char *name, struct str value);
/* Status, Content-Type and text in one. */
void reply_text(struct reply *p, unsigned status, const char *type,
	struct str text);

typedef void server_handler(const struct request *r, struct reply *p,
	void *owner);

struct server_options {
	const char *address; /* numeric, IPv4 or IPv6; NULL: 127.0.0.1 */
	uint16_t port;       /* 0: any that is free */
	server_handler *handler;
	void *owner; /* borrowed, until server_free() has returned */
};

struct server;

/* Listens and serves when it returns; NULL with *e set when it can not. */
struct server *server_new(const struct server_options *o, struct err *e);
uint16_t server_port(const struct server *s);
/*
 * Stops listening, closes every connection, delayed ones too, and waits for
 * its threads.  NULL is fine.  Not from a handler.
 */
void server_free(struct server *s);

#endif
