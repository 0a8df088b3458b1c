#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"
#include "cli/options.h"
#include "regions/line.h"
#include "runner/plan.h"
#include "suites/suite.h"

/*
 * All files of a command, read in one go: the line (or --base-url), the
 * suites, and what they have to know of each other.  Every mistake of every
 * file is in `ds`.
 *
 * Suites are the positional paths, or --suites, or the folder suites/.
 */
struct loaded {
	struct arena *arena; /* owns everything below, until a plan takes it */
	struct diags ds;
	const struct line *line; /* NULL: there was an error */
	struct suite_set suites;
	bool ok; /* no errors so far */
};

/* `paths`: the positional arguments that are suites; NULL: none may be. */
void load_files(const struct options *o, const struct list *paths,
	struct loaded *ret);
/*
 * For lint: only what was named.  Without the line every region and role
 * goes; `suites` NULL or empty: none.  ret->ok stays false without a line.
 */
void load_some(const struct options *o, bool line, const struct list *suites,
	struct loaded *ret);
void load_done(struct loaded *l);

/* The plan by --where, --tag and --var; takes the arena when it succeeds.
 * NULL: mistakes in l->ds, or *e is set (an empty selection: usage). */
struct plan *load_plan(const struct options *o, struct loaded *l,
	struct err *e);

/* The same for a command that runs: prints what is wrong on stderr; returns
 * the exit code, 0 with *ret. */
int load_for_run(const struct options *o, const char *command,
	const struct list *paths, struct plan **ret);

#endif
