#include "cli/replay.h"

#include <math.h>
#include <stdlib.h>

#include "base/oom.h"
#include "base/units.h"
#include "detectors/watch.h"
#include "gate/latency.h"

#define US        1000000
#define CARRY_MAX 3 /* checks that are named */

static const char *verdict_word(const struct replayed *r)
{
	if (r->opinion.state == VERDICT_HALT)
		return "halt";
	return r->opinion.state == VERDICT_PASS ? "pass" : "inconclusive";
}

static void add_check(struct buf *out, const struct recording *rec,
	uint32_t check)
{
	if (rec->check_name)
		buf_add_visible(out, rec->check_name[check]);
	else
		buf_addf(out, "%u", check);
}

/* Where: the stream, or the check, that it was seen in. */
static void add_where(struct buf *out, const struct recording *rec,
	const struct opinion *op)
{
	if (op->rule == HALT_CHECK_DOWN) {
		buf_add_z(out, "check ");
		add_check(out, rec, op->check);
		return;
	}
	if (op->rule == HALT_EVIDENCE)
		buf_addf(out, "%s, ", stream_text(op->stream));
	buf_add_z(out, stream_token(op->stream));
	if (op->stream == STREAM_CHECK || op->stream == STREAM_SLOW_CHECK) {
		buf_add_byte(out, '=');
		add_check(out, rec, op->stream_index);
	} else if (op->stream == STREAM_GROUP) {
		buf_addf(out, "=%u", op->stream_index);
	}
}

static void add_lack(struct buf *out, const struct recording *rec,
	const struct opinion *op, enum lack l)
{
	buf_add_z(out, lack_text(l));
	if (op->lack_check[l] != DETECTOR_NO_CHECK) {
		buf_add_z(out, " (check ");
		add_check(out, rec, op->lack_check[l]);
		buf_add_byte(out, ')');
	}
}

/* Checks by how much more they failed in the canary, worst first. */
struct carrier {
	uint32_t check;
	double more; /* failures above the control's rate */
};

static int by_more(const void *a, const void *b)
{
	const struct carrier *x = a;
	const struct carrier *y = b;

	if (x->more != y->more)
		return x->more > y->more ? -1 : 1;
	return x->check < y->check ? -1 : 1;
}

static size_t carriers(const struct replayed *r, struct carrier ret[CARRY_MAX])
{
	uint32_t n = r->shape.nchecks;
	struct carrier *all = xcalloc(n, sizeof(*all));
	size_t found = 0;

	for (uint32_t c = 0; c < n; c++) {
		const struct tally *t = &r->control[c];
		double rate =
			t->runs ? (double)t->failures / (double)t->runs : 0;

		all[c].check = c;
		all[c].more = (double)r->canary[c].failures -
			      rate * (double)r->canary[c].runs;
	}
	qsort(all, n, sizeof(*all), by_more);
	while (found < n && found < CARRY_MAX && all[found].more > 0) {
		ret[found] = all[found];
		found++;
	}
	free(all);
	return found;
}

/* What an undecided answer waits for; infinite: it will not come. */
static double more_s(const struct replayed *r)
{
	return detector_more_s(&r->opinion, (double)r->now_us / US,
		r->shape.smallest_effect);
}

static bool waits_for_effect(const struct opinion *op)
{
	return op->state == VERDICT_UNDECIDED &&
	       op->lacks & 1u << LACK_EFFECT && op->control == AGAINST_REGIONS;
}

/* ---- JSON ---- */

/* 57 or 132.333: what a double of milliseconds says exactly. */
static void add_seconds(struct buf *out, int64_t us)
{
	int64_t ms = us / 1000;

	buf_addf(out, "%.10g", (double)ms / 1000);
}

static void add_real(struct buf *out, const char *name, double x)
{
	if (isfinite(x))
		buf_addf(out, ",\"%s\":%.17g", name, x);
	else
		buf_addf(out, ",\"%s\":null", name);
}

static void add_tally(struct buf *out, const char *name, struct tally t)
{
	buf_addf(out, ",\"%s\":{\"runs\":%llu,\"failures\":%llu}", name,
		(unsigned long long)t.runs, (unsigned long long)t.failures);
}

