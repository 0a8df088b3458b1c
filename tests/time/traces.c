#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/oom.h"
#include "detectors/state.h"
#include "tests/support/trace.h"

/*
 * The 62 labelled deployments of ../shared/traces, fed without latencies:
 * the same verdict, in the same slice, by the same rule and with the same
 * numbers as the reference (detection/detector.py fed by run_traces.py with
 * every latency unknown; the table below is its output).
 */
struct expected {
	const char *id;
	enum verdict_state verdict;
	enum halt_rule rule;
	int32_t check;              /* down; -1: none */
	int64_t now_ms, halted_ms;  /* 0: not halted */
	double total, evidence;     /* without and with guards */
	uint32_t pairs[3];          /* n10 n01 n00 */
	double excluded, over_past; /* -1: halted */
};

/* clang-format off */
static const struct expected table[] = {
	{ "d000", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 0.46157727631111989, 0.45534808288742884,
	  { 5, 5, 3240 }, 0.0033233578527164858, 0.0991453805411876 },
	{ "d001", VERDICT_HALT, HALT_EVIDENCE, -1, 57000, 55000, 458.98310623384975, 458.96224467705622,
	  { 24, 0, 86 }, -1, -1 },
	{ "d002", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 0.36518898207632655, 0.36518898207632911,
	  { 103, 78, 3409 }, 0.01870973601174114, 0.037683619831817859 },
	{ "d003", VERDICT_HALT, HALT_CHECK_DOWN, 6, 455000, 453000, 11.008514254525911, 10.872111001947937,
	  { 23, 2, 875 }, -1, -1 },
	{ "d004", VERDICT_HALT, HALT_EVIDENCE, -1, 62000, 60000, 160.59298993779126, 160.54420929778664,
	  { 14, 1, 105 }, -1, -1 },
	{ "d005", VERDICT_HALT, HALT_EVIDENCE, -1, 1062000, 1060000, 153.13228579408374, 152.99648465408609,
	  { 32, 1, 2087 }, -1, -1 },
	{ "d006", VERDICT_UNDECIDED, HALT_NONE, -1, 3600000, 0, 1.4555729253558156, 0.43688845972145579,
	  { 0, 0, 60 }, 0.088097051952915006, 0.011327133260974696 },
	{ "d007", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 0.52134084388142621, 0.21994391124906748,
	  { 5, 3, 3512 }, 0.0035130707011378692, 8.5453201228065843e-19 },
	{ "d008", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 0.99999999999999822, 0.36128594182872464,
	  { 0, 0, 3590 }, 0.001422320455197904, 0.0014183672559274652 },
	{ "d009", VERDICT_UNDECIDED, HALT_NONE, -1, 1800000, 0, 0.67896750006443785, 0.27423958668824777,
	  { 18, 14, 3558 }, 0.0061138685814499105, 0.0028543807663072495 },
	{ "d010", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 0.40666217615808731, 0.2618155075795654,
	  { 39, 52, 3499 }, 0.0044503404049848058, 0.021194397027658528 },
	{ "d011", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 0.59291829325065892, 0.54279963034871681,
	  { 11, 7, 581 }, 0.030066274671851634, 0.038418304349474484 },
	{ "d012", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 0.44082004679608561, 0.27694591997548301,
	  { 16, 34, 5917 }, 0.00044179645264089563, 8.6259124842946737e-19 },
	{ "d013", VERDICT_UNDECIDED, HALT_NONE, -1, 3600000, 0, 0.45657322322104377, 0.43292967082441869,
	  { 0, 0, 10 }, 0.63216605402326931, 0.63133272068993596 },
	{ "d014", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 3.5529017549791262, 0.6925126849344585,
	  { 3, 0, 596 }, 0.018666604536410496, 0.016969163291687333 },
	{ "d015", VERDICT_HALT, HALT_EVIDENCE, -1, 558000, 552000, 149.39822245136392, 149.38641038065438,
	  { 9, 0, 83 }, -1, -1 },
	{ "d016", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 0.58007951403272295, 0.29750398532543865,
	  { 67, 11, 3512 }, 0.023700020628575191, 0.0085755655036949298 },
	{ "d017", VERDICT_HALT, HALT_CHECK_DOWN, 40, 134100, 132000, 0.71133268412539896, 0.61733626932901187,
	  { 4, 1, 429 }, -1, -1 },
	{ "d018", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 0.95614587374178539, 0.27006169022578169,
	  { 11, 2, 586 }, 0.036685085711851063, 0.019251637682807812 },
	{ "d019", VERDICT_UNDECIDED, HALT_NONE, -1, 3600000, 0, 15.637195163912565, 15.437442753325948,
	  { 6, 0, 593 }, 0.026972324419189484, 0.026094530262115077 },
	{ "d020", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 0.4252655373428269, 0.24905638892296775,
	  { 1, 4, 589 }, 0.0073157039191454028, 0.0038271332609746966 },
	{ "d021", VERDICT_PASS, HALT_NONE, -1, 2400000, 0, 0.36168369393867816, 0.31467051341076868,
	  { 15, 18, 2317 }, 0.0062297134826014853, 0.0099933148262670232 },
	{ "d022", VERDICT_UNDECIDED, HALT_NONE, -1, 3600000, 0, 0.75037486886769877, 0.35443875283388054,
	  { 120, 0, 479 }, 0.25287441904648994, 0.17177878268731994 },
	{ "d023", VERDICT_HALT, HALT_EVIDENCE, -1, 202000, 200000, 221.83194494250409, 221.75960841373413,
	  { 11, 0, 389 }, -1, -1 },
	{ "d024", VERDICT_HALT, HALT_REGION_DOWN, -1, 47000, 45000, 10.356261243105928, 10.356261243105942,
	  { 47, 0, 43 }, -1, -1 },
	{ "d025", VERDICT_HALT, HALT_EVIDENCE, -1, 212000, 210000, 214.48892228681103, 214.40404014896694,
	  { 26, 2, 392 }, -1, -1 },
	{ "d026", VERDICT_HALT, HALT_EVIDENCE, -1, 1047000, 1045000, 168.83934125957828, 168.65979847771328,
	  { 17, 2, 2071 }, -1, -1 },
	{ "d027", VERDICT_HALT, HALT_REGION_DOWN, -1, 47000, 45000, 1.5134293281448572, 1.5134293281448603,
	  { 90, 0, 0 }, -1, -1 },
	{ "d028", VERDICT_PASS, HALT_NONE, -1, 900000, 0, 0.45812058317891607, 0.42422254851245206,
	  { 75, 1, 2516 }, 0.039755221227530391, 0.037940402267410134 },
	{ "d029", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 5.912781463496116, 0.33367912366795394,
	  { 4, 0, 3586 }, 0.0036335101057782824, 0.0025817688536481885 },
	{ "d030", VERDICT_HALT, HALT_REGION_DOWN, -1, 60000, 50000, 1.485593861579692, 1.4855938615796918,
	  { 9, 0, 0 }, -1, -1 },
	{ "d031", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 1.9781707355806561, 0.37127431580346271,
	  { 2, 0, 597 }, 0.015548313125360237, 0.012189298011983221 },
	{ "d032", VERDICT_HALT, HALT_CHECK_DOWN, 2, 258000, 252000, 2.0178078423717256, 1.9466670991471591,
	  { 6, 0, 36 }, -1, -1 },
	{ "d033", VERDICT_HALT, HALT_EVIDENCE, -1, 82000, 80000, 198.0439490474576, 198.01734837628644,
	  { 13, 0, 227 }, -1, -1 },
	{ "d034", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 0.83029156501636736, 0.55516642522502913,
	  { 0, 0, 570 }, 0.0089859914308164177, 0.066919759165342846 },
	{ "d035", VERDICT_PASS, HALT_NONE, -1, 900000, 0, 0.6295171563468378, 0.26073581070779062,
	  { 25, 25, 2644 }, 0.0080820049299945591, 0.0047084533423460044 },
	{ "d036", VERDICT_HALT, HALT_CHECK_DOWN, 2, 138000, 132000, 1.3610705797924161, 1.3079310078049038,
	  { 4, 0, 18 }, -1, -1 },
	{ "d037", VERDICT_HALT, HALT_EVIDENCE, -1, 876000, 870000, 152.89189616482366, 152.89189616482372,
	  { 11, 0, 134 }, -1, -1 },
	{ "d038", VERDICT_HALT, HALT_EVIDENCE, -1, 117000, 115000, 247.63840052155669, 247.58264398660444,
	  { 11, 0, 219 }, -1, -1 },
	{ "d039", VERDICT_HALT, HALT_CHECK_DOWN, 6, 45000, 43000, 1.310710907070886, 1.1602865399153544,
	  { 4, 0, 76 }, -1, -1 },
	{ "d040", VERDICT_HALT, HALT_EVIDENCE, -1, 82000, 80000, 177.03983597255501, 176.98282681012714,
	  { 11, 0, 149 }, -1, -1 },
	{ "d041", VERDICT_UNDECIDED, HALT_NONE, -1, 1800000, 0, 0.74924091708667273, 0.40895169673276394,
	  { 33, 26, 3531 }, 0.0086343728981856938, 0.0069537905662316411 },
	{ "d042", VERDICT_HALT, HALT_EVIDENCE, -1, 262000, 260000, 208.39895679982027, 208.31625939836994,
	  { 10, 0, 510 }, -1, -1 },
	{ "d043", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 0.81489460356511012, 0.56099218757899116,
	  { 35, 2, 3553 }, 0.015002788683815552, 0.014804797559080188 },
	{ "d044", VERDICT_PASS, HALT_NONE, -1, 900000, 0, 0.66072294227173745, 0.28006889918321937,
	  { 39, 2, 2653 }, 0.021828501423903694, 0.020739490326449828 },
	{ "d045", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 0.49445628800964042, 0.41081521859379949,
	  { 7, 7, 585 }, 0.020424898955493855, 0.024488802724311996 },
	{ "d046", VERDICT_UNDECIDED, HALT_NONE, -1, 1800000, 0, 0.58518531439570676, 0.29645583599673381,
	  { 31, 27, 3482 }, 0.0078110200187275778, 0.004321574667252151 },
	{ "d047", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 0.47156657449989375, 0.4660396862746729,
	  { 1, 0, 571 }, 0.012753008315994846, 0.069419759165342834 },
	{ "d048", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 0.69888236313516983, 0.42443178759577127,
	  { 4, 4, 3582 }, 0.0027721199620453808, 0.0029984355203148553 },
	{ "d049", VERDICT_HALT, HALT_EVIDENCE, -1, 137000, 135000, 3928.0329827105083, 3928.0329827105043,
	  { 110, 0, 160 }, -1, -1 },
	{ "d050", VERDICT_HALT, HALT_CHECK_DOWN, 1, 32333, 30333, 1.3417835471752626, 1.2366973263180947,
	  { 15, 0, 75 }, -1, -1 },
	{ "d051", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 0.55609124828123291, 0.295062979025284,
	  { 22, 3, 3565 }, 0.010123937410361661, 0.0045375937340795605 },
	{ "d052", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 0.56860178379729587, 0.39856054930745838,
	  { 26, 26, 547 }, 0.036774361003106167, 0.031129746823797943 },
	{ "d053", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 1.0000000000000004, 1.0000000000000004,
	  { 0, 0, 599 }, 0.008549414601777397, 0.0085351155839917363 },
	{ "d054", VERDICT_HALT, HALT_EVIDENCE, -1, 372000, 370000, 209.33117360760417, 209.26118728992606,
	  { 79, 27, 534 }, -1, -1 },
	{ "d055", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 1.0000000000000004, 0.41027750414696368,
	  { 0, 0, 599 }, 0.008549414601777397, 0.0085351155839917363 },
	{ "d056", VERDICT_UNDECIDED, HALT_NONE, -1, 1800000, 0, 0.96084629645373454, 0.38016023022369433,
	  { 179, 143, 3068 }, 0.027067625716638007, 0.019849898335522139 },
	{ "d057", VERDICT_HALT, HALT_REGION_DOWN, -1, 52200, 50000, 1.515468612195124, 1.5154686121951257,
	  { 166, 0, 1 }, -1, -1 },
	{ "d058", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 0.35178194137851443, 0.32506322752444439,
	  { 5, 6, 3059 }, 0.0032628336014142176, 0.0039034890670918976 },
	{ "d059", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 1.0000000000000004, 0.41027750414696368,
	  { 0, 0, 599 }, 0.008549414601777397, 0.0085351155839917363 },
	{ "d060", VERDICT_PASS, HALT_NONE, -1, 1800000, 0, 0.62138494858858651, 0.43589916825283381,
	  { 6, 4, 3580 }, 0.0036659273477533481, 0.0036951557337585638 },
	{ "d061", VERDICT_PASS, HALT_NONE, -1, 3600000, 0, 0.3909677118800321, 0.27827852582910517,
	  { 12, 19, 568 }, 0.016228387328623084, 0.014103699068324239 },
};
/* clang-format on */

