/*
 * andon replay: recorded deployments, of files or of a store, through the
 * detectors: what would have been said, when and why, with these or other
 * settings.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/calibrate.h"
#include "cli/command.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/recording_store.h"
#include "cli/replay.h"
#include "cli/why_view.h"

enum { OUTPUT_MAX = 1 << 20 };

static int code_of(enum verdict_state s)
{
	if (s == VERDICT_HALT)
		return EXIT_FAIL;
	return s == VERDICT_PASS ? EXIT_PASS : EXIT_UNDECIDED;
}

/* A halt beats what is undecided, and that beats a pass. */
static int worse(int a, int b)
{
	if (a == EXIT_FAIL || b == EXIT_FAIL)
		return EXIT_FAIL;
	return a > b ? a : b;
}

static bool out_write(struct buf *out, struct err *e)
{
	bool ok = !out->over && output_buf(out, stdout);

	if (!ok)
		err_set(e, ERR_IO, "stdout: %s",
			out->over ? "the answer is too long"
				  : strerrordesc_np(errno));
	buf_done(out);
	return ok;
}

static bool say(const struct options *o, const struct recording *rec,
	const struct replayed *r, struct err *e)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	if (o->format == FORMAT_JSON)
		replay_say_json(rec, r, &out);
	else
		replay_say_human(rec, r, &out);
	return out_write(&out, e);
}

static bool calibrate_one(const struct options *o, const struct recording *rec,
	const struct replay_settings *s, struct err *e)
{
	struct calibrated c;
	struct buf out;

	if (!calibrate(detectors[0], rec, s, o->seed, &c, e))
		return false;
	buf_init(&out, OUTPUT_MAX);
	if (o->format == FORMAT_JSON)
		calibrate_say_json(rec, &c, &out);
	else
		calibrate_say_human(rec, &c, &out);
	return out_write(&out, e);
}

static bool replay_recording(const struct options *o, struct recording *rec,
	const struct replay_settings *s, int *code, struct err *e)
{
	struct replayed r;
	bool ok;

	if (o->calibrate)
		return calibrate_one(o, rec, s, e);
	replay_run(detectors[0], rec, s, &r);
	*code = worse(*code, code_of(r.opinion.state));
	ok = say(o, rec, &r, e);
	replayed_free(&r);
	return ok;
}

static bool replay_file(const struct options *o, const char *path,
	const struct replay_settings *s, int *code, struct err *e)
{
	struct arena *a = arena_new();
	struct recording rec;
	bool ok = recording_read(a, path, &rec, e);

	if (ok) {
		ok = replay_recording(o, &rec, s, code, e);
		recording_free(&rec);
	}
	arena_free(a);
	return ok;
}

static bool replay_deployment(const struct options *o,
	const struct recording_source *where, const char *name,
	const struct replay_settings *s, int *code, struct err *e)
{
	struct arena *a = arena_new();
	const struct deployment *d = NULL;
	struct recording_source from = *where;
	struct facts f;
	bool ok = store_facts(from.store, a, &f, e);

	from.facts = &f;
	if (ok) {
		d = why_find(&f, str_from(name));
		ok = d || err_set(e, ERR_USAGE, "no deployment `%s`", name);
	}
	for (size_t i = 0; ok && d && i < d->nregions; i++) {
		struct recording rec;

		ok = recording_of(a, &from, d, i, &rec, e);
		if (ok) {
			ok = replay_recording(o, &rec, s, code, e);
			recording_free(&rec);
		}
	}
	arena_free(a);
	return ok;
}

static int replay_files(const struct options *o,
	const struct replay_settings *s)
{
	int code = EXIT_PASS;

	for (size_t i = 0; i < o->args.count; i++) {
		struct err e = { 0 };

		if (!replay_file(o, o->args.item[i], s, &code, &e))
			return output_err("replay", &e);
	}
	return code;
}

/* --from and --to; what was not given stays 0. */
static bool range_of(const struct options *o, struct recording_source *ret,
	struct err *e)
{
	const struct {
		const char *name, *text;
		int64_t *us;
	} bound[] = { { "from", o->from, &ret->from_us },
		{ "to", o->to, &ret->to_us } };

	for (size_t i = 0; i < 2; i++)
		if (bound[i].text &&
			(!units_from_rfc3339(str_from(bound[i].text),
				 bound[i].us) ||
				*bound[i].us <= 0))
			return err_set(e, ERR_USAGE,
				"--%s must be a time such as "
				"2026-05-04T10:00:00Z, not `%.64s`",
				bound[i].name, bound[i].text);
	if (o->from && o->to && ret->from_us >= ret->to_us)
		return err_set(e, ERR_USAGE,
			"--from %.40s is not before --to %.40s", o->from,
			o->to);
	return true;
}

