/* andon up, run, detect: one process, other parts (cli/parts.h). */
#include "cli/command.h"
#include "cli/parts.h"

static int up_run(struct options *o)
{
	return parts_run(o, "up", PART_REDIS | PART_RUNNER | PART_DETECTOR);
}

static int run_run(struct options *o)
{
	return parts_run(o, "run", PART_RUNNER);
}

static int detect_run(struct options *o)
{
	return parts_run(o, "detect", PART_DETECTOR);
}

const struct command command_up = {
	.name = "up",
	.args = "[SUITE...]",
	.summary = "store, runner and detector in one process: start here",
	.help = "Without --redis it starts a private redis-server in the "
		"state folder and stops it\nwhen done; every other command "
		"given the same --state finds it.  Prints `ready`\non "
		"stderr.  SIGHUP reads the files again, SIGTERM drains.",
	.options = TAKES_COMMON | TAKES_LINE | TAKES_SUITES | TAKES(seed) |
		   TAKES(threads) | TAKES(id) | TAKES(grace_ms) |
		   TAKES(keep_ms),
	.run = up_run,
};

const struct command command_run = {
	.name = "run",
	.args = "[SUITE...]",
	.summary = "the continuous runner",
	.help = "Runs every job of the plan at its fixed rate for ever and "
		"streams the results to\nthe store.  Two runners may not "
		"share a state folder.",
	.options = TAKES_COMMON | TAKES_LINE | TAKES_SUITES | TAKES(seed) |
		   TAKES(threads) | TAKES(id) | TAKES(grace_ms),
	.run = run_run,
};

const struct command command_detect = {
	.name = "detect",
	.args = NULL,
	.summary = "the detector",
	.help = "Judges the deployments of the line.  A second one stands by "
		"for the lease (5 s).",
	.options = TAKES_COMMON | TAKES_LINE | TAKES(id) | TAKES(keep_ms),
	.run = detect_run,
};
