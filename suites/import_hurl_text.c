#include <ctype.h>
#include <string.h>

#include "suites/import_hurl.h"

/* The letters of a Hurl file: white space, names, text with {{...}}. */
enum { TEXT_MAX = 2 * IMPORT_BYTES_MAX };

char hurl_peek(const struct hurl *h)
{
	if (h->at >= h->s.len)
		return '\0';
	return h->s.ptr[h->at];
}

bool hurl_ahead(const struct hurl *h, const char *z)
{
	return str_starts(str_sub(h->s, h->at, h->s.len), str_from(z));
}

bool hurl_take(struct hurl *h, const char *z)
{
	if (!hurl_ahead(h, z))
		return false;
	h->at += strlen(z);
	return true;
}

bool hurl_word(struct hurl *h, const char *z)
{
	size_t end = h->at + strlen(z);

	if (!hurl_ahead(h, z) ||
		(end < h->s.len && (isalnum((unsigned char)h->s.ptr[end]) ||
					   h->s.ptr[end] == '-')))
		return false;
	h->at = end;
	return true;
}

void hurl_spaces(struct hurl *h)
{
	while (hurl_peek(h) == ' ' || hurl_peek(h) == '\t')
		h->at++;
}

static bool at_line_end(const struct hurl *h)
{
	return h->at == h->s.len || hurl_ahead(h, "\n") ||
	       hurl_ahead(h, "\r\n");
}

/* Comments say nothing, but for two experiments of Hurl. */
static void comment(struct hurl *h)
{
	size_t from = h->at;

	if (hurl_peek(h) != '#')
		return;
	while (!at_line_end(h))
		h->at++;
	if (str_find(str_sub(h->s, from, h->at - from), STR("@cookie_storage_"),
		    0) != SIZE_MAX)
		import_cannot(&h->im, hurl_span(h, from),
			"a comment that changes the cookies");
}

void hurl_gap(struct hurl *h)
{
	for (;;) {
		hurl_spaces(h);
		comment(h);
		if (!hurl_take(h, "\n") && !hurl_take(h, "\r\n"))
			return;
	}
}

bool hurl_eol(struct hurl *h)
{
	hurl_spaces(h);
	comment(h);
	if (h->at == h->s.len || hurl_take(h, "\n") || hurl_take(h, "\r\n"))
		return true;
	return hurl_bad(h, "the line should end here");
}

struct span hurl_span(const struct hurl *h, size_t from)
{
	size_t end = h->at;

	while (end > from && isspace((unsigned char)h->s.ptr[end - 1]))
		end--;
	return (struct span){ h->im.src, (uint32_t)from,
		(uint32_t)(end > from ? end : from) };
}

void hurl_mistake(struct hurl *h, const char *what)
{
	struct span where = { h->im.src, (uint32_t)h->at,
		(uint32_t)(h->at + (h->at < h->s.len)) };

	if (!h->bad)
		import_syntax(&h->im, where, "%s", what);
	h->bad = true;
}

/* --- names --- */

bool hurl_knows(const struct strs *l, struct str name)
{
	for (size_t i = 0; i < l->count; i++)
		if (str_eq(l->item[i], name))
			return true;
	return false;
}

static struct hurl_own *own_of(const struct hurl *h, struct str name)
{
	for (struct hurl_own *o = h->own; o; o = o->next)
		if (str_eq(o->name, name))
			return o;
	return NULL;
}

/* Names that are Andon's own in every run. */
struct str hurl_name(struct hurl *h, struct str name)
{
	static const char *const taken[] = { "region", "env", "role", "runner",
		"suite", "step", "run", "row", "deploy" };

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (str_eq(name, str_from(taken[i])))
			return arena_printf(h->im.a, "hurl_%.*s",
				STR_ARG(name));
	return arena_str(h->im.a, name);
}

