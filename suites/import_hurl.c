#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "suites/import_hurl.h"

/*
 * Hurl files (Hurl 7) as suites: an entry becomes a step.  What Hurl checks
 * without a word, and what it does not check, is written out: an entry that
 * says nothing about the status takes any.
 */
enum { SUITE_TIMEOUT_MS = 60000 };

/* --- sections --- */

struct section {
	const char *name;
	bool response;
	bool (*line)(struct hurl *h, const struct section *s);
	const char *key; /* of the step */
};

/* `name: value` lines: headers, [Query], [Form], [Cookies] */
static bool pair_line(struct hurl *h, const struct section *s)
{
	struct json *map = import_map(&h->im, h->step, s->key);
	unsigned left_out = h->im.left_out;
	size_t from = h->at;
	struct hurl_text name;
	struct hurl_text value;

	if (!hurl_text(h, HURL_KEY, &name))
		return false;
	hurl_plain(h, &name, from, "a name");
	if (!hurl_take(h, ":"))
		return hurl_bad(h, "`:` is expected");
	hurl_spaces(h);
	if (!hurl_text(h, HURL_VALUE, &value))
		return false;
	if (h->im.left_out == left_out)
		import_add_value(&h->im, map, name.raw, value.text);
	return hurl_eol(h);
}

static bool basic_line(struct hurl *h, const struct section *s)
{
	struct hurl_text name;
	struct hurl_text value;

	(void)s;
	if (!hurl_text(h, HURL_KEY, &name) || !hurl_take(h, ":"))
		return hurl_bad(h, "`:` is expected");
	hurl_spaces(h);
	if (!hurl_text(h, HURL_VALUE, &value))
		return false;
	h->user = arena_printf(h->im.a, "%.*s:%.*s", STR_ARG(name.text),
		STR_ARG(value.text));
	return hurl_eol(h);
}

/* file,NAME; TYPE */
static bool part_file(struct hurl *h, struct json *parts, struct str name)
{
	struct json *part = json_new(h->im.a, JSON_OBJECT);
	struct hurl_body file;
	struct hurl_text type;

	if (!hurl_bytes(h, &file))
		return false;
	hurl_spaces(h);
	if (!hurl_text(h, HURL_VALUE, &type))
		return false;
	import_put(&h->im, part, "file", file.text);
	import_put(&h->im, part, "type",
		type.text.len ? type.text : import_type(file.text));
	/* NOLINTNEXTLINE(readability-suspicious-call-argument) */
	json_append(parts, arena_str(h->im.a, name), part);
	return true;
}

static bool part_line(struct hurl *h, const struct section *s)
{
	struct json *parts = import_map(&h->im, h->step, s->key);
	size_t from = h->at;
	struct hurl_text name;
	struct hurl_text value;

	if (!hurl_text(h, HURL_KEY, &name))
		return false;
	hurl_plain(h, &name, from, "a name");
	if (!hurl_take(h, ":"))
		return hurl_bad(h, "`:` is expected");
	hurl_spaces(h);
	if (json_get(parts, name.raw)) {
		import_cannot(&h->im, hurl_span(h, from),
			"a second part of the same name");
		name.raw = arena_printf(h->im.a, "%.*s-", STR_ARG(name.raw));
	}
	if (hurl_ahead(h, "file,"))
		return part_file(h, parts, name.raw) && hurl_eol(h);
	if (!hurl_text(h, HURL_VALUE, &value))
		return false;
	json_append(parts, arena_str(h->im.a, name.raw),
		json_new_str(h->im.a, value.text));
	return hurl_eol(h);
}

static bool option_line(struct hurl *h, const struct section *s)
{
	(void)s;
	return hurl_option(h);
}

static bool capture_line(struct hurl *h, const struct section *s)
{
	(void)s;
	return hurl_capture(h);
}

static bool assert_line(struct hurl *h, const struct section *s)
{
	(void)s;
	return hurl_assert(h);
}

static const struct section header_section = { "", false, pair_line,
	"headers" };

