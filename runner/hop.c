#include "runner/hop.h"

#include <string.h>

bool hop_first(const struct http_call *c, struct hop *ret, struct str *ret_why)
{
	struct hop h = { .method = c->method, .url = c->url };

	if (!http_origin(c->url, c->arena, &h.origin)) {
		*ret_why = STR("URL not usable");
		return false;
	}
	h.send_body = c->body.ptr != NULL;
	h.trusted = h.auth_too = true;
	*ret = h;
	return true;
}

bool hop_follows(const struct http_call *c, uint16_t status,
	struct str location)
{
	if (c->options->redirects <= 0 || !location.ptr)
		return false;
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

/* 303, and by custom a POST at 301 and 302, becomes a GET (RFC 9110, 15.4) */
static void method_next(struct hop *h, uint16_t status)
{
	bool post = str_eq(h->method, STR("POST"));

	if (status != 303 && !((status == 301 || status == 302) && post))
		return;
	if (!str_eq(h->method, STR("HEAD")))
		h->method = STR("GET");
	h->send_body = false;
}

static bool refuse(struct str *ret_why, const char *why)
{
	*ret_why = str_from(why);
	return false;
}

bool hop_next(const struct http_call *c, const struct hop *h, uint16_t status,
	struct str location, struct hop *ret, struct str *ret_why)
{
	struct hop next = *h;
	struct str rest;

	if (h->number >= (uint64_t)c->options->redirects)
		return refuse(ret_why, "more redirects than allowed");
	if (!http_url_join(h->url, location, c->arena, &next.url) ||
		!http_origin(next.url, c->arena, &next.origin))
		return refuse(ret_why,
			"redirect to what is not a URL of http or https");
	rest = next.url;
	rest = str_sub(rest, str_find(rest, STR("://"), 0) + 3, rest.len);
	if (str_find_byte(str_cut(&rest, '/'), '@', 0) != SIZE_MAX)
		return refuse(ret_why, "redirect with a password in it");
	if (str_eq(h->origin.scheme, STR("https")) &&
		str_eq(next.origin.scheme, STR("http")))
		return refuse(ret_why, "redirect from https to http");
	method_next(&next, status);
	next.number++;
	if (!origin_same(&h->origin, &next.origin)) {
		bool host = str_eq(h->origin.host, next.origin.host);

		next.trusted = false;
		next.auth_too =
			h->auth_too && host && c->options->auth_on_redirect;
		if (next.send_body)
			return refuse(ret_why,
				"redirect would send the body to another "
				"origin");
	}
	*ret = next;
	return true;
}

/* What may go to another origin: nothing that could be a secret. */
static bool header_safe(struct str name)
{
	static const struct str safe[] = { { "accept", 6 },
		{ "accept-language", 15 }, { "accept-encoding", 15 },
		{ "user-agent", 10 }, { "traceparent", 11 } };

	for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		if (str_eq_nocase(name, safe[i]))
			return true;
	return false;
}

struct list {
	struct arena *arena;
	struct response_header *first, *last;
};

static void add(struct list *l, struct str name, struct str value)
{
	struct response_header *h = ARENA_NEW(l->arena, struct response_header);

	h->name = name;
	h->value = value;
	if (l->last)
		l->last->next = h;
	else
		l->first = h;
	l->last = h;
}

static bool has(const struct list *l, struct str name)
{
	for (const struct response_header *h = l->first; h; h = h->next)
		if (str_eq_nocase(h->name, name))
			return true;
	return false;
}

static void add_missing(struct list *l, struct str name, struct str value)
{
	if (!has(l, name))
		add(l, name, value);
}

struct response_header *hop_headers(const struct http_call *c,
	const struct hop *h)
{
	struct list l = { .arena = c->arena };

	for (const struct response_header *i = c->headers; i; i = i->next) {
		if (!h->trusted && !header_safe(i->name))
			continue;
		if (!h->send_body && h->number &&
			str_eq_nocase(i->name, STR("Content-Type")))
			continue; /* the body that it spoke of is gone */
		if (!h->auth_too &&
			str_eq_nocase(i->name, STR("Authorization")))
			continue;
		add(&l, i->name, i->value);
	}
	if (c->auth.ptr && h->auth_too)
		add_missing(&l, STR("Authorization"), c->auth);
	if (c->options->compressed)
		add_missing(&l, STR("Accept-Encoding"), STR("gzip, deflate"));
	add_missing(&l, STR("User-Agent"),
		c->user_agent.ptr ? c->user_agent
				  : STR("andon/" ANDON_VERSION));
	if (c->options->tls.server_name.len && h->trusted)
		add_missing(&l, STR("Host"), h->origin.host);
	/* what libcurl would add by itself */
	add_missing(&l, STR("Content-Type"), STR(""));
	add_missing(&l, STR("Expect"), STR(""));
	return l.first;
}
