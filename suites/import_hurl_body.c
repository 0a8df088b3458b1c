#include <ctype.h>
#include <string.h>

#include "suites/import_hurl.h"

/* The bodies of a Hurl file: JSON, XML, multiline strings, bytes, files. */
enum { TEXT_MAX = 2 * IMPORT_BYTES_MAX, JSON_DEPTH_MAX = 512 };

bool hurl_bytes_ahead(const struct hurl *h)
{
	return hurl_ahead(h, "base64,") || hurl_ahead(h, "hex,") ||
	       hurl_ahead(h, "file,");
}

bool hurl_body_ahead(const struct hurl *h)
{
	char c = hurl_peek(h);

	if (hurl_bytes_ahead(h) || hurl_ahead(h, "{{"))
		return true;
	if (c == '[') /* a section is not a body */
		return h->at + 1 < h->s.len &&
		       !isupper((unsigned char)h->s.ptr[h->at + 1]);
	return c == '{' || c == '<' || c == '`' || c == '"' || c == '-' ||
	       isdigit((unsigned char)c) || hurl_ahead(h, "true") ||
	       hurl_ahead(h, "false") || hurl_ahead(h, "null");
}

bool hurl_bytes(struct hurl *h, struct hurl_body *ret)
{
	size_t from = h->at;
	struct hurl_text t;

	*ret = (struct hurl_body){ .kind = HURL_BODY_BYTES };
	if (hurl_take(h, "file,")) {
		hurl_spaces(h);
		if (!hurl_text(h, HURL_FILE, &t))
			return false;
		hurl_plain(h, &t, from, "the name of a file");
		ret->kind = HURL_BODY_FILE;
		ret->text = t.raw;
		return hurl_take(h, ";") || hurl_bad(h, "`;` is expected");
	}
	bool hex = hurl_take(h, "hex,");
	if (!hex)
		hurl_take(h, "base64,");
	size_t start = h->at;
	size_t end = str_find_byte(h->s, ';', start);
	if (end == SIZE_MAX)
		return hurl_bad(h, "no `;` that ends it");
	struct str text = str_sub(h->s, start, end - start);
	if (!(hex ? import_unhex(h->im.a, text, &ret->text)
		  : import_unbase64(h->im.a, text, &ret->text)))
		return hurl_bad(h, hex ? "not hex digits" : "not base64");
	h->at = end + 1;
	return true;
}

/* --- JSON --- */

struct json_reader {
	struct buf out;
	unsigned depth;
	bool quoted;
};

static bool json_step(struct hurl *h, struct json_reader *r)
{
	char c = hurl_peek(h);
	struct str known;

	if (hurl_ahead(h, "{{") &&
		(r->quoted ||
			(h->at + 2 < h->s.len &&
				(isalpha((unsigned char)h->s.ptr[h->at + 2]) ||
					h->s.ptr[h->at + 2] == ' '))))
		return hurl_placeholder(h, !r->quoted, &r->out, &known);
	if (r->quoted && c == '\\' && h->at + 1 < h->s.len) {
		buf_add_byte(&r->out, c);
		c = h->s.ptr[++h->at];
	} else if (c == '"') {
		r->quoted = !r->quoted;
	} else if (!r->quoted && (c == '{' || c == '[')) {
		r->depth++;
	} else if (!r->quoted && (c == '}' || c == ']')) {
		if (r->depth == 0)
			return hurl_bad(h, "closed more than was opened");
		r->depth--;
	}
	if (c == '{' && r->out.len && r->out.ptr[r->out.len - 1] == '$')
		buf_add_byte(&r->out, '$');
	buf_add_byte(&r->out, c);
	h->at++;
	return true;
}

