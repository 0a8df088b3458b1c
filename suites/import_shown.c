#include <ctype.h>
#include <string.h>

#include "suites/import_curl.h"
#include "suites/import_shell.h"
#include "suites/load.h"

/*
 * What diagnostics may show of a source.  It is looked at as text, not as what
 * it should have been: also a command that can not be read holds its secrets.
 */
struct shown {
	struct arena *a;
	struct str s; /* as it came */
	char *out;
};

static void hide(struct shown *w, size_t from, size_t end)
{
	for (; from < end && from < w->s.len; from++)
		if (!isspace((unsigned char)w->s.ptr[from]))
			w->out[from] = '*';
}

static char at(const struct shown *w, size_t i)
{
	if (i >= w->s.len)
		return '\0';
	return w->s.ptr[i];
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

static size_t skip(const struct shown *w, size_t i, const char *these)
{
	while (at(w, i) && strchr(these, at(w, i)))
		i++;
	return i;
}

/* Up to one of `stops` that no backslash stands before, or the end. */
static size_t until(const struct shown *w, size_t i, const char *stops)
{
	while (i < w->s.len && !strchr(stops, w->s.ptr[i]))
		i += w->s.ptr[i] == '\\' ? 2 : 1;
	return i < w->s.len ? i : w->s.len;
}

static bool is_secret(struct str name)
{
	static const char *const headers[] = { "Authorization",
		"Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key" };

	if (str_starts(name, STR("-H")))
		name = str_sub(name, 2, name.len);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (str_eq_nocase(name, str_from(headers[i])))
			return true;
	return name_looks_secret(name);
}

/* `"x y"`, and `\"x y\"` in what was quoted once more, from its quote on. */
static size_t hide_quoted(struct shown *w, size_t i)
{
	const char stop[] = { at(w, i), '\0' };
	bool again = i > 0 && at(w, i - 1) == '\\';
	size_t end = again ? str_find_byte(w->s, stop[0], i + 1)
			   : until(w, i + 1, stop);

	if (end > w->s.len)
		end = w->s.len;
	hide(w, i + 1, end - (again && at(w, end - 1) == '\\'));
	return end;
}

/* The kind of credentials is none of them. */
static size_t kind_skipped(const struct shown *w, size_t name_end, size_t i)
{
	static const struct str header = STR("Authorization");
	size_t end = i;

	if (name_end < header.len ||
		!str_eq_nocase(str_sub(w->s, name_end - header.len, header.len),
			header))
		return i;
	while (isalpha((unsigned char)at(w, end)))
		end++;
	return at(w, end) == ' ' ? end + 1 : i;
}

/* What stands behind a name from `from` to `i`: `: value` or `=value`. */
static size_t hide_value(struct shown *w, size_t from, size_t i)
{
	char around[] = { '\0', '\0' };
	size_t colon = skip(w, i, "\\\"' \t");
	bool key = colon > i; /* "name": of JSON */

	if (from)
		around[0] = at(w, from - 1);
	if (at(w, i) == '=') {
		size_t end = until(w, i + 1, "&;\"' \t\r\n");
		hide(w, i + 1, end);
		return end;
	}
	if (at(w, colon) != ':')
		return i;
	size_t value = skip(w, colon + 1, " \t\\");
	if (is_quote(at(w, value)) && (key || at(w, value) != around[0]))
		return hide_quoted(w, value);
	value = kind_skipped(w, i, value);
	size_t end = until(w, value,
		key                   ? ",}\r\n"
		: is_quote(around[0]) ? around
				      : " \t\r\n");
	hide(w, value, end);
	return end;
}

static void hide_named(struct shown *w)
{
	size_t i = 0;

	while (i < w->s.len) {
		size_t from = i;
		while (is_name(at(w, i)))
			i++;
		if (i == from)
			i++;
		else if (is_secret(str_sub(w->s, from, i - from)))
			i = hide_value(w, from, i);
	}
}

/* scheme://user:password@host */
static void hide_userinfo(struct shown *w)
{
	size_t i = 0;

	while ((i = str_find(w->s, STR("://"), i)) != SIZE_MAX) {
		size_t end = until(w, i += 3, "/?#\"' \t\r\n");
		struct str host = str_sub(w->s, i, end - i);
		size_t colon = str_find_byte(host, ':', 0);
		size_t last = host.len;

		while (last > 0 && host.ptr[last - 1] != '@')
			last--;
		if (last > 0)
			hide(w, colon < last ? i + colon + 1 : i, i + last - 1);
	}
}

/* Wherever they stand. */
static void hide_credentials(struct shown *w)
{
	static const char *const kinds[] = { "Bearer ", "Basic " };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct str kind = str_from(kinds[k]);
		size_t i = 0;
		while ((i = str_find(w->s, kind, i)) != SIZE_MAX) {
			i += kind.len;
			hide(w, i, until(w, i, "\"' \t\r\n"));
		}
	}
}

