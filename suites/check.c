/*
 * Checks: every short form of `expect` becomes a query and a predicate.
 */
#include "suites/check.h"

#include "base/codes.h"
#include "base/keys.h"
#include "base/units.h"
#include "suites/decimal.h"
#include "suites/filter.h"
#include "suites/predicate.h"
#include "suites/tables.h"

/* --- reading ------------------------------------------------------------ */

struct reading {
	struct arena *a;
	struct diags *ds;
	struct check *first, **last;
};

static void reading_init(struct reading *r, struct arena *a, struct diags *ds)
{
	*r = (struct reading){ .a = a, .ds = ds };
	r->last = &r->first;
}

static const struct template_ref *collect_refs(struct arena *a,
	const struct check *c)
{
	struct ref_list list = { 0 };

	ref_list_add(&list, a, query_refs(c->query));
	filter_refs(c->filters, a, &list);
	predicate_refs(c->predicate, a, &list);
	return list.first;
}

static struct str query_and_filters(const struct check *c, struct arena *a)
{
	struct str query = query_text(c->query);

	if (!c->filters)
		return query;
	struct str filters = filter_text(a, c->filters);
	return arena_printf(a, "%.*s | %.*s", STR_ARG(query), STR_ARG(filters));
}

static struct str check_text(const struct check *c, struct arena *a)
{
	struct str query = query_and_filters(c, a);
	struct str predicate = predicate_text(a, c->predicate);
	struct str text = arena_printf(a, "%.*s %.*s", STR_ARG(query),
		STR_ARG(predicate));

	if (c->name.ptr)
		text = arena_printf(a, "%.*s: %.*s", STR_ARG(c->name),
			STR_ARG(text));
	return visible_text(a, NULL, text);
}

/* What a report says of it in every run is written once. */
static void add_texts(struct arena *a, struct check *c)
{
	const struct predicate *p = c->predicate;
	struct judge nothing = { .a = a };

	c->text = check_text(c, a);
	if (p->same)
		p->same->extractor = query_and_filters(c, a);
	if (!p->want || !template_tree_refs(p->want))
		c->expected = predicate_expected(p, &nothing);
}

/*
 * One check for each predicate of a chain: a report then says which of them
 * did not hold.
 */
static void add_checks(struct reading *r, const struct check *like,
	struct predicate *chain)
{
	while (chain) {
		struct predicate *next = chain->next;
		struct check *c = ARENA_NEW(r->a, struct check);
		*c = *like;
		c->next = NULL;
		chain->next = NULL;
		c->predicate = chain;
		c->refs = collect_refs(r->a, c);
		add_texts(r->a, c);
		*r->last = c;
		r->last = &c->next;
		chain = next;
	}
}

static void read_one(struct reading *r, const struct query *q,
	const struct yaml_node *n)
{
	struct check like = { .query = q, .where = n->where };

	if (n->key)
		like.where = n->key->where;
	if (q)
		add_checks(r, &like,
			predicate_parse(r->a, n, query_unit(q), r->ds));
}

/* clang-format off */
#define SUBJECT_MAP(X)                                \
	/* subject, extractor, a mapping of names? */ \
	X("status",    "status",    false)            \
	X("version",   "version",   false)            \
	X("headers",   "header",    true)             \
	X("cookies",   "cookie",    true)             \
	X("json",      "jsonpath",  true)             \
	X("xml",       "xpath",     true)             \
	X("body",      "body",      false)            \
	X("size",      "size",      false)            \
	X("duration",  "duration",  false)            \
	X("timing",    "timing",    true)             \
	X("cert",      "certificate", true)           \
	X("tls",       "tls",       true)             \
	X("dns",       "dns",       true)             \
	X("ip",        "ip",        false)            \
	X("url",       "url",       false)            \
	X("redirects", "redirects", false)
/* clang-format on */

static const struct {
	struct str name, extractor;
	bool map;
} subjects[] = {
#define X(name, extractor, map) { STR(name), STR(extractor), map },
	SUBJECT_MAP(X)
#undef X
};

enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

size_t suite_subject_names(struct str *ret, size_t max)
{
	size_t n = 0;

	for (; n < SUBJECTS && n < max; n++)
		ret[n] = subjects[n].name;
	return n;
}

static void read_map(struct reading *r, size_t subject,
	const struct yaml_node *n)
{
	if (n->kind != YAML_MAP) {
		diag_add(r->ds, DIAG_ERROR, E21, n->where,
			"`%.*s` is a mapping of names to what is expected",
			STR_ARG(subjects[subject].name));
		return;
	}
	for (const struct yaml_node *e = n->first; e; e = e->next) {
		const struct query *q =
			query_make(r->a, subjects[subject].extractor, e->key,
				e->key->where, r->ds);
		read_one(r, q, e);
	}
}