void hurl_set(struct hurl *h, struct str name, const struct json *value)
{
	struct json *copy = json_new(h->im.a, value->type);

	*copy = *value;
	copy->next = copy->up = NULL;
	json_append(h->set, arena_str(h->im.a, name), copy);
}

static struct str known_value(const struct hurl *h, struct str name)
{
	const struct json *value = json_get(h->set, name);

	if (!value)
		return STR_NONE;
	switch (value->type) {
	case JSON_TRUE:
		return STR("true");
	case JSON_FALSE:
		return STR("false");
	case JSON_NUMBER:
		return value->text;
	case JSON_STRING: /* a literal of a template */
		if (str_find_byte(value->text, '$', 0) == SIZE_MAX)
			return value->text;
		return STR_NONE;
	default:
		return STR_NONE;
	}
}

static struct str take_name(struct hurl *h)
{
	size_t from = h->at;

	while (isalnum((unsigned char)hurl_peek(h)) || hurl_peek(h) == '_' ||
		hurl_peek(h) == '-')
		h->at++;
	return str_sub(h->s, from, h->at - from);
}

/*
 * What this same request captures, as its checks see it.  A name that was set
 * before would be what it was before: then it is captured twice.
 */
static bool own_variable(struct hurl *h, struct hurl_own *o, struct str *ret)
{
	struct json *map = import_map(&h->im, h->step, "capture");
	struct str name = hurl_name(h, o->name);
	const struct json *from = json_get(map, name);

	if (o->odd || h->repeat != 1 || !from)
		return false;
	if (!o->seen.ptr) {
		o->seen = name;
		while (hurl_knows(&h->known, o->seen))
			o->seen = arena_printf(h->im.a, "%.*s_now",
				STR_ARG(o->seen));
		hurl_remember(h, &h->known, o->seen);
	}
	if (!json_get(map, o->seen)) {
		struct json *again = json_new(h->im.a, from->type);
		*again = *from;
		again->next = again->up = NULL;
		json_append(map, o->seen, again);
	}
	*ret = o->seen;
	return true;
}

void hurl_second(struct hurl *h, struct json *map, struct str name)
{
	struct str other = name;

	for (unsigned n = 1;
		json_get(map, other) || hurl_knows(&h->known, other); n++)
		other = arena_printf(h->im.a, "%.*s_%u", STR_ARG(name), n);
	for (struct json *i = map->first; i; i = i->next)
		if (str_eq(i->key, name)) {
			i->key = other;
			hurl_remember(h, &h->known, other);
		}
}

/* The value of {{name}}: what nothing has set comes from the environment. */
static bool variable(struct hurl *h, struct str name, size_t from,
	struct str *ret)
{
	if (name.len == 0 || !isalpha((unsigned char)name.ptr[0]))
		return hurl_bad(h, "a name should stand in {{...}}");
	struct hurl_own *own = h->asserts ? own_of(h, name) : NULL;
	if (h->asserts && !h->capturing)
		hurl_remember(h, &h->looked, name);
	if (own && !h->capturing && own_variable(h, own, ret))
		return true;
	if (own) {
		import_cannot(&h->im, hurl_span(h, from),
			"`%.*s`, which this same request captures",
			STR_ARG(name));
		*ret = STR("''");
		return true;
	}
	struct str mine = hurl_name(h, name);
	if (!hurl_knows(&h->known, name)) {
		if (!json_get(h->im.secrets, mine))
			import_note(&h->im, hurl_span(h, from),
				"nothing sets `%.*s`: it will be read from "
				"$HURL_%.*s; --var %.*s=VALUE makes it a "
				"variable",
				STR_ARG(name), STR_ARG(name), STR_ARG(name));
		import_secret(&h->im, mine,
			arena_printf(h->im.a, "HURL_%.*s", STR_ARG(name)));
	}
	*ret = mine;
	return true;
}

