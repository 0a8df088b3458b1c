#include "suites/facts.h"

/* clang-format off */
#define FACT_MAP(X) \
	/* group, name, Hurl's name, unit, help */ \
	X(CERTIFICATE, "subject", "Subject", TEXT, \
	  "whose it is, as in `O=Example, CN=a.example.com`") \
	X(CERTIFICATE, "issuer", "Issuer", TEXT, \
	  "who signed it") \
	X(CERTIFICATE, "start_date", "Start-Date", TEXT, \
	  "valid from then on (RFC 3339)") \
	X(CERTIFICATE, "expire_date", "Expire-Date", TEXT, \
	  "valid until then (RFC 3339)") \
	X(CERTIFICATE, "expires_in", "", MS, \
	  "what is left until then, compared with durations such as " \
	  "`14d`; negative when it is over") \
	X(CERTIFICATE, "serial_number", "Serial-Number", TEXT, \
	  "hexadecimal bytes with colons") \
	X(CERTIFICATE, "subject_alt_name", "Subject-Alt-Name", TEXT, \
	  "`DNS:a.example.com, IP Address:192.0.2.1`") \
	X(CERTIFICATE, "sans", "", TEXT, \
	  "the list of these names alone") \
	X(CERTIFICATE, "hostname_ok", "", NONE, \
	  "is it for the host that was asked, whoever signed it") \
	X(CERTIFICATE, "chain_length", "", NONE, \
	  "certificates that the server sent") \
	X(CERTIFICATE, "key_type", "", TEXT, \
	  "RSA, EC, ED25519, ...") \
	X(CERTIFICATE, "key_bits", "", NONE, \
	  "length of the public key") \
	X(CERTIFICATE, "signature_algorithm", "", TEXT, \
	  "such as ecdsa-with-SHA256") \
	X(CERTIFICATE, "fingerprint_sha256", "", TEXT, \
	  "SHA-256 of it, hexadecimal") \
	X(CERTIFICATE, "value", "Value", TEXT, \
	  "the certificate itself, as PEM") \
	X(TLS, "version", "", TEXT, \
	  "1.2, 1.3, ..., as text") \
	X(TLS, "cipher", "", TEXT, \
	  "such as TLS_AES_256_GCM_SHA384") \
	X(TLS, "alpn", "", TEXT, \
	  "the protocol that was agreed on: h2, http/1.1") \
	X(DNS, "rcode", "", TEXT, \
	  "NOERROR, NXDOMAIN, SERVFAIL, REFUSED, ... Where nothing is " \
	  "said about it, NOERROR is expected") \
	X(DNS, "count", "", NONE, \
	  "answers of the type that was asked for. Where nothing is said " \
	  "about it, at least one is expected") \
	X(DNS, "values", "", TEXT, \
	  "the list of these: an address, a name, `10 mail.example.com`") \
	X(DNS, "ttl", "", MS, "the least of them; compared with durations") \
	X(DNS, "authoritative", "", NONE, "the server answers for the zone") \
	X(DNS, "recursion_available", "", NONE, "the server asks others") \
	X(DNS, "authentic", "", NONE, \
	  "the server says that it checked DNSSEC") \
	X(DNS, "truncated", "", NONE, "the answer did not fit")
/* clang-format on */

static const struct fact facts[] = {
#define X(group, name, hurl, unit, help)                                       \
	{ STR(name), STR(hurl), help, FACTS_##group, UNIT_##unit },
	FACT_MAP(X)
#undef X
};

enum { FACTS = sizeof(facts) / sizeof(facts[0]) };

const struct fact *fact_find(enum fact_group group, struct str name)
{
	for (size_t i = 0; i < FACTS; i++) {
		if (facts[i].group != group)
			continue;
		if (str_eq(facts[i].name, name) ||
			(facts[i].hurl.len && str_eq(facts[i].hurl, name)))
			return &facts[i];
	}
	return NULL;
}

size_t fact_names(enum fact_group group, struct str *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < FACTS; i++) {
		if (facts[i].group != group)
			continue;
		if (n < max)
			ret[n++] = facts[i].name;
		if (n < max && facts[i].hurl.len)
			ret[n++] = facts[i].hurl;
	}
	return n;
}

const struct fact *fact_at(size_t index)
{
	return index < FACTS ? &facts[index] : NULL;
}

struct value fact_value(const struct fact *f, const struct response *r)
{
	static const struct str none[FACT_GROUPS] = {
		[FACTS_CERTIFICATE] = STR("missing: no certificate was shown"),
		[FACTS_TLS] = STR("missing: the connection is not encrypted"),
		[FACTS_DNS] = STR("missing: no answer of DNS"),
	};
	const struct json *all = r->facts[f->group];
	const struct json *one = json_get(all, f->name);
	struct value v;

	if (!one)
		return value_not(VALUE_MISSING,
			all ? STR("missing") : none[f->group]);
	v = value_ok(one);
	v.nodes = one->type == JSON_ARRAY;
	return v;
}
