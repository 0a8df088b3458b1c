#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * A growing byte buffer with a maximum that is named when it is made.
 *
 * One call adds its whole piece or nothing.  The first piece that would not
 * fit is dropped, sets `over`, and everything after it is dropped as well, so
 * that there are no holes: a writer may add piece after piece and look at
 * `over` at the end.  Only buf_clear() and buf_done() take `over` back.
 *
 * `ptr` is always followed by a NUL byte once something was added; `max` does
 * not count it.
 */
struct buf {
	char *ptr;
	size_t len, cap, max;
	bool over;
};

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);  /* frees; the buf may be used again */
void buf_clear(struct buf *b); /* empties, keeps the memory */
bool buf_add(struct buf *b, struct str s);
bool buf_add_z(struct buf *b, const char *z);
bool buf_add_byte(struct buf *b, char c);
bool buf_addf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool buf_vaddf(struct buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0), nonnull(2)));
/* A JSON string with its quotes; invalid UTF-8 becomes U+FFFD. */
bool buf_add_json(struct buf *b, struct str s);
/*
 * Safe on a terminal: control characters (newline and tab too) and invalid
 * bytes as \xNN; C1, bidi, zero-width and other invisible characters as
 * \u{N}.
 */
bool buf_add_visible(struct buf *b, struct str s);
/* RFC 4648: with padding, or with - and _ and without padding. */
bool buf_add_base64(struct buf *b, struct str s, bool url_safe);
bool buf_add_percent(struct buf *b, struct str s); /* RFC 3986 unreserved */
bool buf_add_hex(struct buf *b, struct str s);
/* Drops the first n bytes; all of them when there are fewer. */
void buf_consume(struct buf *b, size_t n);
struct str buf_str(const struct buf *b); /* borrowed until the next change */

#endif
