#include "cli/status_view.h"

#include "cli/view.h"
#include "gate/answer.h"
#include "gate/policy.h"

enum { NEWEST_OF_A_STAGE = 3 };

const char *line_state_token(enum line_state s)
{
	static const char *const tokens[] = {
#define X(name, token, code) token,
		LINE_STATE_MAP(X)
#undef X
	};

	return tokens[s];
}

int line_state_code(enum line_state s)
{
	static const int codes[] = {
#define X(name, token, code) code,
		LINE_STATE_MAP(X)
#undef X
	};

	return codes[s];
}

static enum line_state scope_word(const struct scope_state *s)
{
	return s->automatic ? LINE_STOPPED : LINE_HALTED;
}

enum line_state line_state_of(const struct facts *f, const struct line *l)
{
	enum line_state worst = LINE_OPEN;

	if (window_open(l->freezes, NULL, f->now_us))
		worst = LINE_FROZEN;
	for (size_t i = 0; i < f->nscopes; i++)
		if (scope_word(&f->scope[i]) > worst)
			worst = scope_word(&f->scope[i]);
	return worst;
}

/* The newest first; NULL: no more.  *at is where the last one stood. */
static const struct deployment *stage_newest(const struct facts *f,
	struct str stage, size_t *at)
{
	while (*at > 0)
		if (str_eq(f->deployment[--*at].stage, stage))
			return &f->deployment[*at];
	return NULL;
}

/* In words why it stands where it stands, as the gate would say it now. */
static struct str deployment_says(const struct facts *f, const struct line *l,
	const struct stage *s, const struct deployment *d, struct arena *a)
{
	struct question q = { .stage = s, .version = d->version };
	struct answer answer;

	if (deployment_state_final(d->state) ||
		facts_latest(f, d->stage, d->version) != d)
		return d->reason;
	gate_answer(f, l, &q, a, &answer);
	return arena_printf(a, "%s: %.*s", why_token(answer.why),
		STR_ARG(answer.text));
}

/* Of several regions the one that is furthest from its end. */
static const struct judgement *least_credited(const struct facts *f,
	const struct deployment *d)
{
	const struct judgement *least = NULL;

	for (size_t i = 0; i < d->nregions; i++) {
		const struct judgement *j =
			facts_judgement(f, d->id, d->region[i].region);
		if (j && (!least || j->credited_s < least->credited_s))
			least = j;
	}
	return least;
}

/* ------- for people ------- */

struct look {
	const char *symbol, *ascii, *word, *colour;
};

static const struct look looks[LINE_STATES] = {
	[LINE_OPEN] = { "\xe2\x97\x8f", "o", "OPEN", "\x1b[32m" },
	[LINE_FROZEN] = { "\xe2\x96\xa0", "#", "FROZEN", "\x1b[36m" },
	[LINE_HALTED] = { "\xe2\x96\xa0", "#", "HALTED", "\x1b[35m" },
	[LINE_STOPPED] = { "\xe2\x96\xa0", "#", "STOPPED", "\x1b[31m" },
};

static void text_field(struct buf *out, const char *between, struct str s)
{
	if (s.len == 0)
		return;
	buf_add_z(out, between);
	buf_add_visible(out, s);
}

static void text_scopes(struct buf *out, const struct facts *f,
	const struct line *l)
{
	char at[32];

	for (size_t i = 0; i < f->nscopes; i++) {
		const struct scope_state *s = &f->scope[i];
		text_field(out, "   ", s->scope);
		buf_addf(out, " %s since %s", line_state_token(scope_word(s)),
			view_clock(s->since_us, f->now_us, at));
		text_field(out, " by ", s->by);
		text_field(out, ": ", s->reason);
		text_field(out, "  (andon why ", s->deployment);
		buf_add_z(out, s->deployment.len ? ")" : "");
		if (!s->journaled)
			buf_add_z(out, "  (not yet in the detector's journal)");
		buf_add_byte(out, '\n');
	}
	for (const struct window *w = l->freezes;
		(w = window_open(w, NULL, f->now_us)) != NULL; w = w->next) {
		text_field(out, "   frozen by window ", w->name);
		buf_add_z(out, w->nregions ? " for" : " for the whole line");
		for (size_t i = 0; i < w->nregions; i++)
			text_field(out, " ", w->regions[i]->full);
		buf_add_byte(out, '\n');
	}
}

