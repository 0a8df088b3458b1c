#include <math.h>
#include <stddef.h>

#include "detectors/detector.h"
#include "detectors/stats.h"

#define X(name) extern const struct detector(name);
#include "detectors/table.h"
#undef X

const struct detector *const detectors[] = {
#define X(name) &(name),
#include "detectors/table.h"
#undef X
	NULL,
};

const struct detector *detector_find(struct str name)
{
	for (int i = 0; detectors[i]; i++)
		if (str_eq(name, str_from(detectors[i]->name)))
			return detectors[i];
	return NULL;
}

void detector_defaults(const struct detector *d, double *ret_values)
{
	for (int i = 0; d->params[i].name; i++)
		ret_values[i] = d->params[i].fallback;
}

double detector_least_pass_s(double runs_per_s, double smallest_effect,
	unsigned failures)
{
	uint32_t clean = stats_pairs_needed(smallest_effect, failures);

	if (!clean || !(runs_per_s > 0))
		return INFINITY;
	return ((double)clean + failures) / runs_per_s;
}

double detector_least_rise(const struct opinion *op)
{
	return stats_least_rise(op->canary_only, op->control_only,
		(double)op->pairs - op->canary_only - op->control_only);
}

/* What would be excluded after `times` as much of the same. */
static double excluded_after(const struct opinion *op, double times)
{
	double n10 = op->canary_only * times;
	double n01 = op->control_only * times;

	return stats_excluded(n10, n01, op->pairs * times - n10 - n01);
}

#define TIMES_MAX 1e6

double detector_more_s(const struct opinion *op, double elapsed_s,
	double smallest_effect)
{
	double low = 1;
	double high = 2;

	if (!op->pairs || !(elapsed_s > 0))
		return INFINITY;
	if (excluded_after(op, 1) <= smallest_effect)
		return 0;
	while (excluded_after(op, high) > smallest_effect) {
		if (high > TIMES_MAX)
			return INFINITY;
		low = high;
		high *= 2;
	}
	while (high - low > low / 256) {
		double mid = (low + high) / 2;

		if (excluded_after(op, mid) > smallest_effect)
			low = mid;
		else
			high = mid;
	}
	return (high - 1) * elapsed_s;
}

const char *halt_rule_token(enum halt_rule r)
{
	static const char *const token[HALT_RULES] = {
#define X(name, token, text) token,
		HALT_RULE_MAP(X)
#undef X
	};

	return token[r];
}

const char *halt_rule_text(enum halt_rule r)
{
	static const char *const text[HALT_RULES] = {
#define X(name, token, text) text,
		HALT_RULE_MAP(X)
#undef X
	};

	return text[r];
}

const char *stream_token(enum stream_kind k)
{
	static const char *const token[STREAM_KINDS] = {
#define X(name, token, text) token,
		STREAM_MAP(X)
#undef X
	};

	return token[k];
}

const char *stream_text(enum stream_kind k)
{
	static const char *const text[STREAM_KINDS] = {
#define X(name, token, text) text,
		STREAM_MAP(X)
#undef X
	};

	return text[k];
}

bool stream_is_latency(enum stream_kind k)
{
	return k == STREAM_SLOW90 || k == STREAM_SLOW98 ||
	       k == STREAM_SLOW_CHECK;
}

const char *lack_token(enum lack l)
{
	static const char *const token[LACKS] = {
#define X(name, token, pending, text) token,
		LACK_MAP(X)
#undef X
	};

	return token[l];
}

const char *lack_text(enum lack l)
{
	static const char *const text[LACKS] = {
#define X(name, token, pending, text) text,
		LACK_MAP(X)
#undef X
	};

	return text[l];
}
