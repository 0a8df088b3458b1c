/*
 * andon demo: one workflow on simulated regions, by the commands that a
 * pipeline would run.  The regions are real HTTP servers in this process;
 * everything else is `andon` itself, started as a user would start it.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/oom.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/demo_files.h"
#include "cli/demo_guard.h"
#include "cli/demo_procs.h"
#include "cli/demo_regions.h"
#include "cli/demo_tell.h"
#include "cli/output.h"

enum { STEPS_MAX = 96, ARGS_MAX = 16, COMMAND_MAX = 200, SUMMARY_MAX = 65536 };

#define BAD_SHARE 0.25
#define STOPPED   "orders/canary/1.2.0/1"

struct step {
	char command[COMMAND_MAX];
	int expected, code;
	uint64_t took_ms;
};

struct demo {
	struct options *o;
	struct demo_tell tell;
	struct demo_procs *procs;
	struct demo_region *region[DEMO_PLACES];
	char folder[DEMO_PATH_MAX];
	struct demo_guard guard; /* of the folder */
	struct step step[STEPS_MAX];
	size_t nsteps;
	struct err err; /* why the story could not go on */
};

static const char *const place_names[DEMO_PLACES] = {
	[DEMO_NONPROD_WEST] = "nonprod/west",
	[DEMO_NONPROD_EAST] = "nonprod/east",
	[DEMO_PROD_WEST] = "prod/west",
	[DEMO_PROD_EAST] = "prod/east",
	[DEMO_PROD_EU] = "prod/eu",
};

/* What a stage deploys: a copy of the line file, for the rollouts. */
struct rollout {
	const char *stage;
	unsigned places; /* bits 1 << enum demo_place */
};

static const struct rollout draft = { "draft", 1U << DEMO_NONPROD_WEST };
static const struct rollout review = { "review", 1U << DEMO_NONPROD_EAST };
static const struct rollout canary = { "canary", 1U << DEMO_PROD_WEST };
static const struct rollout everywhere = { "everywhere",
	1U << DEMO_PROD_EAST | 1U << DEMO_PROD_EU };

/* ------- steps ------- */

static uint64_t now_ms(void)
{
	return clock_mono_ns(&clock_system) / 1000000;
}

/* One command, shown and run; true when it ended as it must. */
static bool command(struct demo *d, enum demo_show show, int expected, ...)
{
	const char *argv[ARGS_MAX + 1] = { "andon" };
	struct step *s = &d->step[d->nsteps++];
	uint64_t start_ms = now_ms();
	char took[32];
	struct buf text;
	va_list ap;

	va_start(ap, expected);
	for (int i = 1; i < ARGS_MAX; i++) {
		argv[i] = va_arg(ap, const char *);
		if (!argv[i])
			break;
	}
	va_end(ap);
	buf_init(&text, sizeof(s->command) - 1);
	demo_command_write(&text, argv);
	snprintf(s->command, sizeof(s->command), "%s", text.ptr);
	buf_done(&text);
	s->expected = expected;
	s->code = -1;
	demo_tell_command(&d->tell, argv);
	if (d->tell.silent)
		show = DEMO_SHOW_NOTHING;
	if (!demo_procs_run(d->procs, argv, show, &s->code, &d->err))
		return false;
	s->took_ms = now_ms() - start_ms;
	if (s->code != expected)
		demo_tell_answer(&d->tell, false, "exit %d after %s", s->code,
			units_took_text(s->took_ms * 1000, took));
	else if (show == DEMO_SHOW_PROGRESS)
		demo_tell_answer(&d->tell, true, "exit %d after %s", s->code,
			units_took_text(s->took_ms * 1000, took));
	return s->code == expected && !d->tell.lost;
}

static bool passes(struct demo *d, enum demo_show show, const char *stage,
	const char *version)
{
	return command(d, show, EXIT_PASS, "gate", stage, "--version", version,
		"--wait", "60s", NULL);
}

