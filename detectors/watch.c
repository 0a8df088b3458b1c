#include "detectors/watch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/map.h"
#include "base/oom.h"
#include "base/units.h"
#include "detectors/detector.h"
#include "detectors/sparse.h"

enum { FAILURES_MAX_BYTES = 64 * 1024, FAILURES_MAX = 8 };

/* The deployment's first failures, for the person on call. */
struct failures {
	struct buf text; /* JSON objects, comma between them */
	uint32_t count;
};

struct watch {
	struct arena *arena; /* of the spec's texts */
	struct watch_spec spec;
	const struct detector *detector;
	struct map *checks; /* key -> struct index */
	struct watch_gap *gap;
	size_t ngaps;
	void *state;
	size_t state_bytes;
	bool deployed, judging;
	int64_t t0_us;
	/* Of the canary's history: newest result, and how much time the
	 * results really cover, without the holes between them. */
	int64_t past_us, covered_us, hole_us;
	struct failures failures;
};

struct index { /* a map keeps pointers */
	uint32_t check;
};

/* Suites, roles and rows hold no newline: ids and printed values. */
static struct str check_key(struct arena *a, struct str suite, struct str role,
	struct str row)
{
	return arena_printf(a, "%.*s\n%.*s\n%.*s", STR_ARG(suite),
		STR_ARG(role), STR_ARG(row));
}

static struct str *strs_copy(struct arena *a, const struct str *s, size_t n)
{
	struct str *c = ARENA_ARRAY(a, n + 1, struct str);

	for (size_t i = 0; i < n; i++)
		c[i] = arena_str(a, s[i]);
	return c;
}

static void spec_copy(struct watch *w, const struct watch_spec *s)
{
	struct watch_check *check =
		ARENA_ARRAY(w->arena, s->nchecks, struct watch_check);

	w->spec = *s;
	w->spec.deployment = arena_str(w->arena, s->deployment);
	w->spec.version = arena_str(w->arena, s->version);
	w->spec.region = arena_str(w->arena, s->region);
	w->spec.control = strs_copy(w->arena, s->control, s->ncontrols);
	w->spec.good_version = strs_copy(w->arena, s->good_version, s->ngood);
	for (size_t i = 0; i < s->nchecks; i++) {
		struct index *at = ARENA_NEW(w->arena, struct index);
		check[i] = s->check[i];
		check[i].suite = arena_str(w->arena, s->check[i].suite);
		check[i].role = arena_str(w->arena, s->check[i].role);
		check[i].row = arena_str(w->arena, s->check[i].row);
		at->check = (uint32_t)i;
		map_set(w->checks,
			check_key(w->arena, check[i].suite, check[i].role,
				check[i].row),
			at);
	}
	w->spec.check = check;
}

/* The shape that the detector is asked to judge; arrays in the arena. */
static struct stage_shape shape_of(const struct watch_spec *s, struct arena *a)
{
	uint32_t *interval = ARENA_ARRAY(a, s->nchecks, uint32_t);
	uint16_t *group = ARENA_ARRAY(a, s->nchecks, uint16_t);
	bool grouped = false;

	for (size_t i = 0; i < s->nchecks; i++) {
		interval[i] = s->check[i].every_ms ? s->check[i].every_ms : 1;
		group[i] = s->check[i].group;
		grouped |= group[i] != group[0];
	}
	return (struct stage_shape){ .nchecks = (uint32_t)s->nchecks,
		.nregions = (uint16_t)(s->ncontrols + 1),
		.interval_ms = interval,
		.group = grouped ? group : NULL,
		.soak_ms = s->soak_ms ? s->soak_ms : 1,
		.starts_us = s->start_us,
		.horizon_ms = s->horizon_ms,
		.false_halt = s->false_halt,
		.smallest_effect = s->smallest_effect };
}

/* A longer hole than that is no history: nobody looked, or what was there
 * does not count. */
static int64_t hole_of(const struct watch *w)
{
	int64_t most_us = 60 * 1000000LL;

	for (size_t i = 0; i < w->spec.nchecks; i++) {
		int64_t five_us = 5000LL * w->spec.check[i].every_ms;
		if (five_us > most_us)
			most_us = five_us;
	}
	return most_us;
}

