#include "suites/load.h"

#include "base/codes.h"
#include "base/units.h"
#include "suites/name.h"

/* Everything that can fail but a look at the status. */
static bool asserts_more(const struct step *s)
{
	for (; s; s = s->next) {
		if (s->captures)
			return true; /* nothing to capture is a failure */
		for (const struct check *c = s->expect; c; c = c->next) {
			if (!check_is_status(c))
				return true;
		}
	}
	return false;
}

static void status_only_check(struct load *l, const struct suite *s)
{
	/* What is wrong was not read: it may be what asserts more. */
	if (l->ds->errors || !s->steps || asserts_more(s->setup) ||
		asserts_more(s->steps))
		return;
	diag_add(l->ds, DIAG_WARNING, W104, s->where,
		"suite `%.*s` asserts nothing beyond the status",
		STR_ARG(s->name));
	diag_hint(l->ds, "a page that answers 200 to everything would pass");
}

static bool status_is_201(const struct yaml_node *n)
{
	const struct yaml_node *e = n && n->kind == YAML_LIST ? n->first : n;

	for (; e; e = n->kind == YAML_LIST ? e->next : NULL) {
		if (e->kind == YAML_SCALAR && str_eq(e->text, STR("201")))
			return true;
	}
	return false;
}

/* A POST that is answered 201, or gives an id or a place to come back to. */
static bool creates(const struct step *s)
{
	if (!str_eq(s->method, STR("POST")))
		return false;
	for (const struct capture *c = s->captures; c; c = c->next) {
		if (c->secret)
			continue;
		if (str_eq(name_local(c->name), STR("id")) ||
			str_ends(c->name, STR("_id")) ||
			str_ends(c->name, STR("_url")) ||
			str_ends(c->name, STR("location")))
			return true;
	}
	return status_is_201(yaml_get(yaml_get(s->yaml, "expect"), "status"));
}

static bool captures_hold(const struct step *s, struct str name)
{
	for (const struct capture *c = s->captures; c; c = c->next) {
		if (str_eq(c->name, name))
			return true;
	}
	return false;
}

static bool cleaned_up(const struct step *s, const struct use *uses)
{
	for (; uses; uses = uses->next) {
		if (captures_hold(s, uses->ref->name))
			return true;
	}
	return false;
}

static void cleanup_check(struct load *l, const struct suite *s)
{
	struct step *const lists[] = { s->setup, s->steps };
	struct use *uses = NULL;
	struct use **tail = &uses;

	if (keys_unknown(l))
		return; /* what stands there may be the clean-up */
	for (const struct step *c = s->cleanup; c; c = c->next) {
		*tail = step_uses(l, c);
		while (*tail)
			tail = &(*tail)->next;
	}
	for (size_t i = 0; i < 2; i++) {
		for (const struct step *c = lists[i]; c; c = c->next) {
			if (!creates(c) || cleaned_up(c, uses))
				continue;
			diag_add(l->ds, DIAG_WARNING, W106, c->where,
				"creates something that no clean-up removes");
			diag_hint(l->ds, "use what it captures in `cleanup`");
		}
	}
}

static bool header_given(const struct pair *list, struct str name)
{
	for (; list; list = list->next) {
		if (str_eq_nocase(list->name, name))
			return true;
	}
	return false;
}

/* A login captures secrets only: done twice it gives another token. */
static bool is_login(const struct step *s)
{
	for (const struct capture *c = s->captures; c; c = c->next) {
		if (!c->secret)
			return false;
	}
	return s->captures != NULL;
}

static void retry_check(struct load *l, const struct step *s)
{
	if (s->retry.times == 0 || (!str_eq(s->method, STR("POST")) &&
					   !str_eq(s->method, STR("PATCH"))))
		return;
	if (is_login(s) || header_given(s->headers, STR("Idempotency-Key")) ||
		header_given(s->http.headers, STR("Idempotency-Key")))
		return;
	diag_add(l->ds, DIAG_WARNING, W107, yaml_get(s->yaml, "retry")->where,
		"retry of a %.*s may do its work twice", STR_ARG(s->method));
	diag_hint(l->ds, "send an Idempotency-Key header");
}

