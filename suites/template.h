#ifndef SUITES_TEMPLATE_H
#define SUITES_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/json.h"
#include "base/yaml.h"
#include "suites/vars.h"

/*
 * Text with ${...} in it, parsed once and rendered in every run.
 *
 *	${name}  ${region.base_url}  ${uuid()}  ${hmac(sha256, ${k}, text)}
 *
 * `$${` is a literal `${`.  A scalar that is exactly one ${...} keeps the
 * value's type; everything else becomes text.  Arguments of functions are
 * names, 'quoted' or "quoted" text, numbers, or calls.
 */
struct template;

/* The names that a template needs, for use-before-capture checks. */
struct template_ref {
	struct template_ref *next;
	struct str name; /* "region.base_url"; of a function: "uuid" */
	bool call;
	struct span where; /* of ${...} as a whole */
};

/* Reports mistakes and returns NULL.  `n` must be a scalar. */
const struct template *template_parse(struct arena *a,
	const struct yaml_node *n, struct diags *ds);
/* Text that holds no ${...}; never fails. */
const struct template *template_literal(struct arena *a, struct str text);
const struct template_ref *template_refs(const struct template *t);
/* The text when nothing has to be filled in; else false. */
bool template_is_literal(const struct template *t, struct str *ret);
struct span template_where(const struct template *t);

/*
 * Fills in the values.  False with the missing or unusable name in
 * *ret_why (constant or in the arena).  *ret_secret is set to true when a
 * secret went in, and left alone otherwise.
 */
bool template_render(const struct template *t, const struct vars *v,
	struct str *ret, bool *ret_secret, struct str *ret_why);
/* The same, keeping the type of a lone ${name}. */
bool template_value(const struct template *t, const struct vars *v,
	const struct json **ret, bool *ret_secret, struct str *ret_why);

/*
 * A YAML tree as JSON with templates in its scalars: a `json:` body, vars, an
 * expected value.  Object keys are literal.
 */
struct template_tree;
const struct template_tree *template_tree_parse(struct arena *a,
	const struct yaml_node *n, struct diags *ds);
const struct template_ref *template_tree_refs(const struct template_tree *t);
bool template_tree_value(const struct template_tree *t, const struct vars *v,
	const struct json **ret, bool *ret_secret, struct str *ret_why);

/* Is there a function of this name (uuid, now, ...)? */
bool template_function_known(struct str name);

#endif
