#include "cli/demo_regions.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/oom.h"
#include "board/server.h"

#define PRICE_CENTS   1250
#define TOKEN_SECONDS INT64_C(3600)
enum {
	UUID_LEN = 36,
	KEY_BYTES = 32,
	SKU_MAX = 64,
	QUANTITY_MAX = 1000,
	MILLIONTHS = 1000000
};

struct order {
	char id[UUID_LEN + 1]; /* "": a free place */
	char sku[SKU_MAX + 1];
	int64_t quantity;
	uint64_t looks;
};

struct demo_region {
	struct server *server;
	char url[64];
	uint64_t seed;
	char *client_secret;  /* NULL: any */
	char key[KEY_BYTES];  /* of the tokens; new in every process */
	pthread_mutex_t lock; /* of the two versions */
	char version[DEMO_VERSION_MAX + 1];
	char other[DEMO_VERSION_MAX + 1]; /* "": no rollout is stuck */

	atomic_uint failing_millionths;
	atomic_uint_fast64_t latency_ms;
	atomic_bool down;
	/* written by the server's thread alone */
	atomic_uint_fast64_t requests, orders, failed_orders;

	/* of the server's thread */
	struct order order[DEMO_ORDERS_MAX]; /* a ring */
	size_t next_order;
};

static void reply_json(struct reply *p, unsigned status, const char *text)
{
	reply_text(p, status, "application/json", str_from(text));
}

static void reply_error(struct reply *p, unsigned status, const char *code)
{
	reply_json(p, status, "");
	buf_addf(&p->body, "{\"error\":{\"code\":\"%s\"}}\n", code);
}

/* --- tokens -------------------------------------------------------------- */

/* "EXPIRES.HMAC": nothing has to be remembered to know it again. */
static void token_write(const struct demo_region *d, int64_t expires_s,
	struct buf *out)
{
	char text[32];
	uint8_t mac[HMAC_MAX_BYTES];
	size_t len = 0;
	struct str key = { d->key, sizeof(d->key) };

	snprintf(text, sizeof(text), "%" PRId64, expires_s);
	crypto_hmac(STR("sha256"), key, str_from(text), mac, &len);
	buf_addf(out, "%s.", text);
	buf_add_hex(out, (struct str){ (const char *)mac, len });
}

static int64_t now_s(void)
{
	return clock_wall_us(&clock_system) / 1000000;
}

static bool is_signed_in(const struct demo_region *d, const struct request *r)
{
	struct str given = request_header(r, "Authorization");
	struct str rest;
	struct buf want;
	int64_t expires_s;

	if (!str_starts(given, STR("Bearer ")))
		return false;
	given = str_sub(given, 7, SIZE_MAX);
	rest = given;
	if (!str_to_i64(str_cut(&rest, '.'), &expires_s) || expires_s < now_s())
		return false;
	buf_init(&want, 256);
	token_write(d, expires_s, &want);
	bool ok = str_eq(buf_str(&want), given);
	buf_done(&want);
	return ok;
}

