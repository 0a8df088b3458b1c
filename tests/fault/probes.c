#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/evil_http.h"
#include "tests/support/pass_expect.h"
#include "tests/support/tls_server.h"

/* Steps of tcp and tls: what they see, and what a wrong side is called. */

static struct tls_server *server;
static struct pass pass;

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN); /* as the program does */
}

static void teardown(void)
{
	pass_done(&pass);
	tls_server_stop(server);
}

TestSuite(probes, .init = setup, .fini = teardown);

static const char base[] = "http://127.0.0.1:1";

/* `what`: "tcp" or "tls"; `more`: keys beside the address. */
static void ask(const struct tls_kind *kind, const char *what, const char *more,
	const char *rest)
{
	char suite[4096];

	server = tls_server_start(kind);
	snprintf(suite, sizeof(suite),
		"http: {timeout: 500ms, tls: {ca: %s}}\n"
		"steps:\n  - name: x\n"
		"    %s: {address: '127.0.0.1:%u'%s}\n%s",
		tls_server_ca(server), what, tls_server_port(server), more,
		rest);
	pass_run(&pass, base, suite, NULL);
}

#define GOOD                                                                   \
	.names = "DNS:localhost,IP:127.0.0.1", .from_days = -10, .to_days = 30

/* --- tcp --- */

static const struct tls_kind silent = { GOOD, .silent = true };

Test(probes, to_be_let_in_is_enough_and_is_shown)
{
	ask(&silent, "tcp", "", "");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
	const struct step_report *s = pass_step(&pass, "x");
	cr_assert(str_eq(s->method, STR("TCP")));
	cr_assert(str_eq(s->address, STR("127.0.0.1")));
	cr_assert(str_starts(s->url, STR("tcp://127.0.0.1:")));
	cr_assert(str_starts(s->curl, STR("nc -v 127.0.0.1 ")));
	cr_assert(s->expect && s->expect->ok);
	cr_assert(str_eq(s->expect->text, STR("ip exists")), "%.*s",
		STR_ARG(s->expect->text));
	cr_assert_eq(pass.run->version.len, 0);
}

Test(probes, nobody_listens)
{
	struct evil_http *gone = evil_http_start();
	char suite[256];

	snprintf(suite, sizeof(suite),
		"steps: [{name: x, tcp: '127.0.0.1:%u'}]\n",
		evil_http_port(gone));
	evil_http_stop(gone);
	pass_run(&pass, base, suite, NULL);
	pass_ended(&pass, OUTCOME_ERROR, REASON_CONNECT);
	pass_says(&pass, "no connection: Connection refused");
}

Test(probes, a_retry_asks_again_and_makes_it_flaky_or_not)
{
	ask(&silent, "tcp", ", talk: [{expect: x}]",
		"    http: {timeout: 50ms}\n"
		"    timeout: 5s\n"
		"    retry: {times: 2, every: 10ms}\n");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TIMEOUT);
	cr_assert_eq(pass_step(&pass, "x")->attempts, 3);
	pass_says(&pass, "nothing that matches x before the deadline");
}

static void *interrupt(void *owner)
{
	while (!tls_server_busy(server))
		sched_yield();
	kill(getpid(), SIGINT);
	return owner;
}

Test(probes, an_interrupt_ends_it_at_once)
{
	char suite[512];
	pthread_t hand;
	sigset_t no;

	sigemptyset(&no);
	sigaddset(&no, SIGINT);
	pthread_sigmask(SIG_BLOCK, &no, NULL);
	server = tls_server_start(&silent);
	pthread_create(&hand, NULL, interrupt, NULL);
	snprintf(suite, sizeof(suite),
		"timeout: 60s\nhttp: {timeout: 60s}\n"
		"steps: [{name: x, tcp: {address: '127.0.0.1:%u', "
		"talk: [{expect: x}]}}]\n",
		tls_server_port(server));
	pass_run(&pass, base, suite, &(struct once_options){ .signals = true });
	pthread_join(hand, NULL);
	pass_ended(&pass, OUTCOME_RUNNER_ERROR, REASON_INTERNAL);
	cr_assert_eq(pass.result.interrupted, SIGINT);
	cr_assert_lt(pass.run->took_us, 30000000);
}

