#include "suites/absent.h"

#include <stdio.h>

#include "base/codes.h"

/* clang-format off */
#define ABSENT_MAP(X)                  \
	X(PREDICATE, "sameAs")
/* clang-format on */

static const struct {
	enum absent_kind kind;
	struct str word;
} words[] = {
#define X(kind, word) { ABSENT_##kind, STR(word) },
	ABSENT_MAP(X)
#undef X
};

size_t absent_words(enum absent_kind kind, struct str *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && n < max; i++)
		if (words[i].kind == kind)
			ret[n++] = words[i].word;
	return n;
}

void absent_say(const char *what, struct span where, struct diags *ds)
{
	diag_add(ds, DIAG_ERROR, E14, where,
		"%s is not available in this version", what);
	diag_hint(ds, "known, but not executed yet");
}

bool absent_report(enum absent_kind kind, struct str word, struct span where,
	struct diags *ds)
{
	char what[32];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].kind != kind || !str_eq(words[i].word, word))
			continue;
		snprintf(what, sizeof(what), "`%.*s`", STR_ARG(word));
		absent_say(what, where, ds);
		return true;
	}
	return false;
}
