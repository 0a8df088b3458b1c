#include <string.h>

#include "suites/import_shell.h"

/*
 * Words of a shell, as browsers and people write them: '...', "...", $'...',
 * backslashes, and lines that go on.  Nothing is expanded: a `$NAME` stays.
 */
static int octal_or_hex(struct str s, size_t *at, int base, int most)
{
	int value = 0;

	for (int n = 0; n < most && *at < s.len; n++, (*at)++) {
		int digit = str_hex_digit(s.ptr[*at]);
		if (digit < 0 || digit >= base)
			break;
		value = value * base + digit;
	}
	return value;
}

static void add_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_add_byte(out, (char)c);
	} else if (c < 0x800) {
		buf_add_byte(out, (char)(0xc0 | c >> 6));
		buf_add_byte(out, (char)(0x80 | (c & 63)));
	} else {
		buf_add_byte(out, (char)(0xe0 | c >> 12));
		buf_add_byte(out, (char)(0x80 | (c >> 6 & 63)));
		buf_add_byte(out, (char)(0x80 | (c & 63)));
	}
}

static void octal(struct str s, size_t *at, struct buf *out)
{
	(*at)--;
	buf_add_byte(out, (char)octal_or_hex(s, at, 8, 3));
}

/* $'...': the escapes of ANSI C. */
static bool ansi(struct str s, size_t *at, struct buf *out)
{
	static const char from[] = "abefnrtv\\'\"?";
	static const char to[] = "\a\b\033\f\n\r\t\v\\'\"?";

	while (*at < s.len && s.ptr[*at] != '\'') {
		char c = s.ptr[(*at)++];
		if (c != '\\' || *at == s.len) {
			buf_add_byte(out, c);
			continue;
		}
		c = s.ptr[(*at)++];
		const char *p = c ? strchr(from, c) : NULL;
		if (p)
			buf_add_byte(out, to[p - from]);
		else if (c == 'x')
			buf_add_byte(out, (char)octal_or_hex(s, at, 16, 2));
		else if (c == 'u')
			add_utf8(out, (unsigned)octal_or_hex(s, at, 16, 4));
		else if (c >= '0' && c <= '7')
			octal(s, at, out);
		else
			buf_add_byte(out, c);
	}
	if (*at == s.len)
		return false;
	(*at)++;
	return true;
}

static bool double_quoted(struct str s, size_t *at, struct buf *out)
{
	while (*at < s.len && s.ptr[*at] != '"') {
		char c = s.ptr[*at];
		char next = '\0';

		if (*at + 1 < s.len)
			next = s.ptr[*at + 1];
		if (c == '\\' && next && strchr("\"\\$`\n", next)) {
			if (next != '\n')
				buf_add_byte(out, next);
			*at += 2;
			continue;
		}
		buf_add_byte(out, c);
		(*at)++;
	}
	if (*at == s.len)
		return false;
	(*at)++;
	return true;
}

static bool single_quoted(struct str s, size_t *at, struct buf *out)
{
	size_t end = str_find_byte(s, '\'', *at);

	if (end == SIZE_MAX)
		return false;
	buf_add(out, str_sub(s, *at, end - *at));
	*at = end + 1;
	return true;
}

static bool piece(struct str s, size_t *at, struct buf *out)
{
	char c = s.ptr[*at];

	if (c == '\'') {
		(*at)++;
		return single_quoted(s, at, out);
	}
	if (c == '"') {
		(*at)++;
		return double_quoted(s, at, out);
	}
	if (c == '$' && *at + 1 < s.len && s.ptr[*at + 1] == '\'') {
		*at += 2;
		return ansi(s, at, out);
	}
	if (c == '\\' && *at + 1 < s.len) {
		if (s.ptr[*at + 1] != '\n')
			buf_add_byte(out, s.ptr[*at + 1]);
		*at += 2;
		return true;
	}
	buf_add_byte(out, c);
	(*at)++;
	return true;
}

/* White space, comments, and the ends of lines that go on. */
static void gap(struct str s, size_t *at)
{
	for (;;) {
		struct str rest = str_sub(s, *at, 3);
		if (str_starts(rest, STR("\\\r\n")))
			*at += 3;
		else if (str_starts(rest, STR("\\\n")))
			*at += 2;
		else if (*at < s.len &&
			 (s.ptr[*at] == ' ' || s.ptr[*at] == '\t' ||
				 s.ptr[*at] == '\r'))
			(*at)++;
		else
			return;
	}
}

static bool ends_word(char c)
{
	return c == '\0' || strchr(" \t\r\n;|&<>()", c);
}

static enum shell_result word(struct arena *a, struct str s, size_t *at,
	struct shell_word *ret)
{
	size_t from = *at;
	struct buf out;
	bool ok = true;

	buf_init(&out, SHELL_WORD_MAX);
	while (ok && *at < s.len && !ends_word(s.ptr[*at])) {
		if (str_starts(str_sub(s, *at, 2), STR("\\\n")))
			break;
		ok = piece(s, at, &out);
	}
	*ret = (struct shell_word){ out.len ? arena_str(a, buf_str(&out))
					    : STR(""),
		from, *at };
	buf_done(&out);
	return ok ? SHELL_WORD : SHELL_OPEN;
}

enum shell_result shell_next(struct arena *a, struct str s, size_t *at,
	struct shell_word *ret)
{
	gap(s, at);
	if (*at < s.len && s.ptr[*at] == '#')
		while (*at < s.len && s.ptr[*at] != '\n')
			(*at)++;
	*ret = (struct shell_word){ STR(""), *at, *at };
	if (*at >= s.len)
		return SHELL_END;
	if (s.ptr[*at] == '\n' || s.ptr[*at] == ';') {
		(*at)++;
		return SHELL_LINE;
	}
	if (ends_word(s.ptr[*at]))
		return SHELL_STOP;
	return word(a, s, at, ret);
}
