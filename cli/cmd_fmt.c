/*
 * andon fmt: suites, files of groups and line files in their canonical form.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/allow.h"
#include "base/yaml_layout.h"
#include "cli/command.h"
#include "cli/fmt.h"
#include "cli/fmt_diff.h"
#include "cli/output.h"
#include "cli/report.h"
#include "regions/tables.h"
#include "suites/tables.h"

/* clang-format off */
#define STEP_ORDERS(at)                                                        \
	{ at, step_key_table }, { at "/http", http_key_table },                \
	{ at "/http/tls", tls_key_table }, { at "/retry", retry_key_table },   \
	{ at "/poll", poll_key_table }, { at "/request", request_key_table },  \
	{ at "/graphql", graphql_key_table },                                  \
	{ at "/auth/basic", basic_key_table }
#define SUITE_ORDERS(at)                                                       \
	{ at "http", http_key_table }, { at "http/tls", tls_key_table },       \
	{ at "record", record_key_table },                                     \
	{ at "secrets/*", secret_key_table },                                  \
	STEP_ORDERS(at "setup/-"), STEP_ORDERS(at "steps/-"),                  \
	STEP_ORDERS(at "cleanup/-")

static const struct yaml_order suite_orders[] = {
	{ "", suite_key_table }, SUITE_ORDERS(""),
	{ "overrides/*", suite_key_table }, SUITE_ORDERS("overrides/*/"),
	{ NULL, NULL }
};
static const struct yaml_order group_orders[] = {
	{ "", group_file_key_table }, { "groups/*", group_key_table },
	{ "groups/*/params/*", param_key_table },
	STEP_ORDERS("groups/*/steps/-"), { NULL, NULL }
};
static const struct yaml_order line_orders[] = {
	{ "", line_key_table }, { "served_version", served_key_table },
	{ "roles/*", role_key_table }, { "gate", gate_key_table },
	{ "workflow/-", stage_key_table },
	{ "workflow/-/requires", requires_key_table },
	{ "freeze/-", window_key_table }, { "maintenance/-", window_key_table },
	{ NULL, NULL }
};
/* clang-format on */

enum { FMT_DEPTH_MAX = 32, FMT_FILES_MAX = 10000 };

struct formatting {
	const struct options *o;
	struct arena *arena; /* names of files */
	size_t files, changed, wrong;
};

const struct yaml_order *fmt_orders(const struct yaml_node *root)
{
	static const struct yaml_order none[] = { { NULL, NULL } };

	if (yaml_get(root, "suite"))
		return suite_orders;
	if (yaml_get(root, "groups"))
		return group_orders;
	return yaml_get(root, "line") ? line_orders : none;
}

static enum yaml_layout_end layout(struct arena *a, const struct source *src,
	struct buf *out)
{
	struct diags ds;

	diags_init(&ds, a);
	const struct yaml_node *root = yaml_parse(a, src, &ds);
	enum yaml_layout_end end = YAML_LAYOUT_WRONG;
	if (root && ds.errors == 0)
		end = yaml_layout(a, src, fmt_orders(root), out, &ds);
	if (end == YAML_LAYOUT_WRONG)
		output_diags(&ds, false, stderr);
	if (end == YAML_LAYOUT_OTHER)
		fprintf(stderr,
			"andon fmt: %.*s: left as it is: another layout would "
			"not read the same\n",
			STR_ARG(src->name));
	return end;
}

/* The first line that is different, from 1. */
static unsigned first_difference(struct str a, struct str b)
{
	unsigned line = 1;

	for (size_t i = 0; i < a.len && i < b.len; i++) {
		if (a.ptr[i] != b.ptr[i])
			break;
		line += a.ptr[i] == '\n';
	}
	return line;
}

/* "suites/pay.yaml:3", where an editor can go, and what would change. */
static void file_show(const struct formatting *t, const char *path,
	const struct source *src, const struct buf *made)
{
	struct buf out;

	printf("%s:%u\n", path, first_difference(src->text, buf_str(made)));
	if (t->o->quiet)
		return;
	struct arena *a = arena_new();
	buf_init(&out, YAML_LAYOUT_MAX);
	diff_write(a, src->text, buf_str(made), &out);
	output_buf(&out, stdout);
	buf_done(&out);
	arena_free(a);
}

static void file_done(struct formatting *t, const char *path,
	const struct source *src, const struct buf *out)
{
	struct err e = { 0 };

	if (str_eq(src->text, buf_str(out)))
		return;
	t->changed++;
	if (t->o->check)
		file_show(t, path, src, out);
	else if (!report_file(path, out, &e)) {
		output_err("fmt", &e);
		t->wrong++;
	} else if (!t->o->quiet) {
		printf("%s\n", path);
	}
}

