#ifndef BASE_REGEX_SHAPE_H
#define BASE_REGEX_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * What base/regex.c needs to know about a pattern's text before PCRE2 sees it.
 * Private to the two.
 */

/*
 * Length of what stands at `at` and holds no other part of the pattern: an
 * escape (\d, \p{Lu}, \Q...\E), a class, a comment, or one byte.
 */
size_t regex_token(struct str s, size_t at);

/* Finds \G or a verb (*...): *ret_at and a constant sentence. */
bool regex_forbidden(struct str s, size_t *ret_at, const char **ret_why);

/*
 * So many of the pattern's first bytes are ASCII text with which every match
 * begins: `"id":"[0-9]+"` 6, (a|b)c 0, ab|c 0.
 */
size_t regex_prefix(struct str pattern);

/* RFC 9485 as PCRE2 writes it; false when it is not an I-Regexp. */
bool iregexp_translate(struct str pattern, bool whole, struct buf *out);

#endif