/* As it is written, white space and all: what Hurl sends. */
static bool body_json(struct hurl *h, struct hurl_body *ret)
{
	struct json_reader r = { 0 };
	char c = hurl_peek(h);
	bool nested = c == '{' || c == '[';
	bool ok = true;

	buf_init(&r.out, TEXT_MAX);
	if (hurl_ahead(h, "{{"))
		nested = false;
	do {
		if (h->at >= h->s.len)
			ok = hurl_bad(h, "the JSON does not end");
		else
			ok = json_step(h, &r);
		if (ok && r.depth > JSON_DEPTH_MAX)
			ok = hurl_bad(h, "JSON that is nested too deep");
		if (ok && !r.quoted && r.depth == 0) {
			c = hurl_peek(h);
			if (nested || c == '\0' || isspace((unsigned char)c) ||
				c == '#')
				break;
		}
	} while (ok);
	*ret = (struct hurl_body){ .type = "application/json" };
	ret->text = r.out.len ? arena_str(h->im.a, buf_str(&r.out)) : STR("");
	buf_done(&r.out);
	return ok;
}

/* --- XML --- */

static bool skip_to(struct hurl *h, const char *end)
{
	size_t at = str_find(h->s, str_from(end), h->at);

	if (at == SIZE_MAX)
		return hurl_bad(h, "the XML does not end");
	h->at = at + strlen(end);
	return true;
}

/* A tag, with its quotes; *depth changes by it. */
static bool xml_tag(struct hurl *h, int *depth)
{
	bool closing = h->at + 1 < h->s.len && h->s.ptr[h->at + 1] == '/';
	char quote = 0;

	for (; h->at < h->s.len; h->at++) {
		char c = h->s.ptr[h->at];
		if (quote) {
			if (c == quote)
				quote = '\0';
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '>') {
			bool empty = h->s.ptr[h->at - 1] == '/';
			h->at++;
			*depth += closing ? -1 : empty ? 0 : 1;
			return true;
		}
	}
	return hurl_bad(h, "a tag without its end");
}

static bool xml_piece(struct hurl *h, int *depth, bool *seen)
{
	if (hurl_ahead(h, "<!--"))
		return skip_to(h, "-->");
	if (hurl_ahead(h, "<![CDATA["))
		return skip_to(h, "]]>");
	if (hurl_ahead(h, "<?"))
		return skip_to(h, "?>");
	if (hurl_ahead(h, "<!"))
		return skip_to(h, ">");
	if (hurl_peek(h) != '<') {
		h->at++;
		return true;
	}
	*seen = true;
	return xml_tag(h, depth);
}

static bool body_xml(struct hurl *h, struct hurl_body *ret)
{
	size_t from = h->at;
	bool seen = false;
	int depth = 0;

	while (!seen || depth > 0) {
		if (h->at >= h->s.len)
			return hurl_bad(h, "the XML does not end");
		if (!xml_piece(h, &depth, &seen))
			return false;
	}
	*ret = (struct hurl_body){ .type = "application/xml" };
	ret->text = import_literal(h->im.a, str_sub(h->s, from, h->at - from));
	return true;
}

/* --- multiline strings --- */

struct fence {
	char kind[16];
	bool escape, variables;
};

/* ```json,escape */
static bool fence_line(struct hurl *h, struct fence *ret)
{
	size_t end = str_find_byte(h->s, '\n', h->at);
	struct str line =
		str_sub(h->s, h->at, end == SIZE_MAX ? SIZE_MAX : end - h->at);
	bool first = true;

	*ret = (struct fence){ .variables = true };
	/* ```text``` on one line has no kind */
	if (end == SIZE_MAX || str_find(line, STR("```"), 0) != SIZE_MAX)
		return true;
	h->at = end + 1;
	struct str rest = str_trim(line);
	while (rest.ptr) {
		struct str word = str_trim(str_cut(&rest, ','));
		if (str_eq(word, STR("escape")))
			ret->escape = true;
		else if (str_eq(word, STR("novariable")))
			ret->variables = false;
		else if (first && word.len < sizeof(ret->kind))
			memcpy(ret->kind, word.ptr, word.len);
		else
			return hurl_bad(h, "an unknown attribute of a "
					   "multiline string");
		first = false;
	}
	return true;
}

/* {"query": ..., "variables": ...}: the text that Hurl sends */
static bool graphql(struct hurl *h, struct hurl_text *t, size_t from,
	struct hurl_body *ret)
{
	size_t at = str_find(t->text, STR("\nvariables"), 0);
	struct str query = str_sub(t->text, 0, at);
	struct json_error why;
	struct buf b;
	bool ok = true;

