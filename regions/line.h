#ifndef REGIONS_LINE_H
#define REGIONS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/allow.h"
#include "base/arena.h"
#include "base/diag.h"
#include "base/json.h"
#include "base/keys.h"
#include "base/str.h"

/*
 * The line file: where (environments, regions), as whom (roles) and in which
 * order (workflow).  LANGUAGE.md section 5 names the keys, WORKFLOW.md what
 * they mean.  Immutable after loading; lives in the loader's arena.
 */
struct region_key { /* ${region.NAME} */
	struct region_key *next;
	struct str name, value;
};

struct region {
	struct str env, name;    /* "prod", "west" */
	struct str full;         /* "prod/west" */
	struct str base_url;     /* may be empty when no suite needs it */
	struct region_key *keys; /* all keys, base_url and kind included */
	bool production; /* env is named prod... or says production: true */
	struct span where;
};

struct role_pair {
	struct role_pair *next;
	struct str name;
	const struct yaml_node *value; /* a scalar, may hold ${...} */
};

struct role {
	struct str name;
	struct role_pair *headers, *query, *cookies;
	const struct yaml_node *auth, *vars; /* as in a step; NULL: none */
	struct span where;
};

enum served_kind { SERVED_NONE, SERVED_HEADER, SERVED_JSONPATH, SERVED_REGEX };

struct served_version {
	enum served_kind kind;
	struct str header;
	struct str url;        /* JSONPATH, REGEX: fetched every 10 s */
	struct str expression; /* JSONPath or regex */
	/*
	 * A regex is compiled once by line_parse(), for its mistakes; a
	 * JSONPath is not, because suites/ owns that language: cli/ checks it
	 * there and reports E041 here.
	 */
	struct span expression_where;
	struct span where;
};

enum newer { NEWER_DEFAULT, NEWER_SUPERSEDE, NEWER_QUEUE };

struct gate_settings {
	uint64_t warmup_ms, soak_ms, max_wait_ms; /* max_wait 0: derived */
	double false_halt;
	double smallest_effect; /* 0: derived from the runs a minute */
	int64_t min_runs, observations;
	uint64_t fresh_ms, starve_after_ms; /* 0: max(30 s, 2.5 x every) */
	/*
	 * `expires` is how long a final pass answers 0.  0: accept_ttl, and 24
	 * h for a stage that deploys nothing.
	 */
	uint64_t accept_ttl_ms, expires_ms;
	uint64_t post_watch_ms; /* 0: = soak */
	uint64_t announce_ttl_ms;
};

enum control_kind { CONTROL_REGIONS, CONTROL_PAST, CONTROL_ROLE };

struct stage {
	struct str name;
	const struct region **deploys;
	size_t ndeploys; /* 0: a gate only */
	enum control_kind control;
	const struct region *
		*compare; /* CONTROL_REGIONS: never one of deploys */
	size_t ncompare;
	struct str compare_role;
	const struct stage **after;
	size_t nafter;
	struct {
		struct strs ci;
		const struct region **regions;
		size_t nregions;
		uint64_t fresh_ms; /* 0: any age */
	} requires;
	int64_t approvals;
	struct strs suites; /* tags or names; empty: all with gate: block */
	int newer;          /* enum newer; DEFAULT: by production */
	struct gate_settings gate;
	struct span where;
};

struct window { /* freeze or maintenance */
	struct window *next;
	struct str name;
	const struct region **regions;
	size_t nregions;       /* 0: the whole line */
	uint32_t start_minute; /* of the local day */
	uint64_t duration_ms;
	uint8_t days; /* bit 0: Monday ... bit 6: Sunday; 0: by date */
	int32_t date; /* yyyymmdd; 0: by days */
	const struct zone *zone; /* regions/zone.h; NULL: UTC */
	struct span where;
};

struct line {
	struct str name;
	const struct region *regions;
	size_t nregions;
	const struct role *roles; /* roles[0] is always `default` */
	size_t nroles;
	struct served_version served;
	const struct stage *stages;
	size_t nstages;
	const struct window *freezes, *maintenances;
	const struct source *source; /* NULL: made by line_local() */
	char hash[65];        /* SHA-256 of the file's bytes, or of the URL */
	struct allows allows; /* for what lint finds out later */
};

/* More than this in one file is an error (E023). */
enum {
	LINE_REGIONS_MAX = 256,
	LINE_ROLES_MAX = 64,
	LINE_STAGES_MAX = 128,
	LINE_WINDOWS_MAX = 256
};

/*
 * Reports every mistake; NULL iff there was an error.  What this version can
 * not do (cohort stages) is refused with E014, never ignored.  The only thing
 * that it reads besides `src` is the time zones that the file names.
 */
const struct line *line_parse(struct arena *a, const struct source *src,
	struct diags *ds);

/*
 * `path` NULL: the only line file in `regions/` (not below `examples`); none
 * or several is an error that says so.  A `path` that is a folder is searched
 * in the same way.  Unreadable: E006.
 */
const struct line *line_load(struct arena *a, const char *path,
	struct diags *ds);

/* The one region local/local of `andon test --base-url URL`.  The URL is not
 * checked here: line_base_url() does. */
const struct line *line_local(struct arena *a, struct str base_url);

/*
 * NULL when `url` may be a base_url: http or https, a host, perhaps a port
 * and a path; no user, query or fragment.  Else what is wrong with it.
 */
const char *line_base_url(struct str url);

const struct region *line_region(const struct line *l, struct str full);
const struct role *line_role(const struct line *l, struct str name);
const struct stage *line_stage(const struct line *l, struct str name);
/* The nearest name for "did you mean"; STR_NONE: none near. */
struct str line_stage_near(const struct line *l, struct str name);
struct str line_region_near(const struct line *l, struct str name);
struct str region_key_get(const struct region *r, struct str name);

/* Does `glob` (`prod/w*`, `prod` for all of prod, `prod/west`) name the
 * region? */
bool region_matches(const struct region *r, struct str glob);

/*
 * What `sameAs: baseline` means in a region of this line: the first control
 * region (as the environments are written) of the first stage that deploys it
 * and has one.  Any other region is
 * compared with the first control of its environment; where no stage has one,
 * with the first region of its environment that no stage deploys (all are: the
 * first).  The region itself: it is what others are compared with.  NULL: it
 * has no other beside it.
 */
const struct region *line_baseline(const struct line *l,
	const struct region *r);

/*
 * The first window that is open at a time for a region (NULL: for any
 * region); NULL: none.  Start inclusive, end exclusive; `duration` is elapsed
 * time, also across a change of daylight saving time.
 */
const struct window *window_open(const struct window *first,
	const struct region *r, int64_t wall_us);

/* What a stage's derived settings depend on. */
struct stage_load {
	double canary_runs_per_minute; /* of the required checks, per region */
	uint64_t longest_every_ms;     /* the slowest required check */
	/*
	 * The least time in which a pass with one failure is possible at the
	 * derived smallest_effect.  detectors/ knows it, regions/ must not ask:
	 * call once with 0, read smallest_effect, and call again.
	 */
	uint64_t least_pass_ms;
};

/* Settings with everything derived filled in: no field is 0 any more. */
struct gate_settings stage_settings(const struct stage *s,
	const struct stage_load *load);

#endif
