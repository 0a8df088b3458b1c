#include "detectors/state.h"

#include <assert.h>

/*
 * The detector `error-rate`: has this version made the canary fail more, or
 * answer slower, than its controls?  The onset-coin e-process of DETECTION.md,
 * with two hard paths; the reference is detection/detector.py, whose names
 * stand in the comments of state.h.
 */

void state_halt(struct head *h, int64_t at_us, enum halt_rule rule,
	enum stream_kind kind, uint32_t index)
{
	if (h->halt_rule != HALT_NONE && at_us >= h->halted_us)
		return;
	h->halted_us = at_us;
	h->halt_rule = rule;
	h->halt_stream = kind;
	h->halt_index = index;
}

/* In the history: when most checks failed together, and for how long. */
static void region_spell_note(struct head *h, uint32_t region, int64_t at_us)
{
	if (!all_on_of(h)[region]) {
		all_on_of(h)[region] = 1;
		all_fail_of(h)[region] = at_us;
	}
	all_last_of(h)[region] = at_us;
}

/* Spells are given 5 s more than what was seen of them. */
#define SPELL_MORE_S 5

static void spells_note(struct head *h, const struct observation *o)
{
	uint32_t r = o->region;
	uint32_t i = o->check * regions_of(h) + r;

	if (all_on_of(h)[r] &&
		failing_of(h)[r] < SICK_SHARE * h->fixed.nchecks) {
		all_on_of(h)[r] = 0;
		h->region_spells += 1;
		h->region_spell_s += seconds_between(h, all_fail_of(h)[r],
					     all_last_of(h)[r]) +
				     SPELL_MORE_S;
	}
	if (run_of(h)[i] >= 2 && !run_wide_of(h)[i]) {
		spells_of(h)[o->check]++;
		spell_s_of(h)[o->check] +=
			seconds_between(h, run_start_of(h)[i],
				last_fail_of(h)[i]) +
			SPELL_MORE_S;
	}
}

static void runs_note(struct head *h, const struct observation *o)
{
	uint32_t r = o->region;
	uint32_t i = o->check * regions_of(h) + r;
	bool down = prev_of(h)[i] == 0;

	if (!o->failed) {
		if (!down)
			return;
		failing_of(h)[r]--;
		if (h->phase == PHASE_HISTORY)
			spells_note(h, o);
		return;
	}
	if (down) {
		run_of(h)[i]++;
	} else {
		run_start_of(h)[i] = o->at_us;
		run_of(h)[i] = 1;
		run_wide_of(h)[i] = 0;
		failing_of(h)[r]++;
	}
	if (widely_failing(h, r)) {
		run_wide_of(h)[i] = 1;
		if (h->phase == PHASE_HISTORY)
			region_spell_note(h, r, o->at_us);
	}
}

/* Streams that a check's result touches. */
struct touched {
	uint32_t n, index[3]; /* pooled, check, group */
};

static struct touched streams_touched(const struct head *h, uint32_t check)
{
	struct touched t = { .n = 2 };
	uint32_t group = group_of(h)[check];

	t.index[1] = 1 + h->fixed.ngroups + check;
	if (group != DETECTOR_NO_GROUP)
		t.index[t.n++] = 1 + group;
	return t;
}

static void count_slice(struct head *h, const struct observation *o, bool onset)
{
	uint32_t w = regions_of(h);
	uint32_t i = o->check * w + o->region;
	struct touched t = streams_touched(h, o->check);
	bool again = seconds_between(h, last_fail_of(h)[i], o->at_us) <
		     h->fixed.value[P_AGAIN_S];

	for (uint32_t k = 0; k < t.n; k++) {
		uint32_t at = t.index[k] * w + o->region;

		fails_of(h)[at]++;
		/* alone, a check that flaps is not new each time */
		if (onset && !(k == 1 && again))
			onsets_of(h)[at]++;
	}
}

static void count_history(struct head *h, const struct observation *o,
	bool after_pass)
{
	uint32_t i = o->check * regions_of(h) + o->region;

	pre_n_of(h)[i]++;
	pre_k_of(h)[i] += o->failed;
	pre_el_of(h)[i] += after_pass;
	pre_on_of(h)[i] += after_pass && o->failed;
}

static void count_hard(struct head *h, const struct observation *o)
{
	uint32_t i = o->check * regions_of(h) + o->region;

	/* a sick control would make any check look like a flake */
	if (o->region && control_out(h, o->region, o->at_us))
		return;
	hard_n_of(h)[i]++;
	hard_k_of(h)[i] += o->failed;
	if (o->region) {
		h->hard_control_n++;
		h->hard_control_k += o->failed;
	}
}

