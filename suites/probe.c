#include "suites/load.h"

#include <string.h>

#include "base/codes.h"
#include "suites/facts.h"
#include "suites/query.h"

/* Steps that ask by other means than HTTP: tcp, tls and dns. */

enum { ALPN_MAX_BYTES = 255 }; /* RFC 7301: one byte of length */

/* --- which extractors have a value --- */

enum {
	ON_REQUEST = 1 << STEP_REQUEST,
	ON_TCP = 1 << STEP_TCP,
	ON_TLS = 1 << STEP_TLS,
	ON_DNS = 1 << STEP_DNS
};

/* clang-format off */
#define ON_MAP(X)                                                             \
	/* extractor, kinds of step; one that is not here is of HTTP alone */ \
	X("certificate", ON_REQUEST | ON_TLS)                                 \
	X("tls",         ON_REQUEST | ON_TLS)                                 \
	X("dns",         ON_DNS)                                              \
	X("ip",          ON_REQUEST | ON_TCP | ON_TLS)                        \
	X("timing",      ON_REQUEST | ON_TCP | ON_TLS | ON_DNS)               \
	X("duration",    ON_REQUEST | ON_TCP | ON_TLS | ON_DNS)               \
	X("attempts",    ON_REQUEST | ON_TCP | ON_TLS | ON_DNS)               \
	X("variable",    ON_REQUEST | ON_TCP | ON_TLS | ON_DNS)               \
	X("body",        ON_REQUEST | ON_TCP | ON_DNS)                        \
	X("bytes",       ON_REQUEST | ON_TCP | ON_DNS)                        \
	X("regex",       ON_REQUEST | ON_TCP | ON_DNS)                        \
	X("jsonpath",    ON_REQUEST | ON_TCP | ON_DNS)                        \
	X("size",        ON_REQUEST | ON_TCP)                                 \
	X("sha256",      ON_REQUEST | ON_TCP)                                 \
	X("md5",         ON_REQUEST | ON_TCP)
/* clang-format on */

static const struct {
	struct str extractor;
	unsigned kinds;
} on[] = {
#define X(extractor, kinds) { STR(extractor), (kinds) },
	ON_MAP(X)
#undef X
};

static const char *const kind_words[] = { [STEP_REQUEST] = "a request",
	[STEP_TCP] = "a step of `tcp`",
	[STEP_TLS] = "a step of `tls`",
	[STEP_DNS] = "a step of `dns`" };

static void fits(struct load *l, const struct step *s, const struct query *q,
	struct span where)
{
	unsigned kinds = ON_REQUEST;
	struct str name;

	if (!q)
		return;
	name = query_extractor(q);
	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		if (str_eq(on[i].extractor, name))
			kinds = on[i].kinds;
	}
	if (!(kinds & 1U << s->kind))
		diag_add(l->ds, DIAG_ERROR, E46, where, "%s has no `%.*s`",
			kind_words[s->kind], STR_ARG(name));
}

void extractors_check(struct load *l, const struct step *s)
{
	const struct check *const lists[] = { s->expect, s->warn,
		s->poll.fail_when };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (const struct check *c = lists[i]; c; c = c->next)
			fits(l, s, c->query, c->where);
	}
	for (const struct capture *c = s->captures; c; c = c->next)
		fits(l, s, c->from, c->where);
}

/* --- what is expected where nothing is said --- */

static bool is_said(const struct step *s, enum fact_group group,
	const char *name)
{
	for (const struct check *c = s->expect; c; c = c->next) {
		const struct fact *f = query_fact(c->query);

		if (f && f->group == group && str_eq(f->name, str_from(name)))
			return true;
	}
	return false;
}

/*
 * A pass rests on something that was seen: an address that let us in, a
 * certificate that still holds (also where it is not verified), an answer with
 * records.
 */
struct check *probe_checks(struct load *l, const struct step *s)
{
	static const struct check_words connected = { "ip", "", "exists",
		"true" };
	static const struct check_words holds = { "certificate", "expires_in",
		"gt", "0ms" };
	static const struct check_words good = { "dns", "rcode", "equals",
		"NOERROR" };
	static const struct check_words some = { "dns", "count", "gte", "1" };
	struct check *first = NULL;
	struct check **tail = &first;

	if (s->kind == STEP_TCP)
		return s->expect ? NULL
				 : check_made(l->arena, s->where, &connected);
	if (s->kind == STEP_TLS)
		return is_said(s, FACTS_CERTIFICATE, "expires_in") ||
				       is_said(s, FACTS_CERTIFICATE,
					       "expire_date")
			       ? NULL
			       : check_made(l->arena, s->where, &holds);
	if (!is_said(s, FACTS_DNS, "rcode")) {
		*tail = check_made(l->arena, s->where, &good);
		tail = &(*tail)->next;
	}
	if (!is_said(s, FACTS_DNS, "count"))
		*tail = check_made(l->arena, s->where, &some);
	return first;
}

