#ifndef RUNNER_PLAN_H
#define RUNNER_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/redact.h"
#include "base/regex.h"
#include "regions/line.h"
#include "store/facts.h"
#include "suites/jsonpath.h"
#include "suites/suite.h"

/*
 * The plan: every job that a runner has to do, resolved and immutable, so
 * that any number of threads may read it with no lock.  One job is
 * suite x region x role x row.
 *
 * The plan, the line and the suites live in one arena that the plan owns from
 * plan_build() on; it is counted, and whoever lets go last frees the arena.
 */
struct selection {
	const char *const *where; /* region globs; none: all */
	size_t nwhere;
	const char *const *tags; /* a suite with any of them; none: all */
	size_t ntags;
	const char *const *vars; /* "name=value": win over file and role */
	size_t nvars;
};

struct plan_secret {
	struct str name;
	struct str value; /* STR_NONE: not there */
	struct str why;   /* then: what is missing and what to do */
};

/* What a role adds to each request, and its vars; parsed once. */
struct plan_role {
	struct str name;
	struct pair *headers, *query, *cookies;
	struct auth auth;
	struct suite_var *vars;
};

struct job {
	const struct suite *suite; /* overrides of the region applied */
	const struct region *region;
	const struct plan_role *role;
	const struct json *row; /* an object */
	struct str row_name;    /* "" when the suite has no rows */
	struct str check;       /* "suite/role/row": the same in all regions */
	const struct plan_secret *secrets;
	size_t nsecrets;
	const struct redact *redact; /* of these secrets */
	uint64_t every_ns;
	/* so often in one `every` while it is suspected or fails; 1: never */
	uint32_t times_failing;
	uint64_t phase_ns;   /* of `every`; see job_phase_ns() */
	uint64_t offset_ns;  /* of the region, part of the phase */
	uint64_t check_hash; /* which worker it lives on */
	bool block;          /* gate: block */
};

struct plan {
	struct arena *arena; /* of everything below */
	unsigned refs;       /* atomic */
	const struct line *line;
	const struct job *job;
	size_t njobs;
	bool whole;        /* every region of the line: nothing was selected */
	struct pair *vars; /* of --var: literals */
	const char **tags; /* of --tag */
	size_t ntags;
	/* served version by URL; see runner/served.h */
	const struct jsonpath *served_path;
	const struct regex *served_regex;
	char hash[65];   /* over the jobs */
	char config[65]; /* over the line file and the suites */
};

/*
 * Builds the plan in `a`, which it owns from now on when it succeeds (*a
 * becomes NULL).  `line` and `suites` must live in the same arena.
 *
 * Mistakes of the files (a secret that is too short, a role's template, an
 * expression of served_version) go into `ds`.  An empty selection is ERR_USAGE
 * with what was asked for and what is there.  NULL on either.
 */
struct plan *plan_build(struct arena **a, const struct line *line,
	const struct suite_set *suites, const struct selection *sel,
	struct diags *ds, struct err *e);
struct plan *plan_ref(struct plan *p);
void plan_unref(struct plan *p); /* NULL is fine */

/*
 * hash(check) mod every, the same in all regions, so that canary and control
 * are asked side by side; plus a stable offset of the region below
 * min(1 s, every/10).
 */
uint64_t job_phase_ns(uint64_t check_hash, uint64_t offset_hash,
	uint64_t every_ns, uint64_t *ret_offset_ns);

/* What the store keeps of it (WORKFLOW.md 3). */
struct plan_record plan_record(const struct plan *p, struct arena *a,
	struct str runner, int64_t now_us);

#endif
