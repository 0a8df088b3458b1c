#include "cli/why_parts.h"

#include "base/units.h"
#include "gate/answer.h"
#include "gate/latency.h"

const struct deployment *why_find(const struct facts *f, struct str name)
{
	const struct deployment *d;

	if (name.ptr && (d = facts_deployment(f, name)) != NULL)
		return d;
	for (size_t i = f->nscopes; !name.ptr && i > 0; i--) {
		d = facts_deployment(f, f->scope[i - 1].deployment);
		if (d)
			return d;
	}
	for (size_t i = f->ndeployments; i > 0; i--) {
		d = &f->deployment[i - 1];
		if (!name.ptr || str_eq(d->version, name) ||
			str_eq(d->stage, name))
			return d;
	}
	return NULL;
}

struct str why_near(const struct facts *f, struct str name, struct arena *a)
{
	struct str *names = ARENA_ARRAY(a, 2 * f->ndeployments + 1, struct str);
	size_t n = 0;

	for (size_t i = f->ndeployments; i > 0; i--) {
		names[n++] = f->deployment[i - 1].id;
		names[n++] = f->deployment[i - 1].version;
	}
	size_t near = str_nearest(name, names, n);
	return near == SIZE_MAX ? STR_NONE : names[near];
}

/* Is a scope over one of its regions? */
static bool scope_over(struct str scope, const struct deployment *d)
{
	if (str_eq(scope, STR("line")))
		return true;
	for (size_t i = 0; i < d->nregions; i++) {
		struct str region = d->region[i].region;
		struct str env = str_cut(&region, '/');
		if (str_eq(scope, d->region[i].region) || str_eq(scope, env))
			return true;
	}
	return false;
}

bool why_concerns(const struct audit_line *l, const struct deployment *d)
{
	if (str_eq(l->subject, d->id))
		return true;
	/* The cord, and the CI checks of its version, since it is here. */
	return l->at_us >= d->announced_us &&
	       (scope_over(l->subject, d) || str_eq(l->subject, d->version));
}

const char *why_rule_text(const struct judgement *j)
{
	static const struct {
		const char *token, *text;
	} rules[] = {
		{ "evidence", "more failures than chance explains" },
		{ "check-down", "a check is down in the canary only" },
		{ "region-down", "the canary is down" },
	};

	if (j->rule.len && latency_leads(j))
		return "more slow answers than chance explains";
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (str_eq(j->rule, str_from(rules[i].token)))
			return rules[i].text;
	return "";
}

struct why_rate why_rate_of(const struct judgement *j, struct str arm)
{
	struct why_rate r = { 0 };

	for (size_t i = 0; i < j->narms; i++)
		if (str_eq(j->arm[i].arm, arm)) {
			r.runs += j->arm[i].runs;
			r.failed += j->arm[i].failed;
		}
	return r;
}

/* The judgement that stopped it, as it was then. */
static bool frozen_judgement(const struct why_facts *w, struct arena *a,
	struct judgement *ret)
{
	const struct json *j = json_get(w->bundle, STR("judgement"));
	struct buf text;

	if (!j || j->type != JSON_OBJECT)
		return false;
	buf_init(&text, RECORD_TEXT_MAX);
	json_write(&text, j);
	bool ok = !text.over && judgement_read(a, buf_str(&text), ret);
	buf_done(&text);
	return ok;
}

static void judgements(const struct why_facts *w, struct arena *a,
	struct why_parts *ret)
{
	const struct deployment *d = w->deployment;
	struct judgement frozen;
	bool stopped = frozen_judgement(w, a, &frozen);

	ret->judgement = ARENA_ARRAY(a, d->nregions + 1, struct judgement);
	if (stopped)
		ret->judgement[ret->njudgements++] = frozen;
	for (size_t i = 0; i < d->nregions; i++) {
		struct str region = d->region[i].region;
		const struct judgement *j =
			facts_judgement(w->facts, d->id, region);
		if (j && !(stopped && str_eq(frozen.region, region)))
			ret->judgement[ret->njudgements++] = *j;
	}
}

static void first_failure(const struct why_facts *w, struct why_parts *ret)
{
	const struct deployment *d = w->deployment;
	const struct json *list = json_get(w->bundle, STR("failures"));

	if (!list || list->type != JSON_ARRAY)
		return;
	ret->failures = list;
	for (const struct json *n = list->first; n; n = n->next)
		if (str_eq(json_get_str(n, "arm"), STR("canary"))) {
			ret->first = n;
			break;
		}
	if (!ret->first)
		return;
	if (!units_from_rfc3339(json_get_str(ret->first, "at"), &ret->first_us))
		ret->first_us = 0;
	for (size_t i = 0; i < d->nregions; i++)
		if (str_eq(d->region[i].region,
			    json_get_str(ret->first, "region")))
			ret->done_us = d->region[i].done_us;
}

static void next(struct why_parts *p, struct str sentence)
{
	if (p->nnext < sizeof(p->next) / sizeof(p->next[0]))
		p->next[p->nnext++] = sentence;
}

/* A scope that still stands because of this deployment, or over it. */
static const struct scope_state *standing(const struct why_facts *w)
{
	const struct facts *f = w->facts;

	for (size_t i = 0; i < f->nscopes; i++)
		if (str_eq(f->scope[i].deployment, w->deployment->id))
			return &f->scope[i];
	for (size_t i = 0; i < f->nscopes; i++)
		if (scope_over(f->scope[i].scope, w->deployment))
			return &f->scope[i];
	return NULL;
}

static void what_to_do(const struct why_facts *w, struct why_parts *p,
	struct arena *a)
{
	const struct deployment *d = w->deployment;
	const struct scope_state *s = standing(w);

	if (d->state == DEPLOYMENT_STOPPED)
		next(p, arena_printf(a,
				"fix forward: andon deploy start %.*s "
				"--version NEW --lane fix --fixes %.*s",
				STR_ARG(d->stage), STR_ARG(d->id)));
	if (s)
		next(p, arena_printf(a,
				"open the line again: andon resume %.*s "
				"--reason TEXT%s",
				STR_ARG(s->scope),
				s->automatic ? " --cause TEXT" : ""));
	if (d->why == WHY_APPROVAL)
		next(p, arena_printf(a,
				"andon approve %.*s --version %.*s --reason "
				"TEXT",
				STR_ARG(d->stage), STR_ARG(d->version)));
	if (!deployment_state_final(d->state) && !s)
		next(p, arena_printf(a,
				"wait for the verdict: andon gate %.*s "
				"--version %.*s --wait 30m",
				STR_ARG(d->stage), STR_ARG(d->version)));
}

static struct str reason_of(const struct why_facts *w, struct arena *a)
{
	const struct deployment *d = w->deployment;
	struct question q = { .stage = line_stage(w->line, d->stage),
		.version = d->version };
	struct answer answer;

	/* A stage that is not in the file any more has no gate. */
	if (deployment_state_final(d->state) || !q.stage ||
		facts_latest(w->facts, d->stage, d->version) != d)
		return arena_printf(a, "%s: %.*s", why_token(d->why),
			STR_ARG(d->reason));
	gate_answer(w->facts, w->line, &q, a, &answer);
	return arena_printf(a, "%s: %.*s", why_token(answer.why),
		STR_ARG(answer.text));
}

void why_work(const struct why_facts *w, struct arena *a, struct why_parts *ret)
{
	*ret = (struct why_parts){ .state = w->deployment->state };
	ret->reason = reason_of(w, a);
	judgements(w, a, ret);
	first_failure(w, ret);
	what_to_do(w, ret, a);
}
