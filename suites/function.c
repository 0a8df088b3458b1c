#include "suites/function.h"

#include <inttypes.h>
#include <string.h>

#include "base/crypto.h"
#include "base/units.h"
#include "suites/decimal.h"
#include "suites/format.h"

enum { TEXT_OUT_MAX = 16 << 20 };

static bool fail(struct function_call *c, const char *why)
{
	c->why = str_from(why);
	return false;
}

static bool give_str(struct function_call *c, struct str s,
	const struct json **ret)
{
	*ret = json_new_str(c->v->arena, s);
	return true;
}

static bool give_i64(struct function_call *c, int64_t n,
	const struct json **ret)
{
	*ret = json_new_number(c->v->arena,
		arena_printf(c->v->arena, "%" PRId64, n));
	return true;
}

/* Moves what was collected in `b` into the arena. */
static bool give_buf(struct function_call *c, struct buf *b,
	const struct json **ret)
{
	bool over = b->over;

	if (!over) {
		struct str s = b->ptr ? buf_str(b) : STR("");
		give_str(c, arena_str(c->v->arena, s), ret);
	}
	buf_done(b);
	return over ? fail(c, "gives more than 16 MiB") : true;
}

bool json_to_text(struct arena *a, const struct json *j, struct str *ret)
{
	struct buf b;

	switch (j->type) {
	case JSON_NULL:
		return false;
	case JSON_FALSE:
		*ret = STR("false");
		return true;
	case JSON_TRUE:
		*ret = STR("true");
		return true;
	case JSON_NUMBER:
	case JSON_STRING:
		*ret = j->text;
		return true;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	buf_init(&b, TEXT_OUT_MAX);
	json_write(&b, j);
	bool fits = !b.over;
	if (fits)
		*ret = arena_str(a, buf_str(&b));
	buf_done(&b);
	return fits;
}

static bool text_arg(struct function_call *c, size_t i, struct str *ret)
{
	if (json_to_text(c->v->arena, c->arg[i], ret))
		return true;
	return fail(c, "an argument is null");
}

static bool i64_arg(struct function_call *c, size_t i, int64_t *ret)
{
	const struct json *j = c->arg[i];

	if (j->type == JSON_NUMBER && str_to_i64(j->text, ret))
		return true;
	return fail(c, "an argument is not an integer");
}

static bool length_arg(struct function_call *c, size_t i, int64_t *ret)
{
	if (!i64_arg(c, i, ret))
		return false;
	if (*ret >= 0 && *ret <= FUNCTION_TEXT_MAX)
		return true;
	return fail(c, "the length is not within 0 to 4096");
}

static void random_bytes(const struct vars *v, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		uint64_t r = vars_random(v);
		memcpy(out + i, &r, n - i < 8 ? n - i : 8);
	}
}

/* Uniform in 0 .. n-1, by rejection; n > 0. */
static uint64_t random_below(const struct vars *v, uint64_t n)
{
	uint64_t skip = -n % n;
	uint64_t r;

	do
		r = vars_random(v);
	while (r < skip);
	return r % n;
}

