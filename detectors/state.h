#ifndef DETECTORS_STATE_H
#define DETECTORS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detectors/detector.h"
#include "detectors/stats.h"

/*
 * The state of the error-rate detector: one block of bytes, inside
 * detectors/ only.
 *
 * A head, then arrays at offsets that follow from the shape alone.  Nothing
 * in it is an address, so the block may be moved, stored and read back.  The
 * head's first part (struct fixed) never changes after begin(); resumes()
 * computes it again and compares.
 *
 * Times are whole microseconds of Unix time; where the reference calculates
 * with seconds, seconds_at() gives them relative to the phase's origin, with
 * the same rounding (DETECTION.md, detector.py).
 *
 * Change STATE_VERSION with every change of the layout or of the meaning.
 */
#define STATE_VERSION 5u
#define STATE_MAGIC   0x41444553u /* "ADES" */

#define US_PER_S 1000000
#define NEVER    (INT64_MIN / 4) /* differences of two do not overflow */

/* Settings; the order is that of values[]. */
/* clang-format off */
#define PARAM_MAP(X)                                                          \
	/* name           type     low    high   fallback unit help */       \
	X(INVEST,    "invest_now",     RATE,     .1,  1.,   .7, "",           \
	  "share of the evidence's stake laid at once; the rest is laid "    \
	  "evenly over the judged time (w0)")                                \
	X(TRANSIENT, "transient",      DURATION, 0.,  300., 20., "s",         \
	  "what follows a burst of failures and is skipped (L)")             \
	X(MEMORY,    "memory",         RATE,     1.,  100., 3., "slices",     \
	  "memory of the running failure rate (n0)")                         \
	X(REGION_S,  "region_down_after", DURATION, 10., 3600., 45., "s",     \
	  "least time a canary is down before the stage stops (T_region)")   \
	X(CHECK_S,   "check_down_after", DURATION, 0., 3600., 30., "s",       \
	  "least time a check is down before the stage stops (T_hard)")      \
	X(CHECK_K,   "check_down_failures", COUNT, 2., 100., 5., "",          \
	  "least failures of a check before the stage stops (k_hard)")       \
	X(REGION_C,  "region_down_checks", COUNT, 1., 100., 3., "",           \
	  "least checks of a stage that can be down as a region (C_region)") \
	X(INFLATE,   "inflate",        RATE,     1.,  10.,  3., "",           \
	  "how much worse than its past a check may become by itself (infl)") \
	X(FORGIVE,   "forgive",        RATE,     1.,  10.,  2., "",           \
	  "what a pass takes off a check's count of failures (dec)")         \
	X(SPELL_N,   "spell_prior",    RATE,     1.,  20.,  3., "",           \
	  "shape of the prior of how long failing lasts (a_haz)")            \
	X(SPELL_S,   "spell_scale",    DURATION, 1.,  600., 30., "s",         \
	  "scale of the prior of how long failing lasts (S_haz)")            \
	X(AGAIN_S,   "again_after",    DURATION, 0.,  600., 20., "s",         \
	  "a check's failure this soon after its last is not new (g_check)") \
	X(LABEL_A,   "label_prior",    RATE,     1.,  100., 8., "onsets",     \
	  "how many past failures the shares of probes are worth (a)")       \
	X(LABEL_PI,  "label_trust",    RATE,     .5,  .999, .9, "",           \
	  "trust that the shares of probes tell the truth (pi0)")            \
	X(RATE_MIN,  "least_rate",     RATE,     1e-5, .1,  .002, "",         \
	  "least base rate that effects are sized for (qmin)")                \
	X(DRIFT,     "drift_tolerated", RATE,    1.,  10.,  3., "",           \
	  "times that a canary that was worse before may become worse by "   \
	  "itself, when little is known of it; 1: none")                     \
	X(SLOW_S,    "slow_transient", DURATION, 0.,  600., 60., "s",         \
	  "what follows a burst of slow answers and is skipped (Ls, Lc)")     \
	X(JAM_S,     "slow_jam",       DURATION, 0.,  3600., 180., "s",       \
	  "how long most answers may be slow as one event; longer, each "    \
	  "slow answer counts")                                              \
	X(SLOW_N,    "slow_memory",    RATE,     1.,  100., 6., "slices",     \
	  "memory of the running rate of slow answers (n0s)")                 \
	X(SLOW_C_N,  "slow_check_memory", RATE,  1.,  100., 4., "slices",     \
	  "the same of a single check (n0c)")                                 \
	X(SLOW_R,    "slow_tolerated", RATE,     1.,  10.,  1.15, "",         \
	  "odds of slow answers that a canary may have by itself (r_slow)")   \
	X(SLOW_C_R,  "slow_check_tolerated", RATE, 1., 10., 1.3, "",          \
	  "the same of a single check (r_slow_c)")                            \
	X(SLOW_Z,    "slow_caution",   RATE,     0.,  10.,  1.5, "",          \
	  "how many deviations of its past are tolerated besides (z_slow)")

