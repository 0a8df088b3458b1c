#include "runner/dns_message.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum {
	HEADER_BYTES = 12,
	NAME_BYTES_MAX = 255, /* on the wire; RFC 1035, 3.1 */
	NAME_TEXT_MAX = 4 * NAME_BYTES_MAX + 1,
	MESSAGE_MAX = 65535,
	CHAIN_MAX = 16,
	TYPE_CNAME = 5,
	TYPE_OPT = 41
};

/* clang-format off */
#define TYPE_MAP(X)                                                           \
	X(A, 1) X(NS, 2) X(CNAME, 5) X(SOA, 6) X(PTR, 12) X(MX, 15)           \
	X(TXT, 16) X(AAAA, 28) X(SRV, 33) X(DS, 43) X(RRSIG, 46) X(NSEC, 47)  \
	X(DNSKEY, 48) X(SVCB, 64) X(HTTPS, 65) X(CAA, 257)
/* clang-format on */

static const struct {
	struct str name;
	uint16_t number;
} types[] = {
#define X(name, number) { STR(#name), number },
	TYPE_MAP(X)
#undef X
};

/* RFC 1035, 4.1.1, and RFC 2136 */
static const struct str rcodes[] = { STR("NOERROR"), STR("FORMERR"),
	STR("SERVFAIL"), STR("NXDOMAIN"), STR("NOTIMP"), STR("REFUSED"),
	STR("YXDOMAIN"), STR("YXRRSET"), STR("NXRRSET"), STR("NOTAUTH"),
	STR("NOTZONE") };

struct reading {
	struct arena *a;
	const unsigned char *bytes;
	size_t len, at;
	const char *why; /* NULL: well so far */
};

static bool broken(struct reading *r, const char *why)
{
	if (!r->why)
		r->why = why;
	return false;
}

static bool has(struct reading *r, size_t n)
{
	return r->len - r->at >= n || broken(r, "the message is cut off");
}

static unsigned take16(struct reading *r)
{
	const unsigned char *p = r->bytes + r->at;

	if (!has(r, 2))
		return 0;
	r->at += 2;
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t take32(struct reading *r)
{
	uint32_t high = take16(r);

	return high << 16 | take16(r);
}

/* --- names --- */

static void label_add(struct buf *out, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '.' || p[i] == '\\')
			buf_addf(out, "\\%c", p[i]);
		else if (p[i] > ' ' && p[i] < 0x7f)
			buf_add_byte(out, (char)p[i]);
		else
			buf_addf(out, "\\%03u", p[i]);
	}
}

/*
 * Each jump must go to before the place from which the last one was read, so
 * that it ends.
 */
static bool name_read(struct reading *r, struct buf *out)
{
	size_t at = r->at;
	size_t lowest = r->at;
	size_t total = 1;
	bool jumped = false;

	for (;;) {
		unsigned n;

		if (at >= r->len)
			return broken(r, "a name is cut off");
		n = r->bytes[at];
		if (n >= 0xc0) {
			if (at + 1 >= r->len)
				return broken(r, "a name is cut off");
			if (!jumped)
				r->at = at + 2;
			jumped = true;
			at = (size_t)(n & 0x3f) << 8 | r->bytes[at + 1];
			if (at >= lowest)
				return broken(r, "a name points forwards");
			lowest = at;
			continue;
		}
		if (n >= 0x40)
			return broken(r, "a label of an unknown kind");
		at++;
		total += n + 1;
		if (n == 0)
			break;
		if (n > r->len - at)
			return broken(r, "a name is cut off");
		if (total > NAME_BYTES_MAX)
			return broken(r, "a name of more than 255 bytes");
		if (out->len)
			buf_add_byte(out, '.');
		label_add(out, r->bytes + at, n);
		at += n;
	}
	if (!jumped)
		r->at = at;
	return true;
}

/* "." is the root; "" when it is broken. */
static struct str name_take(struct reading *r)
{
	struct str name = STR("");
	struct buf b;

	buf_init(&b, NAME_TEXT_MAX);
	if (name_read(r, &b))
		name = b.len ? arena_str(r->a, buf_str(&b)) : STR(".");
	buf_done(&b);
	return name;
}

static struct str without_dot(struct str name)
{
	return name.len > 1 && str_ends(name, STR("."))
		       ? str_sub(name, 0, name.len - 1)
		       : name;
}

/* --- records --- */

static void put_str(struct reading *r, struct json *to, const char *key,
	struct str text)
{
	json_append(to, str_from(key), json_new_str(r->a, text));
}

static void put_int(struct reading *r, struct json *to, const char *key,
	uint64_t n)
{
	json_append(to, str_from(key),
		json_new_number(r->a, arena_printf(r->a, "%" PRIu64, n)));
}

static void put_bool(struct reading *r, struct json *to, const char *key,
	bool yes)
{
	json_append(to, str_from(key), json_new_bool(r->a, yes));
}

static struct str type_text(struct reading *r, unsigned number)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].number == number)
			return types[i].name;
	return arena_printf(r->a, "TYPE%u", number);
}