static const struct section sections[] = { { "QueryStringParams", false,
						   pair_line, "query" },
	{ "Query", false, pair_line, "query" },
	{ "FormParams", false, pair_line, "form" },
	{ "Form", false, pair_line, "form" },
	{ "MultipartFormData", false, part_line, "multipart" },
	{ "Multipart", false, part_line, "multipart" },
	{ "Cookies", false, pair_line, "cookies" },
	{ "BasicAuth", false, basic_line, NULL },
	{ "Options", false, option_line, NULL },
	{ "Captures", true, capture_line, NULL },
	{ "Asserts", true, assert_line, NULL } };

/* The end of the request or response, or the next section. */
static bool section_over(const struct hurl *h)
{
	char c = hurl_peek(h);
	size_t i = h->at;

	if (h->at >= h->s.len || c == '[')
		return true;
	if (hurl_ahead(h, "HTTP") && i + 4 < h->s.len &&
		strchr(" \t/\r\n", h->s.ptr[i + 4]))
		return true;
	while (i < h->s.len && isupper((unsigned char)h->s.ptr[i]))
		i++;
	return i > h->at && i < h->s.len &&
	       (h->s.ptr[i] == ' ' || h->s.ptr[i] == '\t');
}

/* `name: value`, and no body? */
static bool pair_ahead(const struct hurl *h)
{
	size_t i = h->at;

	while (i < h->s.len) {
		char c = h->s.ptr[i];
		if (c == '{' && i + 1 < h->s.len && h->s.ptr[i + 1] == '{') {
			i = str_find(h->s, STR("}}"), i);
			if (i == SIZE_MAX)
				return false;
			i += 2;
		} else if (isalnum((unsigned char)c) ||
			   (c && strchr("_-.@$[]", c))) {
			i++;
		} else if (c == '\\') {
			bool point =
				str_starts(str_sub(h->s, i, 3), STR("\\u{"));
			size_t end = str_find_byte(h->s, '}', i);
			if (point && end == SIZE_MAX)
				return false;
			i = point ? end + 1 : i + 2;
		} else {
			break;
		}
	}
	while (i < h->s.len && (h->s.ptr[i] == ' ' || h->s.ptr[i] == '\t'))
		i++;
	return i > h->at && i < h->s.len && h->s.ptr[i] == ':';
}

static bool read_section(struct hurl *h, bool response)
{
	size_t from = h->at++;
	const struct section *s = NULL;

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (sections[i].response == response &&
			hurl_word(h, sections[i].name)) {
			s = &sections[i];
			break;
		}
	if (!s || !hurl_take(h, "]")) {
		h->at = from;
		return hurl_bad(h,
			response ? "[Captures] or [Asserts] is expected"
				 : "an unknown section of a request");
	}
	if (!hurl_eol(h))
		return false;
	for (;;) {
		hurl_gap(h);
		if (section_over(h))
			return true;
		/* a body behind [Query], or behind [Asserts] */
		if (s->line == assert_line
				? hurl_body_ahead(h) && !pair_ahead(h)
				: !pair_ahead(h))
			return true;
		if (!s->line(h, s))
			return false;
	}
}

static bool read_sections(struct hurl *h, bool response)
{
	hurl_gap(h);
	while (hurl_peek(h) == '[' && !hurl_body_ahead(h)) {
		if (!read_section(h, response))
			return false;
		hurl_gap(h);
	}
	return true;
}

/* --- the request --- */

static void put_body(struct hurl *h, const struct hurl_body *b)
{
	struct json *headers;
	bool typed = false;

	h->has_body = true;
	if (b->kind == HURL_BODY_FILE)
		import_put(&h->im, h->step, "body_file", b->text);
	else if (b->kind == HURL_BODY_BYTES)
		import_body(&h->im, h->step, b->text);
	else
		import_put(&h->im, h->step, "body", b->text);
	if (!b->type)
		return;
	headers = import_map(&h->im, h->step, "headers");
	for (const struct json *i = headers->first; i; i = i->next)
		typed |= str_eq_nocase(i->key, STR("Content-Type"));
	if (!typed)
		import_put(&h->im, headers, "Content-Type", str_from(b->type));
}

