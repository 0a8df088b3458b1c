#include <ctype.h>
#include <string.h>

#include "suites/import_hurl.h"
#include "suites/jsonpath.h"

/* Queries, filters and predicates of Hurl, as checks and captures of Andon. */

enum argument { NO_ARGUMENT, TEXT_ARGUMENT, PATH_ARGUMENT, REGEX_ARGUMENT };

struct line { /* of [Asserts] or [Captures], as far as it was read */
	const char *query;  /* the extractor */
	struct json *param; /* JSON_NULL: none */
	struct json *filters;
	bool bytes;    /* a value of bytes, where Hurl has a type of its own */
	bool duration; /* in milliseconds */
	bool text;     /* text for certain */
};

static struct json *null_new(struct hurl *h)
{
	return json_new(h->im.a, JSON_NULL);
}

/* --- queries --- */

static const struct query_row {
	const char *hurl, *andon;
	enum argument argument;
	bool text;
} query_rows[] = { { "status", "status", NO_ARGUMENT, false },
	{ "version", "version", NO_ARGUMENT, true },
	{ "url", "url", NO_ARGUMENT, true }, { "ip", "ip", NO_ARGUMENT, true },
	{ "body", "body", NO_ARGUMENT, true },
	{ "bytes", "bytes", NO_ARGUMENT, false },
	{ "rawbytes", NULL, NO_ARGUMENT, false },
	{ "duration", "duration", NO_ARGUMENT, false },
	{ "sha256", "sha256", NO_ARGUMENT, false },
	{ "md5", "md5", NO_ARGUMENT, false },
	{ "redirects", "redirects", NO_ARGUMENT, false },
	{ "header", "header", TEXT_ARGUMENT, false },
	{ "cookie", "cookie", TEXT_ARGUMENT, false },
	{ "xpath", "xpath", TEXT_ARGUMENT, false },
	{ "jsonpath", "jsonpath", PATH_ARGUMENT, false },
	{ "regex", "regex", REGEX_ARGUMENT, true },
	{ "variable", "variable", TEXT_ARGUMENT, false },
	{ "certificate", "certificate", TEXT_ARGUMENT, false } };

/* Is it a JSONPath of RFC 9535?  Hurl takes some that are not. */
static void check_path(struct hurl *h, const struct hurl_text *t, size_t from)
{
	struct jsonpath_error why;

	if (t->plain && !jsonpath_parse(h->im.a, t->raw, &why))
		import_cannot(&h->im, hurl_span(h, from),
			"a JSONPath that is not of RFC 9535: %s", why.text);
}

static bool quoted(struct hurl *h, struct hurl_text *ret)
{
	hurl_spaces(h);
	if (hurl_peek(h) != '"')
		return hurl_bad(h, "text in quotes is expected");
	return hurl_text(h, HURL_QUOTED, ret);
}

static char low(char c)
{
	if (c == '-')
		return '_';
	return (char)tolower((unsigned char)c);
}

/* "Start-Date" is start_date. */
static struct str certificate_field(struct hurl *h, struct str name)
{
	struct buf b;

	buf_init(&b, 256);
	for (size_t i = 0; i < name.len && i < 100; i++)
		buf_add_byte(&b, low(name.ptr[i]));
	struct str s = b.len ? arena_str(h->im.a, buf_str(&b)) : STR("");
	buf_done(&b);
	return s;
}

/* A variable that this entry has captured is what it was captured from. */
static bool own_variable(struct hurl *h, struct str name, struct line *l)
{
	for (const struct hurl_own *o = h->own; o; o = o->next) {
		if (!str_eq(o->name, name))
			continue;
		l->query = o->query->key.ptr;
		l->bytes = str_eq(o->query->key, STR("bytes"));
		l->duration = str_eq(o->query->key, STR("duration"));
		l->param = o->query->type == JSON_STRING
				   ? json_new_str(h->im.a, o->query->text)
				   : null_new(h);
		for (const struct json *i = o->filters ? o->filters->first
						       : NULL;
			i; i = i->next) {
			struct json *copy = json_new(h->im.a, i->type);
			*copy = *i;
			copy->next = NULL;
			copy->up = NULL;
			json_append(l->filters, STR_NONE, copy);
		}
		return true;
	}
	return false;
}

