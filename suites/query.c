/*
 * The extractors: what can be taken out of a response, one row each.
 */
#include "suites/query.h"

#include <inttypes.h>

#include "base/codes.h"
#include "base/crypto.h"
#include "base/keys.h"
#include "base/regex.h"
#include "suites/cookie.h"
#include "suites/facts.h"
#include "suites/jsonpath.h"
#include "suites/name.h"
#include "suites/scalar.h"
#include "suites/xml.h"

enum parameter {
	PARAM_NONE,
	PARAM_TEXT,
	PARAM_PATH,
	PARAM_XPATH,
	PARAM_REGEX,
	PARAM_PHASE,
	PARAM_FACT /* a word of `group` */
};

struct extractor {
	const char *name;
	enum parameter parameter;
	enum unit unit;
	struct value (*eval)(const struct query *q, const struct look *l);
	enum fact_group group; /* PARAM_FACT */
};

struct query {
	const struct extractor *row;
	const struct template *param; /* of every row but PARAM_NONE */
	const struct jsonpath *path;  /* compiled when there is no ${...} */
	const struct regex *regex;
	const struct fact *fact;
	struct str text;
};

/* --- values ------------------------------------------------------------- */

static struct value missing(void)
{
	return value_not(VALUE_MISSING, STR("missing"));
}

static struct value text_value(const struct look *l, struct str s)
{
	return s.ptr ? value_ok(json_new_str(l->a, s)) : missing();
}

static struct value number_value(const struct look *l, uint64_t n)
{
	return value_ok(
		json_new_number(l->a, arena_printf(l->a, "%" PRIu64, n)));
}

/* Microseconds as decimal milliseconds, so that nothing is rounded away. */
static struct value ms_value(const struct look *l, uint32_t us)
{
	return value_ok(json_new_number(l->a,
		us % 1000 ? arena_printf(l->a, "%u.%03u", us / 1000, us % 1000)
			  : arena_printf(l->a, "%u", us / 1000)));
}

/* --- extractors --------------------------------------------------------- */

static bool render(const struct query *q, const struct look *l, struct str *ret,
	struct value *ret_value)
{
	bool secret = false;
	struct str why;

	if (template_render(q->param, l->v, ret, &secret, &why))
		return true;
	*ret_value = value_not(VALUE_BROKEN,
		arena_printf(l->a, "no value for %.*s", STR_ARG(why)));
	return false;
}

static struct value get_status(const struct query *q, const struct look *l)
{
	(void)q;
	return number_value(l, l->r->status);
}

static struct value get_version(const struct query *q, const struct look *l)
{
	(void)q;
	return text_value(l, l->r->http_version);
}

static struct value get_url(const struct query *q, const struct look *l)
{
	(void)q;
	return text_value(l, l->r->url);
}

static struct value get_ip(const struct query *q, const struct look *l)
{
	(void)q;
	return text_value(l, l->r->ip);
}

/* One value, or the list of them when the header came more than once. */
static struct value get_header(const struct query *q, const struct look *l)
{
	const struct response_header *h = l->r->headers;
	struct value v;
	struct str name;

	if (!render(q, l, &name, &v))
		return v;
	struct json *list = json_new(l->a, JSON_ARRAY);
	for (; h; h = h->next) {
		if (str_eq_nocase(h->name, name))
			json_append(list, STR_NONE,
				json_new_str(l->a, h->value));
	}
	if (list->count == 0)
		return missing();
	v = value_ok(list->count == 1 ? list->first : list);
	v.nodes = list->count > 1;
	return v;
}

static struct value get_cookie(const struct query *q, const struct look *l)
{
	struct value v;
	struct str name;

	if (!render(q, l, &name, &v))
		return v;
	const struct json *j = cookie_get(l->r, name, l->a);
	return j ? value_ok(j) : missing();
}

static struct value get_body(const struct query *q, const struct look *l)
{
	(void)q;
	struct str s = l->r->body.ptr ? l->r->body : STR("");

	if (!str_is_utf8(s))
		return value_not(VALUE_BROKEN,
			STR("body is not UTF-8 text; `bytes` takes it as it "
			    "is"));
	return text_value(l, s);
}

static struct value get_bytes(const struct query *q, const struct look *l)
{
	(void)q;
	return text_value(l, l->r->body.ptr ? l->r->body : STR(""));
}

static struct value not_json(const struct look *l)
{
	struct response *r = l->r;
	struct str type = response_header_get(r, STR("Content-Type"));

