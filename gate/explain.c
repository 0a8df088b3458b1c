/*
 * The answer in words: one JSON object for machines, a few lines for people.
 * What is not known is null, never left out: a script may rely on the keys.
 */
#include <math.h>

#include "base/units.h"
#include "gate/answer.h"
#include "gate/latency.h"

static void json_key(struct buf *out, const char *key)
{
	buf_addf(out, ",\"%s\":", key);
}

static void json_str_or_null(struct buf *out, const char *key, struct str s)
{
	json_key(out, key);
	if (s.len > 0)
		buf_add_json(out, s);
	else
		buf_add_z(out, "null");
}

/* %.6g would print inf and nan, which are not JSON. */
static void json_number(struct buf *out, const char *key, double x)
{
	json_key(out, key);
	if (isfinite(x))
		buf_addf(out, "%.6g", x);
	else
		buf_add_z(out, "null");
}

static void json_soak(struct buf *out, const struct answer *a)
{
	const struct judgement *least = NULL;

	json_key(out, "soak");
	/* Of several regions, the one that is furthest from its end. */
	for (size_t i = 0; i < a->njudgements; i++)
		if (!least || a->judgement[i]->credited_s < least->credited_s)
			least = a->judgement[i];
	if (!least) {
		buf_add_z(out, "null");
		return;
	}
	buf_addf(out,
		"{\"required_s\":%llu,\"credited_s\":%llu,\"starved_s\":%llu}",
		(unsigned long long)least->required_s,
		(unsigned long long)least->credited_s,
		(unsigned long long)least->starved_s);
}

static void json_arm(struct buf *out, const struct judgement_arm *m,
	int64_t now_us)
{
	buf_add_z(out, "{\"region\":");
	buf_add_json(out, m->region);
	json_key(out, "arm");
	buf_add_json(out, m->arm);
	buf_addf(out, ",\"runs\":%llu,\"failed\":%llu,\"fresh_s\":",
		(unsigned long long)m->runs, (unsigned long long)m->failed);
	if (m->newest_us > 0)
		buf_addf(out, "%lld}",
			(long long)((now_us - m->newest_us) / 1000000));
	else
		buf_add_z(out, "null}");
}

static void json_evidence(struct buf *out, const struct answer *a)
{
	bool first = true;

	json_key(out, "evidence");
	buf_add_byte(out, '[');
	for (size_t i = 0; i < a->njudgements; i++)
		for (size_t k = 0; k < a->judgement[i]->narms; k++) {
			if (!first)
				buf_add_byte(out, ',');
			first = false;
			json_arm(out, &a->judgement[i]->arm[k], a->now_us);
		}
	buf_add_byte(out, ']');
}

static const char *judgement_word(const struct judgement *j)
{
	if (j->verdict == VERDICT_HALT)
		return "halt";
	if (j->held)
		return "anomaly";
	if (j->pending)
		return "pending";
	return "quiet";
}

static void json_detectors(struct buf *out, const struct answer *a)
{
	json_key(out, "detectors");
	buf_add_byte(out, '[');
	for (size_t i = 0; i < a->njudgements; i++) {
		const struct judgement *j = a->judgement[i];
		buf_add_z(out, i ? ",{\"name\":" : "{\"name\":");
		buf_add_json(out, j->detector);
		json_str_or_null(out, "region", j->region);
		json_str_or_null(out, "control", j->control);
		buf_addf(out, ",\"state\":\"%s\"", judgement_word(j));
		json_number(out, "e", j->evidence);
		json_number(out, "halt_at", j->halt_at);
		json_number(out, "canary_rate", j->canary_rate);
		json_number(out, "baseline_rate", j->baseline_rate);
		json_number(out, "excluded_rise", j->excluded_rise);
		json_str_or_null(out, "rule", j->rule);
		json_str_or_null(out, "check", j->check);
		json_str_or_null(out, "waiting", j->waiting);
		latency_write_json(out, j);
		buf_addf(out, ",\"attributed\":%s}",
			j->attributed ? "true" : "false");
	}
	buf_add_byte(out, ']');
}

static bool attributed(const struct answer *a)
{
	for (size_t i = 0; i < a->njudgements; i++)
		if (!a->judgement[i]->attributed)
			return false;
	return true;
}

void answer_write_json(struct buf *out, const struct answer *a)
{
	const struct deployment *d = a->deployment;
	char since[32];

	buf_addf(out, "{\"answer\":\"%s\",\"ok\":%s,\"code\":%d",
		answer_token(a->kind),
		a->kind == ANSWER_PROCEED ? "true" : "false", a->code);
	if (a->allowed)
		buf_add_z(out, ",\"allowed\":true");
	json_str_or_null(out, "line", a->line);
	json_str_or_null(out, "stage", a->stage);
	json_str_or_null(out, "deployment", d ? d->id : STR_NONE);
	json_str_or_null(out, "version", a->version);
	json_key(out, "rev");
	if (a->rev)
		buf_addf(out, "%llu", (unsigned long long)a->rev);
	else
		buf_add_z(out, "null");
	json_str_or_null(out, "state",
		d ? str_from(deployment_state_token(d->state)) : STR_NONE);
	json_key(out, "reason");
	struct buf reason;
	buf_init(&reason, 4096);
	buf_addf(&reason, "%s: %.*s", why_token(a->why), STR_ARG(a->text));
	buf_add_json(out, buf_str(&reason));
	buf_done(&reason);
	json_str_or_null(out, "since",
		d && d->since_us ? str_from(units_rfc3339(d->since_us, since))
				 : STR_NONE);
	json_soak(out, a);
	json_evidence(out, a);
	json_detectors(out, a);
	if (!attributed(a))
		buf_add_z(out, ",\"attributed\":false");
	json_str_or_null(out, "config", a->config);
	json_str_or_null(out, "evidence_url", STR_NONE);
	buf_add_byte(out, '}');
}

