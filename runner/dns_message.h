#ifndef RUNNER_DNS_MESSAGE_H
#define RUNNER_DNS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"

/*
 * An answer of DNS (RFC 1035), read strictly from bytes that anybody may have
 * made: every length is checked, a compressed name points backwards only, and
 * what answers another question is refused.
 *
 * `document` is the whole of it: code, flags, and the records of the three
 * sections, each with name, type, ttl (seconds), value and its own fields.
 * `facts` are those of suites/facts.c.  Records count as an answer only when
 * they are of the type and name that were asked for, or of the name to which
 * a chain of CNAMEs leads.
 */
struct dns_message {
	const struct json *document, *facts;
};

struct dns_question {
	struct str name; /* as it was asked for; a last dot does not matter */
	uint16_t type;
};

/* False, with a constant sentence, when it is malformed. */
bool dns_message_read(struct str bytes, const struct dns_question *q,
	struct arena *a, struct dns_message *ret, const char **ret_why);

#endif