static struct str address_take(struct reading *r, size_t end, int family)
{
	char text[INET6_ADDRSTRLEN];
	size_t size = family == AF_INET ? 4 : 16;

	if (end - r->at != size) {
		broken(r, "an address of the wrong length");
		return STR("");
	}
	inet_ntop(family, r->bytes + r->at, text, sizeof(text));
	r->at += size;
	return arena_str(r->a, str_from(text));
}

/* Bytes as text: as they are when they are UTF-8, else those above as \DDD. */
static struct str text_of(struct reading *r, struct str bytes)
{
	struct str text;
	struct buf b;

	if (str_is_utf8(bytes))
		return arena_str(r->a, bytes);
	buf_init(&b, 4UL * MESSAGE_MAX);
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];

		if (c < 0x80)
			buf_add_byte(&b, (char)c);
		else
			buf_addf(&b, "\\%03u", c);
	}
	text = arena_str(r->a, buf_str(&b));
	buf_done(&b);
	return text;
}

/* The strings of a TXT, one behind the other, as SPF and DKIM read them. */
static struct str strings_take(struct reading *r, size_t end)
{
	struct str text = STR("");
	struct buf b;

	buf_init(&b, MESSAGE_MAX);
	while (r->at < end) {
		size_t n = r->bytes[r->at++];

		if (n > end - r->at) {
			broken(r, "a string is longer than its record");
			break;
		}
		buf_add(&b, (struct str){ (const char *)r->bytes + r->at, n });
		r->at += n;
	}
	if (b.len)
		text = text_of(r, buf_str(&b));
	buf_done(&b);
	return text;
}

static struct str soa_take(struct reading *r, struct json *to)
{
	static const char *const numbers[] = { "serial", "refresh", "retry",
		"expire", "minimum" };
	struct str server = name_take(r);
	struct str person = name_take(r);
	uint32_t serial = 0;

	put_str(r, to, "mname", server);
	put_str(r, to, "rname", person);
	for (size_t i = 0; i < 5; i++) {
		uint32_t n = take32(r);

		serial = i == 0 ? n : serial;
		put_int(r, to, numbers[i], n);
	}
	return arena_printf(r->a, "%.*s %.*s %" PRIu32, STR_ARG(server),
		STR_ARG(person), serial);
}

static struct str mx_take(struct reading *r, struct json *to)
{
	unsigned preference = take16(r);
	struct str host = name_take(r);

	put_int(r, to, "preference", preference);
	put_str(r, to, "exchange", host);
	return arena_printf(r->a, "%u %.*s", preference, STR_ARG(host));
}

static struct str srv_take(struct reading *r, struct json *to)
{
	unsigned priority = take16(r);
	unsigned weight = take16(r);
	unsigned port = take16(r);
	struct str host = name_take(r);

	put_int(r, to, "priority", priority);
	put_int(r, to, "weight", weight);
	put_int(r, to, "port", port);
	put_str(r, to, "target", host);
	return arena_printf(r->a, "%u %u %u %.*s", priority, weight, port,
		STR_ARG(host));
}

/* RFC 8659, 4.1 */
static struct str caa_take(struct reading *r, size_t end, struct json *to)
{
	struct str rest = { (const char *)r->bytes + r->at, end - r->at };
	size_t n = rest.len > 1 ? (unsigned char)rest.ptr[1] : 0;
	struct str tag;
	struct str value;

	if (n == 0 || n + 2 > rest.len) {
		broken(r, "a CAA record is cut off");
		return STR("");
	}
	tag = text_of(r, str_sub(rest, 2, n));
	value = text_of(r, str_sub(rest, 2 + n, rest.len));
	r->at = end;
	put_int(r, to, "flags", (unsigned char)rest.ptr[0]);
	put_str(r, to, "tag", tag);
	return arena_printf(r->a, "%u %.*s \"%.*s\"",
		(unsigned char)rest.ptr[0], STR_ARG(tag), STR_ARG(value));
}

static struct str hex_take(struct reading *r, size_t end)
{
	struct str text;
	struct buf b;

	buf_init(&b, 2UL * MESSAGE_MAX);
	buf_add_hex(&b,
		(struct str){ (const char *)r->bytes + r->at, end - r->at });
	text = b.len ? arena_str(r->a, buf_str(&b)) : STR("");
	buf_done(&b);
	r->at = end;
	return text;
}

static struct str data_take(struct reading *r, unsigned type, size_t end,
	struct json *to)
{
	switch (type) {
	case 1:
		return address_take(r, end, AF_INET);
	case 28:
		return address_take(r, end, AF_INET6);
	case 2:
	case TYPE_CNAME:
	case 12:
		return name_take(r);
	case 6:
		return soa_take(r, to);
	case 15:
		return mx_take(r, to);
	case 16:
		return strings_take(r, end);
	case 33:
		return srv_take(r, to);
	case 257:
		return caa_take(r, end, to);
	default:
		return hex_take(r, end);
	}
}