static struct watch *watch_make(const struct watch_spec *spec)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	assert(spec->nchecks > 0 && spec->nchecks <= DETECTOR_MAX_CHECKS);
	static_assert(WATCH_ARMS_MAX == DETECTOR_MAX_REGIONS,
		"the detector's limit is the watch's");
	assert(spec->ncontrols < WATCH_ARMS_MAX);
	w->arena = arena_new();
	w->checks = map_new();
	spec_copy(w, spec);
	w->hole_us = hole_of(w);
	w->detector = detectors[0];
	buf_init(&w->failures.text, FAILURES_MAX_BYTES);
	struct stage_shape shape = shape_of(&w->spec, w->arena);
	w->state_bytes = w->detector->state_size(&shape);
	w->state = xcalloc(1, w->state_bytes);
	return w;
}

struct watch *watch_new(const struct watch_spec *spec)
{
	struct watch *w = watch_make(spec);
	struct stage_shape shape = shape_of(&w->spec, w->arena);

	w->detector->begin(w->state, &shape, NULL);
	return w;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	buf_done(&w->failures.text);
	map_free(w->checks);
	free(w->state);
	free(w->gap);
	arena_free(w->arena);
	free(w);
}

void watch_set_gaps(struct watch *w, const struct watch_gap *gap, size_t n)
{
	w->gap = xrealloc(w->gap, (n + 1) * sizeof(*gap));
	for (size_t i = 0; i < n; i++)
		w->gap[i] = gap[i];
	w->ngaps = n;
}

static bool arm_of(const struct watch *w, struct str env, struct str region,
	uint32_t *ret)
{
	char full[256];
	int n = snprintf(full, sizeof(full), "%.*s/%.*s", STR_ARG(env),
		STR_ARG(region));
	struct str name = { full, (size_t)n };

	if (n < 0 || (size_t)n >= sizeof(full))
		return false;
	*ret = 0;
	if (str_eq(name, w->spec.region))
		return true;
	for (size_t i = 0; i < w->spec.ncontrols; i++)
		if (str_eq(name, w->spec.control[i])) {
			*ret = (uint32_t)i + 1;
			return true;
		}
	return false;
}

static bool check_of(const struct watch *w, const struct result *r,
	uint32_t *ret)
{
	char key[512];
	int n = snprintf(key, sizeof(key), "%.*s\n%.*s\n%.*s",
		STR_ARG(r->suite), STR_ARG(r->role), STR_ARG(r->row));

	if (n < 0 || (size_t)n >= sizeof(key))
		return false;
	const struct index *at =
		map_get(w->checks, (struct str){ key, (size_t)n });
	if (!at)
		return false;
	*ret = at->check;
	return true;
}

static bool in_gap(const struct watch *w, uint32_t arm, int64_t at_us)
{
	for (size_t i = 0; i < w->ngaps; i++) {
		const struct watch_gap *g = &w->gap[i];
		if (g->arm == arm && at_us >= g->from_us && at_us < g->to_us)
			return true;
	}
	return false;
}

static bool good_history(const struct watch *w, const struct result *r,
	int64_t at_us)
{
	if (w->spec.all_history)
		return true;
	/* An outage of a good version tells no version: it is its past too. */
	if (!w->spec.attributed || r->version.len == 0)
		return !in_gap(w, 0, at_us);
	for (size_t i = 0; i < w->spec.ngood; i++)
		if (version_same(r->version, w->spec.good_version[i]))
			return true;
	return false;
}

static enum watch_version version_of(const struct watch *w,
	const struct result *r)
{
	if (!w->spec.attributed)
		return WATCH_THIS;
	if (r->version.len == 0)
		return WATCH_UNKNOWN;
	return version_same(r->version, w->spec.version) ? WATCH_THIS
							 : WATCH_OTHER;
}

