#include "suites/load.h"

#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "suites/absent.h"
#include "suites/name.h"

static bool text_is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') ||
			      (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return s.len > 0 && s.len <= NAME_MAX_BYTES;
}

bool name_check(struct load *l, const struct yaml_node *key)
{
	if (!text_is_name(key->text)) {
		diag_add(l->ds, DIAG_ERROR, E21, key->where,
			"`%.*s` can not be the name of a variable",
			STR_ARG(key->text));
		diag_hint(l->ds,
			"a letter or _, then letters, digits and _; "
			"at most %d",
			NAME_MAX_BYTES);
		return false;
	}
	if (!name_is_reserved(key->text))
		return true;
	diag_add(l->ds, DIAG_ERROR, E25, key->where,
		"`%.*s` is a built-in name", STR_ARG(key->text));
	return false;
}

static bool key_refused(struct load *l, const struct yaml_node *n)
{
	char what[64];

	snprintf(what, sizeof(what), "`%.*s`", STR_ARG(n->key->text));
	absent_say(what, n->key->where, l->ds);
	return false;
}

/* A text that is taken as it stands: ${...} in it would never be filled in. */
static bool key_plain(struct load *l, const struct yaml_node *n)
{
	const struct yaml_node *e = n->kind == YAML_LIST ? n->first : n;
	bool good = true;

	for (; e; e = n->kind == YAML_LIST ? e->next : NULL) {
		if (e->kind != YAML_SCALAR ||
			str_find(e->text, STR("${"), 0) == SIZE_MAX)
			continue;
		diag_add(l->ds, DIAG_ERROR, E33, e->where,
			"`%.*s` can not hold ${...}", STR_ARG(n->key->text));
		good = false;
	}
	return good;
}

bool map_read(struct load *l, const struct key *table,
	const struct yaml_node *map, const char *what, void *ret)
{
	bool good = keys_read(table, map, what, ret, l->arena, l->ds);

	if (map->kind != YAML_MAP)
		return false;
	for (const struct key *k = table; k->name; k++) {
		const struct yaml_node *n = yaml_get(map, k->name);

		if (!n)
			continue;
		if (!k->help)
			good &= key_refused(l, n);
		else if (k->type == KEY_STR || k->type == KEY_STRS)
			good &= key_plain(l, n);
	}
	return good;
}

bool keys_unknown(const struct load *l)
{
	const struct diag *d = l->ds->first;

	while (d && d->code != E12)
		d = d->next;
	return d != NULL;
}

void keys_exclude(struct load *l, const struct yaml_node *first,
	const struct yaml_node *second)
{
	diag_add(l->ds, DIAG_ERROR, E13, second->key->where,
		"`%.*s` and `%.*s` exclude each other",
		STR_ARG(second->key->text), STR_ARG(first->key->text));
	diag_also(l->ds, first->key->where, "the other one");
}

bool count_fits(struct load *l, const struct yaml_node *n, const char *what,
	uint32_t max)
{
	if (n->count <= max)
		return true;
	diag_add(l->ds, DIAG_ERROR, E23, n->where,
		"`%s` has %u entries, at most %u are allowed", what, n->count,
		max);
	return false;
}

void hint_nearest(struct load *l, struct str word, const struct str *candidates,
	size_t n)
{
	size_t at;

	if (l->hints_left == 0)
		return;
	l->hints_left--;
	at = str_nearest(word, candidates, n);
	if (at != SIZE_MAX)
		diag_hint(l->ds, "did you mean `%.*s`?",
			STR_ARG(candidates[at]));
}

const struct template *text_read(struct load *l, const struct yaml_node *n,
	const char *what)
{
	const struct template *t = NULL;
	struct str text;

	if (key_scalar(n, what, &text, l->ds))
		t = template_parse(l->arena, n, l->ds);
	/* cppcheck-suppress CastIntegerToAddressAtReturn ; no C++ template */
	return t;
}

/* RFC 9110, 5.6.2 */
static bool text_is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z');

		if (!alnum && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return s.len > 0;
}

static bool pair_value_fits(struct load *l, const struct yaml_node *n,
	enum pairs_kind kind)
{
	if (kind == PAIRS_FIELDS)
		return true;
	for (size_t i = 0; i < n->text.len; i++) {
		char c = n->text.ptr[i];

		if (c != '\r' && c != '\n' && c != '\0')
			continue;
		diag_add(l->ds, DIAG_ERROR, E21, n->where,
			"a line end can not be sent in `%.*s`",
			STR_ARG(n->key ? n->key->text : n->text));
		return false;
	}
	return true;
}

