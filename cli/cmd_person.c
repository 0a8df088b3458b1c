/*
 * andon halt, resume, approve: what a person does to the line.  Each wants a
 * name and a reason, and each is one line of the audit.
 */
#include <string.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "gate/transition.h"

enum { JOURNAL_WAIT_MS = 5000 };

static struct cord cord_of(const struct verb_call *c)
{
	return (struct cord){ .scope = c->scope,
		.by = c->request.by,
		.reason = c->reason,
		.cause = c->cause };
}

static struct verb_answer verb_halt(const struct facts *f,
	const struct verb_call *c, struct arena *a)
{
	struct cord cord = cord_of(c);

	return line_halt(f, c->line, &cord, a);
}

static struct verb_answer verb_resume(const struct facts *f,
	const struct verb_call *c, struct arena *a)
{
	struct cord cord = cord_of(c);

	return line_resume(f, c->line, &cord, a);
}

static struct verb_answer verb_approve(const struct facts *f,
	const struct verb_call *c, struct arena *a)
{
	return deployment_approve(f, &c->request, c->reason, a);
}

/* What all three want; the exit code, 0 when it is there. */
static int person_arguments(const struct options *o, struct verb_call *c)
{
	if (o->args.count != 1)
		return output_usage(c->command, "give one SCOPE");
	if (!o->reason)
		return output_usage(c->command,
			"--reason TEXT is needed: it is what the next person "
			"reads");
	if (!open_by(o, true, &c->request.by))
		return output_usage(c->command,
			"who does it? give --by NAME (in CI $USER is nobody)");
	c->reason = str_from(o->reason);
	c->cause = str_from(o->cause);
	return 0;
}

static int scope_arguments(const struct options *o, struct verb_call *c)
{
	struct str name = str_from(o->args.item[0]);

	/* The line's own name stands for the whole of it. */
	c->scope = str_eq(name, c->line->name) ? STR("line") : name;
	if (scope_known(c->line, c->scope))
		return 0;
	struct str near = line_region_near(c->line, name);
	if (near.len)
		return output_usage(c->command,
			"no scope `%.*s`; did you mean `%.*s`?", STR_ARG(name),
			STR_ARG(near));
	return output_usage(c->command,
		"no scope `%.*s`: it is line, an environment or a region",
		STR_ARG(name));
}

static bool journaled(struct store *s, struct str scope, struct arena *a,
	bool *ret, struct err *e)
{
	struct facts f;

	if (!store_facts(s, a, &f, e))
		return false;
	*ret = false;
	for (size_t i = 0; i < f.nscopes; i++)
		if (str_eq(f.scope[i].scope, scope))
			*ret = f.scope[i].journaled;
	return true;
}

/*
 * Gates honour a halt as soon as it is in the store; only the detector's
 * journal makes it outlive the store.
 */
static int halt_confirm(const struct options *o, const struct verb_call *c)
{
	uint64_t deadline_ns =
		clock_mono_ns(&clock_system) + JOURNAL_WAIT_MS * 1000000ULL;
	struct arena *a = arena_new();
	struct store *s = NULL;
	struct err e = { 0 };
	char cursor[48] = "$";
	bool woken, there = false;

	bool ok = open_store(o, c->line, &s, &e) &&
		  store_wait(s, cursor, NULL, 0, &woken, &e) &&
		  journaled(s, c->scope, a, &there, &e);
	while (ok && !there && clock_mono_ns(&clock_system) < deadline_ns) {
		arena_reset(a);
		ok = store_wait(s, cursor, NULL, 500, &woken, &e) &&
		     journaled(s, c->scope, a, &there, &e);
	}
	store_free(s);
	arena_free(a);
	if (!ok)
		return output_err("halt", &e);
	if (there) {
		if (!o->quiet)
			fprintf(stderr, "andon halt: confirmed by the "
					"detector's journal\n");
		return EXIT_PASS;
	}
	fprintf(stderr,
		"andon halt: written, not journaled: gates honour it now, but "
		"no detector\nconfirmed it within 5 s; is `andon detect` "
		"running?\n");
	return EXIT_UNAVAILABLE;
}

static int scope_run(struct options *o, const char *command, verb_fn *fn)
{
	struct verb_call c = { .command = command };
	struct arena *files = arena_new();
	int code = person_arguments(o, &c);

	if (code == 0)
		code = open_line(o, command, files, &c.line);
	if (code == 0)
		code = scope_arguments(o, &c);
	if (code == 0)
		code = verb_commit(o, &c, fn);
	if (code == 0 && fn == verb_halt)
		code = halt_confirm(o, &c);
	arena_free(files);
	return code;
}

static int halt_run(struct options *o)
{
	return scope_run(o, "halt", verb_halt);
}

static int resume_run(struct options *o)
{
	return scope_run(o, "resume", verb_resume);
}

static int approve_run(struct options *o)
{
	struct verb_call c = { .command = "approve" };
	struct arena *files = arena_new();
	int code = person_arguments(o, &c);

	if (code == 0 && !o->version)
		code = output_usage("approve", "give STAGE and --version V");
	if (code == 0)
		code = open_line(o, "approve", files, &c.line);
	if (code == 0)
		code = open_stage("approve", c.line, o->args.item[0],
			&c.request.stage);
	if (code == 0) {
		c.request.version = str_from(o->version);
		code = verb_commit(o, &c, verb_approve);
	}
	arena_free(files);
	return code;
}

const struct command command_halt = {
	.name = "halt",
	.args = "SCOPE --reason TEXT",
	.summary = "pull the cord: stop the line, an environment or a region",
	.help = "SCOPE is `line`, an environment (prod) or a region "
		"(prod/west).  Ends with 0 when\nthe detector has the halt in "
		"its journal, with 4 when it is only in the store.",
	.options = TAKES_COMMON | TAKES_LINE | TAKES(reason) | TAKES(by),
	.run = halt_run,
};

const struct command command_resume = {
	.name = "resume",
	.args = "SCOPE --reason TEXT [--cause TEXT]",
	.summary = "open a stopped line again",
	.help = "After a stop by a verdict it wants the root cause (--cause), "
		"or a fix that was\naccepted.  No pipeline may resume: in CI "
		"--by NAME is needed.",
	.options = TAKES_COMMON | TAKES_LINE | TAKES(reason) | TAKES(by) |
		   TAKES(cause),
	.run = resume_run,
};

const struct command command_approve = {
	.name = "approve",
	.args = "STAGE --version V --reason TEXT",
	.summary = "one approval of a deployment that wants some",
	.help = "Each person counts once.",
	.options = TAKES_COMMON | TAKES_LINE | TAKES(version) | TAKES(reason) |
		   TAKES(by),
	.run = approve_run,
};
