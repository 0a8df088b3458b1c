#include <stddef.h>

#include "base/codes.h"
#include "base/keys.h"
#include "detectors/detector.h"

static bool read_rate(const struct param *p, const struct yaml_node *n,
	double *ret_value, struct diags *ds)
{
	double x;

	if (n->kind != YAML_SCALAR || n->quoted || !yaml_is_number(n) ||
		!str_to_double(n->text, &x)) {
		diag_add(ds, DIAG_ERROR, E21, n->where, "`%s` must be a number",
			p->name);
		return false;
	}
	if (!(x >= p->low && x <= p->high)) {
		diag_add(ds, DIAG_ERROR, E23, n->where,
			"`%s` must be between %g and %g", p->name, p->low,
			p->high);
		return false;
	}
	*ret_value = x;
	return true;
}

static bool read_value(const struct param *p, const struct yaml_node *n,
	double *ret_value, struct diags *ds)
{
	int64_t count;
	uint64_t ms;

	switch (p->type) {
	case PARAM_RATE:
		return read_rate(p, n, ret_value, ds);
	case PARAM_COUNT:
		if (!key_int(n, p->name, p->low, p->high, &count, ds))
			return false;
		*ret_value = (double)count;
		return true;
	case PARAM_DURATION:
		if (!key_duration(n, p->name, p->low * 1000, p->high * 1000,
			    &ms, ds))
			return false;
		*ret_value = (double)ms / 1000;
		return true;
	}
	return false;
}

static size_t param_names(const struct detector *d,
	struct str names[DETECTOR_MAX_PARAMS])
{
	size_t n = 0;

	for (; n < DETECTOR_MAX_PARAMS && d->params[n].name; n++)
		names[n] = str_from(d->params[n].name);
	return n;
}

bool detector_config(const struct detector *d, const struct yaml_node *map,
	double *ret_values, struct diags *ds)
{
	struct str names[DETECTOR_MAX_PARAMS];
	double values[DETECTOR_MAX_PARAMS];
	size_t n = param_names(d, names);
	bool ok = true;

	if (map->kind != YAML_MAP) {
		diag_add(ds, DIAG_ERROR, E21, map->where,
			"`%s` must be a mapping of settings", d->name);
		return false;
	}
	detector_defaults(d, values);
	for (const struct yaml_node *e = map->first; e; e = e->next) {
		size_t i = 0;

		while (i < n && !str_eq(names[i], e->key->text))
			i++;
		if (i == n) {
			key_unknown(e->key, E12, "setting", names, n, ds);
			ok = false;
		} else if (!read_value(&d->params[i], e, &values[i], ds)) {
			ok = false;
		}
	}
	for (size_t i = 0; ok && i < n; i++)
		ret_values[i] = values[i];
	return ok;
}
