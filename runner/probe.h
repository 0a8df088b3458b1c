#ifndef RUNNER_PROBE_H
#define RUNNER_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/loop.h"
#include "base/str.h"
#include "runner/http.h"
#include "store/record.h"
#include "suites/response.h"
#include "suites/suite.h"

/*
 * What steps of `tcp`, `tls` and `dns` ask, on a loop: a connection with a few
 * words in clear, a handshake, a question to a name server.  One per worker;
 * all calls in the loop's thread; nothing blocks.
 *
 * Each asks anew: no connection is kept, no name is remembered longer than
 * runner/resolve does, no proxy is used.  At most PROBE_HEARD_MAX bytes are
 * taken from the other side.
 */
struct probes;
struct probe;

enum { PROBE_HEARD_MAX = 64 * 1024 };

/* dns_servers: as for the resolver; NULL: the system's.  All are borrowed. */
struct probes *probes_new(struct loop *l, struct http *h,
	const char *dns_servers);
void probes_free(struct probes *p); /* nothing may be under way */

struct probe_words { /* a struct talk, filled in */
	struct probe_words *next;
	struct str send;                      /* STR_NONE: wait for `expect` */
	const struct regex *expect, *refused; /* refused: or NULL */
	struct str text;
};

/*
 * One question.  Filled in by the run, kept unchanged until `done` was called;
 * everything in the run's arena.
 */
struct probe_call {
	struct arena *arena;
	const struct step *step; /* its kind and options */
	struct str host;         /* TCP, TLS */
	uint16_t port;
	struct str address;    /* for that host; STR_NONE: any */
	struct str address_of; /* of `addresses: each` */
	struct probe_words *words;
	struct str name, server; /* DNS; server: STR_NONE: the system's */
	uint64_t deadline_ns;
	void (*done)(struct probe_call *c, void *owner);
	void *owner;

	/* the answer; `response` is whole only with REASON_NONE */
	enum reason reason;
	struct str why;
	struct response response;
	struct probe *probe;
};

/* "host:port", "[2001:db8::1]:port"; false: neither. */
bool probe_address(struct str text, struct str *ret_host, uint16_t *ret_port);
/* Calls done() once, never before it returns. */
void probe_start(struct probes *host, struct probe_call *c);
/* Ends it without done().  Fine when it has ended. */
void probe_cancel(struct probe_call *c);

#endif
