#include "runner/http_exchange.h"

#include <stdlib.h>

#include "base/oom.h"

/*
 * What is kept is a whole session: its connections, and the watch that their
 * TLS contexts call as long as they live.
 */
struct http_pool {
	struct http *http;
	struct http_session *session; /* NULL: nothing kept or lent */
	bool lent;
	struct loop_timer idle;
};

struct http_pool *http_pool_new(struct http *h)
{
	struct http_pool *p = xcalloc(1, sizeof(*p));

	p->http = h;
	return p;
}

void http_pool_drop(struct http_pool *p)
{
	struct http_session *s = p->session;

	loop_timer_cancel(p->http->loop, &p->idle);
	p->session = NULL;
	if (!s)
		return;
	s->pool = NULL;
	p->http->npooled--;
	if (!p->lent)
		http_session_free(s);
	p->lent = false;
}

void http_pool_free(struct http_pool *p)
{
	if (!p)
		return;
	http_pool_drop(p);
	free(p);
}

static void on_idle(struct loop *l, void *owner)
{
	(void)l;
	http_pool_drop(owner);
}

struct http_session *http_pool_session(struct http_pool *p)
{
	struct http *h = p->http;
	uint64_t now = loop_now_ns(h->loop);
	struct http_session *s;

	if (p->lent)
		return http_session_new(h);
	if (p->session &&
		now - p->session->born_ns >= HTTP_POOL_AGE_MS * 1000000ULL)
		http_pool_drop(p);
	loop_timer_cancel(h->loop, &p->idle);
	if (p->session) {
		p->lent = true;
		return p->session;
	}
	s = http_session_new(h);
	if (h->npooled == POOLED_MAX)
		return s;
	h->npooled++;
	s->born_ns = now;
	s->pooled = true;
	s->pool = p;
	p->session = s;
	p->lent = true;
	return s;
}

void http_pool_take_back(struct http_pool *p)
{
	struct http *h = p->http;
	CURL *easy = p->session->easy;

	/* the connections stay, and nothing else of the run */
	curl_easy_setopt(easy, CURLOPT_COOKIELIST, "ALL");
	p->lent = false;
	loop_timer_arm(h->loop, &p->idle,
		loop_now_ns(h->loop) + HTTP_POOL_IDLE_MS * 1000000ULL, on_idle,
		p);
}
