#include <ctype.h>
#include <string.h>

#include "suites/import_curl.h"
#include "suites/import_shell.h"

/*
 * curl command lines as browsers copy them and people keep them in notes.  A
 * flag that is not known here is reported, never dropped.
 */
struct command { /* one curl, as far as it was read */
	struct importer *im;
	struct str method, urls[16];
	size_t nurls;
	struct json *headers, *http, *form, *auth;
	struct buf data;
	struct str body_file, user, sigv4;
	struct span user_where;
	bool digest, has_data, get, head, json, retry_all;
	uint64_t retries, retry_delay_ms;
	struct span where, flag;
};

static void put_text(struct command *c, struct json *map, const char *key,
	struct str text)
{
	struct json *value =
		json_new_str(c->im->a, import_literal(c->im->a, text));
	struct json *had = import_map(c->im, map, key);
	struct json *next = had->next;
	struct str name = had->key;

	*had = *value;
	had->next = next;
	had->key = name;
}

/* What is secret leaves the suite: ${name}, from $NAME. */
static struct str secret(struct command *c, const char *name, const char *env,
	const char *what)
{
	import_note(c->im, c->flag,
		"%s is not copied: it will be read from $%s", what, env);
	return import_secret(c->im, str_from(name), str_from(env));
}

static void header(struct command *c, struct str text)
{
	static const char *const hidden[][3] = { { "Cookie", "cookie",
							 "COOKIE" },
		{ "X-Api-Key", "api_key", "API_KEY" } };
	struct str rest = text;
	struct str name = str_trim(str_cut(&rest, ':'));
	struct str value;

	if (!rest.ptr) {
		/* `Name;` sends the header without a value */
		if (str_ends(name, STR(";")))
			import_add_value(c->im, c->headers,
				str_sub(name, 0, name.len - 1), STR(""));
		else
			import_cannot(c->im, c->flag, "a header without `:`");
		return;
	}
	value = str_trim(rest);
	if (value.len == 0) {
		import_cannot(c->im, c->flag,
			"to take out a header that curl sends by itself");
		return;
	}
	if (str_eq_nocase(name, STR("Authorization"))) {
		struct str kind = str_cut(&value, ' ');
		if (str_eq_nocase(kind, STR("Bearer")) && value.ptr)
			import_put(c->im, c->auth, "bearer",
				secret(c, "token", "TOKEN", "a bearer token"));
		else
			import_add_value(c->im, c->headers, name,
				secret(c, "authorization", "AUTHORIZATION",
					"the header Authorization"));
		return;
	}
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (str_eq_nocase(name, str_from(hidden[i][0]))) {
			import_add_value(c->im, c->headers, name,
				secret(c, hidden[i][1], hidden[i][2],
					hidden[i][0]));
			return;
		}
	if (str_eq_nocase(name, STR("Accept-Encoding")) ||
		str_eq_nocase(name, STR("Content-Length")) ||
		str_eq_nocase(name, STR("Connection"))) {
		import_note(c->im, c->flag, "the header %.*s is left to Andon",
			STR_ARG(name));
		return;
	}
	import_add_value(c->im, c->headers, name,
		import_literal(c->im->a, value));
}

static void cookies(struct command *c, struct str text)
{
	if (str_find_byte(text, '=', 0) == SIZE_MAX) {
		import_cannot(c->im, c->flag, "a file of cookies");
		return;
	}
	import_add_value(c->im, c->headers, STR("Cookie"),
		secret(c, "cookie", "COOKIE", "the cookies"));
}

/* Which auth it is for is known at the end of the command. */
static void put_user(struct command *c)
{
	const char *kind = c->digest ? "digest" : "basic";
	struct str rest = c->sigv4;
	struct str user = c->user;
	struct str part[4] = { STR("aws"), STR("amz"), STR(""), STR("") };
	struct json *map;

	if (!user.ptr)
		return;
	c->flag = c->user_where;
	if (!c->sigv4.ptr) {
		map = import_map(c->im, c->auth, kind);
		put_text(c, map, "user", str_cut(&user, ':'));
		import_put(c->im, map, "password",
			secret(c, "password", "PASSWORD", "the password"));
		return;
	}
	for (size_t i = 0; i < 4 && rest.ptr; i++)
		part[i] = str_cut(&rest, ':');
	map = import_map(c->im, c->auth, "aws_sigv4");
	put_text(c, map, "region", part[2]);
	put_text(c, map, "service", part[3]);
	put_text(c, map, "access_key", str_cut(&user, ':'));
	import_put(c->im, map, "secret_key",
		secret(c, "secret_key", "SECRET_KEY", "the secret key"));
}

