#include "suites/load.h"

#include <stdlib.h>

#include "base/codes.h"
#include "base/crypto.h"
#include "base/oom.h"
#include "suites/beside.h"

/* What a step sends. */

static void base64_read(struct load *l, const struct yaml_node *n,
	struct step *s)
{
	size_t len = n->text.len + 4;
	char *bytes = xmalloc(len);

	s->body_kind = BODY_TEXT;
	if (crypto_base64_decode(n->text, false, bytes, &len))
		s->body = template_literal(l->arena,
			arena_str(l->arena, (struct str){ bytes, len }));
	else
		diag_add(l->ds, DIAG_ERROR, E21, n->where,
			"`body_base64` is not base64 (RFC 4648, padded, "
			"without blanks)");
	free(bytes);
}

/* NULL: reported. */
static const struct template *file_read(struct load *l,
	const struct yaml_node *n)
{
	const struct template *t = NULL;
	struct str bytes;

	if (beside_read(l->arena, n->text, n->where, &bytes, l->ds))
		t = template_literal(l->arena, bytes);
	/* cppcheck-suppress CastIntegerToAddressAtReturn ; no C++ template */
	return t;
}

/* --- graphql ------------------------------------------------------------ */

static struct yaml_node *renamed(struct load *l, const struct yaml_node *n,
	struct str name)
{
	struct yaml_node *copy = ARENA_NEW(l->arena, struct yaml_node);
	struct yaml_node *key = ARENA_NEW(l->arena, struct yaml_node);

	*copy = *n;
	*key = *n->key;
	key->text = name;
	copy->key = key;
	copy->next = NULL;
	return copy;
}

/* The JSON that GraphQL over HTTP wants. */
static void graphql_read(struct load *l, const struct yaml_node *n,
	struct step *s)
{
	struct graphql_keys keys = { 0 };
	struct yaml_node *map = renamed(l, n, n->key->text);
	struct yaml_node **tail = &map->first;
	struct str text;

	s->body_kind = BODY_JSON;
	if (!map_read(l, graphql_key_table, n, "graphql", &keys) ||
		!key_scalar(keys.query, "query", &text, l->ds))
		return;
	*tail = renamed(l, keys.query, STR("query"));
	tail = &(*tail)->next;
	if (keys.variables) {
		*tail = renamed(l, keys.variables, STR("variables"));
		tail = &(*tail)->next;
	}
	if (keys.operation)
		*tail = renamed(l, keys.operation, STR("operationName"));
	s->json = template_tree_parse(l->arena, map, l->ds);
}

/* --- multipart ---------------------------------------------------------- */

/* It goes into a header of the part as it stands. */
static bool part_text_fits(struct load *l, const struct yaml_node *n)
{
	for (size_t i = 0; n && i < n->text.len; i++) {
		unsigned char c = (unsigned char)n->text.ptr[i];

		if (c >= ' ' && c != 0x7f)
			continue;
		diag_add(l->ds, DIAG_ERROR, E21, n->where,
			"a control character can not be sent in a part");
		return false;
	}
	return true;
}

static struct str base_name(struct str path)
{
	size_t at = path.len;

	while (at && path.ptr[at - 1] != '/')
		at--;
	return str_sub(path, at, path.len);
}

static void part_map_read(struct load *l, const struct yaml_node *n,
	struct body_part *p)
{
	const struct yaml_node *file = yaml_get(n, "file");
	struct part_keys keys = { 0 };

	if (!map_read(l, part_key_table, n, "part", &keys) ||
		!part_text_fits(l, yaml_get(n, "type")) ||
		!part_text_fits(l, yaml_get(n, "filename")))
		return;
	p->type = keys.type;
	p->filename = keys.filename;
	if (file && keys.value) {
		keys_exclude(l, file, keys.value);
	} else if (file) {
		p->value = file_read(l, file);
		if (!p->filename.ptr)
			p->filename = base_name(keys.file);
		if (!p->type.ptr)
			p->type = STR("application/octet-stream");
	} else if (keys.value) {
		p->value = text_read(l, keys.value, "value");
	} else {
		diag_add(l->ds, DIAG_ERROR, E11, n->where,
			"a part needs `value` or `file`");
	}
}

static struct body_part **part_add(struct load *l, const struct yaml_node *key,
	const struct yaml_node *n, struct body_part **tail)
{
	struct body_part *p = ARENA_NEW(l->arena, struct body_part);

	p->name = key->text;
	if (n->kind == YAML_MAP)
		part_map_read(l, n, p);
	else
		p->value = text_read(l, n, key->text.ptr);
	if (!p->value)
		return tail;
	*tail = p;
	return &p->next;
}

static void multipart_read(struct load *l, const struct yaml_node *map,
	struct step *s)
{
	struct body_part **tail = &s->parts;

	s->body_kind = BODY_MULTIPART;
	if (!count_fits(l, map, "multipart", SUITE_PAIRS_MAX))
		return;
	if (map->count == 0)
		diag_add(l->ds, DIAG_ERROR, E11, map->where,
			"`multipart` needs a part");
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		if (!part_text_fits(l, n->key))
			continue;
		if (n->kind != YAML_LIST) {
			tail = part_add(l, n->key, n, tail);
			continue;
		}
		if (!count_fits(l, n, "list", SUITE_PAIRS_MAX))
			continue;
		for (const struct yaml_node *e = n->first; e; e = e->next)
			tail = part_add(l, n->key, e, tail);
	}
}

/* --- one of them -------------------------------------------------------- */

static const char *const kinds[] = { "json", "form", "body", "body_file",
	"body_base64", "multipart", "graphql" };

static const struct yaml_node *only_body(struct load *l,
	const struct yaml_node *step)
{
	const struct yaml_node *first = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct yaml_node *n = yaml_get(step, kinds[i]);

		if (n && first)
			keys_exclude(l, first, n);
		else if (n)
			first = n;
	}
	return first;
}

void body_read(struct load *l, const struct step_keys *keys, struct step *s)
{
	const struct yaml_node *n = only_body(l, s->yaml);

	if (!n)
		return;
	if (n == keys->json) {
		s->body_kind = BODY_JSON;
		s->json = template_tree_parse(l->arena, n, l->ds);
	} else if (n == keys->form) {
		s->body_kind = BODY_FORM;
		s->form = pairs_read(l, n, PAIRS_FIELDS);
	} else if (n == keys->body) {
		s->body_kind = BODY_TEXT;
		s->body = text_read(l, n, "body");
	} else if (n == keys->multipart) {
		multipart_read(l, n, s);
	} else if (n == keys->graphql) {
		graphql_read(l, n, s);
	} else if (keys->body_file.ptr) {
		s->body_kind = BODY_TEXT;
		s->body = file_read(l, n);
	} else if (keys->body_base64.ptr) {
		base64_read(l, n, s);
	}
}