enum param_id {
#define X(id, name, type, low, high, fallback, unit, help) P_##id,
	PARAM_MAP(X)
#undef X
	PARAMS
};
/* clang-format on */

/* Weights of the streams; they add up to 1. */
#define WEIGHT_POOLED     0.45
#define WEIGHT_GROUP      0.10
#define WEIGHT_CHECK      0.25
#define WEIGHT_SLOW90     0.07
#define WEIGHT_SLOW98     0.06
#define WEIGHT_SLOW_CHECK 0.07

#define HISTORY_MIN 30 /* results before the deploy that make a history */
#define SICK_SHARE  .4 /* of a region's checks or results failing */
/*
 * The latency streams have slices of their own; the pooled ones so long that
 * a jam can stand out in one, at most as long as those of a check.
 */
#define SLOW_SLICE_US       (20LL * US_PER_S)
#define SLOW_CHECK_SLICE_US (60LL * US_PER_S)
#define SLOW_SLICE_RESULTS  7
#define SILENCE_US          (60LL * US_PER_S)
#define FIFO_MAX            8 /* results of one region that wait for the other */

/*
 * Log histogram of latencies: steps of 4 us up to 256 us, then 64 steps an
 * octave up to 67 s.  It holds the first half of the history, then the second,
 * then the answers since t0.  See latency.c.
 */
#define TOOK_STEPS   64
#define TOOK_OCTAVES 18
#define TOOK_BINS    ((size_t)TOOK_STEPS * (1 + TOOK_OCTAVES))

/* Streams whose slices end together. */
enum pace { PACE_ERRORS, PACE_SLOW, PACE_SLOW_CHECK, PACES };

/* Evidence of one stream. */
struct stream {
	double weight; /* v */
	double m[STATS_EFFECTS], effect[STATS_EFFECTS];
	double invested_s; /* tinv: up to here the late stake is laid */
	double e;          /* EA: mean of m plus what is not yet invested */
	double tolerated;  /* r: odds that the canary may have; 1 */
	double exposure;   /* e: one control's probes against the canary's */
	struct label label;
	double chances, onsets; /* n_post, k_post of the canary */
	double control_chances, control_onsets;
	double q0, qb0;        /* onset rates before the deploy */
	double guard_q;        /* q0, and what it may have drifted to */
	double pi_then;        /* label.pi at the deploy */
	double rate0, own0;    /* lam0, own0: failures a slice before it */
	int64_t skip_until_us; /* refr */
	double jams, jams_s;   /* before the deploy: how many, how long */
	double jam_limit_s;    /* see jams_note() in stream.c */
	uint32_t index;        /* its group or check */
	uint16_t kind;         /* enum stream_kind */
	uint16_t has_history;
};

/*
 * The evidence of one suspected check, at every result of it: see focus.c.
 */
#define FOCUS_MAX 4

struct focus {
	double stake; /* taken from the streams when it was opened */
	double m[STATS_EFFECTS], effect[STATS_EFFECTS];
	double chances, onsets, q0; /* of the canary, for the guard */
	struct label label;
	int64_t end_us; /* of the open block */
	uint32_t check;
	uint16_t has_history,
		wide; /* wide: the open block is not one check's */
};

/* One result that waits for its partner of another region. */
struct waiting {
	int64_t at_us;
	uint16_t region;
	uint8_t here, failed;
	/* Written too: a checkpoint is compared and copied byte by byte. */
	uint32_t pad;
};

/* Pairing with several controls: see match.c. */
struct nearest {
	struct waiting canary; /* not yet paired */
	struct waiting before; /* control: the best partner so far of canary */
	struct waiting latest; /* control: not used by anyone */
};

