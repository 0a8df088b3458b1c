#include "base/units.h"
#include "cli/report.h"

static void member_str(struct buf *out, const char *key, struct str s)
{
	buf_addf(out, ",\"%s\":", key);
	if (s.len > 0)
		buf_add_json(out, s);
	else
		buf_add_z(out, "null");
}

static void member_bool(struct buf *out, const char *key, bool value)
{
	buf_addf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

static void member_ms(struct buf *out, const char *key, uint64_t us)
{
	buf_addf(out, ",\"%s\":%llu.%03u", key, (unsigned long long)(us / 1000),
		(unsigned)(us % 1000));
}

static void assertions(struct buf *out, const char *key,
	const struct assertion *first)
{
	buf_addf(out, ",\"%s\":[", key);
	for (const struct assertion *s = first; s; s = s->next) {
		buf_add_z(out, s == first ? "{\"text\":" : ",{\"text\":");
		buf_add_json(out, s->text);
		/* What was not decided did not hold. */
		member_bool(out, "ok", s->ok && !s->budget);
		member_str(out, "expected", s->expected);
		member_str(out, "actual", s->actual);
		buf_add_byte(out, '}');
	}
	buf_add_byte(out, ']');
}

static const char *section_token(enum step_section s)
{
	static const char *const token[] = { [SECTION_SETUP] = "setup",
		[SECTION_STEPS] = "steps",
		[SECTION_CLEANUP] = "cleanup" };

	return token[s];
}

static void number_or_null(struct buf *out, const char *key, unsigned n)
{
	if (n)
		buf_addf(out, ",\"%s\":%u", key, n);
	else
		buf_addf(out, ",\"%s\":null", key);
}

/* Each attempt of a step that needed more than one. */
static void tries(struct buf *out, const struct step_report *s)
{
	const struct attempt_report *t = s->attempts > 1 ? s->attempt : NULL;

	if (!t)
		return;
	buf_add_z(out, ",\"tries\":[");
	for (; t; t = t->next) {
		buf_addf(out, "{\"outcome\":\"%s\"", outcome_token(t->outcome));
		member_str(out, "reason", str_from(reason_token(t->reason)));
		buf_addf(out, ",\"status\":%u", t->status);
		member_ms(out, "took_ms", t->took_us);
		member_str(out, "message", t->message);
		buf_add_z(out, t->next ? "}," : "}");
	}
	buf_add_byte(out, ']');
}

static void step_json(struct buf *out, const struct step_report *s)
{
	buf_add_z(out, "{\"name\":");
	buf_add_json(out, s->name);
	buf_addf(out, ",\"section\":\"%s\",\"outcome\":\"%s\"",
		section_token(s->section), outcome_token(s->outcome));
	member_str(out, "reason", str_from(reason_token(s->reason)));
	number_or_null(out, "status", s->status);
	member_ms(out, "took_ms", s->took_us);
	buf_addf(out, ",\"attempts\":%u", s->attempts);
	tries(out, s);
	member_bool(out, "flaky", s->flaky);
	member_bool(out, "degraded", s->degraded);
	assertions(out, "assertions", s->expect);
	if (s->warn)
		assertions(out, "warnings", s->warn);
	member_str(out, "message", s->message);
	member_str(out, "place", s->place);
	member_str(out, "method", s->method);
	member_str(out, "url", s->url);
	member_str(out, "address", s->address);
	member_str(out, "curl", s->curl);
	member_str(out, "body", s->body);
	buf_addf(out,
		",\"phases_ms\":{\"dns\":%.3f,\"connect\":%.3f,\"tls\":%.3f,"
		"\"ttfb\":%.3f,\"transfer\":%.3f}}",
		s->dns_us / 1e3, s->connect_us / 1e3, s->tls_us / 1e3,
		s->ttfb_us / 1e3, s->transfer_us / 1e3);
}

static void trace_json(struct buf *out, const struct run_report *r)
{
	struct buf hex;

	buf_init(&hex, 64);
	for (size_t i = 0; i < sizeof(r->trace_id); i++)
		if (r->trace_id[i] && hex.len == 0)
			buf_add_hex(&hex,
				(struct str){ (const char *)r->trace_id,
					sizeof(r->trace_id) });
	member_str(out, "trace_id", buf_str(&hex));
	buf_done(&hex);
}

static void run_json(struct buf *out, const struct run_report *r)
{
	const struct job *j = r->job;
	char at[32];

	buf_add_z(out, "{\"suite\":");
	buf_add_json(out, j->suite->name);
	member_str(out, "env", j->region->env);
	member_str(out, "region", j->region->name);
	member_str(out, "role", j->role ? j->role->name : STR_NONE);
	member_str(out, "row", j->row_name);
	if (r->address.len > 0)
		member_str(out, "address", r->address);
	buf_addf(out, ",\"outcome\":\"%s\"", outcome_token(r->outcome));
	member_str(out, "reason", str_from(reason_token(r->reason)));
	member_ms(out, "took_ms", r->took_us);
	member_bool(out, "flaky", r->flaky);
	member_bool(out, "degraded", r->degraded);
	member_str(out, "started", str_from(units_rfc3339(r->started_us, at)));
	member_str(out, "run", r->run_id);
	member_str(out, "version", r->version);
	member_str(out, "message", r->message);
	member_str(out, "failed_step", r->failed ? r->failed->name : STR_NONE);
	trace_json(out, r);
	buf_add_z(out, ",\"steps\":[");
	for (const struct step_report *s = r->steps; s; s = s->next) {
		if (s != r->steps)
			buf_add_byte(out, ',');
		step_json(out, s);
	}
	buf_add_z(out, "]}");
}

void report_json(struct buf *out, const struct once_result *r)
{
	int code = report_exit_code(r);
	bool first = true;

	buf_addf(out, "{\"answer\":\"%s\",\"code\":%d", report_answer(code),
		code);
	member_bool(out, "ok", code == 0);
	member_bool(out, "interrupted", r->interrupted != 0);
	member_ms(out, "took_ms", r->took_us);
	buf_add_z(out, ",\"count\":{");
	for (int o = 0; o < OUTCOMES; o++)
		buf_addf(out, "%s\"%s\":%zu", o ? "," : "",
			outcome_token((enum outcome)o), r->by_outcome[o]);
	buf_add_z(out, "},\"runs\":[");
	for (const struct run_report *p = r->runs; p; p = p->next) {
		if (!first)
			buf_add_byte(out, ',');
		first = false;
		run_json(out, p);
	}
	buf_add_z(out, "]}\n");
}