#define NTRACES (sizeof(table) / sizeof(table[0]))

static const struct detector *error_rate(void)
{
	return detector_find(STR("error-rate"));
}

static bool close_to(double x, double wanted)
{
	return fabs(x - wanted) <= 1e-9 * fmax(fabs(wanted), 1e-300);
}

static void deploy(void *state, const struct trace *t)
{
	error_rate()->deployed(state, 0, t->history_us);
	error_rate()->judge_from(state, 0);
}

struct way {
	size_t cut;     /* steps in, the state moves to another address */
	bool latencies; /* are fed too */
};

/*
 * Feeds until a halt or the end and gives the time of the verdict.  Where it
 * is cut, only what a checkpoint keeps goes on.
 */
static int64_t run_trace(const struct trace *t, void **state, struct way way)
{
	const struct detector *d = error_rate();
	size_t bytes = d->state_size(&t->shape);
	const struct head *h = *state;
	bool after = false;

	d->begin(*state, &t->shape, NULL);
	for (size_t i = 0; i < t->nsteps; i++) {
		const struct trace_step *s = &t->step[i];
		struct observation seen = s->seen;

		seen.took_us = way.latencies ? s->took_us : 0;
		if (i == way.cut) {
			void *copy = xcalloc(1, bytes);

			memcpy(copy, *state, bytes);
			memset(*state, 0xa5, bytes);
			free(*state);
			*state = copy;
			h = copy;
			cr_assert(d->resumes(copy, bytes, &t->shape, NULL));
		}
		if (seen.at_us >= 0 && !after) {
			deploy(*state, t);
			after = true;
		}
		d->observe(*state, &seen);
		if (h->halt_rule != HALT_NONE)
			return s->now_us > 0 ? s->now_us : 0;
	}
	if (!after)
		deploy(*state, t);
	return (int64_t)t->shape.soak_ms * 1000;
}

