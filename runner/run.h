#ifndef RUNNER_RUN_H
#define RUNNER_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/loop.h"
#include "runner/http.h"
#include "runner/plan.h"
#include "runner/probe.h"
#include "runner/report.h"
#include "runner/same.h"
#include "store/record.h"

/*
 * One run of one job: setup, steps, clean-up, as a state machine on a loop.
 *
 * - A setup step that fails makes the run an error (reason setup): it says
 *   nothing about what the suite is there to check.
 * - After a failed step the rest of setup and steps is skipped; the clean-up
 *   always runs, with a time budget of its own (the suite's `timeout` once
 *   more).  A clean-up step is skipped where a value that it needs was never
 *   captured.  A clean-up that fails fails a run that had passed.
 * - All assertions of an attempt are evaluated, then captures are made, also
 *   of an answer that failed: a created thing must be cleaned up.
 * - `sameAs` with nothing to compare with (reason compare) hides no failure:
 *   the steps after it are run, and what fails there decides.
 * - A run of which no step of `steps` was run is skipped, never passed.
 * - Text that can not be sent (a line break in a header) is a failure of the
 *   capture when a captured value went in, and our own trouble otherwise.
 *
 * With `addresses: each` it is a run for each address of base_url's host, side
 * by side, and one result: that of the worst one, with what became of the
 * others.  Only where every address passed it passes; one slot stays one
 * result, so a dead backend is not thinned out by those that live.
 *
 * A run belongs to its loop's thread.
 */
struct run;

struct run_host { /* of one worker; outlives its runs */
	struct loop *loop;
	struct http *http;
	struct probes *probes;
	struct str runner, line, vantage;
	uint64_t seed;           /* 0: random */
	struct same_table *same; /* of sameAs; NULL: compares nothing */
	bool reports;            /* full reports also of what passed */
	bool once;               /* every job once: no run has one before it */
	void (*done)(struct run *r, void *owner); /* never from run_start() */
	void *owner;
};

struct run_ask {
	const struct job *job;
	struct plan *plan;                     /* a reference is taken */
	struct str deployment, deploy_version; /* live there; copied */
	struct str served; /* version by URL, copied; STR_NONE: by header */
	struct http_pool *pool; /* whose connections it has; NULL: its own */
	uint64_t number;        /* ${run.number} */
	/* of `addresses: each`: this run is for one; STR_NONE: it is not */
	struct str address;
	struct origin address_of;
	uint32_t late_us;
	uint64_t delay_ns; /* jitter: it begins so much later */
	bool maintenance;
	bool extra; /* between two slots of `every` */
};

struct run *run_start(const struct run_host *h, const struct run_ask *ask);
/* Ends it now, as runner_error/internal with this message; calls done. */
void run_abort(struct run *r, const char *why);

/* The region that a check of this job is compared with, perhaps its own;
 * STR_NONE: another run of this one, or none. */
struct str run_same_source(const struct plan *p, const struct job *j,
	const struct same *s);

/* It stands for a slot of `every` after all. */
void run_take_slot(struct run *r);

/* After done(); both live until run_free().  The steps of the report, and the
 * attempts of each, are there as they happen. */
const struct result *run_result(const struct run *r);
struct run_report *run_report(struct run *r);
const struct job *run_job(const struct run *r);
void run_free(struct run *r);

#endif
