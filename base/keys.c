#include "base/keys.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/units.h"

enum { WORDS_TEXT_MAX = 200, SHOWN_MAX = 80, ID_MAX = 64 };

/* Text of a file inside a message: never a whole page of it. */
static struct str shown(struct str s)
{
	return str_sub(s, 0, SHOWN_MAX);
}

static const char *kind_text(const struct yaml_node *n)
{
	switch (n->kind) {
	case YAML_LIST:
		return "a list";
	case YAML_MAP:
		return "a mapping";
	case YAML_SCALAR:
		break;
	}
	return yaml_is_null(n) ? "nothing" : "a text";
}

static bool wrong_type(const struct yaml_node *n, const char *what,
	const char *wanted, struct diags *ds)
{
	if (yaml_is_null(n) && n->where.at == n->where.end)
		diag_add(ds, DIAG_ERROR, E21, n->key ? n->key->where : n->where,
			"`%s` has no value; it must be %s", what, wanted);
	else
		diag_add(ds, DIAG_ERROR, E21, n->where,
			"`%s` must be %s, not %s", what, wanted, kind_text(n));
	return false;
}

/* Words as "a, b, c"; cut with "..." when they would fill a screen. */
static const char *words_text(const struct str *words, size_t n,
	char out[WORDS_TEXT_MAX])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (len + words[i].len + 8 > WORDS_TEXT_MAX) {
			snprintf(out + len, WORDS_TEXT_MAX - len, ", ...");
			break;
		}
		len += (size_t)snprintf(out + len, WORDS_TEXT_MAX - len,
			"%s%.*s", i ? ", " : "", STR_ARG(words[i]));
	}
	return out;
}

static void hint_nearest(struct str word, const struct str *candidates,
	size_t ncandidates, struct diags *ds)
{
	char text[WORDS_TEXT_MAX];
	size_t near = str_nearest(word, candidates, ncandidates);

	if (near != SIZE_MAX)
		diag_hint(ds, "did you mean `%.*s`?",
			STR_ARG(candidates[near]));
	else if (ncandidates > 0)
		diag_hint(ds, "known: %s",
			words_text(candidates, ncandidates, text));
}

void key_unknown(const struct yaml_node *n, int code, const char *what,
	const struct str *candidates, size_t ncandidates, struct diags *ds)
{
	diag_add(ds, DIAG_ERROR, (uint16_t)code, n->where, "unknown %s `%.*s`",
		what, STR_ARG(shown(n->text)));
	hint_nearest(n->text, candidates, ncandidates, ds);
}

bool key_scalar(const struct yaml_node *n, const char *what, struct str *ret,
	struct diags *ds)
{
	if (n->kind != YAML_SCALAR || yaml_is_null(n))
		return wrong_type(n, what, "a text", ds);
	*ret = n->text;
	return true;
}

bool key_bool(const struct yaml_node *n, const char *what, bool *ret,
	struct diags *ds)
{
	static const struct str yes[] = { STR("yes"), STR("on"), STR("y"),
		STR("1"), STR("true") };
	static const struct str no[] = { STR("no"), STR("off"), STR("n"),
		STR("0"), STR("false") };

	if (n->kind != YAML_SCALAR || yaml_is_null(n))
		return wrong_type(n, what, "true or false", ds);
	if (yaml_to_bool(n, ret))
		return true;
	diag_add(ds, DIAG_ERROR, E21, n->where, "`%s` must be true or false",
		what);
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (str_eq_nocase(n->text, yes[i]))
			diag_hint(ds, "did you mean `true`?");
		else if (str_eq_nocase(n->text, no[i]))
			diag_hint(ds, "did you mean `false`?");
	}
	return false;
}

/* --- quantities: one reader, three units -------------------------------- */

struct quantity {
	const char *name;    /* "a duration" */
	const char *example; /* of a unit behind a bare number */
	const char *units;   /* all of them, for the hint */
	bool (*read)(struct str s, double *ret);
	void (*write)(double value, char out[32]);
};

static bool duration_read(struct str s, double *ret)
{
	uint64_t ms;

	if (!units_duration_ms(s, &ms))
		return false;
	*ret = (double)ms;
	return true;
}

static void duration_write(double value, char out[32])
{
	units_duration_text((uint64_t)value, out);
}

