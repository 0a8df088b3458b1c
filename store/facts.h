#ifndef STORE_FACTS_H
#define STORE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"
#include "store/record.h"

/*
 * The facts of a line: everything a decision may rest on, as one consistent
 * picture read in one go (store_facts()).  The decisions themselves are pure
 * functions of (facts, now) in gate/; they answer with a struct tx, which
 * store_commit() applies all or not at all.
 *
 * `now_us` is the store's own clock at the moment of reading: a permit that
 * was cut off together with an old master expires by that master's clock.
 */
/* clang-format off */
#define DEPLOYMENT_STATE_MAP(X)                                               \
	/* name           token            final text */                      \
	X(ANNOUNCED,     "announced",      0, "CD will deploy")               \
	X(QUEUED,        "queued",         0, "waits for an older one")       \
	X(DEPLOYING,     "deploying",      0, "CD started")                   \
	X(VERIFYING,     "verifying",      0, "waiting for the version")      \
	X(WARMING,       "warming",        0, "warming up")                   \
	X(SOAKING,       "soaking",        0, "judged; credit grows")         \
	X(HELD,          "held",           0, "a person or data must act")    \
	X(HALTED,        "halted",         0, "the cord was pulled")          \
	X(ACCEPTED,      "accepted",       1, "requirements met")             \
	X(STOPPED,       "stopped",        1, "verdict halt")                 \
	X(SUPERSEDED,    "superseded",     1, "a newer version took over")    \
	X(EXPIRED,       "expired",        1, "never started")                \
	X(CANCELLED,     "cancelled",      1, "cancelled")                    \
	X(FAILED_DEPLOY, "failed_deploy",  1, "CD failed")                    \
	X(ROLLED_BACK,   "rolled_back",    1, "rolled back")

enum deployment_state {
#define X(name, token, final, text) DEPLOYMENT_##name,
	DEPLOYMENT_STATE_MAP(X)
#undef X
	DEPLOYMENT_STATES
};

/* Why, as the answer's JSON says it: `TOKEN: sentence`. */
#define WHY_MAP(X)                                                            \
	X(PASSED,            "passed")                                        \
	X(SMOKE_FAILURE,     "smoke_failure")                                 \
	X(ANOMALY,           "anomaly")                                       \
	X(LINE_STOPPED,      "line_stopped")                                  \
	X(HALTED,            "halted")                                        \
	X(FROZEN,            "frozen")                                        \
	X(APPROVAL,          "approval")                                      \
	X(QUEUED,            "queued")                                        \
	X(UNREGISTERED,      "unregistered")                                  \
	X(VERIFYING,         "verifying")                                     \
	X(WARMING,           "warming")                                       \
	X(SOAKING,           "soaking")                                       \
	X(STARVED,           "starved")                                       \
	X(INCONCLUSIVE,      "inconclusive")                                  \
	X(CONTROL_SICK,      "control_sick")                                  \
	X(OTHER_VERSION,     "other_version")                                 \
	X(EXPIRED,           "expired")                                       \
	X(OBSERVER_FAULT,    "observer_fault")                                \
	X(STORE_UNREACHABLE, "store_unreachable")                             \
	X(DETECTOR_STALE,    "detector_stale")                                \
	X(SUPERSEDED,        "superseded")                                    \
	X(REGION_SICK,       "region_sick")

enum why {
#define X(name, token) WHY_##name,
	WHY_MAP(X)
#undef X
	WHYS
};

#define LANE_MAP(X)                                                           \
	X(ORDINARY, "ordinary")                                               \
	X(FIX,      "fix")                                                    \
	X(ROLLBACK, "rollback")

enum lane {
#define X(name, token) LANE_##name,
	LANE_MAP(X)
#undef X
	LANES
};
/* clang-format on */

const char *deployment_state_token(enum deployment_state s);
const char *deployment_state_text(enum deployment_state s);
bool deployment_state_final(enum deployment_state s);
bool deployment_state_from_token(struct str t, enum deployment_state *ret);
const char *why_token(enum why w);
bool why_from_token(struct str t, enum why *ret);
const char *lane_token(enum lane l);
bool lane_from_token(struct str t, enum lane *ret);

struct deployment_region {
	struct str region;                    /* "prod/west" */
	int64_t start_us, done_us, failed_us; /* 0: not yet */
	int64_t verified_us; /* every required check saw the version k times */
	int64_t t0_us;       /* verified_us + warmup: statistics begin */
};

struct approval {
	struct str by, reason;
	int64_t at_us;
};

/* The cord was pulled over it: results go on, and earn no credit. */
struct deployment_pause {
	int64_t from_us, to_us; /* to_us 0: it still is */
};
enum { DEPLOYMENT_PAUSES_MAX = 100, DEPLOYMENT_APPROVALS_MAX = 100 };

/*
 * One deployment at a stage; id is line/stage/version/attempt.  A stage that
 * deploys nothing has deployments too, without regions.
 */
