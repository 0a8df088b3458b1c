#ifndef STORE_FILE_H
#define STORE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Small files that are whole or not there; inside store/ only.  `folder` is a
 * descriptor, `name` a file in it.  The reason of a failure names the file
 * only: err_in() says where.
 */
enum { FILE_READ_MAX = 1 << 20 };

/* Temporary file, fsync, rename, fsync of the folder. */
bool file_replace(int folder, const char *name, struct str bytes,
	struct err *e);
/* STR_NONE when there is none. */
bool file_read(int folder, const char *name, struct arena *a, struct str *ret,
	struct err *e);
/* All bytes, whatever write() does by halves; false with errno. */
bool file_write_all(int fd, struct str bytes);

#endif
