#ifndef SUITES_IMPORT_SHELL_H
#define SUITES_IMPORT_SHELL_H

#include <stddef.h>

#include "suites/import_parts.h"

/* Inside of suites/: the words of a shell's command line, nothing expanded. */
enum { SHELL_WORD_MAX = IMPORT_BYTES_MAX };

enum shell_result {
	SHELL_WORD,
	SHELL_LINE, /* the end of a command */
	SHELL_END,  /* of the text */
	SHELL_STOP, /* a pipe, a redirection: no word of a command */
	SHELL_OPEN  /* a quote without its end */
};

struct shell_word {
	struct str text;
	size_t at, end;
};

/* The next one from *at, which moves behind it. */
enum shell_result shell_next(struct arena *a, struct str s, size_t *at,
	struct shell_word *ret);

#endif
