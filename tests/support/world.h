#ifndef TESTS_SUPPORT_WORLD_H
#define TESTS_SUPPORT_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "cli/referee.h"
#include "gate/answer.h"
#include "gate/transition.h"
#include "store/store.h"

/*
 * A line in virtual time: regions that answer as a test says, a runner that
 * asks them on its lattice, the real referee over the store in memory, and
 * the gate.  An hour takes as long as its results take to be judged.
 */
enum { WORLD_REGIONS_MAX = 8 };

/* The line file of a canary in prod/west beside prod/east; `regions` and
 * `stage` are what else they hold, whole lines or "". */
/* clang-format off */
#define WORLD_LINE(regions, gate, stage)                                       \
	"version: 1\n"                                                         \
	"line: orders\n"                                                       \
	"served_version: {header: X-App-Version}\n"                            \
	"environments:\n"                                                      \
	"  prod:\n"                                                            \
	"    west: {base_url: 'http://west.example.com'}\n"                    \
	"    east: {base_url: 'http://east.example.com'}\n" regions            \
	"gate: {" gate "}\n"                                                   \
	"workflow:\n"                                                          \
	"  - stage: canary\n"                                                  \
	"    deploys: [prod/west]\n"                                           \
	"    compare: [prod/east]\n" stage
/* clang-format on */

/* What one run met. */
struct world_answer {
	bool down;           /* no result at all: the runner is silent */
	bool failed;         /* outcome fail */
	const char *version; /* NULL: not told */
	uint32_t took_us;    /* 0: 20 ms */
};

struct world;

typedef struct world_answer world_fn(const struct world *w, const char *region,
	unsigned check, double at_s, void *owner);

struct world {
	struct clock_virtual clock;
	struct store_hub *hub;
	struct store *store, *pipeline; /* of the referee, of the rest */
	struct arena *arena, *turn;
	const struct line *line;
	struct referee *referee; /* NULL: the detector is dead */
	unsigned nchecks;
	uint64_t every_ms;
	uint64_t epoch, seq, noise;
	uint64_t slot; /* of the runner's lattice, 100 ms each */
	bool runner_alive, plan_there;
	uint64_t failing_ms;     /* every_failing; 0: none */
	bool deaf;               /* the runner reads no suspicion */
	bool slow_east;          /* the runner of east reads none */
	uint64_t extras;         /* runs between the slots */
	unsigned lose_every;     /* one in so many results is lost; 0: none */
	int64_t runner_ahead_us; /* of the runner's clock */
	world_fn *fn;
	void *owner;
};

/* `yaml`: a line file. */
void world_init(struct world *w, const char *yaml, unsigned nchecks,
	uint64_t every_ms, world_fn *fn, void *owner);
void world_done(struct world *w);

/* Lets time pass: runs and results, but nobody judges yet. */
void world_history(struct world *w, double seconds);
/* Lets time pass: runs, results, referee. */
void world_pass(struct world *w, double seconds);
double world_now_s(const struct world *w); /* since the start */
void world_plan_put(struct world *w, const char *hash);

/* kill -9, and a new one in its place. */
void world_detector_kill(struct world *w);
void world_detector_start(struct world *w);
/* The detector and the gate go on with another line file. */
void world_reload(struct world *w, const char *yaml);

struct verb_answer world_deploy(struct world *w, const char *verb,
	const char *stage, const char *version);
struct verb_answer world_deploy_as(struct world *w, const char *verb,
	const char *stage, const char *version, enum lane lane,
	const char *fixes);
void world_halt(struct world *w, const char *scope);
struct verb_answer world_resume(struct world *w, const char *scope,
	const char *cause);
struct verb_answer world_approve(struct world *w, const char *stage,
	const char *version, const char *by);
/* Lives until the next call. */
struct answer world_gate(struct world *w, const char *stage,
	const char *version);
struct facts world_facts(struct world *w);
/* A number in [0, 1) that is the same in every run of the test. */
double world_random(struct world *w);

#endif
