/*
 * Values: what extractors and filters give.
 */
#include "suites/json_copy.h"
#include "suites/query.h"

struct value value_ok(const struct json *j)
{
	return (struct value){ .state = VALUE_OK, .json = j };
}

struct value value_not(enum value_state state, struct str why)
{
	return (struct value){ .state = state, .why = why };
}

struct value value_of_path(const struct jsonpath *p, const struct json *root,
	struct arena *a)
{
	size_t budget = JSON_COPY_NODES_MAX;
	struct jsonpath_nodes n;

	if (!jsonpath_eval(p, root, a, &n))
		return value_not(VALUE_BUDGET,
			STR("the JSONPath visits more nodes than it may"));
	if (n.count == 0)
		return value_not(VALUE_MISSING, STR("missing"));
	if (jsonpath_singular(p))
		return value_ok(n.node[0]);
	struct json *list = json_new(a, JSON_ARRAY);
	for (size_t i = 0; i < n.count; i++) {
		struct json *copy = json_copy(a, n.node[i], &budget);
		if (!copy)
			return value_not(VALUE_BUDGET,
				STR("the JSONPath gives more than 200,000 "
				    "values"));
		json_append(list, STR_NONE, copy);
	}
	struct value v = value_ok(list);
	v.nodes = true;
	return v;
}

struct value value_of_regex(const struct regex *regex, struct str subject,
	struct arena *a)
{
	struct str group[2] = { STR_NONE, STR_NONE };
	size_t want = regex_groups(regex) > 0 ? 2 : 1;

	switch (regex_match(regex, subject, group, want)) {
	case REGEX_NO:
		return value_not(VALUE_MISSING, STR("missing"));
	case REGEX_BUDGET:
		return value_not(VALUE_BUDGET,
			STR("the regex takes more steps than it may"));
	case REGEX_YES:
		break;
	}
	struct str s = group[want - 1];
	return s.ptr ? value_ok(json_new_str(a, s))
		     : value_not(VALUE_MISSING, STR("missing"));
}
