#include "suites/format.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/units.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool format_is_uuid(struct str s)
{
	if (s.len != 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? s.ptr[i] != '-' : !is_hex(s.ptr[i]))
			return false;
	}
	return true;
}

static bool is_address(struct str s, int family)
{
	unsigned char out[sizeof(struct in6_addr)];
	char z[INET6_ADDRSTRLEN + 1];

	if (s.len == 0 || s.len >= sizeof(z) || memchr(s.ptr, '\0', s.len))
		return false;
	memcpy(z, s.ptr, s.len);
	z[s.len] = '\0';
	return inet_pton(family, z, out) == 1;
}

bool format_is_ipv4(struct str s)
{
	return is_address(s, AF_INET);
}

bool format_is_ipv6(struct str s)
{
	return is_address(s, AF_INET6);
}

/* 2026-02-03; ret as RFC 3339 at midnight, which is checked by its reader */
static bool date_only(struct str s, int64_t *ret_us)
{
	static const char midnight[] = "T00:00:00Z";
	char z[32];

	if (s.len != 10)
		return false;
	memcpy(z, s.ptr, s.len);
	memcpy(z + s.len, midnight, sizeof(midnight));
	return units_from_rfc3339(str_from(z), ret_us);
}

/* "Tue, 03 Feb 2026 14:02:11 GMT", RFC 9110 section 5.6.7 */
static bool http_date(struct str s, int64_t *ret_us)
{
	struct tm tm = { 0 };
	char z[32];

	if (s.len != 29 || memchr(s.ptr, '\0', s.len))
		return false;
	memcpy(z, s.ptr, s.len);
	z[s.len] = '\0';
	const char *end = strptime(z, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (!end || *end != '\0')
		return false;
	*ret_us = (int64_t)timegm(&tm) * 1000000;
	return true;
}

bool format_date(struct str s, int64_t *ret_us)
{
	return units_from_rfc3339(s, ret_us) || date_only(s, ret_us) ||
	       http_date(s, ret_us);
}

bool format_is_iso_date(struct str s)
{
	int64_t us;

	return units_from_rfc3339(s, &us);
}

bool format_is_date(struct str s)
{
	int64_t us;

	return format_date(s, &us);
}

bool format_is_url(struct str s)
{
	struct str rest;

	if (str_starts(s, STR("https://")))
		rest = str_sub(s, 8, s.len);
	else if (str_starts(s, STR("http://")))
		rest = str_sub(s, 7, s.len);
	else
		return false;
	if (rest.len == 0 || strchr("/?#:@", rest.ptr[0]))
		return false;
	for (size_t i = 0; i < rest.len; i++) {
		unsigned char c = (unsigned char)rest.ptr[i];
		if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c))
			return false;
	}
	return true;
}

static bool is_base64url(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_word(s.ptr[i]) && s.ptr[i] != '-' && s.ptr[i] != '_')
			return false;
	}
	return s.len > 0;
}

/* A part of a JWT that must be a JSON object. */
static bool is_jwt_object(struct str part)
{
	enum { PART_MAX = 8192 };
	struct json_error why;
	char out[PART_MAX];
	size_t len = sizeof(out);

	if (part.len > PART_MAX || !is_base64url(part) ||
		!crypto_base64_decode(part, true, out, &len))
		return false;
	struct arena *a = arena_new();
	const struct json *j = json_parse(a, (struct str){ out, len },
		&json_limits_default, &why);
	bool yes = j && j->type == JSON_OBJECT;
	arena_free(a);
	return yes;
}

bool format_is_jwt(struct str s)
{
	struct str rest = s;
	struct str head = str_cut(&rest, '.');
	struct str claims = rest.ptr ? str_cut(&rest, '.') : STR("");

	return rest.ptr && is_base64url(rest) && is_jwt_object(head) &&
	       is_jwt_object(claims);
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_digit(s.ptr[i]))
			return false;
	}
	return s.len > 0;
}

static bool is_version_number(struct str s)
{
	return all_digits(s) && (s.len == 1 || s.ptr[0] != '0');
}

/* Dot-separated identifiers; of a pre-release no number has leading zeros. */
static bool is_identifiers(struct str s, bool strict)
{
	struct str rest = s;

	while (rest.ptr) {
		struct str id = str_cut(&rest, '.');
		for (size_t i = 0; i < id.len; i++) {
			if (!is_word(id.ptr[i]) && id.ptr[i] != '-')
				return false;
		}
		if (id.len == 0 ||
			(strict && all_digits(id) && !is_version_number(id)))
			return false;
	}
	return true;
}

bool format_is_semver(struct str s)
{
	struct str build = s;
	struct str pre = str_cut(&build, '+');
	struct str rest = str_cut(&pre, '-');

	for (int i = 0; i < 3; i++) {
		if (!rest.ptr || !is_version_number(str_cut(&rest, '.')))
			return false;
	}
	return !rest.ptr && (!pre.ptr || is_identifiers(pre, true)) &&
	       (!build.ptr || is_identifiers(build, false));
}

/* --- writing ------------------------------------------------------------ */

bool format_is_time_format(struct str format)
{
	enum { FORMAT_MAX_BYTES = 100 };
	bool any = false;

	for (size_t i = 0; i + 1 < format.len; i++) {
		if (format.ptr[i] != '%')
			continue;
		i++;
		if (strchr("sZ", format.ptr[i]))
			return false;
		any = true;
	}
	return any && format.len < FORMAT_MAX_BYTES;
}

bool format_time(struct arena *a, int64_t at_us, struct str format,
	struct str *ret)
{
	time_t at_s = (time_t)(at_us / 1000000);
	char out[256];
	struct tm tm;

	if (str_eq(format, STR("rfc3339"))) {
		*ret = arena_str(a, str_from(units_rfc3339(at_us, out)));
		return true;
	}
	if (str_eq(format, STR("date")))
		format = STR("%Y-%m-%d");
	else if (str_eq(format, STR("http")))
		format = STR("%a, %d %b %Y %H:%M:%S GMT");
	if (!format_is_time_format(format) || !gmtime_r(&at_s, &tm))
		return false;
	size_t n = strftime(out, sizeof(out), arena_str(a, format).ptr, &tm);
	if (n > 0)
		*ret = arena_str(a, (struct str){ out, n });
	return n > 0;
}