	query = str_trim(query);
	buf_init(&b, TEXT_MAX);
	buf_add_z(&b, "{\"query\":");
	buf_add_json(&b, query);
	if (at != SIZE_MAX) {
		struct str vars = str_trim(str_sub(t->text, at + 10, SIZE_MAX));
		const struct json *j =
			json_parse(h->im.a, vars, &json_limits_default, &why);
		buf_add_z(&b, ",\"variables\":");
		if (j)
			json_write(&b, j);
		else if (str_find(t->text, STR("${"), 0) == SIZE_MAX)
			ok = hurl_bad(h, "the variables of a GraphQL query are "
					 "not JSON");
		else
			import_cannot(&h->im, hurl_span(h, from),
				"{{...}} as a value of GraphQL's variables");
	}
	buf_add_byte(&b, '}');
	*ret = (struct hurl_body){ .type = "application/json",
		.text = arena_str(h->im.a, buf_str(&b)) };
	buf_done(&b);
	return ok;
}

static bool body_fenced(struct hurl *h, struct hurl_body *ret)
{
	size_t from = h->at;
	struct hurl_text t;
	struct fence f;

	h->at += 3;
	if (!fence_line(h, &f) || !hurl_fenced(h, f.escape, f.variables, &t))
		return false;
	if (strcmp(f.kind, "graphql") == 0)
		return graphql(h, &t, from, ret);
	*ret = (struct hurl_body){ .text = hurl_as_text(h, &t) };
	if (strcmp(f.kind, "json") == 0) {
		ret->type = "application/json";
	} else if (strcmp(f.kind, "xml") == 0) {
		ret->type = "application/xml";
	} else if (strcmp(f.kind, "hex") == 0 ||
		   strcmp(f.kind, "base64") == 0) {
		ret->kind = HURL_BODY_BYTES;
		if (!(f.kind[0] == 'h'
				    ? import_unhex(h->im.a, t.raw, &ret->text)
				    : import_unbase64(h->im.a, t.raw,
					      &ret->text)))
			return hurl_bad(h, "not the bytes that it says");
	} else if (f.kind[0] && strcmp(f.kind, "raw") != 0) {
		import_cannot(&h->im, hurl_span(h, from),
			"a multiline string of the kind `%s`", f.kind);
	}
	return true;
}

bool hurl_body(struct hurl *h, struct hurl_body *ret)
{
	struct hurl_text t;

	if (hurl_bytes_ahead(h))
		return hurl_bytes(h, ret);
	if (hurl_ahead(h, "```"))
		return body_fenced(h, ret);
	if (hurl_peek(h) == '<')
		return body_xml(h, ret);
	if (hurl_peek(h) != '`')
		return body_json(h, ret);
	if (!hurl_text(h, HURL_TICKED, &t))
		return false;
	*ret = (struct hurl_body){ .text = hurl_as_text(h, &t) };
	return true;
}

void hurl_body_check(struct hurl *h, const struct hurl_body *b, size_t from)
{
	struct json *check = json_new(h->im.a, JSON_OBJECT);
	struct json *null = json_new(h->im.a, JSON_NULL);
	struct buf hex;

	(void)from;
	if (b->kind == HURL_BODY_BYTES) {
		buf_init(&hex, TEXT_MAX);
		buf_add_hex(&hex, b->text);
		import_put_raw(&h->im, check, "bytes", null);
		import_put(&h->im, check, "filter", STR("toHex"));
		import_put(&h->im, check, "equals",
			hex.len ? buf_str(&hex) : STR(""));
		buf_done(&hex);
	} else if (b->kind == HURL_BODY_FILE) {
		import_put_raw(&h->im, check, "bytes", null);
		import_put(&h->im, check, "equals",
			arena_printf(h->im.a, "${file('%.*s')}",
				STR_ARG(b->text)));
	} else {
		import_put_raw(&h->im, check, "body", null);
		import_put(&h->im, check, "equals", b->text);
	}
	json_append(h->checks, STR_NONE, check);
}
