#ifndef CLI_PARTS_H
#define CLI_PARTS_H

#include "cli/options.h"

/*
 * `run`, `detect` and `up` are the same process with other parts in it:
 * the private redis-server, the runner, the detector.  Signals: SIGTERM
 * drains (0), SIGINT too (130), a second one ends at once, SIGHUP reads the
 * files again; a broken file keeps the old plan and says so.
 */
enum part { PART_REDIS = 1, PART_RUNNER = 2, PART_DETECTOR = 4 };

int parts_run(struct options *o, const char *command, unsigned which);

#endif
