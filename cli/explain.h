#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/options.h"

/*
 * What each code of base/codes.h means, why it matters and how to mend it:
 * docs/codes.txt, which is part of the binary.  `andon lint --explain`, the
 * SARIF report and andon-codes(7) show the same text; tests/e2e/codes.sh
 * tries each example.
 *
 * Nothing here changes after the start; any thread may ask.
 */
enum { EXPLAIN_BYTES_MAX = 64 << 10 }; /* of all that is said of one code */

/* A part is as it is written: lines of at most 80 columns, no end of line at
 * its end. */
struct explain {
	char name[8];      /* "E012" */
	const char *title; /* of base/codes.h */
	bool error;        /* else a warning */
	struct str about, why, mend;
	struct str allow;   /* STR_NONE: a warning may be allowed as usual */
	struct str run;     /* STR_NONE: andon lint and all files of it */
	struct str example; /* for explain_line() */
	bool mends;         /* it shows what stands in the mistake's place */
};

/* In the order of base/codes.h; false behind the last one, or when nothing is
 * said about it, which explain_check() finds. */
bool explain_at(size_t index, struct explain *ret);
/* By name, in small letters too; false: there is no such code. */
bool explain_find(struct str name, struct explain *ret);

/* False: a code without its parts, or a text of no code (for tests and for
 * the manual: a build that fails here never gets out). */
bool explain_check(struct err *e);

/* One line of an example, or the name of the file that begins there. */
enum explain_mark {
	EXPLAIN_FILE,
	EXPLAIN_KEPT,
	EXPLAIN_WRONG, /* the mistake */
	EXPLAIN_MENDED /* what stands in its place */
};
struct explain_line {
	enum explain_mark mark;
	struct str text;
};
/* Cuts the next line off *rest; false: none is left. */
bool explain_line(struct str *rest, struct explain_line *ret);
/* The example as it is shown: a column of - and +, names where there are
 * several files. */
void explain_add_example(struct buf *out, const struct explain *x);
/* The command that finds it: "andon lint checkout.yaml". */
void explain_add_command(struct buf *out, const struct explain *x);
/* Whether and how a warning is allowed, as a sentence. */
void explain_add_allow(struct buf *out, const struct explain *x);
/* A part as one paragraph, without its ends of line. */
void explain_add_filled(struct buf *out, struct str part);

/* `andon lint --explain CODE`; returns the exit code. */
int explain_show(const struct options *o, const char *name);

#endif
