#ifndef CLI_DEMO_TELL_H
#define CLI_DEMO_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * How the demo speaks: on stdout, with colour and typographic characters
 * where the terminal has them, one line after the other without moving the
 * cursor.  Everything is flushed at once, so that the output of the commands
 * stands where it happened.
 */
struct demo_tell {
	bool colour, utf8, silent;
	bool lost; /* nobody reads stdout any more */
	uint64_t start_ns;
};

void demo_tell_title(struct demo_tell *t, const char *text);
/* Paragraphs, as they are, two columns in. */
void demo_tell_text(struct demo_tell *t, const char *text);
/* What the world did, which no command tells. */
void demo_tell_event(struct demo_tell *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* " 0:12 $ andon gate canary ..." */
void demo_tell_command(struct demo_tell *t, const char *const *argv);
/* "   exit 0 after 7.2 s", good or bad. */
void demo_tell_answer(struct demo_tell *t, bool good, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The command as one would type it. */
void demo_command_write(struct buf *out, const char *const *argv);

#endif
