#include "cli/eval_answer.h"

static struct str line_cut(struct str *rest)
{
	struct str line = str_cut(rest, '\n');

	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static struct str trimmed(struct str s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = str_sub(s, 1, SIZE_MAX);
	while (s.len > 0 &&
		(s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* "HTTP/1.1 200 OK"; false: not a status line. */
static bool status_read(struct str line, struct response *r)
{
	struct str version = str_cut(&line, ' ');
	uint64_t status;

	if (!str_starts(version, STR("HTTP/")) ||
		!str_to_u64(str_cut(&line, ' '), &status) || status < 100 ||
		status > 599)
		return false;
	r->status = (uint16_t)status;
	r->http_version = str_sub(version, 5, SIZE_MAX);
	return true;
}

static void headers_read(struct arena *a, struct str *rest, struct response *r)
{
	struct response_header *first = NULL;
	struct response_header **tail = &first;

	while (rest->ptr) {
		struct str value = line_cut(rest);
		struct response_header *h;

		if (value.len == 0)
			break;
		h = ARENA_NEW(a, struct response_header);
		h->name = trimmed(str_cut(&value, ':'));
		h->value = value.ptr ? trimmed(value) : STR("");
		*tail = h;
		tail = &h->next;
	}
	r->headers = first;
}

void eval_answer_read(struct arena *a, struct str text, struct response *ret)
{
	struct response r = { .status = 200,
		.http_version = STR("1.1"),
		.attempts = 1,
		.arena = a };
	struct str rest = text;

	r.body = text;
	while (str_starts(rest, STR("HTTP/")) &&
		status_read(line_cut(&rest), &r)) {
		headers_read(a, &rest, &r);
		r.body = rest.ptr ? rest : STR("");
	}
	*ret = r;
}
