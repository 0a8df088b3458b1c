#include "base/oom.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*_Atomic on_death)(void);

void oom_on_death(void (*fn)(void))
{
	atomic_store(&on_death, fn);
}

_Noreturn void oom_die(size_t bytes)
{
	char text[64];
	int n = snprintf(text, sizeof(text),
		"andon: out of memory (%zu bytes wanted)\n", bytes);
	/* taken out first: a hook that allocates must not come back here */
	void (*fn)(void) = atomic_exchange(&on_death, NULL);
	ssize_t written;

	if (fn)
		fn();
	written = write(STDERR_FILENO, text, (size_t)n);
	(void)written; /* nothing is left to be done about it */
	_exit(4);
}

void *xmalloc(size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);

	if (!p)
		oom_die(bytes);
	return p;
}

void *xcalloc(size_t n, size_t bytes)
{
	void *p = n && bytes ? calloc(n, bytes) : calloc(1, 1);

	if (!p)
		oom_die(bytes && n > SIZE_MAX / bytes ? SIZE_MAX : n * bytes);
	return p;
}

void *xrealloc(void *p, size_t bytes)
{
	void *q = realloc(p, bytes ? bytes : 1);

	if (!q)
		oom_die(bytes);
	return q;
}

char *xstrdup(const char *z)
{
	size_t n = strlen(z) + 1;

	return memcpy(xmalloc(n), z, n);
}
