#ifndef RUNNER_DECODE_H
#define RUNNER_DECODE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "runner/head.h"

/*
 * Content decoding, piece by piece, into a buffer that has a maximum.  libcurl
 * takes a gzip body that was cut in half as whole, and 301 bytes may become
 * 64 MiB (measured); so it is done here, and a stream that does not come to
 * its end is an error.  The one door to zlib.
 */
struct decoder;

enum decode_result { DECODE_OK, DECODE_BROKEN, DECODE_TOO_LARGE };

/* coding GZIP or DEFLATE (zlib-wrapped as RFC 9110 says, or raw) */
struct decoder *decoder_new(enum coding coding);
void decoder_free(struct decoder *d); /* NULL is fine */
enum decode_result decoder_feed(struct decoder *d, struct str in,
	struct buf *out);
/* Did the stream come to its end? */
bool decoder_whole(const struct decoder *d);

#endif
