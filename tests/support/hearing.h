#ifndef TESTS_SUPPORT_HEARING_H
#define TESTS_SUPPORT_HEARING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "cli/trial.h"

/*
 * A hearing: one trial and the results of a deployment, told to it by the
 * store in whichever way a test wants: late, twice, at once, with the judges
 * replaced in between.  It is the way of the detector process: store, feed,
 * credit and watch.
 *
 * Every region is asked by a runner of its own, each check once in its
 * interval, so that a runner is silent for longer than the lateness window
 * between two of its results.
 */
enum {
	HEARING_CHECKS_MAX = 8,
	HEARING_EVERY_S = 10,
	HEARING_WARMUP_S = 10,
	HEARING_SOAK_S = 120
};

struct hearing_case {
	const char *name;
	unsigned nchecks, ncontrols; /* 0: its own past */
	double fails;                /* all, always */
	double canary_fails;         /* the canary, from the deploy on */
	double slow;  /* its answers take so many times as long; 0: 1 */
	bool extras;  /* check 0 is asked between its slots, too */
	bool unknown; /* no latency is told */
	unsigned history_s;
};

/* A result, and when the store takes it in the clean stream. */
struct told {
	struct result r;
	int64_t arrival_us;
	uint32_t check, arm;
};

/* A test may change or take away what is told, before it is heard. */
struct hearing {
	struct arena *arena;
	const struct line *line;
	struct facts facts;
	struct deployment deployment;
	struct deployment_region region;
	struct told *told;
	size_t ntold;
	int64_t begin_us, end_us; /* of the first and the last one */
	uint64_t random;
};

void hearing_init(struct hearing *h, const struct hearing_case *c,
	uint64_t seed);
void hearing_done(struct hearing *h);
/* In [0, 1), the same in every run of the test. */
double hearing_random(struct hearing *h);
struct trial *hearing_trial(const struct hearing *h);
int64_t hearing_deploy_us(void);

/* How the same results get there. */
struct delivery {
	double late_s;      /* each arrives later by up to this */
	double twice;       /* share that is written again later */
	double saved;       /* share of reads behind which the judges change */
	unsigned read_ms;   /* between two reads; 0: after every result */
	bool all_at_once;   /* read when everything is there */
	unsigned lost_each; /* one in so many is never written; 0: none */
	/* Called behind each read; NULL: nobody looks on. */
	void (*look)(const struct trial *t, int64_t now_us, void *owner);
	void *owner;
};

/* What was said then.  Texts live in the hearing's arena. */
struct heard {
	struct str credit, watch; /* states of the two judges, byte for byte */
	struct judgement judgement;
};

struct heard hearing_hold(struct hearing *h, const struct delivery *d,
	uint64_t seed);

#endif
