/*
 * andon why: one verdict explained, to whoever is on call.
 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/why_view.h"

enum { WHY_OUTPUT_MAX = 64 << 20, AUDIT_READ = 2000, AUDIT_SHOWN = 20 };

static int unknown(const struct facts *f, struct str name, struct arena *a)
{
	if (!name.ptr) {
		fprintf(stderr, "andon why: nothing was deployed here yet\n");
		return EXIT_UNDECIDED;
	}
	struct str near = why_near(f, name, a);
	if (near.ptr)
		return output_usage("why",
			"no deployment `%.*s`; did you mean `%.*s`?",
			STR_ARG(name), STR_ARG(near));
	return output_usage("why",
		"no deployment, version or stage `%.*s`; andon status lists "
		"them",
		STR_ARG(name));
}

/* The last lines of the audit that are about it. */
static bool audit_read_about(struct store *s, struct arena *a,
	struct why_facts *w, struct err *e)
{
	struct str *text;
	size_t n;

	if (!store_audit(s, a, AUDIT_READ, &text, &n, e))
		return false;
	struct audit_line *about = ARENA_ARRAY(a, n + 1, struct audit_line);
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		struct audit_line l;
		if (audit_read(a, text[i], &l) &&
			why_concerns(&l, w->deployment))
			about[kept++] = l;
	}
	size_t skip = kept > AUDIT_SHOWN ? kept - AUDIT_SHOWN : 0;
	w->audit = about + skip;
	w->naudit = kept - skip;
	return true;
}

/* Without a bundle it is explained from the facts alone; a damaged one is
 * said, not hidden. */
static bool bundle_read(struct store *s, struct arena *a, struct why_facts *w,
	struct err *e)
{
	struct str text;

	if (!store_evidence_get(s, a, w->deployment->id, &text, e))
		return false;
	if (text.ptr) {
		w->bundle = json_parse(a, text, NULL, NULL);
		if (!w->bundle)
			fprintf(stderr, "andon why: the evidence that was kept "
					"can not be read\n");
	}
	return true;
}

static int why_say(const struct options *o, const struct why_facts *w,
	struct arena *a)
{
	struct view_style style = { .colour = output_colour(o, stdout),
		.utf8 = output_utf8() };
	struct buf out;
	int code = EXIT_PASS;

	buf_init(&out, WHY_OUTPUT_MAX);
	if (o->format == FORMAT_JSON)
		why_json(&out, w, a);
	else
		why_text(&out, w, &style, a);
	if (out.over || !output_buf(&out, stdout)) {
		fprintf(stderr, "andon why: it could not be shown\n");
		code = EXIT_UNAVAILABLE;
	}
	buf_done(&out);
	return code;
}

static int explain(const struct options *o, const struct line *l,
	struct arena *a)
{
	struct why_facts w = { .line = l };
	struct store *s = NULL;
	struct err e = { 0 };
	struct facts f;
	int code;
	struct str name = o->args.count ? str_from(o->args.item[0]) : STR_NONE;

	if (!open_store(o, l, &s, &e) || !store_facts(s, a, &f, &e)) {
		code = output_err("why", &e);
		goto out;
	}
	w.facts = &f;
	w.deployment = why_find(&f, name);
	if (!w.deployment)
		code = unknown(&f, name, a);
	else if (!bundle_read(s, a, &w, &e) || !audit_read_about(s, a, &w, &e))
		code = output_err("why", &e);
	else
		code = why_say(o, &w, a);
out:
	store_free(s);
	return code;
}

static int why_run(struct options *o)
{
	struct arena *a = arena_new();
	const struct line *l;
	int code;

	if (o->args.count > 1) {
		code = output_usage("why", "give one DEPLOYMENT at most");
	} else {
		code = open_line(o, "why", a, &l);
		if (code == 0)
			code = explain(o, l, a);
	}
	arena_free(a);
	return code;
}

const struct command command_why = {
	.name = "why",
	.args = "[DEPLOYMENT]",
	.summary = "the verdict of a deployment explained",
	.help = "Says what fails or answers slowly, where and since when, the "
		"rule and the evidence, the\nfirst failure with the curl "
		"command that repeats it, what people did, and what to do\n"
		"next.\n\n"
		"  andon why\n"
		"  andon why orders/canary/9f3c2ab/1\n\n"
		"DEPLOYMENT may be a version or a stage: the newest one of "
		"it.  Without it, the\ndeployment that stopped the line, else "
		"the newest.",
	.options = TAKES_COMMON | TAKES_LINE,
	.run = why_run,
};
