#include <string.h>

#include "runner/run_parts.h"

/* Who asks: `auth` of a step or a role, and the tokens that it needs. */
enum { TEXT_MAX = 1 << 20, SAID_MAX = 200, SLACK_S = 10 };
#define PAIR_MAX (2UL * SECRET_MAX)

static uint64_t now_ns(const struct run *r)
{
	return loop_now_ns(r->host->loop);
}

static struct str taken(struct run *r, struct buf *b)
{
	struct str s = b->len ? arena_str(r->arena, buf_str(b)) : STR("");

	buf_done(b);
	return s;
}

static struct str basic(struct run *r, struct str user, struct str password)
{
	struct buf b;
	struct buf pair;

	buf_init(&pair, PAIR_MAX);
	buf_init(&b, 2 * PAIR_MAX);
	buf_addf(&pair, "%.*s:%.*s", STR_ARG(user), STR_ARG(password));
	buf_add(&b, STR("Basic "));
	buf_add_base64(&b, buf_str(&pair), false);
	buf_done(&pair);
	return taken(r, &b);
}

/* --- OAuth 2.0, RFC 6749 section 4.4 --- */

static struct str percent(struct run *r, struct str s)
{
	struct buf b;

	buf_init(&b, PAIR_MAX);
	buf_add_percent(&b, s);
	return taken(r, &b);
}

static bool form_make(struct run *r, const struct auth *a, struct token *t,
	struct str id, struct str secret, struct verdict *v)
{
	struct buf b;
	bool ok;

	buf_init(&b, TEXT_MAX);
	buf_add(&b, STR("grant_type=client_credentials"));
	if (a->scopes.len)
		buf_addf(&b, "&scope=%.*s", STR_ARG(percent(r, a->scopes)));
	if (a->in_body)
		buf_addf(&b, "&client_id=%.*s&client_secret=%.*s",
			STR_ARG(percent(r, id)), STR_ARG(percent(r, secret)));
	else
		t->basic = basic(r, percent(r, id), percent(r, secret));
	ok = run_pairs_add(r, a->params, &b, v);
	t->body = taken(r, &b);
	return ok;
}

static bool token_same(const struct token *a, const struct token *b)
{
	return str_eq(a->url, b->url) && str_eq(a->body, b->body) &&
	       a->basic.len == b->basic.len && str_eq(a->basic, b->basic);
}

static bool token_fresh(const struct run *r, const struct token *t)
{
	return t->value.ptr && (!t->until_ns || now_ns(r) < t->until_ns);
}

static bool oauth2(struct run *r, const struct auth *a, struct verdict *v)
{
	struct token want = { .basic = STR("") };
	struct token *t = r->tokens;
	struct str id;
	struct str secret;

	if (!run_render(r, a->token_url, &want.url, v) ||
		!run_render(r, a->user, &id, v) ||
		!run_render(r, a->password, &secret, v) ||
		!form_make(r, a, &want, id, secret, v))
		return false;
	/* what is made anew for each request (a nonce) asks for one token */
	if (r->fetched)
		t = r->fetched;
	else
		while (t && !token_same(t, &want))
			t = t->next;
	r->fetched = NULL;
	if (!t) {
		t = ARENA_NEW(r->arena, struct token);
		*t = want;
		t->next = r->tokens;
		r->tokens = t;
	}
	if (token_fresh(r, t))
		r->call.auth = arena_printf(r->arena, "Bearer %.*s",
			STR_ARG(t->value));
	else
		r->token = t;
	return true;
}

/* RFC 6749, 5.2: what the server says is wrong; no more than that. */
static struct str refusal(struct run *r, const struct json *root)
{
	struct str error = json_get_str(root, "error");
	struct str more = json_get_str(root, "error_description");

	if (!root || !error.len)
		return STR("");
	return arena_printf(r->arena, ": %.*s%s%.*s",
		STR_ARG(str_sub(error, 0, SAID_MAX)), more.len ? ", " : "",
		STR_ARG(str_sub(more, 0, SAID_MAX)));
}

/* Asked for again a little before its end; 0: it says nothing of an end. */
static uint64_t token_end(const struct run *r, int64_t seconds)
{
	int64_t rest = seconds > (int64_t)2 * SLACK_S ? seconds - SLACK_S
						      : (seconds + 1) / 2;

	if (seconds <= 0 || seconds > INT32_MAX)
		return 0;
	return now_ns(r) + (uint64_t)rest * 1000000000;
}

/* What is wrong with the answer; STR_NONE: nothing, and *t has its token. */
static struct str token_take(struct run *r, struct token *t)
{
	const struct http_call *c = &r->ticket;
	const struct json *root;
	const struct json *life;
	struct str value;
	struct str type;
	int64_t seconds = 0;

	if (c->reason != REASON_NONE)
		return c->why;
	root = json_parse(r->arena, c->response.body, NULL, NULL);
	if (c->response.status != 200)
		return arena_printf(r->arena, "status %u%.*s",
			c->response.status, STR_ARG(refusal(r, root)));
	if (!root || root->type != JSON_OBJECT)
		return STR("the answer is not a JSON object");
	value = json_get_str(root, "access_token");
	if (!value.len)
		return STR("the answer has no access_token");
	type = json_get_str(root, "token_type");
	if (type.ptr && !str_eq_nocase(type, STR("Bearer")))
		return arena_printf(r->arena, "token_type %.*s is not Bearer",
			STR_ARG(str_sub(type, 0, SAID_MAX)));
	redact_add(r->redact, STR("access_token"), value);
	life = json_get(root, STR("expires_in"));
	if (life && life->type == JSON_NUMBER)
		seconds = json_get_i64(root, "expires_in", 0);
	t->value = value;
	t->until_ns = token_end(r, seconds);
	return STR_NONE;
}

