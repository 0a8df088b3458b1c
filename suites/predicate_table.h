#ifndef SUITES_PREDICATE_TABLE_H
#define SUITES_PREDICATE_TABLE_H

#include "suites/predicate.h"

/*
 * All predicates: judge_NAME() of a file predicate_*.c, name
 * in a suite, word in a report, argument, flags.
 */
/* clang-format off */
#define PREDICATE_MAP(X)                                                      \
	X(equals, "equals", "==", ARG_VALUE, 0)                               \
	X(not_equals, "notEquals", "!=", ARG_VALUE, 0)                        \
	X(gt, "gt", ">", ARG_VALUE, ROW_ORDER)                                \
	X(gte, "gte", ">=", ARG_VALUE, ROW_ORDER)                             \
	X(lt, "lt", "<", ARG_VALUE, ROW_ORDER)                                \
	X(lte, "lte", "<=", ARG_VALUE, ROW_ORDER)                             \
	X(starts_with, "startsWith", "startsWith", ARG_TEXT, 0)               \
	X(ends_with, "endsWith", "endsWith", ARG_TEXT, 0)                     \
	X(contains, "contains", "contains", ARG_VALUE, ROW_LIST)              \
	X(matches, "matches", "matches", ARG_REGEX, 0)                        \
	X(exists, "exists", "exists", ARG_BOOL, ROW_MISSING)                  \
	X(is_boolean, "isBoolean", "isBoolean", ARG_BOOL, 0)                  \
	X(is_collection, "isCollection", "isCollection", ARG_BOOL, 0)         \
	X(is_date, "isDate", "isDate", ARG_BOOL, 0)                           \
	X(is_empty, "isEmpty", "isEmpty", ARG_BOOL, 0)                        \
	X(is_float, "isFloat", "isFloat", ARG_BOOL, 0)                        \
	X(is_integer, "isInteger", "isInteger", ARG_BOOL, 0)                  \
	X(is_ipv4, "isIpv4", "isIpv4", ARG_BOOL, 0)                           \
	X(is_ipv6, "isIpv6", "isIpv6", ARG_BOOL, 0)                           \
	X(is_iso_date, "isIsoDate", "isIsoDate", ARG_BOOL, 0)                 \
	X(is_list, "isList", "isList", ARG_BOOL, 0)                           \
	X(is_number, "isNumber", "isNumber", ARG_BOOL, 0)                     \
	X(is_object, "isObject", "isObject", ARG_BOOL, 0)                     \
	X(is_string, "isString", "isString", ARG_BOOL, 0)                     \
	X(is_uuid, "isUuid", "isUuid", ARG_BOOL, 0)                           \
	X(is_null, "isNull", "isNull", ARG_BOOL, 0)                           \
	X(is_url, "isUrl", "isUrl", ARG_BOOL, 0)                              \
	X(is_jwt, "isJwt", "isJwt", ARG_BOOL, 0)                              \
	X(is_semver, "isSemver", "isSemver", ARG_BOOL, 0)                     \
	X(is_unique, "isUnique", "isUnique", ARG_BOOL, ROW_LIST)              \
	X(is_sorted, "isSorted", "isSorted", ARG_BOOL, ROW_LIST)              \
	X(in, "in", "in", ARG_LIST, 0)                                        \
	X(not_in, "notIn", "notIn", ARG_LIST, 0)                              \
	X(between, "between", "between", ARG_PAIR, ROW_ORDER)                 \
	X(near, "near", "near", ARG_NEAR, ROW_ORDER)                          \
	X(contains_all, "containsAll", "containsAll", ARG_LIST, ROW_LIST)     \
	X(contains_any, "containsAny", "containsAny", ARG_LIST, ROW_LIST)     \
	X(subset, "subset", "subset", ARG_VALUE, 0)                           \
	X(json, "json", "json", ARG_JSON, ROW_ORDER)                          \
	X(schema, "schema", "schema", ARG_SCHEMA, ROW_ORDER)                  \
	X(same_as, "sameAs", "sameAs", ARG_SAME, ROW_LIST)                    \
	X(before, "before", "before", ARG_TEXT, 0)                            \
	X(after, "after", "after", ARG_TEXT, 0)                               \
	X(within, "within", "within", ARG_TEXT, 0)                            \
	X(expires_in, "expires_in", "expires_in", ARG_PREDICATES, ROW_TIME)   \
	X(count, "count", "count", ARG_PREDICATES, ROW_LIST | ROW_NUMBER)     \
	X(length, "length", "length", ARG_PREDICATES, ROW_LIST | ROW_NUMBER)  \
	X(each, "each", "each", ARG_PREDICATES, ROW_LIST)                     \
	X(any, "any", "any", ARG_PREDICATES, ROW_LIST)                        \
	X(none, "none", "none", ARG_PREDICATES, ROW_LIST)                     \
	X(not, "not", "not", ARG_PREDICATES, ROW_LIST | ROW_MISSING)          \
	X(ignore_case, "ignoreCase", "ignoreCase", ARG_PREDICATES, ROW_LIST | ROW_MISSING) \
	X(all_of, "allOf", "allOf", ARG_BRANCHES, ROW_LIST | ROW_MISSING)     \
	X(any_of, "anyOf", "anyOf", ARG_BRANCHES, ROW_LIST | ROW_MISSING)
/* clang-format on */

#define X(id, name, word, argument, flags)                                     \
	enum judgement judge_##id(const struct predicate *p,                   \
		const struct value *got, const struct json *want,              \
		struct judge *j);
PREDICATE_MAP(X)
#undef X

/* What those files need. */
static inline enum judgement judged(bool holds)
{
	return holds ? HOLDS : FAILS;
}

static inline enum judgement negated(enum judgement is)
{
	return is == HOLDS ? FAILS : is == FAILS ? HOLDS : is;
}

/* Of a type that the predicate knows nothing about; the report says which. */
enum judgement judge_unfit(struct judge *j, const struct json *got);
enum judgement judge_unfit_because(struct judge *j, const char *why);
/* Numbers with numbers, text with text; anything else has no order. */
bool predicate_order(const struct json *a, const struct json *b, int *ret);

#endif
