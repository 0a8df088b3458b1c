#ifndef CLI_EVAL_ANSWER_H
#define CLI_EVAL_ANSWER_H

#include "base/arena.h"
#include "suites/response.h"

/*
 * A document as the answer it may be.  Bytes that begin with HTTP/ are what
 * `curl -i` printed: status line, headers, body; of several heads (100,
 * redirects) the last one counts.  Anything else is the body of a 200.  The
 * body is borrowed.
 */
void eval_answer_read(struct arena *a, struct str text, struct response *ret);

#endif
