#include "cli/lint_show.h"

#include "base/codes.h"
#include "cli/explain.h"

#define SARIF_SCHEMA                                                           \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"  \
	"sarif-schema-2.1.0.json"

static bool is_finding(const struct diag *d)
{
	return d->level == DIAG_ERROR || d->level == DIAG_WARNING;
}

/* --- one JSON object ---------------------------------------------------- */

static void add_text(struct buf *out, const char *key, struct str text)
{
	buf_addf(out, ",\"%s\":", key);
	if (text.ptr)
		buf_add_json(out, text);
	else
		buf_add_z(out, "null");
}

static void finding_json(struct buf *out, const struct diag *d)
{
	struct place p;
	char code[8];

	span_place(d->where, &p);
	diag_code_text(d, code);
	buf_add_z(out, "{\"file\":");
	if (d->where.src)
		buf_add_json(out, d->where.src->name);
	else
		buf_add_z(out, "null");
	if (span_has_place(d->where))
		buf_addf(out,
			",\"line\":%u,\"column\":%u,\"end_line\":%u,"
			"\"end_column\":%u",
			p.line, p.column, p.end_line, p.end_column);
	else
		buf_add_z(out, ",\"line\":null,\"column\":null,"
			       "\"end_line\":null,\"end_column\":null");
	buf_addf(out, ",\"level\":\"%s\"", diag_level_word(d->level));
	add_text(out, "code", code[0] ? str_from(code) : STR_NONE);
	add_text(out, "text", d->text);
	add_text(out, "hint", d->hint);
	buf_add_byte(out, '}');
}

void lint_json(const struct lint_result *r, struct buf *out)
{
	const struct diags *ds = r->ds;

	buf_add_z(out, "{\"findings\":[");
	for (const struct diag *d = ds->first; d; d = d->next) {
		if (d != ds->first)
			buf_add_byte(out, ',');
		finding_json(out, d);
	}
	buf_addf(out,
		"],\"errors\":%u,\"warnings\":%u,\"dropped\":%u,\"files\":%zu,"
		"\"checks\":%zu,\"code\":%d}\n",
		ds->errors, ds->warnings, ds->dropped, r->files, r->checks,
		r->code);
}

/* --- workflow commands -------------------------------------------------- */

/* What a command takes as its end, or a property as the next one. */
static void add_escaped(struct buf *out, struct str s, const char *special)
{
	struct str escape = str_from(special);

	for (size_t i = 0; i < s.len; i++) {
		if (str_find_byte(escape, s.ptr[i], 0) == SIZE_MAX)
			buf_add_byte(out, s.ptr[i]);
		else
			buf_addf(out, "%%%02X", (unsigned char)s.ptr[i]);
	}
}

static void finding_github(struct buf *out, const struct diag *d)
{
	const char *word = is_finding(d) ? diag_level_word(d->level) : "notice";
	struct place p;
	char code[8];

	span_place(d->where, &p);
	buf_addf(out, "::%s ", word);
	if (d->where.src) {
		buf_add_z(out, "file=");
		add_escaped(out, d->where.src->name, "%\r\n:,");
		if (span_has_place(d->where))
			buf_addf(out, ",line=%u,endLine=%u", p.line,
				p.end_line);
		/* columns are for findings on one line only */
		if (span_has_place(d->where) && p.line == p.end_line)
			buf_addf(out, ",col=%u,endColumn=%u", p.column,
				p.end_column);
		buf_add_byte(out, ',');
	}
	diag_code_text(d, code);
	buf_addf(out, "title=andon%s%s::", code[0] ? " " : "", code);
	add_escaped(out, d->text, "%\r\n");
	if (d->hint.ptr) {
		buf_add_z(out, "%0A");
		add_escaped(out, d->hint, "%\r\n");
	}
	buf_add_byte(out, '\n');
}

void lint_github(const struct lint_result *r, struct buf *out)
{
	for (const struct diag *d = r->ds->first; d; d = d->next)
		finding_github(out, d);
}

/* --- SARIF -------------------------------------------------------------- */

