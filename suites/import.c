#include "suites/import.h"

#include <stdarg.h>
#include <string.h>

#include "base/codes.h"
#include "base/crypto.h"
#include "base/yaml.h"
#include "suites/import_parts.h"

enum { ID_CHARS_MAX = 63 };

static const char *const actions[][2] = { { "GET", "get" }, { "POST", "post" },
	{ "PUT", "put" }, { "PATCH", "patch" }, { "DELETE", "delete" },
	{ "HEAD", "head" }, { "OPTIONS", "options" } };

void importer_init(struct importer *im, struct arena *a,
	const struct source *src, const struct import_how *how,
	struct diags *ds)
{
	*im = (struct importer){ .a = a, .src = src, .how = how, .ds = ds };
	im->suite = json_new(a, JSON_OBJECT);
	im->steps = json_new(a, JSON_ARRAY);
	im->secrets = json_new(a, JSON_OBJECT);
	im->vars = json_new(a, JSON_OBJECT);
	import_put_raw(im, im->suite, "version", json_new_number(a, STR("1")));
	import_put(im, im->suite, "suite", import_id(a, how->name));
}

static void importer_copy(struct importer *im, struct json *to,
	const struct json *from)
{
	for (const struct json *i = from->first; i; i = i->next) {
		struct json *copy = json_new(im->a, i->type);
		if (i->type == JSON_STRING)
			copy = json_new_str(im->a, i->text);
		else if (i->type == JSON_NUMBER)
			copy = json_new_number(im->a, i->text);
		json_append(to, i->key, copy);
	}
}

/* Bytes that are no UTF-8, names above 1 KiB: no YAML file can hold them. */
static bool is_yaml(struct importer *im, struct str text)
{
	struct diags ds;

	diags_init(&ds, im->a);
	yaml_parse(im->a, source_from(im->a, STR("suite.yaml"), text), &ds);
	if (ds.errors == 0)
		return true;
	import_syntax(im, (struct span){ .src = im->src },
		"it can not be written as YAML: %.*s", STR_ARG(ds.first->text));
	return false;
}

bool importer_end(struct importer *im, struct str *ret_text)
{
	struct buf out;

	if (im->how->vars)
		importer_copy(im, im->vars, im->how->vars);
	if (im->steps->count == 0 && im->ds->errors == 0)
		import_syntax(im, (struct span){ .src = im->src },
			"there is no request in it");
	if (im->ds->errors)
		return false;
	if (im->left_out) {
		import_put(im, im->suite, "description",
			arena_printf(im->a,
				"Imported in part: %u construct%s left out.",
				im->left_out,
				im->left_out == 1 ? " was" : "s were"));
		import_put(im, im->suite, "gate", STR("observe"));
	}
	if (im->vars->count)
		import_put_raw(im, im->suite, "vars", im->vars);
	if (im->secrets->count)
		import_put_raw(im, im->suite, "secrets", im->secrets);
	import_put_raw(im, im->suite, "steps", im->steps);
	buf_init(&out, IMPORT_TEXT_MAX);
	import_write(&out, im->suite);
	bool ok = !out.over && is_yaml(im, buf_str(&out));
	if (ok)
		*ret_text = arena_str(im->a, buf_str(&out));
	else if (out.over)
		import_syntax(im, (struct span){ .src = im->src },
			"the suite would be above %d MiB",
			IMPORT_TEXT_MAX >> 20);
	buf_done(&out);
	return ok;
}

/* --- what can not be said --- */

void import_cannot(struct importer *im, struct span where, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str text = arena_vprintf(im->a, fmt, ap);
	va_end(ap);
	im->left_out++;
	if (im->how->partial) {
		diag_add(im->ds, DIAG_WARNING, W131, where, "left out: %.*s",
			STR_ARG(text));
		return;
	}
	diag_add(im->ds, DIAG_ERROR, E81, where, "can not be imported: %.*s",
		STR_ARG(text));
}

void import_syntax(struct importer *im, struct span where, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str text = arena_vprintf(im->a, fmt, ap);
	va_end(ap);
	diag_add(im->ds, DIAG_ERROR, E82, where, "%.*s", STR_ARG(text));
}

void import_note(struct importer *im, struct span where, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str text = arena_vprintf(im->a, fmt, ap);
	va_end(ap);
	diag_add(im->ds, DIAG_WARNING, W132, where, "%.*s", STR_ARG(text));
}

/* --- the tree --- */

