#include "cli/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

void view_member(struct buf *out, const char *name)
{
	buf_addf(out, ",\"%s\":", name);
}

void view_list(struct buf *out, const char *name)
{
	buf_addf(out, ",\"%s\":[", name);
}

void view_item(struct buf *out, size_t i, const char *name, struct str s)
{
	buf_addf(out, "%s{\"%s\":", i ? "," : "", name);
	buf_add_json(out, s);
}

void view_str(struct buf *out, const char *name, struct str s)
{
	view_member(out, name);
	if (s.len > 0)
		buf_add_json(out, s);
	else
		buf_add_z(out, "null");
}

void view_time(struct buf *out, const char *name, int64_t wall_us)
{
	char text[32];

	view_str(out, name,
		wall_us ? str_from(units_rfc3339(wall_us, text)) : STR_NONE);
}

void view_number(struct buf *out, const char *name, double x)
{
	view_member(out, name);
	if (isfinite(x))
		buf_addf(out, "%.6g", x);
	else
		buf_add_z(out, "null");
}

void view_count(struct buf *out, const char *name, uint64_t n)
{
	view_member(out, name);
	buf_addf(out, "%llu", (unsigned long long)n);
}

void view_bool(struct buf *out, const char *name, bool value)
{
	view_member(out, name);
	buf_add_z(out, value ? "true" : "false");
}

const char *view_clock(int64_t wall_us, int64_t now_us, char out[32])
{
	char at[32];
	char now[32];

	if (wall_us == 0)
		return "never";
	units_rfc3339(wall_us, at);
	units_rfc3339(now_us, now);
	if (strncmp(at, now, 11) == 0)
		snprintf(out, 32, "%.8sZ", at + 11);
	else
		snprintf(out, 32, "%.10s %.8sZ", at, at + 11);
	return out;
}

const char *view_age(int64_t from_us, int64_t to_us, char out[32])
{
	return units_took_text(to_us > from_us ? (uint64_t)(to_us - from_us)
					       : 0,
		out);
}
