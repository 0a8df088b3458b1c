#ifndef BASE_XML_H
#define BASE_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"

/*
 * XPath 1.0 over XML and HTML (libxml2), for documents that nobody vouches for.
 *
 * Each evaluation reads the text, evaluates and frees the tree again: nothing
 * is shared, so that any number of threads may be in here at once, and a run
 * holds no trees.  What is read from the text is the text alone: no network, no
 * file, no DTD; a document that declares entities or attributes of its own is
 * refused, so that nothing can be expanded.
 *
 * Bounds, all of them our own and none of them the document's fault: an
 * expression of 4 KiB whose parentheses and brackets nest 50 deep; a document
 * of 4 MiB, 200,000 nodes, depth 256; the operations of an evaluation, and
 * 200 ms of the thread's own CPU time; 10,000 nodes and 4 MiB of text given.
 * Over a bound of the evaluation is XPATH_BUDGET.  libxml2 compares two node
 * sets each with each in one step that no clock interrupts: what may do so is
 * evaluated over documents of at most 10,000 nodes.  A step that may find a
 * node twice compares each find with all before it: the more nodes there are,
 * the fewer operations such an expression has.
 *
 * The prefixes of the root element may be used in an expression, and `_` for
 * its default namespace.  There are no variables, and no functions but those of
 * XPath 1.0.
 */
enum {
	XPATH_TEXT_MAX = 4096,
	XPATH_NEST_MAX = 50,
	XPATH_NODES_MAX = 10000, /* given by an expression */
	XML_BYTES_MAX = 4 << 20,
	XML_NODES_MAX = 200000,
	XML_PAIR_NODES_MAX = 10000, /* where node sets may be compared */
	XPATH_CPU_MS = 200,
	XPATH_STEPS_MAX = 20000000,
	XPATH_MERGES_MAX =
		1000000000 /* nodes of a document x operations / 10 */
};

enum xml_syntax {
	XML_STRICT,   /* XML: what is not well-formed is no document */
	XML_HTML,     /* forgiving, as browsers are */
	XML_BY_LOOKS, /* HTML where it is not well-formed and not <?xml; both
			 begin with < */
};

enum xpath_result {
	XPATH_OK,
	XPATH_NOTHING, /* no node */
	XPATH_BROKEN,  /* not a document, or can not be evaluated over it */
	XPATH_BUDGET
};

struct xpath_value {
	const struct json *json; /* number, string, boolean, or a list */
	bool nodes;              /* the list of the nodes' text, in order */
	struct str why;          /* BROKEN, BUDGET: in words */
};

/* False: it does not compile; a reason (NUL-ended) and its offset. */
bool xpath_check(struct str expression, char *ret_why, size_t why_size,
	size_t *ret_at);

/*
 * `charset` is that of the media type and outweighs what the document says;
 * STR_NONE: not given.  The expression must have passed xpath_check().
 */
enum xpath_result xpath_eval(struct arena *a, struct str expression,
	struct str text, enum xml_syntax syntax, struct str charset,
	struct xpath_value *ret);

#endif
