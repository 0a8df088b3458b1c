#ifndef SUITES_JSONPATH_SCAN_H
#define SUITES_JSONPATH_SCAN_H

#include "base/buf.h"
#include "suites/jsonpath.h"

/*
 * The text of a JSONPath, read from left to right, and its literals.  The
 * first mistake is kept; all that fails returns false.
 */
struct path_scan {
	struct arena *a;
	struct str s;
	size_t at;
	unsigned depth;
	struct jsonpath_error *error;
	bool failed;
};

bool path_fail_at(struct path_scan *p, size_t at, const char *text);
bool path_fail(struct path_scan *p, const char *text); /* here */
int path_peek(const struct path_scan *p);              /* -1: the end */
bool path_take(struct path_scan *p, const char *z);
void path_skip_blanks(struct path_scan *p);
bool path_is_digit(int c);

bool path_string(struct path_scan *p, struct str *ret);
/* Within the exact integers of I-JSON, without leading zeros or -0. */
bool path_int(struct path_scan *p, int64_t *ret);
bool path_number(struct path_scan *p, const struct json **ret);

#endif