static bool size_read(struct str s, double *ret)
{
	uint64_t bytes;

	if (!units_size(s, &bytes))
		return false;
	*ret = (double)bytes;
	return true;
}

/* The largest unit that says it exactly. */
static void size_write(double value, char out[32])
{
	static const struct {
		uint64_t bytes;
		const char *unit;
	} units[] = { { 1 << 30, "GiB" }, { 1 << 20, "MiB" },
		{ 1000000000, "GB" }, { 1000000, "MB" }, { 1 << 10, "KiB" },
		{ 1000, "KB" }, { 1, "B" } };
	uint64_t bytes = (uint64_t)value;
	size_t i = 0;

	while (units[i].bytes > 1 &&
		(bytes == 0 || bytes % units[i].bytes != 0))
		i++;
	snprintf(out, 32, "%" PRIu64 "%s", bytes / units[i].bytes,
		units[i].unit);
}

static void share_write(double value, char out[32])
{
	snprintf(out, 32, "%g%%", value * 100);
}

static void int_write(double value, char out[32])
{
	snprintf(out, 32, "%.0f", value);
}

static const struct quantity duration = { "a duration", "30s",
	"ms, s, m, h and d, as in 500ms or 1h30m", duration_read,
	duration_write };
static const struct quantity size = { "a size", "64KiB",
	"B, KB, MB, GB (1000s) and KiB, MiB, GiB (1024s)", size_read,
	size_write };
static const struct quantity share = { "a share", "10%", "%, from 0% to 100%",
	units_share, share_write };

/* Both limits 0: none.  An infinite limit is none on its side. */
static bool in_range(const struct yaml_node *n, const char *what,
	const double limits[2], double value,
	void (*write)(double value, char out[32]), struct diags *ds)
{
	double low = limits[0];
	double high = limits[1];
	char a[32];
	char b[32];

	if ((low == 0 && high == 0) || (value >= low && value <= high))
		return true;
	if (isinf(high)) {
		write(low, a);
		diag_add(ds, DIAG_ERROR, E23, n->where,
			"`%s` must be at least %s", what, a);
	} else if (isinf(low)) {
		write(high, b);
		diag_add(ds, DIAG_ERROR, E23, n->where,
			"`%s` must be at most %s", what, b);
	} else {
		write(low, a);
		write(high, b);
		diag_add(ds, DIAG_ERROR, E23, n->where,
			"`%s` must be between %s and %s", what, a, b);
	}
	return false;
}

static void report_unit(const struct yaml_node *n, const char *what,
	const struct quantity *q, struct diags *ds)
{
	struct yaml_node plain = { .kind = YAML_SCALAR, .text = n->text };

	if (yaml_is_number(&plain)) {
		diag_add(ds, DIAG_ERROR, E22, n->where,
			"`%s`: %s needs a unit: %s", what, q->name, q->example);
	} else if (n->text.len > 0 && n->text.ptr[0] >= '0' &&
		   n->text.ptr[0] <= '9') {
		diag_add(ds, DIAG_ERROR, E22, n->where,
			"`%s`: `%.*s` is not %s", what, STR_ARG(shown(n->text)),
			q->name);
	} else {
		diag_add(ds, DIAG_ERROR, E21, n->where,
			"`%s` must be %s such as %s", what, q->name,
			q->example);
		return;
	}
	diag_hint(ds, "units: %s", q->units);
}

static bool read_quantity(const struct yaml_node *n, const char *what,
	const struct quantity *q, const double limits[2], double *ret,
	struct diags *ds)
{
	double value;

	if (n->kind != YAML_SCALAR || yaml_is_null(n))
		return wrong_type(n, what, q->name, ds);
	if (!q->read(n->text, &value)) {
		report_unit(n, what, q, ds);
		return false;
	}
	if (!in_range(n, what, limits, value, q->write, ds))
		return false;
	*ret = value;
	return true;
}

bool key_duration(const struct yaml_node *n, const char *what, double low_ms,
	double high_ms, uint64_t *ret, struct diags *ds)
{
	const double limits[2] = { low_ms, high_ms };
	double ms;

	if (!read_quantity(n, what, &duration, limits, &ms, ds))
		return false;
	/* Once more: a double does not hold every uint64_t. */
	return units_duration_ms(n->text, ret);
}

