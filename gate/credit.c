#include "gate/credit.h"

#include <assert.h>

enum { CREDIT_LAYOUT = 4, US_PER_MS = 1000 };

static const uint64_t bucket_least_us = 2000000;

/* What one check gave in one arm. */
struct seen {
	int64_t newest_us; /* 0: nothing since deploy done */
	int64_t bucket;    /* number of the bucket it ended in; -1: warmup */
	uint32_t runs;     /* counting ones since the end of warmup */
	uint32_t matches;  /* answers of the wanted version */
	uint8_t failed;    /* the newest one */
	uint8_t pad[7];
};

struct credit {
	uint32_t layout, nchecks, narms, min_runs;
	uint32_t observations, pad;
	uint64_t bytes;
	uint64_t soak_us, warmup_us, bucket_us;
	uint64_t earned_us, starved_us;
	int64_t done_us, verified_us, t0_us;
	int64_t bucket;       /* the open one; buckets before are closed */
	int64_t other_bucket; /* newest one in which another version spoke */
	int64_t spoilt;       /* newest one in which results were lost */
	int64_t earned;       /* newest closed one that earned */
	int64_t barren;       /* since this one none has earned */
	int64_t last_us;
	uint32_t verified; /* checks that saw the version often enough */
	uint32_t other;    /* another version spoke before verified */
};

/* Behind the head: fresh_us[nchecks], arm[narms], seen[narms][nchecks]. */
static uint64_t *fresh_of(const struct credit *c)
{
	return (uint64_t *)(c + 1);
}

static struct credit_arm *arms_of(const struct credit *c)
{
	return (struct credit_arm *)(fresh_of(c) + c->nchecks);
}

static struct seen *seen_of(const struct credit *c, uint32_t arm,
	uint32_t check)
{
	struct seen *all = (struct seen *)(arms_of(c) + c->narms);

	return &all[(size_t)arm * c->nchecks + check];
}

static size_t size_of(size_t nchecks, size_t narms)
{
	return sizeof(struct credit) + nchecks * sizeof(uint64_t) +
	       narms * sizeof(struct credit_arm) +
	       nchecks * narms * sizeof(struct seen);
}

size_t credit_size(const struct credit_shape *shape)
{
	return size_of(shape->nchecks, (size_t)shape->ncontrols + 1);
}

static uint64_t bucket_of(const struct credit_shape *shape)
{
	uint64_t longest_ms = 0;
	uint64_t us;

	for (uint32_t i = 0; i < shape->nchecks; i++)
		if (shape->every_ms[i] > longest_ms)
			longest_ms = shape->every_ms[i];
	us = 2 * longest_ms * US_PER_MS;
	return us < bucket_least_us ? bucket_least_us : us;
}

/* A deployment that nobody saw answer must not count as verified. */
static uint32_t observations_of(const struct credit_shape *shape)
{
	return shape->observations ? shape->observations : 1;
}

struct credit *credit_begin(void *state, const struct credit_shape *shape,
	int64_t done_us)
{
	struct credit *c = state;

	assert(shape->nchecks > 0);
	c->layout = CREDIT_LAYOUT;
	c->nchecks = shape->nchecks;
	c->narms = shape->ncontrols + 1;
	c->bytes = credit_size(shape);
	c->min_runs = shape->min_runs;
	c->observations = observations_of(shape);
	c->soak_us = shape->soak_ms * US_PER_MS;
	c->warmup_us = shape->warmup_ms * US_PER_MS;
	c->bucket_us = bucket_of(shape);
	c->done_us = done_us;
	c->other_bucket = INT64_MIN;
	c->spoilt = INT64_MIN;
	c->earned = INT64_MIN;
	for (uint32_t i = 0; i < shape->nchecks; i++)
		fresh_of(c)[i] = shape->fresh_ms[i] * US_PER_MS;
	for (uint32_t arm = 0; arm < c->narms; arm++)
		for (uint32_t i = 0; i < c->nchecks; i++)
			seen_of(c, arm, i)->bucket = -1;
	return c;
}

