#include <inttypes.h>
#include <string.h>

#include "base/crypto.h"
#include "runner/run_parts.h"

/* What a step sends: values, headers, query, body. */

enum {
	TEXT_MAX = 16 * 1024 * 1024,
	HEAD_COOKIES_MAX = 64 * 1024,
	MULTIPART_MAX = 64 * 1024 * 1024
};

/* --- values --- */

static bool is_capture(const struct step *steps, struct str name)
{
	for (const struct step *s = steps; s; s = s->next)
		for (const struct capture *c = s->captures; c; c = c->next)
			if (str_eq(c->name, name))
				return true;
	return false;
}

static bool captured_in(const struct run *r, struct str name)
{
	const struct suite *s = r->job->suite;

	return is_capture(s->setup, name) || is_capture(s->steps, name) ||
	       is_capture(s->cleanup, name);
}

bool run_uses_capture(const struct run *r, const struct template_ref *refs)
{
	for (; refs; refs = refs->next)
		if (captured_in(r, refs->name))
			return true;
	return false;
}

static const struct plan_secret *secret_of(const struct run *r, struct str name)
{
	for (size_t i = 0; i < r->job->nsecrets; i++)
		if (str_eq(r->job->secrets[i].name, name))
			return &r->job->secrets[i];
	return NULL;
}

/* A template that can not be filled in: whose fault is it? */
static bool missing(struct run *r, const struct template_ref *refs,
	struct str why, struct verdict *v)
{
	for (const struct template_ref *i = refs; i; i = i->next) {
		const struct plan_secret *s = secret_of(r, i->name);
		const struct var *have = vars_get(&r->vars, i->name);

		if (have && have->value)
			continue;
		if (s && !s->value.ptr) {
			*v = (struct verdict){ OUTCOME_RUNNER_ERROR,
				REASON_SECRET,
				arena_printf(r->arena, "secret %.*s: %.*s",
					STR_ARG(s->name), STR_ARG(s->why)) };
			return false;
		}
		if (captured_in(r, i->name)) {
			*v = (struct verdict){ OUTCOME_SKIPPED, REASON_NONE,
				arena_printf(r->arena, "needs %.*s",
					STR_ARG(i->name)) };
			return false;
		}
	}
	*v = (struct verdict){ OUTCOME_RUNNER_ERROR, REASON_INTERNAL,
		arena_printf(r->arena, "can not be filled in: %.*s",
			STR_ARG(why)) };
	return false;
}

/* What was made from a secret is one too (a signature, a hash). */
static void derived(struct run *r, struct str text)
{
	if (!redact_holds(r->redact, text))
		redact_add(r->redact, STR("derived"), text);
}

bool run_render(struct run *r, const struct template *t, struct str *ret,
	struct verdict *v)
{
	struct str why = STR("");
	bool secret = false;

	if (!template_render(t, &r->vars, ret, &secret, &why))
		return missing(r, template_refs(t), why, v);
	if (secret)
		derived(r, *ret);
	return true;
}

static struct str json_text(struct run *r, const struct json *j)
{
	struct str text;
	struct buf b;

	if (j->type == JSON_STRING || j->type == JSON_NUMBER)
		return j->text;
	buf_init(&b, TEXT_MAX);
	json_write(&b, j);
	text = arena_str(r->arena, buf_str(&b));
	buf_done(&b);
	return text.ptr ? text : STR("");
}

void run_keep(struct run *r, struct str name, const struct json *value,
	bool secret)
{
	/* too short a one is not kept out of outputs: it is in every word */
	if (secret && value)
		redact_add(r->redact, name, json_text(r, value));
	vars_set(&r->vars, name, value, secret);
}

static bool var_set(struct run *r, const struct suite_var *sv,
	struct verdict *v)
{
	const struct json *value;
	struct str why = STR("");
	bool secret = false;

	if (!template_tree_value(sv->value, &r->vars, &value, &secret, &why))
		return missing(r, template_tree_refs(sv->value), why, v);
	if (secret)
		derived(r, json_text(r, value));
	if (sv->secret && !secret)
		run_keep(r, sv->name, value, true);
	else
		vars_set(&r->vars, sv->name, value, secret);
	return true;
}

