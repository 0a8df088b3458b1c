/*
 * The pattern ends at the first line end, the subject follows.  Whatever the
 * pattern is, a match lies inside the subject and ends in time (libFuzzer's
 * -timeout is the judge).
 */
#include <assert.h>
#include <stdint.h>

#include "base/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(struct regex *r, struct str subject)
{
	struct str g[4];

	if (!r)
		return;
	if (regex_match(r, subject, g, 4) == REGEX_YES) {
		for (int i = 0; i < 4; i++)
			assert(!g[i].ptr ||
				(g[i].ptr >= subject.ptr &&
					g[i].ptr + g[i].len <=
						subject.ptr + subject.len));
		assert(g[0].ptr);
	}
	regex_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str subject = { (const char *)bytes, size };
	struct str pattern = str_cut(&subject, '\n');
	char why[160] = "";
	size_t at = SIZE_MAX;

	if (!subject.ptr)
		subject = STR("");
	struct regex *r = regex_new(pattern, false, why, sizeof(why), &at);
	assert(r || (why[0] && at <= pattern.len));
	check(r, subject);
	check(regex_new_iregexp(pattern, true), subject);
	check(regex_new_iregexp(pattern, false), subject);
	regex_looks_exponential(pattern);
	return 0;
}
