#include "cli/explain.h"

#include <stdio.h>

#include "base/codes.h"

/* docs/codes.txt */
extern const char explain_text[];
extern const size_t explain_text_bytes;

static const struct {
	char letter;
	unsigned number;
	const char *title;
} codes[] = {
#define X(letter, number, title) { #letter[0], number, title },
	CODE_MAP(X)
#undef X
};

enum { CODES = sizeof(codes) / sizeof(codes[0]) };

/* --- the text ------------------------------------------------------------ */

static const struct {
	struct str word;
	size_t offset;
} parts[] = {
	{ STR("why: "), offsetof(struct explain, why) },
	{ STR("mend: "), offsetof(struct explain, mend) },
	{ STR("allow: "), offsetof(struct explain, allow) },
	{ STR("run: "), offsetof(struct explain, run) },
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static struct str all_text(void)
{
	return (struct str){ explain_text, explain_text_bytes };
}

/* From `line` on up to its end, or to where the next thing begins. */
static void reach(struct str *part, struct str line)
{
	if (line.len > 0)
		part->len = (size_t)(line.ptr + line.len - part->ptr);
}

/* The part that begins in this line; `behind` is moved over its word. */
static struct str *part_begins(struct explain *x, struct str *line)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (!str_starts(*line, parts[i].word))
			continue;
		*line = str_sub(*line, parts[i].word.len, SIZE_MAX);
		return (struct str *)(void *)((char *)x + parts[i].offset);
	}
	return NULL;
}

/* `text`: what stands between one "=== CODE" and the next. */
static void entry_read(struct str text, struct explain *ret)
{
	struct str *part = &ret->about;

	while (text.ptr) {
		struct str line = str_cut(&text, '\n');
		struct str *begins = NULL;

		if (part != &ret->example)
			begins = part_begins(ret, &line);
		if (part != &ret->example && str_starts(line, STR("--- ")))
			begins = &ret->example;
		if (begins)
			part = begins;
		if (!part->ptr)
			*part = line;
		reach(part, line);
	}
}

static bool mends(const struct explain *x)
{
	struct str rest = x->example;
	struct explain_line line;

	while (explain_line(&rest, &line))
		if (line.mark == EXPLAIN_WRONG || line.mark == EXPLAIN_MENDED)
			return true;
	return false;
}

/* The text behind "=== NAME"; STR_NONE: there is none. */
static struct str entry_find(const char *name)
{
	struct str all = all_text();
	char head[16];

	snprintf(head, sizeof(head), "\n=== %s\n", name);
	size_t at = str_find(all, str_from(head), 0);
	if (at == SIZE_MAX)
		return STR_NONE;
	at += str_from(head).len;
	size_t end = str_find(all, STR("\n=== "), at);
	return str_sub(all, at, end == SIZE_MAX ? end : end - at);
}

bool explain_at(size_t index, struct explain *ret)
{
	struct explain x = { .name = "" };
	struct str text;

	if (index >= CODES)
		return false;
	snprintf(x.name, sizeof(x.name), "%c%03u", codes[index].letter,
		codes[index].number);
	x.title = codes[index].title;
	x.error = codes[index].letter == 'E';
	text = entry_find(x.name);
	if (!text.ptr)
		return false;
	entry_read(text, &x);
	x.mends = mends(&x);
	*ret = x;
	return true;
}

bool explain_find(struct str name, struct explain *ret)
{
	struct explain x;

	for (size_t i = 0; explain_at(i, &x); i++) {
		if (!str_eq_nocase(name, str_from(x.name)))
			continue;
		*ret = x;
		return true;
	}
	return false;
}

/* --- is it whole? --------------------------------------------------------- */

static bool entry_check(const struct explain *x, struct err *e)
{
	const char *lacks = NULL;

	if (x->about.len == 0)
		lacks = "what it means";
	else if (x->why.len == 0)
		lacks = "`why:`";
	else if (x->mend.len == 0)
		lacks = "`mend:`";
	else if (x->example.len == 0)
		lacks = "an example";
	else if (x->error && x->allow.ptr)
		return err_set(e, ERR_CONFIG,
			"docs/codes.txt: %s: an error is never allowed",
			x->name);
	return !lacks ||
	       err_set(e, ERR_CONFIG, "docs/codes.txt: %s does not say %s",
		       x->name, lacks);
}