static void add_quoted(struct buf *out, struct buf *text)
{
	buf_add_json(out, buf_str(text));
	buf_clear(text);
}

static void json_why(const struct recording *rec, const struct replayed *r,
	struct buf *out)
{
	const struct opinion *op = &r->opinion;
	struct buf text;
	bool first = true;

	buf_init(&text, 4096);
	buf_add_z(out, ",\"why\":[");
	if (op->state == VERDICT_HALT) {
		buf_addf(&text, "%s: ", halt_rule_text(op->rule));
		add_where(&text, rec, op);
		add_quoted(out, &text);
		first = false;
	}
	for (int l = 0; op->state == VERDICT_UNDECIDED && l < LACKS; l++) {
		if (!(op->lacks & 1u << l))
			continue;
		if (!first)
			buf_add_byte(out, ',');
		first = false;
		add_lack(&text, rec, op, (enum lack)l);
		add_quoted(out, &text);
	}
	buf_add_byte(out, ']');
	buf_done(&text);
}

static void json_halt(const struct recording *rec, const struct replayed *r,
	struct buf *out)
{
	const struct opinion *op = &r->opinion;
	struct buf text;

	buf_addf(out, ",\"rule\":\"%s\",\"stream\":\"%s\",\"where\":",
		halt_rule_token(op->rule), stream_token(op->stream));
	buf_init(&text, 4096);
	add_where(&text, rec, op);
	add_quoted(out, &text);
	buf_done(&text);
	buf_add_z(out, ",\"halted\":");
	add_seconds(out, op->halted_us);
	if (r->counterfactual)
		buf_addf(out, ",\"not_without_newest\":%llu",
			(unsigned long long)r->counterfactual);
}

static void json_levels(const struct replayed *r, struct buf *out)
{
	bool first = true;

	buf_add_z(out, ",\"evidence_over_time\":[");
	for (int i = 0; i < REPLAY_LEVELS; i++) {
		if (r->level_us[i] < 0)
			continue;
		if (!first)
			buf_add_byte(out, ',');
		first = false;
		buf_addf(out, "{\"at_least\":%g,\"t\":", replay_level[i]);
		add_seconds(out, r->level_us[i]);
		buf_add_byte(out, '}');
	}
	buf_add_byte(out, ']');
}

static void json_checks(const struct recording *rec, const struct replayed *r,
	struct buf *out)
{
	struct carrier c[CARRY_MAX];
	size_t n = carriers(r, c);
	struct buf text;

	buf_init(&text, 4096);
	buf_add_z(out, ",\"checks\":[");
	for (size_t i = 0; i < n; i++) {
		buf_add_z(out, i ? ",{\"check\":" : "{\"check\":");
		add_check(&text, rec, c[i].check);
		add_quoted(out, &text);
		add_tally(out, "canary", r->canary[c[i].check]);
		add_tally(out, "control", r->control[c[i].check]);
		buf_add_byte(out, '}');
	}
	buf_add_byte(out, ']');
	buf_done(&text);
}

static const char *control_word(enum against c)
{
	if (c == AGAINST_REGIONS)
		return "regions";
	return c == AGAINST_PAST ? "past" : "none";
}

/* As much of a live judgement as tells of latency. */
static struct judgement judgement_of(const struct recording *rec,
	const struct replayed *r, struct arena *a)
{
	const struct opinion *op = &r->opinion;
	struct judgement j = {
		.region = STR("the canary"),
		.control = str_from(control_word(op->control)),
		.rule = str_from(halt_rule_token(op->rule)),
		.stream = str_from(stream_token(op->stream)),
		.latency_unjudged = op->latency_unjudged,
		.checks = r->shape.nchecks,
		.slow = ARENA_ARRAY(a, (size_t)2 * LATENCY_SEEN_MAX,
			struct judgement_slow),
	};

	for (uint32_t i = 0; i < r->nlatencies; i++) {
		const struct latency_seen *s = &r->latency[i];
		struct str name = STR("");
		struct buf text;

		buf_init(&text, 4096);
		if (s->check != DETECTOR_NO_CHECK) {
			add_check(&text, rec, s->check);
			name = arena_str(a, buf_str(&text));
		}
		buf_done(&text);
		if (op->stream == STREAM_SLOW_CHECK &&
			s->check == op->stream_index)
			j.check = name;
		j.slow[j.nslows++] =
			watch_latency_row(&s->canary, name, STR("canary"));
		j.slow[j.nslows++] =
			watch_latency_row(&s->control, name, STR("control"));
	}
	return j;
}

