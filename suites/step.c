#include "suites/load.h"

#include "base/codes.h"
#include "base/map.h"
#include "suites/name.h"

enum { HOUR_MS = 3600000, METHOD_MAX_BYTES = 32 };

/* An action is a key whose value is the URL. */
static const struct {
	size_t offset;
	const char *method;
} actions[] = {
	{ KEY(struct step_keys, get), "GET" },
	{ KEY(struct step_keys, post), "POST" },
	{ KEY(struct step_keys, put), "PUT" },
	{ KEY(struct step_keys, patch), "PATCH" },
	{ KEY(struct step_keys, del), "DELETE" },
	{ KEY(struct step_keys, head), "HEAD" },
	{ KEY(struct step_keys, options), "OPTIONS" },
	{ KEY(struct step_keys, request), NULL },
	{ KEY(struct step_keys, wait), NULL },
	{ KEY(struct step_keys, tcp), NULL },
	{ KEY(struct step_keys, tls), NULL },
	{ KEY(struct step_keys, dns), NULL },
};

static const struct yaml_node *node_at(const struct step_keys *keys,
	size_t offset)
{
	const void *field = (const char *)keys + offset;

	return *(const struct yaml_node *const *)field;
}

static bool method_read(struct load *l, const struct yaml_node *n,
	struct str *ret)
{
	struct str text;
	bool good;

	if (!key_scalar(n, "method", &text, l->ds))
		return false;
	good = text.len > 0 && text.len <= METHOD_MAX_BYTES &&
	       !str_eq(text, STR("CONNECT"));
	for (size_t i = 0; i < text.len; i++)
		good = good && text.ptr[i] >= 'A' && text.ptr[i] <= 'Z';
	if (!good) {
		diag_add(l->ds, DIAG_ERROR, E24, n->where,
			"`%.*s` can not be used as a method", STR_ARG(text));
		diag_hint(l->ds, "capital letters, as in PROPFIND");
		return false;
	}
	*ret = text;
	return true;
}

static void url_read(struct load *l, const struct yaml_node *n, struct step *s)
{
	s->url = text_read(l, n, n->key ? n->key->text.ptr : "url");
	url_check(l, n, s->url, &s->http);
}

static void request_read(struct load *l, const struct yaml_node *map,
	struct step *s)
{
	struct request_keys keys = { 0 };

	map_read(l, request_key_table, map, "request", &keys);
	if (keys.method)
		method_read(l, keys.method, &s->method);
	if (keys.url)
		url_read(l, keys.url, s);
}

/* A step that only waits asks nothing and asserts nothing. */
static void wait_read(struct load *l, const struct step_keys *keys,
	struct step *s)
{
	const struct yaml_node *const others[] = { keys->json, keys->form,
		keys->body, keys->multipart, keys->graphql,
		yaml_get(s->yaml, "body_file"),
		yaml_get(s->yaml, "body_base64"), keys->headers, keys->query,
		keys->cookies, keys->auth, keys->http, keys->retry, keys->poll,
		keys->expect, keys->warn, keys->checks, keys->capture };

	s->kind = STEP_WAIT;
	key_duration(keys->wait, "wait", 1, HOUR_MS, &s->wait_ms, l->ds);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (others[i])
			keys_exclude(l, keys->wait, others[i]);
	}
}

static bool action_mistyped(const struct yaml_node *map)
{
	bool is = key_mistyped(step_key_table, map, "use");

	for (const struct key *k = step_key_table; k->name; k++)
		for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]);
			i++)
			is |= actions[i].offset == k->offset &&
			      key_mistyped(step_key_table, map, k->name);
	return is;
}

static void action_read(struct load *l, const struct step_keys *keys,
	struct step *s)
{
	const struct yaml_node *first = NULL;
	const char *method = NULL;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		const struct yaml_node *n = node_at(keys, actions[i].offset);

		if (!n)
			continue;
		if (first) {
			keys_exclude(l, first, n);
			continue;
		}
		first = n;
		method = actions[i].method;
	}
	if (!first) {
		if (keys->refused || action_mistyped(s->yaml))
			return; /* said already, with its name */
		diag_add(l->ds, DIAG_ERROR, E11, s->where,
			"the step does nothing");
		diag_hint(l->ds, "it needs one of get, post, put, patch, "
				 "delete, head, options, request, wait, tcp, "
				 "tls, dns, use");
		return;
	}
	if (first == keys->wait) {
		wait_read(l, keys, s);
	} else if (first == keys->tcp || first == keys->tls ||
		   first == keys->dns) {
		probe_read(l, keys, s);
	} else if (first == keys->request) {
		request_read(l, first, s);
	} else {
		s->method = str_from(method);
		url_read(l, first, s);
	}
}

