#ifndef STORE_UNIX_PATH_H
#define STORE_UNIX_PATH_H

#include <stdbool.h>
#include <sys/un.h>

#include "base/err.h"

/*
 * The address of a unix socket.  A path above the 107 bytes that the kernel
 * takes is reached through its folder, as /proc/self/fd/N/name: *ret_folder
 * is then a descriptor to close after connect() or bind(), else -1.
 */
bool unix_address(const char *path, struct sockaddr_un *ret, int *ret_folder,
	struct err *e);

#endif