/* Hurl takes absolute URLs alone; Andon would put base_url before others. */
static bool url_usable(const struct hurl *h, const struct hurl_text *url)
{
	struct str start = url->text;
	const struct json *value;

	if (str_starts(start, STR("${"))) {
		size_t end = str_find_byte(start, '}', 0);
		value = json_get(h->im.how->vars,
			str_sub(start, 2, end == SIZE_MAX ? 0 : end - 2));
		if (!value || value->type != JSON_STRING)
			return true;
		start = value->text;
		if (end + 1 < url->text.len && start.len < 8)
			return true;
	}
	return str_starts(start, STR("http://")) ||
	       str_starts(start, STR("https://"));
}

static bool request_line(struct hurl *h, bool *ret_left)
{
	size_t from = h->at;
	struct hurl_text url;

	while (isupper((unsigned char)hurl_peek(h)))
		h->at++;
	struct str method = str_sub(h->s, from, h->at - from);
	if (method.len == 0 || (hurl_peek(h) != ' ' && hurl_peek(h) != '\t')) {
		h->at = from;
		return hurl_bad(h, "a request, such as `GET http://...`, is "
				   "expected");
	}
	hurl_spaces(h);
	if (!hurl_text(h, HURL_VALUE, &url))
		return false;
	if (!url_usable(h, &url))
		return hurl_bad(h, "a URL of http:// or https:// is expected");
	h->step = import_step(&h->im, method, url.text, hurl_span(h, from));
	*ret_left = h->step == NULL;
	return h->step ? hurl_eol(h) : false;
}

static bool read_request(struct hurl *h)
{
	struct hurl_body body;
	bool left;

	if (!request_line(h, &left))
		return false;
	hurl_gap(h);
	while (!section_over(h) && pair_ahead(h)) {
		if (!pair_line(h, &header_section))
			return false;
		hurl_gap(h);
	}
	if (!read_sections(h, false))
		return false;
	if (section_over(h) && !hurl_body_ahead(h))
		return true;
	if (!hurl_body_ahead(h))
		return hurl_bad(h, "a header, a section, a body or a response "
				   "is expected");
	if (!hurl_body(h, &body))
		return false;
	put_body(h, &body);
	return hurl_eol(h);
}

/* --- the response --- */

static bool status_line(struct hurl *h, struct json *expect)
{
	static const char *const versions[][2] = { { "/1.0", "1.0" },
		{ "/1.1", "1.1" }, { "/2", "2" }, { "/3", "3" },
		{ "/*", NULL } };
	struct str digits;
	size_t from;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (hurl_take(h, versions[i][0])) {
			if (versions[i][1])
				import_put(&h->im, expect, "version",
					str_from(versions[i][1]));
			break;
		}
	hurl_spaces(h);
	from = h->at;
	if (hurl_take(h, "*"))
		return hurl_eol(h);
	while (isdigit((unsigned char)hurl_peek(h)))
		h->at++;
	digits = str_sub(h->s, from, h->at - from);
	if (digits.len == 0)
		return from < h->s.len && hurl_peek(h) != '\n' &&
				       hurl_peek(h) != '\r' &&
				       hurl_peek(h) != '#'
			       ? hurl_bad(h, "a status or `*` is expected")
			       : hurl_eol(h);
	import_put_raw(&h->im, expect, "status",
		json_new_number(h->im.a, digits));
	return hurl_eol(h);
}