static void read_status(struct reading *r, const struct yaml_node *n)
{
	struct check like = { .where = n->key->where };

	like.query = query_make(r->a, STR("status"), NULL, n->where, r->ds);
	add_checks(r, &like, predicate_parse_status(r->a, n, r->ds));
}

static void read_subject(struct reading *r, const struct yaml_node *e)
{
	struct str names[SUBJECTS];

	for (size_t i = 0; i < SUBJECTS; i++) {
		names[i] = subjects[i].name;
		if (!str_eq(names[i], e->key->text))
			continue;
		if (str_eq(names[i], STR("status")))
			read_status(r, e);
		else if (subjects[i].map)
			read_map(r, i, e);
		else
			read_one(r,
				query_make(r->a, subjects[i].extractor, NULL,
					e->where, r->ds),
				e);
		return;
	}
	key_unknown(e->key, E12, "key", names, SUBJECTS, r->ds);
}

struct check *check_parse_expect(struct arena *a, const struct yaml_node *n,
	struct diags *ds)
{
	struct reading r;

	reading_init(&r, a, ds);
	if (n->kind != YAML_MAP) {
		diag_add(ds, DIAG_ERROR, E21, n->where,
			"a mapping of what is looked at to what is expected "
			"is wanted, such as {status: 200}");
		return NULL;
	}
	for (const struct yaml_node *e = n->first; e; e = e->next)
		read_subject(&r, e);
	return r.first;
}

struct check *check_status_2xx(struct arena *a, struct span where)
{
	struct reading r;
	struct diags none;
	struct check like = { .where = where };

	diags_init(&none, a);
	reading_init(&r, a, &none);
	like.query = query_make(a, STR("status"), NULL, where, &none);
	add_checks(&r, &like, predicate_status_2xx(a, where));
	return r.first;
}

struct check *check_made(struct arena *a, struct span where,
	const struct check_words *w)
{
	struct yaml_node param = { .text = str_from(w->param), .where = where };
	struct yaml_node key = { .text = str_from(w->predicate),
		.where = where };
	struct yaml_node want = { .text = str_from(w->want), .where = where };
	struct check like = { .where = where };
	struct reading r;
	struct diags none;

	want.key = &key;
	diags_init(&none, a);
	reading_init(&r, a, &none);
	like.query = query_make(a, str_from(w->extractor),
		*w->param ? &param : NULL, where, &none);
	add_checks(&r, &like,
		predicate_parse_one(a, &want, query_unit(like.query), &none));
	return r.first;
}

/* --- the long form ------------------------------------------------------ */

struct long_form { /* the entries of one mapping, sorted by what they are */
	const struct yaml_node *name, *filter, *extractor;
	const struct yaml_node *predicate[16];
	size_t npredicates;
};

static void unknown_key(struct reading *r, const struct yaml_node *key)
{
	struct str names[PREDICATE_NAMES_MAX + 32];
	size_t n = predicate_names(names, PREDICATE_NAMES_MAX);

	n += query_names(names + n, 30);
	names[n++] = STR("name");
	names[n++] = STR("filter");
	key_unknown(key, E43, "extractor or predicate", names, n, r->ds);
}

static bool sort_key(struct reading *r, const struct yaml_node *e,
	struct long_form *f)
{
	struct str key = e->key->text;

	if (str_eq(key, STR("name"))) {
		f->name = e;
	} else if (str_eq(key, STR("filter"))) {
		f->filter = e;
	} else if (query_known(key)) {
		if (f->extractor) {
			diag_add(r->ds, DIAG_ERROR, E13, e->key->where,
				"only one extractor: there is `%.*s` already",
				STR_ARG(f->extractor->key->text));
			return false;
		}
		f->extractor = e;
	} else if (predicate_find(key) &&
		   f->npredicates < sizeof(f->predicate) / sizeof(void *)) {
		f->predicate[f->npredicates++] = e;
	} else {
		unknown_key(r, e->key);
		return false;
	}
	return true;
}

static bool is_complete(struct reading *r, const struct yaml_node *n,
	const struct long_form *f)
{
	if (!f->extractor)
		diag_add(r->ds, DIAG_ERROR, E11, n->where,
			"an extractor is missing, such as `jsonpath: $.id`");
	if (f->npredicates == 0)
		diag_add(r->ds, DIAG_ERROR, E11, n->where,
			"a predicate is missing, such as `equals: 1`");
	if (f->name && f->name->kind != YAML_SCALAR)
		diag_add(r->ds, DIAG_ERROR, E21, f->name->where,
			"a name is text");
	return f->extractor && f->npredicates > 0 &&
	       (!f->name || f->name->kind == YAML_SCALAR);
}

