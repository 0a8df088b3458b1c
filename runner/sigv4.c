#include "runner/sigv4.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/crypto.h"

enum { TEXT_MAX = 1 << 20, QUERY_MAX = 1000, DATE_BYTES = 17 };

/* Unreserved bytes stay (RFC 3986), and `/` where it parts a path. */
static void add_encoded(struct buf *b, struct str s, bool slash)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (isalnum(c) || strchr("-._~", c) || (slash && c == '/'))
			buf_add_byte(b, (char)c);
		else
			buf_addf(b, "%%%02X", c);
	}
}

static struct str decoded(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		int high = s.ptr[i] == '%' && i + 2 < s.len
				   ? str_hex_digit(s.ptr[i + 1])
				   : -1;
		int low = high >= 0 ? str_hex_digit(s.ptr[i + 2]) : -1;

		if (low >= 0) {
			out[n++] = (char)(high * 16 + low);
			i += 2;
		} else {
			out[n++] = s.ptr[i];
		}
	}
	return (struct str){ out, n };
}

static struct str taken(struct arena *a, struct buf *b)
{
	struct str s = b->len ? arena_str(a, buf_str(b)) : STR("");

	buf_done(b);
	return s;
}

/* S3 takes a path as it stands; the others one without empty segments, and
 * encoded once more. */
static void add_path(struct buf *b, const struct sigv4 *k, struct str path)
{
	if (str_eq(k->service, STR("s3"))) {
		buf_add(b, path.len ? path : STR("/"));
		return;
	}
	for (size_t i = 0; i < path.len; i++) {
		if (path.ptr[i] == '/' && i && path.ptr[i - 1] == '/')
			continue;
		add_encoded(b, str_sub(path, i, 1), true);
	}
	if (!path.len)
		buf_add_byte(b, '/');
}

struct parameter {
	struct str name, value; /* encoded */
};

static int by_name_and_value(const void *a, const void *b)
{
	const struct parameter *x = a;
	const struct parameter *y = b;
	int order = str_cmp(x->name, y->name);

	return order ? order : str_cmp(x->value, y->value);
}

static struct str encoded(struct arena *a, struct str s)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	add_encoded(&b, decoded(a, s), false);
	return taken(a, &b);
}

static void add_query(struct buf *b, struct arena *a, struct str query)
{
	struct parameter *all = ARENA_ARRAY(a, QUERY_MAX, struct parameter);
	size_t n = 0;

	while (query.ptr && n < QUERY_MAX) {
		struct str value = str_cut(&query, '&');
		struct str name = str_cut(&value, '=');

		if (!name.len && !value.ptr)
			continue;
		all[n].name = encoded(a, name);
		all[n++].value = encoded(a, value.ptr ? value : STR(""));
	}
	qsort(all, n, sizeof(all[0]), by_name_and_value);
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s%.*s=%.*s", i ? "&" : "", STR_ARG(all[i].name),
			STR_ARG(all[i].value));
}

static struct str lower(struct arena *a, struct str s)
{
	char *low = arena_alloc(a, s.len + 1);

	for (size_t i = 0; i < s.len; i++)
		low[i] = (char)tolower((unsigned char)s.ptr[i]);
	return (struct str){ low, s.len };
}

static bool is_signed(struct str low)
{
	static const struct str names[] = { { "host", 4 },
		{ "content-type", 12 }, { "content-md5", 11 }, { "range", 5 } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(low, names[i]))
			return true;
	return str_starts(low, STR("x-amz-"));
}

/* Blanks at the ends go, and many of them are one. */
static struct str squeezed(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.len + 1);
	size_t n = 0;

	s = str_trim(s);
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] != ' ' || s.ptr[i - 1] != ' ')
			out[n++] = s.ptr[i];
	return (struct str){ out, n };
}

/* Both lists of the canonical request: "host:a\n..." and "host;...". */
static void headers_sort(const struct sigv4_request *q, struct arena *a,
	struct buf *lines, struct buf *names)
{
	struct parameter *all;
	size_t n = 0;

