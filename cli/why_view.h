#ifndef CLI_WHY_VIEW_H
#define CLI_WHY_VIEW_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "cli/status_view.h"
#include "regions/line.h"
#include "store/codec.h"
#include "store/facts.h"

/*
 * One deployment explained: what fails where, since when, by which rule, the
 * first failing exchange and the command that repeats it, what people did,
 * and what to do next.  Pure.
 */
struct why_facts {
	const struct line *line;
	const struct facts *facts;
	const struct deployment *deployment;
	/* what was frozen when it was stopped (cli/trial.h); NULL: nothing */
	const struct json *bundle;
	const struct audit_line *audit; /* about it, oldest first */
	size_t naudit;
};

/*
 * `name` is an id, else a version or a stage: the newest deployment of it.
 * NULL name: the one that stopped the line, else the newest.  NULL: none.
 */
const struct deployment *why_find(const struct facts *f, struct str name);
/* The nearest id or version for "did you mean"; STR_NONE: none is near. */
struct str why_near(const struct facts *f, struct str name, struct arena *a);
/* Is a line of the audit about this deployment? */
bool why_concerns(const struct audit_line *l, const struct deployment *d);

void why_text(struct buf *out, const struct why_facts *w,
	const struct view_style *style, struct arena *a);
void why_json(struct buf *out, const struct why_facts *w, struct arena *a);

#endif
