#include "runner/curl.h"

#include <inttypes.h>
#include <string.h>

#include "base/crypto.h"
#include "runner/run_parts.h"

/* The request of a step as a curl command for a POSIX shell. */
enum { CURL_MAX = 256 * 1024 };

/* What every step has that says nothing else. */
enum { TIMEOUT_MS = 10000, CONNECT_TIMEOUT_MS = 5000 };

struct command {
	struct run *r;
	struct buf *out;
	const char *gap; /* before each flag */
};

bool run_header_secret(const struct run *r, struct str name)
{
	const struct strs *hidden = &r->job->suite->record.redact_headers;

	for (size_t i = 0; i < hidden->count; i++)
		if (str_eq_nocase(hidden->item[i], name))
			return true;
	return str_eq_nocase(name, STR("Authorization")) ||
	       str_eq_nocase(name, STR("X-Amz-Security-Token")) ||
	       str_eq_nocase(name, STR("Cookie"));
}

static void flag(struct command *c, const char *name)
{
	buf_add_z(c->out, c->gap);
	buf_add_z(c->out, name);
}

static void word(struct command *c, struct str text)
{
	buf_add_byte(c->out, ' ');
	redact_shell(c->r->redact, text, c->out);
}

static void flag_word(struct command *c, const char *name, struct str text)
{
	flag(c, name);
	word(c, text);
}

/* A literal in a header that is to be hidden is told by nobody. */
static void header(struct command *c, struct str name, struct str value)
{
	struct run *r = c->r;

	if (run_header_secret(r, name) && !redact_holds(r->redact, value))
		value = STR("[redacted]");
	flag_word(c, "-H",
		value.len ? arena_printf(r->arena, "%.*s: %.*s", STR_ARG(name),
				    STR_ARG(value))
			  : arena_printf(r->arena, "%.*s;", STR_ARG(name)));
}

static struct str text_of(struct run *r, const struct template *t)
{
	struct str text = STR("");
	struct str why;
	bool secret = false;

	if (t)
		template_render(t, &r->vars, &text, &secret, &why);
	return text;
}

static void user(struct command *c, const struct auth *a)
{
	struct run *r = c->r;
	struct str password = text_of(r, a->password);

	if (!redact_holds(r->redact, password))
		password = STR("[redacted]");
	flag_word(c, "-u",
		arena_printf(r->arena, "%.*s:%.*s",
			STR_ARG(text_of(r, a->user)), STR_ARG(password)));
}

static void auth(struct command *c)
{
	struct run *r = c->r;
	const struct auth *a = run_auth_of(r);

	switch (a->kind) {
	case AUTH_NONE:
		return;
	case AUTH_BEARER:
	case AUTH_OAUTH2:
		if (r->call.auth.ptr)
			header(c, STR("Authorization"), r->call.auth);
		return;
	case AUTH_BASIC:
		break;
	case AUTH_DIGEST:
		flag(c, "--digest");
		break;
	case AUTH_SIGV4:
		flag_word(c, "--aws-sigv4",
			arena_printf(r->arena, "aws:amz:%.*s:%.*s",
				STR_ARG(text_of(r, a->region)),
				STR_ARG(text_of(r, a->service))));
		if (a->token)
			header(c, STR("X-Amz-Security-Token"),
				text_of(r, a->token));
		break;
	}
	user(c, a);
}

static void seconds(struct command *c, const char *name, uint64_t ms)
{
	buf_addf(c->out, "%s%s %" PRIu64, c->gap, name, ms / 1000);
	if (ms % 1000)
		buf_addf(c->out, ".%03u", (unsigned)(ms % 1000));
}

static void versions(struct command *c)
{
	static const char *const http[] = { [HTTP_1_0] = "--http1.0",
		[HTTP_1_1] = "--http1.1",
		[HTTP_2] = "--http2",
		[HTTP_2_PRIOR] = "--http2-prior-knowledge" };
	const struct http_options *o = c->r->call.options;

	if (o->version != HTTP_AUTO)
		flag(c, http[o->version]);
	if (o->ip != IP_ANY)
		flag(c, o->ip == IP_4 ? "-4" : "-6");
	if (o->tls.min)
		buf_addf(c->out, "%s--tlsv1.%d", c->gap, o->tls.min - 10);
	if (o->tls.max)
		buf_addf(c->out, "%s--tls-max 1.%d", c->gap, o->tls.max - 10);
}