static bool query_argument(struct hurl *h, const struct query_row *row,
	size_t from, struct line *l)
{
	struct hurl_text t;
	struct str regex;

	if (row->argument == NO_ARGUMENT)
		return true;
	hurl_spaces(h);
	if (row->argument == REGEX_ARGUMENT) {
		if (!hurl_regex(h, &regex))
			return false;
		l->param = json_new_str(h->im.a, regex);
		return true;
	}
	if (!quoted(h, &t))
		return false;
	if (row->argument == PATH_ARGUMENT)
		check_path(h, &t, from);
	if (strcmp(row->hurl, "certificate") == 0)
		t.text = certificate_field(h, t.raw);
	if (strcmp(row->hurl, "variable") == 0) {
		hurl_plain(h, &t, from, "the name of a variable");
		if (own_variable(h, t.raw, l))
			return true;
		t.text = hurl_name(h, t.raw);
	}
	l->param = json_new_str(h->im.a, t.text);
	return true;
}

static bool read_query(struct hurl *h, struct line *l)
{
	size_t from = h->at;

	*l = (struct line){ .param = null_new(h),
		.filters = json_new(h->im.a, JSON_ARRAY) };
	for (size_t i = 0; i < sizeof(query_rows) / sizeof(query_rows[0]);
		i++) {
		const struct query_row *row = &query_rows[i];
		if (!hurl_word(h, row->hurl))
			continue;
		l->query = row->andon ? row->andon : "bytes";
		l->text = row->text;
		l->bytes = strcmp(l->query, "bytes") == 0;
		l->duration = strcmp(row->hurl, "duration") == 0;
		if (!query_argument(h, row, from, l))
			return false;
		if (!row->andon)
			import_cannot(&h->im, hurl_span(h, from),
				"the query `%s`: a body is looked at after its "
				"decoding",
				row->hurl);
		return true;
	}
	return hurl_bad(h, "a query, such as `status` or `jsonpath \"$.id\"`, "
			   "is expected");
}

/* --- filters --- */

enum filter_how {
	PLAIN_FILTER,
	NUMBER_FILTER,
	TEXT_FILTER,
	PATH_FILTER,
	REGEX_FILTER,
	DATE_FILTER,
	REPLACE_FILTER,
	REPLACE_REGEX_FILTER
};

static const struct filter_row {
	const char *hurl, *andon;
	enum filter_how how;
	signed char bytes; /* the value is bytes then: 1 yes, 0 no, -1 as was */
} filter_rows[] = { { "base64Decode", "base64Decode", PLAIN_FILTER, 1 },
	{ "base64Encode", "base64Encode", PLAIN_FILTER, 0 },
	{ "base64UrlSafeDecode", "base64UrlSafeDecode", PLAIN_FILTER, 1 },
	{ "base64UrlSafeEncode", "base64UrlSafeEncode", PLAIN_FILTER, 0 },
	{ "charsetDecode", "decode", TEXT_FILTER, 0 },
	{ "count", "count", PLAIN_FILTER, 0 },
	{ "dateFormat", "dateFormat", DATE_FILTER, 0 },
	{ "daysAfterNow", "daysAfterNow", PLAIN_FILTER, 0 },
	{ "daysBeforeNow", "daysBeforeNow", PLAIN_FILTER, 0 },
	{ "decode", "decode", TEXT_FILTER, 0 },
	{ "first", "first", PLAIN_FILTER, 0 },
	{ "format", "dateFormat", DATE_FILTER, 0 },
	{ "htmlEscape", "htmlEscape", PLAIN_FILTER, 0 },
	{ "htmlUnescape", "htmlUnescape", PLAIN_FILTER, 0 },
	{ "jsonpath", "jsonpath", PATH_FILTER, 0 },
	{ "last", "last", PLAIN_FILTER, 0 },
	{ "location", "location", PLAIN_FILTER, 0 },
	{ "nth", "nth", NUMBER_FILTER, 0 },
	{ "regex", "regex", REGEX_FILTER, 0 },
	{ "replace", "replace", REPLACE_FILTER, 0 },
	{ "replaceRegex", "replaceRegex", REPLACE_REGEX_FILTER, 0 },
	{ "split", "split", TEXT_FILTER, 0 },
	{ "toDate", "toDate", DATE_FILTER, 0 },
	{ "toFloat", "toFloat", PLAIN_FILTER, 0 },
	{ "toHex", "toHex", PLAIN_FILTER, 0 },
	{ "toInt", "toInt", PLAIN_FILTER, 0 },
	{ "toString", "toString", PLAIN_FILTER, 0 },
	{ "urlDecode", "urlDecode", PLAIN_FILTER, 0 },
	{ "urlEncode", "urlEncode", PLAIN_FILTER, 0 },
	{ "urlQueryParam", "urlQueryParam", TEXT_FILTER, 0 },
	{ "utf8Decode", "utf8Decode", PLAIN_FILTER, 0 },
	{ "utf8Encode", "utf8Encode", PLAIN_FILTER, 1 },
	{ "xpath", "xpath", TEXT_FILTER, 0 } };

