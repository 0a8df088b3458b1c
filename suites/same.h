#ifndef SUITES_SAME_H
#define SUITES_SAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/json.h"
#include "base/redact.h"
#include "base/str.h"
#include "base/yaml.h"

/*
 * The predicate `sameAs`: a value is what the same extractor of the same step
 * gave in another region, or in the run before.  suites/ reads it and says
 * what of a value is compared; where values of other runs are kept is the
 * caller's (runner/same.h), which it reaches through struct same_values.
 *
 * Where there is nothing to compare with, the check neither holds nor fails.
 */
enum same_kind { SAME_BASELINE, SAME_REGION, SAME_PREVIOUS };

struct same {
	enum same_kind kind;
	struct str region;    /* REGION: "prod/east" */
	uint64_t max_age_ms;  /* 0: SAME_AGES times the suite's `every` */
	struct str extractor; /* "$.id | toInt": with the step, the place */
	struct span where;    /* of the region or the word */
};

enum { SAME_AGES = 5 };

/*
 * What is compared: a digest of the value with the members of objects sorted
 * and numbers in one form, so that no value and no secret outlives its run.
 */
struct same_value {
	char digest[65];  /* SHA-256, hex */
	struct str shown; /* redacted by the run that made it, cut */
};

enum same_found {
	SAME_FOUND,  /* in another run */
	SAME_SOURCE, /* this region is the one that others compare with */
	SAME_NOTHING /* to compare with: *ret_why */
};

struct same_answer {
	struct str with;        /* "prod/east", "the previous run" */
	struct same_value that; /* FOUND */
	struct str why;         /* NOTHING */
};

/* Of one run.  Takes the value over and says what there is to compare with. */
struct same_values {
	enum same_found (*compare)(void *owner, const struct same *s,
		const struct same_value *got, struct same_answer *ret);
	void *owner;
};

struct check;

/* The argument of the predicate; NULL: reported. */
struct same *same_parse(struct arena *a, const struct yaml_node *n,
	struct diags *ds);
/* Equal for values that json_equal() calls equal; `a` for the while. */
void same_digest(struct arena *a, const struct json *j, char ret_hex[65]);
/* NULL: the check is of another predicate. */
const struct same *check_same(const struct check *c);

#endif