static bool fn_uuid(struct function_call *c, const struct json **ret)
{
	uint8_t b[16];

	random_bytes(c->v, b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4, RFC 9562 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	struct str s = arena_printf(c->v->arena,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		"%02x%02x%02x%02x%02x%02x",
		b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
		b[10], b[11], b[12], b[13], b[14], b[15]);
	return give_str(c, s, ret);
}

/* "+1h", "-30m", "2d" */
static bool offset_us(struct str s, int64_t *ret)
{
	bool minus = s.len > 0 && s.ptr[0] == '-';
	uint64_t ms;

	if (s.len > 0 && (minus || s.ptr[0] == '+'))
		s = str_sub(s, 1, s.len);
	if (!units_duration_ms(s, &ms) || ms > INT64_MAX / 4000)
		return false;
	*ret = (int64_t)ms * (minus ? -1000 : 1000);
	return true;
}

static bool give_time(struct function_call *c, int64_t at_us, struct str format,
	const struct json **ret)
{
	struct str s;

	if (str_eq(format, STR("unix")))
		return give_i64(c, at_us / 1000000, ret);
	if (str_eq(format, STR("unixMs")))
		return give_i64(c, at_us / 1000, ret);
	if (!format_time(c->v->arena, at_us, format, &s))
		return fail(c, "the format is none of rfc3339 unix unixMs "
			       "date http, and no format of strftime()");
	return give_str(c, s, ret);
}

static bool fn_now(struct function_call *c, const struct json **ret)
{
	struct str format = STR("rfc3339");
	struct str offset = STR_NONE;
	int64_t shift = 0;

	if (c->nargs > 0 && !text_arg(c, 0, &format))
		return false;
	if (c->nargs > 1 && !text_arg(c, 1, &offset))
		return false;
	if (offset.ptr && !offset_us(offset, &shift))
		return fail(c, "the offset is not a duration such as -5m");
	return give_time(c, c->v->wall_us + shift, format, ret);
}

static bool fn_unix(struct function_call *c, const struct json **ret)
{
	return give_i64(c, c->v->wall_us / 1000000, ret);
}

static bool fn_unix_ms(struct function_call *c, const struct json **ret)
{
	return give_i64(c, c->v->wall_us / 1000, ret);
}

static bool fn_random_int(struct function_call *c, const struct json **ret)
{
	int64_t low;
	int64_t high;

	if (!i64_arg(c, 0, &low) || !i64_arg(c, 1, &high))
		return false;
	if (low > high)
		return fail(c, "the first number is above the second");
	uint64_t n = (uint64_t)high - (uint64_t)low + 1; /* 0: all of them */
	uint64_t r = n ? random_below(c->v, n) : vars_random(c->v);
	return give_i64(c, (int64_t)((uint64_t)low + r), ret);
}

static bool fn_random_string(struct function_call *c, const struct json **ret)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	char out[FUNCTION_TEXT_MAX];
	int64_t n;

	if (!length_arg(c, 0, &n))
		return false;
	for (int64_t i = 0; i < n; i++)
		out[i] = letters[random_below(c->v, sizeof(letters) - 1)];
	struct str s = { out, (size_t)n };
	return give_str(c, arena_str(c->v->arena, s), ret);
}

static bool fn_random_hex(struct function_call *c, const struct json **ret)
{
	static const char digits[] = "0123456789abcdef";
	char out[FUNCTION_TEXT_MAX];
	int64_t n;

	if (!length_arg(c, 0, &n))
		return false;
	for (int64_t i = 0; i < n; i++)
		out[i] = digits[vars_random(c->v) >> 60];
	struct str s = { out, (size_t)n };
	return give_str(c, arena_str(c->v->arena, s), ret);
}

static bool fn_pick(struct function_call *c, const struct json **ret)
{
	const struct json *list = c->arg[0];

	if (c->nargs == 1 && list->type == JSON_ARRAY) {
		if (list->count == 0)
			return fail(c, "the list is empty");
		*ret = json_at(list, random_below(c->v, list->count));
		return true;
	}
	*ret = c->arg[random_below(c->v, c->nargs)];
	return true;
}

static bool fn_base64(struct function_call *c, const struct json **ret)
{
	struct str s;
	struct buf b;

	if (!text_arg(c, 0, &s))
		return false;
	buf_init(&b, TEXT_OUT_MAX);
	buf_add_base64(&b, s, false);
	return give_buf(c, &b, ret);
}

static bool fn_hex(struct function_call *c, const struct json **ret)
{
	struct str s;
	struct buf b;

	if (!text_arg(c, 0, &s))
		return false;
	buf_init(&b, TEXT_OUT_MAX);
	buf_add_hex(&b, s);
	return give_buf(c, &b, ret);
}

