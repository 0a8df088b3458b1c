#include "suites/decimal.h"

#include <stddef.h>
#include <stdint.h>

/* value = digits * 10^exp */
struct decimal {
	__int128 digits;
	int exp;
};

enum { EXP_MAX = 400 };

/* 10^36: DECIMAL_DIGITS digits */
#define DIGITS_MAX ((__int128)1000000000000000000 * 1000000000000000000)

static bool mul10(__int128 *n)
{
	if (*n >= DIGITS_MAX / 10 || *n <= -(DIGITS_MAX / 10))
		return false;
	*n *= 10;
	return true;
}

static bool push_digit(struct decimal *d, char c)
{
	if (!mul10(&d->digits))
		return false;
	d->digits += c - '0';
	return true;
}

static bool parse_exp(struct str s, int *exp)
{
	int64_t e = 0;

	if (s.len > 0 && s.ptr[0] == '+')
		s = str_sub(s, 1, s.len);
	if (!str_to_i64(s, &e) || e > EXP_MAX || e < -EXP_MAX)
		return false;
	*exp += (int)e;
	return true;
}

/* JSON's grammar of numbers, already checked by whoever made the text. */
static bool parse(struct str s, struct decimal *ret)
{
	struct decimal d = { 0 };
	bool negative = s.len > 0 && s.ptr[0] == '-';
	bool fraction = false;
	size_t i = negative ? 1 : 0;

	for (; i < s.len && s.ptr[i] != 'e' && s.ptr[i] != 'E'; i++) {
		if (s.ptr[i] == '.') {
			fraction = true;
			continue;
		}
		if (s.ptr[i] < '0' || s.ptr[i] > '9' ||
			!push_digit(&d, s.ptr[i]))
			return false;
		d.exp -= fraction;
	}
	if (d.exp < -EXP_MAX)
		return false;
	if (i < s.len && !parse_exp(str_sub(s, i + 1, s.len), &d.exp))
		return false;
	if (negative)
		d.digits = -d.digits;
	*ret = d;
	return true;
}

static bool scale_down_to(struct decimal *d, int exp)
{
	while (d->exp > exp) {
		if (!mul10(&d->digits))
			return false;
		d->exp--;
	}
	return true;
}

static void trim_zeros(struct decimal *d)
{
	while (d->exp < 0 && d->digits % 10 == 0) {
		d->digits /= 10;
		d->exp++;
	}
}

static bool write(struct arena *a, struct decimal d, struct str *ret)
{
	char out[DECIMAL_DIGITS + EXP_MAX + 8];
	size_t at = sizeof(out);
	bool negative = d.digits < 0;
	unsigned __int128 n;

	trim_zeros(&d);
	n = (unsigned __int128)(negative ? -d.digits : d.digits);
	if (n == 0)
		d.exp = 0;
	if (d.exp > DECIMAL_DIGITS || d.exp < -DECIMAL_DIGITS)
		return false;
	for (int i = 0; i < d.exp; i++)
		out[--at] = '0';
	int places = d.exp < 0 ? -d.exp : 0;
	for (int i = 0; n > 0 || i <= places; i++) {
		if (i == places && places > 0)
			out[--at] = '.';
		out[--at] = (char)('0' + (int)(n % 10));
		n /= 10;
	}
	if (negative)
		out[--at] = '-';
	*ret = arena_str(a, (struct str){ out + at, sizeof(out) - at });
	return true;
}

static bool sum(struct arena *a, struct str x, struct str y, int sign,
	struct str *ret)
{
	struct decimal p;
	struct decimal q;

	if (!parse(x, &p) || !parse(y, &q))
		return false;
	int exp = p.exp < q.exp ? p.exp : q.exp;
	if (!scale_down_to(&p, exp) || !scale_down_to(&q, exp))
		return false;
	p.digits += sign * q.digits;
	return write(a, p, ret);
}

bool decimal_add(struct arena *a, struct str x, struct str y, struct str *ret)
{
	return sum(a, x, y, 1, ret);
}

bool decimal_sub(struct arena *a, struct str x, struct str y, struct str *ret)
{
	return sum(a, x, y, -1, ret);
}

bool decimal_mul(struct arena *a, struct str x, struct str y, struct str *ret)
{
	struct decimal p;
	struct decimal q;
	__int128 product;

	if (!parse(x, &p) || !parse(y, &q) ||
		__builtin_mul_overflow(p.digits, q.digits, &product) ||
		product > DIGITS_MAX || product < -DIGITS_MAX)
		return false;
	p.digits = product;
	p.exp += q.exp;
	return write(a, p, ret);
}

bool decimal_div(struct arena *a, struct str x, struct str y, struct str *ret)
{
	struct decimal p;
	struct decimal q;

	if (!parse(x, &p) || !parse(y, &q) || q.digits == 0)
		return false;
	/* the quotient's exponent is p.exp - q.exp: make it -(places + 1) */
	if (!scale_down_to(&p, q.exp - DECIMAL_PLACES - 1))
		return false;
	struct decimal r = { p.digits / q.digits, p.exp - q.exp };
	while (r.exp < -DECIMAL_PLACES) {
		int last = (int)(r.digits % 10);
		r.digits /= 10;
		r.exp++;
		if (r.exp == -DECIMAL_PLACES)
			r.digits += last >= 5 ? 1 : last <= -5 ? -1 : 0;
	}
	return write(a, r, ret);
}

static bool to_integer(struct arena *a, struct str x, bool nearest,
	struct str *ret)
{
	struct decimal d;

	if (!parse(x, &d))
		return false;
	while (d.exp < 0) {
		int last = (int)(d.digits % 10);
		d.digits /= 10;
		d.exp++;
		if (nearest && d.exp == 0)
			d.digits += last >= 5 ? 1 : last <= -5 ? -1 : 0;
	}
	return write(a, d, ret);
}

bool decimal_round(struct arena *a, struct str x, struct str *ret)
{
	return to_integer(a, x, true, ret);
}

bool decimal_trunc(struct arena *a, struct str x, struct str *ret)
{
	return to_integer(a, x, false, ret);
}