static void *state_new(const struct trace *t)
{
	return xmalloc(error_rate()->state_size(&t->shape));
}

static const struct trace *load(struct arena *a, const char *id)
{
	const struct trace *t = trace_load(a, id);

	cr_assert(t || !shared_required(), "%s/traces/%s.csv is absent",
		shared_path(), id);
	return t;
}

static void not_run(const char *what, size_t n)
{
	printf("NOT RUN (%zu %s: no %s/traces)\n", n, what, shared_path());
}

static void expect_same(const struct expected *x, const struct trace *t)
{
	void *state = state_new(t);
	int64_t now_us = run_trace(t, &state, (struct way){ SIZE_MAX, false });
	struct opinion op = error_rate()->judge(state, now_us);
	const struct head *h = state;

	cr_expect_eq(op.state, x->verdict, "%s: verdict %d, lacks %x", x->id,
		op.state, op.lacks);
	cr_expect_eq(op.rule, x->rule, "%s: rule %d", x->id, op.rule);
	cr_expect_eq(now_us, x->now_ms * 1000, "%s: now", x->id);
	cr_expect_eq(op.halted_us, x->halted_ms * 1000, "%s: halted at %lld",
		x->id, (long long)op.halted_us);
	cr_expect_eq(op.check, (uint32_t)x->check, "%s: check %u", x->id,
		op.check);
	cr_expect(close_to(h->total, x->total), "%s: total %.17g", x->id,
		h->total);
	cr_expect(close_to(streams_suspicion(h), x->evidence),
		"%s: evidence %.17g", x->id, streams_suspicion(h));
	/* a halt asks for more, where the regions were uneven before */
	cr_expect_leq(op.evidence, streams_suspicion(h), "%s: %.17g", x->id,
		op.evidence);
	/* pairing with several controls is the product's own */
	if (t->shape.nregions == 2) {
		cr_expect_eq(op.canary_only, x->pairs[0], "%s: n10", x->id);
		cr_expect_eq(op.control_only, x->pairs[1], "%s: n01", x->id);
		cr_expect_eq(op.pairs, x->pairs[0] + x->pairs[1] + x->pairs[2],
			"%s: n00 %u", x->id, op.pairs);
		cr_expect(x->excluded < 0 ||
				  close_to(op.excluded_rise, x->excluded),
			"%s: excluded %.17g", x->id, op.excluded_rise);
	}
	cr_expect(x->over_past < 0 ||
			  fabs(op.rise_over_past - x->over_past) <= 1e-12,
		"%s: over the past %.17g", x->id, op.rise_over_past);
	free(state);
}

