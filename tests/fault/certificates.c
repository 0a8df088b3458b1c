#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/pass_expect.h"
#include "tests/support/tls_server.h"

/* What a suite can say of a certificate, and what a bad one is called. */

static struct tls_server *server;
static struct pass pass;
static char base[64];

static void teardown(void)
{
	pass_done(&pass);
	tls_server_stop(server);
}

TestSuite(certificates, .fini = teardown);

#define GOOD                                                                   \
	{                                                                      \
		.names = "DNS:localhost,DNS:*.example.com,IP:127.0.0.1",       \
		.from_days = -10, .to_days = 30                                \
	}

/* `tls`: more keys of http.tls; `rest`: more keys of the step. */
static void ask(const struct tls_kind *kind, const char *tls, const char *rest)
{
	char suite[4096];

	server = tls_server_start(kind);
	snprintf(base, sizeof(base), "https://127.0.0.1:%u",
		tls_server_port(server));
	snprintf(suite, sizeof(suite),
		"http: {timeout: 5s, tls: {ca: %s%s}}\n"
		"steps:\n  - name: x\n    get: /\n%s",
		tls_server_ca(server), tls, rest);
	pass_run(&pass, base, suite, NULL);
}

Test(certificates, every_fact_of_a_good_one)
{
	static const struct tls_kind kind = GOOD;

	ask(&kind, "",
		"    expect:\n"
		"      cert:\n"
		"        subject: 'O=Andon, CN=server'\n"
		"        issuer: {endsWith: 'CN=Andon Test CA'}\n"
		"        serial_number: '1a:2b:3c'\n"
		"        expires_in: {gt: 29d, lt: 31d}\n"
		"        expire_date: {isIsoDate: true}\n"
		"        start_date: {before: '2100-01-01'}\n"
		"        sans: {containsAll: ['*.example.com', 127.0.0.1], "
		"count: 3}\n"
		"        hostname_ok: true\n"
		"        chain_length: 1\n"
		"        key_type: EC\n"
		"        key_bits: 256\n"
		"        signature_algorithm: ecdsa-with-SHA256\n"
		"        fingerprint_sha256: {matches: '^[0-9a-f]{64}$'}\n"
		"      tls: {version: '1.3', cipher: {startsWith: TLS_}}\n"
		"    checks:\n"
		"      - {certificate: Expire-Date, filter: daysAfterNow, "
		"gte: 29}\n"
		"      - {certificate: Subject-Alt-Name, "
		"contains: 'DNS:localhost'}\n"
		"      - {certificate: Value, startsWith: "
		"'-----BEGIN CERTIFICATE-----'}\n"
		"      - {tls: alpn, exists: false}\n"
		"    capture: {issued_by: {certificate: Issuer}}\n");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
}

Test(certificates, one_that_expires_too_soon_fails_and_says_when)
{
	static const struct tls_kind kind = GOOD;

	ask(&kind, "", "    expect: {cert: {expires_in: {gt: 60d}}}\n");
	pass_ended(&pass, OUTCOME_FAIL, REASON_ASSERT);
	pass_says(&pass, "certificate expires_in > ");
	pass_says(&pass, "got 7");
}

Test(certificates, facts_of_a_kept_connection_are_those_of_its_handshake)
{
	static const struct tls_kind kind = GOOD;

	ask(&kind, "",
		"  - name: again\n    get: /again\n"
		"    expect: {cert: {key_bits: 256}, tls: {version: '1.3'}}\n");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
	cr_assert_eq(tls_server_handshakes(server), 1);
}

Test(certificates, expired_says_when)
{
	static const struct tls_kind kind = { .names = "IP:127.0.0.1",
		.from_days = -40,
		.to_days = -10 };

	ask(&kind, "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TLS);
	pass_says(&pass, "certificate expired at 20");
	pass_says(&pass, "240 h 00 m ago (O=Andon, CN=server)");
}

Test(certificates, expired_one_has_its_facts_where_nobody_verifies)
{
	static const struct tls_kind kind = { .names = "DNS:else.example.com",
		.from_days = -40,
		.to_days = -10 };

	ask(&kind, ", verify: false",
		"    expect: {cert: {expires_in: {lt: 0ms}, "
		"hostname_ok: false}}\n");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
}

Test(certificates, time_left_of_an_expired_one_is_less_than_nothing)
{
	static const struct tls_kind kind = { .names = "IP:127.0.0.1",
		.from_days = -40,
		.to_days = -10 };

	ask(&kind, ", verify: false",
		"    expect: {cert: {expires_in: {gt: 1d}}}\n");
	pass_ended(&pass, OUTCOME_FAIL, REASON_ASSERT);
	pass_says(&pass, "got -240 h");
}

Test(certificates, not_yet_valid)
{
	static const struct tls_kind kind = { .names = "IP:127.0.0.1",
		.from_days = 10,
		.to_days = 40 };

	ask(&kind, "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TLS);
	pass_says(&pass, "is not valid before 20");
}

Test(certificates, for_another_host)
{
	static const struct tls_kind kind = { .names = "DNS:else.example.com",
		.from_days = -1,
		.to_days = 40 };

	ask(&kind, "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TLS);
	pass_says(&pass,
		"certificate is for DNS:else.example.com, not for 127.0.0.1");
}

Test(certificates, self_signed)
{
	static const struct tls_kind kind = { .names = "IP:127.0.0.1",
		.from_days = -1,
		.to_days = 40,
		.self_signed = true };

	ask(&kind, "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TLS);
	pass_says(&pass, "self-signed certificate (O=Andon, CN=server)");
}

Test(certificates, weak_key)
{
	static const struct tls_kind kind = { .names = "IP:127.0.0.1",
		.from_days = -1,
		.to_days = 40,
		.weak = true };

	ask(&kind, "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TLS);
	pass_says(&pass, "EE certificate key too weak");
}

Test(certificates, none_in_clear)
{
	static const struct tls_kind kind = GOOD;

	server = tls_server_start(&kind);
	snprintf(base, sizeof(base), "http://127.0.0.1:1");
	pass_run(&pass, base,
		"steps: [{name: x, get: /, expect: {cert: {key_bits: 256}}}]\n",
		NULL);
	pass_ended(&pass, OUTCOME_ERROR, REASON_CONNECT);
}
