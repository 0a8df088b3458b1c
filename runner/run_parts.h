#ifndef RUNNER_RUN_PARTS_H
#define RUNNER_RUN_PARTS_H

#include "runner/run.h"

/* What runner/run*.c share; nobody else includes this. */
enum run_state {
	RUN_BEGIN,   /* the clock of the run starts */
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

struct run {
	const struct run_host *host;
	const struct job *job;
	struct plan *plan;
	struct arena *arena;
	struct vars vars;
	struct redact *redact;
	struct http_session *session;
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
	struct http_call call;
	bool answered; /* there is a response to look at */
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
	struct run_report told;
	struct result result;
};

/* run_ask.c: the request of a step.  False: *v says why, or it is to be
 * skipped (SKIPPED, message "needs x"). */
bool run_request(struct run *r, struct verdict *v);
/* Built-in values, vars of role, suite and command line. */
bool run_vars(struct run *r, const struct run_ask *ask, struct verdict *v);
bool run_step_vars(struct run *r, struct verdict *v);
/* Adds what was captured, secret or not. */
void run_keep(struct run *r, struct str name, const struct json *value,
	bool secret);

/* run_tell.c: reports and evidence, redacted. */
struct step_report *run_report_step(struct run *r, const struct step *s);
void run_report_attempt(struct run *r);
void run_report_leave(struct run *r);
void run_report_failed(struct run *r); /* this step decides the run */
void run_tell(struct run *r);
struct str run_curl(struct run *r);

#endif
