#ifndef SUITES_VARS_H
#define SUITES_VARS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/redact.h"
#include "base/str.h"

/*
 * The values that a run knows by name: built-in ones (`region`, `run.id`,
 * `region.base_url`), row columns, vars, secrets, captures.
 *
 * A value is JSON (base/json.h): a captured number stays a number.  A secret
 * value is marked; whoever renders it passes the mark on, and the run adds it
 * to its redaction set (base/redact.h) before anything is written anywhere.
 *
 * One vars belongs to one run and lives in its arena.
 */
struct same_values;

struct var {
	struct var *next;
	struct str name;
	const struct json *value; /* NULL: known to the plan, but not set */
	bool secret;
};

struct vars {
	struct arena *arena;
	struct var *first;
	uint64_t seed;    /* of the random functions; 0: the kernel's */
	uint64_t *random; /* where the seeded functions stand; NULL: seed 0 */
	const struct redact *redact; /* what no text may show; NULL: nothing */
	const struct same_values *same; /* NULL: nothing to compare with */
	int64_t wall_us; /* what now() and unix() answer: start of the step */
};

/* seed 0: random from the kernel; else the functions repeat. */
void vars_init(struct vars *v, struct arena *a, uint64_t seed);
/* Replaces a value of the same name.  `name` and `value` are borrowed. */
void vars_set(struct vars *v, struct str name, const struct json *value,
	bool secret);
void vars_set_str(struct vars *v, struct str name, struct str text);
const struct var *vars_get(const struct vars *v, struct str name);
/* The next 64 random bits: seeded, or from the kernel. */
uint64_t vars_random(const struct vars *v);

#endif
