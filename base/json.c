#include "base/json.h"

#include <string.h>

const struct json_limits json_limits_default = { 128, 200000, 16 << 20 };

enum { NODES_FIRST = 16, NODES_MOST = 512 };

struct reader {
	const uint8_t *p, *end, *start;
	char *pool; /* where the next string goes; see json_parse() */
	struct arena *arena;
	struct json *spare; /* nodes not yet used */
	uint32_t nspare, chunk;
	uint32_t nodes, depth;
	const struct json_limits *limits;
	struct json *in; /* the innermost open array or object */
	struct json_error error;
};

static bool fail_at(struct reader *r, const uint8_t *at, const char *text)
{
	r->error.at = (size_t)(at - r->start);
	r->error.text = text;
	return false;
}

static bool fail(struct reader *r, const char *text)
{
	return fail_at(r, r->p, text);
}

/* What stands where something else was wanted. */
static bool fail_wanted(struct reader *r, const char *text)
{
	return fail(r, r->p == r->end ? "the text ends too early" : text);
}

static void skip_space(struct reader *r)
{
	const uint8_t *p = r->p;

	while (p < r->end &&
		(*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	r->p = p;
}

/* Nodes come in growing chunks: one call to the arena for many of them. */
static struct json *node_new(struct reader *r)
{
	if (r->nodes == r->limits->nodes) {
		fail(r, "more values than the limit");
		return NULL;
	}
	if (r->nspare == 0) {
		r->spare = ARENA_ARRAY(r->arena, r->chunk, struct json);
		r->nspare = r->chunk;
		if (r->chunk < NODES_MOST)
			r->chunk *= 2;
	}
	struct json *j = r->spare++;
	r->nspare--;
	r->nodes++;
	return j;
}

/* Length of the well-formed UTF-8 sequence (RFC 3629) at p; 0: there is none.
 */
static size_t utf8_sequence(const uint8_t *p, const uint8_t *end)
{
	uint8_t low = 0x80;
	uint8_t high = 0xbf;
	size_t n;

	if (*p >= 0xc2 && *p <= 0xdf)
		n = 2;
	else if (*p >= 0xe0 && *p <= 0xef)
		n = 3;
	else if (*p >= 0xf0 && *p <= 0xf4)
		n = 4;
	else
		return 0;
	if ((size_t)(end - p) < n)
		return 0;
	/* Overlong forms, surrogates and what is beyond U+10FFFF. */
	if (*p == 0xe0)
		low = 0xa0;
	else if (*p == 0xed)
		high = 0x9f;
	else if (*p == 0xf0)
		low = 0x90;
	else if (*p == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static char *utf8_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*out++ = (char)(0xf0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	}
	return out;
}

static bool hex4(const uint8_t *p, const uint8_t *end, uint32_t *ret)
{
	uint32_t c = 0;

	if (end - p < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		int digit = str_hex_digit((char)p[i]);
		if (digit < 0)
			return false;
		c = c << 4 | (uint32_t)digit;
	}
	*ret = c;
	return true;
}

/* \uXXXX, or two of them for what is beyond U+FFFF; r->p is at the `\`. */
static bool read_unicode(struct reader *r, char **out)
{
	uint32_t c;
	uint32_t low;
	const uint8_t *p = r->p;

	if (!hex4(p + 2, r->end, &c))
		return fail(r, "\\u needs four hexadecimal digits");
	p += 6;
	if (c >= 0xdc00 && c <= 0xdfff)
		return fail(r, "a low surrogate without its high one");
	if (c >= 0xd800 && c <= 0xdbff) {
		if (r->end - p < 6 || p[0] != '\\' || p[1] != 'u' ||
			!hex4(p + 2, r->end, &low) || low < 0xdc00 ||
			low > 0xdfff)
			return fail(r, "a high surrogate without its low one");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		p += 6;
	}
	*out = utf8_put(*out, c);
	r->p = p;
	return true;
}

static bool read_escape(struct reader *r, char **out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";

	if (r->end - r->p < 2)
		return fail_at(r, r->end, "the text ends inside a string");
	if (r->p[1] == 'u')
		return read_unicode(r, out);
	const char *at = r->p[1] ? strchr(from, r->p[1]) : NULL;
	if (!at)
		return fail(r, "no such escape in a string");
	*(*out)++ = to[at - from];
	r->p += 2;
	return true;
}

/*
 * Copies plain characters eight at a time.  A byte of `w` is not plain when
 * it is a control character, `"`, `\` or not ASCII; the subtractions may borrow
 * from the next byte, but only where there is such a byte already.
 */
static char *copy_plain(struct reader *r, char *out)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = UINT64_C(0x8080808080808080);
	const uint8_t *p = r->p;

	while (r->end - p >= 8) {
		uint64_t w;
		memcpy(&w, p, 8);
		uint64_t odd = w | (w - ones * 0x20) |
			       ((w ^ ones * '"') - ones) |
			       ((w ^ ones * '\\') - ones);
		if (odd & tops)
			break;
		memcpy(out, &w, 8);
		out += 8;
		p += 8;
	}
	while (p < r->end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
		*out++ = (char)*p++;
	r->p = p;
	return out;
}

/* r->p is at the opening quote and ends behind the closing one. */
static bool read_string(struct reader *r, struct str *ret)
{
	char *out = r->pool;

	r->p++;
	for (;;) {
		out = copy_plain(r, out);
		if (r->p == r->end)
			return fail(r, "the text ends inside a string");
		if (*r->p == '"')
			break;
		if (*r->p == '\\') {
			if (!read_escape(r, &out))
				return false;
			continue;
		}
		if (*r->p < 0x20)
			return fail(r, "a control character in a string");
		size_t n = utf8_sequence(r->p, r->end);
		if (n == 0)
			return fail(r, "a string is not valid UTF-8");
		memcpy(out, r->p, n);
		out += n;
		r->p += n;
	}
	r->p++;
	*out = '\0';
	*ret = (struct str){ r->pool, (size_t)(out - r->pool) };
	r->pool = out + 1;
	return true;
}

static const uint8_t *skip_digits(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool read_number(struct reader *r, struct str *ret)
{
	const uint8_t *from = r->p;
	const uint8_t *p = from + (*from == '-');
	const uint8_t *digits = p;

	p = skip_digits(p, r->end);
	if (p == digits)
		return fail_at(r, p, "a number needs a digit here");
	if (*digits == '0' && p - digits > 1)
		return fail_at(r, digits, "a number with a leading zero");
	if (p < r->end && *p == '.') {
		digits = ++p;
		p = skip_digits(p, r->end);
		if (p == digits)
			return fail_at(r, p, "a number needs a digit here");
	}
	if (p < r->end && (*p | 0x20) == 'e') {
		p++;
		if (p < r->end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		p = skip_digits(p, r->end);
		if (p == digits)
			return fail_at(r, p, "a number needs a digit here");
	}
	size_t n = (size_t)(p - from);
	memcpy(r->pool, from, n);
	r->pool[n] = '\0';
	*ret = (struct str){ r->pool, n };
	r->pool += n + 1;
	r->p = p;
	return true;
}

static bool read_word(struct reader *r, struct json *j, const char *word,
	enum json_type type)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
		return fail(r, "not a JSON value");
	j->type = type;
	r->p += n;
	return true;
}

/*
 * Makes the node of the next value; inside an object reads its name and the
 * colon too, so that r->p stands before the value.
 */
static struct json *read_place(struct reader *r)
{
	struct json *j = node_new(r);

	if (!j)
		return NULL;
	if (r->in && r->in->type == JSON_OBJECT) {
		if (r->p == r->end || *r->p != '"') {
			fail_wanted(r, "a member needs a name in quotes");
			return NULL;
		}
		if (!read_string(r, &j->key))
			return NULL;
		skip_space(r);
		if (r->p == r->end || *r->p != ':') {
			fail_wanted(r, "a colon is missing after the name");
			return NULL;
		}
		r->p++;
		skip_space(r);
	}
	if (r->in)
		json_append(r->in, j->key, j);
	return j;
}

static bool open_nest(struct reader *r, struct json *j, enum json_type type)
{
	if (r->depth == r->limits->depth)
		return fail(r, "nested deeper than the limit");
	r->depth++;
	r->p++;
	j->type = type;
	r->in = j;
	return true;
}

static bool read_value(struct reader *r, struct json *j)
{
	if (r->p == r->end)
		return fail_wanted(r, "");
	j->at = (uint32_t)(r->p - r->start);
	switch (*r->p) {
	case '{':
		return open_nest(r, j, JSON_OBJECT);
	case '[':
		return open_nest(r, j, JSON_ARRAY);
	case '"':
		j->type = JSON_STRING;
		return read_string(r, &j->text);
	case 't':
		return read_word(r, j, "true", JSON_TRUE);
	case 'f':
		return read_word(r, j, "false", JSON_FALSE);
	case 'n':
		return read_word(r, j, "null", JSON_NULL);
	default:
		if (*r->p != '-' && (*r->p < '0' || *r->p > '9'))
			return fail(r, "not a JSON value");
		j->type = JSON_NUMBER;
		return read_number(r, &j->text);
	}
}

static int closer(const struct json *nest)
{
	return nest->type == JSON_OBJECT ? '}' : ']';
}

/*
 * Closes what ends here.  True when another value follows in r->in; false at
 * the end of the outermost value, or on an error.
 */
static bool read_after(struct reader *r, bool opened)
{
	while (r->in) {
		skip_space(r);
		int c = r->p < r->end ? *r->p : -1;
		if (c == closer(r->in)) {
			r->p++;
			r->depth--;
			r->in = r->in->up;
			opened = false;
			continue;
		}
		if (opened)
			return true;
		if (c != ',')
			return fail_wanted(r,
				"a comma or the closing bracket is missing");
		r->p++;
		skip_space(r);
		if (r->p < r->end && *r->p == closer(r->in))
			return fail(r, "a comma before the closing bracket");
		return true;
	}
	return false;
}

static struct json *read_document(struct reader *r)
{
	struct json *root = NULL;
	bool more = true;

	while (more) {
		struct json *j = read_place(r);
		if (!j || !read_value(r, j))
			return NULL;
		if (!root)
			root = j;
		more = read_after(r, r->in == j);
	}
	if (r->error.text)
		return NULL;
	skip_space(r);
	if (r->p < r->end) {
		fail(r, "text after the end of the value");
		return NULL;
	}
	return root;
}

const struct json *json_parse(struct arena *a, struct str text,
	const struct json_limits *limits, struct json_error *ret_error)
{
	const uint8_t *start = (const uint8_t *)(text.ptr ? text.ptr : "");
	struct reader r = { .p = start,
		.start = start,
		.end = start + text.len,
		.arena = a,
		.chunk = NODES_FIRST,
		.limits = limits ? limits : &json_limits_default };
	const struct json *root = NULL;

	if (text.len > r.limits->bytes || text.len >= UINT32_MAX) {
		fail(&r, "the text is longer than the limit");
		goto out;
	}
	if (text.len >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0) {
		fail(&r, "a byte order mark is not JSON");
		goto out;
	}
	skip_space(&r);
	if (r.p == r.end) {
		fail(&r, "there is no JSON, the text is empty");
		goto out;
	}
	/*
	 * One piece holds all strings: unescaped they are never longer than
	 * written, and what ends a string or a number (a quote, a comma, the
	 * end of the text) makes room for its NUL.
	 */
	r.pool = arena_alloc(a, text.len + 1);
	root = read_document(&r);
out:
	if (!root && ret_error)
		*ret_error = r.error;
	return root;
}
