#include "suites/cookie.h"

/* Cuts "name=value" apart; without a `=` the value is STR_NONE. */
static struct str cut_pair(struct str part, struct str *ret_value)
{
	struct str rest = part;
	struct str name = str_trim(str_cut(&rest, '='));

	*ret_value = rest.ptr ? str_trim(rest) : STR_NONE;
	return name;
}

/* All of the last Set-Cookie header that sets `name`. */
static struct str find_cookie(const struct response *r, struct str name)
{
	const struct response_header *h = r->headers;
	struct str found = STR_NONE;

	for (; h; h = h->next) {
		struct str rest = h->value;
		struct str value;
		if (str_eq_nocase(h->name, STR("Set-Cookie")) &&
			str_eq(cut_pair(str_cut(&rest, ';'), &value), name))
			found = h->value;
	}
	return found;
}

static const struct json *attribute(struct str cookie, struct str name,
	struct arena *a)
{
	struct str rest = cookie;
	struct str value;
	int64_t n;

	str_cut(&rest, ';'); /* name=value itself */
	while (rest.ptr) {
		struct str part = str_cut(&rest, ';');
		if (!str_eq_nocase(cut_pair(part, &value), name))
			continue;
		if (!value.ptr)
			return json_new_bool(a, true);
		if (str_eq_nocase(name, STR("Max-Age")) &&
			str_to_i64(value, &n))
			return json_new_number(a,
				arena_printf(a, "%lld", (long long)n));
		return json_new_str(a, value);
	}
	return NULL;
}

const struct json *cookie_get(const struct response *r, struct str query,
	struct arena *a)
{
	size_t open = str_find_byte(query, '[', 0);
	bool asks_attribute = open != SIZE_MAX && str_ends(query, STR("]"));
	struct str name = asks_attribute ? str_sub(query, 0, open) : query;
	struct str cookie = find_cookie(r, name);
	struct str rest = cookie;
	struct str value;

	if (!cookie.ptr)
		return NULL;
	if (asks_attribute) {
		struct str which =
			str_sub(query, open + 1, query.len - open - 2);
		if (!str_eq_nocase(which, STR("Value")))
			return attribute(cookie, which, a);
	}
	cut_pair(str_cut(&rest, ';'), &value);
	return value.ptr ? json_new_str(a, value) : NULL;
}
