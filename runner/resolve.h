#ifndef RUNNER_RESOLVE_H
#define RUNNER_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/str.h"

/*
 * Names to addresses, without ever blocking the loop (libcurl's own resolver
 * stops the whole loop for seconds in a DNS black hole, measured).
 * One per worker; all calls in the loop's thread.
 *
 * Answers hold for RESOLVE_KEEP_MS; failures are not kept.  Numeric addresses
 * and `localhost` (RFC 6761) never leave the process; /etc/hosts comes before
 * DNS.
 */
enum { RESOLVE_KEEP_MS = 5000, RESOLVE_ADDRESSES = 16, RESOLVE_PENDING = 2000 };

enum resolve_state {
	RESOLVE_OK,
	RESOLVE_NO_NAME, /* NXDOMAIN, or no address of that family */
	RESOLVE_FAILED,  /* the name's servers: SERVFAIL, no answer, ... */
	RESOLVE_OURS     /* our own resolver: no server reached, no memory */
};

/* Lives for the call. */
struct resolve_answer {
	enum resolve_state state;
	const char *why;
	char address[RESOLVE_ADDRESSES][46]; /* as inet_ntop() writes them */
	size_t count;
	bool more; /* than there is room for */
};

typedef void resolve_fn(const struct resolve_answer *r, void *owner);

enum resolve_family { RESOLVE_ANY, RESOLVE_4, RESOLVE_6 };

struct resolver;
struct resolve_wait;

/* servers: "ip[:port],..." or NULL for the system's. */
struct resolver *resolver_new(struct loop *l, const char *servers,
	struct err *e);
void resolver_free(struct resolver *r); /* nobody may be waiting any more */

/*
 * Calls fn once, perhaps before it returns (then it gives NULL).  Bounded by
 * the caller, who cancels when its own deadline has come.
 */
struct resolve_wait *resolve(struct resolver *r, struct str host,
	enum resolve_family family, resolve_fn *fn, void *owner);
void resolve_cancel(struct resolve_wait *w); /* NULL is fine */

#endif