static void poll_check(struct load *l, const struct suite *s,
	const struct step *step)
{
	const struct yaml_node *n = yaml_get(step->yaml, "poll");
	char poll[32];
	char suite[32];

	if (!step->poll.on || step->poll.for_ms <= s->timeout_ms ||
		key_mistyped(suite_key_table, s->yaml, "timeout"))
		return;
	if (yaml_get(n, "for"))
		n = yaml_get(n, "for");
	diag_add(l->ds, DIAG_WARNING, W108, n->where,
		"polls for %s, but the suite's timeout is %s",
		units_duration_text(step->poll.for_ms, poll),
		units_duration_text(s->timeout_ms, suite));
}

static uint64_t worst_case_ms(const struct step *s, struct str role)
{
	uint64_t sum = 0;

	for (; s; s = s->next) {
		if (step_runs_as(s, role))
			sum += s->timeout_ms;
	}
	return sum;
}

static void timeout_check(struct load *l, const struct suite *s)
{
	const struct yaml_node *n = yaml_get(s->yaml, "timeout");
	struct span where = n ? n->where : s->where;
	uint64_t worst = 0;
	char a[32];
	char b[32];

	if (key_mistyped(suite_key_table, s->yaml, "timeout") ||
		key_mistyped(suite_key_table, s->yaml, "every"))
		return;
	for (size_t i = 0; i < s->roles.count; i++) {
		uint64_t one = worst_case_ms(s->setup, s->roles.item[i]) +
			       worst_case_ms(s->steps, s->roles.item[i]);

		if (one > worst)
			worst = one;
	}
	if (worst > s->timeout_ms)
		diag_add(l->ds, DIAG_WARNING, W109, where,
			"the steps may take %s, but the suite's timeout is %s",
			units_duration_text(worst, a),
			units_duration_text(s->timeout_ms, b));
	if (s->timeout_ms > s->every_ms)
		diag_add(l->ds, DIAG_WARNING, W110, where,
			"the timeout, %s, is longer than `every`, %s",
			units_duration_text(s->timeout_ms, a),
			units_duration_text(s->every_ms, b));
}

static void owner_check(struct load *l, const struct suite *s)
{
	const struct yaml_node *gate = yaml_get(s->yaml, "gate");

	if (s->observe || (s->owner.len && s->runbook.len) ||
		key_mistyped(suite_key_table, s->yaml, "gate") ||
		key_mistyped(suite_key_table, s->yaml, "owner") ||
		key_mistyped(suite_key_table, s->yaml, "runbook"))
		return;
	diag_add(l->ds, DIAG_WARNING, W112, gate ? gate->where : s->where,
		"it can stop a deployment, but names no %s",
		s->owner.len     ? "`runbook`"
		: s->runbook.len ? "`owner`"
				 : "`owner` and no `runbook`");
}

static void pool_check(struct load *l, const struct suite *s)
{
	if (s->observe || s->http.connection != CONNECTION_POOL ||
		key_mistyped(suite_key_table, s->yaml, "gate"))
		return;
	diag_add(l->ds, DIAG_WARNING, W117,
		yaml_get(yaml_get(s->yaml, "http"), "connection")->where,
		"it can stop a deployment, but may pass on connections of "
		"before it");
	diag_hint(l->ds, "a backend that takes no new connection is seen late");
}

void lint_check(struct load *l, const struct suite *s)
{
	struct step *const lists[] = { s->setup, s->steps, s->cleanup };

	status_only_check(l, s);
	cleanup_check(l, s);
	timeout_check(l, s);
	owner_check(l, s);
	pool_check(l, s);
	for (size_t i = 0; i < 3; i++) {
		for (const struct step *step = lists[i]; step;
			step = step->next) {
			retry_check(l, step);
			poll_check(l, s, step);
		}
	}
}
