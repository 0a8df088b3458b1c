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
 */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_init(enum log_level least, bool quiet);
/* Pairs of `const char *` key and value, ending with NULL. */
void log_event(enum log_level level, const char *event, ...)
	__attribute__((sentinel));
uint64_t log_dropped(void);
/* What runs over every line before it is written (redaction); may be NULL. */
struct buf;
void log_set_filter(void (*filter)(struct buf *line));

#endif
