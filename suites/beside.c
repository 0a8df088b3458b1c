#include "suites/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/codes.h"
#include "base/oom.h"

static struct str folder_of(struct arena *a, struct str path)
{
	size_t at = path.len;

	while (at && path.ptr[at - 1] != '/')
		at--;
	return at ? arena_str(a, str_sub(path, 0, at)) : STR(".");
}

/* glibc has no function for it. */
static int open_beneath(int folder, const char *path)
{
	struct open_how how = {
		/* a pipe must not hold us up before it is seen to be one */
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
}

static const char *why_not(int error)
{
	if (error == EXDEV)
		return "leads out of the folder of the file that names it";
	if (error == ENOSYS)
		return "this kernel can not confine paths to a folder";
	return strerrordesc_np(error);
}

/* NULL, and *ret holds the bytes; else why not. */
static const char *read_all(int fd, struct arena *a, struct str *ret)
{
	const char *why = NULL;
	struct stat st;
	size_t n = 0;

	if (fstat(fd, &st) != 0)
		return strerrordesc_np(errno);
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	if (st.st_size > BESIDE_BYTES_MAX)
		return "more than 16 MiB";
	if (arena_bytes(a) + (size_t)st.st_size > BESIDE_TOTAL_MAX)
		return "more than 256 MiB together";
	size_t room = (size_t)st.st_size + 1; /* one more: does it grow? */
	char *bytes = xmalloc(room);
	while (n < room && !why) {
		ssize_t got = read(fd, bytes + n, room - n);
		if (got == 0)
			break;
		if (got > 0)
			n += (size_t)got;
		else if (errno != EINTR)
			why = strerrordesc_np(errno);
	}
	if (!why && n == room)
		why = "changed while it was read";
	if (!why)
		*ret = arena_str(a, (struct str){ bytes, n });
	free(bytes);
	return why;
}

static const char *read_beside(struct arena *a, struct str path,
	struct str folder, struct str *ret)
{
	int dir = open(folder.ptr, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *why;
	int fd;

	if (dir < 0)
		return strerrordesc_np(errno);
	fd = open_beneath(dir, arena_str(a, path).ptr);
	why = fd < 0 ? why_not(errno) : read_all(fd, a, ret);
	if (fd >= 0)
		close(fd);
	close(dir);
	return why;
}

struct str beside_path(struct arena *a, struct str path, struct span where)
{
	struct str folder = folder_of(a, where.src ? where.src->name : STR(""));

	if (str_eq(folder, STR(".")))
		return path;
	return arena_printf(a, "%.*s%.*s", STR_ARG(folder), STR_ARG(path));
}

bool beside_read(struct arena *a, struct str path, struct span where,
	struct str *ret, struct diags *ds)
{
	struct str owner = where.src ? where.src->name : STR("");
	const char *why;

	if (path.len == 0 || path.len > BESIDE_PATH_MAX ||
		memchr(path.ptr, '\0', path.len))
		why = "not a path";
	else
		why = read_beside(a, path, folder_of(a, owner), ret);
	if (why)
		diag_add(ds, DIAG_ERROR, E6, where, "`%.*s`: %s",
			STR_ARG(str_sub(path, 0, 200)), why);
	else if (where.src)
		source_part_add(a, where.src, path, *ret);
	return why == NULL;
}

/* Below the root, without `.` and `..`; STR_NONE: it is not below it. */
static struct str path_below(struct arena *a, struct str path)
{
	struct buf b;
	struct str rest = path;
	struct str below = STR_NONE;
	bool inside = true;

	buf_init(&b, 2 * BESIDE_PATH_MAX + 2);
	while (rest.ptr && inside) {
		struct str part = str_cut(&rest, '/');

		if (str_eq(part, STR(".."))) {
			size_t at = b.len;

			inside = at > 0;
			while (at && b.ptr[at - 1] != '/')
				at--;
			b.len = at ? at - 1 : 0;
		} else if (part.len && !str_eq(part, STR("."))) {
			if (b.len)
				buf_add_byte(&b, '/');
			buf_add(&b, part);
		}
	}
	if (inside && !b.over)
		below = arena_str(a, buf_str(&b));
	buf_done(&b);
	return below;
}

static struct str below_root(struct arena *a, struct str root, struct str path,
	struct span where)
{
	struct str folder = folder_of(a, where.src ? where.src->name : STR(""));

	if (path.len == 0 || path.len > BESIDE_PATH_MAX ||
		memchr(path.ptr, '\0', path.len) || path.ptr[0] == '/')
		return STR_NONE;
	if (!str_eq(root, STR("."))) {
		if (!str_starts(folder, root))
			return STR_NONE;
		folder = str_sub(folder, root.len, SIZE_MAX);
		if (!str_ends(root, STR("/")) && folder.len &&
			folder.ptr[0] != '/')
			return STR_NONE;
		while (str_starts(folder, STR("/")))
			folder = str_sub(folder, 1, SIZE_MAX);
	}
	return path_below(a,
		arena_printf(a, "%.*s/%.*s", STR_ARG(folder), STR_ARG(path)));
}

struct str beside_name(struct arena *a, struct str root, struct str path,
	struct span where)
{
	struct str below = below_root(a, root, path, where);

	if (!below.ptr || str_eq(root, STR(".")))
		return below;
	return arena_printf(a, "%.*s%s%.*s", STR_ARG(root),
		str_ends(root, STR("/")) ? "" : "/", STR_ARG(below));
}

const struct source *beside_source(struct arena *a, struct str root,
	struct str path, struct span where, struct diags *ds)
{
	struct str below = below_root(a, root, path, where);
	const char *why = "leads out of the folder of the suites";
	struct str text;

	if (below.ptr)
		why = read_beside(a, below, root, &text);
	if (!why)
		return source_from(a, beside_name(a, root, path, where), text);
	diag_add(ds, DIAG_ERROR, E6, where, "`%.*s`: %s",
		STR_ARG(str_sub(path, 0, 200)), why);
	return NULL;
}