static int replay_deployments(const struct options *o,
	const struct replay_settings *s, struct arena *a)
{
	struct recording_source from = { 0 };
	struct err e = { 0 };
	int code = open_line(o, "replay", a, &from.line);
	bool ok;

	if (code)
		return code;
	code = EXIT_PASS;
	ok = range_of(o, &from, &e) &&
	     open_store(o, from.line, &from.store, &e);
	for (size_t i = 0; ok && i < o->args.count; i++)
		ok = replay_deployment(o, &from, o->args.item[i], s, &code, &e);
	store_free(from.store);
	return ok ? code : output_err("replay", &e);
}

/* What is no file is a deployment, where there is a line to look it up in. */
static bool names_deployments(const struct options *o)
{
	if (!o->line && !o->redis)
		return false;
	for (size_t i = 0; i < o->args.count; i++)
		if (strcmp(o->args.item[i], "-") != 0 &&
			access(o->args.item[i], F_OK) != 0)
			return true;
	return false;
}

static int replay_main(struct options *o)
{
	struct arena *a = arena_new();
	struct replay_settings s;
	struct diags ds;
	int code;

	if (o->args.count == 0) {
		arena_free(a);
		return output_usage("replay", "give at least one recording");
	}
	diags_init(&ds, a);
	replay_defaults(detectors[0], &s);
	if (!replay_set(detectors[0], &o->set, a, &s, &ds))
		code = output_diags(&ds, false, stderr);
	else if (names_deployments(o))
		code = replay_deployments(o, &s, a);
	else if (o->from || o->to)
		code = output_usage("replay",
			"--from and --to bound what is read of a store: give "
			"--line or --redis, and a deployment");
	else
		code = replay_files(o, &s);
	arena_free(a);
	return code;
}

const struct command command_replay = {
	.name = "replay",
	.args = "FILE|DEPLOYMENT...",
	.summary = "recorded results through the detectors, again",
	.help = "Says what the detector would have answered, when and why, on "
		"recorded deployments.\nEach FILE is CSV (`-`: stdin),\n\n"
		"  # {\"id\": \"d7\", \"checks\": 20, \"interval_s\": 10, "
		"\"history_s\": 2400,\n"
		"     \"soak_s\": 1800, \"baselines\": 1, \"groups\": null}   "
		"(one line)\n"
		"  t_ms,check,region,ok,lat_ms\n"
		"  -2400000,0,0,1,84.2\n\n"
		"or lines of JSON: a head, then the runs of `andon test "
		"--format json`:\n\n"
		"  {\"id\": \"d7\", \"canary\": \"prod/west\", "
		"\"controls\": [\"prod/east\"],\n"
		"   \"deployed\": \"2026-05-04T10:00:00Z\", "
		"\"soak_s\": 1800, \"interval_s\": 10}\n"
		"  {\"suite\": \"orders\", \"env\": \"prod\", "
		"\"region\": \"west\", \"outcome\": \"pass\",\n"
		"   \"started\": \"2026-05-04T09:20:00Z\", "
		"\"took_ms\": 84.2}\n\n"
		"In CSV t = 0 is the deploy, region 0 the canary, an empty "
		"latency is "
		"unknown.\n\n"
		"  andon replay d7.csv\n"
		"  andon replay --set false_halt=0.1% --set soak=1h "
		"--format json *.csv\n\n"
		"With --line or --redis an argument that is no file is a "
		"deployment, a version or a\nstage of that line, read from "
		"its store as far back as it keeps results:\n\n"
		"  andon replay --line regions/orders.yaml --set soak=1h "
		"9f3c2ab\n\n"
		"--from and --to bound what is read of that store by the time "
		"at which it took a\nresult: with --to the answer is the one "
		"of that time, with --from the history\nbegins there.\n\n"
		"  andon replay --line regions/orders.yaml --to "
		"2026-05-04T10:20:00Z 9f3c2ab\n\n"
		"--calibrate cuts the history of a FILE (its rows before t = "
		"0) into pieces of 10\nminutes and puts them together anew, "
		"400 times, as deployments of a healthy\nversion: how many "
		"would have been stopped, and how soon faults put into them\n"
		"would have been found.  It tells as much as that history "
		"does: give it days.\n\n"
		"  andon replay --calibrate --set false_halt=0.5% week.csv\n\n"
		"--set takes false_halt, smallest_effect, soak and the "
		"detector's own settings\n(docs/detectors.md).  The exit code "
		"is that of the worst answer: 1 a halt,\n3 undecided, 0 all "
		"pass; 2 when a file, a setting or a time is wrong, or\n"
		"nothing of the deployment is there then; 4 when the store can "
		"not be read.",
	.options = TAKES_COMMON | TAKES_LINE | TAKES(set) | TAKES(calibrate) |
		   TAKES(seed) | TAKES(from) | TAKES(to),
	.run = replay_main,
};
