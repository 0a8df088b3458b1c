#include "gate/latency.h"

#include <string.h>

#include "base/units.h"

#define LABEL_COLUMNS 10

bool latency_leads(const struct judgement *j)
{
	if (!str_starts(j->stream, STR("slow")))
		return false;
	/* no halt: as soon as there is enough of it for checks to be named */
	return j->rule.len ? str_eq(j->rule, STR("evidence")) : j->nslows > 2;
}

static double percent(uint64_t part, uint64_t all)
{
	return all ? 100.0 * (double)part / (double)all : 0;
}

static void add_length(struct buf *out, uint64_t us)
{
	char text[32];

	buf_add_z(out, units_took_text(us, text));
}

/* 19 of 20 answers (95 %) */
static void add_share(struct buf *out, uint64_t slow, uint64_t all)
{
	buf_addf(out, "%llu of %llu", (unsigned long long)slow,
		(unsigned long long)all);
	if (all)
		buf_addf(out, " (%.3g %%)", percent(slow, all));
}

static void add_limits(struct buf *out, const struct judgement_slow *s)
{
	char low[32];
	char high[32];

	units_took_text(s->limit_low_us, low);
	units_took_text(s->limit_high_us, high);
	buf_add_z(out, low);
	if (strcmp(low, high) != 0)
		buf_addf(out, " to %s", high);
}

static void add_median(struct buf *out, const struct judgement_slow *s)
{
	if (!s->median_us)
		return;
	buf_addf(out, "; %s ", s->check.len ? "median" : "mean of medians");
	add_length(out, s->median_us);
	buf_add_z(out, ", before ");
	add_length(out, s->median_before_us);
}

/* Slow answers of a canary's row above the rate of its controls. */
static double more_of(const struct judgement_slow *s)
{
	double rate = s[1].since ? (double)s[1].slow / (double)s[1].since : 0;

	return (double)s->slow - rate * (double)s->since;
}

/*
 * The canary's row that the sentence is about, its controls' behind it: of the
 * check whose stream it is; of one that makes up most of what all checks have
 * more than the controls; else of all checks.  NULL: there is none.
 */
static const struct judgement_slow *carrier(const struct judgement *j)
{
	for (size_t i = 0; j->check.len && i + 1 < j->nslows; i += 2)
		if (str_eq(j->slow[i].check, j->check))
			return &j->slow[i];
	if (j->check.len || j->nslows < 2)
		return NULL;
	if (j->nslows >= 4 && 2 * more_of(&j->slow[2]) > more_of(&j->slow[0]))
		return &j->slow[2];
	return &j->slow[0];
}

static void add_what(struct buf *out, const struct judgement *j,
	const struct judgement_slow *s)
{
	struct str check = s ? s->check : j->check;

	buf_add_z(out, check.len ? "check " : "all checks together");
	buf_add(out, check.len ? check : STR(""));
	buf_addf(out, " answer%s more slowly in %.*s than in its controls",
		check.len ? "s" : "", STR_ARG(j->region));
}

static struct str arena_text(struct arena *a, struct buf *text)
{
	struct str ret = arena_str(a, buf_str(text));

	buf_done(text);
	return ret;
}

struct str latency_what(const struct judgement *j, struct arena *a)
{
	struct buf text;

	buf_init(&text, 4096);
	add_what(&text, j, carrier(j));
	return arena_text(a, &text);
}

struct str latency_sentence(const struct judgement *j, struct arena *a)
{
	const struct judgement_slow *s = carrier(j);
	struct buf text;

	buf_init(&text, 4096);
	add_what(&text, j, s);
	if (s) {
		buf_add_z(&text, ": ");
		add_share(&text, s[0].slow, s[0].since);
		buf_addf(&text, " slower than %s",
			s->check.len ? "" : "their limits of ");
		add_limits(&text, s);
		buf_add_z(&text, ", in the controls ");
		add_share(&text, s[1].slow, s[1].since);
		add_median(&text, s);
	}
	return arena_text(a, &text);
}

static void add_label(struct buf *out, unsigned indent, const char *label)
{
	buf_addf(out, "%*s%-*s", (int)indent, "", LABEL_COLUMNS, label);
}

