#include "suites/unit.h"

#include <inttypes.h>

#include "base/units.h"
#include "suites/json_copy.h"

static struct json *scalar_text(struct arena *a, const struct json *j)
{
	if (j->type == JSON_NUMBER)
		return json_new_str(a, j->text);
	if (j->type == JSON_TRUE || j->type == JSON_FALSE)
		return json_new_str(a,
			j->type == JSON_TRUE ? STR("true") : STR("false"));
	size_t budget = JSON_COPY_NODES_MAX;
	return json_copy(a, j, &budget);
}

static struct json *scalar_convert(struct arena *a, const struct json *j,
	enum unit unit)
{
	uint64_t n;

	if (unit == UNIT_TEXT)
		return scalar_text(a, j);
	if (unit == UNIT_BYTES && j->type == JSON_NUMBER)
		return json_new_number(a, j->text);
	if (j->type != JSON_STRING ||
		!(unit == UNIT_MS ? units_duration_ms(j->text, &n)
				  : units_size(j->text, &n)))
		return NULL;
	return json_new_number(a, arena_printf(a, "%" PRIu64, n));
}

const struct json *unit_convert(struct arena *a, const struct json *want,
	enum unit unit)
{
	if (want->type != JSON_ARRAY && want->type != JSON_OBJECT)
		return scalar_convert(a, want, unit);
	struct json *list = json_new(a, want->type);
	for (const struct json *e = want->first; e; e = e->next) {
		struct json *one = scalar_convert(a, e, unit);
		if (!one)
			return NULL;
		json_append(list, e->key, one);
	}
	return list;
}