static void add_plain(struct hurl *h, struct line *l, const char *name)
{
	json_append(l->filters, STR_NONE,
		json_new_str(h->im.a, str_from(name)));
}

static struct json *add_named(struct hurl *h, struct line *l, const char *name,
	struct json *value)
{
	struct json *f = json_new(h->im.a, JSON_OBJECT);

	json_append(f, str_from(name), value);
	json_append(l->filters, STR_NONE, f);
	return value;
}

/* The formats of strftime(3) are a part of those of Rust's chrono. */
static void check_date(struct hurl *h, struct str format, size_t from)
{
	static const char known[] = "aAbBCdDeFgGhHIjklmMnpPrRSsTtuUVwWyYz%";

	for (size_t i = 0; i < format.len; i++) {
		if (format.ptr[i] != '%')
			continue;
		i++;
		if (i == format.len || !strchr(known, format.ptr[i]))
			import_cannot(&h->im, hurl_span(h, from),
				"`%%%.*s` in a format of dates",
				i == format.len ? 0 : 1, format.ptr + i);
	}
}

static bool date_filter(struct hurl *h, const struct filter_row *row,
	size_t from, struct line *l)
{
	static const char *const rfc3339[] = { "%+", "%Y-%m-%dT%H:%M:%S%.fZ",
		"%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M:%S%:z" };
	bool reads = strcmp(row->andon, "toDate") == 0;
	struct hurl_text t;

	if (!quoted(h, &t))
		return false;
	hurl_plain(h, &t, from, "a format of dates");
	for (size_t i = 0; reads && i < sizeof(rfc3339) / sizeof(rfc3339[0]);
		i++)
		if (str_eq(t.raw, str_from(rfc3339[i]))) {
			add_plain(h, l, row->andon);
			return true;
		}
	check_date(h, t.raw, from);
	add_named(h, l, row->andon, json_new_str(h->im.a, t.text));
	return true;
}

/* replace "a" "b", and the older replace /a/ "b" */
static bool replace_filter(struct hurl *h, const struct filter_row *row,
	struct line *l)
{
	bool by_regex = row->how == REPLACE_REGEX_FILTER;
	struct json *pair = json_new(h->im.a, JSON_ARRAY);
	struct hurl_text from;
	struct hurl_text to;

	hurl_spaces(h);
	by_regex |= hurl_peek(h) == '/';
	if (!(by_regex ? hurl_regex(h, &from.text) : quoted(h, &from)) ||
		!quoted(h, &to))
		return false;
	json_append(pair, STR_NONE, json_new_str(h->im.a, from.text));
	json_append(pair, STR_NONE, json_new_str(h->im.a, to.text));
	add_named(h, l, by_regex ? "replaceRegex" : "replace", pair);
	return true;
}

static bool take_number(struct hurl *h, struct str *ret)
{
	size_t from = h->at;

	hurl_take(h, "-");
	while (isdigit((unsigned char)hurl_peek(h)) ||
		(hurl_peek(h) && strchr(".eE+-", hurl_peek(h)) && h->at > from))
		h->at++;
	*ret = str_sub(h->s, from, h->at - from);
	return h->at > from ? true : hurl_bad(h, "a number is expected");
}

static bool filter_argument(struct hurl *h, const struct filter_row *row,
	size_t from, struct line *l)
{
	struct hurl_text t;
	struct str text;

	hurl_spaces(h);
	switch (row->how) {
	case NUMBER_FILTER:
		if (!take_number(h, &text))
			return false;
		add_named(h, l, row->andon, json_new_number(h->im.a, text));
		return true;
	case REGEX_FILTER:
		if (!hurl_regex(h, &text))
			return false;
		add_named(h, l, row->andon, json_new_str(h->im.a, text));
		return true;
	case DATE_FILTER:
		return date_filter(h, row, from, l);
	case REPLACE_FILTER:
	case REPLACE_REGEX_FILTER:
		return replace_filter(h, row, l);
	default:
		break;
	}
	if (!quoted(h, &t))
		return false;
	if (row->how == PATH_FILTER)
		check_path(h, &t, from);
	add_named(h, l, row->andon, json_new_str(h->im.a, t.text));
	return true;
}

