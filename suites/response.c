#include "suites/response.h"

struct str response_header_get(const struct response *r, struct str name)
{
	const struct response_header *h = r->headers;

	for (; h; h = h->next) {
		if (str_eq_nocase(h->name, name))
			return h->value;
	}
	return STR_NONE;
}
