#include <string.h>

#include "base/codes.h"
#include "regions/reader.h"

static bool is_lower_or_digit(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
}

/* As KEY_ID: names stand in globs, Redis keys and URLs. */
static bool id_ok(struct str s)
{
	if (s.len == 0 || s.len > 64 || !is_lower_or_digit(s.ptr[0]))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!is_lower_or_digit(s.ptr[i]) && s.ptr[i] != '-')
			return false;
	return true;
}

/* What may stand as NAME in ${region.NAME} */
static bool key_name_ok(struct str s)
{
	if (s.len == 0 || s.len > 64)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char ch = s.ptr[i];
		bool letter = is_lower_or_digit(ch) ||
			      (ch >= 'A' && ch <= 'Z') || ch == '_';
		if (!letter && !(ch == '-' && i > 0))
			return false;
	}
	return true;
}

static bool is_port(struct str s)
{
	uint64_t port;

	return str_to_u64(s, &port) && port > 0 && port <= 65535;
}

/* A name, an IPv4 address, or [an IPv6 address]; no port. */
static bool is_host(struct str s)
{
	bool bracket = s.len > 2 && s.ptr[0] == '[';

	if (bracket && s.ptr[s.len - 1] != ']')
		return false;
	for (size_t i = bracket; i + bracket < s.len; i++) {
		char ch = s.ptr[i];
		bool letter = is_lower_or_digit(ch) ||
			      (ch >= 'A' && ch <= 'Z') || ch == '.';
		if (!letter && !(bracket ? ch == ':' : ch == '-' || ch == '_'))
			return false;
	}
	return s.len > (bracket ? 2U : 0U);
}

const char *line_base_url(struct str url)
{
	struct str rest = url;
	struct str host;
	struct str port = STR_NONE;

	if (str_starts(url, STR("https://")))
		rest = (struct str){ url.ptr + 8, url.len - 8 };
	else if (str_starts(url, STR("http://")))
		rest = (struct str){ url.ptr + 7, url.len - 7 };
	else
		return "a base_url starts with http:// or https://";
	for (size_t i = 0; i < rest.len; i++) {
		unsigned char ch = (unsigned char)rest.ptr[i];
		if (ch <= ' ' || ch >= 0x7f || strchr("\"<>\\^`{|}", ch))
			return "a character that no URL may hold";
		if (ch == '?' || ch == '#')
			return "a base_url has no query and no fragment";
	}
	host = str_cut(&rest, '/');
	if (str_find(host, STR("@"), 0) != SIZE_MAX)
		return "no user or password here: use `auth` and a secret";
	for (size_t i = host.len; i-- > 0 && host.ptr[i] != ']';) {
		if (host.ptr[i] != ':')
			continue;
		port = (struct str){ host.ptr + i + 1, host.len - i - 1 };
		host.len = i;
		break;
	}
	if (port.ptr && !is_port(port))
		return "a port is a number from 1 to 65535";
	return is_host(host) ? NULL : "no usable host";
}

static void read_kind(struct line_reader *r, const struct yaml_node *n,
	struct str text)
{
	static const struct str kinds[] = { { "primary", 7 },
		{ "secondary", 9 } };

	if (!str_eq(text, kinds[0]) && !str_eq(text, kinds[1]))
		key_unknown(n, E24, "kind", kinds, 2, r->ds);
}

static struct str read_base_url(struct line_reader *r,
	const struct yaml_node *n, struct str text)
{
	const char *wrong = line_base_url(text);

	if (wrong) {
		diag_add(r->ds, DIAG_ERROR, E44, n->where,
			"base_url is not usable");
		diag_hint(r->ds, "%s", wrong);
	}
	/* steps say /path: one slash is enough */
	while (text.len > 0 && text.ptr[text.len - 1] == '/')
		text.len--;
	return arena_str(r->arena, text);
}

/*
 * `production: true` in an environment or a region; what is production
 * already, by the name of its environment or the mark there, stays so.
 */
static bool production_read(struct line_reader *r, const struct yaml_node *n,
	struct str env, bool already)
{
	bool marked = already;

	if (!key_bool(n, "production", &marked, r->ds) || marked || !already)
		return already || marked;
	diag_add(r->ds, DIAG_ERROR, E13, n->where,
		"`%.*s` is production already", STR_ARG(shown(env)));
	diag_hint(r->ds, "by its name (prod...) or its own mark");
	return true;
}

