#ifndef CLI_DETECTING_H
#define CLI_DETECTING_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "regions/line.h"

/*
 * The referee in a thread of its own, with a store of its own: what `andon
 * detect` and `andon up` run.  A store that is away is tried again for ever;
 * a journal that can not be written ends it, because a halt that is not on
 * disk must not be promised.
 */
struct detecting;

struct detecting_options {
	const char *url;     /* of the store */
	const char *journal; /* path; NULL: none */
	const char *id;
	bool quiet;
};

/* Takes the arena in which `line` lives (*a becomes NULL) when it succeeds. */
struct detecting *detecting_start(const struct detecting_options *o,
	struct arena **a, const struct line *line, struct err *e);
/* True as soon as it holds the lease or stands by for it. */
bool detecting_ready(const struct detecting *d);
/* True: it ended by itself. */
bool detecting_failed(struct detecting *d, struct err *ret);
/* A new line file; takes the arena. */
void detecting_reload(struct detecting *d, struct arena **a,
	const struct line *line);
/* Gives the lease back and ends the thread; NULL is fine. */
void detecting_stop(struct detecting *d);

#endif
