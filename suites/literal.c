#include "base/literal.h"

#include "suites/load.h"

/*
 * What a suite expects is not looked at: a hash or an id to compare with is no
 * secret, and texts for people hold none.
 */
void literal_check(struct load *l, const struct yaml_node *root)
{
	static const char *const not_sent[] = { "title", "description", "owner",
		"runbook", "links", "name", "secrets", "expect", "warn",
		"checks", "capture", "fail_when", "credentials", NULL };

	literals_check(root, not_sent,
		"name it under `secrets`, use it as ${name}", l->ds);
}
