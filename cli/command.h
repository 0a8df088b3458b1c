#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"

/*
 * One command, one file, one row in the table of main.c.  run() returns the
 * exit code (WORKFLOW.md section 2); it prints its result on stdout and
 * everything else on stderr.
 */
struct command {
	const char *name;
	const char *args;    /* of the usage line: "STAGE" */
	const char *summary; /* one line */
	const char *help;    /* paragraphs and examples */
	uint64_t options;    /* bits 1 << enum option_id */
	int (*run)(struct options *o);
};

/* clang-format off */
#define TAKES(id) (1ULL << OPT_##id)
/* What every command takes. */
#define TAKES_COMMON (TAKES(format) | TAKES(color) | TAKES(verbose) |          \
	TAKES(quiet) | TAKES(help))
/* Where the files and the store are. */
#define TAKES_LINE (TAKES(line) | TAKES(redis) | TAKES(state))
#define TAKES_SUITES (TAKES(suites) | TAKES(where) | TAKES(tag) | TAKES(var))
/* clang-format on */

extern const struct command command_test, command_run, command_detect,
	command_up, command_deploy, command_gate, command_halt, command_resume,
	command_approve, command_status, command_why, command_lint,
	command_eval, command_replay, command_demo;

/* Exit codes, the same for every command. */
enum {
	EXIT_PASS = 0,
	EXIT_FAIL = 1,
	EXIT_USAGE = 2,
	EXIT_UNDECIDED = 3,
	EXIT_UNAVAILABLE = 4,
	EXIT_HELD = 5,
	EXIT_SUPERSEDED = 6,
	EXIT_SIGINT = 130,
	EXIT_SIGTERM = 143
};

#endif
