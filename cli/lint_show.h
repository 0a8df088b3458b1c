#ifndef CLI_LINT_SHOW_H
#define CLI_LINT_SHOW_H

#include "base/buf.h"
#include "base/diag.h"

/*
 * What lint found, for machines.  The list is sorted; a note is shown as a
 * second place of the finding before it.
 */
struct lint_result {
	const struct diags *ds;
	size_t files, checks;
	int code; /* that the process ends with */
};

/* One object with all findings. */
void lint_json(const struct lint_result *r, struct buf *out);
/* Workflow commands of GitHub Actions: one annotation for each finding. */
void lint_github(const struct lint_result *r, struct buf *out);
/* SARIF 2.1.0, for code scanning. */
void lint_sarif(const struct lint_result *r, struct buf *out);

#endif
