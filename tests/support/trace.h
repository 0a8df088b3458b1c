#ifndef TESTS_SUPPORT_TRACE_H
#define TESTS_SUPPORT_TRACE_H

#include "base/arena.h"
#include "detectors/detector.h"

/*
 * The labelled deployments of ../shared/traces (ANDON_SHARED), read in place
 * and put into the order in which a watcher feeds them: by time, behind a
 * watermark of 2 s; a second copy and what is later than its successor are
 * dropped (run_traces.py of the reference).  Time 0 is the deploy.
 */
struct trace_step {
	struct observation seen; /* without its latency: */
	uint32_t took_us;
	int64_t now_us; /* newest time that had arrived when it was fed */
};

struct trace {
	struct stage_shape shape;
	int64_t history_us;
	struct trace_step *step;
	size_t nsteps;
};

/* Where shared files are: "../shared" or ANDON_SHARED. */
const char *shared_path(void);
/* Whether absent shared files are a failure (CI=true). */
bool shared_required(void);

/* NULL when the file can not be read. */
const struct trace *trace_load(struct arena *a, const char *name);

#endif
