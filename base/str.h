#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A borrowed piece of text: pointer and length, no ownership, may hold any
 * byte.  Whoever keeps a str beyond the call copies it into an arena or a
 * buf.  STR_NONE (ptr NULL) is "not given"; an empty string has a ptr.
 *
 * Strings made by an arena (arena_str() and friends) are followed by a NUL
 * byte, so that `ptr` may be handed to a C interface.
 */
struct str {
	const char *ptr;
	size_t len;
};

/* clang-format off */
#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_NONE     ((struct str){ NULL, 0 })
/* For printf: "%.*s", STR_ARG(s) */
#define STR_ARG(s)   (int)(s).len, (s).ptr ? (s).ptr : ""
/* clang-format on */

struct str str_from(const char *z); /* NULL gives STR_NONE */
/*
 * A copy, followed by a NUL, that the caller owns until str_disown(); of
 * STR_NONE too it is an empty string.
 */
struct str str_own(struct str s);
void str_disown(struct str *s); /* and makes it STR_NONE */
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
int str_cmp(struct str a, struct str b);        /* bytewise, as memcmp */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Offset of the first `needle` at or after `from`; SIZE_MAX: none. */
size_t str_find(struct str s, struct str needle, size_t from);
size_t str_find_byte(struct str s, char c, size_t from);
/* Clipped to the string: never reads outside. */
struct str str_sub(struct str s, size_t from, size_t len);
struct str str_trim(struct str s); /* ASCII white space at both ends */

/*
 * Cuts `*rest` at the first `sep`: returns what stands before it and leaves
 * what follows in *rest.  Without a `sep` all of it is returned and *rest
 * becomes STR_NONE: `while (rest.ptr) part = str_cut(&rest, ',')`.
 */
struct str str_cut(struct str *rest, char sep);

/*
 * Whole-string decimal; false on anything else or on overflow.  No space, no
 * hex, no "inf"; a double is finite, has a '.' in any locale and is written
 * in at most STR_NUMBER_MAX bytes.
 */
enum { STR_NUMBER_MAX = 400 };
bool str_to_u64(struct str s, uint64_t *ret);
bool str_to_i64(struct str s, int64_t *ret);
bool str_to_double(struct str s, double *ret);

int str_hex_digit(char c); /* its value; -1: not one */

/*
 * Shell glob on a name with slashes: `*` and `?` do not cross a `/`; `?` is
 * one code point.  Linear in practice: no pattern makes it run away.
 */
bool str_glob(struct str pattern, struct str s);

/*
 * The nearest of n candidates by Damerau-Levenshtein distance, at most 2 and
 * less than half of the word's length; the first of equals; SIZE_MAX when none
 * is near enough.  What "did you mean" is made from.
 */
size_t str_nearest(struct str word, const struct str *candidates, size_t n);

/*
 * The code point at `at` (which must be inside) and how many bytes it takes.
 * A byte that is not UTF-8 (overlong forms, surrogates and what is beyond
 * U+10FFFF included) takes one byte and gives STR_BAD_POINT.
 */
#define STR_BAD_POINT UINT32_MAX
size_t str_decode(struct str s, size_t at, uint32_t *ret_point);

/* Number of Unicode code points; an invalid byte counts as one. */
size_t str_codepoints(struct str s);
bool str_is_utf8(struct str s);

#endif
