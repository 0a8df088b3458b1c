#include "cli/view.h"
#include "cli/why_parts.h"
#include "gate/latency.h"

static void arms(struct buf *out, const struct judgement *j)
{
	view_list(out, "arms");
	for (size_t i = 0; i < j->narms; i++) {
		view_item(out, i, "region", j->arm[i].region);
		view_str(out, "arm", j->arm[i].arm);
		view_count(out, "runs", j->arm[i].runs);
		view_count(out, "failed", j->arm[i].failed);
		view_time(out, "newest", j->arm[i].newest_us);
		buf_add_byte(out, '}');
	}
	buf_add_byte(out, ']');
}

static void judgement(struct buf *out, const struct judgement *j)
{
	static const char *const words[] = { [VERDICT_UNDECIDED] = "undecided",
		[VERDICT_PASS] = "pass",
		[VERDICT_HALT] = "halt" };

	buf_add_z(out, "{\"region\":");
	buf_add_json(out, j->region);
	view_str(out, "verdict", str_from(words[j->verdict]));
	view_str(out, "control", j->control);
	view_str(out, "rule", j->rule);
	view_str(out, "rule_text", str_from(why_rule_text(j)));
	view_str(out, "stream", j->stream);
	view_str(out, "check", j->check);
	view_number(out, "e", j->evidence);
	view_number(out, "halt_at", j->halt_at);
	view_number(out, "canary_rate", j->canary_rate);
	view_number(out, "baseline_rate", j->baseline_rate);
	view_number(out, "excluded_rise", j->excluded_rise);
	view_count(out, "required_s", j->required_s);
	view_count(out, "credited_s", j->credited_s);
	view_str(out, "waiting", j->waiting);
	view_str(out, "missing", j->missing);
	latency_write_json(out, j);
	view_bool(out, "attributed", j->attributed);
	view_str(out, "detector", j->detector);
	view_count(out, "epoch", j->epoch);
	view_time(out, "halted", j->halted_us);
	view_time(out, "at", j->at_us);
	arms(out, j);
	buf_add_byte(out, '}');
}

static void audit(struct buf *out, const struct why_facts *w)
{
	view_list(out, "audit");
	for (size_t i = 0; i < w->naudit; i++) {
		const struct audit_line *l = &w->audit[i];
		view_item(out, i, "event", l->event);
		view_str(out, "subject", l->subject);
		view_str(out, "by", l->by);
		view_str(out, "reason", l->reason);
		view_time(out, "at", l->at_us);
		buf_add_byte(out, '}');
	}
	buf_add_byte(out, ']');
}

static void deployment(struct buf *out, const struct why_facts *w,
	const struct why_parts *p)
{
	const struct deployment *d = w->deployment;

	buf_add_z(out, "{\"line\":");
	buf_add_json(out, w->facts->line);
	view_str(out, "deployment", d->id);
	view_str(out, "stage", d->stage);
	view_str(out, "version", d->version);
	view_str(out, "change", d->change);
	view_str(out, "by", d->by);
	view_str(out, "lane", str_from(lane_token(d->lane)));
	view_str(out, "state", str_from(deployment_state_token(p->state)));
	view_bool(out, "final", deployment_state_final(p->state));
	view_str(out, "reason", p->reason);
	view_time(out, "since", d->since_us);
	view_time(out, "done", p->done_us ? p->done_us : d->done_us);
	view_time(out, "first_failure_at", p->first_us);
}

void why_json(struct buf *out, const struct why_facts *w, struct arena *a)
{
	struct why_parts p;

	why_work(w, a, &p);
	deployment(out, w, &p);
	view_list(out, "judgements");
	for (size_t i = 0; i < p.njudgements; i++) {
		buf_add_z(out, i ? "," : "");
		judgement(out, &p.judgement[i]);
	}
	buf_add_byte(out, ']');
	view_member(out, "first");
	if (p.first)
		json_write(out, p.first);
	else
		buf_add_z(out, "null");
	view_member(out, "failures");
	if (p.failures)
		json_write(out, p.failures);
	else
		buf_add_z(out, "[]");
	audit(out, w);
	view_list(out, "next");
	for (size_t i = 0; i < p.nnext; i++) {
		buf_add_z(out, i ? "," : "");
		buf_add_json(out, p.next[i]);
	}
	buf_add_z(out, "]}\n");
}
