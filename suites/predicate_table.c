#include "suites/predicate_table.h"

static const struct predicate_row table[] = {
#define X(id, name, word, argument, flags)                                     \
	{ name, word, argument, flags, judge_##id },
	PREDICATE_MAP(X)
#undef X
};

enum { ROWS = sizeof(table) / sizeof(table[0]) };

_Static_assert(sizeof(table) / sizeof(table[0]) <= (size_t)PREDICATE_NAMES_MAX,
	"room for did-you-mean");

const struct predicate_row *predicate_find(struct str name)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (str_eq(str_from(table[i].name), name))
			return &table[i];
	}
	return NULL;
}

size_t predicate_names(struct str *ret, size_t max)
{
	size_t n = 0;

	for (; n < ROWS && n < max; n++)
		ret[n] = str_from(table[n].name);
	return n;
}