static void file_format(struct formatting *t, const char *path)
{
	struct arena *a = arena_new();
	struct err e = { 0 };
	const struct source *src = source_read(a, path, &e);
	struct buf out;

	t->files++;
	buf_init(&out, YAML_LAYOUT_MAX);
	if (!src)
		output_err("fmt", &e);
	if (!src || layout(a, src, &out) != YAML_LAYOUT_OK)
		t->wrong++;
	else if (t->o->to_stdout)
		output_buf(&out, stdout);
	else
		file_done(t, path, src, &out);
	buf_done(&out);
	arena_free(a);
}

/* Standard input to standard output, as editors want it. */
static void stdin_format(struct formatting *t)
{
	struct arena *a = arena_new();
	struct buf in;
	struct buf out;
	char part[4096];
	size_t n;

	t->files++;
	buf_init(&in, YAML_BYTES_MAX + 1);
	buf_init(&out, YAML_LAYOUT_MAX);
	while ((n = fread(part, 1, sizeof(part), stdin)) > 0)
		buf_add(&in, (struct str){ part, n });
	const struct source *src =
		source_from(a, STR("<stdin>"), in.len ? buf_str(&in) : STR(""));
	if (in.over || layout(a, src, &out) != YAML_LAYOUT_OK) {
		t->wrong++;
	} else {
		t->changed += !str_eq(src->text, buf_str(&out));
		if (!t->o->check)
			output_buf(&out, stdout);
	}
	buf_done(&in);
	buf_done(&out);
	arena_free(a);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* NOLINTBEGIN(misc-no-recursion): FMT_DEPTH_MAX folders at most */
static void path_format(struct formatting *t, const char *path, unsigned depth)
{
	struct dirent **list;
	struct stat st;
	int n;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		file_format(t, path);
		return;
	}
	n = scandir(path, &list, NULL, by_name);
	if (n < 0 || depth > FMT_DEPTH_MAX) {
		fprintf(stderr, "andon fmt: %s: %s\n", path,
			n < 0 ? strerrordesc_np(errno) : "too deep");
		t->wrong++;
	}
	if (t->files >= FMT_FILES_MAX) {
		fprintf(stderr, "andon fmt: %s: more than %d files\n", path,
			FMT_FILES_MAX);
		t->wrong++;
	}
	for (int i = 0; i < n; i++) {
		struct str name = str_from(list[i]->d_name);
		const char *at =
			arena_printf(t->arena, "%s/%.*s", path, STR_ARG(name))
				.ptr;
		bool folder = lstat(at, &st) == 0 && S_ISDIR(st.st_mode);

		if (name.ptr[0] != '.' && t->files < FMT_FILES_MAX &&
			depth <= FMT_DEPTH_MAX &&
			(folder || str_ends(name, STR(".yaml")) ||
				str_ends(name, STR(".yml"))))
			path_format(t, at, depth + 1);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}
/* NOLINTEND(misc-no-recursion) */

static int fmt_run(struct options *o)
{
	struct formatting t = { .o = o };

	if (o->args.count == 0)
		return output_usage("fmt", "name files or folders, or -");
	t.arena = arena_new();
	for (size_t i = 0; i < o->args.count; i++) {
		if (strcmp(o->args.item[i], "-") == 0)
			stdin_format(&t);
		else
			path_format(&t, o->args.item[i], 0);
	}
	arena_free(t.arena);
	fflush(stdout);
	if (t.wrong)
		return EXIT_USAGE;
	if (t.files == 0)
		return output_usage("fmt", "no *.yaml or *.yml in there");
	return o->check && t.changed ? EXIT_FAIL : EXIT_PASS;
}

const struct command command_fmt = {
	.name = "fmt",
	.args = "FILE-OR-FOLDER...",
	.summary = "the canonical layout of suites and line files",
	.help = "Rewrites suites, files of groups and line files: indented by "
		"two, keys in the order\nof the manual, at most one blank "
		"line; comments stay with what they belong to.  The\nnames of "
		"the files that changed are printed.\n\n"
		"  andon fmt suites regions\n"
		"  andon fmt --check suites\n"
		"  andon fmt - <suites/pay.yaml\n\n"
		"With --check nothing is written; the files that would change "
		"are printed with the\nfirst such line and, without --quiet, "
		"with what would change, as diff -u shows it, at\nmost 200 "
		"lines of each; the command ends with 1.  A file that is not "
		"YAML, or that would\nnot read the same, is left as it is, and "
		"the command ends with 2.",
	.options = TAKES_COMMON | TAKES(check) | TAKES(to_stdout),
	.run = fmt_run,
};
