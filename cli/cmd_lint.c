/*
 * andon lint: every mistake of every file, in one run.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/oom.h"
#include "base/yaml.h"
#include "cli/command.h"
#include "cli/explain.h"
#include "cli/lint_show.h"
#include "cli/lint_workflow.h"
#include "cli/load.h"
#include "cli/output.h"

enum { FINDINGS_MAX = 16 << 20, FOLDER_PEEK_MAX = 100 };

struct linting {
	struct options *o;
	struct list lines, suites; /* the positional paths, told apart */
	struct loaded l;
	struct plan *plan; /* NULL: not made */
	struct arena *own; /* of what is looked up on the way */
	struct err e;      /* of the selection */
	size_t files, checks;
};

/* ------- which of the paths is a line file ------- */

/* For a file that is no YAML: its mistake belongs to the right loader. */
static bool text_has_line(struct str text)
{
	return str_starts(text, STR("line:")) ||
	       str_find(text, STR("\nline:"), 0) != SIZE_MAX;
}

static bool file_is_line(const char *path)
{
	struct arena *a = arena_new();
	struct diags ds;
	bool is = false;

	diags_init(&ds, a);
	const struct source *src = source_read(a, path, NULL);
	if (src) {
		const struct yaml_node *root = yaml_parse(a, src, &ds);
		is = root ? yaml_get(root, "line") && !yaml_get(root, "suite")
			  : text_has_line(src->text);
	}
	arena_free(a);
	return is;
}

/* A folder is one of line files when one of its YAML files is. */
static bool folder_is_line(const char *path, struct arena *a)
{
	DIR *d = opendir(path);
	bool is = false;

	for (int i = 0; d && !is && i < FOLDER_PEEK_MAX; i++) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of our own */
		const struct dirent *entry = readdir(d);
		if (!entry)
			break;
		struct str name = str_from(entry->d_name);
		if (str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml")))
			is = file_is_line(
				arena_printf(a, "%s/%.*s", path, STR_ARG(name))
					.ptr);
	}
	if (d)
		closedir(d);
	return is;
}

static bool path_is_line(const char *path, struct arena *a)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	return S_ISDIR(st.st_mode) ? folder_is_line(path, a)
				   : file_is_line(path);
}

static bool path_is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/*
 * Suites may be linted without a line: then every region and role goes.
 * Everywhere else its absence is a mistake.
 */
static bool line_wanted(const struct linting *t)
{
	const struct options *o = t->o;

	if (o->line || o->base_url || t->lines.count > 0)
		return true;
	return t->suites.count == 0 || folder_is_line("regions", t->own);
}

/* ------- reading ------- */

static void lint_read(struct linting *t)
{
	struct options o = *t->o;
	const struct list *suites = &t->suites;
	static const struct list all = { .item = { "suites" }, .count = 1 };
	size_t extra = 0;

	if (suites->count == 0 && o.suites.count > 0)
		suites = &o.suites;
	else if (suites->count == 0 && t->lines.count == 0)
		suites = &all;
	if (!o.line && t->lines.count > 0)
		o.line = t->lines.item[extra++];
	load_some(&o, line_wanted(t), suites, &t->l);
	for (; extra < t->lines.count; extra++)
		line_load(t->l.arena, t->lines.item[extra], &t->l.ds);
	t->l.ok &= t->l.ds.errors == 0;
}

/* Some of the suites alone do not tell how a stage is judged. */
static bool whole(const struct linting *t)
{
	const struct options *o = t->o;

	if (o->where.count > 0 || o->tag.count > 0)
		return false;
	if (o->line || t->lines.count > 0)
		return true;
	for (size_t i = 0; i < t->suites.count; i++)
		if (!path_is_folder(t->suites.item[i]))
			return false;
	return true;
}

static size_t checks_of(const struct suite *s)
{
	const struct step *lists[] = { s->setup, s->steps, s->cleanup };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct step *p = lists[i]; p; p = p->next) {
			for (const struct check *c = p->expect; c; c = c->next)
				n++;
			for (const struct check *c = p->warn; c; c = c->next)
				n++;
		}
	return n;
}

/* The default line file has no name before it is found. */
static bool default_line_read(const struct linting *t)
{
	if (t->l.line)
		return t->l.line->source != NULL;
	for (const struct diag *d = t->l.ds.first; d; d = d->next)
		if (d->where.src &&
			str_starts(d->where.src->name, STR("regions/")))
			return true;
	return false;
}