/* HOST:PORT:ADDRESS and HOST:PORT:HOST:PORT, as {HOST:PORT: ...} */
static void instead(struct command *c, const char *key, struct str text)
{
	size_t at = str_find_byte(text, ':', 0);

	at = at == SIZE_MAX ? at : str_find_byte(text, ':', at + 1);
	if (at == SIZE_MAX) {
		import_cannot(c->im, c->flag, "`%.*s` is not HOST:PORT:...",
			STR_ARG(text));
		return;
	}
	json_append(import_map(c->im, c->http, key),
		arena_str(c->im->a, str_sub(text, 0, at)),
		json_new_str(c->im->a, str_sub(text, at + 1, text.len)));
}

static void put_list(struct command *c, const char *key, struct str text)
{
	struct json *list = import_list(c->im, c->http, key);

	while (text.ptr)
		json_append(list, STR_NONE,
			json_new_str(c->im->a, str_cut(&text, ',')));
}

static void add_part(struct command *c, struct str text)
{
	struct buf *to = &c->data;

	if (to->len)
		buf_add_byte(to, '&');
	import_add_literal(to, text);
	c->has_data = true;
}

static void data(struct command *c, struct str text, enum flag_how how)
{
	bool file = text.len && text.ptr[0] == '@' && how != FLAG_DATA_RAW;

	if (how == FLAG_JSON)
		c->json = true;
	if (!file) {
		if (how == FLAG_JSON) {
			import_add_literal(&c->data, text);
			c->has_data = true;
		} else {
			add_part(c, text);
		}
		return;
	}
	text = str_sub(text, 1, text.len);
	if (how == FLAG_DATA)
		import_note(c->im, c->flag,
			"the file is sent as it is; curl -d would take out its "
			"line breaks");
	if (c->has_data || c->body_file.ptr)
		import_cannot(c->im, c->flag, "a body of several pieces");
	c->body_file = text;
}

/* `name=value`, `=value`, `value`; a file is not read */
static void data_encode(struct command *c, struct str text)
{
	size_t at = str_find_byte(text, '=', 0);
	struct buf b;

	if (at == SIZE_MAX && str_find_byte(text, '@', 0) != SIZE_MAX) {
		import_cannot(c->im, c->flag, "a file that is to be encoded");
		return;
	}
	buf_init(&b, IMPORT_BYTES_MAX);
	if (at != SIZE_MAX && at > 0)
		buf_add(&b, str_sub(text, 0, at + 1));
	buf_add_percent(&b,
		at == SIZE_MAX ? text : str_sub(text, at + 1, text.len));
	add_part(c, buf_str(&b));
	buf_done(&b);
}

/* NAME=VALUE, NAME=@FILE;type=TYPE;filename=NAME, NAME=<FILE */
static void form(struct command *c, struct str text, bool plain)
{
	struct str rest = text;
	struct str name = str_cut(&rest, '=');
	struct json *part = json_new(c->im->a, JSON_OBJECT);

	if (!rest.ptr || json_get(c->form, name)) {
		import_cannot(c->im, c->flag,
			rest.ptr ? "a second part of the same name"
				 : "a part without `=`");
		return;
	}
	if (plain || rest.len == 0 ||
		(rest.ptr[0] != '@' && rest.ptr[0] != '<')) {
		json_append(c->form, arena_str(c->im->a, name),
			json_new_str(c->im->a, import_literal(c->im->a, rest)));
		return;
	}
	bool upload = rest.ptr[0] == '@';
	rest = str_sub(rest, 1, rest.len);
	struct str path = str_cut(&rest, ';');
	import_put(c->im, part, "file", path);
	if (!upload)
		import_cannot(c->im, c->flag,
			"a part with the text of a file, and no name of it");
	import_put(c->im, part, "type", import_type(path));
	while (rest.ptr) {
		struct str value = str_cut(&rest, ';');
		struct str key = str_trim(str_cut(&value, '='));
		if (str_eq(key, STR("type")) && value.ptr)
			put_text(c, part, "type", value);
		else if (str_eq(key, STR("filename")) && value.ptr)
			put_text(c, part, "filename", value);
		else
			import_cannot(c->im, c->flag, "`%.*s` of a part",
				STR_ARG(key));
	}
	json_append(c->form, arena_str(c->im->a, name), part);
}

