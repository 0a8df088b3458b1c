/*
 * The lexical rules of RFC 9535: blanks, strings, integers, numbers.
 */
#include "suites/jsonpath_scan.h"

#include <string.h>

#include "suites/jsonpath_tree.h"

/* 9007199254740991: I-JSON's exact integers, RFC 9535 section 2.1 */
#define INDEX_MAX ((INT64_C(1) << 53) - 1)

bool path_fail_at(struct path_scan *p, size_t at, const char *text)
{
	if (!p->failed) {
		p->error->at = at;
		p->error->text = text;
	}
	p->failed = true;
	return false;
}

bool path_fail(struct path_scan *p, const char *text)
{
	return path_fail_at(p, p->at, text);
}

int path_peek(const struct path_scan *p)
{
	return p->at < p->s.len ? (unsigned char)p->s.ptr[p->at] : -1;
}

bool path_take(struct path_scan *p, const char *z)
{
	struct str want = str_from(z);

	if (!str_starts(str_sub(p->s, p->at, want.len), want))
		return false;
	p->at += want.len;
	return true;
}

void path_skip_blanks(struct path_scan *p)
{
	int c = path_peek(p);

	while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		p->at++;
		c = path_peek(p);
	}
}

bool path_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool hex4(struct path_scan *p, uint32_t *ret)
{
	uint32_t n = 0;

	for (int i = 0; i < 4; i++, p->at++) {
		int digit = str_hex_digit((char)path_peek(p));
		if (digit < 0)
			return path_fail(p,
				"four hexadecimal digits are wanted");
		n = n * 16 + (uint32_t)digit;
	}
	*ret = n;
	return true;
}

static void add_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_add_byte(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_add_byte(out, (char)(0xc0 | (c >> 6)));
	} else if (c < 0x10000) {
		buf_add_byte(out, (char)(0xe0 | (c >> 12)));
		buf_add_byte(out, (char)(0x80 | ((c >> 6) & 0x3f)));
	} else {
		buf_add_byte(out, (char)(0xf0 | (c >> 18)));
		buf_add_byte(out, (char)(0x80 | ((c >> 12) & 0x3f)));
		buf_add_byte(out, (char)(0x80 | ((c >> 6) & 0x3f)));
	}
	buf_add_byte(out, (char)(0x80 | (c & 0x3f)));
}

static bool unicode_escape(struct path_scan *p, struct buf *out)
{
	size_t from = p->at;
	uint32_t high = 0;
	uint32_t low = 0;

	if (!hex4(p, &high))
		return false;
	if (high >= 0xdc00 && high <= 0xdfff)
		return path_fail_at(p, from,
			"low surrogate without a high one");
	if (high < 0xd800 || high > 0xdbff) {
		add_utf8(out, high);
		return true;
	}
	if (!path_take(p, "\\u") || !hex4(p, &low) || low < 0xdc00 ||
		low > 0xdfff)
		return path_fail_at(p, from,
			"high surrogate without a low one");
	add_utf8(out, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
	return true;
}

static bool escape(struct path_scan *p, char quote, struct buf *out)
{
	static const char letters[] = "bfnrt/\\";
	static const char bytes[] = "\b\f\n\r\t/\\";
	int c = path_peek(p);
	const char *known = c > 0 ? strchr(letters, c) : NULL;

	if (c == 'u') {
		p->at++;
		return unicode_escape(p, out);
	}
	if (c == quote)
		buf_add_byte(out, quote);
	else if (known)
		buf_add_byte(out, bytes[known - letters]);
	else
		return path_fail(p, "unknown escape in a string");
	p->at++;
	return true;
}

static bool string_body(struct path_scan *p, char quote, struct buf *out)
{
	for (;;) {
		int c = path_peek(p);
		if (c < 0)
			return path_fail(p, "string without its closing quote");
		if (c < 0x20)
			return path_fail(p, "control character in a string");
		p->at++;
		if (c == quote)
			return true;
		if (c != '\\')
			buf_add_byte(out, (char)c);
		else if (!escape(p, quote, out))
			return false;
	}
}

/* [string-literal] */
bool path_string(struct path_scan *p, struct str *ret)
{
	char quote = (char)path_peek(p);
	struct buf b;

	p->at++;
	buf_init(&b, JSONPATH_TEXT_MAX);
	bool ok = string_body(p, quote, &b);
	if (ok)
		*ret = arena_str(p->a, b.ptr ? buf_str(&b) : STR(""));
	buf_done(&b);
	return ok;
}

/* [int]: no leading zeros, no -0, within the exact integers */
bool path_int(struct path_scan *p, int64_t *ret)
{
	size_t from = p->at;

	path_take(p, "-");
	size_t digits = p->at;
	while (path_is_digit(path_peek(p)))
		p->at++;
	struct str s = str_sub(p->s, from, p->at - from);
	if (p->at == digits)
		return path_fail(p, "an integer is wanted");
	if (p->s.ptr[digits] == '0' && s.len > 1)
		return path_fail_at(p, from, "an integer has no leading zero");
	if (!str_to_i64(s, ret) || *ret > INDEX_MAX || *ret < -INDEX_MAX)
		return path_fail_at(p, from, "integer beyond 2^53 - 1");
	return true;
}

static bool take_digits(struct path_scan *p)
{
	size_t from = p->at;

	while (path_is_digit(path_peek(p)))
		p->at++;
	return p->at > from || path_fail(p, "a digit is wanted");
}

/* [number] */
bool path_number(struct path_scan *p, const struct json **ret)
{
	size_t from = p->at;

	path_take(p, "-");
	size_t digits = p->at;
	if (!take_digits(p))
		return false;
	if (p->s.ptr[digits] == '0' && p->at - digits > 1)
		return path_fail_at(p, from, "a number has no leading zero");
	if (path_take(p, ".") && !take_digits(p))
		return false;
	if (path_take(p, "e") || path_take(p, "E")) {
		if (!path_take(p, "-"))
			path_take(p, "+");
		if (!take_digits(p))
			return false;
	}
	*ret = json_new_number(p->a, str_sub(p->s, from, p->at - from));
	return true;
}