struct deployment {
	struct str id, stage, version, change, by, fixes;
	uint32_t attempt;
	enum lane lane;
	enum deployment_state state, before_halt; /* HALTED: what was */
	enum why why;
	struct str reason; /* sentence behind `why` */
	int64_t announced_us, start_us, done_us, final_us;
	int64_t undone_us; /* rolled back or failed after it was accepted */
	int64_t since_us;  /* of the state */
	uint64_t rev;      /* the line's rev at its last transition */
	struct deployment_region *region;
	size_t nregions;
	struct approval *approval;
	size_t napprovals;
	struct deployment_pause *pause; /* in order of time */
	size_t npauses;
	/* of a stop: which rule, stream and check carried it */
	struct str rule, stream, check, cause;
	struct str plan_hash; /* of the plan that it is judged by */
	struct str config;    /* hash of line file and suites */
};

/* A judgement of one region of a deployment, renewed by a live detector. */
struct judgement_arm {
	struct str region, arm; /* arm: "canary" or "control" */
	uint64_t runs, failed;
	int64_t newest_us; /* end of the newest counting result; 0: none */
};

/*
 * Slow answers of one arm, of one check or of all that are judged for latency.
 * Zero where nothing is known.
 */
struct judgement_slow {
	struct str check, arm; /* "": all checks; "canary" or "control" */
	uint64_t before, slow_before; /* answers; those of the history */
	uint64_t since, slow;         /* since the statistics began */
	/* Longer is slow: the limits of its checks and regions. */
	uint64_t limit_low_us, limit_high_us;
	/* Of one check; of several checks or regions the mean of theirs. */
	uint64_t median_before_us, median_us;
};

struct judgement {
	struct str deployment, region, detector,
		control; /* regions|past|none */
	uint64_t epoch;  /* of the detector's lease */
	int64_t at_us;   /* time of judging, the store's clock */
	enum verdict_state verdict;
	struct str rule, stream, check; /* of a halt */
	int64_t halted_us;
	double evidence, halt_at, canary_rate, baseline_rate, excluded_rise;
	double rise_over_past, smallest_effect;
	bool pending, held; /* held: anomaly without a history */
	bool control_sick, attributed;
	struct str
		waiting; /* what keeps the pass away, in words; "": nothing */
	struct judgement_arm *arm;
	size_t narms;
	/*
	 * All checks first; the checks that are named where slow answers carry
	 * the evidence; the canary of each, then its controls.
	 */
	struct judgement_slow *slow;
	size_t nslows;
	/* Of so many checks latency is not judged in every region.  0 checks:
	 * the detector that wrote this did not tell. */
	uint32_t latency_unjudged, checks;
	/* soak, from gate/credit */
	uint64_t required_s, credited_s, starved_s;
	bool starved, other_version;
	struct str missing; /* which check or region starves, in words */
	int64_t verified_us, t0_us; /* 0: not yet */
	uint32_t min_runs_left;     /* runs still needed over all checks */
};

struct permit {
	struct str stage, deployment, config;
	uint64_t epoch, rev;
	int64_t valid_until_us;
};

/* Scope: "line", "prod" (environment) or "prod/west". */
struct scope_state {
	struct str scope, reason, by, cause, deployment;
	bool automatic; /* by a verdict: resume wants a cause or a fix */
	bool journaled; /* the detector has it on disk */
	int64_t since_us;
};

struct ci_check {
	struct str version, name, by;
	bool ok;
	int64_t at_us;
};

struct live { /* what is deployed in a region, as far as known */
	struct str region, deployment, version;
	int64_t since_us; /* deploy done */
};

struct plan_job {
	struct str suite, role, row, region;
	uint64_t every_ms, timeout_ms;
	uint64_t every_failing_ms; /* 0: as every_ms */
	bool block;                /* gate: block */
	struct str *tag;
	size_t ntags;
};

/* The required checks, published by the runner (WORKFLOW.md 3). */
struct plan_record {
	struct str hash;   /* of the jobs below */
	struct str config; /* of line file and suites */
	struct str runner;
	int64_t at_us;
	struct plan_job *job;
	size_t njobs;
};

struct runner_lease {
	struct str id, vantage, plan_hash;
	uint64_t epoch;
	int64_t seen_us, valid_until_us;
};

struct detector_lease {
	struct str id;
	uint64_t epoch; /* 0: none was ever taken */
	int64_t valid_until_us;
};

/*
 * Checks that a detector wants asked at `every_failing`, in the canary and in
 * all of its controls alike, from one moment to another.  A time that is over
 * or a record that is lost mean plain `every` again: slower, never wrong.
 */
enum { SUSPECTS_MAX = 4 };

struct suspect {
	struct str suite, role, row;
	struct str *region; /* all that are compared: "prod/west" */
	size_t nregions;
	int64_t from_us, until_us; /* the store's clock */
	double evidence; /* of the check against the canary, when it was told */
};

