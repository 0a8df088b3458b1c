#include "regions/zone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/oom.h"
#include "regions/zone_rule.h"

#define ZONE_FOLDER "/usr/share/zoneinfo"

enum {
	HEADER_BYTES = 44,
	TYPES_MAX = 256,
	NAMES_MAX = 2048,
	OFFSET_MAX = 26 * 3600,
	DAY_S = 86400,
	CANDIDATES_MAX = 1024
};

struct transition {
	int64_t at; /* from then on */
	int32_t offset;
};

struct zone {
	int32_t first; /* before any transition */
	size_t count;
	const struct transition *item; /* ascending */
	bool has_rule;
	struct zone_rule rule; /* after the last one */
};

/* The counts of one TZif header, in its order. */
struct counts {
	size_t isut, isstd, leap, time, type, chars;
};

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static int64_t be_time(const unsigned char *p, size_t width)
{
	if (width == 4)
		return (int32_t)be32(p);
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static bool header_read(struct str s, size_t at, struct counts *ret)
{
	if (at > s.len || s.len - at < HEADER_BYTES ||
		memcmp(s.ptr + at, "TZif", 4) != 0)
		return false;
	const unsigned char *p = (const unsigned char *)s.ptr + at + 20;
	struct counts c = { be32(p), be32(p + 4), be32(p + 8), be32(p + 12),
		be32(p + 16), be32(p + 20) };

	if (c.time > ZONE_TRANSITIONS_MAX || c.type == 0 ||
		c.type > TYPES_MAX || c.chars > NAMES_MAX || c.leap != 0 ||
		c.isut > c.type || c.isstd > c.type)
		return false;
	*ret = c;
	return true;
}

static size_t block_bytes(const struct counts *c, size_t width)
{
	return c->time * (width + 1) + c->type * 6 + c->chars + c->isstd +
	       c->isut;
}

/* The tables of one block, which is known to be wholly there. */
static bool block_read(struct arena *a, const unsigned char *p,
	const struct counts *c, size_t width, struct zone *z)
{
	const unsigned char *index = p + c->time * width;
	const unsigned char *types = index + c->time;
	struct transition *item = ARENA_ARRAY(a, c->time, struct transition);

	for (size_t i = 0; i < c->type; i++) {
		int32_t offset = (int32_t)be32(types + i * 6);
		if (offset < -OFFSET_MAX || offset > OFFSET_MAX)
			return false;
	}
	for (size_t i = 0; i < c->time; i++) {
		if (index[i] >= c->type)
			return false;
		item[i].at = be_time(p + i * width, width);
		item[i].offset = (int32_t)be32(types + (size_t)index[i] * 6);
		if (i > 0 && item[i].at <= item[i - 1].at)
			return false;
	}
	z->first = (int32_t)be32(types);
	z->item = item;
	z->count = c->time;
	return true;
}

/* "\nEST5EDT,M3.2.0,M11.1.0\n"; an empty one says nothing. */
static bool footer_read(struct str s, struct zone *z)
{
	if (s.len < 2 || s.ptr[0] != '\n')
		return false;
	const char *end = memchr(s.ptr + 1, '\n', s.len - 1);
	if (!end)
		return false;
	struct str rule = { s.ptr + 1, (size_t)(end - s.ptr) - 1 };
	if (rule.len == 0)
		return true;
	z->has_rule = zone_rule_parse(rule, &z->rule);
	return z->has_rule;
}

const struct zone *zone_parse(struct arena *a, struct str tzif)
{
	struct counts c;
	size_t at = HEADER_BYTES;
	size_t width = 4;

	if (tzif.len > ZONE_BYTES_MAX || !header_read(tzif, 0, &c))
		return NULL;
	bool second = tzif.ptr[4] >= '2';
	if (second) {
		/* the first block holds 32-bit times for old readers */
		at += block_bytes(&c, 4);
		if (!header_read(tzif, at, &c))
			return NULL;
		at += HEADER_BYTES;
		width = 8;
	}
	size_t bytes = block_bytes(&c, width);
	if (at > tzif.len || tzif.len - at < bytes)
		return NULL;

	struct zone *z = ARENA_NEW(a, struct zone);
	const unsigned char *p = (const unsigned char *)tzif.ptr + at;
	if (!block_read(a, p, &c, width, z))
		return NULL;
	at += bytes;
	struct str rest = { tzif.ptr + at, tzif.len - at };
	return second && !footer_read(rest, z) ? NULL : z;
}

/* A name that stays below the folder: Area/Place, letters, digits and +-_ */
static bool name_ok(struct str name)
{
	if (name.len == 0 || name.len > ZONE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char ch = name.ptr[i];
		bool word = (ch >= 'a' && ch <= 'z') ||
			    (ch >= 'A' && ch <= 'Z') ||
			    (ch >= '0' && ch <= '9') || ch == '_';
		bool inner = ch == '-' || ch == '+' || ch == '/';
		if (!word && !(inner && i > 0))
			return false;
	}
	return name.ptr[name.len - 1] != '/';
}

/* False with errno; a file that is too big gives one byte too many. */
static bool bytes_read(int fd, char *bytes, size_t max, size_t *ret_len)
{
	size_t len = 0;

	while (len < max) {
		ssize_t n = read(fd, bytes + len, max - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return true;
}

bool zone_load(struct arena *a, struct str name, const struct zone **ret_zone,
	struct err *e)
{
	char path[sizeof(ZONE_FOLDER) + ZONE_NAME_MAX + 2];
	size_t len = 0;

	if (str_eq(name, STR("UTC"))) {
		*ret_zone = NULL;
		return true;
	}
	if (!name_ok(name))
		return err_set(e, ERR_CONFIG, "not the name of a zone");
	snprintf(path, sizeof(path), ZONE_FOLDER "/%.*s", STR_ARG(name));
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT && access(ZONE_FOLDER, F_OK) != 0)
		return err_set(e, ERR_CONFIG,
			"no time zones in " ZONE_FOLDER " (package tzdata)");
	if (fd < 0)
		return err_sys(e, ERR_CONFIG, "%s", path);
	char *bytes = xmalloc(ZONE_BYTES_MAX + 1);
	bool ok = bytes_read(fd, bytes, ZONE_BYTES_MAX + 1, &len);
	if (!ok)
		err_sys(e, ERR_CONFIG, "%s", path);
	close(fd);
	const struct zone *z = NULL;
	if (ok)
		z = zone_parse(a, (struct str){ bytes, len });
	free(bytes);
	if (ok && !z)
		return err_set(e, ERR_CONFIG, "%s: not a time zone", path);
	if (z)
		*ret_zone = z;
	return z != NULL;
}

static int is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

struct str zone_near(struct arena *a, struct str name)
{
	char path[sizeof(ZONE_FOLDER) + ZONE_NAME_MAX + 2];
	struct str area = STR_NONE;
	struct str place = name;
	struct dirent **entry;
	size_t slash = str_find(name, STR("/"), 0);

	if (!name_ok(name))
		return STR_NONE;
	if (slash != SIZE_MAX) {
		area = (struct str){ name.ptr, slash };
		place = (struct str){ name.ptr + slash + 1,
			name.len - slash - 1 };
	}
	snprintf(path, sizeof(path), ZONE_FOLDER "/%.*s", STR_ARG(area));
	int n = scandir(path, &entry, is_visible, alphasort);
	if (n < 0)
		return STR_NONE;
	struct str *names = ARENA_ARRAY(a, (size_t)n, struct str);
	size_t count = 0;
	for (int i = 0; i < n; i++) {
		if (count < CANDIDATES_MAX)
			names[count++] =
				arena_str(a, str_from(entry[i]->d_name));
		free(entry[i]);
	}
	free(entry);
	size_t best = str_nearest(place, names, count);
	if (best == SIZE_MAX)
		return STR_NONE;
	if (!area.ptr)
		return names[best];
	return arena_printf(a, "%.*s/%.*s", STR_ARG(area),
		STR_ARG(names[best]));
}

int32_t zone_offset(const struct zone *z, int64_t at)
{
	size_t low = 0;

	if (!z)
		return 0;
	size_t high = z->count;
	/* the first transition after `at` */
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (z->item[mid].at <= at)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == z->count && z->has_rule)
		return zone_rule_offset(&z->rule, at);
	return low == 0 ? z->first : z->item[low - 1].offset;
}

int64_t zone_from_local(const struct zone *z, int64_t local)
{
	/* No zone changes its clock twice within two days. */
	int32_t before = zone_offset(z, local - DAY_S);
	int32_t after = zone_offset(z, local + DAY_S);
	int64_t first = local - before;
	int64_t second = local - after;
	bool first_is = zone_offset(z, first) == before;
	bool second_is = zone_offset(z, second) == after;

	if (first_is && second_is)
		return first < second ? first : second;
	return second_is ? second : first;
}
