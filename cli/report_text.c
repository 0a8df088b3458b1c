#include <stdio.h>

#include "base/units.h"
#include "cli/command.h"
#include "cli/report.h"

enum {
	NAME_COLUMNS_MAX = 28,
	BODY_LINES_MAX = 8,
	BODY_COLUMNS_MAX = 160,
	ASSERTION_COLUMNS_MAX = 110
};

struct look {
	const char *symbol, *ascii, *word, *colour;
};

#define GREEN  "\x1b[32m"
#define RED    "\x1b[31m"
#define YELLOW "\x1b[33m"
#define DIM    "\x1b[2m"

static const struct look looks[OUTCOMES] = {
	[OUTCOME_PASS] = { "\xe2\x9c\x93", "+", "pass", GREEN },
	[OUTCOME_FAIL] = { "\xe2\x9c\x97", "x", "fail", RED },
	[OUTCOME_ERROR] = { "\xe2\x9c\x97", "x", "error", RED },
	[OUTCOME_RUNNER_ERROR] = { "!", "!", "runner error", YELLOW },
	[OUTCOME_SKIPPED] = { "-", "-", "skipped", DIM },
	[OUTCOME_LATE] = { "-", "-", "late", DIM },
};

struct page {
	struct buf *out;
	const struct report_style *style;
	size_t name_columns; /* of the run that is shown */
};

static const char *pick(const struct page *p, const char *utf8,
	const char *ascii)
{
	return p->style->utf8 ? utf8 : ascii;
}

static void coloured(const struct page *p, const char *colour, const char *text)
{
	if (p->style->colour)
		buf_add_z(p->out, colour);
	buf_add_z(p->out, text);
	if (p->style->colour)
		buf_add_z(p->out, "\x1b[0m");
}

static void symbol(const struct page *p, enum outcome o)
{
	const struct look *k = &looks[o];

	coloured(p, k->colour, pick(p, k->symbol, k->ascii));
	buf_addf(p->out, " %-7s ", k->word);
}

/* What comes from outside, filled up to a column. */
static void column(const struct page *p, struct str s, size_t width)
{
	size_t from = p->out->len;

	buf_add_visible(p->out, s);
	size_t shown = str_codepoints(str_sub(buf_str(p->out), from, SIZE_MAX));
	for (; shown < width; shown++)
		buf_add_byte(p->out, ' ');
}

static const char *bar(const struct page *p)
{
	return pick(p, "\xe2\x94\x82", "|");
}

/* "     17 | ", with the line of the file that says it; 0: with none. */
static void gutter(const struct page *p, unsigned line)
{
	if (line)
		buf_addf(p->out, "%7u %s ", line, bar(p));
	else
		buf_addf(p->out, "        %s ", bar(p));
}

/* Lines are those of the file that `place` names: of others, none. */
static unsigned line_of(const struct step_report *s, const struct assertion *a)
{
	struct place at;

	if (!a->where.src || !str_starts(s->place, a->where.src->name))
		return 0;
	span_place(a->where, &at);
	return at.line;
}

/* What is too long for one line: what came, and what differs, below it. */
static void assertion_below(const struct page *p, const struct assertion *a)
{
	struct str got = a->actual;
	struct str notes = STR("");

	/* behind " (", before ")" */
	if (a->note.len && got.len > a->note.len + 3 &&
		str_eq(str_sub(got, got.len - a->note.len - 1, a->note.len),
			a->note)) {
		notes = a->note;
		got.len -= a->note.len + 3;
	}
	gutter(p, 0);
	buf_add_z(p->out, a->budget ? "    undecided: " : "    got ");
	buf_add_visible(p->out, got);
	buf_add_byte(p->out, '\n');
	while (notes.len) {
		size_t end = str_find(notes, STR("; "), 0);
		struct str one = str_sub(notes, 0, end);

		gutter(p, 0);
		buf_add_z(p->out, "    ");
		buf_add_visible(p->out, one);
		buf_add_byte(p->out, '\n');
		notes = end == SIZE_MAX ? STR("")
					: str_sub(notes, end + 2, SIZE_MAX);
	}
}

