#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

bool file_write_all(int fd, struct str bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes = str_sub(bytes, (size_t)n, SIZE_MAX);
	}
	return true;
}

bool file_replace(int folder, const char *name, struct str bytes, struct err *e)
{
	char temporary[NAME_MAX];
	bool ok;
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.new", name);
	fd = openat(folder, temporary,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, ERR_IO, "%s", temporary);
	ok = file_write_all(fd, bytes) && fsync(fd) == 0;
	/* a failed close may be the first word of a failed write */
	ok = close(fd) == 0 && ok;
	ok = ok && renameat(folder, temporary, folder, name) == 0;
	ok = ok && fsync(folder) == 0;
	if (!ok) {
		err_sys(e, ERR_IO, "%s", name);
		(void)unlinkat(folder, temporary, 0);
	}
	return ok;
}

bool file_read(int folder, const char *name, struct arena *a, struct str *ret,
	struct err *e)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *bytes;
	size_t len = 0;

	if (fd < 0 && errno == ENOENT) {
		*ret = STR_NONE;
		return true;
	}
	if (fd < 0)
		return err_sys(e, ERR_IO, "%s", name);
	bytes = arena_alloc(a, FILE_READ_MAX + 1);
	while (len <= FILE_READ_MAX) {
		ssize_t n = read(fd, bytes + len, FILE_READ_MAX + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_sys(e, ERR_IO, "%s", name);
			close(fd);
			return false;
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	if (len > FILE_READ_MAX)
		return err_set(e, ERR_IO, "%s: too large", name);
	*ret = (struct str){ bytes, len };
	return true;
}
