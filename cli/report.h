#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "runner/once.h"

/*
 * What `andon test` says about its runs: for people, as JSON, as JUnit XML.
 * Pure: the runs go in, text comes out.  Everything that comes from outside
 * is escaped for where it goes; secrets were taken out where the runs were
 * told (runner/report.h).
 *
 * A buf that went `over` holds no whole report and must not be shown.
 */
enum { REPORT_BYTES_MAX = 512 << 20 };

/*
 * 1 if a run failed or had an error, else 4 if one had our own trouble, else
 * 2 if nothing ran, else 0.  An interrupted pass ends with its signal.
 */
int report_exit_code(const struct once_result *r);
/* "pass", "fail", "unavailable", "usage", "interrupted" */
const char *report_answer(int code);

struct report_style {
	bool colour, utf8;
	bool quiet;   /* only what did not pass */
	bool verbose; /* every assertion, every attempt */
};

void report_text(struct buf *out, const struct once_result *r,
	const struct report_style *style);
/* One object: {answer, code, ok, ..., runs: [...]}, and a newline. */
void report_json(struct buf *out, const struct once_result *r);
/* A suite per run, a case per step. */
void report_junit(struct buf *out, const struct once_result *r);

/*
 * Text as XML 1.0 allows it: markup escaped; what is no character of XML,
 * and bytes that are not UTF-8, become U+FFFD.
 */
void report_add_xml(struct buf *out, struct str s);
/* A CDATA section around it; `]]>` inside is split over two. */
void report_add_cdata(struct buf *out, struct str s);

/* "suite/role/row" without what is default: how a run is named. */
void report_add_run_name(struct buf *out, const struct job *j);

/*
 * Writes a file whole or not at all: beside its place, fsynced, then renamed.
 * A signal waits meanwhile, so that nothing half-written stays behind.
 */
bool report_file(const char *path, const struct buf *text, struct err *e);

#endif
