#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/oom.h"
#include "runner/dns_message.h"
#include "runner/http.h"
#include "runner/probe_parts.h"

/*
 *	TCP, TLS: name -> dial (each address in turn) -> talk -> handshake
 *	DNS:      ask
 *
 * Every function that may end the probe returns after it: the probe is gone
 * then, and the run goes on from inside the call.
 */
enum { DIAL_LEAST_MS = 200, MS = 1000000 };
enum { OUT_BY_NO_WAY = -1 }; /* beside errno */

struct probes *probes_new(struct loop *l, struct http *h,
	const char *dns_servers)
{
	struct probes *p = xcalloc(1, sizeof(*p));

	p->loop = l;
	p->http = h;
	p->dns_servers = dns_servers;
	return p;
}

void probes_free(struct probes *p)
{
	free(p);
}

bool probe_address(struct str text, struct str *ret_host, uint16_t *ret_port)
{
	uint64_t port;
	size_t at = text.len;
	struct str host;

	while (at > 0 && text.ptr[at - 1] != ':')
		at--;
	if (at < 2 || !str_to_u64(str_sub(text, at, text.len), &port) ||
		port == 0 || port > 65535)
		return false;
	host = str_sub(text, 0, at - 1);
	if (host.ptr[0] == '[' && host.len > 2 && str_ends(host, STR("]")))
		host = str_sub(host, 1, host.len - 2);
	else if (str_find_byte(host, ':', 0) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < host.len; i++)
		if ((unsigned char)host.ptr[i] <= ' ' || host.ptr[i] == '/')
			return false;
	*ret_host = host;
	*ret_port = (uint16_t)port;
	return true;
}

/* --- the end --- */

uint64_t probe_now_ns(const struct probe *p)
{
	return loop_now_ns(p->host->loop);
}

uint32_t probe_since_us(uint64_t from_ns, uint64_t now)
{
	uint64_t us = now > from_ns ? (now - from_ns) / 1000 : 0;

	return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void fd_close(struct probe *p)
{
	secure_free(p->secure);
	p->secure = NULL;
	if (p->fd < 0)
		return;
	loop_fd(p->host->loop, p->fd, 0, NULL, NULL);
	close(p->fd);
	p->fd = -1;
}

static void probe_stop(struct probe *p)
{
	struct loop *l = p->host->loop;

	fd_close(p);
	resolve_cancel(p->wait);
	p->wait = NULL;
	dns_cancel(p->dns);
	p->dns = NULL;
	loop_timer_cancel(l, &p->deadline);
	loop_timer_cancel(l, &p->dial);
	loop_timer_cancel(l, &p->soon);
}

static void probe_free(struct probe *p)
{
	probe_stop(p);
	buf_done(&p->heard);
	p->call->probe = NULL;
	free(p);
}

static void on_soon(struct loop *l, void *owner)
{
	struct probe *p = owner;
	struct probe_call *c = p->call;

	(void)l;
	probe_free(p);
	c->done(c, c->owner);
}

/* The one way out of a probe. */
void probe_end(struct probe *p, enum reason reason, struct str why)
{
	struct probe_call *c = p->call;
	struct response *r = &c->response;

	probe_stop(p);
	p->ended = true;
	c->reason = reason;
	c->why = why;
	r->facts[FACTS_CERTIFICATE] = p->watch.certificate;
	r->facts[FACTS_TLS] = p->watch.tls;
	r->total_us = probe_since_us(p->start_ns, probe_now_ns(p));
	if (!r->body.ptr)
		r->body = p->heard.len ? arena_str(c->arena, buf_str(&p->heard))
				       : STR("");
	if (p->starting) /* the caller is still in probe_start() */
		loop_timer_arm(p->host->loop, &p->soon, probe_now_ns(p),
			on_soon, p);
	else
		on_soon(p->host->loop, p);
}

static const char *phase(const struct probe *p)
{
	if (p->dns)
		return "no answer before the deadline";
	if (p->wait)
		return "no answer from DNS before the deadline";
	if (!p->call->response.ip.len)
		return "no connection before the deadline";
	if (p->secure)
		return "no TLS before the deadline";
	return "connected, but no answer before the deadline";
}

static struct str waiting_for(const struct probe *p)
{
	if (p->word && !p->word->send.ptr && p->call->response.ip.len &&
		!p->secure)
		return arena_printf(p->call->arena,
			"nothing that matches %.*s before the deadline",
			STR_ARG(p->word->text));
	return str_from(phase(p));
}

static void on_deadline(struct loop *l, void *owner)
{
	struct probe *p = owner;

	(void)l;
	probe_end(p, p->wait || p->dns ? REASON_DNS : REASON_TIMEOUT,
		waiting_for(p));
}

/* --- dial --- */

enum reason probe_sys_reason(int sys)
{
	switch (sys) {
	case EMFILE:
	case ENFILE:
		return REASON_FDS;
	case EADDRNOTAVAIL:
		return REASON_PORTS;
	case ENOBUFS:
	case ENOMEM:
		return REASON_MEMORY;
	default:
		return REASON_CONNECT;
	}
}

struct str probe_sys_text(struct probe *p, const char *what, int sys)
{
	const char *text = strerrordesc_np(sys);

	return arena_printf(p->call->arena, "%s: %s", what,
		text ? text : "unknown error");
}

static void dial_next(struct probe *p);

static void connected(struct probe *p)
{
	struct response *r = &p->call->response;

	loop_timer_cancel(p->host->loop, &p->dial);
	r->connect_us = probe_since_us(p->phase_ns, probe_now_ns(p));
	r->ip = arena_str(p->call->arena, str_from(p->found.address[p->at]));
	p->phase_ns = probe_now_ns(p);
	probe_talk(p);
}

static void dial_failed(struct probe *p, int sys)
{
	p->sys = sys;
	fd_close(p);
	p->at++;
	dial_next(p);
}

static void on_dial(struct loop *l, int fd, int events, void *owner)
{
	struct probe *p = owner;
	socklen_t size = sizeof(int);
	int sys = 0;

	(void)l;
	(void)events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &size) != 0)
		sys = errno;
	if (sys)
		dial_failed(p, sys);
	else
		connected(p);
}

