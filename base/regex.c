#define PCRE2_CODE_UNIT_WIDTH 8

#include "base/regex.h"

#include <assert.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/oom.h"
#include "base/regex_shape.h"

enum { PREFIX_MAX = 32 };

/*
 * The interpreter, not the JIT compiler: the JIT has a small stack of its own
 * (error on (.|\n)*b over 1 MiB), counts its limits otherwise, and needs pages
 * that are writable and executable, which a hardened service may not have.
 */
struct regex {
	pcre2_code *code;
	uint32_t groups;
	bool anchored; /* matches at offset 0 or nowhere */
	/* what every match begins with: most of a subject is left out by it */
	char prefix[PREFIX_MAX];
	size_t prefix_len;
};

/* --- memory: PCRE2's comes through our door ----------------------------- */

static void *memory_get(PCRE2_SIZE bytes, void *unused)
{
	(void)unused;
	return xmalloc(bytes);
}

static void memory_put(void *p, void *unused)
{
	(void)unused;
	free(p);
}

static pcre2_general_context *memory_new(void)
{
	return pcre2_general_context_create(memory_get, memory_put, NULL);
}

/* --- compiling ---------------------------------------------------------- */

struct compile_error {
	char text[160];
	size_t at;
};

static pcre2_code *code_new(struct str pattern, uint32_t options,
	struct compile_error *ret)
{
	pcre2_general_context *memory = memory_new();
	pcre2_compile_context *limits = pcre2_compile_context_create(memory);
	PCRE2_SIZE at = 0;
	int error;

	pcre2_set_parens_nest_limit(limits, REGEX_PARENS_MAX);
	pcre2_set_newline(limits, PCRE2_NEWLINE_LF);
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len,
		options | PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C |
			PCRE2_USE_OFFSET_LIMIT,
		&error, &at, limits);
	if (!code) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)ret->text,
			sizeof(ret->text));
		ret->at = at;
	}
	pcre2_compile_context_free(limits);
	pcre2_general_context_free(memory);
	return code;
}

static struct regex *regex_from(struct str pattern, uint32_t options,
	struct compile_error *ret)
{
	pcre2_code *code = code_new(pattern, options, ret);
	uint32_t all = 0;

	if (!code)
		return NULL;
	struct regex *r = xcalloc(1, sizeof(*r));
	r->code = code;
	pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &r->groups);
	pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &all);
	r->anchored = all & PCRE2_ANCHORED;
	if (options == 0) {
		r->prefix_len = regex_prefix(pattern);
		if (r->prefix_len > PREFIX_MAX)
			r->prefix_len = PREFIX_MAX;
		memcpy(r->prefix, pattern.ptr, r->prefix_len);
	}
	return r;
}

struct regex *regex_new(struct str pattern, bool ignore_case, char *ret_why,
	size_t why_size, size_t *ret_at)
{
	struct compile_error e = { "", 0 };
	struct regex *r = NULL;
	const char *why = e.text;

	if (!pattern.ptr)
		pattern = STR("");
	if (pattern.len > REGEX_PATTERN_MAX) {
		why = "the pattern is longer than 4 KiB";
		e.at = REGEX_PATTERN_MAX;
	} else if (!regex_forbidden(pattern, &e.at, &why)) {
		r = regex_from(pattern, ignore_case ? PCRE2_CASELESS : 0, &e);
	}
	if (!r && ret_why && why_size > 0)
		snprintf(ret_why, why_size, "%s", why);
	if (!r && ret_at)
		*ret_at = e.at;
	return r;
}

void regex_free(struct regex *r)
{
	if (!r)
		return;
	pcre2_code_free(r->code);
	free(r);
}

static void regex_done(void *r)
{
	regex_free(r);
}

struct regex *regex_new_in(struct arena *a, struct str pattern,
	bool ignore_case, char *ret_why, size_t why_size, size_t *ret_at)
{
	struct regex *r =
		regex_new(pattern, ignore_case, ret_why, why_size, ret_at);

	if (r)
		arena_defer(a, regex_done, r);
	return r;
}

