#include <stdio.h>
#include <string.h>

#include "store/redis.h"

static bool copy_str(char *to, size_t size, struct str s)
{
	if (s.len >= size || str_find_byte(s, '\0', 0) != SIZE_MAX)
		return false;
	if (s.len)
		memcpy(to, s.ptr, s.len);
	to[s.len] = '\0';
	return true;
}

/* Percent-decoded; false: malformed or too long. */
static bool copy_decoded(char *to, size_t size, struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '%') {
			int high = i + 2 < s.len ? str_hex_digit(s.ptr[i + 1])
						 : -1;
			int low = i + 2 < s.len ? str_hex_digit(s.ptr[i + 2])
						: -1;

			if (high < 0 || low < 0 || high + low == 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (n + 1 >= size)
			return false;
		to[n++] = c;
	}
	to[n] = '\0';
	return true;
}

static bool database_parse(struct str s, unsigned *ret)
{
	uint64_t db = 0;

	if (s.len && (!str_to_u64(s, &db) || db > 100000))
		return false;
	*ret = (unsigned)db;
	return true;
}

static bool unix_parse(struct str rest, struct redis_url *u, struct err *e)
{
	struct str path = str_cut(&rest, '?');

	if (!path.len || !copy_str(u->path, sizeof(u->path), path))
		return err_set(e, ERR_CONFIG,
			"redis URL: unix:// wants the path of a socket");
	if (!rest.ptr)
		return true;
	if (!str_starts(rest, STR("db=")) ||
		!database_parse(str_sub(rest, 3, SIZE_MAX), &u->db))
		return err_set(e, ERR_CONFIG,
			"redis URL: after unix:///path only ?db=N may follow");
	return true;
}

/* The last `@`: a password may hold one. */
static size_t last_at(struct str s)
{
	size_t at = SIZE_MAX;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '@')
			at = i;
	}
	return at;
}

static bool login_parse(struct str login, struct redis_url *u, struct err *e)
{
	struct str rest = login;
	struct str user = str_cut(&rest, ':');

	if (!rest.ptr || !copy_decoded(u->user, sizeof(u->user), user) ||
		!copy_decoded(u->password, sizeof(u->password), rest))
		return err_set(e, ERR_CONFIG,
			"redis URL: the part before @ must be user:password "
			"or :password, with special characters as %%XX");
	return true;
}

static bool host_parse(struct str where, struct redis_url *u, struct err *e)
{
	struct str host = where;
	struct str port = STR("6379");
	size_t close = str_starts(where, STR("["))
			       ? str_find_byte(where, ']', 0)
			       : SIZE_MAX;
	size_t colon = str_find_byte(where, ':', close == SIZE_MAX ? 0 : close);
	uint64_t number;

	if (colon != SIZE_MAX) {
		host = str_sub(where, 0, colon);
		port = str_sub(where, colon + 1, SIZE_MAX);
	}
	if (close != SIZE_MAX && close + 1 == host.len)
		host = str_sub(host, 1, close - 1);
	if (!host.len || !copy_str(u->host, sizeof(u->host), host))
		return err_set(e, ERR_CONFIG, "redis URL: no host name");
	if (!str_to_u64(port, &number) || number == 0 || number > 65535 ||
		!copy_str(u->port, sizeof(u->port), port))
		return err_set(e, ERR_CONFIG,
			"redis URL: the port must be 1 to 65535");
	return true;
}

bool redis_url_parse(struct str url, struct redis_url *ret, struct err *e)
{
	struct redis_url u = { 0 };
	struct str rest;
	size_t at;

	if (url.len > REDIS_URL_MAX)
		return err_set(e, ERR_CONFIG, "redis URL: too long");
	if (str_starts(url, STR("unix://"))) {
		if (!unix_parse(str_sub(url, 7, SIZE_MAX), &u, e))
			return false;
		*ret = u;
		return true;
	}
	if (str_starts(url, STR("rediss://")))
		return err_set(e, ERR_CONFIG,
			"redis URL: no TLS in this version; use a local "
			"tunnel (stunnel) and redis://");
	if (!str_starts(url, STR("redis://")))
		return err_set(e, ERR_CONFIG,
			"redis URL: must be redis://[user:pass@]host:port/db "
			"or unix:///path");
	rest = str_sub(url, 8, SIZE_MAX);
	at = last_at(rest);
	if (at != SIZE_MAX) {
		if (!login_parse(str_sub(rest, 0, at), &u, e))
			return false;
		rest = str_sub(rest, at + 1, SIZE_MAX);
	}
	if (!host_parse(str_cut(&rest, '/'), &u, e))
		return false;
	if (!database_parse(rest, &u.db))
		return err_set(e, ERR_CONFIG,
			"redis URL: the database after / must be a number");
	*ret = u;
	return true;
}

void redis_url_name(const struct redis_url *u, char ret[REDIS_NAME_BYTES])
{
	if (u->path[0])
		snprintf(ret, REDIS_NAME_BYTES, "Redis at unix://%s", u->path);
	else
		snprintf(ret, REDIS_NAME_BYTES, "Redis at %s:%s", u->host,
			u->port);
}
