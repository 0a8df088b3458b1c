#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/str.h"

/*
 * Memory that is freed all at once: one arena per load and per run.
 *
 * Allocation never fails: out of memory ends the process in order
 * (base/oom.h), so every size that input can drive is capped by its reader
 * before it comes here.  Memory is zeroed and aligned for any type.  An arena
 * belongs to one thread at a time; what hangs off it may be read by any
 * number of threads once it is no longer written.
 */
struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL is fine */
/* Empties it and keeps its first block, for the next run. */
void arena_reset(struct arena *a);
size_t arena_bytes(const struct arena *a); /* handed out so far */

void *arena_alloc(struct arena *a, size_t bytes);
/* n * bytes, checked for overflow */
void *arena_array(struct arena *a, size_t n, size_t bytes);

/* clang-format off */
#define ARENA_NEW(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, n, type) ((type *)arena_array((a), (n), sizeof(type)))
/* clang-format on */

/* Copies, followed by a NUL byte; STR_NONE stays STR_NONE. */
struct str arena_str(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0), nonnull(2)));

/* Calls done(thing) when the arena is reset or freed, last added first. */
void arena_defer(struct arena *a, void (*done)(void *thing), void *thing);

#endif