Test(traces, same_verdict_slice_and_numbers_as_the_reference)
{
	for (size_t i = 0; i < NTRACES; i++) {
		struct arena *a = arena_new();
		const struct trace *t = load(a, table[i].id);

		if (!t) {
			not_run("traces", NTRACES - i);
			arena_free(a);
			return;
		}
		expect_same(&table[i], t);
		arena_free(a);
	}
}

/*
 * With latencies the reference differs in these two, where answers are twice
 * and 1.5 times as slow from the deploy on; everywhere else they change
 * nothing.
 */
struct slow_halt {
	const char *id;
	int64_t now_ms, halted_ms;
	enum stream_kind stream;
};

static const struct slow_halt slow_table[] = {
	/* the reference: 324 s; a jam of three minutes would be no fault */
	{ "d014", 486000, 480000, STREAM_SLOW98 },
	{ "d060", 222000, 220000, STREAM_SLOW90 },
};

static const struct slow_halt *slow_find(const char *id)
{
	for (size_t i = 0; i < sizeof(slow_table) / sizeof(slow_table[0]); i++)
		if (strcmp(slow_table[i].id, id) == 0)
			return &slow_table[i];
	return NULL;
}

static void expect_with_latencies(const struct expected *x,
	const struct trace *t)
{
	const struct slow_halt *slow = slow_find(x->id);
	void *state = state_new(t);
	int64_t now_us = run_trace(t, &state, (struct way){ SIZE_MAX, true });
	struct opinion op = error_rate()->judge(state, now_us);

	if (slow) {
		cr_expect_eq(op.rule, HALT_EVIDENCE, "%s: %d", x->id, op.rule);
		cr_expect_eq(op.stream, slow->stream, "%s", x->id);
		cr_expect_eq(now_us, slow->now_ms * 1000, "%s: now %lld", x->id,
			(long long)now_us);
		cr_expect_eq(op.halted_us, slow->halted_ms * 1000,
			"%s: halted at %lld", x->id, (long long)op.halted_us);
	} else {
		cr_expect_eq(op.state, x->verdict, "%s: %d, lacks %x", x->id,
			op.state, op.lacks);
		cr_expect_eq(op.rule, x->rule, "%s: %d", x->id, op.rule);
		cr_expect_eq(now_us, x->now_ms * 1000, "%s: now %lld", x->id,
			(long long)now_us);
		cr_expect_eq(op.halted_us, x->halted_ms * 1000,
			"%s: halted at %lld", x->id, (long long)op.halted_us);
	}
	free(state);
}

