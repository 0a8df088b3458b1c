#ifndef BASE_XML_SHAPE_H
#define BASE_XML_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * What base/xml.c needs to know of an expression and of a document before
 * libxml2 sees them.  Private to the two.
 */

/*
 * Finds what our XPath does not have (a variable, an unknown function) and
 * what is too long or too deep: true, *ret_at and a constant sentence.
 */
bool xpath_forbidden(struct str expression, size_t *ret_at,
	const char **ret_why);

/* May one of its operators have a node set on both sides? */
bool xpath_pairs_nodes(struct str expression);

/*
 * May a step other than to children, attributes or itself begin at more than
 * one node?  Then what each of them gives is compared with all that is there.
 */
bool xpath_merges(struct str expression);

/*
 * NULL, or why libxml2 would take too long over this text, which it reads in
 * one go: it compares the attributes of a tag each with each, and looks a
 * namespace up among all that are open.  At most XML_SHAPE_STEPS_MAX of each.
 */
enum { XML_SHAPE_STEPS_MAX = 100000000 };
const char *xml_forbidden(struct str text);

#endif
