#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/*
 * Takes secrets out of text, where a record or a report is made.
 *
 * A secret is found as it is; with any of its bytes percent-encoded (either
 * case, `+` for a space); with any of its bytes JSON-escaped, also when that
 * was quoted as JSON again (a body that is shown as a string); and inside
 * base64 of either alphabet at each of the three alignments, so also inside
 * Basic credentials, and again percent-encoded or JSON-escaped.  What is found
 * becomes [NAME].
 *
 * A set belongs to one thread while secrets are added; after that any number
 * of threads may use it.  Lives in its arena; `parent` (may be NULL) is looked
 * up first, so that a run adds its captures to the secrets of the plan.
 */
enum { SECRET_MIN = 6, SECRET_MAX = 65536 };

struct redact;

struct redact *redact_new(struct arena *a, const struct redact *parent);
/* False: shorter than SECRET_MIN or longer than SECRET_MAX, and not added. */
bool redact_add(struct redact *r, struct str name, struct str secret);
bool redact_empty(const struct redact *r);

/* Adds the text without secrets to `out`; false: the buf is full. */
bool redact_write(const struct redact *r, struct str text, struct buf *out);
/* The same as a string; the text itself when nothing was in it. */
struct str redact_str(const struct redact *r, struct arena *a, struct str text);
/*
 * The same of a text that will be cut: at least its first `most` bytes, where
 * there are so many.  Whoever cuts first may leave half of a secret, which
 * nobody finds any more.
 */
struct str redact_head(const struct redact *r, struct arena *a, struct str text,
	size_t most);
/* Is there any in it? */
bool redact_holds(const struct redact *r, struct str text);
/*
 * A word for a POSIX shell: quoted where needed, a secret as "$NAME" (as an
 * upper-case variable name), an encoded one as [NAME].
 */
void redact_shell(const struct redact *r, struct str word, struct buf *out);

#endif
