#include <errno.h>
#include <sys/socket.h>

#include "base/regex.h"
#include "runner/http.h"
#include "runner/probe_parts.h"

/*
 * Behind the connection: what is said in clear, by turns, and the handshake.
 * Every function that may end the probe returns after it.
 */
enum {
	CHUNK = 16 * 1024,
	REFUSAL_MAX = 200 /* bytes of an answer in a message */
};

/* --- TLS --- */

static void handshake_go(struct probe *p);

static void on_handshake(struct loop *l, int fd, int events, void *owner)
{
	(void)l;
	(void)fd;
	(void)events;
	handshake_go(owner);
}

static void handshake_go(struct probe *p)
{
	enum reason reason = REASON_TLS;
	struct str why = STR("");
	enum secure_state state = secure_go(p->secure, &reason, &why);

	p->call->response.tls_us = probe_since_us(p->phase_ns, probe_now_ns(p));
	if (state == SECURE_DONE)
		probe_end(p, REASON_NONE, STR(""));
	else if (state == SECURE_REFUSED)
		probe_end(p, reason, why);
	else if (!loop_fd(p->host->loop, p->fd,
			 state == SECURE_READ ? LOOP_READ : LOOP_WRITE,
			 on_handshake, p))
		probe_end(p, REASON_INTERNAL, STR("can not watch a socket"));
}

static void handshake_start(struct probe *p)
{
	struct probe_call *c = p->call;
	const struct http_options *o = &c->step->http;
	enum reason reason = REASON_INTERNAL;
	struct str why = STR("");
	struct secure_ask ask = { .options = o,
		.alpn = &c->step->probe.alpn,
		.watch = &p->watch,
		.ca_file = http_ca_file() };

	if (p->taken != p->heard.len) {
		/* it would be read as if it had come encrypted */
		probe_end(p, REASON_PROTOCOL,
			STR("more in clear behind the answer to STARTTLS"));
		return;
	}
	p->watch = (struct cert_watch){ .arena = c->arena,
		.host = o->tls.server_name.len ? o->tls.server_name : c->host,
		.wall_us = loop_wall_us(p->host->loop) };
	p->phase_ns = probe_now_ns(p);
	p->secure = secure_new(p->fd, &ask, &reason, &why);
	if (p->secure)
		handshake_go(p);
	else
		probe_end(p, reason, why);
}

/* --- talk --- */

static void closed(struct probe *p)
{
	probe_end(p, REASON_PROTOCOL,
		arena_printf(p->call->arena,
			"closed before something matched %.*s",
			STR_ARG(p->word->text)));
}

/* False: the probe has ended. */
static bool hear(struct probe *p)
{
	char bytes[CHUNK];
	ssize_t n = recv(p->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n < 0) {
		probe_end(p, probe_sys_reason(errno),
			probe_sys_text(p, "answer broken off", errno));
		return false;
	}
	if (n == 0) {
		closed(p);
		return false;
	}
	if (buf_add(&p->heard, (struct str){ bytes, (size_t)n }))
		return true;
	probe_end(p, REASON_BODY_LIMIT, STR("more than 64 KiB were sent"));
	return false;
}

static void on_talk(struct loop *l, int fd, int events, void *owner)
{
	struct probe *p = owner;

	(void)l;
	(void)fd;
	if (p->word && !p->word->send.ptr &&
		(events & (LOOP_READ | LOOP_ERROR)) && !hear(p))
		return;
	probe_talk(p);
}

/* True: said or heard, go on; false: it waits, or the probe has ended. */
static bool word_send(struct probe *p)
{
	struct str rest = str_sub(p->word->send, p->sent, SIZE_MAX);
	ssize_t n = send(p->fd, rest.ptr, rest.len, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		probe_end(p, probe_sys_reason(errno),
			probe_sys_text(p, "connection lost", errno));
		return false;
	}
	p->sent += n > 0 ? (size_t)n : 0;
	if (p->sent == p->word->send.len)
		return true;
	loop_fd(p->host->loop, p->fd, LOOP_WRITE, on_talk, p);
	return false;
}

/* The other side says no to TLS: what it said, on one line. */
static void word_refused(struct probe *p, struct str said)
{
	while (said.len && (said.ptr[said.len - 1] == '\n' ||
				   said.ptr[said.len - 1] == '\r'))
		said.len--;
	probe_end(p, REASON_STARTTLS,
		arena_printf(p->call->arena, "STARTTLS refused: %.*s, not %.*s",
			STR_ARG(str_sub(said, 0, REFUSAL_MAX)),
			STR_ARG(p->word->text)));
}

static bool word_hear(struct probe *p)
{
	struct str rest = str_sub(buf_str(&p->heard), p->taken, SIZE_MAX);
	struct str group = STR_NONE;

	if (!rest.ptr)
		rest = STR("");
	switch (regex_match(p->word->expect, rest, &group, 1)) {
	case REGEX_YES:
		p->taken = (size_t)(group.ptr + group.len - p->heard.ptr);
		return true;
	case REGEX_BUDGET:
		probe_end(p, REASON_REGEX,
			arena_printf(p->call->arena,
				"%.*s takes more steps than it may",
				STR_ARG(p->word->text)));
		return false;
	case REGEX_NO:
		break;
	}
	if (p->word->refused &&
		regex_match(p->word->refused, rest, &group, 1) == REGEX_YES) {
		word_refused(p, group);
		return false;
	}
	loop_fd(p->host->loop, p->fd, LOOP_READ, on_talk, p);
	return false;
}

void probe_talk(struct probe *p)
{
	while (p->word) {
		if (!(p->word->send.ptr ? word_send(p) : word_hear(p)))
			return;
		p->word = p->word->next;
		p->sent = 0;
	}
	if (p->call->step->kind == STEP_TLS)
		handshake_start(p);
	else
		probe_end(p, REASON_NONE, STR(""));
}
