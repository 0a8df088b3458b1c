/*
 * Filters on what the web writes: URLs, HTML, character sets, JWT.
 */
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/oom.h"
#include "suites/filter_table.h"
#include "suites/function.h"
#include "suites/html_entities.h"

/* --- URLs --------------------------------------------------------------- */

/* `form`: + is a blank, as in a query. False: a % without two digits. */
static bool add_decoded(struct buf *b, struct str s, bool form)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '%') {
			bool blank = form && s.ptr[i] == '+';
			buf_add_byte(b, (char)(blank ? ' ' : s.ptr[i]));
			continue;
		}
		int high = i + 2 < s.len ? str_hex_digit(s.ptr[i + 1]) : -1;
		int low = high >= 0 ? str_hex_digit(s.ptr[i + 2]) : -1;
		if (low < 0)
			return false;
		buf_add_byte(b, (char)(high * 16 + low));
		i += 2;
	}
	return true;
}

struct value filter_url_decode(struct filter_call *c, const struct json *in)
{
	struct buf b;

	buf_init(&b, FILTER_TEXT_MAX);
	if (add_decoded(&b, in->text, false))
		return filter_give_buf(c, &b);
	buf_done(&b);
	return filter_fail(c, "a % without two digits");
}

/* Where a redirect led to: of an element of `redirects`. */
struct value filter_location(struct filter_call *c, const struct json *in)
{
	const struct json *to = json_get(in, STR("location"));

	if (!to || to->type != JSON_STRING)
		return filter_fail(c, "not a redirect");
	return filter_give(c, to->text);
}

/* Is this `name=...`, whatever way the name is written? */
static bool is_param(struct str name, struct str wanted)
{
	struct buf b;

	buf_init(&b, FILTER_TEXT_MAX);
	bool is = add_decoded(&b, name, true) &&
		  str_eq(b.ptr ? buf_str(&b) : STR(""), wanted);
	buf_done(&b);
	return is;
}

/* The first one of that name; one without `=` is empty. */
struct value filter_url_query_param(struct filter_call *c,
	const struct json *in)
{
	struct str rest = in->text;
	struct str wanted;
	struct buf b;

	if (!json_to_text(c->a, c->arg, &wanted))
		return filter_fail(c, "the name is null");
	rest = str_cut(&rest, '#');
	str_cut(&rest, '?');
	while (rest.ptr) {
		struct str value = str_cut(&rest, '&');
		struct str name = str_cut(&value, '=');
		if (!is_param(name, wanted))
			continue;
		buf_init(&b, FILTER_TEXT_MAX);
		if (add_decoded(&b, value, true))
			return filter_give_buf(c, &b);
		buf_done(&b);
		return filter_fail(c, "a % without two digits");
	}
	return value_not(VALUE_MISSING, STR("missing"));
}

/* --- HTML --------------------------------------------------------------- */

struct value filter_html_escape(struct filter_call *c, const struct json *in)
{
	struct buf b;

	buf_init(&b, FILTER_TEXT_MAX);
	for (size_t i = 0; i < in->text.len; i++) {
		char x = in->text.ptr[i];
		if (x == '&')
			buf_add_z(&b, "&amp;");
		else if (x == '<')
			buf_add_z(&b, "&lt;");
		else if (x == '>')
			buf_add_z(&b, "&gt;");
		else if (x == '"')
			buf_add_z(&b, "&quot;");
		else if (x == '\'')
			buf_add_z(&b, "&#x27;");
		else
			buf_add_byte(&b, x);
	}
	return filter_give_buf(c, &b);
}

static void add_point(struct buf *b, uint32_t p)
{
	if (p < 0x80) {
		buf_add_byte(b, (char)p);
		return;
	}
	if (p < 0x800) {
		buf_add_byte(b, (char)(0xc0 | p >> 6));
	} else if (p < 0x10000) {
		buf_add_byte(b, (char)(0xe0 | p >> 12));
		buf_add_byte(b, (char)(0x80 | (p >> 6 & 0x3f)));
	} else {
		buf_add_byte(b, (char)(0xf0 | p >> 18));
		buf_add_byte(b, (char)(0x80 | (p >> 12 & 0x3f)));
		buf_add_byte(b, (char)(0x80 | (p >> 6 & 0x3f)));
	}
	buf_add_byte(b, (char)(0x80 | (p & 0x3f)));
}

static int cmp_entity(const void *name, const void *entity)
{
	return str_cmp(*(const struct str *)name,
		((const struct html_entity *)entity)->name);
}

/*
 * `#65` or `#x41`, as far as it goes: how long it is, 0 when it is none.  What
 * is no character is U+FFFD, as browsers have it.
 */
static size_t numeric_point(struct str s, uint32_t *ret)
{
	bool hex = s.len > 1 && (s.ptr[1] | 32) == 'x';
	size_t first = hex ? 2 : 1;
	size_t i = first;
	uint32_t p = 0;

	for (; i < s.len; i++) {
		int digit = str_hex_digit(s.ptr[i]);
		if (digit < 0 || (!hex && digit > 9))
			break;
		if (p <= 0x10ffff)
			p = p * (hex ? 16 : 10) + (uint32_t)digit;
	}
	if (i <= first)
		return 0;
	if (p >= 0x80 && p < 0xa0)
		p = html_windows_1252[p - 0x80];
	if (p == 0 || p > 0x10ffff || (p >= 0xd800 && p < 0xe000))
		p = 0xfffd;
	*ret = p;
	return i;
}