/* What CD does between `start` and `done`. */
static void roll_out(struct demo *d, const struct rollout *r,
	const char *version, double failing)
{
	for (int i = 0; i < DEMO_PLACES; i++) {
		if (!(r->places & 1U << i))
			continue;
		demo_region_set_failing(d->region[i], failing);
		demo_region_set_version(d->region[i], version);
		demo_tell_event(&d->tell, "%s now serves %s", place_names[i],
			version);
	}
}

static bool deploys(struct demo *d, enum demo_show show,
	const struct rollout *r, const char *version, double failing)
{
	show = show == DEMO_SHOW_ALL ? show : DEMO_SHOW_NOTHING;
	bool fix = strcmp(version, "1.2.1") == 0;
	bool ok = fix ? command(d, show, EXIT_PASS, "deploy", "start", r->stage,
				"--version", version, "--lane", "fix",
				"--fixes", STOPPED, NULL)
		      : command(d, show, EXIT_PASS, "deploy", "start", r->stage,
				"--version", version, NULL);

	if (!ok)
		return false;
	roll_out(d, r, version, failing);
	return command(d, show, EXIT_PASS, "deploy", "done", r->stage,
		"--version", version, NULL);
}

static bool ships(struct demo *d, enum demo_show show, const struct rollout *r,
	const char *version)
{
	return deploys(d, show, r, version, 0) &&
	       passes(d, show, r->stage, version);
}

static bool merges(struct demo *d, enum demo_show show, const char *version)
{
	enum demo_show check = show == DEMO_SHOW_ALL ? show : DEMO_SHOW_NOTHING;

	return command(d, check, EXIT_PASS, "deploy", "check", "merge",
		       "--version", version, "--name", "build", "--ok", NULL) &&
	       command(d, check, EXIT_PASS, "deploy", "check", "merge",
		       "--version", version, "--name", "unit", "--ok", NULL) &&
	       passes(d, show, "merge", version);
}

/* ------- the story ------- */

static bool act_good(struct demo *d)
{
	struct demo_tell *t = &d->tell;

	demo_tell_title(t, "1  A good version, 1.1.0, goes all the way");
	demo_tell_text(t,
		"A draft pull request goes to nonprod/west.  The pipeline says "
		"what it deploys,\nand waits for the verdict: the exit code "
		"of `andon gate`.\n");
	if (!ships(d, DEMO_SHOW_ALL, &draft, "1.1.0"))
		return false;
	demo_tell_text(t, "Ready for review: the same in nonprod/east.\n");
	if (!ships(d, DEMO_SHOW_PROGRESS, &review, "1.1.0"))
		return false;
	demo_tell_text(t,
		"The merge gate deploys nothing: it wants CI, and both regions "
		"accepted.\n");
	if (!merges(d, DEMO_SHOW_ALL, "1.1.0"))
		return false;
	demo_tell_text(t,
		"The merge deploys one region of production, the canary.  It "
		"is held against\nprod/east and prod/eu, which are asked side "
		"by side with it.\n");
	if (!ships(d, DEMO_SHOW_ALL, &canary, "1.1.0"))
		return false;
	demo_tell_text(t, "Accepted: now all that remains.\n");
	return passes(d, DEMO_SHOW_PROGRESS, "accept", "1.1.0") &&
	       ships(d, DEMO_SHOW_PROGRESS, &everywhere, "1.1.0");
}