/* getEnv "NAME"; nothing is filled in in a name, so nothing nests */
static bool environment(struct hurl *h, struct str *ret)
{
	size_t from;
	struct str name;

	hurl_spaces(h);
	if (!hurl_take(h, "\""))
		return hurl_bad(h, "getEnv takes a name in quotes");
	from = h->at;
	while (h->at < h->s.len && !at_line_end(h) && hurl_peek(h) != '"')
		h->at++;
	name = (struct str){ h->s.ptr + from, h->at - from };
	if (!hurl_take(h, "\"") || str_find(name, STR("{{"), 0) != SIZE_MAX ||
		str_find_byte(name, '\\', 0) != SIZE_MAX)
		return hurl_bad(h, "getEnv takes a name in quotes");
	*ret = arena_printf(h->im.a, "env_%.*s", STR_ARG(name));
	import_secret(&h->im, *ret, arena_str(h->im.a, name));
	return true;
}

/* Filters inside of {{...}} become the functions of templates. */
static bool placeholder_filter(struct hurl *h, struct str *expr)
{
	static const char *const map[][2] = { { "base64Encode", "base64" },
		{ "toHex", "hex" }, { "toString", "" } };
	size_t from = h->at;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (!hurl_word(h, map[i][0]))
			continue;
		if (*map[i][1])
			*expr = arena_printf(h->im.a, "%s(%.*s)", map[i][1],
				STR_ARG(*expr));
		return true;
	}
	while (h->at < h->s.len && !hurl_ahead(h, "}}") && !at_line_end(h))
		h->at++;
	import_cannot(&h->im, hurl_span(h, from),
		"the filter `%.*s` inside of {{...}}",
		STR_ARG(str_sub(h->s, from, h->at - from)));
	return true;
}

bool hurl_placeholder(struct hurl *h, bool json, struct buf *out,
	struct str *ret_known)
{
	size_t from = h->at;
	struct str expr = STR("");
	struct str known;
	bool ok = true;

	h->at += 2;
	hurl_spaces(h);
	struct str name = take_name(h);
	if (str_eq(name, STR("newUuid")))
		expr = STR("uuid()");
	else if (str_eq(name, STR("newDate")))
		expr = STR("now(rfc3339)");
	else if (str_eq(name, STR("getEnv")))
		ok = environment(h, &expr);
	else
		ok = variable(h, name, from, &expr);
	known = known_value(h, name);
	hurl_spaces(h);
	while (ok && !hurl_ahead(h, "}}")) {
		known = STR_NONE;
		if (h->at >= h->s.len || at_line_end(h))
			return hurl_bad(h, "no }}");
		ok = placeholder_filter(h, &expr);
		hurl_spaces(h);
	}
	if (!ok || !hurl_take(h, "}}"))
		return hurl_bad(h, "no }}");
	/* a `$` before it would make the two an escape */
	size_t plain = out->len;
	while (plain && out->ptr[plain - 1] == '$')
		plain--;
	if (plain < out->len) {
		size_t dollars = out->len - plain;
		out->len = plain;
		buf_add_z(out, "${trim('");
		for (size_t i = 0; i < dollars; i++)
			buf_add_byte(out, '$');
		buf_add_z(out, "')}");
	}
	buf_addf(out, json ? "${json(%.*s)}" : "${%.*s}", STR_ARG(expr));
	*ret_known = known;
	return true;
}

/* --- text --- */

struct reader {
	struct buf text, raw;
	bool filled, lone;
	bool open; /* something has to be filled in that is not known here */
};

static void add_point(struct buf *b, uint32_t c)
{
	char u[4];
	size_t n = 0;

	if (c < 0x80) {
		u[n++] = (char)c;
	} else if (c < 0x800) {
		u[n++] = (char)(0xc0 | c >> 6);
		u[n++] = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		u[n++] = (char)(0xe0 | c >> 12);
		u[n++] = (char)(0x80 | (c >> 6 & 63));
		u[n++] = (char)(0x80 | (c & 63));
	} else {
		u[n++] = (char)(0xf0 | c >> 18);
		u[n++] = (char)(0x80 | (c >> 12 & 63));
		u[n++] = (char)(0x80 | (c >> 6 & 63));
		u[n++] = (char)(0x80 | (c & 63));
	}
	buf_add(b, (struct str){ u, n });
}

