/*
 * Validating: one function per keyword, over the nodes of schema.c.
 */
#include "base/clock.h"
#include "suites/predicate.h"
#include "suites/schema_parts.h"

/* Dynamic scope: the resources that were entered, innermost first. */
struct frame {
	const struct frame *up;
	const struct schema_resource *resource;
};

/* Where in the instance, innermost first. */
struct spot {
	const struct spot *up;
	struct str key; /* STR_NONE: an index */
	size_t index;
};

/* Which members or elements of one value were evaluated. */
struct seen {
	bool *flag;
	size_t count;
};

struct checking {
	struct arena *a;
	const struct redact *redact;
	bool tracks, over;
	unsigned depth, quiet, misses;
	size_t steps;
	uint64_t regex_ns;
	struct buf why;
};

struct at { /* what a keyword looks at */
	struct checking *c;
	const struct schema_node *node;
	const struct schema_rule *rule;
	const struct json *value;
	const struct spot *spot;
	const struct frame *frame;
	struct seen *seen;
};

/* --- what did not hold -------------------------------------------------- */

static void add_spot(struct checking *c, const struct spot *s)
{
	const struct spot *way[SCHEMA_DEPTH_MAX];
	size_t n = 0;

	for (; s && n < SCHEMA_DEPTH_MAX; s = s->up)
		way[n++] = s;
	buf_add_byte(&c->why, '$');
	while (n-- > 0) {
		if (way[n]->key.ptr) {
			struct str key =
				visible_text(c->a, c->redact, way[n]->key);
			buf_addf(&c->why, ".%.*s", STR_ARG(key));
		} else {
			buf_addf(&c->why, "[%zu]", way[n]->index);
		}
	}
}

static const char *const keyword_names[] = {
#define X(id, name, argument, validates) name,
	SCHEMA_KEYWORD_MAP(X)
#undef X
};

static bool miss(const struct at *at, struct str text)
{
	struct checking *c = at->c;

	if (c->quiet || ++c->misses > SCHEMA_MISSES_MAX)
		return false;
	if (c->why.len)
		buf_add_z(&c->why, "; ");
	add_spot(c, at->spot);
	buf_addf(&c->why, " %s: %.*s",
		at->rule ? keyword_names[at->rule->keyword] : "false",
		STR_ARG(text));
	return false;
}

static struct str shown(const struct at *at, const struct json *j)
{
	return value_text(at->c->a, at->c->redact, j);
}

static bool miss_want(const struct at *at, const char *want)
{
	if (at->c->quiet)
		return false;
	return miss(at, arena_printf(at->c->a, "%.*s, expected %s%.*s",
				STR_ARG(shown(at, at->value)), want,
				STR_ARG(shown(at, at->rule->arg))));
}

static bool miss_count(const struct at *at, size_t count, const char *what)
{
	if (at->c->quiet)
		return false;
	return miss(at, arena_printf(at->c->a, "%zu, expected %s %.*s", count,
				what, STR_ARG(at->rule->arg->text)));
}

static bool spend(struct checking *c, size_t steps)
{
	if (c->steps < steps)
		c->over = true;
	else
		c->steps -= steps;
	return !c->over;
}

/* --- going on ----------------------------------------------------------- */

static bool eval(struct checking *c, const struct schema_node *n,
	const struct json *value, const struct spot *spot,
	const struct frame *frame, struct seen *seen);

/* The same value, by another schema: what it evaluated counts if it holds. */
static bool in_place(const struct at *at, const struct schema_node *n)
{
	struct seen own = { .count = at->seen ? at->seen->count : 0 };

	if (!at->seen)
		return eval(at->c, n, at->value, at->spot, at->frame, NULL);
	if (!spend(at->c, own.count / 16))
		return false;
	own.flag = ARENA_ARRAY(at->c->a, own.count + 1, bool);
	if (!eval(at->c, n, at->value, at->spot, at->frame, &own))
		return false;
	for (size_t i = 0; i < own.count; i++)
		at->seen->flag[i] = at->seen->flag[i] || own.flag[i];
	return true;
}

/* Without a word of what did not hold. */
static bool in_place_quiet(const struct at *at, const struct schema_node *n)
{
	at->c->quiet++;
	bool is = in_place(at, n);
	at->c->quiet--;
	return is;
}

