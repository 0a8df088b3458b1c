#include "suites/schema_parts.h"

#include <string.h>

struct uri {
	struct str scheme, authority, path, query; /* STR_NONE: not given */
};

static void uri_split(struct str s, struct uri *ret)
{
	struct uri u = { .path = STR("") };
	size_t at = 0;

	while (at < s.len && !strchr(":/?#", s.ptr[at]))
		at++;
	if (at > 0 && at < s.len && s.ptr[at] == ':') {
		u.scheme = str_sub(s, 0, at);
		s = str_sub(s, at + 1, s.len);
	}
	if (str_starts(s, STR("//"))) {
		at = 2;
		while (at < s.len && !strchr("/?#", s.ptr[at]))
			at++;
		u.authority = str_sub(s, 2, at - 2);
		s = str_sub(s, at, s.len);
	}
	at = str_find_byte(s, '?', 0);
	if (at != SIZE_MAX) {
		u.query = str_sub(s, at + 1, s.len);
		s = str_sub(s, 0, at);
	}
	u.path = s;
	*ret = u;
}

/* RFC 3986, 5.2.4, on a path that may be relative. */
static struct str dots_remove(struct arena *a, struct str path)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	while (path.ptr) {
		struct str part = str_cut(&path, '/');
		bool up = str_eq(part, STR(".."));
		if (up || str_eq(part, STR("."))) {
			while (up && b.len > 1 && b.ptr[b.len - 2] != '/')
				b.len--;
			if (up && b.len > 1)
				b.len--;
			continue;
		}
		buf_add(&b, part);
		if (path.ptr)
			buf_add_byte(&b, '/');
	}
	struct str text = arena_str(a, b.ptr ? buf_str(&b) : STR(""));
	buf_done(&b);
	return text;
}

static struct str path_merge(struct arena *a, const struct uri *base,
	struct str path)
{
	size_t at = base->path.len;

	while (at > 0 && base->path.ptr[at - 1] != '/')
		at--;
	if (at == 0 && base->authority.ptr)
		return arena_printf(a, "/%.*s", STR_ARG(path));
	return arena_printf(a, "%.*s%.*s", (int)at, base->path.ptr,
		STR_ARG(path));
}

static struct str uri_text(struct arena *a, const struct uri *u)
{
	struct buf b;

	buf_init(&b, 1 << 18);
	if (u->scheme.ptr)
		buf_addf(&b, "%.*s:", STR_ARG(u->scheme));
	if (u->authority.ptr)
		buf_addf(&b, "//%.*s", STR_ARG(u->authority));
	buf_add(&b, u->path);
	if (u->query.ptr)
		buf_addf(&b, "?%.*s", STR_ARG(u->query));
	struct str text = arena_str(a, b.ptr ? buf_str(&b) : STR(""));
	buf_done(&b);
	return text;
}

/* Neither has a fragment. */
struct str schema_uri_join(struct arena *a, struct str base, struct str ref)
{
	struct uri from;
	struct uri to;

	uri_split(ref, &to);
	uri_split(base, &from);
	if (!to.scheme.ptr) {
		to.scheme = from.scheme;
		if (!to.authority.ptr) {
			to.authority = from.authority;
			if (to.path.len == 0) {
				to.path = from.path;
				if (!to.query.ptr)
					to.query = from.query;
				return uri_text(a, &to);
			}
			if (to.path.ptr[0] != '/')
				to.path = path_merge(a, &from, to.path);
		}
	}
	to.path = dots_remove(a, to.path);
	return uri_text(a, &to);
}

struct str schema_uri_cut(struct arena *a, struct str *uri)
{
	size_t at = str_find_byte(*uri, '#', 0);
	struct str fragment;
	struct buf b;

	if (at == SIZE_MAX)
		return STR_NONE;
	fragment = str_sub(*uri, at + 1, uri->len);
	*uri = str_sub(*uri, 0, at);
	buf_init(&b, fragment.len + 1);
	for (size_t i = 0; i < fragment.len; i++) {
		int high = i + 2 < fragment.len
				   ? str_hex_digit(fragment.ptr[i + 1])
				   : -1;
		int low = high >= 0 ? str_hex_digit(fragment.ptr[i + 2]) : -1;
		if (fragment.ptr[i] == '%' && low >= 0) {
			buf_add_byte(&b, (char)(high * 16 + low));
			i += 2;
		} else {
			buf_add_byte(&b, fragment.ptr[i]);
		}
	}
	struct str text = arena_str(a, b.ptr ? buf_str(&b) : STR(""));
	buf_done(&b);
	return text;
}