struct watched watch_classify(const struct watch *w, const struct result *r,
	int64_t at_us)
{
	struct watched o = { .part = WATCH_NOTHING,
		.failed = !outcome_ok(r->outcome),
		.extra = r->extra,
		.version = WATCH_THIS,
		.at_us = at_us,
		.took_us = r->took_us };

	if (!outcome_counts(r->outcome) || r->maintenance ||
		!arm_of(w, r->env, r->region, &o.arm) ||
		!check_of(w, r, &o.check))
		return o;
	if (o.arm > 0 && in_gap(w, o.arm, at_us))
		return o;
	/* The past is what is asked anyway: its rates are those of `every`. */
	if (r->extra && at_us < w->spec.done_us)
		return o;
	if (at_us < w->spec.start_us) {
		if (o.arm > 0 || good_history(w, r, at_us))
			o.part = WATCH_HISTORY;
		return o;
	}
	/* A run that began before `deploy done` met a half-made deployment;
	 * in a control it says nothing wrong, and starts with the canary. */
	if (r->started_us < w->spec.done_us || at_us < w->spec.done_us)
		return o;
	if (o.arm == 0)
		o.version = version_of(w, r);
	o.part = WATCH_JUDGED;
	return o;
}

void watch_begin_judging(struct watch *w, int64_t t0_us)
{
	if (w->t0_us == 0)
		w->t0_us = t0_us;
}

/* One failing exchange as JSON: what `andon why` shows first. */
static void failure_add(struct watch *w, const struct watched *o,
	const struct result *r)
{
	struct buf *b = &w->failures.text;
	const struct evidence *v = r->evidence;
	char at[32];

	if (w->failures.count >= FAILURES_MAX || b->over)
		return;
	size_t before = b->len;
	if (w->failures.count > 0)
		buf_add_byte(b, ',');
	buf_addf(b, "{\"arm\":\"%s\",\"at\":\"%s\",\"region\":",
		o->arm == 0 ? "canary" : "control",
		units_rfc3339(r->started_us, at));
	buf_add_json(b,
		o->arm == 0 ? w->spec.region : w->spec.control[o->arm - 1]);
	buf_add_z(b, ",\"suite\":");
	buf_add_json(b, r->suite);
	buf_add_z(b, ",\"role\":");
	buf_add_json(b, r->role);
	buf_add_z(b, ",\"step\":");
	buf_add_json(b, r->step);
	buf_addf(b, ",\"outcome\":\"%s\",\"reason\":\"%s\",\"status\":%u",
		outcome_token(r->outcome), reason_token(r->reason), r->status);
	buf_addf(b, ",\"took_us\":%u,\"trace\":\"", r->took_us);
	buf_add_hex(b,
		(struct str){ (const char *)r->trace_id, sizeof(r->trace_id) });
	buf_add_byte(b, '"');
	if (v) {
		buf_add_z(b, ",\"message\":");
		buf_add_json(b, v->message);
		buf_add_z(b, ",\"place\":");
		buf_add_json(b, v->place);
		buf_add_z(b, ",\"curl\":");
		buf_add_json(b, v->curl);
		buf_add_z(b, ",\"body\":");
		buf_add_json(b, str_sub(v->body, 0, 2048));
	}
	buf_add_byte(b, '}');
	w->failures.count++;
	if (b->over) { /* what does not fit whole is not kept at all */
		b->len = before;
		w->failures.count = FAILURES_MAX;
	}
}

static void cover(struct watch *w, int64_t at_us)
{
	if (w->past_us != 0 && at_us > w->past_us) {
		int64_t step_us = at_us - w->past_us;
		w->covered_us += step_us < w->hole_us ? step_us : w->hole_us;
	}
	w->past_us = at_us;
}

static void end_history(struct watch *w)
{
	if (w->deployed)
		return;
	if (w->past_us != 0)
		cover(w, w->spec.start_us);
	w->detector->deployed(w->state, w->spec.start_us, w->covered_us);
	w->deployed = true;
}

void watch_observe(struct watch *w, const struct watched *o,
	const struct result *r)
{
	struct observation ob = { .check = o->check,
		.region = (uint16_t)o->arm,
		.failed = o->failed,
		.extra = o->extra,
		.took_us = o->took_us,
		.at_us = o->at_us };

	if (o->part == WATCH_NOTHING || o->version == WATCH_OTHER)
		return;
	if (o->part == WATCH_HISTORY) {
		if (w->deployed)
			return; /* later than it can be: history is closed */
		if (o->arm == 0)
			cover(w, o->at_us);
	} else {
		end_history(w);
		if (!w->judging && w->t0_us != 0 && o->at_us >= w->t0_us) {
			w->detector->judge_from(w->state, w->t0_us);
			w->judging = true;
		}
		if (o->failed && (o->arm == 0 || w->failures.count > 0))
			failure_add(w, o, r);
	}
	w->detector->observe(w->state, &ob);
}

