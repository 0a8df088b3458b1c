#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/codes.h"
#include "base/crypto.h"
#include "suites/load.h"

/*
 * Where connections go, and from where: `resolve`, `connect_to`,
 * `dns_servers`, `interface` and `tls.pin`.
 */
enum { HOST_MAX = 253, SERVERS_MAX = 16, PINS_MAX = 16, LIST_MAX = 4096 };

/* HOST, HOST:PORT, [V6], [V6]:PORT or V6; false: none of these. */
static bool host_port(struct str s, struct str *ret_host, uint16_t *ret_port)
{
	size_t colon = str_find_byte(s, ':', 0);
	uint64_t port = 0;
	struct str rest = STR_NONE;

	*ret_host = s;
	if (str_starts(s, STR("["))) {
		size_t end = str_find_byte(s, ']', 0);

		if (end == SIZE_MAX)
			return false;
		*ret_host = str_sub(s, 1, end - 1);
		rest = str_sub(s, end + 1, SIZE_MAX);
		if (rest.len && rest.ptr[0] != ':')
			return false;
	} else if (colon != SIZE_MAX &&
		   str_find_byte(s, ':', colon + 1) == SIZE_MAX) {
		*ret_host = str_sub(s, 0, colon);
		rest = str_sub(s, colon, SIZE_MAX);
	}
	if (rest.len && (!str_to_u64(str_sub(rest, 1, SIZE_MAX), &port) ||
				port < 1 || port > 65535))
		return false;
	*ret_port = (uint16_t)port;
	return ret_host->len > 0 && ret_host->len <= HOST_MAX;
}

static bool is_address(struct str s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;
	struct in_addr four;

	if (s.len >= sizeof(text))
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	return inet_pton(AF_INET, text, &four) == 1 ||
	       inet_pton(AF_INET6, text, &six) == 1;
}

static bool is_host(struct str s)
{
	if (is_address(s))
		return true;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (!isalnum(c) && c != '-' && c != '.' && c != '_')
			return false;
	}
	return s.len > 0;
}

static struct str lower(struct load *l, struct str s)
{
	char *low = arena_alloc(l->arena, s.len + 1);

	for (size_t i = 0; i < s.len; i++)
		low[i] = (char)tolower((unsigned char)s.ptr[i]);
	low[s.len] = '\0';
	return (struct str){ low, s.len };
}

const struct host_rule *host_rule_find(const struct host_rule *rules,
	struct str host, uint16_t port)
{
	for (; rules; rules = rules->next)
		if (str_eq_nocase(rules->host, host) &&
			(!rules->port || rules->port == port))
			return rules;
	return NULL;
}

static bool wrong(struct load *l, const struct yaml_node *n, const char *what)
{
	diag_add(l->ds, DIAG_ERROR, E21, n->where, "`%.*s` is not %s",
		STR_ARG(n->text), what);
	return false;
}

static bool address_add(struct load *l, const struct yaml_node *n,
	struct host_rule *r)
{
	struct str text;
	uint16_t port = 0;

	if (!key_scalar(n, "resolve", &text, l->ds))
		return false;
	if (!host_port(text, &text, &port) || port || !is_address(text))
		return wrong(l, n, "an IP address");
	if (r->nto < HOST_ADDRESSES_MAX)
		r->to[r->nto++] = arena_str(l->arena, text);
	return true;
}

static bool target_read(struct load *l, const struct yaml_node *n,
	bool addresses, struct host_rule *r)
{
	bool good = true;
	struct str text;

	if (addresses && n->kind == YAML_LIST) {
		if (!count_fits(l, n, "resolve", HOST_ADDRESSES_MAX))
			return false;
		for (const struct yaml_node *i = n->first; i; i = i->next)
			good &= address_add(l, i, r);
		if (!n->count)
			diag_add(l->ds, DIAG_ERROR, E21, n->where,
				"no address");
		return good && n->count;
	}
	if (addresses)
		return address_add(l, n, r);
	if (!key_scalar(n, "connect_to", &text, l->ds))
		return false;
	if (!host_port(text, &r->to[0], &r->to_port) || !is_host(r->to[0]))
		return wrong(l, n, "HOST or HOST:PORT");
	r->to[0] = lower(l, r->to[0]);
	r->nto = 1;
	return true;
}