static bool key_size(const struct yaml_node *n, const char *what,
	const double limits[2], uint64_t *ret, struct diags *ds)
{
	double bytes;

	return read_quantity(n, what, &size, limits, &bytes, ds) &&
	       units_size(n->text, ret);
}

bool key_int(const struct yaml_node *n, const char *what, double low,
	double high, int64_t *ret, struct diags *ds)
{
	const double limits[2] = { low, high };
	int64_t value;

	if (n->kind != YAML_SCALAR || yaml_is_null(n))
		return wrong_type(n, what, "a whole number", ds);
	if (!yaml_to_i64(n, &value)) {
		diag_add(ds, DIAG_ERROR, E21, n->where,
			"`%s` must be a whole number", what);
		if (n->quoted)
			diag_hint(ds, "without quotes");
		return false;
	}
	if (!in_range(n, what, limits, (double)value, int_write, ds))
		return false;
	*ret = value;
	return true;
}

/* --- the other types ---------------------------------------------------- */

static bool is_id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_id(struct str s)
{
	if (s.len == 0 || !is_id_char(s.ptr[0]))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!is_id_char(s.ptr[i]) && s.ptr[i] != '-')
			return false;
	return true;
}

/* "Order Life" would be "order-life". */
static void hint_id(struct str s, struct diags *ds)
{
	char id[ID_MAX + 1];
	size_t len = 0;

	for (size_t i = 0; i < s.len && len < ID_MAX; i++) {
		char c = s.ptr[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (is_id_char(c))
			id[len++] = c;
		else if (len > 0 && id[len - 1] != '-')
			id[len++] = '-';
	}
	while (len > 0 && id[len - 1] == '-')
		len--;
	id[len] = '\0';
	if (len > 0)
		diag_hint(ds, "did you mean `%s`?", id);
}

static bool key_id(const struct yaml_node *n, const char *what, struct str *ret,
	struct diags *ds)
{
	struct str id;

	if (!key_scalar(n, what, &id, ds))
		return false;
	if (!is_id(id)) {
		diag_add(ds, DIAG_ERROR, E21, n->where,
			"`%s` must be small letters, digits and dashes", what);
		hint_id(id, ds);
		return false;
	}
	if (id.len > ID_MAX) {
		diag_add(ds, DIAG_ERROR, E23, n->where,
			"`%s` must be at most %d bytes long", what, ID_MAX);
		return false;
	}
	*ret = id;
	return true;
}

static bool key_word(const struct yaml_node *n, const struct key *row, int *ret,
	struct diags *ds)
{
	struct str list[KEYS_MAX];
	char text[WORDS_TEXT_MAX];
	size_t count = 0;
	struct str word;

	if (!key_scalar(n, row->name, &word, ds))
		return false;
	for (; row->words[count]; count++) {
		assert(count < KEYS_MAX);
		list[count] = str_from(row->words[count]);
		if (str_eq(word, list[count])) {
			*ret = (int)count;
			return true;
		}
	}
	diag_add(ds, DIAG_ERROR, E24, n->where, "`%s` must be one of %s",
		row->name, words_text(list, count, text));
	size_t near = str_nearest(word, list, count);
	if (near != SIZE_MAX)
		diag_hint(ds, "did you mean `%.*s`?", STR_ARG(list[near]));
	return false;
}

static bool key_strs(const struct yaml_node *n, const char *what,
	struct strs *ret, struct arena *a, struct diags *ds)
{
	const struct yaml_node *item = n->kind == YAML_LIST ? n->first : n;
	size_t count = n->kind == YAML_LIST ? n->count : 1;
	struct strs s = { .count = count };
	bool ok = true;

	if (n->kind == YAML_MAP || yaml_is_null(n))
		return wrong_type(n, what, "a text or a list of texts", ds);
	s.item = ARENA_ARRAY(a, count, struct str);
	s.node = ARENA_ARRAY(a, count, const struct yaml_node *);
	for (size_t i = 0; i < count; i++) {
		s.node[i] = item;
		if (!key_scalar(item, what, &s.item[i], ds))
			ok = false;
		item = item->next;
	}
	if (ok)
		*ret = s;
	return ok;
}

static bool key_node(const struct yaml_node *n, const struct key *row,
	const struct yaml_node **ret, struct diags *ds)
{
	if (row->type == KEY_MAP && n->kind != YAML_MAP)
		return wrong_type(n, row->name, "a mapping", ds);
	if (row->type == KEY_LIST && n->kind != YAML_LIST)
		return wrong_type(n, row->name, "a list", ds);
	*ret = n;
	return true;
}

/* --- the table ---------------------------------------------------------- */

static bool read_entry(const struct key *row, const struct yaml_node *n,
	void *ret, struct arena *a, struct diags *ds)
{
	const double limits[2] = { row->low, row->high };
	void *field = (char *)ret + row->offset;

	switch (row->type) {
	case KEY_STR:
		return key_scalar(n, row->name, field, ds);
	case KEY_ID:
		return key_id(n, row->name, field, ds);
	case KEY_BOOL:
		return key_bool(n, row->name, field, ds);
	case KEY_INT:
		return key_int(n, row->name, row->low, row->high, field, ds);
	case KEY_DURATION:
		return key_duration(n, row->name, row->low, row->high, field,
			ds);
	case KEY_SIZE:
		return key_size(n, row->name, limits, field, ds);
	case KEY_SHARE:
		return read_quantity(n, row->name, &share, limits, field, ds);
	case KEY_WORD:
		return key_word(n, row, field, ds);
	case KEY_STRS:
		return key_strs(n, row->name, field, a, ds);
	case KEY_NODE:
	case KEY_MAP:
	case KEY_LIST:
		return key_node(n, row, field, ds);
	}
	assert(!"a type of key");
	return false;
}

static size_t table_names(const struct key *table, struct str names[KEYS_MAX])
{
	size_t n = 0;

	for (; table[n].name; n++) {
		assert(n < KEYS_MAX);
		names[n] = str_from(table[n].name);
	}
	return n;
}

static size_t find_name(const struct str *names, size_t n, struct str name)
{
	size_t i = 0;

	while (i < n && !str_eq(names[i], name))
		i++;
	return i;
}

/* Which of the names is meant by an unknown word; `n` when none is near. */
static size_t name_meant(struct str word, const struct str *names, size_t n)
{
	size_t near = str_nearest(word, names, n);

	return near == SIZE_MAX ? n : near;
}

bool key_mistyped(const struct key *table, const struct yaml_node *map,
	const char *name)
{
	struct str names[KEYS_MAX];
	size_t nkeys = table_names(table, names);
	size_t wanted = find_name(names, nkeys, str_from(name));

	if (!map || map->kind != YAML_MAP || yaml_get(map, name))
		return false;
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		struct str word = n->key->text;

		if (find_name(names, nkeys, word) == nkeys &&
			name_meant(word, names, nkeys) == wanted)
			return true;
	}
	return false;
}