static struct json *child(struct importer *im, struct json *parent,
	const char *key, enum json_type type)
{
	for (struct json *i = parent->first; i; i = i->next)
		if (str_eq(i->key, str_from(key)))
			return i;
	struct json *made = json_new(im->a, type);
	json_append(parent, str_from(key), made);
	return made;
}

struct json *import_map(struct importer *im, struct json *parent,
	const char *key)
{
	return child(im, parent, key, JSON_OBJECT);
}

struct json *import_list(struct importer *im, struct json *parent,
	const char *key)
{
	return child(im, parent, key, JSON_ARRAY);
}

void import_put_raw(struct importer *im, struct json *map, const char *key,
	struct json *value)
{
	(void)im;
	json_append(map, str_from(key), value);
}

void import_put(struct importer *im, struct json *map, const char *key,
	struct str value)
{
	import_put_raw(im, map, key, json_new_str(im->a, value));
}

bool import_has(const struct json *map, const char *key)
{
	return json_get(map, str_from(key)) != NULL;
}

/* Takes the member out; its place is lost. */
static struct json *take_out(struct json *map, struct str name)
{
	struct json *before = NULL;

	for (struct json *i = map->first; i; before = i, i = i->next) {
		if (!str_eq(i->key, name))
			continue;
		if (before)
			before->next = i->next;
		else
			map->first = i->next;
		if (map->last == i)
			map->last = before;
		map->count--;
		i->next = NULL;
		i->up = NULL;
		return i;
	}
	return NULL;
}

void import_add_value(struct importer *im, struct json *map, struct str name,
	struct str value)
{
	struct json *had = take_out(map, name);
	struct json *now = json_new_str(im->a, value);

	if (!had) {
		json_append(map, arena_str(im->a, name), now);
		return;
	}
	struct json *list = had;
	if (had->type != JSON_ARRAY) {
		list = json_new(im->a, JSON_ARRAY);
		json_append(list, STR_NONE, json_new_str(im->a, had->text));
	}
	json_append(list, STR_NONE, now);
	json_append(map, arena_str(im->a, name), list);
}

/* --- steps --- */

static bool name_taken(const struct importer *im, struct str name)
{
	for (const struct json *s = im->steps->first; s; s = s->next)
		if (str_eq(json_get_str(s, "name"), name))
			return true;
	return false;
}

/* "GET /orders": what a person looks for in a report. */
static struct str step_name(struct importer *im, struct str method,
	struct str url)
{
	size_t at = str_find(url, STR("://"), 0);
	struct buf b;
	uint32_t point;

	if (at != SIZE_MAX) {
		at = str_find_byte(url, '/', at + 3);
		url = at == SIZE_MAX ? STR("/") : str_sub(url, at, url.len);
	}
	at = str_find_byte(url, '?', 0);
	url = str_sub(url, 0, at);
	buf_init(&b, 8UL * IMPORT_NAME_CODEPOINTS);
	buf_addf(&b, "%.*s ", STR_ARG(method));
	at = 0;
	for (int n = 0; n < IMPORT_NAME_CODEPOINTS && at < url.len; n++) {
		size_t len = str_decode(url, at, &point);
		if (point > 0x20 && point != 0x7f && point != STR_BAD_POINT &&
			!strchr("${}", url.ptr[at]))
			buf_add(&b, str_sub(url, at, len));
		at += len;
	}
	struct str name = arena_str(im->a, buf_str(&b));
	buf_done(&b);
	struct str unique = name;
	for (unsigned n = 2; name_taken(im, unique); n++)
		unique = arena_printf(im->a, "%.*s (%u)", STR_ARG(name), n);
	return unique;
}

static struct str relative(const struct importer *im, struct str url)
{
	struct str base = im->how->base_url;

	while (base.len && base.ptr[base.len - 1] == '/')
		base.len--;
	if (!base.len || !str_starts(url, base))
		return url;
	url = str_sub(url, base.len, url.len);
	if (url.len == 0)
		return STR("/");
	return url.ptr[0] == '/' || url.ptr[0] == '?' ? url : STR_NONE;
}

struct json *import_step(struct importer *im, struct str method, struct str url,
	struct span where)
{
	struct json *step;
	struct str short_url = relative(im, url);

	if (im->steps->count >= IMPORT_STEPS_MAX) {
		import_syntax(im, where, "more than %d requests",
			IMPORT_STEPS_MAX);
		return NULL;
	}
	step = json_new(im->a, JSON_OBJECT);
	import_put(im, step, "name", step_name(im, method, url));
	json_append(im->steps, STR_NONE, step);
	if (!short_url.ptr)
		short_url = url;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (str_eq(str_from(actions[i][0]), method)) {
			import_put(im, step, actions[i][1], short_url);
			return step;
		}
	struct json *request = import_map(im, step, "request");
	import_put(im, request, "method", method);
	import_put(im, request, "url", short_url);
	return step;
}

