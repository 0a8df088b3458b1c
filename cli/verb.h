#ifndef CLI_VERB_H
#define CLI_VERB_H

#include <stdbool.h>

#include "base/arena.h"
#include "cli/options.h"
#include "gate/transition.h"

/*
 * A verb of gate/transition.h asked, committed and answered: facts, decision,
 * commit, and once more when somebody else wrote in between.
 */
struct verb_call {
	const char *command;
	const struct line *line;
	struct deploy_request request;
	struct str name; /* of a CI check */
	bool ok;
	struct str scope, reason, cause;
};

typedef struct verb_answer verb_fn(const struct facts *f,
	const struct verb_call *c, struct arena *a);

/*
 * Prints the answer and returns its exit code.  While it is VERB_QUEUED it
 * waits up to --wait.
 */
int verb_commit(const struct options *o, const struct verb_call *c,
	verb_fn *fn);

#endif