bool keys_read(const struct key *table, const struct yaml_node *map,
	const char *what, void *ret, struct arena *a, struct diags *ds)
{
	struct str names[KEYS_MAX];
	bool given[KEYS_MAX] = { false };
	size_t nkeys = table_names(table, names);
	bool ok = true;

	if (map->kind != YAML_MAP)
		return wrong_type(map, what, "a mapping", ds);
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		size_t i = find_name(names, nkeys, n->key->text);
		if (i == nkeys) {
			key_unknown(n->key, E12, "key", names, nkeys, ds);
			ok = false;
			continue;
		}
		given[i] = true;
		if (!read_entry(&table[i], n, ret, a, ds))
			ok = false;
	}
	for (size_t i = 0; i < nkeys; i++) {
		if (given[i] || !(table[i].flags & KEY_REQUIRED) ||
			key_mistyped(table, map, table[i].name))
			continue;
		diag_add(ds, DIAG_ERROR, E11, map->where,
			"missing key `%s` in `%s`", table[i].name, what);
		ok = false;
	}
	return ok;
}

const char *key_type_name(enum key_type t)
{
	static const char *const names[] = { "text", "id", "true or false",
		"whole number", "duration", "size", "share", "word",
		"text or list of texts", "any value", "mapping", "list" };

	assert((size_t)t < sizeof(names) / sizeof(*names));
	return names[t];
}