/* Everything that begin() takes from the shape. */
static bool same_settings(const struct credit *c,
	const struct credit_shape *shape)
{
	if (c->nchecks != shape->nchecks || c->narms != shape->ncontrols + 1 ||
		c->min_runs != shape->min_runs ||
		c->observations != observations_of(shape) ||
		c->soak_us != shape->soak_ms * US_PER_MS ||
		c->warmup_us != shape->warmup_ms * US_PER_MS ||
		c->bucket_us != bucket_of(shape))
		return false;
	for (uint32_t i = 0; i < c->nchecks; i++)
		if (fresh_of(c)[i] != shape->fresh_ms[i] * US_PER_MS)
			return false;
	return true;
}

struct credit *credit_resume(void *state, size_t bytes,
	const struct credit_shape *shape)
{
	struct credit *c = state;

	if (bytes < sizeof(*c) || c->layout != CREDIT_LAYOUT ||
		c->bytes != bytes || credit_size(shape) != bytes ||
		!same_settings(c, shape))
		return NULL;
	return c;
}

static bool seen_in_control(const struct credit *c, uint32_t check,
	int64_t bucket)
{
	for (uint32_t arm = 1; arm < c->narms; arm++)
		if (seen_of(c, arm, check)->bucket == bucket)
			return true;
	return c->narms == 1;
}

static bool bucket_earns(const struct credit *c, int64_t bucket)
{
	if (c->other_bucket == bucket || c->spoilt == bucket)
		return false;
	for (uint32_t i = 0; i < c->nchecks; i++)
		if (seen_of(c, 0, i)->bucket != bucket ||
			!seen_in_control(c, i, bucket))
			return false;
	return true;
}

/* Closes every bucket that ends at or before `at_us`. */
static void buckets_close(struct credit *c, int64_t at_us)
{
	if (c->t0_us == 0 || at_us < c->t0_us)
		return;
	int64_t now = (at_us - c->t0_us) / (int64_t)c->bucket_us;

	if (now <= c->bucket)
		return;
	/* Only the open bucket can have results; later ones were skipped. */
	if (bucket_earns(c, c->bucket)) {
		c->earned_us += c->bucket_us;
		c->earned = c->bucket;
		c->barren = c->bucket + 1;
	} else {
		c->starved_us += c->bucket_us;
	}
	c->starved_us += (uint64_t)(now - c->bucket - 1) * c->bucket_us;
	c->bucket = now;
}

static void verify(struct credit *c, struct seen *s, int64_t at_us)
{
	s->matches++;
	if (s->matches != c->observations)
		return;
	c->verified++;
	if (c->verified == c->nchecks && c->verified_us == 0) {
		c->verified_us = at_us;
		c->t0_us = at_us + (int64_t)c->warmup_us;
	}
}

static bool after_warmup(const struct credit *c, int64_t at_us)
{
	return c->t0_us != 0 && at_us >= c->t0_us;
}

void credit_observe(struct credit *c, const struct credit_result *r)
{
	struct credit_arm *arm = &arms_of(c)[r->arm];

	assert(r->check < c->nchecks && r->arm < c->narms);
	if (r->at_us < c->done_us)
		return;
	if (r->at_us > c->last_us)
		c->last_us = r->at_us;
	buckets_close(c, r->at_us);
	if (r->version == CREDIT_OTHER) {
		c->other = 1;
		c->other_bucket = after_warmup(c, r->at_us) ? c->bucket : -1;
		return;
	}
	struct seen *s = seen_of(c, r->arm, r->check);

	arm->runs++;
	arm->failed += r->failed;
	arm->newest_us = r->at_us;
	s->newest_us = r->at_us;
	s->failed = r->failed;
	if (after_warmup(c, r->at_us)) {
		s->bucket = c->bucket;
		s->runs++;
	}
	if (r->arm == 0 && r->version == CREDIT_THIS)
		verify(c, s, r->at_us);
}

