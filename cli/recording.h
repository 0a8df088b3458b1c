#ifndef CLI_RECORDING_H
#define CLI_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "detectors/detector.h"

/*
 * A recorded deployment: what was run, in canary and controls, before and
 * after.  Time 0 is the deploy.
 *
 * The file is CSV behind one line of JSON:
 *
 *	# {"id": "d7", "checks": 20, "interval_s": 10, "history_s": 2400,
 *	   "soak_s": 1800, "baselines": 1, "groups": null}    (all on one line)
 *	t_ms,check,region,ok,lat_ms
 *	-2400000,0,0,1,84.2
 *
 * Region 0 is the canary, 1.. are the controls; an empty latency is unknown.
 * interval_s may be a list, one for each check; groups is null or a list of
 * names, one for each check; check_names, a list, is optional.  Rows stand in
 * the order in which the results arrived.
 *
 * Or lines of JSON: the first says what is compared, each of the others is a
 * result as `andon test --format json` gives it in `runs`:
 *
 *	{"id": "d7", "canary": "prod/west", "controls": ["prod/east"],
 *	 "deployed": "2026-05-04T10:00:00Z", "soak_s": 1800, "interval_s": 10}
 *	{"suite": "orders", "env": "prod", "region": "west", "role": null,
 *	 "row": null, "outcome": "pass", "started": "2026-05-04T09:20:00.000Z",
 *	 "took_ms": 84.2}
 *
 * A check is a suite with its role and row.
 */
enum {
	RECORDING_ROWS_MAX = 50000000,
	RECORDING_LINE_MAX = 4 << 20,
	RECORDING_LATENCY_MAX_S = 3600 /* longer is no latency: not counted */
};

struct recorded {
	int64_t at_us;
	uint32_t check, took_us; /* 0: unknown */
	uint32_t line;           /* in the file, from 1 */
	uint16_t region;
	bool failed, duplicate;
};

struct recording {
	struct str path, id;
	struct stage_shape shape; /* false_halt and effect 0: not recorded */
	const struct str *check_name; /* NULL: they have only numbers */
	int64_t history_us;
	int64_t warmup_us;    /* from 0 to there only the hard paths stop */
	struct recorded *row; /* as they arrived */
	size_t nrows;
	uint64_t duplicates, bad_latencies;
	/* Of lines of JSON and of a store: no evidence, or elsewhere. */
	uint64_t not_counting, elsewhere;
};

/*
 * "-" is stdin.  False with the file, the line and what is wrong with it.  A
 * row that can not be true (an unknown region or check, two results of one run
 * that differ) is an error; a latency that can not be (NaN, negative, above
 * an hour) is counted and unknown.
 */
bool recording_read(struct arena *a, const char *path, struct recording *ret,
	struct err *e);
/* The same of an open file; the name must live as long as *ret. */
bool recording_from(struct arena *a, FILE *in, const char *name,
	struct recording *ret, struct err *e);
void recording_free(struct recording *r);

#endif
