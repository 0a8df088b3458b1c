#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "suites/import_hurl.h"

/* [Options] of a Hurl file: what curl is told, and what the runner does. */
enum {
	REDIRECTS_MAX = 50,
	RETRIES_MAX = 100,
	RETRY_EVERY_MS = 1000,
	ATTEMPT_MS = 10000
};

enum option_how {
	FLAG_HTTP, /* true sets `andon` of http to `value` */
	TEXT_HTTP, /* text goes to `andon` of http */
	TEXT_TLS,  /* text goes to `andon` of http.tls */
	QUIET,     /* no part of the verdict */
	REFUSED,   /* nothing in Andon does it */
	OWN        /* a function of its own */
};

struct option_row;

static bool own_redirects(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from);
static bool own_time(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from);
static bool own_repeat(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from);
static bool own_text(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from);
static bool own_flag(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from);

static const struct option_row {
	const char *hurl;
	enum option_how how;
	const char *andon, *value;
	bool (*own)(struct hurl *h, const struct option_row *row,
		const struct hurl_text *t, size_t from);
} rows[] = { { "aws-sigv4", OWN, NULL, NULL, own_text },
	{ "cacert", TEXT_TLS, "ca", NULL, NULL },
	{ "cert", TEXT_TLS, "cert", NULL, NULL },
	{ "compressed", FLAG_HTTP, "compressed", "true", NULL },
	{ "connect-timeout", OWN, "connect_timeout", NULL, own_time },
	{ "connect-to", OWN, "connect_to", NULL, own_text },
	{ "delay", OWN, NULL, NULL, own_time },
	{ "digest", OWN, NULL, NULL, own_flag },
	{ "header", OWN, NULL, NULL, own_text },
	{ "http1.0", FLAG_HTTP, "version", "1.0", NULL },
	{ "http1.1", FLAG_HTTP, "version", "1.1", NULL },
	{ "http2", FLAG_HTTP, "version", "2", NULL },
	{ "http3", REFUSED, NULL, NULL, NULL },
	{ "insecure", OWN, NULL, NULL, own_flag },
	{ "ipv4", FLAG_HTTP, "ip", "4", NULL },
	{ "ipv6", FLAG_HTTP, "ip", "6", NULL },
	{ "key", TEXT_TLS, "key", NULL, NULL },
	{ "limit-rate", QUIET, NULL, NULL, NULL },
	{ "location", OWN, NULL, NULL, own_redirects },
	{ "location-trusted", OWN, NULL, NULL, own_redirects },
	{ "max-redirs", OWN, NULL, NULL, own_redirects },
	{ "max-time", OWN, "timeout", NULL, own_time },
	{ "negotiate", REFUSED, NULL, NULL, NULL },
	{ "netrc", REFUSED, NULL, NULL, NULL },
	{ "netrc-file", REFUSED, NULL, NULL, NULL },
	{ "netrc-optional", REFUSED, NULL, NULL, NULL },
	{ "no-cookie-store", REFUSED, NULL, NULL, NULL },
	{ "ntlm", REFUSED, NULL, NULL, NULL },
	{ "output", OWN, NULL, NULL, own_text },
	{ "path-as-is", OWN, NULL, NULL, own_flag },
	{ "pinnedpubkey", REFUSED, NULL, NULL, NULL },
	{ "proxy", TEXT_HTTP, "proxy", NULL, NULL },
	{ "repeat", OWN, NULL, NULL, own_repeat },
	{ "resolve", OWN, "resolve", NULL, own_text },
	{ "retry", OWN, NULL, NULL, own_repeat },
	{ "retry-interval", OWN, NULL, NULL, own_time },
	{ "skip", OWN, NULL, NULL, own_flag },
	{ "unix-socket", TEXT_HTTP, "unix_socket", NULL, NULL },
	{ "user", OWN, NULL, NULL, own_text },
	{ "variable", OWN, NULL, NULL, own_text },
	{ "verbose", QUIET, NULL, NULL, NULL },
	{ "verbosity", QUIET, NULL, NULL, NULL },
	{ "very-verbose", QUIET, NULL, NULL, NULL } };

static struct json *http_of(struct hurl *h)
{
	return import_map(&h->im, h->step, "http");
}

