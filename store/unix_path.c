#include "store/unix_path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool unix_address(const char *path, struct sockaddr_un *ret, int *ret_folder,
	struct err *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *name = strrchr(path, '/');
	char folder[PATH_MAX];
	size_t len = strlen(path);
	int fd;
	int n;

	if (len < sizeof(address.sun_path)) {
		memcpy(address.sun_path, path, len + 1);
		*ret = address;
		*ret_folder = -1;
		return true;
	}
	if (!name || (size_t)(name - path) >= sizeof(folder))
		return err_set(e, ERR_STORE,
			"%.80s...: the name of the socket is too long", path);
	memcpy(folder, path, (size_t)(name - path));
	folder[name - path] = '\0';
	fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, ERR_STORE, "%.120s", folder);
	n = snprintf(address.sun_path, sizeof(address.sun_path),
		"/proc/self/fd/%d/%s", fd, name + 1);
	if (n < 0 || (size_t)n >= sizeof(address.sun_path)) {
		close(fd);
		return err_set(e, ERR_STORE,
			"%.80s...: the name of the socket is too long", path);
	}
	*ret = address;
	*ret_folder = fd;
	return true;
}