/*
 * What stands behind an &: its length, 0 when it is nothing known.  A number
 * may end without its semicolon, as in a browser; a name has to have it.
 */
static size_t entity_point(struct str s, uint32_t *ret)
{
	enum { NAME_MAX_LEN = 16 };
	const struct html_entity *e;

	if (str_starts(s, STR("#"))) {
		size_t n = numeric_point(s, ret);
		return n + (n && n < s.len && s.ptr[n] == ';');
	}
	size_t end = str_find_byte(str_sub(s, 0, NAME_MAX_LEN), ';', 0);
	struct str name = str_sub(s, 0, end == SIZE_MAX ? 0 : end);
	e = bsearch(&name, html_entities, html_entities_count,
		sizeof(html_entities[0]), cmp_entity);
	if (!e)
		return 0;
	*ret = e->point;
	return end + 1;
}

/* An & that begins nothing known stays one. */
struct value filter_html_unescape(struct filter_call *c, const struct json *in)
{
	struct str s = in->text;
	struct buf b;
	uint32_t point;

	buf_init(&b, FILTER_TEXT_MAX);
	for (size_t i = 0; i < s.len; i++) {
		size_t n = 0;

		if (s.ptr[i] == '&')
			n = entity_point(str_sub(s, i + 1, SIZE_MAX), &point);
		if (n)
			add_point(&b, point);
		else
			buf_add_byte(&b, s.ptr[i]);
		i += n;
	}
	return filter_give_buf(c, &b);
}

/* --- character sets ----------------------------------------------------- */

/* No slash: iconv's //IGNORE would hide what is wrong. */
static bool is_charset_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char x = s.ptr[i];
		bool alnum = (x >= '0' && x <= '9') ||
			     ((x | 32) >= 'a' && (x | 32) <= 'z');
		if (!alnum && x != '-' && x != '_' && x != '.' && x != ':')
			return false;
	}
	return s.len > 0 && s.len <= 40;
}

static bool convert(iconv_t from, struct str s, struct buf *b)
{
	char *in = (char *)s.ptr; /* iconv does not write to it */
	size_t left = s.len;
	char piece[4096];

	while (left > 0 && !b->over) {
		char *out = piece;
		size_t room = sizeof(piece);
		size_t rc = iconv(from, &in, &left, &out, &room);

		buf_add(b, (struct str){ piece, sizeof(piece) - room });
		if (rc == (size_t)-1 && errno != E2BIG)
			return false;
	}
	return true;
}

struct value filter_decode(struct filter_call *c, const struct json *in)
{
	struct str name;
	struct buf b;

	if (!json_to_text(c->a, c->arg, &name) || !is_charset_name(name))
		return filter_fail(c, "no name of a character set");
	iconv_t from = iconv_open("UTF-8", arena_str(c->a, name).ptr);
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): how iconv says no */
	if (from == (iconv_t)-1) {
		struct str why = arena_printf(c->a,
			"unknown character set %.*s", STR_ARG(name));
		return filter_broken(c, why);
	}
	buf_init(&b, FILTER_TEXT_MAX);
	bool ok = convert(from, in->text, &b);
	iconv_close(from);
	if (ok)
		return filter_give_buf(c, &b);
	buf_done(&b);
	return filter_broken(c,
		arena_printf(c->a, "not text in %.*s", STR_ARG(name)));
}

struct value filter_utf8_decode(struct filter_call *c, const struct json *in)
{
	return str_is_utf8(in->text) ? value_ok(in)
				     : filter_fail(c, "not UTF-8");
}

/* Text is kept in UTF-8, and bytes are kept as text: nothing changes. */
struct value filter_utf8_encode(struct filter_call *c, const struct json *in)
{
	(void)c;
	return value_ok(in);
}

/* --- JWT ---------------------------------------------------------------- */

/* The claims as they were written: whether the signature holds is not asked. */
struct value filter_jwt_claims(struct filter_call *c, const struct json *in)
{
	struct str rest = in->text;
	const struct json *j = NULL;

	str_cut(&rest, '.');
	struct str claims = rest.ptr ? str_cut(&rest, '.') : STR_NONE;
	if (!claims.ptr || !rest.ptr || str_find_byte(rest, '.', 0) != SIZE_MAX)
		return filter_fail(c, "not a JWT: it has not three parts");
	size_t len = claims.len + 4;
	char *out = xmalloc(len);
	if (crypto_base64_decode(claims, true, out, &len))
		j = json_parse(c->a, (struct str){ out, len },
			&json_limits_default, NULL);
	free(out);
	if (j && j->type == JSON_OBJECT)
		return value_ok(j);
	return filter_fail(c, "not a JWT: the claims are no JSON object");
}