/* One of the values must be it, when the header comes more than once. */
static bool header_check(struct hurl *h)
{
	struct json *check = json_new(h->im.a, JSON_OBJECT);
	struct hurl_text name;
	struct hurl_text value;
	unsigned left_out = h->im.left_out;
	struct str text;

	if (!hurl_text(h, HURL_KEY, &name) || !hurl_take(h, ":"))
		return hurl_bad(h, "`:` is expected");
	hurl_spaces(h);
	if (!hurl_text(h, HURL_VALUE, &value))
		return false;
	text = hurl_as_text(h, &value);
	import_put(&h->im, check, "header", name.text);
	if (str_eq_nocase(name.raw, STR("Set-Cookie"))) {
		struct json *any = import_list(&h->im, check, "anyOf");
		struct json *one = json_new(h->im.a, JSON_OBJECT);
		struct json *many = json_new(h->im.a, JSON_OBJECT);
		import_put(&h->im, one, "equals", text);
		import_put(&h->im, import_map(&h->im, many, "any"), "equals",
			text);
		json_append(any, STR_NONE, one);
		json_append(any, STR_NONE, many);
	} else {
		import_put(&h->im, check, "equals", text);
	}
	if (h->im.left_out == left_out)
		json_append(h->checks, STR_NONE, check);
	return hurl_eol(h);
}

static bool read_response(struct hurl *h, struct json *expect)
{
	struct hurl_body body;
	size_t from;

	if (!hurl_take(h, "HTTP"))
		return true;
	if (!status_line(h, expect))
		return false;
	h->asserts = true;
	hurl_gap(h);
	while (!section_over(h) && pair_ahead(h)) {
		if (!header_check(h))
			return false;
		hurl_gap(h);
	}
	if (!read_sections(h, true))
		return false;
	from = h->at;
	if (!hurl_body_ahead(h))
		return true;
	if (!hurl_body(h, &body))
		return false;
	hurl_body_check(h, &body, from);
	return hurl_eol(h);
}

/* --- entries --- */

/* The keys of a step in the order in which people read them. */
static void step_order(struct hurl *h)
{
	static const char *const order[] = { "name", "get", "post", "put",
		"patch", "delete", "head", "options", "request", "query",
		"headers", "cookies", "auth", "vars", "form", "multipart",
		"body", "body_file", "body_base64", "http", "timeout", "retry",
		"expect", "checks", "capture" };
	struct json *members = h->step->first;
	struct json *next;

	h->step->first = h->step->last = NULL;
	h->step->count = 0;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (struct json *m = members; m; m = next) {
			next = m->next;
			if (!str_eq(m->key, str_from(order[i])))
				continue;
			struct json *copy = json_new(h->im.a, m->type);
			*copy = *m;
			copy->next = NULL;
			copy->up = NULL;
			if (copy->type > JSON_STRING && copy->count == 0)
				continue;
			json_append(h->step, str_from(order[i]), copy);
		}
}

static struct json *step_copy(struct hurl *h, unsigned n)
{
	struct json *copy = json_new(h->im.a, JSON_OBJECT);

	for (const struct json *m = h->step->first; m; m = m->next) {
		struct json *one = json_new(h->im.a, m->type);
		*one = *m;
		one->next = NULL;
		one->up = NULL;
		if (str_eq(m->key, STR("name")))
			one = json_new_str(h->im.a,
				arena_printf(h->im.a, "%.*s, again %u",
					STR_ARG(m->text), n));
		json_append(copy, m->key, one);
	}
	return copy;
}

static void entry_start(struct hurl *h)
{
	h->own = NULL;
	h->looked = (struct strs){ 0 };
	h->step = NULL;
	h->asserts = h->skip = h->has_body = h->location = h->digest = false;
	h->repeat = 1;
	h->retries = 0;
	h->redirects = -1;
	h->delay_ms = h->retry_every_ms = 0;
	h->path_as_is = 0;
	h->user = h->aws = STR_NONE;
	h->checks = json_new(h->im.a, JSON_ARRAY);
}

