#include "suites/ref_list.h"

void ref_list_add(struct ref_list *list, struct arena *a,
	const struct template_ref *refs)
{
	for (; refs; refs = refs->next) {
		struct template_ref *copy = ARENA_NEW(a, struct template_ref);
		*copy = *refs;
		copy->next = NULL;
		if (list->last)
			list->last->next = copy;
		else
			list->first = copy;
		list->last = copy;
	}
}
