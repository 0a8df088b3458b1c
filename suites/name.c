#include "suites/name.h"

static const char *const reserved[] = { "region", "env", "role", "runner",
	"suite", "step", "run", "row", "deploy", NULL };

bool name_is_reserved(struct str name)
{
	for (size_t i = 0; reserved[i]; i++) {
		if (str_eq(name, str_from(reserved[i])))
			return true;
	}
	return false;
}

struct str name_full(struct arena *a, struct str name, struct span where)
{
	struct str first = str_sub(name, 0, str_find_byte(name, '.', 0));

	if (!where.src || where.src->scope.len == 0 || first.len < name.len ||
		name_is_reserved(first))
		return name;
	return arena_printf(a, "%.*s%.*s", STR_ARG(where.src->scope),
		STR_ARG(name));
}

/* No name holds a space, and a scope ends with one. */
struct str name_local(struct str full)
{
	size_t at = full.len;

	while (at && full.ptr[at - 1] != ' ')
		at--;
	return str_sub(full, at, SIZE_MAX);
}
