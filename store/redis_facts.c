#include "store/redis_facts.h"

#include "store/impl.h"
#include "store/redis_script.h"

static bool number_read(const struct redis_reply *r, uint64_t *ret)
{
	if (r->type == REDIS_NIL) {
		*ret = 0;
		return true;
	}
	return r->type == REDIS_TEXT && str_to_u64(r->text, ret);
}

static bool time_read(const struct redis_reply *r, int64_t *ret)
{
	uint64_t v;

	if (!number_read(r, &v) || v > INT64_MAX / 4)
		return false;
	*ret = (int64_t)v;
	return true;
}

/* A flat list of keys and texts, all of one kind. */
static bool pairs_read(struct facts_parts *p, const char *kind,
	const struct redis_reply *r, struct err *e)
{
	if (r->type != REDIS_ARRAY)
		return err_set(e, ERR_STORE, "facts: odd answer (%s)", kind);
	for (size_t i = 0; i + 1 < r->count; i += 2) {
		if (!facts_part(p, str_from(kind), r->element[i]->text,
			    r->element[i + 1]->text, e))
			return false;
	}
	return true;
}

/* {line}:line holds the revision and the scopes that are not open. */
static bool line_read(struct facts_parts *p, const struct redis_reply *r,
	struct facts *f, struct err *e)
{
	if (r->type != REDIS_ARRAY)
		return err_set(e, ERR_STORE, "facts: odd answer (line)");
	for (size_t i = 0; i + 1 < r->count; i += 2) {
		struct str field = r->element[i]->text;
		const struct redis_reply *value = r->element[i + 1];

		if (str_eq(field, STR("rev"))) {
			if (!number_read(value, &f->rev))
				return err_set(e, ERR_STORE,
					"facts: odd revision");
		} else if (str_starts(field, STR("scope:")) &&
			   !facts_part(p, STR("scope"), field, value->text,
				   e)) {
			return false;
		}
	}
	return true;
}

static bool runners_read(struct arena *a, struct facts_parts *p,
	const struct redis_reply *r, int64_t now_us)
{
	if (r->type != REDIS_ARRAY)
		return false;
	for (size_t i = 0; i < r->count; i++) {
		const struct redis_reply *x = r->element[i];
		struct runner_lease l = { 0 };

		if (x->type != REDIS_ARRAY || x->count != 6 ||
			!number_read(x->element[3], &l.epoch) ||
			!time_read(x->element[4], &l.seen_us) ||
			!time_read(x->element[5], &l.valid_until_us))
			return false;
		l.id = arena_str(a, x->element[0]->text);
		l.vantage = arena_str(a, x->element[1]->text);
		l.plan_hash = arena_str(a, x->element[2]->text);
		if (l.valid_until_us > now_us)
			facts_part_runner(p, &l);
	}
	return true;
}

static bool detector_read(struct arena *a, struct redis_reply *const *part,
	struct facts *f)
{
	const struct redis_reply *lease = part[FACTS_DETECTOR];
	int64_t until_us;

	f->detector.id = STR("");
	if (!number_read(part[FACTS_EPOCH], &f->detector.epoch) ||
		lease->type != REDIS_ARRAY || lease->count != 2 ||
		!time_read(lease->element[1], &until_us))
		return false;
	if (lease->element[0]->type == REDIS_TEXT && until_us > f->now_us) {
		f->detector.id = arena_str(a, lease->element[0]->text);
		f->detector.valid_until_us = until_us;
	}
	return true;
}

static bool clock_read(struct redis_reply *const *part, int64_t *ret_us)
{
	uint64_t s;
	uint64_t us;

	if (!number_read(part[FACTS_SECONDS], &s) ||
		!number_read(part[FACTS_MICROSECONDS], &us) ||
		s > INT64_MAX / 4000000 || us > 999999)
		return false;
	*ret_us = (int64_t)(s * 1000000 + us);
	return true;
}

/* One record of its kind, or none. */
static bool single_part(struct facts_parts *p, const char *kind,
	const struct redis_reply *r, struct err *e)
{
	return r->type != REDIS_TEXT ||
	       facts_part(p, str_from(kind), STR(""), r->text, e);
}

bool redis_facts_read(struct arena *a, const struct redis_reply *reply,
	struct facts *f, struct err *e)
{
	struct facts_parts *p = facts_parts_new(a);
	struct redis_reply *const *part = reply->element;

	if (reply->type != REDIS_ARRAY || reply->count != FACTS_PARTS ||
		!clock_read(part, &f->now_us))
		return err_set(e, ERR_STORE, "facts: odd answer");
	if (!line_read(p, part[FACTS_LINE], f, e) ||
		!pairs_read(p, "dep", part[FACTS_DEPLOYMENTS], e) ||
		!pairs_read(p, "judge", part[FACTS_JUDGEMENTS], e) ||
		!pairs_read(p, "ci", part[FACTS_CI], e) ||
		!pairs_read(p, "live", part[FACTS_LIVE], e) ||
		!pairs_read(p, "permit", part[FACTS_PERMITS], e) ||
		!single_part(p, "plan", part[FACTS_PLAN], e) ||
		!single_part(p, "suspicion", part[FACTS_SUSPICION], e) ||
		!single_part(p, "pulses", part[FACTS_PULSES], e))
		return false;
	if (!runners_read(a, p, part[FACTS_RUNNERS], f->now_us) ||
		!detector_read(a, part, f))
		return err_set(e, ERR_STORE, "facts: odd answer (leases)");
	facts_parts_end(p, f);
	return true;
}