static void text_soak(struct buf *out, const struct judgement *j)
{
	if (!j || j->required_s == 0)
		return;
	buf_addf(out, "  %llu of %llu s credited",
		(unsigned long long)j->credited_s,
		(unsigned long long)j->required_s);
	if (j->starved_s)
		buf_addf(out, ", %llu s without data",
			(unsigned long long)j->starved_s);
}

static void text_deployment(struct buf *out, const struct facts *f,
	const struct deployment *d, struct str says)
{
	char at[32];

	text_field(out, "     ", d->version);
	buf_addf(out, "  %s since %s", deployment_state_token(d->state),
		view_clock(d->since_us, f->now_us, at));
	if (!deployment_state_final(d->state))
		text_soak(out, least_credited(f, d));
	if (d->lane != LANE_ORDINARY)
		buf_addf(out, "  lane %s", lane_token(d->lane));
	buf_add_byte(out, '\n');
	text_field(out, "       ", says);
	buf_add_z(out, says.len ? "\n" : "");
}

static void text_stages(struct buf *out, const struct facts *f,
	const struct line *l, struct arena *a)
{
	for (size_t i = 0; i < l->nstages; i++) {
		const struct stage *s = &l->stages[i];
		const struct deployment *d;
		size_t at = f->ndeployments;
		int n = 0;
		text_field(out, "   stage ", s->name);
		for (size_t k = 0; k < s->ndeploys; k++)
			text_field(out, k ? " " : "  ", s->deploys[k]->full);
		buf_add_byte(out, '\n');
		while (n++ < NEWEST_OF_A_STAGE &&
			(d = stage_newest(f, s->name, &at)) != NULL)
			text_deployment(out, f, d,
				deployment_says(f, l, s, d, a));
		if (n == 1)
			buf_add_z(out, "     nothing registered\n");
	}
}

static bool pulse_fresh(const struct facts *f, const struct pulse *p)
{
	return p->epoch == f->detector.epoch &&
	       f->now_us - p->at_us <= (int64_t)PULSE_FRESH_MS * 1000;
}

static void text_pulses(struct buf *out, const struct facts *f)
{
	char at[32];

	for (size_t i = 0; i < f->pulses.npulses; i++) {
		const struct pulse *p = &f->pulses.pulse[i];
		bool fresh = pulse_fresh(f, p);

		text_field(out, i ? "             " : "   regions   ",
			p->region);
		buf_addf(out, "  %s",
			fresh ? pulse_token(p->state) : "unknown");
		if (!fresh)
			buf_addf(out, "  last looked at %s",
				view_clock(p->at_us, f->now_us, at));
		text_field(out, "  ", fresh ? p->text : STR(""));
		if (p->state == PULSE_SICK && p->elsewhere)
			buf_addf(out, "; %u other regions are sick",
				p->elsewhere);
		if (p->recovered_us) {
			buf_addf(out, "  was sick from %s",
				view_clock(p->since_us, f->now_us, at));
			buf_addf(out, ", recovered at %s",
				view_clock(p->recovered_us, f->now_us, at));
		}
		buf_add_byte(out, '\n');
	}
}

static bool detector_alive(const struct facts *f)
{
	return f->detector.epoch > 0 && f->detector.valid_until_us > f->now_us;
}

static void text_observers(struct buf *out, const struct facts *f)
{
	char age[32];

	if (f->plan) {
		buf_addf(out, "   plan      %zu jobs, %.12s", f->plan->njobs,
			f->plan->hash.len ? f->plan->hash.ptr : "");
		text_field(out, ", by ", f->plan->runner);
		buf_addf(out, " %s ago\n",
			view_age(f->plan->at_us, f->now_us, age));
	} else {
		buf_add_z(out, "   plan      none: nothing can be credited\n");
	}
	for (size_t i = 0; i < f->nrunners; i++) {
		const struct runner_lease *r = &f->runner[i];
		text_field(out, "   runner    ", r->id);
		buf_addf(out, "  seen %s ago",
			view_age(r->seen_us, f->now_us, age));
		if (f->plan && !str_eq(r->plan_hash, f->plan->hash))
			buf_add_z(out, "  with another plan: no credit");
		buf_add_byte(out, '\n');
	}
	if (f->nrunners == 0)
		buf_add_z(out, "   runner    none is alive: no results\n");
	if (!detector_alive(f)) {
		buf_add_z(out, "   detector  none is alive: no verdict\n");
		return;
	}
	text_field(out, "   detector  ", f->detector.id);
	buf_addf(out, "  epoch %llu\n", (unsigned long long)f->detector.epoch);
}

