#ifndef REGIONS_ZONE_RULE_H
#define REGIONS_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The rule at the end of a TZif file (POSIX TZ, as widened by RFC 9636):
 * what holds after the last transition of the table, for ever.
 */
enum zone_day_kind {
	ZONE_DAY_MONTH, /* M3.2.0: month, week (5: last), weekday (0: Sunday) */
	ZONE_DAY_JULIAN, /* J60: 1..365, February 29 is never counted */
	ZONE_DAY_YEAR    /* 59: 0..365, February 29 counts */
};

struct zone_day {
	enum zone_day_kind kind;
	int month, week, day; /* `day` alone but for MONTH */
	int32_t seconds;      /* of the local day; may be negative or > 24 h */
};

struct zone_rule {
	int32_t standard, daylight; /* seconds east of UTC */
	bool changes;               /* false: `standard` all year */
	struct zone_day begin, end; /* of daylight saving time */
};

/* False when the text is not a rule. */
bool zone_rule_parse(struct str text, struct zone_rule *ret);
int32_t zone_rule_offset(const struct zone_rule *r, int64_t at);

/* Days since 1970 of a proleptic Gregorian date, and back. */
int64_t zone_days(int64_t year, int month, int day);
void zone_date(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day);

#endif
