/*
 * andon eval: an expression of the suite language on a document, so that its
 * author sees what it finds before a suite relies on it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/yaml.h"
#include "cli/command.h"
#include "cli/output.h"
#include "suites/jsonpath.h"

enum { OUTPUT_MAX = 1 << 30 };

/* Reads all of a file or of stdin; at most what the JSON reader takes. */
static bool document_read(const char *path, struct buf *ret, struct err *e)
{
	FILE *from = path ? fopen(path, "rb") : stdin;
	char piece[65536];
	size_t n;

	if (!from)
		return err_sys(e, ERR_CONFIG, "%s", path);
	errno = 0;
	while (!ret->over && (n = fread(piece, 1, sizeof(piece), from)) > 0)
		buf_add(ret, (struct str){ piece, n });
	bool failed = ferror(from);
	if (failed)
		err_sys(e, ERR_CONFIG, "%s", path ? path : "stdin");
	if (path)
		fclose(from);
	if (failed)
		return false;
	if (ret->over)
		return err_set(e, ERR_CONFIG,
			"%s is above the limit of %zu MiB",
			path ? path : "stdin", ret->max >> 20);
	return true;
}

/* The selector with a caret under what is wrong. */
static int selector_wrong(struct str expr, const struct jsonpath_error *je,
	struct arena *a)
{
	struct diags ds;
	size_t at = je->at < expr.len ? je->at : expr.len;
	size_t end = at < expr.len ? at + 1 : at;
	struct span where = { .src = source_from(a, STR("selector"), expr),
		.at = (uint32_t)at,
		.end = (uint32_t)end };

	diags_init(&ds, a);
	diag_add(&ds, DIAG_ERROR, E41, where, "%s", je->text);
	return output_diags(&ds, false, stderr);
}

static int document_wrong(const char *path, struct str text,
	const struct json_error *je)
{
	struct source src = { .name = STR("document"), .text = text };
	struct span where = { .src = &src,
		.at = (uint32_t)je->at,
		.end = (uint32_t)je->at };
	struct place p;

	span_place(where, &p);
	return output_usage("eval", "%s:%u:%u: not JSON: %s",
		path ? path : "stdin", p.line, p.column, je->text);
}

static int nodes_print(const struct jsonpath_nodes *nodes)
{
	struct buf out;
	int code = EXIT_PASS;

	buf_init(&out, OUTPUT_MAX);
	buf_add_byte(&out, '[');
	for (size_t i = 0; i < nodes->count; i++) {
		if (i)
			buf_add_byte(&out, ',');
		json_write(&out, nodes->node[i]);
	}
	buf_add_z(&out, "]\n");
	if (out.over) {
		fprintf(stderr, "andon eval: the nodes are above %d MiB\n",
			OUTPUT_MAX >> 20);
		code = EXIT_UNAVAILABLE;
	} else if (!output_buf(&out, stdout)) {
		fprintf(stderr, "andon eval: stdout: %s\n",
			strerrordesc_np(errno));
		code = EXIT_UNAVAILABLE;
	}
	buf_done(&out);
	return code;
}

static int eval_jsonpath(struct str expr, const char *path, struct arena *a)
{
	struct jsonpath_error pe;
	struct json_error je;
	struct jsonpath_nodes nodes;
	struct err e = { 0 };
	struct buf text;
	int code;

	const struct jsonpath *p = jsonpath_parse(a, expr, &pe);
	if (!p)
		return selector_wrong(expr, &pe, a);
	buf_init(&text, json_limits_default.bytes);
	if (!document_read(path, &text, &e)) {
		code = output_err("eval", &e);
		goto out;
	}
	const struct json *root = json_parse(a, buf_str(&text), NULL, &je);
	if (!root) {
		code = document_wrong(path, buf_str(&text), &je);
	} else if (!jsonpath_eval(p, root, a, &nodes)) {
		fprintf(stderr,
			"andon eval: over a limit: more than %d nodes found or "
			"%d visited; nothing is shown\n",
			JSONPATH_NODES_MAX, JSONPATH_STEPS_MAX);
		code = EXIT_UNAVAILABLE;
	} else {
		code = nodes_print(&nodes);
	}
out:
	buf_done(&text);
	return code;
}

static int eval_run(struct options *o)
{
	const char *const *arg = o->args.item;
	struct arena *a;
	int code;

	if (o->args.count < 2 || o->args.count > 3)
		return output_usage("eval", "give jsonpath, an expression, and "
					    "perhaps a file");
	if (strcmp(arg[0], "jsonpath") != 0)
		return output_usage("eval",
			"unknown language `%s`; there is jsonpath", arg[0]);
	a = arena_new();
	code = eval_jsonpath(str_from(arg[1]),
		o->args.count == 3 ? arg[2] : NULL, a);
	arena_free(a);
	return code;
}

const struct command command_eval = {
	.name = "eval",
	.args = "jsonpath [--] EXPR [FILE]",
	.summary = "an expression of the suites on a document",
	.help = "Prints the nodes that a JSONPath (RFC 9535) finds in FILE, or "
		"in what comes on\nstdin, as one JSON array.\n\n"
		"  curl -s https://api.example.com/orders | andon eval "
		"jsonpath '$..id'\n\n"
		"An invalid selector and a document that is not JSON end "
		"with 2; more nodes than\na suite may have end with 4.",
	.options = TAKES_COMMON,
	.run = eval_run,
};