/* --- command lines --- */

static void hide_word(struct shown *w, const struct flag *f, size_t from,
	size_t end)
{
	size_t colon = str_find_byte(w->s, ':', from);

	switch (f->how) {
	case FLAG_USER:
		if (colon < end)
			hide(w, colon + 1, end);
		break;
	case FLAG_COOKIE:
	case FLAG_BEARER:
		hide(w, from, end);
		break;
	case FLAG_REFUSED_WORD:
		if (colon < end && strcmp(f->name, "proxy-user") == 0)
			hide(w, colon + 1, end);
		break;
	default:
		break;
	}
}

/* `a=b&token=x y` */
static void hide_fields(struct shown *w, size_t i, size_t end)
{
	while (i < end) {
		size_t from = i;
		while (is_name(at(w, i)))
			i++;
		if (i > from && at(w, i) == '=' &&
			is_secret(str_sub(w->s, from, i - from))) {
			size_t last = str_find_byte(w->s, '&', i);
			last = last < end ? last : end;
			hide(w, i + 1, last);
			i = last;
		}
		i++;
	}
}

/*
 * The flag of a word whose value is the next one; a value in the word itself
 * is hidden here.
 */
static const struct flag *flag_of(struct shown *w,
	const struct shell_word *word)
{
	struct str t = word->text;
	const struct flag *f = NULL;

	if (str_starts(t, STR("--"))) {
		size_t is = str_find_byte(t, '=', 0);
		f = curl_flag_find(str_sub(t, 2, is == SIZE_MAX ? is : is - 2),
			0);
		if (f && is != SIZE_MAX) {
			size_t value = str_find_byte(w->s, '=', word->at);
			hide_word(w, f, value + 1, word->end);
			return NULL;
		}
		return f;
	}
	if (t.len < 2 || t.ptr[0] != '-')
		return NULL;
	for (size_t i = 1; i < t.len; i++) {
		f = curl_flag_find(STR_NONE, t.ptr[i]);
		if (!f || !curl_flag_takes(f->how))
			continue;
		if (i + 1 == t.len)
			return f;
		hide_word(w, f, word->at + i + 1, word->end);
		return NULL;
	}
	return NULL;
}

static void hide_flags(struct shown *w)
{
	const struct flag *f = NULL;
	struct shell_word word;
	size_t i = 0;

	for (;;) {
		size_t from = i;
		enum shell_result is = shell_next(w->a, w->s, &i, &word);
		if (is == SHELL_END)
			return;
		size_t end = is == SHELL_OPEN ? w->s.len : word.end;
		if (end > word.at && is_quote(at(w, end - 1)))
			end--;
		if (f && (is == SHELL_WORD || is == SHELL_OPEN))
			hide_word(w, f, word.at, end);
		hide_fields(w, word.at, end);
		f = is == SHELL_WORD && !f ? flag_of(w, &word) : NULL;
		if (is == SHELL_OPEN)
			return;
		if (i == from)
			i++;
	}
}

/* --- archives --- */

/* The values of headers, cookies and fields, and bodies. */
static void hide_members(struct shown *w)
{
	static const char *const names[] = { "\"value\"", "\"text\"" };

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		struct str name = str_from(names[k]);
		size_t i = 0;
		while ((i = str_find(w->s, name, i)) != SIZE_MAX) {
			i = skip(w, i + name.len, ": \t\r\n");
			if (at(w, i) == '"')
				i = hide_quoted(w, i);
		}
	}
}

struct str import_shown(struct arena *a, struct str text, enum import_kind kind)
{
	struct shown w = { .a = a, .s = text };

	w.out = arena_alloc(a, text.len + 1);
	if (text.len)
		memcpy(w.out, text.ptr, text.len);
	w.out[text.len] = '\0';
	if (kind != IMPORT_HURL) {
		hide_named(&w);
		hide_userinfo(&w);
		hide_credentials(&w);
	}
	if (kind == IMPORT_CURL)
		hide_flags(&w);
	if (kind == IMPORT_HAR)
		hide_members(&w);
	return (struct str){ w.out, text.len };
}