/* Hurl leaves the slash alone. */
static void url_encode(struct hurl *h, struct line *l)
{
	struct json *pair = json_new(h->im.a, JSON_ARRAY);

	add_plain(h, l, "urlEncode");
	json_append(pair, STR_NONE, json_new_str(h->im.a, STR("%2F")));
	json_append(pair, STR_NONE, json_new_str(h->im.a, STR("/")));
	add_named(h, l, "replace", pair);
}

/* How many bytes: two digits of hex are one. */
static void bytes_count(struct hurl *h, struct line *l)
{
	add_plain(h, l, "toHex");
	add_plain(h, l, "length");
	add_named(h, l, "divide", json_new_number(h->im.a, STR("2")));
}

/* One filter, when one is next. */
static bool read_filter(struct hurl *h, struct line *l, bool *ret_found)
{
	size_t from = h->at;

	*ret_found = false;
	for (size_t i = 0; i < sizeof(filter_rows) / sizeof(filter_rows[0]);
		i++) {
		const struct filter_row *row = &filter_rows[i];
		if (!hurl_word(h, row->hurl))
			continue;
		*ret_found = true;
		l->duration = false;
		l->text = false;
		if (strcmp(row->hurl, "urlEncode") == 0)
			url_encode(h, l);
		else if (strcmp(row->hurl, "count") == 0 && l->bytes)
			bytes_count(h, l);
		else if (row->how == PLAIN_FILTER)
			add_plain(h, l, row->andon);
		else if (!filter_argument(h, row, from, l))
			return false;
		l->bytes = row->bytes == 1;
		return true;
	}
	return true;
}

static bool read_filters(struct hurl *h, struct line *l)
{
	bool found = true;

	while (found) {
		hurl_spaces(h);
		if (!read_filter(h, l, &found))
			return false;
	}
	return true;
}

static void put_query(struct hurl *h, struct json *to, const struct line *l)
{
	json_append(to, str_from(l->query), l->param);
	if (l->filters->count == 1 && l->filters->first->type == JSON_STRING)
		import_put(&h->im, to, "filter", l->filters->first->text);
	else if (l->filters->count)
		import_put_raw(&h->im, to, "filter", l->filters);
}

/* --- predicates --- */

enum want { WANT_NOTHING, WANT_VALUE, WANT_REGEX };

static const struct predicate_row {
	const char *hurl, *andon;
	enum want want;
} predicate_rows[] = { { "==", "equals", WANT_VALUE },
	{ "!=", "notEquals", WANT_VALUE }, { ">=", "gte", WANT_VALUE },
	{ ">", "gt", WANT_VALUE }, { "<=", "lte", WANT_VALUE },
	{ "<", "lt", WANT_VALUE }, { "startsWith", "startsWith", WANT_VALUE },
	{ "endsWith", "endsWith", WANT_VALUE },
	{ "contains", "contains", WANT_VALUE },
	{ "includes", "contains", WANT_VALUE },
	{ "matches", "matches", WANT_REGEX },
	{ "exists", "exists", WANT_NOTHING },
	{ "isBoolean", "isBoolean", WANT_NOTHING },
	{ "isCollection", "isCollection", WANT_NOTHING },
	{ "isDate", "isDate", WANT_NOTHING },
	{ "isEmpty", "isEmpty", WANT_NOTHING },
	{ "isFloat", "isFloat", WANT_NOTHING },
	{ "isInteger", "isInteger", WANT_NOTHING },
	{ "isIpv4", "isIpv4", WANT_NOTHING },
	{ "isIpv6", "isIpv6", WANT_NOTHING },
	{ "isIsoDate", "isIsoDate", WANT_NOTHING },
	{ "isList", "isList", WANT_NOTHING },
	{ "isNumber", "isNumber", WANT_NOTHING },
	{ "isObject", "isObject", WANT_NOTHING },
	{ "isString", "isString", WANT_NOTHING },
	{ "isUuid", "isUuid", WANT_NOTHING } };

