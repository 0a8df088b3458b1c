#include "store/codec.h"
#include "store/facts.h"
#include "store/fields.h"

/*
 * The JSON form of every record but the result: one table each.  A name, once
 * released, keeps its meaning for ever.
 */
enum {
	REGIONS_MAX = 1000,
	ARMS_MAX = 1000,
	SLOWS_MAX = 100,
	TAGS_MAX = 100,
	PULSES_MAX = 1000,
	PULSE_CHECKS_MAX = 64
};

/* clang-format off */
#define WORDS(name, type, token_of, from)                                     \
	static const char *name##_token_of(int value)                         \
	{                                                                     \
		return token_of((type)value);                                 \
	}                                                                     \
	static bool name##_from(struct str t, int *ret)                       \
	{                                                                     \
		type v;                                                       \
                                                                              \
		if (!from(t, &v))                                             \
			return false;                                         \
		*ret = (int)v;                                                \
		return true;                                                  \
	}                                                                     \
	static const struct field_words name##_words = { name##_token_of,     \
		name##_from }

WORDS(state, enum deployment_state, deployment_state_token,
	deployment_state_from_token);
WORDS(why, enum why, why_token, why_from_token);
WORDS(lane, enum lane, lane_token, lane_from_token);
WORDS(pulse, enum pulse_state, pulse_token, pulse_from_token);
/* clang-format on */

static const char *const verdict_tokens[] = { "undecided", "pass", "halt" };

static const char *verdict_token(enum verdict_state v)
{
	return verdict_tokens[v];
}

static bool verdict_from_token(struct str t, enum verdict_state *ret)
{
	for (int i = 0; i < 3; i++) {
		if (str_eq(t, str_from(verdict_tokens[i]))) {
			*ret = (enum verdict_state)i;
			return true;
		}
	}
	return false;
}

/* clang-format off */
WORDS(verdict, enum verdict_state, verdict_token, verdict_from_token);

#define F(record, kind, member)                                               \
	{ .name = #member, .type = FIELD_##kind,                              \
	  .offset = offsetof(struct record, member) }