static void set_prefixed(struct run *r, const char *prefix, struct str name,
	struct str text)
{
	vars_set_str(&r->vars,
		arena_printf(r->arena, "%s%.*s", prefix, STR_ARG(name)), text);
}

static void builtins_set(struct run *r, const struct run_ask *ask)
{
	const struct job *j = r->job;
	uint64_t seed = r->host->seed;
	char uuid[37];

	vars_set_str(&r->vars, STR("region"), j->region->name);
	vars_set_str(&r->vars, STR("env"), j->region->env);
	vars_set_str(&r->vars, STR("role"), j->role->name);
	vars_set_str(&r->vars, STR("runner"), r->host->runner);
	vars_set_str(&r->vars, STR("suite"), j->suite->name);
	if (seed) {
		uint64_t half = hash64(arena_printf(r->arena,
			"%" PRIu64 "|%.*s|%.*s|%" PRIu64 "%.*s", seed,
			STR_ARG(j->check), STR_ARG(j->region->full),
			ask->number, STR_ARG(r->address)));

		r->told.run_id = arena_printf(r->arena, "%016" PRIx64, half);
	} else {
		crypto_uuid4(uuid);
		r->told.run_id = arena_str(r->arena, str_from(uuid));
	}
	vars_set_str(&r->vars, STR("run.id"), r->told.run_id);
	vars_set(&r->vars, STR("run.number"),
		json_new_number(r->arena,
			arena_printf(r->arena, "%" PRIu64, ask->number)),
		false);
	vars_set_str(&r->vars, STR("deploy.version"),
		ask->deploy_version.ptr
			? arena_str(r->arena, ask->deploy_version)
			: STR(""));
	for (const struct region_key *k = j->region->keys; k; k = k->next)
		set_prefixed(r, "region.", k->name, k->value);
	if (j->region->base_url.ptr)
		vars_set_str(&r->vars, STR("region.base_url"),
			j->region->base_url);
	for (const struct json *i = j->row->first; i; i = i->next)
		vars_set(&r->vars,
			arena_printf(r->arena, "row.%.*s", STR_ARG(i->key)), i,
			false);
}

static bool on_command_line(const struct run *r, struct str name)
{
	for (const struct pair *p = r->plan->vars; p; p = p->next)
		if (str_eq(p->name, name))
			return true;
	return false;
}

static bool of_role(const struct run *r, struct str name)
{
	for (const struct suite_var *i = r->job->role->vars; i; i = i->next)
		if (str_eq(i->name, name))
			return true;
	return false;
}

/* The command line wins over the role, the role over the suite. */
bool run_vars(struct run *r, const struct run_ask *ask, struct verdict *v)
{
	const struct job *j = r->job;
	uint64_t seed = r->host->seed;

	if (seed)
		seed = hash64(arena_printf(r->arena,
			       "%" PRIu64 "/%.*s/%.*s/%" PRIu64 "%.*s", seed,
			       STR_ARG(j->check), STR_ARG(j->region->full),
			       ask->number, STR_ARG(r->address))) |
		       1;
	vars_init(&r->vars, r->arena, seed);
	r->vars.redact = r->redact;
	r->vars.wall_us = loop_wall_us(r->host->loop);
	builtins_set(r, ask);
	for (size_t i = 0; i < j->nsecrets; i++)
		vars_set(&r->vars, j->secrets[i].name,
			j->secrets[i].value.ptr
				? json_new_str(r->arena, j->secrets[i].value)
				: NULL,
			true);
	for (const struct pair *p = r->plan->vars; p; p = p->next) {
		struct str text = STR("");

		template_is_literal(p->value, &text);
		vars_set_str(&r->vars, p->name, text);
	}
	for (const struct suite_var *i = j->role->vars; i; i = i->next)
		if (!on_command_line(r, i->name) && !var_set(r, i, v))
			return false;
	for (const struct suite_var *i = j->suite->vars; i; i = i->next)
		if (!on_command_line(r, i->name) && !of_role(r, i->name) &&
			!var_set(r, i, v))
			return false;
	return true;
}

