#include "base/units.h"
#include "cli/report.h"

/* Characters of XML 1.0 (section 2.2). */
static bool xml_char(uint32_t c)
{
	return c == 0x9 || c == 0xA || c == 0xD || (c >= 0x20 && c <= 0xD7FF) ||
	       (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

static const char *markup(uint32_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	/* An attribute would lose them in its normalisation. */
	case '\t':
		return "&#9;";
	case '\n':
		return "&#10;";
	case '\r':
		return "&#13;";
	default:
		return NULL;
	}
}

void report_add_xml(struct buf *out, struct str s)
{
	uint32_t c;

	for (size_t at = 0; at < s.len;) {
		size_t n = str_decode(s, at, &c);
		const char *as = xml_char(c) ? markup(c) : "\xEF\xBF\xBD";
		if (as)
			buf_add_z(out, as);
		else
			buf_add(out, str_sub(s, at, n));
		at += n;
	}
}

void report_add_cdata(struct buf *out, struct str s)
{
	uint32_t c;

	buf_add_z(out, "<![CDATA[");
	for (size_t at = 0; at < s.len;) {
		size_t n = str_decode(s, at, &c);
		if (str_starts(str_sub(s, at, 3), STR("]]>"))) {
			buf_add_z(out, "]]]]><![CDATA[>");
			n = 3;
		} else if (xml_char(c)) {
			buf_add(out, str_sub(s, at, n));
		} else {
			buf_add_z(out, "\xEF\xBF\xBD");
		}
		at += n;
	}
	buf_add_z(out, "]]>");
}

static void attribute(struct buf *out, const char *name, struct str value)
{
	buf_addf(out, " %s=\"", name);
	report_add_xml(out, value);
	buf_add_byte(out, '"');
}

static void attribute_time(struct buf *out, uint64_t us)
{
	buf_addf(out, " time=\"%llu.%06u\"", (unsigned long long)(us / 1000000),
		(unsigned)(us % 1000000));
}

struct counts {
	size_t cases, failures, errors, skipped;
};

static void count(struct counts *n, enum outcome o)
{
	n->cases++;
	n->failures += o == OUTCOME_FAIL;
	n->errors += o == OUTCOME_ERROR || o == OUTCOME_RUNNER_ERROR;
	n->skipped += o == OUTCOME_SKIPPED || o == OUTCOME_LATE;
}

/*
 * A run that did not pass although each of its steps did (a secret was
 * missing, it was interrupted) gets a case of its own, or it would be green.
 */
static bool run_needs_case(const struct run_report *r)
{
	struct counts n = { 0 };

	for (const struct step_report *s = r->steps; s; s = s->next)
		count(&n, s->outcome);
	if (r->outcome == OUTCOME_PASS)
		return n.cases == 0;
	if (r->outcome == OUTCOME_SKIPPED || r->outcome == OUTCOME_LATE)
		return n.skipped == 0;
	return n.failures + n.errors == 0;
}

static void count_run(struct counts *n, const struct run_report *r)
{
	for (const struct step_report *s = r->steps; s; s = s->next)
		count(n, s->outcome);
	if (run_needs_case(r))
		count(n, r->outcome);
}

static void attribute_counts(struct buf *out, const struct counts *n)
{
	buf_addf(out,
		" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
		"skipped=\"%zu\"",
		n->cases, n->failures, n->errors, n->skipped);
}

/* What a reader of the CI page needs, without having the tool at hand. */
static void failure_text(struct buf *out, const struct step_report *s)
{
	char took[32];
	unsigned n = 0;

	if (s->url.len > 0) {
		buf_add(out, s->method);
		buf_add_byte(out, ' ');
		buf_add(out, s->url);
		if (s->address.len > 0)
			buf_addf(out, " (%.*s)", STR_ARG(s->address));
		buf_add_byte(out, '\n');
	}
	if (s->status)
		buf_addf(out, "status %u after %s\n", s->status,
			units_took_text(s->took_us, took));
	for (const struct attempt_report *t = s->attempts > 1 ? s->attempt
							      : NULL;
		t; t = t->next)
		buf_addf(out, "attempt %u: %s %u, %s  %.*s\n", ++n,
			outcome_token(t->outcome), t->status,
			units_took_text(t->took_us, took), STR_ARG(t->message));
	for (const struct assertion *a = s->expect; a; a = a->next) {
		if (a->ok && !a->budget)
			continue;
		buf_add(out, a->text);
		buf_add_z(out, "\n  expected ");
		buf_add(out, a->expected);
		buf_add_z(out, "\n  got      ");
		buf_add(out, a->actual);
		buf_add_byte(out, '\n');
	}
	if (s->body.len > 0) {
		buf_add(out, s->body);
		buf_add_byte(out, '\n');
	}
	if (s->place.len > 0) {
		buf_add_z(out, "at ");
		buf_add(out, s->place);
		buf_add_byte(out, '\n');
	}
	if (s->curl.len > 0) {
		buf_add_z(out, "repeat: ");
		buf_add(out, s->curl);
		buf_add_byte(out, '\n');
	}
}

static const char *element(enum outcome o)
{
	switch (o) {
	case OUTCOME_FAIL:
		return "failure";
	case OUTCOME_ERROR:
	case OUTCOME_RUNNER_ERROR:
		return "error";
	default:
		return "skipped";
	}
}

static void case_end(struct buf *out, enum outcome o, enum reason why,
	struct str message, const struct step_report *s)
{
	const char *name = element(o);
	struct buf text;

	if (o == OUTCOME_PASS) {
		buf_add_z(out, "/>\n");
		return;
	}
	buf_addf(out, ">\n      <%s", name);
	attribute(out, "message",
		message.len > 0 ? message : str_from(outcome_text(o)));
	if (o != OUTCOME_SKIPPED && o != OUTCOME_LATE)
		attribute(out, "type",
			str_from(why ? reason_token(why) : outcome_token(o)));
	buf_init(&text, REPORT_BYTES_MAX);
	if (s && o != OUTCOME_SKIPPED)
		failure_text(&text, s);
	if (text.len > 0) {
		buf_add_byte(out, '>');
		report_add_cdata(out, buf_str(&text));
		buf_addf(out, "</%s>\n", name);
	} else {
		buf_add_z(out, "/>\n");
	}
	out->over |= text.over;
	buf_done(&text);
	buf_add_z(out, "    </testcase>\n");
}

static void run_name(struct buf *out, const struct run_report *r)
{
	report_add_run_name(out, r->job);
	buf_add_z(out, " @ ");
	buf_add_visible(out, r->job->region->full);
	if (r->address.len > 0) {
		buf_add_z(out, " at ");
		buf_add_visible(out, r->address);
	}
}

static void case_begin(struct buf *out, const struct run_report *r,
	struct str name, uint64_t took_us)
{
	struct buf in;

	buf_init(&in, 8192);
	run_name(&in, r);
	buf_add_z(out, "    <testcase");
	attribute(out, "name", name);
	attribute(out, "classname", buf_str(&in));
	attribute_time(out, took_us);
	buf_done(&in);
}

static void run_xml(struct buf *out, const struct run_report *r)
{
	struct counts n = { 0 };
	struct buf name;
	char at[32];

	count_run(&n, r);
	buf_init(&name, 8192);
	run_name(&name, r);
	buf_add_z(out, "  <testsuite");
	attribute(out, "name", buf_str(&name));
	attribute_counts(out, &n);
	attribute_time(out, r->took_us);
	/* Without a zone, as the readers of this format want it: UTC. */
	attribute(out, "timestamp",
		str_sub(str_from(units_rfc3339(r->started_us, at)), 0, 19));
	buf_add_z(out, ">\n");
	for (const struct step_report *s = r->steps; s; s = s->next) {
		case_begin(out, r, s->name, s->took_us);
		case_end(out, s->outcome, s->reason, s->message, s);
	}
	if (run_needs_case(r)) {
		case_begin(out, r, STR("(the run)"), r->took_us);
		case_end(out, r->outcome, r->reason, r->message, NULL);
	}
	buf_add_z(out, "  </testsuite>\n");
	buf_done(&name);
}

void report_junit(struct buf *out, const struct once_result *r)
{
	struct counts n = { 0 };

	for (const struct run_report *p = r->runs; p; p = p->next)
		count_run(&n, p);
	buf_add_z(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		       "<testsuites name=\"andon\"");
	attribute_counts(out, &n);
	attribute_time(out, r->took_us);
	buf_add_z(out, ">\n");
	for (const struct run_report *p = r->runs; p; p = p->next)
		run_xml(out, p);
	buf_add_z(out, "</testsuites>\n");
}
