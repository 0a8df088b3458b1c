#ifndef SUITES_FUNCTION_H
#define SUITES_FUNCTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "base/str.h"
#include "suites/vars.h"

/*
 * The value functions of ${...}: uuid(), now(), hmac(), ...  One row each.
 *
 * A row's signature has one letter per argument: `i` integer, `n` number, `s`
 * text, `w` a word (a bare name means itself and not a variable), `j` any
 * value, `o` an object; `|` begins the optional ones, `*` takes any number of
 * values, at least one.
 */
enum { FUNCTION_ARGS_MAX = 32, FUNCTION_TEXT_MAX = 4096 };

struct function_call {
	const struct vars *v;
	const struct json *arg[FUNCTION_ARGS_MAX];
	size_t nargs;
	struct str why; /* on failure: in words */
};

struct function {
	const char *name;
	const char *signature;
	bool (*call)(struct function_call *c, const struct json **ret);
};

const struct function *function_find(struct str name); /* NULL: none */
struct str function_nearest(struct str name);          /* STR_NONE: none */
/* In the order of the table; NULL behind the last one. */
const struct function *function_at(size_t index);
/* How many arguments it takes. */
void function_arity(const struct function *f, size_t *ret_min, size_t *ret_max);
/* The letter of the argument at `index`; 0: there is none. */
char function_letter(const struct function *f, size_t index);

/* The text that a value leaves inside other text; false for null. */
bool json_to_text(struct arena *a, const struct json *j, struct str *ret);

#endif