struct str import_secret(struct importer *im, struct str name, struct str env)
{
	if (!json_get(im->secrets, name) && !json_get(im->vars, name)) {
		struct json *from = json_new(im->a, JSON_OBJECT);
		import_put(im, from, "env", env);
		json_append(im->secrets, arena_str(im->a, name), from);
	}
	return arena_printf(im->a, "${%.*s}", STR_ARG(name));
}

/* --- text --- */

void import_add_literal(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '$' && i + 1 < text.len &&
			text.ptr[i + 1] == '{')
			buf_add_byte(out, '$');
		buf_add_byte(out, text.ptr[i]);
	}
}

struct str import_literal(struct arena *a, struct str text)
{
	struct buf b;

	buf_init(&b, 2UL * IMPORT_BYTES_MAX);
	import_add_literal(&b, text);
	struct str s = b.len ? arena_str(a, buf_str(&b)) : STR("");
	buf_done(&b);
	return s;
}

struct str import_id(struct arena *a, struct str text)
{
	char id[ID_CHARS_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < text.len && n < ID_CHARS_MAX; i++) {
		char c = text.ptr[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			id[n++] = c;
		else if (n && id[n - 1] != '-')
			id[n++] = '-';
	}
	while (n && id[n - 1] == '-')
		n--;
	return n ? arena_str(a, (struct str){ id, n }) : STR("imported");
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool import_unbase64(struct arena *a, struct str text, struct str *ret)
{
	char *packed = arena_alloc(a, text.len + 4);
	char *bytes = arena_alloc(a, text.len + 4);
	size_t n = 0;
	size_t len = text.len + 4;

	for (size_t i = 0; i < text.len; i++)
		if (!is_space(text.ptr[i]))
			packed[n++] = text.ptr[i];
	while (n % 4)
		packed[n++] = '=';
	if (!crypto_base64_decode((struct str){ packed, n }, false, bytes,
		    &len))
		return false;
	*ret = arena_str(a, (struct str){ bytes, len });
	return true;
}

bool import_unhex(struct arena *a, struct str text, struct str *ret)
{
	char *bytes = arena_alloc(a, text.len / 2 + 1);
	size_t n = 0;
	int high = -1;

	for (size_t i = 0; i < text.len; i++) {
		int digit = str_hex_digit(text.ptr[i]);
		if (is_space(text.ptr[i]))
			continue;
		if (digit < 0)
			return false;
		if (high < 0) {
			high = digit;
			continue;
		}
		bytes[n++] = (char)(high * 16 + digit);
		high = -1;
	}
	if (high >= 0)
		return false;
	*ret = arena_str(a, (struct str){ bytes, n });
	return true;
}

void import_body(struct importer *im, struct json *step, struct str body)
{
	struct buf b;

	if (str_is_utf8(body) && memchr(body.ptr, 0, body.len) == NULL) {
		import_put(im, step, "body", import_literal(im->a, body));
		return;
	}
	buf_init(&b, 2UL * IMPORT_BYTES_MAX);
	buf_add_base64(&b, body, false);
	import_put(im, step, "body_base64", buf_str(&b));
	buf_done(&b);
}

struct str import_type(struct str path)
{
	static const char *const types[][2] = { { ".gif", "image/gif" },
		{ ".jpg", "image/jpeg" }, { ".jpeg", "image/jpeg" },
		{ ".png", "image/png" }, { ".svg", "image/svg+xml" },
		{ ".txt", "text/plain" }, { ".htm", "text/html" },
		{ ".html", "text/html" }, { ".pdf", "application/pdf" },
		{ ".xml", "application/xml" } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_ends(path, str_from(types[i][0])))
			return str_from(types[i][1]);
	return STR("application/octet-stream");
}

struct json *import_value(struct arena *a, struct str text)
{
	struct json_error why;
	const struct json *j = json_parse(a, text, &json_limits_default, &why);

	if (j && j->type == JSON_NUMBER)
		return json_new_number(a, j->text);
	if (j && (j->type == JSON_TRUE || j->type == JSON_FALSE))
		return json_new_bool(a, j->type == JSON_TRUE);
	if (j && j->type == JSON_NULL)
		return json_new(a, JSON_NULL);
	if (j && j->type == JSON_STRING)
		return json_new_str(a, import_literal(a, j->text));
	return json_new_str(a, import_literal(a, text));
}
