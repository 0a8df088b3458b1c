#include "suites/same.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/crypto.h"
#include "base/keys.h"
#include "suites/load.h"
#include "suites/predicate_table.h"

enum { AGE_MAX_MS = 7 * 86400000, EXPONENT_DIGITS_MAX = 15 };

/* --- reading ------------------------------------------------------------ */

struct same_keys {
	struct str region;
	uint64_t max_age_ms;
};

/* clang-format off */
static const struct key same_key_table[] = {
	{ .name = "region", .type = KEY_STR, .flags = KEY_REQUIRED,
	  .offset = KEY(struct same_keys, region) },
	{ .name = "max_age", .type = KEY_DURATION,
	  .offset = KEY(struct same_keys, max_age_ms),
	  .low = 1000, .high = AGE_MAX_MS },
	{ 0 },
};
/* clang-format on */

static bool is_region(struct str s)
{
	size_t slash = str_find_byte(s, '/', 0);

	return slash != SIZE_MAX && slash > 0 && slash + 1 < s.len &&
	       str_find_byte(s, '/', slash + 1) == SIZE_MAX &&
	       str_find_byte(s, '$', 0) == SIZE_MAX;
}

struct same *same_parse(struct arena *a, const struct yaml_node *n,
	struct diags *ds)
{
	struct same *s = ARENA_NEW(a, struct same);
	struct same_keys keys = { 0 };
	const struct yaml_node *word = n;

	if (n->kind == YAML_MAP) {
		if (!keys_read(same_key_table, n, "sameAs", &keys, a, ds))
			return NULL;
		word = yaml_get(n, "region");
	} else if (!key_scalar(n, "sameAs", &keys.region, ds)) {
		return NULL;
	}
	s->max_age_ms = keys.max_age_ms;
	s->where = word->where;
	if (str_eq(keys.region, STR("baseline"))) {
		s->kind = SAME_BASELINE;
	} else if (str_eq(keys.region, STR("previous"))) {
		s->kind = SAME_PREVIOUS;
	} else if (is_region(keys.region)) {
		s->kind = SAME_REGION;
		s->region = keys.region;
	} else {
		diag_add(ds, DIAG_ERROR, E24, word->where,
			"`%.*s` is not `baseline`, `previous` or a region "
			"such as prod/east",
			STR_ARG(str_sub(keys.region, 0, 80)));
		return NULL;
	}
	return s;
}

/* --- what is wrong with its place --------------------------------------- */

static void region_check(struct load *l, const struct same *s)
{
	const struct suite_world *w = l->world;

	for (size_t i = 0; i < w->nregions; i++)
		if (str_eq(w->regions[i], s->region))
			return;
	if (w->any)
		return;
	diag_add(l->ds, DIAG_ERROR, E51, s->where, "unknown region `%.*s`",
		STR_ARG(s->region));
	hint_nearest(l, s->region, w->regions, w->nregions);
}

/* Is there a region of the suite that has another one to compare with? */
static void alone_check(struct load *l, const struct suite *suite,
	const struct same *s)
{
	const struct suite_world *w = l->world;
	struct str only = STR_NONE;
	size_t n = 0;

	for (size_t i = 0; i < w->nregions; i++) {
		if (!where_holds(&suite->where_globs, w->regions[i]))
			continue;
		only = w->regions[i];
		n++;
	}
	if (w->any || n != 1 || s->kind == SAME_PREVIOUS ||
		(s->kind == SAME_REGION && !str_eq(s->region, only)))
		return;
	diag_add(l->ds, DIAG_ERROR, E48, s->where,
		"the suite runs in `%.*s` alone: there is nothing to compare "
		"with",
		STR_ARG(only));
}

static void list_check(struct load *l, const struct suite *suite,
	const struct check *c)
{
	for (; c; c = c->next) {
		const struct same *s = check_same(c);

		if (!s)
			continue;
		if (s->kind == SAME_REGION)
			region_check(l, s);
		alone_check(l, suite, s);
		if (suite->http.each)
			diag_add(l->ds, DIAG_ERROR, E48, s->where,
				"with `addresses: each` a region has no one "
				"value to compare with");
	}
}

static void poll_check(struct load *l, const struct check *c)
{
	for (; c; c = c->next)
		if (check_same(c))
			diag_add(l->ds, DIAG_ERROR, E48, check_same(c)->where,
				"`fail_when` can not compare: it is no result "
				"of a run");
}

void same_check(struct load *l, const struct suite *suite)
{
	const struct step *const lists[] = { suite->setup, suite->steps,
		suite->cleanup };

	for (size_t i = 0; i < 3; i++)
		for (const struct step *s = lists[i]; s; s = s->next) {
			list_check(l, suite, s->expect);
			list_check(l, suite, s->warn);
			poll_check(l, s->poll.fail_when);
		}
}

/* --- the digest --------------------------------------------------------- */

static void add_text(struct sha256 *h, char kind, struct str s)
{
	char head[32];
	int n = snprintf(head, sizeof(head), "%c%zu:", kind, s.len);

	sha256_add(h, (struct str){ head, (size_t)n });
	sha256_add(h, s);
}