/* host:port:what, with brackets where they belong */
static void where(struct command *c, const char *option,
	const struct origin *of, const char *what)
{
	bool six = str_find_byte(of->host, ':', 0) != SIZE_MAX;

	flag_word(c, option,
		arena_printf(c->r->arena, six ? "[%.*s]:%u:%s" : "%.*s:%u:%s",
			STR_ARG(of->host), of->port, what));
}

static const char *addresses_of(struct run *r, const struct host_rule *rule)
{
	struct str list = STR("");

	for (size_t i = 0; i < rule->nto; i++)
		list = arena_printf(r->arena,
			str_find_byte(rule->to[i], ':', 0) == SIZE_MAX
				? "%.*s%s%.*s"
				: "%.*s%s[%.*s]",
			STR_ARG(list), i ? "," : "", STR_ARG(rule->to[i]));
	return list.ptr;
}

/* Where it went, when that was not what DNS says. */
static void connection(struct command *c)
{
	struct run *r = c->r;
	const struct http_call *call = &r->call;
	const struct http_options *o = call->options;
	const struct host_rule *rule;
	struct origin of;

	if (call->proxy.ptr || call->unix_socket.ptr ||
		!http_origin(call->url, r->arena, &of))
		return;
	if (call->address.ptr && str_eq(of.host, call->address_of.host)) {
		struct host_rule one = { .to = { call->address }, .nto = 1 };

		where(c, "--resolve", &of, addresses_of(r, &one));
		return;
	}
	rule = host_rule_find(o->connect_to, of.host, of.port);
	if (rule) {
		struct origin to = { .host = rule->to[0],
			.port = rule->to_port ? rule->to_port : of.port };

		where(c, "--connect-to", &of,
			arena_printf(r->arena, "%s:%u", addresses_of(r, rule),
				to.port)
				.ptr);
		of = to;
	}
	rule = host_rule_find(o->resolve, of.host, of.port);
	if (rule)
		where(c, "--resolve", &of, addresses_of(r, rule));
}

static void transport(struct command *c)
{
	const struct http_options *o = c->r->call.options;
	const struct {
		const char *option;
		struct str value;
	} all[] = { { "--cacert", o->tls.ca }, { "--cert", o->tls.cert },
		{ "--key", o->tls.key }, { "--pinnedpubkey", o->tls.pin },
		{ "--interface", o->interface },
		{ "--unix-socket", c->r->call.unix_socket },
		{ "-x", c->r->call.proxy }, { "-A", c->r->call.user_agent } };

	versions(c);
	if (!o->tls.verify)
		flag(c, "-k");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].value.len)
			flag_word(c, all[i].option, all[i].value);
	connection(c);
	if (o->connect_timeout_ms != CONNECT_TIMEOUT_MS)
		seconds(c, "--connect-timeout", o->connect_timeout_ms);
	if (o->timeout_ms != TIMEOUT_MS)
		seconds(c, "-m", o->timeout_ms);
}

static void request(struct command *c)
{
	struct run *r = c->r;
	const struct http_options *o = r->call.options;

	if (str_eq(r->call.method, STR("HEAD")))
		flag(c, "-I");
	else if (!str_eq(r->call.method, STR("GET")) || r->call.body.ptr)
		buf_addf(c->out, "%s-X %.*s", c->gap, STR_ARG(r->call.method));
	if (o->compressed)
		flag(c, "--compressed");
	if (o->redirects > 0)
		buf_addf(c->out, "%s-L --max-redirs %" PRId64, c->gap,
			o->redirects);
	transport(c);
	for (const struct response_header *h = r->call.headers; h; h = h->next)
		if (!str_eq_nocase(h->name, STR("traceparent")))
			header(c, h->name, h->value);
	if (r->call.auth.ptr || r->call.digest || r->call.sigv4)
		auth(c);
	if (r->call.cookies.ptr)
		flag_word(c, "-b",
			redact_holds(r->redact, r->call.cookies)
				? r->call.cookies
				: STR("[redacted]"));
	if (r->call.body.ptr) {
		bool plain = str_is_utf8(r->call.body) &&
			     str_find_byte(r->call.body, '\0', 0) == SIZE_MAX;
		flag_word(c, "--data-binary",
			plain ? r->call.body : STR("@BODY"));
	}
	buf_add_z(c->out, c->gap);
	redact_shell(r->redact, r->call.url, c->out);
}