static bool fn_url_encode(struct function_call *c, const struct json **ret)
{
	struct str s;
	struct buf b;

	if (!text_arg(c, 0, &s))
		return false;
	buf_init(&b, TEXT_OUT_MAX);
	buf_add_percent(&b, s);
	return give_buf(c, &b, ret);
}

static bool give_hex(struct function_call *c, const uint8_t *bytes, size_t n,
	const struct json **ret)
{
	struct buf b;

	buf_init(&b, TEXT_OUT_MAX);
	buf_add_hex(&b, (struct str){ (const char *)bytes, n });
	return give_buf(c, &b, ret);
}

static bool fn_sha256(struct function_call *c, const struct json **ret)
{
	uint8_t hash[SHA256_BYTES];
	struct str s;

	if (!text_arg(c, 0, &s))
		return false;
	crypto_sha256(s, hash);
	return give_hex(c, hash, sizeof(hash), ret);
}

static bool fn_hmac(struct function_call *c, const struct json **ret)
{
	uint8_t mac[HMAC_MAX_BYTES];
	struct str alg;
	struct str key;
	struct str text;
	size_t n;

	if (!text_arg(c, 0, &alg) || !text_arg(c, 1, &key) ||
		!text_arg(c, 2, &text))
		return false;
	if (!crypto_hmac(alg, key, text, mac, &n))
		return fail(c, "the algorithm is none of sha1 sha256 sha384 "
			       "sha512");
	return give_hex(c, mac, n, ret);
}

/* base64url without padding, RFC 7515 section 2 */
static void add_jwt_part(struct buf *b, struct str s)
{
	buf_add_base64(b, s, true);
	while (b->len > 0 && b->ptr[b->len - 1] == '=')
		b->ptr[--b->len] = '\0';
}

static bool fn_jwt(struct function_call *c, const struct json **ret)
{
	uint8_t mac[HMAC_MAX_BYTES];
	struct str alg;
	struct str key;
	struct str claims;
	struct buf b;
	size_t n;

	if (!text_arg(c, 0, &alg) || !text_arg(c, 1, &key) ||
		!text_arg(c, 2, &claims))
		return false;
	if (!str_eq(alg, STR("HS256")) && !str_eq(alg, STR("HS384")) &&
		!str_eq(alg, STR("HS512")))
		return fail(c, "the algorithm is none of HS256 HS384 HS512");
	struct str hash = arena_printf(c->v->arena, "sha%.*s", 3, alg.ptr + 2);
	buf_init(&b, TEXT_OUT_MAX);
	add_jwt_part(&b,
		arena_printf(c->v->arena, "{\"alg\":\"%.*s\",\"typ\":\"JWT\"}",
			STR_ARG(alg)));
	buf_add_byte(&b, '.');
	add_jwt_part(&b, claims);
	if (!crypto_hmac(hash, key, buf_str(&b), mac, &n)) {
		buf_done(&b);
		return fail(c, "the algorithm can not be used");
	}
	buf_add_byte(&b, '.');
	add_jwt_part(&b, (struct str){ (const char *)mac, n });
	return give_buf(c, &b, ret);
}

static bool map_bytes(struct function_call *c, char low, char high, int shift,
	const struct json **ret)
{
	struct str s;
	struct buf b;

	if (!text_arg(c, 0, &s))
		return false;
	buf_init(&b, TEXT_OUT_MAX);
	for (size_t i = 0; i < s.len; i++) {
		char x = s.ptr[i];
		if (x >= low && x <= high)
			x = (char)(x + shift);
		buf_add_byte(&b, x);
	}
	return give_buf(c, &b, ret);
}

static bool fn_lower(struct function_call *c, const struct json **ret)
{
	return map_bytes(c, 'A', 'Z', 'a' - 'A', ret);
}

static bool fn_upper(struct function_call *c, const struct json **ret)
{
	return map_bytes(c, 'a', 'z', 'A' - 'a', ret);
}

