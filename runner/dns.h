#ifndef RUNNER_DNS_H
#define RUNNER_DNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/str.h"

/*
 * One question to name servers, through c-ares: it repeats what is lost, takes
 * no answer of another question, and asks by TCP where one does not fit.  The
 * answer is given as the bytes that came, whatever its code.
 */
struct dns;

struct dns_ask {
	struct str name;
	uint16_t type;
	bool over_tcp, recursion;
	const char *servers; /* "ip[:port],..."; NULL: the system's */
};

enum dns_end {
	DNS_ANSWERED, /* `answer` is there, for the call */
	DNS_SILENT,   /* the servers did not answer, or nothing usable */
	DNS_UNREACHED,
	DNS_OURS /* no such question or server, no memory */
};
typedef void dns_fn(enum dns_end end, struct str answer, const char *why,
	void *owner);

/* Calls fn once, perhaps before it returns (then it gives NULL). */
struct dns *dns_start(struct loop *l, const struct dns_ask *ask, dns_fn *fn,
	void *owner);
void dns_cancel(struct dns *d); /* NULL is fine */

#endif
