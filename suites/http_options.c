#include "suites/load.h"

#include <string.h>

#include "base/codes.h"

enum { DEFAULT_TIMEOUT_MS = 10000, DEFAULT_CONNECT_TIMEOUT_MS = 5000 };

static bool region_has_base_url(const struct suite_world *w)
{
	if (w->any)
		return true;
	for (size_t i = 0; i < w->nregion_keys; i++) {
		if (str_eq(w->region_keys[i], STR("base_url")))
			return true;
	}
	return false;
}

/* ${region.base_url}, as if it had been written. */
static const struct template *base_url_of_region(struct load *l)
{
	struct yaml_node *n = ARENA_NEW(l->arena, struct yaml_node);
	struct str text = STR("${region.base_url}");
	const struct template *t;

	n->kind = YAML_SCALAR;
	n->text = text;
	n->where.src = source_from(l->arena, STR("(default)"), text);
	n->where.end = (uint32_t)text.len;
	t = template_parse(l->arena, n, l->ds);
	/* cppcheck-suppress CastIntegerToAddressAtReturn ; no C++ template */
	return t;
}

void http_defaults(struct load *l, struct http_options *ret)
{
	*ret = (struct http_options){
		.timeout_ms = DEFAULT_TIMEOUT_MS,
		.connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS,
		.compressed = true,
		.max_body = 4 << 20,
		.tls.verify = true,
		.trace = true,
	};
	if (region_has_base_url(l->world))
		ret->base_url = base_url_of_region(l);
}

static const int tls_versions[] = { 10, 11, 12, 13 };

void tls_read(struct load *l, const struct yaml_node *map,
	struct http_options *h)
{
	struct tls_keys keys = {
		.verify = h->tls.verify,
		.ca = h->tls.ca,
		.cert = h->tls.cert,
		.key = h->tls.key,
		.server_name = h->tls.server_name,
		.min = -1,
		.max = -1,
	};

	if (!map_read(l, tls_key_table, map, "tls", &keys))
		return;
	h->tls.verify = keys.verify;
	h->tls.ca = keys.ca;
	h->tls.cert = keys.cert;
	h->tls.key = keys.key;
	h->tls.server_name = keys.server_name;
	if (keys.pin.count)
		h->tls.pin = pins_read(l, &keys.pin);
	if (keys.min >= 0)
		h->tls.min = tls_versions[keys.min];
	if (keys.max >= 0)
		h->tls.max = tls_versions[keys.max];
	if (h->tls.key.ptr && !h->tls.cert.ptr)
		diag_add(l->ds, DIAG_ERROR, E11, map->where,
			"`key` needs `cert` beside it");
	if (h->tls.max && h->tls.min > h->tls.max)
		diag_add(l->ds, DIAG_ERROR, E23, map->where,
			"`min` is above `max`");
	if (!h->tls.verify && yaml_get(map, "verify"))
		diag_add(l->ds, DIAG_WARNING, W111,
			yaml_get(map, "verify")->where,
			"the server's certificate is not verified");
}

static bool pairs_hold(const struct pair *list, struct str name)
{
	for (; list; list = list->next) {
		if (str_eq_nocase(list->name, name))
			return true;
	}
	return false;
}

/* The new ones, and those of the old ones whose name is not among them. */
static struct pair *headers_merge(struct load *l, const struct pair *old,
	struct pair *add)
{
	struct pair *first = NULL;
	struct pair **tail = &first;

	for (; old; old = old->next) {
		if (pairs_hold(add, old->name))
			continue;
		*tail = ARENA_NEW(l->arena, struct pair);
		**tail = *old;
		tail = &(*tail)->next;
	}
	*tail = add;
	return first;
}

static void text_over(struct load *l, const struct yaml_node *n,
	const char *what, const struct template **ret)
{
	const struct template *t = n ? text_read(l, n, what) : NULL;

	if (t)
		*ret = t;
}

static void base_url_check(struct load *l, const struct yaml_node *n)
{
	struct str text = n->kind == YAML_SCALAR ? n->text : STR_NONE;

	if (!text.len || str_starts(text, STR("${")) ||
		str_starts(text, STR("http://")) ||
		str_starts(text, STR("https://")))
		return;
	diag_add(l->ds, DIAG_ERROR, E44, n->where,
		"`base_url` must start with http:// or https://");
}

/* `://user:password@` */
static bool url_has_password(struct str url)
{
	size_t at = str_find(url, STR("://"), 0);
	struct str host;
	size_t end;

	if (at == SIZE_MAX)
		return false;
	host = str_sub(url, at + 3, SIZE_MAX);
	end = str_find_byte(host, '/', 0);
	host = str_sub(host, 0, end);
	end = str_find_byte(host, '@', 0);
	return end != SIZE_MAX && str_find_byte(host, ':', 0) < end;
}

/* `?api_key=...`: a value that stands there, not one that is filled in. */
static bool url_has_key(struct str url)
{
	size_t at = str_find_byte(url, '?', 0);
	struct str rest =
		at == SIZE_MAX ? STR_NONE : str_sub(url, at + 1, SIZE_MAX);

	while (rest.ptr) {
		struct str value = str_cut(&rest, '&');
		struct str name = str_cut(&value, '=');

		if (value.len && !str_starts(value, STR("${")) &&
			name_looks_secret(name))
			return true;
	}
	return false;
}

static void url_secret_check(struct load *l, const struct yaml_node *n)
{
	if (!url_has_password(n->text) && !url_has_key(n->text))
		return;
	diag_add(l->ds, DIAG_WARNING, W105, n->where,
		"a secret in a URL, where proxies and logs see it");
	diag_hint(l->ds, "send it as `auth`, in a header or a body");
}

