#include "base/codes.h"
#include "regions/reader.h"

struct role_keys {
	const struct yaml_node *headers, *query, *cookies, *auth, *vars;
};

/* clang-format off */
const struct key role_key_table[] = {
	{ "headers", KEY_MAP, KEY_TEMPLATE, KEY(struct role_keys, headers),
		.fallback = "{}", .help = "headers of every request" },
	{ "query", KEY_MAP, KEY_TEMPLATE, KEY(struct role_keys, query),
		.fallback = "{}", .help = "query parameters of every request" },
	{ "cookies", KEY_MAP, KEY_TEMPLATE, KEY(struct role_keys, cookies),
		.fallback = "{}", .help = "cookies of every request" },
	{ "auth", KEY_MAP, KEY_TEMPLATE, KEY(struct role_keys, auth),
		.fallback = "none", .help = "as in a step" },
	{ "vars", KEY_MAP, KEY_TEMPLATE, KEY(struct role_keys, vars),
		.fallback = "{}", .help = "variables of the suite" },
	{ 0 }
};
/* clang-format on */

static struct role_pair *pairs_read(struct line_reader *r,
	const struct yaml_node *map, const char *what)
{
	struct role_pair *first = NULL;
	struct role_pair **tail = &first;
	struct str text;

	if (!map)
		return NULL;
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		if (n->key->text.len == 0)
			diag_add(r->ds, DIAG_ERROR, E21, n->key->where,
				"an empty name in `%s`", what);
		if (!key_scalar(n, n->key->text.ptr, &text, r->ds))
			continue;
		struct role_pair *p = ARENA_NEW(r->arena, struct role_pair);
		p->name = n->key->text;
		p->value = n;
		*tail = p;
		tail = &p->next;
	}
	return first;
}

static void headers_check(struct line_reader *r, const struct role *role)
{
	for (const struct role_pair *p = role->headers; p; p = p->next) {
		if (p->name.len == 0 || line_header_ok(p->name))
			continue;
		diag_add(r->ds, DIAG_ERROR, E21, p->value->key->where,
			"`%.*s` can not be the name of a header",
			STR_ARG(shown(p->name)));
	}
}

static void role_read(struct line_reader *r, struct role *role,
	const struct yaml_node *n)
{
	struct role_keys k = { 0 };

	role->where = n->key->where;
	if (yaml_is_null(n))
		return;
	keys_read(role_key_table, n, "role", &k, r->arena, r->ds);
	role->headers = pairs_read(r, k.headers, "headers");
	role->query = pairs_read(r, k.query, "query");
	role->cookies = pairs_read(r, k.cookies, "cookies");
	role->auth = k.auth;
	role->vars = k.vars;
	headers_check(r, role);
}

void line_read_roles(struct line_reader *r, const struct yaml_node *map)
{
	size_t max = (map ? map->count : 0) + 1;
	struct role *roles = ARENA_ARRAY(r->arena, max, struct role);

	roles[0].name = STR("default");
	r->line->roles = roles;
	r->line->nroles = 1;
	if (!map)
		return;
	if (map->count > LINE_ROLES_MAX)
		diag_add(r->ds, DIAG_ERROR, E23, map->where,
			"more than %d roles", LINE_ROLES_MAX);
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		struct role *role = roles;
		line_check_name(r, n->key, "a role");
		if (!str_eq(n->key->text, roles[0].name)) {
			role = &roles[r->line->nroles++];
			role->name = n->key->text;
		}
		role_read(r, role, n);
	}
}