/* One record into the list; that of EDNS is none. */
static bool record_take(struct reading *r, struct json *list)
{
	struct json *to = json_new(r->a, JSON_OBJECT);
	struct str name = name_take(r);
	unsigned type = take16(r);
	struct str value;
	uint32_t ttl;
	size_t end;

	take16(r); /* its class */
	ttl = take32(r);
	end = take16(r);
	if (r->why || !has(r, end))
		return false;
	end += r->at;
	if (type == TYPE_OPT) {
		r->at = end;
		return true;
	}
	put_str(r, to, "name", name);
	put_str(r, to, "type", type_text(r, type));
	put_int(r, to, "ttl", ttl & 0x80000000 ? 0 : ttl); /* RFC 2181, 8 */
	value = data_take(r, type, end, to);
	if (r->why || r->at != end)
		return broken(r, "a record of the wrong length");
	put_str(r, to, "value", value);
	json_append(list, STR_NONE, to);
	return true;
}

static struct json *section_take(struct reading *r, unsigned count)
{
	struct json *list = json_new(r->a, JSON_ARRAY);

	while (count-- && record_take(r, list))
		;
	return list;
}

/* --- the answer --- */

static bool is_of(const struct json *record, struct str name, struct str type)
{
	return str_eq(json_get_str(record, "type"), type) &&
	       str_eq_nocase(json_get_str(record, "name"), name);
}

/* Where the aliases of a name lead. */
static struct str chain_end(const struct json *answers, struct str name)
{
	for (unsigned i = 0; i < CHAIN_MAX; i++) {
		const struct json *next = answers->first;

		while (next && !is_of(next, name, STR("CNAME")))
			next = next->next;
		if (!next)
			return name;
		name = json_get_str(next, "value");
	}
	return STR_NONE; /* they lead in a circle */
}

static void answers_count(struct reading *r, const struct json *answers,
	const struct dns_question *q, struct json *facts)
{
	struct json *values = json_new(r->a, JSON_ARRAY);
	struct str type = type_text(r, q->type);
	struct str name = without_dot(q->name);
	uint64_t least = UINT64_MAX;

	if (q->type != TYPE_CNAME)
		name = chain_end(answers, name);
	for (const struct json *i = answers->first; i && name.ptr;
		i = i->next) {
		int64_t ttl = json_get_i64(i, "ttl", 0);

		if (!is_of(i, name, type))
			continue;
		json_append(values, STR_NONE,
			json_new_str(r->a, json_get_str(i, "value")));
		least = (uint64_t)ttl < least ? (uint64_t)ttl : least;
	}
	put_int(r, facts, "count", values->count);
	if (values->count)
		put_int(r, facts, "ttl", least * 1000);
	json_append(facts, STR("values"), values);
}

static void flags_put(struct reading *r, unsigned flags, struct json *to)
{
	unsigned rcode = flags & 0xf;
	bool known = rcode < sizeof(rcodes) / sizeof(rcodes[0]);

	put_str(r, to, "rcode",
		known ? rcodes[rcode] : arena_printf(r->a, "RCODE%u", rcode));
	put_bool(r, to, "authoritative", flags & 0x0400);
	put_bool(r, to, "truncated", flags & 0x0200);
	put_bool(r, to, "recursion_available", flags & 0x0080);
	put_bool(r, to, "authentic", flags & 0x0020);
}

static bool question_check(struct reading *r, const struct dns_question *q)
{
	struct str name = name_take(r);
	unsigned type = take16(r);

	take16(r);
	if (r->why)
		return false;
	if (type == q->type && str_eq_nocase(name, without_dot(q->name)))
		return true;
	return broken(r, "an answer to another question");
}

bool dns_message_read(struct str bytes, const struct dns_question *q,
	struct arena *a, struct dns_message *ret, const char **ret_why)
{
	struct reading r = { .a = a,
		.bytes = (const unsigned char *)bytes.ptr,
		.len = bytes.len };
	static const char *const names[] = { "answers", "authority",
		"additional" };
	struct json *document = json_new(a, JSON_OBJECT);
	struct json *facts = json_new(a, JSON_OBJECT);
	struct json *sections[3] = { 0 };
	unsigned counts[4];
	unsigned flags;

	if (bytes.len < HEADER_BYTES || bytes.len > MESSAGE_MAX) {
		*ret_why = "not the length of a message";
		return false;
	}
	take16(&r); /* its number: c-ares has compared it */
	flags = take16(&r);
	for (size_t i = 0; i < 4; i++)
		counts[i] = take16(&r);
	if (!(flags & 0x8000))
		broken(&r, "a question and no answer");
	else if (counts[0] != 1)
		broken(&r, "not one question");
	else
		question_check(&r, q);
	put_str(&r, document, "name", q->name);
	put_str(&r, document, "type", type_text(&r, q->type));
	flags_put(&r, flags, document);
	flags_put(&r, flags, facts);
	for (size_t i = 0; i < 3 && !r.why; i++) {
		sections[i] = section_take(&r, counts[i + 1]);
		json_append(document, str_from(names[i]), sections[i]);
	}
	*ret_why = r.why;
	if (r.why)
		return false;
	answers_count(&r, sections[0], q, facts);
	*ret = (struct dns_message){ document, facts };
	return true;
}