/* --- reading --- */

/* host:port, unless a value stands for the port */
static void address_check(struct load *l, const struct yaml_node *n,
	const struct template *t)
{
	struct str text;
	uint64_t port;
	size_t at;

	if (!t || !template_is_literal(t, &text))
		return;
	at = text.len;
	while (at > 0 && text.ptr[at - 1] != ':')
		at--;
	if (at > 1 && str_to_u64(str_sub(text, at, text.len), &port) &&
		port > 0 && port < 65536 &&
		str_find_byte(text, '/', 0) == SIZE_MAX &&
		str_find_byte(text, ' ', 0) == SIZE_MAX)
		return;
	diag_add(l->ds, DIAG_ERROR, E44, n->where, "not HOST:PORT");
	diag_hint(l->ds, "such as db.example.com:5432 or [2001:db8::1]:443");
}

static const struct template *address_read(struct load *l,
	const struct yaml_node *n)
{
	const struct template *t = n ? text_read(l, n, "address") : NULL;

	if (n)
		address_check(l, n, t);
	/* cppcheck-suppress CastIntegerToAddressAtReturn ; no C++ template */
	return t;
}

static const struct regex *expect_read(struct load *l,
	const struct yaml_node *n, struct talk *t)
{
	if (!key_scalar(n, "expect", &t->text, l->ds))
		return NULL;
	if (str_find(t->text, STR("${"), 0) != SIZE_MAX) {
		diag_add(l->ds, DIAG_ERROR, E33, n->where,
			"`expect` of a talk can not hold ${...}");
		return NULL;
	}
	return regex_of_scalar(l->arena, n, t->text, false, l->ds);
}

static struct talk *talk_read(struct load *l, const struct yaml_node *list)
{
	struct talk *first = NULL;
	struct talk **tail = &first;

	if (!list || !count_fits(l, list, "talk", SUITE_PAIRS_MAX))
		return NULL;
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		struct talk_keys keys = { 0 };
		struct talk *t = ARENA_NEW(l->arena, struct talk);

		if (!map_read(l, talk_key_table, n, "talk", &keys))
			continue;
		if (keys.send && keys.expect)
			keys_exclude(l, keys.send, keys.expect);
		else if (!keys.send && !keys.expect)
			diag_add(l->ds, DIAG_ERROR, E11, n->where,
				"`send` or `expect` is missing");
		if (keys.send)
			t->send = text_read(l, keys.send, "send");
		else if (keys.expect)
			t->expect = expect_read(l, keys.expect, t);
		*tail = t;
		tail = &t->next;
	}
	return first;
}

static void tcp_read(struct load *l, const struct yaml_node *n, struct step *s)
{
	struct tcp_keys keys = { .address = n };

	s->kind = STEP_TCP;
	s->method = STR("TCP");
	if (n->kind == YAML_MAP) {
		keys.address = NULL;
		map_read(l, tcp_key_table, n, "tcp", &keys);
	}
	s->probe.address = address_read(l, keys.address);
	s->probe.talk = talk_read(l, keys.talk);
}

/*
 * What is said in clear before TLS: RFC 3207, 9051, 2595, 4217, and the
 * SSLRequest of PostgreSQL.  A line that is whole and neither what is waited
 * for nor one of several lines is a refusal, whatever it says: no TLS will
 * follow.
 */
struct starttls_line {
	const char *send; /* NULL: wait */
	const char *expect, *refused, *shown;
};

#define WAIT(expect, refused, shown)                                           \
	{                                                                      \
		NULL, (expect), (refused), (shown)                             \
	}
#define SEND(text)                                                             \
	{                                                                      \
		(text), NULL, NULL, NULL                                       \
	}

enum { STARTTLS_LINES_MAX = 5, POSTGRES_ASK_BYTES = 8 };

/* Length 8, then the code 80877103. */
static const char postgres_ask[] = "\0\0\0\x08\x04\xd2\x16\x2f";

/* clang-format off */
static const struct starttls_line starttls_lines[][STARTTLS_LINES_MAX + 1] = {
	{ { 0 } },
	{ /* smtp */
	  WAIT("(?m)^220 .*\\n", "(?m)^(?!220 |\\d{3}-).*\\n", "220"),
	  SEND("EHLO andon\r\n"),
	  WAIT("(?m)^250 .*\\n", "(?m)^(?!250 |\\d{3}-).*\\n", "250"),
	  SEND("STARTTLS\r\n"),
	  WAIT("(?m)^220 .*\\n", "(?m)^(?!220 |\\d{3}-).*\\n", "220") },
	{ /* imap */
	  WAIT("(?i)^\\* OK.*\\n", "(?i)^(?!\\* OK).*\\n", "* OK"),
	  SEND("a STARTTLS\r\n"),
	  WAIT("(?im)^a OK.*\\n", "(?im)^(?!a OK|\\* (?!BYE)).*\\n", "a OK") },
	{ /* pop3 */
	  WAIT("^\\+OK.*\\n", "^(?!\\+OK).*\\n", "+OK"),
	  SEND("STLS\r\n"),
	  WAIT("^\\+OK.*\\n", "^(?!\\+OK).*\\n", "+OK") },
	{ /* ftp: what stands between 220- and 220 may be anything */
	  WAIT("(?m)^220 .*\\n", "(?m)^(?!220)[2-9]\\d\\d .*\\n", "220"),
	  SEND("AUTH TLS\r\n"),
	  WAIT("(?m)^234 .*\\n", "(?m)^(?!234)[2-9]\\d\\d .*\\n", "234") },
	{ /* postgres */
	  SEND(postgres_ask),
	  WAIT("^S", "(?s)^[^S].*", "S") },
};
/* clang-format on */
#undef WAIT
#undef SEND

