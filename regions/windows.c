#include "base/codes.h"
#include "regions/reader.h"
#include "regions/zone.h"
#include "regions/zone_rule.h"

#define DURATION_MOST_MS (31 * MS_DAY)
enum { DAY_SECONDS = 86400, DAYS = 7 };
#define SECOND_US INT64_C(1000000)

struct window_keys {
	struct str name, start, date, timezone;
	struct strs regions, days;
	uint64_t duration_ms;
};

/* clang-format off */
const struct key window_key_table[] = {
	{ "name", KEY_STR, KEY_REQUIRED, KEY(struct window_keys, name),
		.help = "what the answers call it" },
	{ "regions", KEY_STRS, 0, KEY(struct window_keys, regions),
		.fallback = "the whole line", .help = "region globs" },
	{ "start", KEY_STR, KEY_REQUIRED, KEY(struct window_keys, start),
		.help = "HH:MM, local time, inclusive" },
	{ "duration", KEY_DURATION, KEY_REQUIRED,
		KEY(struct window_keys, duration_ms), MS_SECOND,
		DURATION_MOST_MS, .help = "elapsed time; the end is exclusive" },
	{ "days", KEY_STRS, 0, KEY(struct window_keys, days),
		.help = "monday to sunday, or `date`" },
	{ "date", KEY_STR, 0, KEY(struct window_keys, date),
		.help = "YYYY-MM-DD, or `days`" },
	{ "timezone", KEY_STR, 0, KEY(struct window_keys, timezone),
		.fallback = "UTC", .help = "an IANA name" },
	{ 0 }
};
/* clang-format on */

static const struct str day_names[DAYS] = { { "monday", 6 }, { "tuesday", 7 },
	{ "wednesday", 9 }, { "thursday", 8 }, { "friday", 6 },
	{ "saturday", 8 }, { "sunday", 6 } };

