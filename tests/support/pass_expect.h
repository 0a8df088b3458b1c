#ifndef TESTS_SUPPORT_PASS_EXPECT_H
#define TESTS_SUPPORT_PASS_EXPECT_H

#include <criterion/criterion.h>

#include "tests/support/pass.h"

/* How the first run of a pass must have ended, for tests of Criterion. */
static inline void pass_ended(const struct pass *p, enum outcome outcome,
	enum reason reason)
{
	cr_assert_eq(p->run->outcome, outcome, "%s: %.*s",
		reason_token(p->run->reason), STR_ARG(p->run->message));
	cr_assert_eq(p->run->reason, reason, "%s: %.*s",
		reason_token(p->run->reason), STR_ARG(p->run->message));
}

/* What its message must have in it. */
static inline void pass_says(const struct pass *p, const char *text)
{
	cr_assert_neq(str_find(p->run->message, str_from(text), 0), SIZE_MAX,
		"%.*s", STR_ARG(p->run->message));
}

#endif
