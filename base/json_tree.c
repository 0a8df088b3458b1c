#include "base/json.h"

#include <assert.h>

/* --- looking into a tree ------------------------------------------------ */

const struct json *json_get(const struct json *object, struct str key)
{
	const struct json *found = NULL;

	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *m = object->first; m; m = m->next)
		if (m->key.len == key.len && str_eq(m->key, key))
			found = m;
	return found;
}

const struct json *json_at(const struct json *array, size_t index)
{
	if (!array || array->type != JSON_ARRAY || index >= array->count)
		return NULL;
	const struct json *e = array->first;
	while (index-- > 0)
		e = e->next;
	return e;
}

const char *json_type_name(enum json_type t)
{
	switch (t) {
	case JSON_NULL:
		return "null";
	case JSON_FALSE:
	case JSON_TRUE:
		return "boolean";
	case JSON_NUMBER:
		return "number";
	case JSON_STRING:
		return "string";
	case JSON_ARRAY:
		return "array";
	case JSON_OBJECT:
		return "object";
	}
	assert(!"a type of JSON");
	return "";
}

static const struct json *member(const struct json *o, const char *key,
	enum json_type type)
{
	const struct json *m = json_get(o, str_from(key));

	return m && m->type == type ? m : NULL;
}

struct str json_get_str(const struct json *o, const char *key)
{
	const struct json *m = member(o, key, JSON_STRING);

	return m ? m->text : STR_NONE;
}

int64_t json_get_i64(const struct json *o, const char *key, int64_t fallback)
{
	const struct json *m = member(o, key, JSON_NUMBER);
	int64_t value;

	return m && str_to_i64(m->text, &value) ? value : fallback;
}

double json_get_double(const struct json *o, const char *key, double fallback)
{
	const struct json *m = member(o, key, JSON_NUMBER);
	double value;

	return m && str_to_double(m->text, &value) ? value : fallback;
}

bool json_get_bool(const struct json *o, const char *key, bool fallback)
{
	const struct json *m = json_get(o, str_from(key));

	if (!m || (m->type != JSON_TRUE && m->type != JSON_FALSE))
		return fallback;
	return m->type == JSON_TRUE;
}

/* --- made nodes --------------------------------------------------------- */

struct json *json_new(struct arena *a, enum json_type type)
{
	struct json *j = ARENA_NEW(a, struct json);

	j->type = type;
	if (type == JSON_STRING)
		j->text = STR("");
	else if (type == JSON_NUMBER)
		j->text = STR("0");
	return j;
}

struct json *json_new_str(struct arena *a, struct str text)
{
	struct json *j = json_new(a, JSON_STRING);

	if (text.ptr)
		j->text = arena_str(a, text);
	return j;
}

struct json *json_new_number(struct arena *a, struct str text)
{
	struct json *j = json_new(a, JSON_NUMBER);

	j->text = arena_str(a, text);
	return j;
}

struct json *json_new_bool(struct arena *a, bool value)
{
	return json_new(a, value ? JSON_TRUE : JSON_FALSE);
}

void json_append(struct json *parent, struct str key, struct json *child)
{
	assert(parent->type == JSON_ARRAY || parent->type == JSON_OBJECT);
	assert(!child->up && !child->next && child != parent);
	if (parent->type == JSON_OBJECT) {
		assert(key.ptr);
		child->key = key;
	}
	child->up = parent;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
}

/* --- writing ------------------------------------------------------------ */

static int closer(const struct json *nest)
{
	return nest->type == JSON_OBJECT ? '}' : ']';
}

static bool is_nest(const struct json *j)
{
	return j->type == JSON_ARRAY || j->type == JSON_OBJECT;
}

static void write_scalar(struct buf *out, const struct json *j)
{
	switch (j->type) {
	case JSON_STRING:
		buf_add_json(out, j->text);
		break;
	case JSON_NUMBER:
		buf_add(out, j->text);
		break;
	case JSON_TRUE:
		buf_add(out, STR("true"));
		break;
	case JSON_FALSE:
		buf_add(out, STR("false"));
		break;
	default:
		buf_add(out, STR("null"));
	}
}

void json_write(struct buf *out, const struct json *root)
{
	const struct json *j = root;

	for (;;) {
		if (j != root && j->up->type == JSON_OBJECT) {
			buf_add_json(out, j->key);
			buf_add_byte(out, ':');
		}
		if (is_nest(j)) {
			buf_add_byte(out, j->type == JSON_OBJECT ? '{' : '[');
			if (j->first) {
				j = j->first;
				continue;
			}
			buf_add_byte(out, (char)closer(j));
		} else {
			write_scalar(out, j);
		}
		while (j != root && !j->next) {
			j = j->up;
			buf_add_byte(out, (char)closer(j));
		}
		if (j == root)
			return;
		buf_add_byte(out, ',');
		j = j->next;
	}
}
