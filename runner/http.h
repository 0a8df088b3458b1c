#ifndef RUNNER_HTTP_H
#define RUNNER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/str.h"
#include "runner/resolve.h"
#include "runner/sigv4.h"
#include "store/record.h"
#include "suites/response.h"
#include "suites/suite.h"

/*
 * HTTP exchanges on a loop; the one door to libcurl.  One per worker; all
 * calls in the loop's thread.
 *
 * A session is one run: its connections and cookies begin with it and end
 * with it, so that no run profits from what another one did (reuse hides a
 * dead backend and an expired certificate, measured).  A pool is how one job
 * gives that up (`connection: pool`).
 *
 * libcurl is given no way to act by itself: no redirects (followed here, see
 * below), no proxy, netrc, alt-svc or HSTS of the environment, http and https
 * only, names resolved by runner/resolve.
 *
 * Redirects, when allowed: to http and https only, never from https to http;
 * at another scheme, host or port all headers of the author but a short safe
 * list, auth and cookies go, and a body is never sent there.
 */
struct http_password {
	struct str user, password;
};

struct http;
struct http_pool;
struct http_session;
struct exchange;

struct http *http_new(struct loop *l, struct resolver *r, struct err *e);
void http_free(struct http *h); /* all sessions must be gone */
/*
 * Who is asked for names where a suite has dns_servers of its own: they are
 * kept for the next one.  STR_NONE: the worker's.  NULL: they can not be.
 */
struct resolver *http_resolver(struct http *h, struct str servers,
	struct err *e);
/* Addresses that a suite gives, and those of them of one family. */
void where_given(const struct str *to, size_t n, struct resolve_answer *ret);
void where_family(struct resolve_answer *r, int ip);
/* The file of authorities that libcurl trusts; NULL: it knows none. */
const char *http_ca_file(void);
/* Requests that libcurl sent again by itself, since the start. */
uint64_t http_silent_retries(const struct http *h);

struct http_session *http_session_new(struct http *h);
void http_session_free(struct http_session *s); /* NULL; cancels its call */

/*
 * Connections that outlive the runs of one job in one region; nobody else ever
 * has them.  Between two runs they wait HTTP_POOL_IDLE_MS at most (less than
 * the 60 s and 75 s of usual servers), and live HTTP_POOL_AGE_MS at most, so
 * that a backend that is gone is missed for no longer.
 *
 * A session of a pool has the cookies of its own run alone.  Only requests
 * whose options say CONNECTION_POOL, and never POST or PATCH, go over a
 * connection that is kept: whoever must not be sent twice makes its own.
 * http_session_free() hands the session back.  One session has the pool;
 * beside it another one is an ordinary one.
 */
enum { HTTP_POOL_IDLE_MS = 50000, HTTP_POOL_AGE_MS = 120000 };

struct http_pool *http_pool_new(struct http *h);
void http_pool_free(struct http_pool *p); /* before http_free(); NULL */
struct http_session *http_pool_session(struct http_pool *p);
/* Closes what is kept, now or when the run that has it ends. */
void http_pool_drop(struct http_pool *p);

/* Scheme, host and port: may a secret go there too?  False: not a URL. */
struct origin {
	struct str scheme, host; /* lower case */
	uint16_t port;
};

/*
 * One exchange.  Filled in by the run, kept unchanged until `done` was called;
 * everything in the run's arena.
 */
struct http_call {
	struct arena *arena;
	struct str method, url;          /* absolute */
	struct response_header *headers; /* of the author, auth included */
	struct str auth; /* value of Authorization; STR_NONE: none */
	/* of these two one at most; NULL: none.  A challenge is answered once,
	 * and once more where its nonce is too old. */
	const struct http_password *digest;
	const struct sigv4 *sigv4; /* signs each request */
	struct str cookies;        /* "a=1; b=2"; STR_NONE: none */
	struct str body;           /* STR_NONE: none */
	struct str user_agent, proxy, unix_socket; /* STR_NONE: none */
	const struct http_options *options;
	struct str address; /* for the host of `address_of`; STR_NONE: any */
	struct origin address_of;
	uint64_t deadline_ns;
	void (*done)(struct http_call *c, void *owner);
	void *owner;

	/* the answer; `response` is whole only with REASON_NONE */
	enum reason reason;
	struct str why; /* in words, when there is a reason */
	struct response response;
	unsigned sent;   /* requests on the wire, redirects included */
	unsigned silent; /* of them sent again by libcurl */
	struct exchange *exchange;
};

/* Is the text of the call usable: no CR, LF or NUL, a URL of http or https?
 * False with the reason in words.  To be called before http_start(). */
bool http_check(const struct http_call *c, struct arena *a, struct str *ret);
/*
 * All addresses of a host, as a call with these options would find them; calls
 * fn once, perhaps before it returns (then it gives NULL).
 */
struct resolve_wait *http_addresses(struct http *h,
	const struct http_options *o, const struct origin *of, resolve_fn *fn,
	void *owner);
/* Calls done() once, never before it returns. */
void http_start(struct http_session *s, struct http_call *c);
/* Ends it without done(). Fine when it has ended. */
void http_cancel(struct http_call *c);

bool http_origin(struct str url, struct arena *a, struct origin *ret);
bool origin_same(const struct origin *a, const struct origin *b);
/* `url` against `base`, RFC 3986; false: not usable. */
bool http_url_join(struct str base, struct str url, struct arena *a,
	struct str *ret);

#endif