/* The value of an option that has been set once is its last one. */
static void put_last(struct hurl *h, struct json *map, const char *key,
	struct json *value)
{
	struct json *had = import_map(&h->im, map, key);
	struct json *next = had->next;
	struct json *up = had->up;
	struct str name = had->key;

	*had = *value;
	had->next = next;
	had->up = up;
	had->key = name;
}

static bool is_flag(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from, bool *ret)
{
	*ret = str_eq(t->raw, STR("true"));
	if (!t->plain)
		import_cannot(&h->im, hurl_span(h, from),
			"{{...}} in the option `%s`", row->hurl);
	else if (!*ret && !str_eq(t->raw, STR("false")))
		return hurl_bad(h, "true or false is expected");
	return true;
}

static bool is_number(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from, int64_t *ret)
{
	*ret = 1;
	if (!t->plain)
		import_cannot(&h->im, hurl_span(h, from),
			"{{...}} in the option `%s`", row->hurl);
	else if (!str_to_i64(t->raw, ret) || *ret < -1)
		return hurl_bad(h, "a number is expected");
	return true;
}

static bool own_flag(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from)
{
	bool on;

	if (!is_flag(h, row, t, from, &on))
		return false;
	if (strcmp(row->hurl, "skip") == 0) {
		h->skip = on;
	} else if (strcmp(row->hurl, "digest") == 0) {
		h->digest = on;
	} else if (strcmp(row->hurl, "insecure") == 0) {
		struct json *tls = import_map(&h->im, http_of(h), "tls");
		put_last(h, tls, "verify", json_new_bool(h->im.a, !on));
	} else if (on) {
		h->path_as_is = from + 1;
	}
	return true;
}

static bool own_redirects(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from)
{
	int64_t n = REDIRECTS_MAX;
	bool on = true;

	if (strcmp(row->hurl, "max-redirs") == 0) {
		if (!is_number(h, row, t, from, &n))
			return false;
		h->redirects = n < 0 || n > REDIRECTS_MAX ? REDIRECTS_MAX : n;
		return true;
	}
	if (!is_flag(h, row, t, from, &on))
		return false;
	h->location |= on;
	if (on && strcmp(row->hurl, "location-trusted") == 0)
		put_last(h, http_of(h), "auth_on_redirect",
			json_new_bool(h->im.a, true));
	return true;
}

/* 500ms, 2s, 1m; `ms` when there is no unit, `s` for curl's timeouts. */
static bool duration(struct hurl *h, const struct hurl_text *t, bool seconds,
	uint64_t *ret)
{
	struct str s = t->raw;
	uint64_t scale = seconds ? 1000 : 1;

	if (str_ends(s, STR("ms"))) {
		s.len -= 2;
		scale = 1;
	} else if (str_ends(s, STR("s"))) {
		s.len--;
		scale = 1000;
	} else if (str_ends(s, STR("m"))) {
		s.len--;
		scale = 60000;
	}
	if (!str_to_u64(s, ret) || *ret > UINT64_C(3600000) / scale)
		return hurl_bad(h, "a duration of at most an hour is expected");
	*ret *= scale;
	return true;
}

static struct json *ms_new(struct hurl *h, uint64_t ms)
{
	return json_new_str(h->im.a,
		ms % 1000 ? arena_printf(h->im.a, "%" PRIu64 "ms", ms)
			  : arena_printf(h->im.a, "%" PRIu64 "s", ms / 1000));
}

static bool own_time(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from)
{
	uint64_t ms;

	if (!t->plain) {
		import_cannot(&h->im, hurl_span(h, from),
			"{{...}} in the option `%s`", row->hurl);
		return true;
	}
	if (!duration(h, t, row->andon != NULL, &ms))
		return false;
	if (row->andon)
		put_last(h, http_of(h), row->andon, ms_new(h, ms ? ms : 1));
	else if (strcmp(row->hurl, "delay") == 0)
		h->delay_ms = ms;
	else
		h->retry_every_ms = ms ? ms : 1;
	return true;
}