	if (r->body.len == 0)
		return value_not(VALUE_BROKEN,
			STR("body is not JSON: it is empty"));
	if (str_starts(type, STR("text/")))
		return value_not(VALUE_BROKEN,
			arena_printf(l->a,
				"body is not JSON: %s at byte %zu "
				"(Content-Type: %.*s)",
				r->json_error.text, r->json_error.at,
				STR_ARG(str_sub(type, 0, 60))));
	return value_not(VALUE_BROKEN,
		arena_printf(l->a, "body is not JSON: %s at byte %zu",
			r->json_error.text, r->json_error.at));
}

static struct value get_jsonpath(const struct query *q, const struct look *l)
{
	const struct jsonpath *p = q->path;
	struct response *r = l->r;
	struct jsonpath_error why;
	struct value v;
	struct str text;

	if (!r->json_tried) {
		r->json_tried = true;
		r->json = json_parse(r->arena, r->body, &json_limits_default,
			&r->json_error);
	}
	if (!r->json)
		return not_json(l);
	if (!p) {
		if (!render(q, l, &text, &v))
			return v;
		p = jsonpath_parse(l->a, text, &why);
	}
	if (!p)
		return value_not(VALUE_BROKEN,
			arena_printf(l->a, "not a JSONPath: %s at byte %zu",
				why.text, why.at));
	return value_of_path(p, r->json, l->a);
}

static struct value get_xpath(const struct query *q, const struct look *l)
{
	struct value v;
	struct str text;

	if (!render(q, l, &text, &v))
		return v;
	return value_of_xpath(text, !template_refs(q->param), l);
}

static struct value get_regex(const struct query *q, const struct look *l)
{
	const struct regex *regex = q->regex;
	struct value v;
	struct str text;
	char why[160];
	size_t at;

	if (!regex) {
		if (!render(q, l, &text, &v))
			return v;
		regex = regex_new_in(l->a, text, false, why, sizeof(why), &at);
	}
	if (!regex)
		return value_not(VALUE_BROKEN,
			arena_printf(l->a, "regex does not compile: %s", why));
	return value_of_regex(regex, l->r->body.ptr ? l->r->body : STR(""),
		l->a);
}

static struct value get_variable(const struct query *q, const struct look *l)
{
	struct value v;
	struct str name;

	if (!render(q, l, &name, &v))
		return v;
	const struct var *var =
		vars_get(l->v, name_full(l->a, name, template_where(q->param)));
	return var && var->value ? value_ok(var->value) : missing();
}

bool query_is_secret(const struct query *q, const struct look *l)
{
	struct value v;
	struct str name;

	if (q->row->eval != get_variable || !render(q, l, &name, &v))
		return false;
	const struct var *var =
		vars_get(l->v, name_full(l->a, name, template_where(q->param)));
	return var && var->secret;
}

static struct value get_duration(const struct query *q, const struct look *l)
{
	(void)q;
	return ms_value(l, l->r->total_us);
}

static struct value hex_value(const struct look *l, const uint8_t *bytes,
	size_t n)
{
	struct buf b;

	buf_init(&b, 256);
	buf_add_hex(&b, (struct str){ (const char *)bytes, n });
	struct value v = text_value(l, buf_str(&b));
	buf_done(&b);
	return v;
}

static struct value get_sha256(const struct query *q, const struct look *l)
{
	uint8_t hash[SHA256_BYTES];

	(void)q;
	crypto_sha256(l->r->body, hash);
	return hex_value(l, hash, sizeof(hash));
}

static struct value get_md5(const struct query *q, const struct look *l)
{
	uint8_t hash[MD5_BYTES];

	(void)q;
	crypto_md5(l->r->body, hash);
	return hex_value(l, hash, sizeof(hash));
}

static struct value get_redirects(const struct query *q, const struct look *l)
{
	struct json *list = json_new(l->a, JSON_ARRAY);

	(void)q;
	for (const struct response_hop *h = l->r->redirects; h; h = h->next) {
		struct json *one = json_new(l->a, JSON_OBJECT);

		json_append(one, STR("status"),
			json_new_number(l->a,
				arena_printf(l->a, "%u", h->status)));
		json_append(one, STR("url"), json_new_str(l->a, h->url));
		json_append(one, STR("location"),
			json_new_str(l->a, h->location));
		json_append(list, STR_NONE, one);
	}
	return value_ok(list);
}

static struct value get_size(const struct query *q, const struct look *l)
{
	(void)q;
	return number_value(l, l->r->body.len);
}

static struct value get_attempts(const struct query *q, const struct look *l)
{
	(void)q;
	return number_value(l, l->r->attempts);
}

/* clang-format off */
#define PHASE_MAP(X)                 \
	/* word, always there */    \
	X(dns,      false)           \
	X(connect,  false)           \
	X(tls,      false)           \
	X(ttfb,     true)            \
	X(transfer, true)            \
	X(total,    true)
/* clang-format on */

enum phase {
#define X(word, always) PHASE_##word,
	PHASE_MAP(X)
#undef X
		PHASES
};

