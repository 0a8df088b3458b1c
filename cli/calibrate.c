#include "cli/calibrate.h"

#include <math.h>
#include <stdlib.h>

#include "base/oom.h"
#include "base/units.h"
#include "detectors/stats.h"

#define US       1000000LL
#define PIECE_US (CALIBRATE_PIECE_S * US)
#define HEALTHY  FAULTS

struct piece {
	size_t first, count; /* of the sorted rows */
};

struct cutter {
	const struct detector *detector;
	struct replay_settings settings;
	struct recording made; /* the deployment that is put together */
	size_t cap;
	struct recorded *row; /* the history, by time */
	size_t nrows;
	int64_t from_us; /* where the first piece begins */
	struct piece *piece;
	uint32_t npieces;
	bool latencies;
	uint64_t random;
};

static uint64_t next_random(struct cutter *k)
{
	uint64_t z = k->random += 0x9e3779b97f4a7c15u; /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static double uniform(struct cutter *k)
{
	return (double)(next_random(k) >> 11) / 9007199254740992.0;
}

static int by_time(const void *a, const void *b)
{
	const struct recorded *x = a;
	const struct recorded *y = b;

	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* The rows before the deploy; what follows it may be a bad version's. */
static void take_history(struct cutter *k, const struct recording *rec)
{
	k->row = xmalloc((rec->nrows + 1) * sizeof(*k->row));
	for (size_t i = 0; i < rec->nrows; i++)
		if (rec->row[i].at_us < 0 && !rec->row[i].duplicate) {
			k->latencies |= rec->row[i].took_us != 0;
			k->row[k->nrows++] = rec->row[i];
		}
	qsort(k->row, k->nrows, sizeof(*k->row), by_time);
}

/* Whole pieces only, ending at the deploy. */
static void cut(struct cutter *k)
{
	size_t at = 0;

	if (!k->nrows)
		return;
	k->npieces = (uint32_t)((-k->row[0].at_us + PIECE_US / 100) / PIECE_US);
	k->from_us = -(int64_t)k->npieces * PIECE_US;
	k->piece = xcalloc(k->npieces + 1, sizeof(*k->piece));
	while (at < k->nrows && k->row[at].at_us < k->from_us)
		at++;
	for (uint32_t i = 0; i < k->npieces; i++) {
		int64_t end_us = k->from_us + (i + 1) * PIECE_US;

		k->piece[i].first = at;
		while (at < k->nrows && k->row[at].at_us < end_us)
			at++;
		k->piece[i].count = at - k->piece[i].first;
	}
}

static void spoil(struct cutter *k, enum fault f, struct recorded *r)
{
	if (r->region != 0 || r->at_us < 0)
		return;
	switch (f) {
	case FAULT_ALL:
		r->failed = true;
		break;
	case FAULT_ONE:
		r->failed |= r->check == 0;
		break;
	case FAULT_ADD20:
		r->failed |= uniform(k) < .2;
		break;
	case FAULT_ADD5:
		r->failed |= uniform(k) < .05;
		break;
	case FAULT_SLOWER:
		if (r->took_us < UINT32_MAX / 2)
			r->took_us *= 2;
		break;
	case FAULTS:
		break;
	}
}

/* One piece, drawn at random, to stand at `to_us`. */
static void place(struct cutter *k, enum fault f, int64_t to_us,
	int64_t until_us)
{
	uint32_t which = (uint32_t)(uniform(k) * k->npieces);
	const struct piece *p = &k->piece[which];
	int64_t move_us = to_us - (k->from_us + which * PIECE_US);

	for (size_t i = 0; i < p->count; i++) {
		struct recorded r = k->row[p->first + i];

		r.at_us += move_us;
		if (r.at_us >= until_us)
			return;
		spoil(k, f, &r);
		if (k->made.nrows == k->cap) {
			k->cap = k->cap ? k->cap * 2 : 4096;
			k->made.row = xrealloc(k->made.row,
				k->cap * sizeof(*k->made.row));
		}
		k->made.row[k->made.nrows++] = r;
	}
}

static struct replayed deployment(struct cutter *k, enum fault f)
{
	uint64_t soak_ms = k->settings.soak_ms ? k->settings.soak_ms
					       : k->made.shape.soak_ms;
	int64_t until_us = (int64_t)soak_ms * 1000;
	struct replayed r;

	k->made.nrows = 0;
	for (int64_t to_us = k->from_us; to_us < until_us; to_us += PIECE_US)
		place(k, f, to_us, until_us);
	replay_run(k->detector, &k->made, &k->settings, &r);
	replayed_free(&r);
	return r;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void calibrate_fault(struct cutter *k, enum fault f,
	struct calibrated *ret)
{
	double at_s[CALIBRATE_FAULTY];

	for (int i = 0; i < CALIBRATE_FAULTY; i++) {
		struct replayed r = deployment(k, f);

		at_s[i] = INFINITY;
		if (r.opinion.state != VERDICT_HALT)
			continue;
		at_s[i] = (double)r.now_us / US;
		ret->found[f]++;
	}
	qsort(at_s, CALIBRATE_FAULTY, sizeof(double), by_value);
	ret->median_s[f] = at_s[CALIBRATE_FAULTY / 2];
}

/* Without a latency nothing can be slower: the last fault is left out. */
static int nfaults(const struct calibrated *c)
{
	return c->latencies ? FAULTS : FAULT_SLOWER;
}

static void calibrate_all(struct cutter *k, struct calibrated *ret)
{
	for (int i = 0; i < CALIBRATE_HEALTHY; i++) {
		struct replayed r = deployment(k, HEALTHY);

		ret->halts += r.opinion.state == VERDICT_HALT;
		ret->passes += r.opinion.state == VERDICT_PASS;
	}
	stats_share_interval(ret->halts, CALIBRATE_HEALTHY, ret->share);
	for (int f = 0; f < nfaults(ret); f++)
		calibrate_fault(k, (enum fault)f, ret);
}

bool calibrate(const struct detector *d, const struct recording *rec,
	const struct replay_settings *s, uint64_t seed, struct calibrated *ret,
	struct err *e)
{
	struct cutter k = { .detector = d,
		.settings = *s,
		.made = *rec,
		.random = seed };
	bool enough;

	*ret = (struct calibrated){ 0 };
	k.settings.verdict_only = true;
	k.made.row = NULL;
	take_history(&k, rec);
	cut(&k);
	ret->pieces = k.npieces;
	ret->latencies = k.latencies;
	enough = k.npieces >= CALIBRATE_PIECES_MIN;
	if (enough) {
		k.made.history_us = -k.from_us;
		calibrate_all(&k, ret);
	} else {
		err_set(e, ERR_CONFIG,
			"%.*s: to calibrate takes at least %d min of history, "
			"better days; here are %u",
			STR_ARG(rec->path),
			CALIBRATE_PIECES_MIN * CALIBRATE_PIECE_S / 60,
			k.npieces * CALIBRATE_PIECE_S / 60);
	}
	free(k.made.row);
	free(k.row);
	free(k.piece);
	return enough;
}

static const char *fault_text(int f)
{
	static const char *const text[FAULTS] = {
#define X(name, text) text,
		FAULT_MAP(X)
#undef X
	};

	return text[f];
}

void calibrate_say_json(const struct recording *rec, const struct calibrated *c,
	struct buf *out)
{
	buf_add_z(out, "{\"id\":");
	buf_add_json(out, rec->id);
	buf_addf(out,
		",\"pieces\":%u,\"healthy\":{\"deployments\":%d,\"halts\":%u,"
		"\"passes\":%u,\"halts_between\":[%.6f,%.6f]},\"faults\":[",
		c->pieces, CALIBRATE_HEALTHY, c->halts, c->passes, c->share[0],
		c->share[1]);
	for (int f = 0; f < nfaults(c); f++) {
		buf_addf(out,
			"%s{\"fault\":\"%s\",\"deployments\":%d,\"found\":%u,"
			"\"median_s\":",
			f ? "," : "", fault_text(f), CALIBRATE_FAULTY,
			c->found[f]);
		if (isfinite(c->median_s[f]))
			buf_addf(out, "%.3f}", c->median_s[f]);
		else
			buf_add_z(out, "null}");
	}
	buf_add_z(out, "]}\n");
}

void calibrate_say_human(const struct recording *rec,
	const struct calibrated *c, struct buf *out)
{
	buf_add_visible(out, rec->id);
	buf_addf(out,
		": your own history in %u pieces of %d min, put together "
		"anew\n",
		c->pieces, CALIBRATE_PIECE_S / 60);
	buf_addf(out,
		"  healthy    %u of %d stopped (95 %%: %.1f to %.1f %%), %u "
		"passed\n",
		c->halts, CALIBRATE_HEALTHY, 100 * c->share[0],
		100 * c->share[1], c->passes);
	for (int f = 0; f < nfaults(c); f++) {
		char took[32];

		buf_addf(out, "  %-27s %2u of %d found", fault_text(f),
			c->found[f], CALIBRATE_FAULTY);
		if (isfinite(c->median_s[f]))
			buf_addf(out, ", half of them within %s",
				units_took_text((uint64_t)(c->median_s[f] * US),
					took));
		buf_add_byte(out, '\n');
	}
}
