#ifndef SUITES_REF_LIST_H
#define SUITES_REF_LIST_H

#include "base/arena.h"
#include "suites/template.h"

/* Collects the names that several templates need; copies, in order. */
struct ref_list {
	struct template_ref *first, *last;
};

void ref_list_add(struct ref_list *list, struct arena *a,
	const struct template_ref *refs);

#endif
