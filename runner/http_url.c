#include <ctype.h>
#include <curl/curl.h>
#include <string.h>

#include "runner/http.h"

/*
 * URLs are read by libcurl's own parser and by no other, so that what is
 * checked here is what is connected to.
 */
#ifdef CURLU_PUNYCODE
#define HOST_FLAGS CURLU_PUNYCODE
#else
#define HOST_FLAGS 0
#endif

enum { URL_MAX = 16384 };

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '\r' || s.ptr[i] == '\n' || !s.ptr[i])
			return true;
	return false;
}

static struct str part(CURLU *u, CURLUPart what, struct arena *a)
{
	char *text = NULL;
	struct str s = STR_NONE;
	unsigned flags = 0;

	if (what == CURLUPART_PORT)
		flags = CURLU_DEFAULT_PORT;
	if (what == CURLUPART_HOST)
		flags = HOST_FLAGS;
	if (curl_url_get(u, what, &text, flags) == CURLUE_OK)
		s = arena_str(a, str_from(text));
	curl_free(text);
	return s;
}

static struct str lower(struct str s, struct arena *a)
{
	char *low = arena_alloc(a, s.len + 1);

	for (size_t i = 0; i < s.len; i++)
		low[i] = (char)tolower((unsigned char)s.ptr[i]);
	return (struct str){ low, s.len };
}

bool http_origin(struct str url, struct arena *a, struct origin *ret)
{
	CURLU *u;
	struct origin o = { 0 };
	uint64_t port = 0;
	bool ok;

	if (!url.len || url.len > URL_MAX || has_control(url))
		return false;
	u = curl_url();
	url = arena_str(a, url);
	ok = u && curl_url_set(u, CURLUPART_URL, url.ptr, 0) == CURLUE_OK;
	if (ok) {
		o.scheme = lower(part(u, CURLUPART_SCHEME, a), a);
		o.host = lower(part(u, CURLUPART_HOST, a), a);
		ok = str_to_u64(part(u, CURLUPART_PORT, a), &port) &&
		     port > 0 && port < 65536 && o.host.len &&
		     (str_eq(o.scheme, STR("http")) ||
			     str_eq(o.scheme, STR("https")));
	}
	curl_url_cleanup(u);
	if (!ok)
		return false;
	if (o.host.ptr[0] == '[')
		o.host = arena_str(a, str_sub(o.host, 1, o.host.len - 2));
	o.port = (uint16_t)port;
	*ret = o;
	return true;
}

bool origin_same(const struct origin *a, const struct origin *b)
{
	return a->port == b->port && str_eq(a->scheme, b->scheme) &&
	       str_eq(a->host, b->host);
}

bool http_url_join(struct str base, struct str url, struct arena *a,
	struct str *ret)
{
	CURLU *u;
	struct str joined = STR_NONE;

	if (has_control(base) || has_control(url) || url.len > URL_MAX)
		return false;
	u = curl_url();
	base = arena_str(a, base);
	url = arena_str(a, url);
	if (u && base.len &&
		curl_url_set(u, CURLUPART_URL, base.ptr, 0) == CURLUE_OK &&
		curl_url_set(u, CURLUPART_URL, url.ptr, CURLU_URLENCODE) ==
			CURLUE_OK)
		joined = part(u, CURLUPART_URL, a);
	curl_url_cleanup(u);
	if (!joined.ptr)
		return false;
	*ret = joined;
	return true;
}

static bool token(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum((unsigned char)s.ptr[i]) &&
			!strchr("!#$%&'*+-.^_`|~", s.ptr[i]))
			return false;
	return s.len > 0;
}

bool http_check(const struct http_call *c, struct arena *a, struct str *ret)
{
	const struct str texts[] = { c->auth, c->cookies, c->user_agent,
		c->proxy, c->unix_socket };
	struct origin o;

	if (!http_origin(c->url, a, &o)) {
		*ret = STR("not a URL of http or https");
		return false;
	}
	if (!token(c->method)) {
		*ret = STR("not a method");
		return false;
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (has_control(texts[i])) {
			*ret = STR("a line break or NUL in what is sent");
			return false;
		}
	for (const struct response_header *h = c->headers; h; h = h->next) {
		if (token(h->name) && !has_control(h->value))
			continue;
		*ret = arena_printf(a,
			"header %.*s: a line break, NUL or bad name",
			STR_ARG(h->name));
		return false;
	}
	return true;
}