static const unsigned rules[] = {
#define X(letter, number, title) (number),
	CODE_MAP(X)
#undef X
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

/* Plain, and as code scanning shows it: with the example as a difference. */
static void add_help(struct buf *out, const struct explain *x, bool markdown)
{
	struct buf text;

	buf_init(&text, EXPLAIN_BYTES_MAX);
	explain_add_filled(&text, x->about);
	buf_add_z(&text, markdown ? "\n\n**Why:** " : "\n\nWhy: ");
	explain_add_filled(&text, x->why);
	buf_add_z(&text, markdown ? "\n\n**Mend:** " : "\n\nMend: ");
	explain_add_filled(&text, x->mend);
	buf_add_z(&text, markdown ? "\n\n```diff\n" : "\n\n");
	explain_add_example(&text, x);
	buf_add_z(&text, markdown ? "```\n\n" : "\n");
	explain_add_allow(&text, x);
	buf_add_json(out, buf_str(&text));
	buf_done(&text);
}

static void add_rules(struct buf *out)
{
	struct explain x;

	for (size_t i = 0; explain_at(i, &x); i++) {
		buf_addf(out,
			"%s{\"id\":\"%s\",\"shortDescription\":{\"text\":",
			i ? "," : "", x.name);
		buf_add_json(out, str_from(x.title));
		buf_add_z(out, "},\"help\":{\"text\":");
		add_help(out, &x, false);
		buf_add_z(out, ",\"markdown\":");
		add_help(out, &x, true);
		buf_addf(out, "},\"defaultConfiguration\":{\"level\":\"%s\"}}",
			x.error ? "error" : "warning");
	}
}

/* A path as a URI: relative ones stay so, below the checked-out folder. */
static void add_uri(struct buf *out, struct str path)
{
	while (str_starts(path, STR("./")))
		path = str_sub(path, 2, SIZE_MAX);
	buf_add_z(out, str_starts(path, STR("/")) ? "\"file://" : "\"");
	while (path.ptr) {
		struct str part = str_cut(&path, '/');

		buf_add_percent(out, part);
		if (path.ptr)
			buf_add_byte(out, '/');
	}
	buf_add_byte(out, '"');
}

static void add_location(struct buf *out, const struct diag *d)
{
	struct place p;

	span_place(d->where, &p);
	buf_add_z(out, "\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
	add_uri(out, d->where.src->name);
	buf_add_byte(out, '}');
	if (span_has_place(d->where))
		buf_addf(out,
			",\"region\":{\"startLine\":%u,\"startColumn\":%u,"
			"\"endLine\":%u,\"endColumn\":%u}",
			p.line, p.column, p.end_line, p.end_column);
	buf_add_byte(out, '}');
}

static void add_message(struct buf *out, const struct diag *d)
{
	buf_add_z(out, "\"message\":{\"text\":");
	if (d->hint.ptr) {
		struct buf both;

		buf_init(&both, d->text.len + d->hint.len + 2);
		buf_addf(&both, "%.*s: %.*s", STR_ARG(d->text),
			STR_ARG(d->hint));
		buf_add_json(out, buf_str(&both));
		buf_done(&both);
	} else {
		buf_add_json(out, d->text);
	}
	buf_add_byte(out, '}');
}

static void add_related(struct buf *out, const struct diag *note)
{
	bool first = true;

	for (; note && !is_finding(note); note = note->next) {
		if (!note->where.src)
			continue;
		buf_add_z(out, first ? ",\"relatedLocations\":[{" : ",{");
		add_location(out, note);
		buf_add_byte(out, ',');
		add_message(out, note);
		buf_add_byte(out, '}');
		first = false;
	}
	if (!first)
		buf_add_byte(out, ']');
}

static size_t rule_of(const struct diag *d)
{
	size_t i = 0;

	while (i < RULES - 1 && rules[i] != d->code)
		i++;
	return i;
}

static void finding_sarif(struct buf *out, const struct diag *d)
{
	char code[8];

	diag_code_text(d, code);
	buf_addf(out, "{\"ruleId\":\"%s\",\"ruleIndex\":%zu,\"level\":\"%s\",",
		code, rule_of(d), diag_level_word(d->level));
	add_message(out, d);
	if (d->where.src) {
		buf_add_z(out, ",\"locations\":[{");
		add_location(out, d);
		buf_add_z(out, "}]");
	}
	add_related(out, d->next);
	buf_add_byte(out, '}');
}

void lint_sarif(const struct lint_result *r, struct buf *out)
{
	bool first = true;

	buf_addf(out,
		"{\"$schema\":\"%s\",\"version\":\"2.1.0\",\"runs\":[{\"tool\":"
		"{\"driver\":{\"name\":\"andon\",\"version\":\"%s\",\"rules\":"
		"[",
		SARIF_SCHEMA, ANDON_VERSION);
	add_rules(out);
	buf_addf(out,
		"]}},\"columnKind\":\"unicodeCodePoints\",\"invocations\":["
		"{\"executionSuccessful\":true,\"exitCode\":%d}],"
		"\"results\":[",
		r->code);
	for (const struct diag *d = r->ds->first; d; d = d->next) {
		if (!is_finding(d))
			continue;
		if (!first)
			buf_add_byte(out, ',');
		finding_sarif(out, d);
		first = false;
	}
	buf_add_z(out, "]}]}\n");
}