/* Evaluated once: a random value is the same in all steps of the group. */
static bool params_set(struct run *r, const struct group_use *u,
	struct verdict *v)
{
	for (const struct suite_var *i = u->params; i; i = i->next)
		if (!vars_get(&r->vars, i->name) && !var_set(r, i, v))
			return false;
	return true;
}

static bool use_set(struct run *r, struct verdict *v)
{
	const struct group_use *todo[SUITE_GROUP_DEPTH_MAX];
	size_t n = 0;

	for (const struct group_use *u = r->step->use;
		u && n < SUITE_GROUP_DEPTH_MAX; u = u->outer)
		todo[n++] = u;
	while (n-- > 0)
		if (!params_set(r, todo[n], v))
			return false;
	return true;
}

bool run_step_vars(struct run *r, struct verdict *v)
{
	if (!use_set(r, v))
		return false;
	for (const struct suite_var *i = r->step->vars; i; i = i->next)
		if (!var_set(r, i, v))
			return false;
	return true;
}

/* --- the request --- */

/* Sets or replaces a header of the call; names are equal without case. */
static void header_set(struct run *r, struct str name, struct str value)
{
	struct response_header **at = &r->call.headers;

	while (*at && !str_eq_nocase((*at)->name, name))
		at = &(*at)->next;
	if (!*at)
		*at = ARENA_NEW(r->arena, struct response_header);
	(*at)->name = name;
	(*at)->value = value;
}

static bool headers_add(struct run *r, const struct pair *from,
	struct verdict *v)
{
	struct str value;

	for (; from; from = from->next) {
		if (!run_render(r, from->value, &value, v))
			return false;
		header_set(r, from->name, value);
	}
	return true;
}

static void header_default(struct run *r, struct str name, struct str value)
{
	const struct response_header *h = r->call.headers;

	for (; h; h = h->next)
		if (str_eq_nocase(h->name, name))
			return;
	header_set(r, name, value);
}

/* name=value pairs, percent-encoded, with a separator between them. */
bool run_pairs_add(struct run *r, const struct pair *from, struct buf *out,
	struct verdict *v)
{
	struct str value;

	for (; from; from = from->next) {
		if (!run_render(r, from->value, &value, v))
			return false;
		if (out->len && out->ptr[out->len - 1] != '?')
			buf_add_byte(out, '&');
		buf_add_percent(out, from->name);
		buf_add_byte(out, '=');
		buf_add_percent(out, value);
	}
	return true;
}

static bool cookies_add(struct run *r, const struct pair *from, struct buf *out,
	struct verdict *v)
{
	struct str value;

	for (; from; from = from->next) {
		if (!run_render(r, from->value, &value, v))
			return false;
		buf_addf(out, "%s%.*s=%.*s", out->len ? "; " : "",
			STR_ARG(from->name), STR_ARG(value));
	}
	return true;
}

/*
 * Relative to base_url: appended to it, so that a base_url with a path keeps
 * its path; a URL that begins with that path already (a Location that was
 * captured) is not given it twice.
 */
static struct str url_join(struct run *r, struct str base, struct str url)
{
	struct str path;
	size_t at;

	if (str_starts(url, STR("http://")) || str_starts(url, STR("https://")))
		return url;
	while (base.len && base.ptr[base.len - 1] == '/')
		base.len--;
	at = str_find(base, STR("://"), 0);
	at = at == SIZE_MAX ? SIZE_MAX : str_find_byte(base, '/', at + 3);
	if (at != SIZE_MAX) {
		path = str_sub(base, at, base.len - at);
		if (str_starts(url, path) &&
			(url.len == path.len || url.ptr[path.len] == '/' ||
				url.ptr[path.len] == '?'))
			base = str_sub(base, 0, at);
	}
	return arena_printf(r->arena, "%.*s%s%.*s", STR_ARG(base),
		url.len && url.ptr[0] != '/' && url.ptr[0] != '?' ? "/" : "",
		STR_ARG(url));
}

