#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * Regular expressions (PCRE2, UTF) that can not run away.
 *
 * Pattern at most 4 KiB, subject 1 MiB, match limit 100,000 per start offset,
 * depth 1000, heap 16 MiB, and a budget of 50 ms over all start offsets
 * (PCRE2's own limits begin anew at each one: 421 bytes cost 3.1 s, measured);
 * it begins after the first slice of at most a million steps, below.
 * Over a limit is REGEX_BUDGET: the author's error, never the target's.  The
 * 50 ms are the thread's own CPU time: that a machine is busy is no error of
 * the author either.
 *
 * The start offsets are tried in slices, between which the clock is read.
 * What would see where a slice begins is therefore no part of the language:
 * \G and verbs (*...).  \C is not, either.  A line ends with \n; `$` matches at
 * the end and before a last \n.
 *
 * A subject that is not valid UTF-8 (a body in Latin-1, a picture) is matched
 * as if each byte that is no part of a character were U+001A (SUBSTITUTE);
 * groups still give the bytes as they are.
 *
 * A compiled regex is immutable and may be used by any number of threads;
 * it lives as long as regex_free() is not called.
 */
struct regex;

enum {
	REGEX_PATTERN_MAX = 4096,
	REGEX_SUBJECT_MAX = 1 << 20,
	REGEX_STEPS_MAX = 100000, /* PCRE2's match limit, per start offset */
	REGEX_DEPTH_MAX = 1000,
	REGEX_HEAP_KIB = 16 * 1024,
	REGEX_PARENS_MAX = 50,
	REGEX_CPU_MS = 50
};

enum { REGEX_GROUPS_MAX = 10 }; /* that regex_each() gives */

enum regex_result { REGEX_NO, REGEX_YES, REGEX_BUDGET };

/*
 * NULL with the reason and its byte offset in the pattern; both may be NULL.
 */
struct regex *regex_new(struct str pattern, bool ignore_case, char *ret_why,
	size_t why_size, size_t *ret_at);
void regex_free(struct regex *r);
/* Frees the regex together with the arena. */
struct regex *regex_new_in(struct arena *a, struct str pattern,
	bool ignore_case, char *ret_why, size_t why_size, size_t *ret_at);

/* groups[0] is the whole match; unset groups are STR_NONE; ngroups may be 0. */
enum regex_result regex_match(const struct regex *r, struct str subject,
	struct str *ret_groups, size_t ngroups);
/*
 * Every match that does not overlap the one before, from the left, within one
 * budget of time; `found` gets `ngroups` groups and ends the search by
 * returning false.  REGEX_YES: there was one at least.
 */
enum regex_result regex_each(const struct regex *r, struct str subject,
	size_t ngroups, bool (*found)(void *thing, const struct str *groups),
	void *thing);
size_t regex_groups(const struct regex *r); /* capture groups in the pattern */

/*
 * RFC 9485 I-Regexp, as JSONPath's match() (whole) and search() want it:
 * checked, then translated.  NULL when the pattern is not an I-Regexp.  `^` and
 * `$` are anchors, as the mappings of section 5 and JSONPath's test cases have
 * it, although its grammar counts them among the plain characters.
 */
struct regex *regex_new_iregexp(struct str pattern, bool whole);

/*
 * A warning for authors: a repeated group that one of its own repeats can fill
 * alone, (a+)+ or (a|b*)*, or with two equal branches, (a|a)*.  A guess: it
 * may be wrong both ways, the limits above are what protects.
 */
bool regex_looks_exponential(struct str pattern);

#endif
