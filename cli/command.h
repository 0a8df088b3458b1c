#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/options.h"

/*
 * One command, one file, one row in the table of commands.c.  run() returns the
 * exit code (WORKFLOW.md section 2); it prints its result on stdout and
 * everything else on stderr.
 */
struct command {
	const char *name;
	const char *args;    /* of the usage line: "STAGE" */
	const char *summary; /* one line */
	const char *help;    /* paragraphs and examples */
	uint64_t options;    /* bits 1 << enum option_id */
	int formats;         /* how many of enum output_format; 0: two */
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
	command_eval, command_schema, command_fmt, command_replay, command_demo,
	command_import, command_curl;

enum { COMMANDS_MAX = 64 };

/* In the order of the help; NULL behind the last one. */
const struct command *command_at(size_t index);
const struct command *command_find(const char *name); /* NULL: none */

/* clang-format off */
#define EXIT_MAP(X)                                                            \
	X(PASS,        0,   "proceed, pass")                                   \
	X(FAIL,        1,   "stop, fail: a failure was judged, or a check "    \
			    "failed")                                          \
	X(USAGE,       2,   "wrong arguments or files, nothing selected")      \
	X(UNDECIDED,   3,   "undecided: not enough evidence before the "       \
			    "deadline")                                        \
	X(UNAVAILABLE, 4,   "unavailable: store or detector, our own trouble; "\
			    "a retry is safe")                                 \
	X(HELD,        5,   "held by a person or a window")                    \
	X(SUPERSEDED,  6,   "superseded by a newer version")                   \
	X(SIGINT,      130, "interrupted by SIGINT")                           \
	X(SIGTERM,     143, "interrupted by SIGTERM")
/* clang-format on */

/* Exit codes, the same for every command. */
enum {
#define X(name, code, text) EXIT_##name = (code),
	EXIT_MAP(X)
#undef X
};

void exit_codes_help(FILE *out);

#endif