/* Every "=== X" is the code that comes next, so none is there twice. */
bool explain_check(struct err *e)
{
	struct str rest = all_text();
	size_t n = 0;

	while (rest.ptr) {
		struct str line = str_cut(&rest, '\n');
		struct explain x;

		if (!str_starts(line, STR("=== ")))
			continue;
		line = str_sub(line, 4, SIZE_MAX);
		if (!explain_at(n, &x) || !str_eq(line, str_from(x.name)))
			return err_set(e, ERR_CONFIG,
				"docs/codes.txt: `%.*s` is not the code that "
				"comes next in base/codes.h",
				STR_ARG(line));
		if (!entry_check(&x, e))
			return false;
		n++;
	}
	return n == CODES ||
	       err_set(e, ERR_CONFIG, "docs/codes.txt says nothing of %c%03u",
		       codes[n].letter, codes[n].number);
}

/* --- examples ------------------------------------------------------------- */

bool explain_line(struct str *rest, struct explain_line *ret)
{
	struct str line;

	if (!rest->ptr)
		return false;
	line = str_cut(rest, '\n');
	ret->mark = EXPLAIN_KEPT;
	if (str_starts(line, STR("--- "))) {
		ret->mark = EXPLAIN_FILE;
		ret->text = str_sub(line, 4, SIZE_MAX);
		return true;
	}
	if (str_starts(line, STR("-")))
		ret->mark = EXPLAIN_WRONG;
	else if (str_starts(line, STR("+")))
		ret->mark = EXPLAIN_MENDED;
	ret->text = str_sub(line, 1, SIZE_MAX);
	return true;
}

static size_t files_of(const struct explain *x)
{
	struct str rest = x->example;
	struct explain_line line;
	size_t n = 0;

	while (explain_line(&rest, &line))
		n += line.mark == EXPLAIN_FILE;
	return n;
}

void explain_add_example(struct buf *out, const struct explain *x)
{
	static const char marks[] = { [EXPLAIN_KEPT] = ' ',
		[EXPLAIN_WRONG] = '-',
		[EXPLAIN_MENDED] = '+' };
	bool named = files_of(x) > 1 || x->run.ptr;
	struct str rest = x->example;
	struct explain_line line;

	if (x->run.ptr)
		buf_addf(out, "$ %.*s\n", STR_ARG(x->run));
	while (explain_line(&rest, &line)) {
		if (line.mark != EXPLAIN_FILE && x->mends)
			buf_addf(out, "%c %.*s\n", marks[line.mark],
				STR_ARG(line.text));
		else if (line.mark != EXPLAIN_FILE)
			buf_addf(out, "%.*s\n", STR_ARG(line.text));
		else if (named)
			buf_addf(out, "# %.*s\n", STR_ARG(line.text));
	}
}

void explain_add_command(struct buf *out, const struct explain *x)
{
	struct str rest = x->example;
	struct explain_line line;

	if (x->run.ptr) {
		buf_add(out, x->run);
		return;
	}
	buf_add_z(out, "andon lint");
	while (explain_line(&rest, &line))
		/* what is imported is found by whoever imports it */
		if (line.mark == EXPLAIN_FILE &&
			str_find_byte(line.text, '/', 0) == SIZE_MAX &&
			str_ends(line.text, STR(".yaml")))
			buf_addf(out, " %.*s", STR_ARG(line.text));
}

void explain_add_allow(struct buf *out, const struct explain *x)
{
	if (x->error)
		buf_add_z(out, "An error can not be allowed.");
	else if (x->allow.ptr)
		explain_add_filled(out, x->allow);
	else
		buf_addf(out,
			"Where it is meant, `lint: {allow: [%s]}` allows it: "
			"on the mapping that holds its place, or above.",
			x->name);
}

void explain_add_filled(struct buf *out, struct str part)
{
	while (part.ptr) {
		buf_add(out, str_cut(&part, '\n'));
		if (part.ptr)
			buf_add_byte(out, ' ');
	}
}
