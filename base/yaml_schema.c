#include "base/yaml.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"

/* The core schema of YAML 1.2 (section 10.3.2) and what it means in JSON. */

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	struct str name = str_from(key);

	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (const struct yaml_node *n = map->first; n; n = n->next)
		if (str_eq(n->key->text, name))
			return n;
	return NULL;
}

static bool is_plain(const struct yaml_node *n)
{
	return n && n->kind == YAML_SCALAR && !n->quoted;
}

static bool one_of(struct str s, const char *const *words)
{
	for (; *words; words++)
		if (str_eq(s, str_from(*words)))
			return true;
	return false;
}

bool yaml_is_null(const struct yaml_node *n)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL",
		NULL };

	return is_plain(n) && one_of(n->text, words);
}

bool yaml_to_bool(const struct yaml_node *n, bool *ret)
{
	static const char *const yes[] = { "true", "True", "TRUE", NULL };
	static const char *const no[] = { "false", "False", "FALSE", NULL };

	if (!is_plain(n))
		return false;
	bool is_true = one_of(n->text, yes);
	if (!is_true && !one_of(n->text, no))
		return false;
	*ret = is_true;
	return true;
}

/* 0o17, 0x1f: unsigned, at most 64 bits. */
static bool to_radix(struct str s, uint64_t *ret)
{
	uint64_t value = 0;
	uint64_t base = 0;

	if (s.len >= 3 && s.ptr[0] == '0')
		base = s.ptr[1] == 'x' ? 16 : s.ptr[1] == 'o' ? 8 : 0;
	if (base == 0)
		return false;
	for (size_t i = 2; i < s.len; i++) {
		int digit = str_hex_digit(s.ptr[i]);
		uint64_t d = digit < 0 ? base : (uint64_t)digit;
		if (d >= base || value > (UINT64_MAX - d) / base)
			return false;
		value = value * base + d;
	}
	*ret = value;
	return true;
}

/* [-+]? (\.[0-9]+ | [0-9]+(\.[0-9]*)?) ([eE][-+]?[0-9]+)? in its pieces. */
struct decimal {
	bool minus;
	struct str whole, fraction, exponent; /* digits; exponent with sign */
};

static struct str take_digits(const char **p, const char *end)
{
	const char *from = *p;

	while (*p < end && **p >= '0' && **p <= '9')
		(*p)++;
	return (struct str){ from, (size_t)(*p - from) };
}

static bool decimal_split(struct str s, struct decimal *ret)
{
	const char *p = s.ptr;
	const char *end = s.ptr + s.len;
	struct decimal d = { .fraction = STR(""), .exponent = STR("") };

	if (p < end && (*p == '-' || *p == '+'))
		d.minus = *p++ == '-';
	d.whole = take_digits(&p, end);
	if (p < end && *p == '.') {
		p++;
		d.fraction = take_digits(&p, end);
	}
	if (d.whole.len == 0 && d.fraction.len == 0)
		return false;
	if (p < end && (*p == 'e' || *p == 'E')) {
		const char *from = ++p;
		if (p < end && (*p == '-' || *p == '+'))
			p++;
		if (take_digits(&p, end).len == 0)
			return false;
		d.exponent = (struct str){ from, (size_t)(p - from) };
	}
	*ret = d;
	return p == end;
}

bool yaml_to_i64(const struct yaml_node *n, int64_t *ret)
{
	struct decimal d;
	uint64_t value;

	if (!is_plain(n))
		return false;
	if (to_radix(n->text, &value)) {
		if (value > INT64_MAX)
			return false;
		*ret = (int64_t)value;
		return true;
	}
	/* Nothing but sign and digits: no point, no exponent. */
	if (!decimal_split(n->text, &d) ||
		d.whole.ptr + d.whole.len != n->text.ptr + n->text.len)
		return false;
	uint64_t most = (uint64_t)INT64_MAX + d.minus;
	value = 0;
	for (size_t i = 0; i < d.whole.len; i++) {
		uint64_t digit = (uint64_t)(d.whole.ptr[i] - '0');
		if (value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = d.minus ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

bool yaml_is_number(const struct yaml_node *n)
{
	struct decimal d;
	uint64_t value;

	return is_plain(n) &&
	       (to_radix(n->text, &value) || decimal_split(n->text, &d));
}

/* JSON knows no `+`, no leading zeros, and wants digits around the point. */
static struct str number_text(struct arena *a, struct str s)
{
	struct decimal d;
	uint64_t value;

	if (to_radix(s, &value))
		return arena_printf(a, "%llu", (unsigned long long)value);
	bool ok = decimal_split(s, &d);
	assert(ok);
	while (d.whole.len > 1 && *d.whole.ptr == '0')
		d.whole = str_sub(d.whole, 1, d.whole.len - 1);
	if (d.whole.len == 0)
		d.whole = STR("0");
	return arena_printf(a, "%s%.*s%s%.*s%s%.*s", d.minus ? "-" : "",
		STR_ARG(d.whole), d.fraction.len ? "." : "",
		STR_ARG(d.fraction), d.exponent.len ? "e" : "",
		STR_ARG(d.exponent));
}

static struct json *scalar_to_json(struct arena *a, const struct yaml_node *n)
{
	bool value;

	if (yaml_is_null(n))
		return json_new(a, JSON_NULL);
	if (yaml_to_bool(n, &value))
		return json_new_bool(a, value);
	if (yaml_is_number(n)) {
		struct json *j = json_new(a, JSON_NUMBER);
		j->text = number_text(a, n->text);
		return j;
	}
	return json_new_str(a, n->text);
}

static struct json *node_to_json(struct arena *a, const struct yaml_node *n)
{
	if (n->kind == YAML_SCALAR)
		return scalar_to_json(a, n);
	return json_new(a, n->kind == YAML_MAP ? JSON_OBJECT : JSON_ARRAY);
}

struct json *yaml_to_json(struct arena *a, const struct yaml_node *n)
{
	/* What is still to be read at each depth, in place of recursion. */
	const struct yaml_node *rest[YAML_DEPTH_MAX + 1];
	struct json *root = node_to_json(a, n);
	struct json *in = root;
	size_t depth = 1;

	rest[0] = n->first;
	while (depth > 0) {
		const struct yaml_node *child = rest[depth - 1];
		if (!child) {
			depth--;
			in = in->up;
			continue;
		}
		rest[depth - 1] = child->next;
		struct json *j = node_to_json(a, child);
		json_append(in,
			child->key ? arena_str(a, child->key->text) : STR_NONE,
			j);
		if (child->kind != YAML_SCALAR) {
			assert(depth <= YAML_DEPTH_MAX);
			rest[depth++] = child->first;
			in = j;
		}
	}
	return root;
}