void status_text(struct buf *out, const struct facts *f, const struct line *l,
	const struct view_style *style, struct arena *a)
{
	enum line_state state = line_state_of(f, l);
	const struct look *k = &looks[state];
	char at[32];

	buf_add_byte(out, ' ');
	buf_add_z(out, style->colour ? k->colour : "");
	buf_addf(out, "%s %s", style->utf8 ? k->symbol : k->ascii, k->word);
	buf_add_z(out, style->colour ? "\x1b[0m" : "");
	text_field(out, "  line ", l->name);
	buf_addf(out, "  %s   exit %d\n", view_clock(f->now_us, f->now_us, at),
		line_state_code(state));
	text_scopes(out, f, l);
	text_stages(out, f, l, a);
	for (size_t i = 0; i < f->nlive; i++) {
		text_field(out, i ? "             " : "   live      ",
			f->live[i].region);
		text_field(out, "  ", f->live[i].version);
		buf_addf(out, "  since %s\n",
			view_clock(f->live[i].since_us, f->now_us, at));
	}
	text_pulses(out, f);
	text_observers(out, f);
}

/* ------- for machines ------- */

static void json_scopes(struct buf *out, const struct facts *f,
	const struct line *l)
{
	bool first = true;

	view_list(out, "scopes");
	for (size_t i = 0; i < f->nscopes; i++) {
		const struct scope_state *s = &f->scope[i];
		buf_addf(out, "%s{\"state\":\"%s\"", i ? "," : "",
			line_state_token(scope_word(s)));
		view_str(out, "scope", s->scope);
		view_str(out, "by", s->by);
		view_str(out, "reason", s->reason);
		view_str(out, "cause", s->cause);
		view_str(out, "deployment", s->deployment);
		view_bool(out, "automatic", s->automatic);
		view_bool(out, "journaled", s->journaled);
		view_time(out, "since", s->since_us);
		buf_add_byte(out, '}');
	}
	buf_add_z(out, "],\"frozen\":[");
	for (const struct window *w = l->freezes;
		(w = window_open(w, NULL, f->now_us)) != NULL; w = w->next) {
		buf_add_z(out, first ? "" : ",");
		first = false;
		buf_add_json(out, w->name);
	}
	buf_add_byte(out, ']');
}

static void json_regions(struct buf *out, const struct facts *f,
	const struct deployment *d)
{
	view_list(out, "regions");
	for (size_t i = 0; i < d->nregions; i++) {
		const struct judgement *j =
			facts_judgement(f, d->id, d->region[i].region);
		view_item(out, i, "region", d->region[i].region);
		view_time(out, "started", d->region[i].start_us);
		view_time(out, "done", d->region[i].done_us);
		if (j) {
			view_count(out, "required_s", j->required_s);
			view_count(out, "credited_s", j->credited_s);
			view_count(out, "starved_s", j->starved_s);
			view_number(out, "e", j->evidence);
			view_number(out, "halt_at", j->halt_at);
			view_number(out, "canary_rate", j->canary_rate);
			view_number(out, "baseline_rate", j->baseline_rate);
			view_str(out, "waiting", j->waiting);
			view_str(out, "missing", j->missing);
		}
		buf_add_byte(out, '}');
	}
	buf_add_byte(out, ']');
}

static void json_deployment(struct buf *out, const struct facts *f,
	const struct deployment *d, struct str says)
{
	buf_add_z(out, "{\"id\":");
	buf_add_json(out, d->id);
	view_str(out, "version", d->version);
	view_str(out, "change", d->change);
	view_str(out, "lane", str_from(lane_token(d->lane)));
	view_count(out, "attempt", d->attempt);
	view_str(out, "state", str_from(deployment_state_token(d->state)));
	view_bool(out, "final", deployment_state_final(d->state));
	view_time(out, "since", d->since_us);
	view_str(out, "why", str_from(why_token(d->why)));
	view_str(out, "reason", says);
	json_regions(out, f, d);
	buf_add_byte(out, '}');
}