static bool url_make(struct run *r, struct verdict *v)
{
	const struct step *s = r->step;
	struct str base = STR("");
	struct str url;
	struct buf b;
	bool ok;

	if (!run_render(r, s->url, &url, v))
		return false;
	if (s->http.base_url && !str_starts(url, STR("http://")) &&
		!str_starts(url, STR("https://")) &&
		!run_render(r, s->http.base_url, &base, v))
		return false;
	if (!s->http.base_url && r->job->region->base_url.len)
		base = r->job->region->base_url;
	url = url_join(r, base, url);
	r->call.url = url;
	if (!s->query && !r->job->role->query)
		return true;
	buf_init(&b, TEXT_MAX);
	buf_add(&b, url);
	if (str_find_byte(url, '?', 0) == SIZE_MAX)
		buf_add_byte(&b, '?');
	ok = run_pairs_add(r, r->job->role->query, &b, v) &&
	     run_pairs_add(r, s->query, &b, v);
	r->call.url = arena_str(r->arena, buf_str(&b));
	buf_done(&b);
	return ok;
}

/* RFC 7578 and the HTML standard: what would end the name is escaped. */
static void part_name(struct buf *b, const char *what, struct str name)
{
	buf_addf(b, "; %s=\"", what);
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] == '"')
			buf_add_z(b, "%22");
		else
			buf_add_byte(b, name.ptr[i]);
	}
	buf_add_byte(b, '"');
}

static bool parts_add(struct run *r, struct str boundary, struct buf *b,
	struct verdict *v)
{
	struct str value;

	for (const struct body_part *p = r->step->parts; p; p = p->next) {
		if (!run_render(r, p->value, &value, v))
			return false;
		buf_addf(b, "--%.*s\r\nContent-Disposition: form-data",
			STR_ARG(boundary));
		part_name(b, "name", p->name);
		if (p->filename.ptr)
			part_name(b, "filename", p->filename);
		if (p->type.ptr)
			buf_addf(b, "\r\nContent-Type: %.*s", STR_ARG(p->type));
		buf_add_z(b, "\r\n\r\n");
		buf_add(b, value);
		buf_add_z(b, "\r\n");
	}
	buf_addf(b, "--%.*s--\r\n", STR_ARG(boundary));
	return true;
}

/* 128 random bits: no value holds the boundary by chance. */
static bool multipart_make(struct run *r, struct verdict *v)
{
	uint64_t high = vars_random(&r->vars);
	uint64_t low = vars_random(&r->vars);
	struct str boundary = arena_printf(r->arena,
		"andon-%016" PRIx64 "%016" PRIx64, high, low);
	struct buf b;

	buf_init(&b, MULTIPART_MAX);
	bool ok = parts_add(r, boundary, &b, v);
	if (ok && b.over) {
		*v = (struct verdict){ OUTCOME_RUNNER_ERROR, REASON_INTERNAL,
			STR("a multipart body of more than 64 MiB") };
		ok = false;
	}
	if (ok)
		r->call.body = arena_str(r->arena, buf_str(&b));
	buf_done(&b);
	header_set(r, STR("Content-Type"),
		arena_printf(r->arena, "multipart/form-data; boundary=%.*s",
			STR_ARG(boundary)));
	return ok;
}