struct expected {
	struct json *value;
	bool bytes;
};

static struct json *hex_text(struct hurl *h, struct str bytes)
{
	struct buf b;

	buf_init(&b, 2UL * IMPORT_BYTES_MAX);
	buf_add_hex(&b, bytes);
	struct json *j = json_new_str(h->im.a, b.len ? buf_str(&b) : STR(""));
	buf_done(&b);
	return j;
}

/* ```...```, `...`, base64,...; hex,...; file,...; */
static bool value_body(struct hurl *h, struct expected *ret)
{
	struct hurl_body body;

	if (!hurl_body(h, &body))
		return false;
	ret->bytes = body.kind == HURL_BODY_BYTES;
	if (ret->bytes)
		ret->value = hex_text(h, body.text);
	else if (body.kind == HURL_BODY_FILE)
		ret->value = json_new_str(h->im.a,
			arena_printf(h->im.a, "${file('%.*s')}",
				STR_ARG(body.text)));
	else
		ret->value = json_new_str(h->im.a, body.text);
	return true;
}

static bool read_value(struct hurl *h, const struct line *l,
	struct expected *ret)
{
	struct hurl_text t;
	struct str number;
	struct buf b;
	struct str known;

	hurl_spaces(h);
	ret->bytes = false;
	if (hurl_peek(h) == '"') {
		if (!hurl_text(h, HURL_QUOTED, &t))
			return false;
		ret->value = json_new_str(h->im.a, hurl_as_text(h, &t));
		return true;
	}
	if (hurl_peek(h) == '`' || hurl_bytes_ahead(h))
		return value_body(h, ret);
	if (hurl_ahead(h, "{{")) {
		buf_init(&b, 1024);
		bool ok = hurl_placeholder(h, false, &b, &known);
		ret->value = json_new_str(h->im.a, buf_str(&b));
		buf_done(&b);
		return ok;
	}
	if (hurl_word(h, "true") || hurl_word(h, "false")) {
		ret->value = json_new_bool(h->im.a, h->s.ptr[h->at - 2] == 'u');
		return true;
	}
	if (hurl_word(h, "null")) {
		ret->value = json_new(h->im.a, JSON_NULL);
		return true;
	}
	if (!take_number(h, &number))
		return false;
	ret->value = l->duration ? json_new_str(h->im.a,
					   arena_printf(h->im.a, "%.*sms",
						   STR_ARG(number)))
				 : json_new_number(h->im.a, number);
	return true;
}

/* Bytes are compared in hex; what is inside of them begins at a whole byte. */
static const char *in_hex(struct hurl *h, struct line *l, const char *name,
	struct expected *want)
{
	/* the hashes are hex already */
	if (strcmp(l->query, "sha256") != 0 && strcmp(l->query, "md5") != 0)
		add_plain(h, l, "toHex");
	if (strcmp(name, "contains") != 0)
		return name;
	want->value =
		json_new_str(h->im.a, arena_printf(h->im.a, "^(?:..)*%.*s",
					      STR_ARG(want->value->text)));
	return "matches";
}

static bool read_predicate(struct hurl *h, struct line *l, bool *ret_not,
	const char **ret_name, struct expected *ret)
{
	struct str regex;

	hurl_spaces(h);
	*ret_not = hurl_word(h, "not");
	hurl_spaces(h);
	for (size_t i = 0;
		i < sizeof(predicate_rows) / sizeof(predicate_rows[0]); i++) {
		const struct predicate_row *row = &predicate_rows[i];
		if (!(isalpha((unsigned char)row->hurl[0])
				    ? hurl_word(h, row->hurl)
				    : hurl_take(h, row->hurl)))
			continue;
		*ret_name = row->andon;
		ret->value = json_new_bool(h->im.a, true);
		hurl_spaces(h);
		if (row->want == WANT_VALUE && !read_value(h, l, ret))
			return false;
		if (row->want == WANT_REGEX) {
			if (!hurl_regex(h, &regex))
				return false;
			ret->value = json_new_str(h->im.a, regex);
		}
		return true;
	}
	return hurl_bad(h, "a predicate, such as `==` or `exists`, is "
			   "expected");
}

/*
 * `jsonpath "$..x" count == 0`, `xpath "//x" count == 0`: no node is a missing
 * value here.
 */