static const struct str phase_names[] = {
#define X(word, always) STR(#word),
	PHASE_MAP(X)
#undef X
};

/* A phase that did not happen proves nothing: it is missing, not 0. */
static struct value phase_value(const struct look *l, uint32_t us, bool always)
{
	if (us == 0 && !always)
		return value_not(VALUE_MISSING,
			STR("missing: this phase did not happen"));
	return ms_value(l, us);
}

static struct value get_timing(const struct query *q, const struct look *l)
{
	struct value v;
	struct str name;

	if (!render(q, l, &name, &v))
		return v;
#define X(word, always)                                                        \
	if (str_eq(name, phase_names[PHASE_##word]))                           \
		return phase_value(l, l->r->word##_us, always);
	PHASE_MAP(X)
#undef X
	return missing();
}

static struct value get_fact(const struct query *q, const struct look *l)
{
	return fact_value(q->fact, l->r);
}

/* clang-format off */
static const struct extractor table[] = {
	{ "status",    PARAM_NONE,  UNIT_NONE,  get_status },
	{ "version",   PARAM_NONE,  UNIT_TEXT,  get_version },
	{ "url",       PARAM_NONE,  UNIT_TEXT,  get_url },
	{ "header",    PARAM_TEXT,  UNIT_TEXT,  get_header },
	{ "cookie",    PARAM_TEXT,  UNIT_TEXT,  get_cookie },
	{ "body",      PARAM_NONE,  UNIT_TEXT,  get_body },
	{ "bytes",     PARAM_NONE,  UNIT_TEXT,  get_bytes },
	{ "jsonpath",  PARAM_PATH,  UNIT_NONE,  get_jsonpath },
	{ "xpath",     PARAM_XPATH, UNIT_NONE,  get_xpath },
	{ "regex",     PARAM_REGEX, UNIT_TEXT,  get_regex },
	{ "variable",  PARAM_TEXT,  UNIT_NONE,  get_variable },
	{ "duration",  PARAM_NONE,  UNIT_MS,    get_duration },
	{ "sha256",    PARAM_NONE,  UNIT_TEXT,  get_sha256 },
	{ "md5",       PARAM_NONE,  UNIT_TEXT,  get_md5 },
	{ "ip",        PARAM_NONE,  UNIT_TEXT,  get_ip },
	{ "redirects", PARAM_NONE,  UNIT_NONE,  get_redirects },
	{ "size",      PARAM_NONE,  UNIT_BYTES, get_size },
	{ "timing",    PARAM_PHASE, UNIT_MS,    get_timing },
	{ "attempts",  PARAM_NONE,  UNIT_NONE,  get_attempts },
	{ "certificate", PARAM_FACT, UNIT_NONE, get_fact, FACTS_CERTIFICATE },
	{ "tls",       PARAM_FACT,  UNIT_NONE,  get_fact, FACTS_TLS },
	{ "dns",       PARAM_FACT,  UNIT_NONE,  get_fact, FACTS_DNS },
};
/* clang-format on */

enum { EXTRACTORS = sizeof(table) / sizeof(table[0]) };

static const struct extractor *extractor_find(struct str name)
{
	for (size_t i = 0; i < EXTRACTORS; i++) {
		if (str_eq(str_from(table[i].name), name))
			return &table[i];
	}
	return NULL;
}

bool query_known(struct str extractor)
{
	return extractor_find(extractor) != NULL;
}

size_t query_names(struct str *ret, size_t max)
{
	size_t n = 0;

	for (; n < EXTRACTORS && n < max; n++)
		ret[n] = str_from(table[n].name);
	return n;
}

size_t query_phase_names(struct str *ret, size_t max)
{
	size_t n = 0;

	for (; n < PHASES && n < max; n++)
		ret[n] = phase_names[n];
	return n;
}

/* --- parsing ------------------------------------------------------------ */

static bool fact_param(struct query *q, const struct yaml_node *param,
	struct diags *ds)
{
	struct str names[FACT_NAMES_MAX];
	size_t n = fact_names(q->row->group, names, FACT_NAMES_MAX);

	q->fact = fact_find(q->row->group, param->text);
	if (!q->fact)
		key_unknown(param, E24, q->row->name, names, n, ds);
	return q->fact != NULL;
}

static bool compile_param(struct query *q, struct arena *a,
	const struct yaml_node *param, struct diags *ds)
{
	struct str text;

	if (q->row->parameter == PARAM_FACT)
		return fact_param(q, param, ds);
	q->param = template_parse(a, param, ds);
	if (!q->param)
		return false;
	if (!template_is_literal(q->param, &text))
		return true;
	switch (q->row->parameter) {
	case PARAM_PATH:
		q->path = jsonpath_of_scalar(a, param, text, ds);
		return q->path != NULL;
	case PARAM_XPATH:
		return xpath_of_scalar(param, text, ds);
	case PARAM_REGEX:
		q->regex = regex_of_scalar(a, param, text, false, ds);
		return q->regex != NULL;
	case PARAM_PHASE:
		for (size_t i = 0; i < PHASES; i++) {
			if (str_eq(phase_names[i], text))
				return true;
		}
		key_unknown(param, E24, "phase", phase_names, PHASES, ds);
		return false;
	case PARAM_NONE:
	case PARAM_TEXT:
	case PARAM_FACT:
		break;
	}
	return true;
}

static bool is_empty_scalar(const struct yaml_node *n)
{
	bool yes = false;

	return n->kind == YAML_SCALAR &&
	       (yaml_is_null(n) || (yaml_to_bool(n, &yes) && yes));
}

const struct query *query_make(struct arena *a, struct str extractor,
	const struct yaml_node *param, struct span where, struct diags *ds)
{
	struct query *q = ARENA_NEW(a, struct query);
	const char *name;

	q->row = extractor_find(extractor);
	name = q->row->name;
	if (q->row->parameter == PARAM_NONE) {
		if (param && !is_empty_scalar(param)) {
			diag_add(ds, DIAG_ERROR, E21, param->where,
				"`%s` takes nothing: write `%s:` and a "
				"predicate beside it",
				name, name);
			return NULL;
		}
		q->text = str_from(name);
		return q;
	}
	if (!param || param->kind != YAML_SCALAR || param->text.len == 0) {
		diag_add(ds, DIAG_ERROR, E21, param ? param->where : where,
			"`%s` wants text", name);
		return NULL;
	}
	if (!compile_param(q, a, param, ds))
		return NULL;
	q->text = q->row->parameter == PARAM_PATH
			  ? param->text
			  : arena_printf(a, "%s %.*s", name,
				    STR_ARG(param->text));
	return q;
}

static bool is_word_of(struct str word, const char *const *list)
{
	for (; list && *list; list++) {
		if (str_eq(word, str_from(*list)))
			return true;
	}
	return false;
}

/* The one extractor of a mapping; reports none, two and unknown ones. */
static const struct yaml_node *find_extractor(const struct yaml_node *map,
	const char *const *also, struct diags *ds)
{
	const struct yaml_node *found = NULL;
	struct str names[EXTRACTORS];
	unsigned errors = ds->errors;

	query_names(names, EXTRACTORS);
	for (const struct yaml_node *e = map->first; e; e = e->next) {
		if (is_word_of(e->key->text, also))
			continue;
		if (!query_known(e->key->text))
			key_unknown(e->key, E43, "extractor", names, EXTRACTORS,
				ds);
		else if (found)
			diag_add(ds, DIAG_ERROR, E13, e->key->where,
				"only one extractor: there is `%.*s` already",
				STR_ARG(found->key->text));
		else
			found = e;
	}
	if (!found && ds->errors == errors)
		diag_add(ds, DIAG_ERROR, E11, map->where,
			"an extractor is missing, such as `jsonpath: $.id` or "
			"`header: Location`");
	return ds->errors == errors ? found : NULL;
}

const struct query *query_parse(struct arena *a, const struct yaml_node *n,
	const char *const *also, struct diags *ds)
{
	if (n->kind == YAML_SCALAR && str_starts(n->text, STR("$")) &&
		!str_starts(n->text, STR("${")))
		return query_make(a, STR("jsonpath"), n, n->where, ds);
	if (n->kind != YAML_MAP) {
		diag_add(ds, DIAG_ERROR, E21, n->where,
			"a JSONPath such as `$.id` or a mapping such as "
			"`{header: Location}` is wanted");
		return NULL;
	}
	const struct yaml_node *e = find_extractor(n, also, ds);
	return e ? query_make(a, e->key->text, e, e->key->where, ds) : NULL;
}

struct value query_eval(const struct query *q, struct response *r,
	const struct vars *v, struct arena *a)
{
	struct look *l = ARENA_NEW(a, struct look);

	*l = (struct look){ r, v, a };
	return q->row->eval(q, l);
}

struct str query_text(const struct query *q)
{
	return q->text;
}

const struct template_ref *query_refs(const struct query *q)
{
	return q->param ? template_refs(q->param) : NULL;
}

enum unit query_unit(const struct query *q)
{
	return q->fact ? q->fact->unit : q->row->unit;
}

struct str query_extractor(const struct query *q)
{
	return str_from(q->row->name);
}

const struct fact *query_fact(const struct query *q)
{
	return q->fact;
}

bool query_is_status(const struct query *q)
{
	return q->row->eval == get_status;
}