static void assertion_text(const struct page *p, const struct step_report *s,
	const struct assertion *a, const char *mark)
{
	bool missed = !a->ok || a->budget;
	bool below =
		missed && a->text.len + a->actual.len > ASSERTION_COLUMNS_MAX;

	gutter(p, line_of(s, a));
	buf_addf(p->out, "%s ", mark);
	buf_add_visible(p->out, a->text);
	if (missed && !below) {
		buf_add_z(p->out,
			a->budget ? pick(p, "   \xe2\x86\x90 undecided: ",
					    "   <- undecided: ")
				  : pick(p, "   \xe2\x86\x90 got ",
					    "   <- got "));
		buf_add_visible(p->out, a->actual);
	}
	if (missed && str_find(a->text, a->expected, 0) == SIZE_MAX) {
		buf_add_z(p->out, "   expected ");
		buf_add_visible(p->out, a->expected);
	}
	buf_add_byte(p->out, '\n');
	if (below)
		assertion_below(p, a);
}

static void assertions(const struct page *p, const struct step_report *s)
{
	for (const struct assertion *a = s->expect; a; a = a->next)
		if (!a->ok || a->budget)
			assertion_text(p, s, a, looks[OUTCOME_FAIL].ascii);
		else if (p->style->verbose)
			assertion_text(p, s, a, looks[OUTCOME_PASS].ascii);
	for (const struct assertion *a = s->warn; a; a = a->next)
		if (!a->ok || a->budget)
			assertion_text(p, s, a, "warn");
}

static bool same_attempt(const struct attempt_report *a,
	const struct attempt_report *b)
{
	return a->outcome == b->outcome && a->reason == b->reason &&
	       a->status == b->status && str_eq(a->message, b->message);
}

/* Each of them; what came several times in a row, once. */
static void attempts(const struct page *p, const struct step_report *s)
{
	unsigned n = 1;
	char took[32];

	if (s->attempts < 2 || (!p->style->verbose && outcome_ok(s->outcome)))
		return;
	for (const struct attempt_report *t = s->attempt; t; t = t->next, n++) {
		unsigned first = n;
		uint64_t us = t->took_us;

		while (t->next && same_attempt(t, t->next)) {
			t = t->next;
			us += t->took_us;
			n++;
		}
		gutter(p, 0);
		if (n > first)
			buf_addf(p->out, "attempts %u-%u: ", first, n);
		else
			buf_addf(p->out, "attempt %u: ", n);
		buf_add_z(p->out, outcome_token(t->outcome));
		if (t->status)
			buf_addf(p->out, " %u", t->status);
		buf_addf(p->out, ", %s%s  ", units_took_text(us, took),
			n > first ? " in all" : "");
		buf_add_visible(p->out, t->message);
		buf_add_byte(p->out, '\n');
	}
}

/* A few lines of a body, none of them longer than a screen is wide. */
static void body_text(const struct page *p, const struct step_report *s)
{
	struct str rest = s->body;
	int n = 0;

	if (s->body.len == 0)
		return;
	gutter(p, 0);
	buf_add_z(p->out, "body");
	if (s->type.len > 0) {
		buf_add_z(p->out, " of ");
		buf_add_visible(p->out, s->type);
	}
	buf_add_z(p->out, ":\n");
	while (rest.ptr && n < BODY_LINES_MAX) {
		struct str line = str_cut(&rest, '\n');
		if (str_ends(line, STR("\r")))
			line.len--;
		if (line.len == 0)
			continue;
		buf_addf(p->out, "        %s ", bar(p));
		size_t at = 0;
		uint32_t point;
		for (int k = 0; k < BODY_COLUMNS_MAX && at < line.len; k++)
			at += str_decode(line, at, &point);
		buf_add_visible(p->out, str_sub(line, 0, at));
		buf_add_z(p->out, at < line.len ? " ...\n" : "\n");
		n++;
	}
	if (rest.len > 0)
		buf_addf(p->out, "        %s ...\n", bar(p));
}

