#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One logfmt line per event, on stderr: time, level, event, then key=value
 * pairs with quoting, so that nothing from outside can forge a line.
 *
 *	log_event(LOG_WARN, "reload_refused", "file", path, NULL);
 *
 * base, suites, regions and store never log; whoever handles an error logs it
 * once.  A write that would block is dropped and counted: a full pipe must
 * never stop the engine.
 *
 * A line has at most LOG_LINE_MAX bytes with its newline (a pipe takes it in
 * one piece), a value LOG_VALUE_MAX before quoting; what is longer ends in
 * "...", and pairs that do not fit are replaced by cut=true.  Keys are ours;
 * values may be anything.  Any thread, after log_init().
 */
enum { LOG_LINE_MAX = 4096, LOG_VALUE_MAX = 1024 };

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* quiet: errors only, whatever `least` says. */
void log_init(enum log_level least, bool quiet);
/* Pairs of `const char *` key and value, ending with NULL.  errno is kept. */
void log_event(enum log_level level, const char *event, ...)
	__attribute__((sentinel));
uint64_t log_dropped(void); /* lines lost since the start */
struct buf;
/*
 * What runs over every line before it is written (redaction), without the
 * newline; NULL: nothing.  It may shorten and replace, on any thread that logs.
 */
void log_set_filter(void (*filter)(struct buf *line));

#endif