static bool below(const struct at *at, const struct schema_node *n,
	const struct json *child, size_t index)
{
	struct spot spot = { at->spot, child->key, index };

	if (at->value->type == JSON_ARRAY)
		spot.key = STR_NONE;
	if (at->seen)
		at->seen->flag[index] = true;
	return eval(at->c, n, child, &spot, at->frame, NULL);
}

static bool is_number(const struct at *at)
{
	return at->value->type == JSON_NUMBER;
}

static bool matches(const struct at *at, const struct regex *regex,
	struct str text)
{
	struct checking *c = at->c;
	uint64_t before = clock_mono_ns(&clock_system);
	enum regex_result is = regex_match(regex, text, NULL, 0);

	c->regex_ns += clock_mono_ns(&clock_system) - before;
	if (is == REGEX_BUDGET || c->regex_ns > SCHEMA_REGEX_NS)
		c->over = true;
	return is == REGEX_YES;
}

/* --- keywords: a value -------------------------------------------------- */

static bool check_type(const struct at *at)
{
	static const unsigned bits[] = { [JSON_NULL] = 1,
		[JSON_FALSE] = 2,
		[JSON_TRUE] = 2,
		[JSON_NUMBER] = 4,
		[JSON_STRING] = 8,
		[JSON_ARRAY] = 16,
		[JSON_OBJECT] = 32 };
	uint64_t mask = at->rule->count;

	if ((mask & bits[at->value->type]) ||
		((mask & 64) && is_number(at) &&
			schema_is_integer(at->value->text)))
		return true;
	if (at->c->quiet)
		return false;
	return miss(at, arena_printf(at->c->a, "%.*s is %s, expected %.*s",
				STR_ARG(shown(at, at->value)),
				json_type_name(at->value->type),
				STR_ARG(shown(at, at->rule->arg))));
}

static bool check_enum(const struct at *at)
{
	const struct json *e = at->rule->arg->first;

	while (e && !json_equal(e, at->value))
		e = e->next;
	return e || miss_want(at, "one of ");
}

static bool check_const(const struct at *at)
{
	return json_equal(at->rule->arg, at->value) || miss_want(at, "");
}

static bool check_multiple_of(const struct at *at)
{
	return !is_number(at) ||
	       schema_is_multiple(at->value->text, at->rule->arg->text) ||
	       miss_want(at, "a multiple of ");
}

