#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "cli/options.h"

/*
 * How things are shown: stdout carries the result, stderr progress and
 * diagnostics.  Colour by --color > NO_COLOR > CLICOLOR_FORCE > a terminal
 * whose TERM is not dumb; symbols fall back to ASCII outside UTF-8 locales.
 */
bool output_colour(const struct options *o, FILE *to);
bool output_utf8(void);

/* "andon gate: store unreachable: ..." on stderr; returns its exit code. */
int output_err(const char *command, const struct err *e);
/* Usage error: the text and where to look; returns 2. */
int output_usage(const char *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* All diagnostics with their count; returns 2 when there are errors, or, if
 * `strict`, warnings; else 0. */
int output_diags(struct diags *ds, bool strict, FILE *to);
/* Writes and empties the buf; false: the pipe is closed. */
bool output_buf(struct buf *b, FILE *to);

#endif
