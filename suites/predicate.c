/*
 * How predicates are read, judged and written; what they mean is in
 * predicate_table.h.
 */
#include "suites/predicate.h"

#include "base/codes.h"
#include "base/keys.h"
#include "suites/function.h"
#include "suites/unit.h"

/* What is the same for all predicates of one mapping. */
struct reading {
	struct arena *a;
	struct diags *ds;
	enum unit unit;
	unsigned depth;
	bool ignore_case;
};

/* --- reading ------------------------------------------------------------ */

static bool wrong(const struct reading *r, const struct yaml_node *n, int code,
	const char *text)
{
	diag_add(r->ds, DIAG_ERROR, (uint16_t)code, n->where, "%s", text);
	return false;
}

/* The literal value; NULL when there is something to fill in. */
static const struct json *literal_of(const struct reading *r,
	const struct template_tree *t)
{
	const struct json *j;
	bool secret;
	struct vars v;
	struct str why;

	if (template_tree_refs(t))
		return NULL;
	vars_init(&v, r->a, 1);
	return template_tree_value(t, &v, &j, &secret, &why) ? j : NULL;
}

/* As the author wrote it, on one line. */
static struct str source_text(const struct reading *r,
	const struct yaml_node *n)
{
	enum { TEXT_MAX = 80 };
	struct str s = n->text;

	if (n->kind != YAML_SCALAR && n->where.src)
		s = str_sub(n->where.src->text, n->where.at,
			n->where.end - n->where.at);
	s = arena_str(r->a, str_sub(s, 0, TEXT_MAX));
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\n' || s.ptr[i] == '\t')
			((char *)s.ptr)[i] = ' ';
	}
	return visible_text(r->a, NULL, s);
}

static bool has_unit(enum unit unit)
{
	return unit == UNIT_MS || unit == UNIT_BYTES;
}

static bool read_want(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	p->want = template_tree_parse(r->a, n, r->ds);
	if (!p->want)
		return false;
	const struct json *literal = literal_of(r, p->want);
	bool raw = !literal || p->argument == ARG_TEXT ||
		   p->argument == ARG_REGEX ||
		   (p->argument == ARG_STATUS && n->kind == YAML_SCALAR);
	if (has_unit(r->unit) && !raw) {
		if (!unit_convert(r->a, literal, r->unit))
			return wrong(r, n, E22,
				r->unit == UNIT_MS
					? "a duration with its unit is "
					  "wanted, such as 400ms or 2s"
					: "a size is wanted, such as 512B or "
					  "16KiB");
		raw = true;
	}
	p->want_text =
		raw ? source_text(r, n) : value_text(r->a, NULL, literal);
	return true;
}

static bool read_bool(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	if (n->kind == YAML_SCALAR && yaml_to_bool(n, &p->sense))
		return true;
	return wrong(r, n, E21, "true or false is wanted");
}

static bool read_list(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	bool template =
		n->kind == YAML_SCALAR && str_starts(n->text, STR("${"));

	if (n->kind != YAML_LIST && !template)
		return wrong(r, n, E21, "a list is wanted");
	if (p->argument == ARG_PAIR && n->kind == YAML_LIST && n->count != 2)
		return wrong(r, n, E21,
			"a list of two is wanted: the lowest and the highest");
	if (n->kind == YAML_LIST && n->count == 0)
		return wrong(r, n, E21, "the list is empty");
	return read_want(r, n, p);
}

static bool read_near(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	if (n->kind != YAML_MAP || n->count != 2 || !yaml_get(n, "value") ||
		!yaml_get(n, "within"))
		return wrong(r, n, E21,
			"a mapping {value: 100, within: 5} is wanted");
	return read_want(r, n, p);
}

static bool read_text(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	if (n->kind != YAML_SCALAR || (!n->quoted && yaml_is_null(n)))
		return wrong(r, n, E21, "text is wanted");
	return read_want(r, n, p);
}

