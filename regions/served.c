#include "base/codes.h"
#include "base/regex.h"
#include "regions/reader.h"

struct served_keys {
	const struct yaml_node *header, *url, *jsonpath, *regex;
};

/* clang-format off */
const struct key served_key_table[] = {
	{ "header", KEY_NODE, 0, KEY(struct served_keys, header),
		.help = "the response header that tells the version" },
	{ "url", KEY_NODE, 0, KEY(struct served_keys, url),
		.help = "fetched every 10 s, with `jsonpath` or `regex`" },
	{ "jsonpath", KEY_NODE, 0, KEY(struct served_keys, jsonpath),
		.help = "where the version stands in the answer of `url`" },
	{ "regex", KEY_NODE, 0, KEY(struct served_keys, regex),
		.help = "its first group, or all of it, is the version" },
	{ 0 }
};
/* clang-format on */

bool line_header_ok(struct str s)
{
	static const struct str others = { "!#$%&'*+-.^_`|~", 15 };

	for (size_t i = 0; i < s.len; i++) {
		char ch = s.ptr[i];
		bool word = (ch >= 'a' && ch <= 'z') ||
			    (ch >= 'A' && ch <= 'Z') ||
			    (ch >= '0' && ch <= '9');
		struct str one = { &s.ptr[i], 1 };
		if (!word && str_find(others, one, 0) == SIZE_MAX)
			return false;
	}
	return s.len > 0;
}

static void served_header(struct line_reader *r, const struct yaml_node *n)
{
	struct served_version *v = &r->line->served;

	if (!key_scalar(n, "header", &v->header, r->ds))
		return;
	v->kind = SERVED_HEADER;
	if (!line_header_ok(v->header))
		diag_add(r->ds, DIAG_ERROR, E21, n->where,
			"`%.*s` can not be the name of a header",
			STR_ARG(shown(v->header)));
}

static void served_url(struct line_reader *r, const struct yaml_node *n)
{
	struct str url;

	if (!key_scalar(n, "url", &url, r->ds))
		return;
	r->line->served.url = url;
	bool path = str_starts(url, STR("/")) && !str_starts(url, STR("//"));
	for (size_t i = 0; i < url.len; i++)
		path = path && url.ptr[i] > ' ' && url.ptr[i] < 0x7f;
	if (path)
		return;
	diag_add(r->ds, DIAG_ERROR, E44, n->where, "url is not usable");
	diag_hint(r->ds, "a path on the region's base_url, such as /version");
}

static void served_regex(struct line_reader *r, const struct yaml_node *n)
{
	struct served_version *v = &r->line->served;
	char why[160];
	size_t at;

	if (!key_scalar(n, "regex", &v->expression, r->ds))
		return;
	v->kind = SERVED_REGEX;
	v->expression_where = n->where;
	struct regex *re =
		regex_new(v->expression, false, why, sizeof(why), &at);
	if (!re)
		diag_add(r->ds, DIAG_ERROR, E42, n->where,
			"the regex does not compile: %s", why);
	regex_free(re);
}

static void served_jsonpath(struct line_reader *r, const struct yaml_node *n)
{
	struct served_version *v = &r->line->served;

	if (!key_scalar(n, "jsonpath", &v->expression, r->ds))
		return;
	v->kind = SERVED_JSONPATH;
	v->expression_where = n->where;
	if (!str_starts(v->expression, STR("$")))
		diag_add(r->ds, DIAG_ERROR, E41, n->where,
			"a JSONPath starts with `$`");
}

/* Exactly one of the three forms. */
static bool forms_check(struct line_reader *r, const struct served_keys *k,
	const struct yaml_node *map)
{
	const struct yaml_node *second = k->jsonpath ? k->jsonpath : k->regex;

	if (k->header && (k->url || second)) {
		const struct yaml_node *other = k->url ? k->url : second;
		diag_add(r->ds, DIAG_ERROR, E13, other->key->where,
			"either `header` or `url`, not both");
		diag_also(r->ds, k->header->key->where, "`header` is here");
		return false;
	}
	if (k->jsonpath && k->regex) {
		diag_add(r->ds, DIAG_ERROR, E13, k->regex->key->where,
			"either `jsonpath` or `regex`, not both");
		diag_also(r->ds, k->jsonpath->key->where, "`jsonpath` is here");
		return false;
	}
	if (!k->header && !k->url) {
		diag_add(r->ds, DIAG_ERROR, E11, map->where,
			"served_version needs `header` or `url`");
		return false;
	}
	if (k->url && !second) {
		diag_add(r->ds, DIAG_ERROR, E11, k->url->key->where,
			"`url` needs `jsonpath` or `regex`");
		return false;
	}
	return true;
}

void line_read_served(struct line_reader *r, const struct yaml_node *map)
{
	struct served_keys k = { 0 };

	if (!map)
		return;
	r->line->served.where = map->where;
	if (!keys_read(served_key_table, map, "served_version", &k, r->arena,
		    r->ds))
		return;
	if (!forms_check(r, &k, map))
		return;
	if (k.header)
		served_header(r, k.header);
	if (k.url)
		served_url(r, k.url);
	if (k.jsonpath)
		served_jsonpath(r, k.jsonpath);
	if (k.regex)
		served_regex(r, k.regex);
}
