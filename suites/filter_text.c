/*
 * Filters on text.
 */
#include <stdlib.h>

#include "base/crypto.h"
#include "base/oom.h"
#include "suites/filter_table.h"
#include "suites/function.h"

enum { TEXT_MAX = 16 << 20, PARTS_MAX = 100000 };

static struct value broken(const struct filter_call *c, const char *why)
{
	return filter_broken(c, str_from(why));
}

static struct value text(const struct filter_call *c, struct str s)
{
	return value_ok(json_new_str(c->a, s));
}

static struct value buffered(const struct filter_call *c, struct buf *b)
{
	struct value v = b->over ? broken(c, "gives more than 16 MiB")
				 : text(c, b->ptr ? buf_str(b) : STR(""));

	buf_done(b);
	return v;
}

static struct value shifted(const struct filter_call *c, struct str s, char low,
	char high, int by)
{
	struct json *j = json_new(c->a, JSON_STRING);
	char *copy = arena_alloc(c->a, s.len + 1);

	for (size_t i = 0; i < s.len; i++) {
		char x = s.ptr[i];
		if (x >= low && x <= high)
			x = (char)(x + by);
		copy[i] = x;
	}
	j->text = (struct str){ copy, s.len };
	return value_ok(j);
}

struct value filter_lower(struct filter_call *c, const struct json *in)
{
	return shifted(c, in->text, 'A', 'Z', 'a' - 'A');
}

struct value filter_upper(struct filter_call *c, const struct json *in)
{
	return shifted(c, in->text, 'a', 'z', 'A' - 'a');
}

struct value filter_trim(struct filter_call *c, const struct json *in)
{
	return text(c, str_trim(in->text));
}

struct value filter_split(struct filter_call *c, const struct json *in)
{
	struct json *list = json_new(c->a, JSON_ARRAY);
	struct str sep;
	size_t from = 0;
	size_t at;

	if (!json_to_text(c->a, c->arg, &sep) || sep.len == 0)
		return broken(c, "the separator is empty");
	while ((at = str_find(in->text, sep, from)) != SIZE_MAX) {
		if (list->count >= PARTS_MAX)
			return broken(c, "more than 100,000 parts");
		json_append(list, STR_NONE,
			json_new_str(c->a, str_sub(in->text, from, at - from)));
		from = at + sep.len;
	}
	struct str rest = str_sub(in->text, from, in->text.len - from);
	json_append(list, STR_NONE, json_new_str(c->a, rest));
	return value_ok(list);
}

struct value filter_replace(struct filter_call *c, const struct json *in)
{
	struct str old;
	struct str new;
	size_t from = 0;
	size_t at;
	struct buf b;

	if (!json_to_text(c->a, c->arg->first, &old) || old.len == 0 ||
		!json_to_text(c->a, c->arg->first->next, &new))
		return broken(c, "nothing to look for");
	buf_init(&b, TEXT_MAX);
	while ((at = str_find(in->text, old, from)) != SIZE_MAX && !b.over) {
		buf_add(&b, str_sub(in->text, from, at - from));
		buf_add(&b, new);
		from = at + old.len;
	}
	buf_add(&b, str_sub(in->text, from, in->text.len - from));
	return buffered(c, &b);
}

struct value filter_regex(struct filter_call *c, const struct json *in)
{
	return value_of_regex(c->f->regex, in->text, c->a);
}

static struct value encoded(struct filter_call *c, const struct json *in,
	bool url_safe)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_add_base64(&b, in->text, url_safe);
	return buffered(c, &b);
}

static struct value decoded(struct filter_call *c, const struct json *in,
	bool url_safe)
{
	size_t len = in->text.len;
	char *out = xmalloc(len + 4);
	bool ok = crypto_base64_decode(in->text, url_safe, out, &len);
	struct value v = ok ? text(c, (struct str){ out, len })
			    : broken(c, "not base64");

	free(out);
	return v;
}

struct value filter_base64_encode(struct filter_call *c, const struct json *in)
{
	return encoded(c, in, false);
}

struct value filter_base64_decode(struct filter_call *c, const struct json *in)
{
	return decoded(c, in, false);
}

struct value filter_base64url_encode(struct filter_call *c,
	const struct json *in)
{
	return encoded(c, in, true);
}

struct value filter_base64url_decode(struct filter_call *c,
	const struct json *in)
{
	return decoded(c, in, true);
}

struct value filter_url_encode(struct filter_call *c, const struct json *in)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_add_percent(&b, in->text);
	return buffered(c, &b);
}

static int hex_digit(char x)
{
	if (x >= '0' && x <= '9')
		return x - '0';
	char lower = (char)(x | 32);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

struct value filter_url_decode(struct filter_call *c, const struct json *in)
{
	struct str s = in->text;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '%') {
			buf_add_byte(&b, s.ptr[i]);
			continue;
		}
		int high = i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(s.ptr[i + 2]) : -1;
		if (low < 0) {
			buf_done(&b);
			return broken(c, "a % without two digits");
		}
		buf_add_byte(&b, (char)(high * 16 + low));
		i += 2;
	}
	return buffered(c, &b);
}

struct value filter_to_hex(struct filter_call *c, const struct json *in)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_add_hex(&b, in->text);
	return buffered(c, &b);
}

struct value filter_sha256(struct filter_call *c, const struct json *in)
{
	uint8_t hash[SHA256_BYTES];
	struct buf b;

	crypto_sha256(in->text, hash);
	buf_init(&b, TEXT_MAX);
	buf_add_hex(&b, (struct str){ (const char *)hash, sizeof(hash) });
	return buffered(c, &b);
}