static void retry_read(struct load *l, const struct yaml_node *map,
	struct retry *ret)
{
	static const struct str words[] = { { "network", 7 }, { "5xx", 3 },
		{ "4xx", 3 }, { "assert", 6 } };
	static const unsigned bits[] = { RETRY_NETWORK, RETRY_5XX, RETRY_4XX,
		RETRY_ASSERT };
	struct retry_keys keys = { .every_ms = 1000, .max_ms = 30000 };

	ret->every_ms = keys.every_ms;
	ret->max_ms = keys.max_ms;
	ret->on = RETRY_NETWORK;
	if (!map)
		return;
	map_read(l, retry_key_table, map, "retry", &keys);
	ret->said = true;
	ret->times = keys.times;
	ret->every_ms = keys.every_ms;
	ret->max_ms = keys.max_ms;
	ret->exponential = keys.backoff == 1;
	if (yaml_get(map, "on"))
		ret->on = 0;
	for (size_t i = 0; i < keys.on.count; i++) {
		unsigned bit = 0;

		for (size_t w = 0; w < 4; w++) {
			if (str_eq(words[w], keys.on.item[i]))
				bit = bits[w];
		}
		ret->on |= bit;
		if (!bit)
			key_unknown(keys.on.node[i], E24, "condition", words, 4,
				l->ds);
	}
}

static void poll_read(struct load *l, const struct yaml_node *map,
	struct poll *ret)
{
	struct poll_keys keys = { .every_ms = 1000, .for_ms = 30000 };

	if (!map)
		return;
	map_read(l, poll_key_table, map, "poll", &keys);
	ret->on = true;
	ret->every_ms = keys.every_ms;
	ret->for_ms = keys.for_ms;
	if (keys.every_ms > keys.for_ms)
		diag_add(l->ds, DIAG_ERROR, E23,
			yaml_get(map, yaml_get(map, "every") ? "every" : "for")
				->where,
			"`every` is longer than `for`: it would ask once");
	if (keys.fail_when)
		ret->fail_when =
			check_parse_expect(l->arena, keys.fail_when, l->ds);
}

/* `${order_id}` is how one would write it elsewhere: the same. */
static struct str when_name(struct str text)
{
	if (str_starts(text, STR("${")) && str_ends(text, STR("}")))
		return str_sub(text, 2, text.len - 3);
	return text;
}

void when_read(struct load *l, const struct yaml_node *n, struct when *ret)
{
	struct str name;

	if (!n)
		return;
	if (n->kind == YAML_SCALAR) {
		if (key_scalar(n, "when", &name, l->ds))
			ret->var =
				name_full(l->arena, when_name(name), n->where);
		ret->where = n->where;
		return;
	}
	if (n->kind != YAML_MAP || n->count != 1) {
		diag_add(l->ds, DIAG_ERROR, E21, n->where,
			"`when` is NAME or {NAME: VALUE}, with one name");
		return;
	}
	ret->where = n->first->key->where;
	ret->var =
		name_full(l->arena, when_name(n->first->key->text), ret->where);
	ret->equals = template_tree_parse(l->arena, n->first, l->ds);
}

static struct check **check_tail(struct check **tail)
{
	while (*tail)
		tail = &(*tail)->next;
	return tail;
}

/* Where nothing is said about the status of HTTP, 2xx is expected. */
static void checks_read(struct load *l, const struct step_keys *keys,
	struct step *s)
{
	struct check **tail = &s->expect;
	bool status = false;

	if (keys->expect)
		*tail = check_parse_expect(l->arena, keys->expect, l->ds);
	tail = check_tail(tail);
	if (keys->checks)
		*tail = check_parse_list(l->arena, keys->checks, l->ds);
	for (const struct check *c = s->expect; c; c = c->next)
		status |= check_is_status(c);
	if (s->kind != STEP_REQUEST) {
		*check_tail(&s->expect) = probe_checks(l, s);
	} else if (!status) {
		struct check *rest = s->expect;

		s->expect = check_status_2xx(l->arena, s->where);
		*check_tail(&s->expect) = rest;
	}
	if (keys->graphql) /* no node: missing, null or empty will do */
		*check_tail(&s->expect) =
			check_made(l->arena, keys->graphql->key->where,
				&(struct check_words){ "jsonpath",
					"$.errors[*]", "exists", "false" });
	if (keys->warn)
		s->warn = check_parse_expect(l->arena, keys->warn, l->ds);
}

