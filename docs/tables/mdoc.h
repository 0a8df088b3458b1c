#ifndef DOCS_TABLES_MDOC_H
#define DOCS_TABLES_MDOC_H

#include "base/buf.h"

/*
 * mdoc(7) out of plain text.  Nothing of the text is taken as a request, a
 * macro or an escape, whatever it holds.
 */

/*
 * Filled text, a new line for each sentence.  `word` between backquotes is
 * quoted as the page's language does it.
 */
void mdoc_text(struct buf *out, const char *text);
/* The same, with a full stop where there is none. */
void mdoc_sentence(struct buf *out, const char *text);
/* One argument of a macro, with the blank before it. */
void mdoc_arg(struct buf *out, const char *text);
/* A line of a display, as it stands. */
void mdoc_literal(struct buf *out, struct str line);
/* The help of a command: paragraphs; what is indented is a display. */
void mdoc_help(struct buf *out, const char *help);
/* Arguments as a usage line has them: `STAGE [--wait DURATION]`. */
void mdoc_usage(struct buf *out, const char *args);

#endif