static bool trace_known(const struct run_report *r)
{
	for (size_t i = 0; i < sizeof(r->trace_id); i++)
		if (r->trace_id[i])
			return true;
	return false;
}

/* In milliseconds; nothing of what did not happen. */
static void phases(const struct page *p, const struct step_report *s,
	const char *lead)
{
	const char *dot = pick(p, "\xc2\xb7", "-");

	if (s->ttfb_us == 0)
		return;
	buf_add_z(p->out, lead);
	if (s->dns_us || s->connect_us)
		buf_addf(p->out, "dns %u %s tcp %u %s ", s->dns_us / 1000, dot,
			s->connect_us / 1000, dot);
	if (s->tls_us)
		buf_addf(p->out, "tls %u %s ", s->tls_us / 1000, dot);
	buf_addf(p->out, "wait %u", s->ttfb_us / 1000);
}

/* Below a step that did not pass: what was asked, what came, how to repeat. */
static void failure(const struct page *p, const struct run_report *r,
	const struct step_report *s)
{
	struct buf *out = p->out;

	if (s->url.len > 0) {
		buf_addf(out, "      %s ", pick(p, "\xe2\x86\x92", "->"));
		buf_add_visible(out, s->method);
		buf_add_byte(out, ' ');
		buf_add_visible(out, s->url);
		if (s->address.len > 0) {
			buf_add_z(out, "  (");
			buf_add_visible(out, s->address);
			buf_add_byte(out, ')');
		}
		buf_add_byte(out, '\n');
	}
	assertions(p, s);
	attempts(p, s);
	body_text(p, s);
	if (s->ttfb_us) {
		phases(p, s, "      timing ");
		buf_addf(out, " %s body %u ms\n", pick(p, "\xc2\xb7", "-"),
			s->transfer_us / 1000);
	}
	if (trace_known(r)) {
		buf_add_z(out, "      trace ");
		buf_add_hex(out, (struct str){ (const char *)r->trace_id,
					 sizeof(r->trace_id) });
		buf_add_byte(out, '\n');
	}
	if (s->place.len > 0) {
		buf_add_z(out, "      place ");
		buf_add_visible(out, s->place);
		buf_add_byte(out, '\n');
	}
	if (s->curl.len > 0) {
		buf_add_z(out, "      repeat: ");
		buf_add_visible(out, s->curl);
		buf_add_byte(out, '\n');
	}
}

static bool all_ok(const struct assertion *a)
{
	while (a && a->ok && !a->budget)
		a = a->next;
	return a == NULL;
}

static void step_line(const struct page *p, const struct step_report *s)
{
	char status[16] = "";
	char took[32];
	struct buf *out = p->out;

	buf_add_z(out, "  ");
	symbol(p, s->outcome);
	column(p, s->name, p->name_columns);
	if (s->outcome == OUTCOME_SKIPPED) {
		buf_add_z(out, "  ");
		buf_add_visible(out, s->message);
		buf_add_byte(out, '\n');
		return;
	}
	if (s->status)
		snprintf(status, sizeof(status), "%u", s->status);
	buf_addf(out, "  %3s  %8s", status, units_took_text(s->took_us, took));
	if (s->outcome != OUTCOME_PASS) {
		buf_add_z(out, "  ");
		buf_add_visible(out, s->message);
	} else {
		phases(p, s, "  ");
	}
	if (s->flaky)
		buf_addf(out, "  flaky: %u attempts", s->attempts);
	else if (s->attempts > 1 && s->outcome == OUTCOME_PASS)
		buf_addf(out, "  %u attempts", s->attempts);
	if (s->degraded)
		buf_add_z(out, "  degraded: a warning missed");
	buf_add_byte(out, '\n');
}

