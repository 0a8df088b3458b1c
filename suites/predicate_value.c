/*
 * Predicates on one value: equality, order, text, types and formats.
 */
#include "base/clock.h"
#include "suites/decimal.h"
#include "suites/format.h"
#include "suites/predicate_table.h"

enum judgement judge_unfit(struct judge *j, const struct json *got)
{
	if (!j->note.ptr)
		j->note = str_from(json_type_name(got->type));
	return UNFIT;
}

enum judgement judge_unfit_because(struct judge *j, const char *why)
{
	j->note = str_from(why);
	return UNFIT;
}

static bool is_bool(const struct json *j)
{
	return j->type == JSON_TRUE || j->type == JSON_FALSE;
}

static bool is_nest(const struct json *j)
{
	return j->type == JSON_ARRAY || j->type == JSON_OBJECT;
}

/* --- equality and order ------------------------------------------------- */

static bool same(const struct judge *j, const struct json *a,
	const struct json *b)
{
	if (j->ignore_case && a->type == JSON_STRING && b->type == JSON_STRING)
		return str_eq_nocase(a->text, b->text);
	return json_equal(a, b);
}

enum judgement judge_equals(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	(void)p;
	if (same(j, got->json, want))
		return HOLDS;
	if (got->json->type != want->type &&
		!(is_bool(got->json) && is_bool(want)))
		j->note = str_from(json_type_name(got->json->type));
	return FAILS;
}

enum judgement judge_not_equals(const struct predicate *p,
	const struct value *got, const struct json *want, struct judge *j)
{
	(void)p;
	return judged(!same(j, got->json, want));
}

bool predicate_order(const struct json *a, const struct json *b, int *ret)
{
	if (a->type != b->type)
		return false;
	if (a->type == JSON_NUMBER)
		*ret = json_number_cmp(a->text, b->text);
	else if (a->type == JSON_STRING)
		*ret = str_cmp(a->text, b->text);
	else
		return false;
	return true;
}

/* clang-format off */
#define ORDER_MAP(X) X(gt, >) X(gte, >=) X(lt, <) X(lte, <=)
/* clang-format on */

#define X(name, op)                                                            \
	enum judgement judge_##name(const struct predicate *p,                 \
		const struct value *got, const struct json *want,              \
		struct judge *j)                                               \
	{                                                                      \
		int cmp;                                                       \
                                                                               \
		(void)p;                                                       \
		if (!predicate_order(got->json, want, &cmp))                   \
			return judge_unfit(j, got->json);                      \
		return judged(cmp op 0);                                       \
	}
ORDER_MAP(X)
#undef X

enum judgement judge_between(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	int low;
	int high;

	(void)p;
	if (want->type != JSON_ARRAY || want->count != 2)
		return judge_unfit_because(j, "between wants two values");
	if (!predicate_order(got->json, want->first, &low) ||
		!predicate_order(got->json, want->first->next, &high))
		return judge_unfit(j, got->json);
	return judged(low >= 0 && high <= 0);
}

enum judgement judge_near(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	const struct json *middle = json_get(want, STR("value"));
	const struct json *within = json_get(want, STR("within"));
	struct str distance;

	(void)p;
	if (!middle || !within || middle->type != JSON_NUMBER ||
		within->type != JSON_NUMBER)
		return judge_unfit_because(j, "near wants numbers");
	if (got->json->type != JSON_NUMBER)
		return judge_unfit(j, got->json);
	if (!decimal_sub(j->a, got->json->text, middle->text, &distance))
		return judge_unfit_because(j, "too many digits to compare");
	if (str_starts(distance, STR("-")))
		distance = str_sub(distance, 1, distance.len);
	return judged(json_number_cmp(distance, within->text) <= 0);
}

static bool is_one_of(const struct judge *j, const struct json *one,
	const struct json *list)
{
	const struct json *e = list->first;

	while (e && !same(j, one, e))
		e = e->next;
	return e != NULL;
}

enum judgement judge_in(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	(void)p;
	if (want->type != JSON_ARRAY)
		return judge_unfit_because(j,
			"what it should be in is no list");
	return judged(is_one_of(j, got->json, want));
}

enum judgement judge_not_in(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	return negated(judge_in(p, got, want, j));
}

/* --- text --------------------------------------------------------------- */

static struct str folded(const struct judge *j, struct str s)
{
	if (!j->ignore_case)
		return s;
	char *copy = arena_alloc(j->a, s.len + 1);
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		copy[i] = c;
	}
	return (struct str){ copy, s.len };
}

enum judgement judge_starts_with(const struct predicate *p,
	const struct value *got, const struct json *want, struct judge *j)
{
	(void)p;
	if (got->json->type != JSON_STRING)
		return judge_unfit(j, got->json);
	return judged(
		str_starts(folded(j, got->json->text), folded(j, want->text)));
}

enum judgement judge_ends_with(const struct predicate *p,
	const struct value *got, const struct json *want, struct judge *j)
{
	(void)p;
	if (got->json->type != JSON_STRING)
		return judge_unfit(j, got->json);
	return judged(
		str_ends(folded(j, got->json->text), folded(j, want->text)));
}