static struct str milliseconds(struct command *c, struct str text)
{
	double seconds;

	if (!str_to_double(text, &seconds) || seconds <= 0 || seconds > 3600) {
		import_cannot(c->im, c->flag, "a time of `%.*s` seconds",
			STR_ARG(text));
		return STR("1s");
	}
	return arena_printf(c->im->a, "%.0fms", seconds * 1000);
}

static uint64_t count(struct command *c, struct str text, uint64_t most)
{
	uint64_t n;

	if (str_to_u64(text, &n) && n <= most)
		return n;
	import_cannot(c->im, c->flag, "a number above %u", (unsigned)most);
	return 0;
}

static void put_number(struct command *c, struct json *map, const char *key,
	uint64_t n)
{
	struct json *had = import_map(c->im, map, key);

	had->type = JSON_NUMBER;
	had->text = arena_printf(c->im->a, "%u", (unsigned)n);
}

static void put_bool(struct command *c, struct json *map, const char *key,
	bool value)
{
	import_map(c->im, map, key)->type = value ? JSON_TRUE : JSON_FALSE;
}

static bool flag_request(struct command *c, const struct flag *f,
	struct str value)
{
	switch (f->how) {
	case FLAG_METHOD:
		c->method = value;
		return true;
	case FLAG_URL:
		if (c->nurls < sizeof(c->urls) / sizeof(c->urls[0]))
			c->urls[c->nurls++] = value;
		else
			import_cannot(c->im, c->flag, "more than 16 URLs");
		return true;
	case FLAG_HEADER:
		header(c, value);
		return true;
	case FLAG_DATA:
	case FLAG_DATA_RAW:
	case FLAG_DATA_BINARY:
	case FLAG_JSON:
		data(c, value, f->how);
		return true;
	case FLAG_DATA_ENCODE:
		data_encode(c, value);
		return true;
	case FLAG_FORM:
	case FLAG_FORM_TEXT:
		form(c, value, f->how == FLAG_FORM_TEXT);
		return true;
	case FLAG_PUT_FILE:
		c->body_file = value;
		if (!c->method.ptr)
			c->method = STR("PUT");
		return true;
	case FLAG_GET:
		c->get = true;
		return true;
	case FLAG_HEAD:
		c->head = true;
		return true;
	default:
		return false;
	}
}

static bool flag_identity(struct command *c, const struct flag *f,
	struct str value)
{
	switch (f->how) {
	case FLAG_USER:
		c->user = value;
		c->user_where = c->flag;
		return true;
	case FLAG_DIGEST:
		c->digest = true;
		return true;
	case FLAG_SIGV4:
		c->sigv4 = value;
		return true;
	case FLAG_COOKIE:
		cookies(c, value);
		return true;
	case FLAG_BEARER:
		import_put(c->im, c->auth, "bearer",
			secret(c, "token", "TOKEN", "a bearer token"));
		return true;
	case FLAG_AGENT:
		put_text(c, c->http, "user_agent", value);
		return true;
	case FLAG_REFERER:
		put_text(c, c->headers, "Referer", value);
		return true;
	default:
		return false;
	}
}

static void flag_transport(struct command *c, const struct flag *f,
	struct str value)
{
	struct json *tls;

	switch (f->how) {
	case FLAG_INSECURE:
		put_bool(c, import_map(c->im, c->http, "tls"), "verify", false);
		break;
	case FLAG_TLS:
		tls = import_map(c->im, c->http, "tls");
		put_text(c, tls, f->key, value);
		break;
	case FLAG_TRUSTED:
		put_bool(c, c->http, "auth_on_redirect", true);
		put_number(c, c->http, "redirects", 50);
		break;
	case FLAG_FOLLOW:
		if (!import_has(c->http, "redirects"))
			put_number(c, c->http, "redirects", 50);
		break;
	case FLAG_HOPS:
		put_number(c, c->http, "redirects", count(c, value, 50));
		break;
	case FLAG_COMPRESSED:
		put_bool(c, c->http, "compressed", true);
		break;
	case FLAG_HTTP:
	case FLAG_WORD:
		put_text(c, c->http, f->key,
			f->value ? str_from(f->value) : value);
		break;
	case FLAG_INSTEAD:
		instead(c, f->key, value);
		break;
	case FLAG_HTTP_LIST:
		put_list(c, f->key, value);
		break;
	case FLAG_SECONDS:
		put_text(c, c->http, f->key, milliseconds(c, value));
		break;
	case FLAG_RETRY:
		c->retries = count(c, value, 100);
		break;
	case FLAG_RETRY_DELAY:
		c->retry_delay_ms = count(c, value, 3600) * 1000;
		break;
	case FLAG_RETRY_ALL:
		c->retry_all = true;
		break;
	case FLAG_REFUSED:
	case FLAG_REFUSED_WORD:
		import_cannot(c->im, c->flag, "curl --%s", f->name);
		break;
	default:
		break;
	}
}