static void count_files(struct linting *t)
{
	const struct loaded *l = &t->l;

	t->files = l->suites.nread + t->lines.count + (t->o->line != NULL);
	if (t->lines.count == 0 && !t->o->line)
		t->files += default_line_read(t);
	for (size_t i = 0; i < l->suites.count; i++)
		t->checks += checks_of(suite_base(l->suites.file[i]));
}

/* ------- showing ------- */

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* The first code is an example of what may be asked about. */
static void point_to_explain(const struct diags *ds)
{
	char code[8];

	if (ds->first && diag_code_text(ds->first, code)[0])
		printf("andon lint --explain %s: what it means, and how to "
		       "mend it\n",
			code);
}

static void lint_text(struct linting *t, int code)
{
	const struct diags *ds = &t->l.ds;
	const char *dot = output_utf8() ? "\xc2\xb7" : "-";

	diags_write(ds, stdout);
	if (!t->o->quiet)
		point_to_explain(ds);
	printf("%u error%s %s %u warning%s %s %zu file%s, %zu check%s",
		ds->errors, plural(ds->errors), dot, ds->warnings,
		plural(ds->warnings), dot, t->files, plural(t->files),
		t->checks, plural(t->checks));
	if (ds->dropped)
		printf(" (%u more not shown)", ds->dropped);
	printf("   exit %d\n", code);
	fflush(stdout);
}

static void lint_machine(const struct linting *t, int code)
{
	void (*const show[])(const struct lint_result *, struct buf *) = {
		[FORMAT_JSON] = lint_json,
		[FORMAT_GITHUB] = lint_github,
		[FORMAT_SARIF] = lint_sarif,
	};
	const struct lint_result r = { .ds = &t->l.ds,
		.files = t->files,
		.checks = t->checks,
		.code = code };
	struct buf out;

	buf_init(&out, FINDINGS_MAX);
	show[t->o->format](&r, &out);
	output_buf(&out, stdout);
	buf_done(&out);
}

static int lint_say(struct linting *t)
{
	const struct diags *ds = &t->l.ds;
	int code = EXIT_PASS;

	if (ds->errors > 0 || t->e.kind != ERR_NONE ||
		(t->o->strict && ds->warnings > 0))
		code = EXIT_USAGE;
	diags_sort(&t->l.ds);
	count_files(t);
	if (t->o->format == FORMAT_HUMAN)
		lint_text(t, code);
	else
		lint_machine(t, code);
	if (t->e.kind != ERR_NONE)
		output_err("lint", &t->e);
	return code;
}

/* The last of what is found in the line file: now it is known what of it is
 * allowed for nothing. */
static void workflow_check(struct linting *t)
{
	const struct allows *allows = &t->plan->line->allows;
	struct diags found;

	diags_init(&found, t->own);
	lint_workflow(t->plan, t->own, &found);
	allow_filter(allows, &found, &t->l.ds);
	allow_check(allows, &t->l.ds);
}

static int lint_run(struct options *o)
{
	struct linting *t;
	int code;

	if (o->explain)
		return explain_show(o, o->explain);
	t = xcalloc(1, sizeof(*t));
	t->o = o;
	t->own = arena_new();
	for (size_t i = 0; i < o->args.count; i++) {
		const char *path = o->args.item[i];
		struct list *to =
			path_is_line(path, t->own) ? &t->lines : &t->suites;
		to->item[to->count++] = path;
	}
	lint_read(t);
	if (t->l.ok && t->l.suites.count > 0)
		t->plan = load_plan(o, &t->l, &t->e);
	if (t->plan && t->plan->line->source && whole(t))
		workflow_check(t);
	code = lint_say(t);
	plan_unref(t->plan);
	load_done(&t->l);
	arena_free(t->own);
	free(t);
	return code;
}

const struct command command_lint = {
	.name = "lint",
	.args = "[SUITE-OR-LINE-FILE...]",
	.summary = "all mistakes of all files",
	.help = "Reads the line file and the suites and prints every mistake "
		"and every warning of\nall of them, with the place, a caret "
		"under the word and what to do.\n\n"
		"  andon lint\n"
		"  andon lint suites/checkout.yaml\n\n"
		"Errors end with 2, with --strict warnings too.  Suites that "
		"are named are linted\nalone when there is no line file.\n\n"
		"  andon lint --format sarif >andon.sarif\n\n"
		"--explain CODE says what a code means, why it matters and "
		"how to mend it.\n\n"
		"  andon lint --explain W104\n\n"
		"--format json, github (annotations of a workflow) and sarif "
		"(2.1.0) are the same\nlist for machines.",
	.options = TAKES_COMMON | TAKES(line) | TAKES(base_url) | TAKES_SUITES |
		   TAKES(strict) | TAKES(explain),
	.formats = FORMATS,
	.run = lint_run,
};