static void on_dial_timer(struct loop *l, void *owner)
{
	(void)l;
	dial_failed(owner, ETIMEDOUT);
}

/* 0: no address. */
static socklen_t address_of(const char *from, uint16_t port,
	struct sockaddr_storage *ret)
{
	struct sockaddr_in *four = (void *)ret;
	struct sockaddr_in6 *six = (void *)ret;
	char text[INET6_ADDRSTRLEN + IF_NAMESIZE];
	char *zone;

	memset(ret, 0, sizeof(*ret));
	snprintf(text, sizeof(text), "%s", from);
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return sizeof(*four);
	}
	zone = strchr(text, '%');
	if (zone)
		*zone++ = '\0';
	if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1)
		return 0;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	six->sin6_scope_id = zone ? if_nametoindex(zone) : 0;
	return sizeof(*six);
}

/* What is left of connect_timeout is shared by the addresses that are left. */
static void dial_arm(struct probe *p)
{
	uint64_t end_ns =
		p->start_ns + p->call->step->http.connect_timeout_ms * MS;
	uint64_t left = end_ns > probe_now_ns(p) ? end_ns - probe_now_ns(p) : 0;

	left /= p->found.count - p->at;
	if (left < (uint64_t)DIAL_LEAST_MS * MS)
		left = (uint64_t)DIAL_LEAST_MS * MS;
	loop_timer_arm(p->host->loop, &p->dial, probe_now_ns(p) + left,
		on_dial_timer, p);
}

/* `interface`, which is written as for libcurl: where it goes out. */
static bool source_set(struct probe *p, int family)
{
	struct str from = p->call->step->http.interface;
	struct sockaddr_storage at;
	const char *name;
	socklen_t size;

	if (!from.ptr)
		return true;
	name = strchr(from.ptr, '!');
	name = name ? name + 1 : from.ptr;
	if (str_starts(from, STR("if!")))
		return setsockopt(p->fd, SOL_SOCKET, SO_BINDTODEVICE, name,
			       (socklen_t)strlen(name)) == 0;
	size = address_of(name, 0, &at);
	return size && at.ss_family == family &&
	       bind(p->fd, (struct sockaddr *)&at, size) == 0;
}

/* 0: under way or connected; else errno, or OUT_BY_NO_WAY. */
static int dial(struct probe *p)
{
	struct sockaddr_storage to;
	socklen_t size = address_of(p->found.address[p->at], p->port, &to);
	int one = 1;

	if (!size)
		return EAFNOSUPPORT;
	p->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0);
	if (p->fd < 0)
		return errno;
	if (!source_set(p, to.ss_family))
		return OUT_BY_NO_WAY;
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(p->fd, (struct sockaddr *)&to, size) != 0 &&
		errno != EINPROGRESS)
		return errno;
	return loop_fd(p->host->loop, p->fd, LOOP_WRITE, on_dial, p) ? 0
								     : ENOMEM;
}

static void dial_next(struct probe *p)
{
	for (; p->at < p->found.count; p->at++) {
		int sys = dial(p);

		if (sys == 0) {
			dial_arm(p);
			return;
		}
		fd_close(p);
		p->sys = sys;
	}
	loop_timer_cancel(p->host->loop, &p->dial);
	if (p->sys == OUT_BY_NO_WAY)
		probe_end(p, REASON_INTERNAL,
			STR("`interface` can not be used"));
	else
		probe_end(p,
			p->sys == ETIMEDOUT ? REASON_TIMEOUT
					    : probe_sys_reason(p->sys),
			probe_sys_text(p, "no connection", p->sys));
}

