#include "cli/view.h"
#include "cli/why_parts.h"
#include "gate/latency.h"

enum { BODY_LINES_MAX = 6, BODY_COLUMNS_MAX = 160, TOGETHER_MAX = 8 };

static void field(struct buf *out, const char *between, struct str s)
{
	if (s.len == 0)
		return;
	buf_add_z(out, between);
	buf_add_visible(out, s);
}

static void end(struct buf *out)
{
	buf_add_byte(out, '\n');
}

struct look {
	const char *symbol, *ascii, *colour;
};

static const struct look good = { "\xe2\x9c\x93", "+", "\x1b[32m" };
static const struct look bad = { "\xe2\x96\xa0", "#", "\x1b[31m" };
static const struct look pending = { "\xe2\x97\x94", "o", "\x1b[33m" };

static void headline(struct buf *out, const struct why_facts *w,
	const struct why_parts *p, const struct view_style *style)
{
	const struct deployment *d = w->deployment;
	const struct look *k = p->state == DEPLOYMENT_ACCEPTED    ? &good
			       : deployment_state_final(p->state) ? &bad
								  : &pending;
	char at[32];

	buf_add_byte(out, ' ');
	buf_add_z(out, style->colour ? k->colour : "");
	buf_addf(out, "%s %s", style->utf8 ? k->symbol : k->ascii,
		deployment_state_token(p->state));
	buf_add_z(out, style->colour ? "\x1b[0m" : "");
	field(out, "  ", d->id);
	buf_addf(out, "  since %s",
		view_clock(d->since_us, w->facts->now_us, at));
	field(out, "  by ", d->by);
	end(out);
	field(out, "   ", p->reason);
	end(out);
}

static void rate(struct buf *out, struct why_rate r)
{
	buf_addf(out, "%llu of %llu runs", (unsigned long long)r.failed,
		(unsigned long long)r.runs);
	if (r.runs > 0)
		buf_addf(out, " (%.3g %%)",
			100.0 * (double)r.failed / (double)r.runs);
}

static void what(struct buf *out, const struct judgement *j, struct arena *a)
{
	/* the numbers follow, and stand in the reason of a stop */
	struct str slower = latency_leads(j) ? latency_what(j, a) : STR_NONE;

	field(out, "   what      ", slower);
	buf_add_z(out, slower.len ? "\n             " : "   what      ");
	if (j->check.len > 0 && !slower.len) {
		buf_add_visible(out, j->check);
		buf_add_z(out, " fails in ");
	}
	buf_add_visible(out, j->region);
	buf_add_z(out, ": failed in the canary ");
	rate(out, why_rate_of(j, STR("canary")));
	if (str_eq(j->control, STR("regions"))) {
		buf_add_z(out, ", in the controls ");
		rate(out, why_rate_of(j, STR("control")));
	} else {
		buf_addf(out, ", in its own past %.3g %%",
			100 * j->baseline_rate);
	}
	end(out);
	/* One control: the sentence above has said it all. */
	for (size_t i = 0; j->narms > 2 && i < j->narms; i++) {
		const struct judgement_arm *m = &j->arm[i];
		field(out, "               ", m->region);
		buf_addf(out, " (%.*s) %llu of %llu failed\n", STR_ARG(m->arm),
			(unsigned long long)m->failed,
			(unsigned long long)m->runs);
	}
	if (!j->attributed)
		buf_add_z(out, "             results are not attributed to a "
			       "version: no served_version\n");
}

static void rule(struct buf *out, const struct judgement *j)
{
	latency_write_text(out, j, 3);
	buf_add_z(out, "   why       ");
	if (j->rule.len > 0) {
		field(out, "rule ", j->rule);
		field(out, " (", str_from(why_rule_text(j)));
		buf_add_z(out, why_rule_text(j)[0] ? ")" : "");
		field(out, ", stream ", j->stream);
		buf_add_z(out, ", ");
	}
	buf_addf(out, "e = %.3g, halt at %.3g", j->evidence, j->halt_at);
	field(out, ", detector ", j->detector);
	buf_addf(out, " epoch %llu\n", (unsigned long long)j->epoch);
	if (j->verdict == VERDICT_HALT)
		return;
	if (j->required_s > 0)
		buf_addf(out, "   soak      %llu of %llu s credited\n",
			(unsigned long long)j->credited_s,
			(unsigned long long)j->required_s);
	field(out, "   waits for ", j->waiting);
	buf_add_z(out, j->waiting.len ? "\n" : "");
	field(out, "   missing   ", j->missing);
	buf_add_z(out, j->missing.len ? "\n" : "");
}

