#ifndef RUNNER_REPORT_H
#define RUNNER_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "runner/plan.h"
#include "store/record.h"
#include "suites/check.h"

/*
 * One run told whole, for `andon test`: every step with its attempts and
 * assertions.  Secrets are taken out where it is made; whoever prints it need
 * not think of them (but must make control characters visible).
 *
 * Lives in the arena of the run or of the caller of once_run().
 */
enum step_section { SECTION_SETUP, SECTION_STEPS, SECTION_CLEANUP };

struct attempt_report {
	struct attempt_report *next;
	enum outcome outcome;
	enum reason reason;
	uint16_t status;
	uint32_t took_us;
	struct str message;
};

struct step_report {
	struct step_report *next;
	enum step_section section;
	struct str name;
	enum outcome outcome; /* PASS, FAIL, ERROR, RUNNER_ERROR, SKIPPED */
	enum reason reason;
	bool flaky, degraded;
	uint16_t status; /* HTTP status; 0: none */
	uint64_t took_us;
	uint32_t dns_us, connect_us, tls_us, ttfb_us, transfer_us;
	uint32_t attempts;
	struct attempt_report *attempt; /* all of them, in order */
	const struct assertion *expect; /* of the last attempt */
	const struct assertion *warn;
	struct str message; /* "status 502 != 201"; skipped: "needs login" */
	struct str place;   /* "suites/pay.yaml:41:7" */
	struct str method, url, address;
	struct str curl; /* repeats the request; secrets as $VARS */
	struct str body; /* excerpt, when failed */
	struct str type; /* Content-Type of the answer */
};

struct run_report {
	struct run_report *next;
	struct run_report *same; /* the next address of `addresses: each` */
	struct str address;      /* that it was for; STR_NONE: any */
	const struct job *job;
	enum outcome outcome;
	enum reason reason;
	bool flaky, degraded;
	int64_t started_us;
	uint64_t took_us;
	struct str run_id;  /* ${run.id} */
	struct str version; /* that the region answered; "" not told */
	struct str message; /* of the deciding step */
	const struct step_report *failed; /* the deciding step; NULL: none */
	struct step_report *steps;        /* in the order of the run */
	uint8_t trace_id[16];
};

#endif
