#ifndef CLI_LINT_WORKFLOW_H
#define CLI_LINT_WORKFLOW_H

#include "base/arena.h"
#include "base/diag.h"
#include "runner/plan.h"

/*
 * What only shows when the line, its suites and the statistics are seen
 * together: a stage that is required to wait longer than its soak (W113), and
 * one that can never pass (E055).
 */
void lint_workflow(const struct plan *p, struct arena *a, struct diags *ds);

#endif
