#include "cli/trial_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/oom.h"
#include "base/units.h"
#include "cli/past.h"
#include "gate/policy.h"
#include "gate/required.h"

enum {
	LATE_US = 2000000,
	READ_CHUNK = 2000,
	/* A runner whose clock is so far off tells nothing about time. */
	SKEW_MAX_US = 30000000
};

/* A pass that needs longer than a month will not be waited for. */
static const uint64_t least_pass_max_ms = 30ULL * 24 * 3600 * 1000;

/* ------- making: what is compared, and what may be history ------- */

static struct gate_settings settings_for(const struct stage *s,
	const struct required *q)
{
	struct stage_load load = { .canary_runs_per_minute = q->runs_per_minute,
		.longest_every_ms = q->longest_every_ms };
	struct gate_settings g = stage_settings(s, &load);

	if (q->count == 0)
		return g;
	load.least_pass_ms = watch_least_pass_ms(q->runs_per_minute / 60,
		g.smallest_effect, 1);
	if (load.least_pass_ms > least_pass_max_ms)
		load.least_pass_ms = least_pass_max_ms;
	return stage_settings(s, &load);
}

struct gate_settings trial_stage_settings(const struct facts *f,
	const struct stage *s, struct arena *a)
{
	struct gate_settings slowest = settings_for(s, &(struct required){ 0 });

	for (size_t i = 0; i < s->ndeploys; i++) {
		struct required q;
		required_checks(f, s, s->deploys[i]->full, a, &q);
		struct gate_settings g = settings_for(s, &q);
		if (i == 0 || g.max_wait_ms > slowest.max_wait_ms)
			slowest = g;
	}
	return slowest;
}

static void pauses_take(struct trial *t, const struct facts *f)
{
	const struct deployment *d = facts_deployment(f, t->spec.deployment);

	t->npauses = d ? d->npauses : 0;
	for (size_t i = 0; i < t->npauses; i++)
		t->pause[i] = d->pause[i];
}

static bool paused(const struct trial *t, int64_t at_us)
{
	for (size_t i = 0; i < t->npauses; i++)
		if (at_us >= t->pause[i].from_us &&
			(t->pause[i].to_us == 0 || at_us < t->pause[i].to_us))
			return true;
	return false;
}

void trial_refresh(struct trial *t, const struct facts *f, struct arena *a)
{
	size_t most = past_gaps_max(f, t->spec.ncontrols) + 1;
	struct watch_gap *gap = ARENA_ARRAY(a, most, struct watch_gap);

	watch_set_gaps(t->watch, gap, past_gaps(f, &t->spec, gap));
	pauses_take(t, f);
}

static void checks_of(struct trial *t, const struct required *q, bool roles)
{
	struct watch_check *check =
		ARENA_ARRAY(t->arena, q->count, struct watch_check);
	uint64_t *every = ARENA_ARRAY(t->arena, q->count, uint64_t);
	uint64_t *fresh = ARENA_ARRAY(t->arena, q->count, uint64_t);
	struct str *group = ARENA_ARRAY(t->arena, q->count, struct str);
	size_t ngroups = 0;

	for (size_t i = 0; i < q->count; i++) {
		const struct plan_job *j = q->job[i];
		struct str name = roles          ? j->role
				  : j->ntags > 0 ? j->tag[0]
						 : STR("");
		size_t k = 0;
		while (k < ngroups && !str_eq(group[k], name))
			k++;
		if (k == ngroups)
			group[ngroups++] = arena_str(t->arena, name);
		check[i] = (struct watch_check){ .suite = arena_str(t->arena,
							 j->suite),
			.role = arena_str(t->arena, j->role),
			.row = arena_str(t->arena, j->row),
			.every_ms = (uint32_t)j->every_ms,
			.group = (uint16_t)(k < UINT16_MAX ? k : 0) };
		every[i] = j->every_ms;
		fresh[i] = required_fresh_ms(&t->settings, j->every_ms);
	}
	t->spec.check = check;
	t->spec.nchecks = q->count;
	t->credit_shape.every_ms = every;
	t->credit_shape.fresh_ms = fresh;
}

static size_t controls_count(const struct stage *s)
{
	/* More controls than that make no verdict better. */
	return s->ncompare < WATCH_ARMS_MAX ? s->ncompare : WATCH_ARMS_MAX - 1;
}