static bool act_bad(struct demo *d)
{
	struct demo_tell *t = &d->tell;

	demo_tell_title(t, "2  A bad version, 1.2.0, looks just as good");
	demo_tell_text(t,
		"It passes everything before production: what is wrong with "
		"it shows only there.\n");
	if (!ships(d, DEMO_SHOW_PROGRESS, &draft, "1.2.0") ||
		!ships(d, DEMO_SHOW_PROGRESS, &review, "1.2.0") ||
		!merges(d, DEMO_SHOW_PROGRESS, "1.2.0"))
		return false;
	demo_tell_text(t,
		"In prod/west a quarter of its orders now fail, here and "
		"there.  No check stays\ndown, so counting failures in a row "
		"sees nothing; the regions side by side do.\n");
	if (!deploys(d, DEMO_SHOW_ALL, &canary, "1.2.0", BAD_SHARE) ||
		!command(d, DEMO_SHOW_ALL, EXIT_FAIL, "gate", "canary",
			"--version", "1.2.0", "--wait", "2m", NULL))
		return false;
	demo_tell_text(t,
		"Exit 1: the pipeline ends here.  Why, what failed first, and "
		"how to repeat it:\n");
	if (!command(d, DEMO_SHOW_ALL, EXIT_PASS, "why", STOPPED, NULL))
		return false;
	demo_tell_text(t,
		"The line is stopped.  Whoever ignores the verdict is "
		"refused:\n");
	return command(d, DEMO_SHOW_ALL, EXIT_HELD, "deploy", "start",
		"everywhere", "--version", "1.2.0", NULL);
}

static bool act_fix(struct demo *d)
{
	struct demo_tell *t = &d->tell;

	demo_tell_title(t, "3  Fail forward: the fix, 1.2.1");
	demo_tell_text(t,
		"A stopped line lets a fix through, which names what it "
		"fixes; every gate\njudges it as strictly as before.\n");
	if (!ships(d, DEMO_SHOW_PROGRESS, &draft, "1.2.1") ||
		!ships(d, DEMO_SHOW_PROGRESS, &review, "1.2.1") ||
		!merges(d, DEMO_SHOW_PROGRESS, "1.2.1") ||
		!ships(d, DEMO_SHOW_ALL, &canary, "1.2.1"))
		return false;
	demo_tell_text(t,
		"The fix is accepted where the bad one was stopped, so a "
		"person may open the\nline again, with a name and a "
		"reason.  Everywhere is next, as above.\n");
	return command(d, DEMO_SHOW_ALL, EXIT_PASS, "resume", "line", "--by",
		       "demo", "--reason", "1.2.1 is accepted in prod/west",
		       NULL) &&
	       passes(d, DEMO_SHOW_PROGRESS, "accept", "1.2.1");
}

/* ------- begin and end ------- */

static bool regions_start(struct demo *d)
{
	const char *url[DEMO_PLACES];
	char secret[DEMO_SECRET_MAX];

	/* First: the guard is forked, and the regions have threads. */
	if (!demo_folder_make(d->folder, &d->err) ||
		!demo_guard_start(&d->guard, d->folder, &d->err))
		return false;
	demo_secret_make(secret);
	for (int i = 0; i < DEMO_PLACES; i++) {
		struct demo_region_options r = { .version = "1.0.0",
			.seed = (uint64_t)i + 1,
			.client_secret = secret };
		d->region[i] = demo_region_new(&r, &d->err);
		if (!d->region[i])
			return false;
		url[i] = demo_region_url(d->region[i]);
	}
	return demo_files_write(d->folder, url, secret, &d->err);
}

static void introduce(struct demo *d)
{
	struct buf b;

	buf_init(&b, SUMMARY_MAX);
	buf_add_z(&b,
		"A small orders service runs in five regions: real HTTP "
		"servers on this machine.\nAndon runs four checks a second "
		"against each, and judges every deployment by\nwhat they "
		"find.  Only the service and its fault are made; commands, "
		"output and\nexit codes are what really happens.\n\n");
	for (int i = 0; i < DEMO_PLACES; i++)
		buf_addf(&b, "  %-14s %s   1.0.0\n", place_names[i],
			demo_region_url(d->region[i]));
	buf_addf(&b, "  %-14s %s (until the end)\n\n", "line, suites",
		d->folder);
	demo_tell_title(&d->tell, "andon demo: one line, three versions, about "
				  "two minutes");
	demo_tell_text(&d->tell, b.ptr);
	buf_done(&b);
}

