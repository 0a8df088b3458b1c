#include "base/buf.h"
#include "base/codes.h"
#include "suites/load.h"

/* `auth`: who asks. */
enum { SCOPES_MAX = 4096 };

static const struct template *required(struct load *l,
	const struct yaml_node *n, const char *what, bool *good)
{
	const struct template *t = n ? text_read(l, n, what) : NULL;

	*good = *good && t;
	return t;
}

static bool password_read(struct load *l, const struct yaml_node *map,
	const char *what, struct auth *ret)
{
	struct basic_keys keys = { 0 };
	bool good = map_read(l, basic_key_table, map, what, &keys);

	if (!good)
		return false;
	ret->user = required(l, keys.user, "user", &good);
	ret->password = required(l, keys.password, "password", &good);
	return good;
}

static bool bearer_read(struct load *l, const struct yaml_node *n,
	struct auth *ret)
{
	ret->token = text_read(l, n, "bearer");
	return ret->token != NULL;
}

/* RFC 6749, 3.3: no blank inside, no quote. */
static bool scopes_read(struct load *l, const struct strs *scopes,
	struct str *ret)
{
	struct buf b;
	bool good = true;

	buf_init(&b, SCOPES_MAX);
	for (size_t i = 0; i < scopes->count; i++) {
		struct str s = scopes->item[i];
		bool fits = s.len > 0;

		for (size_t k = 0; k < s.len; k++)
			fits = fits && s.ptr[k] > ' ' && s.ptr[k] < 0x7f &&
			       s.ptr[k] != '"' && s.ptr[k] != '\\';
		if (!fits) {
			diag_add(l->ds, DIAG_ERROR, E21, scopes->node[i]->where,
				"`%.*s` can not be a scope", STR_ARG(s));
			good = false;
		}
		buf_addf(&b, "%s%.*s", i ? " " : "", STR_ARG(s));
	}
	if (b.len)
		*ret = arena_str(l->arena, buf_str(&b));
	buf_done(&b);
	return good;
}

static bool token_url_fits(struct load *l, const struct yaml_node *n)
{
	if (str_starts(n->text, STR("${")) ||
		str_starts(n->text, STR("https://")) ||
		str_starts(n->text, STR("http://")))
		return true;
	diag_add(l->ds, DIAG_ERROR, E44, n->where,
		"`token_url` must start with https:// or http://");
	return false;
}

static bool oauth2_read(struct load *l, const struct yaml_node *map,
	struct auth *ret)
{
	struct oauth2_keys keys = { 0 };
	bool good = map_read(l, oauth2_key_table, map, "oauth2", &keys);

	if (!good)
		return false;
	ret->token_url = required(l, keys.token_url, "token_url", &good);
	ret->user = required(l, keys.client_id, "client_id", &good);
	ret->password = required(l, keys.client_secret, "client_secret", &good);
	ret->in_body = keys.credentials == 1;
	if (keys.params)
		ret->params = pairs_read(l, keys.params, PAIRS_FIELDS);
	good &= scopes_read(l, &keys.scopes, &ret->scopes);
	good &= token_url_fits(l, keys.token_url);
	return good;
}

static bool sigv4_read(struct load *l, const struct yaml_node *map,
	struct auth *ret)
{
	struct sigv4_keys keys = { 0 };
	bool good = map_read(l, sigv4_key_table, map, "aws_sigv4", &keys);

	if (!good)
		return false;
	ret->region = required(l, keys.region, "region", &good);
	ret->service = required(l, keys.service, "service", &good);
	ret->user = required(l, keys.access_key, "access_key", &good);
	ret->password = required(l, keys.secret_key, "secret_key", &good);
	if (keys.session_token)
		ret->token =
			required(l, keys.session_token, "session_token", &good);
	return good;
}

static bool kind_read(struct load *l, enum auth_kind kind,
	const struct yaml_node *n, struct auth *ret)
{
	ret->kind = kind;
	switch (kind) {
	case AUTH_BASIC:
		return password_read(l, n, "basic", ret);
	case AUTH_DIGEST:
		return password_read(l, n, "digest", ret);
	case AUTH_BEARER:
		return bearer_read(l, n, ret);
	case AUTH_OAUTH2:
		return oauth2_read(l, n, ret);
	case AUTH_SIGV4:
		return sigv4_read(l, n, ret);
	case AUTH_NONE:
		break;
	}
	return false;
}

void auth_read(struct load *l, const struct yaml_node *map, struct auth *ret)
{
	struct auth_keys keys = { 0 };
	struct auth auth = { 0 };

	if (!map || !map_read(l, auth_key_table, map, "auth", &keys))
		return;
	const struct {
		const struct yaml_node *node;
		enum auth_kind kind;
	} all[] = { { keys.basic, AUTH_BASIC }, { keys.digest, AUTH_DIGEST },
		{ keys.bearer, AUTH_BEARER }, { keys.oauth2, AUTH_OAUTH2 },
		{ keys.aws_sigv4, AUTH_SIGV4 } };
	const struct yaml_node *first = NULL;
	enum auth_kind kind = AUTH_NONE;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!all[i].node)
			continue;
		if (first) {
			keys_exclude(l, first, all[i].node);
			return;
		}
		first = all[i].node;
		kind = all[i].kind;
	}
	if (!first)
		diag_add(l->ds, DIAG_ERROR, E11, map->where,
			"`auth` needs one of basic, digest, bearer, oauth2 and "
			"aws_sigv4");
	else if (kind_read(l, kind, first, &auth))
		*ret = auth;
}

void auth_parse(struct arena *a, const struct yaml_node *map, struct auth *ret,
	struct diags *ds)
{
	struct load l = { .arena = a, .ds = ds, .hints_left = HINTS_MAX };

	auth_read(&l, map, ret);
}