static void controls_of(struct trial *t, const struct stage *s)
{
	size_t n = controls_count(s);
	struct str *control = ARENA_ARRAY(t->arena, n + 1, struct str);

	for (size_t i = 0; i < n; i++)
		control[i] = arena_str(t->arena, s->compare[i]->full);
	t->spec.control = control;
	t->spec.ncontrols = n;
}

/* Another set of checks or controls is another trial. */
struct str trial_shape_of(const struct facts *f, const struct stage *s,
	struct str region, struct arena *a)
{
	struct sha256 *h;
	struct required q;
	char hex[65];

	required_checks(f, s, region, a, &q);
	if (q.count == 0)
		return STR("");
	h = sha256_new();
	sha256_add(h, str_from(q.hash));
	for (size_t i = 0; i < controls_count(s); i++) {
		sha256_add(h, s->compare[i]->full);
		sha256_add(h, STR("\n"));
	}
	sha256_free(h, hex);
	return arena_str(a, str_from(hex));
}

/*
 * All regions of the line, not only those that are compared: a runner counts
 * its results over all of them, and only who reads all can tell a result that
 * was lost from one that went elsewhere.
 */
static void cursor_init(struct trial *t, const struct line *l)
{
	size_t n = l->nregions;

	t->cursor.region = ARENA_ARRAY(t->arena, n, struct str);
	t->cursor.id = ARENA_ARRAY(t->arena, n, struct str);
	t->cursor.count = n;
	t->id_text = arena_array(t->arena, n, sizeof(t->id_text[0]));
	for (size_t i = 0; i < n; i++) {
		t->cursor.region[i] = arena_str(t->arena, l->regions[i].full);
		t->cursor.id[i] = STR("0");
	}
}

/* A checkpoint of a line that was read otherwise is not resumed: its places
 * in the streams would be those of other regions. */
static struct str reads_of(const struct trial *t)
{
	struct str out;
	struct buf b;

	buf_init(&b, (size_t)LINE_REGIONS_MAX * 256);
	buf_add_byte(&b, t->spec.attributed ? 'v' : '-');
	for (size_t i = 0; i < t->cursor.count; i++) {
		buf_add_byte(&b, '\n');
		buf_add(&b, t->cursor.region[i]);
	}
	out = arena_str(t->arena, buf_str(&b));
	buf_done(&b);
	return out;
}

static void judges_begin(struct trial *t)
{
	int64_t from_us = t->spec.done_us;

	if (t->credit_from_us > from_us)
		from_us = t->credit_from_us;
	t->watch = watch_new(&t->spec);
	t->credit_state = xcalloc(1, credit_size(&t->credit_shape));
	t->credit = credit_begin(t->credit_state, &t->credit_shape, from_us);
	t->feed = feed_new(LATE_US);
}

static void credit_shape_of(struct trial *t)
{
	t->credit_shape.nchecks = (uint32_t)t->spec.nchecks;
	t->credit_shape.ncontrols = (uint32_t)t->spec.ncontrols;
	t->credit_shape.warmup_ms = t->settings.warmup_ms;
	t->credit_shape.soak_ms = t->settings.soak_ms;
	t->credit_shape.min_runs = (uint32_t)t->settings.min_runs;
	t->credit_shape.observations = (uint32_t)t->settings.observations;
}

struct trial *trial_new(const struct facts *f, const struct trial_subject *of,
	struct str *ret_why, struct arena *a)
{
	const struct line *l = of->line;
	const struct stage *s = of->stage;
	const struct deployment *d = of->deployment;
	const struct deployment_region *g = &d->region[of->region];
	struct required q;