/* The last step becomes what stands before it. */
static void put_delay(struct hurl *h)
{
	struct json *steps = h->im.steps;
	struct json *wait = json_new(h->im.a, JSON_OBJECT);
	struct json *before = NULL;

	if (h->delay_ms == 0)
		return;
	import_put(&h->im, wait, "name",
		arena_printf(h->im.a, "wait before %.*s",
			STR_ARG(json_get_str(h->step, "name"))));
	import_put(&h->im, wait, "wait",
		arena_printf(h->im.a, "%" PRIu64 "ms", h->delay_ms));
	for (struct json *i = steps->first; i && i != h->step; i = i->next)
		before = i;
	json_append(steps, STR_NONE, wait); /* behind; now they change places */
	h->step->next = NULL;
	wait->next = h->step;
	steps->last = h->step;
	if (before)
		before->next = wait;
	else
		steps->first = wait;
}

static void drop_step(struct hurl *h)
{
	struct json *steps = h->im.steps;
	struct json *before = NULL;

	for (struct json *i = steps->first; i != h->step; i = i->next)
		before = i;
	if (before)
		before->next = NULL;
	else
		steps->first = NULL;
	steps->last = before;
	steps->count--;
}

static void entry_end(struct hurl *h, struct json *expect)
{
	struct json *any;

	hurl_options_end(h);
	if (!json_get(expect, STR("status"))) {
		any = import_map(&h->im, expect, "status");
		import_put_raw(&h->im, any, "gte",
			json_new_number(h->im.a, STR("100")));
	}
	import_put_raw(&h->im, h->step, "expect", expect);
	import_put_raw(&h->im, h->step, "checks", h->checks);
	step_order(h);
	for (const struct hurl_own *o = h->own; o; o = o->next)
		hurl_remember(h, &h->known, o->name);
	if (h->skip || h->repeat == 0) {
		drop_step(h);
		return;
	}
	put_delay(h);
	for (int64_t n = 2;
		n <= h->repeat && h->im.steps->count < IMPORT_STEPS_MAX; n++)
		json_append(h->im.steps, STR_NONE, step_copy(h, (unsigned)n));
}

static void check_path(struct hurl *h)
{
	struct span where = { h->im.src, (uint32_t)(h->path_as_is - 1),
		(uint32_t)(h->path_as_is + 9) };

	if (h->path_as_is)
		import_cannot(&h->im, where, "the option `path-as-is`");
}

static void suite_http(struct hurl *h)
{
	struct json *http = import_map(&h->im, h->im.suite, "http");

	import_put_raw(&h->im, http, "compressed",
		json_new_bool(h->im.a, false));
	import_put(&h->im, http, "trace", STR("off"));
	import_put(&h->im, http, "max_body", STR("64MiB"));
	if (h->slow_ms == 0)
		return;
	struct str all = arena_printf(h->im.a, "%" PRIu64 "s",
		(h->slow_ms + SUITE_TIMEOUT_MS + 999) / 1000);
	import_put(&h->im, h->im.suite, "every", all);
	import_put(&h->im, h->im.suite, "timeout", all);
}

bool import_hurl(struct arena *a, const struct source *src,
	const struct import_how *how, struct diags *ds, struct str *ret_text)
{
	struct hurl *h = ARENA_NEW(a, struct hurl);

	importer_init(&h->im, a, src, how, ds);
	h->s = src->text;
	if (h->s.len > IMPORT_BYTES_MAX)
		return hurl_bad(h, "more than 16 MiB");
	if (str_starts(h->s, STR("\xef\xbb\xbf")))
		h->at = 3;
	h->set = json_new(a, JSON_OBJECT);
	for (const struct json *i = how->vars ? how->vars->first : NULL; i;
		i = i->next) {
		hurl_remember(h, &h->known, i->key);
		hurl_set(h, i->key, i);
	}
	for (hurl_gap(h); h->at < h->s.len; hurl_gap(h)) {
		struct json *expect = json_new(a, JSON_OBJECT);
		entry_start(h);
		if (!read_request(h) || !read_response(h, expect))
			return hurl_bad(h, "not a Hurl file");
		check_path(h);
		entry_end(h, expect);
	}
	suite_http(h);
	return importer_end(&h->im, ret_text);
}