static bool no_nodes(struct hurl *h, struct line *l, bool negated,
	const char *name, const struct json *value)
{
	struct jsonpath_error why;
	const struct json *f = l->filters->first;

	bool xpath = strcmp(l->query, "xpath") == 0;
	if (negated || (!xpath && strcmp(l->query, "jsonpath") != 0) ||
		strcmp(name, "equals") != 0 || l->filters->count != 1 ||
		f->type != JSON_STRING || !str_eq(f->text, STR("count")) ||
		value->type != JSON_NUMBER || !str_eq(value->text, STR("0")))
		return false;
	const struct jsonpath *p =
		xpath ? NULL : jsonpath_parse(h->im.a, l->param->text, &why);
	if (!xpath && (!p || jsonpath_singular(p)))
		return false;
	l->filters = json_new(h->im.a, JSON_ARRAY);
	return true;
}

/* An Expires that is no date is missing in Hurl. */
static bool invalid_date(const struct line *l, const char *name)
{
	return strcmp(l->query, "cookie") == 0 && l->filters->count == 0 &&
	       strcmp(name, "exists") == 0 &&
	       str_ends(l->param->text, STR("[Expires]"));
}

bool hurl_assert(struct hurl *h)
{
	struct json *check = json_new(h->im.a, JSON_OBJECT);
	struct expected want = { 0 };
	const char *name = NULL;
	struct line l;
	unsigned left_out = h->im.left_out;
	bool negated;

	if (!read_query(h, &l) || !read_filters(h, &l) ||
		!read_predicate(h, &l, &negated, &name, &want))
		return false;
	if (want.bytes)
		name = in_hex(h, &l, name, &want);
	if (no_nodes(h, &l, negated, name, want.value)) {
		name = "exists";
		negated = true;
	}
	if (invalid_date(&l, name) && !negated)
		name = "isDate";
	put_query(h, check, &l);
	if (negated && strcmp(name, "exists") == 0) {
		import_put_raw(&h->im, check, name,
			json_new_bool(h->im.a, false));
	} else if (negated) {
		struct json *not = import_map(&h->im, check, "not");
		import_put_raw(&h->im, not, name, want.value);
	} else {
		import_put_raw(&h->im, check, name, want.value);
	}
	if (h->im.left_out == left_out)
		json_append(h->checks, STR_NONE, check);
	return hurl_eol(h);
}

/* --- captures --- */

static void own_add(struct hurl *h, struct str name, const struct line *l)
{
	struct hurl_own *o = ARENA_NEW(h->im.a, struct hurl_own);
	struct json *query = json_new(h->im.a, l->param->type);

	*query = *l->param;
	query->up = NULL;
	query->key = str_from(l->query);
	o->name = arena_str(h->im.a, name);
	o->query = query;
	o->filters = l->filters;
	o->odd = l->bytes || l->duration;
	o->seen = STR_NONE;
	o->next = h->own;
	h->own = o;
	hurl_set(h, name, null_new(h));
}

bool hurl_capture(struct hurl *h)
{
	struct json *map = import_map(&h->im, h->step, "capture");
	struct json *from = json_new(h->im.a, JSON_OBJECT);
	unsigned left_out = h->im.left_out;
	size_t at = h->at;
	struct hurl_text name;
	struct line l;

	if (!hurl_text(h, HURL_KEY, &name))
		return false;
	hurl_plain(h, &name, at, "the name of a capture");
	if (!hurl_take(h, ":"))
		return hurl_bad(h, "`:` is expected");
	hurl_spaces(h);
	h->capturing = true;
	bool ok = read_query(h, &l) && read_filters(h, &l);
	h->capturing = false;
	if (!ok)
		return false;
	hurl_spaces(h);
	bool secret = hurl_word(h, "redact");
	bool text = l.text && l.filters->count == 0;
	if (text)
		hurl_remember(h, &h->texts, hurl_name(h, name.raw));
	own_add(h, name.raw, &l);
	put_query(h, from, &l);
	if (secret)
		import_put_raw(&h->im, from, "secret",
			json_new_bool(h->im.a, true));
	struct str mine = hurl_name(h, name.raw);
	hurl_second(h, map, mine);
	if (hurl_knows(&h->looked, name.raw))
		import_cannot(&h->im, hurl_span(h, at),
			"to capture `%.*s` behind what looks at it",
			STR_ARG(name.raw));
	else if (h->im.left_out == left_out)
		json_append(map, mine, from);
	return hurl_eol(h);
}
