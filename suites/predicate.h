#ifndef SUITES_PREDICATE_H
#define SUITES_PREDICATE_H

#include "suites/check.h"
#include "suites/query.h"
#include "suites/ref_list.h"
#include "suites/same.h"

/*
 * Inside of suites/: predicates, one row each, and how they are judged.
 *
 * A judgement has more than two ends, because a predicate that can not be
 * applied must fail and so must its negation: `not: {gt: 2}` is not satisfied
 * by "3".  The order of the enum is the order of strength when predicates are
 * joined by AND.
 */
enum judgement {
	HOLDS,
	FAILS,
	UNFIT, /* missing, of another type, not to be looked for */
	OVER,  /* a bound was reached: neither */
	ALONE  /* nothing to compare with: neither */
};

enum argument {
	ARG_BOOL,       /* true or false: the sense */
	ARG_VALUE,      /* any JSON */
	ARG_JSON,       /* any JSON, or {equals, ignore, anyOrder} */
	ARG_TEXT,       /* a scalar */
	ARG_LIST,       /* a list */
	ARG_PAIR,       /* a list of two */
	ARG_NEAR,       /* {value: , within: } */
	ARG_REGEX,      /* a pattern */
	ARG_STATUS,     /* 201, 2xx, or a list of these */
	ARG_SCHEMA,     /* a JSON Schema, or {file: NAME} */
	ARG_SAME,       /* baseline, previous, a region; see same.h */
	ARG_PREDICATES, /* a value or a mapping of predicates */
	ARG_BRANCHES    /* a list of those */
};

/* What a row is called with. */
struct judge {
	const struct vars *v;
	struct arena *a;
	bool ignore_case;
	uint64_t regex_ns; /* spent on matches so far */
	bool secret;       /* made from one: not to be shown */
	struct str note;   /* beside the actual value: what was wrong with it */
	struct str expected; /* as this run found it; STR_NONE: as written */
};

struct schema;

struct predicate {
	struct predicate *next; /* joined by AND */
	const struct predicate_row *row;
	enum argument argument;
	enum unit unit;
	bool sense;                        /* BOOL: true */
	const struct template_tree *want;  /* VALUE, TEXT, LIST, PAIR, ... */
	const struct regex *regex;         /* REGEX without ${...} */
	const struct json_rules *rules;    /* JSON; NULL: none */
	const struct schema *schema;       /* SCHEMA */
	struct same *same;                 /* SAME */
	struct predicate *inner;           /* PREDICATES */
	struct predicate_branch *branches; /* BRANCHES */
	struct str want_text;              /* as the author wrote it */
	struct span where;
};

struct json_rules { /* what a comparison of two documents leaves out */
	const struct jsonpath **ignore;
	size_t nignore;
	bool any_order; /* of the elements of every list */
};

struct predicate_branch {
	struct predicate_branch *next;
	struct predicate *first;
};

enum {
	ROW_LIST = 1,    /* sees the node list itself */
	ROW_MISSING = 2, /* is asked about a missing value too */
	ROW_ORDER = 4,   /* 5 stays a number, also beside text */
	ROW_NUMBER = 8,  /* its inner predicates look at a plain number */
	ROW_TIME = 16    /* its inner predicates look at a duration */
};

struct predicate_row {
	const char *name;
	const char *word; /* in a report: "==", "isUuid" */
	enum argument argument;
	unsigned flags;
	/* `want` is NULL for the arguments that are not values */
	enum judgement (*judge)(const struct predicate *p,
		const struct value *got, const struct json *want,
		struct judge *j);
};

const struct predicate_row *predicate_find(struct str name);
size_t predicate_names(struct str *ret, size_t max);

enum {
	PREDICATE_NAMES_MAX = 80,
	PREDICATE_DEPTH_MAX = 8,
	PREDICATE_REGEX_NS = 250000000 /* all matches of one check */
};

/* predicate_json.c: is this the long form of `json`?  Its rules, then; NULL:
 * reported. */
bool predicate_json_is_long(const struct yaml_node *n);
const struct json_rules *predicate_json_rules(struct arena *a,
	const struct yaml_node *n, struct diags *ds);

/* predicate_schema.c: compiled; NULL: reported. */
const struct schema *predicate_schema(struct arena *a,
	const struct yaml_node *n, struct diags *ds);

/* One `name: argument` of a mapping.  NULL: reported. */
struct predicate *predicate_parse_one(struct arena *a,
	const struct yaml_node *entry, enum unit unit, struct diags *ds);
/* A scalar or list (equals) or a mapping; at least one. NULL: reported. */
struct predicate *predicate_parse(struct arena *a, const struct yaml_node *n,
	enum unit unit, struct diags *ds);
/* What `status:` takes: 201, 2xx, a list, or a mapping of predicates. */
struct predicate *predicate_parse_status(struct arena *a,
	const struct yaml_node *n, struct diags *ds);
struct predicate *predicate_status_2xx(struct arena *a, struct span where);

/* This one predicate, or all of a chain. */
enum judgement predicate_judge(const struct predicate *p,
	const struct value *got, struct judge *j);
enum judgement predicate_judge_all(const struct predicate *first,
	const struct value *got, struct judge *j);

/* "== 201", "not startsWith W/"; and with what ${...} stands for now. */
struct str predicate_text(struct arena *a, const struct predicate *p);
struct str predicate_expected(const struct predicate *p, struct judge *j);
void predicate_refs(const struct predicate *first, struct arena *a,
	struct ref_list *list);

/* A value bounded and safe to show: at most VALUE_TEXT_MAX bytes. */
enum { VALUE_TEXT_MAX = 200 };
struct str value_text(struct arena *a, const struct redact *r,
	const struct json *j);
/* Text that is safe to show, cut at VALUE_TEXT_MAX bytes. */
struct str visible_text(struct arena *a, const struct redact *r, struct str s);

#endif
