#ifndef GATE_TRANSITION_H
#define GATE_TRANSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "regions/line.h"
#include "store/facts.h"

/*
 * What people and pipelines do to the line, as pure functions: facts in, a
 * transaction out.  Nothing here reads a clock or the store.
 *
 * After COMMIT_CONFLICT the caller reads the facts again and asks again.
 */
enum verb_result {
	VERB_DONE,    /* *ret_tx is to be committed (may be empty: no change) */
	VERB_QUEUED,  /* registered, but an older one is still being judged */
	VERB_HELD,    /* refused: a person or a window holds (exit code 5) */
	VERB_UNKNOWN, /* no such deployment (exit code 3, unregistered) */
	VERB_USAGE    /* the request makes no sense (exit code 2) */
};

struct verb_answer {
	enum verb_result result;
	enum why why;
	struct str text;       /* a sentence; never empty */
	struct str deployment; /* its id, or STR_NONE */
	enum deployment_state state;
	struct tx *tx; /* DONE, QUEUED */
};

struct deploy_request {
	const struct stage *stage;
	struct str version, change, by, fixes; /* change: default version */
	const struct region **region; /* none: all that the stage deploys */
	size_t nregions;
	enum lane lane;
};

struct verb_answer deploy_start(const struct facts *f, const struct line *l,
	const struct deploy_request *r, struct arena *a);
struct verb_answer deploy_done(const struct facts *f, const struct line *l,
	const struct deploy_request *r, struct arena *a);
/* To FAILED_DEPLOY, ROLLED_BACK or CANCELLED. */
struct verb_answer deploy_end(const struct facts *f, const struct line *l,
	const struct deploy_request *r, enum deployment_state to,
	struct arena *a);
struct verb_answer deploy_check(const struct facts *f,
	const struct deploy_request *r, struct str name, bool ok,
	struct arena *a);

/* A stage that deploys nothing is registered by its gate. */
struct verb_answer gate_register(const struct facts *f,
	const struct deploy_request *r, struct arena *a);

/* One pull of the cord, or its release. */
struct cord {
	struct str scope; /* "line", an environment, a region */
	struct str by, reason;
	struct str cause; /* of a release: the root cause; may be empty */
};

struct verb_answer line_halt(const struct facts *f, const struct line *l,
	const struct cord *c, struct arena *a);
struct verb_answer line_resume(const struct facts *f, const struct line *l,
	const struct cord *c, struct arena *a);
struct verb_answer deployment_approve(const struct facts *f,
	const struct deploy_request *r, struct str reason, struct arena *a);

/* Does the name stand for a scope of this line? */
bool scope_known(const struct line *l, struct str scope);
bool scope_covers_deployment(struct str scope, const struct deployment *d);

/* A copy in the arena, to be changed; since_us moves with the state. */
struct deployment *deployment_copy(struct arena *a, const struct deployment *d);
void deployment_enter(struct deployment *d, enum deployment_state to,
	int64_t now_us);

#endif
