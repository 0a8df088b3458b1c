#include "base/redact.h"

#include <stdint.h>
#include <string.h>

/*
 * One needle is matched against the text unit by unit: a unit is a raw byte, a
 * %XX or a JSON escape, whatever it stands for.  So every mix of encodings of
 * the same bytes is one comparison and not one needle per form.  For base64
 * there are three needles, one per alignment, of the characters that depend on
 * the secret alone.
 */
struct needle {
	struct needle *next; /* same first byte */
	struct str name, bytes;
	bool base64;
};

struct redact {
	struct arena *arena;
	const struct redact *parent;
	struct needle *first[256];
	bool any;
};

struct match {
	const struct needle *needle;
	size_t len; /* of the text */
};

struct redact *redact_new(struct arena *a, const struct redact *parent)
{
	struct redact *r = ARENA_NEW(a, struct redact);

	r->arena = a;
	r->parent = parent;
	return r;
}

bool redact_empty(const struct redact *r)
{
	for (; r; r = r->parent)
		if (r->any)
			return false;
	return true;
}

static void needle_hang(struct redact *r, struct str name, struct str bytes,
	bool base64, int at)
{
	struct needle *n = ARENA_NEW(r->arena, struct needle);

	n->name = name;
	n->bytes = bytes;
	n->base64 = base64;
	n->next = r->first[at];
	r->first[at] = n;
}

static void needle_add(struct redact *r, struct str name, struct str bytes,
	bool base64)
{
	unsigned char c = (unsigned char)bytes.ptr[0];

	needle_hang(r, name, bytes, base64, c);
	if (base64 && c == '+')
		needle_hang(r, name, bytes, base64, '-');
	if (base64 && c == '/')
		needle_hang(r, name, bytes, base64, '_');
}

static bool known(const struct redact *r, struct str secret)
{
	const struct needle *n;

	for (; r; r = r->parent)
		for (n = r->first[(unsigned char)secret.ptr[0]]; n; n = n->next)
			if (!n->base64 && str_eq(n->bytes, secret))
				return true;
	return false;
}

bool redact_add(struct redact *r, struct str name, struct str secret)
{
	struct buf padded;
	struct buf coded;

	if (secret.len < SECRET_MIN || secret.len > SECRET_MAX)
		return false;
	if (known(r, secret))
		return true;
	name = arena_str(r->arena, name);
	needle_add(r, name, arena_str(r->arena, secret), false);
	buf_init(&padded, SECRET_MAX + 2);
	buf_init(&coded, 2UL * SECRET_MAX);
	for (size_t before = 0; before < 3; before++) {
		size_t skip = (before * 8 + 5) / 6;
		size_t whole = (before + secret.len) * 8 / 6;

		buf_clear(&padded);
		buf_clear(&coded);
		for (size_t i = 0; i < before; i++)
			buf_add_byte(&padded, '\0');
		buf_add(&padded, secret);
		buf_add_base64(&coded, buf_str(&padded), false);
		needle_add(r, name,
			arena_str(r->arena,
				str_sub(buf_str(&coded), skip, whole - skip)),
			true);
	}
	buf_done(&padded);
	buf_done(&coded);
	r->any = true;
	return true;
}

static bool hex_number(struct str t, size_t at, size_t digits, uint32_t *ret)
{
	uint32_t v = 0;

	if (at > t.len || t.len - at < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		int d = str_hex_digit(t.ptr[at + i]);

		if (d < 0)
			return false;
		v = v * 16 + (uint32_t)d;
	}
	*ret = v;
	return true;
}