static bool own_repeat(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from)
{
	bool retry = strcmp(row->hurl, "retry") == 0;
	int64_t most = retry ? RETRIES_MAX : IMPORT_REPEAT_MAX;
	int64_t n;

	if (!is_number(h, row, t, from, &n))
		return false;
	if (n < 0 || n > most) {
		import_cannot(&h->im, hurl_span(h, from),
			"%s without an end, or more than %" PRId64 " times",
			row->hurl, most);
		n = 1;
	}
	if (retry)
		h->retries = n;
	else
		h->repeat = n;
	return true;
}

/* name=value: a variable of the step, and of all after it */
static bool variable(struct hurl *h, const struct hurl_text *t)
{
	size_t at = str_find_byte(t->raw, '=', 0);
	struct json *vars = import_map(&h->im, h->step, "vars");
	struct str rest = t->text;

	if (at == SIZE_MAX)
		return hurl_bad(h, "NAME=VALUE is expected");
	struct str name = str_trim(str_cut(&rest, '='));
	struct json *value =
		t->plain ? import_value(h->im.a,
				   str_sub(t->raw, at + 1, SIZE_MAX))
			 : json_new_str(h->im.a, rest);
	struct str mine = hurl_name(h, name);
	if (json_get(vars, mine))
		return hurl_bad(h, "the variable is set twice");
	json_append(vars, mine, value);
	if (t->plain)
		hurl_set(h, name, value);
	else
		hurl_set(h, name, json_new(h->im.a, JSON_NULL));
	hurl_remember(h, &h->known, arena_str(h->im.a, name));
	return true;
}

/* HOST:PORT:ADDRESS, and HOST:PORT:HOST:PORT, as {HOST:PORT: ...} of http */
static bool instead(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from)
{
	size_t at = str_find_byte(t->raw, ':', 0);
	struct json *map = import_map(&h->im, http_of(h), row->andon);

	hurl_plain(h, t, from, "an address");
	at = at == SIZE_MAX ? at : str_find_byte(t->raw, ':', at + 1);
	if (at == SIZE_MAX)
		return hurl_bad(h, "HOST:PORT:... is expected");
	json_append(map, arena_str(h->im.a, str_sub(t->raw, 0, at)),
		json_new_str(h->im.a, str_sub(t->raw, at + 1, t->raw.len)));
	return true;
}

/* A file that Hurl refuses to write is a failure there. */
static bool output(struct hurl *h, const struct hurl_text *t, size_t from)
{
	if (str_starts(t->raw, STR("/")) || str_starts(t->raw, STR("../")))
		import_cannot(&h->im, hurl_span(h, from),
			"an output outside of the folder");
	return true;
}

static bool own_text(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from)
{
	struct str rest = t->text;

	if (strcmp(row->hurl, "variable") == 0)
		return variable(h, t);
	if (strcmp(row->hurl, "output") == 0)
		return output(h, t, from);
	if (row->andon)
		return instead(h, row, t, from);
	if (strcmp(row->hurl, "aws-sigv4") == 0) {
		hurl_plain(h, t, from, "the option `aws-sigv4`");
		h->aws = t->raw;
		return true;
	}
	if (strcmp(row->hurl, "user") == 0) {
		h->user = t->text;
		return true;
	}
	struct str name = str_trim(str_cut(&rest, ':'));
	if (!rest.ptr)
		return hurl_bad(h, "NAME: VALUE is expected");
	import_add_value(&h->im, import_map(&h->im, h->step, "headers"), name,
		str_trim(rest));
	return true;
}

static bool apply(struct hurl *h, const struct option_row *row,
	const struct hurl_text *t, size_t from)
{
	struct str text = t->text;
	struct json *tls;
	bool on;

	switch (row->how) {
	case FLAG_HTTP:
		if (!is_flag(h, row, t, from, &on))
			return false;
		if (on && strcmp(row->value, "true") == 0)
			put_last(h, http_of(h), row->andon,
				json_new_bool(h->im.a, true));
		else if (on)
			put_last(h, http_of(h), row->andon,
				json_new_str(h->im.a, str_from(row->value)));
		return true;
	case TEXT_HTTP:
		if (strcmp(row->hurl, "proxy") == 0 &&
			str_find(t->text, STR("://"), 0) == SIZE_MAX)
			text = arena_printf(h->im.a, "http://%.*s",
				STR_ARG(t->text));
		put_last(h, http_of(h), row->andon,
			json_new_str(h->im.a, text));
		return true;
	case TEXT_TLS:
		hurl_plain(h, t, from, "the name of a file");
		tls = import_map(&h->im, http_of(h), "tls");
		put_last(h, tls, row->andon, json_new_str(h->im.a, t->raw));
		return true;
	case QUIET:
		return true;
	case REFUSED:
		if (!str_eq(t->raw, STR("false")))
			import_cannot(&h->im, hurl_span(h, from),
				"the option `%s`", row->hurl);
		return true;
	default:
		return row->own(h, row, t, from);
	}
}

