#include "base/units.h"

#include <stdio.h>
#include <time.h>

/* From large to small: a sum is written in this order, each unit once. */
/* clang-format off */
#define DURATION_MAP(X)   \
	X("d",  86400000) \
	X("h",  3600000)  \
	X("m",  60000)    \
	X("s",  1000)     \
	X("ms", 1)

#define SIZE_MAP(X)                   \
	X("B",   1)                   \
	X("KB",  1000)                \
	X("MB",  1000000)             \
	X("GB",  1000000000)          \
	X("TB",  1000000000000)       \
	X("KiB", UINT64_C(1) << 10)   \
	X("MiB", UINT64_C(1) << 20)   \
	X("GiB", UINT64_C(1) << 30)   \
	X("TiB", UINT64_C(1) << 40)

struct unit {
	struct str name;
	uint64_t factor;
};

static const struct unit durations[] = {
#define X(name, factor) { { name, sizeof(name) - 1 }, factor },
	DURATION_MAP(X)
};
static const struct unit sizes[] = {
	SIZE_MAP(X)
#undef X
};
/* clang-format on */

enum {
	DURATIONS = sizeof(durations) / sizeof(durations[0]),
	SIZES = sizeof(sizes) / sizeof(sizes[0]),
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Cuts the digits in front and the letters after them off *rest. */
static bool cut_quantity(struct str *rest, uint64_t *ret_n,
	struct str *ret_unit)
{
	size_t digits = 0;
	size_t end;