static bool body_make(struct run *r, struct verdict *v)
{
	const struct step *s = r->step;
	const struct json *j;
	struct str why = STR("");
	bool secret = false;
	struct buf b;
	bool ok = true;

	switch (s->body_kind) {
	case BODY_NONE:
		return true;
	case BODY_TEXT:
		return run_render(r, s->body, &r->call.body, v);
	case BODY_JSON:
		if (!template_tree_value(s->json, &r->vars, &j, &secret, &why))
			return missing(r, template_tree_refs(s->json), why, v);
		buf_init(&b, TEXT_MAX);
		json_write(&b, j);
		header_default(r, STR("Content-Type"), STR("application/json"));
		break;
	case BODY_MULTIPART:
		return multipart_make(r, v);
	case BODY_FORM:
		buf_init(&b, TEXT_MAX);
		ok = run_pairs_add(r, s->form, &b, v);
		header_default(r, STR("Content-Type"),
			STR("application/x-www-form-urlencoded"));
		break;
	default:
		return true;
	}
	r->call.body = b.len ? arena_str(r->arena, buf_str(&b)) : STR("");
	buf_done(&b);
	return ok;
}

/* The role's auth and cookies go to the region's own base_url alone. */
static bool own_host(struct run *r)
{
	struct origin o;

	return r->has_base && http_origin(r->call.url, r->arena, &o) &&
	       origin_same(&o, &r->base);
}

static bool identity_make(struct run *r, struct verdict *v)
{
	const struct step *s = r->step;
	const struct plan_role *role = r->job->role;
	bool own = own_host(r);
	struct buf b;
	bool ok;

	if (s->auth.kind != AUTH_NONE)
		ok = run_auth(r, &s->auth, v);
	else
		ok = !own || run_auth(r, &role->auth, v);
	if (!ok || (!s->cookies && !role->cookies))
		return ok;
	buf_init(&b, HEAD_COOKIES_MAX);
	ok = (!own || cookies_add(r, role->cookies, &b, v)) &&
	     cookies_add(r, s->cookies, &b, v);
	if (b.len)
		r->call.cookies = arena_str(r->arena, buf_str(&b));
	buf_done(&b);
	return ok;
}

static void trace_add(struct run *r)
{
	uint8_t span[8];
	struct buf b;

	if (!r->step->http.trace)
		return;
	crypto_random(span, sizeof(span));
	buf_init(&b, 64);
	buf_add(&b, STR("00-"));
	buf_add_hex(&b, (struct str){ (const char *)r->result.trace_id, 16 });
	buf_add_byte(&b, '-');
	buf_add_hex(&b, (struct str){ (const char *)span, 8 });
	buf_add(&b, STR("-01"));
	header_default(r, STR("traceparent"), arena_str(r->arena, buf_str(&b)));
	buf_done(&b);
}

static bool options_make(struct run *r, struct verdict *v)
{
	const struct http_options *o = &r->step->http;

	r->call.options = o;
	r->call.user_agent = r->call.proxy = r->call.unix_socket = STR_NONE;
	return (!o->user_agent ||
		       run_render(r, o->user_agent, &r->call.user_agent, v)) &&
	       (!o->proxy || run_render(r, o->proxy, &r->call.proxy, v)) &&
	       (!o->unix_socket ||
		       run_render(r, o->unix_socket, &r->call.unix_socket, v));
}

/* Did a captured value go into what can not be sent? */
static bool holds_capture(struct run *r)
{
	const struct pair *p = r->step->headers;

	while (p && !run_uses_capture(r, template_refs(p->value)))
		p = p->next;
	return p || run_uses_capture(r, template_refs(r->step->url));
}

bool run_request(struct run *r, struct verdict *v)
{
	const struct step *s = r->step;
	struct http_call *c = &r->call;
	struct str why;

	memset(c, 0, sizeof(*c));
	c->arena = r->arena;
	c->method = s->method;
	c->address = r->address;
	c->address_of = r->address_of;
	if (!options_make(r, v) || !headers_add(r, r->job->role->headers, v) ||
		!headers_add(r, s->http.headers, v) ||
		!headers_add(r, s->headers, v) || !url_make(r, v) ||
		!body_make(r, v) || !identity_make(r, v))
		return false;
	trace_add(r);
	if (http_check(c, r->arena, &why))
		return true;
	if (holds_capture(r))
		*v = (struct verdict){ OUTCOME_FAIL, REASON_CAPTURE, why };
	else
		*v = (struct verdict){ OUTCOME_RUNNER_ERROR, REASON_INTERNAL,
			why };
	return false;
}