static void since(struct buf *out, const struct why_facts *w,
	const struct why_parts *p)
{
	char at[32];
	char after[32];

	if (p->first_us == 0)
		return;
	buf_addf(out, "   since     %s",
		view_clock(p->first_us, w->facts->now_us, at));
	if (p->done_us > 0 && p->first_us >= p->done_us)
		buf_addf(out, ", %s after the deployment was done",
			view_age(p->done_us, p->first_us, after));
	end(out);
}

static void body(struct buf *out, struct str text)
{
	int n = 0;

	while (text.ptr && n < BODY_LINES_MAX) {
		struct str line = str_trim(str_cut(&text, '\n'));
		size_t at = 0;
		uint32_t point;
		if (line.len == 0)
			continue;
		for (int k = 0; k < BODY_COLUMNS_MAX && at < line.len; k++)
			at += str_decode(line, at, &point);
		field(out, "             | ", str_sub(line, 0, at));
		buf_add_z(out, at < line.len ? " ...\n" : "\n");
		n++;
	}
}

static void line_of(struct buf *out, const char *name, struct str value)
{
	field(out, name, value);
	buf_add_z(out, value.len ? "\n" : "");
}

static void first(struct buf *out, const struct json *f)
{
	int64_t status = json_get_i64(f, "status", 0);
	int64_t took_us = json_get_i64(f, "took_us", 0);
	char took[32];

	field(out, "   first     ", json_get_str(f, "suite"));
	field(out, "/", json_get_str(f, "role"));
	field(out, ": ", json_get_str(f, "step"));
	field(out, " @ ", json_get_str(f, "region"));
	field(out, "  ", json_get_str(f, "outcome"));
	if (status > 0)
		buf_addf(out, " %lld", (long long)status);
	if (took_us > 0)
		buf_addf(out, "  %s", view_age(0, took_us, took));
	end(out);
	line_of(out, "             ", json_get_str(f, "message"));
	body(out, json_get_str(f, "body"));
	line_of(out, "   trace     ", json_get_str(f, "trace"));
	line_of(out, "   place     ", json_get_str(f, "place"));
	line_of(out, "   repeat:   ", json_get_str(f, "curl"));
}

static bool same_step(const struct json *a, const struct json *b)
{
	return str_eq(json_get_str(a, "arm"), json_get_str(b, "arm")) &&
	       str_eq(json_get_str(a, "suite"), json_get_str(b, "suite")) &&
	       str_eq(json_get_str(a, "step"), json_get_str(b, "step"));
}

/* Which steps fail, of the failures that were kept. */
static void together(struct buf *out, const struct json *list)
{
	int shown = 0;

	buf_addf(out, "   together  of the first %u failures:", list->count);
	for (const struct json *n = list->first; n; n = n->next) {
		unsigned same = 0;
		bool seen = false;
		for (const struct json *m = list->first; m; m = m->next) {
			if (m == n && same > 0)
				seen = true;
			same += same_step(n, m);
		}
		if (seen || shown == TOGETHER_MAX)
			continue;
		buf_add_z(out, shown++ ? "," : "");
		field(out, " ", json_get_str(n, "suite"));
		field(out, ": ", json_get_str(n, "step"));
		buf_addf(out, " %u", same);
		field(out, " (", json_get_str(n, "arm"));
		buf_add_byte(out, ')');
	}
	end(out);
}

static void audit(struct buf *out, const struct why_facts *w)
{
	char at[32];

	for (size_t i = 0; i < w->naudit; i++) {
		const struct audit_line *l = &w->audit[i];
		buf_addf(out, "   %-9s %s", i ? "" : "audit",
			view_clock(l->at_us, w->facts->now_us, at));
		field(out, "  ", l->event);
		field(out, " ", l->subject);
		field(out, " by ", l->by);
		field(out, ": ", l->reason);
		end(out);
	}
}

void why_text(struct buf *out, const struct why_facts *w,
	const struct view_style *style, struct arena *a)
{
	struct why_parts p;

	why_work(w, a, &p);
	headline(out, w, &p, style);
	for (size_t i = 0; i < p.njudgements; i++) {
		what(out, &p.judgement[i], a);
		rule(out, &p.judgement[i]);
	}
	if (p.njudgements == 0)
		buf_add_z(out, "   what      nothing was judged yet\n");
	since(out, w, &p);
	if (p.first)
		first(out, p.first);
	if (p.failures && p.failures->count > 1)
		together(out, p.failures);
	audit(out, w);
	for (size_t i = 0; i < p.nnext; i++) {
		field(out, i ? "             " : "   next      ", p.next[i]);
		end(out);
	}
}
