#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/str.h"

/*
 * The options of all commands in one table: it drives parsing, the
 * environment (`--base-url` is ANDON_BASE_URL), `--help`, "did you mean" and
 * later the manual.  A command names the ones that it takes.
 *
 * A list may be given more than once; in the environment its items stand
 * between white space.  The command line wins over the environment.
 */
enum { OPTIONS_LIST_MAX = 256 };

struct list {
	const char *item[OPTIONS_LIST_MAX];
	size_t count;
};

enum output_format {
	FORMAT_HUMAN,
	FORMAT_JSON,
	FORMAT_GITHUB, /* from here on for lint alone */
	FORMAT_SARIF,
	FORMATS
};
enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

enum option_kind {
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char * */
	OPTION_LIST,     /* struct list */
	OPTION_WORD,     /* int: index into words */
	OPTION_DURATION, /* uint64_t ms */
	OPTION_COUNT     /* uint64_t */
};

/* clang-format off */
#define OPTION_MAP(X)                                                          \
	/* name       field      kind      metavar words help */               \
	X("line",     line,      TEXT,     "FILE", NULL,                       \
	  "the line file (default: the only one in regions/)")                 \
	X("suites",   suites,    LIST,     "PATH", NULL,                       \
	  "suite files or folders (default: suites/)")                         \
	X("redis",    redis,     TEXT,     "URL",  NULL,                       \
	  "redis://[user:pass@]host:port/db or unix:///path")                  \
	X("state",    state,     TEXT,     "DIR",  NULL,                       \
	  "the state folder (default: .andon)")                                \
	X("base-url", base_url,  TEXT,     "URL",  NULL,                       \
	  "one region local/local with this base_url, no line file")           \
	X("where",    where,     LIST,     "GLOB", NULL,                       \
	  "only these regions, such as prod/*")                                \
	X("tag",      tag,       LIST,     "TAG",  NULL,                       \
	  "only suites with one of these tags")                                \
	X("var",      var,       LIST,     "NAME=VALUE", NULL,                 \
	  "set a variable of the suites")                                      \
	X("set",      set,       LIST,     "NAME=VALUE", NULL,                 \
	  "another value of a setting, such as false_halt=2%")                 \
	X("calibrate", calibrate, FLAG,    NULL,   NULL,                       \
	  "how often these settings would stop your own healthy past")         \
	X("from",     from,      TEXT,     "TIME", NULL,                       \
	  "of the store only what it took from this time on")                  \
	X("to",       to,        TEXT,     "TIME", NULL,                       \
	  "of the store only what it took before this time")                   \
	X("version",  version,   TEXT,     "V",    NULL,                       \
	  "the version that is deployed")                                      \
	X("wait",     wait_ms,   DURATION, "DURATION", NULL,                   \
	  "how long to wait for the answer, such as 30m")                      \
	X("allow",    allow,     WORD,     "undecided", words_allow,           \
	  "answer 0 also when undecided; leaves an audit record")              \
	X("region",   region,    LIST,     "ENV/REGION", NULL,                 \
	  "of the stage's regions only these")                                 \
	X("lane",     lane,      WORD,     "LANE", words_lane,                 \
	  "ordinary, fix or rollback")                                         \
	X("fixes",    fixes,     TEXT,     "DEPLOYMENT", NULL,                 \
	  "the deployment that this one mends (lane fix)")                     \
	X("change",   change,    TEXT,     "ID",   NULL,                       \
	  "what the stages match by (default: the version)")                   \
	X("by",       by,        TEXT,     "NAME", NULL,                       \
	  "who does it (default: $USER)")                                      \
	X("reason",   reason,    TEXT,     "TEXT", NULL,                       \
	  "why, for the audit")                                                \
	X("cause",    cause,     TEXT,     "TEXT", NULL,                       \
	  "the root cause, to resume after an automatic stop")                 \
	X("name",     name,      TEXT,     "NAME", NULL,                       \
	  "name of the CI check")                                              \
	X("ok",       ok,        FLAG,     NULL,   NULL, "the check passed")   \
	X("failed",   failed,    FLAG,     NULL,   NULL, "the check failed")   \
	X("format",   format,    WORD,     "FORMAT", words_format,             \
	  "human or json; lint: github or sarif too")                                                     \
	X("report",   report,    LIST,     "junit=FILE|json=FILE", NULL,       \
	  "write a report")                                                    \
	X("seed",     seed,      COUNT,    "N",    NULL,                       \
	  "make random values repeat")                                         \
	X("concurrency", concurrency, COUNT, "N",  NULL,                       \
	  "runs at the same time (default: 16)")                               \
	X("threads",  threads,   COUNT,    "N",    NULL,                       \
	  "worker threads (default: one per core)")                            \
	X("id",       id,        TEXT,     "NAME", NULL,                       \
	  "name of this runner or detector (default: the host's)")             \
	X("grace",    grace_ms,  DURATION, "DURATION", NULL,                   \
	  "how long runs may end in peace on SIGTERM (default: 10s)")          \
	X("keep",     keep_ms,   DURATION, "DURATION", NULL,                   \
	  "how long results are kept (default: 6h)")                           \
	X("check",    check,     FLAG,     NULL,   NULL,                       \
	  "write nothing; end with 1 where something would change")            \
	X("stdout",   to_stdout, FLAG,     NULL,   NULL,                       \
	  "write to standard output, not into the file")                       \
	X("explain",  explain,   TEXT,     "CODE", NULL,                       \
	  "what a code such as E012 means, and how to mend it")                \
	X("strict",   strict,    FLAG,     NULL,   NULL,                       \
	  "warnings end with 2 too")                                           \
	X("partial",  partial,   FLAG,     NULL,   NULL,                       \
	  "leave out what can not be imported; gate: observe")                 \
	X("out",      out,       TEXT,     "DIR",  NULL,                       \
	  "write a file for each suite into this folder")                      \
	X("color",    color,     WORD,     "WHEN", words_color,                \
	  "auto, always or never")                                             \
	X("verbose",  verbose,   FLAG,     NULL,   NULL, "say more")           \
	X("quiet",    quiet,     FLAG,     NULL,   NULL, "only the result")    \
	X("help",     help,      FLAG,     NULL,   NULL, "show this help")

enum option_id {
#define X(name, field, kind, metavar, words, help) OPT_##field,
	OPTION_MAP(X)
#undef X
	OPTIONS
};
/* clang-format on */

struct options {
	struct list suites, where, tag, var, set, region, report;
	const char *line, *redis, *state, *base_url, *version, *fixes, *change,
		*by, *reason, *cause, *name, *id, *out, *explain, *from, *to;
	uint64_t wait_ms, grace_ms, keep_ms, seed, concurrency, threads;
	int allow, lane, format, color; /* allow: -1 not given */
	bool ok, failed, strict, check, to_stdout, verbose, quiet, help,
		calibrate, partial;
	bool given[OPTIONS];
	const struct command *command; /* whose they are; NULL: nobody's */
	struct list args;              /* positional */
};

struct command;

/* Defaults, then the environment, then argv (from behind the command).
 * False with a usage error that names the nearest option. */
bool options_parse(struct options *o, const struct command *c, int argc,
	char **argv, struct err *e);
/* The table of a command's options, for --help. */
void options_help(const struct command *c, FILE *out);

#endif
