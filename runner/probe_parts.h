#ifndef RUNNER_PROBE_PARTS_H
#define RUNNER_PROBE_PARTS_H

#include "base/buf.h"
#include "runner/cert.h"
#include "runner/dns.h"
#include "runner/probe.h"
#include "runner/resolve.h"
#include "runner/secure.h"

/* What runner/probe*.c share; nobody else includes this. */
struct probes {
	struct loop *loop;
	struct http *http;
	const char *dns_servers;
};

struct probe {
	struct probes *host;
	struct probe_call *call;
	struct loop_timer deadline, dial, soon;
	struct resolve_wait *wait;
	struct dns *dns;
	struct resolve_answer found;
	size_t at;     /* the address that is tried */
	uint16_t port; /* there */
	int fd;        /* -1: none */
	int sys;       /* errno of the last address */
	bool starting, ended;
	uint64_t start_ns, phase_ns;
	const struct probe_words *word;
	size_t sent;  /* of the word that is sent */
	size_t taken; /* bytes heard that a word has matched */
	struct buf heard;
	struct secure *secure;
	struct cert_watch watch;
};

uint64_t probe_now_ns(const struct probe *p);
uint32_t probe_since_us(uint64_t from_ns, uint64_t now_ns);
/* The one way out of a probe, which is gone when it returns. */
void probe_end(struct probe *p, enum reason reason, struct str why);
/* Whose fault an errno is, and how it is told. */
enum reason probe_sys_reason(int sys);
struct str probe_sys_text(struct probe *p, const char *what, int sys);

/* probe_talk.c: connected: words in clear, then TLS, then the end. */
void probe_talk(struct probe *p);

#endif
