#include "suites/scalar.h"

/* How often `needle` begins in `s` before the offset `end`. */
static size_t occurrences(struct str s, struct str needle, size_t end)
{
	size_t n = 0;
	size_t at = str_find(s, needle, 0);

	while (at < end) {
		n++;
		at = str_find(s, needle, at + 1);
	}
	return n;
}

static size_t find_nth(struct str s, struct str needle, size_t nth)
{
	size_t at = str_find(s, needle, 0);

	while (at != SIZE_MAX && nth > 0) {
		at = str_find(s, needle, at + 1);
		nth--;
	}
	return at;
}

static struct span span_at(const struct yaml_node *n, size_t offset, size_t len)
{
	struct span where = n->where;

	where.at = n->where.at + (uint32_t)offset;
	where.end = where.at + (uint32_t)(len ? len : 1);
	if (where.end > n->where.end)
		where.end = n->where.end;
	if (where.at > where.end)
		where.at = where.end;
	return where;
}

struct span scalar_span(const struct yaml_node *n, size_t at, size_t len)
{
	if (!n->where.src || n->text.len == 0)
		return n->where;
	struct str raw = str_sub(n->where.src->text, n->where.at,
		n->where.end - n->where.at);
	size_t whole = str_find(raw, n->text, 0);
	if (whole != SIZE_MAX)
		return span_at(n, whole + at, len);
	struct str piece = str_sub(n->text, at, len);
	if (piece.len == 0)
		return n->where;
	size_t found = find_nth(raw, piece, occurrences(n->text, piece, at));
	return found == SIZE_MAX ? n->where : span_at(n, found, len);
}
