/*
 * The pattern ends at the first line end, the subject follows.  Whatever the
 * pattern is, a match lies inside the subject and ends in time (libFuzzer's
 * -timeout is the judge).
 */
#include <assert.h>

#include "base/buf.h"
#include "base/regex.h"
#include "tests/fuzz/target.h"

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

/*
 * In a group nothing is known of the text that a match begins with; what is
 * found is the same.
 */
static void check_prefix(const struct regex *r, struct str pattern,
	struct str subject)
{
	struct str g = STR_NONE;
	struct str h = STR_NONE;
	struct buf b;

	buf_init(&b, (size_t)REGEX_PATTERN_MAX * 2);
	buf_addf(&b, "(?:%.*s)", STR_ARG(pattern));
	struct regex *grouped = regex_new(buf_str(&b), false, NULL, 0, NULL);
	buf_done(&b);
	if (!grouped)
		return;
	enum regex_result a = regex_match(r, subject, &g, 1);
	enum regex_result c = regex_match(grouped, subject, &h, 1);
	assert(a == c || a == REGEX_BUDGET || c == REGEX_BUDGET);
	assert(a != c || (g.ptr == h.ptr && g.len == h.len));
	regex_free(grouped);
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
	if (r && str_find_byte(pattern, '\0', 0) == SIZE_MAX)
		check_prefix(r, pattern, subject);
	check(r, subject);
	check(regex_new_iregexp(pattern, true), subject);
	check(regex_new_iregexp(pattern, false), subject);
	regex_looks_exponential(pattern);
	return 0;
}
