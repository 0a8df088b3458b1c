#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/dns_server.h"
#include "tests/support/evil_http.h"
#include "tests/support/pass_expect.h"

/* Steps of dns against a server that answers with given bytes. */

static struct dns_server *server;
static struct pass pass;

static void teardown(void)
{
	pass_done(&pass);
	dns_server_stop(server);
}

TestSuite(dns, .fini = teardown);

#define SCRIPT(mode_, flags_, answers_, authority_, records_)                  \
	(&(struct dns_script){ .mode = (mode_),                                \
		.flags = (flags_),                                             \
		.answers = (answers_),                                         \
		.authority = (authority_),                                     \
		.records = (records_),                                         \
		.len = sizeof(records_) - 1 })
#define RIGHT(answers, records) SCRIPT(DNS_RIGHT, 0x8180, answers, 0, records)

#define ASKED "\xc0\x0c" /* the name that was asked for */
#define IN    "\x00\x01"
#define TTL60 "\x00\x00\x00\x3c"
#define A1    ASKED "\x00\x01" IN TTL60 "\x00\x04\x0a\x00\x00\x01"
#define A2    ASKED "\x00\x01" IN "\x00\x00\x00\x1e\x00\x04\x0a\x00\x00\x02"

/* `more`: keys beside name and server. */
static void ask(const struct dns_script *script, const char *more,
	const char *rest)
{
	char suite[4096];

	server = dns_server_start(script);
	snprintf(suite, sizeof(suite),
		"http: {timeout: 400ms}\n"
		"steps:\n  - name: x\n"
		"    dns: {name: a.example.com, server: '%s'%s}\n%s",
		dns_server_address(server), more, rest);
	pass_run(&pass, "http://127.0.0.1:1", suite, NULL);
}

Test(dns, an_answer_with_records_is_a_pass_and_is_shown)
{
	ask(RIGHT(2, A1 A2), "",
		"    expect:\n"
		"      dns:\n"
		"        values: {containsAll: [10.0.0.1, 10.0.0.2]}\n"
		"        ttl: {gte: 30s, lt: 31s}\n"
		"        authoritative: false\n"
		"        recursion_available: true\n"
		"      json: {'$.answers[0].ttl': 60, "
		"'$.answers[*].name': {each: {equals: a.example.com}}}\n"
		"    capture: {address: '$.answers[0].value'}\n");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
	const struct step_report *s = pass_step(&pass, "x");
	unsigned unsaid = 0;

	for (const struct assertion *i = s->expect; i; i = i->next)
		unsaid += str_starts(i->text, STR("dns rcode ==")) ||
			  str_starts(i->text, STR("dns count >="));
	cr_assert_eq(unsaid, 2);
	cr_assert(str_eq(s->url, STR("dns:a.example.com?type=A")));
	cr_assert(str_starts(s->curl, STR("dig @127.0.0.1 -p ")), "%.*s",
		STR_ARG(s->curl));
}

Test(dns, no_such_name_is_a_failure)
{
	ask(SCRIPT(DNS_RIGHT, 0x8183, 0, 0, ""), "", "");
	pass_ended(&pass, OUTCOME_FAIL, REASON_ASSERT);
	pass_says(&pass, "dns rcode == \"NOERROR\": got \"NXDOMAIN\"");
}

Test(dns, no_such_name_can_be_what_is_expected)
{
	ask(SCRIPT(DNS_RIGHT, 0x8583, 0, 0, ""), "",
		"    expect: {dns: {rcode: NXDOMAIN, count: 0, "
		"authoritative: true}}\n");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
}

Test(dns, codes_have_their_names)
{
	ask(SCRIPT(DNS_RIGHT, 0x8182, 0, 0, ""), "", "");
	pass_ended(&pass, OUTCOME_FAIL, REASON_ASSERT);
	pass_says(&pass, "got \"SERVFAIL\"");
	cr_assert_eq(dns_server_asked(server), 1);
}

Test(dns, an_answer_without_records_is_no_pass)
{
	ask(RIGHT(0, ""), "", "");
	pass_ended(&pass, OUTCOME_FAIL, REASON_ASSERT);
	pass_says(&pass, "dns count >= 1: got 0");
}

