#ifndef CLI_OPEN_H
#define CLI_OPEN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "cli/options.h"
#include "gate/transition.h"
#include "regions/line.h"
#include "store/store.h"

/*
 * What most commands begin with: the line file and the store.  Each prints
 * what is wrong on stderr and gives the exit code; 0 is success.
 */
int open_line(const struct options *o, const char *command, struct arena *a,
	const struct line **ret);
/*
 * --redis, or else the private redis-server of the state folder, for which it
 * waits up to 5 s.
 */
bool open_store(const struct options *o, const struct line *l,
	struct store **ret, struct err *e);
const char *open_state_dir(const struct options *o);

/*
 * The stage and its regions of a command; usage errors with "did you mean".
 * r->stage is set; r->region is the arena's.
 */
int open_stage(const char *command, const struct line *l, const char *name,
	const struct stage **ret);
int open_regions(const char *command, const struct line *l,
	const struct list *names, struct arena *a, struct deploy_request *r);

/*
 * Who does it: --by, else $USER.  In CI there is no person behind $USER, so
 * `person` wants --by there; false: nobody known, usage.
 */
bool open_by(const struct options *o, bool person, struct str *ret);

#endif
