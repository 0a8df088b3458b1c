#include "cli/schema.h"

#include <math.h>
#include <string.h>

#include "base/yaml.h"

/* clang-format off */
#define UNIT(letters) "([0-9]+(\\\\.[0-9]+)?" letters ")?"
static const char basics[] =
	"\"text\":{\"type\":[\"string\",\"number\",\"boolean\"]},"
	"\"texts\":{\"anyOf\":[{\"$ref\":\"#/$defs/text\"},"
		"{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/text\"}}]},"
	"\"id\":{\"type\":[\"string\",\"integer\"],"
		"\"pattern\":\"^[a-z0-9][a-z0-9-]*$\",\"maxLength\":64},"
	"\"name\":{\"type\":\"string\","
		"\"pattern\":\"^[A-Za-z_][A-Za-z0-9_]*$\",\"maxLength\":64},"
	"\"duration\":{\"type\":\"string\",\"pattern\":\"^(?=.)"
		UNIT("d") UNIT("h") UNIT("m") UNIT("s") UNIT("ms") "$\"},"
	"\"size\":{\"type\":\"string\",\"pattern\":"
		"\"^[0-9]+(\\\\.[0-9]+)?([KMGT]i?)?B$\"},"
	"\"share\":{\"type\":\"string\",\"pattern\":"
		"\"^[0-9]+(\\\\.[0-9]+)?%$\"},"
	"\"template\":{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{\"}";
/* clang-format on */

void schema_def_basics(struct buf *out)
{
	buf_add_z(out, basics);
}

/* `1.1` unquoted is a number to whoever reads the file before the schema. */
static void add_words(struct buf *out, const char *const *words)
{
	buf_add_z(out, "\"enum\":[");
	for (size_t i = 0; words[i]; i++) {
		struct yaml_node plain = { .kind = YAML_SCALAR,
			.text = str_from(words[i]) };

		if (i)
			buf_add_byte(out, ',');
		buf_add_json(out, plain.text);
		if (yaml_is_number(&plain))
			buf_addf(out, ",%s", words[i]);
	}
	buf_add_byte(out, ']');
}

static void add_int(struct buf *out, const struct key *k)
{
	buf_add_z(out, "\"type\":\"integer\"");
	if (k->low == 0 && k->high == 0)
		return;
	if (!isinf(k->low))
		buf_addf(out, ",\"minimum\":%.0f", k->low);
	if (!isinf(k->high))
		buf_addf(out, ",\"maximum\":%.0f", k->high);
}

static void add_ref(struct buf *out, const char *name)
{
	buf_addf(out, "\"$ref\":\"#/$defs/%s\"", name);
}

static void add_type(struct buf *out, const struct key *k)
{
	switch (k->type) {
	case KEY_STR:
		add_ref(out, "text");
		break;
	case KEY_ID:
		add_ref(out, "id");
		break;
	case KEY_BOOL:
		buf_add_z(out, "\"type\":\"boolean\"");
		break;
	case KEY_INT:
		add_int(out, k);
		break;
	case KEY_DURATION:
		add_ref(out, "duration");
		break;
	case KEY_SIZE:
		add_ref(out, "size");
		break;
	case KEY_SHARE:
		add_ref(out, "share");
		break;
	case KEY_WORD:
		add_words(out, k->words);
		break;
	case KEY_STRS:
		add_ref(out, "texts");
		break;
	case KEY_MAP:
		buf_add_z(out, "\"type\":\"object\"");
		break;
	case KEY_LIST:
		buf_add_z(out, "\"type\":\"array\"");
		break;
	case KEY_NODE:
		break;
	}
}

static const char *part_of(const struct schema_part *parts, const char *key)
{
	for (; parts && parts->key; parts++)
		if (strcmp(parts->key, key) == 0)
			return parts->schema;
	return NULL;
}

static void add_description(struct buf *out, const struct key *k)
{
	struct buf text;

	buf_init(&text, 4096);
	buf_add_z(&text, k->help);
	if (k->fallback)
		buf_addf(&text, ". Default: %s", k->fallback);
	buf_add_z(out, "\"description\":");
	buf_add_json(out, buf_str(&text));
	buf_done(&text);
}

static void add_key(struct buf *out, const struct key *k,
	const struct schema_part *parts)
{
	const char *part = part_of(parts, k->name);
	size_t before;

	buf_add_json(out, str_from(k->name));
	buf_add_z(out, ":{");
	add_description(out, k);
	before = out->len;
	buf_add_byte(out, ',');
	if (part)
		buf_addf(out, "\"allOf\":[%s]", part);
	else
		add_type(out, k);
	if (out->len == before + 1) { /* anything goes */
		out->len = before;
		out->ptr[before] = '\0';
	}
	buf_add_byte(out, '}');
}

void schema_keys(struct buf *out, const struct key *table,
	const struct schema_part *parts, bool whole)
{
	bool first = true;

	buf_add_z(out, "\"properties\":{");
	for (const struct key *k = table; k->name; k++) {
		if (!k->help)
			continue; /* refused by the loader */
		if (!first)
			buf_add_byte(out, ',');
		add_key(out, k, parts);
		first = false;
	}
	buf_add_z(out, "},\"additionalProperties\":false");
	first = true;
	for (const struct key *k = table; k->name && whole; k++) {
		if (!(k->flags & KEY_REQUIRED))
			continue;
		buf_addf(out, "%s\"%s\"", first ? ",\"required\":[" : ",",
			k->name);
		first = false;
	}
	if (!first)
		buf_add_byte(out, ']');
}

void schema_def_keys(struct buf *out, const char *name, const struct key *table,
	const struct schema_part *parts)
{
	buf_addf(out, ",\"%s\":{\"type\":\"object\",", name);
	schema_keys(out, table, parts, true);
	buf_add_byte(out, '}');
}
