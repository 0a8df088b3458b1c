/*
 * andon lint --explain CODE: what a code means, without a browser.
 */
#include <errno.h>
#include <string.h>

#include "cli/command.h"
#include "cli/explain.h"
#include "cli/output.h"

enum { CODES_MAX = 256, SHOWN_MAX = 4 * EXPLAIN_BYTES_MAX };

static void add_indented(struct buf *out, const struct explain *x)
{
	struct buf example;

	buf_init(&example, EXPLAIN_BYTES_MAX);
	explain_add_example(&example, x);
	struct str rest = buf_str(&example);
	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		buf_addf(out, "    %.*s\n", STR_ARG(line));
	}
	buf_done(&example);
}

static void show_text(struct buf *out, const struct explain *x)
{
	buf_addf(out, "%s %s: %s\n\n%.*s\n\nWhy: %.*s\n\nMend: %.*s\n\n",
		x->error ? "error" : "warning", x->name, x->title,
		STR_ARG(x->about), STR_ARG(x->why), STR_ARG(x->mend));
	buf_addf(out, "For example%s:\n\n",
		x->mends ? " (- is the mistake, + mends it)" : "");
	add_indented(out, x);
	buf_add_byte(out, '\n');
	explain_add_allow(out, x);
	buf_add_byte(out, '\n');
}

/* --- for machines --------------------------------------------------------- */

static void add_part(struct buf *out, const char *key, const struct explain *x,
	void (*add)(struct buf *out, const struct explain *x))
{
	struct buf text;

	buf_init(&text, EXPLAIN_BYTES_MAX);
	add(&text, x);
	buf_addf(out, ",\"%s\":", key);
	buf_add_json(out, buf_str(&text));
	buf_done(&text);
}

static void add_filled(struct buf *out, const char *key, struct str part)
{
	struct buf text;

	buf_addf(out, ",\"%s\":", key);
	buf_init(&text, EXPLAIN_BYTES_MAX);
	explain_add_filled(&text, part);
	buf_add_json(out, buf_str(&text));
	buf_done(&text);
}

/* The file that begins at `from`, without the lines of one mark. */
static void add_file(struct buf *out, const char *key, struct str from,
	enum explain_mark without)
{
	struct explain_line line;
	struct buf text;

	buf_init(&text, EXPLAIN_BYTES_MAX);
	while (explain_line(&from, &line) && line.mark != EXPLAIN_FILE)
		if (line.mark != without)
			buf_addf(&text, "%.*s\n", STR_ARG(line.text));
	buf_addf(out, ",\"%s\":", key);
	buf_add_json(out, buf_str(&text));
	buf_done(&text);
}

static void add_files(struct buf *out, const struct explain *x)
{
	struct str rest = x->example;
	struct explain_line line;
	bool first = true;

	buf_add_z(out, ",\"files\":[");
	while (explain_line(&rest, &line)) {
		if (line.mark != EXPLAIN_FILE)
			continue;
		buf_add_z(out, first ? "{\"name\":" : ",{\"name\":");
		buf_add_json(out, line.text);
		add_file(out, "wrong", rest, EXPLAIN_MENDED);
		if (x->mends)
			add_file(out, "mended", rest, EXPLAIN_WRONG);
		buf_add_byte(out, '}');
		first = false;
	}
	buf_add_byte(out, ']');
}

static void show_json(struct buf *out, const struct explain *x)
{
	buf_addf(out, "{\"code\":\"%s\",\"level\":\"%s\",\"title\":", x->name,
		x->error ? "error" : "warning");
	buf_add_json(out, str_from(x->title));
	add_filled(out, "about", x->about);
	add_filled(out, "why", x->why);
	add_filled(out, "mend", x->mend);
	buf_addf(out, ",\"allowable\":%s",
		x->error || x->allow.ptr ? "false" : "true");
	add_part(out, "allow", x, explain_add_allow);
	add_part(out, "command", x, explain_add_command);
	add_part(out, "example", x, explain_add_example);
	add_files(out, x);
	buf_add_z(out, "}\n");
}

/* --- one of them ---------------------------------------------------------- */

static int unknown(const char *name)
{
	char text[CODES_MAX][sizeof(((struct explain *)NULL)->name)];
	struct str names[CODES_MAX];
	struct explain x;
	size_t n = 0;

	for (; n < CODES_MAX && explain_at(n, &x); n++) {
		memcpy(text[n], x.name, sizeof(text[n]));
		names[n] = str_from(text[n]);
	}
	size_t near = str_nearest(str_from(name), names, n);
	if (near == SIZE_MAX)
		return output_usage("lint",
			"unknown code `%s`: codes are E001, W104 and the like",
			name);
	return output_usage("lint", "unknown code `%s`; did you mean `%s`?",
		name, text[near]);
}

int explain_show(const struct options *o, const char *name)
{
	int code = EXIT_PASS;
	struct explain x;
	struct buf out;

	if (o->format > FORMAT_JSON)
		return output_usage("lint", "--explain is human or json");
	if (!explain_find(str_from(name), &x))
		return unknown(name);
	buf_init(&out, SHOWN_MAX);
	if (o->format == FORMAT_JSON)
		show_json(&out, &x);
	else
		show_text(&out, &x);
	if (!output_buf(&out, stdout)) {
		fprintf(stderr, "andon lint: stdout: %s\n",
			strerrordesc_np(errno));
		code = EXIT_UNAVAILABLE;
	}
	buf_done(&out);
	return code;
}