struct str watch_check_name(const struct watch *w, uint32_t check,
	struct arena *a)
{
	const struct watch_check *c;

	if (check >= w->spec.nchecks)
		return STR("");
	c = &w->spec.check[check];
	return arena_printf(a, "%.*s/%.*s%s%.*s", STR_ARG(c->suite),
		STR_ARG(c->role), c->row.len ? "/" : "", STR_ARG(c->row));
}

enum { SUSPECTS_AT_ONCE = 8 };

uint32_t watch_suspects(const struct watch *w, uint32_t max,
	struct watch_suspect *ret)
{
	struct suspected of[SUSPECTS_AT_ONCE];
	uint32_t n = 0;

	if (max > SUSPECTS_AT_ONCE)
		max = SUSPECTS_AT_ONCE;
	if (w->deployed)
		n = w->detector->suspects(w->state, max, of);
	for (uint32_t i = 0; i < n; i++)
		ret[i] = (struct watch_suspect){ of[i].check, of[i].evidence };
	return n;
}

struct str watch_failures(const struct watch *w)
{
	return buf_str(&w->failures.text);
}

/* What a pass still lacks, without the soak: the gate counts that itself. */
static struct str lacks_text(const struct watch *w, const struct opinion *op,
	struct arena *a)
{
	struct buf text;
	struct str out;

	buf_init(&text, 1024);
	for (int i = 0; i < LACKS; i++) {
		if (!(op->lacks & (1U << i)) || i == LACK_SOAK ||
			i == LACK_NOT_JUDGED)
			continue;
		if (text.len)
			buf_add_z(&text, "; ");
		buf_add_z(&text, lack_text((enum lack)i));
		if (op->lack_check[i] != DETECTOR_NO_CHECK)
			buf_addf(&text, " (%.*s)",
				STR_ARG(watch_check_name(w, op->lack_check[i],
					a)));
	}
	out = arena_str(a, buf_str(&text));
	buf_done(&text);
	return text.over || !out.ptr ? STR("") : out;
}

static const char *control_word(enum against c)
{
	static const char *const words[] = {
		[AGAINST_REGIONS] = "regions",
		[AGAINST_PAST] = "past",
		[AGAINST_NONE] = "none",
	};

	return words[c];
}

/* A stream carries a name of its own: errors, errors:check=orders/default. */
static struct str stream_name(const struct watch *w, const struct opinion *op,
	struct arena *a)
{
	if (op->stream == STREAM_CHECK || op->stream == STREAM_SLOW_CHECK)
		return arena_printf(a, "%s=%.*s", stream_token(op->stream),
			STR_ARG(watch_check_name(w, op->stream_index, a)));
	return str_from(stream_token(op->stream));
}

static uint64_t nearest_us(double us)
{
	return us > 0 ? (uint64_t)(us + .5) : 0;
}

struct judgement_slow watch_latency_row(const struct latency_arm *arm,
	struct str check, struct str name)
{
	return (struct judgement_slow){ .check = check,
		.arm = name,
		.before = arm->before,
		.slow_before = arm->slow_before,
		.since = arm->since,
		.slow = arm->slow,
		.limit_low_us = arm->limit_low_us,
		.limit_high_us = arm->limit_high_us,
		.median_before_us = nearest_us(arm->median_before_us),
		.median_us = nearest_us(arm->median_us) };
}

/* Latency behind an opinion, in the words of a judgement. */
static void say_latency(const struct watch *w, const struct opinion *op,
	struct arena *a, struct judgement *ret)
{
	struct latency_seen seen[LATENCY_SEEN_MAX];
	uint32_t n = w->detector->latency(w->state, op, seen);

	ret->slow = ARENA_ARRAY(a, (size_t)2 * LATENCY_SEEN_MAX,
		struct judgement_slow);
	for (uint32_t i = 0; i < n; i++) {
		struct str check = watch_check_name(w, seen[i].check, a);

		ret->slow[ret->nslows++] = watch_latency_row(&seen[i].canary,
			check, STR("canary"));
		ret->slow[ret->nslows++] = watch_latency_row(&seen[i].control,
			check, STR("control"));
	}
	ret->latency_unjudged = op->latency_unjudged;
	ret->checks = (uint32_t)w->spec.nchecks;
}

