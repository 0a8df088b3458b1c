#ifndef DETECTORS_WATCH_H
#define DETECTORS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "store/facts.h"
#include "store/record.h"

/*
 * A watch judges one region of one deployment: it says which result is
 * history, canary or control, feeds a detector with it, and puts the
 * detector's opinion into words.
 *
 * Pure: results come in by the time at which they count (store/feed.h); no
 * clock, no store.  The same results give the same judgement.
 */
/* Canary and controls; the line file allows fewer regions in a stage. */
enum { WATCH_ARMS_MAX = 32 };

struct watch_check { /* a job: suite x role x row, gate: block */
	struct str suite, role, row;
	uint32_t every_ms;
	uint16_t group;
};

/*
 * A time in which what answers in an arm is not what it should be.  Of a
 * control: it is itself deploying or being judged.  Of the canary (arm 0): a
 * version was there that was never accepted; results that tell no version are
 * then not history.
 */
struct watch_gap {
	uint32_t arm;
	int64_t from_us, to_us;
};

struct watch_spec {
	struct str deployment, version, region;
	int64_t start_us, done_us; /* of this region */
	const struct str *control; /* "prod/east"; none: its own past */
	size_t ncontrols;
	const struct watch_check *check;
	size_t nchecks;  /* at least 1 */
	bool attributed; /* the line says how a version is seen */
	/*
	 * History: results of versions that were accepted in the region; with
	 * `all_history` (nothing was ever deployed there by us) all of them.
	 * Else a bad version would teach that its fix's faults are normal.
	 */
	const struct str *good_version;
	size_t ngood;
	bool all_history;
	uint64_t soak_ms, horizon_ms;
	double false_halt, smallest_effect;
};

enum watch_part {
	WATCH_NOTHING, /* not evidence: not counting, not ours, deploying */
	WATCH_HISTORY, /* before deploy start */
	WATCH_JUDGED   /* from deploy done on */
};

enum watch_version { WATCH_THIS, WATCH_UNKNOWN, WATCH_OTHER };

struct watched {
	enum watch_part part;
	uint32_t check, arm; /* arm: 0 canary, 1.. controls */
	bool failed;
	bool extra; /* asked between two slots: earns nothing */
	enum watch_version version;
	int64_t at_us;
	uint32_t took_us;
};

struct watch;

struct watch *watch_new(const struct watch_spec *spec); /* copies */
void watch_free(struct watch *w);                       /* NULL is fine */

/*
 * The gaps as they are known now; copied.  They follow from deployments, which
 * are facts with times: whoever reads the stream later sees the same.
 */
void watch_set_gaps(struct watch *w, const struct watch_gap *gap, size_t n);

/* What a result is for this deployment; changes nothing. */
struct watched watch_classify(const struct watch *w, const struct result *r,
	int64_t at_us);
/* t0: the end of warmup, as soon as it is known (gate/credit.h). */
void watch_begin_judging(struct watch *w, int64_t t0_us);
/* Feeds it. `r` is asked for its evidence when it is a failure. */
void watch_observe(struct watch *w, const struct watched *o,
	const struct result *r);

/*
 * The judgement as far as the detector knows it; soak, arms and freshness
 * are filled in by the caller.  Texts live in the arena.
 */
void watch_judge(const struct watch *w, int64_t now_us, struct arena *a,
	struct judgement *ret);
/* What a detector tells of one arm's latency, as a judgement has it. */
struct latency_arm;
struct judgement_slow watch_latency_row(const struct latency_arm *arm,
	struct str check, struct str name);
/* Checks that more results would soon tell about, the worst first. */
struct watch_suspect {
	uint32_t check;
	double evidence;
};
uint32_t watch_suspects(const struct watch *w, uint32_t max,
	struct watch_suspect *ret);
/* "orders/default", "orders/tester/eu": how a check is named to people. */
struct str watch_check_name(const struct watch *w, uint32_t check,
	struct arena *a);
/* First failures since deploy done and the same checks in a control: JSON. */
struct str watch_failures(const struct watch *w);

/* The least soak after which a pass can rule out `smallest_effect`, when the
 * canary alone fails so often; UINT64_MAX: never. */
uint64_t watch_least_pass_ms(double runs_per_s, double smallest_effect,
	unsigned failures);

/* For a checkpoint; load() wants the same spec, else NULL. */
void watch_save(const struct watch *w, struct buf *out);
struct watch *watch_load(const struct watch_spec *spec, struct str saved);

#endif