struct regex *regex_new_iregexp(struct str pattern, bool whole)
{
	struct compile_error e;
	struct regex *r = NULL;
	struct buf b;

	if (pattern.len > REGEX_PATTERN_MAX || !str_is_utf8(pattern))
		return NULL;
	buf_init(&b, (size_t)REGEX_PATTERN_MAX * 12);
	if (iregexp_translate(pattern, whole, &b) && !b.over)
		r = regex_from(buf_str(&b), 0, &e);
	buf_done(&b);
	return r;
}

size_t regex_groups(const struct regex *r)
{
	return r->groups;
}

/* --- matching ----------------------------------------------------------- */

/*
 * One slice may cost SLICE_STEPS in all: a slice of n start offsets gets a
 * match limit of SLICE_STEPS / n for each.  When that does not suffice the
 * slice is cut down, until the limit per offset is the one that counts.  So the
 * clock is read every few milliseconds whatever the pattern does, and a pattern
 * that does little goes over the subject in a few large steps.
 */
enum { SLICE_STEPS = 1000000, SLICE_FIRST = 16384 };

struct search {
	const struct regex *regex;
	struct str subject;
	pcre2_general_context *memory;
	pcre2_match_context *limits;
	pcre2_match_data *found;
	char *repaired;    /* NULL: the subject is valid UTF-8 */
	uint64_t until_ns; /* 0: no slice has ended yet */
};

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool is_continuation(struct str s, size_t at)
{
	return at < s.len && ((unsigned char)s.ptr[at] & 0xc0) == 0x80;
}

static uint32_t steps_for(size_t offsets)
{
	assert(offsets > 0);
	size_t steps = SLICE_STEPS / offsets;

	if (steps == 0)
		steps = 1;
	return steps > REGEX_STEPS_MAX ? REGEX_STEPS_MAX : (uint32_t)steps;
}

/* PCRE2's answer for matches that begin in [from, from + n). */
static int search_slice(const struct search *s, size_t from, size_t n,
	uint32_t steps)
{
	pcre2_set_match_limit(s->limits, steps);
	pcre2_set_offset_limit(s->limits, from + n - 1);
	return pcre2_match(s->regex->code, (PCRE2_SPTR)s->subject.ptr,
		s->subject.len, from, PCRE2_NO_UTF_CHECK, s->found, s->limits);
}

/*
 * The clock starts at the end of the first slice, which nearly always ends the
 * search: reading it costs as much as most matches do.
 */
static bool over_time(struct search *s)
{
	uint64_t now_ns = cpu_ns();

	if (s->until_ns == 0)
		s->until_ns = now_ns + (uint64_t)REGEX_CPU_MS * 1000000;
	return now_ns > s->until_ns;
}

/* The next offset at which a match could begin; SIZE_MAX: none. */
static size_t next_start(const struct search *s, size_t from)
{
	struct str prefix = { s->regex->prefix, s->regex->prefix_len };

	return prefix.len ? str_find(s->subject, prefix, from) : from;
}

static enum regex_result search_from(struct search *s, size_t from)
{
	size_t n = SLICE_FIRST;

	for (;;) {
		from = next_start(s, from);
		if (from == SIZE_MAX)
			return REGEX_NO;
		size_t rest = s->subject.len + 1 - from;
		if (n > rest)
			n = rest;
		uint32_t steps = steps_for(n);
		int rc = search_slice(s, from, n, steps);
		if (rc >= 0)
			return REGEX_YES;
		if (rc == PCRE2_ERROR_MATCHLIMIT && steps < REGEX_STEPS_MAX) {
			n = (n + 7) / 8;
		} else if (rc != PCRE2_ERROR_NOMATCH) {
			/* Depth, heap, endless recursion: not the target's. */
			return REGEX_BUDGET;
		} else {
			from += n;
			while (is_continuation(s->subject, from))
				from++;
			n *= 2;
			if (s->regex->anchored || from > s->subject.len)
				return REGEX_NO;
		}
		if (over_time(s))
			return REGEX_BUDGET;
	}
}