static bool fn_trim(struct function_call *c, const struct json **ret)
{
	struct str s;

	return text_arg(c, 0, &s) && give_str(c, str_trim(s), ret);
}

static bool fn_json(struct function_call *c, const struct json **ret)
{
	struct buf b;

	buf_init(&b, TEXT_OUT_MAX);
	json_write(&b, c->arg[0]);
	return give_buf(c, &b, ret);
}

static bool arithmetic(struct function_call *c,
	bool (*op)(struct arena *, struct str, struct str, struct str *),
	const struct json **ret)
{
	struct arena *a = c->v->arena;
	struct str sum;

	if (c->arg[0]->type != JSON_NUMBER || c->arg[1]->type != JSON_NUMBER)
		return fail(c, "an argument is not a number");
	if (!op(a, c->arg[0]->text, c->arg[1]->text, &sum))
		return fail(c, "the result has too many digits");
	*ret = json_new_number(a, sum);
	return true;
}

static bool fn_add(struct function_call *c, const struct json **ret)
{
	return arithmetic(c, decimal_add, ret);
}

static bool fn_sub(struct function_call *c, const struct json **ret)
{
	return arithmetic(c, decimal_sub, ret);
}

/* The reader of templates has put the text in its place. */
static bool fn_file(struct function_call *c, const struct json **ret)
{
	(void)ret;
	return fail(c, "is read when the suite is loaded");
}

/* clang-format off */
static const struct function table[] = {
	{ "uuid",         "",    fn_uuid },
	{ "now",          "|ww", fn_now },
	{ "unix",         "",    fn_unix },
	{ "unixMs",       "",    fn_unix_ms },
	{ "randomInt",    "ii",  fn_random_int },
	{ "randomString", "i",   fn_random_string },
	{ "randomHex",    "i",   fn_random_hex },
	{ "pick",         "*",   fn_pick },
	{ "file",         "w",   fn_file },
	{ "base64",       "s",   fn_base64 },
	{ "hex",          "s",   fn_hex },
	{ "urlEncode",    "s",   fn_url_encode },
	{ "sha256",       "s",   fn_sha256 },
	{ "hmac",         "wss", fn_hmac },
	{ "jwt",          "wso", fn_jwt },
	{ "lower",        "s",   fn_lower },
	{ "upper",        "s",   fn_upper },
	{ "trim",         "s",   fn_trim },
	{ "json",         "j",   fn_json },
	{ "add",          "nn",  fn_add },
	{ "sub",          "nn",  fn_sub },
};
/* clang-format on */

enum { FUNCTIONS = sizeof(table) / sizeof(table[0]) };

const struct function *function_find(struct str name)
{
	for (size_t i = 0; i < FUNCTIONS; i++) {
		if (str_eq(str_from(table[i].name), name))
			return &table[i];
	}
	return NULL;
}

const struct function *function_at(size_t index)
{
	return index < FUNCTIONS ? &table[index] : NULL;
}

struct str function_nearest(struct str name)
{
	struct str names[FUNCTIONS];

	for (size_t i = 0; i < FUNCTIONS; i++)
		names[i] = str_from(table[i].name);
	size_t near = str_nearest(name, names, FUNCTIONS);
	return near == SIZE_MAX ? STR_NONE : names[near];
}

void function_arity(const struct function *f, size_t *ret_min, size_t *ret_max)
{
	struct str rest = str_from(f->signature);

	if (str_eq(rest, STR("*"))) {
		*ret_min = 1;
		*ret_max = FUNCTION_ARGS_MAX;
		return;
	}
	*ret_min = str_cut(&rest, '|').len;
	*ret_max = *ret_min + rest.len;
}

char function_letter(const struct function *f, size_t index)
{
	size_t at = 0;

	if (strcmp(f->signature, "*") == 0)
		return 'j';
	for (const char *p = f->signature; *p; p++) {
		if (*p == '|')
			continue;
		if (at++ == index)
			return *p;
	}
	return 0;
}