	for (const struct response_header *h = q->headers; h; h = h->next)
		n++;
	all = ARENA_ARRAY(a, n + 1, struct parameter);
	n = 0;
	for (const struct response_header *h = q->headers; h; h = h->next) {
		struct str low = lower(a, h->name);

		if (!is_signed(low) || !h->value.len)
			continue;
		all[n].name = low;
		all[n++].value = squeezed(a, h->value);
	}
	qsort(all, n, sizeof(all[0]), by_name_and_value);
	for (size_t i = 0; i < n; i++) {
		buf_addf(lines, "%.*s:%.*s\n", STR_ARG(all[i].name),
			STR_ARG(all[i].value));
		buf_addf(names, "%s%.*s", i ? ";" : "", STR_ARG(all[i].name));
	}
}

static void add_hash(struct buf *b, struct str s)
{
	uint8_t hash[SHA256_BYTES];

	crypto_sha256(s, hash);
	buf_add_hex(b, (struct str){ (const char *)hash, sizeof(hash) });
}

static void header_put(struct sigv4_request *q, struct arena *a,
	struct str name, struct str value)
{
	struct response_header *h;

	for (h = q->headers; h; h = h->next)
		if (str_eq_nocase(h->name, name))
			return;
	h = ARENA_NEW(a, struct response_header);
	h->name = name;
	h->value = value;
	h->next = q->headers;
	q->headers = h;
}

static struct str body_hash(const struct sigv4_request *q, struct arena *a)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	add_hash(&b, q->body.ptr ? q->body : STR(""));
	return taken(a, &b);
}

/* HMAC of the day, the region, the service and a fixed word, in turn. */
static void key_derive(const struct sigv4 *k, struct str day, struct arena *a,
	uint8_t ret[HMAC_MAX_BYTES])
{
	const struct str steps[] = { day, k->region, k->service,
		STR("aws4_request") };
	struct str key = arena_printf(a, "AWS4%.*s", STR_ARG(k->secret_key));
	size_t len = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		uint8_t next[HMAC_MAX_BYTES];

		crypto_hmac(STR("sha256"), key, steps[i], next, &len);
		memcpy(ret, next, len);
		key = (struct str){ (const char *)ret, len };
	}
}

struct str sigv4_sign(const struct sigv4 *k, struct sigv4_request *q,
	struct arena *a)
{
	char date[DATE_BYTES];
	time_t now = (time_t)(q->wall_us / 1000000);
	struct str hash = body_hash(q, a);
	uint8_t key[HMAC_MAX_BYTES];
	uint8_t mac[HMAC_MAX_BYTES];
	struct buf canonical;
	struct buf names;
	struct buf out;
	struct str when;
	struct str scope;
	size_t len = 0;
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &tm);
	when = arena_str(a, str_from(date));
	header_put(q, a, STR("X-Amz-Date"), when);
	if (k->session_token.len)
		header_put(q, a, STR("X-Amz-Security-Token"), k->session_token);
	if (str_eq(k->service, STR("s3")))
		header_put(q, a, STR("X-Amz-Content-Sha256"), hash);
	scope = arena_printf(a, "%.8s/%.*s/%.*s/aws4_request", date,
		STR_ARG(k->region), STR_ARG(k->service));

	buf_init(&canonical, TEXT_MAX);
	buf_init(&names, TEXT_MAX);
	buf_init(&out, TEXT_MAX);
	buf_addf(&canonical, "%.*s\n", STR_ARG(q->method));
	add_path(&canonical, k, q->path);
	buf_add_byte(&canonical, '\n');
	add_query(&canonical, a, q->query);
	buf_add_byte(&canonical, '\n');
	headers_sort(q, a, &canonical, &names);
	buf_addf(&canonical, "\n%.*s\n%.*s", STR_ARG(buf_str(&names)),
		STR_ARG(hash));

	buf_addf(&out, "AWS4-HMAC-SHA256\n%s\n%.*s\n", date, STR_ARG(scope));
	add_hash(&out, buf_str(&canonical));
	key_derive(k, str_sub(when, 0, 8), a, key);
	crypto_hmac(STR("sha256"),
		(struct str){ (const char *)key, SHA256_BYTES }, buf_str(&out),
		mac, &len);
	buf_clear(&out);
	buf_addf(&out,
		"AWS4-HMAC-SHA256 Credential=%.*s/%.*s, SignedHeaders=%.*s, "
		"Signature=",
		STR_ARG(k->access_key), STR_ARG(scope),
		STR_ARG(buf_str(&names)));
	buf_add_hex(&out, (struct str){ (const char *)mac, len });
	buf_done(&canonical);
	buf_done(&names);
	return taken(a, &out);
}