/* b is an alias of c, and c has an address; x stands by itself */
#define ALIAS                                                                  \
	ASKED "\x00\x05" IN TTL60 "\x00\x04\x01"                               \
	      "c" ASKED
#define C_ADDRESS                                                              \
	"\x01"                                                                 \
	"c" ASKED "\x00\x01" IN TTL60 "\x00\x04\x0a\x00\x00\x09"

Test(dns, aliases_are_followed)
{
	ask(RIGHT(2, ALIAS C_ADDRESS), "",
		"    expect: {dns: {values: {contains: 10.0.0.9}, count: 1}, "
		"json: {'$.answers[0].value': c.a.example.com}}\n");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
}

Test(dns, an_address_of_another_name_is_no_answer)
{
	ask(RIGHT(1, C_ADDRESS), "", "");
	pass_ended(&pass, OUTCOME_FAIL, REASON_ASSERT);
	pass_says(&pass, "dns count >= 1: got 0");
}

#define CIRCLE ASKED "\x00\x05" IN TTL60 "\x00\x02" ASKED

Test(dns, aliases_in_a_circle_are_no_answer)
{
	ask(RIGHT(2, CIRCLE A1), "", "");
	pass_ended(&pass, OUTCOME_FAIL, REASON_ASSERT);
}

Test(dns, every_type_has_its_fields)
{
	static const struct {
		const char *type, *expect;
		const struct dns_script script;
	} list[] = {
#define ONE(type, number, data, expect)                                        \
	{                                                                      \
		type, expect,                                                  \
		{                                                              \
			DNS_RIGHT, 0x8180, 1, 0, ASKED number IN TTL60 data,   \
				sizeof(ASKED number IN TTL60 data) - 1         \
		}                                                              \
	}
		ONE("AAAA", "\x00\x1c",
			"\x00\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
			"value: '2001:db8::1'"),
		ONE("MX", "\x00\x0f",
			"\x00\x09\x00\x0a\x04"
			"mail" ASKED,
			"value: 10 mail.a.example.com"),
		ONE("MX", "\x00\x0f",
			"\x00\x09\x00\x0a\x04"
			"mail" ASKED,
			"preference: 10"),
		ONE("TXT", "\x00\x10",
			"\x00\x06\x02"
			"v=\x02"
			"s1",
			"value: v=s1"),
		ONE("NS", "\x00\x02", "\x00\x02" ASKED, "value: a.example.com"),
		ONE("CNAME", "\x00\x05",
			"\x00\x04\x01"
			"c" ASKED,
			"value: c.a.example.com"),
		ONE("SRV", "\x00\x21",
			"\x00\x0a\x00\x01\x00\x02\x15\x38\x01"
			"d" ASKED,
			"port: 5432"),
		ONE("SOA", "\x00\x06",
			"\x00\x18" ASKED ASKED
			"\0\0\0\x07\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x05",
			"serial: 7"),
		ONE("PTR", "\x00\x0c", "\x00\x02" ASKED,
			"value: a.example.com"),
		ONE("CAA", "\x01\x01",
			"\x00\x0d\x00\x05"
			"issueca.org",
			"value: '0 issue \"ca.org\"'"),
#undef ONE
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		char more[64];
		char rest[256];
		const char *colon = strchr(list[i].expect, ':');

		snprintf(more, sizeof(more), ", type: %s", list[i].type);
		snprintf(rest, sizeof(rest),
			"    expect: {json: {'$.answers[0].%.*s'%s}}\n",
			(int)(colon - list[i].expect), list[i].expect, colon);
		ask(&list[i].script, more, rest);
		cr_expect_eq(pass.run->outcome, OUTCOME_PASS, "%s %s: %.*s",
			list[i].type, list[i].expect,
			STR_ARG(pass.run->message));
		if (i + 1 < sizeof(list) / sizeof(list[0]))
			teardown();
	}
}