static void on_resolved(const struct resolve_answer *r, void *owner)
{
	static const enum reason reasons[] = { [RESOLVE_NO_NAME] = REASON_DNS,
		[RESOLVE_FAILED] = REASON_DNS,
		[RESOLVE_OURS] = REASON_RESOLVER };
	struct probe *p = owner;
	struct probe_call *c = p->call;

	p->wait = NULL;
	c->response.dns_us = probe_since_us(p->start_ns, probe_now_ns(p));
	if (r->state != RESOLVE_OK) {
		probe_end(p, reasons[r->state],
			arena_printf(c->arena, "%.*s: %s", STR_ARG(c->host),
				r->why));
		return;
	}
	p->found = *r;
	p->phase_ns = probe_now_ns(p);
	dial_next(p);
}

/* Whom it connects to: as for a request, but by no proxy. */
static void find(struct probe *p)
{
	struct probe_call *c = p->call;
	const struct http_options *o = &c->step->http;
	const struct host_rule *rule;
	struct str host = c->host;
	struct resolve_answer given;
	struct resolve_wait *wait;
	struct resolver *r;
	struct err e = { 0 };

	p->port = c->port;
	if (c->address.ptr && str_eq_nocase(host, c->address_of)) {
		where_given(&c->address, 1, &given);
		on_resolved(&given, p);
		return;
	}
	rule = host_rule_find(o->connect_to, host, c->port);
	if (rule) {
		host = rule->to[0];
		p->port = rule->to_port ? rule->to_port : c->port;
	}
	rule = host_rule_find(o->resolve, host, p->port);
	if (rule) {
		where_given(rule->to, rule->nto, &given);
		where_family(&given, o->ip);
		on_resolved(&given, p);
		return;
	}
	r = http_resolver(p->host->http, o->dns_servers, &e);
	if (!r) {
		probe_end(p, REASON_INTERNAL,
			arena_str(c->arena, str_from(e.text)));
		return;
	}
	wait = resolve(r, host, (enum resolve_family)o->ip, on_resolved, p);
	p->wait = wait;
}

/* --- DNS --- */

static void dns_tell(struct probe *p, struct str answer)
{
	struct probe_call *c = p->call;
	struct response *r = &c->response;
	struct dns_question q = { .name = c->name,
		.type = c->step->probe.type };
	struct dns_message m;
	const char *why;
	struct buf b;

	if (!dns_message_read(answer, &q, c->arena, &m, &why)) {
		probe_end(p, REASON_PROTOCOL,
			arena_printf(c->arena, "malformed answer: %s", why));
		return;
	}
	buf_init(&b, (size_t)16 << 20);
	json_write(&b, m.document);
	r->body = arena_str(c->arena, buf_str(&b));
	buf_done(&b);
	r->json_tried = true;
	r->json = m.document;
	r->facts[FACTS_DNS] = m.facts;
	probe_end(p, REASON_NONE, STR(""));
}

static void on_dns(enum dns_end end, struct str answer, const char *why,
	void *owner)
{
	struct probe *p = owner;
	struct probe_call *c = p->call;
	/* the system's servers are our resolver, others are the target */
	bool ours = end == DNS_OURS || (end == DNS_UNREACHED && !c->server.ptr);

	p->dns = NULL;
	c->response.dns_us = probe_since_us(p->start_ns, probe_now_ns(p));
	if (end == DNS_ANSWERED)
		dns_tell(p, answer);
	else
		probe_end(p, ours ? REASON_RESOLVER : REASON_DNS,
			arena_printf(c->arena, "%.*s: %s", STR_ARG(c->name),
				why));
}

static void ask(struct probe *p)
{
	const struct probe_ask *step = &p->call->step->probe;
	struct str server = p->call->server.ptr
				    ? p->call->server
				    : p->call->step->http.dns_servers;
	struct dns_ask question = { .name = p->call->name,
		.type = step->type,
		.over_tcp = step->over_tcp,
		.recursion = step->recursion,
		.servers = server.ptr ? server.ptr : p->host->dns_servers };

	p->dns = dns_start(p->host->loop, &question, on_dns, p);
}

/* --- the beginning --- */

void probe_start(struct probes *host, struct probe_call *c)
{
	struct probe *p = xcalloc(1, sizeof(*p));
	const struct step *s = c->step;

	p->host = host;
	p->call = c;
	p->fd = -1;
	p->starting = true;
	p->word = c->words;
	c->probe = p;
	memset(&c->response, 0, sizeof(c->response));
	c->response.arena = c->arena;
	c->response.url = c->response.ip = c->response.http_version = STR("");
	buf_init(&p->heard, PROBE_HEARD_MAX);
	p->start_ns = p->phase_ns = probe_now_ns(p);
	loop_timer_arm(host->loop, &p->deadline, c->deadline_ns, on_deadline,
		p);
	if (s->kind == STEP_DNS) {
		ask(p);
	} else {
		find(p);
	}
	/* still there: what ends it in here only arms a timer */
	p->starting = false;
}

void probe_cancel(struct probe_call *c)
{
	if (c->probe)
		probe_free(c->probe);
}
