/*
 * andon eval: an expression of the suite language on a document, so that its
 * author sees what it finds before a suite relies on it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/yaml.h"
#include "cli/command.h"
#include "cli/eval_answer.h"
#include "cli/output.h"
#include "suites/jsonpath.h"
#include "suites/snippet.h"

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

static int print_out(struct buf *out)
{
	int code = EXIT_PASS;

	if (out->over) {
		fprintf(stderr, "andon eval: the result is above %d MiB\n",
			OUTPUT_MAX >> 20);
		code = EXIT_UNAVAILABLE;
	} else if (!output_buf(out, stdout)) {
		fprintf(stderr, "andon eval: stdout: %s\n",
			strerrordesc_np(errno));
		code = EXIT_UNAVAILABLE;
	}
	buf_done(out);
	return code;
}

static int nodes_print(const struct jsonpath_nodes *nodes)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	buf_add_byte(&out, '[');
	for (size_t i = 0; i < nodes->count; i++) {
		if (i)
			buf_add_byte(&out, ',');
		json_write(&out, nodes->node[i]);
	}
	buf_add_z(&out, "]\n");
	return print_out(&out);
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

/* --- snippets of a suite ------------------------------------------------ */

struct evaluation {
	const struct options *o;
	struct arena *a;
	struct response answer;
	struct vars vars;
	struct snippet snippet;
};

static bool body_is_json(const struct evaluation *ev)
{
	return json_parse(ev->a, ev->answer.body, NULL, NULL) != NULL;
}

static void vars_fill(struct evaluation *ev)
{
	vars_init(&ev->vars, ev->a, ev->o->seed);
	ev->vars.wall_us = clock_wall_us(&clock_system);
	for (size_t i = 0; i < ev->o->var.count; i++) {
		struct str value = str_from(ev->o->var.item[i]);
		struct str name = str_cut(&value, '=');

		vars_set_str(&ev->vars, name, value.ptr ? value : STR(""));
	}
}

static void assertion_json(struct buf *out, const struct assertion *as)
{
	buf_add_z(out, "{\"text\":");
	buf_add_json(out, as->text);
	buf_addf(out, ",\"ok\":%s,\"expected\":", as->ok ? "true" : "false");
	buf_add_json(out, as->expected);
	buf_add_z(out, ",\"actual\":");
	buf_add_json(out, as->actual);
	buf_add_byte(out, '}');
}

static void assertion_text(struct buf *out, const struct assertion *as)
{
	buf_addf(out, "%s  %.*s\n",
		as->ok       ? "pass"
		: as->budget ? "over"
			     : "fail",
		STR_ARG(as->text));
	if (!as->ok)
		buf_addf(out, "      expected  %.*s\n", STR_ARG(as->expected));
	buf_addf(out, "      actual    %.*s\n", STR_ARG(as->actual));
}

static int checks_run(struct evaluation *ev)
{
	const struct assertion *all = check_eval_all(ev->snippet.checks,
		&ev->answer, &ev->vars, ev->a);
	bool json = ev->o->format == FORMAT_JSON;
	int code = EXIT_PASS;
	struct buf out;

	for (const struct assertion *as = all; as; as = as->next) {
		if (as->budget)
			code = EXIT_UNAVAILABLE;
		else if (!as->ok && code == EXIT_PASS)
			code = EXIT_FAIL;
	}
	buf_init(&out, OUTPUT_MAX);
	if (json)
		buf_addf(&out, "{\"ok\":%s,\"code\":%d,\"assertions\":[",
			code == EXIT_PASS ? "true" : "false", code);
	for (const struct assertion *as = all; as; as = as->next) {
		if (!json)
			assertion_text(&out, as);
		else
			assertion_json(&out, as);
		if (json && as->next)
			buf_add_byte(&out, ',');
	}
	if (json)
		buf_add_z(&out, "]}\n");
	int printed = print_out(&out);
	return printed ? printed : code;
}

/* What there is none of goes to stderr: stdout carries values alone. */
static int value_run(struct evaluation *ev)
{
	static const int codes[] = { [VALUE_OK] = EXIT_PASS,
		[VALUE_MISSING] = EXIT_FAIL,
		[VALUE_BROKEN] = EXIT_FAIL,
		[VALUE_BUDGET] = EXIT_UNAVAILABLE };
	bool secret;
	struct value v = capture_eval(ev->snippet.value, &ev->answer, &ev->vars,
		ev->a, &secret);
	struct buf out;

	if (v.state != VALUE_OK) {
		fprintf(stderr, "andon eval: %.*s: %.*s\n",
			STR_ARG(capture_text(ev->snippet.value, ev->a)),
			STR_ARG(v.why.ptr ? v.why : STR("missing")));
		return codes[v.state];
	}
	buf_init(&out, OUTPUT_MAX);
	if (ev->o->format == FORMAT_JSON) {
		buf_addf(&out, "{\"type\":\"%s\",\"nodes\":%s,\"value\":",
			json_type_name(v.json->type),
			v.nodes ? "true" : "false");
		json_write(&out, v.json);
		buf_add_z(&out, "}\n");
	} else {
		json_write(&out, v.json);
		buf_addf(&out, "   (%s%s)\n", v.nodes ? "nodes, " : "",
			json_type_name(v.json->type));
	}
	return print_out(&out);
}