static void json_latency(const struct recording *rec, const struct replayed *r,
	struct buf *out)
{
	struct arena *a = arena_new();
	struct judgement j = judgement_of(rec, r, a);

	latency_write_json(out, &j);
	arena_free(a);
}

void replay_say_json(const struct recording *rec, const struct replayed *r,
	struct buf *out)
{
	const struct opinion *op = &r->opinion;

	buf_add_z(out, "{\"id\":");
	buf_add_json(out, rec->id);
	buf_addf(out, ",\"verdict\":\"%s\",\"t\":", verdict_word(r));
	add_seconds(out, r->now_us);
	add_real(out, "excluded", op->excluded_rise);
	json_why(rec, r, out);
	if (op->state == VERDICT_HALT)
		json_halt(rec, r, out);
	add_real(out, "evidence", op->evidence);
	add_real(out, "halt_at", op->threshold);
	json_levels(r, out);
	buf_addf(out, ",\"control_is\":\"%s\"", control_word(op->control));
	add_tally(out, "canary", op->canary);
	add_tally(out, "control", op->baseline);
	buf_addf(out,
		",\"pairs\":{\"all\":%u,\"canary_only\":%u,"
		"\"control_only\":%u}",
		op->pairs, op->canary_only, op->control_only);
	if (op->control == AGAINST_REGIONS)
		add_real(out, "least_rise", detector_least_rise(op));
	add_real(out, "rise_over_past", op->rise_over_past);
	add_real(out, "smallest_effect", r->shape.smallest_effect);
	if (waits_for_effect(op))
		add_real(out, "more_s", ceil(more_s(r)));
	json_checks(rec, r, out);
	json_latency(rec, r, out);
	buf_addf(out,
		",\"input\":{\"rows\":%zu,\"fed\":%llu,\"duplicates\":%llu,"
		"\"late\":%llu,\"bad_latencies\":%llu,\"not_counting\":%llu,"
		"\"elsewhere\":%llu}}\n",
		rec->nrows, (unsigned long long)r->fed,
		(unsigned long long)rec->duplicates,
		(unsigned long long)r->late,
		(unsigned long long)rec->bad_latencies,
		(unsigned long long)rec->not_counting,
		(unsigned long long)rec->elsewhere);
}

/* ---- people ---- */

static void add_time(struct buf *out, int64_t us)
{
	char text[32];

	buf_add_z(out, units_took_text((uint64_t)us, text));
}

static void add_row(struct buf *out, const char *name, struct tally t)
{
	buf_addf(out, "  %-9s %8llu runs %7llu failed", name,
		(unsigned long long)t.runs, (unsigned long long)t.failures);
	if (t.runs)
		buf_addf(out, "  %6.2f %%",
			100.0 * (double)t.failures / (double)t.runs);
	buf_add_byte(out, '\n');
}

static void human_latency(const struct recording *rec, const struct replayed *r,
	struct buf *out)
{
	struct arena *a = arena_new();
	struct judgement j = judgement_of(rec, r, a);

	if (latency_leads(&j)) {
		buf_add_z(out, "  what      ");
		buf_add_visible(out, latency_sentence(&j, a));
		buf_add_byte(out, '\n');
	}
	latency_write_text(out, &j, 2);
	arena_free(a);
}

static void human_head(const struct recording *rec, const struct replayed *r,
	struct buf *out)
{
	const struct opinion *op = &r->opinion;

	buf_add_visible(out, rec->id);
	buf_addf(out, ": %s after ", verdict_word(r));
	add_time(out, r->now_us);
	if (op->state == VERDICT_HALT) {
		buf_addf(out, ": %s: ", halt_rule_text(op->rule));
		add_where(out, rec, op);
	} else if (op->state == VERDICT_PASS) {
		buf_addf(out, ": rules out a rise above %.2g points",
			100 * op->excluded_rise);
	}
	buf_add_byte(out, '\n');
	for (int l = 0; op->state == VERDICT_UNDECIDED && l < LACKS; l++)
		if (op->lacks & 1u << l) {
			buf_add_z(out, "  lacks     ");
			add_lack(out, rec, op, (enum lack)l);
			buf_add_byte(out, '\n');
		}
}

