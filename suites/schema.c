/*
 * Compiling: each schema becomes a node with the rules of its keywords, each
 * $id a resource, and each $ref a pointer to a node.
 */
#include "base/codes.h"
#include "suites/schema_parts.h"

struct keyword_row {
	struct str name;
	enum schema_argument argument;
	bool validates;
};

static const struct keyword_row table[] = {
#define X(id, name, argument, validates)                                       \
	{ STR(name), SCHEMA_ARG_##argument, validates },
	SCHEMA_KEYWORD_MAP(X)
#undef X
};

struct compiling {
	struct arena *a;
	const struct json *root;
	const struct schema_loader *loader;
	struct map *nodes; /* by the address of the JSON value */
	struct schema_node *first, **last;
	struct schema_resource *resources;
	struct schema_fault *faults, **last_fault;
	unsigned nfaults, nnodes;
	bool wrong, tracks, format_told;
};

static void fault(struct compiling *c, const struct json *at, int code,
	struct str text)
{
	struct schema_fault *f;

	c->wrong = c->wrong || code == E47;
	if (c->nfaults++ >= SCHEMA_FAULTS_MAX)
		return;
	f = ARENA_NEW(c->a, struct schema_fault);
	*f = (struct schema_fault){ .at = at, .code = code, .text = text };
	*c->last_fault = f;
	c->last_fault = &f->next;
}

static bool wrong(struct compiling *c, const struct json *at, struct str key,
	const char *what)
{
	fault(c, at, E47,
		arena_printf(c->a, "`%.*s` wants %s", STR_ARG(key), what));
	return false;
}

static void map_drop(void *m)
{
	map_free(m);
}

static struct map *map_in(struct arena *a)
{
	struct map *m = map_new();

	arena_defer(a, map_drop, m);
	return m;
}

static struct str address(const struct json *const *j)
{
	return (struct str){ (const char *)j, sizeof(const struct json *) };
}

/* --- resources ---------------------------------------------------------- */

static struct schema_resource *resource_find(struct compiling *c,
	struct str uri)
{
	for (struct schema_resource *r = c->resources; r; r = r->next)
		if (str_eq(r->uri, uri))
			return r;
	return NULL;
}

static struct schema_resource *resource_add(struct compiling *c, struct str uri,
	const struct json *root, bool no_validation)
{
	struct schema_resource *r = ARENA_NEW(c->a, struct schema_resource);

	if (resource_find(c, uri))
		fault(c, root, E47,
			arena_printf(c->a, "`%.*s` is there twice",
				STR_ARG(str_sub(uri, 0, 200))));
	r->uri = uri;
	r->root = root;
	r->anchors = map_in(c->a);
	r->dynamic_anchors = map_in(c->a);
	r->no_validation = no_validation;
	r->next = c->resources;
	c->resources = r;
	return r;
}

static const struct json *document_load(struct compiling *c, struct str uri)
{
	const char *built_in = schema_meta(uri);

	if (built_in)
		return json_parse(c->a, str_from(built_in), NULL, NULL);
	return c->loader ? c->loader->load(c->loader->owner, c->a, uri) : NULL;
}

/* Which vocabularies count; what is no metaschema that we know is a fault. */
static void dialect_read(struct compiling *c, const struct json *arg,
	struct schema_resource *r)
{
	struct str uri = arg->text;
	struct str validation = STR("https://json-schema.org/draft/2020-12/"
				    "vocab/validation");
	const struct json *meta;

	schema_uri_cut(c->a, &uri);
	if (schema_meta(uri))
		return;
	meta = document_load(c, uri);
	if (!meta) {
		fault(c, arg, E47,
			STR("only https://json-schema.org/draft/2020-12/schema "
			    "is understood"));
		return;
	}
	const struct json *vocabulary = json_get(meta, STR("$vocabulary"));
	r->no_validation = vocabulary && !json_get(vocabulary, validation);
}

/* --- arguments ---------------------------------------------------------- */

static struct schema_node *node_of(struct compiling *c, const struct json *j,
	struct schema_resource *r);

/* NOLINTBEGIN(misc-no-recursion): as deep as the document, at most 128 */
static bool nodes_read(struct compiling *c, struct schema_rule *rule,
	struct schema_resource *r)
{
	size_t i = 0;

	rule->node =
		ARENA_ARRAY(c->a, rule->arg->count + 1, struct schema_node *);
	for (const struct json *e = rule->arg->first; e; e = e->next)
		rule->node[i++] = node_of(c, e, r);
	return true;
}

static const struct regex *pattern_read(struct compiling *c,
	const struct json *at, struct str text)
{
	char why[160];
	size_t offset = 0;
	const struct regex *regex = regex_new_in(c->a,
		schema_pattern(c->a, text), false, why, sizeof(why), &offset);

	if (!regex)
		fault(c, at, E47,
			arena_printf(c->a, "the pattern does not compile: %s",
				why));
	return regex;
}

static bool patterns_read(struct compiling *c, struct schema_rule *rule,
	struct schema_resource *r)
{
	size_t i = 0;
	bool ok = true;

	rule->regex =
		ARENA_ARRAY(c->a, rule->arg->count + 1, const struct regex *);
	for (const struct json *e = rule->arg->first; e; e = e->next) {
		rule->regex[i] = pattern_read(c, e, e->key);
		ok = rule->regex[i++] && ok;
	}
	return nodes_read(c, rule, r) && ok;
}

static bool names_fit(const struct json *list)
{
	if (list->type != JSON_ARRAY)
		return false;
	for (const struct json *e = list->first; e; e = e->next) {
		if (e->type != JSON_STRING)
			return false;
	}
	return true;
}

static bool needs_fit(const struct json *map)
{
	for (const struct json *e = map->first; e; e = e->next)
		if (!names_fit(e))
			return false;
	return map->type == JSON_OBJECT;
}

/* clang-format off */
static const struct str types[] = { STR("null"), STR("boolean"),
	STR("number"), STR("string"), STR("array"), STR("object"),
	STR("integer") };
/* clang-format on */

static bool type_add(const struct json *j, uint64_t *mask)
{
	for (size_t i = 0; j->type == JSON_STRING && i < 7; i++) {
		if (!str_eq(types[i], j->text))
			continue;
		*mask |= 1U << i;
		return true;
	}
	return false;
}

static bool types_read(const struct json *arg, uint64_t *mask)
{
	if (arg->type != JSON_ARRAY)
		return type_add(arg, mask);
	for (const struct json *e = arg->first; e; e = e->next)
		if (!type_add(e, mask))
			return false;
	return arg->count > 0;
}

/* 3.0 is an integer as well. */
static bool count_read(const struct json *arg, uint64_t *ret)
{
	double d;

	if (arg->type != JSON_NUMBER || !schema_is_integer(arg->text) ||
		!str_to_double(arg->text, &d) || d < 0)
		return false;
	*ret = d < 1e15 ? (uint64_t)d : UINT64_C(1000000000000000);
	return true;
}

static bool is_map(const struct json *j)
{
	return j->type == JSON_OBJECT;
}

static bool argument_read(struct compiling *c, struct schema_rule *rule,
	struct schema_resource *r)
{
	const struct json *arg = rule->arg;
	struct str key = table[rule->keyword].name;

	switch (table[rule->keyword].argument) {
	case SCHEMA_ARG_ONE:
		rule->node = ARENA_ARRAY(c->a, 1, struct schema_node *);
		rule->node[0] = node_of(c, arg, r);
		return rule->node[0] != NULL;
	case SCHEMA_ARG_LIST:
		if (arg->type != JSON_ARRAY || arg->count == 0)
			return wrong(c, arg, key, "a list of schemas");
		return nodes_read(c, rule, r);
	case SCHEMA_ARG_MAP:
		return is_map(arg) ? nodes_read(c, rule, r)
				   : wrong(c, arg, key, "names with schemas");
	case SCHEMA_ARG_PATTERNS:
		return is_map(arg)
			       ? patterns_read(c, rule, r)
			       : wrong(c, arg, key, "patterns with schemas");
	case SCHEMA_ARG_VALUES:
		return arg->type == JSON_ARRAY || wrong(c, arg, key, "a list");
	case SCHEMA_ARG_NUMBER:
		return arg->type == JSON_NUMBER ||
		       wrong(c, arg, key, "a number");
	case SCHEMA_ARG_POSITIVE:
		return (arg->type == JSON_NUMBER && arg->text.ptr[0] != '-' &&
			       schema_divides(arg->text)) ||
		       wrong(c, arg, key,
			       "a number above 0 of at most 18 digits");
	case SCHEMA_ARG_COUNT:
		return count_read(arg, &rule->count) ||
		       wrong(c, arg, key, "an integer that is not negative");
	case SCHEMA_ARG_BOOL:
		return arg->type == JSON_TRUE || arg->type == JSON_FALSE ||
		       wrong(c, arg, key, "true or false");
	case SCHEMA_ARG_TEXT:
		return arg->type == JSON_STRING || wrong(c, arg, key, "text");
	case SCHEMA_ARG_REGEX:
		if (arg->type != JSON_STRING)
			return wrong(c, arg, key, "a pattern");
		rule->regex = ARENA_ARRAY(c->a, 1, const struct regex *);
		rule->regex[0] = pattern_read(c, arg, arg->text);
		return rule->regex[0] != NULL;
	case SCHEMA_ARG_NAMES:
		return names_fit(arg) || wrong(c, arg, key, "a list of names");
	case SCHEMA_ARG_NEEDS:
		return needs_fit(arg) ||
		       wrong(c, arg, key, "names with lists of names");
	case SCHEMA_ARG_TYPES:
		return types_read(arg, &rule->count) ||
		       wrong(c, arg, key,
			       "a type or a list of types: null boolean number "
			       "integer string array object");
	case SCHEMA_ARG_VALUE:
	case SCHEMA_ARG_SKIP:
		break;
	}
	return true;
}

/* --- nodes -------------------------------------------------------------- */

static void anchor_add(struct compiling *c, const struct json *arg,
	struct schema_node *n, bool dynamic)
{
	struct schema_resource *r = n->resource;

	if (arg->type != JSON_STRING)
		return; /* its argument is looked at as that of any keyword */
	if (map_set(r->anchors, arg->text, n))
		fault(c, arg, E47,
			arena_printf(c->a, "the anchor `%.*s` is there twice",
				STR_ARG(str_sub(arg->text, 0, 80))));
	if (dynamic)
		map_set(r->dynamic_anchors, arg->text, n);
}

/* What has to be known before anything else of the schema. */
static void identity_read(struct compiling *c, struct schema_node *n)
{
	const struct json *id = json_get(n->json, STR("$id"));
	const struct json *dialect = json_get(n->json, STR("$schema"));
	const struct json *at;

	if (id && id->type == JSON_STRING) {
		struct str uri = id->text;
		struct str fragment = schema_uri_cut(c->a, &uri);
		if (fragment.len)
			fault(c, id, E47, STR("`$id` has no fragment"));
		uri = schema_uri_join(c->a, n->resource->uri, uri);
		if (n->resource->root != n->json ||
			!str_eq(uri, n->resource->uri))
			n->resource = resource_add(c, uri, n->json,
				n->resource->no_validation);
	}
	if (dialect && dialect->type == JSON_STRING)
		dialect_read(c, dialect, n->resource);
	at = json_get(n->json, STR("$anchor"));
	if (at)
		anchor_add(c, at, n, false);
	at = json_get(n->json, STR("$dynamicAnchor"));
	if (at)
		anchor_add(c, at, n, true);
}

static void unknown_keyword(struct compiling *c, const struct json *member)
{
	struct str names[SCHEMA_KEYWORDS];

	for (size_t i = 0; i < SCHEMA_KEYWORDS; i++)
		names[i] = table[i].name;
	size_t near = str_nearest(member->key, names, SCHEMA_KEYWORDS);
	if (near != SIZE_MAX)
		fault(c, member, W202,
			arena_printf(c->a,
				"`%.*s` is no keyword and asserts nothing; "
				"did you mean `%.*s`?",
				STR_ARG(str_sub(member->key, 0, 80)),
				STR_ARG(names[near])));
}

/* Who writes it means to check something, and nothing is checked. */
static void format_told(struct compiling *c, const struct json *e)
{
	const struct json *root = e;

	while (root->up)
		root = root->up;
	/* not of the metaschema, which the schema may refer to */
	if (c->format_told || root != c->root || e->type != JSON_STRING)
		return;
	c->format_told = true;
	fault(c, e, W203,
		arena_printf(c->a,
			"`format: %.*s` is an annotation and asserts nothing; "
			"`pattern` does",
			STR_ARG(str_sub(e->text, 0, 80))));
}

static size_t keyword_find(struct str name)
{
	size_t i = 0;

	while (i < SCHEMA_KEYWORDS && !str_eq(table[i].name, name))
		i++;
	return i;
}

static void rules_read(struct compiling *c, struct schema_node *n)
{
	const struct json *arg[SCHEMA_KEYWORDS] = { NULL };
	struct schema_rule **last = &n->rules;

	for (const struct json *e = n->json->first; e; e = e->next) {
		size_t i = keyword_find(e->key);
		if (i < SCHEMA_KEYWORDS)
			arg[i] = e;
		else
			unknown_keyword(c, e);
		if (i == SCHEMA_KEY_format)
			format_told(c, e);
	}
	for (size_t i = 0; i < SCHEMA_KEYWORDS; i++) {
		struct schema_rule *rule;
		if (!arg[i] ||
			(table[i].validates && n->resource->no_validation))
			continue;
		rule = ARENA_NEW(c->a, struct schema_rule);
		rule->keyword = (enum schema_keyword)i;
		rule->arg = arg[i];
		if (!argument_read(c, rule, n->resource))
			continue;
		n->rule[i] = rule;
		*last = rule;
		last = &rule->next;
		c->tracks = c->tracks || i == SCHEMA_KEY_un_items ||
			    i == SCHEMA_KEY_un_members;
	}
}

static struct schema_node *node_of(struct compiling *c, const struct json *j,
	struct schema_resource *r)
{
	struct schema_node *n = map_get(c->nodes, address(&j));

	if (n)
		return n;
	if (++c->nnodes > SCHEMA_NODES_MAX) {
		if (c->nnodes == SCHEMA_NODES_MAX + 1)
			fault(c, j, E47, STR("more than 20,000 schemas"));
		return NULL;
	}
	if (j->type != JSON_OBJECT && j->type != JSON_TRUE &&
		j->type != JSON_FALSE) {
		fault(c, j, E47, STR("a schema is an object, true or false"));
		return NULL;
	}
	n = ARENA_NEW(c->a, struct schema_node);
	n->json = j;
	n->resource = r;
	map_set(c->nodes, address(&j), n);
	*c->last = n;
	c->last = &n->next;
	if (j->type == JSON_OBJECT) {
		identity_read(c, n);
		rules_read(c, n);
	}
	return n;
}
/* NOLINTEND(misc-no-recursion) */

/* --- refs --------------------------------------------------------------- */

/* RFC 6901 without the array index `-`. */
static const struct json *pointer_step(struct arena *a, const struct json *at,
	struct str part)
{
	struct buf b;
	uint64_t index;

	if (at->type == JSON_ARRAY)
		return str_to_u64(part, &index) ? json_at(at, index) : NULL;
	buf_init(&b, part.len + 1);
	for (size_t i = 0; i < part.len; i++) {
		char c = part.ptr[i];
		if (c == '~' && i + 1 < part.len)
			c = part.ptr[++i] == '1' ? '/' : '~';
		buf_add_byte(&b, c);
	}
	struct str key = arena_str(a, b.ptr ? buf_str(&b) : STR(""));
	buf_done(&b);
	return json_get(at, key);
}

/* The resource changes where the pointer goes through another $id. */
static struct schema_node *pointer_find(struct compiling *c,
	struct schema_resource *r, struct str pointer)
{
	const struct json *at = r->root;

	str_cut(&pointer, '/');
	while (at && pointer.ptr) {
		at = pointer_step(c->a, at, str_cut(&pointer, '/'));
		const struct schema_node *n =
			at ? map_get(c->nodes, address(&at)) : NULL;
		if (n)
			r = n->resource;
	}
	return at ? node_of(c, at, r) : NULL;
}

static struct schema_node *target_find(struct compiling *c, struct str uri,
	struct str fragment)
{
	struct schema_resource *r = resource_find(c, uri);

	if (!r) {
		const struct json *document = document_load(c, uri);
		if (!document)
			return NULL;
		r = resource_add(c, uri, document, false);
		node_of(c, document, r);
	}
	if (fragment.len == 0)
		return node_of(c, r->root, r);
	if (fragment.ptr[0] == '/')
		return pointer_find(c, r, fragment);
	return map_get(r->anchors, fragment);
}

static void ref_resolve(struct compiling *c, const struct schema_node *n,
	enum schema_keyword keyword)
{
	struct schema_rule *rule = (struct schema_rule *)n->rule[keyword];

	if (!rule)
		return;
	struct str uri = rule->arg->text;
	struct str fragment = schema_uri_cut(c->a, &uri);
	uri = schema_uri_join(c->a, n->resource->uri, uri);
	const struct schema_node *to = target_find(c, uri, fragment);
	rule->target = to;
	if (!to)
		fault(c, rule->arg, E47,
			arena_printf(c->a,
				"`%.*s` leads nowhere: only this schema and "
				"the metaschema are known",
				STR_ARG(str_sub(rule->arg->text, 0, 200))));
	else if (keyword == SCHEMA_KEY_dyn_ref && fragment.len &&
		 map_get(to->resource->dynamic_anchors, fragment) == to)
		rule->dynamic = fragment;
}

const struct schema *schema_compile(struct arena *a, const struct json *root,
	const struct schema_loader *loader, struct schema_fault **ret_faults)
{
	struct compiling c = { .a = a, .root = root, .loader = loader };
	struct schema *s = ARENA_NEW(a, struct schema);
	struct schema_resource *r;

	c.nodes = map_new();
	c.last = &c.first;
	c.last_fault = &c.faults;
	r = resource_add(&c, STR("schema:/"), root, false);
	s->root = node_of(&c, root, r);
	/* refs may bring in new nodes at the end */
	for (const struct schema_node *n = c.first; n; n = n->next) {
		ref_resolve(&c, n, SCHEMA_KEY_ref);
		ref_resolve(&c, n, SCHEMA_KEY_dyn_ref);
	}
	s->tracks = c.tracks;
	map_free(c.nodes);
	*ret_faults = c.faults;
	return c.wrong ? NULL : s;
}
