#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "runner/run_parts.h"

/* What a step of tcp, tls or dns asks, filled in. */

enum { COMMAND_MAX = 64 * 1024, TYPE_PTR = 12 };

/* What can not be asked: the captured value's fault, or the suite's? */
static bool unusable(struct run *r, const struct template *t, const char *what,
	struct str text, struct verdict *v)
{
	struct str why = arena_printf(r->arena, "%s is not usable: %.*s", what,
		STR_ARG(text));

	*v = (struct verdict){ OUTCOME_RUNNER_ERROR, REASON_INTERNAL, why };
	if (run_uses_capture(r, template_refs(t)))
		*v = (struct verdict){ OUTCOME_FAIL, REASON_CAPTURE, why };
	return false;
}

static bool words_fill(struct run *r, struct verdict *v)
{
	struct probe_words **last = &r->probe.words;

	for (const struct talk *t = r->step->probe.talk; t; t = t->next) {
		struct probe_words *w = ARENA_NEW(r->arena, struct probe_words);

		w->expect = t->expect;
		w->refused = t->refused;
		w->text = t->text;
		w->send = STR_NONE;
		if (t->send && !run_render(r, t->send, &w->send, v))
			return false;
		if (t->send && !w->send.ptr)
			w->send = STR("");
		*last = w;
		last = &w->next;
	}
	return true;
}

static bool address_fill(struct run *r, struct verdict *v)
{
	const struct probe_ask *p = &r->step->probe;
	struct str text;

	if (!run_render(r, p->address, &text, v))
		return false;
	if (!probe_address(text, &r->probe.host, &r->probe.port))
		return unusable(r, p->address, "address", text, v);
	r->call.url = arena_printf(r->arena, "%s://%.*s",
		r->step->kind == STEP_TCP ? "tcp" : "tls", STR_ARG(text));
	return words_fill(r, v);
}

/* An address is asked for by its name below in-addr.arpa or ip6.arpa. */
static struct str reverse_name(struct run *r, struct str text)
{
	unsigned char b[16];
	struct str name = arena_str(r->arena, text);
	struct buf out;

	if (name.ptr && inet_pton(AF_INET, name.ptr, b) == 1)
		return arena_printf(r->arena, "%u.%u.%u.%u.in-addr.arpa", b[3],
			b[2], b[1], b[0]);
	if (!name.ptr || inet_pton(AF_INET6, name.ptr, b) != 1)
		return text;
	buf_init(&out, 128);
	for (size_t i = 16; i-- > 0;)
		buf_addf(&out, "%x.%x.", b[i] & 0xfU, b[i] >> 4U);
	buf_add_z(&out, "ip6.arpa");
	name = arena_str(r->arena, buf_str(&out));
	buf_done(&out);
	return name;
}

/* An address, or an address and a port. */
static bool server_fits(struct run *r, struct str text)
{
	struct str host = text;
	unsigned char b[16];
	uint16_t port;

	probe_address(text, &host, &port);
	host = arena_str(r->arena, host);
	return host.ptr && (inet_pton(AF_INET, host.ptr, b) == 1 ||
				   inet_pton(AF_INET6, host.ptr, b) == 1);
}

static bool question_fill(struct run *r, struct verdict *v)
{
	const struct probe_ask *p = &r->step->probe;
	struct probe_call *c = &r->probe;

	c->server = STR_NONE;
	if (!run_render(r, p->name, &c->name, v) ||
		(p->server && !run_render(r, p->server, &c->server, v)))
		return false;
	if (p->type == TYPE_PTR)
		c->name = reverse_name(r, c->name);
	if (c->server.ptr && !server_fits(r, c->server))
		return unusable(r, p->server, "server", c->server, v);
	r->call.url = arena_printf(r->arena, "dns:%.*s?type=%.*s",
		STR_ARG(c->name), STR_ARG(p->type_name));
	return true;
}

bool run_probe(struct run *r, struct verdict *v)
{
	memset(&r->call, 0, sizeof(r->call));
	memset(&r->probe, 0, sizeof(r->probe));
	r->call.arena = r->probe.arena = r->arena;
	r->probe.address = r->address;
	r->probe.address_of = r->address_of.host;
	r->call.method = r->step->method;
	r->call.options = &r->step->http;
	r->probe.step = r->step;
	return r->step->kind == STEP_DNS ? question_fill(r, v)
					 : address_fill(r, v);
}

/* --- as a command --- */

static void word(struct run *r, struct str text, struct buf *out)
{
	buf_add_byte(out, ' ');
	redact_shell(r->redact, text, out);
}

static void tls_words(struct run *r, struct buf *out)
{
	const struct probe_ask *p = &r->step->probe;
	const struct http_options *o = &r->step->http;
	struct str name =
		o->tls.server_name.len ? o->tls.server_name : r->probe.host;

	buf_add_z(out, "openssl s_client -connect");
	word(r, str_sub(r->call.url, sizeof("tls://") - 1, SIZE_MAX), out);
	buf_add_z(out, " -servername");
	word(r, name, out);
	if (p->starttls.ptr)
		buf_addf(out, " -starttls %.*s", STR_ARG(p->starttls));
	for (size_t i = 0; i < p->alpn.count; i++) {
		buf_add_z(out, i ? "," : " -alpn ");
		redact_shell(r->redact, p->alpn.item[i], out);
	}
	if (o->tls.ca.len) {
		buf_add_z(out, " -CAfile");
		word(r, o->tls.ca, out);
	}
	buf_add_z(out, " </dev/null");
}

static void dns_words(struct run *r, struct buf *out)
{
	const struct probe_ask *p = &r->step->probe;
	struct str host = r->probe.server;
	uint16_t port = 0;

	buf_add_z(out, "dig");
	if (host.ptr) {
		probe_address(r->probe.server, &host, &port);
		buf_addf(out, " @%.*s", STR_ARG(host));
	}
	if (port)
		buf_addf(out, " -p %u", port);
	word(r, r->probe.name, out);
	buf_addf(out, " %.*s%s%s", STR_ARG(p->type_name),
		p->over_tcp ? " +tcp" : "", p->recursion ? "" : " +norecurse");
}

struct str run_probe_command(struct run *r)
{
	struct str text;
	struct buf out;

	buf_init(&out, COMMAND_MAX);
	if (r->step->kind == STEP_DNS) {
		dns_words(r, &out);
	} else if (r->step->kind == STEP_TLS) {
		tls_words(r, &out);
	} else {
		buf_add_z(&out, "nc -v");
		word(r, r->probe.host, &out);
		buf_addf(&out, " %u", r->probe.port);
	}
	text = out.over ? STR("the question is too long for a command")
			: arena_str(r->arena, buf_str(&out));
	buf_done(&out);
	return text;
}
