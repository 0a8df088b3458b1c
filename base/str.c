#include "base/str.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"

struct str str_from(const char *z)
{
	return z ? (struct str){ z, strlen(z) } : STR_NONE;
}

struct str str_own(struct str s)
{
	char *copy = xmalloc(s.len + 1);

	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return (struct str){ copy, s.len };
}

void str_disown(struct str *s)
{
	free((char *)s->ptr);
	*s = STR_NONE;
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (!a.len || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	}
	return true;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq(str_sub(s, 0, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len &&
	       str_eq(str_sub(s, s.len - suffix.len, suffix.len), suffix);
}

size_t str_find(struct str s, struct str needle, size_t from)
{
	const char *hit;

	if (from > s.len)
		return SIZE_MAX;
	if (!needle.len)
		return from;
	if (from == s.len)
		return SIZE_MAX;
	hit = memmem(s.ptr + from, s.len - from, needle.ptr, needle.len);
	return hit ? (size_t)(hit - s.ptr) : SIZE_MAX;
}

size_t str_find_byte(struct str s, char c, size_t from)
{
	const char *hit;

	if (from >= s.len)
		return SIZE_MAX;
	hit = memchr(s.ptr + from, c, s.len - from);
	return hit ? (size_t)(hit - s.ptr) : SIZE_MAX;
}

struct str str_sub(struct str s, size_t from, size_t len)
{
	if (!s.ptr)
		return STR_NONE;
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return (struct str){ s.ptr + from, len };
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.len && is_space(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len && is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

struct str str_cut(struct str *rest, char sep)
{
	struct str all = *rest;
	size_t at = str_find_byte(all, sep, 0);

	if (at == SIZE_MAX) {
		*rest = STR_NONE;
		return all;
	}
	*rest = str_sub(all, at + 1, SIZE_MAX);
	return str_sub(all, 0, at);
}

int str_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool str_to_u64(struct str s, uint64_t *ret)
{
	uint64_t n = 0;

	if (!s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
			__builtin_add_overflow(n, (uint64_t)(s.ptr[i] - '0'),
				&n))
			return false;
	}
	*ret = n;
	return true;
}

bool str_to_i64(struct str s, int64_t *ret)
{
	bool minus = s.len && s.ptr[0] == '-';
	uint64_t n;

	if (!str_to_u64(minus ? str_sub(s, 1, SIZE_MAX) : s, &n) ||
		n > (uint64_t)INT64_MAX + minus)
		return false;
	/* negated as unsigned: -INT64_MIN does not exist */
	*ret = minus ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

static size_t skip_digits(struct str s, size_t at)
{
	while (at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9')
		at++;
	return at;
}

/* strtod() also takes hex, "inf", "nan" and white space: we do not. */
static bool is_decimal(struct str s)
{
	size_t at = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+');
	size_t start = at;
	size_t digits;

	at = skip_digits(s, at);
	digits = at - start;
	if (at < s.len && s.ptr[at] == '.') {
		start = ++at;
		at = skip_digits(s, at);
		digits += at - start;
	}
	if (!digits)
		return false;
	if (at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
		at++;
		at += at < s.len && (s.ptr[at] == '-' || s.ptr[at] == '+');
		start = at;
		at = skip_digits(s, at);
		if (at == start)
			return false;
	}
	return at == s.len;
}

bool str_to_double(struct str s, double *ret)
{
	char z[STR_NUMBER_MAX + 1];
	locale_t c_locale;
	double d;

	if (s.len > STR_NUMBER_MAX || !is_decimal(s))
		return false;
	memcpy(z, s.ptr, s.len);
	z[s.len] = '\0';
	/* glibc has the "C" locale ready: no memory is taken */
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c_locale)
		return false;
	d = strtod_l(z, NULL, c_locale);
	freelocale(c_locale);
	if (!isfinite(d))
		return false;
	*ret = d;
	return true;
}

size_t str_decode(struct str s, size_t at, uint32_t *ret_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s.ptr + at;
	size_t left = s.len - at;
	size_t n;
	uint32_t point;

	*ret_point = STR_BAD_POINT;
	if (p[0] < 0x80) {
		*ret_point = p[0];
		return 1;
	}
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > left)
		return 1;
	point = p[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		point = point << 6 | (p[i] & 0x3f);
	}
	if (point < least[n] || point > 0x10ffff ||
		(point >= 0xd800 && point <= 0xdfff))
		return 1;
	*ret_point = point;
	return n;
}

/*
 * Only the last `*` is ever tried again: an earlier one of the same segment
 * can not help, and none may cross a slash.
 */
bool str_glob(struct str pattern, struct str s)
{
	size_t p = 0;
	size_t i = 0;
	size_t star = SIZE_MAX;
	size_t star_i = 0;
	uint32_t point;

	while (i < s.len || p < pattern.len) {
		char c = '\0';

		if (p < pattern.len)
			c = pattern.ptr[p];
		if (p < pattern.len && c == '*') {
			star = ++p;
			star_i = i;
		} else if (p < pattern.len && i < s.len && c == '?' &&
			   s.ptr[i] != '/') {
			p++;
			i += str_decode(s, i, &point);
		} else if (p < pattern.len && i < s.len && c != '?' &&
			   c == s.ptr[i]) {
			p++;
			i++;
		} else if (star != SIZE_MAX && star_i < s.len &&
			   s.ptr[star_i] != '/') {
			star_i += str_decode(s, star_i, &point);
			i = star_i;
			p = star;
		} else {
			return false;
		}
	}
	return true;
}

static size_t least3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

enum { NEAR_MAX = 64, NEAR_DISTANCE = 2 };

/* Damerau-Levenshtein, restricted form (no piece is edited twice). */
static size_t distance(struct str a, struct str b)
{
	size_t rows[3][NEAR_MAX + 1];
	size_t *prev2 = rows[0];
	size_t *prev = rows[1];
	size_t *row = rows[2];
	size_t *free_row;

	for (size_t j = 0; j <= b.len; j++)
		prev[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = a.ptr[i - 1] == b.ptr[j - 1];

			row[j] = least3(prev[j] + 1, row[j - 1] + 1,
				prev[j - 1] + !same);
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] &&
				a.ptr[i - 2] == b.ptr[j - 1] &&
				prev2[j - 2] + 1 < row[j])
				row[j] = prev2[j - 2] + 1;
		}
		free_row = prev2;
		prev2 = prev;
		prev = row;
		row = free_row;
	}
	return prev[b.len];
}

