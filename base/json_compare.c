#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/oom.h"

/* --- numbers ------------------------------------------------------------ */

/*
 * A number as 0.D1D2D3... * 10^(exponent + shift), with D1 not zero.  The
 * exponent stays text, since it may have more digits than any integer of ours.
 */
struct decimal {
	int sign; /* -1, 0, 1 */
	int64_t shift;
	const char *digit, *digit_end; /* may hold one '.' */
	const char *exponent, *exponent_end;
	int exponent_sign;
};

static struct decimal decimal_from(struct str s)
{
	struct decimal d = { .sign = 1, .exponent_sign = 1 };
	const char *p = s.ptr;
	const char *end = s.ptr + s.len;
	bool fraction = false;

	if (p < end && (*p == '-' || *p == '+'))
		d.sign = *p++ == '-' ? -1 : 1;
	for (; p < end && (*p == '0' || *p == '.'); p++) {
		if (*p == '.')
			fraction = true;
		else if (fraction)
			d.shift--;
	}
	d.digit = p;
	for (; p < end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.')
			fraction = true;
		else if (!fraction)
			d.shift++;
	}
	d.digit_end = p;
	if (d.digit == d.digit_end)
		d.sign = 0;
	if (p < end)
		p++;
	if (p < end && (*p == '-' || *p == '+'))
		d.exponent_sign = *p++ == '-' ? -1 : 1;
	d.exponent = p;
	d.exponent_end = end;
	return d;
}

/* The digit that weighs 10^place in an exponent, with its sign. */
static int exponent_digit(const struct decimal *d, ptrdiff_t place)
{
	if (place >= d->exponent_end - d->exponent)
		return 0;
	return d->exponent_sign * (d->exponent_end[-1 - place] - '0');
}

/*
 * Sign of (exponent + shift) of a less that of b.  The difference of the
 * exponents is worked out from the first digit on; one step makes it ten times
 * as large and adds at most 18, so once it is far beyond any shift (a shift is
 * less than the length of a text) nothing that follows can turn its sign.
 */
static int exponent_cmp(const struct decimal *a, const struct decimal *b)
{
	const int64_t beyond = INT64_C(1000000000000000);
	ptrdiff_t na = a->exponent_end - a->exponent;
	ptrdiff_t nb = b->exponent_end - b->exponent;
	int64_t less = 0;

	for (ptrdiff_t i = (na > nb ? na : nb) - 1; i >= 0; i--) {
		less = less * 10 + exponent_digit(a, i) - exponent_digit(b, i);
		if (less > beyond || less < -beyond)
			break;
	}
	less += a->shift - b->shift;
	return (less > 0) - (less < 0);
}

/* The next digit of the mantissa; zeros without end follow the last one. */
static int next_digit(struct decimal *d)
{
	if (d->digit < d->digit_end && *d->digit == '.')
		d->digit++;
	return d->digit < d->digit_end ? *d->digit++ - '0' : 0;
}

int json_number_cmp(struct str sa, struct str sb)
{
	struct decimal a = decimal_from(sa);
	struct decimal b = decimal_from(sb);

	if (a.sign != b.sign)
		return a.sign < b.sign ? -1 : 1;
	if (a.sign == 0)
		return 0;
	int order = exponent_cmp(&a, &b);
	while (order == 0 && (a.digit < a.digit_end || b.digit < b.digit_end))
		order = next_digit(&a) - next_digit(&b);
	return a.sign * ((order > 0) - (order < 0));
}

/* --- deep equality ------------------------------------------------------ */

struct pair {
	const struct json *a, *b;
};

/* Pairs that must still be equal; what recursion would have on the stack. */
struct todo {
	struct pair *pair;
	size_t count, cap;
};

static void todo_add(struct todo *t, const struct json *a, const struct json *b)
{
	if (t->count == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 32;
		t->pair = xrealloc(t->pair, t->cap * sizeof(*t->pair));
	}
	t->pair[t->count++] = (struct pair){ a, b };
}

struct ranked {
	const struct json *member;
	size_t rank;
};

static int ranked_cmp(const void *va, const void *vb)
{
	const struct ranked *a = va;
	const struct ranked *b = vb;
	int order = str_cmp(a->member->key, b->member->key);

	return order ? order : (a->rank > b->rank) - (a->rank < b->rank);
}

/* Members by name; those of the same name stay in their order. */
static struct ranked *members_sorted(const struct json *object)
{
	struct ranked *list = xmalloc(object->count * sizeof(*list));
	size_t n = 0;

	for (const struct json *m = object->first; m; m = m->next, n++)
		list[n] = (struct ranked){ m, n };
	qsort(list, n, sizeof(*list), ranked_cmp);
	return list;
}

static bool names_in_step(const struct json *a, const struct json *b)
{
	const struct json *mb = b->first;

	for (const struct json *ma = a->first; ma; ma = ma->next) {
		if (!str_eq(ma->key, mb->key))
			return false;
		mb = mb->next;
	}
	return true;
}

static void todo_add_children(struct todo *t, const struct json *a,
	const struct json *b)
{
	const struct json *cb = b->first;

	for (const struct json *ca = a->first; ca; ca = ca->next) {
		todo_add(t, ca, cb);
		cb = cb->next;
	}
}

static bool todo_add_members(struct todo *t, const struct json *a,
	const struct json *b)
{
	bool same = true;

	if (names_in_step(a, b)) {
		todo_add_children(t, a, b);
		return true;
	}
	struct ranked *la = members_sorted(a);
	struct ranked *lb = members_sorted(b);
	for (size_t i = 0; same && i < a->count; i++) {
		same = str_eq(la[i].member->key, lb[i].member->key);
		if (same)
			todo_add(t, la[i].member, lb[i].member);
	}
	free(la);
	free(lb);
	return same;
}

static bool pair_equal(struct todo *t, const struct json *a,
	const struct json *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		return true;
	case JSON_NUMBER:
		return json_number_cmp(a->text, b->text) == 0;
	case JSON_STRING:
		return str_eq(a->text, b->text);
	case JSON_ARRAY:
		if (a->count != b->count)
			return false;
		todo_add_children(t, a, b);
		return true;
	case JSON_OBJECT:
		return a->count == b->count && todo_add_members(t, a, b);
	}
	return false;
}

bool json_equal(const struct json *a, const struct json *b)
{
	struct todo t = { NULL, 0, 0 };
	bool equal;

	/* Scalars, the usual case, never come to the heap. */
	equal = pair_equal(&t, a, b);
	while (equal && t.count > 0) {
		struct pair p = t.pair[--t.count];
		equal = pair_equal(&t, p.a, p.b);
	}
	free(t.pair);
	return equal;
}