/* The snippet, with carets under what is wrong; its exit code. */
static int snippet_read(struct evaluation *ev, enum snippet_kind kind,
	struct str text)
{
	const struct source *src = source_from(ev->a, STR("snippet"), text);
	const struct yaml_node *n;
	struct diags ds;

	diags_init(&ds, ev->a);
	n = yaml_parse(ev->a, src, &ds);
	if (n)
		snippet_parse(ev->a, kind, n, body_is_json(ev), &ev->vars,
			&ev->snippet, &ds);
	if (ds.errors + ds.warnings == 0)
		return EXIT_PASS;
	return output_diags(&ds, false, stderr);
}

static int eval_snippet(const struct options *o, enum snippet_kind kind,
	struct arena *a)
{
	struct evaluation ev = { .o = o, .a = a };
	struct err e = { 0 };
	struct buf text;
	int code;

	buf_init(&text, json_limits_default.bytes);
	if (!document_read(o->args.count == 3 ? o->args.item[2] : NULL, &text,
		    &e)) {
		code = output_err("eval", &e);
		goto out;
	}
	eval_answer_read(a, text.len ? buf_str(&text) : STR(""), &ev.answer);
	vars_fill(&ev);
	code = snippet_read(&ev, kind, str_from(o->args.item[1]));
	if (code == EXIT_PASS)
		code = ev.snippet.checks ? checks_run(&ev) : value_run(&ev);
out:
	buf_done(&text);
	return code;
}

/* --- the command -------------------------------------------------------- */

static const char *const kinds[SNIPPETS] = {
	[SNIPPET_CHECK] = "check",
	[SNIPPET_EXPECT] = "expect",
	[SNIPPET_VALUE] = "value",
	[SNIPPET_FILTER] = "filter",
	[SNIPPET_PREDICATE] = "predicate",
};

static int unknown_kind(const char *word)
{
	struct str names[SNIPPETS + 1];
	size_t near;

	for (size_t i = 0; i < SNIPPETS; i++)
		names[i] = str_from(kinds[i]);
	names[SNIPPETS] = STR("jsonpath");
	near = str_nearest(str_from(word), names, SNIPPETS + 1);
	if (near == SIZE_MAX)
		return output_usage("eval",
			"`%s` is not one of check, expect, value, filter, "
			"predicate, jsonpath",
			word);
	return output_usage("eval", "unknown `%s`; did you mean `%.*s`?", word,
		STR_ARG(names[near]));
}

static int eval_run(struct options *o)
{
	const char *const *arg = o->args.item;
	const char *file = o->args.count == 3 ? arg[2] : NULL;
	size_t kind = 0;
	struct arena *a;
	int code;

	if (o->args.count < 2 || o->args.count > 3)
		return output_usage("eval", "give a kind, an expression, and "
					    "perhaps a file");
	while (kind < SNIPPETS && strcmp(arg[0], kinds[kind]) != 0)
		kind++;
	if (kind == SNIPPETS && strcmp(arg[0], "jsonpath") != 0)
		return unknown_kind(arg[0]);
	a = arena_new();
	if (kind < SNIPPETS)
		code = eval_snippet(o, (enum snippet_kind)kind, a);
	else
		code = eval_jsonpath(str_from(arg[1]), file, a);
	arena_free(a);
	return code;
}

const struct command command_eval = {
	.name = "eval",
	.args = "KIND [--] SNIPPET [FILE]",
	.summary = "a piece of a suite on a document",
	.help = "Tries SNIPPET on FILE, or on what comes on stdin.  It is "
		"written as in a suite:\n\n"
		"  andon eval check '{jsonpath: $.id, filter: [toInt], gt: 3}' "
		"answer.json\n"
		"  andon eval expect '{json: {$.id: {isUuid: true}}}' "
		"answer.json\n"
		"  andon eval value '{jsonpath: $.items, filter: [count]}' "
		"answer.json\n"
		"  andon eval filter '[first, keys]' answer.json\n"
		"  andon eval predicate '{length: {gt: 2}}' answer.json\n"
		"  andon eval jsonpath '$..id' answer.json\n\n"
		"check takes entries of `checks`, expect those of `expect`; "
		"both print each\nassertion with what was expected and found.  "
		"value prints what a capture would\nkeep, with its type.  "
		"filter and predicate look at the whole document.  jsonpath\n"
		"prints the nodes as one JSON array.\n\n"
		"A document that begins with HTTP/ is an answer with its "
		"headers, as curl -i\nprints it; else it is the body of a 200. "
		" How long it took is not known.\n\n"
		"Ends with 0 when all held or a value was found, 1 when not, 2 "
		"when the snippet or\nthe document can not be read, 4 beyond "
		"the limits of a suite.",
	.options = TAKES_COMMON | TAKES(var) | TAKES(seed),
	.run = eval_run,
};
