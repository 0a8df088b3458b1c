#ifndef BASE_OOM_H
#define BASE_OOM_H

#include <stddef.h>

/*
 * The only door to malloc.  These never return NULL: without memory the
 * process says so on stderr and ends with exit code 4, because a runner that
 * can not allocate must not report a sick region.
 */
void *xmalloc(size_t bytes);
void *xcalloc(size_t n, size_t bytes);
void *xrealloc(void *p, size_t bytes);
char *xstrdup(const char *z);

/*
 * Called once before the end, so that a spool can be synced; it must not
 * allocate.  One function for the process, set by its owner at start; NULL
 * takes it away.
 */
void oom_on_death(void (*fn)(void));
_Noreturn void oom_die(size_t bytes);

#endif
