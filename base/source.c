#include "base/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `text` is already in the arena. */
static const struct source *source_new(struct arena *a, struct str name,
	struct str text)
{
	struct source *src = ARENA_NEW(a, struct source);

	src->name = arena_str(a, name);
	src->text = text;
	src->parts = ARENA_NEW(a, struct source_parts);
	return src;
}

void source_part_add(struct arena *a, const struct source *src, struct str path,
	struct str text)
{
	struct source_parts *to = src->parts;
	struct source_part *p = to ? to->first : NULL;

	while (p && !(str_eq(p->path, path) && str_eq(p->text, text)))
		p = p->next;
	if (!to || p)
		return;
	p = ARENA_NEW(a, struct source_part);
	p->path = arena_str(a, path);
	p->text = text;
	if (to->last)
		to->last->next = p;
	else
		to->first = p;
	to->last = p;
}

const struct source *source_from(struct arena *a, struct str name,
	struct str text)
{
	return source_new(a, name, arena_str(a, text.ptr ? text : STR("")));
}

/* Up to `most` bytes; fewer at the end of the file, -1 with errno. */
static ssize_t read_most(int fd, char *out, size_t most)
{
	size_t got = 0;

	while (got < most) {
		ssize_t n = read(fd, out + got, most - got);
		if (n == 0)
			break;
		if (n > 0)
			got += (size_t)n;
		else if (errno != EINTR)
			return -1;
	}
	return (ssize_t)got;
}

static bool read_open(int fd, const char *path, struct arena *a,
	struct str *ret, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_sys(e, ERR_CONFIG, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, "%s: not a regular file", path);
	if (st.st_size > YAML_BYTES_MAX)
		return err_set(e, ERR_CONFIG, "%s: larger than 1 MiB", path);
	/* One byte more tells a file that grew in the meantime. */
	size_t most = (size_t)st.st_size + 1;
	char *text = arena_alloc(a, most + 1);
	ssize_t got = read_most(fd, text, most);
	if (got < 0)
		return err_sys(e, ERR_CONFIG, "%s", path);
	if ((size_t)got == most)
		return err_set(e, ERR_CONFIG,
			"%s: was written to while it was read", path);
	text[got] = '\0';
	*ret = (struct str){ text, (size_t)got };
	return true;
}

const struct source *source_read(struct arena *a, const char *path,
	struct err *e)
{
	struct str text = STR_NONE;
	/* Without O_NONBLOCK a FIFO would hold us until someone writes. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		err_sys(e, ERR_CONFIG, "%s", path);
		return NULL;
	}
	bool ok = read_open(fd, path, a, &text, e);
	close(fd);
	return ok ? source_new(a, str_from(path), text) : NULL;
}
