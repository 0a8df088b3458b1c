#include "runner/digest.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"

enum { TEXT_MAX = 1 << 20, CHALLENGES_MAX = 16 };

/* --- the challenge --- */

static bool is_token(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static struct str token(struct str *s)
{
	size_t n = 0;

	while (n < s->len && is_token(s->ptr[n]))
		n++;
	struct str t = str_sub(*s, 0, n);
	*s = str_sub(*s, n, SIZE_MAX);
	return t;
}

static void blanks(struct str *s, bool commas)
{
	size_t n = 0;

	while (n < s->len && (s->ptr[n] == ' ' || s->ptr[n] == '\t' ||
				     (commas && s->ptr[n] == ',')))
		n++;
	*s = str_sub(*s, n, SIZE_MAX);
}

/* A quoted string without its quotes and backslashes. */
static struct str quoted(struct str *s, struct arena *a)
{
	char *out = arena_alloc(a, s->len + 1);
	size_t n = 0;
	size_t i = 1;

	for (; i < s->len && s->ptr[i] != '"'; i++) {
		if (s->ptr[i] == '\\' && i + 1 < s->len)
			i++;
		out[n++] = s->ptr[i];
	}
	*s = str_sub(*s, i + 1, SIZE_MAX);
	return (struct str){ out, n };
}

struct reading {
	struct arena *arena;
	struct digest_challenge challenge;
	bool digest;   /* is the challenge one of ours? */
	bool fits;     /* and one that we can answer? */
	bool has_qop;  /* of any kind */
	unsigned best; /* of what *ret holds; 0: nothing */
	struct digest_challenge *ret;
};

static void algorithm_set(struct reading *r, struct str v)
{
	struct digest_challenge *c = &r->challenge;

	c->session = v.len > 5 &&
		     str_eq_nocase(str_sub(v, v.len - 5, 5), STR("-sess"));
	if (c->session)
		v.len -= 5;
	if (str_eq_nocase(v, STR("SHA-256")))
		c->hash = DIGEST_SHA256;
	else if (!str_eq_nocase(v, STR("MD5")))
		r->fits = false;
}

static void qop_set(struct reading *r, struct str v)
{
	r->has_qop = true;
	while (v.ptr) {
		struct str one = str_trim(str_cut(&v, ','));

		if (str_eq_nocase(one, STR("auth")))
			r->challenge.qop = DIGEST_AUTH;
		else if (str_eq_nocase(one, STR("auth-int")) &&
			 r->challenge.qop == DIGEST_NO_QOP)
			r->challenge.qop = DIGEST_AUTH_INT;
	}
}

static void parameter(struct reading *r, struct str name, struct str v)
{
	struct digest_challenge *c = &r->challenge;

	if (str_eq_nocase(name, STR("realm")))
		c->realm = v;
	else if (str_eq_nocase(name, STR("nonce")))
		c->nonce = v;
	else if (str_eq_nocase(name, STR("opaque")))
		c->opaque = v;
	else if (str_eq_nocase(name, STR("algorithm")))
		algorithm_set(r, v);
	else if (str_eq_nocase(name, STR("qop")))
		qop_set(r, v);
	else if (str_eq_nocase(name, STR("stale")))
		c->stale = str_eq_nocase(v, STR("true"));
	else if (str_eq_nocase(name, STR("userhash")))
		c->userhash = str_eq_nocase(v, STR("true"));
}

/* The challenge is over: is it the best so far? */
static void challenge_end(struct reading *r)
{
	const struct digest_challenge *c = &r->challenge;
	unsigned worth = 1 + 2 * (c->hash == DIGEST_SHA256) + c->session;

	if (!r->digest || !r->fits || !c->nonce.len || !c->realm.ptr ||
		(r->has_qop && c->qop == DIGEST_NO_QOP) || worth <= r->best)
		return;
	r->best = worth;
	*r->ret = *c;
}

static void challenge_begin(struct reading *r, struct str scheme)
{
	challenge_end(r);
	r->challenge = (struct digest_challenge){ 0 };
	r->digest = str_eq_nocase(scheme, STR("Digest"));
	r->fits = true;
	r->has_qop = false;
}

static void header_read(struct reading *r, struct str s)
{
	r->digest = false;
	for (;;) {
		struct str name;
		struct str rest;

		blanks(&s, true);
		name = token(&s);
		if (!name.len)
			break;
		rest = s;
		blanks(&rest, false);
		if (!rest.len || rest.ptr[0] != '=') {
			challenge_begin(r, name);
			continue;
		}
		s = str_sub(rest, 1, SIZE_MAX);
		blanks(&s, false);
		parameter(r, name,
			s.len && s.ptr[0] == '"' ? quoted(&s, r->arena)
						 : token(&s));
	}
	challenge_end(r);
}

bool digest_read(const struct response_header *headers, struct arena *a,
	struct digest_challenge *ret)
{
	struct digest_challenge best = { 0 };
	struct reading r = { .arena = a, .ret = &best };
	unsigned n = 0;

	for (; headers && n < CHALLENGES_MAX; headers = headers->next) {
		if (!str_eq_nocase(headers->name, STR("WWW-Authenticate")))
			continue;
		header_read(&r, headers->value);
		n++;
	}
	if (r.best)
		*ret = best;
	return r.best > 0;
}

/* --- the answer --- */

static const char *const qop_words[] = { [DIGEST_NO_QOP] = "",
	[DIGEST_AUTH] = "auth",
	[DIGEST_AUTH_INT] = "auth-int" };

static struct str hashed(enum digest_hash hash, struct str s, struct arena *a)
{
	uint8_t bytes[SHA256_BYTES];
	size_t len = hash == DIGEST_SHA256 ? SHA256_BYTES : MD5_BYTES;
	struct str hex;
	struct buf b;

	if (hash == DIGEST_SHA256)
		crypto_sha256(s, bytes);
	else
		crypto_md5(s, bytes);
	buf_init(&b, TEXT_MAX);
	buf_add_hex(&b, (struct str){ (const char *)bytes, len });
	hex = arena_str(a, buf_str(&b));
	buf_done(&b);
	return hex;
}

static struct str secret_hash(const struct digest_challenge *c,
	const struct digest_request *q, struct arena *a)
{
	struct str h = hashed(c->hash,
		arena_printf(a, "%.*s:%.*s:%.*s", STR_ARG(q->user),
			STR_ARG(c->realm), STR_ARG(q->password)),
		a);

	if (!c->session)
		return h;
	return hashed(c->hash,
		arena_printf(a, "%.*s:%.*s:%.*s", STR_ARG(h), STR_ARG(c->nonce),
			STR_ARG(q->cnonce)),
		a);
}

static struct str request_hash(const struct digest_challenge *c,
	const struct digest_request *q, struct arena *a)
{
	struct str body = q->body.ptr ? q->body : STR("");

	if (c->qop == DIGEST_AUTH_INT)
		return hashed(c->hash,
			arena_printf(a, "%.*s:%.*s:%.*s", STR_ARG(q->method),
				STR_ARG(q->uri),
				STR_ARG(hashed(c->hash, body, a))),
			a);
	return hashed(c->hash,
		arena_printf(a, "%.*s:%.*s", STR_ARG(q->method),
			STR_ARG(q->uri)),
		a);
}

static void add_quoted(struct buf *b, const char *name, struct str s)
{
	buf_addf(b, "%s=\"", name);
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			buf_add_byte(b, '\\');
		buf_add_byte(b, s.ptr[i]);
	}
	buf_add_byte(b, '"');
}