	required_checks(f, s, g->region, a, &q);
	if (q.count == 0) {
		*ret_why = arena_printf(a,
			"the plan has no required check for %.*s",
			STR_ARG(g->region));
		return NULL;
	}
	struct trial *t = xcalloc(1, sizeof(*t));
	t->arena = arena_new();
	t->region = arena_str(t->arena, g->region);
	t->name = arena_printf(t->arena, "%.*s@%.*s", STR_ARG(d->id),
		STR_ARG(g->region));
	t->settings = settings_for(s, &q);
	t->credit_from_us = of->credit_from_us;
	t->read_from_us = of->read_from_us;
	t->read_to_us = of->read_to_us;
	t->spec = (struct watch_spec){ .deployment = arena_str(t->arena, d->id),
		.version = arena_str(t->arena, d->version),
		.region = t->region,
		.start_us = g->start_us,
		.done_us = g->done_us,
		.attributed = l->served.kind != SERVED_NONE,
		.soak_ms = t->settings.soak_ms,
		.horizon_ms = t->settings.max_wait_ms,
		.false_halt = t->settings.false_halt / (double)d->nregions,
		.smallest_effect = t->settings.smallest_effect };
	controls_of(t, s);
	t->spec.all_history = !past_versions(f, &t->spec, t->arena,
		&t->spec.good_version, &t->spec.ngood);
	checks_of(t, &q, l->nroles > 1);
	t->shape = arena_str(t->arena, trial_shape_of(f, s, g->region, a));
	credit_shape_of(t);
	cursor_init(t, l);
	t->reads = reads_of(t);
	judges_begin(t);
	trial_refresh(t, f, a);
	return t;
}

void trial_free(struct trial *t)
{
	if (!t)
		return;
	watch_free(t->watch);
	feed_free(t->feed);
	free(t->credit_state);
	arena_free(t->arena);
	free(t);
}

struct str trial_name(const struct trial *t)
{
	return t->name;
}

struct str trial_shape(const struct trial *t)
{
	return t->shape;
}

const struct gate_settings *trial_settings(const struct trial *t)
{
	return &t->settings;
}

void trial_tap(struct trial *t, trial_tap_fn *fn, void *owner)
{
	t->tap = fn;
	t->tap_owner = owner;
}

const struct watch_spec *trial_spec(const struct trial *t)
{
	return &t->spec;
}

int64_t trial_t0_us(const struct trial *t)
{
	return credit_t0_us(t->credit);
}

const struct cursor *trial_cursor(const struct trial *t)
{
	return &t->cursor;
}

/* ------- reading ------- */

static enum credit_version credit_version(enum watch_version v)
{
	static const enum credit_version of[] = {
		[WATCH_THIS] = CREDIT_THIS,
		[WATCH_UNKNOWN] = CREDIT_UNKNOWN,
		[WATCH_OTHER] = CREDIT_OTHER,
	};

	return of[v];
}

void trial_feed(struct trial *t, const struct result *r, int64_t at_us)
{
	struct watched o = watch_classify(t->watch, r, at_us);

	if (t->tap)
		t->tap(t->tap_owner, &o);
	if (o.part == WATCH_NOTHING)
		return;
	if (o.part == WATCH_JUDGED && !o.extra) {
		if (paused(t, at_us))
			credit_spoil(t->credit, at_us, at_us);
		/* Credit first: it knows when the warmup is over. */
		credit_observe(t->credit,
			&(struct credit_result){ .check = o.check,
				.arm = o.arm,
				.failed = o.failed,
				.version = credit_version(o.version),
				.at_us = at_us });
		if (credit_t0_us(t->credit) != 0)
			watch_begin_judging(t->watch, credit_t0_us(t->credit));
	}
	watch_observe(t->watch, &o, r);
}

static void no_witness(struct result *r)
{
	r->outcome = OUTCOME_RUNNER_ERROR;
	r->reason = REASON_INTERNAL;
}

/*
 * A run can not end after its result was written.  The store's clock, by which
 * deployments are dated too, bounds what a runner says of the time, so that a
 * clock that is ahead does not make the old version's runs the new one's.
 *
 * One that is behind would make the new version's first minutes its own past,
 * which then explains whatever it does: what came long after the deployment
 * had begun, and says that it ended before, is not believed either.
 */
static void clock_bound(const struct trial *t, struct result *r)
{
	int64_t ahead_us = result_end_us(r) - r->arrived_us;
	int64_t start_us = t->spec.start_us;

	if (r->arrived_us == 0)
		return;
	if (ahead_us > 0)
		r->started_us -= ahead_us;
	if (ahead_us > SKEW_MAX_US ||
		(result_end_us(r) < start_us &&
			r->arrived_us > start_us + SKEW_MAX_US))
		no_witness(r);
}

