/*
 * Predicates on lists and time, and predicates of predicates.
 */
#include <inttypes.h>

#include "base/units.h"
#include "suites/format.h"
#include "suites/predicate_table.h"

enum {
	UNIQUE_MAX = 4000,    /* elements: every two are compared */
	UNIQUE_NEST_MAX = 500 /* when there are lists or objects in them */
};

static bool is_nest(const struct json *j)
{
	return j->type == JSON_ARRAY || j->type == JSON_OBJECT;
}

/* --- lists -------------------------------------------------------------- */

static enum judgement judge_number(const struct predicate *p, size_t n,
	struct judge *j)
{
	struct value v =
		value_ok(json_new_number(j->a, arena_printf(j->a, "%zu", n)));
	enum judgement is = predicate_judge_all(p->inner, &v, j);

	if (is != HOLDS)
		j->note = arena_printf(j->a, "%s %zu", p->row->word, n);
	return is;
}

enum judgement judge_count(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	(void)want;
	if (!is_nest(got->json))
		return judge_unfit(j, got->json);
	return judge_number(p, got->json->count, j);
}

enum judgement judge_length(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	if (got->json->type != JSON_STRING)
		return judge_count(p, got, want, j);
	return judge_number(p, str_codepoints(got->json->text), j);
}

static void note_element(struct judge *j, size_t index, const struct json *e)
{
	struct str text = value_text(j->a, j->v->redact, e);

	j->note = arena_printf(j->a, "element %zu is %.*s", index,
		STR_ARG(str_sub(text, 0, 60)));
}

/* An empty list proves nothing about its elements: it does not pass. */
enum judgement judge_each(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	size_t index = 0;

	(void)want;
	if (got->json->type != JSON_ARRAY)
		return judge_unfit(j, got->json);
	if (got->json->count == 0) {
		j->note = STR("no element to look at");
		return FAILS;
	}
	for (const struct json *e = got->json->first; e; e = e->next, index++) {
		struct value v = value_ok(e);
		enum judgement is = predicate_judge_all(p->inner, &v, j);
		if (is == HOLDS)
			continue;
		if (is != OVER)
			note_element(j, index, e);
		return is;
	}
	return HOLDS;
}

enum judgement judge_any(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	enum judgement worst = FAILS;

	(void)want;
	if (got->json->type != JSON_ARRAY)
		return judge_unfit(j, got->json);
	for (const struct json *e = got->json->first; e; e = e->next) {
		struct value v = value_ok(e);
		enum judgement is = predicate_judge_all(p->inner, &v, j);
		if (is == HOLDS)
			return HOLDS;
		if (is == OVER)
			worst = OVER;
	}
	if (worst != OVER)
		j->note = STR("none of its elements");
	return worst;
}

/* An element that can not be asked is not an element that does not hold. */
enum judgement judge_none(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	size_t index = 0;

	(void)want;
	if (got->json->type != JSON_ARRAY)
		return judge_unfit(j, got->json);
	for (const struct json *e = got->json->first; e; e = e->next, index++) {
		struct value v = value_ok(e);
		enum judgement is = predicate_judge_all(p->inner, &v, j);
		if (is == FAILS)
			continue;
		if (is != OVER)
			note_element(j, index, e);
		return negated(is);
	}
	j->note = STR_NONE;
	return HOLDS;
}

static size_t unique_max(const struct json *list)
{
	const struct json *e = list->first;

	while (e && !is_nest(e))
		e = e->next;
	return e ? UNIQUE_NEST_MAX : UNIQUE_MAX;
}

static bool has_twin(const struct json *e)
{
	for (const struct json *other = e->next; other; other = other->next) {
		if (json_equal(e, other))
			return true;
	}
	return false;
}

enum judgement judge_is_unique(const struct predicate *p,
	const struct value *got, const struct json *want, struct judge *j)
{
	const struct json *e = got->json->first;
	size_t index = 0;

	(void)want;
	if (got->json->type != JSON_ARRAY)
		return judge_unfit(j, got->json);
	if (got->json->count > unique_max(got->json)) {
		j->note = STR("more elements than may be compared");
		return OVER;
	}
	while (e && !has_twin(e)) {
		e = e->next;
		index++;
	}
	if (e)
		note_element(j, index, e);
	return judged(p->sense == (e == NULL));
}

