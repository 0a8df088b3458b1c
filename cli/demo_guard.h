#ifndef CLI_DEMO_GUARD_H
#define CLI_DEMO_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * A process that outlives the demo by a moment: when the demo is gone without
 * having removed its folder (kill -9), the guard does it, as soon as `up` and
 * its store have ended in there.
 */
struct demo_guard {
	int fd;    /* held open by us; its end is our end.  0: none */
	pid_t pid; /* 0: none */
};

/* Before the first thread is made: it forks. */
bool demo_guard_start(struct demo_guard *g, const char *folder, struct err *e);
/* The folder is gone, and now the guard is, too. */
void demo_guard_end(struct demo_guard *g);

#endif
