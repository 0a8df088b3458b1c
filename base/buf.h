#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * A growing byte buffer with a maximum that is named when it is made.
 *
 * What would not fit is dropped and `over` is set, once and for all: a writer
 * may add piece after piece and look at `over` at the end.  `ptr` is always
 * followed by a NUL byte once something was added.
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
bool buf_vaddf(struct buf *b, const char *fmt, va_list ap);
/* A JSON string with its quotes; invalid UTF-8 becomes U+FFFD. */
bool buf_add_json(struct buf *b, struct str s);
/* Control, bidi and invalid bytes as \xNN or \u{N}: safe on a terminal. */
bool buf_add_visible(struct buf *b, struct str s);
bool buf_add_base64(struct buf *b, struct str s, bool url_safe);
bool buf_add_percent(struct buf *b, struct str s); /* RFC 3986 unreserved */
bool buf_add_hex(struct buf *b, struct str s);
/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);
struct str buf_str(const struct buf *b); /* borrowed until the next change */

#endif