static void feed_drain(struct trial *t, int64_t now_us)
{
	struct result r;
	int64_t at_us;

	while (feed_next(t->feed, now_us, &r, &at_us)) {
		if (feed_lost_us(t->feed) != 0)
			credit_spoil(t->credit, feed_lost_us(t->feed), at_us);
		trial_feed(t, &r, at_us);
	}
}

/* The ids that a read moved live in its arena: keep a copy. */
static void cursor_keep(struct trial *t, const struct cursor *moved)
{
	for (size_t i = 0; i < t->cursor.count; i++) {
		size_t n = moved->id[i].len;
		if (n >= sizeof(t->id_text[i]))
			continue; /* not an id: stay where we are */
		memcpy(t->id_text[i], moved->id[i].ptr, n);
		t->cursor.id[i] = (struct str){ t->id_text[i], n };
	}
}

static bool place_cursor(struct trial *t, struct store *s, struct arena *a,
	struct err *e)
{
	int64_t from_us =
		t->spec.start_us - (int64_t)TRIAL_HISTORY_H * 3600 * 1000000;

	if (t->placed)
		return true;
	if (from_us < t->read_from_us)
		from_us = t->read_from_us;
	struct cursor c = t->cursor;
	if (!store_cursor_at(s, &c, a, from_us, e))
		return false;
	cursor_keep(t, &c);
	t->placed = true;
	return true;
}

/* How many of them are within the bound; they come in the order of stamps. */
static size_t within_bound(const struct trial *t, const struct result *r,
	size_t n)
{
	size_t k = 0;

	while (k < n && (t->read_to_us == 0 || r[k].arrived_us < t->read_to_us))
		k++;
	return k;
}

bool trial_read(struct trial *t, struct store *s, int64_t now_us, size_t budget,
	bool *ret_caught_up, struct err *e)
{
	struct arena *a = arena_new();
	bool ok = place_cursor(t, s, a, e);
	bool more = true;

	while (ok && more && budget > 0) {
		struct result *r;
		size_t n;
		struct cursor c = t->cursor;
		arena_reset(a);
		c.id = ARENA_ARRAY(a, c.count, struct str);
		for (size_t i = 0; i < c.count; i++)
			c.id[i] = t->cursor.id[i];
		ok = store_read(s, &c, a, READ_CHUNK, 0, &r, &n, e);
		if (!ok)
			break;
		more = n > 0 && within_bound(t, r, n) == n;
		n = within_bound(t, r, n);
		for (size_t i = 0; i < n; i++) {
			clock_bound(t, &r[i]);
			feed_add(t->feed, &r[i]);
		}
		cursor_keep(t, &c);
		/* While catching up, time is what was read, not the clock. */
		feed_drain(t, more ? 0 : now_us);
		budget = n < budget ? budget - n : 0;
	}
	arena_free(a);
	if (ok)
		*ret_caught_up = !more;
	return ok;
}

/* ------- what it says ------- */

static void arms_of(const struct trial *t, struct arena *a,
	struct judgement *ret)
{
	uint32_t n = t->credit_shape.ncontrols + 1;

	ret->arm = ARENA_ARRAY(a, n, struct judgement_arm);
	ret->narms = n;
	for (uint32_t i = 0; i < n; i++) {
		struct credit_arm m = credit_arm(t->credit, i);
		ret->arm[i] = (struct judgement_arm){
			.region = i == 0 ? t->region : t->spec.control[i - 1],
			.arm = i == 0 ? STR("canary") : STR("control"),
			.runs = m.runs,
			.failed = m.failed,
			.newest_us = m.newest_us
		};
	}
}

static struct str starved_text(const struct trial *t, int64_t now_us,
	uint32_t check, uint32_t arm, int64_t newest_us, struct arena *a)
{
	struct str name = watch_check_name(t->watch, check, a);
	struct str region = arm == 0 ? t->region : t->spec.control[arm - 1];

	if (newest_us == 0)
		return arena_printf(a,
			"%.*s has not reported from %.*s since the deployment",
			STR_ARG(name), STR_ARG(region));
	return arena_printf(a, "%.*s from %.*s is %lld s old", STR_ARG(name),
		STR_ARG(region), (long long)((now_us - newest_us) / 1000000));
}

