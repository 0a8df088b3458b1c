#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_done(struct buf *b)
{
	free(b->ptr);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->over = false;
	if (b->ptr)
		b->ptr[0] = '\0';
}

/* Room for n more bytes and a NUL. */
static bool room(struct buf *b, size_t n)
{
	size_t cap;

	if (b->over || n > b->max - b->len) {
		b->over = true;
		return false;
	}
	if (b->ptr && n < b->cap - b->len)
		return true;
	cap = b->cap < 64 ? 64 : b->cap;
	while (cap <= b->len + n && cap <= SIZE_MAX / 2)
		cap *= 2;
	if (cap > b->max)
		cap = b->max;
	if (cap < b->len + n + 1)
		cap = b->len + n + 1;
	b->ptr = xrealloc(b->ptr, cap);
	b->cap = cap;
	return true;
}

bool buf_add(struct buf *b, struct str s)
{
	if (!room(b, s.len))
		return false;
	if (s.len)
		memcpy(b->ptr + b->len, s.ptr, s.len);
	b->len += s.len;
	b->ptr[b->len] = '\0';
	return true;
}

bool buf_add_z(struct buf *b, const char *z)
{
	return buf_add(b, str_from(z));
}

bool buf_add_byte(struct buf *b, char c)
{
	return buf_add(b, (struct str){ &c, 1 });
}

bool buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = buf_vaddf(b, fmt, ap);
	va_end(ap);
	return ok;
}

bool buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0 || !room(b, (size_t)n)) {
		b->over = true;
		return false;
	}
	vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return true;
}

/* Takes back a piece of which only a part went in. */
static bool whole(struct buf *b, size_t start)
{
	if (!b->over)
		return true;
	if (b->len > start) {
		b->len = start;
		b->ptr[start] = '\0';
	}
	return false;
}

static void add_json_point(struct buf *b, struct str piece, uint32_t point)
{
	switch (point) {
	case '"':
	case '\\':
		buf_add_byte(b, '\\');
		buf_add(b, piece);
		return;
	case '\n':
		buf_add(b, STR("\\n"));
		return;
	case '\r':
		buf_add(b, STR("\\r"));
		return;
	case '\t':
		buf_add(b, STR("\\t"));
		return;
	case STR_BAD_POINT:
		buf_add(b, STR("\xef\xbf\xbd"));
		return;
	default:
		buf_addf(b, "\\u%04x", (unsigned)point);
	}
}

static bool json_plain(uint32_t point)
{
	return point >= 0x20 && point != '"' && point != '\\' &&
	       point != 0x7f && point != STR_BAD_POINT;
}

bool buf_add_json(struct buf *b, struct str s)
{
	size_t start = b->len;
	size_t from = 0;
	size_t n;
	uint32_t point;

	buf_add_byte(b, '"');
	for (size_t at = 0; at < s.len && !b->over; at += n) {
		n = str_decode(s, at, &point);
		if (json_plain(point))
			continue;
		buf_add(b, str_sub(s, from, at - from));
		add_json_point(b, str_sub(s, at, n), point);
		from = at + n;
	}
	buf_add(b, str_sub(s, from, SIZE_MAX));
	buf_add_byte(b, '"');
	return whole(b, start);
}

/* Not to be trusted on a terminal: moves, hides or turns what follows. */
static bool is_hidden(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x80, 0x9f },       /* C1 controls */
		{ 0xad, 0xad },       /* soft hyphen */
		{ 0x34f, 0x34f },     /* combining grapheme joiner */
		{ 0x61c, 0x61c },     /* Arabic letter mark */
		{ 0x115f, 0x1160 },   /* Hangul fillers */
		{ 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
		{ 0x180b, 0x180e },   /* Mongolian selectors */
		{ 0x200b, 0x200f },   /* zero width, LRM, RLM */
		{ 0x2028, 0x202e },   /* separators, bidi embedding */
		{ 0x2060, 0x206f },   /* word joiner, bidi isolates */
		{ 0x3164, 0x3164 },   /* Hangul filler */
		{ 0xfeff, 0xfeff },   /* byte order mark */
		{ 0xffa0, 0xffa0 },   /* half-width Hangul filler */
		{ 0xfff9, 0xfffb },   /* interlinear annotation */
		{ 0xe0000, 0xe0fff }, /* tags, selectors */
	};

	if (point < hidden[0].first) /* nearly all of them */
		return false;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (point >= hidden[i].first && point <= hidden[i].last)
			return true;
	}
	return false;
}

bool buf_add_visible(struct buf *b, struct str s)
{
	size_t start = b->len;
	size_t from = 0;
	size_t n;
	uint32_t point;

	for (size_t at = 0; at < s.len && !b->over; at += n) {
		bool byte;

		n = str_decode(s, at, &point);
		byte = point < 0x20 || point == 0x7f || point == STR_BAD_POINT;
		if (!byte && !is_hidden(point))
			continue;
		buf_add(b, str_sub(s, from, at - from));
		if (byte)
			buf_addf(b, "\\x%02X", (unsigned char)s.ptr[at]);
		else
			buf_addf(b, "\\u{%X}", (unsigned)point);
		from = at + n;
	}
	buf_add(b, str_sub(s, from, SIZE_MAX));
	return whole(b, start);
}

bool buf_add_base64(struct buf *b, struct str s, bool url_safe)
{
	const char *digits =
		url_safe
			? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			  "0123456789-_"
			: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			  "0123456789+/";
	size_t start = b->len;

	for (size_t at = 0; at < s.len && !b->over; at += 3) {
		size_t n = s.len - at < 3 ? s.len - at : 3;
		uint32_t word = 0;
		char four[4] = { '=', '=', '=', '=' };

		for (size_t i = 0; i < 3; i++)
			word = word << 8 |
			       (i < n ? (unsigned char)s.ptr[at + i] : 0);
		for (size_t i = 0; i <= n; i++)
			four[i] = digits[word >> (18 - 6 * i) & 63];
		buf_add(b, (struct str){ four, url_safe ? n + 1 : 4 });
	}
	return !s.len ? buf_add(b, s) : whole(b, start);
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

bool buf_add_percent(struct buf *b, struct str s)
{
	size_t start = b->len;

	buf_add(b, STR(""));
	for (size_t i = 0; i < s.len && !b->over; i++) {
		if (is_unreserved(s.ptr[i]))
			buf_add_byte(b, s.ptr[i]);
		else
			buf_addf(b, "%%%02X", (unsigned char)s.ptr[i]);
	}
	return whole(b, start);
}

bool buf_add_hex(struct buf *b, struct str s)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char c;

	if (s.len > SIZE_MAX / 2 || !room(b, s.len * 2)) {
		b->over = true;
		return false;
	}
	for (size_t i = 0; i < s.len; i++) {
		c = (unsigned char)s.ptr[i];
		b->ptr[b->len++] = digits[c >> 4];
		b->ptr[b->len++] = digits[c & 15];
	}
	b->ptr[b->len] = '\0';
	return true;
}

void buf_consume(struct buf *b, size_t n)
{
	if (n > b->len)
		n = b->len;
	if (!n)
		return;
	memmove(b->ptr, b->ptr + n, b->len - n + 1);
	b->len -= n;
}

struct str buf_str(const struct buf *b)
{
	return (struct str){ b->ptr ? b->ptr : "", b->len };
}