#define F_WORD(record, set, member)                                           \
	{ .name = #member, .type = FIELD_WORD,                                \
	  .offset = offsetof(struct record, member), .words = &set##_words }
#define F_LIST(record, member, table, element, limit)                         \
	{ .name = #member, .type = FIELD_LIST,                                \
	  .offset = offsetof(struct record, member), .item = (table),         \
	  .item_bytes = sizeof(struct element),                               \
	  .count_offset = offsetof(struct record, n##member##s),              \
	  .max = (limit) }
#define F_STRS(record, member, limit)                                         \
	{ .name = #member, .type = FIELD_STRS,                                \
	  .offset = offsetof(struct record, member),                          \
	  .count_offset = offsetof(struct record, n##member##s),              \
	  .max = (limit) }

static const struct field deployment_region_fields[] = {
	F(deployment_region, STR, region),
	F(deployment_region, I64, start_us),
	F(deployment_region, I64, done_us),
	F(deployment_region, I64, failed_us),
	F(deployment_region, I64, verified_us),
	F(deployment_region, I64, t0_us),
	{ 0 }
};

static const struct field approval_fields[] = {
	F(approval, STR, by),
	F(approval, STR, reason),
	F(approval, I64, at_us),
	{ 0 }
};

static const struct field deployment_pause_fields[] = {
	F(deployment_pause, I64, from_us),
	F(deployment_pause, I64, to_us),
	{ 0 }
};

static const struct field deployment_fields[] = {
	F(deployment, STR, id),
	F(deployment, STR, stage),
	F(deployment, STR, version),
	F(deployment, STR, change),
	F(deployment, STR, by),
	F(deployment, STR, fixes),
	F(deployment, U32, attempt),
	F_WORD(deployment, lane, lane),
	F_WORD(deployment, state, state),
	F_WORD(deployment, state, before_halt),
	F_WORD(deployment, why, why),
	F(deployment, STR, reason),
	F(deployment, I64, announced_us),
	F(deployment, I64, start_us),
	F(deployment, I64, done_us),
	F(deployment, I64, final_us),
	F(deployment, I64, undone_us),
	F(deployment, I64, since_us),
	F(deployment, U64, rev),
	F_LIST(deployment, region, deployment_region_fields,
		deployment_region, REGIONS_MAX),
	F_LIST(deployment, approval, approval_fields, approval,
		DEPLOYMENT_APPROVALS_MAX),
	F_LIST(deployment, pause, deployment_pause_fields, deployment_pause,
		DEPLOYMENT_PAUSES_MAX),
	F(deployment, STR, rule),
	F(deployment, STR, stream),
	F(deployment, STR, check),
	F(deployment, STR, cause),
	F(deployment, STR, plan_hash),
	F(deployment, STR, config),
	{ 0 }
};

static const struct field judgement_arm_fields[] = {
	F(judgement_arm, STR, region),
	F(judgement_arm, STR, arm),
	F(judgement_arm, U64, runs),
	F(judgement_arm, U64, failed),
	F(judgement_arm, I64, newest_us),
	{ 0 }
};

static const struct field judgement_slow_fields[] = {
	F(judgement_slow, STR, check),
	F(judgement_slow, STR, arm),
	F(judgement_slow, U64, before),
	F(judgement_slow, U64, slow_before),
	F(judgement_slow, U64, since),
	F(judgement_slow, U64, slow),
	F(judgement_slow, U64, limit_low_us),
	F(judgement_slow, U64, limit_high_us),
	F(judgement_slow, U64, median_before_us),
	F(judgement_slow, U64, median_us),
	{ 0 }
};

static const struct field judgement_fields[] = {
	F(judgement, STR, deployment),
	F(judgement, STR, region),
	F(judgement, STR, detector),
	F(judgement, STR, control),
	F(judgement, U64, epoch),
	F(judgement, I64, at_us),
	F_WORD(judgement, verdict, verdict),
	F(judgement, STR, rule),
	F(judgement, STR, stream),
	F(judgement, STR, check),
	F(judgement, I64, halted_us),
	F(judgement, DOUBLE, evidence),
	F(judgement, DOUBLE, halt_at),
	F(judgement, DOUBLE, canary_rate),
	F(judgement, DOUBLE, baseline_rate),
	F(judgement, DOUBLE, excluded_rise),
	F(judgement, DOUBLE, rise_over_past),
	F(judgement, DOUBLE, smallest_effect),
	F(judgement, BOOL, pending),
	F(judgement, BOOL, held),
	F(judgement, BOOL, control_sick),
	F(judgement, BOOL, attributed),
	F(judgement, STR, waiting),
	F_LIST(judgement, arm, judgement_arm_fields, judgement_arm, ARMS_MAX),
	F_LIST(judgement, slow, judgement_slow_fields, judgement_slow,
		SLOWS_MAX),
	F(judgement, U32, latency_unjudged),
	F(judgement, U32, checks),
	F(judgement, U64, required_s),
	F(judgement, U64, credited_s),
	F(judgement, U64, starved_s),
	F(judgement, BOOL, starved),
	F(judgement, BOOL, other_version),
	F(judgement, STR, missing),
	F(judgement, I64, verified_us),
	F(judgement, I64, t0_us),
	F(judgement, U32, min_runs_left),
	{ 0 }
};

static const struct field plan_job_fields[] = {
	F(plan_job, STR, suite),
	F(plan_job, STR, role),
	F(plan_job, STR, row),
	F(plan_job, STR, region),
	F(plan_job, U64, every_ms),
	F(plan_job, U64, timeout_ms),
	F(plan_job, U64, every_failing_ms),
	F(plan_job, BOOL, block),
	F_STRS(plan_job, tag, TAGS_MAX),
	{ 0 }
};

static const struct field plan_fields[] = {
	F(plan_record, STR, hash),
	F(plan_record, STR, config),
	F(plan_record, STR, runner),
	F(plan_record, I64, at_us),
	F_LIST(plan_record, job, plan_job_fields, plan_job, PLAN_JOBS_MAX),
	{ 0 }
};

static const struct field suspect_fields[] = {
	F(suspect, STR, suite),
	F(suspect, STR, role),
	F(suspect, STR, row),
	F_STRS(suspect, region, REGIONS_MAX),
	F(suspect, I64, from_us),
	F(suspect, I64, until_us),
	F(suspect, DOUBLE, evidence),
	{ 0 }
};

static const struct field suspicion_fields[] = {
	F(suspicion, U64, epoch),
	F_LIST(suspicion, suspect, suspect_fields, suspect, SUSPECTS_MAX),
	{ 0 }
};

static const struct field pulse_check_fields[] = {
	F(pulse_check, STR, name),
	F(pulse_check, I64, since_us),
	F(pulse_check, U64, runs),
	F(pulse_check, U64, failed),
	{ 0 }
};

static const struct field pulse_fields[] = {
	F(pulse, STR, region),
	F(pulse, U64, epoch),
	F(pulse, I64, at_us),
	F_WORD(pulse, pulse, state),
	F(pulse, I64, since_us),
	F(pulse, I64, recovered_us),
	F(pulse, I64, newest_us),
	F(pulse, STR, rule),
	F(pulse, STR, text),
	F(pulse, DOUBLE, evidence),
	F(pulse, DOUBLE, alarm_at),
	F(pulse, U64, runs),
	F(pulse, U64, failed),
	F(pulse, U64, past_s),
	F(pulse, U32, elsewhere),
	F_LIST(pulse, check, pulse_check_fields, pulse_check,
		PULSE_CHECKS_MAX),
	{ 0 }
};

static const struct field pulses_fields[] = {
	F_LIST(pulses, pulse, pulse_fields, pulse, PULSES_MAX),
	{ 0 }
};

static const struct field scope_fields[] = {
	F(scope_state, STR, scope),
	F(scope_state, STR, reason),
	F(scope_state, STR, by),
	F(scope_state, STR, cause),
	F(scope_state, STR, deployment),
	F(scope_state, BOOL, automatic),
	F(scope_state, BOOL, journaled),
	F(scope_state, I64, since_us),
	{ 0 }
};

static const struct field live_fields[] = {
	F(live, STR, region),
	F(live, STR, deployment),
	F(live, STR, version),
	F(live, I64, since_us),
	{ 0 }
};

static const struct field ci_fields[] = {
	F(ci_check, STR, version),
	F(ci_check, STR, name),
	F(ci_check, STR, by),
	F(ci_check, BOOL, ok),
	F(ci_check, I64, at_us),
	{ 0 }
};

static const struct field permit_fields[] = {
	F(permit, STR, stage),
	F(permit, STR, deployment),
	F(permit, STR, config),
	F(permit, U64, epoch),
	F(permit, U64, rev),
	F(permit, I64, valid_until_us),
	{ 0 }
};

static const struct field runner_lease_fields[] = {
	F(runner_lease, STR, id),
	F(runner_lease, STR, vantage),
	F(runner_lease, STR, plan_hash),
	F(runner_lease, U64, epoch),
	F(runner_lease, I64, seen_us),
	F(runner_lease, I64, valid_until_us),
	{ 0 }
};

static const struct field audit_fields[] = {
	F(audit_line, STR, event),
	F(audit_line, STR, subject),
	F(audit_line, STR, by),
	F(audit_line, STR, reason),
	F(audit_line, I64, at_us),
	F(audit_line, U64, rev),
	{ 0 }
};

#define CODEC(name, record)                                                   \
	void name##_write(struct buf *out, const struct record *r)            \
	{                                                                     \
		fields_write(out, name##_fields, r);                          \
	}                                                                     \
	bool name##_read(struct arena *a, struct str text, struct record *ret)\
	{                                                                     \
		return fields_read(a, text, name##_fields, ret, sizeof(*ret));\
	}

CODEC(deployment, deployment)
CODEC(judgement, judgement)
CODEC(plan, plan_record)
CODEC(suspicion, suspicion)
CODEC(pulses, pulses)
CODEC(scope, scope_state)
CODEC(live, live)
CODEC(ci, ci_check)
CODEC(permit, permit)
CODEC(runner_lease, runner_lease)
CODEC(audit, audit_line)
/* clang-format on */

struct str ci_key(struct arena *a, struct str version, struct str name)
{
	return arena_printf(a, "%.*s|%.*s", STR_ARG(version), STR_ARG(name));
}

struct str judgement_key(struct arena *a, struct str deployment,
	struct str region)
{
	return arena_printf(a, "%.*s|%.*s", STR_ARG(deployment),
		STR_ARG(region));
}