/* Before the statistics have begun the rates are those since deploy done. */
static void early_rates(const struct trial *t, struct judgement *ret)
{
	uint64_t runs = 0;
	uint64_t failed = 0;

	if (credit_t0_us(t->credit) != 0 &&
		(ret->canary_rate > 0 || ret->baseline_rate > 0))
		return;
	for (size_t i = 1; i < ret->narms; i++) {
		runs += ret->arm[i].runs;
		failed += ret->arm[i].failed;
	}
	if (ret->arm[0].runs > 0)
		ret->canary_rate =
			(double)ret->arm[0].failed / (double)ret->arm[0].runs;
	if (runs > 0)
		ret->baseline_rate = (double)failed / (double)runs;
}

/* Results come, and yet no bucket earns. */
static void say_barren(const struct trial *t, int64_t now_us, struct arena *a,
	struct judgement *ret)
{
	uint64_t barren_ms = credit_barren_ms(t->credit, now_us);

	if (ret->starved || barren_ms <= t->settings.starve_after_ms)
		return;
	ret->starved = true;
	ret->missing = arena_printf(a,
		"nothing was credited from %.*s for %llu s: checks reported "
		"too seldom, or results were lost",
		STR_ARG(t->region), (unsigned long long)(barren_ms / 1000));
}

static void say_waiting(const struct trial *t, struct judgement *ret,
	struct arena *a)
{
	uint32_t check;

	if (credit_fails_everywhere(t->credit, &check)) {
		ret->control_sick = true;
		ret->waiting = arena_printf(a,
			"%.*s fails in the canary and in every control",
			STR_ARG(watch_check_name(t->watch, check, a)));
		return;
	}
	if (ret->t0_us != 0)
		return;
	/* What the statistics lack does not matter yet. */
	ret->waiting = arena_printf(a,
		"version %.*s was not yet seen by every required check",
		STR_ARG(t->spec.version));
}

void trial_judge(const struct trial *t, int64_t now_us, struct arena *a,
	struct judgement *ret)
{
	uint32_t check;
	uint32_t arm;
	int64_t newest_us;

	watch_judge(t->watch, now_us, a, ret);
	ret->at_us = now_us;
	arms_of(t, a, ret);
	early_rates(t, ret);
	ret->required_s = (credit_required_ms(t->credit) + 999) / 1000;
	ret->credited_s = credit_earned_ms(t->credit) / 1000;
	ret->starved_s = credit_starved_ms(t->credit) / 1000;
	ret->verified_us = credit_verified_us(t->credit);
	ret->t0_us = credit_t0_us(t->credit);
	ret->min_runs_left = credit_runs_left(t->credit);
	ret->other_version = credit_other_version(t->credit);
	ret->missing = STR("");
	ret->starved =
		credit_starving(t->credit, now_us, &check, &arm, &newest_us);
	if (ret->starved)
		ret->missing =
			starved_text(t, now_us, check, arm, newest_us, a);
	say_barren(t, now_us, a, ret);
	say_waiting(t, ret, a);
	if (ret->verdict == VERDICT_PASS &&
		(!credit_enough(t->credit) || ret->starved ||
			ret->other_version || ret->control_sick))
		ret->verdict = VERDICT_UNDECIDED;
}

size_t trial_suspects(const struct trial *t, struct arena *a,
	struct suspect ret[SUSPECTS_MAX])
{
	struct watch_suspect who[SUSPECTS_MAX];
	size_t n = watch_suspects(t->watch, SUSPECTS_MAX, who);

	for (size_t i = 0; i < n; i++) {
		const struct watch_check *c = &t->spec.check[who[i].check];
		struct str *region =
			ARENA_ARRAY(a, t->spec.ncontrols + 1, struct str);

		region[0] = t->region;
		for (size_t k = 0; k < t->spec.ncontrols; k++)
			region[k + 1] = t->spec.control[k];
		ret[i] = (struct suspect){ .suite = c->suite,
			.role = c->role,
			.row = c->row,
			.region = region,
			.nregions = t->spec.ncontrols + 1,
			.evidence = who[i].evidence };
	}
	return n;
}

void trial_evidence(const struct trial *t, const struct judgement *j,
	struct buf *out)
{
	buf_add_z(out, "{\"v\":1,\"judgement\":");
	judgement_write(out, j);
	buf_add_z(out, ",\"failures\":[");
	buf_add(out, watch_failures(t->watch));
	buf_add_z(out, "]}");
}