static void human_counts(const struct replayed *r, struct buf *out)
{
	const struct opinion *op = &r->opinion;

	add_row(out, "canary", op->canary);
	if (op->control != AGAINST_REGIONS) {
		add_row(out, "its past", op->baseline);
		buf_add_z(out, "  no second region: the environment cannot be "
			       "excluded\n");
		return;
	}
	add_row(out, "control", op->baseline);
	if (!op->pairs)
		return;
	buf_addf(out,
		"  rise      %+.2f points; 95 %%, at any look: between %+.2f "
		"and %+.2f\n",
		100 * ((double)op->canary_only - op->control_only) / op->pairs,
		100 * detector_least_rise(op), 100 * op->excluded_rise);
	buf_addf(out,
		"  pairs     %u, only the canary failed in %u, only the "
		"control in %u\n",
		op->pairs, op->canary_only, op->control_only);
}

static void human_evidence(const struct replayed *r, struct buf *out)
{
	const struct opinion *op = &r->opinion;

	buf_addf(out, "  evidence  %.3g; %s at %.3g", op->evidence,
		op->control == AGAINST_REGIONS ? "stops" : "keeps a pass away",
		op->threshold);
	for (int i = 0; i < REPLAY_LEVELS; i++)
		if (r->level_us[i] >= 0) {
			buf_addf(out, "; %g after ", replay_level[i]);
			add_time(out, r->level_us[i]);
		}
	buf_add_byte(out, '\n');
	if (r->counterfactual)
		buf_addf(out,
			"  without   the canary's newest %llu %s%s it "
			"would not have stopped then\n",
			(unsigned long long)r->counterfactual,
			stream_is_latency(r->opinion.stream) ? "slow answer"
							     : "failure",
			r->counterfactual == 1 ? "" : "s");
}

static void human_checks(const struct recording *rec, const struct replayed *r,
	struct buf *out)
{
	struct carrier c[CARRY_MAX];
	size_t n = carriers(r, c);

	for (size_t i = 0; i < n; i++) {
		const struct tally *canary = &r->canary[c[i].check];
		const struct tally *control = &r->control[c[i].check];

		buf_add_z(out, "  check     ");
		add_check(out, rec, c[i].check);
		buf_addf(out,
			": %llu of %llu failed, in the control %llu of %llu\n",
			(unsigned long long)canary->failures,
			(unsigned long long)canary->runs,
			(unsigned long long)control->failures,
			(unsigned long long)control->runs);
	}
}

static void human_more(const struct replayed *r, struct buf *out)
{
	double s = more_s(r);

	buf_addf(out, "  to rule out %g points ",
		100 * r->shape.smallest_effect);
	if (!isfinite(s)) {
		buf_add_z(out, "no time is enough at this rate of failures\n");
		return;
	}
	buf_add_z(out, "it would take about ");
	add_time(out, (int64_t)ceil(s) * US);
	buf_add_z(out, " more of the same\n");
}

static void human_input(const struct recording *rec, const struct replayed *r,
	struct buf *out)
{
	if (rec->not_counting || rec->elsewhere)
		buf_addf(out,
			"  left out  %llu that are no evidence (runner_error, "
			"skipped, late, maintenance), %llu of other regions\n",
			(unsigned long long)rec->not_counting,
			(unsigned long long)rec->elsewhere);
	if (!rec->duplicates && !r->late && !rec->bad_latencies)
		return;
	buf_addf(out,
		"  input     %zu rows; %llu twice (dropped), %llu late (fed "
		"when "
		"they came), %llu latencies that can not be\n",
		rec->nrows, (unsigned long long)rec->duplicates,
		(unsigned long long)r->late,
		(unsigned long long)rec->bad_latencies);
}

void replay_say_human(const struct recording *rec, const struct replayed *r,
	struct buf *out)
{
	human_head(rec, r, out);
	human_counts(r, out);
	human_latency(rec, r, out);
	human_evidence(r, out);
	human_checks(rec, r, out);
	if (waits_for_effect(&r->opinion))
		human_more(r, out);
	human_input(rec, r, out);
}