/* n digits at `at`; false when one of them is none */
static bool digits(struct str s, size_t at, size_t n, int *ret)
{
	int value = 0;

	for (size_t i = at; i < at + n; i++) {
		if (i >= s.len || s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		value = value * 10 + (s.ptr[i] - '0');
	}
	*ret = value;
	return true;
}

static void start_read(struct line_reader *r, struct window *w, struct str s,
	const struct yaml_node *n)
{
	int hour;
	int minute;

	if (s.len == 5 && s.ptr[2] == ':' && digits(s, 0, 2, &hour) &&
		digits(s, 3, 2, &minute) && hour < 24 && minute < 60) {
		w->start_minute = (uint32_t)(hour * 60 + minute);
		return;
	}
	diag_add(r->ds, DIAG_ERROR, E56, n->where,
		"`%.*s` is not a time of day", STR_ARG(shown(s)));
	diag_hint(r->ds, "HH:MM, from 00:00 to 23:59");
}

static void date_read(struct line_reader *r, struct window *w, struct str s,
	const struct yaml_node *n)
{
	int year;
	int month;
	int day;
	int64_t back_year;
	int back_month;
	int back_day;

	if (s.len == 10 && s.ptr[4] == '-' && s.ptr[7] == '-' &&
		digits(s, 0, 4, &year) && digits(s, 5, 2, &month) &&
		digits(s, 8, 2, &day) && month >= 1 && month <= 12) {
		zone_date(zone_days(year, month, day), &back_year, &back_month,
			&back_day);
		if (back_year == year && back_month == month &&
			back_day == day) {
			w->date = year * 10000 + month * 100 + day;
			return;
		}
	}
	diag_add(r->ds, DIAG_ERROR, E56, n->where,
		"`%.*s` is not a date that exists", STR_ARG(shown(s)));
	diag_hint(r->ds, "YYYY-MM-DD");
}

static void days_read(struct line_reader *r, struct window *w,
	const struct strs *days)
{
	for (size_t i = 0; i < days->count; i++) {
		size_t day = 0;
		while (day < DAYS && !str_eq(day_names[day], days->item[i]))
			day++;
		if (day < DAYS)
			w->days |= (uint8_t)(1U << day);
		else
			key_unknown(days->node[i], E56, "day", day_names, DAYS,
				r->ds);
	}
}

static void zone_read(struct line_reader *r, struct window *w, struct str name,
	const struct yaml_node *n)
{
	struct err e;

	if (zone_load(r->arena, name, &w->zone, &e))
		return;
	diag_add(r->ds, DIAG_ERROR, E56, n->where,
		"time zone `%.*s` is not known here: %s", STR_ARG(shown(name)),
		e.text);
	struct str near = zone_near(r->arena, name);
	if (near.ptr)
		diag_hint(r->ds, "did you mean `%.*s`?", STR_ARG(near));
}

/* Either `days` or `date`. */
static void when_check(struct line_reader *r, const struct yaml_node *node,
	const struct window *w)
{
	const struct yaml_node *days = yaml_get(node, "days");
	const struct yaml_node *date = yaml_get(node, "date");

	if (days && date) {
		diag_add(r->ds, DIAG_ERROR, E13, date->key->where,
			"either `days` or `date`, not both");
		diag_also(r->ds, days->key->where, "`days` is here");
	} else if (!days && !date &&
		   !key_mistyped(window_key_table, node, "days") &&
		   !key_mistyped(window_key_table, node, "date")) {
		diag_add(r->ds, DIAG_ERROR, E11, w->where,
			"a window needs `days` or `date`");
	} else if (days && days->kind == YAML_LIST && !days->first) {
		diag_add(r->ds, DIAG_ERROR, E23, days->where,
			"`days` names no day");
	}
}

static void window_read(struct line_reader *r, struct window *w,
	const struct yaml_node *node)
{
	struct window_keys k = { 0 };
	const struct yaml_node *name = yaml_get(node, "name");
	const struct yaml_node *regions = yaml_get(node, "regions");

	w->where = name ? name->where : node->where;
	keys_read(window_key_table, node, "window", &k, r->arena, r->ds);
	if (node->kind != YAML_MAP)
		return;
	w->name = k.name.ptr ? k.name : STR("");
	w->duration_ms = k.duration_ms;
	if (k.start.ptr)
		start_read(r, w, k.start, yaml_get(node, "start"));
	if (k.date.ptr)
		date_read(r, w, k.date, yaml_get(node, "date"));
	days_read(r, w, &k.days);
	if (k.timezone.ptr)
		zone_read(r, w, k.timezone, yaml_get(node, "timezone"));
	when_check(r, node, w);
	struct region_set set = regions_resolve(r, &k.regions);
	w->regions = set.item;
	w->nregions = set.count;
	/* an empty list would mean the whole line: not what it says */
	if (regions && regions->kind == YAML_LIST && !regions->first) {
		diag_add(r->ds, DIAG_ERROR, E23, regions->where,
			"`regions` names no region");
		diag_hint(r->ds, "leave it out for the whole line");
	}
}

static void window_name_check(struct line_reader *r, const struct window *first,
	const struct window *w)
{
	for (; first; first = first->next) {
		if (w->name.len == 0 || !str_eq(first->name, w->name))
			continue;
		diag_add(r->ds, DIAG_ERROR, E25, w->where,
			"two windows are named `%.*s`",
			STR_ARG(shown(w->name)));
		diag_also(r->ds, first->where, "the first one is here");
		return;
	}
}

const struct window *line_read_windows(struct line_reader *r,
	const struct yaml_node *list)
{
	struct window *first = NULL;
	struct window **tail = &first;
	size_t n = 0;

	if (!list)
		return NULL;
	for (const struct yaml_node *node = list->first; node;
		node = node->next) {
		struct window *w = ARENA_NEW(r->arena, struct window);
		if (n++ == LINE_WINDOWS_MAX) {
			diag_add(r->ds, DIAG_ERROR, E23, node->where,
				"more than %d windows", LINE_WINDOWS_MAX);
			break;
		}
		window_read(r, w, node);
		window_name_check(r, first, w);
		*tail = w;
		tail = &w->next;
	}
	return first;
}

static bool window_covers(const struct window *w, const struct region *r)
{
	if (!r || w->nregions == 0)
		return true;
	for (size_t i = 0; i < w->nregions; i++)
		if (w->regions[i] == r)
			return true;
	return false;
}

/* Does the window start on this local day (days since 1970)? */
static bool starts_on(const struct window *w, int64_t day)
{
	int64_t year;
	int month;
	int of_month;

	if (!w->date) {
		/* 1970-01-01 was a Thursday, bit 3 */
		int64_t weekday = ((day + 3) % DAYS + DAYS) % DAYS;
		return w->days >> weekday & 1;
	}
	zone_date(day, &year, &month, &of_month);
	return w->date == year * 10000 + month * INT64_C(100) + of_month;
}

static int64_t floor_day(int64_t seconds)
{
	int64_t rest = seconds % DAY_SECONDS;

	return (seconds - (rest < 0 ? rest + DAY_SECONDS : rest)) / DAY_SECONDS;
}

/*
 * A window that is open now has started at most its duration ago: each local
 * day since then is asked, one more on both sides for the clock's changes.
 */
static bool window_is_open(const struct window *w, int64_t wall_us)
{
	int64_t now = wall_us / SECOND_US - (wall_us % SECOND_US < 0);
	int64_t duration_us = (int64_t)w->duration_ms * 1000;
	int64_t today = floor_day(now + zone_offset(w->zone, now));
	int64_t back = duration_us / SECOND_US / DAY_SECONDS + 2;

	for (int64_t day = today - back; day <= today + 1; day++) {
		if (!starts_on(w, day))
			continue;
		int64_t start = zone_from_local(w->zone,
			day * DAY_SECONDS +
				(int64_t)w->start_minute * INT64_C(60));
		int64_t since_us = wall_us - start * SECOND_US;
		if (since_us >= 0 && since_us < duration_us)
			return true;
	}
	return false;
}

const struct window *window_open(const struct window *first,
	const struct region *r, int64_t wall_us)
{
	for (const struct window *w = first; w; w = w->next)
		if (window_covers(w, r) && window_is_open(w, wall_us))
			return w;
	return NULL;
}