/* The digits from the first to the last that is not zero, of both parts. */
static void add_digits(struct sha256 *h, struct str whole, struct str part,
	int64_t exponent)
{
	size_t all = whole.len + part.len;
	size_t from = 0;
	char tail[32];
	int n;

#define DIGIT(i) ((i) < whole.len ? whole.ptr[i] : part.ptr[(i)-whole.len])
	while (from < all && DIGIT(from) == '0')
		from++;
	while (all > from && DIGIT(all - 1) == '0')
		all--;
#undef DIGIT
	exponent += (int64_t)whole.len - (int64_t)all;
	if (from == all)
		exponent = 0;
	if (from < whole.len && from < all)
		sha256_add(h,
			str_sub(whole, from,
				(all < whole.len ? all : whole.len) - from));
	if (all > whole.len) {
		size_t at = from > whole.len ? from - whole.len : 0;

		sha256_add(h, str_sub(part, at, all - whole.len - at));
	}
	n = snprintf(tail, sizeof(tail), "e%" PRId64 ";", exponent);
	sha256_add(h, (struct str){ tail, (size_t)n });
}

/* 1e2, 100 and 100.0 are the same; what no machine can count stays text. */
static void add_number(struct sha256 *h, struct str s)
{
	struct str number = s;
	struct str e = STR("");
	struct str part = STR("");
	int64_t exponent = 0;
	size_t at = str_find_byte(s, 'e', 0);
	bool zero = true;

	if (at == SIZE_MAX)
		at = str_find_byte(s, 'E', 0);
	if (at != SIZE_MAX) {
		e = str_sub(s, at + 1, s.len - at - 1);
		number = str_sub(s, 0, at);
	}
	if (str_starts(e, STR("+")))
		e = str_sub(e, 1, e.len - 1);
	if (e.len > EXPONENT_DIGITS_MAX ||
		(e.len && !str_to_i64(e, &exponent))) {
		add_text(h, 'x', s);
		return;
	}
	bool minus = str_starts(number, STR("-"));
	number = str_sub(number, minus, number.len - minus);
	for (size_t i = 0; i < number.len; i++)
		zero = zero && (number.ptr[i] == '0' || number.ptr[i] == '.');
	at = str_find_byte(number, '.', 0);
	if (at != SIZE_MAX) {
		part = str_sub(number, at + 1, number.len - at - 1);
		number = str_sub(number, 0, at);
	}
	sha256_add(h, minus && !zero ? STR("-") : STR("+"));
	add_digits(h, number, part, exponent);
}

struct member {
	const struct json *value;
	size_t at; /* members of one name keep the order of the document */
};

static int by_key(const void *a, const void *b)
{
	const struct member *x = a;
	const struct member *y = b;
	int order = str_cmp(x->value->key, y->value->key);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the reader of JSON allows */
static void add_value(struct arena *a, struct sha256 *h, const struct json *j)
{
	static const char kinds[] = { [JSON_NULL] = '0',
		[JSON_FALSE] = 'f',
		[JSON_TRUE] = 't',
		[JSON_ARRAY] = '[',
		[JSON_OBJECT] = '{' };
	struct member *member;
	size_t n = 0;

	if (j->type == JSON_STRING) {
		add_text(h, '"', j->text);
		return;
	}
	if (j->type == JSON_NUMBER) {
		add_number(h, j->text);
		return;
	}
	sha256_add(h, (struct str){ &kinds[j->type], 1 });
	if (j->type != JSON_ARRAY && j->type != JSON_OBJECT)
		return;
	member = ARENA_ARRAY(a, (size_t)j->count + 1, struct member);
	for (const struct json *e = j->first; e; e = e->next, n++)
		member[n] = (struct member){ e, n };
	if (j->type == JSON_OBJECT && n > 1)
		qsort(member, n, sizeof(*member), by_key);
	for (size_t i = 0; i < n; i++) {
		if (j->type == JSON_OBJECT)
			add_text(h, 'k', member[i].value->key);
		add_value(a, h, member[i].value);
	}
	sha256_add(h, STR("."));
}
/* NOLINTEND(misc-no-recursion) */

void same_digest(struct arena *a, const struct json *j, char ret_hex[65])
{
	struct sha256 *h = sha256_new();

	add_value(a, h, j);
	sha256_free(h, ret_hex);
}

/* --- judging ------------------------------------------------------------ */

static enum judgement differs(const struct same_value *got,
	const struct same_answer *other, struct judge *j)
{
	if (str_eq(got->shown, other->that.shown))
		j->note = STR("differs beyond what is shown");
	return FAILS;
}

enum judgement judge_same_as(const struct predicate *p, const struct value *got,
	const struct json *want, struct judge *j)
{
	const struct same_values *values = j->v->same;
	struct same_answer other = { .with = STR(""), .why = STR("") };
	struct same_value mine;

	(void)want;
	if (!values) {
		j->note = STR("nothing to compare with: no runs here");
		return ALONE;
	}
	same_digest(j->a, got->json, mine.digest);
	mine.shown = j->secret ? STR("(made from a secret)")
			       : value_text(j->a, j->v->redact, got->json);
	switch (values->compare(values->owner, p->same, &mine, &other)) {
	case SAME_SOURCE:
		return HOLDS;
	case SAME_NOTHING:
		j->note = arena_printf(j->a, "nothing to compare with: %.*s",
			STR_ARG(other.why));
		return ALONE;
	case SAME_FOUND:
		break;
	}
	j->expected = arena_printf(j->a, "%.*s, as in %.*s",
		STR_ARG(other.that.shown), STR_ARG(other.with));
	if (strncmp(mine.digest, other.that.digest, sizeof(mine.digest)) == 0)
		return HOLDS;
	return differs(&mine, &other, j);
}
