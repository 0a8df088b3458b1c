/*
 * andon import: suites out of curl command lines, HAR archives and Hurl files.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/yaml.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/report.h"
#include "suites/import.h"
#include "suites/suite.h"

struct format {
	const char *name;
	enum import_kind kind;
	bool (*import)(struct arena *a, const struct source *src,
		const struct import_how *how, struct diags *ds,
		struct str *ret_text);
};

static const struct format formats[] = { { "curl", IMPORT_CURL, import_curl },
	{ "har", IMPORT_HAR, import_har },
	{ "hurl", IMPORT_HURL, import_hurl } };

struct importing {
	const struct options *o;
	const struct format *format;
	struct arena *a;
	const struct json *vars;
	struct diags ds;
};

static const struct source *input(struct importing *im, const char *path,
	struct err *e)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *from = standard ? stdin : fopen(path, "rb");
	const struct source *src = NULL;
	char piece[65536];
	struct buf text;
	size_t n;

	if (!from) {
		err_sys(e, ERR_CONFIG, "%s", path);
		return NULL;
	}
	buf_init(&text, IMPORT_BYTES_MAX);
	errno = 0;
	while (!text.over && (n = fread(piece, 1, sizeof(piece), from)) > 0)
		buf_add(&text, (struct str){ piece, n });
	if (ferror(from))
		err_sys(e, ERR_CONFIG, "%s", path);
	else if (text.over)
		err_set(e, ERR_CONFIG, "%s is above %d MiB", path,
			IMPORT_BYTES_MAX >> 20);
	else
		src = source_from(im->a, str_from(standard ? "stdin" : path),
			text.len ? buf_str(&text) : STR(""));
	if (!standard)
		fclose(from);
	buf_done(&text);
	return src;
}

static bool is_safe(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || strchr("_-./:=@%+,", c);
}

/* The arguments of a command, as a shell would have to write them. */
static const struct source *of_arguments(struct importing *im)
{
	const struct list *args = &im->o->args;
	struct buf text;

	buf_init(&text, IMPORT_BYTES_MAX);
	/* one that holds the whole command, in quotes */
	bool whole = args->count == 2;
	if (!whole && strcmp(args->item[1], "curl") != 0)
		buf_add_z(&text, "curl");
	for (size_t i = 1; i < args->count; i++) {
		struct str word = str_from(args->item[i]);
		bool safe = word.len > 0;
		for (size_t k = 0; k < word.len; k++)
			safe &= is_safe(word.ptr[k]);
		if (text.len)
			buf_add_byte(&text, ' ');
		if (whole || safe) {
			buf_add(&text, word);
			continue;
		}
		buf_add_byte(&text, '\'');
		for (size_t k = 0; k < word.len; k++)
			if (word.ptr[k] == '\'')
				buf_add_z(&text, "'\\''");
			else
				buf_add_byte(&text, word.ptr[k]);
		buf_add_byte(&text, '\'');
	}
	const struct source *src =
		source_from(im->a, STR("arguments"), buf_str(&text));
	buf_done(&text);
	return src;
}

/* "dir/orders.hurl" is orders. */
static struct str stem(struct str path)
{
	size_t from = path.len;
	size_t dot;

	while (from && path.ptr[from - 1] != '/')
		from--;
	path = str_sub(path, from, path.len);
	dot = str_find_byte(path, '.', 0);
	return dot ? str_sub(path, 0, dot) : path;
}

static struct str folder(struct str path)
{
	size_t end = path.len;

	while (end && path.ptr[end - 1] != '/')
		end--;
	return str_sub(path, 0, end);
}

/* What comes out must load: nothing that is refused is handed over. */
static bool loads(struct importing *im, const struct source *src,
	struct str text)
{
	struct suite_world world = { .any = true };
	struct diags ds;
	struct span where = { .src = src };
	struct str path = arena_printf(im->a, "%.*s%.*s.yaml",
		STR_ARG(folder(src->name)), STR_ARG(stem(src->name)));
	const struct source *made = source_from(im->a, path, text);

	diags_init(&ds, im->a);
	if (suite_parse(im->a, made, &world, &ds))
		return true;
	for (const struct diag *d = ds.first; d; d = d->next)
		if (d->level == DIAG_ERROR) {
			struct place at = { 0 };
			if (d->where.src)
				span_place(d->where, &at);
			diag_add(&im->ds, DIAG_ERROR, E81, where,
				"the suite would be refused: line %u: %.*s",
				at.line, STR_ARG(d->text));
		}
	return false;
}

static bool one(struct importing *im, const struct source *src, struct str name,
	struct str *ret)
{
	struct import_how how = { .partial = im->o->partial,
		.vars = im->vars,
		.base_url = str_from(im->o->base_url),
		.name = name };

