#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "runner/http_exchange.h"

/*
 * Whom a request connects to: the URL's host, a proxy, or who stands in its
 * place (`connect_to`); and at which address: the one that this run is for
 * (`addresses: each`), those that are given (`resolve`), or what DNS says.
 */
enum { LINE_MAX_BYTES = 4096 };

void where_given(const struct str *to, size_t n, struct resolve_answer *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->state = RESOLVE_OK;
	ret->why = "";
	for (size_t i = 0; i < n && i < RESOLVE_ADDRESSES; i++) {
		if (to[i].len >= sizeof(ret->address[0]))
			continue;
		memcpy(ret->address[ret->count], to[i].ptr, to[i].len);
		ret->address[ret->count++][to[i].len] = '\0';
	}
}

/* Only those of the family that is wanted. */
void where_family(struct resolve_answer *r, int ip)
{
	size_t n = 0;

	for (size_t i = 0; ip != IP_ANY && i < r->count; i++) {
		bool six = strchr(r->address[i], ':') != NULL;

		if (six == (ip == IP_6))
			memmove(r->address[n++], r->address[i],
				sizeof(r->address[0]));
	}
	if (ip != IP_ANY)
		r->count = n;
	if (!r->count) {
		r->state = RESOLVE_NO_NAME;
		r->why = "no address of this family in `resolve`";
	}
}

static void connect_to_set(struct exchange *x)
{
	const struct host_rule *rule =
		host_rule_find(x->call->options->connect_to, x->asked.host,
			x->asked.port);
	struct str line;

	curl_slist_free_all(x->connect_to);
	x->connect_to = NULL;
	if (!rule)
		return;
	x->asked.host = rule->to[0];
	if (rule->to_port)
		x->asked.port = rule->to_port;
	line = arena_printf(x->call->arena,
		str_find_byte(x->asked.host, ':', 0) == SIZE_MAX
			? "::%.*s:%u"
			: "::[%.*s]:%u",
		STR_ARG(x->asked.host), x->asked.port);
	x->connect_to = curl_slist_append(NULL, line.ptr);
}

struct resolver *http_resolver(struct http *h, struct str servers,
	struct err *e)
{
	struct resolver_own *own = h->own;
	struct resolver *r;

	if (!servers.ptr)
		return h->resolver;
	while (own && !str_eq(str_from(own->servers), servers))
		own = own->next;
	if (own)
		return own->resolver;
	if (h->nown == RESOLVERS_MAX) {
		err_set(e, ERR_CONFIG, "more than %d sets of dns_servers",
			RESOLVERS_MAX);
		return NULL;
	}
	own = xcalloc(1, sizeof(*own) + servers.len + 1);
	memcpy(own->servers, servers.ptr, servers.len);
	r = resolver_new(h->loop, own->servers, e);
	if (!r) {
		free(own);
		return NULL;
	}
	own->resolver = r;
	own->next = h->own;
	h->own = own;
	h->nown++;
	return r;
}

void where_done(struct http *h)
{
	while (h->own) {
		struct resolver_own *own = h->own;

		h->own = own->next;
		resolver_free(own->resolver);
		free(own);
	}
}

struct resolve_wait *http_addresses(struct http *h,
	const struct http_options *o, const struct origin *of, resolve_fn *fn,
	void *owner)
{
	const struct host_rule *rule =
		host_rule_find(o->resolve, of->host, of->port);
	struct resolve_answer given;
	struct resolver *r;
	struct err e = { 0 };

	if (rule) {
		where_given(rule->to, rule->nto, &given);
		where_family(&given, o->ip);
		fn(&given, owner);
		return NULL;
	}
	r = http_resolver(h, o->dns_servers, &e);
	if (r)
		return resolve(r, of->host, (enum resolve_family)o->ip, fn,
			owner);
	memset(&given, 0, sizeof(given));
	given.state = RESOLVE_OURS;
	given.why = e.text;
	fn(&given, owner);
	return NULL;
}

bool where_find(struct exchange *x, resolve_fn *found, struct str *ret_why)
{
	const struct http_call *c = x->call;
	const struct http_options *o = c->options;
	const struct host_rule *rule;
	struct resolve_answer given;
	struct resolver *r;
	struct err e = { 0 };

	x->asked = x->hop.origin;
	if (c->proxy.ptr && !http_origin(c->proxy, c->arena, &x->asked)) {
		*ret_why = STR("proxy is not a URL");
		return false;
	}
	if (c->address.ptr && !c->proxy.ptr &&
		str_eq(x->asked.host, c->address_of.host)) {
		where_given(&c->address, 1, &given);
		found(&given, x);
		return true;
	}
	if (!c->proxy.ptr)
		connect_to_set(x);
	rule = host_rule_find(o->resolve, x->asked.host, x->asked.port);
	if (rule) {
		where_given(rule->to, rule->nto, &given);
		where_family(&given, o->ip);
		found(&given, x);
		return true;
	}
	r = http_resolver(x->session->http, o->dns_servers, &e);
	if (!r) {
		*ret_why = arena_str(c->arena, str_from(e.text));
		return false;
	}
	x->wait =
		resolve(r, x->asked.host, (enum resolve_family)o->ip, found, x);
	return true;
}

void where_tell(struct exchange *x, const struct resolve_answer *r)
{
	struct str tls_name = x->call->options->tls.server_name;
	struct str host = x->asked.host;
	struct buf line;

	if (tls_name.len && x->hop.trusted && !x->call->proxy.ptr &&
		!x->connect_to)
		host = tls_name;
	buf_init(&line, LINE_MAX_BYTES);
	buf_addf(&line, "%.*s:%u:", STR_ARG(host), x->asked.port);
	for (size_t i = 0; i < r->count; i++)
		buf_addf(&line, strchr(r->address[i], ':') ? "%s[%s]" : "%s%s",
			i ? "," : "", r->address[i]);
	curl_slist_free_all(x->resolved);
	x->resolved = curl_slist_append(NULL, line.ptr);
	buf_done(&line);
}