static bool read_regex(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	if (!read_text(r, n, p))
		return false;
	if (!literal_of(r, p->want))
		return true;
	struct str text;
	bool secret = false;
	struct str why;
	struct vars v;
	vars_init(&v, r->a, 1);
	const struct template *t = template_parse(r->a, n, r->ds);
	if (!t || !template_render(t, &v, &text, &secret, &why))
		return false;
	p->regex = regex_of_scalar(r->a, n, text, r->ignore_case, r->ds);
	return p->regex != NULL;
}

/* NOLINTBEGIN(misc-no-recursion): at most PREDICATE_DEPTH_MAX deep */
static struct predicate *read_any(struct reading r, const struct yaml_node *n);

static bool read_branches(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	struct predicate_branch **last = &p->branches;
	bool ok = true;

	if (n->kind != YAML_LIST || n->count == 0)
		return wrong(r, n, E21, "a list of predicates is wanted");
	for (const struct yaml_node *e = n->first; e; e = e->next) {
		struct predicate_branch *b =
			ARENA_NEW(r->a, struct predicate_branch);
		b->first = read_any(*r, e);
		ok = ok && b->first;
		*last = b;
		last = &b->next;
	}
	return ok;
}

static bool read_inner(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	struct reading below = *r;

	if (p->row->flags & ROW_NUMBER)
		below.unit = UNIT_NONE;
	if (p->row->flags & ROW_TIME)
		below.unit = UNIT_MS;
	if (str_eq(str_from(p->row->name), STR("ignoreCase")))
		below.ignore_case = true;
	p->inner = read_any(below, n);
	return p->inner != NULL;
}

/* A rule about what is left says in which direction: {gt: 14d}. */
static bool read_time(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	if (n->kind != YAML_MAP)
		return wrong(r, n, E21,
			"a mapping of predicates is wanted, such as {gt: 14d}");
	return read_inner(r, n, p);
}

static bool read_json(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	if (!predicate_json_is_long(n))
		return read_want(r, n, p);
	p->rules = predicate_json_rules(r->a, n, r->ds);
	if (!read_want(r, yaml_get(n, "equals"), p))
		return false;
	p->want_text = source_text(r, n);
	return p->rules != NULL;
}

static bool read_schema(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	p->schema = predicate_schema(r->a, n, r->ds);
	p->want_text = source_text(r, n);
	return p->schema != NULL;
}

/* What is compared is one value of one check: inside of another predicate
 * there may be none, or many. */
static bool read_same(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	if (r->depth > 1)
		return wrong(r, n->key, E48,
			"`sameAs` can not stand inside another predicate");
	p->same = same_parse(r->a, n, r->ds);
	p->want_text = source_text(r, n);
	return p->same != NULL;
}

static bool read_argument(const struct reading *r, const struct yaml_node *n,
	struct predicate *p)
{
	switch (p->argument) {
	case ARG_BOOL:
		return read_bool(r, n, p);
	case ARG_TEXT:
		return read_text(r, n, p);
	case ARG_LIST:
	case ARG_PAIR:
		return read_list(r, n, p);
	case ARG_NEAR:
		return read_near(r, n, p);
	case ARG_REGEX:
		return read_regex(r, n, p);
	case ARG_PREDICATES:
		return p->row->flags & ROW_TIME ? read_time(r, n, p)
						: read_inner(r, n, p);
	case ARG_JSON:
		return read_json(r, n, p);
	case ARG_SCHEMA:
		return read_schema(r, n, p);
	case ARG_SAME:
		return read_same(r, n, p);
	case ARG_BRANCHES:
		return read_branches(r, n, p);
	case ARG_VALUE:
	case ARG_STATUS:
		break;
	}
	return read_want(r, n, p);
}

static struct predicate *read_row(const struct reading *r,
	const struct predicate_row *row, const struct yaml_node *n,
	struct span where)
{
	struct predicate *p = ARENA_NEW(r->a, struct predicate);