	return im->format->import(im->a, src, &how, &im->ds, ret) &&
	       loads(im, src, *ret);
}

/* Logs keep what is said of a source; its secrets are left out of it. */
static void hide_secrets(struct importing *im, const struct source *src)
{
	struct source *shown = ARENA_NEW(im->a, struct source);
	enum import_kind kind = im->format->kind;

	*shown = *src;
	shown->text = import_shown(im->a, src->text, kind);
	for (struct diag *d = im->ds.first; d; d = d->next)
		if (d->where.src == src) {
			d->where.src = shown;
			/* it may name a URL; a command it is not */
			if (kind != IMPORT_HURL)
				d->text = import_shown(im->a, d->text,
					IMPORT_HAR);
		}
}

static bool hand_over(struct importing *im, struct str name, struct str text)
{
	struct err e = { 0 };
	struct buf b;
	bool ok;

	buf_init(&b, IMPORT_TEXT_MAX);
	buf_add(&b, text);
	if (im->o->out) {
		struct str path = arena_printf(im->a, "%s/%.*s.yaml",
			im->o->out, STR_ARG(name));
		ok = report_file(path.ptr, &b, &e);
		if (!ok)
			output_err("import", &e);
	} else {
		ok = output_buf(&b, stdout);
	}
	buf_done(&b);
	return ok;
}

/* All of them are read before anything is written. */
static int import_sources(struct importing *im, const struct source **src,
	size_t n)
{
	struct str *text = arena_alloc(im->a, n * sizeof(*text));
	bool ok = true;
	int code;

	for (size_t i = 0; i < n; i++)
		ok &= one(im, src[i], stem(src[i]->name), &text[i]);
	for (size_t i = 0; i < n && im->ds.first; i++)
		hide_secrets(im, src[i]);
	code = output_diags(&im->ds, false, stderr);
	if (!ok)
		return code ? code : EXIT_USAGE;
	for (size_t i = 0; i < n; i++)
		if (!hand_over(im, stem(src[i]->name), text[i]))
			return EXIT_UNAVAILABLE;
	return EXIT_PASS;
}

static const struct json *variables(struct importing *im)
{
	struct json *vars = json_new(im->a, JSON_OBJECT);

	for (size_t i = 0; i < im->o->var.count; i++) {
		struct str value = str_from(im->o->var.item[i]);
		struct str name = str_cut(&value, '=');
		if (value.ptr)
			json_append(vars, arena_str(im->a, name),
				import_value(im->a, value));
	}
	return vars;
}

static int import_all(struct importing *im)
{
	const struct list *args = &im->o->args;
	size_t n = args->count > 1 ? args->count - 1 : 1;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
	const struct source **src = arena_alloc(im->a, n * sizeof(*src));
	struct err e = { 0 };

	diags_init(&im->ds, im->a);
	im->vars = variables(im);
	if (strcmp(im->format->name, "curl") == 0 && args->count > 1) {
		src[0] = of_arguments(im);
		return import_sources(im, src, 1);
	}
	if (n > 1 && !im->o->out)
		return output_usage("import",
			"several files need a folder to write to: --out DIR");
	for (size_t i = 0; i < n; i++) {
		src[i] = input(im, args->count > 1 ? args->item[i + 1] : "-",
			&e);
		if (!src[i])
			return output_err("import", &e);
	}
	return import_sources(im, src, n);
}

static int import_run(struct options *o)
{
	struct importing im = { .o = o };
	int code;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (o->args.count &&
			strcmp(o->args.item[0], formats[i].name) == 0)
			im.format = &formats[i];
	if (!im.format)
		return output_usage("import", "give curl, har or hurl");
	im.a = arena_new();
	code = import_all(&im);
	arena_free(im.a);
	return code;
}

const struct command command_import = {
	.name = "import",
	.args = "curl|har|hurl [--] [FILE...|COMMAND]",
	.summary = "a suite out of a curl command, a HAR or Hurl file",
	.help = "Prints a suite made of curl command lines (as arguments or on "
		"stdin), of what a\nbrowser saved as HAR, or of Hurl files. "
		"Secrets become ${secret} variables.\n\n"
		"  andon import curl \"curl -X POST "
		"https://api.example.com/orders\"\n"
		"  andon import har visit.har > suites/visit.yaml\n"
		"  andon import hurl --out suites tests/*.hurl\n\n"
		"What can not be said in a suite ends with 2 and its place; "
		"--partial leaves it\nout and makes the suite `gate: "
		"observe`.",
	.options = TAKES_COMMON | TAKES(base_url) | TAKES(var) | TAKES(out) |
		   TAKES(partial),
	.run = import_run,
};