enum judgement judge_is_sorted(const struct predicate *p,
	const struct value *got, const struct json *want, struct judge *j)
{
	bool sorted = true;
	size_t index = 1;

	(void)want;
	if (got->json->type != JSON_ARRAY)
		return judge_unfit(j, got->json);
	for (const struct json *e = got->json->first; e && e->next && sorted;
		e = e->next, index++) {
		int cmp;
		if (!predicate_order(e, e->next, &cmp))
			return judge_unfit_because(j,
				"elements that have no order");
		sorted = cmp <= 0;
		if (!sorted)
			note_element(j, index, e->next);
	}
	return judged(p->sense == sorted);
}

/* --- time --------------------------------------------------------------- */

static bool date_of(const struct json *j, const struct judge *judge,
	int64_t *ret_us)
{
	if (j->type != JSON_STRING)
		return false;
	if (str_eq(j->text, STR("now"))) {
		*ret_us = judge->v->wall_us;
		return true;
	}
	return format_date(j->text, ret_us);
}

static enum judgement judge_dates(const struct json *got,
	const struct json *want, bool before, struct judge *j)
{
	int64_t at;
	int64_t limit;

	if (!date_of(want, j, &limit))
		return judge_unfit_because(j,
			"what it is compared with is no date");
	if (!date_of(got, j, &at))
		return judge_unfit_because(j, "not a date");
	return judged(before ? at < limit : at > limit);
}

enum judgement judge_before(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	(void)p;
	return judge_dates(got->json, want, true, j);
}

enum judgement judge_after(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	(void)p;
	return judge_dates(got->json, want, false, j);
}

/* So near to now, on either side. */
enum judgement judge_within(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	uint64_t ms;
	int64_t at;

	(void)p;
	if (!units_duration_ms(want->text, &ms) || ms > INT64_MAX / 2000)
		return judge_unfit_because(j, "within wants a duration");
	if (!date_of(got->json, j, &at))
		return judge_unfit_because(j, "not a date");
	int64_t off =
		at > j->v->wall_us ? at - j->v->wall_us : j->v->wall_us - at;
	return judged(off <= (int64_t)ms * 1000);
}

/*
 * The time that is left as a number of milliseconds; less than 0 when it is
 * over.  A number is seconds since 1970, as in the `exp` of a JWT.
 */
enum judgement judge_expires_in(const struct predicate *p,
	const struct value *got, const struct json *want, struct judge *j)
{
	int64_t at;
	char out[32];

	(void)want;
	if (got->json->type == JSON_NUMBER) {
		if (!str_to_i64(got->json->text, &at) ||
			at < FORMAT_SECONDS_MIN || at > FORMAT_SECONDS_MAX)
			return judge_unfit_because(j, "not seconds since 1970");
		at *= 1000000;
	} else if (!date_of(got->json, j, &at)) {
		return judge_unfit_because(j, "not a date");
	}
	int64_t left = at - j->v->wall_us;
	struct str ms = arena_printf(j->a, "%" PRId64, left / 1000);
	struct value v = value_ok(json_new_number(j->a, ms));
	enum judgement is = predicate_judge_all(p->inner, &v, j);
	if (is == FAILS || is == HOLDS)
		j->note = arena_printf(j->a, "%s %s",
			left < 0 ? "expired since" : "expires in",
			units_took_text(left < 0 ? (uint64_t)-left
						 : (uint64_t)left,
				out));
	return is;
}

/* --- predicates of predicates ------------------------------------------- */

enum judgement judge_not(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	(void)want;
	return negated(predicate_judge_all(p->inner, got, j));
}

enum judgement judge_ignore_case(const struct predicate *p,
	const struct value *got, const struct json *want, struct judge *j)
{
	bool before = j->ignore_case;

	(void)want;
	j->ignore_case = true;
	enum judgement is = predicate_judge_all(p->inner, got, j);
	j->ignore_case = before;
	return is;
}

enum judgement judge_all_of(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	enum judgement worst = HOLDS;

	(void)want;
	for (struct predicate_branch *b = p->branches; b; b = b->next) {
		enum judgement is = predicate_judge_all(b->first, got, j);
		if (is > worst)
			worst = is;
	}
	return worst;
}

enum judgement judge_any_of(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	enum judgement worst = FAILS;

	(void)want;
	for (struct predicate_branch *b = p->branches; b; b = b->next) {
		enum judgement is = predicate_judge_all(b->first, got, j);
		if (is == HOLDS)
			return HOLDS;
		if (is > worst)
			worst = is;
	}
	return worst;
}
