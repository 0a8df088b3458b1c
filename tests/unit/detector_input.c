#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/oom.h"
#include "base/yaml.h"
#include "detectors/state.h"

/* Which bytes and which settings the detector takes, and which it refuses. */
static const struct detector *error_rate(void)
{
	return detector_find(STR("error-rate"));
}

Test(detector_input, resumes_only_its_own_state)
{
	const struct detector *d = error_rate();
	uint32_t interval_ms[] = { 10000, 10000, 30000 };
	const struct stage_shape shape = {
		.nchecks = 3,
		.nregions = 2,
		.interval_ms = interval_ms,
		.soak_ms = 600000,
		.false_halt = .01,
		.smallest_effect = .05,
	};
	struct stage_shape other = shape;
	size_t bytes = d->state_size(&shape);
	double values[DETECTOR_MAX_PARAMS];
	struct head *h = xmalloc(bytes);

	d->begin(h, &shape, NULL);
	cr_expect(d->resumes(h, bytes, &shape, NULL));
	cr_expect_not(d->resumes(h, bytes - 1, &shape, NULL));
	other.soak_ms++;
	cr_expect_not(d->resumes(h, bytes, &other, NULL));
	other = shape;
	other.nchecks--;
	cr_expect_not(d->resumes(h, bytes, &other, NULL));
	interval_ms[2] += 1;
	cr_expect_not(d->resumes(h, bytes, &shape, NULL));
	interval_ms[2] -= 1;
	detector_defaults(d, values);
	cr_expect(d->resumes(h, bytes, &shape, values));
	values[0] += .1;
	cr_expect_not(d->resumes(h, bytes, &shape, values));
	h->fixed.version++;
	cr_expect_not(d->resumes(h, bytes, &shape, NULL));
	free(h);
}

static bool config(const char *text, double *values, unsigned *ret_errors)
{
	struct arena *a = arena_new();
	struct diags ds;
	const struct yaml_node *map;
	bool ok;

	diags_init(&ds, a);
	map = yaml_parse(a, source_from(a, STR("x.yaml"), str_from(text)), &ds);
	cr_assert_not_null(map);
	ok = detector_config(error_rate(), map, values, &ds);
	*ret_errors = ds.errors;
	arena_free(a);
	return ok;
}

Test(detector_input, settings_are_read_or_refused_all_at_once)
{
	double values[DETECTOR_MAX_PARAMS] = { -1 };
	unsigned errors;

	cr_expect(config("check_down_after: 1m\ncheck_down_failures: 7\n",
		values, &errors));
	cr_expect_eq(values[P_CHECK_S], 60);
	cr_expect_eq(values[P_CHECK_K], 7);
	cr_expect_eq(values[P_INVEST], .7);
	values[P_CHECK_K] = -1;
	cr_expect_not(config("chek_down_after: 1m\ncheck_down_failures: 1\n"
			     "invest_now: 2\nmemory: \"3\"\n",
		values, &errors));
	cr_expect_eq(errors, 4);
	cr_expect_eq(values[P_CHECK_K], -1, "untouched");
}

Test(detector_input, every_setting_has_a_default_in_its_range)
{
	for (int i = 0; detectors[i]; i++)
		for (const struct param *p = detectors[i]->params; p->name;
			p++) {
			cr_expect_leq(p->low, p->fallback, "%s", p->name);
			cr_expect_leq(p->fallback, p->high, "%s", p->name);
			cr_expect(p->help && *p->help);
		}
}

/* The manual's table is what the program takes. */
Test(detector_input, the_manual_tells_every_setting)
{
	struct arena *a = arena_new();
	struct err e = { 0 };
	const struct source *doc = source_read(a, "docs/detectors.md", &e);

	cr_assert_not_null(doc, "%s", e.text);
	for (const struct param *p = error_rate()->params; p->name; p++) {
		struct str row =
			arena_printf(a, "\n| `%s` | %g%s%s | %g to %g | %s |\n",
				p->name, p->fallback, *p->unit ? " " : "",
				p->unit, p->low, p->high, p->help);

		cr_expect_neq(str_find(doc->text, row, 0), SIZE_MAX,
			"docs/detectors.md lacks%s", row.ptr);
	}
	arena_free(a);
}
