/*
 * Filters on text.
 */
#include <stdlib.h>

#include "base/crypto.h"
#include "base/oom.h"
#include "suites/filter_table.h"
#include "suites/function.h"
#include "suites/xml.h"

enum { PARTS_MAX = 100000 };

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
	return filter_give(c, str_trim(in->text));
}

struct value filter_split(struct filter_call *c, const struct json *in)
{
	struct json *list = json_new(c->a, JSON_ARRAY);
	struct str sep;
	size_t from = 0;
	size_t at;

	if (!json_to_text(c->a, c->arg, &sep) || sep.len == 0)
		return filter_fail(c, "the separator is empty");
	while ((at = str_find(in->text, sep, from)) != SIZE_MAX) {
		if (list->count >= PARTS_MAX)
			return filter_fail(c, "more than 100,000 parts");
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
		return filter_fail(c, "nothing to look for");
	buf_init(&b, FILTER_TEXT_MAX);
	while ((at = str_find(in->text, old, from)) != SIZE_MAX && !b.over) {
		buf_add(&b, str_sub(in->text, from, at - from));
		buf_add(&b, new);
		from = at + old.len;
	}
	buf_add(&b, str_sub(in->text, from, in->text.len - from));
	return filter_give_buf(c, &b);
}

/* --- replaceRegex ------------------------------------------------------- */

struct replacing {
	struct buf out;
	struct str in, with;
	size_t copied; /* bytes of `in` that are in `out` */
};

/* $0 to $9 are groups, $$ is a $; anything else stands for itself. */
static void add_replacement(struct buf *out, struct str with,
	const struct str *groups)
{
	for (size_t i = 0; i < with.len; i++) {
		int next = i + 1 < with.len ? with.ptr[i + 1] : -1;
		if (with.ptr[i] != '$' ||
			((next < '0' || next > '9') && next != '$')) {
			buf_add_byte(out, with.ptr[i]);
			continue;
		}
		if (next == '$')
			buf_add_byte(out, '$');
		else
			buf_add(out, groups[next - '0']);
		i++;
	}
}

static bool replace_one(void *thing, const struct str *groups)
{
	struct replacing *r = thing;
	size_t at = (size_t)(groups[0].ptr - r->in.ptr);

	buf_add(&r->out, str_sub(r->in, r->copied, at - r->copied));
	add_replacement(&r->out, r->with, groups);
	r->copied = at + groups[0].len;
	return !r->out.over;
}

struct value filter_replace_regex(struct filter_call *c, const struct json *in)
{
	struct replacing r = { .in = in->text };

	if (!json_to_text(c->a, c->arg, &r.with))
		return filter_fail(c, "the replacement is null");
	buf_init(&r.out, FILTER_TEXT_MAX);
	if (regex_each(c->f->regex, in->text, REGEX_GROUPS_MAX, replace_one,
		    &r) == REGEX_BUDGET) {
		buf_done(&r.out);
		return value_not(VALUE_BUDGET,
			STR("the regex takes more steps than it may"));
	}
	buf_add(&r.out, str_sub(r.in, r.copied, r.in.len));
	return filter_give_buf(c, &r.out);
}

struct value filter_regex(struct filter_call *c, const struct json *in)
{
	return value_of_regex(c->f->regex, in->text, c->a);
}

struct value filter_xpath(struct filter_call *c, const struct json *in)
{
	struct value v = value_of_xpath_text(c->f->xpath, in->text, c->a);

	return v.state == VALUE_BROKEN ? filter_broken(c, v.why) : v;
}

static struct value encoded(struct filter_call *c, const struct json *in,
	bool url_safe)
{
	struct buf b;

	buf_init(&b, FILTER_TEXT_MAX);
	buf_add_base64(&b, in->text, url_safe);
	return filter_give_buf(c, &b);
}

static struct value decoded(struct filter_call *c, const struct json *in,
	bool url_safe)
{
	size_t len = in->text.len;
	char *out = xmalloc(len + 4);
	bool ok = crypto_base64_decode(in->text, url_safe, out, &len);
	struct value v = ok ? filter_give(c, (struct str){ out, len })
			    : filter_fail(c, "not base64");

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

	buf_init(&b, FILTER_TEXT_MAX);
	buf_add_percent(&b, in->text);
	return filter_give_buf(c, &b);
}

struct value filter_to_hex(struct filter_call *c, const struct json *in)
{
	struct buf b;

	buf_init(&b, FILTER_TEXT_MAX);
	buf_add_hex(&b, in->text);
	return filter_give_buf(c, &b);
}

struct value filter_sha256(struct filter_call *c, const struct json *in)
{
	uint8_t hash[SHA256_BYTES];
	struct buf b;

	crypto_sha256(in->text, hash);
	buf_init(&b, FILTER_TEXT_MAX);
	buf_add_hex(&b, (struct str){ (const char *)hash, sizeof(hash) });
	return filter_give_buf(c, &b);
}