struct suspicion {
	uint64_t epoch;          /* of the detector that wrote it */
	struct suspect *suspect; /* at most SUSPECTS_MAX */
	size_t nsuspects;
};

/*
 * How a region is, deployment or not (detectors/vital.h).  Only WELL is good
 * news, and only while it is fresh and of the detector that holds the lease.
 */
/* clang-format off */
#define PULSE_MAP(X)                                                          \
	X(UNKNOWN, "unknown") /* a required check does not report */         \
	X(WELL,    "well")                                                    \
	X(SICK,    "sick")

enum pulse_state {
#define X(name, token) PULSE_##name,
	PULSE_MAP(X)
#undef X
	PULSES
};
/* clang-format on */
const char *pulse_token(enum pulse_state s);
bool pulse_from_token(struct str t, enum pulse_state *ret);

struct pulse_check {
	struct str name; /* "orders/default" */
	int64_t since_us;
	uint64_t runs, failed; /* since then */
};

struct pulse {
	struct str region;
	uint64_t epoch;
	int64_t at_us; /* when it was told, the store's clock */
	enum pulse_state state;
	int64_t since_us;     /* of SICK: the first failure that counts */
	int64_t recovered_us; /* of the last sickness; 0: none, or not yet */
	int64_t newest_us;    /* end of the newest result */
	struct str rule;      /* of SICK: outage, check-down, errors */
	struct str text;      /* in words */
	double evidence, alarm_at;
	uint64_t runs, failed;     /* since since_us */
	uint64_t past_s;           /* of results that it knows */
	uint32_t elsewhere;        /* other regions that are sick now */
	struct pulse_check *check; /* that are down */
	size_t nchecks;
};

struct pulses {
	struct pulse *pulse;
	size_t npulses;
};

struct facts {
	int64_t now_us; /* the store's clock */
	uint64_t rev;   /* counts transitions of this line */
	struct str line;
	struct scope_state *scope; /* stopped or halted ones only */
	size_t nscopes;
	struct deployment *deployment; /* newest last; finals kept 30 days */
	size_t ndeployments;
	struct judgement *judgement;
	size_t njudgements;
	struct permit *permit; /* also expired ones: compare valid_until_us */
	size_t npermits;
	struct ci_check *ci;
	size_t nci;
	struct live *live;
	size_t nlive;
	const struct plan_record *plan; /* NULL: none */
	struct runner_lease *runner;    /* valid ones */
	size_t nrunners;
	struct detector_lease detector;
	const struct suspicion *suspicion; /* also old ones; NULL: none */
	struct pulses pulses;              /* also old ones: compare at_us */
};

const struct deployment *facts_deployment(const struct facts *f, struct str id);
/* Newest attempt of stage and version; NULL: unregistered. */
const struct deployment *facts_latest(const struct facts *f, struct str stage,
	struct str version);
const struct judgement *facts_judgement(const struct facts *f,
	struct str deployment, struct str region);
const struct permit *facts_permit(const struct facts *f, struct str stage);
const struct live *facts_live(const struct facts *f, struct str region);
const struct pulse *facts_pulse(const struct facts *f, struct str region);

/*
 * A transaction: what a decision wants written.  Guarded by the line's `rev`
 * and, from a detector, by its epoch: another writer in between, or a newer
 * detector, and nothing is written.  Built in an arena, pure.
 */
struct tx;

struct tx *tx_new(struct arena *a, const struct facts *f);
void tx_fence(struct tx *t, uint64_t epoch);
void tx_deployment(struct tx *t, const struct deployment *d);
void tx_scope(struct tx *t, const struct scope_state *s);
void tx_scope_clear(struct tx *t, struct str scope);
void tx_live(struct tx *t, const struct live *l);
void tx_ci(struct tx *t, const struct ci_check *c);
/* One line of the audit (never trimmed) and one event (wakes waiters). */
void tx_audit(struct tx *t, const char *event, struct str subject,
	struct str by, struct str reason);
bool tx_empty(const struct tx *t);

/* JSON of each record, and back: the form in which the store keeps them.
 * Unknown fields are ignored; an unknown major version is refused (false). */
void deployment_write(struct buf *out, const struct deployment *r);
bool deployment_read(struct arena *a, struct str text, struct deployment *ret);
void judgement_write(struct buf *out, const struct judgement *r);
bool judgement_read(struct arena *a, struct str text, struct judgement *ret);
void plan_write(struct buf *out, const struct plan_record *r);
bool plan_read(struct arena *a, struct str text, struct plan_record *ret);
void suspicion_write(struct buf *out, const struct suspicion *r);
bool suspicion_read(struct arena *a, struct str text, struct suspicion *ret);
void pulses_write(struct buf *out, const struct pulses *r);
bool pulses_read(struct arena *a, struct str text, struct pulses *ret);

#endif
