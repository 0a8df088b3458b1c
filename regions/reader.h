#ifndef REGIONS_READER_H
#define REGIONS_READER_H

#include "base/yaml.h"
#include "regions/line.h"
#include "regions/tables.h"

/*
 * How line_parse() is cut into pieces; nobody outside of regions/ includes
 * this.  Each piece reads its part of the file, reports every mistake in it
 * and leaves the line in a state that the next piece can read, so that one
 * run finds them all.  Spans of names come before spans of mappings: a caret
 * belongs under a word.
 */
struct line_reader {
	struct arena *arena;
	struct diags *ds;
	struct line *line;
};

struct line_keys {
	int64_t version;
	struct str line;
	const struct yaml_node *environments, *served_version, *roles;
	const struct yaml_node *gate, *workflow, *freeze, *maintenance, *lint;
};

/* Text of the file inside a message: never a whole page of it. */
static inline struct str shown(struct str s)
{
	return str_sub(s, 0, 80);
}

/* environments.c */
void line_read_environments(struct line_reader *r, const struct yaml_node *map);
/* The name of an environment, region or role, or E021. */
void line_check_name(struct line_reader *r, const struct yaml_node *key,
	const char *what);
/* roles.c */
void line_read_roles(struct line_reader *r, const struct yaml_node *map);
/* served.c */
void line_read_served(struct line_reader *r, const struct yaml_node *map);
bool line_header_ok(struct str name); /* an RFC 9110 token */
/* stages.c; `gate` and `workflow` may be NULL */
void line_read_workflow(struct line_reader *r, const struct yaml_node *gate,
	const struct yaml_node *workflow);
/* windows.c; `list` may be NULL */
const struct window *line_read_windows(struct line_reader *r,
	const struct yaml_node *list);

/* select.c */
struct region_set {
	const struct region **item; /* in the order of the file, each once */
	size_t count;
};

/* The regions that globs name; a glob that names none is E051. */
struct region_set regions_resolve(struct line_reader *r,
	const struct strs *globs);

/* settings.c */
extern const struct gate_settings gate_settings_default;

/*
 * The rows of gate_key_table for a struct that holds the gate_settings at an
 * offset: a stage takes every gate key as its own.
 */
/* clang-format off */
#define MS_SECOND UINT64_C(1000)
#define MS_MINUTE UINT64_C(60000)
#define MS_HOUR   UINT64_C(3600000)
#define MS_DAY    UINT64_C(86400000)
/* clang-format on */

/* clang-format off */
#define GATE_DURATION(at_, name_, field_, high_, default_, help_)            \
	{ name_, KEY_DURATION, 0, (at_) + KEY(struct gate_settings, field_), \
		MS_SECOND, high_, NULL, default_, help_ }
#define GATE_ROWS(at_)                                                       \
	{ "warmup", KEY_DURATION, 0,                                         \
		(at_) + KEY(struct gate_settings, warmup_ms), 0, MS_DAY,     \
		NULL, "30s", "recorded, judged only by the hard paths" },    \
	GATE_DURATION(at_, "soak", soak_ms, 7 * MS_DAY, "10m",               \
		"credit that a pass needs"),                                 \
	GATE_DURATION(at_, "max_wait", max_wait_ms, 30 * MS_DAY,             \
		"the largest of 3x (warmup + soak), 15m and 2x the least "   \
		"time for a pass with one failure", "then `held`"),          \
	{ "false_halt", KEY_SHARE, 0,                                        \
		(at_) + KEY(struct gate_settings, false_halt), 0.0001, 0.2,  \
		NULL, "1%", "the share of good deployments that may be "     \
		"stopped by chance" },                                       \
	{ "smallest_effect", KEY_SHARE, 0,                                   \
		(at_) + KEY(struct gate_settings, smallest_effect),          \
		0.001, 0.5, NULL, "5%; below 10 canary runs a minute 10%, "  \
		"below 3 20%", "a pass excludes a rise of the failure rate " \
		"by so many points" },                                       \
	{ "min_runs", KEY_INT, 0,                                            \
		(at_) + KEY(struct gate_settings, min_runs), 1, 100000,      \
		NULL, "5", "runs per check and region before a pass" },      \
	{ "observations", KEY_INT, 0,                                        \
		(at_) + KEY(struct gate_settings, observations), 1, 1000,    \
		NULL, "2", "answers of the new version, per check, that "    \
		"end `verifying`" },                                         \
	GATE_DURATION(at_, "fresh", fresh_ms, MS_DAY,                        \
		"max(30s, 2.5x the check's every)", "how old the newest "    \
		"result of a required check may be"),                        \
	GATE_DURATION(at_, "starve_after", starve_after_ms, MS_DAY,          \
		"max(30s, 2.5x the check's every)", "so long without "       \
		"credit is `starved`"),                                      \
	GATE_DURATION(at_, "accept_ttl", accept_ttl_ms, MS_DAY, "15m",       \
		"how long a final pass answers 0"),                          \
	GATE_DURATION(at_, "expires", expires_ms, 30 * MS_DAY,               \
		"accept_ttl; 24h for a stage that deploys nothing",          \
		"how long a final pass of this stage answers 0"),            \
	GATE_DURATION(at_, "post_watch", post_watch_ms, 7 * MS_DAY, "soak",  \
		"late failures after acceptance stop the line"),             \
	GATE_DURATION(at_, "announce_ttl", announce_ttl_ms, MS_DAY, "15m",   \
		"how long an announced deployment may wait")
/* clang-format on */

#endif