static bool begin(struct demo *d)
{
	static const char *const colors[] = { NULL, "always", "never" };
	static const char *const shown[] = { "andon", "up", NULL };
	static const char *const up[] = { "andon", "up", "--grace", "2s",
		NULL };
	char log[DEMO_PATH_MAX + 16];

	d->procs = demo_procs_new(d->folder, colors[d->o->color], &d->err);
	if (!d->procs || !regions_start(d))
		return false;
	introduce(d);
	snprintf(log, sizeof(log), "%s/up.log", d->folder);
	demo_tell_command(&d->tell, shown);
	if (!demo_procs_up(d->procs, up, log, &d->err))
		return false;
	demo_tell_event(&d->tell, "ready: a private redis-server, the runner, "
				  "the detector");
	return true;
}

/* What `up` said last, before its log goes away. */
static void show_log(const struct demo *d)
{
	enum { TAIL = 4096 };
	char path[DEMO_PATH_MAX + 16];
	char bytes[TAIL];
	struct buf b;

	snprintf(path, sizeof(path), "%s/up.log", d->folder);
	FILE *f = fopen(path, "re");
	if (!f)
		return;
	if (fseek(f, -TAIL, SEEK_END) != 0)
		rewind(f);
	size_t n = fread(bytes, 1, sizeof(bytes), f);
	(void)fclose(f);
	buf_init(&b, SUMMARY_MAX);
	buf_add_z(&b, "andon demo: the last words of `andon up`:\n");
	for (size_t i = 0, from = 0; i < n; i++) {
		if (bytes[i] != '\n')
			continue;
		buf_add_z(&b, "  ");
		buf_add_visible(&b, (struct str){ bytes + from, i - from });
		buf_add_byte(&b, '\n');
		from = i + 1;
	}
	output_buf(&b, stderr);
	buf_done(&b);
}

/* The step that did not end as it must; NULL: all did. */
static const struct step *surprise(const struct demo *d)
{
	for (size_t i = 0; i < d->nsteps; i++)
		if (d->step[i].code != d->step[i].expected)
			return &d->step[i];
	return NULL;
}

/* What all regions served, and how many orders failed outside the canary. */
static struct demo_counts counts(const struct demo *d,
	uint64_t *ret_failed_elsewhere)
{
	struct demo_counts sum = { 0 };

	*ret_failed_elsewhere = 0;
	for (int i = 0; i < DEMO_PLACES; i++) {
		struct demo_counts c = { 0 };
		if (d->region[i])
			c = demo_region_counts(d->region[i]);
		sum.requests += c.requests;
		sum.orders += c.orders;
		sum.failed_orders += c.failed_orders;
		if (i != DEMO_PROD_WEST)
			*ret_failed_elsewhere += c.failed_orders;
	}
	return sum;
}

static void end_json(const struct demo *d, int code, uint64_t took_ms)
{
	uint64_t elsewhere;
	struct demo_counts c = counts(d, &elsewhere);
	struct buf b;

	buf_init(&b, SUMMARY_MAX);
	buf_addf(&b,
		"{\"answer\":\"%s\",\"ok\":%s,\"code\":%d,\"took_ms\":%llu,"
		"\"requests\":%llu,\"orders\":%llu,\"failed_orders\":%llu,"
		"\"steps\":[",
		code == EXIT_PASS ? "pass" : "fail",
		code == EXIT_PASS ? "true" : "false", code,
		(unsigned long long)took_ms, (unsigned long long)c.requests,
		(unsigned long long)c.orders,
		(unsigned long long)c.failed_orders);
	for (size_t i = 0; i < d->nsteps; i++) {
		const struct step *s = &d->step[i];
		buf_add_z(&b, i ? ",{\"command\":" : "{\"command\":");
		buf_add_json(&b, str_from(s->command));
		buf_addf(&b, ",\"expected\":%d,\"code\":%d,\"took_ms\":%llu}",
			s->expected, s->code, (unsigned long long)s->took_ms);
	}
	buf_add_z(&b, "]}\n");
	output_buf(&b, stdout);
	buf_done(&b);
}