/* Answers of one check and region that are judged: to be told, not to judge. */
struct answers {
	uint32_t n[2], slow90[2], slow98[2]; /* [1]: since t0 */
	uint32_t usual_us; /* median before the deploy; 0: unknown */
};

/* Pairing with one control: results of one region, oldest in the high bit. */
struct fifo {
	uint8_t region, n, failed;
};

/* clang-format off */
/*
 * Sizes: c checks, w regions, m controls, s streams, r = c * w, v = m > 1,
 * l = m > 0.
 */
#define ARRAY_MAP(X)                                                          \
	/* name          type             how many */                        \
	X(streams,       struct stream,   s)                                  \
	X(rate,          double,          s * w) /* lam: EWMA, canary first */\
	X(rate_sum,      double,          s * w) /* lsum */                   \
	X(count,         double,          c)     /* Lk: check-down's count */ \
	X(down_after,    double,          c)     /* Tc */                     \
	X(fast_count,    double,          c)     /* Lk with extra results */  \
	X(fast_after,    double,          c)     /* and its Tc */             \
	X(base_rate,     double,          c)     /* pf0 */                    \
	X(spell_s,       double,          c)     /* sdu */                    \
	X(run_start,     int64_t,         r)                                  \
	X(last_fail,     int64_t,         r)                                  \
	X(last,          int64_t,         r)     /* newest result */          \
	X(count_start,   int64_t,         c)     /* Lt0 */                    \
	X(fast_start,    int64_t,         c)                                  \
	X(every_us,      int64_t,         c)                                  \
	X(all_fail,      int64_t,         w)     /* rb0: most checks fail */  \
	X(all_last,      int64_t,         w)     /* rbl */                    \
	X(region_last,   int64_t,         w)     /* newest result */          \
	X(calm_from,     int64_t,         w)     /* base_refr, per control */ \
	X(sick_from,     int64_t,         w)     /* see hard.c, m > 1 */      \
	X(down_from,     int64_t,         w)                                  \
	X(out_until,     int64_t,         w)                                  \
	X(near,          struct nearest,  c * v)                              \
	X(jam_band,      double,          s * w) /* that a jam broke */       \
	X(jam_from,      int64_t,         s * w) /* NEVER: none */            \
	X(onsets,        uint32_t,        s * w) /* K, of the open slice */   \
	X(fails,         uint32_t,        s * w) /* F */                      \
	X(run,           uint32_t,        r)     /* rl: failures in a row */  \
	X(pre_n,         uint32_t,        r)     /* npre: results */          \
	X(pre_k,         uint32_t,        r)     /* kpre: failures */         \
	X(pre_on,        uint32_t,        r)     /* opre: onsets */           \
	X(pre_el,        uint32_t,        r)     /* apre: after a pass */     \
	X(post_n,        uint32_t,        r)     /* npost, from t0 */         \
	X(post_k,        uint32_t,        r)                                  \
	X(hard_n,        uint32_t,        r)     /* npost from deploy done */ \
	X(hard_k,        uint32_t,        r)                                  \
	X(spells,        uint32_t,        c)     /* nbu */                    \
	X(focus_n,       uint32_t,        FOCUS_MAX * w) /* in the block */   \
	X(pairs,         uint32_t,        c * 3) /* n10 n01 n00 */            \
	X(answers,       struct answers,  r * l) /* what is said of latency */\
	X(group,         uint32_t,        c)                                  \
	X(slow90,        uint32_t,        r * l) /* thr90: us, above is slow */\
	X(slow98,        uint32_t,        r * l) /* thr98 */                  \
	X(took_n,        uint32_t,        r * l) /* put into took */          \
	X(failing,       uint32_t,        w)     /* nfail: checks, now */     \
	X(seen_n,        uint32_t,        w)     /* rn: region-down's slice */\
	X(seen_k,        uint32_t,        w)     /* rk */                     \
	X(sick_k,        uint32_t,        w)                                  \
	X(slice_n,       uint32_t,        w)     /* nb_slice, per control */  \
	X(slice_pairs,   uint32_t,        c * m * 3) /* cur */                \
	X(prev,          int8_t,          r)     /* -1 unknown, 0 fail, 1 */  \
	X(run_wide,      uint8_t,         r)     /* rw */                     \
	X(newest,        int8_t,          r)     /* as prev, extra ones too */\
	X(focus_prev,    int8_t,          FOCUS_MAX * w)                      \
	X(focus_on,      uint8_t,         FOCUS_MAX * w) /* in the block */   \
	X(seen_ok,       uint8_t,         c)     /* okseen */                 \
	X(all_on,        uint8_t,         w)     /* rbon */                   \
	X(fifos,         struct fifo,     c)                                  \
	X(took,          uint8_t,         r * l * TOOK_BINS)