void watch_judge(const struct watch *w, int64_t now_us, struct arena *a,
	struct judgement *ret)
{
	struct opinion op = w->detector->judge(w->state, now_us);
	uint32_t check = op.check;

	if (check == DETECTOR_NO_CHECK &&
		(op.stream == STREAM_CHECK || op.stream == STREAM_SLOW_CHECK))
		check = op.stream_index;
	*ret = (struct judgement){ .deployment = w->spec.deployment,
		.region = w->spec.region,
		.detector = str_from(w->detector->name),
		.control = str_from(control_word(op.control)),
		.verdict = op.state,
		.rule = str_from(halt_rule_token(op.rule)),
		.stream = stream_name(w, &op, a),
		.check = watch_check_name(w, check, a),
		.halted_us = op.halted_us,
		.evidence = op.evidence,
		.halt_at = op.threshold,
		.canary_rate = op.canary_rate,
		.baseline_rate = op.baseline_rate,
		.excluded_rise = op.excluded_rise,
		.rise_over_past = op.rise_over_past,
		.smallest_effect = w->spec.smallest_effect,
		.pending = op.pending,
		.held = op.held,
		.control_sick = (op.lacks & (1U << LACK_CONTROL_SICK)) != 0,
		.attributed = w->spec.attributed,
		.waiting = lacks_text(w, &op, a) };
	say_latency(w, &op, a, ret);
	/* Before t0 nothing but a hard path may speak. */
	if (!w->judging && ret->verdict == VERDICT_PASS)
		ret->verdict = VERDICT_UNDECIDED;
}

uint64_t watch_least_pass_ms(double runs_per_s, double smallest_effect,
	unsigned failures)
{
	double s = detector_least_pass_s(runs_per_s, smallest_effect, failures);

	/* A century is never. */
	return s < 3.2e9 ? (uint64_t)(s * 1000.0 + 0.5) : UINT64_MAX;
}

/*
 * Saved form: head, detector state, failures.  The spec is not saved but
 * hashed by its owner: a checkpoint of another plan is not resumed.
 */
struct saved_head {
	uint64_t magic;
	uint64_t state_bytes, failure_bytes;
	int64_t t0_us, past_us, covered_us;
	uint32_t failures;
	uint8_t deployed, judging, pad[2];
};

static const uint64_t saved_magic = 0x34686374617764ULL; /* "dwatch4" */

void watch_save(const struct watch *w, struct buf *out)
{
	struct buf state;

	buf_init(&state, out->max);
	sparse_write(&state, w->state, w->state_bytes);
	struct saved_head head = { .magic = saved_magic,
		.state_bytes = state.len,
		.failure_bytes = w->failures.text.len,
		.t0_us = w->t0_us,
		.past_us = w->past_us,
		.covered_us = w->covered_us,
		.failures = w->failures.count,
		.deployed = w->deployed,
		.judging = w->judging };

	buf_add(out, (struct str){ (const char *)&head, sizeof(head) });
	buf_add(out, buf_str(&state));
	buf_add(out, buf_str(&w->failures.text));
	out->over |= state.over;
	buf_done(&state);
}

struct watch *watch_load(const struct watch_spec *spec, struct str saved)
{
	struct saved_head head;
	struct watch *w = watch_make(spec);
	struct stage_shape shape = shape_of(&w->spec, w->arena);

	if (saved.len < sizeof(head))
		goto bad;
	memcpy(&head, saved.ptr, sizeof(head));
	if (head.magic != saved_magic || head.state_bytes > saved.len ||
		head.failure_bytes > FAILURES_MAX_BYTES ||
		saved.len !=
			sizeof(head) + head.state_bytes + head.failure_bytes)
		goto bad;
	if (!sparse_read(str_sub(saved, sizeof(head), head.state_bytes),
		    w->state, w->state_bytes) ||
		!w->detector->resumes(w->state, w->state_bytes, &shape, NULL))
		goto bad;
	buf_add(&w->failures.text,
		str_sub(saved, sizeof(head) + head.state_bytes, saved.len));
	w->failures.count = head.failures;
	w->t0_us = head.t0_us;
	w->past_us = head.past_us;
	w->covered_us = head.covered_us;
	w->deployed = head.deployed;
	w->judging = head.judging;
	return w;
bad:
	watch_free(w);
	return NULL;
}