Test(traces, same_verdict_and_slice_with_latencies)
{
	for (size_t i = 0; i < NTRACES; i++) {
		struct arena *a = arena_new();
		const struct trace *t = load(a, table[i].id);

		if (!t) {
			not_run("traces with latencies", NTRACES - i);
			arena_free(a);
			return;
		}
		expect_with_latencies(&table[i], t);
		arena_free(a);
	}
}

/* The canary's results alone, as a region without controls (OwnPast). */
struct expected_own {
	const char *id;
	enum verdict_state verdict;
	enum halt_rule rule;
	int32_t check;
	int64_t halted_ms;
	uint32_t runs, failures;
	double evidence, excluded;
};

/* clang-format off */
static const struct expected_own own_table[] = {
	{ "d000", VERDICT_HALT, HALT_REGION_DOWN, -1, 430000, 861, 90, 5.4968820287453672, 0.13833583585189513 },
	{ "d001", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 776, 7.0138908233781248e+117, 0.23651809862068365 },
	{ "d002", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 104, 1.9036453192348476e+25, 0.037683619831817859 },
	{ "d003", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 88, 2921986765.4884357, 0.032323836754213207 },
	{ "d004", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 218, 2.7370335677919642e+23, 0.062927592160478121 },
	{ "d005", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 177, 1.0621749879337697e+31, 0.060238691271893768 },
	{ "d006", VERDICT_PASS, HALT_NONE, -1, 0, 600, 1, 0.43914179356524141, 0.011327133260974696 },
	{ "d007", VERDICT_PASS, HALT_NONE, -1, 0, 3600, 5, 1.5659462767908762e-09, 8.5453201228065843e-19 },
	{ "d008", VERDICT_PASS, HALT_NONE, -1, 0, 3600, 0, 1, 0.0014183672559274652 },
	{ "d009", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 18, 0.060949242659565375, 0.0028543807663072495 },
	{ "d010", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 53, 198241974781.87109, 0.021194397027658528 },
	{ "d011", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 600, 11, 1021.3887253208202, 0.038418304349474484 },
	{ "d012", VERDICT_PASS, HALT_NONE, -1, 0, 6000, 16, 0.0002321272471911384, 8.6259124842946737e-19 },
	{ "d013", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 10, 0, 1, 0.63133272068993596 },
	{ "d014", VERDICT_PASS, HALT_NONE, -1, 0, 600, 3, 0.92689353842925981, 0.016969163291687333 },
	{ "d015", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 600, 56, 5.3053109138803188e+19, 0.13117813303665427 },
	{ "d016", VERDICT_PASS, HALT_NONE, -1, 0, 3600, 67, 0.007882335924196484, 0.0085755655036949298 },
	{ "d017", VERDICT_HALT, HALT_CHECK_DOWN, 40, 132000, 441, 5, 2.3281233665066829, 0.031915284800920499 },
	{ "d018", VERDICT_PASS, HALT_NONE, -1, 0, 600, 11, 0.044734218038369591, 0.019251637682807812 },
	{ "d019", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 600, 6, 13.582893540734075, 0.026094530262115077 },
	{ "d020", VERDICT_PASS, HALT_NONE, -1, 0, 600, 1, 0.042482673654875749, 0.0038271332609746966 },
	{ "d021", VERDICT_PASS, HALT_NONE, -1, 0, 2354, 15, 4.7576254092678347, 0.0099933148262670232 },
	{ "d022", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 600, 121, 0.1543269029259586, 0.17177878268731994 },
	{ "d023", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 90, 2.673174810206217e+19, 0.032554923701665135 },
	{ "d024", VERDICT_HALT, HALT_REGION_DOWN, -1, 45000, 91, 49, 20158090665025.242, 0.67922311532293267 },
	{ "d025", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 225, 1.6750494755030278e+37, 0.075256612190193153 },
	{ "d026", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 44, 959590.5022188212, 0.017300460143593422 },
	{ "d027", VERDICT_HALT, HALT_REGION_DOWN, -1, 45000, 91, 91, 86.60984630245531, 1 },
	{ "d028", VERDICT_PASS, HALT_NONE, -1, 0, 2700, 75, 1.3301404771788452, 0.037940402267410134 },
	{ "d029", VERDICT_PASS, HALT_NONE, -1, 0, 3600, 4, 0.391264065817583, 0.0025817688536481885 },
	{ "d030", VERDICT_HALT, HALT_REGION_DOWN, -1, 50000, 10, 10, 61340.482373853374, 1 },
	{ "d031", VERDICT_PASS, HALT_NONE, -1, 0, 600, 2, 0.23617728917096689, 0.012189298011983221 },
	{ "d032", VERDICT_HALT, HALT_CHECK_DOWN, 2, 252000, 43, 7, 302.13753358546489, 0.36022564307255045 },
	{ "d033", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 2700, 120, 2.9661424780023542e+18, 0.057188692907944282 },
	{ "d034", VERDICT_HALT, HALT_REGION_DOWN, -1, 2060000, 345, 10, 0.75465504742338407, 0.060189572572907447 },
	{ "d035", VERDICT_PASS, HALT_NONE, -1, 0, 2700, 25, 0.011704736596102527, 0.0047084533423460044 },
	{ "d036", VERDICT_HALT, HALT_CHECK_DOWN, 2, 132000, 23, 5, 25.869204897827554, 0.53590193920986839 },
	{ "d037", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 600, 64, 1.1459443828500612e+29, 0.14832843678484087 },
	{ "d038", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 201, 5.4923421500083873e+51, 0.067974898335522144 },
	{ "d039", VERDICT_HALT, HALT_CHECK_DOWN, 6, 63000, 127, 7, 10.170191782006709, 0.13194480172531828 },
	{ "d040", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 338, 8.3258291085512884e+62, 0.10818688334534322 },
	{ "d041", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 34, 0.042487452128605357, 0.0069537905662316411 },
	{ "d042", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 303, 5.4764231095684362e+53, 0.098129062211745485 },
	{ "d043", VERDICT_PASS, HALT_NONE, -1, 0, 3600, 35, 0.88605769034428472, 0.014804797559080188 },
	{ "d044", VERDICT_PASS, HALT_NONE, -1, 0, 2700, 39, 0.10734744234382178, 0.020739490326449828 },
	{ "d045", VERDICT_PASS, HALT_NONE, -1, 0, 600, 7, 3.3719193827590819, 0.024488802724311996 },
	{ "d046", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 36, 0.0018702153821267733, 0.004321574667252151 },
	{ "d047", VERDICT_HALT, HALT_REGION_DOWN, -1, 1110000, 186, 8, 49.840004989418127, 0.099680784683699467 },
	{ "d048", VERDICT_PASS, HALT_NONE, -1, 0, 3600, 4, 0.37836238194888033, 0.0029984355203148553 },
	{ "d049", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 805, 4.3875712490918002e+25, 0.24461823445077346 },
	{ "d050", VERDICT_HALT, HALT_CHECK_DOWN, 1, 60333, 182, 31, 16.304599794321405, 0.26004848150572613 },
	{ "d051", VERDICT_PASS, HALT_NONE, -1, 0, 3600, 22, 0.072045385715632154, 0.0045375937340795605 },
	{ "d052", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 600, 27, 0.16931920666988026, 0.031129746823797943 },
	{ "d053", VERDICT_PASS, HALT_NONE, -1, 0, 600, 0, 1, 0.0085351155839917363 },
	{ "d054", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 520, 7.9272861137527249e+34, 0.11470999487310822 },
	{ "d055", VERDICT_PASS, HALT_NONE, -1, 0, 600, 0, 1, 0.0085351155839917363 },
	{ "d056", VERDICT_UNDECIDED, HALT_NONE, -1, 0, 3600, 201, 0.0052862717997729739, 0.019849898335522139 },
	{ "d057", VERDICT_HALT, HALT_REGION_DOWN, -1, 50000, 168, 168, 134.68383335449366, 1 },
	{ "d058", VERDICT_PASS, HALT_NONE, -1, 0, 3600, 6, 2.0920181376228415, 0.0039034890670918976 },
	{ "d059", VERDICT_PASS, HALT_NONE, -1, 0, 600, 0, 1, 0.0085351155839917363 },
	{ "d060", VERDICT_PASS, HALT_NONE, -1, 0, 3600, 6, 0.49443169214553467, 0.0036951557337585638 },
	{ "d061", VERDICT_PASS, HALT_NONE, -1, 0, 600, 12, 0.21801416168939092, 0.014103699068324239 },
};
/* clang-format on */

