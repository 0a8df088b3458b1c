/* andon deploy: what CD tells about a deployment. */
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "gate/transition.h"

/* The verbs of the pipeline, by name. */
static struct verb_answer verb_start(const struct facts *f,
	const struct verb_call *c, struct arena *a)
{
	return deploy_start(f, c->line, &c->request, a);
}

static struct verb_answer verb_done(const struct facts *f,
	const struct verb_call *c, struct arena *a)
{
	return deploy_done(f, c->line, &c->request, a);
}

static struct verb_answer verb_failed(const struct facts *f,
	const struct verb_call *c, struct arena *a)
{
	return deploy_end(f, c->line, &c->request, DEPLOYMENT_FAILED_DEPLOY, a);
}

static struct verb_answer verb_rolled_back(const struct facts *f,
	const struct verb_call *c, struct arena *a)
{
	return deploy_end(f, c->line, &c->request, DEPLOYMENT_ROLLED_BACK, a);
}

static struct verb_answer verb_cancel(const struct facts *f,
	const struct verb_call *c, struct arena *a)
{
	return deploy_end(f, c->line, &c->request, DEPLOYMENT_CANCELLED, a);
}

static struct verb_answer verb_check(const struct facts *f,
	const struct verb_call *c, struct arena *a)
{
	return deploy_check(f, &c->request, c->name, c->ok, a);
}

static const struct {
	const char *name;
	verb_fn *fn;
} verbs[] = {
	{ "start", verb_start },
	{ "done", verb_done },
	{ "failed", verb_failed },
	{ "rolled-back", verb_rolled_back },
	{ "cancel", verb_cancel },
	{ "check", verb_check },
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static int unknown_verb(const char *name)
{
	struct str names[VERBS];

	for (size_t i = 0; i < VERBS; i++)
		names[i] = str_from(verbs[i].name);
	size_t near = str_nearest(str_from(name), names, VERBS);
	if (near != SIZE_MAX)
		return output_usage("deploy",
			"unknown verb `%s`; did you mean `%s`?", name,
			verbs[near].name);
	return output_usage("deploy",
		"unknown verb `%s`; it is start, done, failed, rolled-back, "
		"cancel or check",
		name);
}

static verb_fn *verb_find(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return verbs[i].fn;
	return NULL;
}

static int check_arguments(const struct options *o, verb_fn *fn)
{
	if (fn != verb_check)
		return 0;
	if (!o->name || o->ok == o->failed)
		return output_usage("deploy",
			"check wants --name NAME and one of --ok, --failed");
	return 0;
}

static int deploy_run(struct options *o)
{
	struct verb_call c = { .command = "deploy" };
	struct arena *files = arena_new();
	verb_fn *fn;
	int code;

	if (o->args.count != 2 || !o->version) {
		code = output_usage("deploy",
			"give a verb, one STAGE and --version V");
		goto out;
	}
	fn = verb_find(o->args.item[0]);
	code = fn ? check_arguments(o, fn) : unknown_verb(o->args.item[0]);
	if (code == 0)
		code = open_line(o, "deploy", files, &c.line);
	if (code == 0)
		code = open_stage("deploy", c.line, o->args.item[1],
			&c.request.stage);
	if (code == 0)
		code = open_regions("deploy", c.line, &o->region, files,
			&c.request);
	if (code != 0)
		goto out;
	c.request.version = str_from(o->version);
	c.request.change = str_from(o->change);
	c.request.fixes = str_from(o->fixes);
	c.request.lane = (enum lane)o->lane;
	c.name = str_from(o->name);
	c.ok = o->ok;
	open_by(o, false, &c.request.by);
	code = verb_commit(o, &c, fn);
out:
	arena_free(files);
	return code;
}

const struct command command_deploy = {
	.name = "deploy",
	.args = "start|done|failed|rolled-back|cancel|check STAGE --version V",
	.summary = "tell what is deployed where (pipeline)",
	.help = "start registers the deployment and answers 0 when it may "
		"deploy now; 3 queued\nwhile an older one is being judged in "
		"production (--wait waits for it); 5 when the\nline is "
		"stopped or frozen.  done begins the judging.  check posts a "
		"CI result.\n\n"
		"  andon deploy start canary --version 9f3c2ab\n"
		"  andon deploy done  canary --version 9f3c2ab\n"
		"  andon deploy check merge --version 9f3c2ab --name build "
		"--ok",
	.options = TAKES_COMMON | TAKES_LINE | TAKES(version) | TAKES(region) |
		   TAKES(lane) | TAKES(fixes) | TAKES(change) | TAKES(by) |
		   TAKES(name) | TAKES(ok) | TAKES(failed) | TAKES(wait_ms),
	.run = deploy_run,
};