static void end_human(struct demo *d, uint64_t took_ms)
{
	uint64_t elsewhere;
	struct demo_counts c = counts(d, &elsewhere);
	char took[32];

	units_took_text(took_ms * 1000, took);
	if (d->tell.silent) {
		printf("andon demo: all %zu commands ended as they must, in "
		       "%s\n",
			d->nsteps, took);
		return;
	}
	demo_tell_title(&d->tell, "The end");
	demo_tell_answer(&d->tell, true,
		"all %zu commands ended as they must, in %s", d->nsteps, took);
	demo_tell_event(&d->tell,
		"the regions answered %llu requests; %llu of %llu orders "
		"failed,",
		(unsigned long long)c.requests,
		(unsigned long long)c.failed_orders,
		(unsigned long long)c.orders);
	demo_tell_event(&d->tell, "%llu of them outside the canary",
		(unsigned long long)elsewhere);
	demo_tell_text(&d->tell,
		"Your own regions: write regions/NAME.yaml and suites/*.yaml, "
		"then andon lint,\nandon up, and andon gate in the "
		"pipeline.\n");
}

static int end(struct demo *d, bool told, uint64_t took_ms)
{
	const struct step *s = surprise(d);
	int signo = d->procs ? demo_procs_signal(d->procs) : 0;
	int code = told ? EXIT_PASS : EXIT_FAIL;

	if (signo != 0)
		return 128 + signo;
	if (d->err.kind != ERR_NONE) {
		code = output_err("demo", &d->err);
		show_log(d);
	} else if (s) {
		fprintf(stderr,
			"andon demo: `%s` ended with %d; it should have been "
			"%d\n",
			s->command, s->code, s->expected);
		show_log(d);
	} else if (d->tell.lost) {
		return EXIT_FAIL;
	}
	if (d->o->format == FORMAT_JSON)
		end_json(d, code, took_ms);
	else if (told)
		end_human(d, took_ms);
	return code;
}

static int demo_run(struct options *o)
{
	struct demo *d = xcalloc(1, sizeof(*d));
	struct err e = { 0 };
	uint64_t start_ms = now_ms();
	bool told;
	int code;

	if (o->args.count > 0) {
		free(d);
		return output_usage("demo", "takes no arguments");
	}
	d->o = o;
	d->tell = (struct demo_tell){ .colour = output_colour(o, stdout),
		.utf8 = output_utf8(),
		.silent = o->quiet || o->format == FORMAT_JSON,
		.start_ns = clock_mono_ns(&clock_system) };
	told = begin(d) && act_good(d) && act_bad(d) && act_fix(d);
	code = end(d, told, now_ms() - start_ms);
	demo_procs_free(d->procs);
	for (int i = 0; i < DEMO_PLACES; i++)
		demo_region_free(d->region[i]);
	if (d->folder[0] && !demo_folder_remove(d->folder, &e)) {
		int own = output_err("demo", &e);
		code = code ? code : own;
	} else if (code >= 128) {
		fprintf(stderr, "\nandon demo: interrupted; nothing of it is "
				"left\n");
	}
	demo_guard_end(&d->guard);
	free(d);
	return code;
}

const struct command command_demo = {
	.name = "demo",
	.args = NULL,
	.summary = "simulated regions and one whole workflow: see it work",
	.help = "Starts five regions of a small service on loopback, and "
		"tells one story in about\ntwo minutes: a good version passes "
		"every stage, a bad one fails a quarter of its\norders in one "
		"region and is stopped, its fix passes.  Ends with 0 only if "
		"every\ncommand ended as it must.  Needs redis-server; uses a "
		"folder of its own below\n$TMPDIR and leaves nothing behind.",
	.options = TAKES_COMMON,
	.run = demo_run,
};
