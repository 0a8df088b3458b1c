#ifndef SUITES_FILTER_H
#define SUITES_FILTER_H

#include "suites/query.h"
#include "suites/ref_list.h"

/*
 * Inside of suites/: filters turn a value into another, one after the other.
 * A value of a type that a filter knows nothing about becomes VALUE_BROKEN: it
 * then fails every predicate.
 */
struct filter;

/* `filter:`, a list; also a single one. NULL: reported, or the list is empty */
const struct filter *filter_parse(struct arena *a, const struct yaml_node *n,
	struct diags *ds);
struct value filter_apply(const struct filter *first, struct value in,
	const struct look *l);
/* "first, jsonpath $.x" */
struct str filter_text(struct arena *a, const struct filter *first);
void filter_refs(const struct filter *first, struct arena *a,
	struct ref_list *list);

#endif
