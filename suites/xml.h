#ifndef SUITES_XML_H
#define SUITES_XML_H

#include "suites/query.h"

/*
 * Inside of suites/: XPath as extractor, filter and subject `xml`.
 *
 * A number, text or boolean is that value; nodes are the list of their text
 * (as those of a JSONPath are: one alone is taken out of it), and no node is a
 * missing value.
 */

/* Reports E045 at the scalar and returns false. */
bool xpath_of_scalar(const struct yaml_node *n, struct str text,
	struct diags *ds);

/*
 * Over a body: HTML where the media type is text/html, strictly XML where it
 * names XML, and else by looks.  `checked`: it is known to compile.
 */
struct value value_of_xpath(struct str xpath, bool checked,
	const struct look *l);
/* Over text without a media type. */
struct value value_of_xpath_text(struct str xpath, struct str text,
	struct arena *a);

#endif