void http_read(struct load *l, const struct yaml_node *map,
	struct http_options *h)
{
	struct http_keys keys = {
		.timeout_ms = h->timeout_ms,
		.connect_timeout_ms = h->connect_timeout_ms,
		.max_body = h->max_body,
		.redirects = h->redirects,
		.version = h->version,
		.connection = h->connection,
		.ip = h->ip,
		.trace = h->trace,
		.addresses = h->each,
		.auth_on_redirect = h->auth_on_redirect,
		.compressed = h->compressed,
	};

	if (!map)
		return;
	map_read(l, http_key_table, map, "http", &keys);
	h->timeout_ms = keys.timeout_ms;
	h->connect_timeout_ms = keys.connect_timeout_ms;
	h->max_body = keys.max_body;
	h->redirects = keys.redirects;
	h->version = keys.version;
	h->connection = keys.connection;
	h->ip = keys.ip;
	h->trace = keys.trace;
	h->each = keys.addresses == 1;
	h->auth_on_redirect = keys.auth_on_redirect;
	h->compressed = keys.compressed;
	text_over(l, keys.base_url, "base_url", &h->base_url);
	if (keys.base_url) {
		base_url_check(l, keys.base_url);
		url_secret_check(l, keys.base_url);
	}
	text_over(l, keys.user_agent, "user_agent", &h->user_agent);
	text_over(l, keys.proxy, "proxy", &h->proxy);
	text_over(l, keys.unix_socket, "unix_socket", &h->unix_socket);
	if (keys.resolve)
		h->resolve = hosts_read(l, keys.resolve, true, h->resolve);
	if (keys.connect_to)
		h->connect_to =
			hosts_read(l, keys.connect_to, false, h->connect_to);
	if (keys.dns_servers.count)
		h->dns_servers = dns_servers_read(l, &keys.dns_servers);
	if (keys.interface.ptr)
		h->interface = interface_read(l, yaml_get(map, "interface"));
	if (keys.headers)
		h->headers = headers_merge(l, h->headers,
			pairs_read(l, keys.headers, PAIRS_HEADERS));
	if (keys.tls)
		tls_read(l, keys.tls, h);
	if (h->each && (h->proxy || h->unix_socket || h->connect_to))
		diag_add(l->ds, DIAG_ERROR, E13, map->where,
			"`addresses: each` can not be had with `proxy`, "
			"`unix_socket` or `connect_to`");
	if (h->each && h->connection == CONNECTION_POOL)
		diag_add(l->ds, DIAG_ERROR, E13, map->where,
			"`addresses: each` asks every address anew: it can "
			"not be had with `connection: pool`");
}

void http_step_read(struct load *l, const struct yaml_node *map,
	struct http_options *h)
{
	const struct yaml_node *addresses =
		map ? yaml_get(map, "addresses") : NULL;
	const struct yaml_node *connection =
		map ? yaml_get(map, "connection") : NULL;

	http_read(l, map, h);
	if (addresses)
		diag_add(l->ds, DIAG_ERROR, E21, addresses->key->where,
			"`addresses` is a key of the suite's `http`");
	if (connection && h->connection == CONNECTION_POOL)
		diag_add(l->ds, DIAG_ERROR, E21, connection->where,
			"`pool` is of the suite's `http`: it holds for a run "
			"as a whole");
}

/* "ftp" of "ftp://x"; STR_NONE when there is no scheme before any ${ or /. */
static struct str url_scheme(struct str url)
{
	size_t end = str_find(url, STR("://"), 0);

	if (end == SIZE_MAX || end == 0)
		return STR_NONE;
	for (size_t i = 0; i < end; i++) {
		if (strchr("/?#${}", url.ptr[i]))
			return STR_NONE;
	}
	return str_sub(url, 0, end);
}

/* A blank or control byte outside ${...} can not stand in a URL. */
static bool url_has_blank(struct str url)
{
	unsigned depth = 0;

	for (size_t i = 0; i < url.len; i++) {
		unsigned char c = (unsigned char)url.ptr[i];

		if (c == '{' && i && (url.ptr[i - 1] == '$' || depth))
			depth++;
		else if (c == '}' && depth)
			depth--;
		else if (!depth && (c <= ' ' || c == 0x7f))
			return true;
	}
	return false;
}

void url_check(struct load *l, const struct yaml_node *n,
	const struct template *url, const struct http_options *http)
{
	struct str text = n->text;
	struct str scheme = url_scheme(text);

	if (!url)
		return;
	url_secret_check(l, n);
	if (text.len == 0) {
		diag_add(l->ds, DIAG_ERROR, E44, n->where, "the URL is empty");
	} else if (url_has_blank(text)) {
		diag_add(l->ds, DIAG_ERROR, E44, n->where,
			"a URL can not hold a blank");
		diag_hint(l->ds, "write %%20, or use ${urlEncode(x)}");
	} else if (scheme.ptr) {
		if (str_eq_nocase(scheme, STR("http")) ||
			str_eq_nocase(scheme, STR("https"))) {
			if (str_sub(text, scheme.len + 3, 1).len == 0)
				diag_add(l->ds, DIAG_ERROR, E44, n->where,
					"the URL has no host");
			return;
		}
		diag_add(l->ds, DIAG_ERROR, E44, n->where,
			"scheme `%.*s` is not http or https", STR_ARG(scheme));
	} else if (!strchr("/?$", text.ptr[0])) {
		diag_add(l->ds, DIAG_ERROR, E44, n->where,
			"the URL is neither absolute nor a path");
		diag_hint(l->ds, "start with / or with https://");
	} else if (text.ptr[0] != '$' && !http->base_url) {
		diag_add(l->ds, DIAG_ERROR, E44, n->where,
			"a relative URL, but there is no `http.base_url`");
		diag_hint(l->ds, "not every region of the line file has one");
	}
}