static void json_stages(struct buf *out, const struct facts *f,
	const struct line *l, struct arena *a)
{
	view_list(out, "stages");
	for (size_t i = 0; i < l->nstages; i++) {
		const struct stage *s = &l->stages[i];
		const struct deployment *d;
		size_t at = f->ndeployments;
		int n = 0;
		view_item(out, i, "stage", s->name);
		view_list(out, "deployments");
		while (n++ < NEWEST_OF_A_STAGE &&
			(d = stage_newest(f, s->name, &at)) != NULL) {
			buf_add_z(out, n > 1 ? "," : "");
			json_deployment(out, f, d,
				deployment_says(f, l, s, d, a));
		}
		buf_add_z(out, "]}");
	}
	buf_add_byte(out, ']');
}

static void json_pulses(struct buf *out, const struct facts *f)
{
	view_list(out, "regions");
	for (size_t i = 0; i < f->pulses.npulses; i++) {
		const struct pulse *p = &f->pulses.pulse[i];
		enum pulse_state s =
			pulse_fresh(f, p) ? p->state : PULSE_UNKNOWN;

		view_item(out, i, "region", p->region);
		view_str(out, "state", str_from(pulse_token(s)));
		view_str(out, "rule", p->rule);
		view_str(out, "text", p->text);
		view_time(out, "since", p->since_us);
		view_time(out, "recovered", p->recovered_us);
		view_time(out, "looked", p->at_us);
		view_time(out, "newest", p->newest_us);
		view_count(out, "runs", p->runs);
		view_count(out, "failed", p->failed);
		view_count(out, "elsewhere", p->elsewhere);
		view_count(out, "past_s", p->past_s);
		view_number(out, "e", p->evidence);
		view_number(out, "alarm_at", p->alarm_at);
		view_list(out, "checks");
		for (size_t k = 0; k < p->nchecks; k++) {
			view_item(out, k, "check", p->check[k].name);
			view_time(out, "since", p->check[k].since_us);
			view_count(out, "runs", p->check[k].runs);
			view_count(out, "failed", p->check[k].failed);
			buf_add_byte(out, '}');
		}
		buf_add_z(out, "]}");
	}
	buf_add_byte(out, ']');
}

static void json_observers(struct buf *out, const struct facts *f)
{
	view_list(out, "runners");
	for (size_t i = 0; i < f->nrunners; i++) {
		const struct runner_lease *r = &f->runner[i];
		view_item(out, i, "id", r->id);
		view_str(out, "vantage", r->vantage);
		view_str(out, "plan", r->plan_hash);
		view_count(out, "epoch", r->epoch);
		view_time(out, "seen", r->seen_us);
		buf_add_byte(out, '}');
	}
	buf_add_z(out, "],\"detector\":{\"alive\":");
	buf_add_z(out, detector_alive(f) ? "true" : "false");
	view_str(out, "id", f->detector.id);
	view_count(out, "epoch", f->detector.epoch);
	view_time(out, "valid_until", f->detector.valid_until_us);
	buf_add_z(out, "},\"plan\":");
	if (!f->plan) {
		buf_add_z(out, "null");
		return;
	}
	buf_addf(out, "{\"jobs\":%zu", f->plan->njobs);
	view_str(out, "hash", f->plan->hash);
	view_str(out, "config", f->plan->config);
	view_str(out, "runner", f->plan->runner);
	view_time(out, "at", f->plan->at_us);
	buf_add_byte(out, '}');
}

void status_json(struct buf *out, const struct facts *f, const struct line *l,
	struct arena *a)
{
	enum line_state state = line_state_of(f, l);

	buf_add_z(out, "{\"line\":");
	buf_add_json(out, l->name);
	view_str(out, "state", str_from(line_state_token(state)));
	view_bool(out, "ok", line_state_code(state) == 0);
	view_count(out, "code", (uint64_t)line_state_code(state));
	view_count(out, "rev", f->rev);
	view_time(out, "now", f->now_us);
	json_scopes(out, f, l);
	json_stages(out, f, l, a);
	view_list(out, "live");
	for (size_t i = 0; i < f->nlive; i++) {
		view_item(out, i, "region", f->live[i].region);
		view_str(out, "version", f->live[i].version);
		view_str(out, "deployment", f->live[i].deployment);
		view_time(out, "since", f->live[i].since_us);
		buf_add_byte(out, '}');
	}
	buf_add_byte(out, ']');
	json_pulses(out, f);
	json_observers(out, f);
	buf_add_z(out, "}\n");
}