_Static_assert(sizeof(own_table) / sizeof(own_table[0]) == NTRACES, "all");

static void run_own(void *state, const struct trace *t)
{
	const struct head *h = state;
	bool after = false;

	for (size_t i = 0; i < t->nsteps && h->halt_rule == HALT_NONE; i++) {
		const struct observation *o = &t->step[i].seen;

		if (o->region != 0)
			continue;
		if (o->at_us >= 0 && !after) {
			deploy(state, t);
			after = true;
		}
		error_rate()->observe(state, o);
	}
	if (!after)
		deploy(state, t);
}

static void expect_own(const struct expected_own *x, const struct trace *t)
{
	struct trace own = *t;
	void *state;
	struct opinion op;

	own.shape.nregions = 1;
	state = state_new(&own);
	error_rate()->begin(state, &own.shape, NULL);
	run_own(state, &own);
	op = error_rate()->judge(state, (int64_t)own.shape.soak_ms * 1000);
	/* the product asks more of a pass (silence, runs per check) */
	if (x->verdict == VERDICT_PASS && op.state == VERDICT_UNDECIDED)
		cr_expect_eq(op.lacks &
				     (1u << LACK_EFFECT | 1u << LACK_FAILS_NOW |
					     1u << LACK_ABOVE_PAST),
			0, "%s: lacks %x", x->id, op.lacks);
	else
		cr_expect_eq(op.state, x->verdict, "%s: %d", x->id, op.state);
	cr_expect_eq(op.rule, x->rule, "%s: rule %d", x->id, op.rule);
	cr_expect_eq(op.check, (uint32_t)x->check, "%s: check", x->id);
	cr_expect_eq(op.halted_us, x->halted_ms * 1000, "%s: halted at %lld",
		x->id, (long long)op.halted_us);
	cr_expect_eq(op.canary.runs, x->runs, "%s: runs", x->id);
	cr_expect_eq(op.canary.failures, x->failures, "%s: failures", x->id);
	cr_expect(close_to(op.evidence, x->evidence), "%s: evidence %.17g",
		x->id, op.evidence);
	cr_expect(close_to(op.excluded_rise, x->excluded), "%s: excluded %.17g",
		x->id, op.excluded_rise);
	free(state);
}