static void token_failed(struct run *r, enum reason reason, struct str why)
{
	r->token_retry = reason == REASON_DNS || reason == REASON_CONNECT ||
			 reason == REASON_TLS || reason == REASON_TIMEOUT;
	r->call.reason = reason_outcome(reason) == OUTCOME_RUNNER_ERROR
				 ? reason
				 : REASON_AUTH;
	r->call.why = arena_printf(r->arena, "oauth2 token from %.*s: %.*s",
		STR_ARG(r->token->url), STR_ARG(why));
	r->report->attempts++;
	r->token = NULL;
}

static void on_token(struct http_call *c, void *owner)
{
	struct run *r = owner;
	struct str why = token_take(r, r->token);

	if (why.ptr) {
		token_failed(r, c->reason, why);
		run_go(r, RUN_ANSWER);
		return;
	}
	r->fetched = r->token;
	r->token = NULL;
	run_go(r, RUN_ASK);
}

/* As the step's own requests, but to another host: nothing that says who that
 * step's host must be. */
static const struct http_options *token_options(struct run *r)
{
	struct http_options *o = ARENA_NEW(r->arena, struct http_options);
	struct origin mine;
	struct origin own;

	*o = r->step->http;
	o->redirects = 0;
	o->version = HTTP_AUTO;
	o->headers = NULL;
	if (!http_origin(r->call.url, r->arena, &own) ||
		!http_origin(r->token->url, r->arena, &mine) ||
		!origin_same(&own, &mine))
		o->tls.server_name = o->tls.pin = STR_NONE;
	return o;
}

static struct response_header *header_new(struct run *r, struct str name,
	struct str value, struct response_header *next)
{
	struct response_header *h = ARENA_NEW(r->arena, struct response_header);

	h->name = name;
	h->value = value;
	h->next = next;
	return h;
}

bool run_token(struct run *r)
{
	struct http_call *c = &r->ticket;
	uint64_t most = now_ns(r) + r->step->http.timeout_ms * 1000000;
	struct str why;

	memset(c, 0, sizeof(*c));
	c->arena = r->arena;
	c->method = STR("POST");
	c->url = r->token->url;
	c->headers = header_new(r, STR("Content-Type"),
		STR("application/x-www-form-urlencoded"),
		header_new(r, STR("Accept"), STR("application/json"), NULL));
	if (r->token->basic.len)
		c->auth = r->token->basic;
	c->body = r->token->body;
	c->user_agent = r->call.user_agent;
	c->proxy = r->call.proxy;
	c->options = token_options(r);
	c->deadline_ns =
		most < r->step_deadline_ns ? most : r->step_deadline_ns;
	c->done = on_token;
	c->owner = r;
	if (!http_check(c, r->arena, &why)) {
		token_failed(r, REASON_INTERNAL, why);
		return false;
	}
	if (!r->token_session)
		r->token_session = http_session_new(r->host->http);
	http_start(r->token_session, c);
	return true;
}

/* --- the others --- */

static bool digest(struct run *r, const struct auth *a, struct verdict *v)
{
	struct http_password *p = ARENA_NEW(r->arena, struct http_password);

	r->call.digest = p;
	return run_render(r, a->user, &p->user, v) &&
	       run_render(r, a->password, &p->password, v);
}

static bool signature(struct run *r, const struct auth *a, struct verdict *v)
{
	struct sigv4 *k = ARENA_NEW(r->arena, struct sigv4);

	r->call.sigv4 = k;
	return run_render(r, a->region, &k->region, v) &&
	       run_render(r, a->service, &k->service, v) &&
	       run_render(r, a->user, &k->access_key, v) &&
	       run_render(r, a->password, &k->secret_key, v) &&
	       (!a->token || run_render(r, a->token, &k->session_token, v));
}

const struct auth *run_auth_of(const struct run *r)
{
	return r->step->auth.kind != AUTH_NONE ? &r->step->auth
					       : &r->job->role->auth;
}

bool run_auth(struct run *r, const struct auth *a, struct verdict *v)
{
	struct str user;
	struct str password;

	switch (a->kind) {
	case AUTH_NONE:
		return true;
	case AUTH_BASIC:
		if (!run_render(r, a->user, &user, v) ||
			!run_render(r, a->password, &password, v))
			return false;
		r->call.auth = basic(r, user, password);
		return true;
	case AUTH_BEARER:
		if (!run_render(r, a->token, &user, v))
			return false;
		r->call.auth =
			arena_printf(r->arena, "Bearer %.*s", STR_ARG(user));
		return true;
	case AUTH_DIGEST:
		return digest(r, a, v);
	case AUTH_OAUTH2:
		return oauth2(r, a, v);
	case AUTH_SIGV4:
		return signature(r, a, v);
	}
	return true;
}