	p->row = row;
	p->argument = row->argument;
	p->unit = r->unit;
	p->where = where;
	return read_argument(r, n, p) ? p : NULL;
}

static struct predicate *read_entry(const struct reading *r,
	const struct yaml_node *e)
{
	const struct predicate_row *row = predicate_find(e->key->text);
	struct str names[PREDICATE_NAMES_MAX];

	if (row)
		return read_row(r, row, e, e->key->where);
	size_t n = predicate_names(names, PREDICATE_NAMES_MAX);
	key_unknown(e->key, E43, "predicate", names, n, r->ds);
	return NULL;
}

static struct predicate *read_any(struct reading r, const struct yaml_node *n)
{
	struct predicate *first = NULL;
	struct predicate **last = &first;
	bool ok = true;

	if (++r.depth > PREDICATE_DEPTH_MAX) {
		wrong(&r, n, E23, "predicates nested more than 8 deep");
		return NULL;
	}
	if (n->kind != YAML_MAP)
		return read_row(&r, predicate_find(STR("equals")), n, n->where);
	for (const struct yaml_node *e = n->first; e; e = e->next) {
		struct predicate *p = read_entry(&r, e);
		ok = ok && p;
		if (!p)
			continue;
		*last = p;
		last = &p->next;
	}
	if (n->count == 0)
		ok = wrong(&r, n, E21, "a predicate is missing");
	return ok ? first : NULL;
}
/* NOLINTEND(misc-no-recursion) */

struct predicate *predicate_parse_one(struct arena *a,
	const struct yaml_node *entry, enum unit unit, struct diags *ds)
{
	struct reading r = { .a = a, .ds = ds, .unit = unit };

	return read_entry(&r, entry);
}

struct predicate *predicate_parse(struct arena *a, const struct yaml_node *n,
	enum unit unit, struct diags *ds)
{
	struct reading r = { .a = a, .ds = ds, .unit = unit };

	return read_any(r, n);
}

/* --- status ------------------------------------------------------------- */

static bool is_class(struct str s)
{
	return s.len == 3 && s.ptr[0] >= '1' && s.ptr[0] <= '5' &&
	       str_eq_nocase(str_sub(s, 1, 2), STR("xx"));
}

static bool status_is(const struct json *got, const struct json *want)
{
	if (want->type == JSON_STRING && is_class(want->text))
		return got->text.len == 3 &&
		       got->text.ptr[0] == want->text.ptr[0];
	return (want->type == JSON_STRING || want->type == JSON_NUMBER) &&
	       str_eq(got->text, want->text);
}

static enum judgement judge_status(const struct predicate *p,
	const struct value *got, const struct json *want, struct judge *j)
{
	const struct json *e = want;

	(void)p;
	(void)j;
	if (got->json->type != JSON_NUMBER)
		return UNFIT;
	if (want->type != JSON_ARRAY)
		return status_is(got->json, want) ? HOLDS : FAILS;
	for (e = want->first; e && !status_is(got->json, e);)
		e = e->next;
	return e ? HOLDS : FAILS;
}

static const struct predicate_row row_status = { "status", "==", ARG_STATUS, 0,
	judge_status };
static const struct predicate_row row_status_in = { "status", "in", ARG_STATUS,
	0, judge_status };

static bool status_scalar(const struct reading *r, const struct yaml_node *n)
{
	int64_t code;

	if (n->kind != YAML_SCALAR)
		return wrong(r, n, E21,
			"a status such as 201 or 2xx is wanted");
	if (is_class(n->text) || str_starts(n->text, STR("${")))
		return true;
	if (!str_to_i64(n->text, &code))
		return wrong(r, n, E21,
			"a status such as 201 or 2xx is wanted");
	if (code < 100 || code > 599)
		return wrong(r, n, E23, "a status is within 100 to 599");
	return true;
}

