/*
 * Filters on dates.  A date is text: RFC 3339, `2026-02-03`, or an HTTP date;
 * toDate makes one of any other form.
 */
#include <inttypes.h>
#include <time.h>

#include "base/units.h"
#include "suites/filter_table.h"
#include "suites/format.h"
#include "suites/function.h"

enum { DATE_MAX_BYTES = 200 };
static const int64_t day_us = INT64_C(86400) * 1000000;

static struct value date(const struct filter_call *c, int64_t at_us)
{
	char out[32];

	return filter_give(c, str_from(units_rfc3339(at_us, out)));
}

/* A day that is in no calendar is moved by timegm(): that is no date. */
static bool seconds_of(struct tm *tm, int64_t *ret)
{
	struct tm given = *tm;
	long offset = tm->tm_gmtoff;
	time_t at = timegm(tm);

	if (tm->tm_mday != given.tm_mday || tm->tm_mon != given.tm_mon)
		return false;
	*ret = (int64_t)at - offset;
	return true;
}

/* The whole of `s` by strptime(); without a zone it is UTC. */
static bool date_by_format(struct arena *a, struct str s, struct str format,
	int64_t *ret_us)
{
	struct tm tm = { .tm_year = 70, .tm_mday = 1 };
	struct str z = arena_str(a, s);
	int64_t at;

	if (str_eq(format, STR("%s"))) {
		if (!str_to_i64(s, &at))
			return false;
	} else {
		const char *end =
			strptime(z.ptr, arena_str(a, format).ptr, &tm);
		if (!end || end != z.ptr + z.len || !seconds_of(&tm, &at))
			return false;
	}
	if (at < FORMAT_SECONDS_MIN || at > FORMAT_SECONDS_MAX)
		return false;
	*ret_us = at * 1000000;
	return true;
}

static struct value date_of_number(struct filter_call *c, const struct json *in)
{
	int64_t at;

	if (c->arg || !str_to_i64(in->text, &at) || at < FORMAT_SECONDS_MIN ||
		at > FORMAT_SECONDS_MAX)
		return filter_fail(c, "a number is seconds since 1970");
	return date(c, at * 1000000);
}

struct value filter_to_date(struct filter_call *c, const struct json *in)
{
	struct str format = STR("%+");
	int64_t at_us;
	bool ok;

	if (in->type == JSON_NUMBER)
		return date_of_number(c, in);
	if (c->arg && !json_to_text(c->a, c->arg, &format))
		return filter_fail(c, "the format is null");
	if (in->text.len > DATE_MAX_BYTES)
		return filter_fail(c, "too long for a date");
	if (str_eq(format, STR("%+")))
		ok = format_date(in->text, &at_us);
	else if (!format_is_time_format(format) && !str_eq(format, STR("%s")))
		return filter_fail(c, "the format can not be used");
	else
		ok = date_by_format(c->a, in->text, format, &at_us);
	return ok ? date(c, at_us) : filter_fail(c, "not a date of this form");
}

struct value filter_date_format(struct filter_call *c, const struct json *in)
{
	struct str format;
	struct str s;
	int64_t at_us;

	if (!json_to_text(c->a, c->arg, &format))
		return filter_fail(c, "the format is null");
	if (!format_date(in->text, &at_us))
		return filter_fail(c, "not a date");
	if (str_eq(format, STR("%s")))
		return filter_give(c,
			arena_printf(c->a, "%" PRId64, at_us / 1000000));
	if (!format_time(c->a, at_us, format, &s))
		return filter_fail(c, "the format can not be used");
	return filter_give(c, s);
}

static struct value days(struct filter_call *c, const struct json *in,
	int64_t sign)
{
	int64_t at_us;

	if (!format_date(in->text, &at_us))
		return filter_fail(c, "not a date");
	int64_t n = (at_us - c->now_us) / day_us * sign;
	return value_ok(
		json_new_number(c->a, arena_printf(c->a, "%" PRId64, n)));
}

struct value filter_days_after_now(struct filter_call *c, const struct json *in)
{
	return days(c, in, 1);
}

struct value filter_days_before_now(struct filter_call *c,
	const struct json *in)
{
	return days(c, in, -1);
}
