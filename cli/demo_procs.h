#ifndef CLI_DEMO_PROCS_H
#define CLI_DEMO_PROCS_H

#include <stdbool.h>

#include "base/err.h"

/*
 * The processes of `andon demo`: one `andon up` in the background, and one
 * command at a time before it.  Each is this very binary, started in the
 * demo's folder, with no ANDON_ variable of the user's: a demo must never
 * find the way to a real store.
 *
 * From demo_procs_new() on SIGINT, SIGTERM, SIGHUP and SIGCHLD are blocked
 * and read by the functions below; threads that are made afterwards inherit
 * that.  All functions belong to the main thread: the kernel ends the
 * processes when it ends, also by kill -9.
 */
struct demo_procs;

/*
 * `folder` is borrowed, and read when a process is started: it may be made
 * after the signals are blocked.  `color`: a value of ANDON_COLOR for the
 * commands; NULL: as they find it.
 */
struct demo_procs *demo_procs_new(const char *folder, const char *color,
	struct err *e);
/* Ends what still runs, in order, and waits for it; NULL is fine. */
void demo_procs_free(struct demo_procs *p);

/*
 * Starts `andon up`, with its stderr in `log` (a path), and returns when it
 * said `ready`.  argv begins with "andon" and ends with NULL.
 */
bool demo_procs_up(struct demo_procs *p, const char *const *argv,
	const char *log, struct err *e);

enum demo_show {
	DEMO_SHOW_ALL,      /* stdout and stderr are ours */
	DEMO_SHOW_PROGRESS, /* stderr, and only on a terminal */
	DEMO_SHOW_NOTHING
};

/*
 * Runs a command to its end.  False: a signal came to us (see
 * demo_procs_signal()), `up` has ended, or it could not be started.
 */
bool demo_procs_run(struct demo_procs *p, const char *const *argv,
	enum demo_show show, int *ret_code, struct err *e);

/* The first signal that asked us to end; 0: none so far. */
int demo_procs_signal(struct demo_procs *p);

#endif
