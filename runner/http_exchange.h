#ifndef RUNNER_HTTP_EXCHANGE_H
#define RUNNER_HTTP_EXCHANGE_H

#include <curl/curl.h>

#include "base/buf.h"
#include "runner/cert.h"
#include "runner/decode.h"
#include "runner/digest.h"
#include "runner/head.h"
#include "runner/hop.h"

/* What runner/http*.c share; nobody else includes this. */
enum {
	BODY_CHUNK = 65536,
	SESSIONS_KEPT = 64,
	RESOLVERS_MAX = 64,
	CONNECTIONS_MAX = 8, /* that a session keeps open */
	POOLED_MAX = 256     /* sessions that outlive their run */
};

struct resolver_own { /* that asks the servers of a suite */
	struct resolver_own *next;
	struct resolver *resolver;
	char servers[]; /* "ip:port,..." */
};

struct http {
	struct loop *loop;
	struct resolver *resolver;
	struct resolver_own *own; /* RESOLVERS_MAX at most */
	size_t nown;
	CURLM *multi;
	struct loop_timer timer;
	CURL *idle[SESSIONS_KEPT]; /* handles for the next sessions */
	size_t nidle;
	size_t npooled;
	uint64_t silent;
};

struct http_session {
	struct http *http;
	CURL *easy;
	CURLSH *share; /* connections, cookies and addresses of this run */
	struct exchange *exchange;
	struct cert_watch watch; /* of every handshake of the session */
	struct http_pool *pool;  /* that gets it back; NULL: nobody */
	bool pooled;             /* connections of earlier runs may be in it */
	uint64_t born_ns;
};

/* One call under way; a hop is one request of it. */
struct exchange {
	struct http_session *session;
	struct http_call *call;
	struct loop_timer deadline, soon;
	struct resolve_wait *wait;
	struct curl_slist *headers, *resolved, *connect_to;
	struct head head;
	struct decoder *decoder;
	struct buf body;
	struct hop hop;
	struct origin asked; /* whose name is asked for: target or proxy */
	struct response_hop *redirects, **redirect_last;
	struct digest_challenge challenge;
	bool challenged;      /* `challenge` is there */
	unsigned nonce_count; /* requests with its nonce */
	unsigned answers;     /* given to challenges of this hop */
	bool starting, running;
	struct resolve_answer found; /* addresses of `asked` */
	bool elsewhere; /* the kept connection leads to none of them */
	bool fresh;     /* so this hop makes its own */
	unsigned hop_sent;
	uint64_t hop_ns;
	uint32_t dns_us, spent_us; /* of this hop; of all before it */
	enum reason stop;          /* why a callback stopped it */
	const char *stop_why;
	int sys; /* errno of socket() */
	char error[CURL_ERROR_SIZE];
};

/* http_where.c: finds the addresses of a hop, by rule or from DNS, and calls
 * `found` once, perhaps before it returns; false: it can not be asked. */
bool where_find(struct exchange *x, resolve_fn *found, struct str *ret_why);
/* Tells libcurl of them. */
void where_tell(struct exchange *x, const struct resolve_answer *r);
void where_done(struct http *h); /* frees the suites' own resolvers */

/* http_auth.c: what the call's digest or signature adds to a request; false:
 * the answer is no challenge that is to be answered. */
void auth_add(struct exchange *x, struct response_header **list);
bool auth_again(struct exchange *x);
void auth_next_hop(struct exchange *x, const struct hop *next);

void http_pool_take_back(struct http_pool *p); /* its session is free */

/* Sets all that a request needs; false: libcurl does not take the URL. */
bool exchange_setup(struct exchange *x);
/* Goes it over a connection that was there before? */
bool exchange_reuses(const struct exchange *x);

#endif