/* "login / get a token": of whatever uses the group, then its own. */
struct str step_name(struct load *l, struct str name,
	const struct yaml_node *map)
{
	struct str scope = map->where.src ? map->where.src->scope : STR("");

	if (name.len == 0 || scope.len == 0)
		return name;
	return arena_printf(l->arena, "%.*s%.*s", STR_ARG(scope),
		STR_ARG(name));
}

static struct step *step_read(struct load *l, const struct yaml_node *map,
	const struct http_options *http)
{
	struct step_keys keys = { 0 };
	struct step *s = ARENA_NEW(l->arena, struct step);

	if (map->kind != YAML_MAP) {
		map_read(l, step_key_table, map, "step", &keys);
		return NULL;
	}
	map_read(l, step_key_table, map, "step", &keys);
	if (keys.with && !key_mistyped(step_key_table, map, "use"))
		diag_add(l->ds, DIAG_ERROR, E11, keys.with->key->where,
			"`with` needs `use`");
	s->yaml = map;
	s->name = step_name(l, keys.name, map);
	s->where = keys.name.ptr ? yaml_get(map, "name")->where : map->where;
	s->http = *http;
	http_step_read(l, keys.http, &s->http);
	action_read(l, &keys, s);
	s->headers = pairs_read(l, keys.headers, PAIRS_HEADERS);
	s->query = pairs_read(l, keys.query, PAIRS_FIELDS);
	s->cookies = pairs_read(l, keys.cookies, PAIRS_COOKIES);
	auth_read(l, keys.auth, &s->auth);
	body_read(l, &keys, s);
	when_read(l, keys.when, &s->when);
	s->roles = keys.roles;
	s->where_globs = keys.where_globs;
	s->tags = keys.tags;
	retry_read(l, keys.retry, &s->retry);
	poll_read(l, keys.poll, &s->poll);
	if (s->kind != STEP_WAIT)
		checks_read(l, &keys, s);
	s->captures = captures_read(l, keys.capture);
	if (s->kind != STEP_WAIT)
		extractors_check(l, s);
	s->vars = vars_read(l, keys.vars);
	allow_read(&l->allows, keys.lint, map, l->ds);
	s->timeout_ms = keys.timeout_ms;
	if (!s->timeout_ms)
		s->timeout_ms = s->kind == STEP_WAIT
					? s->wait_ms
					: s->poll.for_ms + s->http.timeout_ms;
	return s;
}

/* NOLINTBEGIN(misc-no-recursion): SUITE_GROUP_DEPTH_MAX groups at most */
struct step *steps_read(struct load *l, const struct yaml_node *list,
	const char *what, const struct http_options *http)
{
	struct step *first = NULL;
	struct step **tail = &first;

	if (!list || !count_fits(l, list, what, SUITE_STEPS_MAX))
		return NULL;
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		*tail = yaml_get(n, "use") ? group_steps(l, n, http)
					   : step_read(l, n, http);
		while (*tail)
			tail = &(*tail)->next;
	}
	return first;
}
/* NOLINTEND(misc-no-recursion) */

static void steps_count_check(struct load *l, const struct step *s,
	const char *what)
{
	unsigned n = 0;

	for (; s; s = s->next) {
		if (++n != SUITE_STEPS_MAX + 1)
			continue;
		diag_add(l->ds, DIAG_ERROR, E23, s->where,
			"with the steps of groups `%s` has more than %d", what,
			SUITE_STEPS_MAX);
		return;
	}
}

void step_names_check(struct load *l, const struct suite *s)
{
	static const char *const what[] = { "setup", "steps", "cleanup" };
	struct step *const lists[] = { s->setup, s->steps, s->cleanup };
	struct map *seen = map_new();

	for (size_t i = 0; i < 3; i++) {
		steps_count_check(l, lists[i], what[i]);
		for (struct step *step = lists[i]; step; step = step->next) {
			const struct step *before;

			if (step->name.len == 0)
				continue;
			before = map_get(seen, step->name);
			if (!before) {
				map_set(seen, step->name, step);
				continue;
			}
			diag_add(l->ds, DIAG_ERROR, E25, step->where,
				"a second step named `%.*s`",
				STR_ARG(step->name));
			diag_also(l->ds, before->where, "the first one");
		}
	}
	map_free(seen);
}
