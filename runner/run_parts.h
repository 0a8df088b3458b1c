#ifndef RUNNER_RUN_PARTS_H
#define RUNNER_RUN_PARTS_H

#include "runner/run.h"

/* What runner/run*.c share; nobody else includes this. */
enum run_state {
	RUN_BEGIN,   /* the clock of the run starts */
	RUN_EACH,    /* ask for the addresses, start a run for each */
	RUN_NEXT,    /* choose the next step */
	RUN_PREPARE, /* is it to be run? its vars and deadline */
	RUN_ASK,     /* send a request */
	RUN_WAIT,    /* for the answer, or for a pause to end */
	RUN_ANSWER,  /* judge the answer */
	RUN_LEAVE,   /* the step is over */
	RUN_END,
	RUN_ENDED,
	RUN_STATES
};

struct verdict { /* of an attempt, a step or the run */
	enum outcome outcome;
	enum reason reason;
	struct str message;
};

struct each {                 /* of `addresses: each` */
	struct run_host host; /* whose runs report to this one */
	struct run_ask ask;
	struct resolve_wait *wait;
	struct run *child[RESOLVE_ADDRESSES];
	size_t count, ended;
	bool aborting;
};

struct same_made { /* a value that other runs may be compared with */
	struct same_made *next;
	struct str step, extractor;
	struct same_value value;
};

struct token { /* of OAuth 2.0, for the rest of the run */
	struct token *next;
	struct str url, body, basic; /* the request; basic: STR_NONE: none */
	struct str value;            /* STR_NONE: not fetched yet */
	uint64_t until_ns;           /* 0: it says nothing */
};

struct run {
	const struct run_host *host;
	const struct job *job;
	struct plan *plan;
	struct arena *arena;
	struct vars vars;
	struct each *each;  /* NULL: an ordinary run */
	struct str address; /* STR_NONE: any */
	struct origin address_of;
	struct redact *redact;
	struct http_session *session, *token_session;
	struct token *tokens;
	struct origin base; /* of the region's base_url */
	bool has_base;
	struct loop_timer timer;

	enum run_state state, after; /* after: where a wait leads to */
	enum step_section section;
	const struct step *step; /* NULL: before the first of the section */
	uint64_t start_ns, deadline_ns; /* deadline: of the section */
	uint64_t number;

	/* the step */
	struct step_report *report;
	struct attempt_report **attempt_last;
	uint64_t step_ns, attempt_ns, step_deadline_ns;
	unsigned retries;
	struct http_call call; /* also carries the answer of a probe */
	struct probe_call probe;
	struct token *fetched;   /* just now, for the step that asks again */
	struct token *token;     /* wanted before the step can ask */
	struct http_call ticket; /* that fetches it */
	bool token_retry;        /* it failed on the network */
	bool answered;           /* there is a response to look at */
	bool heard, lost;        /* there was one; then there was none */
	struct verdict verdict;
	const struct assertion *expect, *warn;

	/* the run */
	struct verdict decided; /* PASS: nothing decided yet */
	struct step_report *failed, *last;
	const struct evidence_header *headers; /* of the failed answer */
	size_t nheaders;
	struct step_report **report_last;
	bool ran_any, flaky, degraded, mixed, over;
	struct str version; /* served */
	struct same_values same;
	struct same_made *made;
	struct run_report told;
	struct result result;
};

/* run_ask.c: the request of a step.  False: *v says why, or it is to be
 * skipped (SKIPPED, message "needs x"). */
bool run_request(struct run *r, struct verdict *v);
/* run_probe.c: the same of a step of tcp, tls or dns. */
bool run_probe(struct run *r, struct verdict *v);
struct str run_probe_command(struct run *r); /* that repeats it */
/* Is any of these names one that a step captures? */
bool run_uses_capture(const struct run *r, const struct template_ref *refs);
/* Built-in values, vars of role, suite and command line. */
bool run_vars(struct run *r, const struct run_ask *ask, struct verdict *v);
bool run_step_vars(struct run *r, struct verdict *v);
/* Adds what was captured, secret or not. */
void run_keep(struct run *r, struct str name, const struct json *value,
	bool secret);

/* Fills in a text; what was made from a secret is one from then on. */
bool run_render(struct run *r, const struct template *t, struct str *ret,
	struct verdict *v);
/* name=value pairs, percent-encoded, with & between them. */
bool run_pairs_add(struct run *r, const struct pair *from, struct buf *out,
	struct verdict *v);

/*
 * run_auth.c: who asks, into r->call.  Where a token has to be fetched first,
 * `r->token` is the one that is wanted, and run_token() fetches it: then the
 * step asks again (RUN_ASK), or its attempt has failed (RUN_ANSWER).  False: it
 * has failed already, and r->call says why.
 */
bool run_auth(struct run *r, const struct auth *a, struct verdict *v);
bool run_token(struct run *r);
/* The auth of the step that is running: its own, or its role's. */
const struct auth *run_auth_of(const struct run *r);
void run_go(struct run *r, enum run_state state); /* run.c */

/* Of the attempt, by the table of reasons. */
struct verdict run_verdict(enum reason reason, struct str message); /* run.c */

/* run_again.c: is an attempt that did not pass the last one of its step?
 * False: it is. */
bool run_again(struct run *r, uint64_t *ret_due_ns);
/* `fail_when` of a poll holds: r->verdict says so. */
bool run_gives_up(struct run *r);
/* The verdict of the step: that of its last attempt, and of how many. */
void run_tell_last(struct run *r);

/* run_each.c: many addresses, one result. */
void run_each_init(struct run *r, const struct run_ask *ask);
void run_each_state(struct run *r); /* RUN_EACH */
void run_each_tell(struct run *r);  /* when all have ended */
void run_each_abort(struct run *r, const char *why);
void run_each_free(struct run *r);

/* run_same.c: what `sameAs` compares. */
void run_same_init(struct run *r); /* after run_vars() */
void run_same_end(struct run *r);  /* the run is decided */

/* run_tell.c: reports and evidence, redacted. */
struct step_report *run_report_step(struct run *r, const struct step *s);
void run_report_attempt(struct run *r);
void run_report_leave(struct run *r);
void run_report_failed(struct run *r); /* this step decides the run */
void run_tell(struct run *r);

/* run_curl.c: the request as a curl command, redacted. */
struct str run_curl(struct run *r);
/* Does the suite hide this header in what it tells? */
bool run_header_secret(const struct run *r, struct str name);

#endif
