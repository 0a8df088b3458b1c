#include <ctype.h>
#include <string.h>

#include "suites/import_parts.h"
#include "suites/load.h"

/*
 * HAR 1.2, what a browser saved of a visit.  A page's pictures, fonts, styles
 * and scripts are no smoke test and are left out; of the headers stay those
 * that say something about the request and nothing about the browser.
 */
enum { HAR_TEXT_MAX = 2 * IMPORT_BYTES_MAX };

static struct span span_of(const struct importer *im, const struct json *j)
{
	return (struct span){ im->src, j->at, j->at + 1 };
}

/* --- what is left out --- */

static bool is_static_type(struct str type)
{
	static const char *const words[] = { "image/", "font/", "text/css",
		"javascript", "video/", "audio/", "application/wasm",
		"application/font" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_find(type, str_from(words[i]), 0) != SIZE_MAX)
			return true;
	return false;
}

static bool is_static_path(struct str url)
{
	static const char *const ends[] = { ".png", ".jpg", ".jpeg", ".gif",
		".svg", ".ico", ".webp", ".avif", ".css", ".js", ".mjs", ".map",
		".woff", ".woff2", ".ttf", ".otf", ".mp4", ".webm", ".mp3",
		".wasm" };
	struct str path = str_sub(url, 0, str_find_byte(url, '?', 0));

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (str_ends(path, str_from(ends[i])))
			return true;
	return false;
}

static bool is_static(const struct json *entry, struct str url)
{
	static const char *const kinds[] = { "image", "font", "stylesheet",
		"script", "media", "manifest", "websocket", "preflight" };
	struct str kind = json_get_str(entry, "_resourceType");
	const struct json *response = json_get(entry, STR("response"));
	const struct json *content = json_get(response, STR("content"));

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(kind, str_from(kinds[i])))
			return true;
	return is_static_path(url) ||
	       is_static_type(json_get_str(content, "mimeType"));
}

/* Headers of the browser, of the connection, and of the copy. */
static bool is_idle_header(struct str name)
{
	static const char *const names[] = { "accept-encoding",
		"accept-language", "cache-control", "connection",
		"content-length", "dnt", "host", "if-modified-since",
		"if-none-match", "keep-alive", "origin", "pragma", "priority",
		"proxy-connection", "referer", "te", "transfer-encoding",
		"upgrade", "upgrade-insecure-requests", "user-agent" };

	if (name.len == 0 || name.ptr[0] == ':' ||
		(name.len > 4 &&
			str_eq_nocase(str_sub(name, 0, 4), STR("sec-"))))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq_nocase(name, str_from(names[i])))
			return true;
	return false;
}

/* --- secrets --- */

static struct str secret(struct importer *im, struct str name,
	struct span where)
{
	char low[41];
	char up[41];
	size_t n = 0;

	for (size_t i = 0; i < name.len && n < 40; i++) {
		unsigned char c = (unsigned char)name.ptr[i];
		low[n] = (char)(isalnum(c) ? tolower(c) : '_');
		up[n] = (char)toupper((unsigned char)low[n]);
		n++;
	}
	low[n] = up[n] = '\0';
	struct str as = arena_printf(im->a, "%s%s",
		isalpha((unsigned char)low[0]) ? "" : "secret_", low);
	if (!json_get(im->secrets, as))
		import_note(im, where,
			"the value of %.*s is not copied: it will be read from "
			"$%s",
			STR_ARG(name), up);
	return import_secret(im, as, arena_str(im->a, str_from(up)));
}

static bool is_secret_header(struct str name)
{
	return str_eq_nocase(name, STR("Authorization")) ||
	       str_eq_nocase(name, STR("Cookie")) || name_looks_secret(name);
}

static void put_header(struct importer *im, struct json *headers,
	const struct json *header)
{
	struct str name = json_get_str(header, "name");
	struct str value = json_get_str(header, "value");
	struct str rest = value;

	if (!value.ptr || is_idle_header(name) ||
		str_eq_nocase(name, STR("Content-Type")))
		return;
	if (!is_secret_header(name)) {
		import_add_value(im, headers, name,
			import_literal(im->a, value));
		return;
	}
	/* the kind of an Authorization is none */
	struct str kind = str_cut(&rest, ' ');
	struct str text = secret(im, name, span_of(im, header));
	if (str_eq_nocase(name, STR("Authorization")) && rest.ptr)
		text = arena_printf(im->a, "%.*s %.*s", STR_ARG(kind),
			STR_ARG(text));
	import_add_value(im, headers, name, text);
}

/* A URL or form body: the values of secret names are taken out. */
static struct str pairs_clean(struct importer *im, struct str pairs,
	struct span where)
{
	struct buf b;

	buf_init(&b, HAR_TEXT_MAX);
	while (pairs.ptr) {
		struct str value = str_cut(&pairs, '&');
		struct str name = str_cut(&value, '=');
		if (b.len)
			buf_add_byte(&b, '&');
		import_add_literal(&b, name);
		if (!value.ptr)
			continue;
		buf_add_byte(&b, '=');
		if (value.len && name_looks_secret(name))
			buf_add(&b, secret(im, name, where));
		else
			import_add_literal(&b, value);
	}
	struct str s = b.len ? arena_str(im->a, buf_str(&b)) : STR("");
	buf_done(&b);
	return s;
}

static struct str url_clean(struct importer *im, struct str url,
	struct span where)
{
	struct str query;
	size_t hash = str_find_byte(url, '#', 0);
	size_t at;

