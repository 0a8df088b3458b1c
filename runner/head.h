#ifndef RUNNER_HEAD_H
#define RUNNER_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "suites/response.h"

/*
 * The head of an answer, line by line, more strictly than libcurl reads it:
 * two Content-Lengths that differ, one that is not a number, Content-Length
 * beside Transfer-Encoding, a 101 that nobody asked for and heads above the
 * limits are malformed answers (libcurl takes the first three as 200, and
 * waits for ever after a 101; measured).
 *
 * Pure: bytes in, data out, all in the arena.
 */
enum { HEAD_BYTES_MAX = 256 * 1024, HEAD_LINES_MAX = 1000 };

struct head {
	struct arena *arena;
	struct response_header *first, *last;
	size_t bytes, lines; /* of all heads of this exchange */
	uint16_t status;
	bool any;  /* a status line was seen */
	bool done; /* the final head is complete; what follows are trailers */
	bool has_length, has_coding;
	uint64_t length;
	const char *why; /* of a refusal */
};

void head_init(struct head *h, struct arena *a);
/* One line with its line end, as it came.  False: malformed, see `why`. */
bool head_line(struct head *h, struct str line);

/* How the body is coded, from Content-Encoding. */
enum coding { CODING_NONE, CODING_GZIP, CODING_DEFLATE, CODING_UNKNOWN };
enum coding head_coding(const struct head *h);

#endif