Test(dns, what_does_not_fit_comes_by_tcp)
{
	ask(SCRIPT(DNS_ONLY_TCP, 0x8180, 1, 0, A1), "",
		"    expect: {dns: {truncated: false}}\n");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
	cr_assert_eq(dns_server_asked(server), 1);
}

Test(dns, asked_by_tcp_alone)
{
	ask(RIGHT(1, A1), ", transport: tcp", "");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
	cr_assert_eq(dns_server_asked(server), 0);
}

Test(dns, silence_ends_at_the_deadline)
{
	ask(SCRIPT(DNS_SILENT_MODE, 0, 0, 0, ""), "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_DNS);
	cr_assert_lt(pass.run->took_us, 2000000);
}

Test(dns, an_answer_to_nobody_is_not_heard)
{
	ask(SCRIPT(DNS_OTHER_NUMBER, 0x8180, 1, 0, A1), "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_DNS);
}

Test(dns, an_answer_to_another_question_is_none)
{
	ask(SCRIPT(DNS_OTHER_QUESTION, 0x8180, 1, 0, A1), "", "");
	cr_assert_eq(pass.run->outcome, OUTCOME_ERROR);
}

Test(dns, noise_is_no_answer)
{
	ask(SCRIPT(DNS_NOISE, 0, 0, 0, "\x01\x02\x03"), "", "");
	cr_assert_eq(pass.run->outcome, OUTCOME_ERROR);
}

Test(dns, fewer_records_than_it_says)
{
	ask(RIGHT(3, A1), "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_PROTOCOL);
	pass_says(&pass, "malformed answer: ");
}

Test(dns, a_name_that_points_to_itself)
{
	ask(RIGHT(1, "\xc0\x1f\x00\x01" IN TTL60 "\x00\x04\x0a\x00\x00\x01"),
		"", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_PROTOCOL);
	pass_says(&pass, "malformed answer: a name points forwards");
}

Test(dns, a_server_that_is_not_there_is_the_targets)
{
	char gone[64];

	close(evil_dns_silent(gone));
	char suite[256];

	snprintf(suite, sizeof(suite),
		"http: {timeout: 5s}\n"
		"steps: [{name: x, dns: {name: a.b, server: '%s'}}]\n",
		gone);
	pass_run(&pass, "http://127.0.0.1:1", suite, NULL);
	pass_ended(&pass, OUTCOME_ERROR, REASON_DNS);
}

Test(dns, the_systems_servers_are_our_resolver)
{
	char gone[64];

	close(evil_dns_silent(gone));
	pass_run(&pass, "http://127.0.0.1:1",
		"http: {timeout: 5s}\nsteps: [{name: x, dns: a.b}]\n",
		&(struct once_options){ .dns_servers = gone });
	pass_ended(&pass, OUTCOME_RUNNER_ERROR, REASON_RESOLVER);
}

Test(dns, a_poll_waits_for_the_record)
{
	ask(RIGHT(1, A1), "",
		"    poll: {every: 10ms, for: 60ms}\n"
		"    expect: {dns: {values: {contains: 10.0.0.7}}}\n");
	pass_ended(&pass, OUTCOME_FAIL, REASON_ASSERT);
	cr_assert_gt(dns_server_asked(server), 2);
}

Test(dns, a_suites_own_servers_are_asked_for_the_name_of_a_request)
{
	struct evil_http *evil = evil_http_start();
	char base[64];
	char suite[256];

	evil_http_text(evil, "/x", "ok");
	server = dns_server_start(
		RIGHT(1, ASKED "\x00\x01" IN TTL60 "\x00\x04\x7f\x00\x00\x01"));
	snprintf(base, sizeof(base), "http://api.andon.invalid:%u",
		evil_http_port(evil));
	snprintf(suite, sizeof(suite),
		"http: {ip: '4', dns_servers: ['%s']}\n"
		"steps: [{name: x, get: /x, "
		"expect: {body: ok, ip: 127.0.0.1}}]\n",
		dns_server_address(server));
	pass_run(&pass, base, suite, NULL);
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
	cr_assert_geq(dns_server_asked(server), 1);
	cr_assert_eq(evil_http_requests(evil, "/x"), 1);
	evil_http_stop(evil);
}
