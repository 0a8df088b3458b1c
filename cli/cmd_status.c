/*
 * andon status: the line as it stands now.
 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/status_view.h"

enum { STATUS_MAX = 64 << 20 };

static int status_say(const struct options *o, const struct facts *f,
	const struct line *l, struct arena *a)
{
	struct view_style style = { .colour = output_colour(o, stdout),
		.utf8 = output_utf8() };
	int code = line_state_code(line_state_of(f, l));
	struct buf out;

	buf_init(&out, STATUS_MAX);
	if (o->format == FORMAT_JSON)
		status_json(&out, f, l, a);
	else
		status_text(&out, f, l, &style, a);
	/* What could not be said whole is not said as "open". */
	if (out.over || !output_buf(&out, stdout)) {
		fprintf(stderr, "andon status: it could not be shown\n");
		code = EXIT_UNAVAILABLE;
	}
	buf_done(&out);
	return code;
}

static int status_run(struct options *o)
{
	struct arena *a = arena_new();
	const struct line *l;
	struct store *s = NULL;
	struct err e = { 0 };
	struct facts f;
	int code;

	if (o->args.count > 0) {
		code = output_usage("status", "it takes no argument: `%s`",
			o->args.item[0]);
		goto out;
	}
	code = open_line(o, "status", a, &l);
	if (code != 0)
		goto out;
	if (!open_store(o, l, &s, &e) || !store_facts(s, a, &f, &e))
		code = output_err("status", &e);
	else
		code = status_say(o, &f, l, a);
out:
	store_free(s);
	arena_free(a);
	return code;
}

const struct command command_status = {
	.name = "status",
	.args = NULL,
	.summary = "the line, its stages and who watches them",
	.help = "Shows whether the line is open, the newest deployments of "
		"every stage with their\nsoak and why they stand where they "
		"stand, what is live, and the runners and the\ndetector.\n\n"
		"Ends with 0 when the line is open, 5 when a scope of it is "
		"stopped, halted or\nfrozen, 4 when the store can not be "
		"reached.",
	.options = TAKES_COMMON | TAKES_LINE,
	.run = status_run,
};