/* Widths of the columns; what is longer moves the rest of its line. */
enum {
	ARM_COLUMNS = 8,
	SHARE_COLUMNS = 21,
	LIMIT_COLUMNS = 18,
	MS_COLUMNS = 9
};

static void add_header(struct buf *out)
{
	buf_addf(out, "%-*s%-*s%-*s%-*s%-*s%s\n", ARM_COLUMNS, "",
		SHARE_COLUMNS, "slow answers", SHARE_COLUMNS,
		"before the deploy", LIMIT_COLUMNS, "slow is above", MS_COLUMNS,
		"median", "before");
}

/* The text of a cell so far, from `at`, is as wide as its column. */
static void end_cell(struct buf *out, size_t at, size_t columns)
{
	do
		buf_add_byte(out, ' ');
	while (out->len - at < columns && !out->over);
}

static void add_row(struct buf *out, const struct judgement_slow *s)
{
	size_t at;

	buf_addf(out, "%-*.*s", ARM_COLUMNS, STR_ARG(s->arm));
	at = out->len;
	add_share(out, s->slow, s->since);
	end_cell(out, at, SHARE_COLUMNS);
	at = out->len;
	add_share(out, s->slow_before, s->before);
	end_cell(out, at, SHARE_COLUMNS);
	at = out->len;
	add_limits(out, s);
	if (s->median_us) {
		end_cell(out, at, LIMIT_COLUMNS);
		at = out->len;
		add_length(out, s->median_us);
		end_cell(out, at, MS_COLUMNS);
		add_length(out, s->median_before_us);
	}
	buf_add_byte(out, '\n');
}

static void unjudged_text(struct buf *out, const struct judgement *j,
	unsigned indent)
{
	bool regions = str_eq(j->control, STR("regions"));

	add_label(out, indent, j->nslows ? "" : "latency");
	if (!regions)
		buf_add_z(out, "not judged: no second region\n");
	else
		buf_addf(out,
			"of %u of %u checks is not judged in every region: "
			"too few answers before the deploy\n",
			j->latency_unjudged, j->checks);
}

void latency_write_text(struct buf *out, const struct judgement *j,
	unsigned indent)
{
	if (j->nslows) {
		add_label(out, indent, "latency");
		add_header(out);
	}
	for (size_t i = 0; i < j->nslows; i++) {
		const struct judgement_slow *s = &j->slow[i];

		if (s->check.len && i % 2 == 0) {
			add_label(out, indent, "");
			buf_add_z(out, "check ");
			buf_add_visible(out, s->check);
			buf_add_byte(out, '\n');
		}
		add_label(out, indent, "");
		add_row(out, s);
	}
	if (j->latency_unjudged)
		unjudged_text(out, j, indent);
}

static void json_ms(struct buf *out, const char *name, uint64_t us)
{
	if (us)
		buf_addf(out, ",\"%s\":%.10g", name, (double)us / 1000);
	else
		buf_addf(out, ",\"%s\":null", name);
}

static void json_row(struct buf *out, const struct judgement_slow *s)
{
	buf_add_z(out, "{\"check\":");
	if (s->check.len)
		buf_add_json(out, s->check);
	else
		buf_add_z(out, "null");
	buf_add_z(out, ",\"arm\":");
	buf_add_json(out, s->arm);
	buf_addf(out,
		",\"answers\":%llu,\"slow\":%llu,\"answers_before\":%llu,"
		"\"slow_before\":%llu",
		(unsigned long long)s->since, (unsigned long long)s->slow,
		(unsigned long long)s->before,
		(unsigned long long)s->slow_before);
	json_ms(out, "limit_ms", s->limit_low_us);
	json_ms(out, "highest_limit_ms", s->limit_high_us);
	json_ms(out, "median_ms", s->median_us);
	json_ms(out, "median_before_ms", s->median_before_us);
	buf_add_byte(out, '}');
}

void latency_write_json(struct buf *out, const struct judgement *j)
{
	buf_add_z(out, ",\"latency\":[");
	for (size_t i = 0; i < j->nslows; i++) {
		buf_add_z(out, i ? "," : "");
		json_row(out, &j->slow[i]);
	}
	buf_add_z(out, "],\"latency_unjudged\":");
	if (j->checks)
		buf_addf(out, "%u", j->latency_unjudged);
	else
		buf_add_z(out, "null");
}