static void add_byte(struct reader *r, char c)
{
	/* $${ is a literal ${ */
	if (c == '{' && r->text.len && r->text.ptr[r->text.len - 1] == '$')
		buf_add_byte(&r->text, '$');
	buf_add_byte(&r->text, c);
	buf_add_byte(&r->raw, c);
}

/* \u{1F600} */
static bool unicode(struct hurl *h, struct reader *r)
{
	uint32_t point = 0;
	int digits = 0;

	if (!hurl_take(h, "{"))
		return hurl_bad(h, "\\u takes {hex digits}");
	for (; str_hex_digit(hurl_peek(h)) >= 0 && digits < 6; digits++)
		point = point * 16 + (uint32_t)str_hex_digit(h->s.ptr[h->at++]);
	if (!digits || !hurl_take(h, "}") || point > 0x10ffff ||
		(point >= 0xd800 && point < 0xe000))
		return hurl_bad(h, "not a code point");
	add_point(&r->text, point);
	add_point(&r->raw, point);
	return true;
}

static bool escaped(struct hurl *h, struct reader *r)
{
	static const char from[] = "bfnrt";
	static const char to[] = "\b\f\n\r\t";
	char c;

	h->at++;
	c = hurl_peek(h);
	if (c == '\0' || c == '\n')
		return hurl_bad(h, "nothing to escape");
	h->at++;
	if (c == 'u')
		return unicode(h, r);
	const char *p = strchr(from, c);
	if (p)
		add_byte(r, to[p - from]);
	else if (strchr("\"\\`#:; {}/", c))
		add_byte(r, c);
	else
		return hurl_bad(h, "not an escape of Hurl");
	return true;
}

static bool ends(const struct hurl *h, enum hurl_quote quote)
{
	char c = hurl_peek(h);

	switch (quote) {
	case HURL_KEY:
		return c == ':' || c == '\n';
	case HURL_VALUE:
		return c == '#' || at_line_end(h);
	case HURL_QUOTED:
		return c == '"';
	case HURL_TICKED:
		return c == '`';
	default:
		return c == ';' || c == '\n';
	}
}

static void reader_trim(struct reader *r)
{
	while (r->text.len && strchr(" \t", r->text.ptr[r->text.len - 1]))
		r->text.len--;
	while (r->raw.len && strchr(" \t", r->raw.ptr[r->raw.len - 1]))
		r->raw.len--;
}

static bool read_piece(struct hurl *h, struct reader *r, bool escapes,
	bool variables)
{
	struct str known;

	if (variables && hurl_ahead(h, "{{")) {
		bool first = r->text.len == 0;
		if (!hurl_placeholder(h, false, &r->text, &known))
			return false;
		r->lone = first;
		r->filled = true;
		r->open |= !known.ptr;
		buf_add(&r->raw, known);
		return true;
	}
	r->lone = false;
	if (escapes && hurl_peek(h) == '\\')
		return escaped(h, r);
	add_byte(r, h->s.ptr[h->at++]);
	return true;
}

static void reader_give(struct hurl *h, struct reader *r, struct hurl_text *ret)
{
	ret->text =
		r->text.len ? arena_str(h->im.a, buf_str(&r->text)) : STR("");
	ret->raw = r->raw.len ? arena_str(h->im.a, buf_str(&r->raw)) : STR("");
	ret->plain = !r->open;
	ret->lone = r->lone && r->filled;
}

static void reader_init(struct reader *r)
{
	*r = (struct reader){ 0 };
	buf_init(&r->text, TEXT_MAX);
	buf_init(&r->raw, TEXT_MAX);
}

