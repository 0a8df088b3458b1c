#include "regions/zone_rule.h"

enum { DAY = 86400, HOUR = 3600, RULE_HOURS_MAX = 167 };

/*
 * Years that start in March, so that the leap day is the last one, in eras of
 * 400 years: exact integer arithmetic for any date.
 */
int64_t zone_days(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int from_march = month > 2 ? month - 3 : month + 9;
	int64_t of_year = (153 * from_march + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - 719468;
}

void zone_date(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
	int64_t d = days + 719468;
	int64_t era = (d >= 0 ? d : d - 146096) / 146097;
	int64_t of_era = d - era * 146097;
	int64_t year =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) /
		365;
	int of_year = (int)(of_era - (365 * year + year / 4 - year / 100));
	int from_march = (5 * of_year + 2) / 153;

	*ret_day = of_year - (153 * from_march + 2) / 5 + 1;
	*ret_month = from_march < 10 ? from_march + 3 : from_march - 9;
	*ret_year = year + era * 400 + (*ret_month <= 2);
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* A cursor over the rule's text. */
struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *c, char want)
{
	if (c->at == c->end || *c->at != want)
		return false;
	c->at++;
	return true;
}

static bool take_int(struct cursor *c, int low, int high, int *ret)
{
	int value = 0;
	const char *from = c->at;

	while (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
		value = value * 10 + (*c->at++ - '0');
		if (value > high)
			return false;
	}
	if (c->at == from || value < low)
		return false;
	*ret = value;
	return true;
}

/* EST, or <+0330> */
static bool take_name(struct cursor *c)
{
	const char *from = c->at;

	if (take(c, '<')) {
		while (c->at < c->end && *c->at != '>')
			c->at++;
		return take(c, '>');
	}
	while (c->at < c->end && ((*c->at >= 'A' && *c->at <= 'Z') ||
					 (*c->at >= 'a' && *c->at <= 'z')))
		c->at++;
	return c->at - from >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds */
static bool take_time(struct cursor *c, int hours_max, int32_t *ret)
{
	int sign = take(c, '-') ? -1 : 1;
	int hours = 0;
	int minutes = 0;
	int seconds = 0;

	if (sign > 0)
		take(c, '+');
	if (!take_int(c, 0, hours_max, &hours))
		return false;
	if (take(c, ':')) {
		if (!take_int(c, 0, 59, &minutes))
			return false;
		if (take(c, ':') && !take_int(c, 0, 59, &seconds))
			return false;
	}
	*ret = sign * (hours * HOUR + minutes * 60 + seconds);
	return true;
}

static bool take_day(struct cursor *c, struct zone_day *ret)
{
	struct zone_day d = { .seconds = 2 * HOUR };

	if (take(c, 'M')) {
		d.kind = ZONE_DAY_MONTH;
		if (!take_int(c, 1, 12, &d.month) || !take(c, '.') ||
			!take_int(c, 1, 5, &d.week) || !take(c, '.') ||
			!take_int(c, 0, 6, &d.day))
			return false;
	} else if (take(c, 'J')) {
		d.kind = ZONE_DAY_JULIAN;
		if (!take_int(c, 1, 365, &d.day))
			return false;
	} else {
		d.kind = ZONE_DAY_YEAR;
		if (!take_int(c, 0, 365, &d.day))
			return false;
	}
	if (take(c, '/') && !take_time(c, RULE_HOURS_MAX, &d.seconds))
		return false;
	*ret = d;
	return true;
}

bool zone_rule_parse(struct str text, struct zone_rule *ret)
{
	struct zone_rule r = { 0 };
	struct cursor c = { text.ptr, text.ptr + text.len };
	int32_t west;

	if (text.len == 0)
		return false;
	if (!take_name(&c) || !take_time(&c, 24, &west))
		return false;
	/* POSIX counts to the west */
	r.standard = -west;
	if (c.at == c.end) {
		*ret = r;
		return true;
	}
	r.changes = true;
	r.daylight = r.standard + HOUR;
	if (!take_name(&c))
		return false;
	if (c.at < c.end && *c.at != ',') {
		if (!take_time(&c, 24, &west))
			return false;
		r.daylight = -west;
	}
	if (!take(&c, ',') || !take_day(&c, &r.begin) || !take(&c, ',') ||
		!take_day(&c, &r.end) || c.at != c.end)
		return false;
	*ret = r;
	return true;
}

static int64_t month_day(int64_t year, const struct zone_day *d)
{
	int64_t first = zone_days(year, d->month, 1);
	int64_t next = d->month == 12 ? zone_days(year + 1, 1, 1)
				      : zone_days(year, d->month + 1, 1);
	/* 1970-01-01 was a Thursday */
	int weekday = (int)(((first + 4) % 7 + 7) % 7);
	int64_t day =
		first + (d->day - weekday + 7) % 7 + 7 * (int64_t)(d->week - 1);

	while (day >= next)
		day -= 7;
	return day;
}

/* When the day of the rule comes in a year, in local seconds. */
static int64_t day_local(int64_t year, const struct zone_day *d)
{
	int64_t day = zone_days(year, 1, 1);

	switch (d->kind) {
	case ZONE_DAY_MONTH:
		day = month_day(year, d);
		break;
	case ZONE_DAY_JULIAN:
		day += d->day - 1 + (d->day >= 60 && is_leap(year));
		break;
	case ZONE_DAY_YEAR:
		day += d->day;
		break;
	}
	return day * DAY + d->seconds;
}

int32_t zone_rule_offset(const struct zone_rule *r, int64_t at)
{
	int64_t year;
	int month;
	int day;

	if (!r->changes)
		return r->standard;
	int64_t local = at + r->standard;
	zone_date((local - (local % DAY + DAY) % DAY) / DAY, &year, &month,
		&day);
	/* `begin` is told in standard time, `end` in daylight saving time */
	int64_t begin = day_local(year, &r->begin) - r->standard;
	int64_t end = day_local(year, &r->end) - r->daylight;
	bool daylight = begin <= end ? at >= begin && at < end
				     : at >= begin || at < end;

	return daylight ? r->daylight : r->standard;
}