struct predicate *predicate_parse_status(struct arena *a,
	const struct yaml_node *n, struct diags *ds)
{
	struct reading r = { .a = a, .ds = ds, .unit = UNIT_NONE };
	bool ok = true;

	if (n->kind == YAML_MAP)
		return read_any(r, n);
	if (n->kind == YAML_SCALAR)
		return status_scalar(&r, n)
			       ? read_row(&r, &row_status, n, n->where)
			       : NULL;
	if (n->count == 0)
		ok = wrong(&r, n, E21, "the list is empty");
	for (const struct yaml_node *e = n->first; e; e = e->next)
		ok = status_scalar(&r, e) && ok;
	return ok ? read_row(&r, &row_status_in, n, n->where) : NULL;
}

struct predicate *predicate_status_2xx(struct arena *a, struct span where)
{
	struct yaml_node n = { .kind = YAML_SCALAR, .text = STR("2xx") };
	struct diags none;

	n.where = where;
	diags_init(&none, a);
	return predicate_parse_status(a, &n, &none);
}

/* --- judging ------------------------------------------------------------ */

static bool no_value(struct judge *j, struct str why)
{
	j->note = arena_printf(j->a, "no value for %.*s", STR_ARG(why));
	return false;
}

static bool want_as_text(const struct json *want, struct judge *j,
	const struct json **ret)
{
	struct str text;

	if (!json_to_text(j->a, want, &text))
		return no_value(j, STR("what is expected: it is null"));
	*ret = json_new_str(j->a, text);
	return true;
}

/* What is expected now: filled in, and in the unit of what is compared. */
static bool want_value(const struct predicate *p, const struct value *got,
	struct judge *j, const struct json **ret)
{
	const struct json *want;
	bool secret = false;
	struct str why = STR_NONE;

	if (!template_tree_value(p->want, j->v, &want, &secret, &why))
		return no_value(j, why);
	if (p->argument == ARG_TEXT || p->argument == ARG_REGEX)
		return want_as_text(want, j, ret);
	bool to_text =
		p->unit == UNIT_TEXT && !(p->row->flags & ROW_ORDER) &&
		(got->nodes || (got->json && got->json->type == JSON_STRING));
	if (has_unit(p->unit) || to_text)
		want = unit_convert(j->a, want, p->unit);
	if (!want)
		return no_value(j, STR("what is expected: no quantity"));
	*ret = want;
	return true;
}

enum judgement predicate_judge(const struct predicate *p,
	const struct value *got, struct judge *j)
{
	const struct json *want = NULL;
	struct value one = *got;

	if (got->state == VALUE_BUDGET || got->state == VALUE_BROKEN) {
		j->note = got->why;
		return got->state == VALUE_BUDGET ? OVER : UNFIT;
	}
	if (got->state == VALUE_MISSING && !(p->row->flags & ROW_MISSING))
		return UNFIT;
	if (one.nodes && !(p->row->flags & ROW_LIST) && one.json->count == 1)
		one = value_ok(one.json->first);
	if (p->want && !want_value(p, &one, j, &want))
		return UNFIT;
	return p->row->judge(p, &one, want, j);
}

/* The strongest of the chain: one that can not be applied outweighs all. */
enum judgement predicate_judge_all(const struct predicate *first,
	const struct value *got, struct judge *j)
{
	enum judgement worst = HOLDS;

	for (; first; first = first->next) {
		enum judgement is = predicate_judge(first, got, j);
		if (is > worst)
			worst = is;
	}
	return worst;
}

/* --- writing ------------------------------------------------------------ */

/* Secrets go before anything is cut: nobody finds half of one again. */
struct str visible_text(struct arena *a, const struct redact *r, struct str s)
{
	struct buf b;