/* clang-format off */
#define ORDER(id, op)                                                          \
	static bool check_##id(const struct at *at)                            \
	{                                                                      \
		return !is_number(at) ||                                       \
		       json_number_cmp(at->value->text,                        \
			       at->rule->arg->text) op 0 || /* NOLINT */       \
		       miss_want(at, #op " ");                                 \
	}
ORDER(maximum, <=)
ORDER(maximum_ex, <)
ORDER(minimum, >=)
ORDER(minimum_ex, >)
#undef ORDER
/* clang-format on */

static size_t amount(const struct json *j)
{
	return j->type == JSON_STRING ? str_codepoints(j->text) : j->count;
}

static bool check_most(const struct at *at)
{
	size_t n = amount(at->value);

	return n <= at->rule->count || miss_count(at, n, "at most");
}

static bool check_least(const struct at *at)
{
	size_t n = amount(at->value);

	return n >= at->rule->count || miss_count(at, n, "at least");
}

/* clang-format off */
#define LIMIT(id, of, how)                                                     \
	static bool check_##id(const struct at *at)                            \
	{                                                                      \
		return at->value->type != (of) || check_##how(at);             \
	}
LIMIT(max_length, JSON_STRING, most)
LIMIT(min_length, JSON_STRING, least)
LIMIT(max_items, JSON_ARRAY, most)
LIMIT(min_items, JSON_ARRAY, least)
LIMIT(max_members, JSON_OBJECT, most)
LIMIT(min_members, JSON_OBJECT, least)
#undef LIMIT
/* clang-format on */

static bool check_pattern(const struct at *at)
{
	return at->value->type != JSON_STRING ||
	       matches(at, at->rule->regex[0], at->value->text) ||
	       miss_want(at, "what matches ");
}

static bool check_unique(const struct at *at)
{
	const struct json *e = at->value->first;

	if (at->value->type != JSON_ARRAY || at->rule->arg->type != JSON_TRUE)
		return true;
	for (size_t i = 0; e; e = e->next, i++) {
		size_t k = i + 1;
		if (!spend(at->c, at->value->count - i))
			return false;
		for (const struct json *f = e->next; f; f = f->next, k++) {
			if (json_equal(e, f))
				return miss(at,
					arena_printf(at->c->a,
						"[%zu] and [%zu] are the same",
						i, k));
		}
	}
	return true;
}

static bool names_there(const struct at *at, const struct json *names)
{
	bool ok = true;

	for (const struct json *e = names->first; e; e = e->next) {
		if (json_get(at->value, e->text))
			continue;
		if (at->c->quiet)
			return false;
		ok = miss(at, arena_printf(at->c->a, "`%.*s` is missing",
				      STR_ARG(str_sub(e->text, 0, 80))));
	}
	return ok;
}

static bool check_required(const struct at *at)
{
	return at->value->type != JSON_OBJECT || names_there(at, at->rule->arg);
}

static bool check_needs(const struct at *at)
{
	bool ok = true;

	if (at->value->type != JSON_OBJECT)
		return true;
	for (const struct json *e = at->rule->arg->first; e; e = e->next)
		if (json_get(at->value, e->key))
			ok = names_there(at, e) && ok;
	return ok;
}

/* --- keywords: in place ------------------------------------------------- */

static bool check_ref(const struct at *at)
{
	return in_place(at, at->rule->target);
}

/* The outermost resource that has this dynamic anchor gives the schema. */
static bool check_dyn_ref(const struct at *at)
{
	const struct schema_node *to = at->rule->target;

	for (const struct frame *f = at->frame; at->rule->dynamic.ptr && f;
		f = f->up) {
		const struct schema_node *n =
			map_get(f->resource->dynamic_anchors,
				at->rule->dynamic);
		if (n)
			to = n;
	}
	return in_place(at, to);
}

static bool check_all_of(const struct at *at)
{
	bool ok = true;

	for (size_t i = 0; i < at->rule->arg->count; i++)
		ok = in_place(at, at->rule->node[i]) && ok;
	return ok;
}

static size_t count_holding(const struct at *at)
{
	size_t n = 0;

	for (size_t i = 0; i < at->rule->arg->count; i++)
		n += in_place_quiet(at, at->rule->node[i]);
	return n;
}

static bool check_any_of(const struct at *at)
{
	return count_holding(at) > 0 ||
	       (!at->c->quiet &&
		       miss(at, arena_printf(at->c->a,
					"none of %u holds for %.*s",
					at->rule->arg->count,
					STR_ARG(shown(at, at->value)))));
}

static bool check_one_of(const struct at *at)
{
	size_t n = count_holding(at);

	return n == 1 ||
	       (!at->c->quiet &&
		       miss(at,
			       arena_printf(at->c->a, "%zu of %u hold for %.*s",
				       n, at->rule->arg->count,
				       STR_ARG(shown(at, at->value)))));
}

/* A member of its own, as what it evaluated counts for nothing. */
static bool check_not(const struct at *at)
{
	struct at alone = *at;

	alone.seen = NULL;
	return !in_place_quiet(&alone, at->rule->node[0]) ||
	       (!at->c->quiet &&
		       miss(at, arena_printf(at->c->a, "holds for %.*s",
					STR_ARG(shown(at, at->value)))));
}

static bool check_if(const struct at *at)
{
	bool holds = in_place_quiet(at, at->rule->node[0]);
	struct at next = *at;

	next.rule = at->node->rule[holds ? SCHEMA_KEY_then : SCHEMA_KEY_else];
	return !next.rule || in_place(&next, next.rule->node[0]);
}

static bool check_dependents(const struct at *at)
{
	bool ok = true;
	size_t i = 0;

	if (at->value->type != JSON_OBJECT)
		return true;
	for (const struct json *e = at->rule->arg->first; e; e = e->next, i++)
		if (json_get(at->value, e->key))
			ok = in_place(at, at->rule->node[i]) && ok;
	return ok;
}

/* --- keywords: what is inside ------------------------------------------- */

static bool check_prefix(const struct at *at)
{
	const struct json *e = at->value->first;
	bool ok = true;

	if (at->value->type != JSON_ARRAY)
		return true;
	for (size_t i = 0; e && i < at->rule->arg->count; e = e->next, i++)
		ok = below(at, at->rule->node[i], e, i) && ok;
	return ok;
}

static bool check_items(const struct at *at)
{
	const struct schema_rule *prefix = at->node->rule[SCHEMA_KEY_prefix];
	size_t from = prefix ? prefix->arg->count : 0;
	const struct json *e = at->value->first;
	bool ok = true;

	if (at->value->type != JSON_ARRAY)
		return true;
	for (size_t i = 0; e; e = e->next, i++)
		if (i >= from)
			ok = below(at, at->rule->node[0], e, i) && ok;
	return ok;
}

static bool check_contains(const struct at *at)
{
	const struct schema_rule *most =
		at->node->rule[SCHEMA_KEY_max_contains];
	const struct schema_rule *least =
		at->node->rule[SCHEMA_KEY_min_contains];
	const struct json *e = at->value->first;
	struct at alone = *at;
	uint64_t n = 0;

	if (at->value->type != JSON_ARRAY)
		return true;
	alone.seen = NULL;
	at->c->quiet++;
	for (size_t i = 0; e; e = e->next, i++) {
		if (!below(&alone, at->rule->node[0], e, i))
			continue;
		n++;
		if (at->seen)
			at->seen->flag[i] = true;
	}
	at->c->quiet--;
	if (n >= (least ? least->count : 1) && (!most || n <= most->count))
		return true;
	return miss(at, arena_printf(at->c->a, "%llu elements hold",
				(unsigned long long)n));
}

static bool check_properties(const struct at *at)
{
	const struct json *e = at->value->first;
	bool ok = true;

	if (at->value->type != JSON_OBJECT)
		return true;
	for (size_t i = 0; e; e = e->next, i++) {
		const struct json *p = at->rule->arg->first;
		size_t k = 0;
		if (!spend(at->c, 1 + at->rule->arg->count / 16))
			return false;
		for (; p && !str_eq(p->key, e->key); p = p->next)
			k++;
		if (p)
			ok = below(at, at->rule->node[k], e, i) && ok;
	}
	return ok;
}

static bool check_patterns(const struct at *at)
{
	const struct json *e = at->value->first;
	bool ok = true;

	if (at->value->type != JSON_OBJECT)
		return true;
	for (size_t i = 0; e; e = e->next, i++)
		for (size_t k = 0; k < at->rule->arg->count; k++)
			if (matches(at, at->rule->regex[k], e->key))
				ok = below(at, at->rule->node[k], e, i) && ok;
	return ok;
}

static bool named_before(const struct at *at, struct str key)
{
	const struct schema_rule *p = at->node->rule[SCHEMA_KEY_properties];
	const struct schema_rule *m = at->node->rule[SCHEMA_KEY_patterns];

	if (p && json_get(p->arg, key))
		return true;
	for (size_t k = 0; m && k < m->arg->count; k++)
		if (matches(at, m->regex[k], key))
			return true;
	return false;
}

static bool check_additional(const struct at *at)
{
	const struct json *e = at->value->first;
	bool ok = true;

	if (at->value->type != JSON_OBJECT)
		return true;
	for (size_t i = 0; e; e = e->next, i++)
		if (!named_before(at, e->key))
			ok = below(at, at->rule->node[0], e, i) && ok;
	return ok;
}

static bool check_names(const struct at *at)
{
	const struct json *e = at->value->first;
	bool ok = true;

	if (at->value->type != JSON_OBJECT)
		return true;
	for (; e; e = e->next) {
		struct spot spot = { at->spot, e->key, 0 };
		ok = eval(at->c, at->rule->node[0],
			     json_new_str(at->c->a, e->key), &spot, at->frame,
			     NULL) &&
		     ok;
	}
	return ok;
}

static bool check_rest(const struct at *at, enum json_type type)
{
	const struct json *e = at->value->first;
	bool ok = true;

	if (at->value->type != type)
		return true;
	for (size_t i = 0; e; e = e->next, i++)
		if (!at->seen->flag[i])
			ok = below(at, at->rule->node[0], e, i) && ok;
	return ok;
}

/* clang-format off */
static bool check_un_items(const struct at *at) { return check_rest(at, JSON_ARRAY); }
static bool check_un_members(const struct at *at) { return check_rest(at, JSON_OBJECT); }
/* clang-format on */

/* --- one schema --------------------------------------------------------- */

/* NULL: nothing to do, or another keyword does it. */
static bool (*const checks[])(const struct at *at) = {
	[SCHEMA_KEY_ref] = check_ref,
	[SCHEMA_KEY_dyn_ref] = check_dyn_ref,
	[SCHEMA_KEY_type] = check_type,
	[SCHEMA_KEY_enum] = check_enum,
	[SCHEMA_KEY_const] = check_const,
	[SCHEMA_KEY_multiple_of] = check_multiple_of,
	[SCHEMA_KEY_maximum] = check_maximum,
	[SCHEMA_KEY_maximum_ex] = check_maximum_ex,
	[SCHEMA_KEY_minimum] = check_minimum,
	[SCHEMA_KEY_minimum_ex] = check_minimum_ex,
	[SCHEMA_KEY_max_length] = check_max_length,
	[SCHEMA_KEY_min_length] = check_min_length,
	[SCHEMA_KEY_pattern] = check_pattern,
	[SCHEMA_KEY_max_items] = check_max_items,
	[SCHEMA_KEY_min_items] = check_min_items,
	[SCHEMA_KEY_unique] = check_unique,
	[SCHEMA_KEY_max_members] = check_max_members,
	[SCHEMA_KEY_min_members] = check_min_members,
	[SCHEMA_KEY_required] = check_required,
	[SCHEMA_KEY_needs] = check_needs,
	[SCHEMA_KEY_all_of] = check_all_of,
	[SCHEMA_KEY_any_of] = check_any_of,
	[SCHEMA_KEY_one_of] = check_one_of,
	[SCHEMA_KEY_not] = check_not,
	[SCHEMA_KEY_if] = check_if,
	[SCHEMA_KEY_dependents] = check_dependents,
	[SCHEMA_KEY_prefix] = check_prefix,
	[SCHEMA_KEY_items] = check_items,
	[SCHEMA_KEY_contains] = check_contains,
	[SCHEMA_KEY_properties] = check_properties,
	[SCHEMA_KEY_patterns] = check_patterns,
	[SCHEMA_KEY_additional] = check_additional,
	[SCHEMA_KEY_names] = check_names,
	[SCHEMA_KEY_un_items] = check_un_items,
	[SCHEMA_KEY_un_members] = check_un_members,
	[SCHEMA_KEYWORDS] = NULL,
};

/* NOLINTBEGIN(misc-no-recursion): at most SCHEMA_DEPTH_MAX deep */
static bool eval_rules(struct at *at)
{
	bool ok = true;

	for (const struct schema_rule *r = at->node->rules; r; r = r->next) {
		if (at->c->over || (!ok && at->c->quiet))
			return false;
		at->rule = r;
		if (checks[r->keyword])
			ok = checks[r->keyword](at) && ok;
	}
	return ok;
}

static bool eval(struct checking *c, const struct schema_node *n,
	const struct json *value, const struct spot *spot,
	const struct frame *frame, struct seen *seen)
{
	struct frame own = { frame, n->resource };
	struct seen fresh = { .count = value->count };
	struct at at = { .c = c,
		.node = n,
		.value = value,
		.spot = spot,
		.frame = frame,
		.seen = seen };

	if (!spend(c, 1 + (c->tracks ? value->count / 16 : 0)))
		return false;
	if (c->depth >= SCHEMA_DEPTH_MAX) {
		c->over = true;
		return false;
	}
	if (n->json->type == JSON_TRUE)
		return true;
	if (n->json->type == JSON_FALSE)
		return miss(&at, STR("nothing may stand here"));
	if (!frame || frame->resource != n->resource)
		at.frame = &own;
	if (!seen && c->tracks &&
		(value->type == JSON_ARRAY || value->type == JSON_OBJECT)) {
		fresh.flag = ARENA_ARRAY(c->a, fresh.count + 1, bool);
		at.seen = &fresh;
	}
	c->depth++;
	bool ok = eval_rules(&at);
	c->depth--;
	return ok && !c->over;
}
/* NOLINTEND(misc-no-recursion) */

enum schema_result schema_validate(const struct schema *s,
	const struct json *instance, struct arena *a,
	const struct redact *redact, struct str *ret_why)
{
	struct checking c = { .a = a,
		.redact = redact,
		.tracks = s->tracks,
		.steps = SCHEMA_STEPS_MAX };

	buf_init(&c.why, 65536);
	bool ok = eval(&c, s->root, instance, NULL, NULL, NULL);
	if (c.misses > SCHEMA_MISSES_MAX)
		buf_addf(&c.why, "; and %u more", c.misses - SCHEMA_MISSES_MAX);
	struct str why = arena_str(a, c.why.ptr ? buf_str(&c.why) : STR(""));
	buf_done(&c.why);
	if (c.over)
		why = STR("the schema takes more steps than it may");
	*ret_why = why;
	return c.over ? SCHEMA_OVER : ok ? SCHEMA_HOLDS : SCHEMA_FAILS;
}