static void region_read_key(struct line_reader *r, struct region *g,
	const struct yaml_node *n, struct region_key ***tail)
{
	struct str name = n->key->text;
	struct str text;

	if (!key_name_ok(name)) {
		diag_add(r->ds, DIAG_ERROR, E21, n->key->where,
			"`%.*s` can not be used as ${region.NAME}",
			STR_ARG(shown(name)));
		diag_hint(r->ds, "letters, digits, `_` and `-`");
		return;
	}
	if (str_eq(name, STR("production")))
		g->production = production_read(r, n, g->env, g->production);
	if (!key_scalar(n, name.ptr, &text, r->ds))
		return;
	if (str_eq(name, STR("kind")))
		read_kind(r, n, text);
	if (str_eq(name, STR("base_url")))
		g->base_url = text = read_base_url(r, n, text);
	struct region_key *k = ARENA_NEW(r->arena, struct region_key);
	k->name = name;
	k->value = text;
	**tail = k;
	*tail = &k->next;
}

static void region_read(struct line_reader *r, struct region *g,
	const struct yaml_node *n)
{
	struct region_key **tail = &g->keys;

	g->base_url = STR("");
	g->full = arena_printf(r->arena, "%.*s/%.*s", STR_ARG(g->env),
		STR_ARG(g->name));
	if (yaml_is_null(n))
		return; /* a name alone: a suite may bring its own URL */
	if (n->kind != YAML_MAP) {
		diag_add(r->ds, DIAG_ERROR, E21, n->where,
			"region `%.*s` must be a mapping",
			STR_ARG(shown(g->full)));
		return;
	}
	for (const struct yaml_node *k = n->first; k; k = k->next)
		region_read_key(r, g, k, &tail);
}

void line_check_name(struct line_reader *r, const struct yaml_node *key,
	const char *what)
{
	if (id_ok(key->text))
		return;
	diag_add(r->ds, DIAG_ERROR, E21, key->where,
		"`%.*s` can not be the name of %s", STR_ARG(shown(key->text)),
		what);
	diag_hint(r->ds, "[a-z0-9][a-z0-9-]*, at most 64");
}

static bool env_production(struct line_reader *r, const struct yaml_node *env)
{
	const struct yaml_node *n = yaml_get(env, "production");
	bool named = str_starts(env->key->text, STR("prod"));

	if (!n || n->kind != YAML_SCALAR)
		return named;
	return production_read(r, n, env->key->text, named);
}

static bool is_region(const struct yaml_node *n)
{
	return n->kind != YAML_SCALAR ||
	       !str_eq(n->key->text, STR("production"));
}

static void env_read(struct line_reader *r, const struct yaml_node *env,
	struct region *regions)
{
	size_t before = r->line->nregions;

	line_check_name(r, env->key, "an environment");
	if (env->kind != YAML_MAP) {
		diag_add(r->ds, DIAG_ERROR, E21, env->key->where,
			"environment `%.*s` must be a mapping of regions",
			STR_ARG(shown(env->key->text)));
		return;
	}
	bool production = env_production(r, env);
	for (const struct yaml_node *n = env->first; n; n = n->next) {
		if (!is_region(n))
			continue;
		line_check_name(r, n->key, "a region");
		if (r->line->nregions == LINE_REGIONS_MAX) {
			diag_add(r->ds, DIAG_ERROR, E23, n->key->where,
				"more than %d regions", LINE_REGIONS_MAX);
			return;
		}
		struct region *g = &regions[r->line->nregions++];
		g->env = env->key->text;
		g->name = n->key->text;
		g->production = production;
		g->where = n->key->where;
		region_read(r, g, n);
	}
	if (r->line->nregions == before)
		diag_add(r->ds, DIAG_ERROR, E11, env->key->where,
			"environment `%.*s` has no region",
			STR_ARG(shown(env->key->text)));
}

void line_read_environments(struct line_reader *r, const struct yaml_node *map)
{
	struct region *regions =
		ARENA_ARRAY(r->arena, LINE_REGIONS_MAX, struct region);

	r->line->regions = regions;
	if (!map)
		return; /* reported as a missing key */
	if (!map->first)
		diag_add(r->ds, DIAG_ERROR, E11, map->where,
			"a line needs one region at least");
	for (const struct yaml_node *env = map->first; env; env = env->next)
		env_read(r, env, regions);
}