	while (digits < rest->len && is_digit(rest->ptr[digits]))
		digits++;
	end = digits;
	while (end < rest->len && !is_digit(rest->ptr[end]))
		end++;
	if (!str_to_u64(str_sub(*rest, 0, digits), ret_n))
		return false;
	*ret_unit = str_sub(*rest, digits, end - digits);
	*rest = str_sub(*rest, end, SIZE_MAX);
	return true;
}

static int unit_find(const struct unit *units, int n, struct str name)
{
	for (int i = 0; i < n; i++) {
		if (str_eq(units[i].name, name))
			return i;
	}
	return -1;
}

bool units_duration_ms(struct str s, uint64_t *ret)
{
	uint64_t sum = 0;
	int last = -1;

	if (!s.len)
		return false;
	while (s.len) {
		uint64_t n;
		struct str name;
		int unit;

		if (!cut_quantity(&s, &n, &name))
			return false;
		unit = unit_find(durations, DURATIONS, name);
		if (unit <= last)
			return false;
		last = unit;
		if (__builtin_mul_overflow(n, durations[unit].factor, &n) ||
			__builtin_add_overflow(sum, n, &sum))
			return false;
	}
	*ret = sum;
	return true;
}

bool units_size(struct str s, uint64_t *ret)
{
	uint64_t n;
	struct str name;
	int unit;

	if (!cut_quantity(&s, &n, &name) || s.len)
		return false;
	unit = unit_find(sizes, SIZES, name);
	if (unit < 0 || __builtin_mul_overflow(n, sizes[unit].factor, &n))
		return false;
	*ret = n;
	return true;
}

bool units_share(struct str s, double *ret)
{
	double percent;

	if (!str_ends(s, STR("%")))
		return false;
	s.len--;
	/* "10%" and "0.5%": no sign, no exponent, a digit on both sides */
	if (!s.len || !is_digit(s.ptr[0]) || !is_digit(s.ptr[s.len - 1]) ||
		str_find_byte(s, 'e', 0) != SIZE_MAX ||
		str_find_byte(s, 'E', 0) != SIZE_MAX)
		return false;
	if (!str_to_double(s, &percent) || percent > 100)
		return false;
	*ret = percent / 100;
	return true;
}

const char *units_duration_text(uint64_t ms, char out[32])
{
	size_t at = 0;

	if (!ms)
		snprintf(out, 32, "0s");
	for (int i = 0; i < DURATIONS; i++) {
		uint64_t n = ms / durations[i].factor;

		ms %= durations[i].factor;
		if (n)
			at += (size_t)snprintf(out + at, 32 - at, "%llu%s",
				(unsigned long long)n, durations[i].name.ptr);
	}
	return out;
}

/* Rounded to the nearest. */
static unsigned long long rounded(uint64_t n, uint64_t unit)
{
	return n / unit + (n % unit >= unit / 2);
}

const char *units_took_text(uint64_t us, char out[32])
{
	unsigned long long n;

	if (us && (n = rounded(us, 100)) < 10)
		snprintf(out, 32, "0.%llu ms", n ? n : 1);
	else if ((n = rounded(us, 1000)) < 1000)
		snprintf(out, 32, "%llu ms", n);
	else if ((n = rounded(us, 10000)) < 6000)
		snprintf(out, 32, "%llu.%02llu s", n / 100, n % 100);
	else if ((n = rounded(us, 1000000)) < 3600)
		snprintf(out, 32, "%llu:%02llu", n / 60, n % 60);
	else
		snprintf(out, 32, "%llu h %02llu m", rounded(us, 60000000) / 60,
			rounded(us, 60000000) % 60);
	return out;
}

/* 0000-01-01 and the last microsecond of 9999, in seconds since 1970 */
static const int64_t wall_first_s = -62167219200, wall_last_s = 253402300799;

const char *units_rfc3339(int64_t wall_us, char out[32])
{
	int64_t s = wall_us / 1000000;
	int64_t us = wall_us % 1000000;
	time_t t;
	struct tm tm;

	if (us < 0) {
		us += 1000000;
		s--;
	}
	if (s < wall_first_s)
		s = wall_first_s;
	if (s > wall_last_s)
		s = wall_last_s;
	t = (time_t)s;
	gmtime_r(&t, &tm);
	snprintf(out, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		((unsigned)tm.tm_year + 1900) % 10000,
		((unsigned)tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100,
		(unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
		(unsigned)tm.tm_sec % 100, (unsigned)(us / 1000) % 1000);
	return out;
}

/* `n` digits at *at, not above `most`; -1: something else. */
static int cut_digits(struct str *s, size_t n, int least, int most)
{
	int value = 0;

	if (s->len < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!is_digit(s->ptr[i]))
			return -1;
		value = value * 10 + (s->ptr[i] - '0');
	}
	*s = str_sub(*s, n, SIZE_MAX);
	return value < least || value > most ? -1 : value;
}

static bool cut_one(struct str *s, const char *any)
{
	for (; s->len && *any; any++) {
		if (s->ptr[0] == *any) {
			*s = str_sub(*s, 1, SIZE_MAX);
			return true;
		}
	}
	return false;
}

static bool cut_date(struct str *s, struct tm *tm)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	int year;
	int month;
	int day;
	int leap;

	year = cut_digits(s, 4, 0, 9999);
	if (year < 0 || !cut_one(s, "-"))
		return false;
	month = cut_digits(s, 2, 1, 12);
	if (month < 1)
		return false;
	if (!cut_one(s, "-"))
		return false;
	leap = month == 2 && year % 4 == 0 &&
	       (year % 100 != 0 || year % 400 == 0);
	day = cut_digits(s, 2, 1, days[month - 1] + leap);
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return day > 0;
}

static bool cut_time(struct str *s, struct tm *tm, int64_t *ret_us)
{
	int64_t us = 0;
	int scale = 100000;

	tm->tm_hour = cut_digits(s, 2, 0, 23);
	if (tm->tm_hour < 0 || !cut_one(s, ":"))
		return false;
	tm->tm_min = cut_digits(s, 2, 0, 59);
	if (tm->tm_min < 0 || !cut_one(s, ":"))
		return false;
	tm->tm_sec = cut_digits(s, 2, 0, 60); /* 60: a leap second */
	if (tm->tm_sec < 0)
		return false;
	if (cut_one(s, ".")) {
		if (!s->len || !is_digit(s->ptr[0]))
			return false;
		for (; s->len && is_digit(s->ptr[0]); scale /= 10) {
			us += (int64_t)(s->ptr[0] - '0') * scale;
			*s = str_sub(*s, 1, SIZE_MAX);
		}
	}
	*ret_us = us;
	return true;
}

static bool cut_zone(struct str *s, int *ret_seconds)
{
	bool west = s->len && s->ptr[0] == '-';
	int hours;
	int minutes;

	if (cut_one(s, "Zz")) {
		*ret_seconds = 0;
		return true;
	}
	if (!cut_one(s, "+-"))
		return false;
	hours = cut_digits(s, 2, 0, 23);
	if (hours < 0 || !cut_one(s, ":"))
		return false;
	minutes = cut_digits(s, 2, 0, 59);
	if (minutes < 0)
		return false;
	*ret_seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return true;
}

bool units_from_rfc3339(struct str s, int64_t *ret_wall_us)
{
	struct tm tm = { 0 };
	int64_t us;
	int zone;

	if (!cut_date(&s, &tm) || !cut_one(&s, "Tt") ||
		!cut_time(&s, &tm, &us) || !cut_zone(&s, &zone) || s.len)
		return false;
	*ret_wall_us = ((int64_t)timegm(&tm) - zone) * 1000000 + us;
	return true;
}