static const struct regex *regex_made(struct load *l, const char *text)
{
	char why[160];
	size_t at;

	return regex_new_in(l->arena, str_from(text), false, why, sizeof(why),
		&at);
}

static struct talk *talk_made(struct load *l, const struct starttls_line *line)
{
	struct talk *t = ARENA_NEW(l->arena, struct talk);
	struct str send;

	if (line->send) {
		send = line->send == postgres_ask ? (struct str){ postgres_ask,
			POSTGRES_ASK_BYTES }
						  : str_from(line->send);
		t->send = template_literal(l->arena, send);
	} else {
		t->text = str_from(line->shown);
		t->expect = regex_made(l, line->expect);
		t->refused = regex_made(l, line->refused);
	}
	return t;
}

static struct talk *starttls_read(struct load *l, int word)
{
	const struct starttls_line *line = starttls_lines[word];
	struct talk *first = NULL;
	struct talk **tail = &first;

	for (; line->send || line->expect; line++) {
		*tail = talk_made(l, line);
		tail = &(*tail)->next;
	}
	return first;
}

static void tls_step_read(struct load *l, const struct yaml_node *n,
	struct step *s)
{
	static const char *const words[] = { "none", "smtp", "imap", "pop3",
		"ftp", "postgres" };
	struct tls_step_keys keys = { .address = n };

	s->kind = STEP_TLS;
	s->method = STR("TLS");
	if (n->kind == YAML_MAP) {
		keys.address = NULL;
		map_read(l, tls_step_key_table, n, "tls", &keys);
	}
	if (keys.http)
		tls_read(l, keys.http, &s->http);
	s->probe.address = address_read(l, keys.address);
	s->probe.talk = starttls_read(l, keys.starttls);
	s->probe.alpn = keys.alpn;
	if (keys.starttls)
		s->probe.starttls = str_from(words[keys.starttls]);
	for (size_t i = 0; i < keys.alpn.count; i++) {
		size_t len = keys.alpn.item[i].len;

		if (len == 0 || len > ALPN_MAX_BYTES)
			diag_add(l->ds, DIAG_ERROR, E23,
				keys.alpn.node[i]->where,
				"a protocol has 1 to 255 bytes");
	}
}

static void dns_read(struct load *l, const struct yaml_node *n, struct step *s)
{
	/* clang-format off */
	static const struct {
		struct str name;
		uint16_t number;
	} types[] = { { STR("A"), 1 }, { STR("AAAA"), 28 }, { STR("CNAME"), 5 },
		{ STR("MX"), 15 }, { STR("TXT"), 16 }, { STR("NS"), 2 },
		{ STR("SRV"), 33 }, { STR("SOA"), 6 }, { STR("PTR"), 12 },
		{ STR("CAA"), 257 } };
	/* clang-format on */
	struct dns_keys keys = { .name = n, .recursion = true };

	s->kind = STEP_DNS;
	s->method = STR("DNS");
	if (n->kind == YAML_MAP) {
		keys.name = NULL;
		map_read(l, dns_key_table, n, "dns", &keys);
	}
	if (keys.name)
		s->probe.name = text_read(l, keys.name, "name");
	if (keys.server)
		s->probe.server = text_read(l, keys.server, "server");
	s->probe.type = types[keys.type].number;
	s->probe.type_name = types[keys.type].name;
	s->probe.over_tcp = keys.transport == 1;
	s->probe.recursion = keys.recursion;
}

void probe_read(struct load *l, const struct step_keys *keys, struct step *s)
{
	const struct yaml_node *const others[] = { keys->json, keys->form,
		keys->body, keys->multipart, keys->graphql,
		yaml_get(s->yaml, "body_file"),
		yaml_get(s->yaml, "body_base64"), keys->headers, keys->query,
		keys->cookies, keys->auth };
	const struct yaml_node *n;

	if ((n = keys->tcp))
		tcp_read(l, n, s);
	else if ((n = keys->tls))
		tls_step_read(l, n, s);
	else if ((n = keys->dns))
		dns_read(l, n, s);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (n && others[i])
			keys_exclude(l, n, others[i]);
	}
}