Test(traces, own_past_as_the_reference)
{
	for (size_t i = 0; i < NTRACES; i++) {
		struct arena *a = arena_new();
		const struct trace *t = load(a, own_table[i].id);

		if (!t) {
			not_run("traces", NTRACES - i);
			arena_free(a);
			return;
		}
		expect_own(&own_table[i], t);
		arena_free(a);
	}
}

/* A small generator of its own, so that a failure can be repeated. */
static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

Test(traces, a_checkpoint_at_any_moment_changes_no_bit)
{
	static const char *const ids[] = { "d000", "d009", "d015", "d025",
		"d034", "d046", "d060" };
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct arena *a = arena_new();
		const struct trace *t = load(a, ids[i]);
		void *whole;

		if (!t) {
			not_run("resumes", 7 - i);
			arena_free(a);
			return;
		}
		whole = state_new(t);
		run_trace(t, &whole, (struct way){ SIZE_MAX, true });
		for (int k = 0; k < 5; k++) {
			void *cut = state_new(t);
			size_t at = next_random(&x) % t->nsteps;

			run_trace(t, &cut, (struct way){ at, true });
			cr_expect_eq(memcmp(whole, cut,
					     error_rate()->state_size(
						     &t->shape)),
				0, "%s cut at %zu", ids[i], at);
			free(cut);
		}
		free(whole);
		arena_free(a);
	}
}