bool hurl_option(struct hurl *h)
{
	size_t from = h->at;
	struct hurl_text t;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].hurl);
		struct str key = str_sub(h->s, from, n);
		if (!str_eq(key, str_from(rows[i].hurl)))
			continue;
		h->at = from + n;
		hurl_spaces(h);
		if (!hurl_take(h, ":")) {
			h->at = from;
			continue;
		}
		hurl_spaces(h);
		return hurl_text(h, HURL_VALUE, &t) &&
		       apply(h, &rows[i], &t, from) && hurl_eol(h);
	}
	return hurl_bad(h, "an unknown option of Hurl");
}

/* provider:provider:region:service, and the keys of the option `user` */
static void put_aws(struct hurl *h, struct json *auth)
{
	struct json *sign = import_map(&h->im, auth, "aws_sigv4");
	struct str keys = h->user;
	struct str rest = h->aws;
	struct str part[4] = { STR("aws"), STR("amz"), STR(""), STR("") };

	for (size_t i = 0; i < 4 && rest.ptr; i++)
		part[i] = str_cut(&rest, ':');
	import_put(&h->im, sign, "region", part[2]);
	import_put(&h->im, sign, "service", part[3]);
	import_put(&h->im, sign, "access_key", str_cut(&keys, ':'));
	import_put(&h->im, sign, "secret_key", keys.ptr ? keys : STR(""));
}

static void put_user(struct hurl *h)
{
	struct str rest = h->user;
	struct json *auth;

	if (!h->user.ptr)
		return;
	auth = import_map(&h->im, h->step, "auth");
	if (h->aws.ptr) {
		put_aws(h, auth);
		return;
	}
	auth = import_map(&h->im, auth, h->digest ? "digest" : "basic");
	put_last(h, auth, "user", json_new_str(h->im.a, str_cut(&rest, ':')));
	put_last(h, auth, "password",
		json_new_str(h->im.a, rest.ptr ? rest : STR("")));
}

/* All of them are tried again, whatever went wrong. */
static void put_retry(struct hurl *h)
{
	static const char *const on[] = { "network", "5xx", "4xx", "assert" };
	struct json *retry;
	struct json *list;
	uint64_t every_ms =
		h->retry_every_ms ? h->retry_every_ms : RETRY_EVERY_MS;
	uint64_t all_ms = (uint64_t)h->retries * every_ms +
			  ((uint64_t)h->retries + 1) * ATTEMPT_MS;

	if (h->retries == 0)
		return;
	retry = import_map(&h->im, h->step, "retry");
	import_put_raw(&h->im, retry, "times",
		json_new_number(h->im.a,
			arena_printf(h->im.a, "%" PRId64, h->retries)));
	import_put_raw(&h->im, retry, "every", ms_new(h, every_ms));
	list = import_list(&h->im, retry, "on");
	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		json_append(list, STR_NONE,
			json_new_str(h->im.a, str_from(on[i])));
	import_put_raw(&h->im, h->step, "timeout", ms_new(h, all_ms));
	h->slow_ms += all_ms;
}

void hurl_options_end(struct hurl *h)
{
	if (h->location) {
		put_last(h, http_of(h), "redirects",
			json_new_number(h->im.a,
				arena_printf(h->im.a, "%" PRId64,
					h->redirects < 0 ? REDIRECTS_MAX
							 : h->redirects)));
	}
	put_user(h);
	put_retry(h);
	h->slow_ms += h->delay_ms;
}
