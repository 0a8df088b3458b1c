#ifndef SUITES_DECIMAL_H
#define SUITES_DECIMAL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * Exact arithmetic on JSON numbers, in text and out as text: money and
 * counters must not go through a double.  False when the result is not exact
 * within DECIMAL_DIGITS digits, so nothing is ever rounded unseen; only a
 * division rounds, half up, to DECIMAL_PLACES decimals.
 */
enum { DECIMAL_DIGITS = 36, DECIMAL_PLACES = 12 };

bool decimal_add(struct arena *a, struct str x, struct str y, struct str *ret);
bool decimal_sub(struct arena *a, struct str x, struct str y, struct str *ret);
bool decimal_mul(struct arena *a, struct str x, struct str y, struct str *ret);
bool decimal_div(struct arena *a, struct str x, struct str y, struct str *ret);
/* The nearest integer (half away from zero) or the part before the point. */
bool decimal_round(struct arena *a, struct str x, struct str *ret);
bool decimal_trunc(struct arena *a, struct str x, struct str *ret);

#endif
