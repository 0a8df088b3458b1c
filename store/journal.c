#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/oom.h"
#include "store/codec.h"
#include "store/file.h"

/*
 * A line: 8 hex digits of the CRC32C of what follows the space, "halt " and
 * the scope as JSON or "resume " and the name of the scope, newline.
 */
enum {
	JOURNAL_BYTES_MAX = 16 << 20,
	JOURNAL_REWRITE_AT = 1 << 20, /* dead lines are dropped above it */
	CRC_DIGITS = 8
};

struct journal {
	char *folder; /* owned, for messages */
	char *name;   /* owned */
	int folder_fd;
	int fd; /* -1: not trusted, to be written anew */
	size_t size;
	struct scope_state *halt;
	struct arena **arena; /* one per halt, of its strings */
	size_t count;
	size_t damaged;
};

/* Castagnoli, reflected (RFC 3720, appendix B.4). */
static uint32_t crc32c(struct str s)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < s.len; i++) {
		crc ^= (unsigned char)s.ptr[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

/* ---- the halts in memory ---- */

static void halt_drop(struct journal *j, struct str scope)
{
	for (size_t i = 0; i < j->count; i++) {
		if (!str_eq(j->halt[i].scope, scope))
			continue;
		/* `scope` may be the dropped one's own: not used after it */
		arena_free(j->arena[i]);
		j->count--;
		j->halt[i] = j->halt[j->count];
		j->arena[i] = j->arena[j->count];
		return;
	}
}

static bool halt_set(struct journal *j, struct str json)
{
	struct arena *a = arena_new();
	struct scope_state scope;

	if (!scope_read(a, json, &scope)) {
		arena_free(a);
		return false;
	}
	halt_drop(j, scope.scope);
	j->halt = xrealloc(j->halt, (j->count + 1) * sizeof(*j->halt));
	j->arena = xrealloc(j->arena, (j->count + 1) * sizeof(struct arena *));
	j->halt[j->count] = scope;
	j->arena[j->count++] = a;
	return true;
}

/* What stands after the checksum. */
static bool entry_apply(struct journal *j, struct str entry)
{
	if (str_starts(entry, STR("halt ")))
		return halt_set(j, str_sub(entry, 5, SIZE_MAX));
	if (!str_starts(entry, STR("resume ")))
		return false;
	halt_drop(j, str_sub(entry, 7, SIZE_MAX));
	return true;
}

static void line_write(struct buf *out, struct str entry)
{
	buf_addf(out, "%08x ", crc32c(entry));
	buf_add(out, entry);
	buf_add_byte(out, '\n');
}

static bool line_read(struct journal *j, struct str line)
{
	struct str entry = str_sub(line, CRC_DIGITS + 1, SIZE_MAX);
	char want[CRC_DIGITS + 1];

	snprintf(want, sizeof(want), "%08x", crc32c(entry));
	return line.len > CRC_DIGITS && line.ptr[CRC_DIGITS] == ' ' &&
	       memcmp(line.ptr, want, CRC_DIGITS) == 0 && entry_apply(j, entry);
}

/* Returns the end of the last good line. */
static size_t lines_read(struct journal *j, struct str bytes)
{
	size_t good = 0;
	size_t bad = 0; /* lines since then */
	size_t at = 0;

	for (;;) {
		size_t end = str_find_byte(bytes, '\n', at);

		if (end == SIZE_MAX)
			return good;
		if (line_read(j, str_sub(bytes, at, end - at))) {
			good = end + 1;
			j->damaged += bad;
			bad = 0;
		} else {
			bad++;
		}
		at = end + 1;
	}
}

/* ---- the file ---- */

static bool fail(struct journal *j, struct err *e)
{
	err_sys(e, ERR_IO, "%s/%s", j->folder, j->name);
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	return false;
}

static bool journal_read(struct journal *j, struct buf *out, struct err *e)
{
	char bytes[16 * 1024];

	for (;;) {
		ssize_t n = read(j->fd, bytes, sizeof(bytes));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(j, e);
		if (n == 0)
			break;
		buf_add(out, (struct str){ bytes, (size_t)n });
	}
	return !out->over ||
	       err_set(e, ERR_IO, "%s/%s: too large for a journal", j->folder,
		       j->name);
}

static bool file_open(struct journal *j, struct err *e)
{
	j->fd = openat(j->folder_fd, j->name,
		O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return j->fd >= 0 || fail(j, e);
}

/* All standing halts into a new file that takes the old one's place. */
static bool file_rewrite(struct journal *j, struct err *e)
{
	struct buf out;
	struct buf entry;
	bool ok;

	buf_init(&out, JOURNAL_BYTES_MAX);
	buf_init(&entry, RECORD_TEXT_MAX);
	for (size_t i = 0; i < j->count; i++) {
		buf_clear(&entry);
		buf_add_z(&entry, "halt ");
		scope_write(&entry, &j->halt[i]);
		line_write(&out, buf_str(&entry));
	}
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	ok = (file_replace(j->folder_fd, j->name,
		      out.len ? buf_str(&out) : STR(""), e) ||
		     err_in(e, "%s", j->folder)) &&
	     file_open(j, e);
	if (ok) {
		j->size = out.len;
		ok = lseek(j->fd, 0, SEEK_END) >= 0 || fail(j, e);
	}
	buf_done(&entry);
	buf_done(&out);
	return ok;
}

/* On the disk, or not trusted any more. */
static bool file_append(struct journal *j, struct str entry, struct err *e)
{
	struct buf line;
	ssize_t n;
	bool ok;

	if (j->fd < 0 && !file_rewrite(j, e))
		return false;
	buf_init(&line, RECORD_TEXT_MAX + 64);
	line_write(&line, entry);
	do {
		n = pwrite(j->fd, line.ptr, line.len, (off_t)j->size);
	} while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n < line.len)
		errno = ENOSPC;
	ok = n == (ssize_t)line.len && fdatasync(j->fd) == 0;
	if (ok)
		j->size += line.len;
	buf_done(&line);
	return ok || fail(j, e);
}

/* Splits the path and opens its folder. */
static bool folder_open(struct journal *j, const char *path, struct err *e)
{
	char *slash;

	j->folder = xstrdup(path);
	slash = strrchr(j->folder, '/');
	j->name = xstrdup(slash ? slash + 1 : path);
	if (slash)
		*slash = '\0';
	j->folder_fd = open(slash ? (*j->folder ? j->folder : "/") : ".",
		O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return j->folder_fd >= 0 || fail(j, e);
}

struct journal *journal_open(const char *path, struct err *e)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	struct buf bytes;
	bool ok;

	j->fd = -1;
	j->folder_fd = -1;
	buf_init(&bytes, JOURNAL_BYTES_MAX);
	ok = folder_open(j, path, e) && file_open(j, e) &&
	     journal_read(j, &bytes, e);
	if (ok) {
		j->size = lines_read(j, buf_str(&bytes));
		if (j->size < bytes.len &&
			(ftruncate(j->fd, (off_t)j->size) != 0 ||
				fsync(j->fd) != 0))
			ok = fail(j, e);
	}
	if (ok && j->size > JOURNAL_REWRITE_AT)
		ok = file_rewrite(j, e);
	/* the name of a new file, too, must survive */
	if (ok && fsync(j->folder_fd) != 0)
		ok = fail(j, e);
	buf_done(&bytes);
	if (ok)
		return j;
	journal_close(j);
	return NULL;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->count; i++)
		arena_free(j->arena[i]);
	free(j->arena);
	free(j->halt);
	if (j->fd >= 0)
		close(j->fd);
	if (j->folder_fd >= 0)
		close(j->folder_fd);
	free(j->name);
	free(j->folder);
	free(j);
}

static bool journal_add(struct journal *j, struct buf *entry, struct err *e)
{
	bool ok = entry->over ? err_set(e, ERR_IO, "journal: entry too large")
			      : file_append(j, buf_str(entry), e);

	/* in memory only what is on the disk */
	if (ok)
		entry_apply(j, buf_str(entry));
	buf_done(entry);
	return ok;
}

bool journal_halt(struct journal *j, const struct scope_state *scope,
	struct err *e)
{
	struct buf entry;

	buf_init(&entry, RECORD_TEXT_MAX);
	buf_add_z(&entry, "halt ");
	scope_write(&entry, scope);
	return journal_add(j, &entry, e);
}

bool journal_resume(struct journal *j, struct str scope, struct err *e)
{
	struct buf entry;

	if (str_find_byte(scope, '\n', 0) != SIZE_MAX)
		return err_set(e, ERR_IO, "journal: not a scope's name");
	buf_init(&entry, RECORD_TEXT_MAX);
	buf_add_z(&entry, "resume ");
	buf_add(&entry, scope);
	return journal_add(j, &entry, e);
}

const struct scope_state *journal_halts(const struct journal *j,
	size_t *ret_count)
{
	*ret_count = j->count;
	return j->halt;
}

size_t journal_damaged(const struct journal *j)
{
	return j->damaged;
}
