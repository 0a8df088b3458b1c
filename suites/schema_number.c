#include "suites/schema_parts.h"

/* A JSON number as digits without zeros at both ends, times 10^exponent. */
struct number {
	char digits[64];
	size_t ndigits; /* 0: zero */
	bool cut;       /* more digits than there is room for */
	int64_t exponent;
};

enum { EXPONENT_MAX = 1000000 };

static void digit_add(struct number *n, char c)
{
	if (n->ndigits == 0 && c == '0')
		return;
	if (n->ndigits < sizeof(n->digits))
		n->digits[n->ndigits++] = c;
	else
		n->cut = true;
}

static void number_read(struct str s, struct number *ret)
{
	struct number n = { .ndigits = 0 };
	int64_t exponent = 0;
	int64_t zeros = 0; /* at the end so far */
	bool point = false;
	size_t i = 0;

	for (; i < s.len && s.ptr[i] != 'e' && s.ptr[i] != 'E'; i++) {
		char c = s.ptr[i];
		if (c == '.')
			point = true;
		if (c < '0' || c > '9')
			continue;
		exponent -= point;
		if (c == '0' && n.ndigits) {
			zeros++;
			continue;
		}
		if (c == '0')
			continue;
		for (; zeros > 0; zeros--)
			digit_add(&n, '0');
		digit_add(&n, c);
	}
	n.exponent = exponent + zeros;
	if (i < s.len) {
		int64_t e = 0;
		struct str text = str_sub(s, i + 1, s.len);
		if (text.len && text.ptr[0] == '+')
			text = str_sub(text, 1, text.len);
		if (!str_to_i64(text, &e) || e > EXPONENT_MAX ||
			e < -EXPONENT_MAX)
			e = text.len && text.ptr[0] == '-' ? -EXPONENT_MAX
							   : EXPONENT_MAX;
		n.exponent += e;
	}
	*ret = n;
}

bool schema_is_integer(struct str s)
{
	struct number n;

	number_read(s, &n);
	return n.ndigits == 0 || n.exponent >= 0;
}

bool schema_divides(struct str m)
{
	struct number n;

	number_read(m, &n);
	return n.ndigits > 0 && n.ndigits <= 18 && !n.cut;
}

bool schema_is_multiple(struct str x, struct str m)
{
	struct number n;
	struct number by;
	uint64_t divisor = 0;
	uint64_t rest = 0;

	number_read(x, &n);
	number_read(m, &by);
	if (n.ndigits == 0)
		return true;
	/* n does not end with 0, and so is no multiple of 10 x anything */
	if (n.exponent < by.exponent || n.cut)
		return false;
	for (size_t i = 0; i < by.ndigits; i++)
		divisor = divisor * 10 + (uint64_t)(by.digits[i] - '0');
	for (size_t i = 0; i < n.ndigits; i++)
		rest = (uint64_t)(((unsigned __int128)rest * 10 +
					  (unsigned)(n.digits[i] - '0')) %
				  divisor);
	for (int64_t e = n.exponent - by.exponent; e > 0 && rest; e--)
		rest = (uint64_t)((unsigned __int128)rest * 10 % divisor);
	return rest == 0;
}