static void take_back(struct credit *c)
{
	c->earned_us -= c->bucket_us;
	c->starved_us += c->bucket_us;
	c->barren = c->earned;
	c->earned = INT64_MIN;
}

void credit_spoil(struct credit *c, int64_t from_us, int64_t at_us)
{
	buckets_close(c, at_us);
	if (!after_warmup(c, at_us))
		return;
	c->spoilt = c->bucket;
	if (c->earned >= 0 &&
		from_us < c->t0_us + (c->earned + 1) * (int64_t)c->bucket_us)
		take_back(c);
}

uint64_t credit_earned_ms(const struct credit *c)
{
	return c->earned_us / US_PER_MS;
}

uint64_t credit_required_ms(const struct credit *c)
{
	return c->soak_us / US_PER_MS;
}

uint64_t credit_starved_ms(const struct credit *c)
{
	return c->starved_us / US_PER_MS;
}

uint64_t credit_barren_ms(const struct credit *c, int64_t now_us)
{
	int64_t bucket_us = (int64_t)c->bucket_us;
	int64_t since_us = c->t0_us + (c->barren + 1) * bucket_us;

	if (c->t0_us == 0 || now_us <= since_us)
		return 0;
	return (uint64_t)(now_us - since_us) / US_PER_MS;
}

int64_t credit_verified_us(const struct credit *c)
{
	return c->verified_us;
}

int64_t credit_t0_us(const struct credit *c)
{
	return c->t0_us;
}

uint32_t credit_runs_left(const struct credit *c)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < c->nchecks; i++) {
		uint32_t runs = seen_of(c, 0, i)->runs;
		if (runs < c->min_runs)
			left += c->min_runs - runs;
	}
	return left;
}

bool credit_enough(const struct credit *c)
{
	return c->t0_us != 0 && c->earned_us >= c->soak_us &&
	       c->earned_us > 0 && credit_runs_left(c) == 0;
}

struct credit_arm credit_arm(const struct credit *c, uint32_t arm)
{
	assert(arm < c->narms);
	return arms_of(c)[arm];
}

static bool stale(const struct credit *c, const struct seen *s, uint32_t check,
	int64_t now_us)
{
	int64_t since = s->newest_us ? s->newest_us : c->done_us;

	return now_us - since > (int64_t)fresh_of(c)[check];
}

/* Of the controls, the one that saw the check last; fresh is fresh enough. */
static bool control_stale(const struct credit *c, uint32_t check,
	int64_t now_us, uint32_t *ret_arm)
{
	uint32_t best = 1;

	for (uint32_t arm = 1; arm < c->narms; arm++)
		if (seen_of(c, arm, check)->newest_us >
			seen_of(c, best, check)->newest_us)
			best = arm;
	if (c->narms == 1 || !stale(c, seen_of(c, best, check), check, now_us))
		return false;
	*ret_arm = best;
	return true;
}

bool credit_starving(const struct credit *c, int64_t now_us,
	uint32_t *ret_check, uint32_t *ret_arm, int64_t *ret_newest_us)
{
	for (uint32_t i = 0; i < c->nchecks; i++) {
		uint32_t arm = 0;
		if (!stale(c, seen_of(c, 0, i), i, now_us) &&
			!control_stale(c, i, now_us, &arm))
			continue;
		*ret_check = i;
		*ret_arm = arm;
		*ret_newest_us = seen_of(c, arm, i)->newest_us;
		return true;
	}
	return false;
}

bool credit_other_version(const struct credit *c)
{
	if (!c->other)
		return false;
	return c->t0_us == 0 || c->other_bucket >= c->bucket - 1;
}

bool credit_fails_everywhere(const struct credit *c, uint32_t *ret_check)
{
	for (uint32_t i = 0; i < c->nchecks; i++) {
		uint32_t arm = 0;
		while (arm < c->narms && seen_of(c, arm, i)->newest_us != 0 &&
			seen_of(c, arm, i)->failed)
			arm++;
		if (arm < c->narms)
			continue;
		*ret_check = i;
		return true;
	}
	return false;
}