static void read_long(struct reading *r, const struct yaml_node *n)
{
	struct check like = { .where = n->where };
	struct long_form f = { 0 };
	bool ok = true;

	for (const struct yaml_node *e = n->first; e; e = e->next)
		ok = sort_key(r, e, &f) && ok;
	ok = ok && is_complete(r, n, &f);
	if (!ok || !f.extractor)
		return;
	like.name = f.name ? f.name->text : STR_NONE;
	like.query = query_make(r->a, f.extractor->key->text, f.extractor,
		f.extractor->key->where, r->ds);
	if (f.filter)
		like.filters = filter_parse(r->a, f.filter, r->ds);
	if (!like.query)
		return;
	enum unit unit = like.filters ? UNIT_NONE : query_unit(like.query);
	for (size_t i = 0; i < f.npredicates; i++)
		add_checks(r, &like,
			predicate_parse_one(r->a, f.predicate[i], unit, r->ds));
}

struct check *check_parse_list(struct arena *a, const struct yaml_node *n,
	struct diags *ds)
{
	struct reading r;

	reading_init(&r, a, ds);
	if (n->kind != YAML_LIST) {
		diag_add(ds, DIAG_ERROR, E21, n->where,
			"a list of checks is wanted");
		return NULL;
	}
	for (const struct yaml_node *e = n->first; e; e = e->next) {
		if (e->kind == YAML_MAP)
			read_long(&r, e);
		else
			diag_add(ds, DIAG_ERROR, E21, e->where,
				"a check is a mapping of an extractor and a "
				"predicate");
	}
	return r.first;
}

const struct same *check_same(const struct check *c)
{
	return c->predicate->same;
}

bool check_is_status(const struct check *c)
{
	return query_is_status(c->query);
}

const struct template_ref *check_refs(const struct check *c)
{
	return c->refs;
}

/* --- judging ------------------------------------------------------------ */

/* 1234.567 ms as people read it */
static struct str took_text(const struct look *l, const struct json *ms)
{
	char out[32];
	struct str us;
	uint64_t n;
	bool below; /* 0: a certificate that has expired */

	if (ms->type != JSON_NUMBER ||
		!decimal_mul(l->a, ms->text, STR("1000"), &us))
		return value_text(l->a, l->v->redact, ms);
	below = str_starts(us, STR("-"));
	if (!str_to_u64(str_sub(us, below, SIZE_MAX), &n))
		return value_text(l->a, l->v->redact, ms);
	return arena_printf(l->a, "%s%s", below ? "-" : "",
		units_took_text(n, out));
}

static struct str actual_text(const struct check *c, const struct value *v,
	bool secret, const struct look *l)
{
	const struct redact *r = l->v->redact;

	if (v->state == VALUE_MISSING)
		return v->why.ptr ? v->why : STR("missing");
	if (v->state != VALUE_OK)
		return visible_text(l->a, r, v->why);
	if (secret)
		return STR("(made from a secret)");
	if (query_unit(c->query) == UNIT_MS && !c->filters)
		return took_text(l, v->json);
	if (v->nodes && v->json->count == 1)
		return value_text(l->a, r, v->json->first);
	return value_text(l->a, r, v->json);
}

static struct assertion *eval_one(const struct check *c, const struct look *l)
{
	struct assertion *as = ARENA_NEW(l->a, struct assertion);
	struct judge j = { .v = l->v, .a = l->a };
	struct value v = query_eval(c->query, l->r, l->v, l->a);
	/* redaction knows the value itself, not what a filter made of it */
	bool secret = c->filters && query_is_secret(c->query, l);

	v = filter_apply(c->filters, v, l);
	j.secret = secret;
	enum judgement is = predicate_judge(c->predicate, &v, &j);
	as->ok = is == HOLDS;
	as->alone = is == ALONE;
	as->budget = is == OVER || as->alone;
	as->where = c->where;
	as->text = c->text;
	as->expected = j.expected.ptr    ? j.expected
		       : c->expected.ptr ? c->expected
					 : predicate_expected(c->predicate, &j);
	as->actual = actual_text(c, &v, secret, l);
	as->note = STR("");
	if (!as->ok && (!secret || as->alone) && j.note.ptr &&
		v.state == VALUE_OK) {
		as->note = j.note;
		as->actual = arena_printf(l->a, "%.*s (%.*s)",
			STR_ARG(as->actual), STR_ARG(j.note));
	}
	return as;
}

struct assertion *check_eval_all(const struct check *first, struct response *r,
	const struct vars *v, struct arena *a)
{
	struct look l = { r, v, a };
	struct assertion *all = NULL;
	struct assertion **last = &all;

	for (; first; first = first->next) {
		*last = eval_one(first, &l);
		last = &(*last)->next;
	}
	return all;
}