static void groups_give(const struct search *s, struct str subject,
	struct str *ret_groups, size_t ngroups)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(s->found);

	for (size_t i = 0; i < ngroups; i++) {
		ret_groups[i] = STR_NONE;
		if (i > s->regex->groups || at[2 * i] == PCRE2_UNSET ||
			at[2 * i] > at[2 * i + 1])
			continue;
		ret_groups[i] =
			str_sub(subject, at[2 * i], at[2 * i + 1] - at[2 * i]);
	}
}

/* Length of the valid character at `at`; 0: the byte is no part of one. */
static size_t character_length(struct str s, size_t at)
{
	for (size_t n = 1; n <= 4 && at + n <= s.len; n++)
		if (str_is_utf8(str_sub(s, at, n)))
			return n;
	return 0;
}

/* A copy of the same length that is valid UTF-8. */
static char *subject_repair(struct str s)
{
	char *copy = xmalloc(s.len);

	memcpy(copy, s.ptr, s.len);
	for (size_t i = 0; i < s.len;) {
		size_t n = character_length(s, i);
		if (n == 0)
			copy[i] = '\x1a';
		i += n ? n : 1;
	}
	return copy;
}

static void search_open(struct search *s)
{
	if (!str_is_utf8(s->subject)) {
		s->repaired = subject_repair(s->subject);
		s->subject.ptr = s->repaired;
	}
	s->memory = memory_new();
	s->limits = pcre2_match_context_create(s->memory);
	s->found =
		pcre2_match_data_create_from_pattern(s->regex->code, s->memory);
	pcre2_set_depth_limit(s->limits, REGEX_DEPTH_MAX);
	pcre2_set_heap_limit(s->limits, REGEX_HEAP_KIB);
}

static void search_close(struct search *s)
{
	pcre2_match_data_free(s->found);
	pcre2_match_context_free(s->limits);
	pcre2_general_context_free(s->memory);
	free(s->repaired);
}

enum regex_result regex_match(const struct regex *r, struct str subject,
	struct str *ret_groups, size_t ngroups)
{
	struct search s = { .regex = r, .subject = subject };

	if (subject.len > REGEX_SUBJECT_MAX)
		return REGEX_BUDGET;
	if (!subject.ptr)
		s.subject = subject = STR("");
	search_open(&s);
	enum regex_result result = search_from(&s, 0);
	if (result == REGEX_YES)
		groups_give(&s, subject, ret_groups, ngroups);
	search_close(&s);
	return result;
}

/*
 * Where the search goes on.  An empty match is left by one character, and one
 * where the last match ended is none.
 */
static size_t step_over(const struct search *s, const PCRE2_SIZE *at)
{
	size_t next = at[1];

	if (at[0] < at[1])
		return next;
	do
		next++;
	while (is_continuation(s->subject, next));
	return next;
}

enum regex_result regex_each(const struct regex *r, struct str subject,
	size_t ngroups, bool (*found)(void *thing, const struct str *groups),
	void *thing)
{
	struct search s = { .regex = r, .subject = subject };
	struct str groups[REGEX_GROUPS_MAX];
	enum regex_result any = REGEX_NO;
	size_t from = 0;
	size_t ended = SIZE_MAX;

	assert(ngroups <= REGEX_GROUPS_MAX);
	if (subject.len > REGEX_SUBJECT_MAX)
		return REGEX_BUDGET;
	if (!subject.ptr)
		s.subject = subject = STR("");
	search_open(&s);
	while (from <= subject.len) {
		enum regex_result is = search_from(&s, from);
		if (is == REGEX_BUDGET)
			any = REGEX_BUDGET;
		if (is != REGEX_YES)
			break;
		const PCRE2_SIZE *at = pcre2_get_ovector_pointer(s.found);
		bool again = at[0] == at[1] && at[0] == ended;
		groups_give(&s, subject, groups, ngroups);
		from = step_over(&s, at);
		ended = at[1];
		if (again)
			continue;
		any = REGEX_YES;
		if (!found(thing, groups))
			break;
		if (over_time(&s)) {
			any = REGEX_BUDGET;
			break;
		}
	}
	search_close(&s);
	return any;
}