enum array_id {
#define X(name, type, n) ARRAY_##name,
	ARRAY_MAP(X)
#undef X
	ARRAYS
};
/* clang-format on */

enum phase { PHASE_HISTORY, PHASE_HARD, PHASE_JUDGED };

/* What begin() settles; every byte of it follows from shape and values. */
struct fixed {
	uint32_t magic, version;
	uint64_t bytes;
	uint32_t nchecks, nregions, ngroups, nstreams;
	double value[PARAMS];
	double alpha_e, alpha_h, alpha_r; /* budgets of the three rules */
	double smallest_effect;
	double horizon_s;       /* T */
	double horizon_results; /* N: canary results in T */
	double soak_results;    /* expected in the soak */
	int64_t soak_us, slice_us, starts_us;
	int64_t pace_us[PACES];         /* length of a slice */
	uint32_t pace_first[PACES + 1]; /* streams; the last: nstreams */
	int64_t silence_us; /* of a region: max(60 s, 5 longest intervals) */
	uint64_t offset[ARRAYS];
};

struct head {
	struct fixed fixed;

	int64_t origin_us; /* what seconds are relative to */
	int64_t first_us;  /* oldest result of the history */
	int64_t deployed_us, t0_us;
	uint32_t phase, started;
	int64_t pace_end_us[PACES]; /* next: where the open slices end */
	double slices[PACES];       /* lcnt: closed in the history */
	int64_t split_us;           /* tmid; NEVER: latencies are unknown */
	uint32_t slow_learnt, pad2;

	double total; /* totA: sum of weight * e */
	int64_t halted_us, held_us;
	uint32_t halt_rule, halt_stream, halt_index, is_held;

	/* Region down: rbn, rbs, Tr of the past; rL, rn0, rt0 now. */
	double region_spells, region_spell_s, region_after;
	int64_t region_end_us, region_start_us;
	uint32_t region_open, region_count, region_fails;
	uint32_t hard_control_n, hard_control_k; /* bpn, bpk */
	int64_t canary_sick_us; /* end of its newest slice with >= 40 % */

	uint32_t slice_npairs;                           /* in slice_pairs */
	int64_t silent_from_us, silent_to_us, silent_us; /* match.c */

	struct focus focus[FOCUS_MAX];
	double kept; /* share of the streams' evidence not in a focus */
	uint32_t nfocus, extras; /* extra results of the canary */

	/* Own past only. */
	uint32_t eligible0, onset0, eligible, onset, slice_onset, pad;
	double past_e;
};

