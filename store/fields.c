#include "store/fields.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "store/codec.h"

static const struct json_limits limits = { .depth = 8,
	.nodes = 4000000,
	.bytes = PLAN_TEXT_MAX };

static const void *at(const void *record, size_t offset)
{
	return (const char *)record + offset;
}

static void *slot(void *record, size_t offset)
{
	return (char *)record + offset;
}

/* Items of a list are pointers in the record, whatever they point to. */
static const char *items_of(const void *record, const struct field *f)
{
	const char *items;

	memcpy(&items, at(record, f->offset), sizeof(items));
	return items;
}

static size_t count_of(const void *record, const struct field *f)
{
	return *(const size_t *)at(record, f->count_offset);
}

/* ---- writing ---- */

static void double_write(struct buf *out, double v)
{
	if (isnan(v))
		buf_add_z(out, "null");
	else
		buf_addf(out, "%.17g", isinf(v) ? copysign(DBL_MAX, v) : v);
}

static bool scalar_is_zero(const void *p, const struct field *f)
{
	switch (f->type) {
	case FIELD_STR:
		return ((const struct str *)p)->len == 0;
	case FIELD_U64:
		return *(const uint64_t *)p == 0;
	case FIELD_I64:
		return *(const int64_t *)p == 0;
	case FIELD_U32:
		return *(const uint32_t *)p == 0;
	case FIELD_BOOL:
		return !*(const bool *)p;
	case FIELD_DOUBLE:
		return fpclassify(*(const double *)p) == FP_ZERO;
	default:
		return false;
	}
}

static void scalar_write(struct buf *out, const void *p, const struct field *f)
{
	switch (f->type) {
	case FIELD_STR:
		buf_add_json(out, *(const struct str *)p);
		break;
	case FIELD_U64:
		buf_addf(out, "%" PRIu64, *(const uint64_t *)p);
		break;
	case FIELD_I64:
		buf_addf(out, "%" PRId64, *(const int64_t *)p);
		break;
	case FIELD_U32:
		buf_addf(out, "%" PRIu32, *(const uint32_t *)p);
		break;
	case FIELD_BOOL:
		buf_add_z(out, *(const bool *)p ? "true" : "false");
		break;
	case FIELD_DOUBLE:
		double_write(out, *(const double *)p);
		break;
	default:
		buf_add_json(out, str_from(f->words->token(*(const int *)p)));
		break;
	}
}

static void name_write(struct buf *out, const char *name, bool first)
{
	buf_add_z(out, first ? "\"" : ",\"");
	buf_add_z(out, name);
	buf_add_z(out, "\":");
}

static void items_write(struct buf *out, const struct field *table,
	const void *record, bool first);

/* NOLINTNEXTLINE(misc-no-recursion): tables nest two deep */
static void list_write(struct buf *out, const struct field *f,
	const void *record)
{
	const char *item = items_of(record, f);
	size_t n = count_of(record, f);

	buf_add_byte(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add_byte(out, ',');
		if (f->type == FIELD_STRS) {
			buf_add_json(out, ((const struct str *)item)[i]);
			continue;
		}
		buf_add_byte(out, '{');
		items_write(out, f->item, item + i * f->item_bytes, true);
		buf_add_byte(out, '}');
	}
	buf_add_byte(out, ']');
}

/* NOLINTNEXTLINE(misc-no-recursion): tables nest two deep */
static void items_write(struct buf *out, const struct field *table,
	const void *record, bool first)
{
	for (const struct field *f = table; f->name; f++) {
		bool list = f->type == FIELD_LIST || f->type == FIELD_STRS;

		if (list ? count_of(record, f) == 0
			 : scalar_is_zero(at(record, f->offset), f))
			continue;
		name_write(out, f->name, first);
		first = false;
		if (list)
			list_write(out, f, record);
		else
			scalar_write(out, at(record, f->offset), f);
	}
}

void fields_write(struct buf *out, const struct field *table,
	const void *record)
{
	buf_addf(out, "{\"v\":%d", RECORD_MAJOR);
	items_write(out, table, record, false);
	buf_add_byte(out, '}');
}

/* ---- reading ---- */

static bool u32_read(struct str text, uint32_t *ret)
{
	uint64_t v;

	if (!str_to_u64(text, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool double_read(const struct json *j, double *ret)
{
	if (j->type == JSON_NULL) {
		*ret = NAN;
		return true;
	}
	return j->type == JSON_NUMBER && str_to_double(j->text, ret);
}

static bool scalar_read(struct arena *a, const struct json *j,
	const struct field *f, void *p)
{
	bool number = j->type == JSON_NUMBER;

	switch (f->type) {
	case FIELD_STR:
		if (j->type != JSON_STRING)
			return false;
		*(struct str *)p = arena_str(a, j->text);
		return true;
	case FIELD_U64:
		return number && str_to_u64(j->text, p);
	case FIELD_I64:
		return number && str_to_i64(j->text, p);
	case FIELD_U32:
		return number && u32_read(j->text, p);
	case FIELD_BOOL:
		if (j->type != JSON_TRUE && j->type != JSON_FALSE)
			return false;
		*(bool *)p = j->type == JSON_TRUE;
		return true;
	case FIELD_DOUBLE:
		return double_read(j, p);
	default:
		return j->type == JSON_STRING &&
		       f->words->from_token(j->text, p);
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): tables nest two deep */
static bool list_read(struct arena *a, const struct json *j,
	const struct field *f, void *record)
{
	size_t bytes =
		f->type == FIELD_STRS ? sizeof(struct str) : f->item_bytes;
	char *items;
	size_t i = 0;

	if (j->type != JSON_ARRAY || j->count > f->max)
		return false;
	items = arena_array(a, j->count, bytes);
	for (const struct json *e = j->first; e; e = e->next, i++) {
		void *item = items + i * bytes;

		if (f->type == FIELD_LIST) {
			if (!fields_read_tree(a, e, f->item, item))
				return false;
		} else if (e->type == JSON_STRING) {
			*(struct str *)item = arena_str(a, e->text);
		} else {
			return false;
		}
	}
	memcpy(slot(record, f->offset), &items, sizeof(items));
	*(size_t *)slot(record, f->count_offset) = j->count;
	return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): tables nest two deep */
bool fields_read_tree(struct arena *a, const struct json *object,
	const struct field *table, void *ret)
{
	if (!object || object->type != JSON_OBJECT)
		return false;
	for (const struct field *f = table; f->name; f++) {
		const struct json *j = json_get(object, str_from(f->name));
		bool list = f->type == FIELD_LIST || f->type == FIELD_STRS;

		if (!j && f->type == FIELD_STR)
			*(struct str *)slot(ret, f->offset) = STR("");
		if (!j)
			continue;
		if (list ? !list_read(a, j, f, ret)
			 : !scalar_read(a, j, f, slot(ret, f->offset)))
			return false;
	}
	return true;
}

bool fields_read(struct arena *a, struct str text, const struct field *table,
	void *ret, size_t bytes)
{
	struct json_error error;
	struct arena *scratch = arena_new();
	void *record = arena_alloc(scratch, bytes);
	const struct json *j = json_parse(scratch, text, &limits, &error);
	bool ok = j && j->type == JSON_OBJECT &&
		  json_get_i64(j, "v", 0) == RECORD_MAJOR &&
		  fields_read_tree(a, j, table, record);

	if (ok)
		memcpy(ret, record, bytes);
	arena_free(scratch);
	return ok;
}
