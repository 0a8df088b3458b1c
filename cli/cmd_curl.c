/*
 * andon curl: a step as the curl command that asks the same.
 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/load.h"
#include "cli/output.h"
#include "runner/curl.h"

enum { OUTPUT_MAX = 64 << 20 };

static const struct step *step_named(const struct suite *s, const char *name)
{
	const struct step *sections[] = { s->setup, s->steps, s->cleanup };

	for (size_t i = 0; i < 3; i++)
		for (const struct step *k = sections[i]; k; k = k->next)
			if (str_eq(k->name, str_from(name)))
				return k;
	return NULL;
}

static int unknown_step(const struct suite *s, const char *name)
{
	const struct step *sections[] = { s->setup, s->steps, s->cleanup };
	struct str names[3 * 64];
	size_t n = 0;

	for (size_t i = 0; i < 3; i++)
		for (const struct step *k = sections[i]; k && n < 3UL * 64;
			k = k->next)
			names[n++] = k->name;
	size_t near = str_nearest(str_from(name), names, n);
	if (near == SIZE_MAX)
		return output_usage("curl", "%.*s has no step `%s`",
			STR_ARG(s->name), name);
	return output_usage("curl",
		"%.*s has no step `%s`; did you mean `%.*s`?", STR_ARG(s->name),
		name, STR_ARG(names[near]));
}

static bool add_step(struct plan *p, const struct job *j, const struct step *s,
	bool named, struct buf *out, struct err *e)
{
	if (s->kind != STEP_REQUEST && !named)
		return true;
	if (s->kind != STEP_REQUEST)
		return err_set(e, ERR_USAGE, "step %.*s is no request of HTTP",
			STR_ARG(s->name));
	if (!named)
		buf_addf(out, "%s# %.*s\n", out->len ? "\n" : "",
			STR_ARG(s->name));
	return curl_of_step(p, j, s, out, e);
}

static int print_job(struct plan *p, const struct job *j, const char *name)
{
	const struct suite *suite = j->suite;
	const struct step *sections[] = { suite->setup, suite->steps,
		suite->cleanup };
	const struct step *one = name ? step_named(suite, name) : NULL;
	struct err e = { 0 };
	struct buf out;
	bool ok = true;
	int code = EXIT_PASS;

	if (name && !one)
		return unknown_step(suite, name);
	buf_init(&out, OUTPUT_MAX);
	if (one)
		ok = add_step(p, j, one, true, &out, &e);
	for (size_t i = 0; i < 3 && !one; i++)
		for (const struct step *s = sections[i]; s && ok; s = s->next)
			ok = add_step(p, j, s, false, &out, &e);
	if (!ok)
		code = output_err("curl", &e);
	else if (out.over || !output_buf(&out, stdout))
		code = EXIT_UNAVAILABLE;
	buf_done(&out);
	return code;
}

static int curl_run(struct options *o)
{
	struct list suite = { .count = 1 };
	struct plan *plan = NULL;
	int code;

	if (o->args.count < 1 || o->args.count > 2)
		return output_usage("curl", "give a suite, and perhaps a step");
	suite.item[0] = o->args.item[0];
	if (o->region.count)
		o->where = o->region;
	code = load_for_run(o, "curl", &suite, &plan);
	if (code == 0)
		code = print_job(plan, &plan->job[0],
			o->args.count == 2 ? o->args.item[1] : NULL);
	plan_unref(plan);
	return code;
}

const struct command command_curl = {
	.name = "curl",
	.args = "SUITE [STEP]",
	.summary = "the steps of a suite as curl commands",
	.help = "Prints the curl command that asks what the step asks, of one "
		"region, and of the\nfirst role and row; without STEP, of all "
		"of them. Nothing is sent.\n\n"
		"  andon curl suites/orders.yaml 'create order' --region "
		"prod/west\n"
		"  andon curl suites/orders.yaml 'delete order' --var "
		"order_id=7\n\n"
		"Secrets and what a step before would have captured stand as "
		"$NAME: the shell's\nvariables fill them in.",
	.options = TAKES_COMMON | TAKES(line) | TAKES(base_url) | TAKES(where) |
		   TAKES(var) | TAKES(region),
	.run = curl_run,
};