static size_t utf8_put(uint32_t point, char out[4])
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xc0 | (point >> 6));
		out[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xe0 | (point >> 12));
		out[1] = (char)(0x80 | ((point >> 6) & 0x3f));
		out[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (point >> 18));
	out[1] = (char)(0x80 | ((point >> 12) & 0x3f));
	out[2] = (char)(0x80 | ((point >> 6) & 0x3f));
	out[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

/*
 * A text that was quoted as JSON `depth` times: before a letter stand 2^(depth
 * - 1) backslashes, before a quote one less than twice as many, and a backslash
 * is twice as many.
 */
enum { DEPTH_MAX = 4 };

static bool backslashes(struct str t, size_t at, size_t count)
{
	if (at > t.len || t.len - at < count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (t.ptr[at + i] != '\\')
			return false;
	return true;
}

/* \uXXXX, with its second half when it is a surrogate pair. */
static size_t unit_json_point(struct str t, size_t at, size_t slashes,
	char out[4], size_t *n)
{
	size_t first = slashes + 5; /* and "uXXXX" */
	uint32_t high;
	uint32_t low;

	if (!hex_number(t, at + slashes + 1, 4, &high))
		return 0;
	if (high < 0xd800 || high > 0xdbff) {
		*n = utf8_put(high, out);
		return first;
	}
	if (!backslashes(t, at + first, slashes) ||
		t.len <= at + first + slashes ||
		t.ptr[at + first + slashes] != 'u' ||
		!hex_number(t, at + first + slashes + 1, 4, &low) ||
		low < 0xdc00 || low > 0xdfff)
		return 0;
	*n = utf8_put(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), out);
	return 2 * first;
}

static size_t unit_json(struct str t, size_t at, unsigned depth, char out[4],
	size_t *n)
{
	static const char from[] = "/bfnrt";
	static const char to[] = "/\b\f\n\r\t";
	size_t slashes = (size_t)1 << (depth - 1);
	const char *hit;

	if (!backslashes(t, at, slashes) || t.len - at == slashes)
		return 0;
	char c = t.ptr[at + slashes];
	if (c == 'u')
		return unit_json_point(t, at, slashes, out, n);
	hit = c ? strchr(from, c) : NULL;
	if (hit) {
		out[0] = to[hit - from];
		return slashes + 1;
	}
	if (backslashes(t, at, 2 * slashes)) {
		out[0] = '\\';
		return 2 * slashes;
	}
	if (backslashes(t, at, 2 * slashes - 1) && t.len - at >= 2 * slashes &&
		t.ptr[at + 2 * slashes - 1] == '"') {
		out[0] = '"';
		return 2 * slashes;
	}
	return 0;
}

/* What an encoded unit at `at` stands for; 0: there is none. */
static size_t unit_decode(struct str t, size_t at, unsigned depth, char out[4],
	size_t *n)
{
	uint32_t v;

	*n = 1;
	if (t.ptr[at] == '%' && hex_number(t, at + 1, 2, &v)) {
		out[0] = (char)v;
		return 3;
	}
	if (t.ptr[at] == '+') {
		out[0] = ' ';
		return 1;
	}
	return unit_json(t, at, depth, out, n);
}

static bool same(char secret, char text, bool base64)
{
	return secret == text ||
	       (base64 && ((secret == '+' && text == '-') ||
				  (secret == '/' && text == '_')));
}

/*
 * Length of the unit at `at` that stands for the beginning of `want`, in one
 * of its encodings.  A byte that an inner JSON left alone is one level less
 * deep than its neighbours; only how many backslashes make one is `depth`.
 */
static size_t unit_match(const struct needle *needle, struct str want,
	struct str t, size_t at, unsigned depth, size_t *ret_bytes)
{
	for (unsigned other = 0; other <= DEPTH_MAX; other++) {
		char out[4];
		size_t n = 0;
		size_t took =
			unit_decode(t, at, other ? other : depth, out, &n);

		if (!took || n > want.len || (other && out[0] == '\\'))
			continue;
		if (n > 1 ? memcmp(out, want.ptr, n) == 0
			  : same(want.ptr[0], out[0], needle->base64)) {
			*ret_bytes = n;
			return took;
		}
	}
	return 0;
}

/* Length of the text that is the needle; 0: it is not. */
static size_t needle_match(const struct needle *needle, struct str t,
	size_t from, unsigned depth, bool raw_first)
{
	struct str s = needle->bytes;
	size_t at = from;
	size_t i = 0;

	while (i < s.len) {
		size_t n = 1;
		size_t took = 0;
		bool raw;

		if (at >= t.len)
			return 0;
		raw = same(s.ptr[i], t.ptr[at], needle->base64);
		if (!raw || !raw_first)
			took = unit_match(needle, str_sub(s, i, s.len), t, at,
				depth, &n);
		if (!took && !raw)
			return 0;
		i += n;
		at += took ? took : 1;
	}
	return at - from;
}

static void match_first(const struct redact *r, struct str t, size_t at,
	unsigned char first, struct match *best)
{
	for (; r; r = r->parent)
		for (const struct needle *n = r->first[first]; n; n = n->next)
			for (unsigned way = 0; way < 2 * DEPTH_MAX; way++) {
				size_t len = needle_match(n, t, at, way / 2 + 1,
					way % 2 == 0);
				if (len > best->len)
					*best = (struct match){ n, len };
			}
}

/* The longest needle that stands at `at`. */
static struct match match_at(const struct redact *r, struct str t, size_t at)
{
	struct match best = { NULL, 0 };
	char out[4];
	size_t n;

	match_first(r, t, at, (unsigned char)t.ptr[at], &best);
	for (unsigned depth = 1; depth <= DEPTH_MAX; depth++) {
		if (!unit_decode(t, at, depth, out, &n))
			break;
		if (out[0] != t.ptr[at])
			match_first(r, t, at, (unsigned char)out[0], &best);
		if (t.ptr[at] != '\\')
			break;
	}
	return best;
}

/* The first that begins before `end`. */
static struct match match_next(const struct redact *r, struct str t, size_t *at,
	size_t end)
{
	for (; *at < t.len && *at < end; (*at)++) {
		struct match m = match_at(r, t, *at);

		if (m.needle)
			return m;
	}
	return (struct match){ NULL, 0 };
}

bool redact_holds(const struct redact *r, struct str text)
{
	size_t at = 0;

	return !redact_empty(r) && match_next(r, text, &at, text.len).needle;
}

static bool write_head(const struct redact *r, struct str text, size_t most,
	struct buf *out)
{
	size_t start = out->len;
	size_t from = 0;

	while (!out->over && from < text.len && out->len - start < most) {
		size_t left = most - (out->len - start);
		size_t at = from;
		size_t end = text.len - from > left ? from + left : text.len;
		struct match m = match_next(r, text, &at, end);

		buf_add(out, str_sub(text, from, at - from));
		from = at + m.len;
		if (m.needle)
			buf_addf(out, "[%.*s]", STR_ARG(m.needle->name));
	}
	return !out->over;
}

bool redact_write(const struct redact *r, struct str text, struct buf *out)
{
	if (redact_empty(r))
		return buf_add(out, text);
	return write_head(r, text, SIZE_MAX, out);
}

struct str redact_head(const struct redact *r, struct arena *a, struct str text,
	size_t most)
{
	struct str result;
	struct buf out;

	if (redact_empty(r))
		return text;
	/* the last that is added may be a name, which is an id */
	buf_init(&out, (most < text.len ? most : text.len) * 12 + 128);
	write_head(r, text, most, &out);
	result = arena_str(a, buf_str(&out));
	buf_done(&out);
	return result;
}

struct str redact_str(const struct redact *r, struct arena *a, struct str text)
{
	struct str result;
	struct buf out;

	if (!redact_holds(r, text))
		return text;
	/* a name is at most as long as an id, a secret at least 6 bytes */
	buf_init(&out, text.len * 12 + 128);
	redact_write(r, text, &out);
	result = arena_str(a, buf_str(&out));
	buf_done(&out);
	return result;
}

static bool shell_plain(struct str s)
{
	if (!s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') ||
			(c && strchr("-_./:@%+,=", c)))
			continue;
		return false;
	}
	return true;
}

static void shell_quote(struct str s, struct buf *out)
{
	if (shell_plain(s)) {
		buf_add(out, s);
		return;
	}
	buf_add_byte(out, '\'');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\'')
			buf_add(out, STR("'\\''"));
		else
			buf_add_byte(out, s.ptr[i]);
	}
	buf_add_byte(out, '\'');
}

static void shell_variable(struct str name, struct buf *out)
{
	buf_add(out, STR("\"$"));
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if ((c < 'A' || c > 'Z') && (c < '0' || c > '9'))
			c = '_';
		buf_add_byte(out, c);
	}
	buf_add_byte(out, '"');
}

void redact_shell(const struct redact *r, struct str word, struct buf *out)
{
	size_t from = 0;

	if (!redact_holds(r, word)) {
		shell_quote(word, out);
		return;
	}
	while (from < word.len) {
		size_t at = from;
		struct match m = match_next(r, word, &at, word.len);

		if (at > from)
			shell_quote(str_sub(word, from, at - from), out);
		if (!m.needle)
			return;
		if (!m.needle->base64)
			shell_variable(m.needle->name, out);
		else
			buf_addf(out, "'[%.*s]'", STR_ARG(m.needle->name));
		from = at + m.len;
	}
}
