#include "base/literal.h"

#include <math.h>

#include "base/codes.h"

enum {
	ENTROPY_MIN_BYTES = 20,
	BEARER_MIN_BYTES = 8,
	AKIA_BYTES = 20,
	NAME_BYTES = 64 /* of a name that are looked at */
};
static const double entropy_min_bits = 3.5;

enum char_class { CLASS_OTHER, CLASS_LOWER, CLASS_UPPER, CLASS_DIGIT };

static enum char_class class_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return CLASS_LOWER;
	if (c >= 'A' && c <= 'Z')
		return CLASS_UPPER;
	if (c >= '0' && c <= '9')
		return CLASS_DIGIT;
	return CLASS_OTHER;
}

/* What keys are made of: base64 of both alphabets but its slash. */
static bool is_key_char(char c)
{
	return class_of(c) != CLASS_OTHER || c == '+' || c == '_' || c == '-' ||
	       c == '=';
}

/* Shannon entropy of its bytes, in bits for each. */
static double entropy_of(struct str s)
{
	unsigned seen[256] = { 0 };
	double bits = 0;

	for (size_t i = 0; i < s.len; i++)
		seen[(unsigned char)s.ptr[i]]++;
	for (size_t i = 0; i < 256; i++) {
		double p = (double)seen[i] / (double)s.len;

		if (seen[i])
			bits -= p * log2(p);
	}
	return bits;
}

/* 8-4-4-4-12: an id, not a key */
static bool is_uuid(struct str s)
{
	if (s.len != 36)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash != (s.ptr[i] == '-'))
			return false;
	}
	return true;
}

/* Words change their kind of letter seldom, random text all the time. */
static bool piece_is_random(struct str s)
{
	size_t digits = 0;
	size_t changes = 0;

	if (s.len < ENTROPY_MIN_BYTES || is_uuid(s))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		digits += class_of(s.ptr[i]) == CLASS_DIGIT;
		if (i)
			changes += class_of(s.ptr[i]) != class_of(s.ptr[i - 1]);
	}
	return digits >= 2 && changes * 4 >= s.len &&
	       entropy_of(s) >= entropy_min_bits;
}

static bool holds_random(struct str s)
{
	size_t start = 0;

	for (size_t i = 0; i <= s.len; i++) {
		if (i < s.len && is_key_char(s.ptr[i]))
			continue;
		if (piece_is_random(str_sub(s, start, i - start)))
			return true;
		start = i + 1;
	}
	return false;
}

static bool holds_bearer(struct str s)
{
	size_t at = str_find(s, STR("Bearer "), 0);
	size_t n = 0;

	if (at == SIZE_MAX)
		return false;
	for (at += sizeof("Bearer ") - 1; at < s.len; at++, n++) {
		if (!is_key_char(s.ptr[at]) && s.ptr[at] != '.')
			break;
	}
	return n >= BEARER_MIN_BYTES;
}

static bool holds_akia(struct str s)
{
	size_t at = str_find(s, STR("AKIA"), 0);

	if (at == SIZE_MAX || s.len - at < AKIA_BYTES)
		return false;
	for (size_t i = at; i < at + AKIA_BYTES; i++) {
		if (class_of(s.ptr[i]) != CLASS_UPPER &&
			class_of(s.ptr[i]) != CLASS_DIGIT)
			return false;
	}
	return true;
}

/* ${...} is looked over: names and arguments are no secrets. */
bool literal_looks_secret(struct str text)
{
	if (str_starts(text, STR("sha256//")))
		return false; /* the pin of a public key */
	while (text.len) {
		size_t open = str_find(text, STR("${"), 0);
		struct str piece = str_sub(text, 0, open);

		if (holds_bearer(piece) || holds_akia(piece) ||
			holds_random(piece) ||
			str_find(piece, STR("-----BEGIN "), 0) != SIZE_MAX)
			return true;
		if (open == SIZE_MAX)
			return false;
		text = str_sub(text, str_find_byte(text, '}', open), SIZE_MAX);
	}
	return false;
}

bool name_looks_secret(struct str name)
{
	static const char *const parts[] = { "token", "password", "passwd",
		"secret", "session", "apikey", "api_key", "credential", "jwt",
		NULL };
	char lower[NAME_BYTES];
	struct str s = { lower, 0 };

	for (; s.len < name.len && s.len < sizeof(lower); s.len++) {
		char c = name.ptr[s.len];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		lower[s.len] = (char)(c == '-' ? '_' : c);
	}
	for (size_t i = 0; parts[i]; i++) {
		if (str_find(s, str_from(parts[i]), 0) != SIZE_MAX)
			return true;
	}
	return false;
}

static bool key_is_among(const struct yaml_node *n, const char *const *keys)
{
	for (size_t i = 0; n->key && keys[i]; i++) {
		if (str_eq(n->key->text, str_from(keys[i])))
			return true;
	}
	return false;
}

/* `secret: yes` is a mistake of another kind. */
static bool means_truth(struct str s)
{
	static const struct str words[] = { STR("yes"), STR("no"), STR("on"),
		STR("off") };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_eq_nocase(s, words[i]))
			return true;
	}
	return false;
}

/* `password: hunter2` */
static bool named_secret(const struct yaml_node *n)
{
	bool boolean;

	if (!n->key || n->text.len == 0 ||
		str_find(n->text, STR("${"), 0) != SIZE_MAX)
		return false;
	if (!n->quoted &&
		(yaml_is_null(n) || yaml_is_number(n) ||
			yaml_to_bool(n, &boolean) || means_truth(n->text)))
		return false;
	if (str_ends(n->key->text, STR("_url")))
		return false; /* token_url: where they are to be had */
	return name_looks_secret(n->key->text) ||
	       str_eq(n->key->text, STR("secret_key")) ||
	       str_eq(n->key->text, STR("bearer"));
}

void literals_check(const struct yaml_node *root, const char *const *not_sent,
	const char *hint, struct diags *ds)
{
	struct yaml_walk w;
	const struct yaml_node *n;
	bool into = true;

	yaml_walk_start(&w, root);
	while ((n = yaml_walk_next(&w, into))) {
		into = !key_is_among(n, not_sent);
		if (!into || n->kind != YAML_SCALAR)
			continue;
		if (!named_secret(n) && !literal_looks_secret(n->text))
			continue;
		diag_add(ds, DIAG_WARNING, W103, n->where,
			"this looks like a secret");
		diag_hint(ds, "%s", hint);
	}
}