static void apply(struct command *c, const struct flag *f, struct str value)
{
	if (!flag_request(c, f, value) && !flag_identity(c, f, value))
		flag_transport(c, f, value);
}

static struct str with_query(struct command *c, struct str url)
{
	if (!c->get || !c->has_data)
		return url;
	return arena_printf(c->im->a, "%.*s%c%.*s", STR_ARG(url),
		str_find_byte(url, '?', 0) == SIZE_MAX ? '?' : '&',
		STR_ARG(buf_str(&c->data)));
}

static bool has_header(const struct command *c, const char *name)
{
	for (const struct json *h = c->headers->first; h; h = h->next)
		if (str_eq_nocase(h->key, str_from(name)))
			return true;
	return false;
}

static struct json *copied(struct command *c, const struct json *from)
{
	struct json *j = json_new(c->im->a, from->type);

	*j = *from;
	j->next = NULL;
	j->up = NULL;
	return j;
}

static void put_body(struct command *c, struct json *step)
{
	if (c->get)
		return;
	if (c->form->count) {
		import_put_raw(c->im, step, "multipart", copied(c, c->form));
		return;
	}
	if (c->body_file.ptr)
		import_put(c->im, step, "body_file", c->body_file);
	else if (c->has_data)
		import_put(c->im, step, "body",
			c->data.len ? buf_str(&c->data) : STR(""));
	else
		return;
	if (!has_header(c, "Content-Type"))
		import_put(c->im, c->headers, "Content-Type",
			c->json ? STR("application/json")
				: STR("application/x-www-form-urlencoded"));
}

static void put_retry(struct command *c, struct json *step)
{
	struct json *retry;
	struct json *on;

	if (c->retries == 0)
		return;
	retry = import_map(c->im, step, "retry");
	put_number(c, retry, "times", c->retries);
	import_put(c->im, retry, "every",
		arena_printf(c->im->a, "%ums",
			(unsigned)(c->retry_delay_ms ? c->retry_delay_ms
						     : 1000)));
	if (!c->retry_delay_ms)
		import_put(c->im, retry, "backoff", STR("exponential"));
	on = import_list(c->im, retry, "on");
	json_append(on, STR_NONE, json_new_str(c->im->a, STR("network")));
	json_append(on, STR_NONE, json_new_str(c->im->a, STR("5xx")));
	if (c->retry_all)
		json_append(on, STR_NONE, json_new_str(c->im->a, STR("4xx")));
}

static void step_new(struct command *c, struct str url)
{
	bool sends = c->has_data || c->body_file.ptr || c->form->count;
	struct str method = c->method;
	struct json *step;

	if (!method.ptr)
		method = c->head            ? STR("HEAD")
			 : sends && !c->get ? STR("POST")
					    : STR("GET");
	if (str_find(url, STR("://"), 0) == SIZE_MAX)
		url = arena_printf(c->im->a, "http://%.*s", STR_ARG(url));
	url = with_query(c, import_literal(c->im->a, url));
	step = import_step(c->im, method, url, c->where);
	if (!step)
		return;
	put_body(c, step);
	if (c->headers->count)
		import_put_raw(c->im, step, "headers", copied(c, c->headers));
	if (c->auth->count)
		import_put_raw(c->im, step, "auth", copied(c, c->auth));
	if (c->http->count)
		import_put_raw(c->im, step, "http", copied(c, c->http));
	put_retry(c, step);
	import_put(c->im, import_map(c->im, step, "expect"), "status",
		STR("2xx"));
}

static void command_start(struct command *c, struct importer *im)
{
	*c = (struct command){ .im = im };
	c->headers = json_new(im->a, JSON_OBJECT);
	c->http = json_new(im->a, JSON_OBJECT);
	c->form = json_new(im->a, JSON_OBJECT);
	c->auth = json_new(im->a, JSON_OBJECT);
	buf_init(&c->data, 2UL * IMPORT_BYTES_MAX);
}