size_t str_nearest(struct str word, const struct str *candidates, size_t n)
{
	size_t best = SIZE_MAX;
	size_t best_distance = NEAR_DISTANCE + 1;

	if (word.len > NEAR_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i < n; i++) {
		struct str c = candidates[i];
		size_t d;

		if (c.len > NEAR_MAX || c.len > word.len + NEAR_DISTANCE ||
			word.len > c.len + NEAR_DISTANCE)
			continue;
		d = distance(word, c);
		if (d < best_distance && d * 2 < word.len) {
			best = i;
			best_distance = d;
		}
	}
	return best;
}

size_t str_codepoints(struct str s)
{
	size_t n = 0;
	uint32_t point;

	for (size_t at = 0; at < s.len; n++)
		at += str_decode(s, at, &point);
	return n;
}

/* Bodies are mostly ASCII: eight bytes at a time as long as they are. */
static size_t skip_ascii(struct str s, size_t at)
{
	uint64_t w;

	for (; s.len - at >= sizeof(w); at += sizeof(w)) {
		memcpy(&w, s.ptr + at, sizeof(w));
		if (w & UINT64_C(0x8080808080808080))
			break;
	}
	return at;
}

bool str_is_utf8(struct str s)
{
	uint32_t point;

	for (size_t at = skip_ascii(s, 0); at < s.len; at = skip_ascii(s, at)) {
		at += str_decode(s, at, &point);
		if (point == STR_BAD_POINT)
			return false;
	}
	return true;
}
