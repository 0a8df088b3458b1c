/*
 * andon test: one pass over the suites, no store; the exit code says it all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/oom.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/output.h"
#include "cli/report.h"

enum { CONCURRENCY_MAX = 1000, HEARTBEAT_MS = 30000 };

enum report_kind { REPORT_JUNIT, REPORT_JSON };

struct report_wish {
	enum report_kind kind;
	const char *path;
};

struct testing {
	const struct options *o;
	struct report_wish wish[OPTIONS_LIST_MAX];
	size_t nwishes;
	struct plan *plan;
	size_t done, bad; /* for the progress line */
	bool sick;        /* the run whose addresses are being told */
	bool tty;
	uint64_t beat_ns;
};

static bool wish_parse(const char *text, struct report_wish *ret)
{
	static const char *const kinds
		[] = { [REPORT_JUNIT] = "junit=", [REPORT_JSON] = "json=" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i]);
		if (strncmp(text, kinds[i], n) != 0 || text[n] == '\0')
			continue;
		ret->kind = (enum report_kind)i;
		ret->path = text + n;
		return true;
	}
	return false;
}

static int wishes_parse(struct testing *t)
{
	const struct list *l = &t->o->report;

	for (size_t i = 0; i < l->count; i++)
		if (!wish_parse(l->item[i], &t->wish[t->nwishes++]))
			return output_usage("test",
				"--report %s is not junit=FILE or json=FILE",
				l->item[i]);
	if (t->o->concurrency > CONCURRENCY_MAX)
		return output_usage("test", "--concurrency is %d at most",
			CONCURRENCY_MAX);
	return 0;
}

/* A line that moves on a terminal, one now and then in a log. */
static void on_report(const struct run_report *r, void *owner)
{
	struct testing *t = owner;
	uint64_t now_ns = clock_mono_ns(&clock_system);
	char line[80];

	t->sick |= outcome_counts(r->outcome) && !outcome_ok(r->outcome);
	if (r->same) /* another address of the same one */
		return;
	t->done++;
	t->bad += t->sick;
	t->sick = false;
	if (t->o->quiet || (!t->tty && now_ns < t->beat_ns))
		return;
	snprintf(line, sizeof(line), "%zu of %zu runs, %zu failed", t->done,
		t->plan->njobs, t->bad);
	fprintf(stderr, t->tty ? "\r\x1b[K%s" : "%s\n", line);
	t->beat_ns = now_ns + HEARTBEAT_MS * 1000000ULL;
}

/* True when all reports that were asked for are there. */
static bool reports_write(const struct testing *t, const struct once_result *r)
{
	bool ok = true;

	for (size_t i = 0; i < t->nwishes; i++) {
		struct err e = { 0 };
		struct buf b;
		buf_init(&b, REPORT_BYTES_MAX);
		if (t->wish[i].kind == REPORT_JUNIT)
			report_junit(&b, r);
		else
			report_json(&b, r);
		if (!report_file(t->wish[i].path, &b, &e)) {
			output_err("test", &e);
			ok = false;
		}
		buf_done(&b);
	}
	return ok;
}

static bool show(const struct testing *t, const struct once_result *r)
{
	struct report_style style = { .colour = output_colour(t->o, stdout),
		.utf8 = output_utf8(),
		.quiet = t->o->quiet,
		.verbose = t->o->verbose };
	struct buf b;

	buf_init(&b, REPORT_BYTES_MAX);
	if (t->o->format == FORMAT_JSON)
		report_json(&b, r);
	else
		report_text(&b, r, &style);
	bool ok = !b.over && output_buf(&b, stdout);
	if (!ok)
		fprintf(stderr, "andon test: the result could not be shown\n");
	buf_done(&b);
	return ok;
}

/* What could not be said is no pass; a failure stays a failure. */
static int testing_run(struct testing *t)
{
	const struct options *o = t->o;
	struct once_options how = { .concurrency = (unsigned)o->concurrency,
		.seed = o->seed,
		.runner = str_from(o->id),
		.signals = true,
		.on_report = on_report,
		.owner = t };
	struct arena *a = arena_new();
	struct once_result r = { 0 };
	struct err e = { 0 };
	int code;

	t->tty = isatty(STDERR_FILENO);
	t->beat_ns = clock_mono_ns(&clock_system) + HEARTBEAT_MS * 1000000ULL;
	if (!once_run(t->plan, &how, a, &r, &e)) {
		code = output_err("test", &e);
		goto out;
	}
	if (t->tty && !o->quiet)
		fprintf(stderr, "\r\x1b[K");
	code = report_exit_code(&r);
	bool told = show(t, &r);
	told &= reports_write(t, &r);
	if (!told && code == EXIT_PASS)
		code = EXIT_UNAVAILABLE;
	if (r.interrupted)
		fprintf(stderr,
			"andon test: interrupted; %zu of %zu runs are "
			"reported\n",
			r.jobs, t->plan->njobs);
out:
	arena_free(a);
	return code;
}

static int test_run(struct options *o)
{
	struct testing *t = xcalloc(1, sizeof(*t));
	int code;

	t->o = o;
	code = wishes_parse(t);
	if (code == 0)
		code = load_for_run(o, "test", &o->args, &t->plan);
	if (code == 0)
		code = testing_run(t);
	plan_unref(t->plan);
	free(t);
	return code;
}

const struct command command_test = {
	.name = "test",
	.args = "[SUITE...]",
	.summary = "one pass over the suites, no store",
	.help = "Runs every suite once in every selected region and ends with "
		"1 if any run failed\nor had an error, else 4 if our own "
		"trouble hid the truth, else 2 if nothing ran,\nelse 0.\n\n"
		"  andon test suites/checkout.yaml --base-url "
		"http://localhost:8080\n"
		"  andon test --line regions/orders.yaml --where prod/west "
		"\\\n             --report junit=smoke.xml\n\n"
		"Each failure shows what was asked, what came, and the curl "
		"command that repeats it.",
	.options = TAKES_COMMON | TAKES(line) | TAKES(base_url) | TAKES_SUITES |
		   TAKES(report) | TAKES(seed) | TAKES(concurrency) | TAKES(id),
	.run = test_run,
};