static void reader_done(struct reader *r)
{
	buf_done(&r->text);
	buf_done(&r->raw);
}

bool hurl_text(struct hurl *h, enum hurl_quote quote, struct hurl_text *ret)
{
	bool quoted = quote == HURL_QUOTED || quote == HURL_TICKED;
	struct reader r;
	bool ok = true;

	reader_init(&r);
	h->at += quoted;
	while (ok && h->at < h->s.len && !ends(h, quote))
		ok = read_piece(h, &r, true, true);
	if (ok && quoted && h->at >= h->s.len)
		ok = hurl_bad(h, "a quote without its end");
	h->at += ok && quoted;
	if (!quoted) {
		size_t had = r.text.len;
		reader_trim(&r);
		r.lone &= had == r.text.len ||
			  (r.text.len && r.text.ptr[r.text.len - 1] == '}');
	}
	reader_give(h, &r, ret);
	reader_done(&r);
	return ok;
}

bool hurl_fenced(struct hurl *h, bool escape, bool variables,
	struct hurl_text *ret)
{
	struct reader r;
	bool ok = true;

	reader_init(&r);
	while (ok && h->at < h->s.len && !hurl_ahead(h, "```"))
		ok = read_piece(h, &r, escape, variables);
	if (ok && !hurl_take(h, "```"))
		ok = hurl_bad(h, "no ``` that ends it");
	reader_give(h, &r, ret);
	reader_done(&r);
	return ok;
}

bool hurl_regex(struct hurl *h, struct str *ret)
{
	size_t from = h->at;
	struct hurl_text t;
	struct buf b;

	if (hurl_peek(h) == '"') {
		if (!hurl_text(h, HURL_QUOTED, &t))
			return false;
		*ret = t.text;
		return true;
	}
	if (!hurl_take(h, "/"))
		return hurl_bad(h, "a regex, /.../ or in quotes, is expected");
	buf_init(&b, TEXT_MAX);
	while (h->at < h->s.len && hurl_peek(h) != '/' &&
		hurl_peek(h) != '\n') {
		if (hurl_ahead(h, "\\/"))
			h->at++;
		else if (hurl_ahead(h, "\\") && h->at + 1 < h->s.len)
			buf_add_byte(&b, h->s.ptr[h->at++]);
		buf_add_byte(&b, h->s.ptr[h->at++]);
	}
	bool ok = hurl_take(h, "/") || hurl_bad(h, "a regex without its end");
	*ret = b.len ? arena_str(h->im.a, buf_str(&b)) : STR("");
	buf_done(&b);
	if (ok && str_find(*ret, STR("${"), 0) != SIZE_MAX)
		import_cannot(&h->im, hurl_span(h, from), "`${` in a regex");
	return ok;
}

void hurl_plain(struct hurl *h, const struct hurl_text *t, size_t from,
	const char *what)
{
	if (!t->plain)
		import_cannot(&h->im, hurl_span(h, from), "{{...}} in %s",
			what);
}

/* Of a template that is one ${name} the type is kept; this one is text. */
struct str hurl_as_text(struct hurl *h, const struct hurl_text *t)
{
	if (!t->lone)
		return t->text;
	for (size_t i = 0; i < h->texts.count; i++) {
		struct str is = h->texts.item[i];
		if (t->text.len == is.len + 3 && str_find(t->text, is, 0) == 2)
			return t->text;
	}
	return arena_printf(h->im.a, "%.*s${trim('')}", STR_ARG(t->text));
}

void hurl_remember(struct hurl *h, struct strs *list, struct str name)
{
	struct str *more =
		arena_alloc(h->im.a, (list->count + 1) * sizeof(struct str));

	for (size_t i = 0; i < list->count; i++)
		more[i] = list->item[i];
	more[list->count++] = name;
	list->item = more;
}
