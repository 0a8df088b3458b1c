#ifndef SUITES_RESPONSE_H
#define SUITES_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/str.h"

/*
 * What one exchange gave, as the assertions see it.  The runner fills it in
 * (runner/http.h); it lives in the run's arena.  Bytes of the body are after
 * content decoding.
 */
struct response_header {
	struct response_header *next; /* in the order of arrival */
	struct str name, value;
};

/* Facts beside the bytes of an answer: suites/facts.c says which there are. */
enum fact_group { FACTS_CERTIFICATE, FACTS_TLS, FACTS_DNS, FACT_GROUPS };

struct response_hop { /* a redirect that was followed */
	struct response_hop *next;
	uint16_t status;
	struct str url, location; /* who answered so, and where it led to */
};

struct response {
	uint16_t status;
	struct str http_version;               /* "1.0", "1.1", "2" */
	struct str url;                        /* effective, after redirects */
	struct str ip;                         /* address that answered */
	const struct response_header *headers; /* of the last hop */
	struct str body;
	const struct response_hop *redirects; /* in their order */
	uint32_t attempts; /* of this step, this one included */
	/* microseconds; 0: the phase did not happen */
	uint32_t dns_us, connect_us, tls_us, ttfb_us, transfer_us, total_us;

	/* objects of fact to value; NULL: there is none, as no TLS */
	const struct json *facts[FACT_GROUPS];

	/* filled on first use by suites/query.c */
	bool json_tried;
	const struct json *json; /* NULL after a try: not JSON */
	struct json_error json_error;
	struct arena *arena;
};

/* First header of that name (ASCII, no case), STR_NONE if none. */
struct str response_header_get(const struct response *r, struct str name);

#endif
