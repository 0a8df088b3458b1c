#ifndef RUNNER_SERVED_H
#define RUNNER_SERVED_H

#include <stdbool.h>

#include "base/loop.h"
#include "runner/http.h"
#include "runner/plan.h"

/*
 * The version that a region serves, where it is told by a URL
 * (`served_version: {url, jsonpath | regex}`): fetched once per region and
 * runner every SERVED_EVERY_MS, and it holds for the runs that start before
 * the next one.  No answer, or an answer without a version, is "not told".
 */
enum { SERVED_EVERY_MS = 10000, SERVED_TIMEOUT_MS = 5000 };

struct served_fetch;

/* `version` lives for the call; STR_NONE: not told. */
typedef void served_fn(const struct region *r, struct str version, void *owner);

/* Does the line tell it by a URL? */
bool served_by_url(const struct plan *p);
/* Calls fn once, never before it returns. */
struct served_fetch *served_start(struct http *h, struct loop *l,
	const struct plan *p, const struct region *r, served_fn *fn,
	void *owner);
void served_cancel(struct served_fetch *f); /* without fn; NULL is fine */

#endif
