#ifndef TESTS_SUPPORT_PASS_H
#define TESTS_SUPPORT_PASS_H

#include "base/arena.h"
#include "runner/once.h"

/*
 * One pass over one suite, given as text, against a server on loopback; what
 * `andon test SUITE --base-url URL` does, without the command.
 */
struct pass {
	struct arena *arena;
	struct plan *plan;
	struct once_result result;
	const struct run_report *run; /* the first */
};

/* `steps` follows "version: 1, suite: t".  Options may be NULL. */
void pass_run(struct pass *p, const char *base_url, const char *suite,
	const struct once_options *options);
/* The same against a whole line file. */
void pass_run_line(struct pass *p, const char *line, const char *suite,
	const struct once_options *options);
void pass_done(struct pass *p);
const struct step_report *pass_step(const struct pass *p, const char *name);

/* A plan, for the runner's own tests. */
struct plan *plan_of(const char *line, const char *suite);

#endif