struct look {
	const char *symbol, *ascii, *word, *colour;
};

static const struct look looks[ANSWERS] = {
	[ANSWER_PROCEED] = { "\xe2\x9c\x93", "+", "PROCEED", "\x1b[32m" },
	[ANSWER_STOP] = { "\xe2\x9c\x97", "x", "STOP", "\x1b[31m" },
	[ANSWER_UNDECIDED] = { "?", "?", "UNDECIDED", "\x1b[33m" },
	[ANSWER_UNAVAILABLE] = { "!", "!", "UNAVAILABLE", "\x1b[33m" },
	[ANSWER_HELD] = { "\xe2\x96\xa0", "#", "HELD", "\x1b[35m" },
	[ANSWER_SUPERSEDED] = { "\xc2\xbb", ">", "SUPERSEDED", "\x1b[36m" },
};

static void write_arms(struct buf *out, const struct judgement *j,
	int64_t now_us)
{
	for (size_t i = 0; i < j->narms; i++) {
		const struct judgement_arm *m = &j->arm[i];
		buf_addf(out, "   %-9s ", i == 0 ? "evidence" : "");
		buf_add_visible(out, m->region);
		buf_addf(out, " (%.*s) %llu runs, %llu failed", STR_ARG(m->arm),
			(unsigned long long)m->runs,
			(unsigned long long)m->failed);
		if (m->newest_us > 0)
			buf_addf(out, ", newest %.1f s ago\n",
				(double)(now_us - m->newest_us) / 1e6);
		else
			buf_add_z(out, ", none since the deployment\n");
	}
}

static void write_judgement(struct buf *out, const struct judgement *j,
	int64_t now_us)
{
	buf_addf(out, "   soak      %llu of %llu s credited",
		(unsigned long long)j->credited_s,
		(unsigned long long)j->required_s);
	if (j->starved_s)
		buf_addf(out, ", %llu s without data",
			(unsigned long long)j->starved_s);
	buf_add_byte(out, '\n');
	write_arms(out, j, now_us);
	buf_addf(out,
		"   errors    canary %.2f %%   %s %.2f %%   e = %.3g, halt at "
		"%.3g\n",
		100 * j->canary_rate,
		str_eq(j->control, STR("past")) ? "its past" : "control",
		100 * j->baseline_rate, j->evidence, j->halt_at);
	latency_write_text(out, j, 3);
	if (j->excluded_rise < 1 && j->verdict != VERDICT_HALT)
		buf_addf(out,
			"   rules out a rise above %.3g points (a pass needs "
			"%.3g)\n",
			100 * j->excluded_rise, 100 * j->smallest_effect);
	if (str_eq(j->control, STR("past")))
		buf_add_z(out, "   no second region: the environment cannot "
			       "be excluded\n");
	if (!j->attributed)
		buf_add_z(out, "   results are not attributed to a version: "
			       "no served_version\n");
	if (j->waiting.len && j->verdict != VERDICT_HALT) {
		buf_add_z(out, "   waits for ");
		buf_add_visible(out, j->waiting);
		buf_add_byte(out, '\n');
	}
}

void answer_write_text(struct buf *out, const struct answer *a,
	const struct answer_style *style)
{
	const struct look *k = &looks[a->kind];
	char took[32];

	if (style->colour)
		buf_add_z(out, k->colour);
	buf_addf(out, " %s %s", style->utf8 ? k->symbol : k->ascii, k->word);
	if (style->colour)
		buf_add_z(out, "\x1b[0m");
	buf_addf(out, " (%s)  %.*s %.*s after %s   exit %d\n",
		why_token(a->why), STR_ARG(a->stage), STR_ARG(a->version),
		units_took_text(style->waited_ms * 1000, took), a->code);
	buf_add_z(out, "   ");
	buf_add_visible(out, a->text);
	buf_add_byte(out, '\n');
	for (size_t i = 0; i < a->njudgements; i++)
		write_judgement(out, a->judgement[i], a->now_us);
	if (a->allowed)
		buf_add_z(out, "   warning: undecided was allowed by the "
			       "caller; this is not a pass\n");
	if (a->kind == ANSWER_STOP && a->deployment) {
		buf_add_z(out, "   next      andon why ");
		buf_add_visible(out, a->deployment->id);
		buf_add_z(out, "; fix forward, or: andon resume line "
			       "--reason TEXT --cause TEXT\n");
	}
}

/* The soak as a bar; of several regions, the one furthest from its end. */
static void write_bar(struct buf *out, const struct answer *a, bool utf8)
{
	enum { CELLS = 12 };
	double share = 1;

	for (size_t i = 0; i < a->njudgements; i++) {
		const struct judgement *j = a->judgement[i];
		double own = j->required_s ? (double)j->credited_s /
						     (double)j->required_s
					   : 0;
		share = own < share ? own : share;
	}
	for (int i = 0; i < CELLS; i++) {
		bool full = i < (int)(share * CELLS);
		if (utf8)
			buf_add_z(out, full ? "\xe2\x96\x88" : "\xe2\x96\x91");
		else
			buf_add_byte(out, full ? '#' : '.');
	}
	buf_add_z(out, "  ");
}

void answer_write_progress(struct buf *out, const struct answer *a,
	const struct answer_style *style)
{
	char took[32];

	buf_addf(out, "%s  ", units_took_text(style->waited_ms * 1000, took));
	if (a->njudgements > 0)
		write_bar(out, a, style->utf8);
	buf_addf(out, "%s: ", why_token(a->why));
	buf_add_visible(out, a->text);
}
