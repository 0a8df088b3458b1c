#include <inttypes.h>
#include <string.h>

#include "runner/run_parts.h"

/*
 * What is told about a run.  Everything that leaves from here has gone through
 * the redaction; a body is cut only after it, so that no half of a secret is
 * left at the cut.
 */
enum { HEADERS_TOLD = 64 };

static struct str clean(struct run *r, struct str text)
{
	return redact_str(r->redact, r->arena, text);
}

static struct str place(struct run *r, struct span where)
{
	struct place at;
	struct str text;

	if (!where.src)
		return STR("");
	span_place(where, &at);
	text = arena_printf(r->arena, "%.*s:%u:%u", STR_ARG(where.src->name),
		at.line, at.column);
	for (where = where.src->taken; where.src; where = where.src->taken) {
		span_place(where, &at);
		text = arena_printf(r->arena, "%.*s, used at %.*s:%u",
			STR_ARG(text), STR_ARG(where.src->name), at.line);
	}
	return text;
}

struct step_report *run_report_step(struct run *r, const struct step *s)
{
	struct step_report *report = ARENA_NEW(r->arena, struct step_report);

	report->section = r->section;
	report->name = s->name;
	report->method = s->method.ptr ? s->method : STR("");
	report->message = report->url = report->address = STR("");
	report->curl = report->body = report->type = report->place = STR("");
	*r->report_last = report;
	r->report_last = &report->next;
	r->attempt_last = &report->attempt;
	return report;
}

static uint64_t since_us(const struct run *r, uint64_t from_ns)
{
	return (loop_now_ns(r->host->loop) - from_ns) / 1000;
}

void run_report_attempt(struct run *r)
{
	struct attempt_report *a = ARENA_NEW(r->arena, struct attempt_report);

	a->outcome = r->verdict.outcome;
	a->reason = r->verdict.reason;
	a->status = r->call.response.status;
	a->took_us = (uint32_t)since_us(r, r->attempt_ns);
	a->message = clean(r, r->verdict.message);
	*r->attempt_last = a;
	r->attempt_last = &a->next;
}

static struct assertion *assertions_copy(struct run *r,
	const struct assertion *from)
{
	struct assertion *first = NULL;
	struct assertion **last = &first;

	for (; from; from = from->next) {
		struct assertion *a = ARENA_NEW(r->arena, struct assertion);

		*a = *from;
		a->next = NULL;
		a->text = clean(r, from->text);
		a->expected = clean(r, from->expected);
		a->actual = clean(r, from->actual);
		a->note = clean(r, from->note);
		*last = a;
		last = &a->next;
	}
	return first;
}

static bool body_told(const struct run *r, bool ok)
{
	switch (r->job->suite->record.body) {
	case RECORD_NEVER:
		return false;
	case RECORD_ALWAYS:
		return true;
	default:
		return !ok;
	}
}

static struct str excerpt(struct run *r, struct str body)
{
	size_t most = r->job->suite->record.max_body;
	struct str text = redact_head(r->redact, r->arena, body, most);

	return text.len > most ? str_sub(text, 0, most) : text;
}

/* The place of the check that did not hold, or of the step. */
static struct span blame(const struct run *r)
{
	for (const struct assertion *a = r->expect; a; a = a->next)
		if ((!a->ok || a->budget) && a->where.src)
			return a->where;
	return r->step->where;
}

void run_report_leave(struct run *r)
{
	struct step_report *p = r->report;
	const struct response *answer = &r->call.response;
	bool ok = r->verdict.outcome == OUTCOME_PASS;
	struct str type;

	p->outcome = r->verdict.outcome;
	p->reason = r->verdict.reason;
	p->message = clean(r, r->verdict.message);
	p->took_us = since_us(r, r->step_ns);
	p->status = answer->status;
	p->dns_us = answer->dns_us;
	p->connect_us = answer->connect_us;
	p->tls_us = answer->tls_us;
	p->ttfb_us = answer->ttfb_us;
	p->transfer_us = answer->transfer_us;
	if (!r->host->reports && (ok || p->outcome == OUTCOME_SKIPPED))
		return;
	p->place = place(r, blame(r));
	p->expect = assertions_copy(r, r->expect);
	p->warn = assertions_copy(r, r->warn);
	if (!r->call.url.ptr)
		return;
	p->url = clean(r, r->call.url);
	p->address = answer->ip.ptr ? answer->ip : STR("");
	p->curl = r->step->kind == STEP_REQUEST ? run_curl(r)
						: run_probe_command(r);
	type = response_header_get(answer, STR("Content-Type"));
	p->type = type.ptr ? clean(r, type) : STR("");
	if (answer->body.ptr && body_told(r, ok))
		p->body = excerpt(r, answer->body);
}