	s = redact_head(r, a, s, VALUE_TEXT_MAX + 1);
	struct str cut = s;
	if (s.len > VALUE_TEXT_MAX) {
		cut.len = VALUE_TEXT_MAX - 3;
		while (cut.len > 0 &&
			((unsigned char)s.ptr[cut.len] & 0xc0) == 0x80)
			cut.len--;
	}
	buf_init(&b, (size_t)16 * VALUE_TEXT_MAX);
	buf_add_visible(&b, cut);
	if (cut.len < s.len)
		buf_add_z(&b, "...");
	struct str text = arena_str(a, b.ptr ? buf_str(&b) : STR(""));
	buf_done(&b);
	return text;
}

struct str value_text(struct arena *a, const struct redact *r,
	const struct json *j)
{
	bool scalar = j->type == JSON_STRING || j->type == JSON_NUMBER;
	size_t most = (size_t)64 * VALUE_TEXT_MAX;
	size_t head_max = VALUE_TEXT_MAX; /* more would be cut off again */
	struct json head = *j;
	struct buf b;

	/* a whole secret of a list or an object, each byte as \uXXXX */
	if (!redact_empty(r)) {
		most += (size_t)6 * SECRET_MAX;
		head_max *= 2;
	}
	if (scalar)
		head.text = str_sub(redact_head(r, a, j->text, head_max), 0,
			head_max);
	buf_init(&b, most);
	/* a copy of a list or an object would be out of its tree */
	json_write(&b, scalar ? &head : j);
	struct str text = visible_text(a, r, b.ptr ? buf_str(&b) : STR(""));
	buf_done(&b);
	return text;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as it was read */
static void add_chain(struct buf *b, const struct predicate *first);

static void add_text(struct buf *b, const struct predicate *p)
{
	if (p->argument == ARG_BOOL) {
		buf_addf(b, "%s%s", p->sense ? "" : "not ", p->row->word);
		return;
	}
	buf_addf(b, "%s ", p->row->word);
	if (p->argument == ARG_PREDICATES) {
		add_chain(b, p->inner);
	} else if (p->argument == ARG_BRANCHES) {
		buf_add_byte(b, '(');
		for (struct predicate_branch *at = p->branches; at;
			at = at->next) {
			add_chain(b, at->first);
			if (at->next)
				buf_add_z(b, "; ");
		}
		buf_add_byte(b, ')');
	} else {
		buf_add(b, p->want_text);
	}
}

static void add_chain(struct buf *b, const struct predicate *first)
{
	for (; first; first = first->next) {
		add_text(b, first);
		if (first->next)
			buf_add_z(b, " and ");
	}
}

void predicate_refs(const struct predicate *first, struct arena *a,
	struct ref_list *list)
{
	for (; first; first = first->next) {
		struct predicate_branch *b = first->branches;
		if (first->want)
			ref_list_add(list, a, template_tree_refs(first->want));
		predicate_refs(first->inner, a, list);
		for (; b; b = b->next)
			predicate_refs(b->first, a, list);
	}
}
/* NOLINTEND(misc-no-recursion) */

struct str predicate_text(struct arena *a, const struct predicate *p)
{
	struct buf b;

	buf_init(&b, 4096);
	add_text(&b, p);
	struct str text = arena_str(a, buf_str(&b));
	buf_done(&b);
	return text;
}

struct str predicate_expected(const struct predicate *p, struct judge *j)
{
	bool text = p->argument == ARG_TEXT || p->argument == ARG_REGEX;
	bool equals = str_eq(str_from(p->row->word), STR("=="));
	const struct json *want;
	bool secret = false;
	struct str shown = p->want_text;
	struct str why;

	if (!p->want)
		return predicate_text(j->a, p);
	if (template_tree_refs(p->want) && !has_unit(p->unit) && !p->rules &&
		template_tree_value(p->want, j->v, &want, &secret, &why) &&
		!secret)
		shown = text && want->type == JSON_STRING
				? visible_text(j->a, j->v->redact, want->text)
				: value_text(j->a, j->v->redact, want);
	if (equals)
		return shown;
	return arena_printf(j->a, "%s %.*s", p->row->word, STR_ARG(shown));
}
