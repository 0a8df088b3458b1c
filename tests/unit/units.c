#include "base/units.h"

#include <criterion/criterion.h>

static uint64_t ms(const char *z)
{
	uint64_t n = 4711;

	return units_duration_ms(str_from(z), &n) ? n : UINT64_MAX;
}

Test(units, durations)
{
	cr_assert_eq(ms("500ms"), 500);
	cr_assert_eq(ms("30s"), 30000);
	cr_assert_eq(ms("5m"), 300000);
	cr_assert_eq(ms("2h"), 7200000);
	cr_assert_eq(ms("14d"), 14 * 86400000);
	cr_assert_eq(ms("1h30m"), 5400000);
	cr_assert_eq(ms("1d2h3m4s5ms"), 93784005);
	cr_assert_eq(ms("0s"), 0);
}

Test(units, a_bare_number_is_refused)
{
	const char *bad[] = { "", "30", "1h30", "s", "-1s", "+1s", "1.5s",
		"1 s", " 1s", "1s ", "1S", "1w", "1m1h", "1s1s", "30sec" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(ms(bad[i]), UINT64_MAX, "%s", bad[i]);
}

Test(units, overflow_is_refused)
{
	cr_assert_eq(ms("18446744073709551614ms"), UINT64_MAX - 1);
	cr_assert_eq(ms("18446744073709551616ms"), UINT64_MAX);
	cr_assert_eq(ms("213503982335d"), UINT64_MAX);
	cr_assert_eq(ms("213503982334d23h"), UINT64_MAX, "the sum");
}

Test(units, sizes)
{
	uint64_t n = 7;

	cr_assert(units_size(STR("10KB"), &n) && n == 10000);
	cr_assert(units_size(STR("1MB"), &n) && n == 1000000);
	cr_assert(units_size(STR("16KiB"), &n) && n == 16384);
	cr_assert(units_size(STR("4MiB"), &n) && n == 4194304);
	cr_assert(units_size(STR("512B"), &n) && n == 512);
	cr_assert_not(units_size(STR("512"), &n));
	cr_assert_not(units_size(STR("1kb"), &n));
	cr_assert_not(units_size(STR("1KB1B"), &n));
	cr_assert_not(units_size(STR("16777216TiB"), &n));
	cr_assert_eq(n, 512, "untouched on failure");
}

Test(units, shares)
{
	const char *bad[] = { "10", "%", "101%", "-1%", "1e1%", "10 %", ".5%",
		"5.%", "nan%", "100.1%" };
	double d = 7;

	cr_assert(units_share(STR("10%"), &d) && d == 0.1);
	cr_assert(units_share(STR("0.5%"), &d) && d == 0.005);
	cr_assert(units_share(STR("100%"), &d) && d == 1);
	cr_assert(units_share(STR("0%"), &d) && d == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(units_share(str_from(bad[i]), &d), "%s", bad[i]);
}

Test(units, duration_text_is_read_back)
{
	uint64_t all[] = { 0, 1, 500, 999, 1000, 90000, 5400000, 86400000,
		93784005, UINT64_MAX - 1 };
	char text[32];

	cr_assert_str_eq(units_duration_text(90000, text), "1m30s");
	cr_assert_str_eq(units_duration_text(500, text), "500ms");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cr_assert_eq(ms(units_duration_text(all[i], text)), all[i]);
}

Test(units, took_text_rounds_across_its_forms)
{
	static const struct {
		uint64_t us;
		const char *text;
	} all[] = { { 0, "0 ms" }, { 20, "0.1 ms" }, { 400, "0.4 ms" },
		{ 960, "1 ms" }, { 84200, "84 ms" }, { 999600, "1.00 s" },
		{ 1210000, "1.21 s" }, { 59996000, "1:00" },
		{ 392000000, "6:32" }, { 3599600000, "1 h 00 m" },
		{ 3900000000, "1 h 05 m" },
		{ UINT64_MAX, "5124095576 h 02 m" } };
	char text[32];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cr_assert_str_eq(units_took_text(all[i].us, text), all[i].text);
}

Test(units, rfc3339_both_ways)
{
	int64_t us = 7;
	char text[32];

	cr_assert(units_from_rfc3339(STR("2026-02-03T14:02:11.482Z"), &us));
	cr_assert_eq(us, 1770127331482000);
	cr_assert_str_eq(units_rfc3339(us, text), "2026-02-03T14:02:11.482Z");
	cr_assert(units_from_rfc3339(STR("2026-02-03t16:32:11.4820009+02:30"),
		&us));
	cr_assert_eq(us, 1770127331482000);
	cr_assert_str_eq(units_rfc3339(-1, text), "1969-12-31T23:59:59.999Z");
	cr_assert_str_eq(units_rfc3339(INT64_MAX, text),
		"9999-12-31T23:59:59.775Z");
	cr_assert(units_from_rfc3339(STR("2024-02-29T00:00:00-00:30"), &us));
	cr_assert_str_eq(units_rfc3339(us, text), "2024-02-29T00:30:00.000Z");
}

Test(units, rfc3339_refuses_days_that_do_not_exist)
{
	const char *bad[] = { "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z", "2026-01-01T00:00:00",
		"2026-01-01 00:00:00Z", "2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00+0100", "2026-01-01T00:00:00Zx", "2026",
		"2026-01-01T00:00:00+24:00", "" };
	int64_t us = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(units_from_rfc3339(str_from(bad[i]), &us), "%s",
			bad[i]);
	cr_assert_eq(us, 7);
}
