#include "runner/head.h"

#include <string.h>

void head_init(struct head *h, struct arena *a)
{
	memset(h, 0, sizeof(*h));
	h->arena = a;
}

static bool refuse(struct head *h, const char *why)
{
	h->why = why;
	return false;
}

/* HTTP/1.1 200 OK: a new head begins, what came before was a 1xx. */
static bool status_line(struct head *h, struct str line)
{
	size_t at = str_find_byte(line, ' ', 0);
	uint64_t status = 0;

	if (at == SIZE_MAX || !str_to_u64(str_sub(line, at + 1, 3), &status) ||
		status < 100)
		return refuse(h, "malformed status line");
	if (h->any && h->status >= 200)
		return refuse(h, "a second answer in one");
	if (status == 101)
		return refuse(h, "switches protocols, which nobody asked for");
	h->first = h->last = NULL;
	h->has_length = h->has_coding = false;
	h->status = (uint16_t)status;
	h->any = true;
	return true;
}

/* "5" or "5, 5"; RFC 9110 section 8.6 */
static bool content_length(struct head *h, struct str value)
{
	while (value.ptr) {
		struct str one = str_trim(str_cut(&value, ','));
		uint64_t n;

		if (!str_to_u64(one, &n) || n > INT64_MAX)
			return refuse(h, "malformed Content-Length");
		if (h->has_length && n != h->length)
			return refuse(h, "two different Content-Lengths");
		h->has_length = true;
		h->length = n;
	}
	return true;
}

static bool head_end(struct head *h)
{
	if (h->status >= 200)
		h->done = true;
	if (h->has_length && h->has_coding)
		return refuse(h,
			"Content-Length together with Transfer-Encoding");
	return true;
}

/* A line that begins with white space goes on with the one before. */
static bool fold(struct head *h, struct str line)
{
	if (!h->last)
		return refuse(h, "malformed header");
	h->last->value = arena_printf(h->arena, "%.*s %.*s",
		STR_ARG(h->last->value), STR_ARG(str_trim(line)));
	return true;
}

static bool header(struct head *h, struct str line)
{
	struct response_header *hd;
	struct str rest = line;
	struct str name = str_cut(&rest, ':');

	if (!rest.ptr || !name.len || str_find_byte(name, ' ', 0) != SIZE_MAX)
		return refuse(h, "malformed header");
	if (memchr(line.ptr, '\0', line.len))
		return refuse(h, "NUL in a header");
	hd = ARENA_NEW(h->arena, struct response_header);
	hd->name = arena_str(h->arena, name);
	hd->value = arena_str(h->arena, str_trim(rest));
	if (h->last)
		h->last->next = hd;
	else
		h->first = hd;
	h->last = hd;
	if (str_eq_nocase(name, STR("Content-Length")))
		return content_length(h, hd->value);
	if (str_eq_nocase(name, STR("Transfer-Encoding")))
		h->has_coding = true;
	return true;
}

bool head_line(struct head *h, struct str line)
{
	h->bytes += line.len;
	h->lines++;
	if (h->bytes > HEAD_BYTES_MAX || h->lines > HEAD_LINES_MAX)
		return refuse(h, "headers too large");
	if (line.len && line.ptr[line.len - 1] == '\n')
		line.len--;
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (h->done)
		return true; /* a trailer */
	if (str_starts(line, STR("HTTP/")))
		return status_line(h, line);
	if (!h->any)
		return refuse(h, "no status line");
	if (!line.len)
		return head_end(h);
	if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
		return fold(h, line);
	return header(h, line);
}

enum coding head_coding(const struct head *h)
{
	enum coding coding = CODING_NONE;

	for (const struct response_header *i = h->first; i; i = i->next) {
		struct str rest = i->value;

		if (!str_eq_nocase(i->name, STR("Content-Encoding")))
			continue;
		while (rest.ptr) {
			struct str one = str_trim(str_cut(&rest, ','));

			if (!one.len || str_eq_nocase(one, STR("identity")))
				continue;
			if (coding != CODING_NONE)
				return CODING_UNKNOWN; /* one over another */
			if (str_eq_nocase(one, STR("gzip")) ||
				str_eq_nocase(one, STR("x-gzip")))
				coding = CODING_GZIP;
			else if (str_eq_nocase(one, STR("deflate")))
				coding = CODING_DEFLATE;
			else
				return CODING_UNKNOWN;
		}
	}
	return coding;
}