static const char *const mail_talk[] = { "EHLO ", "250-a\r\n250 STARTTLS\r\n",
	NULL };
static const struct tls_kind mail = { GOOD, .hello = "220 mail ready\r\n",
	.talk = mail_talk };

Test(probes, a_talk_by_turns_is_the_body)
{
	ask(&mail, "tcp",
		", talk: [{expect: '^220 '}, {send: \"EHLO ${region}\\r\\n\"}, "
		"{expect: '(?m)^250 STARTTLS'}]",
		"    expect: {body: {startsWith: '220 mail'}, size: {gt: "
		"20B}}\n"
		"    capture: {greeting: {regex: '^220 (.*)\\r'}}\n");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
}

Test(probes, what_was_expected_in_the_body_fails_as_an_assertion)
{
	ask(&mail, "tcp", ", talk: [{expect: '^220 '}]",
		"    expect: {body: {contains: postfix}}\n");
	pass_ended(&pass, OUTCOME_FAIL, REASON_ASSERT);
}

static const struct tls_kind short_one = { GOOD, .hello = "421 busy\r\n" };

Test(probes, closed_before_it_matched)
{
	struct evil_http *evil = evil_http_start();
	char suite[512];

	evil_http_answer(evil, "/x", EVIL_CLOSE, STR("421 busy\r\n"), STR_NONE);
	snprintf(suite, sizeof(suite),
		"steps: [{name: x, tcp: {address: '127.0.0.1:%u', talk: ["
		"{send: \"GET /x HTTP/1.1\\r\\n\\r\\n\"}, "
		"{expect: '^220 '}]}}]\n",
		evil_http_port(evil));
	pass_run(&pass, base, suite, NULL);
	evil_http_stop(evil);
	pass_ended(&pass, OUTCOME_ERROR, REASON_PROTOCOL);
	pass_says(&pass, "closed before something matched ^220");
}