static void command_end(struct command *c)
{
	if (c->nurls == 0)
		import_syntax(c->im, c->where, "curl without a URL");
	put_user(c);
	for (size_t i = 0; i < c->nurls; i++)
		step_new(c, c->urls[i]);
	buf_done(&c->data);
}

/* --- the words --- */

struct words {
	struct importer *im;
	size_t at;
	struct shell_word word;
	enum shell_result last;
};

static bool next_word(struct words *w)
{
	w->last = shell_next(w->im->a, w->im->src->text, &w->at, &w->word);
	return w->last == SHELL_WORD;
}

static struct span word_span(const struct words *w)
{
	return (struct span){ w->im->src, (uint32_t)w->word.at,
		(uint32_t)w->word.end };
}

static bool flag_value(struct words *w, struct command *c, const struct flag *f,
	struct str *ret)
{
	*ret = STR("");
	if (!curl_flag_takes(f->how))
		return true;
	if (!next_word(w)) {
		import_syntax(w->im, c->flag, "--%s needs a value", f->name);
		return false;
	}
	*ret = w->word.text;
	return true;
}

static bool long_flag(struct words *w, struct command *c, struct str name)
{
	const struct flag *f = curl_flag_find(name, 0);
	struct str value;

	if (!f) {
		import_cannot(w->im, c->flag,
			"curl --%.*s is not known; if it takes a value, that "
			"would be read as a URL",
			STR_ARG(str_sub(name, 0, str_find_byte(name, '=', 0))));
		return true;
	}
	if (!flag_value(w, c, f, &value))
		return false;
	apply(c, f, value);
	return true;
}

/* -sSLk, -XPOST, -H 'a: b' */
static bool short_flags(struct words *w, struct command *c, struct str letters)
{
	for (size_t i = 0; i < letters.len; i++) {
		const struct flag *f = curl_flag_find(STR_NONE, letters.ptr[i]);
		struct str value = STR("");
		if (!f) {
			import_cannot(w->im, c->flag, "curl -%c is not known",
				letters.ptr[i]);
			return true;
		}
		if (curl_flag_takes(f->how) && i + 1 < letters.len) {
			apply(c, f, str_sub(letters, i + 1, letters.len));
			return true;
		}
		if (!flag_value(w, c, f, &value))
			return false;
		apply(c, f, value);
	}
	return true;
}

static bool read_word(struct words *w, struct command *c)
{
	struct str text = w->word.text;

	c->flag = word_span(w);
	if (str_starts(text, STR("--")) && text.len > 2)
		return long_flag(w, c, str_sub(text, 2, text.len));
	if (text.len > 1 && text.ptr[0] == '-')
		return short_flags(w, c, str_sub(text, 1, text.len));
	apply(c, curl_flag_find(STR("url"), 0), text);
	return true;
}

/* One command up to the end of its line; the next of `--next` too. */
static bool read_command(struct words *w)
{
	struct command c;
	bool ok = true;
	command_start(&c, w->im);
	c.where = word_span(w);
	while (ok && next_word(w)) {
		if (str_eq(w->word.text, STR("--next")) ||
			str_eq(w->word.text, STR("-:"))) {
			struct span where = c.where;
			command_end(&c);
			command_start(&c, w->im);
			c.where = where;
			continue;
		}
		ok = read_word(w, &c);
	}
	if (ok)
		command_end(&c);
	else
		buf_done(&c.data);
	return ok;
}

bool import_curl(struct arena *a, const struct source *src,
	const struct import_how *how, struct diags *ds, struct str *ret_text)
{
	struct importer im;
	struct words w = { .im = &im };

	importer_init(&im, a, src, how, ds);
	do {
		if (!next_word(&w))
			continue;
		if (str_eq(w.word.text, STR("$")) && !next_word(&w))
			continue;
		if (!str_eq(w.word.text, STR("curl")) &&
			!str_ends(w.word.text, STR("/curl"))) {
			import_syntax(&im, word_span(&w),
				"`curl` is expected, not `%.*s`",
				STR_ARG(str_sub(w.word.text, 0, 40)));
			return false;
		}
		if (!read_command(&w))
			return false;
	} while (w.last == SHELL_LINE || w.last == SHELL_WORD);
	if (w.last == SHELL_OPEN)
		import_syntax(&im, word_span(&w), "a quote without its end");
	else if (w.last == SHELL_STOP)
		import_cannot(&im, word_span(&w),
			"a pipe, a redirection or another command of the "
			"shell");
	return importer_end(&im, ret_text);
}
