#ifndef CLI_DEMO_FILES_H
#define CLI_DEMO_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * The files of `andon demo`: a folder of its own below $TMPDIR with the line
 * file, the suites and one secret, as a team would have them.  They are real:
 * every command works in there while the demo runs.
 */
enum { DEMO_PATH_MAX = 4096, DEMO_SECRET_MAX = 33 };

/* The regions, in the order of the line file. */
enum demo_place {
	DEMO_NONPROD_WEST,
	DEMO_NONPROD_EAST,
	DEMO_PROD_WEST,
	DEMO_PROD_EAST,
	DEMO_PROD_EU,
	DEMO_PLACES
};

bool demo_folder_make(char ret[DEMO_PATH_MAX], struct err *e);
/* Everything in it, too. */
bool demo_folder_remove(const char *folder, struct err *e);

/* base_url per place. */
bool demo_files_write(const char *folder, const char *const url[DEMO_PLACES],
	const char *secret, struct err *e);
/* A random one, with its NUL. */
void demo_secret_make(char ret[DEMO_SECRET_MAX]);

#endif
