#include "runner/http_exchange.h"

#include "base/buf.h"
#include "base/crypto.h"

/*
 * Who asks, where it depends on the request (a signature) or on what the
 * server said (a digest).  Both go where `auth` may go, and nowhere else.
 */
enum { ANSWERS_MAX = 2, CNONCE_BYTES = 16 };

static struct str part(CURLU *u, CURLUPart what, struct arena *a)
{
	char *text = NULL;
	struct str s = STR_NONE;

	if (curl_url_get(u, what, &text, 0) == CURLUE_OK)
		s = arena_str(a, str_from(text));
	curl_free(text);
	return s;
}

/* Path and query as libcurl sends them. */
static void target(const struct exchange *x, struct str *ret_path,
	struct str *ret_query)
{
	CURLU *u = curl_url();

	*ret_path = STR("/");
	*ret_query = STR_NONE;
	if (u && curl_url_set(u, CURLUPART_URL, x->hop.url.ptr, 0) ==
			 CURLUE_OK) {
		*ret_path = part(u, CURLUPART_PATH, x->call->arena);
		*ret_query = part(u, CURLUPART_QUERY, x->call->arena);
	}
	curl_url_cleanup(u);
}

static struct str body_of(const struct exchange *x)
{
	return x->hop.send_body ? x->call->body : STR_NONE;
}

static struct response_header *find(struct response_header *h, struct str name)
{
	while (h && !str_eq_nocase(h->name, name))
		h = h->next;
	return h;
}

static void put(struct exchange *x, struct response_header **list,
	struct str name, struct str value)
{
	struct response_header *h =
		ARENA_NEW(x->call->arena, struct response_header);

	h->name = name;
	h->value = value;
	h->next = *list;
	*list = h;
}

/* What is signed must be what is sent: so Host is written by us. */
static struct str host_of(const struct exchange *x)
{
	const struct origin *o = &x->hop.origin;
	bool usual = o->port == (str_eq(o->scheme, STR("https")) ? 443 : 80);
	bool six = str_find_byte(o->host, ':', 0) != SIZE_MAX;
	struct str host = arena_printf(x->call->arena, six ? "[%.*s]" : "%.*s",
		STR_ARG(o->host));

	return usual ? host
		     : arena_printf(x->call->arena, "%.*s:%u", STR_ARG(host),
			       o->port);
}

static void sign(struct exchange *x, struct response_header **list)
{
	struct sigv4_request q = { .method = x->hop.method,
		.body = body_of(x),
		.wall_us = loop_wall_us(x->session->http->loop) };
	struct str value;

	target(x, &q.path, &q.query);
	if (!find(*list, STR("Host")))
		put(x, list, STR("Host"), host_of(x));
	q.headers = *list;
	value = sigv4_sign(x->call->sigv4, &q, x->call->arena);
	*list = q.headers;
	put(x, list, STR("Authorization"), value);
}

static void digest(struct exchange *x, struct response_header **list)
{
	struct arena *a = x->call->arena;
	struct digest_request q = { .user = x->call->digest->user,
		.password = x->call->digest->password,
		.method = x->hop.method,
		.body = body_of(x),
		.count = ++x->nonce_count };
	uint8_t random[CNONCE_BYTES];
	struct str path;
	struct str query;
	struct buf b;

	crypto_random(random, sizeof(random));
	buf_init(&b, sizeof(random) * 2 + 1);
	buf_add_hex(&b, (struct str){ (const char *)random, sizeof(random) });
	q.cnonce = arena_str(a, buf_str(&b));
	buf_done(&b);
	target(x, &path, &query);
	q.uri = query.ptr ? arena_printf(a, "%.*s?%.*s", STR_ARG(path),
				    STR_ARG(query))
			  : path;
	put(x, list, STR("Authorization"), digest_answer(&x->challenge, &q, a));
}

void auth_add(struct exchange *x, struct response_header **list)
{
	if (!x->hop.auth_too || find(*list, STR("Authorization")))
		return;
	if (x->call->sigv4)
		sign(x, list);
	else if (x->call->digest && x->challenged)
		digest(x, list);
}

bool auth_again(struct exchange *x)
{
	struct digest_challenge c;

	if (x->head.status != 401 || !x->call->digest || !x->hop.auth_too ||
		x->answers >= ANSWERS_MAX ||
		!digest_read(x->head.first, x->call->arena, &c))
		return false;
	/* the password was wrong: asking again would only lock it out */
	if (x->answers && !c.stale)
		return false;
	x->challenge = c;
	x->challenged = true;
	x->nonce_count = 0;
	x->answers++;
	return true;
}

void auth_next_hop(struct exchange *x, const struct hop *next)
{
	x->answers = 0;
	if (!origin_same(&x->hop.origin, &next->origin))
		x->challenged = false;
}