static void step_text(const struct page *p, const struct run_report *r,
	const struct step_report *s)
{
	step_line(p, s);
	if (s->outcome == OUTCOME_SKIPPED)
		return;
	if (s->outcome != OUTCOME_PASS) {
		failure(p, r, s);
	} else if (p->style->verbose || !all_ok(s->warn)) {
		assertions(p, s);
		attempts(p, s);
	}
}

static size_t name_columns(const struct run_report *r)
{
	size_t most = 8;

	for (const struct step_report *s = r->steps; s; s = s->next) {
		size_t n = str_codepoints(s->name);
		if (n > most)
			most = n;
	}
	return most < NAME_COLUMNS_MAX ? most : NAME_COLUMNS_MAX;
}

static void run_text(struct page *p, const struct run_report *r)
{
	struct buf *out = p->out;
	char took[32];

	p->name_columns = name_columns(r);
	buf_add_byte(out, ' ');
	symbol(p, r->outcome);
	report_add_run_name(out, r->job);
	buf_add_z(out, " @ ");
	buf_add_visible(out, r->job->region->full);
	if (r->address.len > 0) {
		buf_add_z(out, " at ");
		buf_add_visible(out, r->address);
	}
	buf_addf(out, "  %s", units_took_text(r->took_us, took));
	if (r->version.len > 0) {
		buf_add_z(out, "  version ");
		buf_add_visible(out, r->version);
	}
	buf_add_byte(out, '\n');
	/* Else a step says it. */
	if (r->outcome != OUTCOME_PASS && !r->failed) {
		buf_add_z(out, "      ");
		buf_add_visible(out,
			r->message.len ? r->message
				       : str_from(outcome_text(r->outcome)));
		buf_add_byte(out, '\n');
	}
	for (const struct step_report *s = r->steps; s; s = s->next)
		step_text(p, r, s);
}

static void summary(const struct page *p, const struct once_result *r)
{
	static const enum outcome order[] = { OUTCOME_FAIL, OUTCOME_ERROR,
		OUTCOME_RUNNER_ERROR, OUTCOME_PASS, OUTCOME_SKIPPED,
		OUTCOME_LATE };
	static const char *const words[OUTCOMES] = { [OUTCOME_PASS] = "passed",
		[OUTCOME_FAIL] = "failed",
		[OUTCOME_ERROR] = "with an error",
		[OUTCOME_RUNNER_ERROR] = "with a runner error",
		[OUTCOME_SKIPPED] = "skipped",
		[OUTCOME_LATE] = "late" };
	int code = report_exit_code(r);
	enum outcome as = code == EXIT_PASS   ? OUTCOME_PASS
			  : code == EXIT_FAIL ? OUTCOME_FAIL
					      : OUTCOME_RUNNER_ERROR;
	bool first = true;
	char took[32];

	buf_add_byte(p->out, ' ');
	coloured(p, looks[as].colour,
		pick(p, looks[as].symbol, looks[as].ascii));
	buf_addf(p->out, " %s  ", report_answer(code));
	for (size_t i = 0; i < OUTCOMES; i++) {
		size_t n = r->by_outcome[order[i]];
		if (n == 0)
			continue;
		buf_addf(p->out, "%s%zu %s",
			first ? "" : pick(p, " \xc2\xb7 ", " - "), n,
			words[order[i]]);
		first = false;
	}
	if (first)
		buf_add_z(p->out, "nothing ran");
	buf_addf(p->out, "   %s   exit %d\n", units_took_text(r->took_us, took),
		code);
}

void report_text(struct buf *out, const struct once_result *r,
	const struct report_style *style)
{
	struct page p = { .out = out, .style = style };

	for (const struct run_report *n = r->runs; n; n = n->next)
		if (!style->quiet || n->outcome != OUTCOME_PASS)
			run_text(&p, n);
	summary(&p, r);
}