static bool pair_name_fits(struct load *l, const struct yaml_node *n,
	enum pairs_kind kind)
{
	const struct yaml_node *key = n->key;

	if (kind == PAIRS_FIELDS)
		return true;
	if (!text_is_token(key->text)) {
		diag_add(l->ds, DIAG_ERROR, E21, key->where,
			"`%.*s` can not be the name of a %s",
			STR_ARG(key->text),
			kind == PAIRS_HEADERS ? "header" : "cookie");
		return false;
	}
	return true;
}

static struct pair **pair_add(struct load *l, struct str name,
	const struct yaml_node *value, enum pairs_kind kind, struct pair **tail)
{
	const struct template *t;
	struct pair *p;
	struct arena *a = l->arena;

	t = text_read(l, value, arena_str(a, name).ptr);
	if (!t || !pair_value_fits(l, value, kind))
		return tail;
	p = ARENA_NEW(a, struct pair);
	p->name = name;
	p->value = t;
	p->where = value->where;
	*tail = p;
	return &p->next;
}

/* Header names that differ in case only are one header. */
static bool pair_is_new(struct load *l, const struct yaml_node *map,
	const struct yaml_node *n)
{
	for (const struct yaml_node *p = map->first; p != n; p = p->next) {
		if (!str_eq_nocase(p->key->text, n->key->text))
			continue;
		diag_add(l->ds, DIAG_ERROR, E25, n->key->where,
			"header `%.*s` is given twice", STR_ARG(n->key->text));
		diag_also(l->ds, p->key->where, "first here");
		return false;
	}
	return true;
}

struct pair *pairs_read(struct load *l, const struct yaml_node *map,
	enum pairs_kind kind)
{
	struct pair *first = NULL;
	struct pair **tail = &first;

	if (!map || !count_fits(l, map, "map", SUITE_PAIRS_MAX))
		return NULL;
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		if (!pair_name_fits(l, n, kind))
			continue;
		if (kind == PAIRS_HEADERS && !pair_is_new(l, map, n))
			continue;
		if (n->kind != YAML_LIST || kind == PAIRS_COOKIES) {
			tail = pair_add(l, n->key->text, n, kind, tail);
			continue;
		}
		if (!count_fits(l, n, "list", SUITE_PAIRS_MAX))
			continue;
		for (const struct yaml_node *e = n->first; e; e = e->next)
			tail = pair_add(l, n->key->text, e, kind, tail);
	}
	return first;
}

struct suite_var *vars_read(struct load *l, const struct yaml_node *map)
{
	struct suite_var *first = NULL;
	struct suite_var **tail = &first;

	if (!map || !count_fits(l, map, "vars", SUITE_PAIRS_MAX))
		return NULL;
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		struct suite_var *v;
		const struct template_tree *t;

		t = template_tree_parse(l->arena, n, l->ds);
		if (!name_check(l, n->key))
			continue;
		v = ARENA_NEW(l->arena, struct suite_var);
		v->name = name_full(l->arena, n->key->text, n->key->where);
		v->value = t;
		v->where = n->key->where;
		*tail = v;
		tail = &v->next;
	}
	return first;
}

static void secret_read(struct load *l, const struct yaml_node *n,
	struct suite_secret *s)
{
	struct secret_keys keys = { 0 };

	s->name = n->key->text;
	s->where = n->key->where;
	if (!map_read(l, secret_key_table, n, "secret", &keys))
		return;
	if (keys.env.ptr && keys.file.ptr)
		keys_exclude(l, yaml_get(n, "env"), yaml_get(n, "file"));
	else if (keys.env.len == 0 && keys.file.len == 0)
		diag_add(l->ds, DIAG_ERROR, E11, n->key->where,
			"secret `%.*s` needs `env` or `file`",
			STR_ARG(n->key->text));
	s->env = keys.env;
	s->file = keys.file;
	s->optional = keys.optional;
}

struct suite_secret *secrets_read(struct load *l, const struct yaml_node *map)
{
	struct suite_secret *first = NULL;
	struct suite_secret **tail = &first;

	if (!map || !count_fits(l, map, "secrets", SUITE_PAIRS_MAX))
		return NULL;
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		struct suite_secret *s;

		if (!name_check(l, n->key))
			continue;
		s = ARENA_NEW(l->arena, struct suite_secret);
		secret_read(l, n, s);
		*tail = s;
		tail = &s->next;
	}
	return first;
}