static struct str response_of(const struct digest_challenge *c,
	const struct digest_request *q, struct str count, struct arena *a)
{
	struct str secret = secret_hash(c, q, a);
	struct str request = request_hash(c, q, a);
	struct str text;

	if (c->qop == DIGEST_NO_QOP)
		text = arena_printf(a, "%.*s:%.*s:%.*s", STR_ARG(secret),
			STR_ARG(c->nonce), STR_ARG(request));
	else
		text = arena_printf(a, "%.*s:%.*s:%.*s:%.*s:%s:%.*s",
			STR_ARG(secret), STR_ARG(c->nonce), STR_ARG(count),
			STR_ARG(q->cnonce), qop_words[c->qop],
			STR_ARG(request));
	return hashed(c->hash, text, a);
}

struct str digest_answer(const struct digest_challenge *c,
	const struct digest_request *q, struct arena *a)
{
	static const char *const algorithms[] = { "MD5", "SHA-256" };
	struct str count = arena_printf(a, "%08x", q->count);
	struct str response = response_of(c, q, count, a);
	struct str user = q->user;
	struct buf b;

	if (c->userhash)
		user = hashed(c->hash,
			arena_printf(a, "%.*s:%.*s", STR_ARG(q->user),
				STR_ARG(c->realm)),
			a);
	buf_init(&b, TEXT_MAX);
	add_quoted(&b, "Digest username", user);
	add_quoted(&b, ", realm", c->realm);
	add_quoted(&b, ", nonce", c->nonce);
	add_quoted(&b, ", uri", q->uri);
	buf_addf(&b, ", algorithm=%s%s", algorithms[c->hash],
		c->session ? "-sess" : "");
	if (c->qop != DIGEST_NO_QOP) {
		buf_addf(&b, ", qop=%s, nc=%.*s", qop_words[c->qop],
			STR_ARG(count));
		add_quoted(&b, ", cnonce", q->cnonce);
	}
	add_quoted(&b, ", response", response);
	if (c->opaque.ptr)
		add_quoted(&b, ", opaque", c->opaque);
	if (c->userhash)
		buf_add_z(&b, ", userhash=true");
	response = arena_str(a, buf_str(&b));
	buf_done(&b);
	return response;
}