static void form_decode(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		int high = -1;
		int low = -1;
		if (s.ptr[i] == '%' && i + 2 < s.len) {
			high = str_hex_digit(s.ptr[i + 1]);
			low = str_hex_digit(s.ptr[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			uint8_t byte = (uint8_t)(high * 16 + low);
			buf_add(out, (struct str){ (const char *)&byte, 1 });
			i += 2;
		} else {
			static const struct str space = { " ", 1 };
			bool plus = s.ptr[i] == '+';
			buf_add(out, plus ? space : str_sub(s, i, 1));
		}
	}
}

/* The decoded value of a form's field, in `out`; false: not there. */
static bool form_get(struct str form, const char *name, struct buf *out)
{
	struct str rest = form;

	while (rest.ptr) {
		struct str value = str_cut(&rest, '&');
		struct str key = str_cut(&value, '=');
		if (!value.ptr || !str_eq(key, str_from(name)))
			continue;
		buf_clear(out);
		form_decode(value, out);
		return true;
	}
	return false;
}

static bool credentials_ok(const struct demo_region *d, struct str form)
{
	struct buf value;
	bool ok;

	buf_init(&value, SERVER_BODY_MAX);
	ok = form_get(form, "grant_type", &value) &&
	     str_eq(buf_str(&value), STR("client_credentials")) &&
	     form_get(form, "client_secret", &value) && value.len > 0 &&
	     (!d->client_secret ||
		     str_eq(buf_str(&value), str_from(d->client_secret)));
	buf_done(&value);
	return ok;
}

static void serve_token(struct demo_region *d, const struct request *r,
	struct reply *p)
{
	if (!str_eq(r->method, STR("POST"))) {
		reply_error(p, 405, "method_not_allowed");
		return;
	}
	if (!credentials_ok(d, r->body)) {
		reply_error(p, 401, "invalid_client");
		return;
	}
	reply_json(p, 200, "{\"access_token\":\"");
	token_write(d, now_s() + TOKEN_SECONDS, &p->body);
	buf_addf(&p->body,
		"\",\"token_type\":\"Bearer\",\"expires_in\":%" PRId64 "}\n",
		TOKEN_SECONDS);
}

/* --- orders -------------------------------------------------------------- */

static struct order *order_find(struct demo_region *d, struct str id)
{
	for (size_t i = 0; id.len == UUID_LEN && i < DEMO_ORDERS_MAX; i++)
		if (str_eq(str_from(d->order[i].id), id))
			return &d->order[i];
	return NULL;
}

static void order_write(const struct order *o, const char *status,
	struct buf *out)
{
	int64_t cents = o->quantity * PRICE_CENTS;

	buf_addf(out,
		"{\"id\":\"%s\",\"status\":\"%s\",\"lines\":[{\"sku\":", o->id,
		status);
	buf_add_json(out, str_from(o->sku));
	buf_addf(out,
		",\"quantity\":%" PRId64 ",\"price\":12.50}],"
		"\"total\":{\"amount\":%" PRId64 ".%02" PRId64
		",\"currency\":\"USD\"}}\n",
		o->quantity, cents / 100, cents % 100);
}

/* Which of the first, second, ... orders fail is a matter of the seed. */
static bool is_unlucky(const struct demo_region *d, uint64_t number)
{
	char text[48];
	unsigned failing = atomic_load(&d->failing_millionths);

	snprintf(text, sizeof(text), "%" PRIu64 "/%" PRIu64, d->seed, number);
	return hash64(str_from(text)) % MILLIONTHS < failing;
}

static bool order_read(struct str body, struct order *ret)
{
	struct arena *a = arena_new();
	const struct json *j = json_parse(a, body, NULL, NULL);
	struct str sku = j ? json_get_str(j, "sku") : STR_NONE;
	int64_t quantity = j ? json_get_i64(j, "quantity", 0) : 0;
	bool ok = sku.len > 0 && sku.len <= SKU_MAX && quantity > 0 &&
		  quantity <= QUANTITY_MAX;

	if (ok) {
		*ret = (struct order){ .quantity = quantity };
		snprintf(ret->sku, sizeof(ret->sku), "%.*s", STR_ARG(sku));
	}
	arena_free(a);
	return ok;
}

static void serve_new_order(struct demo_region *d, const struct request *r,
	struct reply *p)
{
	struct order o;
	char location[64];

	if (!order_read(r->body, &o)) {
		reply_error(p, 422, "invalid_order");
		return;
	}
	crypto_uuid4(o.id);
	d->order[d->next_order] = o;
	d->next_order = (d->next_order + 1) % DEMO_ORDERS_MAX;
	snprintf(location, sizeof(location), "/v1/orders/%s", o.id);
	reply_header(p, "Location", str_from(location));
	reply_json(p, 201, "");
	order_write(&o, "accepted", &p->body);
}

static void serve_summary(const struct order *o, const struct request *r,
	struct reply *p)
{
	char etag[UUID_LEN + 3];

	if (!str_eq(request_header(r, "X-Feature-Role"), STR("tester"))) {
		reply_error(p, 404, "not_found");
		return;
	}
	snprintf(etag, sizeof(etag), "\"%s\"", o->id);
	reply_header(p, "ETag", str_from(etag));
	reply_json(p, 200, "");
	buf_addf(&p->body, "{\"id\":\"%s\",\"layout\":\"compact\"}\n", o->id);
}

static void serve_order(struct demo_region *d, const struct request *r,
	struct reply *p)
{
	struct str id = str_sub(r->path, sizeof("/v1/orders/") - 1, SIZE_MAX);
	bool summary = str_ends(id, STR("/summary"));

	if (summary)
		id.len -= sizeof("/summary") - 1;
	struct order *o = order_find(d, id);
	if (!o) {
		reply_error(p, 404, "not_found");
	} else if (summary && str_eq(r->method, STR("GET"))) {
		serve_summary(o, r, p);
	} else if (str_eq(r->method, STR("GET"))) {
		reply_json(p, 200, "");
		order_write(o, ++o->looks > 1 ? "confirmed" : "accepted",
			&p->body);
	} else if (!summary && str_eq(r->method, STR("DELETE"))) {
		o->id[0] = '\0';
		p->status = 204;
	} else {
		reply_error(p, 405, "method_not_allowed");
	}
}

static void serve_orders(struct demo_region *d, const struct request *r,
	struct reply *p)
{
	if (!is_signed_in(d, r)) {
		reply_header(p, "WWW-Authenticate", STR("Bearer"));
		reply_error(p, 401, "unauthorized");
	} else if (!str_eq(r->path, STR("/v1/orders"))) {
		serve_order(d, r, p);
	} else if (str_eq(r->method, STR("POST"))) {
		serve_new_order(d, r, p);
	} else {
		reply_error(p, 405, "method_not_allowed");
	}
}

/* --- the rest of the service --------------------------------------------- */

static void version_copy(struct demo_region *d, uint64_t request,
	char out[DEMO_VERSION_MAX + 1])
{
	pthread_mutex_lock(&d->lock);
	bool other = d->other[0] && request % 2;
	snprintf(out, DEMO_VERSION_MAX + 1, "%s",
		other ? d->other : d->version);
	pthread_mutex_unlock(&d->lock);
}

static void serve_plain(const struct request *r, const char *version,
	struct reply *p)
{
	if (!str_eq(r->method, STR("GET"))) {
		reply_error(p, 405, "method_not_allowed");
	} else if (str_eq(r->path, STR("/version"))) {
		reply_json(p, 200, "{\"version\":");
		buf_add_json(&p->body, str_from(version));
		buf_add_z(&p->body, "}\n");
	} else if (str_eq(r->path, STR("/v1/catalog"))) {
		reply_json(p, 200,
			"{\"hits\":2,\"items\":["
			"{\"sku\":\"SMOKE-0001\",\"title\":\"Chair\","
			"\"price\":12.50},"
			"{\"sku\":\"SMOKE-0002\",\"title\":\"Table\","
			"\"price\":12.50}]}\n");
	} else {
		reply_json(p, 200, "{\"status\":\"ok\"}\n");
	}
}

static bool is_plain(struct str path)
{
	static const char *const paths[] = { "/health", "/healthz", "/version",
		"/v1/catalog" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (str_eq(path, str_from(paths[i])))
			return true;
	return false;
}

/* What a proxy says when there is nothing behind it. */
static void serve_proxy(struct reply *p, unsigned status, const char *text)
{
	reply_text(p, status, "text/plain", str_from(text));
}

static bool order_fails(struct demo_region *d, const struct request *r)
{
	if (!str_eq(r->path, STR("/v1/orders")) ||
		!str_eq(r->method, STR("POST")))
		return false;
	uint64_t number = atomic_fetch_add(&d->orders, 1);
	if (!is_unlucky(d, number))
		return false;
	atomic_fetch_add(&d->failed_orders, 1);
	return true;
}

static void serve(const struct request *r, struct reply *p, void *owner)
{
	struct demo_region *d = owner;
	char version[DEMO_VERSION_MAX + 1];
	uint64_t request = atomic_fetch_add(&d->requests, 1);

	p->delay_ms = atomic_load(&d->latency_ms);
	if (atomic_load(&d->down)) {
		serve_proxy(p, 503, "no healthy upstream\n");
		return;
	}
	if (order_fails(d, r)) {
		serve_proxy(p, 502, "upstream connect error\n");
		return;
	}
	version_copy(d, request, version);
	reply_header(p, "X-App-Version", str_from(version));
	if (str_eq(r->path, STR("/oauth2/token")))
		serve_token(d, r, p);
	else if (str_eq(r->path, STR("/v1/orders")) ||
		 str_starts(r->path, STR("/v1/orders/")))
		serve_orders(d, r, p);
	else if (is_plain(r->path))
		serve_plain(r, version, p);
	else
		reply_error(p, 404, "not_found");
}

/* --- life and settings --------------------------------------------------- */

struct demo_region *demo_region_new(const struct demo_region_options *o,
	struct err *e)
{
	struct demo_region *d = xcalloc(1, sizeof(*d));
	struct server_options so = { .port = o->port,
		.handler = serve,
		.owner = d };

	pthread_mutex_init(&d->lock, NULL);
	d->seed = o->seed;
	if (o->client_secret)
		d->client_secret = xstrdup(o->client_secret);
	crypto_random(d->key, sizeof(d->key));
	demo_region_set_version(d, o->version);
	d->server = server_new(&so, e);
	if (!d->server) {
		demo_region_free(d);
		return NULL;
	}
	snprintf(d->url, sizeof(d->url), "http://127.0.0.1:%u",
		(unsigned)server_port(d->server));
	return d;
}

void demo_region_free(struct demo_region *d)
{
	if (!d)
		return;
	server_free(d->server);
	pthread_mutex_destroy(&d->lock);
	free(d->client_secret);
	free(d);
}

uint16_t demo_region_port(const struct demo_region *d)
{
	return server_port(d->server);
}

const char *demo_region_url(const struct demo_region *d)
{
	return d->url;
}

void demo_region_set_version(struct demo_region *d, const char *version)
{
	pthread_mutex_lock(&d->lock);
	snprintf(d->version, sizeof(d->version), "%s", version);
	pthread_mutex_unlock(&d->lock);
}

void demo_region_set_half_way(struct demo_region *d, const char *other)
{
	pthread_mutex_lock(&d->lock);
	snprintf(d->other, sizeof(d->other), "%s", other ? other : "");
	pthread_mutex_unlock(&d->lock);
}

void demo_region_set_failing(struct demo_region *d, double share)
{
	unsigned millionths = 0;

	if (share >= 1)
		millionths = MILLIONTHS;
	else if (share > 0)
		millionths = (unsigned)(share * MILLIONTHS);
	atomic_store(&d->failing_millionths, millionths);
}

void demo_region_set_latency(struct demo_region *d, uint64_t ms)
{
	atomic_store(&d->latency_ms, ms);
}

void demo_region_set_down(struct demo_region *d, bool down)
{
	atomic_store(&d->down, down);
}

struct demo_counts demo_region_counts(const struct demo_region *d)
{
	return (struct demo_counts){ .requests = atomic_load(&d->requests),
		.orders = atomic_load(&d->orders),
		.failed_orders = atomic_load(&d->failed_orders) };
}