Test(probes, endless_words_are_cut_off)
{
	struct evil_http *evil = evil_http_start();
	char suite[512];

	evil_http_answer(evil, "/x", EVIL_ENDLESS, STR("HTTP/1.1 200 OK\r\n"),
		STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	snprintf(suite, sizeof(suite),
		"steps: [{name: x, tcp: {address: '127.0.0.1:%u', talk: ["
		"{send: \"GET /x HTTP/1.1\\r\\n\\r\\n\"}, {expect: b}]}}]\n",
		evil_http_port(evil));
	pass_run(&pass, base, suite, NULL);
	evil_http_stop(evil);
	pass_ended(&pass, OUTCOME_ERROR, REASON_BODY_LIMIT);
}

Test(probes, a_name_that_is_not_there)
{
	char silent_dns[64];
	int fd = evil_dns_silent(silent_dns);

	pass_run(&pass, base,
		"http: {timeout: 200ms}\n"
		"steps: [{name: x, tcp: 'andon.invalid:25'}]\n",
		&(struct once_options){ .dns_servers = silent_dns });
	pass_ended(&pass, OUTCOME_ERROR, REASON_DNS);
	close(fd);
}

Test(probes, a_captured_address_that_is_none_fails_the_capture)
{
	ask(&mail, "tcp", ", talk: [{expect: '^220 (.*)'}]",
		"    capture: {host: {regex: '^220 (.*)\\r'}}\n"
		"  - name: y\n    tcp: ${host}\n");
	pass_ended(&pass, OUTCOME_FAIL, REASON_CAPTURE);
}

/* --- tls --- */

static const struct tls_kind good = { GOOD, .alpn = "h2" };

Test(probes, a_verified_certificate_that_holds_is_a_pass)
{
	ask(&good, "tls", ", alpn: [http/1.1, h2]",
		"    expect:\n"
		"      cert: {sans: {contains: localhost}, key_type: EC}\n"
		"      tls: {version: '1.3', alpn: h2}\n");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
	const struct step_report *s = pass_step(&pass, "x");
	const struct assertion *last = s->expect;

	while (last->next)
		last = last->next;
	cr_assert(str_starts(last->text, STR("certificate expires_in >")),
		"%.*s", STR_ARG(last->text));
	cr_assert(str_starts(s->curl, STR("openssl s_client -connect 127.0")));
}

static const struct tls_kind old = { .names = "IP:127.0.0.1",
	.from_days = -40,
	.to_days = -10 };

Test(probes, an_expired_one_is_an_error)
{
	ask(&old, "tls", "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TLS);
	pass_says(&pass, "certificate expired at 20");
}

Test(probes, an_expired_one_that_nobody_verifies_is_still_no_pass)
{
	ask(&old, "tls", ", options: {verify: false}", "");
	pass_ended(&pass, OUTCOME_FAIL, REASON_ASSERT);
	pass_says(&pass, "certificate expires_in > 0");
}

Test(probes, an_expired_one_that_is_expected)
{
	ask(&old, "tls", ", options: {verify: false}",
		"    expect: {cert: {expires_in: {lt: 0ms}}}\n");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
}

static const struct tls_kind named = { .names = "DNS:db.example.com",
	.from_days = -1,
	.to_days = 9 };

Test(probes, for_another_host)
{
	ask(&named, "tls", "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TLS);
	pass_says(&pass, "is for DNS:db.example.com, not for 127.0.0.1");
}

Test(probes, the_name_that_it_is_asked_by)
{
	ask(&named, "tls", ", options: {server_name: db.example.com}",
		"    warn: {cert: {expires_in: {gt: 30d}}}\n");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
	cr_assert(pass.run->degraded);
}

static const struct tls_kind self = { .names = "IP:127.0.0.1",
	.from_days = -1,
	.to_days = 9,
	.self_signed = true };

Test(probes, self_signed)
{
	ask(&self, "tls", "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TLS);
	pass_says(&pass, "self-signed certificate");
}

static const struct tls_kind tls_1_2 = { GOOD, .max_version = TLS1_2_VERSION };

Test(probes, no_common_version)
{
	ask(&tls_1_2, "tls", ", options: {min: '1.3'}", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TLS);
	pass_says(&pass, "TLS handshake failed: ");
}

Test(probes, an_older_version_is_shown)
{
	ask(&tls_1_2, "tls", "", "    expect: {tls: {version: '1.3'}}\n");
	pass_ended(&pass, OUTCOME_FAIL, REASON_ASSERT);
	pass_says(&pass, "got \"1.2\"");
}

Test(probes, a_handshake_that_hangs_ends_at_the_deadline)
{
	ask(&silent, "tls", "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TIMEOUT);
	pass_says(&pass, "no TLS before the deadline");
}

Test(probes, no_tls_at_all)
{
	ask(&short_one, "tls", "", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TLS);
}

static const char *const starttls_talk[] = { "EHLO andon",
	"250-a\r\n250 STARTTLS\r\n", "STARTTLS", "220 go\r\n", NULL };
static const struct tls_kind starttls = { GOOD,
	.hello = "220-mail\r\n220 ready\r\n", .talk = starttls_talk };

Test(probes, starttls_as_mail_speaks_it)
{
	ask(&starttls, "tls", ", starttls: smtp",
		"    expect: {cert: {hostname_ok: true}}\n");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
}

static const char *const postgres_talk[] = { "", "S", NULL };
static const struct tls_kind postgres = { GOOD, .talk = postgres_talk };

Test(probes, starttls_as_postgres_speaks_it)
{
	ask(&postgres, "tls", ", starttls: postgres", "");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
}

/* At once: the suite would wait for a minute. */
static void refused(const struct tls_kind *kind, const char *protocol,
	const char *says)
{
	char suite[512];

	server = tls_server_start(kind);
	snprintf(suite, sizeof(suite),
		"timeout: 60s\nhttp: {timeout: 60s}\nsteps:\n  - name: x\n"
		"    tls: {address: '127.0.0.1:%u', starttls: %s}\n"
		"    poll: {every: 10ms, for: 50s}\n",
		tls_server_port(server), protocol);
	pass_run(&pass, base, suite, NULL);
	pass_ended(&pass, OUTCOME_ERROR, REASON_STARTTLS);
	pass_says(&pass, says);
	cr_assert_eq(pass_step(&pass, "x")->attempts, 1);
	cr_assert_lt(pass.run->took_us, 30000000);
}

#define REFUSING(test, protocol, greeting, says, ...)                          \
	static const char *const test##_talk[] = { __VA_ARGS__, NULL };        \
	static const struct tls_kind test##_kind = { GOOD, .hello = greeting,  \
		.talk = test##_talk };                                         \
	Test(probes, test, .timeout = 60)                                      \
	{                                                                      \
		refused(&test##_kind, protocol, says);                         \
	}

REFUSING(mail_that_does_not_know_starttls, "smtp", "220 mail\r\n",
	"STARTTLS refused: 502 5.5.1 not implemented, not 220", "EHLO andon",
	"250-mail\r\n250 SIZE 1000\r\n", "STARTTLS",
	"502 5.5.1 not implemented\r\n")
REFUSING(mail_that_has_no_tls_now, "smtp", "220-a\r\n220 b\r\n",
	"STARTTLS refused: 454 TLS not available, not 220", "EHLO andon",
	"250 mail\r\n", "STARTTLS", "454-wait\r\n454 TLS not available\r\n")
REFUSING(mail_that_lets_nobody_in, "smtp", "554 no service\r\n",
	"STARTTLS refused: 554 no service, not 220", "nothing", "")
REFUSING(mail_that_is_no_mail, "smtp", "SSH-2.0-OpenSSH_9\r\n",
	"STARTTLS refused: SSH-2.0-OpenSSH_9, not 220", "nothing", "")
REFUSING(mail_that_does_not_know_ehlo, "smtp", "220 old\r\n",
	"STARTTLS refused: 500 what, not 250", "EHLO andon", "500 what\r\n")
REFUSING(imap_that_says_no, "imap", "* OK ready\r\n",
	"STARTTLS refused: a NO not today, not a OK", "a STARTTLS",
	"* CAPABILITY IMAP4rev1\r\na NO not today\r\n")
REFUSING(imap_that_says_bad, "imap", "* ok ready\r\n",
	"STARTTLS refused: a BAD unknown command, not a OK", "a STARTTLS",
	"a BAD unknown command\r\n")
REFUSING(imap_that_says_goodbye, "imap", "* BYE full\r\n",
	"STARTTLS refused: * BYE full, not * OK", "nothing", "")
REFUSING(imap_that_goes, "imap", "* OK ready\r\n",
	"STARTTLS refused: * BYE shutting down, not a OK", "a STARTTLS",
	"* BYE shutting down\r\n")
REFUSING(pop3_that_says_err, "pop3", "+OK ready\r\n",
	"STARTTLS refused: -ERR no such command, not +OK", "STLS",
	"-ERR no such command\r\n")
REFUSING(ftp_that_knows_no_auth, "ftp", "220-\r\n502 is a number\r\n220 b\r\n",
	"STARTTLS refused: 500 AUTH not understood, not 234", "AUTH TLS",
	"500 AUTH not understood\r\n")
REFUSING(postgres_without_tls, "postgres", NULL, "STARTTLS refused: N, not S",
	"", "N")
REFUSING(postgres_that_is_too_old, "postgres", NULL, "STARTTLS refused: E", "",
	"EFATAL: unsupported frontend protocol\n")

Test(probes, what_refuses_starttls_is_shown_without_secrets, .timeout = 60)
{
	static const char *const talk[] = { "EHLO andon", "250 mail\r\n",
		"STARTTLS", "502 hunter2-hunter2 is no command\r\n", NULL };
	static const struct tls_kind kind = { GOOD, .hello = "220 mail\r\n",
		.talk = talk };
	char suite[512];

	setenv("ANDON_TEST_WORD", "hunter2-hunter2", 1);
	server = tls_server_start(&kind);
	snprintf(suite, sizeof(suite),
		"secrets: {word: {env: ANDON_TEST_WORD}}\n"
		"steps:\n  - name: x\n"
		"    tls: {address: '127.0.0.1:%u', starttls: smtp}\n",
		tls_server_port(server));
	pass_run(&pass, base, suite, NULL);
	pass_ended(&pass, OUTCOME_ERROR, REASON_STARTTLS);
	pass_says(&pass, "502 [word] is no command");
	cr_assert_eq(str_find(pass_step(&pass, "x")->body,
			     STR("hunter2-hunter2"), 0),
		SIZE_MAX);
	cr_assert_neq(str_find(pass_step(&pass, "x")->body, STR("220 mail"), 0),
		SIZE_MAX);
}

Test(probes, a_greeting_of_many_lines_is_no_refusal)
{
	static const char *const talk[] = { "AUTH TLS", "234 go\r\n", NULL };
	static const struct tls_kind kind = { GOOD,
		.hello = "220-welcome\r\n  be kind\r\n220 ready\r\n",
		.talk = talk };

	ask(&kind, "tls", ", starttls: ftp", "");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
}

static const char *const injected_talk[] = { "", "S\r\nOK by the way", NULL };
static const struct tls_kind injected = { GOOD, .talk = injected_talk };

Test(probes, words_in_clear_behind_starttls_are_refused)
{
	ask(&injected, "tls", ", starttls: postgres", "");
	pass_ended(&pass, OUTCOME_ERROR, REASON_PROTOCOL);
	pass_says(&pass, "more in clear behind the answer to STARTTLS");
}

Test(probes, a_file_of_authorities_that_is_not_there_is_ours)
{
	ask(&good, "tls", ", options: {ca: /nonexistent}", "");
	cr_assert_eq(pass.run->outcome, OUTCOME_RUNNER_ERROR);
}

Test(probes, another_key_than_the_pinned_one)
{
	ask(&good, "tls",
		", options: {pin: "
		"'sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='}",
		"");
	pass_ended(&pass, OUTCOME_ERROR, REASON_TLS);
	pass_says(&pass, "pinned key differs");
}

/* --- whom it asks --- */

static void ask_named(const struct tls_kind *kind, const char *http)
{
	char suite[2048];

	server = tls_server_start(kind);
	snprintf(suite, sizeof(suite),
		"http: {timeout: 2s, tls: {ca: %s}, %s}\n"
		"steps: [{name: x, tls: 'db.example.com:%u'}]\n",
		tls_server_ca(server), http, tls_server_port(server));
	pass_run(&pass, base, suite, NULL);
}

Test(probes, an_address_that_the_suite_gives)
{
	ask_named(&named, "resolve: {db.example.com: 127.0.0.1}");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
}

Test(probes, one_that_stands_in_its_place)
{
	ask_named(&named, "connect_to: {db.example.com: 127.0.0.1}");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
}

Test(probes, the_address_that_it_goes_out_by)
{
	ask_named(&named,
		"resolve: {db.example.com: 127.0.0.1}, interface: 127.0.0.2");
	pass_ended(&pass, OUTCOME_PASS, REASON_NONE);
}

Test(probes, an_address_that_is_not_ours_is_our_trouble)
{
	ask_named(&named,
		"resolve: {db.example.com: 127.0.0.1}, interface: 192.0.2.1");
	cr_assert_eq(pass.run->outcome, OUTCOME_RUNNER_ERROR, "%.*s",
		STR_ARG(pass.run->message));
}
