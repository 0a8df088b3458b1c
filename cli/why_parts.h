#ifndef CLI_WHY_PARTS_H
#define CLI_WHY_PARTS_H

#include "cli/why_view.h"

/*
 * Inside of why: what is worked out before it is shown, the same for people
 * and machines.
 */
struct why_parts {
	enum deployment_state state;
	struct str reason; /* "TOKEN: sentence" */
	/* frozen at the stop where there is one, else as they are now */
	struct judgement *judgement;
	size_t njudgements;
	const struct json *failures; /* array; NULL: none were kept */
	const struct json *first;    /* in the canary; NULL: none */
	int64_t first_us;            /* 0: unknown */
	int64_t done_us;             /* of the region of `first`; 0: not yet */
	struct str next[4];          /* what to do, as sentences */
	size_t nnext;
};

void why_work(const struct why_facts *w, struct arena *a,
	struct why_parts *ret);
/* "more failures than chance explains": what its rule means; "" unknown. */
const char *why_rule_text(const struct judgement *j);

struct why_rate {
	uint64_t runs, failed;
};
/* All arms of a judgement called so: "canary" or "control". */
struct why_rate why_rate_of(const struct judgement *j, struct str arm);

#endif