const struct host_rule *hosts_read(struct load *l, const struct yaml_node *map,
	bool addresses, const struct host_rule *old)
{
	struct host_rule *first = NULL;
	struct host_rule **last = &first;

	if (!count_fits(l, map, "map", SUITE_PAIRS_MAX))
		return old;
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		struct host_rule *r = ARENA_NEW(l->arena, struct host_rule);

		if (!host_port(n->key->text, &r->host, &r->port) ||
			!is_host(r->host)) {
			wrong(l, n->key, "HOST or HOST:PORT");
			continue;
		}
		r->host = lower(l, r->host);
		if (!target_read(l, n, addresses, r))
			continue;
		*last = r;
		last = &r->next;
	}
	/* what the step says is found before what the suite says */
	for (; old; old = old->next) {
		*last = ARENA_NEW(l->arena, struct host_rule);
		**last = *old;
		last = &(*last)->next;
	}
	*last = NULL;
	return first;
}

static struct str listed(struct load *l, struct buf *b)
{
	struct str text = b->len ? arena_str(l->arena, buf_str(b)) : STR_NONE;

	buf_done(b);
	return text;
}

struct str dns_servers_read(struct load *l, const struct strs *servers)
{
	struct buf b;

	buf_init(&b, LIST_MAX);
	for (size_t i = 0; i < servers->count; i++) {
		struct str host;
		uint16_t port;

		if (i == SERVERS_MAX) {
			diag_add(l->ds, DIAG_ERROR, E23,
				servers->node[i]->where,
				"more than %d name servers", SERVERS_MAX);
			break;
		}
		if (!host_port(servers->item[i], &host, &port) ||
			!is_address(host)) {
			wrong(l, servers->node[i], "the address of a server");
			continue;
		}
		buf_addf(&b,
			str_find_byte(host, ':', 0) == SIZE_MAX ? "%s%.*s:%u"
								: "%s[%.*s]:%u",
			b.len ? "," : "", STR_ARG(host), port ? port : 53);
	}
	return listed(l, &b);
}

/* Said to libcurl with what it is: a name must never be resolved. */
struct str interface_read(struct load *l, const struct yaml_node *n)
{
	enum { NAME_MAX_LINUX = 15 };
	struct str s = n->text;
	bool good = s.len > 0 && s.len <= NAME_MAX_LINUX;

	if (is_address(s))
		return arena_printf(l->arena, "host!%.*s", STR_ARG(s));
	for (size_t i = 0; i < s.len; i++)
		good = good && s.ptr[i] > ' ' && s.ptr[i] < 0x7f &&
		       !strchr("/!", s.ptr[i]);
	if (good)
		return arena_printf(l->arena, "if!%.*s", STR_ARG(s));
	wrong(l, n, "a network interface or an address");
	return STR_NONE;
}

/* sha256//, then the base64 of 32 bytes */
static bool is_pin(struct str s)
{
	enum { BASE64_OF_SHA256 = 44, ROOM = 36 };
	struct str code = str_sub(s, 8, SIZE_MAX);
	char bytes[ROOM];
	size_t len = 0;

	return str_starts(s, STR("sha256//")) && code.len == BASE64_OF_SHA256 &&
	       crypto_base64_decode(code, false, bytes, &len) &&
	       len == SHA256_BYTES;
}

struct str pins_read(struct load *l, const struct strs *pins)
{
	struct buf b;

	buf_init(&b, LIST_MAX);
	for (size_t i = 0; i < pins->count; i++) {
		if (i == PINS_MAX) {
			diag_add(l->ds, DIAG_ERROR, E23, pins->node[i]->where,
				"more than %d pins", PINS_MAX);
			break;
		}
		if (!is_pin(pins->item[i]))
			wrong(l, pins->node[i],
				"sha256// and the base64 of a SHA-256");
		else
			buf_addf(&b, "%s%.*s", b.len ? ";" : "",
				STR_ARG(pins->item[i]));
	}
	return listed(l, &b);
}