static void count_judged(struct head *h, const struct observation *o,
	bool after_pass)
{
	uint32_t i = o->check * regions_of(h) + o->region;
	struct touched t;

	silence_note(h, o);
	post_n_of(h)[i]++;
	post_k_of(h)[i] += o->failed;
	if (!after_pass || control_down(h, o->region, o->at_us))
		return;
	t = streams_touched(h, o->check);
	for (uint32_t k = 0; k < t.n; k++) {
		struct stream *s = &streams_of(h)[t.index[k]];

		if (o->region == 0)
			s->chances += 1;
		else
			s->control_chances += 1;
	}
}

static void advance(struct head *h, const struct observation *o)
{
	if (h->phase == PHASE_HISTORY)
		latency_advance(h, o->at_us);
	if (h->phase != PHASE_HARD && streams_advance(h, o->at_us) &&
		h->phase == PHASE_JUDGED)
		streams_check(h, o->at_us);
	if (h->phase != PHASE_HISTORY) {
		region_down_advance(h, o->at_us);
		seen_n_of(h)[o->region]++;
		seen_k_of(h)[o->region] += o->failed;
	}
}

static void observe_with_controls(struct head *h, const struct observation *o)
{
	uint32_t i = o->check * regions_of(h) + o->region;
	bool after_pass = prev_of(h)[i] == 1;

	advance(h, o);
	runs_note(h, o);
	if (h->phase == PHASE_HISTORY)
		count_history(h, o, after_pass);
	else
		count_hard(h, o);
	if (h->phase == PHASE_JUDGED)
		count_judged(h, o, after_pass);
	if (o->failed) {
		if (h->phase != PHASE_HARD)
			count_slice(h, o, after_pass);
		last_fail_of(h)[i] = o->at_us;
	}
	if (!o->failed && o->took_us && h->phase != PHASE_HARD)
		latency_note(h, o);
	if (h->phase != PHASE_HISTORY) {
		if (o->region == 0)
			check_down_canary(h, o);
		else
			check_down_control(h, o);
	}
	if (h->phase == PHASE_JUDGED)
		match_result(h, o);
	prev_of(h)[i] = (int8_t)!o->failed;
	newest_of(h)[i] = (int8_t)!o->failed;
	last_of(h)[i] = o->at_us;
	if (h->nfocus)
		focus_note(h, o);
}

/*
 * A result between two slots.  All that is counted in slices, pairs, credit
 * and silence is made for the interval and does not see it; only what can
 * halt because of this one check does.
 */
static void observe_extra(struct head *h, const struct observation *o)
{
	if (own_past(h) || h->phase == PHASE_HISTORY)
		return;
	newest_of(h)[o->check * regions_of(h) + o->region] = (int8_t)!o->failed;
	h->extras += o->region == 0;
	if (o->region == 0)
		check_down_canary(h, o);
	else
		check_down_control(h, o);
	if (h->phase != PHASE_JUDGED)
		return;
	focus_open(h, o);
	if (h->nfocus)
		focus_note(h, o);
}

static void observe(void *state, const struct observation *o)
{
	struct head *h = state;

	assert(o->check < h->fixed.nchecks && o->region < h->fixed.nregions);
	if (!h->started) {
		h->started = 1;
		h->first_us = o->at_us;
		if (h->phase == PHASE_HISTORY) {
			streams_begin_history(h, o->at_us);
			if (o->at_us < h->fixed.starts_us)
				h->split_us =
					o->at_us +
					(h->fixed.starts_us - o->at_us) / 2;
		}
	}
	if (o->extra)
		observe_extra(h, o);
	else if (own_past(h))
		own_past_observe(h, o);
	else
		observe_with_controls(h, o);
}

static void deployed(void *state, int64_t at_us, int64_t covered_us)
{
	struct head *h = state;

	assert(h->phase == PHASE_HISTORY);
	if (covered_us <= 0 && h->started)
		covered_us = at_us - h->first_us;
	if (!own_past(h))
		latency_deployed(h, at_us);
	past_learn(h, (double)covered_us / US_PER_S);
	h->phase = PHASE_HARD;
	h->deployed_us = at_us;
	h->origin_us = at_us;
}

static void judge_from(void *state, int64_t t0_us)
{
	struct head *h = state;

	assert(h->phase == PHASE_HARD && t0_us >= h->deployed_us);
	h->phase = PHASE_JUDGED;
	h->t0_us = t0_us;
	h->origin_us = t0_us;
	for (int p = 0; p < PACES; p++)
		h->pace_end_us[p] = t0_us + h->fixed.pace_us[p];
}

const struct detector error_rate_detector = {
	.name = "error-rate",
	.summary = "a canary that fails more, or answers slower, than its "
		   "controls",
	.params = error_rate_params,
	.state_size = state_size,
	.begin = state_begin,
	.resumes = state_resumes,
	.observe = observe,
	.deployed = deployed,
	.judge_from = judge_from,
	.judge = state_judge,
	.glance = state_glance,
	.suspects = focus_suspects,
	.count = state_count,
	.latency = latency_seen,
	.is_slow = latency_is_slow,
};