/* Text holds text, a list holds an element. */
static enum judgement holds_part(const struct judge *j,
	const struct json *whole, const struct json *part)
{
	if (whole->type == JSON_ARRAY)
		return judged(is_one_of(j, part, whole));
	if (whole->type != JSON_STRING || part->type != JSON_STRING)
		return UNFIT;
	return judged(str_find(folded(j, whole->text), folded(j, part->text),
			      0) != SIZE_MAX);
}

enum judgement judge_contains(const struct predicate *p,
	const struct value *got, const struct json *want, struct judge *j)
{
	enum judgement is = holds_part(j, got->json, want);

	(void)p;
	return is == UNFIT ? judge_unfit(j, got->json) : is;
}

/* `all`: every part must be there; else one of them will do. */
static enum judgement holds_parts(const struct json *got,
	const struct json *want, bool all, struct judge *j)
{
	if (want->type != JSON_ARRAY)
		return judge_unfit_because(j,
			"what it should contain is no list");
	for (const struct json *e = want->first; e; e = e->next) {
		enum judgement is = holds_part(j, got, e);
		if (is == UNFIT)
			return judge_unfit(j, got);
		if (is == (all ? FAILS : HOLDS))
			return is;
	}
	return judged(all && want->count > 0);
}

enum judgement judge_contains_all(const struct predicate *p,
	const struct value *got, const struct json *want, struct judge *j)
{
	(void)p;
	return holds_parts(got->json, want, true, j);
}

enum judgement judge_contains_any(const struct predicate *p,
	const struct value *got, const struct json *want, struct judge *j)
{
	(void)p;
	return holds_parts(got->json, want, false, j);
}

enum judgement judge_matches(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	const struct regex *regex = p->regex;
	char why[160];
	size_t at;

	if (got->json->type != JSON_STRING)
		return judge_unfit(j, got->json);
	if (!regex)
		regex = regex_new_in(j->a, want->text, j->ignore_case, why,
			sizeof(why), &at);
	if (!regex) {
		j->note = arena_printf(j->a, "the regex does not compile: %s",
			why);
		return UNFIT;
	}
	uint64_t before = clock_mono_ns(&clock_system);
	enum regex_result is = regex_match(regex, got->json->text, NULL, 0);
	j->regex_ns += clock_mono_ns(&clock_system) - before;
	if (is == REGEX_BUDGET || j->regex_ns > PREDICATE_REGEX_NS) {
		j->note = STR("the regex takes more steps than it may");
		return OVER;
	}
	return judged(is == REGEX_YES);
}

/* --- types and formats -------------------------------------------------- */

enum judgement judge_exists(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	(void)want;
	(void)j;
	return judged(p->sense == (got->state == VALUE_OK));
}

static bool is_written_integer(const struct json *j)
{
	return j->type == JSON_NUMBER &&
	       str_find_byte(j->text, '.', 0) == SIZE_MAX &&
	       str_find_byte(j->text, 'e', 0) == SIZE_MAX &&
	       str_find_byte(j->text, 'E', 0) == SIZE_MAX;
}

static bool is_string(const struct json *j, bool (*format)(struct str))
{
	return j->type == JSON_STRING && format(j->text);
}

/* clang-format off */
#define IS_MAP(X)                                                         \
	X(boolean,    is_bool(v))                                         \
	X(collection, is_nest(v))                                         \
	X(date,       is_string(v, format_is_date))                       \
	X(float,      v->type == JSON_NUMBER && !is_written_integer(v))   \
	X(integer,    is_written_integer(v))                              \
	X(ipv4,       is_string(v, format_is_ipv4))                       \
	X(ipv6,       is_string(v, format_is_ipv6))                       \
	X(iso_date,   is_string(v, format_is_iso_date))                   \
	X(list,       v->type == JSON_ARRAY)                              \
	X(number,     v->type == JSON_NUMBER)                             \
	X(object,     v->type == JSON_OBJECT)                             \
	X(string,     v->type == JSON_STRING)                             \
	X(uuid,       is_string(v, format_is_uuid))                       \
	X(null,       v->type == JSON_NULL)                               \
	X(url,        is_string(v, format_is_url))                        \
	X(jwt,        is_string(v, format_is_jwt))                        \
	X(semver,     is_string(v, format_is_semver))
/* clang-format on */

#define X(name, test)                                                          \
	enum judgement judge_is_##name(const struct predicate *p,              \
		const struct value *got, const struct json *want,              \
		struct judge *j)                                               \
	{                                                                      \
		const struct json *v = got->json;                              \
		bool is = test;                                                \
                                                                               \
		(void)want;                                                    \
		if (is != p->sense)                                            \
			j->note = str_from(json_type_name(v->type));           \
		return judged(is == p->sense);                                 \
	}
IS_MAP(X)
#undef X

enum judgement judge_is_empty(const struct predicate *p,
	const struct value *got, const struct json *want, struct judge *j)
{
	(void)want;
	if (got->json->type == JSON_STRING)
		return judged(p->sense == (got->json->text.len == 0));
	if (!is_nest(got->json))
		return judge_unfit(j, got->json);
	return judged(p->sense == (got->json->count == 0));
}