/* --- the record --- */

static const struct evidence_header *headers_told(struct run *r,
	size_t *ret_count)
{
	const struct response_header *h = r->call.response.headers;
	struct evidence_header *all;
	size_t n = 0;

	all = ARENA_ARRAY(r->arena, HEADERS_TOLD, struct evidence_header);
	for (; h && n < HEADERS_TOLD; h = h->next) {
		all[n].name = h->name;
		all[n++].value = run_header_secret(r, h->name) ||
						 str_eq_nocase(h->name,
							 STR("Set-Cookie"))
					 ? STR("[redacted]")
					 : clean(r, h->value);
	}
	*ret_count = n;
	return all;
}

static const struct evidence_assertion *assertions_told(struct run *r,
	const struct assertion *from, size_t *ret_count)
{
	struct evidence_assertion *all;
	size_t n = 0;

	for (const struct assertion *a = from; a; a = a->next)
		n++;
	all = ARENA_ARRAY(r->arena, n + 1, struct evidence_assertion);
	n = 0;
	for (; from; from = from->next)
		all[n++] = (struct evidence_assertion){ from->text,
			from->expected, from->actual, from->ok };
	*ret_count = n;
	return all;
}

static const struct evidence *evidence_of(struct run *r)
{
	const struct step_report *p = r->failed;
	struct evidence *e = ARENA_NEW(r->arena, struct evidence);

	e->message = clean(r, r->decided.message);
	e->method = e->url = e->address = e->place = e->curl = e->body =
		STR("");
	if (!p)
		return e;
	e->method = p->method;
	e->url = p->url;
	e->address = p->address;
	e->place = p->place;
	e->curl = p->curl;
	e->body = p->body;
	e->assertion = assertions_told(r, p->expect, &e->nassertions);
	e->header = r->headers;
	e->nheaders = r->nheaders;
	return e;
}

void run_report_failed(struct run *r)
{
	r->headers = headers_told(r, &r->nheaders);
}

static void result_fill(struct run *r)
{
	struct result *to = &r->result;
	const struct job *j = r->job;
	const struct step_report *p = r->failed ? r->failed : r->last;

	to->line = r->host->line;
	to->env = j->region->env;
	to->region = j->region->name;
	to->vantage = r->host->vantage;
	to->suite = j->suite->name;
	to->role = j->role->name;
	to->row = j->row_name;
	to->version = r->mixed ? STR("mixed") : clean(r, r->version);
	to->outcome = r->decided.outcome;
	to->reason = r->decided.reason;
	to->flaky = r->flaky && outcome_ok(to->outcome);
	to->degraded = r->degraded && outcome_ok(to->outcome);
	to->took_us = (uint32_t)since_us(r, r->start_ns);
	to->step = r->failed ? r->failed->name : STR("");
	if (p) {
		to->status = p->status;
		to->attempts =
			(uint16_t)(p->attempts > UINT16_MAX ? UINT16_MAX
							    : p->attempts);
		to->dns_us = p->dns_us;
		to->connect_us = p->connect_us;
		to->tls_us = p->tls_us;
		to->ttfb_us = p->ttfb_us;
		to->transfer_us = p->transfer_us;
	}
	if (!outcome_ok(to->outcome) && to->outcome != OUTCOME_SKIPPED)
		to->evidence = evidence_of(r);
}

void run_tell(struct run *r)
{
	struct run_report *t = &r->told;

	result_fill(r);
	t->job = r->job;
	t->address = r->address;
	t->outcome = r->result.outcome;
	t->reason = r->result.reason;
	t->flaky = r->result.flaky;
	t->degraded = r->result.degraded;
	t->started_us = r->result.started_us;
	t->took_us = r->result.took_us;
	t->version = r->result.version;
	t->message = clean(r, r->decided.message);
	t->failed = r->failed;
	memcpy(t->trace_id, r->result.trace_id, sizeof(t->trace_id));
}