struct str run_curl(struct run *r)
{
	struct str text;
	struct buf out;
	struct command c = { r, &out, " " };

	buf_init(&out, CURL_MAX);
	buf_add_z(&out, "curl -sS -i");
	request(&c);
	if (out.over)
		text = STR("the request is too long for a command");
	else
		text = arena_str(r->arena, buf_str(&out));
	buf_done(&out);
	return text;
}

/* --- of a step that nobody runs --- */

/* A value that stands for another one: whoever writes it writes $NAME. */
static void stand_in(struct run *r, struct str name)
{
	uint8_t random[16];
	struct buf b;

	if (vars_get(&r->vars, name) && vars_get(&r->vars, name)->value)
		return;
	crypto_random(random, sizeof(random));
	buf_init(&b, 64);
	buf_add_z(&b, "andon-");
	buf_add_hex(&b, (struct str){ (const char *)random, sizeof(random) });
	struct str text = arena_str(r->arena, buf_str(&b));
	buf_done(&b);
	redact_add(r->redact, name, text);
	vars_set(&r->vars, name, json_new_str(r->arena, text), true);
}

static void stand_ins(struct run *r, const struct step *steps)
{
	for (const struct step *s = steps; s; s = s->next)
		for (const struct capture *c = s->captures; c; c = c->next)
			stand_in(r, c->name);
}

/* What the steps before it have set; the same order as in a run. */
static bool steps_vars(struct run *r, const struct step *steps,
	const struct step *until, struct verdict *v, bool *ret_found)
{
	for (const struct step *s = steps; s; s = s->next) {
		r->step = s;
		if (!run_step_vars(r, v))
			return false;
		if (s == until) {
			*ret_found = true;
			return true;
		}
	}
	return true;
}

static bool fill_in(struct run *r, const struct step *s, struct verdict *v)
{
	const struct suite *suite = r->job->suite;
	const struct step *sections[] = { suite->setup, suite->steps,
		suite->cleanup };
	struct run_ask ask = { .job = r->job, .plan = r->plan };
	bool found = false;

	if (!run_vars(r, &ask, v))
		return false;
	for (size_t i = 0; i < r->job->nsecrets; i++)
		stand_in(r, r->job->secrets[i].name);
	for (size_t i = 0; i < 3; i++)
		stand_ins(r, sections[i]);
	for (size_t i = 0; i < 3 && !found; i++)
		if (!steps_vars(r, sections[i], s, v, &found))
			return false;
	vars_set_str(&r->vars, STR("step"), s->name);
	r->step = s;
	return run_request(r, v);
}

bool curl_of_step(struct plan *p, const struct job *j, const struct step *s,
	struct buf *out, struct err *e)
{
	struct arena *a = arena_new();
	struct run *r = ARENA_NEW(a, struct run);
	struct run_host host = { .runner = STR("curl") };
	struct verdict v = { 0 };
	struct command c = { r, out, " \\\n  " };
	bool ok = false;

	host.loop = loop_new(&clock_system, e);
	if (!host.loop)
		goto out;
	r->host = &host;
	r->job = j;
	r->plan = p;
	r->arena = a;
	r->redact = redact_new(a, j->redact);
	r->has_base = j->region->base_url.len &&
		      http_origin(j->region->base_url, a, &r->base);
	ok = fill_in(r, s, &v);
	if (!ok) {
		err_set(e, ERR_CONFIG, "step %.*s: %.*s", STR_ARG(s->name),
			STR_ARG(v.message));
	} else {
		buf_add_z(out, "curl -sS -i");
		request(&c);
		buf_add_byte(out, '\n');
	}
	loop_free(host.loop);
out:
	arena_free(a);
	return ok;
}