	url = str_sub(url, 0, hash);
	at = str_find_byte(url, '?', 0);
	if (at == SIZE_MAX)
		return import_literal(im->a, url);
	query = pairs_clean(im, str_sub(url, at + 1, url.len), where);
	return arena_printf(im->a, "%.*s?%.*s",
		STR_ARG(import_literal(im->a, str_sub(url, 0, at))),
		STR_ARG(query));
}

/* --- bodies --- */

/* NOLINTBEGIN(misc-no-recursion): as deep as the JSON reader lets it be */
static struct json *json_clean(struct importer *im, const struct json *from,
	struct span where)
{
	struct json *to = json_new(im->a, from->type);

	if (from->type == JSON_STRING && from->text.len && from->key.ptr &&
		name_looks_secret(from->key))
		return json_new_str(im->a, secret(im, from->key, where));
	if (from->type == JSON_STRING)
		return json_new_str(im->a, import_literal(im->a, from->text));
	if (from->type == JSON_NUMBER)
		return json_new_number(im->a, from->text);
	if (from->type != JSON_ARRAY && from->type != JSON_OBJECT)
		return to;
	for (const struct json *i = from->first; i; i = i->next)
		json_append(to, i->key, json_clean(im, i, where));
	return to;
}
/* NOLINTEND(misc-no-recursion) */

/* What can not be written in YAML with its keys as they are stays text. */
static bool body_json(struct importer *im, struct json *step, struct str text,
	struct span where)
{
	struct json_error why;
	struct json_limits limits = { 32, 20000, IMPORT_BYTES_MAX };
	const struct json *j = json_parse(im->a, text, &limits, &why);

	if (!j || j->count == 0)
		return false;
	import_put_raw(im, step, "json", json_clean(im, j, where));
	return true;
}

static void body_params(struct importer *im, struct json *step,
	const struct json *params)
{
	struct json *form = import_map(im, step, "form");

	for (const struct json *p = params->first; p; p = p->next) {
		struct str name = json_get_str(p, "name");
		struct str value = json_get_str(p, "value");
		if (!name.ptr)
			continue;
		import_add_value(im, form, name,
			value.len && name_looks_secret(name)
				? secret(im, name, span_of(im, p))
				: import_literal(im->a,
					  value.ptr ? value : STR("")));
	}
}

static void put_body(struct importer *im, struct json *step,
	struct json *headers, const struct json *post)
{
	struct str type = json_get_str(post, "mimeType");
	struct str text = json_get_str(post, "text");
	const struct json *params = json_get(post, STR("params"));
	bool form = str_starts(type, STR("application/x-www-form-urlencoded"));

	if (!post || (!text.len && (!params || params->count == 0)))
		return;
	if (str_starts(type, STR("multipart/"))) {
		import_cannot(im, span_of(im, post),
			"a multipart body: a HAR does not hold its files");
		return;
	}
	if (type.len)
		import_put(im, headers, "Content-Type", type);
	if (form && params && params->count) {
		body_params(im, step, params);
	} else if (form) {
		import_put(im, step, "body",
			pairs_clean(im, text, span_of(im, post)));
	} else if (str_find(type, STR("json"), 0) == SIZE_MAX ||
		   !body_json(im, step, text, span_of(im, post))) {
		import_body(im, step, text);
	}
}

/* --- entries --- */

static bool put_entry(struct importer *im, const struct json *entry)
{
	const struct json *request = json_get(entry, STR("request"));
	const struct json *response = json_get(entry, STR("response"));
	const struct json *headers = json_get(request, STR("headers"));
	struct str method = json_get_str(request, "method");
	struct str url = json_get_str(request, "url");
	int64_t status = json_get_i64(response, "status", 0);
	struct span where = span_of(im, entry);

	if (!method.len || !url.len) {
		import_syntax(im, where, "an entry without a method or URL");
		return false;
	}
	if (!str_starts(url, STR("http://")) &&
		!str_starts(url, STR("https://"))) {
		import_note(im, where, "%.*s is not HTTP: left out",
			STR_ARG(str_sub(url, 0, 60)));
		return true;
	}
	if (is_static(entry, url))
		return true;
	if (status < 100 || status > 599) {
		import_note(im, where,
			"%.*s got no answer in the browser: left out",
			STR_ARG(str_sub(url, 0, 60)));
		return true;
	}
	struct json *step =
		import_step(im, method, url_clean(im, url, where), where);
	if (!step)
		return false;
	struct json *to = json_new(im->a, JSON_OBJECT);
	put_body(im, step, to, json_get(request, STR("postData")));
	for (const struct json *h = headers ? headers->first : NULL; h;
		h = h->next)
		put_header(im, to, h);
	if (to->count)
		import_put_raw(im, step, "headers", to);
	import_put_raw(im, import_map(im, step, "expect"), "status",
		json_new_number(im->a, arena_printf(im->a, "%d", (int)status)));
	return true;
}

bool import_har(struct arena *a, const struct source *src,
	const struct import_how *how, struct diags *ds, struct str *ret_text)
{
	struct importer im;
	struct json_error why;
	struct json_limits limits = { 64, 2000000, IMPORT_BYTES_MAX };

	importer_init(&im, a, src, how, ds);
	const struct json *root = json_parse(a, src->text, &limits, &why);
	if (!root) {
		struct span where = { src, (uint32_t)why.at, (uint32_t)why.at };
		import_syntax(&im, where, "not JSON: %s", why.text);
		return false;
	}
	const struct json *entries =
		json_get(json_get(root, STR("log")), STR("entries"));
	if (!entries || entries->type != JSON_ARRAY) {
		import_syntax(&im, span_of(&im, root),
			"no HAR: there is no list log.entries");
		return false;
	}
	for (const struct json *e = entries->first; e; e = e->next)
		if (!put_entry(&im, e))
			return false;
	return importer_end(&im, ret_text);
}
