#include "store/record.h"

#include <assert.h>

static const struct {
	const char *token, *text;
	bool ok, counts;
} outcomes[OUTCOMES] = {
#define X(name, token, ok, counts, text)                                       \
	[OUTCOME_##name] = { token, text, ok, counts },
	OUTCOME_MAP(X)
#undef X
};

static const struct {
	const char *token, *text;
	enum outcome of;
} reasons[REASONS] = {
#define X(name, token, of, text)                                               \
	[REASON_##name] = { token, text, OUTCOME_##of },
	REASON_MAP(X)
#undef X
};

const char *outcome_token(enum outcome o)
{
	assert((unsigned)o < OUTCOMES);
	return outcomes[o].token;
}

const char *outcome_text(enum outcome o)
{
	assert((unsigned)o < OUTCOMES);
	return outcomes[o].text;
}

bool outcome_ok(enum outcome o)
{
	assert((unsigned)o < OUTCOMES);
	return outcomes[o].ok;
}

bool outcome_counts(enum outcome o)
{
	assert((unsigned)o < OUTCOMES);
	return outcomes[o].counts;
}

bool outcome_from_token(struct str token, enum outcome *ret)
{
	for (unsigned i = 0; i < OUTCOMES; i++) {
		if (str_eq(token, str_from(outcomes[i].token))) {
			*ret = (enum outcome)i;
			return true;
		}
	}
	return false;
}

const char *reason_token(enum reason r)
{
	assert((unsigned)r < REASONS);
	return reasons[r].token;
}

const char *reason_text(enum reason r)
{
	assert((unsigned)r < REASONS);
	return reasons[r].text;
}

enum outcome reason_outcome(enum reason r)
{
	assert((unsigned)r < REASONS);
	return reasons[r].of;
}

bool reason_from_token(struct str token, enum reason *ret)
{
	for (unsigned i = 0; i < REASONS; i++) {
		if (str_eq(token, str_from(reasons[i].token))) {
			*ret = (enum reason)i;
			return true;
		}
	}
	return false;
}

bool version_same(struct str a, struct str b)
{
	if (a.len > 1 && a.ptr[0] == 'v')
		a = str_sub(a, 1, a.len);
	if (b.len > 1 && b.ptr[0] == 'v')
		b = str_sub(b, 1, b.len);
	return a.len > 0 && str_eq(a, b);
}
