#ifndef RUNNER_CURL_H
#define RUNNER_CURL_H

#include "base/buf.h"
#include "base/err.h"
#include "runner/plan.h"

/*
 * A step as the curl command that asks the same, without asking it.  It is
 * made by what makes the request of a run, and the command of a report of a
 * failure is made by the same code.
 *
 * Secrets stand as $NAME, and so does what a step before this one would have
 * captured, unless --var gives it.  One thread; nothing is sent.
 *
 * False with *e: the step does not exist (ERR_USAGE) or can not be filled in.
 */
bool curl_of_step(struct plan *p, const struct job *j, const struct step *s,
	struct buf *out, struct err *e);

#endif
