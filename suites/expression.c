/*
 * Expressions that stand in a scalar of a suite, with their mistakes shown
 * where they are.
 */
#include "base/codes.h"
#include "suites/query.h"
#include "suites/scalar.h"

const struct jsonpath *jsonpath_of_scalar(struct arena *a,
	const struct yaml_node *n, struct str text, struct diags *ds)
{
	struct jsonpath_error why;
	const struct jsonpath *p = jsonpath_parse(a, text, &why);

	if (!p)
		diag_add(ds, DIAG_ERROR, E41, scalar_span(n, why.at, 1),
			"JSONPath is not RFC 9535: %s", why.text);
	return p;
}

const struct regex *regex_of_scalar(struct arena *a, const struct yaml_node *n,
	struct str text, bool ignore_case, struct diags *ds)
{
	char why[160];
	size_t at = 0;
	const struct regex *r =
		regex_new_in(a, text, ignore_case, why, sizeof(why), &at);

	if (!r)
		diag_add(ds, DIAG_ERROR, E42, scalar_span(n, at, 1),
			"regex does not compile: %s", why);
	else if (regex_looks_exponential(text))
		diag_add(ds, DIAG_WARNING, W201, n->where,
			"this regex may run away: a repeat inside a repeat");
	return r;
}
