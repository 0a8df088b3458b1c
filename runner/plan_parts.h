#ifndef RUNNER_PLAN_PARTS_H
#define RUNNER_PLAN_PARTS_H

#include "runner/plan.h"

/* Pieces of runner/plan.c: what comes from outside of the suites. */

/* NULL after a mistake, which is in `ds`. */
struct plan_role *plan_role_read(struct arena *a, const struct role *r,
	struct diags *ds);
/* Reads all secrets of a suite from environment and files; a secret that is
 * not there is no mistake of the file (its runs end as runner_error/secret),
 * one that is too short to be taken out of outputs is. */
const struct plan_secret *plan_secrets_read(struct arena *a,
	const struct suite *s, const struct redact **ret_redact,
	struct diags *ds);

#endif