#define X(name, type, n)                                                       \
	static inline type *name##_of(const struct head *h)                    \
	{                                                                      \
		char *block = (char *)h;                                       \
                                                                               \
		return (type *)(void *)(block +                                \
					h->fixed.offset[ARRAY_##name]);        \
	}
ARRAY_MAP(X)
#undef X

static inline double seconds_at(const struct head *h, int64_t at_us)
{
	return (double)(at_us - h->origin_us) / US_PER_S;
}

/* The reference subtracts rounded seconds; so do we. */
static inline double seconds_between(const struct head *h, int64_t from_us,
	int64_t to_us)
{
	return seconds_at(h, to_us) - seconds_at(h, from_us);
}

static inline int64_t us_of(double seconds)
{
	return (int64_t)(seconds * US_PER_S + .5);
}

static inline uint32_t regions_of(const struct head *h)
{
	return h->fixed.nregions;
}

static inline bool own_past(const struct head *h)
{
	return h->fixed.nregions == 1;
}

/* >= 3 and >= 40 % of a region's checks fail now: no single check's fault. */
static inline bool widely_failing(const struct head *h, uint32_t region)
{
	uint32_t n = failing_of(h)[region];

	return n >= 3 && n >= SICK_SHARE * h->fixed.nchecks;
}

/* Earliest wins; the first of several at one time. */
void state_halt(struct head *h, int64_t at_us, enum halt_rule rule,
	enum stream_kind kind, uint32_t index);

/* layout.c */
extern const struct param error_rate_params[PARAMS + 1];
size_t state_size(const struct stage_shape *shape);
void state_begin(void *state, const struct stage_shape *shape,
	const double *values);
bool state_resumes(const void *state, size_t bytes,
	const struct stage_shape *shape, const double *values);

/* stream.c: closes slices up to at_us; true when one was closed. */
bool streams_advance(struct head *h, int64_t at_us);
void streams_begin_history(struct head *h, int64_t at_us);
/* Ends the jams that are open when the history ends. */
void jams_end(struct head *h, uint32_t stream, int64_t at_us);
/* Only those of one pace, with their number. */
bool streams_advance_pace(struct head *h, enum pace p, int64_t at_us);
/*
 * The weighted mean with guards, as the reference has it: what keeps a pass
 * away.  What is forgiven so that nobody is halted wrongly earns no pass.
 */
double streams_suspicion(const struct head *h);
/* The same with more caution, for a halt; and who carries most of it. */
double streams_evidence(const struct head *h, enum stream_kind *ret_kind,
	uint32_t *ret_index);
/* h->total, in the order of the reference. */
void streams_total(struct head *h);
void streams_check(struct head *h, int64_t at_us);

/* past.c: what the history taught, at the deploy. */
void past_learn(struct head *h, double covered_s);
/* Share of the canary in the probes of the history; sets s->exposure. */
double past_share(const struct head *h, struct stream *s);

/* latency.c: what is slow, and how often it was. */
void latency_begin(struct head *h);
/* A result of the history at this time follows. */
void latency_advance(struct head *h, int64_t at_us);
void latency_note(struct head *h, const struct observation *o);
/* The history ends: closes its slices, then learns from them. */
void latency_deployed(struct head *h, int64_t at_us);
/* Whether answers can be slow, in the canary and in every control. */
bool latency_judged(const struct head *h, uint32_t check);
/* Of the answers in `took`; 0: there are none. */
double latency_median_us(const struct head *h, uint32_t i);
bool latency_is_slow(const void *state, const struct observation *o,
	enum stream_kind kind);

/* latency_seen.c: latency in numbers, for an explanation. */
uint32_t latency_seen(const void *state, const struct opinion *op,
	struct latency_seen ret[static LATENCY_SEEN_MAX]);

/* hard.c: the two hard paths against controls. */
void region_slices_begin(struct head *h, int64_t at_us);
void region_down_advance(struct head *h, int64_t at_us);
void check_down_canary(struct head *h, const struct observation *o);
void check_down_control(struct head *h, const struct observation *o);
/* How long a check may be silent in a region: max(60 s, 5 intervals). */
int64_t silence_limit_us(const struct head *h, uint32_t check);
/* Whether this control is left out of hard paths and pairs; never all are. */
bool control_out(const struct head *h, uint32_t region, int64_t at_us);
/* Whether it has failed throughout a transient before; never all have. */
bool control_down(const struct head *h, uint32_t region, int64_t at_us);

/* match.c: canary and control side by side. */
void match_result(struct head *h, const struct observation *o);
void match_close_slice(struct head *h, int64_t start_us, const double *kappa);
void silence_note(struct head *h, const struct observation *o);

/* ownpast.c: a region without controls. */
void own_past_observe(struct head *h, const struct observation *o);
bool own_past_known(const struct head *h);

/* Time since t0 in which some region was silent. */
int64_t silence_total_us(const struct head *h, int64_t now_us);

/*
 * focus.c: a check that is suspected is looked at at every result, with a
 * part of the evidence that there is.
 */
void focus_open(struct head *h, const struct observation *o);
void focus_note(struct head *h, const struct observation *o);
/* What the streams say and what the focuses say, together. */
double focus_evidence(const struct head *h, double streams,
	enum stream_kind *kind, uint32_t *index);
uint32_t focus_suspects(const void *state, uint32_t max, struct suspected *ret);

/* opinion.c */
struct opinion state_judge(const void *state, int64_t now_us);
struct glance state_glance(const void *state);
struct tally state_count(const void *state, uint16_t region, uint32_t check);

#endif
